"""TOSA's reductions over one axis, which stays as a dim of 1, and argmax. TOSA 1.0, sections 2.2 and 2.8."""

from __future__ import annotations

import numpy as np

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.registry import mlir_op
from mlc.ir import DType, Value
from mlc.ops import ArgMax, IsNan, ReduceMax, ReduceMin, ReduceProd, ReduceSum, Where


@mlir_op("tosa.reduce_sum")
def reduce_sum(g: Graph, input: Value, *, axis: int) -> Value:
    """The sum."""
    return g(ReduceSum(input, axes=(axis,)))


@mlir_op("tosa.reduce_product")
def reduce_product(g: Graph, input: Value, *, axis: int) -> Value:
    """The product."""
    return g(ReduceProd(input, axes=(axis,)))


@mlir_op("tosa.reduce_max")
def reduce_max(g: Graph, input: Value, *, axis: int, nan_mode: str = "PROPAGATE") -> Value:
    """The largest; NaN when one is, or with IGNORE only when all are."""
    largest = g(ReduceMax(_without_nan(g, input, nan_mode, -np.inf), axes=(axis,)))
    return _nan_where_all_are(g, input, largest, axis, nan_mode)


@mlir_op("tosa.reduce_min")
def reduce_min(g: Graph, input: Value, *, axis: int, nan_mode: str = "PROPAGATE") -> Value:
    """The smallest; NaN when one is, or with IGNORE only when all are."""
    smallest = g(ReduceMin(_without_nan(g, input, nan_mode, np.inf), axes=(axis,)))
    return _nan_where_all_are(g, input, smallest, axis, nan_mode)


@mlir_op("tosa.reduce_all")
def reduce_all(g: Graph, input: Value, *, axis: int) -> Value:
    """Whether all hold."""
    return g(ReduceMin(input, axes=(axis,)))


@mlir_op("tosa.reduce_any")
def reduce_any(g: Graph, input: Value, *, axis: int) -> Value:
    """Whether one holds."""
    return g(ReduceMax(input, axes=(axis,)))


@mlir_op("tosa.argmax")
def argmax(g: Graph, input: Value, *, axis: int, nan_mode: str = "PROPAGATE") -> Value:
    """The place of the first of the largest along the axis; NaN is larger than all, or with IGNORE the smallest."""
    x = _without_nan(g, input, nan_mode, -np.inf)
    return g.cast(g(ArgMax(x, axis=axis, keep_dims=False)), g.dtype)


def _without_nan(g: Graph, x: Value, nan_mode: str, instead: float) -> Value:
    dtype = x.tensor.dtype
    if nan_mode != "IGNORE" or not dtype.is_float:
        return x
    return g(Where(g(IsNan(x)), g.scalar(instead, dtype), x))


def _nan_where_all_are(g: Graph, x: Value, result: Value, axis: int, nan_mode: str) -> Value:
    dtype = x.tensor.dtype
    if nan_mode != "IGNORE" or not dtype.is_float:
        return result
    is_all = g.cast(g(ReduceMin(g.cast(g(IsNan(x)), DType.I8), axes=(axis,))), DType.BOOL)
    return g(Where(is_all, g.scalar(np.nan, dtype), result))
