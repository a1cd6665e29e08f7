"""tensor: making, reshaping and joining tensors."""

from __future__ import annotations

from collections.abc import Sequence

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.registry import mlir_op
from mlc.ir import Dim, Value


@mlir_op("tensor.empty")
def empty(g: Graph, dynamicSizes: Sequence[Dim]) -> Value:  # noqa: N803  MLIR's name
    """A tensor whose elements nobody may rely on."""
    sizes = iter(dynamicSizes)
    return g.undefined(g.dtype, [next(sizes) if d is None else d for d in g.result_type.shape])


@mlir_op("tensor.cast")
def cast(g: Graph, source: Value) -> Value:
    """The same tensor; what its new type says of its extents is checked where symbols leave it open."""
    return source
