"""NonMaxSuppression: boxes in order of their scores, each kept unless it overlaps one kept before.

A unit is one class of one sample. Main then sums how many were kept, and a launch writes them one behind the other.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from mlc.codegen.builder import I1, I64, Num
from mlc.codegen.elements.arithmetic import larger, smaller
from mlc.codegen.kernel import Kernel, Temporary
from mlc.codegen.kernels.keys import falling, key_dtype
from mlc.codegen.kernels.sorting import SortBuffers, Sorter
from mlc.codegen.registry import kernel
from mlc.codegen.schedule import Plan
from mlc.ir import DType, Value
from mlc.ops import NonMaxSuppression

Element = Any  # ir.Value; llvmlite is untyped


@kernel(NonMaxSuppression)
def non_max_suppression(plan: Plan, op: NonMaxSuppression) -> None:
    """Kept boxes per class, their number, then the result."""
    samples, classes, boxes = op.scores.tensor.dims
    lines = samples * classes
    buffers = SortBuffers.of(plan, key_dtype(op.scores.tensor.dtype), lines, boxes)
    kept, counts = plan.temporary(DType.I64, lines, boxes), plan.temporary(DType.I64, lines)
    starts = plan.temporary(DType.I64, lines + 1)

    @plan.each(lines, cost=boxes * 64)
    def choose(k: Kernel, line: Any) -> None:
        Choice(k, op, line, k.tensor(kept), buffers, counts).write()

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

    def __init__(
        self, k: Kernel, op: NonMaxSuppression, line: Num, kept: Any, buffers: SortBuffers, counts: Temporary
    ) -> None:
        self.k, self.op, self.line, self.kept, self.buffers, self.counts = k, op, line, kept, buffers, counts
        samples, classes, boxes = op.scores.tensor.dims
        self.sample, self.kind = k.unravel(line, [k.dim(samples), k.dim(classes)])
        self.boxes = k.dim(boxes)
        self.dtype = op.boxes.tensor.dtype

    def write(self) -> None:
        """Fills `kept` and `counts`."""
        k, op = self.k, self.op
        count = k.variable(k.i64(0))
        limit = self._one(op.limit, DType.I64) or k.i64(0)
        threshold = self._one(op.iou_threshold, DType.F64) or k.like(0.0, ir.Constant(ir.DoubleType(), 0.0))
        least = self._one(op.score_threshold, op.scores.tensor.dtype)
        sorter = Sorter(k, self.buffers, self.line)
        sorter.by(lambda place: falling(k, op.scores.tensor.dtype, self._score(place)))
        with k.loop(0, self.boxes) as n:
            box = k.load(sorter.places, I64, n)
            is_free = k.variable(k.compare("<", count.get(), limit))
            if least is not None:
                is_free.set(k.ir.and_(is_free.get(), k.ir.fcmp_ordered(">", self._score(box), least)))
            with k.when(is_free.get()):
                corners = self._corners(box)
                with k.loop(0, count.get()) as m:
                    share = self._overlap(self._corners(k.read(self.kept, (self.line, m))), corners)
                    wide = k.ir.fpext(share, ir.DoubleType()) if share.type != ir.DoubleType() else share
                    is_free.set(k.ir.and_(is_free.get(), k.ir.fcmp_ordered("<=", wide, threshold)))
            with k.when(is_free.get()):
                k.write(self.kept, (self.line, count.get()), box)
                count.set(k.add(count.get(), 1))
        k.write(k.tensor(self.counts), (self.line,), count.get())

    def _one(self, value: Value | None, dtype: DType) -> Element | None:
        """The one element of an operand, where it is given."""
        if value is None:
            return None
        return self.k.read_as(dtype, self.k.tensor(value, (1,)), (0,))

    def _score(self, box: Num) -> Element:
        return self.k.read(self.k.tensor(self.op.scores), (self.sample, self.kind, box))

    def _corners(self, box: Num) -> tuple[list[Element], list[Element]]:
        """(low, high) of a box along both axes."""
        k = self.k
        numbers = [k.read(k.tensor(self.op.boxes), (self.sample, box, n)) for n in range(4)]
        pairs = list(zip(numbers[:2], numbers[2:], strict=True))
        if self.op.centered:
            halves = [(center, k.ir.fmul(size, k.like(0.5, size))) for center, size in pairs]
            return [k.ir.fsub(c, h) for c, h in halves], [k.ir.fadd(c, h) for c, h in halves]
        return [smaller(k, self.dtype, *p) for p in pairs], [larger(k, self.dtype, *p) for p in pairs]

    def _overlap(self, one: tuple[list[Element], list[Element]], other: tuple[list[Element], list[Element]]) -> Element:
        """Intersection over union; 0 where either is empty."""
        k = self.k
        zero = k.constant(self.dtype, 0)
        sides = []
        for axis in range(2):
            low = larger(k, self.dtype, one[0][axis], other[0][axis])
            high = smaller(k, self.dtype, one[1][axis], other[1][axis])
            sides.append(larger(k, self.dtype, k.ir.fsub(high, low), zero))
        shared = k.ir.fmul(*sides)
        areas = [k.ir.fmul(*(k.ir.fsub(high, low) for low, high in zip(*box, strict=True))) for box in (one, other)]
        union = k.ir.fsub(k.ir.fadd(*areas), shared)
        is_fine = ir.Constant(I1, 1)
        for number in (*areas, union):
            is_fine = k.ir.and_(is_fine, k.ir.fcmp_ordered(">", number, zero))
        return k.ir.select(is_fine, k.ir.fdiv(shared, union), zero)
