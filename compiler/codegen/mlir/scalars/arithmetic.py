"""Arithmetic of one to three operands."""

from __future__ import annotations

from mlc.codegen.mlir.elements import Scalar
from mlc.codegen.mlir.registry import scalar
from mlc.codegen.mlir.text import Body
from mlc.ir import DType, Value
from mlc.ops import (
    Abs,
    Add,
    Ceil,
    Clip,
    Div,
    Floor,
    LeakyRelu,
    Maximum,
    Minimum,
    Mod,
    Mul,
    Neg,
    Pow,
    Relu,
    Round,
    Sign,
    Sub,
    Where,
)


@scalar(Add)
def add(b: Body, op: Add, x: Scalar, y: Scalar) -> Scalar:
    return b.add(x, y)


@scalar(Sub)
def sub(b: Body, op: Sub, x: Scalar, y: Scalar) -> Scalar:
    return b.sub(x, y)


@scalar(Mul)
def mul(b: Body, op: Mul, x: Scalar, y: Scalar) -> Scalar:
    return b.mul(x, y)


@scalar(Div)
def div(b: Body, op: Div, x: Scalar, y: Scalar) -> Scalar:
    if x.is_float:
        return b.div(x, y)
    return _integer(b, op.x.tensor.dtype, "div", x, y)


def _integer(b: Body, dtype: DType, name: str, x: Scalar, y: Scalar) -> Scalar:
    """A quotient or remainder; by 0 it is x, and neither that nor the least number by -1 must trap."""
    one = b.like(1, y)
    is_zero = b.compare("eq", y, b.like(0, y))
    y = b.select(is_zero, one, y)
    if not dtype.is_signed:
        found = b.binary(f"arith.{name}ui", x, y)
        return found if name == "div" else b.select(is_zero, x, found)
    # x / -1 is -x, and x rem -1 is 0: the least number wraps.
    is_minus_one = b.compare("eq", y, b.like(-1, y))
    safe = b.select(is_minus_one, one, y)
    found = b.binary(f"arith.{name}si", x, safe)
    return b.select(is_minus_one, b.sub(b.like(0, x), x), found) if name == "div" else b.select(is_zero, x, found)


@scalar(Mod, attributes="sign_of")
def mod(b: Body, op: Mod, x: Scalar, y: Scalar) -> Scalar:
    dtype = op.x.tensor.dtype
    zero = b.like(0, x)
    if x.is_float:
        rest = b.binary("arith.remf", x, y)
        if op.sign_of == "dividend":
            return rest
        differs = b.compare("olt", b.binary("math.copysign", b.like(1, x), rest), zero)
        differs = b.binary("arith.xori", differs, b.compare("olt", y, zero))
        moved = b.select(differs, b.value(f"arith.addf {rest}, {y} : {x.type}", x.type), rest)
        # A remainder of 0 has the divisor's sign.
        return b.select(b.compare("oeq", rest, zero), b.binary("math.copysign", zero, y), moved)
    rest = _integer(b, dtype, "rem", x, y)
    if op.sign_of == "dividend" or not dtype.is_signed:
        return rest
    signs = b.compare("slt", b.binary("arith.xori", rest, y), zero)
    moves = b.binary("arith.andi", b.compare("ne", rest, zero), signs)
    return b.select(moves, b.add(rest, y), rest)


@scalar(Pow)
def pow_(b: Body, op: Pow, x: Scalar, y: Scalar) -> Scalar:
    if x.is_float:
        return b.binary("math.powf", x, y)
    return _integer_power(b, op.x.tensor.dtype.is_signed, x, y)


def _integer_power(b: Body, is_signed: bool, x: Scalar, y: Scalar) -> Scalar:
    """Square and multiply over the bits of y; a negative power is the reciprocal rounded towards 0."""
    zero, one = b.like(0, x), b.like(1, x)
    result, square = one, x
    is_negative = b.compare("slt", y, zero) if is_signed else None
    left = b.select(is_negative, zero, y) if is_negative is not None else y
    for _ in range(int(x.type[1:])):
        is_odd = b.compare("ne", b.binary("arith.andi", left, one), zero)
        result = b.select(is_odd, b.mul(result, square), result)
        square = b.mul(square, square)
        left = b.binary("arith.shrui", left, one)
    if is_negative is None:
        return result
    is_odd = b.compare("ne", b.binary("arith.andi", y, one), zero)
    minus = b.like(-1, x)
    of_minus_one = b.select(is_odd, minus, one)
    reciprocal = b.select(b.compare("eq", x, one), one, b.select(b.compare("eq", x, minus), of_minus_one, zero))
    return b.select(is_negative, reciprocal, result)


def largest(b: Body, dtype: DType, x: Scalar, y: Scalar) -> Scalar:
    """The larger; NaN when either is."""
    return b.binary("arith.maximumf" if x.is_float else f"arith.max{_sign(dtype)}i", x, y)


def smallest(b: Body, dtype: DType, x: Scalar, y: Scalar) -> Scalar:
    """The smaller; NaN when either is."""
    return b.binary("arith.minimumf" if x.is_float else f"arith.min{_sign(dtype)}i", x, y)


def _sign(dtype: DType) -> str:
    return "s" if dtype.is_signed else "u"


@scalar(Maximum)
def maximum(b: Body, op: Maximum, x: Scalar, y: Scalar) -> Scalar:
    return largest(b, op.x.tensor.dtype, x, y)


@scalar(Minimum)
def minimum(b: Body, op: Minimum, x: Scalar, y: Scalar) -> Scalar:
    return smallest(b, op.x.tensor.dtype, x, y)


@scalar(Clip)
def clip(b: Body, op: Clip, x: Scalar, low: Scalar | None, high: Scalar | None) -> Scalar:
    if low is not None:
        x = largest(b, op.x.tensor.dtype, x, low)
    return x if high is None else smallest(b, op.x.tensor.dtype, x, high)


@scalar(Where)
def where(b: Body, op: Where, condition: Scalar, x: Scalar, y: Scalar) -> Scalar:
    return b.select(condition, x, y)


@scalar(Neg)
def neg(b: Body, op: Neg, x: Scalar) -> Scalar:
    return b.unary("arith.negf", x) if x.is_float else b.sub(b.like(0, x), x)


@scalar(Abs)
def abs_(b: Body, op: Abs, x: Scalar) -> Scalar:
    if op.x.tensor.dtype.is_unsigned:
        return x
    return b.unary("math.absf" if x.is_float else "math.absi", x)


@scalar(Sign)
def sign(b: Body, op: Sign, x: Scalar) -> Scalar:
    zero, one = b.like(0, x), b.like(1, x)
    if op.x.tensor.dtype.is_unsigned:
        return b.select(b.compare("ne", x, zero), one, zero)
    greater, less = ("ogt", "olt") if x.is_float else ("sgt", "slt")
    found = b.select(b.compare(greater, x, zero), one, b.select(b.compare(less, x, zero), b.like(-1, x), zero))
    return b.select(b.compare("uno", x, x), x, found) if x.is_float else found


@scalar(Relu)
def relu(b: Body, op: Relu, x: Scalar) -> Scalar:
    return largest(b, op.x.tensor.dtype, x, b.like(0, x))


@scalar(LeakyRelu, attributes="slope")
def leaky_relu(b: Body, op: LeakyRelu, x: Scalar) -> Scalar:
    scaled = b.value(f"arith.mulf {x}, {b.like(op.slope, x)} : {x.type}", x.type)
    return b.select(b.compare("olt", x, b.like(0, x)), scaled, x)


@scalar(Floor)
def floor(b: Body, op: Floor, x: Scalar) -> Scalar:
    return b.unary("math.floor", x)


@scalar(Ceil)
def ceil(b: Body, op: Ceil, x: Scalar) -> Scalar:
    return b.unary("math.ceil", x)


@scalar(Round)
def round_(b: Body, op: Round, x: Scalar) -> Scalar:
    return b.unary("math.roundeven", x)


def is_unsigned(value: Value) -> bool:
    """Whether a value's integers are compared and widened without a sign."""
    return not value.tensor.dtype.is_signed
