"""Dft and Stft: each result as its sum, in f64.

O(n) for each of n results, where a fast transform takes O(log n); fine up to a few thousand elements a line.
Angles come from a table of one turn where the length is known when compiling, or are computed one by one.
"""

from __future__ import annotations

import math as constants
from collections.abc import Callable
from typing import Any

from llvmlite import ir

from mlc.codegen import math, registers
from mlc.codegen.builder import F64, Num
from mlc.codegen.kernel import Kernel, Temporary
from mlc.codegen.main import MainBuilder
from mlc.codegen.registry import NoKernel, kernel
from mlc.codegen.schedule import Plan
from mlc.codegen.shapes import shaped
from mlc.ir import Dim, DType, Value
from mlc.ir.dims import product
from mlc.ops import Dft, Stft

Element = Any  # ir.Value; llvmlite is untyped
Pair = tuple[Element, Element]  # real and imaginary part


@shaped(Dft, "length_operand", "axis_operand")
def dft_shape(m: MainBuilder, op: Dft) -> list[Num]:
    dims = [m.dim(d) for d in op.x.tensor.dims]
    is_real = op.is_inverse and op.is_onesided
    axis: Num = op.axis if op.axis_operand is None else m.element(op.axis_operand, 0)
    extents: list[Num] = []
    for at, extent in enumerate(dims[:-1]):
        length: Num = m.mul(m.sub(extent, 1), 2) if is_real else extent
        if op.length_operand is not None:
            length = m.element(op.length_operand, 0)
        elif op.length is not None:
            length = m.dim(op.length)
        if op.is_onesided and not op.is_inverse:
            length = m.add(m.floordiv(length, 2), 1)
        is_it = m.ir.or_(m.compare("==", axis, at), m.compare("==", axis, at - len(dims)))
        extents.append(m.select(is_it, length, extent))
    return [*extents, 1 if is_real else 2]


@shaped(Stft, "step", "length")
def stft_shape(m: MainBuilder, op: Stft) -> list[Num]:
    batch, extent, _ = op.x.tensor.dims
    size = _frame_length(m, op, lambda value: m.element(value, 0))
    step = m.element(op.step, 0)
    room = m.sub(m.dim(extent), size)
    m.require(m.compare(">", step, 0), "frame_step is {0}", step, op=op)
    frames = m.select(m.compare("<", room, 0), 0, m.add(m.floordiv(m.maximum(room, 0), m.maximum(step, 1)), 1))
    return [m.dim(batch), frames, m.add(m.floordiv(size, 2), 1) if op.is_onesided else size, 2]


def _frame_length(k: Any, op: Stft, read: Callable[[Value], Num]) -> Num:
    if op.length is not None:
        return read(op.length)
    assert op.window is not None
    return k.dim(op.window.tensor.dims[0])


class Turn:
    """Cosine and sine of place / length of a turn."""

    def __init__(self, plan: Plan, length: Dim | None) -> None:
        self.table: Temporary | None = None
        if length is not None:
            self.table = plan.temporary(DType.F64, 2, length)
            self._fill(plan, self.table, length)

    def _fill(self, plan: Plan, table: Temporary, length: Dim) -> None:
        @plan.each(length, cost=64)
        def fill(k: Kernel, place: Any) -> None:
            for row, number in enumerate(_on_circle(k, place, k.dim(length))):
                k.write(k.tensor(table), (row, place), number)

    def at(self, k: Kernel, place: Num, length: Num) -> Pair:
        """(cos, sin) at a place, which may be beyond one turn."""
        place = k.mod(place, k.maximum(length, 1))
        if self.table is None:
            return _on_circle(k, place, length)
        return k.read(k.tensor(self.table), (0, place)), k.read(k.tensor(self.table), (1, place))


def _on_circle(k: Kernel, place: Num, length: Num) -> Pair:
    angle = k.ir.fmul(_number(k, place), ir.Constant(F64, 2 * constants.pi))
    angle = k.ir.fdiv(angle, _number(k, length))
    return math.cos(k.ir, angle), math.sin(k.ir, angle)


def _number(k: Kernel, x: Num) -> Element:
    return k.ir.sitofp(k.i64(x), F64)


@kernel(Dft)
def dft(plan: Plan, op: Dft) -> None:
    """Units are single results; the code of each axis that may be meant."""
    dims = op.x.tensor.dims
    parts = dims[-1]
    if not isinstance(parts, int):
        raise NoKernel("whether the numbers are complex is not known when compiling")
    rank = len(dims)
    axes = [op.axis % rank] if op.axis is not None else list(range(rank - 1))
    turn = Turn(plan, known_length(op, axes))
    results = op.result.tensor.dims[:-1]
    is_real = op.is_inverse and op.is_onesided

    @plan.each(product(results), cost=4 * plan.estimate(dims[axes[0]]))
    def one(k: Kernel, number: Any) -> None:
        at = k.unravel(number, [k.dim(d) for d in results])
        if op.axis is not None:
            _one_along(k, op, turn, at, axes[0], is_real)
            return
        assert op.axis_operand is not None
        given = k.read_as(DType.I64, k.tensor(op.axis_operand, (1,)), (0,))
        for axis in axes:
            with k.when(k.ir.or_(k.compare("==", given, axis), k.compare("==", given, axis - rank))):
                _one_along(k, op, turn, at, axis, is_real)


def known_length(op: Dft, axes: list[int]) -> Dim | None:
    """The transform's length where it is known without the run's data: given, or that of its one axis."""
    if op.length is not None:
        return op.length
    if op.length_operand is not None or len(axes) > 1:
        return None
    extent = op.x.tensor.dims[axes[0]]
    return (extent - 1) * 2 if op.is_inverse and op.is_onesided else extent


def _one_along(k: Kernel, op: Dft, turn: Turn, at: list[Num], axis: int, is_real: bool) -> None:
    extent = k.dim(op.x.tensor.dims[axis])
    length: Num = k.mul(k.sub(extent, 1), 2) if is_real else extent
    if op.length_operand is not None:
        length = k.read_as(DType.I64, k.tensor(op.length_operand, (1,)), (0,))
    elif op.length is not None:
        length = k.dim(op.length)
    x = k.tensor(op.x)

    def element(n: Num) -> Pair:
        place = (*at[:axis], n, *at[axis + 1 :])
        real = k.read_as(DType.F64, x, (*place, 0))
        return real, k.read_as(DType.F64, x, (*place, 1)) if op.x.tensor.dims[-1] == 2 else k.like(0.0, real)

    terms = k.minimum(extent, k.add(k.floordiv(length, 2), 1) if is_real else length)
    weight = None
    if is_real:
        # Each of the left-out half is the conjugate of one here; the first and the middle one stand alone.
        def weight(n: Num) -> Element:
            is_alone = k.ir.or_(k.compare("==", n, 0), k.compare("==", k.mul(n, 2), length))
            return k.ir.select(is_alone, ir.Constant(F64, 1.0), ir.Constant(F64, 2.0))

    total = _sum(k, turn, at[axis], length, terms, element, is_inverse=op.is_inverse, weight=weight)
    if op.is_inverse:
        scale = _number(k, length)
        total = k.ir.fdiv(total[0], scale), k.ir.fdiv(total[1], scale)
    for part in range(1 if is_real else 2):
        k.emit((*at, part), registers.converted(k, total[part], DType.F64, op.x.tensor.dtype))


def _sum(
    k: Kernel,
    turn: Turn,
    frequency: Num,
    length: Num,
    terms: Num,
    element: Callable[[Num], Pair],
    *,
    is_inverse: bool,
    weight: Callable[[Num], Element] | None = None,
) -> Pair:
    """The sum of element(n) * exp(-+ 2 pi i n frequency / length) over n < terms."""
    zero = ir.Constant(F64, 0.0)
    real, imaginary = k.variable(zero), k.variable(zero)
    with k.loop(0, terms) as n:
        a, b = element(n)
        if weight is not None:
            factor = weight(n)
            a, b = k.ir.fmul(a, factor), k.ir.fmul(b, factor)
        cos, sin = turn.at(k, k.mul(n, frequency), length)
        sin = sin if is_inverse else k.ir.fneg(sin)
        real.set(k.ir.fadd(real.get(), k.ir.fsub(k.ir.fmul(a, cos), k.ir.fmul(b, sin))))
        imaginary.set(k.ir.fadd(imaginary.get(), k.ir.fadd(k.ir.fmul(a, sin), k.ir.fmul(b, cos))))
    return real.get(), imaginary.get()


@kernel(Stft)
def stft(plan: Plan, op: Stft) -> None:
    """Units are single results."""
    parts, dtype = op.x.tensor.dims[-1], op.x.tensor.dtype
    if not isinstance(parts, int):
        raise NoKernel("whether the numbers are complex is not known when compiling")
    known = plan.constant(op.length)
    size: Dim | None = None if known is None else int(known.reshape(-1)[0])
    if op.length is None and op.window is not None:
        size = op.window.tensor.dims[0]
    turn = Turn(plan, size)
    results = op.result.tensor.dims[:-1]

    @plan.each(product(results), cost=4 * plan.estimate(256 if size is None else size))
    def one(k: Kernel, number: Any) -> None:
        batch, frame, frequency = k.unravel(number, [k.dim(d) for d in results])

        def read(value: Value) -> Num:
            return k.read_as(DType.I64, k.tensor(value, (1,)), (0,))

        length = _frame_length(k, op, read) if size is None else k.dim(size)
        start = k.mul(frame, read(op.step))
        x = k.tensor(op.x)

        def element(n: Num) -> Pair:
            values = [k.read(x, (batch, k.add(start, n), part)) for part in range(parts)]
            if op.window is not None:
                factor = k.read_as(dtype, k.tensor(op.window), (n,))
                values = [registers.rounded(k, dtype, k.ir.fmul(v, factor)) for v in values]
            wide = [registers.converted(k, v, dtype, DType.F64) for v in values]
            return wide[0], wide[1] if parts == 2 else k.like(0.0, wide[0])

        total = _sum(k, turn, frequency, length, length, element, is_inverse=False)
        for part in range(2):
            k.emit((batch, frame, frequency, part), registers.converted(k, total[part], DType.F64, dtype))
