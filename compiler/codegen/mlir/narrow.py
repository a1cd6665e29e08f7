"""The 8- and 4-bit floats of ONNX in arith, as bits in an i8, from and to f32; and f64 to f32 for a second rounding.

The steps are those of mlc.codegen.math.float8, which has the sources; tests compare both with ml_dtypes bit for bit.
"""

from __future__ import annotations

from mlc.codegen.math import NARROW_FORMATS, NarrowFormat
from mlc.codegen.mlir.elements import Arithmetic, Scalar
from mlc.ir import DType

SIGN = 0x80000000
MAGNITUDE = 0x7FFFFFFF
INFINITY = 0x7F800000
QUIET = 0x7FC00000


def is_narrow_float(dtype: DType) -> bool:
    """Whether the dtype is a float of 8 or 4 bits."""
    return dtype.is_float and dtype.itemsize == 1


def decoded_narrow(b: Arithmetic, code: Scalar, dtype: DType) -> Scalar:
    """The f32 equal to the i8 code; exact."""
    wide = b.convert("arith.extui", code, "i32")
    return _decoded_e8m0(b, wide) if dtype is DType.F8E8M0 else _decoded(b, wide, NARROW_FORMATS[dtype.value])


def encoded_narrow(b: Arithmetic, x: Scalar, dtype: DType) -> Scalar:
    """The i8 code of an f32 that arithmetic made: rounded to nearest, without saturation."""
    if dtype is DType.F8E8M0:
        return encoded_e8m0(b, x, saturates=False, rounding="nearest")
    return encoded(b, x, dtype, saturates=False)


def encoded(b: Arithmetic, x: Scalar, dtype: DType, *, saturates: bool) -> Scalar:
    """f32 x as an i8 code, rounded to nearest, ties to even.

    Beyond the largest number, infinity included, it is the largest number when it saturates, else inf or, in a format
    without it, NaN. f4E2M1FN has neither and always saturates.
    """
    fmt = NARROW_FORMATS[dtype.value]
    pattern = b.convert("arith.bitcast", x, "i32")
    magnitude = _and(b, pattern, MAGNITUDE)
    code = _rounded(b, magnitude, fmt)
    beyond = fmt.largest
    if not saturates and dtype is not DType.F4E2M1:
        beyond = fmt.nan & 0x7F if fmt.infinity is None else fmt.infinity
    is_beyond = b.compare("ugt", code, b.like(fmt.largest, code))
    is_nan = b.compare("ugt", magnitude, b.like(INFINITY, magnitude))
    code = b.select(is_beyond, b.like(beyond, code), code)
    sign = _right(b, _and(b, pattern, SIGN), 32 - fmt.sign.bit_length())
    nan = b.like(fmt.nan, code)
    if fmt.has_negative_zero:
        made = b.binary("arith.xori", b.select(is_nan, nan, code), sign)
    else:
        # NaN is the code of -0, whatever the sign.
        is_zero = b.compare("eq", code, b.like(0, code))
        made = b.select(is_zero, code, b.binary("arith.ori", code, sign))
        made = b.select(is_nan if saturates else b.binary("arith.ori", is_nan, is_beyond), nan, made)
    return b.convert("arith.trunci", made, "i8")


def _decoded(b: Arithmetic, wide: Scalar, fmt: NarrowFormat) -> Scalar:
    magnitude = _and(b, wide, fmt.sign - 1)
    sign = _left(b, _and(b, wide, fmt.sign), 32 - fmt.sign.bit_length())
    # Read as f32 the value is 2^(127 - bias) too small, subnormals included; the product is exact.
    small = b.convert("arith.bitcast", _left(b, magnitude, 23 - fmt.mantissa_bits), "f32")
    scaled = b.plain("arith.mulf", small, b.like(2.0 ** (127 - fmt.bias), small))
    made = b.convert("arith.bitcast", scaled, "i32")
    if fmt.infinity is not None:
        is_infinite = b.compare("eq", magnitude, b.like(fmt.infinity, magnitude))
        made = b.select(is_infinite, b.like(INFINITY, made), made)
    made = b.binary("arith.ori", made, sign)
    if fmt.name == DType.F4E2M1.value:
        return b.convert("arith.bitcast", made, "f32")
    if fmt.has_negative_zero:
        last = fmt.largest if fmt.infinity is None else fmt.infinity
        is_nan = b.compare("ugt", magnitude, b.like(last, magnitude))
        quiet = b.binary("arith.ori", sign, b.like(QUIET, sign))
    else:
        is_nan = b.compare("eq", wide, b.like(fmt.nan, wide))
        quiet = b.like(SIGN | QUIET, wide)
    return b.convert("arith.bitcast", b.select(is_nan, quiet, made), "f32")


def _rounded(b: Arithmetic, magnitude: Scalar, fmt: NarrowFormat) -> Scalar:
    """The code of an f32's bits in a format without upper limit; for NaN and inf, a huge one."""
    dropped = 23 - fmt.mantissa_bits
    lowest_kept = _and(b, _right(b, magnitude, dropped), 1)
    rebias = ((1 << (dropped - 1)) - 1 - ((127 - fmt.bias) << 23)) & 0xFFFFFFFF
    moved = b.add(magnitude, b.add(lowest_kept, b.like(rebias, magnitude)))
    normal = _right(b, moved, dropped)
    # The unit of anchor is the format's smallest number, so the addition rounds as the format would.
    exponent = fmt.min_normal_exponent - fmt.mantissa_bits + 23
    smallest = b.convert("arith.bitcast", magnitude, "f32")
    anchored = b.plain("arith.addf", smallest, b.like(2.0**exponent, smallest))
    subnormal = b.sub(b.convert("arith.bitcast", anchored, "i32"), b.like((exponent + 127) << 23, magnitude))
    is_subnormal = b.compare("ult", magnitude, b.like((fmt.min_normal_exponent + 127) << 23, magnitude))
    return b.select(is_subnormal, subnormal, normal)


def encoded_e8m0(b: Arithmetic, x: Scalar, *, saturates: bool, rounding: str) -> Scalar:
    """The exponent of f32 x as the code of the power of two 2^(code - 127); 255 is NaN, and of negative numbers.

    `rounding` is ONNX's: "up" to the next power, "down" to the one before, "nearest" with ties upwards. Beyond 2^127
    and below 2^-127 it is the limit when it saturates, else NaN.
    """
    pattern = b.convert("arith.bitcast", x, "i32")
    magnitude = _and(b, pattern, MAGNITUDE)
    # Doubled, a subnormal >= 2^-127 has the hidden bit at 23, so its field reads 1: take one off again.
    is_subnormal = b.compare("ult", magnitude, b.like(1 << 23, magnitude))
    doubled = b.sub(_left(b, magnitude, 1), b.like(1 << 23, magnitude))
    aligned = b.select(is_subnormal, doubled, magnitude)
    step = {"up": (1 << 23) - 1, "nearest": 1 << 22, "down": 0}[rounding]
    code = _right(b, b.add(aligned, b.like(step, aligned)), 23)
    is_below = b.compare("ult", magnitude, b.like(1 << 22, magnitude))
    code = b.select(is_below, b.like(0 if saturates else 0xFF, code), code)
    is_beyond = b.compare("ugt", code, b.like(0xFE, code))
    is_infinite = b.compare("eq", magnitude, b.like(INFINITY, magnitude))
    limit = b.like(0xFE if saturates else 0xFF, code)
    code = b.select(b.binary("arith.ori", is_beyond, is_infinite), limit, code)
    nan = b.like(0xFF, code)
    if not saturates:
        code = b.select(b.compare("eq", magnitude, b.like(0, magnitude)), nan, code)
    code = b.select(b.compare("oge", x, b.like(0.0, x)), code, nan)
    return b.convert("arith.trunci", code, "i8")


def _decoded_e8m0(b: Arithmetic, wide: Scalar) -> Scalar:
    made = b.select(b.compare("eq", wide, b.like(0, wide)), b.like(1 << 22, wide), _left(b, wide, 23))
    made = b.select(b.compare("eq", wide, b.like(0xFF, wide)), b.like(QUIET, wide), made)
    return b.convert("arith.bitcast", made, "f32")


def rounded_to_odd(b: Arithmetic, x: Scalar) -> Scalar:
    """f64 x as an f32, an inexact one as the neighbour with an odd last bit: rounding that once more is rounding x.

    Boldo and Melquiond, Emulation of FMA and Correctly Rounded Sums, IEEE Transactions on Computers 57, 2008.
    """
    near = b.convert("arith.truncf", x, "f32")
    back = b.convert("arith.extf", near, "f64")
    pattern = b.convert("arith.bitcast", near, "i32")
    is_above = b.compare("ogt", b.unary("math.absf", back), b.unary("math.absf", x))
    towards_zero = b.select(is_above, b.sub(pattern, b.like(1, pattern)), pattern)
    odd = b.binary("arith.ori", towards_zero, b.like(1, pattern))
    return b.convert("arith.bitcast", b.select(b.compare("one", back, x), odd, pattern), "f32")


def _and(b: Arithmetic, x: Scalar, mask: int) -> Scalar:
    return b.binary("arith.andi", x, b.like(mask, x))


def _left(b: Arithmetic, x: Scalar, places: int) -> Scalar:
    return b.binary("arith.shli", x, b.like(places, x))


def _right(b: Arithmetic, x: Scalar, places: int) -> Scalar:
    return b.binary("arith.shrui", x, b.like(places, x))
