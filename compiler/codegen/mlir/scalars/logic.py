"""Comparisons, booleans, bits."""

from __future__ import annotations

from mlc.codegen.mlir.elements import Scalar
from mlc.codegen.mlir.registry import scalar
from mlc.codegen.mlir.scalars.arithmetic import is_unsigned
from mlc.codegen.mlir.text import Body
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


@scalar(Equal)
def equal(b: Body, op: Equal, x: Scalar, y: Scalar) -> Scalar:
    return b.compare("oeq" if x.is_float else "eq", x, y)


@scalar(Less)
def less(b: Body, op: Less, x: Scalar, y: Scalar) -> Scalar:
    return b.compare("olt" if x.is_float else "ult" if is_unsigned(op.x) else "slt", x, y)


@scalar(LessOrEqual)
def less_or_equal(b: Body, op: LessOrEqual, x: Scalar, y: Scalar) -> Scalar:
    return b.compare("ole" if x.is_float else "ule" if is_unsigned(op.x) else "sle", x, y)


@scalar(And, BitwiseAnd)
def and_(b: Body, op: And | BitwiseAnd, x: Scalar, y: Scalar) -> Scalar:
    return b.binary("arith.andi", x, y)


@scalar(Or, BitwiseOr)
def or_(b: Body, op: Or | BitwiseOr, x: Scalar, y: Scalar) -> Scalar:
    return b.binary("arith.ori", x, y)


@scalar(Xor, BitwiseXor)
def xor(b: Body, op: Xor | BitwiseXor, x: Scalar, y: Scalar) -> Scalar:
    return b.binary("arith.xori", x, y)


@scalar(Assert, attributes="message")
def assert_(b: Body, op: Assert, x: Scalar) -> Scalar:
    return x


@scalar(Not, BitwiseNot)
def not_(b: Body, op: Not | BitwiseNot, x: Scalar) -> Scalar:
    return b.binary("arith.xori", x, b.like(1 if x.type == "i1" else -1, x))


@scalar(Shift, attributes="direction")
def shift(b: Body, op: Shift, x: Scalar, y: Scalar) -> Scalar:
    """Places outside of the width shift everything out: all that is left is the sign of a right shift."""
    dtype = op.x.tensor.dtype
    width, zero = b.like(8 * dtype.itemsize, y), b.like(0, x)
    is_in = b.compare("ult", y, width)
    places = b.select(is_in, y, zero)
    kind = "shli" if op.direction == "left" else "shrsi" if dtype.is_signed else "shrui"
    moved = b.binary(f"arith.{kind}", x, places)
    out = zero
    if op.direction == "right" and dtype.is_signed:
        out = b.binary("arith.shrsi", x, b.like(8 * dtype.itemsize - 1, x))
    return b.select(is_in, moved, out)


@scalar(IsNan)
def is_nan(b: Body, op: IsNan, x: Scalar) -> Scalar:
    return b.compare("uno", x, x)


@scalar(IsInf, attributes="is_positive is_negative")
def is_inf(b: Body, op: IsInf, x: Scalar) -> Scalar:
    found = b.number(0, "i1")
    if op.is_positive:
        found = b.binary("arith.ori", found, b.compare("oeq", x, b.like(float("inf"), x)))
    if op.is_negative:
        found = b.binary("arith.ori", found, b.compare("oeq", x, b.like(float("-inf"), x)))
    return found
