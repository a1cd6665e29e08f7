"""Pooling in torch's several spellings; inputs may come without a batch dim."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlc.frontend.torch_import.graph import Graph
from mlc.frontend.torch_import.registry import torch_op
from mlc.ir import DType, Op, Value
from mlc.ir.dims import product
from mlc.ops import AveragePool, Concat, Conv, MaxPool, Mod, ReduceMax, ReduceMean, Slice


def _batched(g: Graph, x: Value, rank: int) -> Value:
    return x if x.tensor.rank == rank + 2 else g.reshape(x, (1, *x.tensor.dims))


def _as_given(g: Graph, x: Value, y: Value) -> Value:
    return y if y.tensor.rank == x.tensor.rank else g.reshape(y, y.tensor.dims[1:])


def _each(numbers: tuple[int, ...], rank: int) -> tuple[int, ...]:
    return numbers * rank if len(numbers) == 1 else numbers


@torch_op("aten.max_pool1d", "aten.max_pool2d", "aten.max_pool3d")
def max_pool(
    g: Graph,
    self: Value,
    kernel_size: tuple[int, ...],
    stride: tuple[int, ...] = (),
    padding: tuple[int, ...] = (0,),
    dilation: tuple[int, ...] = (1,),
    ceil_mode: bool = False,
) -> Value:
    """The largest of each window."""
    (y,) = _max_pool(g, self, kernel_size, stride, padding, dilation, ceil_mode, with_indices=False)
    return y


def _max_pool(
    g: Graph,
    x: Value,
    kernel_size: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
    ceil_mode: bool,
    *,
    with_indices: bool,
) -> tuple[Value, ...]:
    rank = int(g.operator.partition("pool")[2][0])
    kernel = _each(kernel_size, rank)
    op = g.add(
        MaxPool(
            _batched(g, x, rank),
            kernel,
            strides=_each(stride, rank) if stride else kernel,
            pads=_each(padding, rank) * 2,
            dilations=_each(dilation, rank),
            ceil_mode=ceil_mode,
            with_indices=with_indices,
        )
    )
    return tuple(_as_given(g, x, result) for result in op.results)


@torch_op("aten.max_pool1d_with_indices", "aten.max_pool2d_with_indices", "aten.max_pool3d_with_indices")
def max_pool_with_indices(
    g: Graph,
    self: Value,
    kernel_size: tuple[int, ...],
    stride: tuple[int, ...] = (),
    padding: tuple[int, ...] = (0,),
    dilation: tuple[int, ...] = (1,),
    ceil_mode: bool = False,
) -> tuple[Value, Value | None]:
    """The largest of each window, and its place in its image where somebody asks for it."""
    if not g.uses_result(1):
        (y,) = _max_pool(g, self, kernel_size, stride, padding, dilation, ceil_mode, with_indices=False)
        return y, None
    y, places = _max_pool(g, self, kernel_size, stride, padding, dilation, ceil_mode, with_indices=True)
    # Ours count through the whole tensor, torch's through one channel of one sample.
    rank = int(g.operator.partition("pool")[2][0])
    size = g.scalar(product(self.tensor.dims[-rank:]), DType.I64)
    return y, g(Mod(places, size))


@torch_op("aten.avg_pool1d", "aten.avg_pool2d", "aten.avg_pool3d")
def avg_pool(
    g: Graph,
    self: Value,
    kernel_size: tuple[int, ...],
    stride: tuple[int, ...] = (),
    padding: tuple[int, ...] = (0,),
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Value:
    """The mean of each window, or its sum over another divisor."""
    rank = int(g.operator.partition("pool")[2][0])
    kernel = _each(kernel_size, rank)
    padded = _batched(g, self, rank)
    options: dict[str, Any] = {
        "strides": _each(stride, rank) if stride else kernel,
        "pads": _each(padding, rank) * 2,
        "dilations": (1,) * rank,
        "ceil_mode": ceil_mode,
    }
    if divisor_override is None:
        return _as_given(g, self, g(AveragePool(padded, kernel, count_pads=count_include_pad, **options)))
    return _as_given(g, self, _window_sum(g, padded, kernel, options, divisor_override))


def _window_sum(g: Graph, x: Value, kernel: tuple[int, ...], options: dict[str, Any], divisor: int) -> Value:
    """The sum of each window over a divisor: a convolution of each channel with ones."""
    channels = x.tensor.dims[1]
    if not isinstance(channels, int):
        raise g.error(f"argument divisor_override needs a number of channels, not {channels}")
    weight = g.constant(np.full((channels, 1, *kernel), 1 / divisor, x.tensor.dtype.numpy))
    rank = len(kernel)
    begins, strides = options["pads"][:rank], options["strides"]
    sizes, counts = x.tensor.dims[-rank:], g.result_dims()[-rank:]
    ends = []
    for size, count, k, s, begin in zip(sizes, counts, kernel, strides, begins, strict=True):
        reach = (count - 1) * s + k - (size + begin)  # the last window may hang over the end
        if not isinstance(reach, int):
            raise g.error("argument divisor_override with a spatial dim of symbolic size is not supported")
        ends.append(max(reach, 0))
    return g(Conv(x, weight, strides=strides, pads=(*begins, *ends), dilations=(1,) * rank, groups=channels))


@torch_op("aten.adaptive_avg_pool1d", "aten.adaptive_avg_pool2d", "aten.adaptive_avg_pool3d",
          "aten._adaptive_avg_pool2d", "aten._adaptive_avg_pool3d")  # fmt: skip
def adaptive_avg_pool(g: Graph, self: Value, output_size: tuple[int, ...]) -> Value:
    """The mean of windows that divide each spatial dim into output_size parts."""
    return _adaptive(g, self, output_size, ReduceMean)


@torch_op("aten.adaptive_max_pool1d", "aten.adaptive_max_pool2d", "aten.adaptive_max_pool3d")
def adaptive_max_pool(g: Graph, self: Value, output_size: tuple[int, ...]) -> tuple[Value, None]:
    """The largest of such windows; their places are not computed."""
    if g.uses_result(1):
        raise g.error("the places of the largest are not supported (return_indices)")
    return _adaptive(g, self, output_size, ReduceMax), None


def _adaptive(g: Graph, x: Value, output_size: tuple[int, ...], op: type[Op]) -> Value:
    rank = len(output_size)
    if all(count == 1 for count in output_size):
        return g(op(x, axes=tuple(range(x.tensor.rank - rank, x.tensor.rank))))
    for place, count in enumerate(output_size):
        x = _adaptive_axis(g, x, x.tensor.rank - rank + place, count, op)
    return x


def _adaptive_axis(g: Graph, x: Value, axis: int, count: int, op: type[Op]) -> Value:
    """One axis in `count` windows from floor(i * n / count) to ceil((i + 1) * n / count)."""
    extent = x.tensor.dims[axis]
    if count == 1:
        return g(op(x, axes=(axis,)))
    if not isinstance(extent, int):
        raise g.error(f"divides a dim of symbolic size {extent} into {count} windows")
    if extent == count:
        return x
    dims = x.tensor.dims
    if extent % count == 0:
        deep = g.reshape(x, (*dims[:axis], count, extent // count, *dims[axis + 1 :]))
        return g(op(deep, axes=(axis + 1,), keep_dims=False))
    windows = [(i * extent // count, -(-(i + 1) * extent // count)) for i in range(count)]
    rows = []
    for start, end in windows:
        starts = tuple(start if i == axis else 0 for i in range(len(dims)))
        size = tuple(end - start if i == axis else d for i, d in enumerate(dims))
        rows.append(g(op(g(Slice(x, starts, size, (1,) * len(dims))), axes=(axis,))))
    return g(Concat(rows, axis))
