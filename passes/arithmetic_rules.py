"""Rules of canonicalize on numbers and booleans. Each keeps every bit, so floats get only what IEEE 754 grants."""

from __future__ import annotations

import math

import numpy as np

from mlc.ir import DType, Value
from mlc.ops import (
    Abs,
    Add,
    And,
    BitwiseAnd,
    BitwiseNot,
    BitwiseOr,
    BitwiseXor,
    Cast,
    Ceil,
    Constant,
    Div,
    Equal,
    Floor,
    Maximum,
    Minimum,
    Mul,
    Neg,
    Not,
    Or,
    Pow,
    Relu,
    Round,
    Sign,
    Sub,
    Where,
    Xor,
)
from mlc.passes.algebra import is_filled_with, splat
from mlc.rewrite import Miss, Rule


def put_constant_right(
    op: Add | Mul | Equal | And | Or | Xor | BitwiseAnd | BitwiseOr | BitwiseXor,
) -> Value | None:
    """f(constant, x) -> f(x, constant) for commutative f."""
    if not isinstance(op.x.op, Constant) or isinstance(op.y.op, Constant):
        return None
    return type(op)(op.y, op.x).result


def drop_neutral_operand(op: Add | Sub | Mul | Div | Pow) -> Value | Miss | None:
    """x + -0.0, x - 0.0, x * 1, x / 1, x to the power 1 -> x; x + 0 only of integers, since -0.0 + 0.0 is 0.0."""
    if op.y.op is None or not isinstance(op.y.op, Constant):
        return None
    neutral = {Add: 0.0, Sub: 0.0}.get(type(op), 1.0)
    is_float_sum = isinstance(op, Add) and not op.x.tensor.dtype.is_integer
    if is_float_sum and is_filled_with(op.y, 0.0):
        return Miss("x + 0.0 is 0.0, not -0.0, where x is -0.0", blocker=op.y)
    if not is_filled_with(op.y, -0.0 if is_float_sum else neutral):
        return None
    if op.x.type != op.result.type:
        return Miss("the constant broadcasts x to a larger shape", blocker=op.y)
    return op.x


def drop_neutral_bound(op: Maximum | Minimum) -> Value | None:
    """max(x, -inf) and min(x, inf) -> x: NaN stays what it is."""
    neutral = -math.inf if isinstance(op, Maximum) else math.inf
    for x, bound in ((op.x, op.y), (op.y, op.x)):
        if x.tensor.dtype.is_float and isinstance(bound.op, Constant) and is_filled_with(bound, neutral):
            return x if x.type == op.result.type else None
    return None


def multiply_by_power_of_two(op: Div) -> Value | None:
    """x / 2^k -> x * 2^-k, which rounds the same real number."""
    dtype = op.x.tensor.dtype
    single = splat(op.y)
    if dtype not in (DType.F32, DType.F64) or single is None:
        return None
    mantissa, exponent = math.frexp(float(single))
    # Both powers must be normal numbers: |k| <= 126 for f32, the narrower of the two.
    if abs(mantissa) != 0.5 or abs(exponent - 1) > 126 or exponent == 1:
        return None
    reciprocal = np.full(op.y.tensor.static_shape, 1.0 / float(single), dtype.numpy)
    return Mul(op.x, Constant(reciprocal).result).result


def drop_double_inverse(op: Neg | Not | BitwiseNot) -> Value | None:
    """f(f(x)) -> x for the functions that undo themselves."""
    inner = op.x.op
    return inner.x if isinstance(inner, Neg | Not | BitwiseNot) and type(inner) is type(op) else None


def drop_repetition(op: Relu | Abs | Floor | Ceil | Round | Sign) -> Value | None:
    """f(f(x)) -> f(x) for the functions that change nothing the second time."""
    return op.x if type(op.x.op) is type(op) else None


def drop_cast(op: Cast) -> Value | None:
    """cast(x) to the type of x -> x."""
    return op.x if op.x.type == op.result.type else None


def merge_casts(op: Cast) -> Value | Miss | None:
    """cast(cast(x)) -> cast(x), sound where the first cast holds every number of x exactly."""
    inner = op.x.op
    if not isinstance(inner, Cast):
        return None
    if not _holds(inner.dtype, inner.x.tensor.dtype):
        return Miss(f"{inner.dtype} does not hold every {inner.x.tensor.dtype}", blocker=inner.result)
    return op.clone({op.x: inner.x}).result


def _holds(wide: DType, narrow: DType) -> bool:
    """Whether each number of `narrow` is one of `wide`."""
    if wide is DType.BOOL or wide.is_complex or narrow.is_complex or DType.STRING in (wide, narrow):
        return False
    if narrow is DType.BOOL:
        return True
    if narrow.is_float:
        order = (DType.F16, DType.F32, DType.F64) if narrow is DType.F16 else (DType.BF16, DType.F32, DType.F64)
        return narrow in order and wide in order and order.index(wide) >= order.index(narrow)
    magnitude_bits = narrow.bits - (1 if narrow.is_signed else 0)
    if wide.is_float:
        return magnitude_bits <= {DType.F16: 11, DType.BF16: 8, DType.F32: 24, DType.F64: 53}.get(wide, 0)
    if narrow.is_signed and not wide.is_signed:
        return False
    return wide.bits - (1 if wide.is_signed else 0) >= magnitude_bits


def choose_branch(op: Where) -> Value | Miss | None:
    """where(true, x, y) -> x; where(c, x, x) -> x."""
    condition = splat(op.condition)
    if condition is None and op.x is not op.y:
        return None
    chosen = op.x if condition is None or bool(condition) else op.y
    if chosen.type != op.result.type:
        return Miss("the other operands broadcast it to a larger shape", blocker=chosen)
    return chosen


def drop_neutral_boolean(op: And | Or | Xor) -> Value | None:
    """x and true, x or false, x xor false -> x."""
    single = splat(op.y)
    if single is None or bool(single) is not isinstance(op, And) or op.x.type != op.result.type:
        return None
    return op.x


RULES: tuple[Rule, ...] = (
    put_constant_right,
    drop_neutral_operand,
    drop_neutral_bound,
    multiply_by_power_of_two,
    drop_double_inverse,
    drop_repetition,
    drop_cast,
    merge_casts,
    choose_branch,
    drop_neutral_boolean,
)
