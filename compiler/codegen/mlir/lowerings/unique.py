"""Unique: places sorted by what lies there, equal neighbours counted as one; main states how many there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mlc.codegen.builder import I64
from mlc.codegen.kernel import Temporary
from mlc.codegen.kernels.sorting import RADIX
from mlc.codegen.mlir.control import Carried, insert, loop, when
from mlc.codegen.mlir.elements import Scalar
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.sorting import key_bytes, rising, sort_places
from mlc.codegen.mlir.text import Body, Stage
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

    @property
    def width(self) -> Dim:
        """How many elements lie at a place."""
        return self.dims[0] * self.dims[2]

    def key(self, b: Body, place: Scalar, number: Scalar) -> Scalar:
        """An unsigned integer in the order of the elements, of element `number` at a place; NaN has the largest."""
        inner = b.stage.dim(self.dims[2])
        before, behind = b.binary("arith.divui", number, inner), b.binary("arith.remui", number, inner)
        x = b.extract(b.stage.tensor(self.x, self.dims), [before, place, behind])
        return rising(b, self.x.tensor.dtype, x)

    def differ(self, b: Body, left: Scalar, right: Scalar) -> Scalar:
        """Whether two places hold other elements."""

        def look(b: Body, number: Scalar, now: list[Carried]) -> list[Carried]:
            is_other = b.compare("ne", self.key(b, left, number), self.key(b, right, number))
            return [b.binary("arith.ori", now[0], is_other)]

        [found] = loop(b, b.index(0), b.stage.dim(self.width), [b.number(0, "i1")], look)
        assert isinstance(found, Scalar)
        return found


def _sorted_places(g: Lowering, lines: _Lines) -> Temporary:
    """The places in the order of what lies there, equal ones in their own."""
    extent = lines.dims[1]
    order = g.temporary(DType.I64, extent)
    stage = _serial("sorted_places")
    out = stage.destination(order)
    spare, starts = (stage.scratch(g.temporary(DType.I64, size)) for size in (extent, RADIX))
    b = stage.body()
    n, width = b.stage.dim(extent), b.stage.dim(lines.width)

    def count(b: Body, given: list[Scalar], _: list[Scalar]) -> list[Scalar]:
        return [b.convert("arith.index_cast", b.loop_index(0), "i64")]

    [places] = stage.generic(["i"], [], [(out, ["i"])], count)
    places, *_ = sort_places(b, (places, spare, starts), n, lines.key, key_bytes(lines.x.tensor.dtype), width)
    g.close(stage, [places])
    return order


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
        differs = b.binary("arith.ori", b.compare("eq", i, b.index(0)), lines.differ(b, other, place))

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
