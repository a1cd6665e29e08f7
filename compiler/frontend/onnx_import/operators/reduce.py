"""Reductions, running sums, softmax and what is made of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mlc.frontend.onnx_import.graph import Graph
from mlc.frontend.onnx_import.operators.shape import normalized, reshaped, squeezed
from mlc.frontend.onnx_import.registry import onnx_op
from mlc.ir import Dim, DType, Op, Value
from mlc.ir.dims import product
from mlc.ops import (
    Abs,
    Add,
    ArgMax,
    ArgMin,
    Cast,
    Constant,
    CumProd,
    CumSum,
    Div,
    Equal,
    Exp,
    IsInf,
    Log,
    LogSoftmax,
    Mul,
    OneHot,
    ReduceMax,
    ReduceMean,
    ReduceMin,
    ReduceProd,
    ReduceSum,
    Reshape,
    Shape,
    Softmax,
    Sqrt,
    Sub,
    Where,
)
from mlc.ops.reduce import Reduction

Reducer = Callable[[Graph, Value, "Axes"], Value]


class Axes:
    """The axes a node reduces: numbers (None: all), or an input whose contents are not known."""

    def __init__(self, known: tuple[int, ...] | None, operand: Value | None, keep: bool, noop: bool = False) -> None:
        self.known, self.operand, self.keep, self.noop = known, operand, keep, noop

    def kept(self) -> Axes:
        """The same axes, left as extents of 1."""
        return Axes(self.known, self.operand, True, self.noop)


def reduced(g: Graph, op: type[Reduction], x: Value, axes: Axes) -> Value:
    """The reduction `op` of x over the axes."""
    if axes.operand is not None:
        return g(
            op(
                x,
                axes.operand,
                keep_dims=axes.keep,
                is_noop_without_axes=axes.noop,
                dims=_dims_when_dynamic(g, x, axes),
            )
        )
    if axes.known == ():
        return x
    return g(op(x, axes=axes.known, keep_dims=axes.keep))


def _dims_when_dynamic(g: Graph, x: Value, axes: Axes) -> tuple[Dim, ...]:
    assert axes.operand is not None
    if axes.keep:
        return g.result_dims(x.tensor.rank)
    count = axes.operand.tensor.dims[0] if axes.operand.tensor.shape else None
    return g.result_dims(x.tensor.rank - count if isinstance(count, int) and count else None)


def _simple(op: type[Reduction]) -> Reducer:
    return lambda g, x, axes: reduced(g, op, x, axes)


def _l1(g: Graph, x: Value, axes: Axes) -> Value:
    return reduced(g, ReduceSum, g(Abs(x)), axes)


def _sum_square(g: Graph, x: Value, axes: Axes) -> Value:
    return reduced(g, ReduceSum, g(Mul(x, x)), axes)


def _l2(g: Graph, x: Value, axes: Axes) -> Value:
    return _in_float(g, x, lambda v: g(Sqrt(_sum_square(g, v, axes))))


def _log_sum(g: Graph, x: Value, axes: Axes) -> Value:
    return _in_float(g, x, lambda v: g(Log(reduced(g, ReduceSum, v, axes))))


def _log_sum_exp(g: Graph, x: Value, axes: Axes) -> Value:
    """The maximum is taken out first, so that no exponential overflows; an infinite one stays in."""
    return _in_float(g, x, lambda v: _log_sum_exp_of_floats(g, v, axes))


def _log_sum_exp_of_floats(g: Graph, x: Value, axes: Axes) -> Value:
    kept = axes.kept()
    largest = reduced(g, ReduceMax, x, kept)
    shift = g(Where(g(IsInf(largest)), g.scalar(0, x.tensor.dtype), largest))
    total = g(Add(g(Log(reduced(g, ReduceSum, g(Exp(g(Sub(x, shift)))), kept))), shift))
    if axes.keep or axes.known == ():
        return total
    if axes.operand is None:
        return squeezed(g, total, tuple(range(x.tensor.rank)) if axes.known is None else axes.known)
    wanted = reduced(g, ReduceMax, x, axes)
    return g(Reshape(total, g(Shape(wanted)), dims=wanted.tensor.shape))


def _in_float(g: Graph, x: Value, function: Callable[[Value], Value]) -> Value:
    """`function` of x, by way of f64 for integers, whose results ONNX rounds towards zero."""
    dtype = x.tensor.dtype
    if dtype.is_float:
        return function(x)
    return g(Cast(function(g(Cast(x, dtype=DType.F64))), dtype=dtype))


_REDUCERS: dict[str, Reducer] = {
    "ReduceSum": _simple(ReduceSum),
    "ReduceMean": _simple(ReduceMean),
    "ReduceProd": _simple(ReduceProd),
    "ReduceMax": _simple(ReduceMax),
    "ReduceMin": _simple(ReduceMin),
    "ReduceL1": _l1,
    "ReduceL2": _l2,
    "ReduceLogSum": _log_sum,
    "ReduceLogSumExp": _log_sum_exp,
    "ReduceSumSquare": _sum_square,
}


def _by_attribute(reducer: Reducer) -> Callable[..., Value]:
    def operator(g: Graph, x: Value, *, axes: tuple[int, ...] | None = None, keepdims: int = 1) -> Value:
        return reducer(g, x, Axes(axes or None, None, bool(keepdims)))

    return operator


def _by_input(reducer: Reducer) -> Callable[..., Value]:
    def operator(
        g: Graph, x: Value, axes: Value | None = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0
    ) -> Value:
        keep, noop = bool(keepdims), bool(noop_with_empty_axes)
        known = () if axes is None or axes.tensor.shape == (0,) else g.ints_of(axes)
        if known is None:
            return reducer(g, x, Axes(None, axes, keep, noop))
        return reducer(g, x, Axes(known or (() if noop else None), None, keep))

    return operator


for _name, _reducer in _REDUCERS.items():
    onnx_op(_name, since=13 if _name == "ReduceSum" else 18)(_by_input(_reducer))
    onnx_op(_name, since=1)(_by_attribute(_reducer))


@onnx_op("ArgMax", since=1)
def arg_max(g: Graph, x: Value, *, axis: int = 0, keepdims: int = 1, select_last_index: int = 0) -> Value:
    return g(ArgMax(x, axis=axis, keep_dims=bool(keepdims), picks_last=bool(select_last_index)))


@onnx_op("ArgMin", since=1)
def arg_min(g: Graph, x: Value, *, axis: int = 0, keepdims: int = 1, select_last_index: int = 0) -> Value:
    return g(ArgMin(x, axis=axis, keep_dims=bool(keepdims), picks_last=bool(select_last_index)))


@onnx_op("CumSum", since=11)
def cum_sum(g: Graph, x: Value, axis: Value, *, exclusive: int = 0, reverse: int = 0) -> Value:
    known = g.ints_of(axis)
    if known is not None:
        return g(CumSum(x, axis=known[0], is_exclusive=bool(exclusive), is_reverse=bool(reverse)))
    return g(CumSum(x, axis, is_exclusive=bool(exclusive), is_reverse=bool(reverse)))


@onnx_op("CumProd", since=26)
def cum_prod(g: Graph, x: Value, axis: Value, *, exclusive: int = 0, reverse: int = 0) -> Value:
    known = g.ints_of(axis)
    if known is not None:
        return g(CumProd(x, axis=known[0], is_exclusive=bool(exclusive), is_reverse=bool(reverse)))
    return g(CumProd(x, axis, is_exclusive=bool(exclusive), is_reverse=bool(reverse)))


def _hardmax(x: Value, axis: int) -> Op:
    place = axis % x.tensor.rank
    values = Constant(np.array([0, 1]).astype(x.tensor.dtype.numpy)).result
    largest = ArgMax(x, axis=place, keep_dims=False).result
    return OneHot(largest, values, depth=x.tensor.dims[place], axis=place)


def _along_axis(op: Callable[[Value, int], Op]) -> Callable[..., Value]:
    def operator(g: Graph, x: Value, *, axis: int = -1) -> Value:
        return g(op(x, normalized(g, axis, x.tensor.rank)))

    return operator


def _over_rest(op: Callable[[Value, int], Op]) -> Callable[..., Value]:
    """Before opset 13: over all elements from the axis on."""

    def operator(g: Graph, x: Value, *, axis: int = 1) -> Value:
        dims = x.tensor.dims
        place = axis + len(dims) if axis < 0 else axis
        if place == len(dims) - 1:
            return g(op(x, place))
        flat = reshaped(g, x, (product(dims[:place]), product(dims[place:])))
        return reshaped(g, g(op(flat, 1)), dims)

    return operator


_ALONG_AXIS: dict[str, Callable[[Value, int], Op]] = {"Softmax": Softmax, "LogSoftmax": LogSoftmax, "Hardmax": _hardmax}
for _name, _op in _ALONG_AXIS.items():
    onnx_op(_name, since=13)(_along_axis(_op))
    onnx_op(_name, since=1)(_over_rest(_op))


@onnx_op("LpNormalization", since=1)
def lp_normalization(g: Graph, x: Value, *, axis: int = -1, p: int = 2) -> Value:
    """0 where the norm is 0."""
    if p not in (1, 2):
        raise g.error(f"attribute 'p' must be 1 or 2, got {p}")
    norm = (_l1 if p == 1 else _l2)(g, x, Axes((axis,), None, keep=True))
    zero = g.scalar(0, x.tensor.dtype)
    return g(Where(g(Equal(norm, zero)), zero, g(Div(x, norm))))
