"""Integer keys in the order of the elements: equal elements have equal keys, NaN the largest of all."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from mlc.codegen.builder import F64, I32, I64, Builder, scalar_type, with_lanes
from mlc.ir import DType

Element = Any  # ir.Value; llvmlite is untyped


def key_dtype(dtype: DType) -> DType:
    """The signed integer that keys of this dtype are."""
    if dtype.is_float:
        return DType.I64 if dtype is DType.F64 else DType.I32
    return {1: DType.I8, 2: DType.I16, 4: DType.I32, 8: DType.I64}[dtype.itemsize]


def rising(k: Builder, dtype: DType, x: Element) -> Element:
    """The key of x: larger for larger elements, signed."""
    if dtype.is_float:
        return _float_key(k, x, is_falling=False)
    return _integer_key(k, dtype, x)


def falling(k: Builder, dtype: DType, x: Element) -> Element:
    """A key that is larger for smaller elements; still largest for NaN."""
    if dtype.is_float:
        return _float_key(k, x, is_falling=True)
    return k.ir.not_(_integer_key(k, dtype, x))


def _integer_key(k: Builder, dtype: DType, x: Element) -> Element:
    if dtype is DType.BOOL:
        return k.ir.zext(x, with_lanes(x.type, ir.IntType(8)))
    if dtype.is_signed:
        return x
    lowest = -1 << (scalar_type(x.type).width - 1)
    return k.ir.xor(x, k.like(lowest, x))


def _float_key(k: Builder, x: Element, *, is_falling: bool) -> Element:
    """The bits as a signed integer, those behind the sign flipped for negative numbers; -0 becomes 0 before."""
    kind = I64 if scalar_type(x.type) == F64 else I32
    bits = k.ir.bitcast(k.ir.fadd(x, k.like(0.0, x)), with_lanes(x.type, kind))
    largest = k.like((1 << (kind.width - 1)) - 1, bits)
    flips = k.ir.and_(k.ir.ashr(bits, k.like(kind.width - 1, bits)), largest)
    key = k.ir.xor(bits, flips)
    if is_falling:
        key = k.ir.not_(key)
    return k.ir.select(k.ir.fcmp_unordered("uno", x, x), largest, key)
