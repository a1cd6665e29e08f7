"""arith.cmpi, arith.cmpf and arith.select, and the relu, maximum and minimum that exporters spell with them."""

from __future__ import annotations

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.registry import mlir_op
from mlc.frontend.mlir_import.signs import unsigned
from mlc.frontend.mlir_import.types import dtype_of
from mlc.ir import Dim, DType, Value
from mlc.ir.dims import lower_bound
from mlc.ops import (
    Equal,
    IsNan,
    Less,
    LessOrEqual,
    Maximum,
    Minimum,
    Not,
    Or,
    Relu,
    Where,
    Xor,
    constant_value,
)

_INTEGER = ("eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge")
_FLOAT = ("false", "oeq", "ogt", "oge", "olt", "ole", "one", "ord") + (
    *("ueq", "ugt", "uge", "ult", "ule", "une", "uno", "true"),
)


@mlir_op("arith.cmpi")
def cmpi(g: Graph, lhs: Value | Dim, rhs: Value | Dim, *, predicate: int) -> Value | Dim:
    """Whether the predicate holds; decided here where dims tell."""
    name = _INTEGER[predicate]
    kind = g.operation.operands[0].type
    dtype = dtype_of(getattr(kind, "element_type", kind))
    if not isinstance(lhs, Value) and not isinstance(rhs, Value):
        is_turned = dtype is DType.BOOL and name[0] == "s"  # with a sign true, 1 here, is -1
        known = decided(name, rhs, lhs) if is_turned else decided(name, lhs, rhs)
        if known is not None:
            return int(known)
    x, y = g.value(lhs, dtype), g.value(rhs, dtype)
    if name[0] == "u":
        x, y = unsigned(g, x), unsigned(g, y)
    if dtype is DType.BOOL and name not in ("eq", "ne"):
        x, y = (g.cast(v, DType.I8) for v in ((x, y) if name[0] == "u" else (y, x)))  # true is -1 where signs count
    holds = _integer(g, name[-2:], x, y)
    if name == "eq" and not isinstance(lhs, Value) and not isinstance(rhs, Value):
        g.equalities[holds] = (lhs, rhs)
    return holds


def decided(predicate: str, x: Dim, y: Dim) -> bool | None:
    """Whether it holds for all sizes (True), for none (False), or depends on them (None)."""
    if x == y:
        return predicate in ("eq", "sle", "sge", "ule", "uge")
    if isinstance(x, int) and isinstance(y, int):
        if predicate[0] == "u" and min(x, y) < 0:
            return None
        return {"eq": x == y, "ne": x != y, "lt": x < y, "le": x <= y, "gt": x > y, "ge": x >= y}[predicate[-2:]]
    if predicate[0] == "u" and not (_is_at_least(x, 0) and _is_at_least(y, 0)):
        return None
    is_less = True if _is_at_least(y - x, 1) else False if _is_at_least(x - y, 0) else None
    is_greater = True if _is_at_least(x - y, 1) else False if _is_at_least(y - x, 0) else None
    differs = True if is_less or is_greater else None
    inverse = {"eq": differs, "le": is_greater, "ge": is_less}
    if predicate[-2:] in inverse:
        found = inverse[predicate[-2:]]
        return None if found is None else not found
    return {"ne": differs, "lt": is_less, "gt": is_greater}[predicate[-2:]]


def _is_at_least(dim: Dim, number: int) -> bool:
    low = lower_bound(dim)
    return low is not None and low >= number


def _integer(g: Graph, name: str, x: Value, y: Value) -> Value:
    match name:
        case "eq":
            return g(Equal(x, y))
        case "ne":
            return g(Xor(x, y)) if x.tensor.dtype is DType.BOOL else g(Not(g(Equal(x, y))))
        case "lt":
            return g(Less(x, y))
        case "le":
            return g(LessOrEqual(x, y))
        case "gt":
            return g(Less(y, x))
    return g(LessOrEqual(y, x))


@mlir_op("arith.cmpf", ignores=("fastmath",))
def cmpf(g: Graph, lhs: Value, rhs: Value, *, predicate: int) -> Value | Dim:
    """Whether the predicate holds; the ordered ones are false and the unordered ones true where an operand is NaN."""
    name = _FLOAT[predicate]
    match name:
        case "false" | "true":
            return int(name == "true")
        case "oeq" | "une":
            return _negated(g, g(Equal(lhs, rhs)), name == "une")
        case "olt" | "uge":
            return _negated(g, g(Less(lhs, rhs)), name == "uge")
        case "ole" | "ugt":
            return _negated(g, g(LessOrEqual(lhs, rhs)), name == "ugt")
        case "ogt" | "ule":
            return _negated(g, g(Less(rhs, lhs)), name == "ule")
        case "oge" | "ult":
            return _negated(g, g(LessOrEqual(rhs, lhs)), name == "ult")
        case "one" | "ueq":
            return _negated(g, g(Or(g(Less(lhs, rhs)), g(Less(rhs, lhs)))), name == "ueq")
    return _negated(g, g(Or(g(IsNan(lhs)), g(IsNan(rhs)))), name == "ord")


def _negated(g: Graph, x: Value, is_negated: bool) -> Value:
    return g(Not(x)) if is_negated else x


@mlir_op("arith.select")
def select(g: Graph, condition: Value | Dim, true_value: Value | Dim, false_value: Value | Dim) -> Value | Dim:
    """true_value where the condition holds, else false_value."""
    if isinstance(condition, int):
        return true_value if condition else false_value
    holds = g.value(condition, DType.BOOL)
    x, y = g.value(true_value, g.dtype), g.value(false_value, g.dtype)
    return _larger(g, holds, x, y) or g(Where(holds, x, y))


def _larger(g: Graph, condition: Value, x: Value, y: Value) -> Value | None:
    """The maximum, minimum or relu that a choice between x and a number c is, where NaN in x stays.

    `x > c or x is NaN ? x : c`, or `x < c ? c : x`; -0 against 0 aside, which neither form keeps apart.
    """
    return _clamped(g, condition, x, y) or _larger_or_nan(g, condition, x, y)


def _clamped(g: Graph, condition: Value, c: Value, x: Value) -> Value | None:
    """`x < c ? c : x` and `c < x ? c : x`."""
    test, number = condition.op, constant_value(c)
    if not isinstance(test, Less | LessOrEqual) or number is None or number.ndim or number != number:
        return None
    if test.x is x and _is_same(test.y, c):
        return g(Relu(x)) if number == 0 else g(Maximum(x, c))
    return g(Minimum(x, c)) if test.y is x and _is_same(test.x, c) else None


def _larger_or_nan(g: Graph, condition: Value, x: Value, y: Value) -> Value | None:
    inverse = condition.op
    test = inverse.x.op if isinstance(inverse, Not) else None
    number = constant_value(y)
    if not isinstance(test, LessOrEqual) or number is None or number.ndim or number != number:
        return None
    if test.x is x and _is_same(test.y, y):  # not x <= c
        return g(Relu(x)) if number == 0 else g(Maximum(x, y))
    return g(Minimum(x, y)) if test.y is x and _is_same(test.x, y) else None


def _is_same(x: Value, y: Value) -> bool:
    one, other = constant_value(x), constant_value(y)
    return x is y or (one is not None and other is not None and one.ndim == 0 and bool(one == other))
