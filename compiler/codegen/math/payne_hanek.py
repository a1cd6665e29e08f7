"""The remainder of a huge number by pi/2, from the bits of 2/pi that its exponent selects.

x = m 2^e with an integer m. Of 2/pi only the bits from weight 2^(1-e) downwards change x 2/pi modulo 4, so a
window of them, times m, modulo the width of the window, is the quadrant and the fraction.
"""

from __future__ import annotations

import math

from llvmlite import ir

from mlc.codegen.math.coefficients import TWO_OVER_PI_BITS
from mlc.codegen.math.double_double import quick_two_sum, two_product
from mlc.codegen.math.lanes import F32, constant, format_of

_FRACTION_BITS = 1216
# Zeros in front of the fraction, so that a window may begin before it.
_LEADING_ZEROS = 128
_TABLE_BITS = _LEADING_ZEROS + _FRACTION_BITS
_LOWEST_EXPONENT = -40

_HALF_PI_HIGH, _HALF_PI_LOW = 1.5707963267948966, 6.123233995736766e-17

_I8, _I32, _I64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)


def reduce_huge(b: ir.IRBuilder, x: ir.Value) -> tuple[ir.Value, ir.Value, ir.Value]:
    """Quadrant (i64), high and low (f64) of one scalar x >= 2^12 (f32) or 2^21 (f64): x = q pi/2 + high + low.

    A call of an internal function; for smaller x, NaN and inf its result means nothing.
    """
    name = f"mlc.math.reduce_huge.{'f32' if format_of(x) is F32 else 'f64'}"
    function = b.module.globals.get(name) or _define(b.module, name, x.type)
    result = b.call(function, [x])
    return b.extract_value(result, 0), b.extract_value(result, 1), b.extract_value(result, 2)


def _define(module: ir.Module, name: str, ty: ir.Type) -> ir.Function:
    result = ir.LiteralStructType([_I64, ir.DoubleType(), ir.DoubleType()])
    function = ir.Function(module, ir.FunctionType(result, [ty]), name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    function.attributes.add("nounwind")
    b = ir.IRBuilder(function.append_basic_block("entry"))
    values = _reduce(b, function.args[0])
    packed: ir.Value = ir.Constant(result, ir.Undefined)
    for i, value in enumerate(values):
        packed = b.insert_value(packed, value, i)
    b.ret(packed)
    return function


def _reduce(b: ir.IRBuilder, x: ir.Value) -> tuple[ir.Value, ir.Value, ir.Value]:
    fmt = format_of(x)
    # The mantissa's bits, and 72 (f32) or 139 (f64) bits after the binary point: no f32 comes nearer to a multiple
    # of pi/2 than 2^-30, no f64 nearer than 2^-62 (Muller, Elementary Functions, 3rd edition, 2016, section 11.3).
    window_bits, word = (96, ir.IntType(128)) if fmt is F32 else (192, ir.IntType(256))
    mantissa, exponent = _mantissa_and_exponent(b, x)
    window = _window(b, exponent, window_bits, word)
    product = b.mul(window, b.zext(mantissa, word))
    unit = word.width - 2
    rounded = b.add(product, ir.Constant(word, 1 << (unit - 1)))
    quadrant = b.lshr(rounded, ir.Constant(word, unit))
    fraction = b.sub(product, b.shl(quadrant, ir.Constant(word, unit)))
    high, low = _times_half_pi(b, b.trunc(b.lshr(fraction, ir.Constant(word, word.width - 128)), ir.IntType(128)))
    return b.trunc(quadrant, _I64), high, low


def _mantissa_and_exponent(b: ir.IRBuilder, x: ir.Value) -> tuple[ir.Value, ir.Value]:
    """i64 m and e with x = m 2^e; e is raised to _LOWEST_EXPONENT where it is below, to stay in the table."""
    fmt = format_of(x)
    pattern = b.bitcast(x, ir.IntType(fmt.bits))
    if fmt is F32:
        pattern = b.zext(pattern, _I64)
    fraction = b.and_(pattern, constant(pattern, fmt.mantissa_mask))
    mantissa = b.or_(fraction, constant(pattern, 1 << fmt.mantissa_bits))
    field = b.lshr(pattern, constant(pattern, fmt.mantissa_bits))
    exponent = b.sub(field, constant(pattern, fmt.bias + fmt.mantissa_bits))
    lowest = constant(pattern, _LOWEST_EXPONENT)
    return mantissa, b.select(b.icmp_signed("<", exponent, lowest), lowest, exponent)


def _window(b: ir.IRBuilder, exponent: ir.Value, window_bits: int, word: ir.IntType) -> ir.Value:
    """The bits of 2/pi from weight 2^(1 - exponent) downwards, at the top of a word; zero after window_bits."""
    # first bit of the window, counted from the top of the table: leading zeros + exponent - 2
    shift = b.sub(ir.Constant(_I64, _TABLE_BITS - _LEADING_ZEROS + 2 - window_bits), exponent)
    address = b.gep(_table(b.module), [b.lshr(shift, ir.Constant(_I64, 3))], source_etype=_I8)
    loaded = b.load(address, typ=word, align=1)
    within = b.zext(b.and_(shift, ir.Constant(_I64, 7)), word)
    return b.shl(b.lshr(loaded, within), ir.Constant(word, word.width - window_bits))


def _table(module: ir.Module) -> ir.GlobalVariable:
    name = "mlc.math.two_over_pi"
    table = module.globals.get(name)
    if table is None:
        content = bytearray(TWO_OVER_PI_BITS.to_bytes(_TABLE_BITS // 8, "little"))
        ty = ir.ArrayType(_I8, len(content))
        table = ir.GlobalVariable(module, ty, name)
        table.linkage = "internal"
        table.global_constant = True
        table.initializer = ir.Constant(ty, content)
    return table


def _times_half_pi(b: ir.IRBuilder, fraction: ir.Value) -> tuple[ir.Value, ir.Value]:
    """The signed i128 fraction, in units of 2^-126, times pi/2, as an unevaluated sum."""
    wide = fraction.type
    is_negative = b.icmp_signed("<", fraction, ir.Constant(wide, 0))
    magnitude = b.select(is_negative, b.neg(fraction), fraction)
    # 53 bits at most, so that this conversion is exact; the 75 bits below round once.
    top = b.trunc(b.lshr(magnitude, ir.Constant(wide, 75)), _I64)
    middle = b.trunc(b.lshr(magnitude, ir.Constant(wide, 12)), _I64)
    middle = b.and_(middle, ir.Constant(_I64, (1 << 63) - 1))
    head = b.fmul(b.sitofp(top, ir.DoubleType()), ir.Constant(ir.DoubleType(), math.ldexp(1.0, 75 - 126)))
    tail = b.fmul(b.sitofp(middle, ir.DoubleType()), ir.Constant(ir.DoubleType(), math.ldexp(1.0, 12 - 126)))
    # A fraction with leading zeros has part of its 53 bits in the tail.
    head, tail = quick_two_sum(b, head, tail)
    product, error = two_product(b, head, constant(head, _HALF_PI_HIGH))
    error = b.fadd(error, b.fmul(head, constant(head, _HALF_PI_LOW)))
    error = b.fadd(error, b.fmul(tail, constant(head, _HALF_PI_HIGH)))
    high, low = quick_two_sum(b, product, error)
    return b.select(is_negative, b.fneg(high), high), b.select(is_negative, b.fneg(low), low)
