"""Elementwise ops with one to three operands, broadcast as numpy does. Arithmetic."""

from __future__ import annotations

import numpy as np

from mlc.ir import Array, Op, TensorType, Value
from mlc.ops.inference import elementwise_type


class Unary(Op, abstract=True):
    """Base of y = f(x), shape and dtype of x."""

    x: Value
    is_elementwise = True

    def infer(self) -> TensorType:
        return self.x.tensor


class Binary(Op, abstract=True):
    """Base of f(x, y) on operands of one dtype, broadcast."""

    x: Value
    y: Value
    is_elementwise = True

    def infer(self) -> TensorType:
        return elementwise_type(self, self.x, self.y)


class Relu(Unary):
    """max(x, 0); NaN stays NaN. ONNX Relu (opset 14)."""

    def evaluate(self, x: Array) -> Array:
        return np.maximum(x, np.zeros((), x.dtype))


class Add(Binary):
    """x + y; integers wrap. ONNX Add (opset 14)."""

    def evaluate(self, x: Array, y: Array) -> Array:
        return np.add(x, y)
