"""Index functions of mlc.ops.shape and mlc.ops.gather: where each result element comes from.

An index may be anything the Builder calls an index. Where an element may come from nowhere (Pad) or from one of several
operands (Concat), all are read at an index that is moved inside, and the right one is selected: no branches.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlc.codegen import registers
from mlc.codegen.builder import Builder, Index, lanes_of
from mlc.codegen.kernel import Values
from mlc.codegen.registry import indexed
from mlc.codegen.shapes import slice_bounds
from mlc.ir import Dim, DType, Value
from mlc.ir.dims import product
from mlc.ops import (
    Concat,
    DynamicSlice,
    Expand,
    Gather,
    GatherElements,
    GatherNd,
    OneHot,
    Pad,
    Range,
    Reshape,
    ReverseSequence,
    Shape,
    Slice,
    TensorScatter,
    Tile,
    Transpose,
    Trilu,
)

Element = Any  # ir.Value; llvmlite is untyped
At = tuple[Index, ...]


@indexed(Transpose)
def transpose(values: Values, op: Transpose, index: At) -> Element:
    at: list[Index] = [0] * len(index)
    for place, axis in enumerate(op.perm):
        at[axis] = index[place]
    return values.at(op.x, at)


@indexed(Reshape)
def reshape(values: Values, op: Reshape, index: At) -> Element:
    return values.at(op.x, reshaped(values, op.result.tensor.dims, op.x.tensor.dims, index))


def reshaped(values: Values, source: tuple[Dim, ...], target: tuple[Dim, ...], index: At) -> At:
    """The index in a tensor of dims `target` of the element at `index` in one of dims `source`, both row-major.

    Dims are taken in groups of equal product, so that what a reshape leaves alone stays a plain index.
    """
    k = values.k
    found: list[Index] = []
    i = j = 0
    while i < len(source) or j < len(target):
        i_end, j_end = _equal_group(source, target, i, j)
        flat: Index = 0
        for axis in range(i, i_end):
            flat = k.add(k.mul(flat, k.dim(source[axis])), index[axis])
        inner: list[Index] = []
        for axis in range(j_end - 1, j, -1):
            extent = k.dim(target[axis])
            inner.append(k.mod(flat, extent))
            flat = k.floordiv(flat, extent)
        found.extend([flat] * (j_end > j))
        found.extend(reversed(inner))
        i, j = i_end, j_end
    return tuple(found)


def _equal_group(source: tuple[Dim, ...], target: tuple[Dim, ...], i: int, j: int) -> tuple[int, int]:
    """The ends of the shortest groups from i and j on that have one product; all that is left when none does."""
    for i_end in range(i, len(source) + 1):
        for j_end in range(j, len(target) + 1):
            if i_end + j_end > i + j and product(source[i:i_end]) == product(target[j:j_end]):
                rest_is_equal = product(source[i_end:]) == product(target[j_end:])
                if rest_is_equal and i_end > i and j_end > j:
                    return i_end, j_end
    return len(source), len(target)


@indexed(Expand)
def expand(values: Values, op: Expand, index: At) -> Element:
    return values.at(op.x, values.broadcast(op.x, op.result, index))


@indexed(Slice)
def slice_(values: Values, op: Slice, index: At) -> Element:
    k = values.k
    at = [k.add(k.dim(start), k.mul(i, step)) for start, i, step in zip(op.starts, index, op.steps, strict=True)]
    return values.at(op.x, at)


@indexed(DynamicSlice)
def dynamic_slice(values: Values, op: DynamicSlice, index: At) -> Element:
    k = values.k

    def element(value: Value, place: int) -> Element:
        return registers.converted(k, values.at(value, (place,)), value.tensor.dtype, DType.I64)

    bounds = slice_bounds(k, op, element, [k.dim(d) for d in op.x.tensor.dims])
    at = [k.add(start, k.mul(i, step)) for (start, _, step), i in zip(bounds, index, strict=True)]
    return values.at(op.x, at)


@indexed(Concat)
def concat(values: Values, op: Concat, index: At) -> Element:
    k = values.k
    axis = op.axis % len(index)
    result: Element = None
    start: Dim = 0
    for x in op.xs:
        extent = x.tensor.dims[axis]
        if extent == 0:
            continue
        if result is None:
            result = values.at(x, _replaced(index, axis, k.minimum(index[axis], k.sub(k.dim(extent), 1))))
        else:
            inside = k.minimum(k.maximum(k.sub(index[axis], k.dim(start)), 0), k.sub(k.dim(extent), 1))
            element = values.at(x, _replaced(index, axis, inside))
            result = k.select(k.compare(">=", index[axis], k.dim(start)), element, result)
        start = start + extent
    if result is None:
        return zero(k, op.result.tensor.dtype, index)
    return result


@indexed(Pad)
def pad(values: Values, op: Pad, index: At) -> Element:
    k = values.k
    at: list[Index] = []
    inside: list[Element] = []
    for axis, i in enumerate(index):
        before, after = pad_amounts(values, op, axis)
        if before == 0 and after == 0 and isinstance(before, int):
            at.append(i)
            continue
        place, is_inside = _padded_index(k, op.mode, i, before, after, k.dim(op.x.tensor.dims[axis]))
        at.append(place)
        inside.extend(is_inside)
    fill = values.at(op.value, (0,) * op.value.tensor.rank) if op.value is not None else None
    if fill is None:
        fill = zero(k, op.result.tensor.dtype, index)
    if any(d == 0 for d in op.x.tensor.dims):
        return fill
    element = values.at(op.x, at)
    return k.select(k.all_of(inside), element, fill) if inside else element


def pad_amounts(values: Values, op: Pad, axis: int) -> tuple[Index, Index]:
    """What is added before and after an axis: attributes, or read from the operands."""
    k = values.k
    rank = op.x.tensor.rank
    if op.pads is not None:
        return k.dim(op.pads[axis]), k.dim(op.pads[rank + axis])
    assert op.amounts is not None
    count = op.amounts.tensor.dims[0] // 2
    assert isinstance(count, int)
    if op.axes is None:
        return values.at(op.amounts, (axis,)), values.at(op.amounts, (axis + count,))
    before: Index = 0
    after: Index = 0
    for place in range(count):
        named = registers.converted(k, values.at(op.axes, (place,)), op.axes.tensor.dtype, DType.I64)
        is_it = k.ir.or_(k.compare("==", named, axis), k.compare("==", named, axis - rank))
        before = k.select(is_it, values.at(op.amounts, (place,)), before)
        after = k.select(is_it, values.at(op.amounts, (place + count,)), after)
    return before, after


def _padded_index(
    k: Builder, mode: str, i: Index, before: Index, after: Index, extent: Index
) -> tuple[Index, list[Element]]:
    """Where in x the padded index lies, moved inside, and in constant mode the conditions for it to be x at all."""
    first = k.maximum(k.mul(before, -1), 0)  # cropped off at the front
    kept = k.sub(k.sub(extent, first), k.maximum(k.mul(after, -1), 0))
    offset = k.sub(i, k.maximum(before, 0))
    last = k.sub(kept, 1)
    match mode:
        case "constant":
            conditions = []
            if not (isinstance(before, int) and before <= 0):
                conditions.append(k.compare(">=", offset, 0))
            if not (isinstance(after, int) and after <= 0):
                conditions.append(k.compare("<", offset, kept))
            return k.add(first, _clamped(k, offset, last)), conditions
        case "edge":
            return k.add(first, _clamped(k, offset, last)), []
        case "reflect":
            # A triangle wave of period 2 * last.
            period = k.maximum(k.mul(last, 2), 1)
            phase = _modulo(k, offset, period)
            return k.add(first, k.minimum(phase, k.sub(period, phase))), []
        case _:
            return k.add(first, _modulo(k, offset, k.maximum(kept, 1))), []


def _clamped(k: Builder, i: Index, last: Index) -> Index:
    return k.maximum(k.minimum(i, last), 0)


def _modulo(k: Builder, i: Index, period: Index) -> Index:
    """i mod period with a result in [0, period), for i of any sign."""
    if isinstance(i, int) and isinstance(period, int):
        return i % period
    left, right = k.unified(k.value(i), k.value(period))
    rest = k.ir.srem(left, right)
    return k.ir.select(k.ir.icmp_signed("<", rest, k.like(0, rest)), k.ir.add(rest, right), rest)


@indexed(Tile)
def tile(values: Values, op: Tile, index: At) -> Element:
    k = values.k
    at: list[Index] = []
    for i, extent, full in zip(index, op.x.tensor.dims, op.result.tensor.dims, strict=True):
        at.append(i if extent == full else k.mod(i, k.dim(extent)))
    return values.at(op.x, at)


@indexed(Shape)
def shape(values: Values, op: Shape, index: At) -> Element:
    k = values.k
    assert op.dims is not None
    result: Element = k.like(0, k.value(index[0]))
    for number, dim in enumerate(op.dims):
        result = k.select(k.compare("==", index[0], number), k.i64(k.dim(dim)), result)
    return result


@indexed(Range)
def range_(values: Values, op: Range, index: At) -> Element:
    """start + i * delta, in the arithmetic of the dtype."""
    k = values.k
    dtype = op.result.tensor.dtype
    start, delta = values.at(op.start, (0,) * op.start.tensor.rank), values.at(op.delta, (0,) * op.delta.tensor.rank)
    i = registers.converted(k, k.value(index[0]), DType.I64, dtype)
    i, start, delta = k.unified(i, start, delta)
    if not dtype.is_float:
        return k.ir.add(start, k.ir.mul(i, delta))
    return registers.rounded(k, dtype, k.ir.fadd(start, k.ir.fmul(i, delta)))


@indexed(Trilu)
def trilu(values: Values, op: Trilu, index: At) -> Element:
    k = values.k
    offset: Index = op.diagonal
    if op.k is not None:
        offset = values.at(op.k, (0,) * op.k.tensor.rank)
    distance = k.sub(index[-1], index[-2])
    keeps = k.compare(">=" if op.upper else "<=", distance, offset)
    return k.select(keeps, values.at(op.x, index), zero(k, op.result.tensor.dtype, index))


@indexed(ReverseSequence)
def reverse_sequence(values: Values, op: ReverseSequence, index: At) -> Element:
    k = values.k
    time, batch = op.time_axis % len(index), op.batch_axis % len(index)
    length = registers.converted(k, values.at(op.lengths, (index[batch],)), op.lengths.tensor.dtype, DType.I64)
    mirrored = k.sub(k.sub(length, 1), index[time])
    source = k.select(k.compare("<", index[time], length), mirrored, index[time])
    return values.at(op.x, _replaced(index, time, source))


@indexed(Gather)
def gather(values: Values, op: Gather, index: At) -> Element:
    axis = op.axis % op.x.tensor.rank
    rank = op.indices.tensor.rank
    place = wrapped(values, op.indices, index[axis : axis + rank], op.x.tensor.dims[axis])
    return values.at(op.x, (*index[:axis], place, *index[axis + rank :]))


@indexed(GatherElements)
def gather_elements(values: Values, op: GatherElements, index: At) -> Element:
    axis = op.axis % op.x.tensor.rank
    place = wrapped(values, op.indices, index, op.x.tensor.dims[axis])
    return values.at(op.x, _replaced(index, axis, place))


@indexed(GatherNd)
def gather_nd(values: Values, op: GatherNd, index: At) -> Element:
    batch, inner = op.batch_axes, op.indices.tensor.rank - 1
    depth = op.indices.tensor.dims[-1]
    assert isinstance(depth, int)
    places = []
    for number in range(depth):
        extent = op.x.tensor.dims[batch + number]
        places.append(wrapped(values, op.indices, (*index[:inner], number), extent))
    return values.at(op.x, (*index[:batch], *places, *index[inner:]))


@indexed(TensorScatter)
def tensor_scatter(values: Values, op: TensorScatter, index: At) -> Element:
    """The update where it covers the place, x elsewhere."""
    k = values.k
    axis = op.axis % len(index)
    place = index[axis]
    if op.start is not None:
        start = registers.converted(k, values.at(op.start, (index[0],)), op.start.tensor.dtype, DType.I64)
        place = k.sub(place, start)
    if op.mode == "circular":
        place = _modulo(k, place, k.maximum(k.dim(op.x.tensor.dims[axis]), 1))
    extent = k.dim(op.update.tensor.dims[axis])
    if isinstance(extent, int) and extent == 0:
        return values.at(op.x, index)
    inside = k.all_of([k.compare(">=", place, 0), k.compare("<", place, extent)])
    update = values.at(op.update, _replaced(index, axis, _clamped(k, place, k.sub(extent, 1))))
    return k.select(inside, update, values.at(op.x, index))


@indexed(OneHot)
def one_hot(values: Values, op: OneHot, index: At) -> Element:
    k = values.k
    axis = op.axis % len(index)
    element = values.at(op.indices, (*index[:axis], *index[axis + 1 :]))
    wanted = registers.converted(k, element, op.indices.tensor.dtype, DType.I64)
    depth = k.dim(op.result.tensor.dims[axis])
    wanted = k.select(k.compare("<", wanted, 0), k.add(wanted, depth), wanted)
    off, on = values.at(op.values, (0,)), values.at(op.values, (1,))
    return k.select(k.compare("==", wanted, index[axis]), on, off)


def wrapped(values: Values, indices: Value, index: Sequence[Index], extent: Dim) -> Index:
    """An element of an index tensor as an index into an axis: counted from the back where negative, kept inside.

    That it lies inside is checked before the kernel runs (mlc.codegen.kernels.gather).
    """
    k = values.k
    place = registers.converted(k, values.at(indices, index), indices.tensor.dtype, DType.I64)
    size = k.dim(extent)
    place = k.select(k.compare("<", place, 0), k.add(place, size), place)
    return _clamped(k, place, k.sub(size, 1))


def zero(k: Builder, dtype: DType, index: Sequence[Index]) -> Element:
    """0 of a dtype, for each lane of the index."""
    count = lanes_of(*index)
    number = registers.constant(dtype, 0)
    return number if count is None else k.splat(number, count)


def _replaced(index: Sequence[Index], axis: int, at: Index) -> list[Index]:
    return [at if i == axis else x for i, x in enumerate(index)]
