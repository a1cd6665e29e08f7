"""TOSA's pools of NHWC images. TOSA 1.0, section 2.2."""

from __future__ import annotations

from typing import cast

import numpy as np

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.operators.numbers import saturated, zero_point
from mlc.frontend.mlir_import.operators.tosa.products import begins_and_ends, channels_first, channels_last
from mlc.frontend.mlir_import.operators.tosa.rescale import scaled
from mlc.frontend.mlir_import.registry import mlir_op
from mlc.ir import Array, Dim, DType, TensorType, Value
from mlc.ops import Add, AveragePool, Conv, IsNan, MaxPool, Sub, Where


@mlir_op("tosa.max_pool2d")
def max_pool2d(
    g: Graph,
    input: Value,
    *,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    pad: tuple[int, ...],
    nan_mode: str = "PROPAGATE",
) -> Value:
    """The largest element of each window of input[N, H, W, C]; NaN if it sees one, or with IGNORE only NaN."""
    x = input
    if nan_mode == "IGNORE" and g.dtype.is_float:
        x = g(Where(g(IsNan(x)), g.scalar(-np.inf, g.dtype), x))
    pooled = g(MaxPool(channels_first(g, x), kernel, strides=stride, pads=begins_and_ends(pad), dilations=(1, 1)))
    return channels_last(g, pooled)


@mlir_op("tosa.max_pool2d_adaptive")
def max_pool2d_adaptive(
    g: Graph,
    input: Value,
    kernel: tuple[Dim, ...],
    stride: tuple[Dim, ...],
    pad: tuple[Dim, ...],
    *,
    nan_mode: str = "PROPAGATE",
) -> Value:
    """max_pool2d whose window is computed."""
    window, steps, pads = (known(g, name, v) for name, v in (("kernel", kernel), ("stride", stride), ("pad", pad)))
    return max_pool2d(g, input, kernel=window, stride=steps, pad=pads, nan_mode=nan_mode)


@mlir_op("tosa.avg_pool2d", ignores=("acc_type",))
def avg_pool2d(
    g: Graph,
    input: Value,
    input_zp: Array | None = None,
    output_zp: Array | None = None,
    *,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    pad: tuple[int, ...],
) -> Value:
    """The mean of what each window of input[N, H, W, C] sees of it, without the pads."""
    points = [0 if p is None else zero_point(g, p) for p in (input_zp, output_zp)]
    pads = begins_and_ends(pad)
    x = channels_first(g, input)
    if g.dtype.is_float:
        return channels_last(g, g(AveragePool(x, kernel, strides=stride, pads=pads, dilations=(1, 1))))
    return channels_last(g, _average_of_integers(g, x, points, kernel, stride, pads))


@mlir_op("tosa.avg_pool2d_adaptive", ignores=("acc_type",))
def avg_pool2d_adaptive(
    g: Graph,
    input: Value,
    input_zp: Array,
    output_zp: Array,
    kernel: tuple[Dim, ...],
    stride: tuple[Dim, ...],
    pad: tuple[Dim, ...],
) -> Value:
    """avg_pool2d whose window is computed."""
    window, steps, pads = (known(g, name, v) for name, v in (("kernel", kernel), ("stride", stride), ("pad", pad)))
    return avg_pool2d(g, input, input_zp, output_zp, kernel=window, stride=steps, pad=pads)


def known(g: Graph, name: str, dims: tuple[Dim, ...]) -> tuple[int, ...]:
    """Dims as numbers. Raises CompileError when one depends on the sizes of inputs."""
    if not all(isinstance(d, int) for d in dims):
        raise g.error(f"{name} [{', '.join(map(str, dims))}] must be known before the run")
    return cast(tuple[int, ...], dims)


def _average_of_integers(
    g: Graph,
    x: Value,
    points: list[int],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    pads: tuple[int, ...],
) -> Value:
    """Sums of x[N, C, H, W] in i32 times the reciprocals of how many elements they are of, as TOSA rounds them."""
    channels = x.tensor.dims[1]
    if not isinstance(channels, int) or not all(isinstance(d, int) for d in x.tensor.dims[2:]):
        raise g.error(f"the mean of integers needs known channels and sizes, got {x.type}")
    wide = g.cast(x, DType.I32)
    if points[0]:
        wide = g(Sub(wide, g.scalar(points[0], DType.I32)))
    ones = g.constant(np.ones((channels, 1, *kernel), np.int32))
    total = g(Conv(wide, ones, strides=stride, pads=pads, dilations=(1, 1), groups=channels))
    multiplier, shift = _reciprocals(_seen(x.tensor, kernel, stride, pads))
    mean = scaled(g, total, g.constant(multiplier), g.constant(shift), is_double=False)
    return saturated(g, g(Add(mean, g.scalar(points[1], DType.I64))), g.dtype)


def _seen(
    x: TensorType, kernel: tuple[int, ...], stride: tuple[int, ...], pads: tuple[int, ...]
) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """How many elements of x[N, C, H, W] each window sees: [OH, OW]."""
    counts = []
    for size, width, step, begin, end in zip(x.dims[2:], kernel, stride, pads[:2], pads[2:], strict=True):
        assert isinstance(size, int)
        start = np.arange(0, size + begin + end - width + 1, step) - begin
        counts.append(np.minimum(start + width, size) - np.maximum(start, 0))
    return np.outer(counts[0], counts[1])


def _reciprocals(
    counts: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.int64]], np.ndarray[tuple[int, ...], np.dtype[np.int64]]]:
    """Multipliers and shifts of 1 / counts. TOSA 1.0, reciprocal_scale in section 5.1."""
    bits = np.array([int(c - 1).bit_length() for c in counts.reshape(-1)], np.int64).reshape(counts.shape)
    return (((1 << 30) + 1) << bits) // counts, 30 + bits
