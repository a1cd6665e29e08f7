"""sin, cos and tan, right for every finite argument.

|x| is reduced to r in [-pi/4, pi/4] and a quadrant: by subtracting a multiple of pi/2 in several parts (Cody
and Waite) where |x| is moderate, and beyond by multiplying with the bits of 2/pi that matter (Payne and Hanek,
SIGNUM Newsletter 18, 1983), lane by lane in wide integers. f32 is reduced in f64 and evaluated in f32. Each
function is one internal function of the module for each vector type.
"""

from __future__ import annotations

from dataclasses import dataclass

from llvmlite import ir

from mlc.codegen.math import coefficients as table
from mlc.codegen.math.double_double import quick_two_sum, two_sum
from mlc.codegen.math.lanes import (
    F32,
    absolute,
    any_lane,
    constant,
    fma,
    format_of,
    lane_count,
    outlined,
    polynomial,
    round_to_int,
    scalar_type,
    sign_bit,
    with_lanes,
    with_sign_flipped_by,
)
from mlc.codegen.math.payne_hanek import reduce_huge

TWO_OVER_PI = 0.6366197723675814

# pi/2 in three parts of 33 bits and a rest: n * part is exact for |n| < 2^20 (fdlibm, e_rem_pio2.c).
_HALF_PI = (1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21, 8.4784276603689e-32)

# The rest after the first part: enough for f32, whose r is never below 2^-30 here.
_HALF_PI_REST = 6.077100506506192e-11

# Below this n = x 2/pi stays below 2^20.
_MODERATE = 1.0e6


@dataclass(frozen=True)
class Reduced:
    """|x| = quadrant * pi/2 + high + low, high in [-pi/4, pi/4]; only the two low bits of quadrant count."""

    quadrant: ir.Value
    high: ir.Value
    low: ir.Value


def sin(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """The sine of x in radians; NaN for +-inf."""
    return _sin(b, x)


def cos(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """The cosine of x in radians; NaN for +-inf."""
    return _cos(b, x)


def tan(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """The tangent of x in radians; NaN for +-inf. f32 is evaluated in f64."""
    return _tan(b, x)


def _emit_sin(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    reduced = _in_format_of(b, _reduce(b, absolute(b, x)), x)
    sine, cosine = _sine(b, reduced), _cosine(b, reduced)
    value = b.select(_is_odd(b, reduced), cosine, sine)
    sign = b.xor(sign_bit(b, x), _second_bit_as_sign(b, reduced.quadrant))
    return with_sign_flipped_by(b, value, sign)


def _emit_cos(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    reduced = _in_format_of(b, _reduce(b, absolute(b, x)), x)
    sine, cosine = _sine(b, reduced), _cosine(b, reduced)
    value = b.select(_is_odd(b, reduced), sine, cosine)
    following = b.add(reduced.quadrant, constant(reduced.quadrant, 1))
    return with_sign_flipped_by(b, value, _second_bit_as_sign(b, following))


def _emit_tan(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    reduced = _reduce(b, absolute(b, x))
    sine, cosine = _sine(b, reduced), _cosine(b, reduced)
    is_odd = _is_odd(b, reduced)
    value = b.fdiv(b.select(is_odd, b.fneg(cosine), sine), b.select(is_odd, sine, cosine))
    if format_of(x) is F32:
        value = b.fptrunc(value, x.type)
    return with_sign_flipped_by(b, value, sign_bit(b, x))


_sin = outlined("sin", _emit_sin)
_cos = outlined("cos", _emit_cos)
_tan = outlined("tan", _emit_tan)


def _is_odd(b: ir.IRBuilder, reduced: Reduced) -> ir.Value:
    one = constant(reduced.quadrant, 1)
    return b.icmp_unsigned("==", b.and_(reduced.quadrant, one), one)


def _second_bit_as_sign(b: ir.IRBuilder, quadrant: ir.Value) -> ir.Value:
    width = scalar_type(quadrant.type).width
    second = b.and_(quadrant, constant(quadrant, 2))
    return b.shl(second, constant(quadrant, width - 2))


def _sine(b: ir.IRBuilder, reduced: Reduced) -> ir.Value:
    """sin(high + low): high + (high^3 P(high^2) + low)."""
    r = reduced.high
    z = b.fmul(r, r)
    tail = polynomial(b, z, table.SIN_F32 if format_of(r) is F32 else table.SIN_F64)
    return b.fadd(r, fma(b, b.fmul(r, z), tail, reduced.low))


def _cosine(b: ir.IRBuilder, reduced: Reduced) -> ir.Value:
    """cos(high + low): 1 - z/2 with its rounding error, plus z^2 P(z) - high low, z = high^2."""
    r = reduced.high
    z = b.fmul(r, r)
    one = constant(r, 1.0)
    tail = polynomial(b, z, table.COS_F32 if format_of(r) is F32 else table.COS_F64)
    half = b.fmul(z, constant(r, 0.5))
    head = b.fsub(one, half)
    error = b.fsub(b.fsub(one, head), half)
    return b.fadd(head, b.fadd(error, fma(b, b.fmul(z, z), tail, b.fneg(b.fmul(r, reduced.low)))))


def _in_format_of(b: ir.IRBuilder, reduced: Reduced, x: ir.Value) -> Reduced:
    """The reduction, which is made in f64, in the format of x."""
    if format_of(x) is not F32:
        return reduced
    quadrant = b.trunc(reduced.quadrant, with_lanes(x.type, ir.IntType(32)))
    high = b.fptrunc(reduced.high, x.type)
    low = b.fptrunc(b.fsub(reduced.high, b.fpext(high, reduced.high.type)), x.type)
    return Reduced(quadrant, high, low)


def _reduce(b: ir.IRBuilder, x: ir.Value) -> Reduced:
    """The reduction of x >= 0, in f64; NaN for inf."""
    if format_of(x) is F32:
        moderate = _reduce_moderate_single(b, b.fpext(x, with_lanes(x.type, ir.DoubleType())))
    else:
        moderate = _reduce_moderate(b, x)
    is_huge = b.and_(b.fcmp_ordered(">", x, constant(x, _MODERATE)), b.fcmp_ordered("<", x, constant(x, float("inf"))))
    start = b.block
    slow, done = b.append_basic_block("huge"), b.append_basic_block("reduced")
    b.cbranch(any_lane(b, is_huge), slow, done)
    b.position_at_end(slow)
    huge = _reduce_huge_lanes(b, x, is_huge, moderate)
    end = b.block
    b.branch(done)
    b.position_at_end(done)
    merged = []
    for fast, general in zip(_fields(moderate), _fields(huge), strict=True):
        phi = b.phi(fast.type)
        phi.add_incoming(fast, start)
        phi.add_incoming(general, end)
        merged.append(phi)
    return Reduced(*merged)


def _fields(reduced: Reduced) -> tuple[ir.Value, ir.Value, ir.Value]:
    return reduced.quadrant, reduced.high, reduced.low


def _reduce_moderate(b: ir.IRBuilder, x: ir.Value) -> Reduced:
    """The reduction of f64 x with 0 <= x <= _MODERATE."""
    n, quadrant = round_to_int(b, lambda c: fma(b, x, constant(x, TWO_OVER_PI), c), x)
    minus_n = b.fneg(n)
    parts = [b.fmul(minus_n, constant(x, part)) for part in _HALF_PI]
    # x + parts[0] is exact, and so are all products but the last.
    second, error = two_sum(b, b.fadd(x, parts[0]), parts[1])
    high, low = two_sum(b, second, parts[2])
    high, low = quick_two_sum(b, high, b.fadd(b.fadd(error, low), parts[3]))
    return Reduced(quadrant, high, low)


def _reduce_moderate_single(b: ir.IRBuilder, x: ir.Value) -> Reduced:
    """The reduction of an f32 x, widened to f64, with 0 <= x <= _MODERATE, to more bits than an f32 has."""
    n, quadrant = round_to_int(b, lambda c: fma(b, x, constant(x, TWO_OVER_PI), c), x)
    first = b.fsub(x, b.fmul(n, constant(x, _HALF_PI[0])))
    high = fma(b, n, constant(x, -_HALF_PI_REST), first)
    return Reduced(quadrant, high, constant(x, 0.0))


def _reduce_huge_lanes(b: ir.IRBuilder, x: ir.Value, is_huge: ir.Value, moderate: Reduced) -> Reduced:
    """moderate, with the lanes in which is_huge holds reduced by reduce_huge."""
    count = lane_count(x.type)
    if count is None:
        return Reduced(*reduce_huge(b, x))
    fields = list(_fields(moderate))
    for lane in range(count):
        index = ir.Constant(ir.IntType(32), lane)
        for i, value in enumerate(reduce_huge(b, b.extract_element(x, index))):
            fields[i] = b.insert_element(fields[i], value, index)
    return Reduced(*(b.select(is_huge, general, fast) for general, fast in zip(fields, _fields(moderate), strict=True)))
