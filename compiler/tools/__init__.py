"""Tools over the whole compiler: comparing engines, describing models. Nothing below uses them."""
