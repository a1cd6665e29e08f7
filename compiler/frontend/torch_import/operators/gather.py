"""Operators that read at places which other tensors name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlc.frontend.builder import Scalar
from mlc.frontend.torch_import.graph import Graph
from mlc.frontend.torch_import.registry import torch_op
from mlc.ir import Dim, DimExpr, DType, Value
from mlc.ir.dims import product
from mlc.ops import Compress, Concat, Gather, GatherElements, GatherNd, NonZero, OneHot, Reshape, Where

_INDEX = (DType.I32, DType.I64)


def as_index(g: Graph, indices: Value) -> Value:
    """The indices with elements that ops take as indices."""
    return indices if indices.tensor.dtype in _INDEX else g.cast(indices, DType.I64)


@torch_op("aten.embedding", ignores=("padding_idx", "scale_grad_by_freq", "sparse"))
def embedding(g: Graph, weight: Value, indices: Value) -> Value:
    """The rows of weight at the indices."""
    return g(Gather(weight, as_index(g, indices), axis=0))


@torch_op("aten.index_select")
def index_select(g: Graph, self: Value, dim: int, index: Value) -> Value:
    """The subtensors at the indices along the dim."""
    if not self.tensor.rank:
        return self
    rows = index if index.tensor.rank else g.reshape(index, (1,))
    return g(Gather(self, as_index(g, rows), axis=g.axis(self, dim)))


@torch_op("aten.gather", ignores=("sparse_grad",))
def gather(g: Graph, self: Value, dim: int, index: Value) -> Value:
    """y[i, j] = self[index[i, j], j] along dim 0, and so on; the index may be smaller in the other dims."""
    if product(index.tensor.dims) == 0:  # which may have any rank
        return g.expand(g.scalar(0, g.dtype), index.tensor.dims)
    if not self.tensor.rank:
        return self if not index.tensor.rank else g.expand(g.reshape(self, (1,)), index.tensor.dims)
    if not index.tensor.rank:
        return g.reshape(g(GatherElements(self, g.reshape(as_index(g, index), (1,)), axis=0)), ())
    return g(GatherElements(self, as_index(g, index), axis=g.axis(self, dim)))


@torch_op("aten.take_along_dim")
def take_along_dim(g: Graph, self: Value, indices: Value, dim: int | None = None) -> Value:
    """As gather, both broadcast in the other dims; of the flat tensors without dim."""
    if dim is None:
        flat = g.reshape(self, (product(self.tensor.dims),))
        return g(GatherElements(flat, g.reshape(as_index(g, indices), (product(indices.tensor.dims),)), axis=0))
    return gather(g, self, dim, indices)


@torch_op("aten.index.Tensor", "aten._unsafe_index.Tensor", "aten.index.Tensor_hacked_twin")
def index(g: Graph, self: Value, indices: Sequence[Value | None]) -> Value:
    """self[indices] as numpy's advanced indexing has it; None stands for a whole dim, booleans for their places."""
    x, picked = placed(g, self, indices)
    axes = [i for i, p in enumerate(picked) if p is not None]
    tensors = [p for p in picked if p is not None]
    if not tensors:  # a read through strides of one element: each of the result's is that one
        declared = g.declared[0]
        assert declared is not None and not x.tensor.rank
        return g.expand(x, [d for d in declared.shape if d is not None])
    if len(tensors) == 1:
        return g(Gather(x, tensors[0], axis=axes[0]))
    order = [*axes, *(i for i in range(x.tensor.rank) if i not in axes)]
    at = index_tuples(g, tensors)
    result = g(GatherNd(g.transpose(x, order), at))
    return _moved_back(g, result, axes, at.tensor.rank - 1)


def placed(g: Graph, x: Value, indices: Sequence[Value | None]) -> tuple[Value, list[Value | None]]:
    """x and one index (or None) for each of its dims that has one; a boolean mask becomes the places where it holds."""
    picked: list[Value | None] = []
    for value in indices:
        if value is None or value.tensor.dtype not in (DType.BOOL, DType.U8):
            picked.append(None if value is None else as_index(g, value))
            continue
        places = nonzero_of(g, value)
        rank = value.tensor.rank
        for row in range(rank):
            picked.append(g(Gather(places, g.scalar(row, DType.I64), axis=0)))
    return x, picked


def nonzero_of(g: Graph, mask: Value) -> Value:
    """The places where mask holds, [rank, count], the count as a symbol of its own."""
    count = g.symbols.fresh("count")
    assert isinstance(count, DimExpr)
    return g(NonZero(mask, count))


def index_tuples(g: Graph, tensors: Sequence[Value]) -> Value:
    """Index tensors, broadcast against each other, as tuples in a new last dim."""
    wide = [g.cast(t, DType.I64) for t in tensors]
    shape = _broadcast([t.tensor.dims for t in wide])
    columns = [g.reshape(g.expand(t, shape), (*shape, 1)) for t in wide]
    return columns[0] if len(columns) == 1 else g(Concat(columns, len(shape)))


def _broadcast(shapes: Sequence[Sequence[Dim]]) -> tuple[Dim, ...]:
    rank = max(len(s) for s in shapes)
    padded = [(1,) * (rank - len(s)) + tuple(s) for s in shapes]
    return tuple(next((d for d in dims if d != 1), 1) for dims in zip(*padded, strict=True))


def _moved_back(g: Graph, result: Value, axes: Sequence[int], count: int) -> Value:
    """The dims of the indices stand first; they belong where the indexed dims were when these are neighbours."""
    is_run = list(axes) == list(range(axes[0], axes[0] + len(axes)))
    if not is_run or axes[0] == 0:
        return result
    front = list(range(count, count + axes[0]))
    rest = list(range(count + axes[0], result.tensor.rank))
    return g.transpose(result, [*front, *range(count), *rest])


@torch_op("aten.nonzero")
def nonzero(g: Graph, self: Value) -> Value:
    """The places of the elements that are not 0, one row each."""
    (count, _) = g.result_dims()
    places = g(NonZero(self, count))
    return g.transpose(places, [1, 0]) if self.tensor.rank else g(Reshape(places, dims=(count, 0)))


@torch_op("aten.masked_select")
def masked_select(g: Graph, self: Value, mask: Value) -> Value:
    """The elements where the mask holds, one after another."""
    shape = _broadcast([self.tensor.dims, mask.tensor.dims])
    size = product(shape)
    x, keep = (g.reshape(g.expand(v, shape), (size,)) for v in (self, mask))
    return g(Compress(x, keep, None, g.result_dims()[0]))


@torch_op("aten.one_hot")
def one_hot(g: Graph, self: Value, num_classes: int = -1) -> Value:
    """1 at the place that the number names, along a new last dim."""
    if num_classes < 0:
        raise g.error("argument num_classes=-1 is not supported: give the number of classes")
    return g(OneHot(as_index(g, self), g.constant(np.array([0, 1])), depth=num_classes))


@torch_op("aten.masked_fill.Scalar", "aten.masked_fill.Tensor")
def masked_fill(g: Graph, self: Value, mask: Value, value: Value | Scalar) -> Value:
    """self with the value where the mask holds."""
    fill = g.tensor(value, g.dtype)
    return g(Where(g.cast(mask, DType.BOOL), g.reshape(fill, ()), g.cast(self, g.dtype)))


@torch_op("aten.take")
def take(g: Graph, self: Value, index: Value) -> Value:
    """The elements of the flat tensor at the indices."""
    flat = g.reshape(self, (product(self.tensor.dims),))
    return g(Gather(flat, as_index(g, index), axis=0))
