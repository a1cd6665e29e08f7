"""Gradients that are no simple formula: of convolutions and pools."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlc.frontend.torch_import.graph import Graph
from mlc.frontend.torch_import.operators.slicing import taken
from mlc.frontend.torch_import.registry import torch_op
from mlc.ir import Array, Value
from mlc.ir.dims import product
from mlc.ops import Concat, Conv, ConvTranspose, Matmul, ReduceSum, ScatterElements

# A convolution for each group's weights: beyond this many they are worth less than eager's one call.
_MAX_GROUPS = 32


@torch_op("aten.convolution_backward", ignores=("bias_sizes",))
def convolution_backward(
    g: Graph,
    grad_output: Value,
    input: Value,
    weight: Value,
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
    transposed: bool,
    output_padding: tuple[int, ...],
    groups: int,
    output_mask: tuple[bool, ...],
) -> tuple[Value | None, Value | None, Value | None]:
    """The gradients of the input, the weight and the bias, as far as the mask asks for them."""
    rank = weight.tensor.rank - 2
    if input.tensor.rank != rank + 2:
        raise g.error("an input without a batch dim is not supported")
    stride, padding, dilation = (v * rank if len(v) == 1 else v for v in (stride, padding, dilation))
    window: dict[str, Any] = {"strides": stride, "pads": padding * 2, "dilations": dilation}
    of_input = of_weight = of_bias = None
    if output_mask[0] and transposed:
        of_input = g(Conv(grad_output, weight, groups=groups, **window))
    elif output_mask[0]:
        grown = _left_over(g, input, grad_output, weight, stride, padding, dilation)
        of_input = g(ConvTranspose(grad_output, weight, output_padding=grown, groups=groups, **window))
    if output_mask[1]:
        small, large = (input, grad_output) if transposed else (grad_output, input)
        of_weight = _weight_gradient(g, large, small, weight, stride, padding, dilation, groups)
    if output_mask[2]:
        axes = (0, *range(2, rank + 2))
        of_bias = g(ReduceSum(grad_output, axes=axes, keep_dims=False))
    return of_input, of_weight, of_bias


def _left_over(
    g: Graph,
    x: Value,
    y: Value,
    weight: Value,
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
) -> tuple[int, ...]:
    """How many elements at the end of each dim of x no window of y reached."""
    grown = []
    for i, (s, p, d) in enumerate(zip(stride, padding, dilation, strict=True)):
        reach = (y.tensor.dims[2 + i] - 1) * s + (weight.tensor.dims[2 + i] - 1) * d + 1 - 2 * p
        left = x.tensor.dims[2 + i] - reach
        if not isinstance(left, int):
            raise g.error("a spatial dim of symbolic size is not supported")
        grown.append(left)
    return tuple(grown)


def _weight_gradient(
    g: Graph,
    large: Value,
    small: Value,
    weight: Value,
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
    groups: int,
) -> Value:
    """A convolution of `large` with `small` as filters, batch and channels exchanged, stride and dilation too."""
    if groups > _MAX_GROUPS:
        raise g.error(f"the gradient of {groups} groups is not supported, {_MAX_GROUPS} at most")
    rank = weight.tensor.rank - 2
    order = [1, 0, *range(2, rank + 2)]
    kernel = weight.tensor.static_shape[2:]
    found = []
    wide, narrow = (v.tensor.dims[1] // groups for v in (large, small))
    for group in range(groups):
        x = g.transpose(taken(g, large, 1, group * wide, wide), order)
        filters = g.transpose(taken(g, small, 1, group * narrow, narrow), order)
        y = g(Conv(x, filters, strides=dilation, pads=padding * 2, dilations=stride))
        for axis, size in enumerate(kernel):
            y = taken(g, y, 2 + axis, 0, size)
        found.append(g.transpose(y, order))
    return found[0] if len(found) == 1 else g(Concat(found, 0))


@torch_op("aten.max_pool2d_with_indices_backward",
          ignores=("kernel_size", "stride", "padding", "dilation", "ceil_mode"))  # fmt: skip
def max_pool_backward(g: Graph, grad_output: Value, self: Value, indices: Value) -> Value:
    """The gradient at the place that was the largest of its window, summed where windows overlap."""
    *outer, height, width = self.tensor.dims
    rows = product(tuple(outer))
    windows = product(grad_output.tensor.dims[-2:])
    zeros = g.expand(g.scalar(0, g.dtype), (rows, height * width))
    flat = [g.reshape(v, (rows, windows)) for v in (indices, grad_output)]
    return g.reshape(g(ScatterElements(zeros, flat[0], flat[1], axis=1, reduction="add")), self.tensor.dims)


@torch_op("aten.avg_pool2d_backward")
def avg_pool_backward(
    g: Graph,
    grad_output: Value,
    self: Value,
    kernel_size: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Value:
    """The gradient of each window, spread evenly over what the window saw."""
    kernel = kernel_size * 2 if len(kernel_size) == 1 else kernel_size
    strides = kernel if not stride else stride * 2 if len(stride) == 1 else stride
    pads = padding * 2 if len(padding) == 1 else padding
    sizes = [d for d in self.tensor.dims[-2:] if isinstance(d, int)]
    counts = [d for d in grad_output.tensor.dims[-2:] if isinstance(d, int)]
    if len(sizes) < 2 or len(counts) < 2:
        raise g.error("spatial dims of symbolic size are not supported")
    spread = [_windows(sizes[a], counts[a], kernel[a], strides[a], pads[a]) for a in range(2)]
    if divisor_override is None:
        rows, columns = (
            _divisors(seen, sizes[a], kernel[a], strides[a], pads[a], count_include_pad)
            for a, seen in enumerate(spread)
        )
    else:
        rows, columns = np.full(len(spread[0]), float(divisor_override)), np.ones(len(spread[1]))
    return _spread(g, grad_output, spread[0] / rows[:, None], spread[1] / columns[:, None])


def _windows(size: int, count: int, kernel: int, stride: int, pad: int) -> Array:
    """[count, size] of ones where a window sees an element."""
    start = np.arange(count)[:, None] * stride - pad
    at = np.arange(size)
    return ((at >= start) & (at < start + kernel)).astype(np.float64)


def _divisors(seen: Array, size: int, kernel: int, stride: int, pad: int, counts_pads: bool) -> Array:
    """How many elements each window's mean is over; what hangs behind the end pad never counts."""
    if not counts_pads:
        return np.asarray(seen.sum(axis=1))
    start = np.arange(len(seen)) * stride - pad
    return np.minimum(start + kernel, size + pad) - start


def _spread(g: Graph, y: Value, rows: Array, columns: Array) -> Value:
    """rows^T @ y @ columns over the last two dims."""
    dtype = y.tensor.dtype.numpy
    left = g.constant(np.ascontiguousarray(rows.T).astype(dtype))
    right = g.constant(columns.astype(dtype))
    return g(Matmul(g(Matmul(left, y)), right))


@torch_op("aten._adaptive_avg_pool2d_backward")
def adaptive_avg_pool_backward(g: Graph, grad_output: Value, self: Value) -> Value:
    """The gradient of each window, spread evenly over it."""
    factors = []
    for axis in (-2, -1):
        size, count = self.tensor.dims[axis], grad_output.tensor.dims[axis]
        if not isinstance(size, int) or not isinstance(count, int):
            raise g.error("spatial dims of symbolic size are not supported")
        mean = np.zeros((count, size))
        for i in range(count):
            start, end = i * size // count, -(-(i + 1) * size // count)
            mean[i, start:end] = 1 / (end - start)
        factors.append(mean)
    return _spread(g, grad_output, factors[0], factors[1])
