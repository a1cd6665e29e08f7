"""linalg's named ops that only place elements: fill."""

from __future__ import annotations

from collections.abc import Sequence

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.registry import mlir_op
from mlc.ir import Value


@mlir_op("linalg.fill")
def fill(g: Graph, inputs: Sequence[Value], outputs: Sequence[Value]) -> Value:
    """A tensor of the output's shape whose elements are all the number."""
    (number,), (output,) = inputs, outputs
    return g.filled(number, output.tensor.dims)
