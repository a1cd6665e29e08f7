"""NonMaxSuppression: each class keeps its best boxes, one after the other; main states how many, a stage lists them."""

from __future__ import annotations

from functools import partial

from mlc.codegen.builder import I64
from mlc.codegen.kernel import Temporary
from mlc.codegen.kernels.sorting import RADIX
from mlc.codegen.mlir.control import Carried, forall, insert, loop, repeat, when
from mlc.codegen.mlir.elements import Scalar
from mlc.codegen.mlir.indexing import only_element, unraveled
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.sampling import minus, plus, times
from mlc.codegen.mlir.scalars.arithmetic import largest, smallest
from mlc.codegen.mlir.scalars.conversion import converted
from mlc.codegen.mlir.sorting import falling, key_bytes, sort_places
from mlc.codegen.mlir.text import Body, Tensor
from mlc.codegen.registers import accumulator
from mlc.ir import DType
from mlc.ops import NonMaxSuppression

# Of a box that is kept: its low ends along both axes, its high ends, its area.
SIDES = 5
# Boxes that a candidate is compared with before it looks whether one of them overlaps it.
BLOCK = 64
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
    # Of each class: its boxes by score and what sorting them takes, then the kept ones' ends and areas.
    order, spare = g.temporary(DType.I64, lines, boxes), g.temporary(DType.I64, lines, boxes)
    starts = g.temporary(DType.I64, lines, RADIX)
    sides = g.temporary(accumulator(op.boxes.tensor.dtype), lines, SIDES, boxes)
    stage = g.stage(op)
    stage.family = "forall"
    outs = [stage.destination(t) for t in (kept, counts, order, spare, starts, sides)]

    def line(b: Body, at: list[Scalar], parts: list[Tensor]) -> list[Tensor]:
        return _Class(b, op, at[0]).chosen(b, parts)

    made = forall(stage, [lines], [(t, partial(_line, len(t.dims))) for t in outs], line)
    g.close(stage, made, cost=64 * max(1, g.plan.estimate(boxes)))
    return kept, counts


def _line(rank: int, at: list[Scalar]) -> list[Scalar | None]:
    """A turn's part of a buffer: what lies at its first index."""
    return [at[0], *[None] * (rank - 1)]


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
        """Box by box, the best first, those that overlap none taken before; parts as of `_kept`."""
        kept, counts, order, spare, starts, sides = parts
        zero, one = b.index(0), b.index(1)
        order, found = loop(b, zero, self.count, [order, zero], self._candidate)
        dtype = self.op.scores.tensor.dtype
        buffers = (order, spare, starts)
        order, spare, starts = sort_places(b, buffers, found, self._key, key_bytes(dtype), one)

        def holds(b: Body, carried: list[Carried]) -> Scalar:
            is_there = b.compare("slt", carried[3], found)
            return b.binary("arith.andi", is_there, b.compare("slt", carried[2], self.limit))

        def turn(b: Body, carried: list[Carried]) -> list[Carried]:
            kept, sides, count, number = carried
            place = b.extract(order, [number])
            box = self._corners(b, b.as_index(place))
            ends = [*box[0], *box[1], _area(b, box)]

            def take(b: Body) -> list[Carried]:
                listed = sides
                for column, end in enumerate(ends):
                    listed = insert(b, end, listed, [b.index(column), count])
                return [insert(b, place, kept, [count]), listed, b.binary("arith.addi", count, one)]

            is_free = self._is_free(b, sides, count, ends)
            return [*when(b, is_free, [kept, sides, count], take), b.binary("arith.addi", number, one)]

        kept, sides, count, _ = repeat(b, [kept, sides, zero, zero], holds, turn)
        counts = insert(b, b.convert("arith.index_cast", count, "i64"), counts, [])
        return [kept, counts, order, spare, starts, sides]

    def _candidate(self, b: Body, i: Scalar, carried: list[Carried]) -> list[Carried]:
        """Lists a box whose score is above the least."""

        def put(b: Body) -> list[Carried]:
            order, found = carried
            listed = insert(b, b.convert("arith.index_cast", i, "i64"), order, [found])
            return [listed, b.binary("arith.addi", found, b.index(1))]

        if self.least is None:
            return put(b)
        return when(b, b.compare("ogt", self._score(b, i), self.least), carried, put)

    def _key(self, b: Body, box: Scalar, _: Scalar) -> Scalar:
        """The greatest score first, and NaN last."""
        return falling(b, self.op.scores.tensor.dtype, self._score(b, box))

    def _is_free(self, b: Body, sides: Tensor, count: Scalar, ends: list[Scalar]) -> Scalar:
        """Whether a box of these ends and area overlaps none of those kept so far.

        In blocks, each without a branch so that LLVM takes several boxes at once, up to the first with one that does.
        """
        nothing = b.number(0, "i1")

        def holds(b: Body, carried: list[Carried]) -> Scalar:
            is_left = b.compare("slt", carried[0], count)
            return b.binary("arith.andi", is_left, b.binary("arith.xori", carried[1], b.number(1, "i1")))

        def block(b: Body, carried: list[Carried]) -> list[Carried]:
            last = b.binary("arith.addi", carried[0], b.index(BLOCK))

            def look(b: Body, m: Scalar, now: list[Carried]) -> list[Carried]:
                other = [b.extract(sides, [b.index(column), m]) for column in range(SIDES)]
                share = converted(b, self._overlap(b, other, ends), self.dtype, DType.F64)
                return [b.binary("arith.ori", now[0], b.compare("ugt", share, self.overlap))]

            found = loop(b, carried[0], b.binary("arith.minsi", last, count), [nothing], look)
            return [last, *found]

        _, overlaps = repeat(b, [b.index(0), nothing], holds, block)
        return b.binary("arith.xori", overlaps, b.number(1, "i1"))

    def _score(self, b: Body, box: Scalar) -> Scalar:
        return b.extract(self.scores, [self.sample, self.kind, box])

    def _corners(self, b: Body, box: Scalar) -> Box:
        numbers = [b.extract(self.boxes, [self.sample, box, b.index(n)]) for n in range(4)]
        pairs = list(zip(numbers[:2], numbers[2:], strict=True))
        if self.op.centered:
            halves = [(center, times(b, size, b.like(0.5, size))) for center, size in pairs]
            return [minus(b, c, h) for c, h in halves], [plus(b, c, h) for c, h in halves]
        return [smallest(b, self.dtype, *p) for p in pairs], [largest(b, self.dtype, *p) for p in pairs]

    def _overlap(self, b: Body, one: list[Scalar], other: list[Scalar]) -> Scalar:
        """Intersection over union, of low ends, high ends and areas; 0 where either is empty."""
        zero = b.like(0, one[0])
        lengths: list[Scalar] = []
        for axis in range(2):
            low = largest(b, self.dtype, one[axis], other[axis])
            high = smallest(b, self.dtype, one[2 + axis], other[2 + axis])
            lengths.append(largest(b, self.dtype, minus(b, high, low), zero))
        shared = times(b, *lengths)
        areas = [one[4], other[4]]
        union = minus(b, plus(b, *areas), shared)
        is_fine = b.number(1, "i1")
        for number in (*areas, union):
            is_fine = b.binary("arith.andi", is_fine, b.compare("ogt", number, zero))
        return b.select(is_fine, b.div(shared, union), zero)


def _area(b: Body, box: Box) -> Scalar:
    return times(b, *(minus(b, high, low) for low, high in zip(*box, strict=True)))
