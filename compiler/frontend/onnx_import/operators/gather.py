"""Operators that take elements from, or put them to, places that other inputs name."""

from __future__ import annotations

from typing import Literal

from mlc.frontend.onnx_import.graph import Graph
from mlc.frontend.onnx_import.operators.shape import normalized
from mlc.frontend.onnx_import.registry import onnx_op
from mlc.ir import Dim, Value
from mlc.ops import (
    Compress,
    Gather,
    GatherElements,
    GatherNd,
    NonZero,
    OneHot,
    ScatterElements,
    ScatterNd,
    TensorScatter,
    TopK,
    Unique,
)


@onnx_op("Gather", since=1)
def gather(g: Graph, x: Value, indices: Value, *, axis: int = 0) -> Value:
    return g(Gather(x, indices, axis=axis))


@onnx_op("GatherElements", since=11)
def gather_elements(g: Graph, x: Value, indices: Value, *, axis: int = 0) -> Value:
    return g(GatherElements(x, indices, axis=axis))


@onnx_op("GatherND", since=11)
def gather_nd(g: Graph, x: Value, indices: Value, *, batch_dims: int = 0) -> Value:
    return g(GatherNd(x, indices, batch_axes=batch_dims))


@onnx_op("Scatter", since=9)
@onnx_op("ScatterElements", since=11)
def scatter_elements(
    g: Graph, x: Value, indices: Value, updates: Value, *, axis: int = 0, reduction: str = "none"
) -> Value:
    return g(ScatterElements(x, indices, updates, axis=axis, reduction=_reduction(g, reduction)))


@onnx_op("ScatterND", since=11)
def scatter_nd(g: Graph, x: Value, indices: Value, updates: Value, *, reduction: str = "none") -> Value:
    return g(ScatterNd(x, indices, updates, reduction=_reduction(g, reduction)))


def _reduction(g: Graph, reduction: str) -> Literal["none", "add", "mul", "max", "min"]:
    match reduction:
        case "none" | "add" | "mul" | "max" | "min":
            return reduction
        case other:
            raise g.error(f"attribute 'reduction' must be none, add, mul, max or min, got {other!r}")


@onnx_op("TensorScatter", since=24)
def tensor_scatter(
    g: Graph,
    past_cache: Value,
    update: Value,
    write_indices: Value | None = None,
    *,
    mode: str = "linear",
    axis: int = -2,
) -> Value:
    match mode:
        case "linear" | "circular":
            return g(TensorScatter(past_cache, update, write_indices, axis=axis, mode=mode))
        case other:
            raise g.error(f"attribute 'mode' must be linear or circular, got {other!r}")


@onnx_op("OneHot", since=9)
def one_hot(g: Graph, indices: Value, depth: Value, values: Value, *, axis: int = -1) -> Value:
    contents = g.array(depth)
    if contents is not None:
        return g(OneHot(indices, values, depth=int(contents.reshape(())), axis=axis))
    known = g.dims(depth)
    if known is not None:
        return g(OneHot(indices, values, depth=known[0], axis=axis))
    place = normalized(g, axis, indices.tensor.rank + 1)
    return g(OneHot(indices, values, depth, g.result_dims(indices.tensor.rank + 1)[place], axis))


@onnx_op("NonZero", since=9)
def non_zero(g: Graph, x: Value) -> Value:
    return g(NonZero(x, count=g.result_dims(2)[1]))


@onnx_op("Compress", since=9)
def compress(g: Graph, x: Value, condition: Value, *, axis: int | None = None) -> Value:
    if axis is None:
        return g(Compress(x, condition, axis=None, count=g.result_dims(1)[0]))
    place = normalized(g, axis, x.tensor.rank)
    return g(Compress(x, condition, axis=place, count=g.result_dims(x.tensor.rank)[place]))


@onnx_op("Unique", since=11)
def unique(g: Graph, x: Value, *, axis: int | None = None, sorted: int = 1) -> tuple[Value, ...]:
    place = None if axis is None else normalized(g, axis, x.tensor.rank)
    count = g.result_dims(1)[0] if place is None else g.result_dims(x.tensor.rank)[place]
    return g.add(Unique(x, axis=place, is_sorted=bool(sorted), count=count)).results


@onnx_op("TopK", since=1)
def top_k_by_attribute(g: Graph, x: Value, *, k: int, axis: int = -1) -> tuple[Value, ...]:
    return g.add(TopK(x, k=k, axis=axis)).results


@onnx_op("TopK", since=10)
def top_k(g: Graph, x: Value, k: Value, *, axis: int = -1, largest: int = 1, sorted: int = 1) -> tuple[Value, ...]:
    """In order even where the node does not ask for it."""
    known = g.dims(k)
    if known is not None:
        return g.add(TopK(x, k=known[0], axis=axis, is_largest=bool(largest))).results
    count: Dim = g.result_dims(x.tensor.rank)[normalized(g, axis, x.tensor.rank)]
    return g.add(TopK(x, k, count, axis, is_largest=bool(largest))).results
