"""Elements of mlc.ops.cast: conversions between dtypes."""

from __future__ import annotations

from typing import Any

import ml_dtypes
from llvmlite import ir

from mlc.codegen import registers
from mlc.codegen.builder import I8, Builder
from mlc.codegen.elements.arithmetic import larger, smaller
from mlc.codegen.registry import element
from mlc.ir import DType
from mlc.ops import Bitcast, Cast

Element = Any  # ir.Value; llvmlite is untyped

_SATURATING = (DType.F8E4M3FN, DType.F8E4M3FNUZ, DType.F8E5M2, DType.F8E5M2FNUZ)


@element(Cast)
def cast(k: Builder, op: Cast, x: Element) -> Element:
    source, target = op.x.tensor.dtype, op.dtype
    if target is DType.F8E8M0:
        return power_of_two(k, op, x)
    if target in _SATURATING and op.saturates and source is not target:
        number = registers.converted(k, x, source, DType.F64)
        largest = k.like(float(ml_dtypes.finfo(target.numpy).max), number)
        number = smaller(k, DType.F64, larger(k, DType.F64, number, k.ir.fneg(largest)), largest)
        return registers.converted(k, number, DType.F64, target)
    return registers.converted(k, x, source, target)


def power_of_two(k: Builder, op: Cast, x: Element) -> Element:
    """|x| as a power of two, rounded as the op says: read off the exponent of x in f64."""
    return k.by_lane(lambda lane: _power_of_two(k, op, lane), registers.converted(k, x, op.x.tensor.dtype, DType.F64))


def _power_of_two(k: Builder, op: Cast, x: Element) -> Element:
    b = k.ir
    i64 = ir.IntType(64)
    bits = b.and_(b.bitcast(x, i64), ir.Constant(i64, (1 << 63) - 1))
    exponent = b.sub(b.lshr(bits, ir.Constant(i64, 52)), ir.Constant(i64, 1023))
    fraction = b.and_(bits, ir.Constant(i64, (1 << 52) - 1))
    threshold = {"up": 1, "nearest": 1 << 51, "down": 1 << 52}[op.rounding]
    power = b.add(exponent, b.zext(b.icmp_unsigned(">=", fraction, ir.Constant(i64, threshold)), i64))
    is_zero = b.icmp_unsigned("==", bits, ir.Constant(i64, 0))
    power = b.select(is_zero, ir.Constant(i64, -128), power)
    power = b.select(b.icmp_unsigned("==", bits, ir.Constant(i64, 0x7FF << 52)), ir.Constant(i64, 128), power)
    if op.saturates:
        power = k.minimum(k.maximum(power, -127), 127)
    is_inside = b.and_(b.icmp_signed(">=", power, ir.Constant(i64, -127)), b.icmp_signed("<=", power, ir.Constant(i64, 127)))
    code = b.select(is_inside, b.add(power, ir.Constant(i64, 127)), ir.Constant(i64, 255))
    code = b.select(b.fcmp_unordered("uno", x, x), ir.Constant(i64, 255), code)
    return registers.decoded(k, DType.F8E8M0, b.trunc(code, I8))


@element(Bitcast)
def bitcast(k: Builder, op: Bitcast, x: Element) -> Element:
    source, target = op.x.tensor.dtype, op.dtype
    memory = registers.encoded(k, source, x)
    wanted = registers.memory_type(target)
    if isinstance(memory.type, ir.VectorType):
        wanted = ir.VectorType(wanted, memory.type.count)
    return registers.decoded(k, target, k.ir.bitcast(memory, wanted))


