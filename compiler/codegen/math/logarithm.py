"""Logarithms and what is made of them: log, log1p, log2, log10, softplus, asinh, acosh, atanh.

x = 2^e m with m in [sqrt(1/2), sqrt(2)); log(m) = 2 atanh(s), s = (m - 1) / (m + 1), as a polynomial in s^2
arranged as in fdlibm's e_log.c (Sun Microsystems, 1993), so that its leading term m - 1 is exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from llvmlite import ir

from mlc.codegen.math import coefficients as table
from mlc.codegen.math.double_double import two_sum
from mlc.codegen.math.exponential import exp
from mlc.codegen.math.lanes import (
    F32,
    absolute,
    at_least,
    at_most,
    bits,
    constant,
    fma,
    format_of,
    from_bits,
    intrinsic,
    outlined,
    outlined_in_f64,
    polynomial,
)

# ln2 = high + low; high * e is exact for every exponent e: 17 bits for f32, 33 for f64.
_LN2 = {32: (0.693138122558594, 9.058001e-06), 64: (0.6931471803691238, 1.9082149292705877e-10)}
_SQRT_HALF_BITS = {32: 0x3F3504F3, 64: 0x3FE6A09E667F3BCD}


# Beyond, t^2 + 1 is t^2 in f64.
_SQUARE_IS_ALL = 2.0**28


@dataclass(frozen=True)
class _Base:
    """1 / log(base) and log_base(2), each as a high part, short enough for exact products, and the rest."""

    inverse_log_high: float
    inverse_log_low: float
    log_of_two_high: float
    log_of_two_low: float


# high parts of 32 bits (1 / log) and 40 bits (log of 2)
_BASE_2 = _Base(1.4426950407214463, 1.6751713164886512e-10, 1.0, 0.0)
_BASE_10 = _Base(0.4342944818781689, 2.5082946711645275e-11, 0.30102999566361177, 3.694239077158931e-13)


@dataclass(frozen=True)
class Split:
    """x = 2^exponent * (1 + fraction), with 1 + fraction in [sqrt(1/2), sqrt(2))."""

    exponent: ir.Value
    fraction: ir.Value


def log(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """The natural logarithm: -inf at +-0, NaN below."""
    return _emit_log(b, x) if format_of(x) is F32 else _log_f64(b, x)


def log1p(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """log(1 + x), without cancellation near 0."""
    return _emit_log1p(b, x) if format_of(x) is F32 else _log1p_f64(b, x)


def log2(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """The logarithm to base 2, exact at powers of two; f32 goes through f64."""
    return _log2(b, x)


def log10(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """The logarithm to base 10; f32 goes through f64."""
    return _log10(b, x)


def asinh(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """The inverse hyperbolic sine; f32 goes through f64."""
    return _asinh(b, x)


def acosh(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """The inverse hyperbolic cosine; NaN below 1; f32 goes through f64."""
    return _acosh(b, x)


def atanh(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """The inverse hyperbolic tangent; +-inf at +-1, NaN beyond; f32 goes through f64."""
    return _atanh(b, x)


def softplus(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """log(1 + e^x), as max(x, 0) + log1p(e^-|x|)."""
    return _emit_softplus(b, x) if format_of(x) is F32 else _softplus_f64(b, x)


def split(b: ir.IRBuilder, x: ir.Value) -> Split:
    """The exponent and fraction of positive finite x; meaningless, but not poison, for any other."""
    fmt = format_of(x)
    is_subnormal = b.fcmp_ordered("<", x, constant(x, fmt.min_normal))
    lift = fmt.mantissa_bits + 1
    lifted = b.select(is_subnormal, b.fmul(x, constant(x, 2.0**lift)), x)
    normal = split_normal(b, lifted)
    correction = b.select(is_subnormal, constant(x, float(-lift)), constant(x, 0.0))
    return Split(b.fadd(normal.exponent, correction), normal.fraction)


def split_normal(b: ir.IRBuilder, x: ir.Value) -> Split:
    """split for x that is not subnormal."""
    fmt = format_of(x)
    pattern = bits(b, x)
    sqrt_half = _SQRT_HALF_BITS[fmt.bits]
    offset = b.sub(pattern, constant(pattern, sqrt_half))
    # (bias << mantissa_bits) makes the shifted field e + bias; put under the bits of 2^mantissa_bits it is a float.
    field = b.lshr(
        b.add(offset, constant(pattern, fmt.bias << fmt.mantissa_bits)), constant(pattern, fmt.mantissa_bits)
    )
    unit = (fmt.bias + fmt.mantissa_bits) << fmt.mantissa_bits
    exponent = b.fsub(
        from_bits(b, b.or_(field, constant(pattern, unit))), constant(x, 2.0**fmt.mantissa_bits + fmt.bias)
    )
    mantissa = b.add(b.and_(offset, constant(pattern, fmt.mantissa_mask)), constant(pattern, sqrt_half))
    return Split(exponent, b.fsub(from_bits(b, mantissa), constant(x, 1.0)))


def _combine(b: ir.IRBuilder, parts: Split, correction: ir.Value | None) -> ir.Value:
    """log of the split number, plus correction."""
    f, e = parts.fraction, parts.exponent
    fmt = format_of(f)
    high, low = _LN2[fmt.bits]
    s = b.fdiv(f, b.fadd(f, constant(f, 2.0)))
    z = b.fmul(s, s)
    tail = b.fmul(z, polynomial(b, z, table.LOG_F32 if fmt is F32 else table.LOG_F64))
    half_square = b.fmul(b.fmul(f, constant(f, 0.5)), f)
    small = b.fmul(e, constant(f, low)) if correction is None else fma(b, e, constant(f, low), correction)
    small = fma(b, s, b.fadd(half_square, tail), small)
    return fma(b, e, constant(f, high), b.fsub(f, b.fsub(half_square, small)))


def _emit_log(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    return _with_log_edges(b, x, x, _combine(b, split(b, x), None))


def _with_log_edges(b: ir.IRBuilder, x: ir.Value, argument: ir.Value, result: ir.Value) -> ir.Value:
    """result where 0 < argument < inf; -inf, NaN, inf or x's own NaN elsewhere."""
    zero, infinity = constant(x, 0.0), constant(x, math.inf)
    result = b.select(b.fcmp_unordered("<", argument, infinity), result, infinity)
    result = b.select(b.fcmp_unordered(">", argument, zero), result, constant(x, math.nan))
    result = b.select(b.fcmp_ordered("==", argument, zero), constant(x, -math.inf), result)
    return b.select(b.fcmp_unordered("uno", x, x), x, result)


def _emit_log1p(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    one = constant(x, 1.0)
    u = b.fadd(one, x)
    # Two-sum (Knuth, TAOCP 2, 4.2.2): 1 + x = u + error exactly; log(u + error) = log(u) + error / u.
    x_part = b.fsub(u, one)
    error = b.fadd(b.fsub(one, b.fsub(u, x_part)), b.fsub(x, x_part))
    result = _combine(b, split_normal(b, u), b.fdiv(error, u))
    result = _with_log_edges(b, x, u, result)
    # log1p(-0) = -0
    return b.select(b.fcmp_ordered("==", x, constant(x, 0.0)), x, result)


def _emit_softplus(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    e = exp(b, b.fneg(absolute(b, x)))
    return b.fadd(at_least(b, x, 0.0), _emit_log1p(b, e))


def _emit_log_to_base(b: ir.IRBuilder, x: ir.Value, base: _Base) -> ir.Value:
    """log(m) / log(base) + e log_base(2), log(m) being multiplied in two parts to keep its last bits."""
    parts = split(b, x)
    f, e = parts.fraction, parts.exponent
    s = b.fdiv(f, b.fadd(f, constant(f, 2.0)))
    z = b.fmul(s, s)
    half_square = b.fmul(b.fmul(f, constant(f, 0.5)), f)
    tail = b.fmul(s, b.fadd(half_square, b.fmul(z, polynomial(b, z, table.LOG_F64))))
    # log(m) = high + low, high with 21 bits, so that its product with a factor of 32 bits is exact
    high = _upper_half(b, b.fsub(f, half_square))
    low = b.fadd(b.fsub(b.fsub(f, high), half_square), tail)
    product_low = b.fmul(b.fadd(high, low), constant(f, base.inverse_log_low))
    product_low = fma(b, low, constant(f, base.inverse_log_high), product_low)
    product_high = b.fmul(high, constant(f, base.inverse_log_high))
    whole = b.fmul(e, constant(f, base.log_of_two_high))
    total, error = two_sum(b, whole, product_high)
    error = fma(b, e, constant(f, base.log_of_two_low), b.fadd(error, product_low))
    return _with_log_edges(b, x, x, b.fadd(total, error))


def _upper_half(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    pattern = bits(b, x)
    return from_bits(b, b.and_(pattern, constant(pattern, 0xFFFFFFFF00000000)))


def _emit_asinh(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """log1p(t + t^2 / (1 + sqrt(1 + t^2))), or log(2t) where the square adds nothing."""
    t = absolute(b, x)
    one = constant(x, 1.0)
    limited = at_most(b, t, _SQUARE_IS_ALL)
    square = b.fmul(limited, limited)
    root = intrinsic(b, "sqrt", x.type, [b.fadd(square, one)])
    near = b.fadd(limited, b.fdiv(square, b.fadd(one, root)))
    return intrinsic(b, "copysign", x.type, [_log1p_or_log_twice(b, t, near), x])


def _emit_acosh(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """log1p(t + sqrt(2t + t^2)) with t = x - 1, or log(2x) where the root adds nothing."""
    t = b.fsub(at_most(b, x, _SQUARE_IS_ALL), constant(x, 1.0))
    root = intrinsic(b, "sqrt", x.type, [fma(b, t, t, b.fadd(t, t))])
    result = _log1p_or_log_twice(b, x, b.fadd(t, root))
    return b.select(b.fcmp_ordered("<", x, constant(x, 1.0)), constant(x, math.nan), result)


def _log1p_or_log_twice(b: ir.IRBuilder, t: ir.Value, near: ir.Value) -> ir.Value:
    """log1p(near), or log1p(t - 1) + ln2 for t > _SQUARE_IS_ALL."""
    is_far = b.fcmp_ordered(">", t, constant(t, _SQUARE_IS_ALL))
    result = _emit_log1p(b, b.select(is_far, b.fsub(t, constant(t, 1.0)), near))
    return b.fadd(result, b.select(is_far, constant(t, math.log(2.0)), constant(t, 0.0)))


def _emit_atanh(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """log1p(2t / (1 - t)) / 2."""
    t = absolute(b, x)
    ratio = b.fdiv(b.fadd(t, t), b.fsub(constant(x, 1.0), t))
    result = b.fmul(_emit_log1p(b, ratio), constant(x, 0.5))
    # halving would round a subnormal
    is_tiny = b.fcmp_ordered("<", t, constant(x, 2.0**-28))
    return intrinsic(b, "copysign", x.type, [b.select(is_tiny, t, result), x])


_log_f64 = outlined("log", _emit_log)
_log1p_f64 = outlined("log1p", _emit_log1p)
_softplus_f64 = outlined("softplus", _emit_softplus)
_log2 = outlined_in_f64("log2", lambda b, x: _emit_log_to_base(b, x, _BASE_2))
_log10 = outlined_in_f64("log10", lambda b, x: _emit_log_to_base(b, x, _BASE_10))
_asinh = outlined_in_f64("asinh", _emit_asinh)
_acosh = outlined_in_f64("acosh", _emit_acosh)
_atanh = outlined_in_f64("atanh", _emit_atanh)
