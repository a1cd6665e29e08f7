"""Operators that change the shape of a tensor or repeat its elements, and those that join or split tensors."""

from __future__ import annotations

from collections.abc import Sequence

from mlc.frontend.torch_import.graph import Graph
from mlc.frontend.torch_import.registry import torch_op
from mlc.ir import Dim, DType, Value
from mlc.ir.dims import exact_div, product
from mlc.ops import Bitcast, Concat, Expand, Gather, Slice, Tile, Trilu


@torch_op("aten.view", "aten._unsafe_view", "aten.reshape", "aten.view_copy", "aten._reshape_alias",
          ignores=("stride",))  # fmt: skip
def view(g: Graph, self: Value, size: tuple[Dim, ...] | None = None, shape: tuple[Dim, ...] | None = None) -> Value:
    """The elements in another shape, one of whose sizes may be -1: what is left over."""
    given = size if size is not None else shape
    assert given is not None
    return g.reshape(self, _inferred(g, given, self.tensor.dims))


def _inferred(g: Graph, size: Sequence[Dim], dims: Sequence[Dim]) -> tuple[Dim, ...]:
    if -1 not in size:
        return tuple(size)
    total, known = product(tuple(dims)), product([d for d in size if d != -1])
    left = exact_div(total, known) if known != 0 else None
    if left is None:  # the quotient is exact, which expressions cannot always show
        traced = g.result_dims()
        left = traced[list(size).index(-1)]
    return tuple(left if d == -1 else d for d in size)


@torch_op("aten.flatten.using_ints")
def flatten(g: Graph, self: Value, start_dim: int = 0, end_dim: int = -1) -> Value:
    """The dims from start_dim to end_dim as one."""
    dims = self.tensor.dims
    if not dims:
        return g.reshape(self, (1,))
    start, end = g.axis(self, start_dim), g.axis(self, end_dim)
    return g.reshape(self, (*dims[:start], product(dims[start : end + 1]), *dims[end + 1 :]))


@torch_op("aten.unflatten.int")
def unflatten(g: Graph, self: Value, dim: int, sizes: tuple[Dim, ...]) -> Value:
    """One dim as several."""
    axis, dims = g.axis(self, dim), self.tensor.dims
    left = -1 in sizes
    inner = _inferred(g, sizes, [dims[axis]]) if not left or isinstance(dims[axis], int) else None
    return g.reshape(self, g.result_dims() if inner is None else (*dims[:axis], *inner, *dims[axis + 1 :]))


@torch_op("aten.view.dtype")
def view_dtype(g: Graph, self: Value, dtype: DType) -> Value:
    """The bits read as elements of another dtype of the same width."""
    return g(Bitcast(self, dtype))


@torch_op("aten.permute", "aten.permute_copy")
def permute(g: Graph, self: Value, dims: tuple[int, ...]) -> Value:
    """The axes in another order."""
    return g.transpose(self, [g.axis(self, d) for d in dims])


@torch_op("aten.transpose.int", "aten.transpose_copy.int")
def transpose(g: Graph, self: Value, dim0: int, dim1: int) -> Value:
    """Two axes exchanged."""
    order = list(range(self.tensor.rank))
    if not order:
        return self
    a, b = g.axis(self, dim0), g.axis(self, dim1)
    order[a], order[b] = b, a
    return g.transpose(self, order)


@torch_op("aten.t", "aten.numpy_T", "aten.mT")
def t(g: Graph, self: Value) -> Value:
    """A matrix transposed; a vector stays."""
    order = list(range(self.tensor.rank))
    return g.transpose(self, [*order[:-2], *order[-2:][::-1]])


@torch_op("aten.movedim.int")
def movedim(g: Graph, self: Value, source: int, destination: int) -> Value:
    """One axis moved to another place."""
    start, end = g.axis(self, source), g.axis(self, destination)
    order = [i for i in range(self.tensor.rank) if i != start]
    order.insert(end, start)
    return g.transpose(self, order)


@torch_op("aten.unsqueeze", "aten.unsqueeze_copy")
def unsqueeze(g: Graph, self: Value, dim: int) -> Value:
    """A dim of 1 put in."""
    dims = self.tensor.dims
    place = dim % (len(dims) + 1)
    return g.reshape(self, (*dims[:place], 1, *dims[place:]))


@torch_op("aten.squeeze", "aten.squeeze.dim", "aten.squeeze_copy", "aten.squeeze_copy.dim")
def squeeze(g: Graph, self: Value, dim: int | None = None) -> Value:
    """Without its dims of 1, or those of them that dim names."""
    return _squeezed(g, self, range(self.tensor.rank) if dim is None else [g.axis(self, dim)])


def _squeezed(g: Graph, x: Value, axes: Sequence[int]) -> Value:
    dims = x.tensor.dims
    return g.reshape(x, [d for i, d in enumerate(dims) if d != 1 or i not in axes])


@torch_op("aten.squeeze.dims", "aten.squeeze_copy.dims")
def squeeze_dims(g: Graph, self: Value, dim: tuple[int, ...]) -> Value:
    """Without those of the named dims that are 1."""
    return _squeezed(g, self, [g.axis(self, d) for d in dim])


@torch_op("aten.expand", "aten.expand_copy")
def expand(g: Graph, self: Value, size: tuple[Dim, ...]) -> Value:
    """Broadcast to the size; -1 keeps a dim."""
    dims = (1,) * (len(size) - self.tensor.rank) + self.tensor.dims
    return g.expand(self, [d if s == -1 else s for s, d in zip(size, dims, strict=True)])


@torch_op("aten.expand_as")
def expand_as(g: Graph, self: Value, other: Value) -> Value:
    """Broadcast to the shape of other."""
    return g.expand(self, other.tensor.dims)


@torch_op("aten.repeat")
def repeat(g: Graph, self: Value, repeats: tuple[Dim, ...]) -> Value:
    """The tensor as often as repeats says along each dim."""
    x = g.reshape(self, (1,) * (len(repeats) - self.tensor.rank) + self.tensor.dims)
    return x if all(r == 1 for r in repeats) else g(Tile(x, repeats=tuple(repeats)))


@torch_op("aten.tile")
def tile(g: Graph, self: Value, dims: tuple[Dim, ...]) -> Value:
    """As repeat, missing leading counts being 1."""
    return repeat(g, self, (1,) * (self.tensor.rank - len(dims)) + tuple(dims))


@torch_op("aten.repeat_interleave.self_int")
def repeat_interleave(
    g: Graph, self: Value, repeats: Dim, dim: int | None = None, output_size: Dim | None = None
) -> Value:
    """Each element that often, one after another."""
    x = g.reshape(self, (product(self.tensor.dims),)) if dim is None else self
    axis = 0 if dim is None else g.axis(self, dim)
    dims = x.tensor.dims
    inner = (*dims[: axis + 1], 1, *dims[axis + 1 :])
    wide = (*dims[: axis + 1], repeats, *dims[axis + 1 :])
    many = g(Expand(g.reshape(x, inner), dims=wide))
    return g.reshape(many, (*dims[:axis], dims[axis] * repeats, *dims[axis + 1 :]))


@torch_op("aten.cat", "aten.concat", "aten.concatenate")
def cat(g: Graph, tensors: Sequence[Value], dim: int = 0) -> Value:
    """One after another along the dim; empty vectors count for nothing."""
    kept = [v for v in tensors if v.tensor.dims != (0,)] or list(tensors[:1])
    return g(Concat([g.cast(v, g.dtype) for v in kept], g.axis(kept[0], dim)))


@torch_op("aten.stack")
def stack(g: Graph, tensors: Sequence[Value], dim: int = 0) -> Value:
    """One after another along a new dim."""
    place = dim % (tensors[0].tensor.rank + 1)
    rows = [unsqueeze(g, g.cast(v, g.dtype), place) for v in tensors]
    return g(Concat(rows, place))


@torch_op("aten.split_with_sizes", "aten.split.sizes")
def split_with_sizes(
    g: Graph,
    self: Value,
    split_sizes: tuple[Dim, ...] | None = None,
    split_size: tuple[Dim, ...] | None = None,
    dim: int = 0,
) -> tuple[list[Value]]:
    """Parts of the given sizes along the dim."""
    sizes = split_sizes if split_sizes is not None else split_size
    assert sizes is not None
    return (parts(g, self, sizes, g.axis(self, dim)),)


def parts(g: Graph, x: Value, sizes: Sequence[Dim], axis: int) -> list[Value]:
    """Slices of x of these sizes, one after another along the axis."""
    found: list[Value] = []
    start: Dim = 0
    rank = x.tensor.rank
    for size in sizes:
        starts = tuple(start if i == axis else 0 for i in range(rank))
        dims = tuple(size if i == axis else d for i, d in enumerate(x.tensor.dims))
        found.append(x if dims == x.tensor.dims else g(Slice(x, starts, dims, (1,) * rank)))
        start = start + size
    return found


@torch_op("aten.split.Tensor")
def split(g: Graph, self: Value, split_size: int, dim: int = 0) -> tuple[list[Value]]:
    """Parts of split_size along the dim, the last one smaller."""
    axis = g.axis(self, dim)
    extent = self.tensor.dims[axis]
    if not isinstance(extent, int):
        raise g.error(f"splits a dim of symbolic size {extent}; split_with_sizes says how many parts there are")
    count = max(-(-extent // split_size), 1) if split_size else 1
    sizes = [min(split_size, extent - i * split_size) for i in range(count)] if split_size else [extent]
    return (parts(g, self, sizes, axis),)


@torch_op("aten.chunk")
def chunk(g: Graph, self: Value, chunks: int, dim: int = 0) -> tuple[list[Value]]:
    """At most `chunks` parts of equal size along the dim, the last one smaller."""
    axis = g.axis(self, dim)
    extent = self.tensor.dims[axis]
    if isinstance(extent, int):
        size = -(-extent // chunks)
        return split(g, self, size, dim) if size else (parts(g, self, [0] * chunks, axis),)
    size_dim = exact_div(extent, chunks)
    if size_dim is None:
        raise g.error(f"chunks a dim of symbolic size {extent} that {chunks} does not divide")
    return (parts(g, self, [size_dim] * chunks, axis),)


@torch_op("aten.unbind.int", "aten.unbind_copy.int")
def unbind(g: Graph, self: Value, dim: int = 0) -> tuple[list[Value]]:
    """The subtensors along a dim of known size."""
    axis = g.axis(self, dim)
    extent = self.tensor.dims[axis]
    if not isinstance(extent, int):
        raise g.error(f"unbinds a dim of symbolic size {extent}")
    rest = [d for i, d in enumerate(self.tensor.dims) if i != axis]
    return ([g.reshape(p, rest) for p in parts(g, self, [1] * extent, axis)],)


@torch_op("aten.tril")
def tril(g: Graph, self: Value, diagonal: int = 0) -> Value:
    """Zeros above the diagonal."""
    return _triangle(g, self, diagonal, upper=False)


@torch_op("aten.triu")
def triu(g: Graph, self: Value, diagonal: int = 0) -> Value:
    """Zeros below the diagonal."""
    return _triangle(g, self, diagonal, upper=True)


def _triangle(g: Graph, x: Value, diagonal: int, *, upper: bool) -> Value:
    return g(Trilu(x, diagonal=diagonal, upper=upper))


@torch_op("aten.diagonal", "aten.diagonal_copy")
def diagonal(g: Graph, self: Value, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Value:
    """The elements at (i, i + offset) of two dims as a new last dim."""
    a, b = g.axis(self, dim1), g.axis(self, dim2)
    rest = [i for i in range(self.tensor.rank) if i not in (a, b)]
    x = g.transpose(self, [*rest, a, b])
    rows, columns = x.tensor.dims[-2:]
    if not isinstance(rows, int) or not isinstance(columns, int):
        raise g.error(f"takes the diagonal of {self.type}, whose dims are symbolic")
    first = max(-offset, 0), max(offset, 0)
    count = max(min(rows - first[0], columns - first[1]), 0)
    flat = g.reshape(x, (*x.tensor.dims[:-2], rows * columns))
    places = [(first[0] + i) * columns + first[1] + i for i in range(count)]
    return g(Gather(flat, g.ints(places), axis=flat.tensor.rank - 1))


@torch_op("aten.pixel_shuffle")
def pixel_shuffle(g: Graph, self: Value, upscale_factor: int) -> Value:
    """x[..., C r^2, H, W] as [..., C, H r, W r]. Shi et al., Real-Time Single Image Super-Resolution, 2016."""
    *batch, channels, height, width = self.tensor.dims
    r, n = upscale_factor, len(batch)
    deep = g.reshape(self, (*batch, channels // (r * r), r, r, height, width))
    order = [*range(n), n, n + 3, n + 1, n + 4, n + 2]
    return g.reshape(g.transpose(deep, order), (*batch, channels // (r * r), height * r, width * r))


@torch_op("aten.pixel_unshuffle")
def pixel_unshuffle(g: Graph, self: Value, downscale_factor: int) -> Value:
    """The inverse of pixel_shuffle."""
    *batch, channels, height, width = self.tensor.dims
    r, n = downscale_factor, len(batch)
    deep = g.reshape(self, (*batch, channels, height // r, r, width // r, r))
    order = [*range(n), n, n + 2, n + 4, n + 1, n + 3]
    return g.reshape(g.transpose(deep, order), (*batch, channels * r * r, height // r, width // r))


@torch_op("aten.channel_shuffle")
def channel_shuffle(g: Graph, self: Value, groups: int) -> Value:
    """Channels of x[N, C, ...] dealt out over the groups. Zhang et al., ShuffleNet, 2017."""
    batch, channels, *rest = self.tensor.dims
    deep = g.reshape(self, (batch, groups, channels // groups, *rest))
    return g.reshape(g.transpose(deep, [0, 2, 1, *range(3, 3 + len(rest))]), self.tensor.dims)
