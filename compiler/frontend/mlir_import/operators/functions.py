"""math: functions of floats, and the few of integers."""

from __future__ import annotations

import math

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.registry import mlir_op
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
    Bitcast,
    Ceil,
    Cos,
    Cosh,
    Div,
    Equal,
    Erf,
    Exp,
    Expm1,
    Floor,
    IsInf,
    IsNan,
    Less,
    LessOrEqual,
    Log,
    Log1p,
    Maximum,
    Minimum,
    Mul,
    Neg,
    Not,
    Or,
    Pow,
    Round,
    Sin,
    Sinh,
    Sqrt,
    Sub,
    Tan,
    Tanh,
    Where,
)

FAST = ("fastmath",)
_DIRECT: dict[str, type[Op]] = {
    "absf": Abs,
    "absi": Abs,
    "acos": Acos,
    "acosh": Acosh,
    "asin": Asin,
    "asinh": Asinh,
    "atan": Atan,
    "atanh": Atanh,
    "ceil": Ceil,
    "cos": Cos,
    "cosh": Cosh,
    "erf": Erf,
    "exp": Exp,
    "expm1": Expm1,
    "floor": Floor,
    "isnan": IsNan,
    "isinf": IsInf,
    "log": Log,
    "log1p": Log1p,
    "roundeven": Round,
    "sin": Sin,
    "sinh": Sinh,
    "sqrt": Sqrt,
    "tan": Tan,
    "tanh": Tanh,
}


@mlir_op(*(f"math.{name}" for name in _DIRECT), ignores=FAST)
def direct(g: Graph, operand: Value) -> Value:
    """The function of the same name."""
    kind = _DIRECT[g.operation.name.removeprefix("math.")]
    return g(kind(operand))


@mlir_op("math.powf", "math.ipowi", ignores=FAST)
def power(g: Graph, lhs: Value, rhs: Value) -> Value:
    """lhs to the power rhs."""
    return g(Pow(lhs, rhs))


@mlir_op("math.fpowi", ignores=FAST)
def fpowi(g: Graph, lhs: Value, rhs: Value) -> Value:
    """A float to the power of an integer."""
    return g(Pow(lhs, g.cast(rhs, lhs.tensor.dtype)))


@mlir_op("math.rsqrt", ignores=FAST)
def rsqrt(g: Graph, operand: Value) -> Value:
    """1 / sqrt."""
    return g(Div(_number(g, 1, operand), g(Sqrt(operand))))


@mlir_op("math.exp2", ignores=FAST)
def exp2(g: Graph, operand: Value) -> Value:
    """2 to the power."""
    return g(Pow(_number(g, 2, operand), operand))


@mlir_op("math.log2", "math.log10", ignores=FAST)
def logarithm(g: Graph, operand: Value) -> Value:
    """The logarithm to base 2 or 10."""
    base = 2 if g.operation.name == "math.log2" else 10
    return g(Div(g(Log(operand)), _number(g, math.log(base), operand)))


@mlir_op("math.erfc", ignores=FAST)
def erfc(g: Graph, operand: Value) -> Value:
    """1 - erf."""
    return g(Sub(_number(g, 1, operand), g(Erf(operand))))


@mlir_op("math.fma", ignores=FAST)
def fma(g: Graph, a: Value, b: Value, c: Value) -> Value:
    """a * b + c."""
    return g(Add(g(Mul(a, b)), c))


@mlir_op("math.clampf", ignores=FAST)
def clampf(g: Graph, value: Value, low: Value, high: Value) -> Value:
    """value between low and high; NaN stays."""
    return g(Minimum(g(Maximum(value, low)), high))


@mlir_op("math.cbrt", ignores=FAST)
def cbrt(g: Graph, operand: Value) -> Value:
    """The cube root, with the sign of the operand."""
    root = g(Pow(g(Abs(operand)), _number(g, 1 / 3, operand)))
    return g(Where(g(Less(operand, _number(g, 0, operand))), g(Neg(root)), root))


@mlir_op("math.trunc", ignores=FAST)
def trunc(g: Graph, operand: Value) -> Value:
    """The operand rounded towards zero."""
    return g(Where(g(Less(operand, _number(g, 0, operand))), g(Ceil(operand)), g(Floor(operand))))


@mlir_op("math.round", ignores=FAST)
def round_(g: Graph, operand: Value) -> Value:
    """The nearest whole number, the one further from zero of two."""
    whole = g(Floor(g(Abs(operand))))
    # The rest is exact, so that what is just below a half does not round up as adding a half would.
    is_up = g(LessOrEqual(_number(g, 0.5, operand), g(Sub(g(Abs(operand)), whole))))
    size = g(Where(is_up, g(Add(whole, _number(g, 1, operand))), whole))
    return copysign(g, size, operand)


@mlir_op("math.copysign", ignores=FAST)
def copysign(g: Graph, lhs: Value, rhs: Value) -> Value:
    """lhs with the sign of rhs, of a zero or NaN too."""
    size = g(Abs(lhs))
    return g(Where(_is_negative(g, rhs), g(Neg(size)), size))


@mlir_op("math.isfinite", ignores=FAST)
def isfinite(g: Graph, operand: Value) -> Value:
    """Whether the operand is neither infinite nor NaN."""
    return g(Not(g(Or(g(IsInf(operand)), g(IsNan(operand))))))


@mlir_op("math.atan2", ignores=FAST)
def atan2(g: Graph, lhs: Value, rhs: Value) -> Value:
    """The angle of the point (rhs, lhs), by the arc tangent of the smaller side over the larger."""
    height, width = g(Abs(lhs)), g(Abs(rhs))
    small, large = g(Minimum(height, width)), g(Maximum(height, width))
    zero, one = _number(g, 0, lhs), _number(g, 1, lhs)
    ratio = g(Where(g(Equal(large, zero)), zero, g(Div(small, large))))
    ratio = g(Where(g(And(g(IsInf(height)), g(IsInf(width)))), one, ratio))
    angle = g(Atan(ratio))
    angle = g(Where(g(Less(width, height)), g(Sub(_number(g, math.pi / 2, lhs), angle)), angle))
    angle = g(Where(_is_negative(g, rhs), g(Sub(_number(g, math.pi, lhs), angle)), angle))
    signed = g(Where(_is_negative(g, lhs), g(Neg(angle)), angle))
    return g(Where(g(Or(g(IsNan(lhs)), g(IsNan(rhs)))), g(Add(lhs, rhs)), signed))


_BITS = {DType.F16: DType.I16, DType.BF16: DType.I16, DType.F32: DType.I32, DType.F64: DType.I64}


def _is_negative(g: Graph, x: Value) -> Value:
    """Whether the sign bit is set."""
    dtype = _BITS.get(x.tensor.dtype)
    if dtype is None:
        raise g.error(f"the sign of elements of {x.tensor.dtype} is not supported")
    return g(Less(g(Bitcast(x, dtype)), g.scalar(0, dtype)))


def _number(g: Graph, value: float, like: Value) -> Value:
    return g.scalar(value, like.tensor.dtype)
