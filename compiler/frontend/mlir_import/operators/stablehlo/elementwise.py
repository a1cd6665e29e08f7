"""StableHLO's elementwise ops: arithmetic, functions of a real number, logic, bits. StableHLO specification, 1.0.

Operands have one shape; what is a symbol in one and a number in the other is tied together.
"""

from __future__ import annotations

import math

from mlc.frontend.mlir_import.folding import folded
from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.operators.bits import SIGNED, leading_zeros, ones, shifted_right
from mlc.frontend.mlir_import.operators.numbers import truncated
from mlc.frontend.mlir_import.registry import mlir_op
from mlc.ir import DType, Op, Value
from mlc.ops import (
    Abs,
    Add,
    And,
    Atan,
    Bitcast,
    BitwiseAnd,
    BitwiseNot,
    BitwiseOr,
    BitwiseXor,
    Ceil,
    Clip,
    Cos,
    Div,
    Equal,
    Exp,
    Expand,
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
    Mod,
    Mul,
    Neg,
    Not,
    Or,
    Pow,
    Round,
    Shift,
    Sigmoid,
    Sign,
    Sin,
    Sqrt,
    Sub,
    Tan,
    Tanh,
    Where,
    Xor,
)

_UNARY: dict[str, type[Op]] = {
    "abs": Abs,
    "ceil": Ceil,
    "cosine": Cos,
    "exponential": Exp,
    "exponential_minus_one": Expm1,
    "floor": Floor,
    "log": Log,
    "log_plus_one": Log1p,
    "logistic": Sigmoid,
    "negate": Neg,
    "round_nearest_even": Round,
    "sign": Sign,
    "sine": Sin,
    "sqrt": Sqrt,
    "tan": Tan,
    "tanh": Tanh,
}

# For numbers, and for booleans.
_BINARY: dict[str, tuple[type[Op], type[Op] | None]] = {
    "add": (Add, Or),
    "and": (BitwiseAnd, And),
    "divide": (Div, None),
    "maximum": (Maximum, Or),
    "minimum": (Minimum, And),
    "multiply": (Mul, And),
    "or": (BitwiseOr, Or),
    "power": (Pow, None),
    "subtract": (Sub, None),
    "xor": (BitwiseXor, Xor),
}


def aligned(g: Graph, *xs: Value) -> None:
    """Notes that the shapes are one: StableHLO broadcasts nothing by itself."""
    if g.is_elementwise:
        return
    for x in xs[1:]:
        for one, other in zip(xs[0].tensor.dims, x.tensor.dims, strict=True):
            if one != other:
                g.tie(one, other)


def _register_unary(name: str, op: type[Op]) -> None:
    def function(g: Graph, operand: Value) -> Value:
        return g(op(operand))

    function.__qualname__ = function.__name__ = name
    function.__doc__ = op.__doc__
    mlir_op(f"stablehlo.{name}", ignores=("result_accuracy",))(function)


def binary(g: Graph, name: str, lhs: Value, rhs: Value) -> Value:
    """The op called `name`, of numbers or of booleans, on operands that may broadcast."""
    of_numbers, of_booleans = _BINARY[name]
    if lhs.tensor.dtype is not DType.BOOL:
        return g(of_numbers(lhs, rhs))
    if of_booleans is None:
        raise g.error("booleans are not supported")
    return g(of_booleans(lhs, rhs))


def _register_binary(name: str) -> None:
    def function(g: Graph, lhs: Value, rhs: Value) -> Value:
        aligned(g, lhs, rhs)
        return binary(g, name, lhs, rhs)

    function.__qualname__ = function.__name__ = name
    function.__doc__ = _BINARY[name][0].__doc__
    mlir_op(f"stablehlo.{name}")(function)


for _name, _op in _UNARY.items():
    _register_unary(_name, _op)
for _name in _BINARY:
    _register_binary(_name)


@mlir_op("stablehlo.remainder")
def remainder(g: Graph, lhs: Value, rhs: Value) -> Value:
    """What is left of x / y, with the sign of x."""
    aligned(g, lhs, rhs)
    return g(Mod(lhs, rhs, sign_of="dividend"))


@mlir_op("stablehlo.rsqrt", ignores=("result_accuracy",))
def rsqrt(g: Graph, operand: Value) -> Value:
    """1 / sqrt(x)."""
    return g(Div(g.scalar(1, operand.tensor.dtype), g(Sqrt(operand))))


@mlir_op("stablehlo.cbrt", ignores=("result_accuracy",))
def cbrt(g: Graph, operand: Value) -> Value:
    """The cube root: a power, and one step of Newton's on it."""
    dtype = operand.tensor.dtype
    x = g.cast(operand, DType.F32) if dtype.bits < 32 else operand

    def number(value: float) -> Value:
        return g.scalar(value, x.tensor.dtype)

    size = g(Abs(x))
    root = g(Pow(size, number(1 / 3)))
    square = g(Mul(root, root))
    step = g(Div(g(Sub(g(Mul(square, root)), size)), g(Mul(number(3), square))))
    is_plain = g(And(g(Less(number(0), size)), g(Less(size, number(math.inf)))))
    better = g(Where(is_plain, g(Sub(root, step)), root))
    return g.cast(g(Where(g(Less(x, number(0))), g(Neg(better)), g(Where(is_plain, better, x)))), dtype)


@mlir_op("stablehlo.round_nearest_afz")
def round_nearest_afz(g: Graph, operand: Value) -> Value:
    """The nearest integer, of two the one further from 0."""
    dtype = operand.tensor.dtype
    whole = truncated(g, operand)
    is_up = g(LessOrEqual(g.scalar(0.5, dtype), g(Abs(g(Sub(operand, whole))))))
    return g(Where(is_up, g(Add(whole, g(Sign(operand)))), whole))


@mlir_op("stablehlo.is_finite")
def is_finite(g: Graph, x: Value) -> Value:
    """Whether x is neither infinite nor NaN."""
    return g(Not(g(Or(g(IsNan(x)), g(IsInf(x))))))


@mlir_op("stablehlo.atan2")
def atan2(g: Graph, lhs: Value, rhs: Value) -> Value:
    """The angle of the point (rhs, lhs)."""
    aligned(g, lhs, rhs)
    return angle_of(g, lhs, rhs)


def angle_of(g: Graph, lhs: Value, rhs: Value) -> Value:
    """The angle of the point (rhs, lhs), by the arc tangent of the smaller side over the larger; operands broadcast."""
    dtype = lhs.tensor.dtype
    y, x = (g.cast(v, DType.F32) if dtype.bits < 32 else v for v in (lhs, rhs))

    def number(value: float) -> Value:
        return g.scalar(value, x.tensor.dtype)

    height, width = g(Abs(y)), g(Abs(x))
    small, large = g(Minimum(height, width)), g(Maximum(height, width))
    ratio = g(Where(g(Equal(large, number(0))), number(0), g(Div(small, large))))
    both_infinite = g(And(g(IsInf(height)), g(IsInf(width))))
    angle = g(Atan(g(Where(both_infinite, number(1), ratio))))
    angle = g(Where(g(Less(width, height)), g(Sub(number(math.pi / 2), angle)), angle))
    angle = g(Where(_is_signed(g, x), g(Sub(number(math.pi), angle)), angle))
    signed = g(Where(_is_signed(g, y), g(Neg(angle)), angle))
    is_nan = g(Or(g(IsNan(y)), g(IsNan(x))))
    return g.cast(g(Where(is_nan, g(Add(x, y)), signed)), dtype)


def _is_signed(g: Graph, x: Value) -> Value:
    """Whether the sign bit of a float is set: true for -0 too."""
    bits = {4: DType.I32, 8: DType.I64}[x.tensor.dtype.itemsize]
    return g(Less(g(Bitcast(x, bits)), g.scalar(0, bits)))


@mlir_op("stablehlo.not")
def not_(g: Graph, operand: Value) -> Value:
    """Whether a boolean does not hold; the bits of an integer that are not set."""
    return g(Not(operand)) if operand.tensor.dtype is DType.BOOL else g(BitwiseNot(operand))


@mlir_op("stablehlo.select")
def select(g: Graph, pred: Value, on_true: Value, on_false: Value) -> Value:
    """on_true where pred holds, else on_false; pred may be one for all, and known: jax asks whether a count is 0."""
    aligned(g, on_true, on_false)
    if pred.tensor.rank:
        aligned(g, pred, on_true)
    elif not g.is_elementwise and (known := folded(pred)) is not None:
        return on_true if known.item() else on_false
    return g(Where(pred, on_true, on_false))


@mlir_op("stablehlo.clamp")
def clamp(g: Graph, min: Value, operand: Value, max: Value) -> Value:
    """min(max(operand, min), max); NaN in any of them stays."""
    low, high = (v.op.x if isinstance(v.op, Expand) else v for v in (min, max))
    if low.tensor.rank == 0 and high.tensor.rank == 0:
        return g(Clip(operand, low, high))
    return g(Minimum(g(Maximum(operand, min)), max))


@mlir_op("stablehlo.shift_left")
def shift_left(g: Graph, lhs: Value, rhs: Value) -> Value:
    """x << y, 0 where y is not below the width."""
    aligned(g, lhs, rhs)
    return g(Shift(lhs, rhs, "left"))


@mlir_op("stablehlo.shift_right_arithmetic")
def shift_right_arithmetic(g: Graph, lhs: Value, rhs: Value) -> Value:
    """x >> y with the highest bit shifted in."""
    aligned(g, lhs, rhs)
    return signed_right(g, lhs, rhs)


def signed_right(g: Graph, lhs: Value, rhs: Value) -> Value:
    """x >> y with the highest bit shifted in, whatever the sign of the dtype; operands broadcast."""
    dtype = lhs.tensor.dtype
    if (signed := SIGNED.get(dtype)) is None:
        return g(Shift(lhs, rhs, "right"))
    return g(Bitcast(g(Shift(g(Bitcast(lhs, signed)), g(Bitcast(rhs, signed)), "right")), dtype))


@mlir_op("stablehlo.shift_right_logical")
def shift_right_logical(g: Graph, lhs: Value, rhs: Value) -> Value:
    """x >> y with zeros shifted in."""
    aligned(g, lhs, rhs)
    return shifted_right(g, lhs, rhs)


@mlir_op("stablehlo.count_leading_zeros")
def count_leading_zeros(g: Graph, operand: Value) -> Value:
    """How many of the highest bits of x are 0."""
    return leading_zeros(g, operand)


@mlir_op("stablehlo.popcnt")
def popcnt(g: Graph, operand: Value) -> Value:
    """How many bits of x are 1."""
    return ones(g, operand)
