"""CumSum and CumProd: lines walked in order, vectors across them where the axis is not the last.

The order of additions is that of the line: nothing here is shared among threads or lanes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir

from mlc.codegen import registers
from mlc.codegen.builder import Index, Lanes, Num
from mlc.codegen.kernel import Kernel
from mlc.codegen.kernels.spaces import Fold, along, bundles, chunk, chunks_of, lanes_for, space_of, total_of
from mlc.codegen.kernels.tiles import accumulator
from mlc.codegen.main import MainBuilder
from mlc.codegen.registry import kernel
from mlc.codegen.schedule import Plan
from mlc.ir import DType, Value
from mlc.ir.dims import product
from mlc.ops import CumProd, CumSum

Place = Callable[[Index], tuple[Index, ...]]


@kernel(CumSum, CumProd, prologue=True)
def running(plan: Plan, op: CumSum | CumProd) -> None:
    """Along a known axis, or along one that is data."""
    if op.axis_operand is None:
        _along(plan, op, op.axis % op.x.tensor.rank)
    elif op.axis_operand in plan.group.immediates:
        axis = int(plan.group.immediates[op.axis_operand].reshape(-1)[0])
        _along(plan, op, axis % op.x.tensor.rank)
    else:
        _at_run_time(plan, op, op.axis_operand)


def _fold(op: CumSum | CumProd) -> Fold:
    dtype = accumulator(op.x.tensor.dtype)
    if isinstance(op, CumSum):
        return total_of(dtype)
    return Fold(dtype, 1, lambda k, x, y: k.ir.fmul(x, y) if dtype.is_float else k.ir.mul(x, y))


def _lines(k: Kernel, op: CumSum | CumProd, extent: Num, places: Sequence[Place], lanes: int | None) -> None:
    """The lines at these places together, one in each lane."""
    fold, dtype = _fold(op), op.x.tensor.dtype
    totals = [k.variable(fold.start(k, lanes)) for _ in places]
    with k.loop(0, extent) as step:
        i = k.sub(k.sub(extent, 1), step) if op.is_reverse else step
        for total, place in zip(totals, places, strict=True):
            before = total.get()
            value = registers.converted(k, k.value_of(op.x, place(i)), dtype, fold.dtype)
            fold.take(k, total, value)
            k.emit(place(i), _rounded(k, op, before if op.is_exclusive else total.get()))


def _rounded(k: Kernel, op: CumSum | CumProd, total: ir.Value) -> ir.Value:
    dtype = op.x.tensor.dtype
    if _fold(op).dtype is dtype:
        return registers.rounded(k, dtype, total)
    return registers.converted(k, total, _fold(op).dtype, dtype)


def _along(plan: Plan, op: CumSum | CumProd, axis: int) -> None:
    space = space_of(plan, [op.x], along(op.x.tensor.dims, axis))
    rows, (extent,), inner = space.extents("row"), space.extents("line"), space.extents("inner")
    *outer, last = inner or (1,)
    lanes = lanes_for(plan, last, op.x, _fold(op).dtype)
    chunks = chunks_of(last)
    width = plan.estimate(last) // max(plan.estimate(chunks), 1)
    plan.choose("dims", " x ".join(f"{kind} {d}" for d, kind in zip(space.dims, space.kinds, strict=True)))
    plan.choose("lanes", f"{lanes} across" if inner else "1")

    @plan.each(product((*rows, *outer)) * chunks, cost=extent * max(width, 1) * 2, shapes=space.shapes)
    def unit(k: Kernel, number: Any) -> None:
        *at, part = k.unravel(number, [*(k.dim(d) for d in (*rows, *outer)), k.dim(chunks)])
        row, before = at[: len(rows)], at[len(rows) :]
        if not inner:
            _lines(k, op, k.dim(extent), [lambda i: space.index(row=row, line=[i])], None)
            return

        def place_of(j: Index) -> Place:
            return lambda i: space.index(row=row, line=[i], inner=[*before, j])

        for bundle in bundles(k, *chunk(k, part, last), lanes):
            count = bundle[0].count if isinstance(bundle[0], Lanes) else None
            _lines(k, op, k.dim(extent), [place_of(j) for j in bundle], count)


def _at_run_time(plan: Plan, op: CumSum | CumProd, operand: Value) -> None:
    """A unit per element, of which those at the start of a line walk it."""
    dims = op.x.tensor.dims
    rank = len(dims)
    plan.choose("axis", "known at run time")

    add_axis_check(plan, op, operand)

    @plan.each(product(dims), cost=8)
    def unit(k: Kernel, number: Any) -> None:
        at = k.unravel(number, [k.dim(d) for d in dims])
        axis = k.read_as(DType.I64, k.tensor(operand, (1,)), (0,))
        is_axis = [k.ir.or_(k.compare("==", axis, i), k.compare("==", axis, i - rank)) for i in range(rank)]
        extent: Num = 0
        position: Num = 0
        for this, dim, i in zip(is_axis, dims, at, strict=True):
            extent = k.select(this, k.dim(dim), extent)
            position = k.select(this, i, position)

        def index(i: Index) -> tuple[Index, ...]:
            return tuple(k.select(this, i, own) for this, own in zip(is_axis, at, strict=True))

        with k.when(k.compare("==", position, 0)):
            _lines(k, op, extent, [index], None)


def add_axis_check(plan: Plan, op: CumSum | CumProd, operand: Value) -> None:
    """Makes the run fail where the axis is none of x."""
    rank = op.x.tensor.rank

    def check(m: MainBuilder) -> None:
        axis = m.element(operand, 0)
        is_axis = m.ir.and_(m.compare(">=", axis, -rank), m.compare("<", axis, rank))
        m.require(is_axis, f"axis {{0}} is not one of {op.x.type}", axis, op=op)

    plan.inline(check, operand)
