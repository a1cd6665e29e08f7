"""DeformConv: windows that sample their image at learned places, one output pixel for all filters at a time.

Each unit is one output pixel of one group: for every tap and channel the sample is interpolated once, as the sum over
the corners around its place of the corner's weight times its element (0 outside), and added to all filters of the
group.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

from llvmlite import ir

from mlc.codegen import registers
from mlc.codegen.builder import I64, Num
from mlc.codegen.kernel import Kernel
from mlc.codegen.kernels.tiles import accumulator
from mlc.codegen.registry import NoKernel, kernel
from mlc.codegen.schedule import Plan
from mlc.ir.dims import product
from mlc.ops import DeformConv
from mlc.ops.inference import numbers


@kernel(DeformConv)
def deform_conv(plan: Plan, op: DeformConv) -> None:
    """One launch over batches, groups and output pixels."""
    if not all(isinstance(d, int) for d in op.w.tensor.dims[2:]):
        raise NoKernel("its kernel size is not known when compiling")
    if not op.x.tensor.dtype.is_float:
        raise NoKernel("samples of integers are not interpolated")
    _Deform(plan, op).add()


class _Deform:
    """The launch, and what its body needs to know of the op."""

    def __init__(self, plan: Plan, op: DeformConv) -> None:
        self.plan, self.op = plan, op
        self.dtype = accumulator(op.x.tensor.dtype)
        self.taps = numbers(op.w.tensor.dims[2:])
        self.counts = op.result.tensor.dims[2:]
        self.filters = op.w.tensor.dims[0] // op.groups
        self.depth = op.w.tensor.dims[1]

    def add(self) -> None:
        op, plan = self.op, self.plan
        count = op.result.tensor.dims[0] * op.groups * product(self.counts)
        sums = plan.temporary(self.dtype, count, self.filters)
        plan.choose("unit", "a pixel of a group")

        @plan.each(count, cost=self.depth * self.filters * math.prod(self.taps))
        def pixel(k: Kernel, number: Any) -> None:
            extents = [k.dim(d) for d in self.counts]
            n, group, *at = k.unravel(number, [k.dim(op.result.tensor.dims[0]), op.groups, *extents])
            totals = k.tensor(sums)
            zero = registers.constant(self.dtype, 0)
            with k.loop(0, k.dim(self.filters)) as f:
                k.write(totals, (number, f), zero)
            with k.loop(0, math.prod(self.taps)) as tap, k.loop(0, k.dim(self.depth)) as channel:
                plane = k.add(k.mul(group, k.dim(self.depth)), channel)
                sample = self._sample(k, n, plane, tap, at)
                with k.loop(0, k.dim(self.filters)) as f:
                    w = k.tensor(op.w, (op.groups, self.filters, self.depth, math.prod(self.taps)))
                    weight = k.read_as(self.dtype, w, (group, f, channel, tap))
                    k.write(totals, (number, f), k.fma(sample, weight, k.read(totals, (number, f))))
            with k.loop(0, k.dim(self.filters)) as f:
                o = k.add(k.mul(group, k.dim(self.filters)), f)
                value = k.read(totals, (number, f))
                if op.b is not None:
                    value = k.ir.fadd(value, k.read_as(self.dtype, k.tensor(op.b), (o,)))
                k.emit((n, o, *at), registers.converted(k, value, self.dtype, op.result.tensor.dtype))

    def _sample(self, k: Kernel, n: Num, plane: Num, tap: Num, at: list[Num]) -> Any:
        """x of one channel at the place where a tap of the window at `at` was moved to, times its mask."""
        op, b = self.op, k.ir
        rank = len(at)
        per_group = k.floordiv(k.dim(op.x.tensor.dims[1]), op.offset_groups)
        group = k.floordiv(plane, per_group)
        position = k.unravel(tap, list(self.taps))
        tap_count = math.prod(self.taps)
        offsets = k.tensor(op.offset, (op.x.tensor.dims[0], op.offset_groups, tap_count, rank, *self.counts))
        floors, fractions = [], []
        for axis in range(rank):
            start = k.sub(k.mul(at[axis], op.strides[axis]), op.pads[axis])
            grid = k.add(start, k.mul(position[axis], op.dilations[axis]))
            kind = registers.register_type(self.dtype)
            moved = k.read_as(self.dtype, offsets, (n, group, tap, axis, *at))
            place = b.fadd(b.sitofp(k.i64(grid), kind), moved)
            floor = k.intrinsic("floor", place)
            floors.append(k.call(f"llvm.fptosi.sat.i64.{_suffix(kind)}", floor, result=I64))
            fractions.append(b.fsub(place, floor))
        total = registers.constant(self.dtype, 0)
        for corner in itertools.product((0, 1), repeat=rank):
            total = b.fadd(total, self._corner(k, n, plane, corner, floors, fractions))
        if op.mask is None:
            return total
        mask = k.tensor(op.mask, (op.x.tensor.dims[0], op.offset_groups, tap_count, *self.counts))
        return b.fmul(total, k.read_as(self.dtype, mask, (n, group, tap, *at)))

    def _corner(
        self, k: Kernel, n: Num, plane: Num, corner: tuple[int, ...], floors: list[Any], fractions: list[Any]
    ) -> Any:
        """The share of one corner: 0 where it lies outside of x."""
        b, x = k.ir, self.op.x.tensor.dims
        places, inside = [], []
        weight = registers.constant(self.dtype, 1)
        for axis, bit in enumerate(corner):
            place = k.add(floors[axis], bit)
            limit = k.dim(x[2 + axis])
            inside += [k.compare(">=", place, 0), k.compare("<", place, limit)]
            places.append(k.maximum(k.minimum(place, k.sub(limit, 1)), 0))
            fraction = fractions[axis]
            weight = b.fmul(weight, fraction if bit else b.fsub(k.like(1.0, fraction), fraction))
        value = k.read_as(self.dtype, k.tensor(self.op.x), (n, plane, *places))
        return b.fmul(weight, b.select(k.all_of(inside), value, k.like(0.0, value)))


def _suffix(kind: ir.Type) -> str:
    return "f64" if isinstance(kind, ir.DoubleType) else "f32"
