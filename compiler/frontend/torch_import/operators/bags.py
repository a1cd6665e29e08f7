"""Embedding bags: the sum, mean or maximum of several rows of a table for each bag of indices."""

from __future__ import annotations

import numpy as np

from mlc.frontend.torch_import.graph import Graph
from mlc.frontend.torch_import.operators.gather import as_index
from mlc.frontend.torch_import.registry import torch_op
from mlc.ir import Dim, DType, Value
from mlc.ops import (
    Div,
    Equal,
    Gather,
    LessOrEqual,
    Maximum,
    Mul,
    Not,
    Range,
    ReduceSum,
    ScatterNd,
    Sub,
    Where,
)

_SUM, _MEAN, _MAX = 0, 1, 2


@torch_op("aten._embedding_bag", "aten._embedding_bag_forward_only", "aten.embedding_bag.padding_idx",
          "aten.embedding_bag", ignores=("scale_grad_by_freq", "sparse"))  # fmt: skip
def embedding_bag(
    g: Graph,
    weight: Value,
    indices: Value,
    offsets: Value,
    mode: int = 0,
    per_sample_weights: Value | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> tuple[Value, None, None, None]:
    """The rows of each bag together; what only gradients need is refused where it is used.

    Bag b holds the indices from offsets[b] up to offsets[b + 1]; those that are padding_idx count for nothing.
    """
    if any(g.uses_result(index) for index in (1, 2, 3)):
        raise g.error("its other results, which gradients need, are not supported")
    places = as_index(g, indices)
    count = offsets.tensor.dims[0] - (1 if include_last_offset else 0)
    rows = g(Gather(weight, places, axis=0))
    if per_sample_weights is not None:
        rows = g(Mul(rows, g.reshape(per_sample_weights, (*per_sample_weights.tensor.dims, 1))))
    bags = _bag_of_each(g, places.tensor.dims[0], g.cast(offsets, DType.I64))
    kept = None
    if padding_idx is not None and padding_idx >= 0:
        kept = g(Not(g(Equal(places, g.scalar(padding_idx, places.tensor.dtype)))))
    return _together(g, rows, bags, kept, count, mode), None, None, None


def _bag_of_each(g: Graph, total: Dim, offsets: Value) -> Value:
    """The bag that each index is in, [total, 1]: the last whose offset is not behind it."""
    zero, one = g.scalar(0, DType.I64), g.scalar(1, DType.I64)
    positions = g(Range(zero, g.size(total), one, total))
    begun = g(LessOrEqual(offsets, g.reshape(positions, (total, 1))))
    counted = g(ReduceSum(g.cast(begun, DType.I64), axes=(1,)))
    return g(Sub(counted, one))


def _together(g: Graph, rows: Value, bags: Value, kept: Value | None, count: Dim, mode: int) -> Value:
    dtype, width = rows.tensor.dtype, rows.tensor.dims[1]
    neutral = g.scalar(-np.inf if mode == _MAX else 0, dtype)
    if kept is not None:
        rows = g(Where(g.reshape(kept, (*kept.tensor.dims, 1)), rows, neutral))
    start = g.expand(neutral, (count, width))
    combined = g(ScatterNd(start, bags, rows, "max" if mode == _MAX else "add"))
    if mode == _SUM:
        return combined
    total = rows.tensor.dims[0]
    one = g.scalar(1, dtype)
    ones = g.expand(one, (total,)) if kept is None else g.cast(kept, dtype)
    sizes = g(ScatterNd(g.expand(g.scalar(0, dtype), (count,)), bags, ones, "add"))
    sizes = g.reshape(sizes, (count, 1))
    if mode == _MEAN:
        return g(Div(combined, g(Maximum(sizes, one))))
    return g(Where(g(Equal(sizes, g.scalar(0, dtype))), g.scalar(0, dtype), combined))
