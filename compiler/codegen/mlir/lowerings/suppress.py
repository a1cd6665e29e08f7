"""NonMaxSuppression: each class keeps its best boxes, one after the other; main states how many, a stage lists them."""

from __future__ import annotations

from typing import Any

from mlc.codegen.builder import I64
from mlc.codegen.kernel import Temporary
from mlc.codegen.mlir.control import Carried, forall, insert, loop, repeat, when
from mlc.codegen.mlir.indexing import only_element, unraveled
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.sampling import minus, plus, times
from mlc.codegen.mlir.scalars.arithmetic import largest, smallest
from mlc.codegen.mlir.scalars.conversion import converted
from mlc.codegen.mlir.text import Body, Scalar, Tensor, register_type
from mlc.ir import DType
from mlc.ops import NonMaxSuppression

Box = tuple[list[Scalar], list[Scalar]]  # the low and the high ends along both axes


@linalg(NonMaxSuppression, attributes="count centered")
def non_max_suppression(g: Lowering, op: NonMaxSuppression) -> None:
    kept, counts = _kept(g, op)
    samples, classes, _ = op.scores.tensor.dims
    lines, total = samples * classes, g.temporary(DType.I64, 1)
    stage = g.stage(op)
    stage.title = "add_up"
    stage.family = "serial"
    number = stage.destination(total)
    each = stage.tensor(counts)
    [made] = stage.generic(
        [],
        [(each, ["i"])],
        [(stage.fill(0, number, "mlc.inner"), ["0"])],
        lambda b, x, old: [b.add(old[0], x[0])],
        reduction=["i"],
    )
    g.close(stage, [made])
    g.plan.inline(lambda m: m.resolve(op.result, [m.load(m.pointer(total), I64), 3], op), total)
    last = g.stage(op)
    last.family = "serial"
    out, places, each = last.destination(g.written(op.result)), last.tensor(kept), last.tensor(counts)
    b = last.body()

    def line(b: Body, n: Scalar, carried: list[Carried]) -> list[Carried]:
        owner = unraveled(b, n, (samples, classes))

        def box(b: Body, i: Scalar, carried: list[Carried]) -> list[Carried]:
            listed, row = carried
            found = b.extract(places, [n, i])
            for column, entry in enumerate((*(b.convert("arith.index_cast", o, "i64") for o in owner), found)):
                listed = insert(b, entry, listed, [row, b.index(column)])
            return [listed, b.binary("arith.addi", row, b.index(1))]

        return loop(b, b.index(0), b.as_index(b.extract(each, [n])), carried, box)

    listed, _ = loop(b, b.index(0), last.dim(lines), [out, b.index(0)], line)
    g.close(last, [listed])
    g.finish_written()


def _kept(g: Lowering, op: NonMaxSuppression) -> tuple[Temporary, Temporary]:
    """The boxes that each class of each sample keeps, best first, and how many they are."""
    samples, classes, boxes = op.scores.tensor.dims
    lines = samples * classes
    kept, counts = g.temporary(DType.I64, lines, boxes), g.temporary(DType.I64, lines)
    if 0 in (lines, boxes):
        g.fill(counts, (lines,), 0)
        return kept, counts
    left = g.temporary(DType.BOOL, lines, boxes)  # which may still be taken
    stage = g.stage(op)
    stage.family = "forall"
    outs = [stage.destination(t) for t in (kept, counts, left)]

    def line(b: Body, at: list[Scalar], parts: list[Tensor]) -> list[Tensor]:
        return _Class(b, op, at[0]).chosen(b, parts)

    places = (lambda at: (at[0], None), lambda at: (at[0],), lambda at: (at[0], None))
    made = forall(stage, [lines], list(zip(outs, places, strict=True)), line)
    g.close(stage, made, cost=64 * max(1, g.plan.estimate(boxes)))
    return kept, counts


class _Class:
    """One class of one sample: what bounds its choice, read before its loops."""

    def __init__(self, b: Body, op: NonMaxSuppression, line: Scalar) -> None:
        samples, classes, boxes = op.scores.tensor.dims
        self.op, self.dtype = op, op.boxes.tensor.dtype
        self.sample, self.kind = unraveled(b, line, (samples, classes))
        self.boxes, self.scores = b.stage.tensor(op.boxes), b.stage.tensor(op.scores)
        self.count = b.stage.dim(boxes)
        self.limit = b.index(0) if op.limit is None else b.as_index(only_element(b, op.limit, DType.I64))
        self.overlap = b.number(0, "f64") if op.iou_threshold is None else only_element(b, op.iou_threshold, DType.F64)
        self.least = None if op.score_threshold is None else only_element(b, op.score_threshold, op.scores.tensor.dtype)

    def chosen(self, b: Body, parts: list[Tensor]) -> list[Tensor]:
        """Turn by turn the best box that is left, and without those that overlap it; parts as of `_kept`."""
        kept, counts, left = parts
        zero, nobody = b.index(0), b.index(-1)
        [left] = loop(b, zero, self.count, [left], self._is_free)
        best = self._best(b, left)

        def holds(b: Body, carried: list[Carried]) -> Scalar:
            is_there = b.compare("ne", carried[3], nobody)
            return b.binary("arith.andi", is_there, b.compare("slt", carried[2], self.limit))

        def turn(b: Body, carried: list[Carried]) -> list[Carried]:
            kept, left, count, box = carried
            kept = insert(b, b.convert("arith.index_cast", box, "i64"), kept, [count])
            [left] = loop(b, b.index(0), self.count, [left], self._without(b, box))
            return [kept, left, b.binary("arith.addi", count, b.index(1)), self._best(b, left)]

        kept, left, count, _ = repeat(b, [kept, left, zero, best], holds, turn)
        return [kept, insert(b, b.convert("arith.index_cast", count, "i64"), counts, []), left]

    def _is_free(self, b: Body, i: Scalar, carried: list[Carried]) -> list[Carried]:
        """Marks a box whose score is above the least."""
        free = b.number(1, "i1")
        if self.least is not None:
            free = b.compare("ogt", self._score(b, i), self.least)
        return [insert(b, free, carried[0], [i])]

    def _best(self, b: Body, left: Tensor) -> Scalar:
        """The first of the boxes with the greatest score that are left, -1 for none; NaN is below all."""
        nobody = b.index(-1)

        def better(b: Body, i: Scalar, carried: list[Carried]) -> list[Carried]:
            best, top = carried
            score = self._score(b, i)
            is_first = b.compare("eq", best, nobody)
            beats_nan = b.binary("arith.andi", b.compare("uno", top, top), b.compare("ord", score, score))
            is_higher = b.binary("arith.ori", b.compare("ogt", score, top), beats_nan)
            is_it = b.binary("arith.andi", b.extract(left, [i]), b.binary("arith.ori", is_first, is_higher))
            return [b.select(is_it, i, best), b.select(is_it, score, top)]

        start = b.number(0, register_type(self.op.scores.tensor.dtype))
        best: Scalar = loop(b, b.index(0), self.count, [nobody, start], better)[0]
        return best

    def _without(self, b: Body, box: Scalar) -> Any:
        """The turn that takes out box i if it is `box` or overlaps it."""
        corners = self._corners(b, box)

        def turn(b: Body, i: Scalar, carried: list[Carried]) -> list[Carried]:
            def test(b: Body) -> list[Carried]:
                share = converted(b, self._overlap(b, corners, self._corners(b, i)), self.dtype, DType.F64)
                stays = b.binary("arith.andi", b.compare("ole", share, self.overlap), b.compare("ne", i, box))
                return [insert(b, stays, carried[0], [i])]

            return when(b, b.extract(carried[0], [i]), carried, test)

        return turn

    def _score(self, b: Body, box: Scalar) -> Scalar:
        return b.extract(self.scores, [self.sample, self.kind, box])

    def _corners(self, b: Body, box: Scalar) -> Box:
        numbers = [b.extract(self.boxes, [self.sample, box, b.index(n)]) for n in range(4)]
        pairs = list(zip(numbers[:2], numbers[2:], strict=True))
        if self.op.centered:
            halves = [(center, times(b, size, b.like(0.5, size))) for center, size in pairs]
            return [minus(b, c, h) for c, h in halves], [plus(b, c, h) for c, h in halves]
        return [smallest(b, self.dtype, *p) for p in pairs], [largest(b, self.dtype, *p) for p in pairs]

    def _overlap(self, b: Body, one: Box, other: Box) -> Scalar:
        """Intersection over union; 0 where either is empty."""
        zero = b.like(0, one[0][0])
        sides: list[Scalar] = []
        for axis in range(2):
            low = largest(b, self.dtype, one[0][axis], other[0][axis])
            high = smallest(b, self.dtype, one[1][axis], other[1][axis])
            sides.append(largest(b, self.dtype, minus(b, high, low), zero))
        shared = times(b, *sides)
        areas = [times(b, *(minus(b, high, low) for low, high in zip(*box, strict=True))) for box in (one, other)]
        union = minus(b, plus(b, *areas), shared)
        is_fine = b.number(1, "i1")
        for number in (*areas, union):
            is_fine = b.binary("arith.andi", is_fine, b.compare("ogt", number, zero))
        return b.select(is_fine, b.div(shared, union), zero)
