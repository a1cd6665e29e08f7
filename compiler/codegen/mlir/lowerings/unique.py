"""Unique: places sorted by what lies there, equal neighbours counted as one; main states how many there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mlc.codegen.builder import I64
from mlc.codegen.kernel import Temporary
from mlc.codegen.mlir.control import Carried, insert, loop, repeat, when
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.text import Body, Scalar, Stage, Tensor
from mlc.ir import Dim, DType, Value
from mlc.ir.dims import product
from mlc.ops import Unique


@linalg(Unique, attributes="axis is_sorted count")
def unique(g: Lowering, op: Unique) -> None:
    """The values' places, then the groups, then what the results say of each."""
    dims = op.x.tensor.dims
    axis = None if op.axis is None else op.axis % len(dims)
    lines = _Lines.of(op.x, axis)
    extent = lines.dims[1]
    order = _sorted_places(g, lines)
    first, counts, inverse, ranked = (g.temporary(DType.I64, extent) for _ in range(4))
    count = _groups(g, lines, order, first, counts, inverse)
    _rank(g, op, extent, first, inverse, ranked)

    def resolve(m: Any) -> None:
        found = m.load(m.pointer(count), I64)
        shape = [found] if axis is None else [found if i == axis else m.dim(d) for i, d in enumerate(dims)]
        for result, actual in zip(op.results, (shape, [found], [m.dim(extent)], [found]), strict=True):
            m.resolve(result, actual, op)

    g.plan.inline(resolve, count)
    seen = (product(dims),) if axis is None else dims
    at = axis or 0

    def group_of(b: Body, n: Scalar) -> Scalar:
        return b.as_index(b.extract(b.stage.tensor(ranked), [n]))

    def value(b: Body, index: list[Scalar]) -> Scalar:
        place = b.as_index(b.extract(b.stage.tensor(first), [group_of(b, index[at])]))
        return b.extract(b.stage.tensor(op.x, seen), [*index[:at], place, *index[at + 1 :]])

    g.tabulate("unique_values", g.written(op.results[0]), value)
    for result, source in ((op.results[1], first), (op.results[3], counts)):

        def of_group(b: Body, index: list[Scalar], source: Temporary = source) -> Scalar:
            return b.extract(b.stage.tensor(source), [group_of(b, index[0])])

        g.tabulate("of_each_group", g.written(result), of_group)
    g.tabulate("inverse", g.written(op.results[2]), lambda b, index: b.extract(b.stage.tensor(inverse), index))
    g.finish_written()


@dataclass(frozen=True)
class _Lines:
    """x seen as [outer, extent, inner]: what is sorted are places of the middle dim."""

    x: Value
    dims: tuple[Dim, Dim, Dim]

    @staticmethod
    def of(x: Value, axis: int | None) -> _Lines:
        dims = x.tensor.dims
        if axis is None:
            return _Lines(x, (1, product(dims), 1))
        return _Lines(x, (product(dims[:axis]), dims[axis], product(dims[axis + 1 :])))

    def is_less(self, b: Body, left: Scalar, right: Scalar) -> Scalar:
        """Whether what lies at one place comes before what lies at another, element by element."""
        outer, _, inner = self.dims
        width, zero = b.stage.dim(outer * inner), b.index(0)
        if outer * inner == 1:
            return self._before(b, self._element(b, left, zero), self._element(b, right, zero))

        def is_open(b: Body, now: list[Carried]) -> Scalar:
            return b.binary("arith.andi", b.compare("slt", now[0], width), b.compare("eq", now[1], b.like(0, now[1])))

        def look(b: Body, now: list[Carried]) -> list[Carried]:
            x, y = (self._element(b, place, now[0]) for place in (left, right))
            is_less, is_more = (b.convert("arith.extui", self._before(b, *p), "i64") for p in ((x, y), (y, x)))
            return [b.binary("arith.addi", now[0], b.index(1)), b.sub(is_more, is_less)]

        _, order = repeat(b, [zero, b.number(0, "i64")], is_open, look)
        return b.compare("slt", order, b.like(0, order))

    def _element(self, b: Body, place: Scalar, number: Scalar) -> Scalar:
        inner = b.stage.dim(self.dims[2])
        before, behind = b.binary("arith.divui", number, inner), b.binary("arith.remui", number, inner)
        return b.extract(b.stage.tensor(self.x, self.dims), [before, place, behind])

    def _before(self, b: Body, x: Scalar, y: Scalar) -> Scalar:
        """x < y; NaN is behind all numbers, and equal to NaN."""
        if not x.is_float:
            return b.compare("slt" if self.x.tensor.dtype.is_signed else "ult", x, y)
        is_last = b.binary("arith.andi", b.compare("ord", x, x), b.compare("uno", y, y))
        return b.binary("arith.ori", b.compare("olt", x, y), is_last)


def _sorted_places(g: Lowering, lines: _Lines) -> Temporary:
    """The places in the order of what lies there, equal ones in their own: merge sort, runs of twice the length a turn.

    Knuth, The Art of Computer Programming 3, 5.2.4, from the bottom up.
    """
    extent = lines.dims[1]
    order = g.temporary(DType.I64, extent)
    stage = _serial("sorted_places")
    runs, merged = stage.destination(order), stage.scratch(g.temporary(DType.I64, extent))
    b = stage.body()
    n, zero, one = b.stage.dim(extent), b.index(0), b.index(1)

    def count(b: Body, given: list[Scalar], _: list[Scalar]) -> list[Scalar]:
        return [b.convert("arith.index_cast", b.loop_index(0), "i64")]

    [places] = stage.generic(["i"], [], [(runs, ["i"])], count)

    def are_several(b: Body, now: list[Carried]) -> Scalar:
        return b.compare("slt", now[2], n)

    def double(b: Body, now: list[Carried]) -> list[Carried]:
        source, target, length = now
        pair = b.binary("arith.addi", length, length)
        last = b.binary("arith.subi", b.binary("arith.addi", n, pair), one)
        pairs = b.binary("arith.divui", last, pair)

        def merge(b: Body, number: Scalar, now: list[Carried]) -> list[Carried]:
            start = b.binary("arith.muli", number, pair)
            middle = b.binary("arith.minsi", b.binary("arith.addi", start, length), n)
            end = b.binary("arith.minsi", b.binary("arith.addi", start, pair), n)
            return [_merged(b, lines, source, now[0], start, middle, end)]

        [target] = loop(b, zero, pairs, [target], merge)

        def back(b: Body, i: Scalar, now: list[Carried]) -> list[Carried]:
            return [insert(b, b.extract(target, [i]), now[0], [i])]

        # Not the one for the other: what a loop carries keeps its memory.
        return [*loop(b, zero, n, [source], back), target, pair]

    places, _, _ = repeat(b, [places, merged, one], are_several, double)
    g.close(stage, [places])
    return order


def _merged(
    b: Body, lines: _Lines, source: Tensor, target: Tensor, start: Scalar, middle: Scalar, end: Scalar
) -> Tensor:
    """`target` with the runs [start, middle) and [middle, end) of `source` in one order."""
    one = b.index(1)

    def take(b: Body, k: Scalar, now: list[Carried]) -> list[Carried]:
        target, left, right = now

        def from_left(b: Body) -> list[Carried]:
            # Looked at inside of the runs, also where one of them has ended.
            i, j = (b.binary("arith.minsi", at, b.binary("arith.subi", n, one)) for at in (left, right))
            x, y = (b.as_index(b.extract(source, [at])) for at in (i, j))
            is_less = lines.is_less(b, y, x)
            return [b.binary("arith.xori", is_less, b.number(1, "i1"))]

        has_left, has_right = b.compare("slt", left, middle), b.compare("slt", right, end)
        both = b.binary("arith.andi", has_left, has_right)
        [is_left] = when(b, both, [has_left], from_left)
        place = b.extract(source, [b.select(is_left, left, right)])
        target = insert(b, place, target, [k])
        ahead = [b.binary("arith.addi", at, one) for at in (left, right)]
        return [target, b.select(is_left, ahead[0], left), b.select(is_left, right, ahead[1])]

    n = b.stage.dim(source.dims[0])
    made, _, _ = loop(b, start, end, [target, start, middle], take)
    assert isinstance(made, Tensor)
    return made


def _groups(
    g: Lowering, lines: _Lines, order: Temporary, first: Temporary, counts: Temporary, inverse: Temporary
) -> Temporary:
    """How many groups of equal values there are; fills each one's first place and size, and the group of each place."""
    count = g.temporary(DType.I64, 1)
    stage = _serial("groups")
    places = stage.tensor(order)
    outs = [stage.destination(t) for t in (first, counts, inverse, count)]
    b = stage.body()

    def turn(b: Body, i: Scalar, now: list[Carried]) -> list[Carried]:
        first, counts, inverse, groups = now
        before = b.binary("arith.maxsi", b.binary("arith.subi", i, b.index(1)), b.index(0))
        place, other = (b.as_index(b.extract(places, [at])) for at in (i, before))
        differs = b.binary("arith.ori", b.compare("eq", i, b.index(0)), lines.is_less(b, other, place))

        def begin(b: Body) -> list[Carried]:
            started = insert(b, b.convert("arith.index_cast", place, "i64"), first, [groups])
            cleared = insert(b, b.number(0, "i64"), counts, [groups])
            return [started, cleared, b.binary("arith.addi", groups, b.index(1))]

        first, counts, groups = when(b, differs, [first, counts, groups], begin)
        group = b.binary("arith.subi", groups, b.index(1))
        size = b.add(b.extract(counts, [group]), b.number(1, "i64"))
        counts = insert(b, size, counts, [group])
        number = b.convert("arith.index_cast", group, "i64")
        return [first, counts, insert(b, number, inverse, [place]), groups]

    *made, groups = loop(b, b.index(0), b.stage.dim(lines.dims[1]), [*outs[:3], b.index(0)], turn)
    stated = insert(b, b.convert("arith.index_cast", groups, "i64"), outs[3], [b.index(0)])
    g.close(stage, [*made, stated])
    return count


def _rank(g: Lowering, op: Unique, extent: Dim, first: Temporary, inverse: Temporary, ranked: Temporary) -> None:
    """ranked[n] is the group that comes n-th in the results; the groups in `inverse` become such numbers."""
    if op.is_sorted:
        g.tabulate("ranks", ranked, lambda b, index: b.convert("arith.index_cast", index[0], "i64"))
        return
    stage = _serial("ranks")
    starts = stage.tensor(first)
    outs = [stage.destination(ranked), stage.destination(inverse)]
    b = stage.body()

    def turn(b: Body, i: Scalar, now: list[Carried]) -> list[Carried]:
        ranked, inverse, seen = now
        group = b.extract(inverse, [i])
        start = b.as_index(b.extract(starts, [b.as_index(group)]))

        def add(b: Body) -> list[Carried]:
            number = b.convert("arith.index_cast", seen, "i64")
            grown = b.binary("arith.addi", seen, b.index(1))
            return [insert(b, group, ranked, [seen]), insert(b, number, inverse, [i]), grown]

        def repeat_first(b: Body) -> list[Carried]:
            # Its first place came before, and holds the number by now.
            return [ranked, insert(b, b.extract(inverse, [start]), inverse, [i]), seen]

        return when(b, b.compare("eq", start, i), now, add, repeat_first)

    *made, _ = loop(b, b.index(0), b.stage.dim(extent), [*outs, b.index(0)], turn)
    g.close(stage, made)


def _serial(title: str) -> Stage:
    stage = Stage(title)
    stage.family = "serial"
    return stage
