"""Elementwise arithmetic on one to three operands, broadcast as numpy does."""

from __future__ import annotations

from typing import Literal

import numpy as np

from mlc.ir import Array, DType, Op, TensorType, Value
from mlc.ops.inference import broadcast, elementwise_type, require_dtype
from mlc.ops.precision import in_f32


class Unary(Op, abstract=True):
    """Base of y = f(x), shape and dtype of x."""

    x: Value
    is_elementwise = True

    def infer(self) -> TensorType:
        require_dtype(self, self.x, "a number", lambda d: d not in (DType.STRING, DType.BOOL))
        return self.x.tensor


class FloatUnary(Op, abstract=True):
    """Base of y = f(x) on floats, shape and dtype of x."""

    x: Value
    is_elementwise = True

    def infer(self) -> TensorType:
        require_dtype(self, self.x, "a float", lambda d: d.is_float or d.is_complex)
        return self.x.tensor


class Binary(Op, abstract=True):
    """Base of f(x, y) on numbers of one dtype, broadcast."""

    x: Value
    y: Value
    is_elementwise = True

    def infer(self) -> TensorType:
        require_dtype(self, self.x, "a number", lambda d: d not in (DType.STRING, DType.BOOL))
        return elementwise_type(self, self.x, self.y)


class Add(Binary):
    """x + y; integers wrap. ONNX Add (opset 14)."""

    def evaluate(self, x: Array, y: Array) -> Array:
        return in_f32(np.add, x, y)


class Sub(Binary):
    """x - y; integers wrap. ONNX Sub (opset 14)."""

    def evaluate(self, x: Array, y: Array) -> Array:
        return in_f32(np.subtract, x, y)


class Mul(Binary):
    """x * y; integers wrap. ONNX Mul (opset 14)."""

    def evaluate(self, x: Array, y: Array) -> Array:
        return in_f32(np.multiply, x, y)


class Div(Binary):
    """x / y; of integers the quotient rounded towards zero, and x where y is 0. ONNX Div (opset 14)."""

    def evaluate(self, x: Array, y: Array) -> Array:
        if self.x.tensor.dtype.is_integer:
            return _truncated_quotient(x, y)
        return in_f32(np.divide, x, y)


def _truncated_quotient(x: Array, y: Array) -> Array:
    y = _without_zeros(y)
    floor = np.floor_divide(x, y)
    is_inexact_negative = (np.remainder(x, y) != 0) & ((x < 0) != (y < 0))
    return np.asarray(floor + is_inexact_negative.astype(x.dtype))


def _without_zeros(y: Array) -> Array:
    return np.where(y == 0, np.ones((), y.dtype), y)


class Mod(Binary):
    """The remainder of x / y with the sign of the divisor y (quotient rounded down) or of the dividend x (towards 0).

    Of integers x where y is 0. ONNX Mod (opset 28): sign_of is "dividend" for fmod=1.
    """

    sign_of: Literal["divisor", "dividend"] = "divisor"

    def evaluate(self, x: Array, y: Array) -> Array:
        if self.x.tensor.dtype.is_float:
            return in_f32(np.fmod if self.sign_of == "dividend" else _floored_remainder, x, y)
        function = np.fmod if self.sign_of == "dividend" else np.remainder
        return np.asarray(np.where(y == 0, x, function(x, _without_zeros(y))), x.dtype)


def _floored_remainder(x: Array, y: Array) -> Array:
    remainder = np.remainder(x, y)
    return np.asarray(np.where(remainder == 0, np.copysign(np.zeros_like(remainder), y), remainder))


class Pow(Binary):
    """x to the power y; a negative power of an integer is its reciprocal rounded towards zero. ONNX Pow (opset 15)."""

    def evaluate(self, x: Array, y: Array) -> Array:
        if self.x.tensor.dtype.is_signed and (y < 0).any():
            return _integer_power(x, y)
        return in_f32(np.power, x, y)


def _integer_power(x: Array, y: Array) -> Array:
    size = np.power(x, np.maximum(y, 0))
    sign = np.where(x == -1, 1 - 2 * (y & 1), 0)
    reciprocal = np.where(x == 1, 1, sign).astype(x.dtype)
    return np.asarray(np.where(y < 0, reciprocal, size))


class Maximum(Binary):
    """The larger of x and y; NaN when either is. ONNX Max (opset 13) of two."""

    def evaluate(self, x: Array, y: Array) -> Array:
        return np.asarray(np.maximum(x, y))


class Minimum(Binary):
    """The smaller of x and y; NaN when either is. ONNX Min (opset 13) of two."""

    def evaluate(self, x: Array, y: Array) -> Array:
        return np.asarray(np.minimum(x, y))


class Clip(Op):
    """min(max(x, low), high): high where low > high; NaN in x stays NaN. ONNX Clip (opset 13)."""

    x: Value
    low: Value | None = None
    high: Value | None = None
    is_elementwise = True

    def infer(self) -> TensorType:
        return elementwise_type(self, *self.operands)

    def evaluate(self, x: Array, low: Array | None, high: Array | None) -> Array:
        if low is not None:
            x = np.maximum(x, low)
        if high is not None:
            x = np.minimum(x, high)
        return np.asarray(x)


class Where(Op):
    """x where the condition holds, else y. ONNX Where (opset 16)."""

    condition: Value
    x: Value
    y: Value
    is_elementwise = True

    def infer(self) -> TensorType:
        require_dtype(self, self.condition, "boolean", lambda d: d is DType.BOOL)
        if any(v.tensor.shape is None for v in self.operands):
            return TensorType(elementwise_type(self, self.x, self.y).dtype, None)
        return elementwise_type(self, self.x, self.y).with_shape(broadcast(self, *self.operands))

    def evaluate(self, condition: Array, x: Array, y: Array) -> Array:
        return np.where(condition, x, y)


class Neg(Unary):
    """-x; integers wrap. ONNX Neg (opset 13)."""

    def evaluate(self, x: Array) -> Array:
        return np.asarray(np.negative(x))


class Abs(Unary):
    """|x|; the least integer stays itself. ONNX Abs (opset 13)."""

    def evaluate(self, x: Array) -> Array:
        return np.asarray(np.abs(x))


class Sign(Unary):
    """-1, 0 or 1 as x is below, at or above 0; NaN stays NaN. ONNX Sign (opset 13)."""

    def evaluate(self, x: Array) -> Array:
        return in_f32(np.sign, x)


class Relu(Unary):
    """max(x, 0); NaN stays NaN. ONNX Relu (opset 14)."""

    def evaluate(self, x: Array) -> Array:
        return np.asarray(np.maximum(x, np.zeros((), x.dtype)))


class LeakyRelu(FloatUnary):
    """x where x >= 0, else slope * x. ONNX LeakyRelu (opset 16)."""

    slope: float = 0.01

    def evaluate(self, x: Array) -> Array:
        return in_f32(lambda v: np.where(v < 0, v * v.dtype.type(self.slope), v), x)


class Floor(FloatUnary):
    """The largest integer <= x. ONNX Floor (opset 13)."""

    def evaluate(self, x: Array) -> Array:
        return in_f32(np.floor, x)


class Ceil(FloatUnary):
    """The smallest integer >= x. ONNX Ceil (opset 13)."""

    def evaluate(self, x: Array) -> Array:
        return in_f32(np.ceil, x)


class Round(FloatUnary):
    """The nearest integer, the even one of two. ONNX Round (opset 22)."""

    def evaluate(self, x: Array) -> Array:
        return in_f32(np.rint, x)
