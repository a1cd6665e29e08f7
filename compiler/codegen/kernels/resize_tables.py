"""The tables of Resize: for each result along a dim, the places it reads and their weights; mlc.codegen.kernels.resize.

Computed in f64 when the model runs, since factors may come from operands.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from mlc.codegen import math, registers
from mlc.codegen.builder import F64, I64, Builder, Num
from mlc.codegen.kernel import Kernel, Temporary
from mlc.ir import Dim, DType, Value
from mlc.ops import Resize

Element = Any  # ir.Value; llvmlite is untyped
Reader = Callable[[Value, int], Element]  # element number i of an operand, as f64


def operand_place(op: Resize, axis: int) -> int | None:
    """Which number of scales or sizes is that of an axis."""
    rank = op.x.tensor.rank
    axes = list(range(rank)) if op.axes is None else [a % rank for a in op.axes]
    return axes.index(axis) if axis in axes else None


def shared_factor(k: Builder, op: Resize, read: Reader) -> Element:
    """The least or the greatest of size / length, which all dims are scaled by when the aspect is kept."""
    assert op.sizes is not None
    best = None
    for axis, size in enumerate(op.x.tensor.dims):
        if (place := operand_place(op, axis)) is not None:
            dim: Any = k
            factor = k.ir.fdiv(read(op.sizes, place), k.ir.sitofp(k.i64(dim.dim(size)), F64))
            relation = "<" if op.aspect == "not_larger" else ">"
            best = factor if best is None else k.ir.select(k.ir.fcmp_ordered(relation, factor, best), factor, best)
    return best


@dataclass(frozen=True)
class Table:
    """For result i along an axis, tap t: the place it reads and its weight, at [t, i]; place -1 is outside of x.

    Without places, tap t reads place t: every element of x has a weight.
    """

    axis: int
    places: Temporary | None
    weights: Temporary | None
    taps: Dim


def squeeze_of(op: Resize, axis: int) -> float | None:
    """How much narrower than x's elements the filter's are: below 1 where a dim shrinks and antialias is on.

    None where only the run knows.
    """
    if not op.antialias:
        return 1.0
    if op.factors is not None:
        return min(op.factors[axis], 1.0)
    before, after = op.x.tensor.dims[axis], op.result.tensor.dims[axis]
    if op.scales is None and op.sizes is None and isinstance(before, int) and isinstance(after, int) and before:
        return min(after / before, 1.0)
    return None


class Line:
    """Positions and weights along one axis while the table's kernel is written; numbers are f64 scalars."""

    def __init__(self, k: Kernel, op: Resize, axis: int) -> None:
        self.k, self.op, self.axis = k, op, axis
        self.length = self._float(k.dim(op.x.tensor.dims[axis]))
        self.size = self._float(k.dim(op.result.tensor.dims[axis]))
        self.factor = self._factor()
        self.exact = k.ir.fmul(self.factor, self.length)
        self.start, self.end = self._crop()
        self.squeeze = self._squeeze()

    def _float(self, x: Num) -> Element:
        return self.k.ir.sitofp(self.k.i64(x), F64)

    def _number(self, x: float) -> Element:
        return ir.Constant(F64, float(x))

    def _read(self, value: Value, place: int) -> Element:
        k = self.k
        return k.read_as(DType.F64, k.tensor(value, (value.tensor.element_count,)), (place,))

    def _factor(self) -> Element:
        k, op = self.k, self.op
        if op.factors is not None:
            return self._number(op.factors[self.axis])
        place = operand_place(op, self.axis)
        if op.scales is not None:
            return self._number(1) if place is None else self._read(op.scales, place)
        if op.sizes is not None:
            if place is None:
                return self._number(1)
            if op.aspect != "stretch":
                return shared_factor(k, op, self._read)
            return k.ir.fdiv(self._read(op.sizes, place), self.length)
        return k.ir.fdiv(self.size, self.length)

    def _squeeze(self) -> Element:
        known, one = squeeze_of(self.op, self.axis), self._number(1)
        if known is not None:
            return self._number(known)
        return self.k.ir.select(self.k.ir.fcmp_ordered("<", self.factor, one), self.factor, one)

    def _crop(self) -> tuple[Element, Element]:
        place = operand_place(self.op, self.axis)
        if self.op.roi is None or place is None:
            return self._number(0), self._number(1)
        count = self.op.x.tensor.rank if self.op.axes is None else len(self.op.axes)
        return self._read(self.op.roi, place), self._read(self.op.roi, place + count)

    def position(self, number: Num) -> Element:
        """Where a result lies among the elements of x."""
        k, one, half = self.k.ir, self._number(1), self._number(0.5)
        i = self._float(number)
        middle = k.fdiv(k.fadd(i, half), self.factor)
        centered = k.fsub(middle, half)
        last = k.fsub(self.length, one)
        is_one = k.fcmp_ordered("==", self.exact, one)
        match self.op.coordinates:
            case "half_pixel":
                return centered
            case "half_pixel_symmetric":
                shift = k.fmul(k.fmul(self.length, half), k.fsub(one, k.fdiv(self.size, self.exact)))
                return k.fadd(shift, centered)
            case "pytorch_half_pixel":
                return k.select(k.fcmp_ordered(">", self.size, one), centered, self._number(0))
            case "tf_half_pixel_for_nn":
                return middle
            case "align_corners":
                return k.select(is_one, self._number(0), k.fdiv(k.fmul(i, last), k.fsub(self.exact, one)))
            case "asymmetric":
                return k.fdiv(i, self.factor)
            case _:
                step = k.fmul(k.fsub(self.end, self.start), last)
                inner = k.fdiv(k.fmul(i, step), k.fsub(self.exact, one))
                return k.fadd(k.fmul(self.start, last), k.select(is_one, k.fmul(step, half), inner))

    def write_dense(self, table: Table, i: Num) -> None:
        """Fills column i of a table that has a weight for each element of x."""
        k = self.k
        assert table.weights is not None
        at, last = self.position(i), k.ir.fsub(self.length, self._number(1))
        weights, dtype = k.tensor(table.weights), table.weights.dtype
        with k.loop(0, k.dim(table.taps)) as place:
            k.write(weights, (place, i), k.constant(dtype, 0))
        reach = math.ceil(k.ir, k.ir.fdiv(self._number(1 if self.op.mode == "linear" else 2), self.squeeze))
        first = k.ir.fptosi(k.ir.fsub(math.floor(k.ir, at), reach), I64)
        end = k.add(first, k.add(k.mul(k.ir.fptosi(reach, I64), 2), 1))
        total = k.variable(self._number(0))
        with k.loop(first, end) as place:
            total.set(k.ir.fadd(total.get(), self._weight(self._float(place), at, last)))
        is_cut = k.ir.fcmp_ordered("<", self.squeeze, self._number(1))
        divisor = total.get() if self.op.exclude_outside else k.ir.select(is_cut, total.get(), self._number(1))
        with k.loop(first, end) as place:
            inside = k.minimum(k.maximum(place, 0), k.sub(k.dim(table.taps), 1))
            weight = k.ir.fdiv(self._weight(self._float(place), at, last), divisor)
            weight = registers.converted(k, weight, DType.F64, dtype)
            k.write(weights, (inside, i), k.ir.fadd(k.read(weights, (inside, i)), weight))

    def write(self, table: Table, i: Num, offsets: Sequence[int]) -> None:
        """Fills the table's column i."""
        k = self.k
        at = self.position(i)
        last = k.ir.fsub(self.length, self._number(1))
        if table.weights is None:
            self._place(table, 0, i, self._rounded(at), at, last)
            return
        low = math.floor(k.ir, at)
        places = [k.ir.fadd(low, self._number(offset)) for offset in offsets]
        weights = [self._weight(place, at, last) for place in places]
        if self.op.exclude_outside or squeeze_of(self.op, self.axis) != 1.0:
            total = weights[0]
            for weight in weights[1:]:
                total = k.ir.fadd(total, weight)
            weights = [k.ir.fdiv(weight, total) for weight in weights]
        for tap, (place, weight) in enumerate(zip(places, weights, strict=True)):
            self._place(table, tap, i, place, at, last)
            k.write(k.tensor(table.weights), (tap, i), registers.converted(k, weight, DType.F64, table.weights.dtype))

    def _place(self, table: Table, tap: int, i: Num, place: Element, at: Element, last: Element) -> None:
        """Moves a place inside of x, and stores it, or -1 where crops read outside."""
        k = self.k
        assert table.places is not None
        zero = self._number(0)
        place = k.ir.select(k.ir.fcmp_ordered("<", place, last), place, last)
        place = k.ir.select(k.ir.fcmp_ordered(">", place, zero), place, zero)
        whole = k.ir.fptosi(place, I64)
        if self.op.coordinates == "tf_crop_and_resize":
            is_outside = k.ir.or_(k.ir.fcmp_ordered("<", at, zero), k.ir.fcmp_ordered(">", at, last))
            whole = k.ir.select(is_outside, k.i64(-1), whole)
        k.write(k.tensor(table.places), (tap, i), whole)

    def _rounded(self, at: Element) -> Element:
        k, half = self.k.ir, self._number(0.5)
        match self.op.rounding:
            case "round_prefer_floor":
                return math.ceil(k, k.fsub(at, half))
            case "round_prefer_ceil":
                return math.floor(k, k.fadd(at, half))
            case "floor":
                return math.floor(k, at)
            case _:
                return math.ceil(k, at)

    def _weight(self, place: Element, at: Element, last: Element) -> Element:
        k, zero, one = self.k.ir, self._number(0), self._number(1)
        distance = k.fmul(k.fsub(place, at), self.squeeze)
        d = self.k.intrinsic("fabs", distance)
        if self.op.mode == "linear":
            rest = k.fsub(one, d)
            weight = k.select(k.fcmp_ordered(">", rest, zero), rest, zero)
        else:
            weight = cubic_weight(self.k, d, self.op.cubic_a)
        if self.op.exclude_outside:
            inside = k.and_(k.fcmp_ordered(">=", place, zero), k.fcmp_ordered("<=", place, last))
            weight = k.select(inside, weight, zero)
        return weight


def cubic_weight(k: Builder, d: Element, a: float) -> Element:
    """Keys' weight of an element at distance d >= 0: (a+2)d^3 - (a+3)d^2 + 1 up to 1, then a(d^3 - 5d^2 + 8d - 4)."""

    def polynomial(*factors: float) -> Element:
        total = k.like(factors[0], d)
        for factor in factors[1:]:
            total = k.ir.fadd(k.ir.fmul(total, d), k.like(factor, d))
        return total

    near, far = polynomial(a + 2, -(a + 3), 0, 1), polynomial(a, -5 * a, 8 * a, -4 * a)
    outer = k.ir.select(k.ir.fcmp_unordered("<", d, k.like(2.0, d)), far, k.like(0.0, d))
    return k.ir.select(k.ir.fcmp_ordered("<=", d, k.like(1.0, d)), near, outer)
