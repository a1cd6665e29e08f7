"""Pools."""

from __future__ import annotations

import math

from mlc.frontend.onnx_import.graph import Graph
from mlc.frontend.onnx_import.operators.windows import windows, with_static_pads
from mlc.frontend.onnx_import.registry import onnx_op
from mlc.ir import Dim, Value
from mlc.ops import Abs, AveragePool, LpPool, MaxPool, MaxUnpool, Pow, ReduceMax, ReduceMean, ReduceSum


@onnx_op("MaxPool", since=1)
def max_pool(
    g: Graph,
    x: Value,
    *,
    auto_pad: str = "NOTSET",
    ceil_mode: int = 0,
    dilations: tuple[int, ...] | None = None,
    kernel_shape: tuple[int, ...],
    pads: tuple[int, ...] | None = None,
    storage_order: int = 0,
    strides: tuple[int, ...] | None = None,
) -> tuple[Value, ...]:
    shape = windows(g, x.tensor.dims[2:], kernel_shape, strides, dilations, pads, auto_pad)
    dtype = x.tensor.dtype
    lowest = -math.inf if dtype.is_float else -(2 ** (dtype.bits - 1)) if dtype.is_signed else 0
    padded, numbers = with_static_pads(g, x, shape, lowest)
    if padded is not x and g.has_output(1):
        raise g.error(f"indices with automatic pads need a static input, which is {x.type}")
    op = MaxPool(
        padded,
        kernel=shape.kernel,
        strides=shape.strides,
        pads=numbers,
        dilations=shape.dilations,
        ceil_mode=bool(ceil_mode),
        with_indices=g.has_output(1),
        column_major=bool(storage_order),
    )
    return g.add(op).results


@onnx_op("AveragePool", since=1)
def average_pool(
    g: Graph,
    x: Value,
    *,
    auto_pad: str = "NOTSET",
    ceil_mode: int = 0,
    count_include_pad: int = 0,
    dilations: tuple[int, ...] | None = None,
    kernel_shape: tuple[int, ...],
    pads: tuple[int, ...] | None = None,
    strides: tuple[int, ...] | None = None,
) -> Value:
    shape = windows(g, x.tensor.dims[2:], kernel_shape, strides, dilations, pads, auto_pad)
    padded, numbers = with_static_pads(g, x, shape, 0)
    if padded is not x and not count_include_pad:
        raise g.error(f"automatic pads that are not counted need a static input, which is {x.type}")
    op = AveragePool(
        padded,
        kernel=shape.kernel,
        strides=shape.strides,
        pads=numbers,
        dilations=shape.dilations,
        ceil_mode=bool(ceil_mode),
        count_pads=bool(count_include_pad),
    )
    return g(op)


@onnx_op("LpPool", since=2)
def lp_pool(
    g: Graph,
    x: Value,
    *,
    auto_pad: str = "NOTSET",
    ceil_mode: int = 0,
    dilations: tuple[int, ...] | None = None,
    kernel_shape: tuple[int, ...],
    p: int = 2,
    pads: tuple[int, ...] | None = None,
    strides: tuple[int, ...] | None = None,
) -> Value:
    shape = windows(g, x.tensor.dims[2:], kernel_shape, strides, dilations, pads, auto_pad)
    padded, numbers = with_static_pads(g, x, shape, 0)
    op = LpPool(
        padded,
        kernel=shape.kernel,
        strides=shape.strides,
        pads=numbers,
        dilations=shape.dilations,
        ceil_mode=bool(ceil_mode),
        p=p,
    )
    return g(op)


def _spatial(x: Value) -> tuple[int, ...]:
    return tuple(range(2, x.tensor.rank))


@onnx_op("GlobalAveragePool", since=1)
def global_average_pool(g: Graph, x: Value) -> Value:
    return g(ReduceMean(x, axes=_spatial(x), keep_dims=True))


@onnx_op("GlobalMaxPool", since=1)
def global_max_pool(g: Graph, x: Value) -> Value:
    return g(ReduceMax(x, axes=_spatial(x), keep_dims=True))


@onnx_op("GlobalLpPool", since=2)
def global_lp_pool(g: Graph, x: Value, *, p: int = 2) -> Value:
    dtype = x.tensor.dtype
    powers = g(Pow(g(Abs(x)), g.scalar(p, dtype)))
    return g(Pow(g(ReduceSum(powers, axes=_spatial(x), keep_dims=True)), g.scalar(1 / p, dtype)))


@onnx_op("MaxUnpool", since=9)
def max_unpool(
    g: Graph,
    x: Value,
    indices: Value,
    output_shape: Value | None = None,
    *,
    kernel_shape: tuple[int, ...],
    pads: tuple[int, ...] | None = None,
    strides: tuple[int, ...] | None = None,
) -> Value:
    """Without an output_shape the result is what was pooled; an index always counts in that."""
    rank = len(kernel_shape)
    steps, cut = strides or (1,) * rank, pads or (0,) * (2 * rank)
    spatial: list[Dim] = [
        (size - 1) * steps[i] + kernel_shape[i] - cut[i] - cut[rank + i] for i, size in enumerate(x.tensor.dims[2:])
    ]
    source = (*x.tensor.dims[:2], *spatial)
    if output_shape is None:
        return g(MaxUnpool(x, indices, source=source, dims=source))
    known = g.dims(output_shape)
    if known is not None:
        return g(MaxUnpool(x, indices, source=source, dims=known))
    return g(MaxUnpool(x, indices, output_shape, source=source, dims=g.result_dims(len(source))))
