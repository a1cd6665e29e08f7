"""Elements of mlc.ops.logic: comparisons, booleans, bits."""

from __future__ import annotations

from typing import Any

from mlc.codegen.builder import Builder
from mlc.codegen.registry import element
from mlc.ir import DType, Op
from mlc.ops import (
    And,
    Assert,
    BitwiseAnd,
    BitwiseNot,
    BitwiseOr,
    BitwiseXor,
    Equal,
    IsInf,
    IsNan,
    Less,
    LessOrEqual,
    Not,
    Or,
    Shift,
    Xor,
)

Element = Any  # ir.Value; llvmlite is untyped


def compare(k: Builder, dtype: DType, relation: str, x: Element, y: Element) -> Element:
    """x `relation` y; false where either is NaN, except for != ."""
    if dtype.is_float:
        return k.ir.fcmp_unordered("!=", x, y) if relation == "!=" else k.ir.fcmp_ordered(relation, x, y)
    return k.ir.icmp_signed(relation, x, y) if dtype.is_signed else k.ir.icmp_unsigned(relation, x, y)


@element(Equal)
def equal(k: Builder, op: Equal, x: Element, y: Element) -> Element:
    return compare(k, op.x.tensor.dtype, "==", x, y)


@element(Less)
def less(k: Builder, op: Less, x: Element, y: Element) -> Element:
    return compare(k, op.x.tensor.dtype, "<", x, y)


@element(LessOrEqual)
def less_or_equal(k: Builder, op: LessOrEqual, x: Element, y: Element) -> Element:
    return compare(k, op.x.tensor.dtype, "<=", x, y)


@element(And, BitwiseAnd)
def both(k: Builder, op: Op, x: Element, y: Element) -> Element:
    return k.ir.and_(x, y)


@element(Or, BitwiseOr)
def either(k: Builder, op: Op, x: Element, y: Element) -> Element:
    return k.ir.or_(x, y)


@element(Xor, BitwiseXor)
def exactly_one(k: Builder, op: Op, x: Element, y: Element) -> Element:
    return k.ir.xor(x, y)


@element(Not)
def negated(k: Builder, op: Not, x: Element) -> Element:
    return k.ir.xor(x, k.like(1, x))


@element(Assert)
def asserted(k: Builder, op: Assert, x: Element) -> Element:
    return x


@element(BitwiseNot)
def inverted(k: Builder, op: BitwiseNot, x: Element) -> Element:
    return k.ir.xor(x, k.like(-1, x))


@element(Shift)
def shift(k: Builder, op: Shift, x: Element, y: Element) -> Element:
    """A count outside [0, width) would be poison, so it is replaced and the result chosen afterwards."""
    dtype = op.x.tensor.dtype
    zero = k.like(0, x)
    # The width of the element in memory, as numpy shifts: a 4-bit integer lies in 8.
    is_out = k.ir.icmp_unsigned(">=", y, k.like(8 * dtype.itemsize, x))
    count = k.ir.select(is_out, zero, y)
    if op.direction == "left":
        return k.ir.select(is_out, zero, k.ir.shl(x, count))
    if not dtype.is_signed:
        return k.ir.select(is_out, zero, k.ir.lshr(x, count))
    filled = k.ir.ashr(x, k.like(8 * dtype.itemsize - 1, x))
    return k.ir.select(is_out, filled, k.ir.ashr(x, count))


@element(IsNan)
def is_nan(k: Builder, op: IsNan, x: Element) -> Element:
    return k.ir.fcmp_unordered("uno", x, x)


@element(IsInf)
def is_inf(k: Builder, op: IsInf, x: Element) -> Element:
    infinity = float("inf")
    found = k.like(0, k.ir.fcmp_ordered("==", x, x))
    if op.is_positive:
        found = k.ir.fcmp_ordered("==", x, k.like(infinity, x))
    if op.is_negative:
        found = k.ir.or_(found, k.ir.fcmp_ordered("==", x, k.like(-infinity, x)))
    return found
