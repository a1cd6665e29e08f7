"""Reductions over axes, running sums and products, softmax."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mlc.ir import Array, Dim, DType, Op, TensorType, Value
from mlc.ops.inference import normalized_axes, normalized_axis, require_dtype
from mlc.ops.precision import in_f32


class Reduction(Op, abstract=True):
    """Base of reductions of x over axes: all of them, those of the attribute or of an operand.

    With an operand that is empty nothing is reduced when `is_noop_without_axes`. `keep_dims` leaves extents of 1.
    `dims` is what is known of the result's shape when the axes are an operand.
    """

    x: Value
    axes_operand: Value | None = None
    axes: tuple[int, ...] | None = None
    keep_dims: bool = True
    is_noop_without_axes: bool = False
    dims: tuple[Dim, ...] | None = None
    defines_symbols = True

    def infer(self) -> TensorType:
        x = self.x.tensor
        if self.axes_operand is not None and self.axes is None:
            return x.with_shape(self.dims)
        if x.shape is None:
            return x
        axes = normalized_axes(self, range(x.rank) if self.axes is None else self.axes, x.rank)
        return x.with_shape(reduced_shape(x.dims, axes, self.keep_dims))

    def evaluate(self, x: Array, axes_operand: Array | None) -> Array:
        axes = self.axes if axes_operand is None else tuple(int(a) for a in axes_operand)
        if axes_operand is not None and not axes:
            axes = () if self.is_noop_without_axes else None
        if axes == ():
            return x
        return in_f32(lambda v: self.reduce(v, axes), x)

    def reduce(self, x: Array, axes: tuple[int, ...] | None) -> Array:
        """The reduction of an array over the axes, or over all for None."""
        raise NotImplementedError(type(self).__name__)

    def flops(self) -> Dim:
        return self.x.tensor.element_count if self.x.tensor.shape is not None else 0


def reduced_shape(dims: Sequence[Dim], axes: Sequence[int], keep_dims: bool) -> tuple[Dim, ...]:
    """`dims` with the axes, counted from the front, gone or 1."""
    return tuple(1 if i in axes else d for i, d in enumerate(dims) if keep_dims or i not in axes)


class ReduceSum(Reduction):
    """The sum; integers wrap. ONNX ReduceSum (opset 13)."""

    def reduce(self, x: Array, axes: tuple[int, ...] | None) -> Array:
        return np.asarray(np.sum(x, axis=axes, keepdims=self.keep_dims, dtype=x.dtype))


class ReduceProd(Reduction):
    """The product; integers wrap. ONNX ReduceProd (opset 18)."""

    def reduce(self, x: Array, axes: tuple[int, ...] | None) -> Array:
        return np.asarray(np.prod(x, axis=axes, keepdims=self.keep_dims, dtype=x.dtype))


class ReduceMean(Reduction):
    """The sum divided by the number of elements. ONNX ReduceMean (opset 18).

    Integers are summed in 64 bits, which wrap, and the quotient is rounded towards zero; of none it is 0. So no digits
    are lost, and the order does not matter.
    """

    def reduce(self, x: Array, axes: tuple[int, ...] | None) -> Array:
        count = np.prod([x.shape[a] for a in (range(x.ndim) if axes is None else axes)], dtype=np.int64)
        if x.dtype.kind == "f":
            return np.asarray(np.sum(x, axis=axes, keepdims=self.keep_dims, dtype=x.dtype) / x.dtype.type(count))
        wide = np.dtype(np.uint64 if x.dtype == np.uint64 else np.int64)
        total = np.sum(x.astype(wide), axis=axes, keepdims=self.keep_dims, dtype=wide)
        below, rest = np.divmod(total, wide.type(max(int(count), 1)))
        return np.asarray(below + ((total < 0) & (rest != 0)).astype(wide)).astype(x.dtype)


class ReduceMax(Reduction):
    """The largest; NaN when one is; -inf, the least integer or false of none. ONNX ReduceMax (opset 20)."""

    def reduce(self, x: Array, axes: tuple[int, ...] | None) -> Array:
        return np.asarray(np.max(x, axis=axes, keepdims=self.keep_dims, initial=_extreme(x.dtype, -1)))


class ReduceMin(Reduction):
    """The smallest; NaN when one is; inf, the largest integer or true of none. ONNX ReduceMin (opset 20)."""

    def reduce(self, x: Array, axes: tuple[int, ...] | None) -> Array:
        return np.asarray(np.min(x, axis=axes, keepdims=self.keep_dims, initial=_extreme(x.dtype, 1)))


def _extreme(dtype: np.dtype[Any], sign: int) -> Any:
    """The value no other of the dtype is above (sign 1) or below (-1)."""
    if dtype == np.bool_:
        return sign > 0
    if dtype.kind == "f":
        return sign * np.inf
    limits = np.iinfo(dtype)
    return limits.max if sign > 0 else limits.min


class _ArgReduction(Op, abstract=True):
    """Base of ops that find an index along one axis: the first, or the last, of equal elements."""

    x: Value
    axis: int = 0
    keep_dims: bool = True
    picks_last: bool = False

    def infer(self) -> TensorType:
        x = self.x.tensor.with_dtype(DType.I64)
        if x.shape is None:
            return x
        axis = normalized_axis(self, self.axis, x.rank)
        if x.dims[axis] == 0:
            raise self.error(f"axis {axis} of {self.x.type} is empty")
        return x.with_shape(reduced_shape(x.dims, [axis], self.keep_dims))

    def flops(self) -> Dim:
        return self.x.tensor.element_count if self.x.tensor.shape is not None else 0

    def _found(self, function: Any, x: Array) -> Array:
        if not self.picks_last:
            return np.asarray(function(x, axis=self.axis, keepdims=self.keep_dims), np.int64)
        backwards = function(np.flip(x, self.axis), axis=self.axis, keepdims=self.keep_dims)
        return np.asarray(x.shape[self.axis] - 1 - backwards, np.int64)


class ArgMax(_ArgReduction):
    """The index of the largest element along the axis; NaN is larger than all. ONNX ArgMax (opset 13)."""

    def evaluate(self, x: Array) -> Array:
        return self._found(np.argmax, x)


class ArgMin(_ArgReduction):
    """The index of the smallest element along the axis; NaN is smaller than all. ONNX ArgMin (opset 13)."""

    def evaluate(self, x: Array) -> Array:
        return self._found(np.argmin, x)


class _Running(Op, abstract=True):
    """Base of running reductions along an axis, an operand of one element or the attribute.

    `is_exclusive` leaves an element itself out of its result, `is_reverse` starts from the back.
    """

    x: Value
    axis_operand: Value | None = None
    axis: int = 0
    is_exclusive: bool = False
    is_reverse: bool = False

    def infer(self) -> TensorType:
        if self.x.tensor.shape is not None and self.axis_operand is None:
            normalized_axis(self, self.axis, self.x.tensor.rank)
        return self.x.tensor

    def flops(self) -> Dim:
        return self.x.tensor.element_count if self.x.tensor.shape is not None else 0

    def _accumulated(self, function: Any, start: int, x: Array, axis_operand: Array | None) -> Array:
        axis = self.axis if axis_operand is None else int(axis_operand.reshape(()))
        moved = np.moveaxis(x, axis, 0)
        moved = moved[::-1] if self.is_reverse else moved
        total = in_f32(lambda v: function(v, axis=0, dtype=v.dtype), moved)
        if self.is_exclusive:
            first = np.full_like(total[:1], start)
            total = np.concatenate([first, total[:-1]])
        return np.array(np.moveaxis(total[::-1] if self.is_reverse else total, 0, axis))


class CumSum(_Running):
    """The sum of the elements up to each. ONNX CumSum (opset 14)."""

    def evaluate(self, x: Array, axis_operand: Array | None) -> Array:
        return self._accumulated(np.cumsum, 0, x, axis_operand)


class CumProd(_Running):
    """The product of the elements up to each. ONNX CumProd (opset 26)."""

    def evaluate(self, x: Array, axis_operand: Array | None) -> Array:
        return self._accumulated(np.cumprod, 1, x, axis_operand)


class _AlongAxis(Op, abstract=True):
    """Base of float functions of all elements along one axis, shape and dtype of x."""

    x: Value
    axis: int = -1

    def infer(self) -> TensorType:
        require_dtype(self, self.x, "a float", lambda d: d.is_float)
        if self.x.tensor.shape is not None:
            normalized_axis(self, self.axis, self.x.tensor.rank)
        return self.x.tensor

    def flops(self) -> Dim:
        # Per element: compare, subtract, exponential, add, divide.
        return 5 * self.x.tensor.element_count if self.x.tensor.shape is not None else 0


class Softmax(_AlongAxis):
    """Exponentials divided by their sum along the axis, the maximum subtracted first. ONNX Softmax (opset 13)."""

    def evaluate(self, x: Array) -> Array:
        return in_f32(self._softmax, x)

    def _softmax(self, x: Array) -> Array:
        exponentials = np.exp(x - np.max(x, axis=self.axis, keepdims=True, initial=-np.inf))
        return np.asarray(exponentials / np.sum(exponentials, axis=self.axis, keepdims=True))


class LogSoftmax(_AlongAxis):
    """The logarithm of the softmax along the axis, without computing it. ONNX LogSoftmax (opset 13)."""

    def evaluate(self, x: Array) -> Array:
        return in_f32(self._log_softmax, x)

    def _log_softmax(self, x: Array) -> Array:
        shifted = x - np.max(x, axis=self.axis, keepdims=True, initial=-np.inf)
        return np.asarray(shifted - np.log(np.sum(np.exp(shifted), axis=self.axis, keepdims=True)))
