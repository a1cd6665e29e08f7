"""arith on integers: wrapping, the unsigned ops on the bits of signless integers, sizes as expressions over dims."""

from __future__ import annotations

from collections.abc import Callable

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.registry import mlir_op
from mlc.frontend.mlir_import.signs import signless, unsigned
from mlc.frontend.quotients import ceil_quotient, floor_quotient
from mlc.ir import Dim, DType, Op, Value
from mlc.ir.dims import floordiv, lower_bound, maximum, minimum, mod
from mlc.ops import (
    Add,
    And,
    BitwiseAnd,
    BitwiseOr,
    BitwiseXor,
    Div,
    Maximum,
    Minimum,
    Mod,
    Mul,
    Or,
    Shift,
    Sub,
    Xor,
)

FLAGS = ("overflowFlags", "fastmath")  # promises about the operands, which change no result that is defined
_WIDE = (DType.I64, DType.I32)  # what sizes are computed in

OnDims = Callable[[Dim, Dim], Dim | None]


def on_dims(g: Graph, function: OnDims, x: Value | Dim, y: Value | Dim) -> Dim | None:
    """The function of two sizes as a size, or None where they are not sizes or it has no such result."""
    if isinstance(x, Value) or isinstance(y, Value) or g.dtype not in _WIDE:
        return None
    made = function(x, y)
    limit = 1 << (g.dtype.bits - 1)
    return made if not isinstance(made, int) or -limit <= made < limit else None


def both(g: Graph, x: Value | Dim, y: Value | Dim) -> tuple[Value, Value]:
    """The operands as tensors of the result's dtype."""
    return g.value(x, g.dtype), g.value(y, g.dtype)


def _are_counts(x: Dim, y: Dim) -> bool:
    """Whether x >= 0 and y > 0: then signed and unsigned quotients, rounded down or towards 0, agree."""
    low, divisor = lower_bound(x), lower_bound(y)
    return low is not None and low >= 0 and divisor is not None and divisor > 0


@mlir_op("arith.addi", ignores=FLAGS)
def addi(g: Graph, lhs: Value | Dim, rhs: Value | Dim) -> Value | Dim:
    """lhs + rhs, wrapping."""
    if (size := on_dims(g, lambda x, y: x + y, lhs, rhs)) is not None:
        return size
    x, y = both(g, lhs, rhs)
    return g(Xor(x, y) if g.dtype is DType.BOOL else Add(x, y))


@mlir_op("arith.subi", ignores=FLAGS)
def subi(g: Graph, lhs: Value | Dim, rhs: Value | Dim) -> Value | Dim:
    """lhs - rhs, wrapping."""
    if (size := on_dims(g, lambda x, y: x - y, lhs, rhs)) is not None:
        return size
    x, y = both(g, lhs, rhs)
    return g(Xor(x, y) if g.dtype is DType.BOOL else Sub(x, y))


@mlir_op("arith.muli", ignores=FLAGS)
def muli(g: Graph, lhs: Value | Dim, rhs: Value | Dim) -> Value | Dim:
    """lhs * rhs, wrapping."""
    if (size := on_dims(g, lambda x, y: x * y, lhs, rhs)) is not None:
        return size
    x, y = both(g, lhs, rhs)
    return g(And(x, y) if g.dtype is DType.BOOL else Mul(x, y))


@mlir_op("arith.divsi", ignores=("isExact",))
def divsi(g: Graph, lhs: Value | Dim, rhs: Value | Dim) -> Value | Dim:
    """The quotient rounded towards zero."""
    size = on_dims(g, lambda x, y: floordiv(x, y) if _are_counts(x, y) else None, lhs, rhs)
    return size if size is not None else g(Div(*both(g, lhs, rhs)))


@mlir_op("arith.floordivsi", ignores=("isExact",))
def floordivsi(g: Graph, lhs: Value | Dim, rhs: Value | Dim) -> Value | Dim:
    """The quotient rounded down."""
    size = on_dims(g, lambda x, y: floordiv(x, y) if (lower_bound(y) or 0) > 0 else None, lhs, rhs)
    return size if size is not None else floor_quotient(g, *both(g, lhs, rhs))


@mlir_op("arith.ceildivsi", ignores=("isExact",))
def ceildivsi(g: Graph, lhs: Value | Dim, rhs: Value | Dim) -> Value | Dim:
    """The quotient rounded up."""
    size = on_dims(g, lambda x, y: -1 * floordiv(-1 * x, y) if (lower_bound(y) or 0) > 0 else None, lhs, rhs)
    return size if size is not None else ceil_quotient(g, *both(g, lhs, rhs))


@mlir_op("arith.remsi")
def remsi(g: Graph, lhs: Value | Dim, rhs: Value | Dim) -> Value | Dim:
    """The remainder with the sign of lhs."""
    size = on_dims(g, lambda x, y: mod(x, y) if _are_counts(x, y) else None, lhs, rhs)
    return size if size is not None else g(Mod(*both(g, lhs, rhs), sign_of="dividend"))


@mlir_op("arith.divui", ignores=("isExact",))
def divui(g: Graph, lhs: Value | Dim, rhs: Value | Dim) -> Value | Dim:
    """The quotient of the bits as unsigned numbers."""
    size = on_dims(g, lambda x, y: floordiv(x, y) if _are_counts(x, y) else None, lhs, rhs)
    return size if size is not None else _as_unsigned(g, Div, lhs, rhs)


@mlir_op("arith.ceildivui", ignores=("isExact",))
def ceildivui(g: Graph, lhs: Value | Dim, rhs: Value | Dim) -> Value | Dim:
    """The quotient of the bits as unsigned numbers, rounded up."""
    size = on_dims(g, lambda x, y: -1 * floordiv(-1 * x, y) if _are_counts(x, y) else None, lhs, rhs)
    if size is not None:
        return size
    x, y = (unsigned(g, v) for v in both(g, lhs, rhs))
    return signless(g, ceil_quotient(g, x, y))


@mlir_op("arith.remui")
def remui(g: Graph, lhs: Value | Dim, rhs: Value | Dim) -> Value | Dim:
    """The remainder of the bits as unsigned numbers."""
    size = on_dims(g, lambda x, y: mod(x, y) if _are_counts(x, y) else None, lhs, rhs)
    return size if size is not None else _as_unsigned(g, Mod, lhs, rhs)


@mlir_op("arith.maxsi")
def maxsi(g: Graph, lhs: Value | Dim, rhs: Value | Dim) -> Value | Dim:
    """The larger; of booleans, whose true is -1, whether both hold."""
    size = on_dims(g, maximum, lhs, rhs)
    return size if size is not None else _chosen(g, lhs, rhs, Maximum, And)


@mlir_op("arith.minsi")
def minsi(g: Graph, lhs: Value | Dim, rhs: Value | Dim) -> Value | Dim:
    """The smaller; of booleans, whose true is -1, whether one holds."""
    size = on_dims(g, minimum, lhs, rhs)
    return size if size is not None else _chosen(g, lhs, rhs, Minimum, Or)


def _chosen(g: Graph, lhs: Value | Dim, rhs: Value | Dim, kind: type[Op], of_booleans: type[Op]) -> Value:
    x, y = both(g, lhs, rhs)
    return g((of_booleans if g.dtype is DType.BOOL else kind)(x, y))


@mlir_op("arith.maxui")
def maxui(g: Graph, lhs: Value | Dim, rhs: Value | Dim) -> Value | Dim:
    """The larger of the bits as unsigned numbers."""
    return g(Or(*both(g, lhs, rhs))) if g.dtype is DType.BOOL else _as_unsigned(g, Maximum, lhs, rhs)


@mlir_op("arith.minui")
def minui(g: Graph, lhs: Value | Dim, rhs: Value | Dim) -> Value | Dim:
    """The smaller of the bits as unsigned numbers."""
    return g(And(*both(g, lhs, rhs))) if g.dtype is DType.BOOL else _as_unsigned(g, Minimum, lhs, rhs)


def _as_unsigned(g: Graph, kind: type[Op], lhs: Value | Dim, rhs: Value | Dim) -> Value:
    x, y = both(g, lhs, rhs)
    return signless(g, g(kind(unsigned(g, x), unsigned(g, y))))


@mlir_op("arith.andi")
def andi(g: Graph, lhs: Value | Dim, rhs: Value | Dim) -> Value | Dim:
    """The bits set in both; numbers that are known give one."""
    if isinstance(lhs, int) and isinstance(rhs, int):
        return lhs & rhs
    x, y = both(g, lhs, rhs)
    return g(And(x, y) if g.dtype is DType.BOOL else BitwiseAnd(x, y))


@mlir_op("arith.ori", ignores=("isDisjoint",))
def ori(g: Graph, lhs: Value | Dim, rhs: Value | Dim) -> Value | Dim:
    """The bits set in one of them; numbers that are known give one."""
    if isinstance(lhs, int) and isinstance(rhs, int):
        return lhs | rhs
    x, y = both(g, lhs, rhs)
    return g(Or(x, y) if g.dtype is DType.BOOL else BitwiseOr(x, y))


@mlir_op("arith.xori")
def xori(g: Graph, lhs: Value | Dim, rhs: Value | Dim) -> Value | Dim:
    """The bits set in exactly one of them; numbers that are known give one."""
    if isinstance(lhs, int) and isinstance(rhs, int):
        return lhs ^ rhs
    x, y = both(g, lhs, rhs)
    return g(Xor(x, y) if g.dtype is DType.BOOL else BitwiseXor(x, y))


@mlir_op("arith.shli", ignores=FLAGS)
def shli(g: Graph, lhs: Value, rhs: Value) -> Value:
    """lhs with its bits moved up by rhs places."""
    return g(Shift(lhs, rhs, direction="left"))


@mlir_op("arith.shrsi", ignores=("isExact",))
def shrsi(g: Graph, lhs: Value, rhs: Value) -> Value:
    """lhs with its bits moved down by rhs places, its sign copied."""
    return g(Shift(lhs, rhs, direction="right"))


@mlir_op("arith.shrui", ignores=("isExact",))
def shrui(g: Graph, lhs: Value, rhs: Value) -> Value:
    """lhs with its bits moved down by rhs places, zeros following."""
    return signless(g, g(Shift(unsigned(g, lhs), unsigned(g, rhs), direction="right")))
