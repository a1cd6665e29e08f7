"""Quotients of integers rounded down and up, right over the whole range of their dtype."""

from __future__ import annotations

from mlc.frontend.builder import Builder
from mlc.ir import Value
from mlc.ops import Add, And, Div, Equal, Less, Mod, Not, Sub, Xor


def floor_quotient(g: Builder, x: Value, y: Value) -> Value:
    """x / y rounded down. Not (x - remainder) / y, which wraps near the least integer."""
    quotient, is_inexact, has_other_sign = _truncated(g, x, y)
    if has_other_sign is None:
        return quotient
    return g(Sub(quotient, g.cast(g(And(is_inexact, has_other_sign)), x.tensor.dtype)))


def ceil_quotient(g: Builder, x: Value, y: Value) -> Value:
    """x / y rounded up."""
    quotient, is_inexact, has_other_sign = _truncated(g, x, y)
    is_short = is_inexact if has_other_sign is None else g(And(is_inexact, g(Not(has_other_sign))))
    return g(Add(quotient, g.cast(is_short, x.tensor.dtype)))


def _truncated(g: Builder, x: Value, y: Value) -> tuple[Value, Value, Value | None]:
    """The quotient rounded towards zero, whether it is not exact, and whether it is below 0 (None: it never is)."""
    zero = g.scalar(0, x.tensor.dtype)
    rest = g(Mod(x, y, sign_of="dividend"))
    is_inexact = g(Not(g(Equal(rest, zero))))
    if x.tensor.dtype.is_unsigned:
        return g(Div(x, y)), is_inexact, None
    # Asked of the rest, which has the sign of x where it is not 0; where it is 0 nobody asks.
    is_below = g(Less(rest, zero))
    has_other_sign = g(Xor(is_below, g(Less(y, zero))))
    return g(Div(x, y)), is_inexact, has_other_sign
