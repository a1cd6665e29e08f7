"""The error function, its complement, and GELU.

The tail is erfc(t) = e^(-t^2) u P(u), u = 1 / (1 + t/4), which keeps its relative accuracy down to subnormals because
the rounding error of t^2 is carried along. GELU is x Phi(x) = max(x, 0) - |x| Phi(-|x|) with that tail.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from llvmlite import ir

from mlc.codegen.math import coefficients as table
from mlc.codegen.math.double_double import two_product
from mlc.codegen.math.exponential import exp_times, power_of_two, sigmoid
from mlc.codegen.math.lanes import (
    F32,
    absolute,
    at_least,
    at_most,
    constant,
    fma,
    format_of,
    intrinsic,
    outlined,
    polynomial,
    round_to_int,
)

_SPLIT_F32 = 0.921875

# erfc is zero beyond, in either rounding direction; the fits of u P(u) reach this far.
_ERFC_END = {32: 11.0, 64: 28.0}
# |x| Phi(-|x|) is zero beyond.
_GELU_END = {32: 15.5, 64: 39.5}

_SQRT_2_OVER_PI = 0.7978845608028654


def erf(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """The error function."""
    return _emit_erf_f32(b, x) if format_of(x) is F32 else _erf_f64(b, x)


def erfc(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """1 - erf(x), without cancellation for large x."""
    return _erfc(b, x)


def gelu(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """x (1 + erf(x / sqrt(2))) / 2; NaN at -inf, as that formula has it."""
    return _emit_gelu(b, x) if format_of(x) is F32 else _gelu_f64(b, x)


def gelu_tanh(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2, as x sigmoid(2 sqrt(2/pi) (x + 0.044715 x^3)).

    Its error is below 2 units in the last place of x everywhere; relative to the vanishing result it grows with the
    exponent, as it does in the formula. NaN at -inf.
    """
    return _emit_gelu_tanh(b, x) if format_of(x) is F32 else _gelu_tanh_f64(b, x)


def gelu_erf(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """gelu in fewer instructions: f32 only, its error below 2 units in the last place of x."""
    return _gelu_by_tail(b, x, table.GELU_ERF_F32, 5.5)


def gelu_logistic(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """gelu_tanh in fewer instructions: f32 only, its error below 2 units in the last place of x."""
    return _gelu_by_tail(b, x, table.GELU_TANH_F32, 5.2)


def _gelu_by_tail(b: ir.IRBuilder, x: ir.Value, log2_tail: Sequence[float], end: float) -> ir.Value:
    """max(x, 0) - |x| 2^Q(|x|), Q close to log2 of the factor of negative x, which is 0 in f32 beyond -end.

    Above `end` the factor is that of `end`, below half a unit of x; -inf times the 0 below -end is NaN.
    """
    inner = at_most(b, x, end)
    t = absolute(b, inner)
    exponent = polynomial(b, t, log2_tail)
    n, biased = round_to_int(b, lambda c: b.fadd(exponent, c), x)
    f = b.fsub(exponent, n)
    fraction = fma(b, f, polynomial(b, f, table.EXP2_F32), constant(x, 1.0))
    factor = b.fmul(fraction, power_of_two(b, F32, biased))
    is_inside = b.fcmp_ordered(">", inner, constant(x, -end))
    factor = b.select(is_inside, factor, constant(x, 0.0))
    return fma(b, b.fneg(t), factor, at_least(b, x, 0.0))


def _emit_erf_f32(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """x + x P(x^2) near 0, 1 - 2^Q(|x|) beyond, Q being close to log2(erfc)."""
    magnitude = absolute(b, x)
    near = fma(b, polynomial(b, b.fmul(x, x), table.ERF_SMALL_F32), x, x)
    # erf is 1 in f32 from 3.92 on, so 2^Q is never below 2^-27 and one scaling is enough.
    exponent = polynomial(b, at_most(b, magnitude, 4.0), table.ERF_LARGE_F32)
    n, biased = round_to_int(b, lambda c: b.fadd(exponent, c), x)
    f = b.fsub(exponent, n)
    fraction = fma(b, f, polynomial(b, f, table.EXP2_F32), constant(x, 1.0))
    scale = power_of_two(b, format_of(x), biased)
    far = fma(b, b.fneg(scale), fraction, constant(x, 1.0))
    is_near = b.fcmp_ordered("<", magnitude, constant(x, _SPLIT_F32))
    return intrinsic(b, "copysign", x.type, [b.select(is_near, near, far), x])


def _emit_erf_f64(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """x + x P(x^2) up to 1, 1 - erfc(|x|) beyond."""
    magnitude = absolute(b, x)
    near = fma(b, polynomial(b, b.fmul(x, x), table.ERF_SMALL_F64), x, x)
    # erf is 1 in f64 from 5.93 on; the error of t^2 vanishes beside 1.
    t = at_most(b, magnitude, 6.0)
    far = b.fsub(constant(x, 1.0), exp_times(b, b.fneg(b.fmul(t, t)), _scaled_erfc(b, t, 0.25)))
    is_near = b.fcmp_ordered("<", magnitude, constant(x, 1.0))
    return intrinsic(b, "copysign", x.type, [b.select(is_near, near, far), x])


def _scaled_erfc(b: ir.IRBuilder, t: ir.Value, slope: float) -> ir.Value:
    """exp(s^2) erfc(s) where slope t = s/4, as u P(u - 5/8) with u = 1 / (1 + s/4).

    Near s = 0 an error of u counts 4.5 times, so what u is short of is found and added where more bits are left: in
    u - 5/8, whose subtraction is exact, and in P.
    """
    one = constant(t, 1.0)
    denominator = fma(b, t, constant(t, slope), one)
    u = b.fdiv(one, denominator)
    product, product_error = two_product(b, u, denominator)
    denominator_error = fma(b, t, constant(t, slope), b.fsub(one, denominator))
    # 1 / (denominator + denominator_error) = u (1 + shortfall), up to squares of errors
    shortfall = b.fsub(b.fsub(b.fsub(one, product), product_error), b.fmul(u, denominator_error))
    w = fma(b, u, shortfall, b.fsub(u, constant(u, 0.625)))
    value = polynomial(b, w, table.ERFCX_F32 if format_of(t) is F32 else table.ERFCX_F64)
    return b.fmul(u, fma(b, value, shortfall, value))


def _emit_erfc(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    t = at_most(b, absolute(b, x), _ERFC_END[format_of(x).bits])
    square, error = two_product(b, t, t)
    factor = _scaled_erfc(b, t, 0.25)
    tail = exp_times(b, b.fneg(square), fma(b, factor, b.fneg(error), factor))
    is_negative = b.fcmp_ordered("<", x, constant(x, 0.0))
    return b.select(is_negative, b.fsub(constant(x, 2.0), tail), tail)


def _emit_gelu(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    t = at_most(b, absolute(b, x), _GELU_END[format_of(x).bits])
    square, error = two_product(b, t, t)
    half = constant(x, 0.5)
    # |x| Phi(-|x|) = e^(-t^2/2) (t/2) (e^(t^2/2) erfc(t / sqrt(2))); the middle factors stay below 0.4.
    factor = b.fmul(b.fmul(t, half), _scaled_erfc(b, t, 0.25 * math.sqrt(0.5)))
    factor = fma(b, factor, b.fmul(error, constant(x, -0.5)), factor)
    tail = exp_times(b, b.fmul(square, constant(x, -0.5)), factor)
    return _nan_at_minus_infinity(b, x, b.fsub(at_least(b, x, -0.0), tail))


def _emit_gelu_tanh(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    slope, cubic = 2 * _SQRT_2_OVER_PI, 2 * _SQRT_2_OVER_PI * 0.044715
    argument = b.fmul(x, fma(b, b.fmul(x, x), constant(x, cubic), constant(x, slope)))
    return b.fmul(x, sigmoid(b, argument))


def _nan_at_minus_infinity(b: ir.IRBuilder, x: ir.Value, result: ir.Value) -> ir.Value:
    return b.select(b.fcmp_ordered("==", x, constant(x, -math.inf)), constant(x, math.nan), result)


_erf_f64 = outlined("erf", _emit_erf_f64)
_erfc = outlined("erfc", _emit_erfc)
_gelu_f64 = outlined("gelu", _emit_gelu)
_gelu_tanh_f64 = outlined("gelu_tanh", _emit_gelu_tanh)
