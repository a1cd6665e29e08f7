"""Sorting and choosing the largest."""

from __future__ import annotations

from mlc.frontend.torch_import.graph import Graph
from mlc.frontend.torch_import.registry import torch_op
from mlc.ir import Dim, DType, Value
from mlc.ops import TopK


def _top(g: Graph, x: Value, k: Dim, dim: int, descending: bool) -> tuple[Value, Value]:
    if not x.tensor.rank:
        return x, g.scalar(0, DType.I64)
    dtype = x.tensor.dtype
    wide = g.cast(x, DType.U8) if dtype is DType.BOOL else x
    op = g.add(TopK(wide, k=k, axis=g.axis(x, dim), is_largest=descending))
    return g.cast(op.results[0], dtype), op.results[1]


@torch_op("aten.topk", ignores=("sorted",))
def topk(g: Graph, self: Value, k: Dim, dim: int = -1, largest: bool = True) -> tuple[Value, Value]:
    """The k largest or smallest along the dim, sorted, and their places."""
    return _top(g, self, k, dim, largest)


@torch_op("aten.sort")
def sort(g: Graph, self: Value, dim: int = -1, descending: bool = False) -> tuple[Value, Value]:
    """The elements in order along the dim, and their places; equal ones stay in order."""
    return _top(g, self, self.tensor.dims[g.axis(self, dim)] if self.tensor.rank else 1, dim, descending)


@torch_op("aten.sort.stable", ignores=("stable",))
def sort_stable(g: Graph, self: Value, dim: int = -1, descending: bool = False) -> tuple[Value, Value]:
    """As sort."""
    return sort(g, self, dim, descending)


@torch_op("aten.argsort", "aten.argsort.stable", ignores=("stable",))
def argsort(g: Graph, self: Value, dim: int = -1, descending: bool = False) -> Value:
    """The places of the elements in order."""
    return sort(g, self, dim, descending)[1]
