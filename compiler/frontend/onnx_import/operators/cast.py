"""Conversions between element types."""

from __future__ import annotations

from typing import Literal

from mlc.frontend.onnx_import.dtypes import dtype_of
from mlc.frontend.onnx_import.graph import Graph
from mlc.frontend.onnx_import.registry import onnx_op
from mlc.ir import DType, Value
from mlc.ops import Bitcast, Cast, FormatNumber, ParseNumber


@onnx_op("Cast", since=6)
def cast(g: Graph, x: Value, *, to: int, saturate: int = 1, round_mode: str = "up") -> Value:
    return converted(g, x, dtype_of(to), saturate, round_mode)


@onnx_op("CastLike", since=15)
def cast_like(g: Graph, x: Value, target: Value, *, saturate: int = 1, round_mode: str = "up") -> Value:
    return converted(g, x, target.tensor.dtype, saturate, round_mode)


def converted(g: Graph, x: Value, dtype: DType, saturate: int = 1, round_mode: str = "up") -> Value:
    """x with elements of `dtype`; x itself when it has them already."""
    source = x.tensor.dtype
    if source is dtype:
        return x
    if source is DType.STRING:
        return g(ParseNumber(x, dtype=dtype))
    if dtype is DType.STRING:
        return g(FormatNumber(x))
    return g(Cast(x, dtype=dtype, saturates=bool(saturate), rounding=_rounding(g, round_mode)))


def _rounding(g: Graph, mode: str) -> Literal["up", "down", "nearest"]:
    match mode:
        case "up" | "down" | "nearest":
            return mode
        case other:
            raise g.error(f"attribute 'round_mode' must be up, down or nearest, got {other!r}")


@onnx_op("BitCast", since=26)
def bit_cast(g: Graph, x: Value, *, to: int) -> Value:
    return g(Bitcast(x, dtype=dtype_of(to)))
