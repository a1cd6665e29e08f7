"""arith on floats."""

from __future__ import annotations

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.registry import mlir_op
from mlc.ir import Value
from mlc.ops import Add, Div, IsNan, Maximum, Minimum, Mod, Mul, Neg, Sub, Where

FAST = ("fastmath",)  # a permission to be less exact


@mlir_op("arith.addf", ignores=FAST)
def addf(g: Graph, lhs: Value, rhs: Value) -> Value:
    """lhs + rhs."""
    return g(Add(lhs, rhs))


@mlir_op("arith.subf", ignores=FAST)
def subf(g: Graph, lhs: Value, rhs: Value) -> Value:
    """lhs - rhs."""
    return g(Sub(lhs, rhs))


@mlir_op("arith.mulf", ignores=FAST)
def mulf(g: Graph, lhs: Value, rhs: Value) -> Value:
    """lhs * rhs."""
    return g(Mul(lhs, rhs))


@mlir_op("arith.divf", ignores=FAST)
def divf(g: Graph, lhs: Value, rhs: Value) -> Value:
    """lhs / rhs."""
    return g(Div(lhs, rhs))


@mlir_op("arith.remf", ignores=FAST)
def remf(g: Graph, lhs: Value, rhs: Value) -> Value:
    """The remainder with the sign of lhs."""
    return g(Mod(lhs, rhs, sign_of="dividend"))


@mlir_op("arith.negf", ignores=FAST)
def negf(g: Graph, operand: Value) -> Value:
    """-operand."""
    return g(Neg(operand))


@mlir_op("arith.maximumf", ignores=FAST)
def maximumf(g: Graph, lhs: Value, rhs: Value) -> Value:
    """The larger; NaN when either is."""
    return g(Maximum(lhs, rhs))


@mlir_op("arith.minimumf", ignores=FAST)
def minimumf(g: Graph, lhs: Value, rhs: Value) -> Value:
    """The smaller; NaN when either is."""
    return g(Minimum(lhs, rhs))


@mlir_op("arith.maxnumf", ignores=FAST)
def maxnumf(g: Graph, lhs: Value, rhs: Value) -> Value:
    """The larger; the other one where one is NaN."""
    return _but_numbers(g, lhs, rhs, g(Maximum(lhs, rhs)))


@mlir_op("arith.minnumf", ignores=FAST)
def minnumf(g: Graph, lhs: Value, rhs: Value) -> Value:
    """The smaller; the other one where one is NaN."""
    return _but_numbers(g, lhs, rhs, g(Minimum(lhs, rhs)))


def _but_numbers(g: Graph, x: Value, y: Value, chosen: Value) -> Value:
    return g(Where(g(IsNan(x)), y, g(Where(g(IsNan(y)), x, chosen))))
