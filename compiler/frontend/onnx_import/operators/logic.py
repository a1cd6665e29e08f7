"""Comparisons, boolean and bitwise operators."""

from __future__ import annotations

from mlc.frontend.onnx_import.graph import Graph
from mlc.frontend.onnx_import.operators.elementwise import binary, binary_before_7, unary
from mlc.frontend.onnx_import.registry import onnx_op
from mlc.ir import Op, Value
from mlc.ops import (
    And,
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


def _greater(x: Value, y: Value) -> Op:
    return Less(y, x)


def _greater_or_equal(x: Value, y: Value) -> Op:
    return LessOrEqual(y, x)


for _name, _op in {"Equal": Equal, "Less": Less, "Greater": _greater, "And": And, "Or": Or, "Xor": Xor}.items():
    onnx_op(_name, since=7)(binary(_op))
    onnx_op(_name, since=1)(binary_before_7(_op))
onnx_op("LessOrEqual", since=12)(binary(LessOrEqual))
onnx_op("GreaterOrEqual", since=12)(binary(_greater_or_equal))
onnx_op("BitwiseAnd", since=18)(binary(BitwiseAnd))
onnx_op("BitwiseOr", since=18)(binary(BitwiseOr))
onnx_op("BitwiseXor", since=18)(binary(BitwiseXor))
onnx_op("BitwiseNot", since=18)(unary(BitwiseNot))
onnx_op("Not", since=1)(unary(Not))
onnx_op("IsNaN", since=9)(unary(IsNan))


@onnx_op("IsInf", since=10)
def is_inf(g: Graph, x: Value, *, detect_positive: int = 1, detect_negative: int = 1) -> Value:
    return g(IsInf(x, is_positive=bool(detect_positive), is_negative=bool(detect_negative)))


@onnx_op("BitShift", since=11)
def bit_shift(g: Graph, x: Value, y: Value, *, direction: str) -> Value:
    match direction:
        case "LEFT":
            return g(Shift(x, y, direction="left"))
        case "RIGHT":
            return g(Shift(x, y, direction="right"))
        case other:
            raise g.error(f"attribute 'direction' must be LEFT or RIGHT, got {other!r}")
