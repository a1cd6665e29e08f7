"""f16 and bf16, held as i16 bit patterns, from and to f32; and f64 to f32 for a second rounding.

Integer arithmetic throughout, except f16 on a target with F16C: LLVM's own fptrunc to half would call
__truncsfhf2 without it.
"""

from __future__ import annotations

from llvmlite import ir

from mlc.codegen.math.lanes import (
    F32,
    absolute,
    bits,
    constant,
    from_bits,
    has_feature,
    splat,
    with_lanes,
)

_I16, _I32, _I64 = ir.IntType(16), ir.IntType(32), ir.IntType(64)


def f32_to_bf16(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """The nearest bf16, ties to even, as i16; NaN keeps its sign and becomes the quiet NaN without payload."""
    pattern = bits(b, x)
    upper = b.lshr(pattern, constant(pattern, 16))
    lowest_kept = b.and_(upper, constant(pattern, 1))
    rounded = b.lshr(b.add(pattern, b.add(lowest_kept, constant(pattern, 0x7FFF))), constant(pattern, 16))
    quiet = b.or_(b.and_(upper, constant(pattern, 0x8000)), constant(pattern, 0x7FC0))
    return b.trunc(b.select(b.fcmp_unordered("uno", x, x), quiet, rounded), with_lanes(x.type, _I16))


def bf16_to_f32(b: ir.IRBuilder, pattern: ir.Value) -> ir.Value:
    """The f32 equal to the bf16 with these i16 bits; exact, signaling NaN stay as they are."""
    wide = b.zext(pattern, with_lanes(pattern.type, _I32))
    return from_bits(b, b.shl(wide, constant(wide, 16)))


def f32_to_f16(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """The nearest f16, ties to even, as i16; inf beyond 65519; NaN keeps its sign and upper payload, quiet."""
    if has_feature(b, "f16c"):
        half = b.fptrunc(x, with_lanes(x.type, ir.HalfType()))
        return b.bitcast(half, with_lanes(x.type, _I16))
    return _f32_to_f16_by_integers(b, x)


def f16_to_f32(b: ir.IRBuilder, pattern: ir.Value) -> ir.Value:
    """The f32 equal to the f16 with these i16 bits; NaN becomes quiet."""
    if has_feature(b, "f16c"):
        half = b.bitcast(pattern, with_lanes(pattern.type, ir.HalfType()))
        return b.fpext(half, with_lanes(pattern.type, ir.FloatType()))
    return _f16_to_f32_by_integers(b, pattern)


def f64_to_f32_odd(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """f64 to f32, inexact results rounded to the neighbour with an odd last bit.

    Rounding such a result once more, to at most 22 bits, gives what rounding x at once would give (Boldo and
    Melquiond, IEEE Transactions on Computers 57, 2008). Use it before f32_to_f16, f32_to_bf16 and f8.
    """
    rounded = b.fptrunc(x, with_lanes(x.type, ir.FloatType()))
    back = b.fpext(rounded, x.type)
    pattern = bits(b, rounded)
    one = constant(pattern, 1)
    is_above = b.fcmp_ordered(">", absolute(b, back), absolute(b, x))
    towards_zero = b.select(is_above, b.sub(pattern, one), pattern)
    is_inexact = b.fcmp_ordered("!=", back, x)
    return from_bits(b, b.select(is_inexact, b.or_(towards_zero, one), pattern))


def _f32_to_f16_by_integers(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    pattern = bits(b, x)
    sign = b.lshr(b.and_(pattern, constant(pattern, 0x80000000)), constant(pattern, 16))
    magnitude = b.and_(pattern, constant(pattern, 0x7FFFFFFF))
    # Normal results: drop 13 bits with rounding to even and move the bias from 127 to 15.
    lowest_kept = b.and_(b.lshr(magnitude, constant(pattern, 13)), constant(pattern, 1))
    rebias = (0xFFF - (112 << 23)) & 0xFFFFFFFF
    normal = b.lshr(b.add(magnitude, b.add(lowest_kept, constant(pattern, rebias))), constant(pattern, 13))
    # Subnormal results: the unit of 2^-1 is 2^-24, f16's smallest number, so the addition rounds as f16 would.
    anchor = splat(x.type, 0.5)
    anchored = b.fadd(from_bits(b, magnitude), anchor)
    subnormal = b.sub(bits(b, anchored), constant(pattern, 0x3F000000))
    result = b.select(b.icmp_unsigned("<", magnitude, constant(pattern, 113 << 23)), subnormal, normal)
    # 65520, half a unit above the largest f16, and all beyond
    is_infinite = b.icmp_unsigned(">=", magnitude, constant(pattern, 0x477FF000))
    result = b.select(is_infinite, constant(pattern, 0x7C00), result)
    payload = b.and_(b.lshr(magnitude, constant(pattern, 13)), constant(pattern, 0x3FF))
    quiet = b.or_(payload, constant(pattern, 0x7E00))
    is_nan = b.icmp_unsigned(">", magnitude, constant(pattern, F32.infinity_bits))
    result = b.or_(b.select(is_nan, quiet, result), sign)
    return b.trunc(result, with_lanes(x.type, _I16))


def _f16_to_f32_by_integers(b: ir.IRBuilder, pattern: ir.Value) -> ir.Value:
    wide = b.zext(pattern, with_lanes(pattern.type, _I32))
    sign = b.shl(b.and_(wide, constant(wide, 0x8000)), constant(wide, 16))
    magnitude = b.shl(b.and_(wide, constant(wide, 0x7FFF)), constant(wide, 13))
    # Read as f32 the value is 2^112 too small, subnormals included; the product is exact.
    scaled = from_bits(b, magnitude)
    finite = bits(b, b.fmul(scaled, constant(scaled, 2.0**112)))
    special = b.or_(magnitude, constant(wide, F32.infinity_bits))
    is_nan = b.icmp_unsigned(">", magnitude, constant(wide, 0x7C00 << 13))
    special = b.select(is_nan, b.or_(special, constant(wide, 0x400000)), special)
    is_finite = b.icmp_unsigned("<", magnitude, constant(wide, 0x7C00 << 13))
    return from_bits(b, b.or_(b.select(is_finite, finite, special), sign))
