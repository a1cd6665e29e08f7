"""Affine expressions over numbers that the run computes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch_mlir import ir

from mlc.errors import CompileError
from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.quotients import ceil_quotient, floor_quotient
from mlc.ir import DType, Value
from mlc.ops import Add, Mod, Mul

Number = Callable[[int], Value]


def computed(g: Graph, expression: Any, dim: Number, symbol: Number | None = None) -> Value:
    """The expression as an i64, where `dim` and `symbol` give the numbers of its dims and symbols; they broadcast."""

    def sides() -> tuple[Value, Value]:
        return computed(g, expression.lhs, dim, symbol), computed(g, expression.rhs, dim, symbol)

    match expression:
        case ir.AffineDimExpr():
            return dim(expression.position)
        case ir.AffineSymbolExpr() if symbol is not None:
            return symbol(expression.position)
        case ir.AffineConstantExpr():
            return g.scalar(expression.value, DType.I64)
        case ir.AffineAddExpr():
            return g(Add(*sides()))
        case ir.AffineMulExpr():
            return g(Mul(*sides()))
        case ir.AffineModExpr():
            return g(Mod(*sides()))
        case ir.AffineFloorDivExpr():
            return floor_quotient(g, *sides())
        case ir.AffineCeilDivExpr():
            return ceil_quotient(g, *sides())
    raise CompileError(f"the affine expression {expression} is not supported")
