"""RoiAlign and MaxRoiPool: one unit per box and channel, cell by cell."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from mlc.codegen import math, registers
from mlc.codegen.builder import F64, I64, Num, Variable
from mlc.codegen.elements.arithmetic import larger
from mlc.codegen.kernel import Kernel
from mlc.codegen.kernels.checks import check_indices
from mlc.codegen.registers import accumulator
from mlc.codegen.registry import checked, kernel
from mlc.codegen.schedule import Plan
from mlc.ir import DType
from mlc.ops import MaxRoiPool, RoiAlign

Element = Any  # ir.Value; llvmlite is untyped


@checked(RoiAlign)
def check_samples(plan: Plan, op: RoiAlign) -> None:
    check_indices(plan, op, op.batch, op.x.tensor.dims[0])


@kernel(RoiAlign)
def roi_align(plan: Plan, op: RoiAlign) -> None:
    """Each cell's points in order: their mean, or the greatest weighted neighbour."""
    boxes, channels = op.rois.tensor.dims[0], op.x.tensor.dims[1]
    samples = max(op.sampling_ratio, 2) ** 2

    @plan.each(boxes * channels, cost=op.height * op.width * samples * 8)
    def box(k: Kernel, number: Any) -> None:
        roi, channel = k.unravel(number, [k.dim(boxes), k.dim(channels)])
        place = registers.converted(k, k.read(k.tensor(op.batch), (roi,)), op.batch.tensor.dtype, DType.I64)
        sample = k.select(k.compare("<", place, 0), k.add(place, k.dim(op.x.tensor.dims[0])), place)
        aligned = Aligned(k, op, roi)
        with k.loop(0, op.height) as row, k.loop(0, op.width) as column:
            value = aligned.cell(sample, channel, row, column)
            k.emit((roi, channel, row, column), registers.converted(k, value, aligned.dtype, op.x.tensor.dtype))


class Aligned:
    """One box while the kernel is written; axis 0 is y, axis 1 is x."""

    def __init__(self, k: Kernel, op: RoiAlign, roi: Num) -> None:
        self.k, self.op = k, op
        self.dtype = accumulator(op.x.tensor.dtype)
        rois = k.tensor(op.rois)
        offset = k.constant(self.dtype, 0.5 if op.half_pixel else 0.0)
        scale = k.constant(self.dtype, op.spatial_scale)
        x1, y1, x2, y2 = (k.ir.fsub(k.ir.fmul(k.read_as(self.dtype, rois, (roi, n)), scale), offset) for n in range(4))
        self.starts = [self._wide(x) for x in (y1, x1)]
        lengths = [k.ir.fsub(y2, y1), k.ir.fsub(x2, x1)]
        one = k.constant(self.dtype, 1)
        if not op.half_pixel:
            lengths = [k.ir.select(k.ir.fcmp_unordered("<", n, one), one, n) for n in lengths]
        cells = op.height, op.width
        steps = [k.ir.fdiv(n, k.constant(self.dtype, c)) for n, c in zip(lengths, cells, strict=True)]
        self.steps = [self._wide(step) for step in steps]
        self.counts = [k.i64(op.sampling_ratio) if op.sampling_ratio else self._count(step) for step in steps]

    def _wide(self, x: Element) -> Element:
        return registers.converted(self.k, x, self.dtype, DType.F64)

    def _count(self, step: Element) -> Num:
        k = self.k
        whole = math.ceil(k.ir, step)
        zero, endless = k.like(0.0, whole), k.like(float("inf"), whole)
        is_some = k.ir.and_(k.ir.fcmp_ordered(">", whole, zero), k.ir.fcmp_ordered("<", whole, endless))
        return k.ir.fptosi(k.ir.select(is_some, whole, zero), I64)

    def cell(self, sample: Num, channel: Num, row: Num, column: Num) -> Element:
        """The value of one cell."""
        k = self.k
        is_mean = self.op.mode == "avg"
        result = k.variable(k.constant(self.dtype, 0 if is_mean else float("-inf")))
        with k.loop(0, self.counts[0]) as i:
            rows = self._neighbours(0, row, i)
            with k.loop(0, self.counts[1]) as j:
                columns = self._neighbours(1, column, j)
                self._take(result, (sample, channel), rows, columns)
        points = k.mul(self.counts[0], self.counts[1])
        if is_mean:
            count = registers.converted(k, k.maximum(points, 1), DType.I64, self.dtype)
            return k.ir.fdiv(result.get(), count)
        return k.select(k.compare("==", points, 0), k.constant(self.dtype, 0), result.get())

    def _take(self, result: Variable, at: tuple[Num, Num], rows: Any, columns: Any) -> None:
        k = self.k
        for i, row_share in rows:
            for j, column_share in columns:
                value = k.read_as(self.dtype, k.tensor(self.op.x), (*at, i, j))
                share = k.ir.fmul(row_share, column_share)
                value = k.ir.fmul(value, registers.converted(k, share, DType.F64, self.dtype))
                if self.op.mode == "avg":
                    result.set(k.ir.fadd(result.get(), value))
                else:
                    result.set(larger(k, self.dtype, result.get(), value))

    def _neighbours(self, axis: int, cell: Num, point: Num) -> list[tuple[Num, Element]]:
        """(index, weight in f64) of the two elements beside a point."""
        k = self.k
        zero, one, half = (k.constant(DType.F64, n) for n in (0, 1, 0.5))

        def number(n: Num) -> Element:
            return registers.converted(k, k.i64(n), DType.I64, DType.F64)

        size = number(k.dim(self.op.x.tensor.dims[2 + axis]))
        within = k.ir.fdiv(k.ir.fadd(number(point), half), number(self.counts[axis]))
        at = k.ir.fadd(self.starts[axis], k.ir.fmul(k.ir.fadd(number(cell), within), self.steps[axis]))
        outside = k.ir.or_(k.ir.fcmp_ordered("<", at, k.ir.fneg(one)), k.ir.fcmp_ordered(">", at, size))
        last = k.ir.fsub(size, one)
        at = _between(k, at, zero, last)
        low = _between(k, math.floor(k.ir, at), zero, _between(k, k.ir.fsub(last, one), zero, last))
        rest = k.ir.fsub(at, low)
        result = []
        for place, share in ((low, k.ir.fsub(one, rest)), (k.ir.fadd(low, one), rest)):
            whole = k.ir.fptosi(_between(k, place, zero, last), I64)
            result.append((whole, k.ir.select(outside, zero, share)))
        return result


def _between(k: Kernel, x: Element, low: Element, high: Element) -> Element:
    """x cut to [low, high]; NaN becomes low."""
    x = k.ir.select(k.ir.fcmp_ordered(">", x, low), x, low)
    return k.ir.select(k.ir.fcmp_ordered("<", x, high), x, high)


@checked(MaxRoiPool)
def check_images(plan: Plan, op: MaxRoiPool) -> None:
    check_indices(plan, op, op.rois, op.x.tensor.dims[0], column=0)


@kernel(MaxRoiPool)
def max_roi_pool(plan: Plan, op: MaxRoiPool) -> None:
    """Each cell's elements in order."""
    boxes, channels = op.rois.tensor.dims[0], op.x.tensor.dims[1]
    sizes = op.x.tensor.dims[2:]
    dtype = op.x.tensor.dtype

    @plan.each(boxes * channels, cost=op.height * op.width * 16)
    def box(k: Kernel, number: Any) -> None:
        roi, channel = k.unravel(number, [k.dim(boxes), k.dim(channels)])
        rois = k.tensor(op.rois)
        sample = k.ir.fptosi(k.read_as(DType.F64, rois, (roi, 0)), I64)
        batch = k.dim(op.x.tensor.dims[0])
        sample = k.select(k.compare("<", sample, 0), k.add(sample, batch), sample)
        wide = accumulator(op.rois.tensor.dtype)
        x1, y1, x2, y2 = (_rounded(k, op, k.read_as(wide, rois, (roi, n))) for n in range(1, 5))
        with k.loop(0, op.height) as row, k.loop(0, op.width) as column:
            top, bottom = _span(k, row, y1, y2, op.height, k.dim(sizes[0]))
            left, right = _span(k, column, x1, x2, op.width, k.dim(sizes[1]))
            best = k.variable(registers.constant(dtype, float("-inf") if dtype.is_float else 0))
            with k.loop(top, bottom) as i, k.loop(left, right) as j:
                best.set(larger(k, dtype, best.get(), k.read(k.tensor(op.x), (sample, channel, i, j))))
            is_empty = k.ir.or_(k.compare(">=", top, bottom), k.compare(">=", left, right))
            k.emit((roi, channel, row, column), k.select(is_empty, registers.constant(dtype, 0), best.get()))


def _rounded(k: Kernel, op: MaxRoiPool, x: Element) -> ir.Value:
    scaled = k.ir.fadd(k.ir.fmul(x, k.like(op.spatial_scale, x)), k.like(0.5, x))
    return k.ir.fptosi(math.floor(k.ir, scaled), I64)


def _span(k: Kernel, cell: Num, start: Num, end: Num, cells: int, size: Num) -> tuple[Num, Num]:
    """From which element on, and up to which, a cell reaches, cut to the image."""
    length = k.maximum(k.add(k.sub(end, start), 1), 1)
    step = k.ir.fdiv(k.ir.sitofp(k.i64(length), F64), ir.Constant(F64, float(cells)))
    ends = []
    for edge, rounded in ((cell, math.floor), (k.add(cell, 1), math.ceil)):
        whole = k.ir.fptosi(rounded(k.ir, k.ir.fmul(k.ir.sitofp(k.i64(edge), F64), step)), I64)
        ends.append(k.minimum(k.maximum(k.add(whole, start), 0), size))
    return ends[0], ends[1]
