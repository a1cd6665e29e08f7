"""Extents: tensor.dim and tensor.rank, and assertions about them, which tie symbols together."""

from __future__ import annotations

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.registry import mlir_op
from mlc.ir import Dim, DType, Value


@mlir_op("tensor.dim")
def dim(g: Graph, source: Value, index: Dim) -> Dim:
    """The extent of an axis."""
    if not isinstance(index, int) or not 0 <= index < source.tensor.rank:
        raise g.error(f"axis {index} of {source.type} is not supported")
    return source.tensor.dims[index]


@mlir_op("tensor.rank")
def rank(g: Graph, tensor: Value) -> Dim:
    """The number of axes."""
    return tensor.tensor.rank


@mlir_op("cf.assert")
def assert_(g: Graph, arg: Value | Dim, *, msg: str) -> None:
    """Nothing where it holds; two sizes that must be equal become one symbol, which the call checks."""
    if isinstance(arg, int):
        if not arg:
            raise g.error(f"never holds: {msg}")
        return
    value = g.value(arg, DType.BOOL)
    if value not in g.equalities:
        raise g.error(f"only the equality of two sizes can be asserted: {msg}")
    g.demand(*g.equalities[value])
