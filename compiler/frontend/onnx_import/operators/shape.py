"""Operators that give the same elements another shape or order: reshape, transpose, expand, concatenate, tile."""

from __future__ import annotations

import numpy as np

from mlc.frontend.onnx_import.dtypes import dtype_of
from mlc.frontend.onnx_import.graph import Graph
from mlc.frontend.onnx_import.registry import onnx_op
from mlc.ir import Array, Dim, DType, TensorType, Value
from mlc.ir.dims import ceildiv, floordiv, maximum, product
from mlc.ops import (
    Add,
    Cast,
    Compress,
    Concat,
    CumSum,
    Equal,
    Expand,
    Gather,
    Maximum,
    Range,
    ReduceProd,
    Reshape,
    ReverseSequence,
    ScatterElements,
    Shape,
    Sub,
    Tile,
    Transpose,
    Trilu,
    Where,
)


def reshaped(g: Graph, x: Value, dims: tuple[Dim, ...]) -> Value:
    """x in the shape `dims`; x itself when it has it."""
    return x if x.tensor.shape == dims else g(Reshape(x, dims=dims))


def transposed(g: Graph, x: Value, perm: tuple[int, ...]) -> Value:
    """x with its axes in another order; x itself when it is the same."""
    return x if perm == tuple(range(len(perm))) else g(Transpose(x, perm=perm))


def normalized(g: Graph, axis: int, rank: int) -> int:
    """`axis` counted from the front, or an error when it is outside of the rank."""
    if not -rank <= axis < rank:
        raise g.error(f"axis {axis} is outside of [{-rank}, {rank - 1}]")
    return axis % rank


@onnx_op("Reshape", since=1)
def reshape_by_attribute(g: Graph, x: Value, *, shape: tuple[int, ...]) -> Value:
    return reshaped(g, x, _resolved(g, x.tensor, shape, keeps_zero=False))


@onnx_op("Reshape", since=5)
def reshape(g: Graph, x: Value, shape: Value, *, allowzero: int = 0) -> Value:
    wanted = g.dims(shape)
    if wanted is not None and (x.tensor.shape is not None or not {0, -1} & set(wanted)):
        return reshaped(g, x, _resolved(g, x.tensor, wanted, keeps_zero=bool(allowzero)))
    return g(Reshape(x, shape, dims=_dims_of(g, shape), keeps_zero=bool(allowzero)))


def _dims_of(g: Graph, shape: Value) -> tuple[Dim, ...]:
    """What is known of a result whose shape is the unknown contents of `shape`."""
    count = shape.tensor.dims[0] if shape.tensor.shape else None
    return g.result_dims(count if isinstance(count, int) else None)


def _resolved(g: Graph, x: TensorType, wanted: tuple[Dim, ...], keeps_zero: bool) -> tuple[Dim, ...]:
    """`wanted` with x's dims for 0 and what is left over for -1."""
    if wanted.count(-1) > 1:
        raise g.error(f"shape {list(wanted)} has more than one -1")
    dims: list[Dim] = []
    for axis, size in enumerate(wanted):
        if size == 0 and not keeps_zero:
            if axis >= x.rank:
                raise g.error(f"shape {list(wanted)} copies dim {axis}, but the input is {x}")
            size = x.dims[axis]
        dims.append(size)
    if -1 in dims:
        place = dims.index(-1)
        rest = product(dims[:place] + dims[place + 1 :])
        if rest == 0:
            raise g.error(f"shape {list(wanted)} leaves -1 open: the other dims are 0")
        count = x.element_count
        dims[place] = floordiv(count, rest)
        if isinstance(count, int) and isinstance(rest, int) and count % rest:
            raise g.error(f"the {count} elements of the input do not fill the shape {list(wanted)}")
    return tuple(dims)


@onnx_op("Flatten", since=1)
def flatten(g: Graph, x: Value, *, axis: int = 1) -> Value:
    rank = x.tensor.rank
    if not -rank <= axis <= rank:
        raise g.error(f"axis {axis} is outside of [{-rank}, {rank}]")
    split = axis + rank if axis < 0 else axis
    return reshaped(g, x, (product(x.tensor.dims[:split]), product(x.tensor.dims[split:])))


@onnx_op("Squeeze", since=1)
def squeeze_by_attribute(g: Graph, x: Value, *, axes: tuple[int, ...] | None = None) -> Value:
    return squeezed(g, x, axes)


@onnx_op("Squeeze", since=13)
def squeeze(g: Graph, x: Value, axes: Value | None = None) -> Value:
    known = g.ints_of(axes)
    if axes is None or known is not None:
        return squeezed(g, x, known)
    is_kept = g(Equal(_marked(g, axes, x.tensor.rank), g.ints([0])))
    dims = g.result_dims(_rank_change(x, axes, -1))
    return g(Reshape(x, g(Compress(g(Shape(x)), is_kept, axis=0, count=len(dims))), dims=dims))


def squeezed(g: Graph, x: Value, axes: tuple[int, ...] | None) -> Value:
    """x without the axes, which must be 1; without those that are known to be 1 for None."""
    dims = x.tensor.dims
    gone = {a for a, d in enumerate(dims) if d == 1} if axes is None else {normalized(g, a, len(dims)) for a in axes}
    for axis in sorted(gone):
        if isinstance(dims[axis], int) and dims[axis] != 1:
            raise g.error(f"axis {axis} of {x.type} is not 1")
    return reshaped(g, x, tuple(d for a, d in enumerate(dims) if a not in gone))


@onnx_op("Unsqueeze", since=1)
def unsqueeze_by_attribute(g: Graph, x: Value, *, axes: tuple[int, ...]) -> Value:
    return unsqueezed(g, x, axes)


@onnx_op("Unsqueeze", since=13)
def unsqueeze(g: Graph, x: Value, axes: Value) -> Value:
    known = g.ints_of(axes)
    if known is not None:
        return unsqueezed(g, x, known)
    dims = g.result_dims(_rank_change(x, axes, 1))
    is_new = _marked(g, axes, len(dims))
    one = g.ints([1])
    # Axes that are not new take the dims of x in order: their number among such is how many came before.
    source = g(Sub(g(CumSum(g(Sub(one, is_new)))), one))
    old = g(Gather(g(Shape(x)), g(Maximum(source, g.ints([0]))))) if x.tensor.rank else one
    return g(Reshape(x, g(Where(g(Equal(is_new, one)), one, old)), dims=dims))


def unsqueezed(g: Graph, x: Value, axes: tuple[int, ...]) -> Value:
    """x with new axes of 1 at these places of the result."""
    if x.tensor.shape is None:
        return _unsqueezed_unranked(g, x, axes)
    rank = x.tensor.rank + len(axes)
    places = {normalized(g, a, rank) for a in axes}
    if len(places) < len(axes):
        raise g.error(f"axes {axes} repeat an axis")
    old = iter(x.tensor.dims)
    return reshaped(g, x, tuple(1 if a in places else next(old) for a in range(rank)))


def _unsqueezed_unranked(g: Graph, x: Value, axes: tuple[int, ...]) -> Value:
    """One axis after the other, so that none moves one before it: from the front up, or from the back down."""
    if any(a < 0 for a in axes) and any(a >= 0 for a in axes):
        raise g.error(f"axes {axes} count from both ends, and the input's rank is not known")
    for axis in sorted(axes, reverse=axes[0] < 0):
        cut = axis if axis >= 0 else axis + 1
        before = g(Shape(x)) if cut == 0 and axis < 0 else g(Shape(x, end=cut))
        after = [] if cut == 0 and axis < 0 else [g(Shape(x, start=cut))]
        x = g(Reshape(x, g(Concat([before, g.ints([1]), *after], axis=0)), keeps_zero=True))
    return x


def _rank_change(x: Value, axes: Value, sign: int) -> int | None:
    count = 1 if axes.tensor.shape == () else axes.tensor.dims[0] if axes.tensor.shape else None
    return x.tensor.rank + sign * count if isinstance(count, int) else None


def _marked(g: Graph, axes: Value, rank: int) -> Value:
    """An i64 vector of `rank` elements: 1 at the axes, else 0."""
    places = g(Cast(axes, dtype=DType.I64)) if axes.tensor.dtype is not DType.I64 else axes
    ones = g(Expand(g.ints([1]), dims=places.tensor.dims)) if places.tensor.shape else g.ints([1])
    places = reshaped(g, places, (1,)) if places.tensor.shape == () else places
    return g(ScatterElements(g.ints([0] * rank), places, ones))


@onnx_op("Transpose", since=1)
def transpose(g: Graph, x: Value, *, perm: tuple[int, ...] | None = None) -> Value:
    return transposed(g, x, tuple(reversed(range(x.tensor.rank))) if perm is None else perm)


@onnx_op("Expand", since=8)
def expand(g: Graph, x: Value, shape: Value) -> Value:
    return expanded(g, x, shape)


def expanded(g: Graph, x: Value, shape: Value) -> Value:
    """x broadcast together with a shape."""
    wanted = g.dims(shape)
    if wanted is None or x.tensor.shape is None:
        count = shape.tensor.dims[0] if shape.tensor.shape else None
        rank = max(count, x.tensor.rank) if isinstance(count, int) and x.tensor.shape is not None else None
        known = list(g.result_dims(rank))
        # Whatever the shape says, an extent above 1 stays.
        for place, extent in enumerate(reversed(x.tensor.shape or ()), start=1):
            if isinstance(extent, int) and extent > 1:
                known[-place] = extent
        return g(Expand(x, shape, dims=tuple(known)))
    rank = max(len(wanted), x.tensor.rank)
    ours = (1,) * (rank - x.tensor.rank) + x.tensor.dims
    theirs = (1,) * (rank - len(wanted)) + wanted
    dims = tuple(_broadcast(a, b) for a, b in zip(ours, theirs, strict=True))
    return x if dims == x.tensor.shape else g(Expand(x, dims=dims))


def _broadcast(ours: Dim, theirs: Dim) -> Dim:
    return ours if theirs == 1 or (isinstance(ours, int) and ours != 1) else theirs


@onnx_op("ConstantOfShape", since=9)
def constant_of_shape(g: Graph, shape: Value, *, value: Array | None = None) -> Value:
    return expanded(g, g.constant(np.zeros((), np.float32) if value is None else value.reshape(())), shape)


@onnx_op("Concat", since=4)
def concat(g: Graph, x: Value, *xs: Value, axis: int) -> Value:
    return g(Concat([x, *xs], axis=axis)) if xs else x


@onnx_op("Concat", since=1)
def concat_before_4(g: Graph, x: Value, *xs: Value, axis: int = 1) -> Value:
    return concat(g, x, *xs, axis=axis)


@onnx_op("Tile", since=6)
def tile(g: Graph, x: Value, repeats: Value) -> Value:
    known = g.dims(repeats)
    if known is not None:
        return g(Tile(x, repeats=known))
    return g(Tile(x, repeats, dims=g.result_dims(x.tensor.rank if x.tensor.shape is not None else None)))


@onnx_op("Shape", since=1)
def shape(g: Graph, x: Value, *, start: int = 0, end: int | None = None) -> Value:
    return g(Shape(x, start=start, end=end))


@onnx_op("Size", since=1)
def size(g: Graph, x: Value) -> Value:
    return g(ReduceProd(g(Shape(x)), axes=(0,), keep_dims=False))


@onnx_op("Range", since=11)
def range_(g: Graph, start: Value, limit: Value, delta: Value, *, stash_type: int = 1) -> Value:
    if stash_type != 1:
        raise g.error(f"attribute 'stash_type' must be 1 (float), got {stash_type}")
    return g(Range(start, limit, delta, count=_range_count(g, start, limit, delta)))


def _range_count(g: Graph, start: Value, limit: Value, delta: Value) -> Dim:
    arrays = [g.array(v) for v in (start, limit, delta)]
    first, last, step = (None if a is None else a.reshape(()).item() for a in arrays)
    if first is not None and last is not None and step:
        return max(int(np.ceil((last - first) / step)), 0)
    bounds = g.dims(start), g.dims(limit), g.ints_of(delta)
    if all(bounds) and bounds[2] and bounds[2][0] > 0 and bounds[0] and bounds[1]:
        return maximum(ceildiv(bounds[1][0] - bounds[0][0], bounds[2][0]), 0)
    return g.result_dims(1)[0]


@onnx_op("Trilu", since=14)
def trilu(g: Graph, x: Value, k: Value | None = None, *, upper: int = 1) -> Value:
    known = g.ints_of(k)
    if k is None or known is not None:
        return g(Trilu(x, diagonal=known[0] if known else 0, upper=bool(upper)))
    return g(Trilu(x, k, upper=bool(upper)))


@onnx_op("EyeLike", since=9)
def eye_like(g: Graph, x: Value, *, dtype: int | None = None, k: int = 0) -> Value:
    element = x.tensor.dtype if dtype is None else dtype_of(dtype)
    if x.tensor.is_static:
        rows, columns = x.tensor.static_shape
        return g.constant(np.eye(rows, columns, k).astype(element.numpy))
    zero, one = g.scalar(0, DType.I64), g.scalar(1, DType.I64)
    places = []
    for axis, count in enumerate(x.tensor.dims):
        extent = reshaped(g, g(Shape(x, start=axis, end=axis + 1)), ())
        places.append(g(Range(zero, extent, one, count=count)))
    rows_column = g(Add(reshaped(g, places[0], (x.tensor.dims[0], 1)), g.scalar(k, DType.I64)))
    return g(Cast(g(Equal(rows_column, places[1])), dtype=element))


@onnx_op("ReverseSequence", since=10)
def reverse_sequence(g: Graph, x: Value, lengths: Value, *, time_axis: int = 0, batch_axis: int = 1) -> Value:
    return g(ReverseSequence(x, lengths, time_axis=time_axis, batch_axis=batch_axis))


@onnx_op("DepthToSpace", since=1)
def depth_to_space(g: Graph, x: Value, *, blocksize: int, mode: str = "DCR") -> Value:
    n, c, h, w = x.tensor.dims
    b, depth = blocksize, floordiv(c, blocksize * blocksize)
    match mode:
        case "DCR":
            split = reshaped(g, x, (n, b, b, depth, h, w))
            moved = transposed(g, split, (0, 3, 4, 1, 5, 2))
        case "CRD":
            split = reshaped(g, x, (n, depth, b, b, h, w))
            moved = transposed(g, split, (0, 1, 4, 2, 5, 3))
        case other:
            raise g.error(f"attribute 'mode' must be DCR or CRD, got {other!r}")
    return reshaped(g, moved, (n, depth, h * b, w * b))


@onnx_op("SpaceToDepth", since=1)
def space_to_depth(g: Graph, x: Value, *, blocksize: int, mode: str = "DCR") -> Value:
    n, c, h, w = x.tensor.dims
    b, rows, columns = blocksize, floordiv(h, blocksize), floordiv(w, blocksize)
    split = reshaped(g, x, (n, c, rows, b, columns, b))
    match mode:
        case "DCR":
            moved = transposed(g, split, (0, 3, 5, 1, 2, 4))
        case "CRD":
            moved = transposed(g, split, (0, 1, 3, 5, 2, 4))
        case other:
            raise g.error(f"attribute 'mode' must be DCR or CRD, got {other!r}")
    return reshaped(g, moved, (n, c * b * b, rows, columns))
