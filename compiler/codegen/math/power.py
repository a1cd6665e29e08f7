"""x^y for floats, and x^n for integers n."""

from __future__ import annotations

import math

from llvmlite import ir

from mlc.codegen.math import coefficients as table
from mlc.codegen.math.double_double import quick_two_sum, two_product, two_sum
from mlc.codegen.math.exponential import exp_of_sum, power_of_two
from mlc.codegen.math.lanes import (
    F32,
    absolute,
    any_lane,
    at_least,
    at_most,
    constant,
    fma,
    format_of,
    intrinsic,
    outlined,
    polynomial,
    round_to_int,
    sign_bit,
    with_lanes,
    with_sign_flipped_by,
)
from mlc.codegen.math.logarithm import split, split_normal

_TWO_THIRDS, _TWO_THIRDS_LOW = 0.6666666666666666, 3.700743415417188e-17

# ln2 = high + low; e * high is exact for every exponent e.
_LN2_HIGH, _LN2_LOW = 0.6931471803691238, 1.9082149292705877e-10


def pow(b: ir.IRBuilder, x: ir.Value, y: ir.Value) -> ir.Value:
    """x^y with all the special cases of C99 F.9.4.4: x^0 and 1^y are 1 even for NaN."""
    return _pow_f32(b, x, y) if format_of(x) is F32 else _pow_f64(b, x, y)


def _emit_pow_f32(b: ir.IRBuilder, x: ir.Value, y: ir.Value) -> ir.Value:
    """2^(y log2|x|) in f64, where 44 bits of the logarithm and 34 of the power make one f32 rounding."""
    wide = with_lanes(x.type, ir.DoubleType())
    logarithm = _log2_magnitude(b, b.fpext(absolute(b, x), wide))
    exponent = b.fmul(b.fpext(y, wide), logarithm)
    exponent = at_most(b, at_least(b, exponent, -200.0), 200.0)
    n, biased = round_to_int(b, lambda c: b.fadd(exponent, c), exponent)
    fraction = polynomial(b, b.fsub(exponent, n), table.EXP2_FOR_POW_F32)
    return b.fptrunc(b.fmul(fraction, power_of_two(b, format_of(exponent), biased)), x.type)


def _log2_magnitude(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """log2 of f64 x >= 0 that an f32 was widened to, so never subnormal; -inf at 0, inf and NaN kept."""
    parts = split_normal(b, x)
    s = b.fdiv(parts.fraction, b.fadd(parts.fraction, constant(x, 2.0)))
    result = fma(b, s, polynomial(b, b.fmul(s, s), table.LOG2_FOR_POW_F32), parts.exponent)
    result = b.select(b.fcmp_ordered("<", x, constant(x, math.inf)), result, x)
    return b.select(b.fcmp_ordered("==", x, constant(x, 0.0)), constant(x, -math.inf), result)


def _emit_pow_f64(b: ir.IRBuilder, x: ir.Value, y: ir.Value) -> ir.Value:
    """e^(y log|x|) with log|x| as a sum of two floats, good to about 2^-66 of itself."""
    high, low = _log_magnitude(b, absolute(b, x))
    # y log|x| = product + error; beyond 2^11 only overflow or zero is left, and inf must not meet inf - inf.
    y = at_most(b, at_least(b, y, -(2.0**70)), 2.0**70)
    product, error = two_product(b, y, high)
    error = fma(b, y, low, error)
    is_finite = b.fcmp_ordered("<", absolute(b, product), constant(x, 2.0**11))
    error = b.select(is_finite, error, constant(x, 0.0))
    argument = at_most(b, at_least(b, product, -800.0), 800.0)
    return exp_of_sum(b, argument, error)


def _log_magnitude(b: ir.IRBuilder, x: ir.Value) -> tuple[ir.Value, ir.Value]:
    """log(x) for f64 x >= 0 as high + low; -inf and 0 at 0, inf and NaN kept in high."""
    parts = split(b, x)
    f, e = parts.fraction, parts.exponent
    # s = f / (f + 2) as s + s_low: one division, and its remainder divided once more
    denominator, denominator_low = quick_two_sum(b, constant(x, 2.0), f)
    s = b.fdiv(f, denominator)
    product, product_low = two_product(b, s, denominator)
    rest = b.fsub(b.fsub(f, product), product_low)
    rest = b.fsub(rest, b.fmul(s, denominator_low))
    s_low = b.fdiv(rest, denominator)
    # log(m) = 2s + s^3 (2/3 + z P(z)), z = s^2, the first two terms in two parts
    z, z_low = two_product(b, s, s)
    z_low = fma(b, b.fadd(s, s), s_low, z_low)
    cubic = fma(b, z, polynomial(b, z, table.LOG_FOR_POW_F64), constant(x, _TWO_THIRDS_LOW))
    cubic, cubic_low = quick_two_sum(b, constant(x, _TWO_THIRDS), cubic)
    cube, cube_low = two_product(b, s, z)
    cube_low = fma(b, s, z_low, fma(b, s_low, z, cube_low))
    term, term_low = two_product(b, cube, cubic)
    term_low = fma(b, cube, cubic_low, fma(b, cube_low, cubic, term_low))
    # e ln2 + 2s + term, largest first; e * high is exact
    total, error = two_sum(b, b.fmul(e, constant(x, _LN2_HIGH)), b.fadd(s, s))
    total, next_error = two_sum(b, total, term)
    low = fma(b, e, constant(x, _LN2_LOW), b.fadd(b.fadd(s_low, s_low), term_low))
    high, low = quick_two_sum(b, total, b.fadd(b.fadd(error, next_error), low))
    is_number = b.fcmp_ordered("<", x, constant(x, math.inf))
    is_zero = b.fcmp_ordered("==", x, constant(x, 0.0))
    high = b.select(is_zero, constant(x, -math.inf), b.select(is_number, high, x))
    low = b.select(b.and_(is_number, b.not_(is_zero)), low, constant(x, 0.0))
    return high, low


def _with_pow_edges(b: ir.IRBuilder, x: ir.Value, y: ir.Value, magnitude: ir.Value) -> ir.Value:
    """x^y from magnitude = |x|^y, which may be anything where y is 0 or |x| is 1."""
    zero, one = constant(x, 0.0), constant(x, 1.0)
    is_unit = b.and_(b.fcmp_ordered("==", absolute(b, x), one), b.fcmp_ordered("ord", y, y))
    magnitude = b.select(is_unit, one, magnitude)
    half = b.fmul(y, constant(y, 0.5))
    is_integer = b.fcmp_ordered("==", intrinsic(b, "trunc", y.type, [y]), y)
    is_odd = b.and_(is_integer, b.fcmp_unordered("!=", intrinsic(b, "trunc", y.type, [half]), half))
    pattern = sign_bit(b, x)
    result = with_sign_flipped_by(b, magnitude, b.select(is_odd, pattern, constant(pattern, 0)))
    is_negative = b.and_(b.fcmp_ordered("<", x, zero), b.fcmp_ordered(">", x, constant(x, -math.inf)))
    is_fractional = b.and_(b.not_(is_integer), b.fcmp_ordered("ord", y, y))
    result = b.select(b.and_(is_negative, is_fractional), constant(x, math.nan), result)
    is_one = b.or_(b.fcmp_ordered("==", y, zero), b.fcmp_ordered("==", x, one))
    return b.select(is_one, one, result)


def pow_int(b: ir.IRBuilder, x: ir.Value, n: int) -> ir.Value:
    """x^n for a constant n by repeated squaring; n < 0 gives 1 / x^-n.

    Each multiplication rounds: the error grows to about |n| ULP, so it suits small |n| (2, 3, -1, -2).
    """
    result: ir.Value | None = None
    square, rest = x, abs(n)
    while rest:
        if rest & 1:
            result = square if result is None else b.fmul(result, square)
        rest >>= 1
        if rest:
            square = b.fmul(square, square)
    if result is None:
        return constant(x, 1.0)
    return b.fdiv(constant(x, 1.0), result) if n < 0 else result


def pow_of_integers(b: ir.IRBuilder, x: ir.Value, n: ir.Value) -> ir.Value:
    """x^n for integers of one type, wrapping on overflow; for n < 0 it is 0, except 1 for x = 1 and +-1 for x = -1.

    One squaring for each bit of the type, so a function of its own in the module.
    """
    return _pow_of_integers(b, x, n)


def _emit_pow_of_integers(b: ir.IRBuilder, x: ir.Value, n: ir.Value) -> ir.Value:
    one, zero = constant(x, 1), constant(x, 0)
    minus_one = constant(x, -1)
    # (+-1)^n depends on n's last bit only; for any other x and n < 0 the quotient 1 / x^-n is 0 in integers.
    is_odd = b.icmp_signed("!=", b.and_(n, one), zero)
    is_negative = b.icmp_signed("<", n, zero)
    loop, done = b.append_basic_block("loop"), b.append_basic_block("done")
    start = b.block
    initial = b.select(is_negative, zero, n)
    b.branch(loop)
    b.position_at_end(loop)
    result, square, rest = b.phi(x.type), b.phi(x.type), b.phi(x.type)
    multiplied = b.select(b.icmp_signed("!=", b.and_(rest, one), zero), b.mul(result, square), result)
    squared = b.mul(square, square)
    remaining = b.lshr(rest, one)
    for phi, first, following in ((result, one, multiplied), (square, x, squared), (rest, initial, remaining)):
        phi.add_incoming(first, start)
        phi.add_incoming(following, loop)
    b.cbranch(any_lane(b, b.icmp_signed("!=", remaining, zero)), loop, done)
    b.position_at_end(done)
    of_minus_one = b.select(is_odd, minus_one, one)
    inverse = b.select(b.icmp_signed("==", x, one), one, zero)
    inverse = b.select(b.icmp_signed("==", x, minus_one), of_minus_one, inverse)
    return b.select(is_negative, inverse, multiplied)


_pow_f32 = outlined("pow", lambda b, x, y: _with_pow_edges(b, x, y, _emit_pow_f32(b, x, y)))
_pow_f64 = outlined("pow", lambda b, x, y: _with_pow_edges(b, x, y, _emit_pow_f64(b, x, y)))
_pow_of_integers = outlined("pow", _emit_pow_of_integers)
