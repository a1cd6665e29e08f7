"""Dft and Stft by index: each part of a result as its sum, in f64.

O(n) for each of n results, as on the llvm backend. Angles come from a table of one turn where the length is known when
compiling, or are computed one by one.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from mlc.codegen.kernel import Temporary
from mlc.codegen.kernels.fourier import known_length
from mlc.codegen.mlir.control import Carried, loop, when
from mlc.codegen.mlir.elements import Scalar
from mlc.codegen.mlir.indexing import read_index
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.sampling import as_float
from mlc.codegen.mlir.scalars.conversion import converted
from mlc.codegen.mlir.text import Body
from mlc.codegen.registry import NoKernel
from mlc.ir import Array, Dim, DType
from mlc.ops import Dft, Stft

Pair = tuple[Scalar, Scalar]  # cosine and sine, or real and imaginary part


class Turn:
    """Cosine and sine of place / length of a turn; other compilers get them as constants."""

    def __init__(self, g: Lowering, length: Dim | None) -> None:
        self.table: Temporary | None = None
        self.numbers: Array | None = None
        if g.is_portable and not isinstance(length, int):
            raise NoKernel("its angles are known only when the model runs, and other compilers have no sine of f64")
        if g.is_portable and isinstance(length, int):
            angles = np.arange(length) * (2 * math.pi) / max(length, 1)
            self.numbers = np.stack([np.cos(angles), np.sin(angles)])
        elif length is not None:
            self.table = g.temporary(DType.F64, 2, length)

            def fill(b: Body, index: list[Scalar]) -> Scalar:
                cos, sin = _on_circle(b, index[1], b.stage.dim(length))
                return b.select(b.compare("eq", index[0], b.index(0)), cos, sin)

            g.tabulate("one_turn", self.table, fill, cost=64)

    def at(self, b: Body, place: Scalar, length: Scalar) -> Pair:
        """(cos, sin) at a place within one turn."""
        if self.table is not None:
            table = b.stage.tensor(self.table)
        elif self.numbers is not None:
            table = b.stage.table(self.numbers)
        else:
            return _on_circle(b, place, length)
        return b.extract(table, [b.index(0), place]), b.extract(table, [b.index(1), place])


def _on_circle(b: Body, place: Scalar, length: Scalar) -> Pair:
    angle = b.plain("arith.mulf", as_float(b, place, "f64"), b.number(2 * math.pi, "f64"))
    angle = b.div(angle, as_float(b, length, "f64"))
    return b.unary("math.cos", angle), b.unary("math.sin", angle)


@linalg(Dft, attributes="length axis is_inverse is_onesided dims")
def dft(g: Lowering, op: Dft) -> None:
    """Along the axis; where only the run knows which, along each that may be meant if it is."""
    dims, dtype = op.x.tensor.dims, op.x.tensor.dtype
    if not isinstance(dims[-1], int):
        raise NoKernel("whether the numbers are complex is not known when compiling")
    axes = [op.axis % len(dims)] if op.axis is not None else list(range(len(dims) - 1))
    turn = Turn(g, known_length(op, axes))

    def element(b: Body, index: list[Scalar]) -> Scalar:
        if op.axis is not None:
            return converted(b, _along(b, op, turn, index, axes[0]), DType.F64, dtype)
        assert op.axis_operand is not None
        given, total = read_index(b, op.axis_operand, [b.index(0)], (1,)), b.number(0, "f64")
        for axis in axes:

            def along(b: Body, axis: int = axis) -> list[Carried]:
                return [_along(b, op, turn, index, axis)]

            first, second = (b.compare("eq", given, b.index(n)) for n in (axis, axis - len(dims)))
            [total] = when(b, b.binary("arith.ori", first, second), [total], along)
        return converted(b, total, DType.F64, dtype)

    g.indexed(op, element, cost=4 * g.plan.estimate(dims[axes[0]]))


def _along(b: Body, op: Dft, turn: Turn, index: list[Scalar], axis: int) -> Scalar:
    """The part of the transform along an axis at an index, f64."""
    x = b.stage.tensor(op.x)
    extent = b.stage.dim(x.dims[axis])
    is_real = op.is_inverse and op.is_onesided
    length = b.stage.dim((x.dims[axis] - 1) * 2 if is_real else x.dims[axis])
    if op.length_operand is not None:
        length = read_index(b, op.length_operand, [b.index(0)], (1,))
    elif op.length is not None:
        length = b.stage.dim(op.length)

    def element(b: Body, n: Scalar) -> list[Scalar]:
        place = [*index[:axis], n, *index[axis + 1 : -1]]
        parts = [b.extract(x, [*place, b.index(part)]) for part in range(2 if x.dims[-1] == 2 else 1)]
        values = [converted(b, part, x.dtype, DType.F64) for part in parts]
        if not is_real:
            return values
        # Each of the left-out half is the conjugate of one here; the first and the middle one stand alone.
        is_first, twice = b.compare("eq", n, b.index(0)), b.binary("arith.muli", n, b.index(2))
        is_alone = b.binary("arith.ori", is_first, b.compare("eq", twice, length))
        weight = b.select(is_alone, b.number(1, "f64"), b.number(2, "f64"))
        return [b.plain("arith.mulf", value, weight) for value in values]

    given = length
    if is_real:
        given = b.binary("arith.addi", b.binary("arith.divui", length, b.index(2)), b.index(1))
    terms = b.binary("arith.minsi", extent, given)
    total = _sum(b, turn, index[axis], length, terms, element, index[-1], is_inverse=op.is_inverse)
    return b.div(total, as_float(b, length, "f64")) if op.is_inverse else total


def _sum(
    b: Body,
    turn: Turn,
    frequency: Scalar,
    length: Scalar,
    terms: Scalar,
    element: Callable[[Body, Scalar], list[Scalar]],
    part: Scalar,
    *,
    is_inverse: bool,
) -> Scalar:
    """The real (part 0) or imaginary part of the sum of element(n) * exp(-+ 2 pi i n frequency / length), n < terms."""
    is_real = b.compare("eq", part, b.index(0))

    def add(b: Body, n: Scalar, now: list[Carried]) -> list[Carried]:
        total, place = now
        real, *imaginary = element(b, n)
        cos, sin = turn.at(b, place, length)
        if not is_inverse:
            sin = b.unary("arith.negf", sin)
        term = b.plain("arith.mulf", real, b.select(is_real, cos, sin))
        for value in imaginary:
            factor = b.select(is_real, b.unary("arith.negf", sin), cos)
            term = b.plain("arith.addf", term, b.plain("arith.mulf", value, factor))
        ahead = b.binary("arith.addi", place, frequency)
        is_round = b.compare("sge", ahead, length)
        ahead = b.select(is_round, b.binary("arith.subi", ahead, length), ahead)
        return [b.plain("arith.addf", total, term), ahead]

    # n * frequency within one turn: each step is less than one.
    total, _ = loop(b, b.index(0), terms, [b.number(0, "f64"), b.index(0)], add)
    assert isinstance(total, Scalar)
    return total


@linalg(Stft, attributes="is_onesided dims")
def stft(g: Lowering, op: Stft) -> None:
    """Frames are cut and multiplied by the window as they are summed."""
    parts, dtype = op.x.tensor.dims[-1], op.x.tensor.dtype
    if not isinstance(parts, int):
        raise NoKernel("whether the numbers are complex is not known when compiling")
    size = _frame_length(g, op)
    turn = Turn(g, size)

    def element(b: Body, index: list[Scalar]) -> Scalar:
        batch, frame, frequency, part = index
        x = b.stage.tensor(op.x)
        if size is None:
            assert op.length is not None
            length = read_index(b, op.length, [b.index(0)], (1,))
        else:
            length = b.stage.dim(size)
        start = b.binary("arith.muli", frame, read_index(b, op.step, [b.index(0)], (1,)))

        def term(b: Body, n: Scalar) -> list[Scalar]:
            at = b.binary("arith.addi", start, n)
            values = [b.extract(x, [batch, at, b.index(number)]) for number in range(parts)]
            if op.window is not None:
                factor = converted(b, b.extract(b.stage.tensor(op.window), [n]), op.window.tensor.dtype, dtype)
                values = [b.rounded(b.plain("arith.mulf", v, factor), dtype) for v in values]
            return [converted(b, v, dtype, DType.F64) for v in values]

        total = _sum(b, turn, frequency, length, length, term, part, is_inverse=False)
        return converted(b, total, DType.F64, dtype)

    g.indexed(op, element, cost=4 * g.plan.estimate(256 if size is None else size))


def _frame_length(g: Lowering, op: Stft) -> Dim | None:
    """How long a frame is; None where only the run knows."""
    known = g.plan.constant(op.length)
    if known is None and op.length is not None:
        known = g.group.immediates.get(op.length)
    if known is not None:
        return int(known.reshape(-1)[0])
    if op.length is None and op.window is not None:
        return op.window.tensor.dims[0]
    return None
