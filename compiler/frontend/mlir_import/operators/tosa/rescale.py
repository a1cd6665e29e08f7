"""TOSA's changes of number format: cast, rescale, table. TOSA 1.0, sections 2.3, 2.11 and 5.1."""

from __future__ import annotations

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.operators.bits import SIGNED, UNSIGNED
from mlc.frontend.mlir_import.operators.numbers import integer_range, rounded_to_integers, zero_point
from mlc.frontend.mlir_import.registry import mlir_op
from mlc.ir import Array, DType, Value
from mlc.ops import Add, Bitcast, BitwiseAnd, Cast, Clip, Gather, Less, Mul, Shift, Sub, Where


@mlir_op("tosa.cast")
def cast(g: Graph, input: Value) -> Value:
    """x as another dtype: floats are rounded to the nearest integer, the even one of two, and cut to its range."""
    if input.tensor.dtype.is_float and g.dtype.is_integer:
        return rounded_to_integers(g, input, g.dtype)
    return g.cast(input, g.dtype)


@mlir_op("tosa.rescale")
def rescale(
    g: Graph,
    input: Value,
    multiplier: Value,
    shift: Value,
    input_zp: Array,
    output_zp: Array,
    *,
    scale32: bool,
    rounding_mode: str,
    per_channel: bool,
    input_unsigned: bool = False,
    output_unsigned: bool = False,
) -> Value:
    """(x - zero point) * multiplier / 2^shift, rounded, plus the output's zero point, cut to the output's range.

    Multiplier and shift are numbers, or with per_channel vectors along the last dim.
    """
    if rounding_mode == "DOUBLE_ROUND" and not scale32:
        raise g.error("rounding_mode DOUBLE_ROUND needs scale32")
    if not per_channel:
        multiplier, shift = (g.reshape(v, ()) for v in (multiplier, shift))
    x = _read(g, input, input_unsigned)
    start = _unsigned_point(g, input_zp, input_unsigned)
    x = g(Sub(x, g.scalar(start, DType.I64))) if start else x
    result = scaled(g, x, multiplier, shift, is_double=rounding_mode == "DOUBLE_ROUND")
    end = _unsigned_point(g, output_zp, output_unsigned)
    result = g(Add(result, g.scalar(end, DType.I64))) if end else result
    dtype = UNSIGNED.get(g.dtype, g.dtype) if output_unsigned else g.dtype
    low, high = integer_range(dtype)
    kept = g.cast(g(Clip(result, g.scalar(low, DType.I64), g.scalar(high, DType.I64))), dtype)
    return kept if dtype is g.dtype else g(Bitcast(kept, g.dtype))


def _read(g: Graph, x: Value, is_unsigned: bool) -> Value:
    """x in i64, its bits read as a number without sign where asked for."""
    dtype = x.tensor.dtype
    if is_unsigned and dtype in UNSIGNED:
        x = g(Bitcast(x, UNSIGNED[dtype]))
    elif not is_unsigned and dtype in SIGNED:
        x = g(Bitcast(x, SIGNED[dtype]))
    return g.cast(x, DType.I64)


def _unsigned_point(g: Graph, point: Array, is_unsigned: bool) -> int:
    number = zero_point(g, point)
    return number % (1 << 8 * point.itemsize) if is_unsigned else number


def scaled(g: Graph, x: Value, multiplier: Value, shift: Value, *, is_double: bool) -> Value:
    """x * multiplier / 2^shift in i64, halves rounded up; with `is_double` first at bit 31 away from zero, then so.

    TOSA 1.0, apply_scale_32 and apply_scale_16 in section 5.1.
    """
    wide, places = g.cast(x, DType.I64), g.cast(shift, DType.I64)
    one = g.scalar(1, DType.I64)
    product = g(Mul(wide, g.cast(multiplier, DType.I64)))
    half = g(Shift(one, g(Sub(places, one)), "left"))
    if is_double:
        more = g.scalar(1 << 30, DType.I64)
        is_negative = g(Less(wide, g.scalar(0, DType.I64)))
        twice = g(Where(is_negative, g(Sub(half, more)), g(Add(half, more))))
        half = g(Where(g(Less(g.scalar(31, DType.I64), places)), twice, half))
    return g(Shift(g(Add(product, half)), places, "right"))


@mlir_op("tosa.apply_scale")
def apply_scale(g: Graph, value: Value, multiplier: Value, shift: Value, *, rounding_mode: str) -> Value:
    """value * multiplier / 2^shift, rounded."""
    return g.cast(scaled(g, value, multiplier, shift, is_double=rounding_mode == "DOUBLE_ROUND"), g.dtype)


@mlir_op("tosa.table")
def table(g: Graph, input1: Value, table: Value) -> Value:
    """table[x + 128] of an i8 x; of an i16 x what lies between two of 513 entries, in 7 more bits."""
    if input1.tensor.dtype is DType.I8:
        place = g(Add(g.cast(input1, DType.I32), g.scalar(128, DType.I32)))
        return g(Gather(table, place, 0))
    x = g(Add(g.cast(input1, DType.I32), g.scalar(1 << 15, DType.I32)))
    place = g(Shift(x, g.scalar(7, DType.I32), "right"))
    fraction = g(BitwiseAnd(x, g.scalar(0x7F, DType.I32)))
    entries = g(Cast(table, DType.I32))
    here = g(Gather(entries, place, 0))
    there = g(Gather(entries, g(Add(place, g.scalar(1, DType.I32))), 0))
    slope = g(Sub(there, here))
    return g(Add(g(Shift(here, g.scalar(7, DType.I32), "left")), g(Mul(slope, fraction))))
