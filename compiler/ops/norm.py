"""Normalizations: x centered and scaled by statistics of x, in f32 or wider, or by given ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlc.ir import Array, Dim, Op, TensorType, Value
from mlc.ir.dims import floordiv, product
from mlc.ops.inference import normalized_axis
from mlc.ops.precision import widened


class Norm(Op, abstract=True):
    """Base of ops whose result has the type of x."""

    x: Value

    def infer(self) -> TensorType:
        if self.x.tensor.shape is not None:
            self.check(self.x.tensor)
        return self.x.tensor

    def check(self, x: TensorType) -> None:
        """Raises when the ranked x and the other operands do not fit."""

    def check_vector(self, name: str, value: Value, length: Dim) -> None:
        """Raises unless `value` is a vector that may have `length` elements."""
        shape = value.tensor.shape
        if shape is None:
            return
        if len(shape) != 1 or (isinstance(shape[0], int) and isinstance(length, int) and shape[0] != length):
            raise self.error(f"{name} {value.type} must be a vector of {length}")

    def check_channels(self, x: TensorType, **vectors: Value) -> None:
        """Raises unless x has channels and each vector one element for each of them."""
        if x.rank < 2:
            raise self.error(f"x {x} has no channels")
        for name, value in vectors.items():
            self.check_vector(name, value, x.dims[1])

    def channel_dims(self, *vectors: Value) -> Sequence[tuple[Dim, Dim]]:
        """The length of each vector with the number of channels of x that it must equal."""
        x = self.x.tensor
        return [(v.tensor.dims[0], x.dims[1] if x.rank > 1 else 1) for v in vectors]

    def flops(self) -> Dim:
        return 5 * product(self.x.tensor.dims)  # sum, squares, center, scale, shift


class BatchNorm(Norm):
    """(x - mean) / sqrt(variance + epsilon) * scale + bias, one of each for a channel of x[N, C, ...].

    The statistics are given: inference. ONNX BatchNormalization (opset 15) with training_mode 0.
    """

    scale: Value
    bias: Value
    mean: Value
    variance: Value
    epsilon: float = 1e-5

    def check(self, x: TensorType) -> None:
        if x.rank == 0:
            raise self.error("x must have a dim")
        vectors = {"scale": self.scale, "bias": self.bias, "mean": self.mean, "variance": self.variance}
        for name, value in vectors.items():
            self.check_vector(name, value, x.dims[1] if x.rank > 1 else 1)

    def equal_dims(self) -> Sequence[tuple[Dim, Dim]]:
        return self.channel_dims(self.scale, self.bias, self.mean, self.variance)

    def evaluate(self, x: Array, scale: Array, bias: Array, mean: Array, variance: Array) -> Array:
        factor = widened(scale) / np.sqrt(widened(variance) + np.float32(self.epsilon))
        y = (widened(x) - per_channel(widened(mean), x)) * per_channel(factor, x) + per_channel(widened(bias), x)
        return y.astype(x.dtype)

    def flops(self) -> Dim:
        return 2 * product(self.x.tensor.dims)


class LayerNorm(Norm):
    """x minus its mean over the dims from `axis` on, over sqrt(variance + epsilon); times scale, plus bias.

    scale and bias broadcast to x. ONNX LayerNormalization (opset 17), output Y.
    """

    scale: Value | None = None
    bias: Value | None = None
    axis: int = -1
    epsilon: float = 1e-5

    def check(self, x: TensorType) -> None:
        normalized_axis(self, self.axis, x.rank)
        check_broadcast(self, x, scale=self.scale, bias=self.bias)

    def broadcast_dims(self) -> Sequence[tuple[Dim, Dim]]:
        return [pair for v in (self.scale, self.bias) if v is not None for pair in trailing_dims(v, self.x)]

    def evaluate(self, x: Array, scale: Array | None, bias: Array | None) -> Array:
        axes = tuple(range(self.axis % x.ndim, x.ndim))
        return scaled(standardized(widened(x), axes, self.epsilon), scale, bias).astype(x.dtype)


class RmsNorm(Norm):
    """x / sqrt(mean of x^2 + epsilon) over the dims from `axis` on, times scale.

    The quotient is rounded to the type of x before it is scaled. ONNX RMSNormalization (opset 23).
    """

    scale: Value | None = None
    axis: int = -1
    epsilon: float = 1e-5

    def check(self, x: TensorType) -> None:
        normalized_axis(self, self.axis, x.rank)
        check_broadcast(self, x, scale=self.scale)

    def broadcast_dims(self) -> Sequence[tuple[Dim, Dim]]:
        return [] if self.scale is None else trailing_dims(self.scale, self.x)

    def evaluate(self, x: Array, scale: Array | None) -> Array:
        axes = tuple(range(self.axis % x.ndim, x.ndim))
        values = widened(x)
        square = np.mean(values * values, axis=axes, keepdims=True)
        quotient = (values / np.sqrt(square + np.float32(self.epsilon))).astype(x.dtype)
        return scaled(widened(quotient), scale, None).astype(x.dtype)

    def flops(self) -> Dim:
        return 4 * product(self.x.tensor.dims)


class GroupNorm(Norm):
    """Channels of x[N, C, ...] in `groups` of C/groups, each standardized per sample; then scale[C], bias[C].

    ONNX GroupNormalization (opset 21).
    """

    scale: Value
    bias: Value
    groups: int
    epsilon: float = 1e-5

    def check(self, x: TensorType) -> None:
        self.check_channels(x, scale=self.scale, bias=self.bias)
        channels = x.dims[1]
        if self.groups < 1 or (isinstance(channels, int) and channels % self.groups):
            raise self.error(f"{channels} channels do not split into {self.groups} groups")

    def equal_dims(self) -> Sequence[tuple[Dim, Dim]]:
        channels = self.x.tensor.dims[1]
        return [*self.channel_dims(self.scale, self.bias), (channels, self.groups * floordiv(channels, self.groups))]

    def evaluate(self, x: Array, scale: Array, bias: Array) -> Array:
        grouped = widened(x).reshape(x.shape[0], self.groups, x.shape[1] // self.groups, *x.shape[2:])
        y = standardized(grouped, tuple(range(2, grouped.ndim)), self.epsilon).reshape(x.shape)
        return (y * per_channel(widened(scale), x) + per_channel(widened(bias), x)).astype(x.dtype)


class InstanceNorm(Norm):
    """Each channel of each sample of x[N, C, spatial...] standardized; then scale[C], bias[C].

    ONNX InstanceNormalization (opset 22).
    """

    scale: Value
    bias: Value
    epsilon: float = 1e-5

    def check(self, x: TensorType) -> None:
        self.check_channels(x, scale=self.scale, bias=self.bias)

    def equal_dims(self) -> Sequence[tuple[Dim, Dim]]:
        return self.channel_dims(self.scale, self.bias)

    def evaluate(self, x: Array, scale: Array, bias: Array) -> Array:
        y = standardized(widened(x), tuple(range(2, x.ndim)), self.epsilon)
        return (y * per_channel(widened(scale), x) + per_channel(widened(bias), x)).astype(x.dtype)


class Lrn(Norm):
    """x / (k + alpha / size * sum of x^2 over `size` channels around it)^beta for x[N, C, ...].

    The window reaches floor((size-1)/2) channels down and ceil((size-1)/2) up. ONNX LRN (opset 13), k is its bias.
    """

    size: int
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 1.0

    def check(self, x: TensorType) -> None:
        self.check_channels(x)
        if self.size < 1:
            raise self.error(f"size must be positive, got {self.size}")

    def evaluate(self, x: Array) -> Array:
        values = widened(x)
        below, above = (self.size - 1) // 2, self.size // 2
        squares = np.pad(values * values, [(0, 0), (below, above), *[(0, 0)] * (x.ndim - 2)])
        total = sum((squares[:, i : i + x.shape[1]] for i in range(self.size)), np.zeros((), values.dtype))
        scale = values.dtype.type(self.k) + values.dtype.type(self.alpha / self.size) * total
        return np.asarray(values / scale ** values.dtype.type(self.beta)).astype(x.dtype)

    def flops(self) -> Dim:
        return (self.size + 4) * product(self.x.tensor.dims)


def standardized(x: Array, axes: tuple[int, ...], epsilon: float) -> Array:
    """x with mean 0 and, up to epsilon, variance 1 over `axes`."""
    centered = x - np.mean(x, axis=axes, keepdims=True)
    variance = np.mean(centered * centered, axis=axes, keepdims=True)
    return np.asarray(centered / np.sqrt(variance + x.dtype.type(epsilon)))


def scaled(x: Array, scale: Array | None, bias: Array | None) -> Array:
    """x * scale + bias, either left out where None."""
    y = x if scale is None else x * widened(scale)
    return y if bias is None else y + widened(bias)


def per_channel(vector: Array, x: Array) -> Array:
    """vector[C] shaped to broadcast along dim 1 of x; along nothing when x has one dim."""
    return vector.reshape(-1, *(1,) * (x.ndim - 2)) if x.ndim > 1 else vector


def trailing_dims(value: Value, x: Value) -> list[tuple[Dim, Dim]]:
    """The dims of a value that broadcasts to x, each with that of x."""
    return list(zip(value.tensor.dims[::-1], x.tensor.dims[::-1], strict=False))


def check_broadcast(op: Op, x: TensorType, **operands: Value | None) -> None:
    """Raises at `op` when an operand does not broadcast to the shape of x."""
    for name, value in operands.items():
        shape = None if value is None else value.tensor.shape
        if shape is None:
            continue
        pairs = zip(shape[::-1], x.dims[::-1], strict=False)
        if len(shape) > x.rank or any(isinstance(a, int) and isinstance(b, int) and a not in (1, b) for a, b in pairs):
            raise op.error(f"{name} {shape} does not broadcast to x {x}")
