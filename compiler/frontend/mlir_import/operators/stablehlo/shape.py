"""StableHLO's data movement: broadcasts, reshapes, slices, pads, and those of them whose sizes are operands."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.operators.placing import put
from mlc.frontend.mlir_import.registry import mlir_op
from mlc.ir import Array, Dim, DType, Value
from mlc.ir.dims import floordiv, product
from mlc.ops import (
    Add,
    Clip,
    Concat,
    DynamicSlice,
    Maximum,
    Minimum,
    Pad,
    Range,
    Reshape,
    Slice,
    constant_value,
)


@mlir_op("stablehlo.constant", "chlo.constant")
def constant(g: Graph, *, value: Array) -> Value:
    """The numbers that stand in the text."""
    return filled(g, value)


def filled(g: Graph, array: Array) -> Value:
    """A constant; one number in many places is kept as one."""
    is_splat = array.ndim > 0 and array.size > 1 and not any(array.strides)
    if not is_splat:
        return g.constant(array)
    return g.expand(g.constant(np.array(array[(0,) * array.ndim])), array.shape)


@mlir_op("stablehlo.iota")
def iota(g: Graph, *, iota_dimension: int) -> Value:
    """The index along one axis."""
    return _counted(g, g.result_dims(), iota_dimension)


@mlir_op("stablehlo.dynamic_iota")
def dynamic_iota(g: Graph, output_shape: tuple[Dim, ...], *, iota_dimension: int) -> Value:
    """The index along one axis of a shape that is computed."""
    return _counted(g, output_shape, iota_dimension)


def _counted(g: Graph, dims: Sequence[Dim], axis: int) -> Value:
    count = dims[axis]
    if isinstance(count, int):
        numbers = g.constant(np.arange(count).astype(g.dtype.numpy))
    else:
        start, step = g.scalar(0, DType.I64), g.scalar(1, DType.I64)
        numbers = g.cast(g(Range(start, g.size(count), step, count=count)), g.dtype)
    shaped = g.reshape(numbers, tuple(count if i == axis else 1 for i in range(axis, len(dims))))
    return g.expand(shaped, tuple(dims))


@mlir_op("stablehlo.broadcast_in_dim")
def broadcast_in_dim(g: Graph, operand: Value, *, broadcast_dimensions: tuple[int, ...]) -> Value:
    """x with its axes at the given places of a larger shape, repeated along the others."""
    return broadcast(g, operand, broadcast_dimensions, g.result_dims())


@mlir_op("stablehlo.dynamic_broadcast_in_dim", ignores=("known_expanding_dimensions", "known_nonexpanding_dimensions"))
def dynamic_broadcast_in_dim(
    g: Graph, operand: Value, output_dimensions: tuple[Dim, ...], *, broadcast_dimensions: tuple[int, ...]
) -> Value:
    """broadcast_in_dim to a shape that is computed."""
    return broadcast(g, operand, broadcast_dimensions, output_dimensions)


@mlir_op("stablehlo.broadcast")
def broadcast_in_front(g: Graph, operand: Value, *, broadcast_sizes: tuple[int, ...]) -> Value:
    """x repeated along new axes in front."""
    return g.expand(operand, (*broadcast_sizes, *operand.tensor.dims))


def broadcast(g: Graph, x: Value, axes: Sequence[int], dims: Sequence[Dim]) -> Value:
    """x with axis i at place axes[i] of `dims`, repeated along the others."""
    order = sorted(range(len(axes)), key=lambda i: axes[i])
    x = g.transpose(x, order)
    places = {axes[i]: d for i, d in zip(order, x.tensor.dims, strict=True)}
    first = min(places, default=len(dims))
    # Axes in front of the first come by themselves: shapes are aligned at their ends.
    shaped = g.reshape(x, tuple(places.get(i, 1) for i in range(first, len(dims))))
    return g.expand(shaped, tuple(dims))


@mlir_op("stablehlo.reshape")
def reshape(g: Graph, operand: Value) -> Value:
    """The elements in another shape."""
    stated = g.result_type.shape
    rest = floordiv(operand.tensor.element_count, product([d for d in stated if d is not None]))
    if sum(d is None for d in stated) > 1:
        raise g.error("more than one `?` in its result leaves the shape open")
    return g.reshape(operand, tuple(rest if d is None else d for d in stated))


@mlir_op("stablehlo.dynamic_reshape")
def dynamic_reshape(g: Graph, operand: Value, output_shape: Value) -> Value:
    """The elements in a shape that is computed."""
    dims = g.known_dims(output_shape)
    if dims is not None:
        return g.reshape(operand, dims)
    shape = g.cast(output_shape, DType.I64)
    return g(Reshape(operand, shape, dims=g.result_dims(), keeps_zero=True))


@mlir_op("stablehlo.get_dimension_size")
def get_dimension_size(g: Graph, operand: Value, *, dimension: int) -> Dim:
    """The extent of an axis."""
    return operand.tensor.dims[dimension]


@mlir_op("stablehlo.transpose")
def transpose(g: Graph, operand: Value, *, permutation: tuple[int, ...]) -> Value:
    """x with axis permutation[i] at place i."""
    return g.transpose(operand, permutation)


@mlir_op("stablehlo.concatenate")
def concatenate(g: Graph, *inputs: Value, dimension: int) -> Value:
    """One after another along an axis."""
    return inputs[0] if len(inputs) == 1 else g(Concat(list(inputs), dimension))


@mlir_op("stablehlo.reverse")
def reverse(g: Graph, operand: Value, *, dimensions: tuple[int, ...]) -> Value:
    """x from its last to its first element along the axes."""
    return reversed_along(g, operand, dimensions)


def reversed_along(g: Graph, x: Value, axes: Sequence[int]) -> Value:
    """x from its last to its first element along the axes."""
    if not axes:
        return x
    dims = x.tensor.dims
    starts = tuple(d - 1 if i in axes else 0 for i, d in enumerate(dims))
    return g(Slice(x, starts, dims, tuple(-1 if i in axes else 1 for i in range(len(dims)))))


@mlir_op("stablehlo.slice")
def slice_(
    g: Graph,
    operand: Value,
    *,
    start_indices: tuple[int, ...],
    limit_indices: tuple[int, ...],
    strides: tuple[int, ...],
) -> Value:
    """Every strides-th element from start_indices to limit_indices, exclusive."""
    dims = tuple(-(-(b - a) // s) for a, b, s in zip(start_indices, limit_indices, strides, strict=True))
    return _sliced(g, operand, start_indices, dims, strides)


def _sliced(g: Graph, x: Value, starts: Sequence[Dim], dims: Sequence[Dim], strides: Sequence[int]) -> Value:
    if tuple(dims) == x.tensor.dims:
        return x
    return g(Slice(x, tuple(starts), tuple(dims), tuple(strides)))


@mlir_op("stablehlo.real_dynamic_slice")
def real_dynamic_slice(g: Graph, operand: Value, start_indices: Value, limit_indices: Value, strides: Value) -> Value:
    """A slice whose bounds are computed."""
    known = [g.known_dims(v) for v in (start_indices, limit_indices, strides)]
    starts, limits, steps = known
    if starts is not None and limits is not None and steps is not None and all(s == 1 for s in steps):
        dims = tuple(b - a for a, b in zip(starts, limits, strict=True))
        return _sliced(g, operand, starts, dims, (1,) * len(dims))
    start, limit, step = (g.cast(v, DType.I64) for v in (start_indices, limit_indices, strides))
    return g(DynamicSlice(operand, start, limit, steps=step, dims=g.result_dims()))


@mlir_op("stablehlo.dynamic_slice")
def dynamic_slice(g: Graph, operand: Value, *start_indices: Value, slice_sizes: tuple[int, ...]) -> Value:
    """slice_sizes elements from places that are computed, which are moved so that all of them exist."""
    dims = operand.tensor.dims
    axes = [i for i, (d, n) in enumerate(zip(dims, slice_sizes, strict=True)) if d != n]
    if not axes:
        return operand
    known = [_known_start(start_indices[i], dims[i], slice_sizes[i]) for i in axes]
    if all(k is not None for k in known):
        starts = [0] * len(dims)
        for axis, start in zip(axes, known, strict=True):
            assert start is not None
            starts[axis] = start
        return g(Slice(operand, tuple(starts), slice_sizes, (1,) * len(dims)))
    begins = starts_of(g, operand, [start_indices[i] for i in axes], axes, slice_sizes)
    ends = g(Add(begins, g.ints([slice_sizes[i] for i in axes])))
    return g(DynamicSlice(operand, begins, ends, g.ints(axes), dims=slice_sizes))


def _known_start(start: Value, size: Dim, count: int) -> int | None:
    array = constant_value(start)
    if array is None or not isinstance(size, int):
        return None
    return int(min(max(int(array.item()), 0), size - count))


def starts_of(g: Graph, x: Value, starts: Sequence[Value], axes: Sequence[int], sizes: Sequence[Dim]) -> Value:
    """The starts along `axes` as a vector of i64, moved so that `sizes` elements of x are behind each."""
    one = [g.reshape(g.cast(s, DType.I64), (1,)) for s in starts]
    vector = one[0] if len(one) == 1 else g(Concat(one, 0))
    room = [x.tensor.dims[i] - sizes[i] for i in axes]
    numbers = [d for d in room if isinstance(d, int)]
    if len(numbers) == len(room):
        last = g.ints(numbers)
    else:
        last = g(Concat([g.reshape(g.scalar(d, DType.I64), (1,)) for d in room], 0))
    if len(axes) == 1:
        return g(Clip(vector, g.scalar(0, DType.I64), g.reshape(last, ())))
    return g(Minimum(g(Maximum(vector, g.scalar(0, DType.I64))), last))


@mlir_op("stablehlo.dynamic_update_slice")
def dynamic_update_slice(g: Graph, operand: Value, update: Value, *start_indices: Value) -> Value:
    """x with `update` put at places that are computed, which are moved so that it fits."""
    dims, sizes = operand.tensor.dims, update.tensor.dims
    axes = [i for i, (d, n) in enumerate(zip(dims, sizes, strict=True)) if d != n]
    if not axes:
        return update
    return put(g, operand, update, axes, starts_of(g, operand, [start_indices[i] for i in axes], axes, sizes))


@mlir_op("stablehlo.pad")
def pad(
    g: Graph,
    operand: Value,
    padding_value: Value,
    *,
    edge_padding_low: tuple[int, ...],
    edge_padding_high: tuple[int, ...],
    interior_padding: tuple[int, ...],
) -> Value:
    """x with elements added around it and between its own, or taken away where a pad is negative."""
    return padded(g, operand, padding_value, edge_padding_low, edge_padding_high, interior_padding)


@mlir_op("stablehlo.dynamic_pad")
def dynamic_pad(
    g: Graph,
    operand: Value,
    padding_value: Value,
    edge_padding_low: tuple[Dim, ...],
    edge_padding_high: tuple[Dim, ...],
    interior_padding: tuple[Dim, ...],
) -> Value:
    """pad by numbers that are computed."""
    inner = [d for d in interior_padding if isinstance(d, int)]
    if len(inner) != len(interior_padding):
        raise g.error("elements between those of x must be a known number")
    return padded(g, operand, padding_value, edge_padding_low, edge_padding_high, inner)


def padded(g: Graph, x: Value, value: Value, low: Sequence[Dim], high: Sequence[Dim], interior: Sequence[int]) -> Value:
    """x with `interior` elements between two of its own, then low and high ones around it."""
    ends = list(high)
    for axis, count in enumerate(interior):
        if count and x.tensor.dims[axis] not in (0, 1):
            x = _spread(g, x, value, axis, count)
            ends[axis] = ends[axis] - count  # those behind the last
    if not any(d != 0 for d in (*low, *ends)):
        return x
    return g(Pad(x, value, pads=(*low, *ends)))


def _spread(g: Graph, x: Value, value: Value, axis: int, count: int) -> Value:
    """x with `count` elements behind each of its own along the axis."""
    dims = x.tensor.dims
    column = g.reshape(x, (*dims[: axis + 1], 1, *dims[axis + 1 :]))
    pads = [0] * (2 * (len(dims) + 1))
    pads[len(dims) + 1 + axis + 1] = count
    rows = g(Pad(column, value, pads=tuple(pads)))
    return g.reshape(rows, (*dims[:axis], dims[axis] * (count + 1), *dims[axis + 1 :]))
