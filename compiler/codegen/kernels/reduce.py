"""Reductions over axes: sum, product, mean, largest, smallest.

Where the last dim is reduced, a unit is one result: vectors run along the line, four in flight, and are combined at its
end. Where the last dim stays, vectors run across it and each lane is a result of its own. The order in which elements
are combined follows from the shape and the target alone. Many elements for few results are cut into parts of fixed
length first, whose results are combined by a second launch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from mlc.codegen import registers
from mlc.codegen.builder import Builder, Index, Num
from mlc.codegen.elements.arithmetic import larger, smaller
from mlc.codegen.kernel import Kernel
from mlc.codegen.kernels.spaces import (
    Fold,
    Space,
    bundles,
    chunk,
    chunks_of,
    fold_across,
    fold_line,
    lanes_for,
    nest,
    reduced_space,
    total_of,
)
from mlc.codegen.kernels.tiles import accumulator
from mlc.codegen.main import MainBuilder
from mlc.codegen.registry import kernel
from mlc.codegen.schedule import Plan
from mlc.ir import Dim, DType, Value
from mlc.ir.dims import product
from mlc.ops import ReduceMax, ReduceMean, ReduceMin, ReduceProd, ReduceSum
from mlc.ops.reduce import Reduction

# Elements of one part where a reduction is cut, and from how many on it is.
PART = 1 << 15


@kernel(ReduceSum, ReduceProd, ReduceMean, ReduceMax, ReduceMin, prologue=True)
def reduce(plan: Plan, op: Reduction) -> None:
    """Along lines or across them; axes that only the run knows are walked element by element."""
    axes = known_axes(plan, op)
    if op.axes is None and op.axes_operand is not None:
        add_resolution(plan, op, op.axes_operand)
    if axes is None:
        _at_run_time(plan, op)
        return
    kinds = ["line" if i in axes else "row" for i in range(op.x.tensor.rank)]
    space = reduced_space(plan, op.x, kinds, "line", op.keep_dims)
    plan.choose("dims", " x ".join(f"{kind} {d}" for d, kind in zip(space.dims, space.kinds, strict=True)) or "scalar")
    if not space.kinds or space.kinds[-1] == "line":
        _along(plan, op, space)
    else:
        _across(plan, op, space)


def known_axes(plan: Plan, op: Reduction) -> tuple[int, ...] | None:
    """The axes counted from the front; None when only the run knows them."""
    rank = op.x.tensor.rank
    axes = op.axes
    if axes is None and op.axes_operand is not None:
        given = plan.group.immediates.get(op.axes_operand)
        if given is None and op.axes_operand.tensor.element_count != 0:
            return None
        axes = (int(given.reshape(-1)[0]),) if given is not None else ()
        if not axes and not op.is_noop_without_axes:
            axes = None
    return tuple(range(rank)) if axes is None else tuple(a % rank for a in axes)


def fold_of(op: Reduction) -> Fold:
    """How elements of x are combined, in the dtype they are combined in."""
    dtype = accumulator(op.x.tensor.dtype)
    match op:
        case ReduceMean() if not dtype.is_float:
            return total_of(DType.U64 if op.x.tensor.dtype is DType.U64 else DType.I64)
        case ReduceSum() | ReduceMean():
            return total_of(dtype)
        case ReduceProd():
            return Fold(dtype, 1, lambda k, x, y: k.ir.fmul(x, y) if dtype.is_float else k.ir.mul(x, y))
        case ReduceMax():
            return Fold(dtype, _extreme(dtype, -1), lambda k, x, y: larger(k, dtype, x, y))
        case ReduceMin():
            return Fold(dtype, _extreme(dtype, 1), lambda k, x, y: smaller(k, dtype, x, y))
    raise AssertionError(op)


def _extreme(dtype: DType, sign: int) -> float:
    """The value no other is above (sign 1) or below (-1)."""
    if dtype.is_float:
        return sign * math.inf
    lowest = -(1 << (dtype.bits - 1)) if dtype.is_signed else 0
    return lowest if sign < 0 else lowest + (1 << dtype.bits) - 1 if dtype is not DType.BOOL else 1


def finished(k: Kernel, op: Reduction, total: ir.Value, count: Num) -> ir.Value:
    """The result of a fold over `count` elements, in x's dtype."""
    dtype = fold_of(op).dtype
    if isinstance(op, ReduceMean) and dtype.is_float:
        divisor = registers.converted(k, k.i64(count), DType.I64, dtype)
        total = k.ir.fdiv(*k.unified(total, divisor))
    elif isinstance(op, ReduceMean):
        divide = k.ir.sdiv if dtype.is_signed else k.ir.udiv
        total = divide(*k.unified(total, k.i64(k.maximum(count, 1))))
    target = op.x.tensor.dtype
    return registers.rounded(k, target, total) if dtype is target else registers.converted(k, total, dtype, target)


def _read(k: Kernel, op: Reduction, index: Sequence[Index]) -> ir.Value:
    return registers.converted(k, k.value_of(op.x, index), op.x.tensor.dtype, fold_of(op).dtype)


def _result_index(op: Reduction, space: Space, row: Sequence[Index]) -> list[Index]:
    """Where the result of these kept indices is: merged dims have no reduced ones."""
    if space.shapes is None and op.keep_dims:
        return list(space.index(row=row, line=[0] * len(space.dims)))
    return list(row)


def _along(plan: Plan, op: Reduction, space: Space) -> None:
    rows, line = space.extents("row"), space.extents("line")
    fold = fold_of(op)
    lanes = lanes_for(plan, line[-1] if line else 1, op.x, fold.dtype, has_scalar_results=True)
    plan.choose("lanes", lanes)
    if _is_worth_cutting(plan, rows, line):
        _in_parts(plan, op, space, lanes)
        return

    @plan.each(product(rows), cost=product(line), shapes=space.shapes)
    def one(k: Kernel, number: Any) -> None:
        at = k.unravel(number, [k.dim(d) for d in rows])
        extents = [k.dim(d) for d in line]
        total = fold_line(k, fold, extents, lanes, lambda i: _read(k, op, space.index(row=at, line=i)))
        k.emit(_result_index(op, space, at), finished(k, op, total, k.dim(product(line))))


def _is_worth_cutting(plan: Plan, rows: tuple[Dim, ...], line: tuple[Dim, ...]) -> bool:
    """Whether there are fewer results than cores could share, each of one long line."""
    length = product(line)
    is_long = len(line) == 1 and isinstance(length, int) and length >= 4 * PART
    return is_long and plan.estimate(product(rows)) <= 8


def _in_parts(plan: Plan, op: Reduction, space: Space, lanes: int) -> None:
    rows, (length,) = space.extents("row"), space.extents("line")
    fold = fold_of(op)
    assert isinstance(length, int)
    count = -(-length // PART)
    parts = plan.temporary(fold.dtype, product(rows), count)
    plan.choose("parts", count)

    @plan.each(product(rows) * count, cost=PART, shapes=space.shapes)
    def part(k: Kernel, number: Any) -> None:
        row, place = k.unravel(number, [k.dim(product(rows)), count])
        at = k.unravel(row, [k.dim(d) for d in rows])
        start = k.mul(place, PART)
        size = k.minimum(PART, k.sub(length, start))
        total = fold_line(
            k, fold, [size], lanes, lambda i: _read(k, op, space.index(row=at, line=[k.add(start, i[0])]))
        )
        k.write(k.tensor(parts), (row, place), total)

    @plan.each(product(rows), cost=count, shapes=space.shapes)
    def one(k: Kernel, row: Any) -> None:
        total = k.variable(fold.start(k))
        with k.loop(0, count) as place:
            total.set(fold.combine(k, total.get(), k.read(k.tensor(parts), (row, place))))
        at = k.unravel(row, [k.dim(d) for d in rows])
        k.emit(_result_index(op, space, at), finished(k, op, total.get(), length))


def _across(plan: Plan, op: Reduction, space: Space) -> None:
    *outer, inner = space.extents("row")
    line = space.extents("line")
    fold = fold_of(op)
    lanes = lanes_for(plan, inner, op.x, fold.dtype)
    plan.choose("lanes", f"{lanes} across")
    chunks = chunks_of(inner)
    width = plan.estimate(inner) // plan.estimate(chunks) if plan.estimate(chunks) else 1

    @plan.each(product(outer) * chunks, cost=product(line) * max(width, 1), shapes=space.shapes)
    def one(k: Kernel, number: Any) -> None:
        *at, place = k.unravel(number, [*(k.dim(d) for d in outer), k.dim(chunks)])
        start, stop = chunk(k, place, inner)
        extents = [k.dim(d) for d in line]
        for bundle in bundles(k, start, stop, lanes):
            totals = fold_across(k, fold, extents, bundle, lambda i, j: _read(k, op, space.index(row=[*at, j], line=i)))
            for j, total in zip(bundle, totals, strict=True):
                k.emit(_result_index(op, space, [*at, j]), finished(k, op, total, k.dim(product(line))))


# --- axes that are data ---


def _at_run_time(plan: Plan, op: Reduction) -> None:
    """One unit per result: each axis is either in its index or walked over."""
    operand = op.axes_operand
    assert operand is not None
    fold = fold_of(op)
    rank, dims = op.x.tensor.rank, op.x.tensor.dims
    plan.choose("axes", "known at run time")

    def body(k: Kernel, begin: Any, end: Any) -> None:
        axes = k.tensor(operand)
        count = k.dim(operand.tensor.element_count)
        reduced = _reduced(k, op, count, lambda i: k.read_as(DType.I64, axes, (i,)))
        extents = [k.dim(d) for d in dims]
        kept = [k.select(r, 1, d) for r, d in zip(reduced, extents, strict=True)]
        walked = [k.select(r, d, 1) for r, d in zip(reduced, extents, strict=True)]
        total_count: Num = 1
        for extent in walked:
            total_count = k.mul(total_count, extent)
        with k.loop(begin, end) as number:
            at = k.unravel(number, kept)
            total = k.variable(fold.start(k))
            with nest(k, walked) as i:
                fold.take(k, total, _read(k, op, [k.add(a, b) for a, b in zip(at, i, strict=True)]))
            result = [k.dim(d) for d in op.result.tensor.dims]
            k.emit(k.unravel(number, result), finished(k, op, total.get(), total_count))

    cost = product(dims[: max(rank // 2, 1)])
    plan.launch(body, count=op.result.tensor.element_count, cost=cost)


def add_resolution(plan: Plan, op: Reduction, operand: Value) -> None:
    """Code in main that finds the result's dims."""

    rank = op.x.tensor.rank

    def resolve(m: MainBuilder) -> None:
        count = m.dim(operand.tensor.element_count)
        with m.loop(0, count) as i:
            axis = m.i64(m.element(operand, i))
            is_axis = m.ir.and_(m.compare(">=", axis, -rank), m.compare("<", axis, rank))
            m.require(is_axis, f"axis {{0}} is not one of {op.x.type}", axis, op=op)
        reduced = _reduced(m, op, count, lambda i: m.i64(m.element(operand, i)))
        m.resolve(op.result, _result_extents(m, op, reduced), op)

    plan.inline(resolve, operand)


def _reduced(b: Builder, op: Reduction, count: Num, element: Any) -> list[ir.Value]:
    """For each axis of x whether it is one of the `count` numbers element(i)."""
    rank = op.x.tensor.rank
    nothing = ir.Constant(ir.IntType(1), 0)
    found = [b.variable(nothing) for _ in range(rank)]
    with b.loop(0, count) as i:
        named = element(i)
        for axis, flag in enumerate(found):
            is_it = b.ir.or_(b.compare("==", named, axis), b.compare("==", named, axis - rank))
            flag.set(b.ir.or_(flag.get(), is_it))
    is_all = nothing if op.is_noop_without_axes else b.compare("==", count, 0)
    return [b.ir.or_(flag.get(), is_all) for flag in found]


def _result_extents(m: MainBuilder, op: Reduction, reduced: Sequence[ir.Value]) -> list[Num]:
    dims = op.x.tensor.dims
    if op.keep_dims:
        return [m.select(r, 1, m.dim(d)) for r, d in zip(reduced, dims, strict=True)]
    extents: list[Num] = [0] * op.result.tensor.rank
    place: Num = 0
    for is_reduced, dim in zip(reduced, dims, strict=True):
        for number, extent in enumerate(extents):
            is_here = m.ir.and_(m.ir.not_(is_reduced), m.compare("==", place, number))
            extents[number] = m.select(is_here, m.dim(dim), extent)
        place = m.add(place, m.select(is_reduced, 0, 1))
    return extents
