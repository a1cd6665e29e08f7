"""StableHLO's gather: slices of the operand at computed places, in the order of axes that the op asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.operators.stablehlo.attributes import Gathering
from mlc.frontend.mlir_import.registry import mlir_op
from mlc.ir import Dim, DType, Value
from mlc.ops import Add, Clip, Concat, Gather, GatherNd, Maximum, Minimum, Slice, constant_value


@mlir_op("stablehlo.gather", ignores=("indices_are_sorted",))
def gather(
    g: Graph, operand: Value, start_indices: Value, *, dimension_numbers: Any, slice_sizes: tuple[int, ...]
) -> Value:
    """Slices of slice_sizes from the places in start_indices, which are moved so that all of a slice exists."""
    return gathered(g, operand, start_indices, Gathering.of_gather(dimension_numbers), slice_sizes)


@mlir_op("stablehlo.dynamic_gather", ignores=("indices_are_sorted",))
def dynamic_gather(
    g: Graph, operand: Value, start_indices: Value, slice_sizes: tuple[Dim, ...], *, dimension_numbers: Any
) -> Value:
    """gather of slices whose sizes are computed."""
    return gathered(g, operand, start_indices, Gathering.of_gather(dimension_numbers), slice_sizes)


@mlir_op("stablehlo.torch_index_select")
def torch_index_select(g: Graph, operand: Value, index: Value, *, dim: int, batch_dims: int) -> Value:
    """The subtensors of x at the indices along an axis."""
    if batch_dims:
        raise g.error(f"batch_dims = {batch_dims} is not supported, only 0")
    return g(Gather(operand, as_index(g, index), dim))


def gathered(g: Graph, x: Value, indices: Value, axes: Gathering, sizes: Sequence[Dim]) -> Value:
    """The gather in general: places by Gather or GatherNd, then the axes as asked for."""
    from_start = tuple(
        d if a in axes.indexed or a in axes.operand_batch else n
        for a, (d, n) in enumerate(zip(x.tensor.dims, sizes, strict=True))
    )
    if from_start != x.tensor.dims:  # no index says where such a slice begins
        x = g(Slice(x, (0,) * len(from_start), from_start, (1,) * len(from_start)))
    dims = x.tensor.dims
    vectors = last_axis(g, indices, axes.vector)
    # An axis whose slice is all of it starts at 0, wherever an index wants it to.
    used = [i for i, axis in enumerate(axes.indexed) if sizes[axis] != dims[axis]]
    starts = kept_entries(g, vectors, used)
    indexed = [axes.indexed[i] for i in used]
    starts = within(g, starts, [dims[a] for a in indexed], [sizes[a] for a in indexed])
    batch_axes = list(range(vectors.tensor.rank - 1))
    labels: list[tuple[str, int]] = [("index", i) for i in batch_axes]
    front = list(axes.index_batch)
    if front:  # GatherNd wants the axes that both share in front
        rest = [i for i in batch_axes if i not in front]
        starts = g.transpose(starts, [*front, *rest, len(batch_axes)])
        labels = [("index", i) for i in (*front, *rest)]
    partial = [a for a in indexed if sizes[a] != 1]
    points = with_windows(g, starts, indexed, {a: sizes[a] for a in partial})
    labels += [("slice", a) for a in partial]
    whole = [a for a in range(len(dims)) if a not in indexed and a not in axes.operand_batch]
    if not indexed and not axes.operand_batch:
        made = _everywhere(g, x, [vectors.tensor.dims[i] for i in batch_axes])
        labels = [*labels, *(("slice", a) for a in whole)]
    elif len(indexed) == 1 and not axes.operand_batch:
        (axis,) = indexed
        made = g(Gather(x, g.reshape(points, points.tensor.dims[:-1]), axis))
        labels = [*(("slice", a) for a in whole if a < axis), *labels, *(("slice", a) for a in whole if a > axis)]
    elif not indexed:
        made, labels = _by_batch(g, x, axes, vectors, labels, whole)
    else:
        moved = g.transpose(x, [*axes.operand_batch, *indexed, *whole])
        made = g(GatherNd(moved, points, batch_axes=len(axes.operand_batch)))
        labels = [*labels, *(("slice", a) for a in whole)]
    return _ordered(g, made, labels, axes, sizes, len(batch_axes))


def _everywhere(g: Graph, x: Value, batch: Sequence[Dim]) -> Value:
    """All of x for each index: [batch..., x...]."""
    return g.expand(x, (*batch, *x.tensor.dims))


def _by_batch(
    g: Graph, x: Value, axes: Gathering, vectors: Value, labels: list[tuple[str, int]], whole: Sequence[int]
) -> tuple[Value, list[tuple[str, int]]]:
    """All of what x has for each index of the shared axes."""
    moved = g.transpose(x, [*axes.operand_batch, *whole])
    shared, others = labels[: len(axes.index_batch)], labels[len(axes.index_batch) :]
    dims, count = moved.tensor.dims, len(shared)
    shaped = g.reshape(moved, (*dims[:count], *(1,) * len(others), *dims[count:]))
    extents = [vectors.tensor.dims[i] for _, i in others]
    made = g.expand(shaped, (*dims[:count], *extents, *dims[count:]))
    return made, [*labels, *(("slice", a) for a in whole)]


def _ordered(
    g: Graph, x: Value, labels: list[tuple[str, int]], axes: Gathering, sizes: Sequence[Dim], batch_count: int
) -> Value:
    """x, whose axes are `labels`, with those of the result: slices at the offset axes, indices at the others."""
    slices = iter([a for a in range(len(sizes)) if a not in axes.dropped and a not in axes.operand_batch])
    places = iter(range(batch_count))
    rank = batch_count + len(axes.window)
    wanted = [("slice", next(slices)) if i in axes.window else ("index", next(places)) for i in range(rank)]
    present = [label for label in wanted if label in labels]
    dropped = [i for i, label in enumerate(labels) if label not in wanted]  # extents of 1
    x = g.transpose(x, [*(labels.index(label) for label in present), *dropped])
    extents = dict(zip(present, x.tensor.dims, strict=False))
    return g.reshape(x, tuple(extents.get(label, 1) for label in wanted))


# --- indices, for scatters too ---


def as_index(g: Graph, x: Value) -> Value:
    """Indices in a dtype that ops take them in."""
    return x if x.tensor.dtype in (DType.I32, DType.I64) else g.cast(x, DType.I64)


def last_axis(g: Graph, indices: Value, vector: int) -> Value:
    """Indices with the axis of their entries last; without one, each is its own entry."""
    indices = as_index(g, indices)
    rank = indices.tensor.rank
    if vector == rank:
        return g.reshape(indices, (*indices.tensor.dims, 1))
    return g.transpose(indices, [*(i for i in range(rank) if i != vector), vector])


def kept_entries(g: Graph, vectors: Value, entries: Sequence[int]) -> Value:
    """Of each index the entries numbered."""
    dims = vectors.tensor.dims
    if list(entries) == list(range(len(entries))) and dims[-1] == len(entries):
        return vectors
    parts = [g(Slice(vectors, (*(0,) * (len(dims) - 1), e), (*dims[:-1], 1), (1,) * len(dims))) for e in entries]
    if not parts:
        return g(Slice(vectors, (0,) * len(dims), (*dims[:-1], 0), (1,) * len(dims)))
    return parts[0] if len(parts) == 1 else g(Concat(parts, -1))


def room(g: Graph, extents: Sequence[Dim], sizes: Sequence[Dim], dtype: DType) -> Value:
    """The last places at which slices fit, one entry for each of an index."""
    last = [d - n for d, n in zip(extents, sizes, strict=True)]
    if all(isinstance(d, int) for d in last):
        return g.constant(np.array(last).astype(dtype.numpy))
    return g(Concat([g.reshape(g.scalar(d, dtype), (1,)) for d in last], 0))


def within(g: Graph, starts: Value, extents: Sequence[Dim], sizes: Sequence[Dim]) -> Value:
    """Starts moved so that slices of these sizes exist."""
    if not extents:
        return starts
    dtype = starts.tensor.dtype
    known = constant_value(starts)
    last = [d - n for d, n in zip(extents, sizes, strict=True)]
    if known is not None and all(isinstance(d, int) for d in last):
        kept = np.clip(known, 0, np.array(last))
        return starts if (kept == known).all() else g.constant(kept.astype(dtype.numpy))
    zero = g.scalar(0, dtype)
    if len(last) == 1:
        return g(Clip(starts, zero, g.scalar(last[0], dtype)))
    return g(Minimum(g(Maximum(starts, zero)), room(g, extents, sizes, dtype)))


def with_windows(g: Graph, starts: Value, indexed: Sequence[int], windows: dict[int, Dim]) -> Value:
    """Index tuples of each element of slices: starts[..., D] as [..., windows..., D]."""
    if not windows:
        return starts
    dtype = starts.tensor.dtype
    *outer, depth = starts.tensor.dims
    sizes = list(windows.values())
    numbers = [n for n in sizes if isinstance(n, int)]
    if len(numbers) != len(sizes):
        raise g.error("slices of a size that only the run tells are not supported where they are not whole")
    offsets = np.zeros((*numbers, len(indexed)), dtype.numpy)
    for place, axis in enumerate(windows):
        steps = np.arange(numbers[place]).reshape([-1 if i == place else 1 for i in range(len(numbers))])
        offsets[..., list(indexed).index(axis)] = steps
    shaped = g.reshape(starts, (*outer, *(1,) * len(numbers), depth))
    return g(Add(shaped, g.constant(offsets)))
