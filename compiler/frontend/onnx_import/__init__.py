"""ONNX models to Modules: `importer` makes them, `dependencies` tells what a file needs without reading it whole.

Nothing is imported here: the compile cache asks `dependencies`, and a hit must not wait for a hundred operators.
"""
