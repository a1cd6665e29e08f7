"""TOSA's elementwise operators: arithmetic, functions of a real number, comparison, logic, bits.

Operands are of one rank and broadcast where a dim is 1. TOSA 1.0, sections 2.4 to 2.7.
"""

from __future__ import annotations

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.operators.bits import leading_zeros, shifted_right
from mlc.frontend.mlir_import.operators.numbers import saturated, without_nan, zero_point
from mlc.frontend.mlir_import.registry import mlir_op
from mlc.ir import Array, DType, Op, Value
from mlc.ops import (
    Abs,
    Add,
    And,
    BitwiseAnd,
    BitwiseNot,
    BitwiseOr,
    BitwiseXor,
    Ceil,
    Clip,
    Cos,
    Div,
    Equal,
    Erf,
    Exp,
    Floor,
    Less,
    LessOrEqual,
    Log,
    Maximum,
    Minimum,
    Mul,
    Neg,
    Not,
    Or,
    Pow,
    Shift,
    Sigmoid,
    Sin,
    Sqrt,
    Sub,
    Tanh,
    Where,
    Xor,
)

_UNARY: dict[str, type[Op]] = {
    "abs": Abs,
    "bitwise_not": BitwiseNot,
    "ceil": Ceil,
    "cos": Cos,
    "erf": Erf,
    "exp": Exp,
    "floor": Floor,
    "log": Log,
    "logical_not": Not,
    "sigmoid": Sigmoid,
    "sin": Sin,
    "tanh": Tanh,
}

_BINARY: dict[str, type[Op]] = {
    "add": Add,
    "bitwise_and": BitwiseAnd,
    "bitwise_or": BitwiseOr,
    "bitwise_xor": BitwiseXor,
    "equal": Equal,
    "intdiv": Div,
    "logical_and": And,
    "logical_or": Or,
    "logical_xor": Xor,
    "pow": Pow,
    "sub": Sub,
}


def _register_unary(name: str, op: type[Op]) -> None:
    def function(g: Graph, input1: Value) -> Value:
        return g(op(input1))

    function.__qualname__ = function.__name__ = name
    function.__doc__ = op.__doc__
    mlir_op(f"tosa.{name}")(function)


def _register_binary(name: str, op: type[Op]) -> None:
    def function(g: Graph, input1: Value, input2: Value) -> Value:
        return g(op(input1, input2))

    function.__qualname__ = function.__name__ = name
    function.__doc__ = op.__doc__
    mlir_op(f"tosa.{name}")(function)


for _name, _op in _UNARY.items():
    _register_unary(_name, _op)
for _name, _op in _BINARY.items():
    _register_binary(_name, _op)


@mlir_op("tosa.reciprocal")
def reciprocal(g: Graph, input1: Value) -> Value:
    """1 / x."""
    return g(Div(g.scalar(1, g.dtype), input1))


@mlir_op("tosa.rsqrt")
def rsqrt(g: Graph, input1: Value) -> Value:
    """1 / sqrt(x)."""
    return g(Div(g.scalar(1, g.dtype), g(Sqrt(input1))))


@mlir_op("tosa.greater")
def greater(g: Graph, input1: Value, input2: Value) -> Value:
    """x > y."""
    return g(Less(input2, input1))


@mlir_op("tosa.greater_equal")
def greater_equal(g: Graph, input1: Value, input2: Value) -> Value:
    """x >= y."""
    return g(LessOrEqual(input2, input1))


@mlir_op("tosa.select")
def select(g: Graph, input1: Value, input2: Value, input3: Value) -> Value:
    """The second operand where the first holds, else the third."""
    return g(Where(input1, input2, input3))


@mlir_op("tosa.maximum")
def maximum(g: Graph, input1: Value, input2: Value, *, nan_mode: str = "PROPAGATE") -> Value:
    """The larger; NaN when either is, or with IGNORE only when both are."""
    result = g(Maximum(input1, input2))
    return without_nan(g, input1, input2, result) if nan_mode == "IGNORE" else result


@mlir_op("tosa.minimum")
def minimum(g: Graph, input1: Value, input2: Value, *, nan_mode: str = "PROPAGATE") -> Value:
    """The smaller; NaN when either is, or with IGNORE only when both are."""
    result = g(Minimum(input1, input2))
    return without_nan(g, input1, input2, result) if nan_mode == "IGNORE" else result


@mlir_op("tosa.clamp")
def clamp(g: Graph, input: Value, *, min_val: float, max_val: float, nan_mode: str = "PROPAGATE") -> Value:
    """x kept between two numbers; NaN stays, or with IGNORE becomes the lower one."""
    low, high = g.scalar(min_val, g.dtype), g.scalar(max_val, g.dtype)
    x = without_nan(g, input, low, input) if nan_mode == "IGNORE" else input
    return g(Clip(x, low, high))


@mlir_op("tosa.negate")
def negate(g: Graph, input1: Value, input1_zp: Array, output_zp: Array) -> Value:
    """The output's zero point - (x - the input's), cut to the range of integers."""
    if g.dtype.is_float:
        return g(Neg(input1))
    wide = DType.I64 if g.dtype is DType.I32 else DType.I32
    total = zero_point(g, input1_zp) + zero_point(g, output_zp)
    return saturated(g, g(Sub(g.scalar(total, wide), g.cast(input1, wide))), g.dtype)


@mlir_op("tosa.mul")
def mul(g: Graph, input1: Value, input2: Value, shift: Array | None = None) -> Value:
    """x * y; of i32 the 64-bit product shifted right by `shift` places, rounded to the nearest with halves up."""
    places = 0 if shift is None else int(shift.item())
    x, y = g.cast(input1, g.dtype), g.cast(input2, g.dtype)
    if places == 0:
        return g(And(x, y)) if g.dtype is DType.BOOL else g(Mul(x, y))
    if g.dtype is not DType.I32:
        raise g.error(f"a shift of {places} is only defined for i32, not for {g.dtype}")
    product = g(Mul(g.cast(x, DType.I64), g.cast(y, DType.I64)))
    rounded = g(Add(product, g.scalar(1 << (places - 1), DType.I64)))
    return g.cast(g(Shift(rounded, g.scalar(places, DType.I64), "right")), DType.I32)


@mlir_op("tosa.arithmetic_right_shift")
def arithmetic_right_shift(g: Graph, input1: Value, input2: Value, *, round: bool) -> Value:
    """x >> y with the sign copied in; with `round` plus the last bit that was shifted out."""
    result = g(Shift(input1, input2, "right"))
    if not round:
        return result
    one, zero = g.scalar(1, g.dtype), g.scalar(0, g.dtype)
    last = g(BitwiseAnd(g(Shift(input1, g(Sub(input2, one)), "right")), one))
    return g(Add(result, g(Where(g(Less(zero, input2)), last, zero))))


@mlir_op("tosa.logical_left_shift")
def logical_left_shift(g: Graph, input1: Value, input2: Value) -> Value:
    """x << y."""
    return g(Shift(input1, input2, "left"))


@mlir_op("tosa.logical_right_shift")
def logical_right_shift(g: Graph, input1: Value, input2: Value) -> Value:
    """x >> y with zeros shifted in."""
    return shifted_right(g, input1, input2)


@mlir_op("tosa.clz")
def clz(g: Graph, input1: Value) -> Value:
    """How many of the highest bits of x are 0."""
    return leading_zeros(g, input1)
