"""Elementwise functions of real numbers, and the activations of networks.

What mlc has no op for is computed in f32 at least, as torch does for narrow floats.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from mlc.frontend.builder import Scalar
from mlc.frontend.torch_import.graph import Graph
from mlc.frontend.torch_import.operators.elementwise import is_signed, operands
from mlc.frontend.torch_import.registry import torch_op
from mlc.ir import DType, Op, Value
from mlc.ops import (
    Abs,
    Acos,
    Acosh,
    Add,
    And,
    Asin,
    Asinh,
    Atan,
    Atanh,
    Clip,
    Cos,
    Cosh,
    Div,
    Elu,
    Equal,
    Erf,
    Exp,
    Expm1,
    Gelu,
    IsInf,
    IsNan,
    LeakyRelu,
    Less,
    Log,
    Log1p,
    Maximum,
    Minimum,
    Mul,
    Neg,
    Or,
    Pow,
    Sigmoid,
    Sin,
    Sinh,
    Slice,
    Softplus,
    Sqrt,
    Sub,
    Tan,
    Tanh,
    Where,
)

_UNARY: dict[str, type[Op]] = {
    "exp": Exp,
    "expm1": Expm1,
    "log": Log,
    "log1p": Log1p,
    "sqrt": Sqrt,
    "sin": Sin,
    "cos": Cos,
    "tan": Tan,
    "asin": Asin,
    "acos": Acos,
    "atan": Atan,
    "sinh": Sinh,
    "cosh": Cosh,
    "tanh": Tanh,
    "asinh": Asinh,
    "acosh": Acosh,
    "atanh": Atanh,
    "erf": Erf,
    "sigmoid": Sigmoid,
}


def _register(name: str, op: type[Op]) -> None:
    def function(g: Graph, self: Value) -> Value:
        return g(op(g.cast(self, g.dtype)))

    function.__qualname__ = function.__name__ = name
    function.__doc__ = op.__doc__
    torch_op(f"aten.{name}")(function)


for _name, _op in _UNARY.items():
    _register(_name, _op)


def in_f32(g: Graph, x: Value, function: Callable[[Value], Value]) -> Value:
    """The function of x, computed in f32 where x is narrower, with elements of the result's dtype."""
    wide = g.cast(x, DType.F32) if g.dtype.itemsize < 4 else g.cast(x, g.dtype)
    return g.cast(function(wide), g.dtype)


def number(g: Graph, value: float, like: Value) -> Value:
    """The number as a scalar of the dtype of `like`."""
    return g.scalar(value, like.tensor.dtype)


@torch_op("aten.exp2")
def exp2(g: Graph, self: Value) -> Value:
    """2 to the power self."""
    return in_f32(g, self, lambda x: g(Pow(number(g, 2, x), x)))


@torch_op("aten.log2")
def log2(g: Graph, self: Value) -> Value:
    """The logarithm to base 2."""
    return in_f32(g, self, lambda x: g(Div(g(Log(x)), number(g, math.log(2), x))))


@torch_op("aten.log10")
def log10(g: Graph, self: Value) -> Value:
    """The logarithm to base 10."""
    return in_f32(g, self, lambda x: g(Div(g(Log(x)), number(g, math.log(10), x))))


@torch_op("aten.atan2")
def atan2(g: Graph, self: Value, other: Value) -> Value:
    """The angle of the point (other, self), by the arc tangent of the smaller side over the larger."""
    dtype = DType.F32 if g.dtype.itemsize < 4 else g.dtype
    y, x = operands(g, self, other, dtype)
    height, width = g(Abs(y)), g(Abs(x))
    small, large = g(Minimum(height, width)), g(Maximum(height, width))
    zero, one = number(g, 0, x), number(g, 1, x)
    ratio = g(Where(g(Equal(large, zero)), zero, g(Div(small, large))))
    both_infinite = g(And(g(IsInf(height)), g(IsInf(width))))
    angle = g(Atan(g(Where(both_infinite, one, ratio))))
    angle = g(Where(g(Less(width, height)), g(Sub(number(g, math.pi / 2, x), angle)), angle))
    angle = g(Where(is_signed(g, x), g(Sub(number(g, math.pi, x), angle)), angle))
    signed = g(Where(is_signed(g, y), g(Neg(angle)), angle))
    is_nan = g(Or(g(IsNan(y)), g(IsNan(x))))
    return g.cast(g(Where(is_nan, g(Add(x, y)), signed)), g.dtype)


@torch_op("aten.erfc")
def erfc(g: Graph, self: Value) -> Value:
    """1 - erf(self), in f64 where digits would be lost."""
    x = g.cast(self, DType.F64)
    return g.cast(g(Sub(number(g, 1, x), g(Erf(x)))), g.dtype)


@torch_op("aten.gelu")
def gelu(g: Graph, self: Value, approximate: str = "none") -> Value:
    """self times the probability that a normal number is below it."""
    return g(Gelu(self, approximation="tanh" if approximate == "tanh" else "none"))


@torch_op("aten.silu")
def silu(g: Graph, self: Value) -> Value:
    """self * sigmoid(self)."""
    return in_f32(g, self, lambda x: g(Mul(x, g(Sigmoid(x)))))


@torch_op("aten.mish")
def mish(g: Graph, self: Value) -> Value:
    """self * tanh(softplus(self))."""
    return in_f32(g, self, lambda x: g(Mul(x, g(Tanh(g(Softplus(x)))))))


@torch_op("aten.hardsigmoid")
def hardsigmoid(g: Graph, self: Value) -> Value:
    """min(max(self + 3, 0), 6) / 6."""
    return in_f32(g, self, lambda x: g(Div(_clipped(g, x), number(g, 6, x))))


@torch_op("aten.hardswish")
def hardswish(g: Graph, self: Value) -> Value:
    """self * min(max(self + 3, 0), 6) / 6."""
    return in_f32(g, self, lambda x: g(Div(g(Mul(x, _clipped(g, x))), number(g, 6, x))))


def _clipped(g: Graph, x: Value) -> Value:
    return g(Clip(g(Add(x, number(g, 3, x))), number(g, 0, x), number(g, 6, x)))


@torch_op("aten.elu")
def elu(g: Graph, self: Value, alpha: Scalar = 1, scale: Scalar = 1, input_scale: Scalar = 1) -> Value:
    """scale * self where positive, else scale * alpha * (exp(input_scale * self) - 1)."""
    if scale == 1 and input_scale == 1 and isinstance(alpha, int | float):
        return g(Elu(self, float(alpha)))

    def function(x: Value) -> Value:
        zero = number(g, 0, x)
        power = g(Expm1(g(Mul(g(Minimum(x, zero)), g.scalar(input_scale, x.tensor.dtype)))))
        below = g(Mul(power, g(Mul(g.scalar(alpha, x.tensor.dtype), g.scalar(scale, x.tensor.dtype)))))
        return g(Where(g(Less(zero, x)), g(Mul(x, g.scalar(scale, x.tensor.dtype))), below))

    return in_f32(g, self, function)


@torch_op("aten.selu")
def selu(g: Graph, self: Value) -> Value:
    """The scaled exponential unit. Klambauer et al., Self-Normalizing Neural Networks, 2017."""
    return elu(g, self, 1.6732632423543772848170429916717, 1.0507009873554804934193349852946)


@torch_op("aten.celu")
def celu(g: Graph, self: Value, alpha: Scalar = 1.0) -> Value:
    """max(0, self) + min(0, alpha * (exp(self / alpha) - 1))."""
    if not isinstance(alpha, int | float):
        raise g.error("alpha must be a number")
    return elu(g, self, alpha, 1, 1.0 / alpha)


@torch_op("aten.leaky_relu")
def leaky_relu(g: Graph, self: Value, negative_slope: float = 0.01) -> Value:
    """self where positive, else negative_slope * self."""
    return g(LeakyRelu(self, negative_slope))


@torch_op("aten.prelu", "aten._prelu_kernel")
def prelu(g: Graph, self: Value, weight: Value) -> Value:
    """self where positive, else the channel's weight times self."""
    if weight.tensor.rank == 1 and self.tensor.rank > 1:
        weight = g.reshape(weight, (*weight.tensor.dims, *(1,) * (self.tensor.rank - 2)))
    zero = number(g, 0, self)
    return g(Where(g(Less(zero, self)), self, g(Mul(weight, self))))


@torch_op("aten.softplus")
def softplus(g: Graph, self: Value, beta: Scalar = 1, threshold: Scalar = 20) -> Value:
    """log(1 + exp(beta * self)) / beta, and self itself beyond the threshold."""

    def function(x: Value) -> Value:
        scaled = x if beta == 1 else g(Mul(x, g.scalar(beta, x.tensor.dtype)))
        smooth = g(Softplus(scaled))
        smooth = smooth if beta == 1 else g(Div(smooth, g.scalar(beta, x.tensor.dtype)))
        return g(Where(g(Less(g.scalar(threshold, x.tensor.dtype), scaled)), x, smooth))

    return in_f32(g, self, function)


@torch_op("aten.log_sigmoid")
def log_sigmoid(g: Graph, self: Value) -> Value:
    """log(sigmoid(self))."""
    return in_f32(g, self, lambda x: g(Neg(g(Softplus(g(Neg(x)))))))


@torch_op("aten.log_sigmoid_forward")
def log_sigmoid_forward(g: Graph, self: Value) -> tuple[Value, Value]:
    """log(sigmoid(self)), and an empty buffer as torch has on the CPU: exp(-|self|)."""
    return log_sigmoid(g, self), g(Exp(g(Neg(g(Abs(self))))))


@torch_op("aten.softshrink")
def softshrink(g: Graph, self: Value, lambd: Scalar = 0.5) -> Value:
    """self moved towards 0 by lambd, and 0 within it; NaN stays."""
    bound = g.scalar(lambd, g.dtype)
    above, below = g(Less(bound, self)), g(Less(self, g(Neg(bound))))
    inside = g(Where(g(IsNan(self)), self, g.scalar(0, g.dtype)))
    return g(Where(above, g(Sub(self, bound)), g(Where(below, g(Add(self, bound)), inside))))


@torch_op("aten.hardshrink")
def hardshrink(g: Graph, self: Value, lambd: Scalar = 0.5) -> Value:
    """self, and 0 within lambd of 0."""
    bound = g.scalar(lambd, g.dtype)
    is_inside = g(And(g(Less(g(Neg(bound)), self)), g(Less(self, bound))))
    is_edge = g(Equal(g(Abs(self)), bound))
    return g(Where(g(Or(is_inside, is_edge)), g.scalar(0, g.dtype), self))


@torch_op("aten.glu")
def glu(g: Graph, self: Value, dim: int = -1) -> Value:
    """The first half along dim times the sigmoid of the second."""
    axis = g.axis(self, dim)
    dims = self.tensor.dims
    size = tuple(d // 2 if i == axis else d for i, d in enumerate(dims))
    ones = (1,) * len(dims)
    first = g(Slice(self, (0,) * len(dims), size, ones))
    second = g(Slice(self, tuple(size[axis] if i == axis else 0 for i in range(len(dims))), size, ones))
    return in_f32(g, first, lambda x: g(Mul(x, g(Sigmoid(g.cast(second, x.tensor.dtype))))))
