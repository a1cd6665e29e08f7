"""A tensor whose axes are loops: what contractions, convolutions and pools take and give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.loops.accesses import Access, Linear
from mlc.ir import Dim, Value
from mlc.ir.dims import product
from mlc.ops import Expand


@dataclass(frozen=True)
class Term:
    """`loops[i]` is the loop that axis i of the value walks along."""

    value: Value
    loops: tuple[int, ...]

    def arranged(self, g: Graph, groups: Sequence[Sequence[int]]) -> Value:
        """The value with one axis for each group of loops, in this order; a group of none is an axis of 1."""
        order = [loop for group in groups for loop in group]
        x = g.transpose(self.value, [self.loops.index(loop) for loop in order])
        sizes = dict(zip(self.loops, self.value.tensor.dims, strict=True))
        return g.reshape(x, [product([sizes[loop] for loop in group]) for group in groups])


def term_of(g: Graph, value: Value, access: Access, parallel: frozenset[int]) -> Term | None:
    """The operand as a term, broadcasts along parallel loops taken back; None when it is read in another way.

    Axes of 1 that no loop walks along are dropped.
    """
    loops, dims = [], []
    for axis, extent in zip(access.axes, value.tensor.dims, strict=True):
        if axis is None or (axis.loop is None and (axis.coefficients or axis.constant or extent != 1)):
            return None
        if axis.loop is not None:
            loops.append(axis.loop)
            dims.append(extent)
    if len(set(loops)) != len(loops):
        return None
    return _narrowed(g, Term(g.reshape(value, dims), tuple(loops)), parallel)


def _narrowed(g: Graph, term: Term, parallel: frozenset[int]) -> Term:
    """The term before it was broadcast along parallel loops: a product with it is one with the smaller tensor."""
    expand = term.value.op
    if not isinstance(expand, Expand) or expand.shape is not None:
        return term
    source = expand.x.tensor.dims
    lead = len(term.loops) - len(source)
    kept, dims = [], []
    for axis, loop in enumerate(term.loops):
        extent: Dim = source[axis - lead] if axis >= lead else 1
        if extent == term.value.tensor.dims[axis]:
            kept.append(loop)
            dims.append(extent)
        elif extent != 1 or loop not in parallel:
            return term
    return Term(g.reshape(expand.x, dims), tuple(kept))


def result(g: Graph, term: Term, access: Access, dims: Sequence[Dim]) -> Value:
    """The term as an output of these dims that is written at `access`, broadcast along loops that it lacks."""
    loops = [_written(g, axis) for axis in access.axes]
    own = [loop for loop in loops if loop in term.loops]
    if len(set(own)) != len(own):
        raise g.error("an output that is written on a diagonal is not supported")
    x = g.transpose(term.value, [term.loops.index(loop) for loop in own if loop is not None])
    sizes: dict[int | None, Dim] = dict(zip(own, x.tensor.dims, strict=True))
    full = [sizes.get(loop, 1) for loop in loops]
    lead = next((axis for axis, loop in enumerate(loops) if loop in sizes), len(loops))
    x = g.reshape(x, full[lead:])
    return g.expand(x, [sizes.get(loop, d) for loop, d in zip(loops, dims, strict=True)])


def _written(g: Graph, axis: Linear | None) -> int | None:
    """The loop that an output's axis walks along, None for an axis of 1 that is always at 0."""
    if axis is None or (axis.loop is None and axis != Linear()):
        raise g.error("an output that is written at computed places is not supported")
    return axis.loop
