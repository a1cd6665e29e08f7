"""Resize, one dim after the other: a table of places and weights for each result of a dim, then a weighted sum.

The tables are computed when the model runs, in f64, since factors may come from operands; they are small beside the
images. A pass runs over vector lanes along the last dim: neighbours there are loaded together unless that dim is the
one resampled.
"""

from __future__ import annotations

import math as constants
from typing import Any

from llvmlite import ir

from mlc.codegen import math, registers
from mlc.codegen.builder import F64, I64, Index, Num
from mlc.codegen.kernel import Kernel, Storage, Temporary
from mlc.codegen.kernels.resize_tables import Line, Table, operand_place, shared_factor, squeeze_of
from mlc.codegen.kernels.spaces import lanes_for
from mlc.codegen.main import MainBuilder
from mlc.codegen.registers import accumulator
from mlc.codegen.registry import NoKernel, kernel
from mlc.codegen.schedule import Plan
from mlc.codegen.shapes import shaped
from mlc.ir import Dim, DType, Value
from mlc.ir.dims import product
from mlc.ops import Resize

Element = Any  # ir.Value; llvmlite is untyped

# Up to this many taps are written out; more are a loop.
UNROLLED = 4


@shaped(Resize, "scales", "sizes")
def resize_shape(m: MainBuilder, op: Resize) -> list[Num]:
    """The new extents of dims that are not known; the others are as the model says."""

    def read(value: Value, i: int) -> Element:
        memory = m.load(m.pointer(value), registers.memory_type(value.tensor.dtype), i)
        dtype = value.tensor.dtype
        return registers.converted(m, registers.decoded(m, dtype, memory), dtype, DType.F64)

    extents: list[Num] = []
    for axis, (dim, size) in enumerate(zip(op.result.tensor.dims, op.x.tensor.dims, strict=True)):
        if isinstance(dim, int):
            extents.append(dim)
            continue
        place = operand_place(op, axis)
        length = m.dim(size)
        if place is None:
            extents.append(length)
        elif op.scales is not None:
            factor = m.ir.fptrunc(read(op.scales, place), ir.FloatType())
            exact = m.ir.fmul(m.ir.sitofp(m.i64(length), ir.FloatType()), factor)
            extents.append(m.ir.fptosi(math.floor(m.ir, exact), I64))
        elif op.aspect == "stretch":
            assert op.sizes is not None
            extents.append(m.element(op.sizes, place))
        else:
            exact = m.ir.fmul(shared_factor(m, op, read), m.ir.sitofp(m.i64(length), F64))
            extents.append(m.ir.fptosi(math.floor(m.ir, m.ir.fadd(exact, m.like(0.5, exact))), I64))
    return extents


@kernel(Resize)
def resize(plan: Plan, op: Resize) -> None:
    """A table and a pass for each dim that changes."""
    own = op.x.tensor.dtype
    dtype = own if op.mode == "nearest" else accumulator(own) if own.is_float else DType.F64
    if op.coordinates == "tf_crop_and_resize" and not op.result.tensor.is_static:
        raise NoKernel("the size of a crop is not known when compiling")
    changed = [axis for axis in range(op.x.tensor.rank) if _changes(op, axis)]
    tables = [_add_table(plan, op, axis, dtype) for axis in changed]
    dims = list(op.x.tensor.dims)
    source: Storage = op.x
    plan.choose("passes", " ".join(map(str, changed)) or "a copy")
    for number, table in enumerate(tables):
        dims[table.axis] = op.result.tensor.dims[table.axis]
        is_last = number == len(tables) - 1
        target = None if is_last else plan.temporary(dtype, *dims)
        _add_pass(plan, op, source, table, target, tuple(dims), dtype)
        if target is not None:
            source = target
    if not tables:
        _add_pass(plan, op, source, None, None, tuple(dims), dtype)


def _changes(op: Resize, axis: int) -> bool:
    """Whether the axis may be resampled at all."""
    place = operand_place(op, axis)
    if place is not None and op.coordinates == "tf_crop_and_resize":
        return True
    is_equal = op.x.tensor.dims[axis] == op.result.tensor.dims[axis]
    if op.factors is not None:
        return op.factors[axis] != 1 or not is_equal
    return not is_equal or (place is not None and (op.scales is not None or op.sizes is not None))


def _add_table(plan: Plan, op: Resize, axis: int, dtype: DType) -> Table:
    size, length = op.result.tensor.dims[axis], op.x.tensor.dims[axis]
    if op.antialias and op.mode != "nearest" and squeeze_of(op, axis) is None:
        if op.coordinates == "tf_crop_and_resize":
            raise NoKernel("how wide the filter of a crop is, is not known when compiling")
        dense = Table(axis, None, plan.temporary(dtype, length, size), length)

        @plan.each(size, cost=length * 16)
        def spread(k: Kernel, number: Any) -> None:
            Line(k, op, axis).write_dense(dense, number)

        return dense
    offsets = _offsets(op, axis)
    places = plan.temporary(DType.I64, len(offsets), size)
    weights = None if op.mode == "nearest" else plan.temporary(dtype, len(offsets), size)
    table = Table(axis, places, weights, len(offsets))

    @plan.each(1, cost=size * len(offsets))
    def fill(k: Kernel, number: Any) -> None:
        line = Line(k, op, axis)
        with k.loop(0, k.dim(size)) as i:
            line.write(table, i, offsets)

    return table


def _offsets(op: Resize, axis: int) -> list[int]:
    """Which neighbours of the element below a position may have a weight."""
    if op.mode == "nearest":
        return [0]
    squeeze = squeeze_of(op, axis)
    assert squeeze is not None
    if squeeze == 1.0:
        return [0, 1] if op.mode == "linear" else [-1, 0, 1, 2]
    reach = constants.ceil((1 if op.mode == "linear" else 2) / squeeze)
    return list(range(-reach, reach + 1))


def _add_pass(
    plan: Plan,
    op: Resize,
    source: Storage,
    table: Table | None,
    target: Temporary | None,
    dims: tuple[Dim, ...],
    dtype: DType,
) -> None:
    """Resamples one axis of `source` to a temporary, or to the result."""
    own = op.x.tensor.dtype
    *outer, last = dims or (1,)
    lanes = lanes_for(plan, last, op.x, dtype)

    @plan.each(product(outer), cost=last * (1 if table is None else table.taps + 1))
    def unit(k: Kernel, number: Any) -> None:
        at = k.unravel(number, [k.dim(d) for d in outer])
        for j in k.across(0, k.dim(last), lanes):
            index = (*at, j)[: len(dims)]
            value = _sample(k, op, source, table, index, dtype)
            if target is not None:
                k.write(k.tensor(target), index, value)
            else:
                k.emit(index, registers.converted(k, value, dtype, own))


def _sample(
    k: Kernel, op: Resize, source: Storage, table: Table | None, index: tuple[Index, ...], dtype: DType
) -> Element:
    x = k.tensor(source)
    if table is None:
        return k.read_as(dtype, x, index)
    axis, places = table.axis, None if table.places is None else k.tensor(table.places)

    def tap(t: Num) -> Element:
        place = t if places is None else k.read(places, (t, index[axis]))
        value = k.read_as(dtype, x, (*index[:axis], k.maximum(place, 0), *index[axis + 1 :]))
        if table.weights is None:
            return value
        return k.ir.fmul(*k.unified(value, k.read(k.tensor(table.weights), (t, index[axis]))))

    total = tap(0)
    if isinstance(table.taps, int) and table.taps <= UNROLLED:
        for t in range(1, table.taps):
            total = k.ir.fadd(total, tap(t))
    else:
        sum_so_far = k.variable(total)
        with k.loop(1, k.dim(table.taps)) as t:
            sum_so_far.set(k.ir.fadd(sum_so_far.get(), tap(t)))
        total = sum_so_far.get()
    if op.coordinates == "tf_crop_and_resize" and places is not None:
        is_outside = k.compare("<", k.read(places, (0, index[axis])), 0)
        fill = registers.converted(k, k.like(op.extrapolation, ir.Constant(F64, 0.0)), DType.F64, dtype)
        total = k.ir.select(*k.unified(is_outside, fill, total))
    return total
