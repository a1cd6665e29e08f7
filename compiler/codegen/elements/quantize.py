"""Elements of mlc.ops.quantize, by index: a scale is shared by elements of one channel or block."""

from __future__ import annotations

from typing import Any

import ml_dtypes
from llvmlite import ir

from mlc.codegen import math, registers
from mlc.codegen.builder import I32, I64, Builder, Index, scalar_type, with_lanes
from mlc.codegen.kernel import Values
from mlc.codegen.registers import accumulator
from mlc.codegen.registry import NoKernel, indexed
from mlc.ir import DType, Value
from mlc.ops import DequantizeLinear, QuantizeLinear
from mlc.ops.quantize import integer_range

Element = Any  # ir.Value; llvmlite is untyped
At = tuple[Index, ...]


@indexed(QuantizeLinear)
def quantize_linear(values: Values, op: QuantizeLinear, index: At) -> Element:
    """x / scale in the precision's digits, rounded and moved by the zero point, cut to the range."""
    k = values.k
    x, scale = op.x.tensor.dtype, op.scale.tensor.dtype
    dtype = op.precision or (scale if scale.is_float else x)
    if not dtype.is_float:
        raise NoKernel(f"the quotient is taken in {dtype}")
    wide = accumulator(dtype)
    divisor = values.at(op.scale, scale_index(values, op, op.scale, index))
    numerator = registers.converted(k, values.at(op.x, index), x, dtype)
    quotient = k.ir.fdiv(*k.unified(numerator, registers.converted(k, divisor, scale, dtype)))
    quotient = registers.converted(k, quotient, wide, dtype)
    zero = None if op.zero_point is None else values.at(op.zero_point, scale_index(values, op, op.zero_point, index))
    if op.dtype.is_float:
        return _to_float(k, op, quotient, wide, zero)
    return _to_integer(k, op, quotient, zero)


def _to_float(k: Builder, op: QuantizeLinear, quotient: Element, wide: DType, zero: Element | None) -> Element:
    if zero is not None and op.zero_point is not None:
        moved = registers.converted(k, zero, op.zero_point.tensor.dtype, wide)
        quotient = k.ir.fadd(*k.unified(quotient, moved))
    if op.saturates:
        limits: Any = ml_dtypes.finfo  # untyped
        largest = float(limits(op.dtype.numpy).max)
        low, high = k.like(-largest, quotient), k.like(largest, quotient)
        quotient = k.ir.select(k.ir.fcmp_ordered("<", quotient, low), low, quotient)
        quotient = k.ir.select(k.ir.fcmp_ordered(">", quotient, high), high, quotient)
    return registers.converted(k, quotient, wide, op.dtype)


def _to_integer(k: Builder, op: QuantizeLinear, quotient: Element, zero: Element | None) -> Element:
    # Cut before the zero point is added, so that no sum overflows: zero points are below 2^17 where bits <= 16.
    kind, limit = (I32, 2.0**24) if op.dtype.bits <= 16 else (I64, 2.0**40)
    low, high = integer_range(op.dtype)
    whole = math.round_even(k.ir, quotient)
    is_number = k.ir.fcmp_ordered("ord", whole, whole)
    whole = k.ir.select(is_number, whole, k.like(0.0, whole))
    for relation, bound in (("<", -limit), (">", limit)):
        edge = k.like(bound, whole)
        whole = k.ir.select(k.ir.fcmp_ordered(relation, whole, edge), edge, whole)
    number = k.ir.fptosi(whole, with_lanes(whole.type, kind))
    if zero is not None and op.zero_point is not None:
        number = k.ir.add(*k.unified(number, _resized(k, zero, op.zero_point.tensor.dtype, kind)))
    for relation, bound in (("<", low), (">", high)):
        edge = k.like(bound, number)
        number = k.ir.select(k.ir.icmp_signed(relation, number, edge), edge, number)
    wanted = with_lanes(number.type, registers.register_type(op.dtype))
    return number if number.type == wanted else k.ir.trunc(number, wanted)


def _resized(k: Builder, x: Element, dtype: DType, kind: ir.Type) -> Element:
    wanted = with_lanes(x.type, kind)
    if dtype.is_float:
        return k.ir.fptosi(x, wanted)
    have = scalar_type(x.type).width
    if have == kind.width:
        return x
    if have > kind.width:
        return k.ir.trunc(x, wanted)
    return k.ir.sext(x, wanted) if dtype.is_signed else k.ir.zext(x, wanted)


@indexed(DequantizeLinear)
def dequantize_linear(values: Values, op: DequantizeLinear, index: At) -> Element:
    """(x - zero point) * scale; the difference is exact, of 32-bit integers in f64."""
    k = values.k
    source, scale = op.x.tensor.dtype, op.scale.tensor.dtype
    exact = DType.F64 if source is DType.I32 else DType.F32
    x = registers.converted(k, values.at(op.x, index), source, exact)
    if op.zero_point is not None:
        zero = values.at(op.zero_point, scale_index(values, op, op.zero_point, index))
        x = k.ir.fsub(*k.unified(x, registers.converted(k, zero, op.zero_point.tensor.dtype, exact)))
    wide = accumulator(scale)
    factor = values.at(op.scale, scale_index(values, op, op.scale, index))
    y = k.ir.fmul(*k.unified(registers.converted(k, x, exact, wide), factor))
    return registers.converted(k, y, wide, op.dtype)


def scale_index(values: Values, op: QuantizeLinear | DequantizeLinear, scale: Value, index: At) -> At:
    """Where the scale or zero point of the element at `index` is."""
    k = values.k
    dims, full = scale.tensor.dims, op.x.tensor.dims
    if not dims:
        return ()
    if dims == (1,) and not op.block:
        return (0,)
    axis = op.axis % len(full)
    if op.block:
        return tuple(k.floordiv(i, op.block) if place == axis else i for place, i in enumerate(index))
    if len(dims) == 1:
        return (k.values.broadcast_index(dims[0], full[axis], index[axis]),)
    return values.broadcast(scale, op.x, index)
