"""Between floats and the small types they are stored in: QuantizeLinear, DequantizeLinear.

A scale is one number, a vector along `axis`, or of x's rank with one scale for each `block` elements along `axis`.
Zero points have the scale's shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ml_dtypes
import numpy as np

from mlc.ir import Array, Dim, DType, Op, TensorType, Value, keyword
from mlc.ir.dims import ceildiv, product
from mlc.ops.inference import normalized_axis
from mlc.ops.precision import widened


class QuantizeLinear(Op):
    """x / scale, rounded to the nearest (halves to even), plus the zero point, cut to the range of `dtype`.

    The quotient is taken in `precision`, or in the type of the scale. A float8 `dtype` is rounded to; values outside
    its range become its largest when `saturates`, else NaN or infinity. ONNX QuantizeLinear (opset 25).
    """

    x: Value
    scale: Value
    zero_point: Value | None = None
    dtype: DType = keyword(kw_only=True)
    axis: int = 1
    block: int = 0
    saturates: bool = True
    precision: DType | None = None

    def infer(self) -> TensorType:
        check_scale(self, self.x, self.scale, self.axis, self.block)
        return self.x.tensor.with_dtype(self.dtype)

    def equal_dims(self) -> Sequence[tuple[Dim, Dim]]:
        return _scale_dims(self.x, self.scale, self.zero_point, self.axis, self.block)

    def evaluate(self, x: Array, scale: Array, zero_point: Array | None) -> Array:
        computed = scale.dtype if scale.dtype.kind == "f" or DType.of(scale.dtype).is_float else x.dtype
        computed = self.precision.numpy if self.precision is not None else computed
        divisor = spread(scale, x.shape, self.axis, self.block).astype(computed)
        quotient = (widened(x.astype(computed)) / widened(divisor)).astype(computed)
        zero = 0 if zero_point is None else spread(zero_point, x.shape, self.axis, self.block)
        if self.dtype.is_float:
            return to_float8(widened(quotient) + np.asarray(zero).astype(np.float32), self.dtype, self.saturates)
        low, high = integer_range(self.dtype)
        # Cut before the zero point is added as well, so that a huge quotient does not overflow i64.
        whole = np.clip(np.rint(widened(quotient).astype(np.float64)), -(2.0**40), 2.0**40)
        whole = np.nan_to_num(whole).astype(np.int64) + np.asarray(zero).astype(np.int64)
        return np.asarray(np.clip(whole, low, high)).astype(self.dtype.numpy)

    def flops(self) -> Dim:
        return 2 * product(self.x.tensor.dims)


class DequantizeLinear(Op):
    """(x - zero point) * scale, in `dtype`. ONNX DequantizeLinear (opset 25)."""

    x: Value
    scale: Value
    zero_point: Value | None = None
    dtype: DType = keyword(kw_only=True)
    axis: int = 1
    block: int = 0

    def infer(self) -> TensorType:
        check_scale(self, self.x, self.scale, self.axis, self.block)
        return self.x.tensor.with_dtype(self.dtype)

    def equal_dims(self) -> Sequence[tuple[Dim, Dim]]:
        return _scale_dims(self.x, self.scale, self.zero_point, self.axis, self.block)

    def evaluate(self, x: Array, scale: Array, zero_point: Array | None) -> Array:
        factor = widened(spread(scale, x.shape, self.axis, self.block))
        exact = x.astype(np.float64 if x.dtype == np.int32 else np.float32)
        if zero_point is not None:
            exact = exact - spread(zero_point, x.shape, self.axis, self.block).astype(exact.dtype)
        return (exact.astype(factor.dtype) * factor).astype(self.dtype.numpy)

    def flops(self) -> Dim:
        return 2 * product(self.x.tensor.dims)


def check_scale(op: Op, x: Value, scale: Value, axis: int, block: int) -> None:
    """Raises at `op` unless the scale is a number, a vector along `axis`, or blocked along it."""
    xs, given = x.tensor.shape, scale.tensor.shape
    if xs is None or given is None or len(given) == 0 or given == (1,):
        return
    at = normalized_axis(op, axis, len(xs))
    if block:
        if len(given) != len(xs):
            raise op.error(f"scale {scale.type} must have the rank of x {x.type} for blocks of {block}")
        return
    if len(given) == 1 and isinstance(given[0], int) and isinstance(xs[at], int) and given[0] != xs[at]:
        raise op.error(f"scale {scale.type} must have one number for each of {xs[at]} along axis {at} of x {x.type}")


def _scale_dims(x: Value, scale: Value, zero_point: Value | None, axis: int, block: int) -> list[tuple[Dim, Dim]]:
    """The dims of scales and zero points, those in blocks or a vector of them, with what x asks for."""
    xs = x.tensor.dims
    given = [v.tensor.dims for v in (scale, zero_point) if v is not None]
    if not block:
        return [(dims[0], xs[axis]) for dims in given if len(dims) == 1 and dims[0] != 1]
    wanted = [ceildiv(d, block) if i == axis % len(xs) else d for i, d in enumerate(xs)]
    return [pair for dims in given if len(dims) == len(xs) for pair in zip(dims, wanted, strict=True)]


def spread(scale: Array, shape: tuple[int, ...], axis: int, block: int) -> Array:
    """One number for each element of a tensor of `shape`, or broadcasting to it."""
    if scale.ndim == 0 or (scale.size == 1 and not block):
        return scale.reshape(())
    at = axis % len(shape)
    if block:
        repeated = np.repeat(scale, block, axis=at)
        return repeated[tuple(slice(0, n) if i == at else slice(None) for i, n in enumerate(shape))]
    return scale.reshape([-1 if i == at else 1 for i in range(len(shape))]) if scale.ndim == 1 else scale


def integer_range(dtype: DType) -> tuple[int, int]:
    """The least and the greatest number of an integer type."""
    return (-(2 ** (dtype.bits - 1)), 2 ** (dtype.bits - 1) - 1) if dtype.is_signed else (0, 2**dtype.bits - 1)


def to_float8(x: Array, dtype: DType, saturates: bool) -> Array:
    """x rounded to a float type of 8 bits or fewer; what is beyond its range is cut when `saturates`."""
    if saturates:
        limits: Any = ml_dtypes.finfo  # untyped
        largest = float(limits(dtype.numpy).max)
        x = np.where(np.isnan(x), x, np.clip(x, -largest, largest))
    return x.astype(dtype.numpy)
