"""Reductions, running sums, softmax."""

from __future__ import annotations

import math

import numpy as np

from mlc.frontend.builder import Scalar
from mlc.frontend.torch_import.graph import Graph
from mlc.frontend.torch_import.registry import torch_op
from mlc.ir import DType, Op, Value
from mlc.ir.dims import product
from mlc.ops import (
    Abs,
    Add,
    ArgMax,
    ArgMin,
    CumProd,
    CumSum,
    Div,
    Equal,
    Exp,
    IsInf,
    Log,
    LogSoftmax,
    Maximum,
    Mul,
    Not,
    Pow,
    ReduceMax,
    ReduceMean,
    ReduceMin,
    ReduceProd,
    ReduceSum,
    Softmax,
    Sqrt,
    Sub,
    Where,
)


def reduced(g: Graph, op: type[Op], x: Value, dim: tuple[int, ...] | None, keepdim: bool) -> Value:
    """x reduced over the dims, or over all of them for None or none."""
    return g(op(x, axes=g.axes(x, dim), keep_dims=keepdim)) if x.tensor.rank else x


@torch_op("aten.sum", "aten.sum.dim_IntList", ignores=("dtype",))
def sum_(g: Graph, self: Value, dim: tuple[int, ...] | None = None, keepdim: bool = False) -> Value:
    """The sum; of integers in i64."""
    return reduced(g, ReduceSum, g.cast(self, g.dtype), dim, keepdim)


@torch_op("aten.mean", "aten.mean.dim", ignores=("dtype",))
def mean(g: Graph, self: Value, dim: tuple[int, ...] | None = None, keepdim: bool = False) -> Value:
    """The mean."""
    return reduced(g, ReduceMean, g.cast(self, g.dtype), dim, keepdim)


@torch_op("aten.prod", "aten.prod.dim_int", ignores=("dtype",))
def prod(g: Graph, self: Value, dim: int | None = None, keepdim: bool = False) -> Value:
    """The product; of integers in i64."""
    return reduced(g, ReduceProd, g.cast(self, g.dtype), None if dim is None else (dim,), keepdim)


@torch_op("aten.amax")
def amax(g: Graph, self: Value, dim: tuple[int, ...] = (), keepdim: bool = False) -> Value:
    """The largest."""
    return reduced(g, ReduceMax, self, dim, keepdim)


@torch_op("aten.amin")
def amin(g: Graph, self: Value, dim: tuple[int, ...] = (), keepdim: bool = False) -> Value:
    """The smallest."""
    return reduced(g, ReduceMin, self, dim, keepdim)


@torch_op("aten.max")
def max_(g: Graph, self: Value) -> Value:
    """The largest of all."""
    return reduced(g, ReduceMax, self, None, False)


@torch_op("aten.min")
def min_(g: Graph, self: Value) -> Value:
    """The smallest of all."""
    return reduced(g, ReduceMin, self, None, False)


@torch_op("aten.max.dim")
def max_dim(g: Graph, self: Value, dim: int, keepdim: bool = False) -> tuple[Value, Value]:
    """The largest along the dim, and where it is first."""
    return reduced(g, ReduceMax, self, (dim,), keepdim), _place(g, ArgMax, self, dim, keepdim)


@torch_op("aten.min.dim")
def min_dim(g: Graph, self: Value, dim: int, keepdim: bool = False) -> tuple[Value, Value]:
    """The smallest along the dim, and where it is first."""
    return reduced(g, ReduceMin, self, (dim,), keepdim), _place(g, ArgMin, self, dim, keepdim)


@torch_op("aten.argmax")
def argmax(g: Graph, self: Value, dim: int | None = None, keepdim: bool = False) -> Value:
    """Where the largest is first, along the dim or in the flat tensor."""
    return _place(g, ArgMax, self, dim, keepdim)


@torch_op("aten.argmin")
def argmin(g: Graph, self: Value, dim: int | None = None, keepdim: bool = False) -> Value:
    """Where the smallest is first, along the dim or in the flat tensor."""
    return _place(g, ArgMin, self, dim, keepdim)


def _place(g: Graph, op: type[Op], x: Value, dim: int | None, keepdim: bool) -> Value:
    x = g.cast(x, DType.U8) if x.tensor.dtype is DType.BOOL else x
    if x.tensor.rank == 0:
        return g.scalar(0, DType.I64)
    if dim is not None:
        return g(op(x, axis=g.axis(x, dim), keep_dims=keepdim))
    flat = g(op(g.reshape(x, (product(x.tensor.dims),)), axis=0, keep_dims=False))
    return g.reshape(flat, (1,) * x.tensor.rank if keepdim else ())


@torch_op("aten.any", "aten.any.dim")
def any_(g: Graph, self: Value, dim: int | None = None, keepdim: bool = False) -> Value:
    """Whether one is not 0."""
    return _any(g, self, None if dim is None else (dim,), keepdim)


def _any(g: Graph, x: Value, dim: tuple[int, ...] | None, keepdim: bool) -> Value:
    return g.cast(reduced(g, ReduceMax, _truth(g, x), dim, keepdim), g.dtype)


def _truth(g: Graph, x: Value) -> Value:
    return g.cast(g.cast(x, DType.BOOL), DType.U8)


@torch_op("aten.any.dims")
def any_dims(g: Graph, self: Value, dim: tuple[int, ...] | None = None, keepdim: bool = False) -> Value:
    """Whether one along the dims is not 0."""
    return _any(g, self, dim, keepdim)


@torch_op("aten.all", "aten.all.dim")
def all_(g: Graph, self: Value, dim: int | None = None, keepdim: bool = False) -> Value:
    """Whether none is 0."""
    return all_dims(g, self, None if dim is None else (dim,), keepdim)


@torch_op("aten.all.dims")
def all_dims(g: Graph, self: Value, dim: tuple[int, ...] | None = None, keepdim: bool = False) -> Value:
    """Whether none along the dims is 0."""
    return g.cast(reduced(g, ReduceMin, _truth(g, self), dim, keepdim), g.dtype)


@torch_op("aten.var.correction", "aten.std.correction")
def var_correction(
    g: Graph, self: Value, dim: tuple[int, ...] | None = None, correction: Scalar | None = None, keepdim: bool = False
) -> Value:
    """The mean square distance from the mean, the count less the correction (1 without); std is its root."""
    variance, _ = _variance(g, self, dim, 1 if correction is None else correction, keepdim)
    return g.cast(g(Sqrt(variance)) if g.operator.startswith("aten.std") else variance, g.dtype)


@torch_op("aten.var.dim", "aten.std.dim", "aten.var", "aten.std")
def var_dim(
    g: Graph, self: Value, dim: tuple[int, ...] | None = None, unbiased: bool = True, keepdim: bool = False
) -> Value:
    """As above, with a correction of 1 or 0."""
    variance, _ = _variance(g, self, dim, int(unbiased), keepdim)
    return g.cast(g(Sqrt(variance)) if g.operator.startswith("aten.std") else variance, g.dtype)


@torch_op("aten.var_mean.correction")
def var_mean(
    g: Graph, self: Value, dim: tuple[int, ...] | None = None, correction: Scalar | None = None, keepdim: bool = False
) -> tuple[Value, Value]:
    """The variance and the mean."""
    variance, center = _variance(g, self, dim, 1 if correction is None else correction, keepdim)
    return g.cast(variance, g.dtype), g.cast(center, g.dtype)


def _variance(
    g: Graph, x: Value, dim: tuple[int, ...] | None, correction: Scalar, keepdim: bool
) -> tuple[Value, Value]:
    x = g.cast(x, DType.F32) if x.tensor.dtype.itemsize < 4 else x
    axes, dtype = g.axes(x, dim), x.tensor.dtype
    center = g(ReduceMean(x, axes=axes)) if x.tensor.rank else x
    distance = g(Sub(x, center))
    total = reduced(g, ReduceSum, g(Mul(distance, distance)), dim, keepdim)
    count = g.scalar(product([x.tensor.dims[a] for a in axes]), dtype)
    less = g(Maximum(g(Sub(count, g.scalar(correction, dtype))), g.scalar(0, dtype)))
    return g(Div(total, less)), center if keepdim else g.reshape(center, total.tensor.dims)


@torch_op("aten.cumsum", ignores=("dtype",))
def cumsum(g: Graph, self: Value, dim: int) -> Value:
    """The sum of the elements up to each."""
    x = g.cast(self, g.dtype)
    return g(CumSum(x, axis=g.axis(x, dim))) if x.tensor.rank else x


@torch_op("aten.cumprod", ignores=("dtype",))
def cumprod(g: Graph, self: Value, dim: int) -> Value:
    """The product of the elements up to each."""
    x = g.cast(self, g.dtype)
    return g(CumProd(x, axis=g.axis(x, dim))) if x.tensor.rank else x


@torch_op("aten.logsumexp")
def logsumexp(g: Graph, self: Value, dim: tuple[int, ...], keepdim: bool = False) -> Value:
    """log(sum(exp(self))) without overflow."""
    x = g.cast(self, g.dtype)
    if not x.tensor.rank:
        return x
    axes = g.axes(x, dim)
    top = g(ReduceMax(x, axes=axes))
    top = g(Where(g(IsInf(top)), g.scalar(0, g.dtype), top))
    total = g(Log(g(ReduceSum(g(Exp(g(Sub(x, top)))), axes=axes))))
    kept = g(Add(total, top))
    return kept if keepdim else g.reshape(kept, [d for i, d in enumerate(x.tensor.dims) if i not in axes])


@torch_op("aten.linalg_vector_norm", ignores=("dtype",))
def vector_norm(
    g: Graph, self: Value, ord: Scalar = 2, dim: tuple[int, ...] | None = None, keepdim: bool = False
) -> Value:
    """(sum |x|^ord)^(1/ord); the largest or smallest |x| for an infinite ord, the count of nonzeros for 0."""
    return norm(g, g.cast(self, g.dtype), ord, dim, keepdim)


def norm(g: Graph, x: Value, ord: Scalar, dim: tuple[int, ...] | None, keepdim: bool) -> Value:
    """(sum |x|^ord)^(1/ord) over the dims; the largest or smallest |x| for an infinite ord, for 0 the nonzero count."""
    x = g(Abs(x))
    if not isinstance(ord, int | float):
        raise g.error("the order of a norm must be a number")
    if math.isinf(ord):
        return reduced(g, ReduceMax if ord > 0 else ReduceMin, x, dim, keepdim)
    if ord == 0:
        counted = g.cast(g(Not(g(Equal(x, g.scalar(0, g.dtype))))), g.dtype)
        return reduced(g, ReduceSum, counted, dim, keepdim)
    if ord == 1:
        return reduced(g, ReduceSum, x, dim, keepdim)
    if ord == 2:
        return g(Sqrt(reduced(g, ReduceSum, g(Mul(x, x)), dim, keepdim)))
    total = reduced(g, ReduceSum, g(Pow(x, g.scalar(ord, g.dtype))), dim, keepdim)
    return g(Pow(total, g.scalar(1 / ord, g.dtype)))


@torch_op("aten._softmax", "aten.softmax.int", "aten._safe_softmax", ignores=("half_to_float", "dtype"))
def softmax(g: Graph, self: Value, dim: int) -> Value:
    """Exponentials divided by their sum along the dim."""
    x = g.cast(self, g.dtype)
    if not x.tensor.rank:
        return g.reshape(g(Softmax(g.reshape(x, (1,)))), ())
    y = g(Softmax(x, g.axis(x, dim)))
    if g.operator != "aten._safe_softmax":
        return y
    # A row of nothing but -inf has no weights at all, rather than NaN.
    lowest = g(ReduceMax(x, axes=(g.axis(x, dim),)))
    is_empty = g(Equal(lowest, g.scalar(-np.inf, g.dtype)))
    return g(Where(is_empty, g.scalar(0, g.dtype), y))


@torch_op("aten._log_softmax", "aten.log_softmax.int", ignores=("half_to_float", "dtype"))
def log_softmax(g: Graph, self: Value, dim: int) -> Value:
    """The logarithm of the softmax."""
    x = g.cast(self, g.dtype)
    if not x.tensor.rank:
        return g.reshape(g(LogSoftmax(g.reshape(x, (1,)))), ())
    return g(LogSoftmax(x, g.axis(x, dim)))
