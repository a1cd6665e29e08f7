"""Python's arithmetic on numbers that only the run knows: floats and decisions made of sizes, as ops on scalars.

Integers are i64, floats f64, as Python's own; each function gives Python's value for them exactly. What would not
(`**`, `//` and `%` of floats) is left out, and refused by name. Sizes themselves stay dims (importer.py).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Literal

from mlc.errors import CompileError
from mlc.frontend.builder import Scalar
from mlc.frontend.torch_import.graph import Graph
from mlc.ir import DimExpr, DType, Op, Value
from mlc.ops import (
    Add,
    And,
    BitwiseAnd,
    BitwiseOr,
    BitwiseXor,
    Ceil,
    Div,
    Equal,
    Floor,
    Less,
    LessOrEqual,
    Maximum,
    Minimum,
    Mod,
    Mul,
    Neg,
    Not,
    Or,
    Round,
    Shift,
    Sqrt,
    Sub,
    Xor,
)

Number = Value | Scalar


def compute(g: Graph, name: str, operands: Sequence[Number]) -> Value:
    """What Python's function `name` gives of the numbers. Raises CompileError for one that is not here."""
    function = _FUNCTIONS.get(name)
    if function is None:
        raise CompileError("Python's function on numbers known only when the model runs is not supported")
    return g.number(function(g, *operands))


def dtype_of(x: Number) -> DType:
    """What Python calculates in with the number."""
    if isinstance(x, Value):
        return x.tensor.dtype
    return DType.BOOL if isinstance(x, bool) else DType.I64 if isinstance(x, int | DimExpr) else DType.F64


def _joined(g: Graph, *xs: Number) -> list[Value]:
    """All of them as floats where one is a float, else as integers."""
    dtype = DType.F64 if any(dtype_of(x).is_float for x in xs) else DType.I64
    return [g.tensor(x, dtype) for x in xs]


def _arithmetic(op: type[Op]) -> Callable[..., Value]:
    return lambda g, x, y: g(op(*_joined(g, x, y)))


def _sum(g: Graph, *xs: Number) -> Value:
    return functools.reduce(lambda total, x: g(Add(total, x)), _joined(g, *xs))


def _swapped(op: type[Op]) -> Callable[..., Value]:
    return lambda g, x, y: g(op(*reversed(_joined(g, x, y))))


def _true_division(g: Graph, x: Number, y: Number) -> Value:
    return g(Div(g.tensor(x, DType.F64), g.tensor(y, DType.F64)))


def _floor_division(g: Graph, x: Number, y: Number) -> Value:
    _check_integers(x, y)
    left, right = _joined(g, x, y)
    return g(Div(g(Sub(left, _remainder(g, left, right))), right))


def _remainder(g: Graph, x: Number, y: Number) -> Value:
    _check_integers(x, y)
    left, right = _joined(g, x, y)
    return g(Mod(left, right))


def _check_integers(*xs: Number) -> None:
    if any(dtype_of(x).is_float for x in xs):
        raise CompileError("of floats known only when the model runs it is not supported")


def _integer(rounded: type[Op] | None) -> Callable[..., Value]:
    """A float as an integer; None drops the fraction, as a cast does."""

    def function(g: Graph, x: Number, *digits: Number) -> Value:
        if digits:
            raise CompileError("to a number of digits is not supported")
        value = g.tensor(x, dtype_of(x))
        return g.cast(g(rounded(value)) if rounded is not None and value.tensor.dtype.is_float else value, DType.I64)

    return function


def _bits(of_decisions: type[Op], of_integers: type[Op]) -> Callable[..., Value]:
    """Of two booleans a boolean, else of integers: Python's `&`, `|` and `^`."""

    def function(g: Graph, x: Number, y: Number) -> Value:
        if dtype_of(x) is DType.BOOL and dtype_of(y) is DType.BOOL:
            return g(of_decisions(g.tensor(x, DType.BOOL), g.tensor(y, DType.BOOL)))
        return g(of_integers(*_joined(g, x, y)))

    return function


def _shift(direction: Literal["left", "right"]) -> Callable[..., Value]:
    def function(g: Graph, x: Number, y: Number) -> Value:
        # torch refuses to trace a negative count; 64 and more give what Python does where an i64 holds it.
        number, places = _joined(g, x, y)
        return g(Shift(number, places, direction=direction))

    return function


def _root(g: Graph, x: Number) -> Value:
    return g(Sqrt(g.tensor(x, DType.F64)))


_FUNCTIONS: dict[str, Callable[..., Value]] = {
    "add": _arithmetic(Add),
    "sub": _arithmetic(Sub),
    "mul": _arithmetic(Mul),
    "truediv": _true_division,
    "floordiv": _floor_division,
    "mod": _remainder,
    "neg": lambda g, x: g(Neg(*_joined(g, x))),
    "sym_sum": _sum,
    "sym_max": _arithmetic(Maximum),
    "sym_min": _arithmetic(Minimum),
    "sym_float": lambda g, x: g.tensor(x, DType.F64),
    "sym_int": _integer(None),
    "trunc": _integer(None),
    "floor": _integer(Floor),
    "ceil": _integer(Ceil),
    "round": _integer(Round),
    "sqrt": _root,
    "_sym_sqrt": _root,
    "eq": _arithmetic(Equal),
    "ne": lambda g, x, y: g(Not(g(Equal(*_joined(g, x, y))))),
    "lt": _arithmetic(Less),
    "le": _arithmetic(LessOrEqual),
    "gt": _swapped(Less),
    "ge": _swapped(LessOrEqual),
    "and_": _bits(And, BitwiseAnd),
    "or_": _bits(Or, BitwiseOr),
    "xor": _bits(Xor, BitwiseXor),
    "lshift": _shift("left"),
    "rshift": _shift("right"),
    "sym_not": lambda g, x: g(Not(g.tensor(x, DType.BOOL))),
}
