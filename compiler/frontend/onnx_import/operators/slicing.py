"""Operators that take a part of a tensor, split it, or put something around it."""

from __future__ import annotations

from typing import Literal

from mlc.frontend.onnx_import.graph import Graph
from mlc.frontend.onnx_import.operators.shape import normalized
from mlc.frontend.onnx_import.registry import onnx_op
from mlc.ir import Dim, Value
from mlc.ir.dims import ceildiv, exact_div, lower_bound, maximum, minimum
from mlc.ops import CumSum, DynamicSlice, Pad, Slice

# Exporters write the largest or least number of 32 or 64 bits for "to the end".
_FAR = 2**31 - 1


def sliced(g: Graph, x: Value, axis: int, start: Dim, size: Dim) -> Value:
    """`size` elements of x from `start` on along an axis counted from the front."""
    dims = x.tensor.dims
    if start == 0 and size == dims[axis]:
        return x
    starts = tuple(start if a == axis else 0 for a in range(len(dims)))
    kept = tuple(size if a == axis else d for a, d in enumerate(dims))
    return g(Slice(x, starts=starts, dims=kept, steps=(1,) * len(dims)))


@onnx_op("Slice", since=1)
def slice_by_attributes(
    g: Graph, x: Value, *, starts: tuple[int, ...], ends: tuple[int, ...], axes: tuple[int, ...] | None = None
) -> Value:
    places = tuple(range(len(starts))) if axes is None else axes
    result = _static_slice(g, x, starts, ends, places, (1,) * len(starts))
    assert result is not None
    return result


@onnx_op("Slice", since=10)
def slice_(
    g: Graph, x: Value, starts: Value, ends: Value, axes: Value | None = None, steps: Value | None = None
) -> Value:
    first, last = g.dims(starts), g.dims(ends)
    places = tuple(range(len(first or ()))) if axes is None else g.ints_of(axes)
    strides = (1,) * len(first or ()) if steps is None else g.ints_of(steps)
    if x.tensor.shape is not None and first is not None and last is not None and places is not None and strides:
        result = _static_slice(g, x, first, last, places, strides)
        if result is not None:
            return result
    dims = _dims_when_dynamic(g, x, None if axes is None and first is None else places)
    return g(DynamicSlice(x, starts, ends, axes, steps, dims=dims))


def _dims_when_dynamic(g: Graph, x: Value, axes: tuple[int, ...] | None) -> tuple[Dim, ...]:
    """The declared dims, else those of x with new symbols along the axes, or along all that may be cut for None."""
    declared = g.declared()
    rank = x.tensor.rank if x.tensor.shape is not None else None
    if rank is None or axes is None or (declared is not None and declared.shape is not None):
        return g.result_dims(rank)
    cut = {normalized(g, a, rank) for a in axes}
    new = g.result_dims(rank)
    return tuple(new[a] if a in cut else d for a, d in enumerate(x.tensor.dims))


def _static_slice(
    g: Graph,
    x: Value,
    starts: tuple[Dim, ...],
    ends: tuple[Dim, ...],
    axes: tuple[int, ...],
    steps: tuple[int, ...],
) -> Value | None:
    """A Slice whose bounds are dims, or None where their signs are not known."""
    if not len(starts) == len(ends) == len(axes) == len(steps):
        raise g.error(f"starts, ends, axes and steps differ in length: {starts}, {ends}, {axes}, {steps}")
    rank = x.tensor.rank
    start: list[Dim] = [0] * rank
    size: list[Dim] = list(x.tensor.dims)
    step = [1] * rank
    for place, axis in enumerate(normalized(g, a, rank) for a in axes):
        if steps[place] == 0:
            raise g.error("a step is 0")
        bounds = _bounds(x.tensor.dims[axis], starts[place], ends[place], steps[place])
        if bounds is None:
            return None
        (start[axis], size[axis]), step[axis] = bounds, steps[place]
    if start == [0] * rank and tuple(size) == x.tensor.dims and set(step) <= {1}:
        return x
    return g(Slice(x, starts=tuple(start), dims=tuple(size), steps=tuple(step)))


def _bounds(extent: Dim, start: Dim, end: Dim, step: int) -> tuple[Dim, Dim] | None:
    """(first element, count) of extent[start:end:step], or None when a sign is not known."""
    if isinstance(extent, int) and isinstance(start, int) and isinstance(end, int):
        covered = range(*slice(start, end, step).indices(extent))
        return (covered.start, len(covered)) if len(covered) else (0, 0)
    if step < 0:
        is_whole = start == -1 or (isinstance(start, int) and start >= _FAR)
        to_front = isinstance(end, int) and end <= -_FAR
        return (extent - 1, ceildiv(extent, -step)) if is_whole and to_front else None
    stop = _clamped(extent, end)
    if stop is None or (first := _clamped(extent, start)) is None:
        return None
    if stop == extent and isinstance(start, int) and start < 0:
        return first, ceildiv(minimum(-start, extent), step)
    if _is_natural(start):
        first = start  # beyond the end there is nothing to begin with
    return first, maximum(ceildiv(stop - first, step), 0)


def _clamped(extent: Dim, bound: Dim) -> Dim | None:
    """A bound counted from the front and moved into [0, extent]."""
    if isinstance(bound, int) and bound >= _FAR:
        return extent
    if isinstance(bound, int) and bound < 0:
        return maximum(extent + bound, 0)
    if _is_natural(bound):
        return minimum(bound, extent)
    below = bound - extent  # such as N - 1 of N, where N may be 0
    return maximum(bound, 0) if isinstance(below, int) and -1 <= below <= 0 else None


def _is_natural(dim: Dim) -> bool:
    low = lower_bound(dim)
    return low is not None and low >= 0


@onnx_op("Split", since=2)
def split_by_attribute(g: Graph, x: Value, *, axis: int = 0, split: tuple[int, ...] | None = None) -> list[Value]:
    return parts(g, x, axis, split or _even(g, x, axis, g.output_count))


@onnx_op("Split", since=13)
def split(
    g: Graph, x: Value, split: Value | None = None, *, axis: int = 0, num_outputs: int | None = None
) -> list[Value]:
    if split is None:
        return parts(g, x, axis, _even(g, x, axis, num_outputs or g.output_count))
    sizes = g.dims(split)
    if sizes is not None:
        return parts(g, x, axis, sizes)
    place = normalized(g, axis, x.tensor.rank)
    ends = g(CumSum(split))
    starts = g(CumSum(split, is_exclusive=True))
    results = []
    for index in range(g.output_count):
        start, end = (sliced(g, v, 0, index, 1) for v in (starts, ends))
        size = g.result_dims(x.tensor.rank, index)[place]
        dims = tuple(size if a == place else d for a, d in enumerate(x.tensor.dims))
        results.append(g(DynamicSlice(x, start, end, g.ints([place]), dims=dims)))
    return results


def _even(g: Graph, x: Value, axis: int, count: int) -> tuple[Dim, ...]:
    """Equal sizes, the last ones smaller where they do not come out even."""
    extent = x.tensor.dims[normalized(g, axis, x.tensor.rank)]
    if (size := exact_div(extent, count)) is not None:
        return (size,) * count
    chunk = ceildiv(extent, count)
    return tuple(minimum(chunk, maximum(extent - i * chunk, 0)) for i in range(count))


def parts(g: Graph, x: Value, axis: int, sizes: tuple[Dim, ...]) -> list[Value]:
    """x cut along the axis into pieces of these sizes."""
    place = normalized(g, axis, x.tensor.rank)
    total = x.tensor.dims[place]
    start: Dim = 0
    results = []
    for size in sizes:
        results.append(sliced(g, x, place, start, size))
        start = start + size
    if isinstance(start, int) and isinstance(total, int) and start != total:
        raise g.error(f"parts of {list(sizes)} do not add up to the {total} elements of axis {axis}")
    return results


@onnx_op("Pad", since=2)
def pad_by_attributes(
    g: Graph, x: Value, *, pads: tuple[int, ...], mode: str = "constant", value: float = 0.0
) -> Value:
    return g(Pad(x, g.scalar(value, x.tensor.dtype), pads=pads, mode=_mode(g, mode)))


@onnx_op("Pad", since=11)
def pad(
    g: Graph, x: Value, pads: Value, value: Value | None = None, axes: Value | None = None, *, mode: str = "constant"
) -> Value:
    amounts = g.dims(pads)
    rank = x.tensor.rank
    places = tuple(range(rank)) if axes is None else g.ints_of(axes)
    if amounts is None or places is None:
        return g(Pad(x, value, pads, axes, mode=_mode(g, mode), dims=g.result_dims(rank)))
    if len(amounts) != 2 * len(places):
        raise g.error(f"pads has {len(amounts)} elements for {len(places)} axes")
    full: list[Dim] = [0] * (2 * rank)
    for index, axis in enumerate(normalized(g, a, rank) for a in places):
        full[axis], full[axis + rank] = amounts[index], amounts[index + len(places)]
    return g(Pad(x, value, pads=tuple(full), mode=_mode(g, mode)))


def _mode(g: Graph, mode: str) -> Literal["constant", "edge", "reflect", "wrap"]:
    match mode:
        case "constant" | "edge" | "reflect" | "wrap":
            return mode
        case other:
            raise g.error(f"attribute 'mode' must be constant, edge, reflect or wrap, got {other!r}")
