"""StableHLO's scatter: updates put at computed places, or combined with what is there; what doesn't fit is left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.operators.stablehlo.attributes import Gathering
from mlc.frontend.mlir_import.operators.stablehlo.bodies import listed, names_of, results_of
from mlc.frontend.mlir_import.operators.stablehlo.gather import last_axis, room, with_windows
from mlc.frontend.mlir_import.operators.stablehlo.reduce import one_or_all, simple_function
from mlc.frontend.mlir_import.registry import mlir_op
from mlc.ir import Dim, DType, Value
from mlc.ops import And, Concat, LessOrEqual, Pad, ReduceMin, ScatterNd, Slice, Where, constant_value

Reduction = Literal["none", "add", "mul", "max", "min"]
_REDUCTIONS: dict[str, Reduction] = {"add": "add", "multiply": "mul", "maximum": "max", "minimum": "min"}
_OF_TRUTHS: dict[Reduction, Reduction] = {"add": "max", "mul": "min"}  # or and and, of the numbers 0 and 1


@mlir_op("stablehlo.scatter", ignores=("indices_are_sorted", "unique_indices"))
def scatter(
    g: Graph,
    inputs: Sequence[Value],
    scatter_indices: Value,
    updates: Sequence[Value],
    *,
    scatter_dimension_numbers: Any,
) -> tuple[Value, ...] | Value:
    """The inputs with the updates put where the indices say, by the function in the region."""
    axes = Gathering.of_scatter(scatter_dimension_numbers)
    block = g.region()
    found = results_of(block, names_of(len(inputs)))
    made = []
    for number, (x, update) in enumerate(zip(inputs, updates, strict=True)):
        reduction = _reduction(found[number], number)
        if reduction is None:
            raise g.error(
                f"updates combined by {listed(block)} are not supported, only put, added, multiplied, compared"
            )
        made.append(scattered(g, x, scatter_indices, update, axes, reduction))
    return one_or_all(made)


def _reduction(expression: Any, number: int) -> Reduction | None:
    if expression == f"b{number}":
        return "none"
    return _REDUCTIONS.get(simple_function(expression, number) or "")


def scattered(g: Graph, x: Value, indices: Value, updates: Value, axes: Gathering, reduction: Reduction) -> Value:
    """The scatter in general: ScatterNd over the indexed axes, which are moved to the front."""
    if x.tensor.dtype is DType.BOOL and reduction != "none":
        x, updates = g.cast(x, DType.I8), g.cast(updates, DType.I8)
        return g.cast(scattered(g, x, indices, updates, axes, _OF_TRUTHS.get(reduction, reduction)), DType.BOOL)
    dims = x.tensor.dims
    vectors = last_axis(g, indices, axes.vector)
    windowed = [a for a in range(len(dims)) if a not in axes.dropped and a not in axes.operand_batch]
    extents = dict(zip(windowed, [updates.tensor.dims[i] for i in axes.window], strict=True))
    sizes = [extents.get(a, 1) for a in range(len(dims))]
    starts = _with_batch(g, vectors, axes)
    indexed = [*axes.operand_batch, *axes.indexed]
    partial = {a: sizes[a] for a in windowed if sizes[a] != dims[a]}
    for axis in partial:
        if axis not in indexed:  # from 0 on
            starts, indexed = _with_zero(g, starts), [*indexed, axis]
    spans = {a: sizes[a] for a in indexed if a in windowed and sizes[a] != 1}
    rest = [a for a in range(len(dims)) if a not in indexed]
    order = [*indexed, *rest]
    base = g.transpose(x, order)
    source = _source(g, updates, axes, windowed, [*spans, *rest])
    places = with_windows(g, starts, indexed, spans)
    if _all_fit(starts, room(g, [dims[a] for a in indexed], [sizes[a] for a in indexed], starts.tensor.dtype)):
        made = g(ScatterNd(base, places, source, reduction))
    else:
        made = _where_it_fits(g, base, places, [dims[a] for a in indexed], source, reduction)
    return g.transpose(made, [order.index(i) for i in range(len(order))])


def _with_batch(g: Graph, vectors: Value, axes: Gathering) -> Value:
    """Indices whose first entries are those of the axes that operand and indices share."""
    if not axes.index_batch:
        return vectors
    *outer, _ = vectors.tensor.dims
    dtype, columns = vectors.tensor.dtype, []
    for axis in axes.index_batch:
        count = outer[axis]
        if not isinstance(count, int):
            raise g.error(f"a batch axis of {vectors.type} must be known")
        own = np.arange(count).astype(dtype.numpy).reshape([-1 if i == axis else 1 for i in range(len(outer) + 1)])
        columns.append(g.expand(g.constant(own), (*outer, 1)))
    return g(Concat([*columns, vectors], -1))


def _with_zero(g: Graph, starts: Value) -> Value:
    *outer, _ = starts.tensor.dims
    return g(Concat([starts, g.expand(g.scalar(0, starts.tensor.dtype), (*outer, 1))], -1))


def _source(g: Graph, updates: Value, axes: Gathering, windowed: Sequence[int], wanted: Sequence[int]) -> Value:
    """The updates as ScatterNd has them: the axes of the indices, then those of the operand in `wanted`."""
    of_operand = dict(zip(windowed, axes.window, strict=True))
    outer = [i for i in range(updates.tensor.rank) if i not in axes.window]
    inner = [of_operand[a] for a in wanted if a in of_operand]
    single = [of_operand[a] for a in windowed if a not in wanted]  # extents of 1
    moved = g.transpose(updates, [*outer, *inner, *single])
    return g.reshape(moved, moved.tensor.dims[: len(outer) + len(inner)])


def _all_fit(starts: Value, limits: Value) -> bool:
    known, last = constant_value(starts), constant_value(limits)
    return known is not None and last is not None and bool(((known >= 0) & (known <= last)).all())


def _where_it_fits(
    g: Graph, base: Value, places: Value, extents: Sequence[Dim], source: Value, reduction: Reduction
) -> Value:
    """Elements that would not fit go to places behind the operand, which are cut off again."""
    dtype, dims = places.tensor.dtype, base.tensor.dims
    last = room(g, extents, [1] * len(extents), dtype)
    fits = g(And(g(LessOrEqual(g.scalar(0, dtype), places)), g(LessOrEqual(places, last))))
    all_fit = g(ReduceMin(fits, axes=(fits.tensor.rank - 1,)))
    behind = [extents[0], *(0 for _ in extents[1:])]
    if all(isinstance(d, int) for d in behind):
        away = g.constant(np.array(behind).astype(dtype.numpy))
    else:
        away = g(Concat([g.reshape(g.scalar(d, dtype), (1,)) for d in behind], 0))
    grown = g(Pad(base, pads=(*(0,) * len(dims), 1, *(0,) * (len(dims) - 1))))
    made = g(ScatterNd(grown, g(Where(all_fit, places, away)), source, reduction))
    return g(Slice(made, (0,) * len(dims), dims, (1,) * len(dims)))
