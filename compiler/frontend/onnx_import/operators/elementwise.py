"""Arithmetic with one result element per broadcast operand element."""

from __future__ import annotations

from mlc.frontend.onnx_import.graph import Graph
from mlc.frontend.onnx_import.registry import onnx_op
from mlc.ir import Value
from mlc.ops import Add, Relu


@onnx_op("Relu", since=6)
def relu(g: Graph, x: Value) -> Value:
    return g(Relu(x))


@onnx_op("Add", since=7)
def add(g: Graph, a: Value, b: Value) -> Value:
    return g(Add(a, b))
