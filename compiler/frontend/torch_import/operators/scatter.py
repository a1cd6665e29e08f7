"""Operators that write at places which other tensors name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from mlc.frontend.builder import Scalar
from mlc.frontend.torch_import.graph import Graph
from mlc.frontend.torch_import.operators.elementwise import floor_quotient
from mlc.frontend.torch_import.operators.gather import as_index, index_tuples, placed
from mlc.frontend.torch_import.registry import torch_op
from mlc.ir import Dim, DType, Value
from mlc.ir.dims import product
from mlc.ops import (
    CumSum,
    Div,
    Gather,
    Maximum,
    Mul,
    ScatterElements,
    ScatterNd,
    Slice,
    Sub,
    Where,
)

Reduction = Literal["none", "add", "mul", "max", "min"]


def _scattered(g: Graph, x: Value, dim: int, index: Value, src: Value, reduction: Reduction = "none") -> Value:
    """x with the first elements of src, as many as the index has in each dim, put at the index along the dim."""
    if not x.tensor.rank:
        one = (1,)
        flat = _scattered(g, g.reshape(x, one), 0, g.reshape(index, one), g.reshape(src, one), reduction)
        return g.reshape(flat, ())
    if not index.tensor.rank:
        index, src = g.reshape(index, (1,)), g.reshape(src, (1,)) if not src.tensor.rank else src
    dims = index.tensor.dims
    if src.tensor.dims != dims:
        src = g(Slice(src, (0,) * len(dims), dims, (1,) * len(dims)))
    return g(ScatterElements(x, as_index(g, index), src, axis=g.axis(x, dim), reduction=reduction))


@torch_op("aten.scatter.src")
def scatter_src(g: Graph, self: Value, dim: int, index: Value, src: Value) -> Value:
    """self with src put at the index."""
    return _scattered(g, self, dim, index, src)


@torch_op("aten.scatter.value")
def scatter_value(g: Graph, self: Value, dim: int, index: Value, value: Scalar) -> Value:
    """self with one number put at the index."""
    return _scattered(g, self, dim, index, g.expand(g.scalar(value, g.dtype), index.tensor.dims))


@torch_op("aten.scatter_add")
def scatter_add(g: Graph, self: Value, dim: int, index: Value, src: Value) -> Value:
    """self with src added at the index."""
    return _scattered(g, self, dim, index, src, "add")


@torch_op("aten.scatter.reduce")
def scatter_reduce_old(g: Graph, self: Value, dim: int, index: Value, src: Value, reduce: str) -> Value:
    """self with src added or multiplied at the index."""
    return _scattered(g, self, dim, index, src, "mul" if reduce == "multiply" else "add")


@torch_op("aten.scatter.value_reduce")
def scatter_value_reduce(g: Graph, self: Value, dim: int, index: Value, value: Scalar, reduce: str) -> Value:
    """self with one number added or multiplied at the index."""
    src = g.expand(g.scalar(value, g.dtype), index.tensor.dims)
    return _scattered(g, self, dim, index, src, "mul" if reduce == "multiply" else "add")


_REDUCTIONS: dict[str, Reduction] = {"sum": "add", "prod": "mul", "amax": "max", "amin": "min", "mean": "add"}


@torch_op("aten.scatter_reduce.two")
def scatter_reduce(
    g: Graph, self: Value, dim: int, index: Value, src: Value, reduce: str, include_self: bool = True
) -> Value:
    """self with what falls on each place summed, multiplied, averaged or compared, self among it or not."""
    reduction = _REDUCTIONS[reduce]
    start = self if include_self else _start(g, self, dim, index, reduction)
    result = _scattered(g, start, dim, index, src, reduction)
    if reduce != "mean":
        return result
    one = g.scalar(1, g.dtype)
    ones = g.expand(one, self.tensor.dims)
    first = ones if include_self else _scattered(g, ones, dim, index, g.expand(g.scalar(0, g.dtype), index.tensor.dims))
    counts = _scattered(g, first, dim, index, g.expand(one, index.tensor.dims), "add")
    if g.dtype.is_float:
        return g(Div(result, counts))
    return floor_quotient(g, result, counts)


def _start(g: Graph, x: Value, dim: int, index: Value, reduction: Reduction) -> Value:
    """x with what changes nothing at the places that the index names."""
    is_float = g.dtype.is_float
    limits = None if is_float else np.iinfo(np.dtype(g.dtype.numpy.name))
    neutral: dict[str, float] = {
        "add": 0,
        "mul": 1,
        "max": -np.inf if limits is None else int(limits.min),
        "min": np.inf if limits is None else int(limits.max),
    }
    return _scattered(g, x, dim, index, g.expand(g.scalar(neutral[reduction], g.dtype), index.tensor.dims))


@torch_op("aten.index_put", "aten._unsafe_index_put", "aten.index_put.hacked_twin",
          "aten._unsafe_index_put.hacked_twin", ignores=("unsafe",))  # fmt: skip
def index_put(g: Graph, self: Value, indices: Sequence[Value | None], values: Value, accumulate: bool = False) -> Value:
    """self[indices] = values, or += when accumulating."""
    reduction: Reduction = "add" if accumulate else "none"
    masks = [i for i in indices if i is not None]
    if len(masks) == 1 and masks[0].tensor.dtype is DType.BOOL and not accumulate and values.tensor.rank == 0:
        return _masked(g, self, indices, masks[0], values)
    x, picked = placed(g, self, indices)
    axes = [i for i, p in enumerate(picked) if p is not None]
    rest = [i for i in range(x.tensor.rank) if i not in axes]
    order = [*axes, *rest]
    at = index_tuples(g, [p for p in picked if p is not None])
    moved = g.transpose(x, order)
    lead = at.tensor.dims[:-1]
    inner = moved.tensor.dims[len(axes) :]
    source = _sources(g, g.cast(values, g.dtype), axes, lead, inner)
    written = g(ScatterNd(moved, at, source, reduction))
    back = [order.index(i) for i in range(len(order))]
    return g.transpose(written, back)


def _masked(g: Graph, x: Value, indices: Sequence[Value | None], mask: Value, value: Value) -> Value:
    """One number where a mask holds: no places need be counted."""
    before = next(i for i, v in enumerate(indices) if v is not None)
    after = x.tensor.rank - before - mask.tensor.rank
    shaped = g.reshape(mask, (*(1,) * before, *mask.tensor.dims, *(1,) * after))
    return g(Where(shaped, g.cast(value, g.dtype), x))


def _sources(g: Graph, values: Value, axes: Sequence[int], first: Sequence[Dim], others: Sequence[Dim]) -> Value:
    """The values in the order that ScatterNd wants: the dims of the indices, then the others."""
    is_run = list(axes) == list(range(axes[0], axes[0] + len(axes)))
    if not is_run or axes[0] == 0:
        return g.expand(values, [*first, *others])
    front = others[: axes[0]]
    whole = g.expand(values, [*front, *first, *others[axes[0] :]])
    f, n = len(front), len(first)
    order = [*range(f, f + n), *range(f), *range(f + n, f + n + len(others) - f)]
    return g.transpose(whole, order)


@torch_op("aten.index_add")
def index_add(g: Graph, self: Value, dim: int, index: Value, source: Value, alpha: Scalar = 1) -> Value:
    """self with alpha times the rows of source added at the index along the dim."""
    src = source if alpha == 1 else g(Mul(source, g.scalar(alpha, g.dtype)))
    return _rows(g, self, dim, index, src, "add")


@torch_op("aten.index_copy")
def index_copy(g: Graph, self: Value, dim: int, index: Value, source: Value) -> Value:
    """self with the rows of source put at the index along the dim."""
    return _rows(g, self, dim, index, source, "none")


@torch_op("aten.index_fill.int_Scalar")
def index_fill(g: Graph, self: Value, dim: int, index: Value, value: Scalar) -> Value:
    """self with the value in the rows that the index names along the dim."""
    if not self.tensor.rank:
        return g.scalar(value, g.dtype)
    axis = g.axis(self, dim)
    count = index.tensor.dims[0] if index.tensor.rank else 1
    dims = [count if i == axis else d for i, d in enumerate(self.tensor.dims)]
    return _rows(g, self, dim, index, g.expand(g.scalar(value, g.dtype), dims), "none")


def _rows(g: Graph, x: Value, dim: int, index: Value, source: Value, reduction: Reduction) -> Value:
    if not x.tensor.rank:
        return g.reshape(_rows(g, g.reshape(x, (1,)), 0, index, g.reshape(source, (1,)), reduction), ())
    axis = g.axis(x, dim)
    flat = index if index.tensor.rank else g.reshape(index, (1,))
    source = source if source.tensor.rank == x.tensor.rank else g.reshape(source, (1,))
    around = [flat.tensor.dims[0] if i == axis else 1 for i in range(x.tensor.rank)]
    places = g.expand(g.reshape(as_index(g, flat), around), source.tensor.dims)
    return g(ScatterElements(x, places, g.cast(source, g.dtype), axis=axis, reduction=reduction))


@torch_op("aten.masked_scatter")
def masked_scatter(g: Graph, self: Value, mask: Value, source: Value) -> Value:
    """self with the elements of source, in order, where the mask holds."""
    shape = g.result_dims()
    size = product(shape)
    keep = g.reshape(g.expand(mask, shape), (size,))
    counted = g(CumSum(g.cast(keep, DType.I64), axis=0))
    place = g(Maximum(g(Sub(counted, g.scalar(1, DType.I64))), g.scalar(0, DType.I64)))
    flat = g.reshape(source, (product(source.tensor.dims),))
    if flat.tensor.dims == (0,):
        return g.expand(self, shape)
    taken = g(Gather(flat, place, axis=0))
    x = g.reshape(g.expand(self, shape), (size,))
    return g.reshape(g(Where(keep, taken, x)), shape)
