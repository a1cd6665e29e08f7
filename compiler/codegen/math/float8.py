"""The 8- and 4-bit floats of ONNX, held as i8 bit patterns, from and to f32 as ONNX Cast (opsets 19 to 25) says.

Formats: Micikevicius et al., FP8 Formats for Deep Learning, 2022 (E4M3FN, E5M2); Noune et al., 8-bit Numerical
Formats for Deep Neural Networks, 2022 (the FNUZ forms); OCP Microscaling Formats 1.0, 2023 (E2M1, E8M0).
"""

from __future__ import annotations

from dataclasses import dataclass

from llvmlite import ir

from mlc.codegen.math.lanes import F32, bits, constant, from_bits, with_lanes

_I8, _I32 = ir.IntType(8), ir.IntType(32)


@dataclass(frozen=True)
class NarrowFormat:
    """A float of at most 8 bits: its sign bit, stored mantissa bits, bias, and what its topmost codes mean."""

    name: str
    sign: int
    mantissa_bits: int
    bias: int
    largest: int  # the code of the largest finite number
    infinity: int | None  # the code of +inf, where there is one
    nan: int  # what a positive NaN becomes
    has_negative_zero: bool = True

    @property
    def min_normal_exponent(self) -> int:
        """The power of two of the smallest number that is not subnormal."""
        return 1 - self.bias


E4M3FN = NarrowFormat("f8E4M3FN", 0x80, 3, 7, 0x7E, None, 0x7F)
E4M3FNUZ = NarrowFormat("f8E4M3FNUZ", 0x80, 3, 8, 0x7F, None, 0x80, has_negative_zero=False)
E5M2 = NarrowFormat("f8E5M2", 0x80, 2, 15, 0x7B, 0x7C, 0x7E)
E5M2FNUZ = NarrowFormat("f8E5M2FNUZ", 0x80, 2, 16, 0x7F, None, 0x80, has_negative_zero=False)
# There is no NaN among four bits; ONNX leaves the case open, and ml_dtypes makes it a zero of the other sign.
E2M1FN = NarrowFormat("f4E2M1FN", 0x8, 1, 1, 0x7, None, 0x8)

NARROW_FORMATS = {fmt.name: fmt for fmt in (E4M3FN, E4M3FNUZ, E5M2, E5M2FNUZ, E2M1FN)}


def encode(b: ir.IRBuilder, x: ir.Value, fmt: NarrowFormat, saturate: bool = True) -> ir.Value:
    """f32 x in fmt, as i8, rounded to nearest, ties to even.

    Beyond the largest number, infinity included, it is the largest number when saturate, else inf or, in a format
    without it, NaN. f4E2M1FN has neither and always saturates.
    """
    pattern = bits(b, x)
    magnitude = b.and_(pattern, constant(pattern, F32.abs_mask))
    code = _rounded(b, magnitude, fmt)
    beyond = fmt.largest
    if not saturate and fmt is not E2M1FN:
        beyond = fmt.nan & 0x7F if fmt.infinity is None else fmt.infinity
    # In the FNUZ formats NaN is the code of -0, whatever the sign.
    is_beyond = b.icmp_unsigned(">", code, constant(code, fmt.largest))
    is_nan = b.icmp_unsigned(">", magnitude, constant(pattern, F32.infinity_bits))
    code = b.select(is_beyond, constant(code, beyond), code)
    sign = b.lshr(b.and_(pattern, constant(pattern, F32.sign_mask)), constant(pattern, 32 - fmt.sign.bit_length()))
    if fmt.has_negative_zero:
        result = b.xor(b.select(is_nan, constant(code, fmt.nan), code), sign)
    else:
        result = b.select(b.icmp_unsigned("==", code, constant(code, 0)), code, b.or_(code, sign))
        is_lost = is_nan if saturate else b.or_(is_nan, is_beyond)
        result = b.select(is_lost, constant(code, fmt.nan), result)
    return b.trunc(result, with_lanes(x.type, _I8))


def decode(b: ir.IRBuilder, code: ir.Value, fmt: NarrowFormat) -> ir.Value:
    """The f32 equal to the i8 code of fmt; exact. Bits above the format's are ignored."""
    wide = b.zext(code, with_lanes(code.type, _I32))
    magnitude = b.and_(wide, constant(wide, fmt.sign - 1))
    sign = b.shl(b.and_(wide, constant(wide, fmt.sign)), constant(wide, 32 - fmt.sign.bit_length()))
    # Read as f32 the value is 2^(127 - bias) too small, subnormals included; the product is exact.
    scaled = from_bits(b, b.shl(magnitude, constant(wide, 23 - fmt.mantissa_bits)))
    result = bits(b, b.fmul(scaled, constant(scaled, 2.0 ** (127 - fmt.bias))))
    if fmt.infinity is not None:
        is_infinite = b.icmp_unsigned("==", magnitude, constant(wide, fmt.infinity))
        result = b.select(is_infinite, constant(wide, F32.infinity_bits), result)
    result = b.or_(result, sign)
    if fmt is E2M1FN:
        return from_bits(b, result)
    if fmt.has_negative_zero:
        last_number = fmt.largest if fmt.infinity is None else fmt.infinity
        is_nan = b.icmp_unsigned(">", magnitude, constant(wide, last_number))
        quiet = b.or_(sign, constant(wide, F32.infinity_bits | 0x400000))
    else:
        is_nan = b.icmp_unsigned("==", wide, constant(wide, fmt.nan))
        quiet = constant(wide, F32.sign_mask | F32.infinity_bits | 0x400000)
    return from_bits(b, b.select(is_nan, quiet, result))


def _rounded(b: ir.IRBuilder, magnitude: ir.Value, fmt: NarrowFormat) -> ir.Value:
    """The code of the f32 pattern magnitude in a format without upper limit, as i32; for NaN and inf, a huge one."""
    dropped = 23 - fmt.mantissa_bits
    lowest_kept = b.and_(b.lshr(magnitude, constant(magnitude, dropped)), constant(magnitude, 1))
    rebias = ((1 << (dropped - 1)) - 1 - ((127 - fmt.bias) << 23)) & 0xFFFFFFFF
    normal = b.lshr(b.add(magnitude, b.add(lowest_kept, constant(magnitude, rebias))), constant(magnitude, dropped))
    # The unit of anchor is the format's smallest number, so the addition rounds as the format would.
    anchor = 2.0 ** (fmt.min_normal_exponent - fmt.mantissa_bits + 23)
    smallest = from_bits(b, magnitude)
    anchored = bits(b, b.fadd(smallest, constant(smallest, anchor)))
    anchor_exponent = fmt.min_normal_exponent - fmt.mantissa_bits + 23 + 127
    subnormal = b.sub(anchored, constant(magnitude, anchor_exponent << 23))
    min_normal = (fmt.min_normal_exponent + 127) << 23
    return b.select(b.icmp_unsigned("<", magnitude, constant(magnitude, min_normal)), subnormal, normal)


def encode_e8m0(b: ir.IRBuilder, x: ir.Value, saturate: bool = True, round_mode: str = "up") -> ir.Value:
    """The exponent of f32 x, as the i8 code of the power of two 2^(code - 127); 255 is NaN.

    round_mode is ONNX's: "up" to the next power, "down" to the one before, "nearest" with ties upwards. Beyond 2^127
    and below 2^-127 it is the limit when saturate, else NaN. Negative numbers, which ONNX leaves open, are NaN.
    """
    pattern = bits(b, x)
    magnitude = b.and_(pattern, constant(pattern, F32.abs_mask))
    # Doubled, a subnormal >= 2^-127 has the hidden bit at 23, so its field reads 1: take one off again.
    is_subnormal = b.icmp_unsigned("<", magnitude, constant(pattern, 1 << 23))
    doubled = b.sub(b.shl(magnitude, constant(pattern, 1)), constant(pattern, 1 << 23))
    aligned = b.select(is_subnormal, doubled, magnitude)
    is_below = b.icmp_unsigned("<", magnitude, constant(pattern, 1 << 22))
    step = {"up": (1 << 23) - 1, "nearest": 1 << 22, "down": 0}[round_mode]
    code = b.lshr(b.add(aligned, constant(pattern, step)), constant(pattern, 23))
    code = b.select(is_below, constant(code, 0 if saturate else 0xFF), code)
    is_beyond = b.icmp_unsigned(">", code, constant(code, 0xFE))
    is_infinite = b.icmp_unsigned("==", magnitude, constant(pattern, F32.infinity_bits))
    limit = constant(code, 0xFE if saturate else 0xFF)
    code = b.select(b.or_(is_beyond, is_infinite), limit, code)
    if not saturate:
        code = b.select(b.icmp_unsigned("==", magnitude, constant(pattern, 0)), constant(code, 0xFF), code)
    is_number = b.fcmp_ordered(">=", x, constant(x, 0.0))
    return b.trunc(b.select(is_number, code, constant(code, 0xFF)), with_lanes(x.type, _I8))


def decode_e8m0(b: ir.IRBuilder, code: ir.Value) -> ir.Value:
    """The f32 2^(code - 127), of which code 0 is subnormal; NaN for 255."""
    wide = b.zext(code, with_lanes(code.type, _I32))
    normal = b.shl(wide, constant(wide, 23))
    result = b.select(b.icmp_unsigned("==", wide, constant(wide, 0)), constant(wide, 1 << 22), normal)
    quiet = constant(wide, F32.infinity_bits | 0x400000)
    return from_bits(b, b.select(b.icmp_unsigned("==", wide, constant(wide, 0xFF)), quiet, result))
