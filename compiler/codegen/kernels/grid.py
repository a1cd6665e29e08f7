"""GridSample: places and weights once for a vector of results, then all channels with them.

A unit is one line of results; its channels are the inner loop, which gathers the taps of each lane.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from mlc.codegen import math, registers
from mlc.codegen.builder import I64, Index, with_lanes
from mlc.codegen.kernel import Kernel
from mlc.codegen.kernels.resize_tables import cubic_weight
from mlc.codegen.kernels.spaces import lanes_for
from mlc.codegen.registers import accumulator
from mlc.codegen.registry import NoKernel, kernel
from mlc.codegen.schedule import Plan
from mlc.ir import DType
from mlc.ir.dims import product
from mlc.ops import GridSample

Element = Any  # ir.Value; llvmlite is untyped

CUBIC_A = -0.75
TAPS = {"nearest": (0,), "linear": (0, 1), "cubic": (-1, 0, 1, 2)}


@kernel(GridSample)
def grid_sample(plan: Plan, op: GridSample) -> None:
    """Units are the lines of results of each sample."""
    x, grid = op.x.tensor, op.grid.tensor
    rank = x.rank - 2
    batch, channels, *sizes = x.dims
    *lines, last = grid.dims[1:-1]
    if len(TAPS[op.mode]) ** rank > 64:
        raise NoKernel(f"{len(TAPS[op.mode]) ** rank} taps for one element are not written out")
    dtype = accumulator(x.dtype)
    lanes = min(lanes_for(plan, last, op.x, dtype), plan.target.lanes(accumulator(grid.dtype).itemsize))

    @plan.each(batch * product(lines), cost=last * (channels + 4) * len(TAPS[op.mode]) ** rank)
    def line(k: Kernel, number: Any) -> None:
        sample, *at = k.unravel(number, [k.dim(d) for d in (batch, *lines)])
        for i in k.across(0, k.dim(last), lanes):
            point = Point(k, op, [(sample, *at, i, axis) for axis in reversed(range(rank))])
            flat = k.tensor(op.x, (batch, channels, product(sizes)))
            with k.loop(0, k.dim(channels)) as channel:
                total = None
                for place, inside, weight in point.taps:
                    value = k.read_as(dtype, flat, (sample, channel, place))
                    if inside is not None:
                        value = k.select(inside, value, k.like(0, value))
                    value, factor = k.unified(value, registers.converted(k, weight, point.dtype, dtype))
                    multiply, add = (k.ir.fmul, k.ir.fadd) if dtype.is_float else (k.ir.mul, k.ir.add)
                    product_ = multiply(value, factor)
                    total = product_ if total is None else add(total, product_)
                k.emit((sample, channel, *at, i), registers.converted(k, total, dtype, x.dtype))


class Point:
    """The taps of one result, or of a vector of them: flat place, whether it is inside (None: it is), weight."""

    def __init__(self, k: Kernel, op: GridSample, places: Sequence[tuple[Index, ...]]) -> None:
        self.k, self.op = k, op
        self.dtype = accumulator(op.grid.tensor.dtype)
        self.sizes = [k.dim(d) for d in op.x.tensor.dims[2:]]
        units = [k.read_as(self.dtype, k.tensor(op.grid), place) for place in places]
        axes = [self._axis(unit, axis) for axis, unit in enumerate(units)]
        self.taps = [self._tap(corner) for corner in itertools.product(*axes)]

    def _axis(self, unit: Element, axis: int) -> list[tuple[Element, Element]]:
        """(place, weight) of each tap along one axis, both floats."""
        k, op = self.k, self.op
        size = self._size(axis, unit)
        one, half = k.like(1.0, unit), k.like(0.5, unit)
        from_0 = k.ir.fadd(unit, one)
        if op.align_corners:
            at = k.ir.fmul(k.ir.fmul(from_0, half), k.ir.fsub(size, one))
        else:
            at = k.ir.fmul(k.ir.fsub(k.ir.fmul(from_0, size), one), half)
        if op.mode == "nearest":
            return [(self._folded(math.round_even(k.ir, at), axis), one)]
        if op.mode == "linear":
            at = self._folded(at, axis)
        low = math.floor(k.ir, at)
        taps = []
        for offset in TAPS[op.mode]:
            place = k.ir.fadd(low, k.like(float(offset), low))
            distance = k.intrinsic("fabs", k.ir.fsub(place, at))
            is_linear = op.mode == "linear"
            taps.append((place, k.ir.fsub(one, distance) if is_linear else cubic_weight(k, distance, CUBIC_A)))
        return taps

    def _tap(self, corner: Sequence[tuple[Element, Element]]) -> tuple[Index, Element | None, Element]:
        k = self.k
        flat: Index = 0
        conditions = []
        weight = None
        for axis, (place, factor) in enumerate(corner):
            whole = self._folded(place, axis)
            if self.op.padding == "reflection":
                whole = math.trunc(k.ir, whole)
            zero, last = k.like(0.0, whole), k.ir.fsub(self._size(axis, whole), k.like(1.0, whole))
            if self.op.padding == "zeros":
                conditions += [k.ir.fcmp_ordered(">=", whole, zero), k.ir.fcmp_ordered("<=", whole, last)]
            elif self.op.mode == "nearest":  # of the others the weight is NaN
                conditions.append(k.ir.fcmp_ordered("ord", whole, whole))
            # Ordered, so that NaN becomes 0.
            whole = k.ir.select(k.ir.fcmp_ordered(">", whole, zero), whole, zero)
            whole = k.ir.select(k.ir.fcmp_ordered("<", whole, last), whole, last)
            number = k.ir.fptosi(whole, with_lanes(whole.type, I64))
            flat = k.add(k.mul(flat, self.sizes[axis]), number)
            weight = factor if weight is None else k.ir.fmul(weight, factor)
        return flat, k.all_of(conditions) if conditions else None, weight

    def _folded(self, at: Element, axis: int) -> Element:
        """A place brought into the image as the padding says."""
        k = self.k
        zero, size = k.like(0.0, at), self._size(axis, at)
        last = k.ir.fsub(size, k.like(1.0, at))
        match self.op.padding:
            case "border":
                at = k.ir.select(k.ir.fcmp_ordered("<", at, zero), zero, at)
                return k.ir.select(k.ir.fcmp_ordered(">", at, last), last, at)
            case "reflection":
                half = k.like(0.5, at)
                low, high = (zero, last) if self.op.align_corners else (k.ir.fneg(half), k.ir.fsub(size, half))
                return self._reflected(at, low, high)
            case _:
                return at

    def _reflected(self, at: Element, low: Element, high: Element) -> Element:
        """`at` folded back and forth at the borders until it lies in [low, high]."""
        k = self.k
        room = k.ir.fsub(high, low)
        is_wide = k.ir.fcmp_ordered(">", high, low)
        width = k.ir.select(is_wide, room, k.like(1.0, at))
        period = k.ir.fadd(width, width)
        turn = math.floor_mod(k.ir, k.ir.fsub(at, low), period)
        turn = k.ir.select(k.ir.fcmp_ordered(">", turn, width), k.ir.fsub(period, turn), turn)
        return k.ir.select(is_wide, k.ir.fadd(low, turn), low)

    def _size(self, axis: int, like: Element) -> Element:
        k = self.k
        size = self.sizes[axis]
        if isinstance(size, int):
            return k.like(float(size), like)
        number = registers.converted(k, size, DType.I64, self.dtype)
        return k.unified(number, like)[0]
