"""fmod and the floored remainder: exact for all finite arguments.

Quotients below 2^52 take one division. Larger ones go lane by lane through long division of the integer mantissas,
11 bits at a time, at most 187 steps.
"""

from __future__ import annotations

import math

from llvmlite import ir

from mlc.codegen.math.double_double import two_product
from mlc.codegen.math.lanes import F64, absolute, any_lane, constant, intrinsic, lane_count, outlined_in_f64

_I64, _F64 = ir.IntType(64), ir.DoubleType()


def fmod(b: ir.IRBuilder, x: ir.Value, y: ir.Value) -> ir.Value:
    """x - y trunc(x / y), exact, with the sign of x (ONNX Mod with fmod=1); NaN for y = 0 and for infinite x."""
    return _fmod(b, x, y)


def floor_mod(b: ir.IRBuilder, x: ir.Value, y: ir.Value) -> ir.Value:
    """x - y floor(x / y), with the sign of y: fmod, plus y where the signs differ."""
    remainder = fmod(b, x, y)
    zero = constant(x, 0.0)
    differs = b.xor(b.fcmp_ordered("<", remainder, zero), b.fcmp_ordered("<", y, zero))
    corrects = b.and_(differs, b.fcmp_ordered("!=", remainder, zero))
    return b.select(corrects, b.fadd(remainder, y), remainder)


def _emit_fmod(b: ir.IRBuilder, x: ir.Value, y: ir.Value) -> ir.Value:
    ax, ay = absolute(b, x), absolute(b, y)
    quotient = intrinsic(b, "trunc", x.type, [b.fdiv(ax, ay)])
    # A quotient rounded up past an integer gives a negative rest; it and the sum are exact.
    product, error = two_product(b, quotient, ay)
    rest = b.fsub(b.fsub(ax, product), error)
    rest = b.select(b.fcmp_ordered("<", rest, constant(x, 0.0)), b.fadd(rest, ay), rest)
    is_small = b.fcmp_ordered("<", ax, ay)
    # Within these limits no partial product of two_product over- or underflows.
    is_plain = b.fcmp_ordered("<=", quotient, constant(x, 2.0**52))
    is_plain = b.and_(is_plain, b.fcmp_ordered("<", ax, constant(x, 2.0**990)))
    is_plain = b.and_(is_plain, b.fcmp_ordered(">", ay, constant(x, 2.0**-900)))
    is_defined = b.and_(b.fcmp_ordered("<", ax, constant(x, math.inf)), b.fcmp_ordered(">", ay, constant(x, 0.0)))
    is_long = b.and_(is_defined, b.not_(b.or_(is_small, is_plain)))
    rest = b.select(b.and_(is_small, is_defined), ax, rest)
    is_invalid = b.or_(b.fcmp_ordered("==", ax, constant(x, math.inf)), b.fcmp_ordered("==", ay, constant(x, 0.0)))
    rest = b.select(is_invalid, constant(x, math.nan), rest)
    return intrinsic(b, "copysign", x.type, [_with_long_divisions(b, is_long, rest, ax, ay), x])


def _with_long_divisions(b: ir.IRBuilder, is_long: ir.Value, rest: ir.Value, ax: ir.Value, ay: ir.Value) -> ir.Value:
    """rest, with the lanes in which is_long holds replaced by long division."""
    start = b.block
    slow, done = b.append_basic_block("long"), b.append_basic_block("divided")
    b.cbranch(any_lane(b, is_long), slow, done)
    b.position_at_end(slow)
    count = lane_count(ax.type)
    function = b.module.globals.get(_LONG_DIVISION) or _define_long_division(b.module)
    if count is None:
        divided = b.call(function, [ax, ay])
    else:
        divided = rest
        for lane in range(count):
            index = ir.Constant(ir.IntType(32), lane)
            value = b.call(function, [b.extract_element(ax, index), b.extract_element(ay, index)])
            divided = b.insert_element(divided, value, index)
        divided = b.select(is_long, divided, rest)
    b.branch(done)
    b.position_at_end(done)
    result = b.phi(rest.type)
    result.add_incoming(rest, start)
    result.add_incoming(divided, slow)
    return result


_LONG_DIVISION = "mlc.math.long_division"


def _define_long_division(module: ir.Module) -> ir.Function:
    """x mod y for finite f64 x >= y > 0; for anything else a number that means nothing."""
    function = ir.Function(module, ir.FunctionType(_F64, [_F64, _F64]), _LONG_DIVISION)
    function.linkage = "internal"
    function.attributes.add("noinline")
    function.attributes.add("nounwind")
    b = ir.IRBuilder(function.append_basic_block("entry"))
    x_mantissa, x_exponent = _integer_and_exponent(b, function.args[0])
    y_mantissa, y_exponent = _integer_and_exponent(b, function.args[1])
    zero, step = ir.Constant(_I64, 0), ir.Constant(_I64, 11)
    divisor = b.select(b.icmp_unsigned("==", y_mantissa, zero), ir.Constant(_I64, 1), y_mantissa)
    first = b.urem(x_mantissa, divisor)
    distance = b.sub(x_exponent, y_exponent)
    entry = b.block
    head, body, done = (function.append_basic_block(name) for name in ("head", "body", "done"))
    b.branch(head)
    b.position_at_end(head)
    rest, left = b.phi(_I64), b.phi(_I64)
    b.cbranch(b.icmp_signed(">", left, zero), body, done)
    b.position_at_end(body)
    # rest < 2^53, so 11 more bits fit
    shift = b.select(b.icmp_signed("<", left, step), left, step)
    following = b.urem(b.shl(rest, shift), divisor)
    for phi, initial, updated in ((rest, first, following), (left, distance, b.sub(left, shift))):
        phi.add_incoming(initial, entry)
        phi.add_incoming(updated, body)
    b.branch(head)
    b.position_at_end(done)
    b.ret(_scaled(b, rest, y_exponent))
    return function


def _integer_and_exponent(b: ir.IRBuilder, x: ir.Value) -> tuple[ir.Value, ir.Value]:
    """m and e with x = m 2^(e - 1075) for finite x >= 0; e is at least 1."""
    pattern = b.bitcast(x, _I64)
    field = b.lshr(pattern, ir.Constant(_I64, F64.mantissa_bits))
    fraction = b.and_(pattern, ir.Constant(_I64, F64.mantissa_mask))
    is_subnormal = b.icmp_unsigned("==", field, ir.Constant(_I64, 0))
    hidden = b.or_(fraction, ir.Constant(_I64, 1 << F64.mantissa_bits))
    return b.select(is_subnormal, fraction, hidden), b.select(is_subnormal, ir.Constant(_I64, 1), field)


def _scaled(b: ir.IRBuilder, integer: ir.Value, exponent: ir.Value) -> ir.Value:
    """integer * 2^(exponent - 1075), exact, by 2^-1074 and two powers of half the size."""
    one, bias = ir.Constant(_I64, 1), ir.Constant(_I64, F64.bias)
    power = b.sub(exponent, one)
    half = b.lshr(power, one)
    result = b.fmul(b.uitofp(integer, _F64), ir.Constant(_F64, 2.0**-1074))
    for part in (half, b.sub(power, half)):
        factor = b.shl(b.add(part, bias), ir.Constant(_I64, F64.mantissa_bits))
        result = b.fmul(result, b.bitcast(factor, _F64))
    return result


_fmod = outlined_in_f64("fmod", _emit_fmod)
