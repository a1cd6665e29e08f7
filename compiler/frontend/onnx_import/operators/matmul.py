"""Matrix products."""

from __future__ import annotations

from mlc.frontend.onnx_import.graph import Graph
from mlc.frontend.onnx_import.registry import onnx_op
from mlc.ir import Value
from mlc.ops import Matmul


@onnx_op("MatMul", since=1)
def matmul(g: Graph, a: Value, b: Value) -> Value:
    return g(Matmul(a, b))
