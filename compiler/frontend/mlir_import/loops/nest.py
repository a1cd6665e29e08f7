"""A nest of loops: the extents, and tensors placed so that they broadcast over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mlc.frontend.mlir_import.affine import computed
from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.loops.accesses import Access
from mlc.ir import Dim, DType, Value
from mlc.ops import Concat, GatherNd, Range, Slice


@dataclass(frozen=True)
class Operand:
    """A tensor and where the loops read it."""

    value: Value
    access: Access


class Nest:
    """Loops numbered as in the indexing maps. `order` says which axis of a placed tensor belongs to which loop."""

    def __init__(self, g: Graph, extents: Sequence[Dim]) -> None:
        self.g = g
        self.extents = list(extents)
        self.order: tuple[int, ...] = tuple(range(len(self.extents)))

    @property
    def dims(self) -> tuple[Dim, ...]:
        """The extents in the order of a placed tensor's axes."""
        return tuple(self.extents[loop] for loop in self.order)

    def place(self, operand: Operand) -> Value:
        """What each turn reads, as a tensor that broadcasts over the loops: axes of 1 where a loop does not matter."""
        axes = operand.access.axes
        x = operand.value
        if any(a is None or len(a.loops) > 1 for a in axes) or _repeats(operand.access):
            return self._gathered(operand)
        loops: list[int] = []
        starts, dims, steps = [], [], []
        for axis, extent in zip(axes, x.tensor.dims, strict=True):
            assert axis is not None
            if axis.coefficients:
                ((loop, step),) = axis.coefficients
                loops.append(loop)
                size = extent if step == 1 and axis.constant == 0 else self.extents[loop]
            else:
                loops.append(-1)
                size, step = 1, 1
            starts.append(axis.constant)
            dims.append(size)
            steps.append(step)
        g = self.g
        if tuple(dims) != x.tensor.dims or any(starts):
            x = g(Slice(x, starts=tuple(starts), dims=tuple(dims), steps=tuple(steps)))
        return self.spread(x, loops)

    def spread(self, x: Value, loops: Sequence[int]) -> Value:
        """x, whose axes are these loops (-1: an axis of 1 that is none), with its axes where the loops' are."""
        g = self.g
        kept = [a for a, loop in enumerate(loops) if loop >= 0]
        places = sorted(kept, key=lambda a: self.order.index(loops[a]))
        if places != kept:
            x = g.reshape(x, [x.tensor.dims[a] for a in kept])
            x = g.transpose(x, [kept.index(a) for a in places])
            loops, places = [loops[a] for a in places], list(range(len(places)))
        sizes = {loops[a]: x.tensor.dims[a] for a in places}
        full = [sizes.get(loop, 1) for loop in self.order]
        lead = next((i for i, loop in enumerate(self.order) if loop in sizes), len(full))
        return g.reshape(x, full[lead:])

    def iota(self, loop: int) -> Value:
        """The number of the turn of one loop, an i64 that broadcasts over the loops."""
        g = self.g
        extent = self.extents[loop]
        numbers = g(Range(g.scalar(0, DType.I64), g.scalar(extent, DType.I64), g.scalar(1, DType.I64), count=extent))
        placed = self.spread(numbers, [loop])
        g.iotas[placed] = loop
        return placed

    def full(self, x: Value) -> Value:
        """x broadcast to every turn of the loops."""
        return self.g.expand(x, self.dims)

    def _gathered(self, operand: Operand) -> Value:
        """The operand read at places that the affine expressions give: any map at all."""
        places = [computed(self.g, e, self.iota) for e in operand.access.expressions]
        return gather(self.g, operand.value, places, self.dims)


def gather(g: Graph, x: Value, places: Sequence[Value], dims: Sequence[Dim]) -> Value:
    """x at a place for each axis, tensors that broadcast to `dims`."""
    if not places:
        return x
    columns = [g.reshape(g.expand(place, dims), [*dims, 1]) for place in places]
    indices = columns[0] if len(columns) == 1 else g(Concat(columns, axis=len(dims)))
    return g(GatherNd(x, indices))


def _repeats(access: Access) -> bool:
    loops = [loop for axis in access.axes if axis is not None for loop in axis.loops]
    return len(set(loops)) != len(loops)


def extents_of(g: Graph, operands: Sequence[Operand], loop_count: int) -> list[Dim]:
    """The extent of each loop: that of an axis it walks along. All such axes are equal."""
    found: list[Dim | None] = [None] * loop_count
    for operand in operands:
        for axis, extent in zip(operand.access.axes, operand.value.tensor.dims, strict=True):
            if axis is not None and axis.loop is not None:
                known = found[axis.loop]
                found[axis.loop] = extent if known is None else g.same(known, extent)
    extents: list[Dim] = []
    for loop, known in enumerate(found):
        if known is None:
            raise g.error(f"no operand tells the extent of loop d{loop}")
        extents.append(known)
    return extents
