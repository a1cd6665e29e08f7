"""Operators that read part of a tensor at places known beforehand, or write it."""

from __future__ import annotations

import numpy as np

from mlc.frontend.torch_import.graph import Graph
from mlc.frontend.torch_import.registry import torch_op
from mlc.ir import Dim, Value
from mlc.ir.dims import lower_bound, maximum, minimum, product
from mlc.ops import Concat, Gather, Slice

_END = 2**62  # torch writes "to the end" as the largest i64


@torch_op("aten.slice.Tensor", "aten.slice_copy.Tensor")
def slice_(
    g: Graph, self: Value, dim: int = 0, start: Dim | None = None, end: Dim | None = None, step: int = 1
) -> Value:
    """The elements from start to end, exclusive, by steps along the dim; bounds as Python counts and cuts them."""
    axis = g.axis(self, dim)
    first, count = bounds(self.tensor.dims[axis], start, end, step)
    return taken(g, self, axis, first, count, step)


def bounds(extent: Dim, start: Dim | None, end: Dim | None, step: int) -> tuple[Dim, Dim]:
    """The first index and the number of elements."""
    first = 0 if start is None else _bound(start, extent)
    last = extent if end is None or (isinstance(end, int) and end >= _END) else _bound(end, extent)
    length = maximum(last - first, 0)
    return first, length if step == 1 else (length + (step - 1)) // step


def _bound(index: Dim, extent: Dim) -> Dim:
    """`index` counted from the front and kept within [0, extent]."""
    if isinstance(index, int) and index < 0:
        return maximum(extent + index, 0)
    low = lower_bound(index)
    return minimum(index if low is not None and low >= 0 else maximum(index, 0), extent)


def taken(g: Graph, x: Value, axis: int, first: Dim, count: Dim, step: int = 1) -> Value:
    """`count` elements of x from `first` on along the axis."""
    rank = x.tensor.rank
    if first == 0 and step == 1 and count == x.tensor.dims[axis]:
        return x
    starts = tuple(first if i == axis else 0 for i in range(rank))
    dims = tuple(count if i == axis else d for i, d in enumerate(x.tensor.dims))
    return g(Slice(x, starts, dims, tuple(step if i == axis else 1 for i in range(rank))))


@torch_op("aten.narrow")
def narrow(g: Graph, self: Value, dim: int, start: Dim, length: Dim) -> Value:
    """`length` elements from start on along the dim."""
    axis = g.axis(self, dim)
    return taken(g, self, axis, _index(start, self.tensor.dims[axis]), length)


@torch_op("aten.select.int", "aten.select_copy.int")
def select(g: Graph, self: Value, dim: int, index: Dim) -> Value:
    """The subtensor at the index along the dim."""
    axis = g.axis(self, dim)
    one = taken(g, self, axis, _index(index, self.tensor.dims[axis]), 1)
    return g.reshape(one, [d for i, d in enumerate(self.tensor.dims) if i != axis])


def _index(index: Dim, extent: Dim) -> Dim:
    return extent + index if isinstance(index, int) and index < 0 else index


@torch_op("aten.select_scatter")
def select_scatter(g: Graph, self: Value, src: Value, dim: int, index: Dim) -> Value:
    """self with src at the index along the dim."""
    axis = g.axis(self, dim)
    dims = tuple(1 if i == axis else d for i, d in enumerate(self.tensor.dims))
    row = g.reshape(g.cast(src, g.dtype), dims)
    return _replaced(g, self, row, axis, _index(index, self.tensor.dims[axis]), 1)


@torch_op("aten.slice_scatter")
def slice_scatter(
    g: Graph, self: Value, src: Value, dim: int = 0, start: Dim | None = None, end: Dim | None = None, step: int = 1
) -> Value:
    """self with src in place of the slice."""
    axis = g.axis(self, dim)
    first, count = bounds(self.tensor.dims[axis], start, end, step)
    dims = tuple(count if i == axis else d for i, d in enumerate(self.tensor.dims))
    source = g.expand(g.cast(src, g.dtype), dims)
    if step == 1:
        return _replaced(g, self, source, axis, first, count)
    return _interleaved(g, self, source, axis, first, count, step)


def _replaced(g: Graph, x: Value, source: Value, axis: int, first: Dim, count: Dim) -> Value:
    extent = x.tensor.dims[axis]
    before, after = taken(g, x, axis, 0, first), taken(g, x, axis, first + count, extent - (first + count))
    pieces = [p for p in (before, source, after) if p.tensor.dims[axis] != 0]
    return pieces[0] if len(pieces) == 1 else g(Concat(pieces or [x], axis))


def _interleaved(g: Graph, x: Value, source: Value, axis: int, first: Dim, count: Dim, step: int) -> Value:
    """Every step-th element from `first` on replaced, one by one: the count must be a number."""
    extent = x.tensor.dims[axis]
    if not isinstance(first, int) or not isinstance(count, int) or not isinstance(extent, int):
        raise g.error(f"writes every {step}th element of a dim of symbolic size {extent}")
    pieces: list[Value] = [taken(g, x, axis, 0, first)] if first else []
    for i in range(count):
        pieces.append(taken(g, source, axis, i, 1))
        after = first + i * step + 1
        gap = min(step - 1, extent - after)
        pieces += [taken(g, x, axis, after, gap)] if gap > 0 else []
    reached = first + (count - 1) * step + step if count else first
    pieces += [taken(g, x, axis, reached, extent - reached)] if reached < extent else []
    return g(Concat(pieces, axis)) if len(pieces) > 1 else pieces[0] if pieces else x


@torch_op("aten.flip")
def flip(g: Graph, self: Value, dims: tuple[int, ...]) -> Value:
    """The elements backwards along the dims."""
    if not self.tensor.rank:
        return self
    axes = [g.axis(self, d) for d in dims]
    shape = self.tensor.dims
    if any(shape[a] == 0 for a in axes):
        return self
    starts = tuple(shape[i] - 1 if i in axes else 0 for i in range(len(shape)))
    return g(Slice(self, starts, shape, tuple(-1 if i in axes else 1 for i in range(len(shape)))))


@torch_op("aten.roll")
def roll(g: Graph, self: Value, shifts: tuple[Dim, ...], dims: tuple[int, ...] = ()) -> Value:
    """The elements moved along the dims, those moved out coming in again; without dims, of the flat tensor."""
    if not dims:
        flat = g.reshape(self, (product(self.tensor.dims),))
        return g.reshape(_rolled(g, flat, shifts[0], 0), self.tensor.dims)
    x = self
    for shift, dim in zip(shifts, dims, strict=True):
        x = _rolled(g, x, shift, g.axis(self, dim))
    return x


def _rolled(g: Graph, x: Value, shift: Dim, axis: int) -> Value:
    extent = x.tensor.dims[axis]
    if extent == 0:
        return x
    start = (-1 * shift) % extent
    if start == 0:
        return x
    return g(Concat([taken(g, x, axis, start, extent - start), taken(g, x, axis, 0, start)], axis))


@torch_op("aten.unfold", "aten.unfold_copy")
def unfold(g: Graph, self: Value, dimension: int, size: int, step: int) -> Value:
    """Windows of `size` along the dim, `step` apart, as a new last dim."""
    x = self if self.tensor.rank else g.reshape(self, (1,))
    axis = g.axis(x, dimension)
    extent = x.tensor.dims[axis]
    if not isinstance(extent, int):
        raise g.error(f"unfolds a dim of symbolic size {extent}")
    count = (extent - size) // step + 1
    places = g.constant(np.arange(count)[:, None] * step + np.arange(size))
    windows = g(Gather(x, places, axis=axis))
    rank = windows.tensor.rank
    result = g.transpose(windows, [i for i in range(rank) if i != axis + 1] + [axis + 1])
    return result if self.tensor.rank else g.reshape(result, (size,))
