"""Elements of mlc.ops.elementwise: arithmetic, extrema, rounding."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from mlc.codegen import math
from mlc.codegen.builder import F32, F64, Builder, scalar_type, with_lanes
from mlc.codegen.registry import element
from mlc.ir import DType, Op
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

Element = Any  # ir.Value; llvmlite is untyped


@element(Add)
def add(k: Builder, op: Add, x: Element, y: Element) -> Element:
    return k.ir.fadd(x, y) if _is_float(x) else k.ir.add(x, y)


@element(Sub)
def sub(k: Builder, op: Sub, x: Element, y: Element) -> Element:
    return k.ir.fsub(x, y) if _is_float(x) else k.ir.sub(x, y)


@element(Mul)
def mul(k: Builder, op: Mul, x: Element, y: Element) -> Element:
    return k.ir.fmul(x, y) if _is_float(x) else k.ir.mul(x, y)


@element(Div)
def div(k: Builder, op: Div, x: Element, y: Element) -> Element:
    if _is_float(x):
        return k.ir.fdiv(x, y)
    return quotient(k, op.x.tensor.dtype, x, y)


def quotient(k: Builder, dtype: DType, x: Element, y: Element) -> Element:
    """x / y of integers cut towards zero; x where y is 0, and no trap for the least integer by -1."""
    zero = k.like(0, x)
    is_zero = k.ir.icmp_signed("==", y, zero)
    if not dtype.is_signed:
        return k.ir.udiv(x, k.ir.select(is_zero, k.like(1, x), y))
    is_minus_one = k.ir.icmp_signed("==", y, k.like(-1, x))
    safe = k.ir.select(k.ir.or_(is_zero, is_minus_one), k.like(1, x), y)
    divided = k.ir.sdiv(x, safe)
    return k.ir.select(is_minus_one, k.ir.sub(zero, x), divided)


def remainder(k: Builder, dtype: DType, x: Element, y: Element) -> Element:
    """x - y * quotient(x, y)."""
    return k.ir.sub(x, k.ir.mul(y, quotient(k, dtype, x, y)))


@element(Mod)
def mod(k: Builder, op: Mod, x: Element, y: Element) -> Element:
    dtype = op.x.tensor.dtype
    if dtype.is_float:
        cut = k.ir.frem(x, y)
        return cut if op.sign_of == "dividend" else _floored(k, cut, y)
    cut = remainder(k, dtype, x, y)
    if op.sign_of == "dividend" or not dtype.is_signed:
        return cut
    zero = k.like(0, x)
    differs = k.ir.icmp_signed("<", k.ir.xor(cut, y), zero)
    is_inexact = k.ir.icmp_signed("!=", cut, zero)
    return k.ir.select(k.ir.and_(differs, is_inexact), k.ir.add(cut, y), cut)


def _floored(k: Builder, cut: Element, y: Element) -> Element:
    """The remainder with the sign of the divisor, zero included, from the one with the sign of the dividend."""
    zero = k.like(0.0, cut)
    is_zero = k.ir.fcmp_ordered("==", cut, zero)
    differs = k.ir.xor(k.ir.fcmp_ordered("<", cut, zero), k.ir.fcmp_ordered("<", y, zero))
    moved = k.ir.select(differs, k.ir.fadd(cut, y), cut)
    return k.ir.select(is_zero, k.intrinsic("copysign", zero, y), moved)


@element(Pow)
def power(k: Builder, op: Pow, x: Element, y: Element) -> Element:
    dtype = op.x.tensor.dtype
    if dtype.is_float:
        return float_power(k, x, y)
    if dtype.is_signed or dtype is DType.U64:
        return math.pow_of_integers(k.ir, x, y)
    # Wider, so that a large unsigned power is not taken for a negative one.
    wide = with_lanes(x.type, ir.IntType(2 * scalar_type(x.type).width))
    return k.ir.trunc(math.pow_of_integers(k.ir, k.ir.zext(x, wide), k.ir.zext(y, wide)), x.type)


def float_power(k: Builder, x: Element, y: Element) -> Element:
    """x^y; small integer powers by products where y is a constant."""
    exponent = _splat_constant(y)
    if exponent == 2.0:
        return k.ir.fmul(x, x)
    if exponent == 0.5 or exponent is None or scalar_type(x.type) == F64 or abs(exponent) > 4 or exponent % 1:
        return libm(k, "pow", x, y) if scalar_type(x.type) == F64 else math.pow(k.ir, x, y)
    return math.pow_int(k.ir, x, int(exponent))


def _splat_constant(x: Element) -> float | None:
    if not isinstance(x, ir.Constant):
        return None
    number = x.constant[0].constant if isinstance(x.type, ir.VectorType) else x.constant
    return float(number) if isinstance(number, int | float) else None


def libm(k: Builder, name: str, *args: Element) -> Element:
    """The C library's function, lane by lane."""
    suffix = "f" if scalar_type(args[0].type) == F32 else ""

    def call(*lanes: Element) -> Element:
        return k.call(name + suffix, *lanes, result=lanes[0].type)

    return k.by_lane(call, *args)


@element(Maximum)
def maximum(k: Builder, op: Op, x: Element, y: Element) -> Element:
    return larger(k, op.operands[0].tensor.dtype, x, y)


@element(Minimum)
def minimum(k: Builder, op: Op, x: Element, y: Element) -> Element:
    return smaller(k, op.operands[0].tensor.dtype, x, y)


def larger(k: Builder, dtype: DType, x: Element, y: Element) -> Element:
    """The larger; NaN when either is."""
    if dtype.is_float:
        # One maxps, which gives y where either is NaN; the second select brings NaN in x back.
        best = k.ir.select(k.ir.fcmp_ordered(">", x, y), x, y)
        return k.ir.select(k.ir.fcmp_unordered("uno", x, x), x, best)
    compare = k.ir.icmp_signed if dtype.is_signed else k.ir.icmp_unsigned
    return k.ir.select(compare(">", x, y), x, y)


def smaller(k: Builder, dtype: DType, x: Element, y: Element) -> Element:
    """The smaller; NaN when either is."""
    if dtype.is_float:
        best = k.ir.select(k.ir.fcmp_ordered("<", x, y), x, y)
        return k.ir.select(k.ir.fcmp_unordered("uno", x, x), x, best)
    compare = k.ir.icmp_signed if dtype.is_signed else k.ir.icmp_unsigned
    return k.ir.select(compare("<", x, y), x, y)


@element(Clip)
def clip(k: Builder, op: Clip, x: Element, low: Element | None, high: Element | None) -> Element:
    dtype = op.x.tensor.dtype
    if low is not None:
        x = larger(k, dtype, x, low)
    return smaller(k, dtype, x, high) if high is not None else x


@element(Where)
def where(k: Builder, op: Where, condition: Element, x: Element, y: Element) -> Element:
    return k.ir.select(condition, x, y)


@element(Neg)
def neg(k: Builder, op: Neg, x: Element) -> Element:
    return k.ir.fneg(x) if _is_float(x) else k.ir.sub(k.like(0, x), x)


@element(Abs)
def absolute(k: Builder, op: Abs, x: Element) -> Element:
    if _is_float(x):
        return k.intrinsic("fabs", x)
    if not op.x.tensor.dtype.is_signed:
        return x
    return k.ir.select(k.ir.icmp_signed("<", x, k.like(0, x)), k.ir.sub(k.like(0, x), x), x)


@element(Sign)
def sign(k: Builder, op: Sign, x: Element) -> Element:
    zero, one, minus_one = k.like(0, x), k.like(1, x), k.like(-1, x)
    if _is_float(x):
        below = k.ir.select(k.ir.fcmp_ordered("<", x, zero), minus_one, zero)
        signed = k.ir.select(k.ir.fcmp_ordered(">", x, zero), one, below)
        return k.ir.select(k.ir.fcmp_unordered("uno", x, x), x, signed)
    if not op.x.tensor.dtype.is_signed:
        return k.ir.select(k.ir.icmp_unsigned("!=", x, zero), one, zero)
    below = k.ir.select(k.ir.icmp_signed("<", x, zero), minus_one, zero)
    return k.ir.select(k.ir.icmp_signed(">", x, zero), one, below)


@element(Relu)
def relu(k: Builder, op: Relu, x: Element) -> Element:
    zero = k.like(0, x)
    if _is_float(x):
        return k.ir.select(k.ir.fcmp_ordered("<=", x, zero), zero, x)
    if not op.x.tensor.dtype.is_signed:
        return x
    return k.ir.select(k.ir.icmp_signed(">", x, zero), x, zero)


@element(LeakyRelu)
def leaky_relu(k: Builder, op: LeakyRelu, x: Element) -> Element:
    return k.ir.select(k.ir.fcmp_ordered("<", x, k.like(0.0, x)), k.ir.fmul(x, k.like(op.slope, x)), x)


@element(Floor)
def floor(k: Builder, op: Floor, x: Element) -> Element:
    return math.floor(k.ir, x)


@element(Ceil)
def ceil(k: Builder, op: Ceil, x: Element) -> Element:
    return math.ceil(k.ir, x)


@element(Round)
def round_even(k: Builder, op: Round, x: Element) -> Element:
    return math.round_even(k.ir, x)


def _is_float(x: Element) -> bool:
    return not isinstance(scalar_type(x.type), ir.IntType)
