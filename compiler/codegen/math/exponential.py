"""exp and its family: exp2, expm1, sigmoid, tanh, sinh, cosh.

x is split as n ln2 + r with |r| <= ln2/2 (Cody and Waite, Software Manual for the Elementary Functions,
1980), e^r comes from a polynomial, and 2^n is multiplied in as two factors, so that results near
overflow and subnormal results are rounded once.
"""

from __future__ import annotations

from llvmlite import ir

from mlc.codegen.math import coefficients as table
from mlc.codegen.math.lanes import (
    F32,
    Format,
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
    round_to_int,
)

LOG2_E = 1.4426950408889634

# ln2 = high + low; high has so few bits that n * high is exact for every exponent n: 15 bits for f32, 32 for f64.
_LN2 = {32: (0.693145751953125, 1.4286068203094172e-06), 64: (0.6931471803691238, 1.9082149292705877e-10)}

# Beyond these exp is zero or infinite in the format, with a margin; inside them n fits the two-factor scaling.
_EXP_RANGE = {32: (-105.0, 89.0), 64: (-747.0, 710.0)}
_EXP2_RANGE = {32: (-151.0, 129.0), 64: (-1076.0, 1025.0)}

# The power of two by which results down to the smallest subnormal become normal and none overflows; even with the bias,
# so that ties fall as they do without it.
RAISED = 65

# Where e^x - 1 is -1 in the format, with a margin.
_EXPM1_LOW = {32: -25.0, 64: -50.0}


def exp(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """e^x."""
    return _emit_exp(b, x) if format_of(x) is F32 else _exp_f64(b, x)


def exp_up_to_zero(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """e^x for x <= 0, the bits of exp in fewer instructions."""
    if format_of(x) is not F32:
        return _exp_f64(b, x)
    return b.fmul(raised_exp_up_to_zero(b, x), constant(x, 2.0**-RAISED))


def raised_exp_up_to_zero(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """2^RAISED e^x for x <= 0: a normal number in f32, so that only what it is scaled down with rounds a subnormal."""
    if format_of(x) is not F32:
        return b.fmul(_exp_f64(b, x), constant(x, 2.0**RAISED))
    x = at_least(b, x, _EXP_RANGE[32][0])
    # The low bits of `shifted` are n + RAISED + bias, and those above them leave when they become the exponent.
    magic = constant(x, 1.5 * 2.0**F32.mantissa_bits + RAISED + F32.bias)
    shifted = fma(b, x, constant(x, LOG2_E), magic)
    fraction = _expm1_beside(b, x, b.fsub(shifted, magic))
    raised = _power_of_two(b, F32, bits(b, shifted))
    return fma(b, fraction, raised, raised)


def exp2(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """2^x."""
    return _emit_exp2(b, x) if format_of(x) is F32 else _exp2_f64(b, x)


def expm1(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """e^x - 1, without cancellation near 0."""
    return _emit_expm1(b, x) if format_of(x) is F32 else _expm1_f64(b, x)


def tanh(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """The hyperbolic tangent, from t = e^(-2|x|) - 1 near 0 and from e = t + 1 beyond."""
    return _emit_tanh(b, x) if format_of(x) is F32 else _tanh_f64(b, x)


def sigmoid(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """1 / (1 + e^-x), as e^x / (1 + e^x) for negative x, whose tail is subnormal and not zero."""
    return _emit_sigmoid(b, x) if format_of(x) is F32 else _sigmoid_f64(b, x)


def sinh(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """The hyperbolic sine; f32 goes through f64."""
    return _sinh(b, x)


def cosh(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """The hyperbolic cosine; f32 goes through f64."""
    return _cosh(b, x)


def exp_in_range(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """e^x for x inside the range in which it neither overflows nor vanishes, NaN included."""
    fraction, biased = _expm1_of_remainder(b, x)
    return scale_by_power_of_two(b, b.fadd(fraction, constant(x, 1.0)), biased)


def exp_times(b: ir.IRBuilder, x: ir.Value, factor: ir.Value) -> ir.Value:
    """factor * e^x for x <= 0 and |factor| <= 1, rounded only once where the product is subnormal."""
    low, _ = _EXP_RANGE[format_of(x).bits]
    fraction, biased = _expm1_of_remainder(b, at_least(b, x, low))
    return scale_by_power_of_two(b, fma(b, fraction, factor, factor), biased)


def exp_of_sum(b: ir.IRBuilder, x: ir.Value, small: ir.Value) -> ir.Value:
    """e^(x + small) for |x| < 2 bias, |small| < 2^-20: overflow and zero come from the scaling."""
    fraction, biased = _expm1_of_remainder(b, x)
    whole = b.fadd(fraction, fma(b, fraction, small, small))
    return scale_by_power_of_two(b, b.fadd(whole, constant(x, 1.0)), biased)


def scale_by_power_of_two(b: ir.IRBuilder, x: ir.Value, biased: ir.Value) -> ir.Value:
    """x * 2^n with one rounding, biased being n + 2 * bias + 2 as round_to_int makes it."""
    fmt = format_of(x)
    half = b.lshr(biased, constant(biased, 1))
    one = constant(biased, 1)
    first = _power_of_two(b, fmt, b.sub(half, one))
    second = _power_of_two(b, fmt, b.sub(b.sub(biased, half), one))
    return b.fmul(b.fmul(x, first), second)


def power_of_two(b: ir.IRBuilder, fmt: Format, biased: ir.Value, shift: int = 0) -> ir.Value:
    """2^(n + shift), a normal number, biased being n + 2 * bias + 2."""
    return _power_of_two(b, fmt, b.sub(biased, constant(biased, fmt.bias + 2 - shift)))


def _power_of_two(b: ir.IRBuilder, fmt: Format, exponent_field: ir.Value) -> ir.Value:
    return from_bits(b, b.shl(exponent_field, constant(exponent_field, fmt.mantissa_bits)))


def _expm1_of_remainder(b: ir.IRBuilder, x: ir.Value) -> tuple[ir.Value, ir.Value]:
    """e^r - 1 and n + 2 * bias + 2, where x = n ln2 + r and |r| <= ln2/2."""
    n, biased = round_to_int(b, lambda c: fma(b, x, constant(x, LOG2_E), c), x)
    return _expm1_beside(b, x, n), biased


def _expm1_beside(b: ir.IRBuilder, x: ir.Value, n: ir.Value) -> ir.Value:
    """e^r - 1, where r = x - n ln2 and |r| <= ln2/2."""
    fmt = format_of(x)
    high, low = _LN2[fmt.bits]
    r = fma(b, n, constant(x, -high), x)
    r = fma(b, n, constant(x, -low), r)
    tail = polynomial(b, r, table.EXP_F32 if fmt is F32 else table.EXP_F64)
    return fma(b, b.fmul(r, r), tail, r)


def _emit_exp(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    low, high = _EXP_RANGE[format_of(x).bits]
    return exp_in_range(b, at_most(b, at_least(b, x, low), high))


def _emit_exp2(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    fmt = format_of(x)
    low, high = _EXP2_RANGE[fmt.bits]
    x = at_most(b, at_least(b, x, low), high)
    n, biased = round_to_int(b, lambda c: b.fadd(x, c), x)
    f = b.fsub(x, n)
    factor = polynomial(b, f, table.EXP2_F32 if fmt is F32 else table.EXP2_F64)
    return scale_by_power_of_two(b, fma(b, f, factor, constant(x, 1.0)), biased)


def _emit_expm1(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    fmt = format_of(x)
    inside = at_most(b, at_least(b, x, _EXPM1_LOW[fmt.bits]), _EXP_RANGE[fmt.bits][1])
    fraction, biased = _expm1_of_remainder(b, inside)
    # 2^n (fraction + 1) - 1 = 2 (2^(n-1) fraction + (2^(n-1) - 1/2)): 2^(n-1) is finite even where 2^n is not.
    half_scale = power_of_two(b, fmt, biased, -1)
    half = fma(b, half_scale, fraction, b.fsub(half_scale, constant(x, 0.5)))
    result = b.fadd(half, half)
    # Halving would round a subnormal, and n = 0 needs no scaling; the sign is that of x, also for -0.
    is_unscaled = b.icmp_unsigned("==", biased, constant(biased, 2 * fmt.bias + 2))
    return intrinsic(b, "copysign", x.type, [b.select(is_unscaled, fraction, result), x])


def _emit_tanh(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    fmt = format_of(x)
    magnitude = absolute(b, x)
    doubled = at_least(b, b.fneg(b.fadd(magnitude, magnitude)), _EXPM1_LOW[fmt.bits])
    fraction, biased = _expm1_of_remainder(b, doubled)
    scale = power_of_two(b, fmt, biased)
    one = constant(x, 1.0)
    t = fma(b, scale, fraction, b.fsub(scale, one))
    e = fma(b, scale, fraction, scale)
    # Near 0, t / (t + 2) = t/2 - t/2 (t / (t + 2)); beyond 0.8, 1 - 2e / (1 + e): in both the quotient is
    # multiplied by something small, so that its three roundings hardly count.
    is_far = b.fcmp_ordered(">", magnitude, constant(x, 0.8))
    quotient = b.fdiv(b.select(is_far, b.fadd(e, e), t), b.fadd(t, constant(x, 2.0)))
    base = b.select(is_far, one, b.fmul(t, constant(x, 0.5)))
    return intrinsic(b, "copysign", x.type, [fma(b, b.fneg(base), quotient, base), x])


def _emit_sigmoid(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    fmt = format_of(x)
    one = constant(x, 1.0)
    e = exp_in_range(b, at_least(b, b.fneg(absolute(b, x)), _EXP_RANGE[fmt.bits][0]))
    numerator = b.select(b.fcmp_ordered("<", x, constant(x, 0.0)), e, one)
    # n / (1 + e) = n - n (e / (1 + e)): the error of the quotient counts at most half.
    return fma(b, b.fneg(numerator), b.fdiv(e, b.fadd(one, e)), numerator)


def _half_expm1(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """(e^x - 1) / 2 for x >= 0 up to where sinh overflows, a little beyond exp's own range."""
    fraction, biased = _expm1_of_remainder(b, at_most(b, x, 710.6))
    # twice a quarter: 2^(n-2) is finite for the n = 1025 that 710.47, the last x with a finite sinh, needs
    scale = power_of_two(b, format_of(x), biased, -2)
    quarter = fma(b, scale, fraction, b.fsub(scale, constant(x, 0.25)))
    return b.fadd(quarter, quarter)


def _emit_sinh(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    magnitude = absolute(b, x)
    half = _half_expm1(b, magnitude)
    # sinh = (t + t / (t + 1)) / 2 with t = e^|x| - 1; the quotient is 1 long before t overflows.
    limited = at_most(b, half, 2.0**200)
    result = b.fadd(half, b.fdiv(limited, b.fadd(b.fadd(limited, limited), constant(x, 1.0))))
    # x + x^3/6 is x itself here, and halving t would round a subnormal
    is_tiny = b.fcmp_ordered("<", magnitude, constant(x, 2.0**-27))
    return intrinsic(b, "copysign", x.type, [b.select(is_tiny, magnitude, result), x])


def _emit_cosh(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    half = b.fadd(_half_expm1(b, absolute(b, x)), constant(x, 0.5))
    return b.fadd(half, b.fdiv(constant(x, 0.25), half))


_exp_f64 = outlined("exp", _emit_exp)
_exp2_f64 = outlined("exp2", _emit_exp2)
_expm1_f64 = outlined("expm1", _emit_expm1)
_tanh_f64 = outlined("tanh", _emit_tanh)
_sigmoid_f64 = outlined("sigmoid", _emit_sigmoid)
_sinh = outlined_in_f64("sinh", _emit_sinh)
_cosh = outlined_in_f64("cosh", _emit_cosh)
