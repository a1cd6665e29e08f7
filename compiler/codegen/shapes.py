"""Shapes that only the run can tell: code in main that reads them from operands, and defines or checks symbols.

An op whose result has new symbols, or dims that an operand must confirm, has a function here that gives the actual
extents from the contents of its operands.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from llvmlite import ir

from mlc.codegen import registers
from mlc.codegen.builder import F64, Builder, Num
from mlc.codegen.main import MainBuilder
from mlc.codegen.registry import NoKernel
from mlc.codegen.schedule import Inline
from mlc.codegen.steps import Step
from mlc.ir import DType, Op, Value
from mlc.ops import DynamicSlice, Expand, OneHot, Pad, Range, Reshape, Tile

Shaped = Callable[[MainBuilder, Any], Sequence[Num]]
_SHAPES: dict[type[Op], tuple[tuple[str, ...], Shaped]] = {}


def steps_for(op: Op) -> list[Step]:
    """Code before the op's kernel that resolves its result's dims, where they depend on operands' contents."""
    if type(op) not in _SHAPES:
        return []
    fields, function = _SHAPES[type(op)]
    operands = [getattr(op, name) for name in fields]
    present = tuple(v for v in operands if isinstance(v, Value))
    if not present:
        if isinstance(op, Reshape):
            return [Inline(partial(_check_reshape, op=op), (), op)]
        return [Inline(partial(_check_pad, op=op), (), op)] if isinstance(op, Pad) else []

    if any(not v.tensor.is_static for v in present):
        raise NoKernel("how many numbers its shape operand holds is not known when compiling")

    def emit(m: MainBuilder) -> None:
        extents = function(m, op)
        for result in op.results:
            m.resolve(result, extents, op)

    return [Inline(emit, present, op)]


def shaped(cls: type[Op], *fields: str) -> Callable[[Shaped], Shaped]:
    """Registers `f(m, op)`, the result's extents, for ops that have one of these operand fields."""

    def register(function: Shaped) -> Shaped:
        _SHAPES[cls] = fields, function
        return function

    return register


def _check_reshape(m: MainBuilder, op: Reshape) -> None:
    before, after = op.x.tensor.element_count, op.result.tensor.element_count
    if before != after:
        have, want = m.dim(before), m.dim(after)
        m.require(m.compare("==", have, want), f"{before} = {{0}} elements in, {after} = {{1}} out", have, want, op=op)


@shaped(Reshape, "shape")
def reshape(m: MainBuilder, op: Reshape) -> list[Num]:
    assert op.shape is not None
    x = op.x.tensor.dims
    wanted: list[Num] = []
    for axis in range(op.result.tensor.rank):
        size = m.element(op.shape, axis)
        if not op.keeps_zero and axis < len(x):
            size = m.select(m.compare("==", size, 0), m.dim(x[axis]), size)
        wanted.append(size)
    total = m.dim(op.x.tensor.element_count)
    rest: Num = 1
    for size in wanted:
        rest = m.mul(rest, m.select(m.compare("==", size, -1), 1, size))
    left = m.select(m.compare("==", rest, 0), 0, m.floordiv(total, m.maximum(rest, 1)))
    extents = [m.select(m.compare("==", size, -1), left, size) for size in wanted]
    count: Num = 1
    for size in extents:
        count = m.mul(count, size)
    m.require(m.compare("==", count, total), "{0} elements cannot be reshaped to {1}", total, count, op=op)
    return extents


@shaped(Expand, "shape")
def expand(m: MainBuilder, op: Expand) -> list[Num]:
    assert op.shape is not None
    rank = op.result.tensor.rank
    given = op.shape.tensor.dims[0]
    assert isinstance(given, int), given
    x = (1,) * (rank - op.x.tensor.rank) + op.x.tensor.dims
    extents: list[Num] = []
    for axis in range(rank):
        place = axis - (rank - given)
        size = m.element(op.shape, place) if place >= 0 else 1
        own = m.dim(x[axis])
        fits = m.ir.or_(m.compare("==", own, size), m.ir.or_(m.compare("==", own, 1), m.compare("==", size, 1)))
        m.require(fits, f"dim {axis} of {{0}} does not broadcast to {{1}}", own, size, op=op)
        extents.append(m.select(m.compare("==", own, 1), size, own))
    return extents


@shaped(Tile, "counts")
def tile(m: MainBuilder, op: Tile) -> list[Num]:
    assert op.counts is not None
    return [m.mul(m.dim(d), m.element(op.counts, axis)) for axis, d in enumerate(op.x.tensor.dims)]


@shaped(Pad, "amounts", "axes")
def pad(m: MainBuilder, op: Pad) -> list[Num]:
    assert op.amounts is not None
    rank = op.x.tensor.rank
    amounts: list[tuple[Num, Num]] = [(0, 0)] * rank
    count = op.amounts.tensor.dims[0] // 2
    assert isinstance(count, int)
    for place in range(count):
        given = m.element(op.amounts, place), m.element(op.amounts, place + count)
        named = _axis(m, op, op.axes, place, rank)
        for axis, (before, after) in enumerate(amounts):
            is_it = m.ir.or_(m.compare("==", named, axis), m.compare("==", named, axis - rank))
            amounts[axis] = m.select(is_it, given[0], before), m.select(is_it, given[1], after)
    return _padded(m, op, amounts)


def _check_pad(m: MainBuilder, op: Pad) -> None:
    assert op.pads is not None
    rank = op.x.tensor.rank
    _padded(m, op, [(m.dim(op.pads[axis]), m.dim(op.pads[rank + axis])) for axis in range(rank)])


def _padded(m: MainBuilder, op: Pad, amounts: Sequence[tuple[Num, Num]]) -> list[Num]:
    """The extents with these numbers of elements before and after each axis; other modes than constant need some."""
    extents = [m.dim(d) for d in op.x.tensor.dims]
    for axis, (before, after) in enumerate(amounts):
        kept = m.add(extents[axis], m.add(m.minimum(before, 0), m.minimum(after, 0)))
        grown = m.add(m.maximum(before, 0), m.maximum(after, 0))
        if op.mode != "constant" and not (isinstance(kept, int) and isinstance(grown, int)):
            has_some = m.ir.or_(m.compare(">", kept, 0), m.compare("<=", grown, 0))
            m.require(has_some, f"axis {axis} has no element that mode {op.mode} could repeat", op=op)
        extents[axis] = m.add(kept, grown)
    return extents


@shaped(Range, "start", "limit", "delta")
def range_(m: MainBuilder, op: Range) -> list[Num]:
    """ceil((limit - start) / delta), at least 0; of floats in f64."""
    dtype = op.result.tensor.dtype
    if dtype.is_float:
        start, limit, delta = (
            registers.converted(m, m.scalar(v), dtype, DType.F64) for v in (op.start, op.limit, op.delta)
        )
        steps = m.intrinsic("ceil", m.ir.fdiv(m.ir.fsub(limit, start), delta))
        is_count = m.ir.fcmp_ordered("<", steps, ir.Constant(F64, 2.0**62))
        m.require(is_count, "a range from start to limit by delta has no end", op=op)
        return [m.maximum(registers.converted(m, steps, DType.F64, DType.I64), 0)]
    start, limit, delta = (m.i64(m.element(v, 0)) for v in (op.start, op.limit, op.delta))
    m.require(m.compare("!=", delta, 0), "delta is 0", op=op)
    is_down = m.compare("<", delta, 0)
    span = m.ir.select(is_down, m.sub(start, limit), m.sub(limit, start))
    size = m.ir.select(is_down, m.sub(0, delta), delta)
    steps = m.ir.sdiv(m.add(span, m.sub(size, 1)), size)
    return [m.maximum(m.select(m.compare("<", span, 0), 0, steps), 0)]


def _axis(m: MainBuilder, op: Op, axes: Value | None, place: int, rank: int) -> Num:
    """The axis that the entry at `place` is about, which must be one of `rank`; may count from the back."""
    if axes is None:
        return place
    axis = m.element(axes, place)
    is_one = m.ir.and_(m.compare(">=", axis, -rank), m.compare("<", axis, rank))
    m.require(is_one, f"axis {{0}} is outside of [-{rank}, {rank})", axis, op=op)
    return axis


@shaped(OneHot, "depth_operand")
def one_hot(m: MainBuilder, op: OneHot) -> list[Num]:
    assert op.depth_operand is not None
    dims = op.indices.tensor.dims
    axis = op.axis % (len(dims) + 1)
    depth = registers.converted(m, m.scalar(op.depth_operand), op.depth_operand.tensor.dtype, DType.I64)
    return [*(m.dim(d) for d in dims[:axis]), depth, *(m.dim(d) for d in dims[axis:])]


@shaped(DynamicSlice, "starts", "ends", "axes", "steps")
def dynamic_slice(m: MainBuilder, op: DynamicSlice) -> list[Num]:
    extents = [m.dim(d) for d in op.x.tensor.dims]
    count = op.starts.tensor.dims[0]
    assert isinstance(count, int)
    for place in range(count):
        _axis(m, op, op.axes, place, len(extents))
        if op.steps is not None:
            m.require(m.compare("!=", m.element(op.steps, place), 0), f"step {place} is 0", op=op)
    for axis, (_, size, _) in enumerate(slice_bounds(m, op, lambda v, i: m.i64(m.element(v, i)), list(extents))):
        extents[axis] = size
    return extents


def slice_bounds(
    k: Builder, op: DynamicSlice, element: Callable[[Value, int], Num], extents: Sequence[Num]
) -> list[tuple[Num, Num, Num]]:
    """Start, extent and step for each axis of a DynamicSlice, clamped as numpy's slices are."""
    rank = len(extents)
    count = op.starts.tensor.dims[0]
    assert isinstance(count, int)
    bounds: list[tuple[Num, Num, Num]] = [(0, extent, 1) for extent in extents]
    for place in range(count):
        start, end = element(op.starts, place), element(op.ends, place)
        step = element(op.steps, place) if op.steps is not None else 1
        named = element(op.axes, place) if op.axes is not None else place
        for axis, extent in enumerate(extents):
            if op.axes is None and axis != place:
                continue
            found = _one_slice(k, start, end, step, extent)
            is_it = k.ir.or_(k.compare("==", named, axis), k.compare("==", named, axis - rank))
            old = bounds[axis]
            start_now, size_now, step_now = (k.select(is_it, new, was) for new, was in zip(found, old, strict=True))
            bounds[axis] = start_now, size_now, step_now
    return bounds


def _one_slice(k: Builder, start: Num, end: Num, step: Num, extent: Num) -> tuple[Num, Num, Num]:
    is_down = k.compare("<", step, 0)
    low, high = k.select(is_down, -1, 0), k.select(is_down, k.sub(extent, 1), extent)

    def clamped(bound: Num) -> Num:
        bound = k.select(k.compare("<", bound, 0), k.maximum(k.add(bound, extent), low), bound)
        return k.minimum(bound, high)

    first, last = clamped(start), clamped(end)
    span = k.select(is_down, k.sub(first, last), k.sub(last, first))
    # The least i64 has no negative; a step as long as the next one takes the same elements.
    size = k.select(is_down, k.mul(k.maximum(step, -(2**63 - 1)), -1), step)
    size = k.maximum(size, 1)
    count = k.floordiv(k.add(k.maximum(span, 0), k.sub(size, 1)), size)
    return first, count, step
