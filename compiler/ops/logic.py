"""Elementwise comparison, boolean and bitwise ops."""

from __future__ import annotations

from typing import Literal

import numpy as np

from mlc.ir import Array, DType, Op, Purity, TensorType, Value
from mlc.ops.inference import elementwise_type, require_dtype


class Comparison(Op, abstract=True):
    """Base of boolean f(x, y) on operands of one dtype, broadcast."""

    x: Value
    y: Value
    is_elementwise = True

    def infer(self) -> TensorType:
        return elementwise_type(self, self.x, self.y, dtype=DType.BOOL)


class Equal(Comparison):
    """x == y; NaN equals nothing. ONNX Equal (opset 19)."""

    def evaluate(self, x: Array, y: Array) -> Array:
        return np.asarray(np.equal(x, y)).astype(np.bool_)


class Less(Comparison):
    """x < y; false where either is NaN. ONNX Less (opset 13), and Greater with operands swapped."""

    def evaluate(self, x: Array, y: Array) -> Array:
        return np.asarray(np.less(x, y))


class LessOrEqual(Comparison):
    """x <= y; false where either is NaN. ONNX LessOrEqual (opset 16), and GreaterOrEqual with operands swapped."""

    def evaluate(self, x: Array, y: Array) -> Array:
        return np.asarray(np.less_equal(x, y))


class _Boolean(Op, abstract=True):
    """Base of f(x, y) on booleans, broadcast."""

    x: Value
    y: Value
    is_elementwise = True

    def infer(self) -> TensorType:
        require_dtype(self, self.x, "a boolean", lambda d: d is DType.BOOL)
        return elementwise_type(self, self.x, self.y)


class And(_Boolean):
    """Whether both hold. ONNX And (opset 7)."""

    def evaluate(self, x: Array, y: Array) -> Array:
        return np.asarray(np.logical_and(x, y))


class Or(_Boolean):
    """Whether one of them holds. ONNX Or (opset 7)."""

    def evaluate(self, x: Array, y: Array) -> Array:
        return np.asarray(np.logical_or(x, y))


class Xor(_Boolean):
    """Whether exactly one of them holds. ONNX Xor (opset 7)."""

    def evaluate(self, x: Array, y: Array) -> Array:
        return np.asarray(np.logical_xor(x, y))


class Not(Op):
    """Whether x does not hold. ONNX Not (opset 1)."""

    x: Value
    is_elementwise = True

    def infer(self) -> TensorType:
        require_dtype(self, self.x, "a boolean", lambda d: d is DType.BOOL)
        return self.x.tensor

    def evaluate(self, x: Array) -> Array:
        return np.asarray(np.logical_not(x))


class Assert(Op):
    """x itself; the run fails with the message where an element does not hold."""

    x: Value
    message: str
    purity = Purity.MAY_FAIL

    def infer(self) -> TensorType:
        require_dtype(self, self.x, "a boolean", lambda d: d is DType.BOOL)
        return self.x.tensor

    def evaluate(self, x: Array) -> Array:
        if not x.all():
            raise ValueError(self.message)
        return x


class _Bitwise(Op, abstract=True):
    """Base of f(x, y) on the bits of integers of one dtype, broadcast."""

    x: Value
    y: Value
    is_elementwise = True

    def infer(self) -> TensorType:
        require_dtype(self, self.x, "an integer", lambda d: d.is_integer)
        return elementwise_type(self, self.x, self.y)


class BitwiseAnd(_Bitwise):
    """The bits set in both. ONNX BitwiseAnd (opset 18)."""

    def evaluate(self, x: Array, y: Array) -> Array:
        return np.asarray(np.bitwise_and(x, y))


class BitwiseOr(_Bitwise):
    """The bits set in one of them. ONNX BitwiseOr (opset 18)."""

    def evaluate(self, x: Array, y: Array) -> Array:
        return np.asarray(np.bitwise_or(x, y))


class BitwiseXor(_Bitwise):
    """The bits set in exactly one of them. ONNX BitwiseXor (opset 18)."""

    def evaluate(self, x: Array, y: Array) -> Array:
        return np.asarray(np.bitwise_xor(x, y))


class BitwiseNot(Op):
    """The bits not set. ONNX BitwiseNot (opset 18)."""

    x: Value
    is_elementwise = True

    def infer(self) -> TensorType:
        require_dtype(self, self.x, "an integer", lambda d: d.is_integer)
        return self.x.tensor

    def evaluate(self, x: Array) -> Array:
        return np.asarray(np.invert(x))


class Shift(_Bitwise):
    """x with its bits moved by y places; a right shift of a signed x copies its sign bit.

    A y that is negative or not below the width shifts everything out: -1 for a right shift of a negative x, else 0.
    ONNX BitShift (opset 28).
    """

    direction: Literal["left", "right"]

    def evaluate(self, x: Array, y: Array) -> Array:
        width = x.dtype.itemsize * 8
        is_out = (y < 0) | (y >= width)
        places = np.where(is_out, 0, y).astype(x.dtype)
        if self.direction == "left":
            return np.where(is_out, 0, np.left_shift(x, places)).astype(x.dtype)
        return np.where(is_out, np.where(x < 0, -1, 0).astype(x.dtype), np.right_shift(x, places)).astype(x.dtype)


class IsNan(Op):
    """Whether x is NaN. ONNX IsNaN (opset 20)."""

    x: Value
    is_elementwise = True

    def infer(self) -> TensorType:
        require_dtype(self, self.x, "a float", lambda d: d.is_float)
        return self.x.tensor.with_dtype(DType.BOOL)

    def evaluate(self, x: Array) -> Array:
        return np.asarray(np.isnan(x))


class IsInf(Op):
    """Whether x is one of the infinities asked for. ONNX IsInf (opset 20)."""

    x: Value
    is_positive: bool = True
    is_negative: bool = True
    is_elementwise = True

    def infer(self) -> TensorType:
        require_dtype(self, self.x, "a float", lambda d: d.is_float)
        return self.x.tensor.with_dtype(DType.BOOL)

    def evaluate(self, x: Array) -> Array:
        return np.asarray(np.isinf(x) & ((self.is_positive & (x > 0)) | (self.is_negative & (x < 0))))
