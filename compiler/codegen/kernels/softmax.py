"""Softmax and log softmax: the largest element, the sum of the exponentials, then the results, line by line.

Along the last dim a unit is one line. Lines of a few vectors are kept in registers, several at once, so that one is
computed while another waits for its largest element or its sum. A longer one is kept on the stack where it fits, padded
with -inf, so that all exponentials are taken in whole vectors. Otherwise vectors run across lines, each lane a line of
its own. Exponentials are computed once: between the second and the third pass they lie on the stack, in the result, or
in a temporary. They are raised by a power of two that the division by their sum takes back: that alone rounds a
subnormal result.
"""

from __future__ import annotations

import math as constants
from collections.abc import Callable
from typing import Any

from llvmlite import ir

from mlc.codegen import math, registers
from mlc.codegen.builder import Index, Lanes
from mlc.codegen.kernel import Kernel, Temporary, Tensor
from mlc.codegen.kernels.spaces import (
    Fold,
    Space,
    across_lanes,
    along,
    chunk,
    chunks_of,
    fold_across,
    fold_line,
    lanes_for,
    space_of,
    total_of,
)
from mlc.codegen.kernels.tiles import accumulator
from mlc.codegen.registry import kernel
from mlc.codegen.schedule import Plan
from mlc.ir import Value
from mlc.ir.dims import product
from mlc.ops import LogSoftmax, Softmax

# Numbers of one line that are kept on the stack: half of the smallest L1.
ON_STACK = 4096
# Lines that are computed at once: more are more code and compile time.
MOST_LINES = 8
# What an exponential costs in elements of work.
EXPONENTIAL = 6


@kernel(Softmax, LogSoftmax, prologue=True)
def softmax(plan: Plan, op: Softmax | LogSoftmax) -> None:
    """Along the last dim or across it."""
    dims = op.x.tensor.dims
    space = space_of(plan, [op.x], along(dims, op.axis % len(dims)))
    plan.choose("dims", " x ".join(f"{kind} {d}" for d, kind in zip(space.dims, space.kinds, strict=True)))
    if "inner" in space.kinds:
        _across(plan, op, space)
    else:
        _along(plan, op, space)


def _largest(op: Softmax | LogSoftmax) -> Fold:
    """The largest element; NaN is passed over, since the exponentials of its line's sum find it."""
    dtype = accumulator(op.x.tensor.dtype)
    return Fold(dtype, -constants.inf, lambda k, x, y: k.ir.select(k.ir.fcmp_ordered(">", y, x), y, x))


def _read(k: Kernel, op: Softmax | LogSoftmax, index: tuple[Index, ...]) -> ir.Value:
    dtype = op.x.tensor.dtype
    return registers.converted(k, k.value_of(op.x, index), dtype, accumulator(dtype))


def _emit(k: Kernel, op: Softmax | LogSoftmax, index: tuple[Index, ...], value: ir.Value) -> None:
    dtype = op.x.tensor.dtype
    k.emit(index, registers.converted(k, value, accumulator(dtype), dtype))


def _along(plan: Plan, op: Softmax | LogSoftmax, space: Space) -> None:
    rows, (extent,) = space.extents("row"), space.extents("line")
    dtype = accumulator(op.x.tensor.dtype)
    lanes = lanes_for(plan, extent, op.x, dtype)
    is_on_stack = isinstance(extent, int) and extent <= ON_STACK
    if isinstance(extent, int) and _fits_registers(plan, extent, lanes):
        _along_in_registers(plan, op, space, extent, lanes)
        return
    kept = None if is_on_stack or isinstance(op, LogSoftmax) else _kept(plan, op, space)
    plan.choose("line", "on the stack" if is_on_stack else "read again" if kept is None else _name(kept))

    @plan.each(product(rows), cost=extent * EXPONENTIAL, shapes=space.shapes)
    def row(k: Kernel, number: Any) -> None:
        at = k.unravel(number, [k.dim(d) for d in rows])

        def index(i: Index) -> tuple[Index, ...]:
            return space.index(row=at, line=[i])

        if isinstance(extent, int) and is_on_stack:
            _line_on_stack(k, op, extent, lanes, index)
        else:
            place = k.tensor(kept, space.dims) if kept is not None else None
            _long_line(k, op, k.dim(extent), lanes, index, place)


def _fits_registers(plan: Plan, extent: int, lanes: int) -> bool:
    """Whether a line is a few whole vectors: the others hold the constants of the exponential."""
    return lanes > 1 and extent % lanes == 0 and 0 < extent // lanes <= plan.target.register_count // 4


def _along_in_registers(plan: Plan, op: Softmax | LogSoftmax, space: Space, extent: int, lanes: int) -> None:
    rows = space.extents("row")
    # Half of the registers hold numbers: fewer leave the units waiting, more push out the exponential's constants.
    together = min(max(plan.target.register_count // 2 // (extent // lanes), 1), MOST_LINES)

    plan.choose("line", f"in registers, {together} at once")

    def body(k: Kernel, begin: Any, end: Any) -> None:
        def index(number: Any) -> Callable[[Index], tuple[Index, ...]]:
            at = k.unravel(number, [k.dim(d) for d in rows])
            return lambda i: space.index(row=at, line=[i])

        whole = k.add(begin, k.mul(k.floordiv(k.sub(end, begin), together), together))
        with k.loop(begin, whole, together) as number:
            _lines_in_registers(k, op, extent, lanes, [index(k.add(number, n)) for n in range(together)])
        if together > 1:
            with k.loop(whole, end) as number:
                _lines_in_registers(k, op, extent, lanes, [index(number)])

    plan.launch(body, count=product(rows), cost=extent * EXPONENTIAL, shapes=space.shapes)


def _lines_in_registers(
    k: Kernel,
    op: Softmax | LogSoftmax,
    extent: int,
    lanes: int,
    indices: list[Callable[[Index], tuple[Index, ...]]],
) -> None:
    """Line by line in each step, in the order in which instructions are to be issued."""
    places = [Lanes(start, 1, lanes, lanes) for start in range(0, extent, lanes)]
    total = total_of(accumulator(op.x.tensor.dtype))
    lines = [[_read(k, op, index(place)) for place in places] for index in indices]
    largest = [_folded(k, _largest(op), values) for values in lines]
    powers = [
        [math.raised_exp_up_to_zero(k.ir, k.ir.fsub(*k.unified(value, most))) for value in values]
        for values, most in zip(lines, largest, strict=True)
    ]
    kept = powers if isinstance(op, Softmax) else lines
    for index, most, raised, values in zip(indices, largest, powers, kept, strict=True):
        finish = _finish(k, op, most, _folded(k, total, raised))
        for place, value in zip(places, values, strict=True):
            _emit(k, op, index(place), finish(value))


def _folded(k: Kernel, fold: Fold, vectors: list[ir.Value]) -> ir.Value:
    """All lanes of all vectors folded, neighbours with neighbours."""
    while len(vectors) > 1:
        pairs = zip(vectors[::2], vectors[1::2], strict=False)
        rest = vectors[-1:] if len(vectors) % 2 else []
        vectors = [*(fold.combine(k, x, y) for x, y in pairs), *rest]
    return across_lanes(k, fold.combine, vectors[0])


def _line_on_stack(
    k: Kernel, op: Softmax | LogSoftmax, extent: int, lanes: int, index: Callable[[Index], tuple[Index, ...]]
) -> None:
    dtype = accumulator(op.x.tensor.dtype)
    kind = registers.register_type(dtype)
    full = k.target.lanes(dtype.itemsize)
    padded = -(-extent // full) * full
    buffer = k.stack(kind, padded)

    def first(i: list[Index]) -> ir.Value:
        value = _read(k, op, index(i[0]))
        k.store(buffer, value, i[0])
        return value

    def second(i: list[Index]) -> ir.Value:
        value = math.raised_exp_up_to_zero(k.ir, k.ir.fsub(*k.unified(k.load(buffer, kind, i[0]), largest)))
        if isinstance(op, Softmax):
            k.store(buffer, value, i[0])
        return value

    largest = fold_line(k, _largest(op), [extent], lanes, first)
    for i in range(extent, padded):
        k.store(buffer, k.constant(dtype, -constants.inf), i)
    total = fold_line(k, total_of(dtype), [padded], full, second, accumulators=1)
    finish = _finish(k, op, largest, total)
    for i in k.across(0, extent, lanes):
        _emit(k, op, index(i), finish(k.load(buffer, kind, i)))


def _long_line(
    k: Kernel,
    op: Softmax | LogSoftmax,
    extent: Any,
    lanes: int,
    index: Callable[[Index], tuple[Index, ...]],
    place: Tensor | None,
) -> None:
    dtype = accumulator(op.x.tensor.dtype)

    def second(i: list[Index]) -> ir.Value:
        value = math.raised_exp_up_to_zero(k.ir, k.ir.fsub(*k.unified(_read(k, op, index(i[0])), largest)))
        if place is not None:
            k.write(place, index(i[0]), value)
        return value

    largest = fold_line(k, _largest(op), [extent], lanes, lambda i: _read(k, op, index(i[0])))
    total = fold_line(k, total_of(dtype), [extent], lanes, second, accumulators=1)
    finish = _finish(k, op, largest, total)
    for i in k.across(0, extent, lanes):
        _emit(k, op, index(i), finish(k.read(place, index(i)) if place is not None else _read(k, op, index(i))))


def _across(plan: Plan, op: Softmax | LogSoftmax, space: Space) -> None:
    rows, (extent,), inner = space.extents("row"), space.extents("line"), space.extents("inner")
    *outer, last = inner
    dtype = accumulator(op.x.tensor.dtype)
    lanes = lanes_for(plan, last, op.x, dtype)
    kept = None if isinstance(op, LogSoftmax) else _kept(plan, op, space)
    plan.choose("lanes", f"{lanes} across")
    chunks = chunks_of(last)
    width = plan.estimate(last) // max(plan.estimate(chunks), 1)

    @plan.each(product((*rows, *outer)) * chunks, cost=extent * max(width, 1) * EXPONENTIAL, shapes=space.shapes)
    def unit(k: Kernel, number: Any) -> None:
        *at, part = k.unravel(number, [*(k.dim(d) for d in (*rows, *outer)), k.dim(chunks)])
        row, before = at[: len(rows)], at[len(rows) :]
        start, stop = chunk(k, part, last)
        for j in k.across(start, stop, lanes):

            def index(i: Index, j: Index = j) -> tuple[Index, ...]:
                return space.index(row=row, line=[i], inner=[*before, j])

            _lines_across(k, op, k.dim(extent), j, index, k.tensor(kept, space.dims) if kept is not None else None)


def _lines_across(
    k: Kernel,
    op: Softmax | LogSoftmax,
    extent: Any,
    j: Index,
    index: Callable[[Index], tuple[Index, ...]],
    place: Tensor | None,
) -> None:
    dtype = accumulator(op.x.tensor.dtype)

    def second(i: list[Any], j: Index) -> ir.Value:
        value = math.raised_exp_up_to_zero(k.ir, k.ir.fsub(_read(k, op, index(i[0])), largest))
        if place is not None:
            k.write(place, index(i[0]), value)
        return value

    (largest,) = fold_across(k, _largest(op), [extent], [j], lambda i, j: _read(k, op, index(i[0])))
    (total,) = fold_across(k, total_of(dtype), [extent], [j], second, in_turn=False)
    finish = _finish(k, op, largest, total)
    with k.loop(0, extent) as i:
        _emit(k, op, index(i), finish(k.read(place, index(i)) if place is not None else _read(k, op, index(i))))


def _finish(k: Kernel, op: Softmax | LogSoftmax, largest: ir.Value, total: ir.Value) -> Callable[[ir.Value], ir.Value]:
    """From what the last pass reads, raised exponentials or x, to results; `total` is raised as they are."""
    if isinstance(op, Softmax):
        inverse = k.ir.fdiv(k.like(1.0, total), total)
        return lambda value: k.ir.fmul(*k.unified(value, inverse))
    logarithm = math.log(k.ir, k.ir.fmul(total, k.like(2.0**-math.RAISED, total)))

    def shifted(value: ir.Value) -> ir.Value:
        value, most, rest = k.unified(value, largest, logarithm)
        return k.ir.fsub(k.ir.fsub(value, most), rest)

    return shifted


def _kept(plan: Plan, op: Softmax, space: Space) -> Value | Temporary:
    """Where exponentials lie until they are divided: the result where nothing is behind it, else a temporary."""
    dtype = op.x.tensor.dtype
    if plan.group.outputs == (op.result,) and accumulator(dtype) is dtype:
        return op.result
    return plan.temporary(accumulator(dtype), *op.x.tensor.dims)


def _name(kept: Value | Temporary) -> str:
    return "in a temporary" if isinstance(kept, Temporary) else "in the result"
