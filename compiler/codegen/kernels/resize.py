"""Resize, one dim after the other: a table of places and weights for each result of a dim, then a weighted sum.

The tables are computed when the model runs, in f64, since factors may come from operands; they are small beside the
images. A pass runs over vector lanes along the last dim: neighbours there are loaded together unless that dim is the
one resampled.
"""

from __future__ import annotations

import math as constants
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from mlc.codegen import math, registers
from mlc.codegen.builder import F64, I64, Builder, Index, Num
from mlc.codegen.kernel import Kernel, Storage, Temporary
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
Reader = Callable[[Value, int], Element]  # element number i of an operand, as f64

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
        place = _operand_place(op, axis)
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
            exact = m.ir.fmul(_shared_factor(m, op, read), m.ir.sitofp(m.i64(length), F64))
            extents.append(m.ir.fptosi(math.floor(m.ir, m.ir.fadd(exact, m.like(0.5, exact))), I64))
    return extents


def _operand_place(op: Resize, axis: int) -> int | None:
    """Which number of scales or sizes is that of an axis."""
    rank = op.x.tensor.rank
    axes = list(range(rank)) if op.axes is None else [a % rank for a in op.axes]
    return axes.index(axis) if axis in axes else None


def _shared_factor(k: Builder, op: Resize, read: Reader) -> Element:
    """The least or the greatest of size / length, which all dims are scaled by when the aspect is kept."""
    assert op.sizes is not None
    best = None
    for axis, size in enumerate(op.x.tensor.dims):
        if (place := _operand_place(op, axis)) is not None:
            dim: Any = k
            factor = k.ir.fdiv(read(op.sizes, place), k.ir.sitofp(k.i64(dim.dim(size)), F64))
            relation = "<" if op.aspect == "not_larger" else ">"
            best = factor if best is None else k.ir.select(k.ir.fcmp_ordered(relation, factor, best), factor, best)
    return best


@dataclass(frozen=True)
class Table:
    """For result i along an axis, tap t: the place it reads and its weight, at [t, i]; place -1 is outside of x."""

    axis: int
    places: Temporary
    weights: Temporary | None
    taps: int


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
    place = _operand_place(op, axis)
    if place is not None and op.coordinates == "tf_crop_and_resize":
        return True
    is_equal = op.x.tensor.dims[axis] == op.result.tensor.dims[axis]
    if op.factors is not None:
        return op.factors[axis] != 1 or not is_equal
    return not is_equal or (place is not None and (op.scales is not None or op.sizes is not None))


def _add_table(plan: Plan, op: Resize, axis: int, dtype: DType) -> Table:
    offsets = _offsets(op, axis)
    size = op.result.tensor.dims[axis]
    places = plan.temporary(DType.I64, len(offsets), size)
    weights = None if op.mode == "nearest" else plan.temporary(dtype, len(offsets), size)
    table = Table(axis, places, weights, len(offsets))

    @plan.each(1, cost=size * len(offsets))
    def fill(k: Kernel, number: Any) -> None:
        line = Line(k, op, axis)
        with k.loop(0, k.dim(size)) as i:
            at = line.position(k.ir.sitofp(i, F64))
            line.write(table, i, at, offsets)

    return table


def _offsets(op: Resize, axis: int) -> list[int]:
    """Which neighbours of the element below a position may have a weight."""
    if op.mode == "nearest":
        return [0]
    squeeze = _squeeze(op, axis)
    if squeeze == 1.0:
        return [0, 1] if op.mode == "linear" else [-1, 0, 1, 2]
    reach = constants.ceil((1 if op.mode == "linear" else 2) / squeeze)
    return list(range(-reach, reach + 1))


def _squeeze(op: Resize, axis: int) -> float:
    """How much narrower than x's elements the filter's are: below 1 where a dim shrinks and antialias is on."""
    if not op.antialias:
        return 1.0
    if op.factors is not None:
        return min(op.factors[axis], 1.0)
    before, after = op.x.tensor.dims[axis], op.result.tensor.dims[axis]
    if op.scales is None and op.sizes is None and isinstance(before, int) and isinstance(after, int) and before:
        return min(after / before, 1.0)
    raise NoKernel("how wide the filter of antialias is, is not known when compiling")


class Line:
    """Positions and weights along one axis while the table's kernel is written; numbers are f64 scalars."""

    def __init__(self, k: Kernel, op: Resize, axis: int) -> None:
        self.k, self.op, self.axis = k, op, axis
        self.length = self._float(k.dim(op.x.tensor.dims[axis]))
        self.size = self._float(k.dim(op.result.tensor.dims[axis]))
        self.factor = self._factor()
        self.exact = k.ir.fmul(self.factor, self.length)
        self.start, self.end = self._crop()

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
        place = _operand_place(op, self.axis)
        if op.scales is not None:
            return self._number(1) if place is None else self._read(op.scales, place)
        if op.sizes is not None:
            if place is None:
                return self._number(1)
            if op.aspect != "stretch":
                return _shared_factor(k, op, self._read)
            return k.ir.fdiv(self._read(op.sizes, place), self.length)
        return k.ir.fdiv(self.size, self.length)

    def _crop(self) -> tuple[Element, Element]:
        place = _operand_place(self.op, self.axis)
        if self.op.roi is None or place is None:
            return self._number(0), self._number(1)
        count = self.op.x.tensor.rank if self.op.axes is None else len(self.op.axes)
        return self._read(self.op.roi, place), self._read(self.op.roi, place + count)

    def position(self, i: Element) -> Element:
        """Where result i lies among the elements of x."""
        k, one, half = self.k.ir, self._number(1), self._number(0.5)
        centered = k.fsub(k.fdiv(k.fadd(i, half), self.factor), half)
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
            case "align_corners":
                return k.select(is_one, self._number(0), k.fdiv(k.fmul(i, last), k.fsub(self.exact, one)))
            case "asymmetric":
                return k.fdiv(i, self.factor)
            case _:
                step = k.fmul(k.fsub(self.end, self.start), last)
                inner = k.fdiv(k.fmul(i, step), k.fsub(self.exact, one))
                return k.fadd(k.fmul(self.start, last), k.select(is_one, k.fmul(step, half), inner))

    def write(self, table: Table, i: Num, at: Element, offsets: Sequence[int]) -> None:
        """Fills the table's column i."""
        k = self.k
        last = k.ir.fsub(self.length, self._number(1))
        if table.weights is None:
            self._place(table, 0, i, self._rounded(at), at, last)
            return
        low = math.floor(k.ir, at)
        places = [k.ir.fadd(low, self._number(offset)) for offset in offsets]
        weights = [self._weight(place, at, last) for place in places]
        if self.op.exclude_outside or _squeeze(self.op, self.axis) != 1.0:
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
        distance = k.fmul(k.fsub(place, at), self._number(_squeeze(self.op, self.axis)))
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
    outer = k.ir.select(k.ir.fcmp_ordered("<", d, k.like(2.0, d)), far, k.like(0.0, d))
    return k.ir.select(k.ir.fcmp_ordered("<=", d, k.like(1.0, d)), near, outer)


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
    axis, places = table.axis, k.tensor(table.places)

    def tap(t: Num) -> Element:
        place = k.read(places, (t, index[axis]))
        value = k.read_as(dtype, x, (*index[:axis], k.maximum(place, 0), *index[axis + 1 :]))
        if table.weights is None:
            return value
        return k.ir.fmul(*k.unified(value, k.read(k.tensor(table.weights), (t, index[axis]))))

    total = tap(0)
    if table.taps <= UNROLLED:
        for t in range(1, table.taps):
            total = k.ir.fadd(total, tap(t))
    else:
        sum_so_far = k.variable(total)
        with k.loop(1, table.taps) as t:
            sum_so_far.set(k.ir.fadd(sum_so_far.get(), tap(t)))
        total = sum_so_far.get()
    if op.coordinates == "tf_crop_and_resize":
        is_outside = k.compare("<", k.read(places, (0, index[axis])), 0)
        fill = registers.converted(k, k.like(op.extrapolation, ir.Constant(F64, 0.0)), DType.F64, dtype)
        total = k.ir.select(*k.unified(is_outside, fill, total))
    return total
