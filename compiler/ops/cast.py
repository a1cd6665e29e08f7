"""Conversions between element types."""

from __future__ import annotations

from typing import Literal

import ml_dtypes
import numpy as np

from mlc.ir import Array, DType, Op, Purity, TensorType, Value
from mlc.ops.inference import require_dtype

_FLOAT8 = (DType.F8E4M3FN, DType.F8E4M3FNUZ, DType.F8E5M2, DType.F8E5M2FNUZ)


class Cast(Op):
    """x converted to `dtype`, between numbers and booleans.

    To a narrower float: rounded to the nearest, the even one of two. Float to integer: rounded towards zero, any value
    where out of range. Integer to integer: the low bits. To boolean: whether x is not 0. To an 8-bit float: beyond the
    largest finite number that number when `saturates`, else infinity or NaN; to f8E8M0 powers of two, rounded as
    `rounding` says. ONNX Cast (opset 28).
    """

    x: Value
    dtype: DType
    saturates: bool = True
    rounding: Literal["up", "down", "nearest"] = "up"
    is_elementwise = True

    def infer(self) -> TensorType:
        if DType.STRING in (self.dtype, self.x.tensor.dtype):
            raise self.error("strings are converted by mlc.parse_number and mlc.format_number")
        return self.x.tensor.with_dtype(self.dtype)

    def evaluate(self, x: Array) -> Array:
        if self.dtype is DType.F8E8M0:
            return _to_power_of_two(x, self.saturates, self.rounding)
        if self.dtype in _FLOAT8 and self.saturates:
            largest = float(ml_dtypes.finfo(self.dtype.numpy).max)  # type: ignore[no-untyped-call]
            wide = x.astype(np.float64)
            return np.clip(wide, -largest, largest).astype(self.dtype.numpy)
        if self.x.tensor.dtype.bits < 8 and self.dtype.bits < 8:
            x = x.astype(np.float32)  # ml_dtypes has no conversion from one to the other
        return x.astype(self.dtype.numpy)


def _to_power_of_two(x: Array, saturates: bool, rounding: str) -> Array:
    # x = mantissa * 2^exponent with a mantissa in [0.5, 1), so the power of two below is 2^(exponent - 1).
    mantissa, exponent = np.frexp(np.abs(x.astype(np.float64)))
    threshold = {"up": np.nextafter(0.5, 1), "nearest": 0.75, "down": 1.0}[rounding]
    power = exponent - 1 + (mantissa >= threshold)
    power = np.where(mantissa == 0, -128, np.where(np.isinf(mantissa), 128, power))
    if saturates:
        power = np.clip(power, -127, 127)
    is_outside = np.isnan(x.astype(np.float64)) | (power < -127) | (power > 127)
    value = np.where(is_outside, np.nan, np.ldexp(1.0, np.clip(power, -127, 127)))
    return np.asarray(value).astype(DType.F8E8M0.numpy)


class Bitcast(Op):
    """The bits of x read as elements of another dtype of the same width. ONNX BitCast (opset 26)."""

    x: Value
    dtype: DType
    is_elementwise = True

    def infer(self) -> TensorType:
        if _stored_bits(self.dtype) != _stored_bits(self.x.tensor.dtype) or DType.STRING in (
            self.dtype,
            self.x.tensor.dtype,
        ):
            raise self.error(f"{self.x.tensor.dtype} and {self.dtype} differ in width")
        return self.x.tensor.with_dtype(self.dtype)

    def evaluate(self, x: Array) -> Array:
        return x.view(self.dtype.numpy)


def _stored_bits(dtype: DType) -> int:
    return 8 if dtype is DType.BOOL else dtype.bits


class ParseNumber(Op):
    """Strings read as numbers: decimal or scientific, `INF`, `-INF`, `NaN` in any case. ONNX Cast from string."""

    x: Value
    dtype: DType
    purity = Purity.MAY_FAIL

    def infer(self) -> TensorType:
        require_dtype(self, self.x, "a string", lambda d: d is DType.STRING)
        return self.x.tensor.with_dtype(self.dtype)

    def evaluate(self, x: Array) -> Array:
        read = int if self.dtype.is_integer else float
        try:
            values = [read(text) for text in x.ravel()]
        except ValueError:
            values = [float(text) for text in x.ravel()]
        return (
            np.array(values, np.dtype(object) if read is int else np.float64).astype(self.dtype.numpy).reshape(x.shape)
        )


class FormatNumber(Op):
    """Numbers written as strings, the shortest that read back the same. ONNX Cast to string."""

    x: Value

    def infer(self) -> TensorType:
        return self.x.tensor.with_dtype(DType.STRING)

    def evaluate(self, x: Array) -> Array:
        return x.astype(np.str_).astype(object)
