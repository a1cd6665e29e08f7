"""The graph passes of mlc: one file per pass, each a rewrite of a Module that keeps its meaning."""
