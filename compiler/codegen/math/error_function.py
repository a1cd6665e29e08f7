"""The error function and GELU."""

from __future__ import annotations

from llvmlite import ir

from mlc.codegen.math import coefficients as table
from mlc.codegen.math.exponential import power_of_two
from mlc.codegen.math.lanes import (
    absolute,
    at_most,
    constant,
    fma,
    format_of,
    intrinsic,
    polynomial,
    round_to_int,
)

_SPLIT_F32 = 0.921875


def erf(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """The error function: x + x P(x^2) near 0, 1 - 2^Q(|x|) beyond, Q being close to log2(erfc)."""
    return _emit_erf_f32(b, x)


def _emit_erf_f32(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
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
