"""asin, acos and atan, evaluated in f64; f32 goes through f64 and is rounded once more.

Arguments are brought where a short polynomial holds: atan by the angle differences 1/t and (t - 1)/(t + 1) (Cody and
Waite, 1980, chapter 11), asin beyond 1/2 by asin(t) = pi/2 - 2 asin(sqrt((1 - t) / 2)).
"""

from __future__ import annotations

from llvmlite import ir

from mlc.codegen.math import coefficients as table
from mlc.codegen.math.double_double import two_product
from mlc.codegen.math.lanes import absolute, constant, fma, intrinsic, outlined_in_f64, polynomial

_HALF_PI_HIGH, _HALF_PI_LOW = 1.5707963267948966, 6.123233995736766e-17
_TAN_3_PI_8, _TAN_PI_8 = 2.414213562373095, 0.41421356237309503


def atan(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """The arc tangent, +-pi/2 at +-inf."""
    return _atan(b, x)


def asin(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """The arc sine; NaN outside [-1, 1]."""
    return _asin(b, x)


def acos(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """The arc cosine; NaN outside [-1, 1]."""
    return _acos(b, x)


def _emit_atan(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    t = absolute(b, x)
    one = constant(x, 1.0)
    is_far = b.fcmp_ordered(">", t, constant(x, _TAN_3_PI_8))
    is_near = b.fcmp_unordered("<=", t, constant(x, _TAN_PI_8))
    # t, (t - 1) / (t + 1) or -1 / t, by one division
    numerator = b.select(is_near, t, b.select(is_far, constant(x, -1.0), b.fsub(t, one)))
    denominator = b.select(is_near, one, b.select(is_far, t, b.fadd(t, one)))
    r = b.fdiv(numerator, denominator)
    z = b.fmul(r, r)
    tail = b.fmul(b.fmul(r, z), polynomial(b, z, table.ATAN_F64))
    # plus 0, pi/4 or pi/2, in two parts
    zero = constant(x, 0.0)
    scale = b.select(is_near, zero, b.select(is_far, one, constant(x, 0.5)))
    low = fma(b, scale, constant(x, _HALF_PI_LOW), tail)
    result = b.fadd(b.fmul(scale, constant(x, _HALF_PI_HIGH)), b.fadd(r, low))
    return intrinsic(b, "copysign", x.type, [result, x])


def _asin_polynomial(b: ir.IRBuilder, r: ir.Value, z: ir.Value) -> ir.Value:
    """asin(r) - r for z = r^2 <= 1/4."""
    return b.fmul(b.fmul(r, z), polynomial(b, z, table.ASIN_F64))


def _emit_asin(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    t = absolute(b, x)
    is_near = b.fcmp_unordered("<=", t, constant(x, 0.5))
    z = b.select(is_near, b.fmul(x, x), _half_of_one_minus(b, t))
    root = intrinsic(b, "sqrt", x.type, [z])
    r = b.select(is_near, t, root)
    tail = _asin_polynomial(b, r, z)
    near = b.fadd(r, tail)
    # pi/2 - 2 (r + tail + error of the root)
    small = b.fadd(tail, _root_error(b, root, z))
    low = fma(b, small, constant(x, -2.0), constant(x, _HALF_PI_LOW))
    far = b.fadd(fma(b, r, constant(x, -2.0), constant(x, _HALF_PI_HIGH)), low)
    return intrinsic(b, "copysign", x.type, [b.select(is_near, near, far), x])


def _emit_acos(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    t = absolute(b, x)
    is_near = b.fcmp_unordered("<=", t, constant(x, 0.5))
    z = b.select(is_near, b.fmul(x, x), _half_of_one_minus(b, t))
    root = intrinsic(b, "sqrt", x.type, [z])
    r = b.select(is_near, x, root)
    tail = _asin_polynomial(b, r, z)
    # pi/2 - asin(x) near 0; 2 asin(root) for x > 1/2; pi - 2 asin(root) for x < -1/2
    near = b.fsub(constant(x, _HALF_PI_HIGH), b.fsub(r, b.fsub(constant(x, _HALF_PI_LOW), tail)))
    small = b.fadd(tail, _root_error(b, root, z))
    doubled = b.fadd(root, small)
    doubled = b.fadd(doubled, doubled)
    low = b.fsub(constant(x, _HALF_PI_LOW), small)
    reflected = b.fadd(b.fsub(constant(x, _HALF_PI_HIGH), root), low)
    reflected = b.fadd(reflected, reflected)
    is_negative = b.fcmp_ordered("<", x, constant(x, 0.0))
    return b.select(is_near, near, b.select(is_negative, reflected, doubled))


def _half_of_one_minus(b: ir.IRBuilder, t: ir.Value) -> ir.Value:
    """(1 - t) / 2, exact for 1/2 <= t <= 1."""
    return b.fmul(b.fsub(constant(t, 1.0), t), constant(t, 0.5))


def _root_error(b: ir.IRBuilder, root: ir.Value, z: ir.Value) -> ir.Value:
    """sqrt(z) - root, to first order: (z - root^2) / (2 root); 0 where root is 0."""
    square, error = two_product(b, root, root)
    rest = b.fsub(b.fsub(z, square), error)
    is_zero = b.fcmp_ordered("==", root, constant(root, 0.0))
    return b.select(is_zero, root, b.fdiv(rest, b.fadd(root, root)))


_atan = outlined_in_f64("atan", _emit_atan)
_asin = outlined_in_f64("asin", _emit_asin)
_acos = outlined_in_f64("acos", _emit_acos)
