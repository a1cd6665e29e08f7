"""NonMaxSuppression: boxes in order of their scores, each kept unless it overlaps one kept before.

A unit is one class of one sample. What is kept lies as ends and areas side by side, so that a box is compared with a
vector of them at once, up to the first that overlaps it. Main then sums how many were kept, and a launch writes them
one behind the other.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from mlc.codegen.builder import I1, I64, Index, Lanes, Num
from mlc.codegen.elements.arithmetic import larger, smaller
from mlc.codegen.kernel import Kernel, Tensor
from mlc.codegen.kernels.keys import falling, key_dtype
from mlc.codegen.kernels.sorting import SortBuffers, Sorter
from mlc.codegen.kernels.tiles import accumulator
from mlc.codegen.registry import kernel
from mlc.codegen.schedule import Plan
from mlc.ir import DType, Value
from mlc.ir.dims import ceildiv
from mlc.ops import NonMaxSuppression

Element = Any  # ir.Value; llvmlite is untyped
# Of a box: its low ends along both axes, its high ends, its area.
Sides = tuple[Element, ...]
SIDE_COUNT = 5


@kernel(NonMaxSuppression)
def non_max_suppression(plan: Plan, op: NonMaxSuppression) -> None:
    """Kept boxes per class, their number, then the result."""
    samples, classes, boxes = op.scores.tensor.dims
    lines = samples * classes
    buffers = SortBuffers.of(plan, key_dtype(op.scores.tensor.dtype), lines, boxes)
    kept, counts = plan.temporary(DType.I64, lines, boxes), plan.temporary(DType.I64, lines)
    dtype = accumulator(op.boxes.tensor.dtype)
    lanes = plan.target.lanes(dtype.itemsize)
    sides = plan.temporary(dtype, lines, SIDE_COUNT, ceildiv(boxes, lanes) * lanes)
    starts = plan.temporary(DType.I64, lines + 1)

    @plan.each(lines, cost=boxes * 64)
    def choose(k: Kernel, line: Any) -> None:
        Choice(k, op, line, k.tensor(sides), lanes).write(Sorter(k, buffers, line), k.tensor(kept), k.tensor(counts))

    @plan.each(1, cost=lines)
    def add_up(k: Kernel, number: Any) -> None:
        total = k.variable(k.i64(0))
        with k.loop(0, k.dim(lines)) as line:
            k.write(k.tensor(starts), (line,), total.get())
            total.set(k.add(total.get(), k.read(k.tensor(counts), (line,))))
        k.write(k.tensor(starts), (k.dim(lines),), total.get())

    def resolve(m: Any) -> None:
        m.resolve(op.result, [m.load(m.pointer(starts), I64, m.dim(lines)), 3], op)

    plan.inline(resolve, starts)

    @plan.each(lines, cost=boxes)
    def write(k: Kernel, line: Any) -> None:
        sample, kind = k.unravel(line, [k.dim(samples), k.dim(classes)])
        start = k.read(k.tensor(starts), (line,))
        with k.loop(0, k.read(k.tensor(counts), (line,))) as n:
            for column, number in enumerate((sample, kind, k.read(k.tensor(kept), (line, n)))):
                k.emit((k.add(start, n), column), k.i64(number))


class Choice:
    """One class of one sample while the kernel is written."""

    def __init__(self, k: Kernel, op: NonMaxSuppression, line: Num, sides: Tensor, lanes: int) -> None:
        self.k, self.op, self.line, self.sides, self.lanes = k, op, line, sides, lanes
        samples, classes, boxes = op.scores.tensor.dims
        self.sample, self.kind = k.unravel(line, [k.dim(samples), k.dim(classes)])
        self.boxes = k.dim(boxes)
        self.dtype = op.boxes.tensor.dtype
        self.threshold = self._one(op.iou_threshold, DType.F64) or k.like(0.0, ir.Constant(ir.DoubleType(), 0.0))

    def write(self, sorter: Sorter, kept: Tensor, counts: Tensor) -> None:
        """Fills the unit's line of `kept`, and how many they are."""
        k, op = self.k, self.op
        count, n = k.variable(k.i64(0)), k.variable(k.i64(0))
        limit = self._one(op.limit, DType.I64) or k.i64(0)
        least = self._one(op.score_threshold, op.scores.tensor.dtype)
        sorter.by(lambda place: falling(k, op.scores.tensor.dtype, self._score(place)))
        with k.repeat() as stop_if:
            stop_if(k.compare(">=", n.get(), self.boxes))
            stop_if(k.compare(">=", count.get(), limit))
            box = k.load(sorter.places, I64, n.get())
            if least is not None:  # NaN comes last
                stop_if(k.ir.not_(k.ir.fcmp_ordered(">", self._score(box), least)))
            candidate = self._sides(box)
            with k.when(k.ir.not_(self._is_covered(candidate, count.get()))):
                k.write(kept, (self.line, count.get()), box)
                for number, side in enumerate(candidate):
                    k.write(self.sides, (self.line, number, count.get()), side)
                count.set(k.add(count.get(), 1))
            n.set(k.add(n.get(), 1))
        k.write(counts, (self.line,), count.get())

    def _is_covered(self, candidate: Sides, count: Num) -> Element:
        """Whether one of the `count` boxes that are kept overlaps the candidate."""
        k = self.k
        first, is_covered = k.variable(k.i64(0)), k.variable(ir.Constant(I1, 0))
        with k.repeat() as stop_if:
            stop_if(k.ir.or_(is_covered.get(), k.compare(">=", first.get(), count)))
            places = Lanes(first.get(), 1, self.lanes, self.lanes)
            share = self._overlap(self._kept_sides(places), candidate)
            threshold = k.splat(self.threshold, self.lanes)
            wide = share if share.type == threshold.type else k.ir.fpext(share, threshold.type)
            # What lies behind the last kept box in its vector is no box.
            covers = k.ir.and_(k.ir.fcmp_unordered(">", wide, threshold), k.compare("<", places, count))
            some = k.ir.bitcast(covers, ir.IntType(self.lanes))
            is_covered.set(k.ir.icmp_unsigned("!=", some, ir.Constant(some.type, 0)))
            first.set(k.add(first.get(), self.lanes))
        return is_covered.get()

    def _kept_sides(self, places: Index) -> Sides:
        return tuple(self.k.read(self.sides, (self.line, number, places)) for number in range(SIDE_COUNT))

    def _one(self, value: Value | None, dtype: DType) -> Element | None:
        """The one element of an operand, where it is given."""
        if value is None:
            return None
        return self.k.read_as(dtype, self.k.tensor(value, (1,)), (0,))

    def _score(self, box: Num) -> Element:
        return self.k.read(self.k.tensor(self.op.scores), (self.sample, self.kind, box))

    def _sides(self, box: Num) -> Sides:
        k = self.k
        numbers = [k.read(k.tensor(self.op.boxes), (self.sample, box, n)) for n in range(4)]
        pairs = list(zip(numbers[:2], numbers[2:], strict=True))
        if self.op.centered:
            halves = [(center, k.ir.fmul(size, k.like(0.5, size))) for center, size in pairs]
            low, high = [k.ir.fsub(c, h) for c, h in halves], [k.ir.fadd(c, h) for c, h in halves]
        else:
            low, high = [smaller(k, self.dtype, *p) for p in pairs], [larger(k, self.dtype, *p) for p in pairs]
        area = k.ir.fmul(*(k.ir.fsub(b, a) for a, b in zip(low, high, strict=True)))
        return *low, *high, area

    def _overlap(self, kept: Sides, candidate: Sides) -> Element:
        """Intersection over union, a lane for each kept box; 0 where either is empty."""
        k = self.k
        pairs = [k.unified(*pair) for pair in zip(kept, candidate, strict=True)]
        zero = k.like(0, kept[0])
        lengths = []
        for axis in range(2):
            low, high = larger(k, self.dtype, *pairs[axis]), smaller(k, self.dtype, *pairs[2 + axis])
            lengths.append(larger(k, self.dtype, k.ir.fsub(high, low), zero))
        shared, areas = k.ir.fmul(*lengths), pairs[4]
        union = k.ir.fsub(k.ir.fadd(*areas), shared)
        is_fine = k.all_of([k.ir.fcmp_ordered(">", number, zero) for number in (*areas, union)])
        return k.ir.select(is_fine, k.ir.fdiv(shared, union), zero)
