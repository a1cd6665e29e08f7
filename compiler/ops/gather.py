"""Ops that take elements from, or put them to, places that other operands or the elements themselves name.

An index counts from the back where negative; one outside its axis is an error when the op runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from mlc.ir import Array, Dim, DType, Op, Purity, TensorType, Value
from mlc.ops.inference import merged_dim, normalized_axis, require_dtype, same_dtype
from mlc.ops.precision import widened

Reduction = Literal["none", "add", "mul", "max", "min"]


def _is_index(dtype: DType) -> bool:
    return dtype in (DType.I32, DType.I64)


class Gather(Op):
    """The subtensors of x at the indices along an axis; the axes of the indices replace it. ONNX Gather (opset 13)."""

    x: Value
    indices: Value
    axis: int = 0
    purity = Purity.MAY_FAIL

    def infer(self) -> TensorType:
        require_dtype(self, self.indices, "an index", _is_index)
        x, indices = self.x.tensor, self.indices.tensor
        if x.shape is None or indices.shape is None:
            return x.with_shape(None)
        axis = normalized_axis(self, self.axis, x.rank)
        return x.with_shape(x.dims[:axis] + indices.dims + x.dims[axis + 1 :])

    def evaluate(self, x: Array, indices: Array) -> Array:
        return np.asarray(np.take(x, indices, axis=self.axis))


class GatherElements(Op):
    """x at its own place, but at the index along the axis: y[i,j] = x[indices[i,j],j] for axis 0.

    ONNX GatherElements (opset 13).
    """

    x: Value
    indices: Value
    axis: int = 0
    purity = Purity.MAY_FAIL

    def infer(self) -> TensorType:
        require_dtype(self, self.indices, "an index", _is_index)
        x, indices = self.x.tensor, self.indices.tensor
        if x.shape is not None and indices.shape is not None:
            normalized_axis(self, self.axis, x.rank)
            if x.rank != indices.rank:
                raise self.error(f"indices must have the rank of x, got {indices} for {x}")
        return x.with_shape(indices.shape)

    def at_most_dims(self) -> Sequence[tuple[Dim, Dim]]:
        return _beside(self.axis, self.indices, self.x)

    def evaluate(self, x: Array, indices: Array) -> Array:
        return np.asarray(x[_places(indices, self.axis)])


def _beside(axis: int, indices: Value, x: Value) -> list[tuple[Dim, Dim]]:
    """The dims of the indices and of x but for the one along the axis."""
    pairs = list(zip(indices.tensor.dims, x.tensor.dims, strict=True))
    del pairs[axis]
    return pairs


def _places(indices: Array, axis: int) -> tuple[Array, ...]:
    """The index into each axis that lets `indices` choose along one of them."""
    places: list[Any] = list(np.indices(indices.shape, sparse=True))
    places[axis] = indices
    return tuple(places)


class GatherNd(Op):
    """The subtensors of x at the index tuples in the last axis of the indices.

    The first `batch_axes` axes are shared by both. ONNX GatherND (opset 13).
    """

    x: Value
    indices: Value
    batch_axes: int = 0
    purity = Purity.MAY_FAIL

    def infer(self) -> TensorType:
        require_dtype(self, self.indices, "an index", _is_index)
        x, indices = self.x.tensor, self.indices.tensor
        if x.shape is None or indices.shape is None:
            return x.with_shape(None)
        depth = indices.dims[-1] if indices.rank else 0
        if not isinstance(depth, int):
            return x.with_shape(None)
        if depth < 1 or self.batch_axes + depth > x.rank:
            raise self.error(f"indices of {depth} entries do not fit {x} behind {self.batch_axes} batch axes")
        batch = [merged_dim(self, i, [x.dims[i], indices.dims[i]]) for i in range(self.batch_axes)]
        return x.with_shape((*batch, *indices.dims[self.batch_axes : -1], *x.dims[self.batch_axes + depth :]))

    def equal_dims(self) -> Sequence[tuple[Dim, Dim]]:
        return list(zip(self.indices.tensor.dims, self.x.tensor.dims, strict=False))[: self.batch_axes]

    def evaluate(self, x: Array, indices: Array) -> Array:
        inner = indices.ndim - 1
        batch = [a.reshape(a.shape + (1,) * (inner - a.ndim)) for a in _batch_grids(indices.shape, self.batch_axes)]
        return np.asarray(x[(*batch, *np.moveaxis(indices, -1, 0))])


def _batch_grids(shape: tuple[int, ...], axes: int) -> list[Array]:
    return list(np.indices(shape[:axes], sparse=True))


class ScatterElements(Op):
    """x with the updates put where GatherElements would take them, or added, multiplied, compared there.

    Which update wins where two meet is undefined unless there is a reduction. ONNX ScatterElements (opset 18).
    """

    x: Value
    indices: Value
    updates: Value
    axis: int = 0
    reduction: Reduction = "none"
    purity = Purity.MAY_FAIL

    def infer(self) -> TensorType:
        require_dtype(self, self.indices, "an index", _is_index)
        same_dtype(self, self.x, self.updates)
        x, indices = self.x.tensor, self.indices.tensor
        if x.shape is not None and indices.shape is not None and x.rank != indices.rank:
            raise self.error(f"indices must have the rank of x, got {indices} for {x}")
        return x

    def equal_dims(self) -> Sequence[tuple[Dim, Dim]]:
        return list(zip(self.updates.tensor.dims, self.indices.tensor.dims, strict=False))

    def at_most_dims(self) -> Sequence[tuple[Dim, Dim]]:
        return _beside(self.axis, self.indices, self.x)

    def evaluate(self, x: Array, indices: Array, updates: Array) -> Array:
        return _scattered(x, _places(indices, self.axis), updates, self.reduction)


class ScatterNd(Op):
    """x with the updates put at the index tuples in the last axis of the indices, or combined with what is there.

    Which update wins where two meet is undefined unless there is a reduction. ONNX ScatterND (opset 18).
    """

    x: Value
    indices: Value
    updates: Value
    reduction: Reduction = "none"
    purity = Purity.MAY_FAIL

    def infer(self) -> TensorType:
        require_dtype(self, self.indices, "an index", _is_index)
        same_dtype(self, self.x, self.updates)
        x, indices = self.x.tensor, self.indices.tensor
        depth = indices.dims[-1] if indices.shape else None
        if x.shape is not None and isinstance(depth, int) and depth > x.rank:
            raise self.error(f"indices of {depth} entries do not fit {x}")
        return x

    def equal_dims(self) -> Sequence[tuple[Dim, Dim]]:
        *places, depth = self.indices.tensor.dims
        if not isinstance(depth, int):
            return ()
        return list(zip(self.updates.tensor.dims, (*places, *self.x.tensor.dims[depth:]), strict=False))

    def evaluate(self, x: Array, indices: Array, updates: Array) -> Array:
        return _scattered(x, tuple(np.moveaxis(indices, -1, 0)), updates, self.reduction)


def _scattered(x: Array, places: tuple[Array, ...], updates: Array, reduction: Reduction) -> Array:
    result = np.array(widened(x))
    match reduction:
        case "none":
            result[places] = updates
        case "add":
            np.add.at(result, places, widened(updates))
        case "mul":
            np.multiply.at(result, places, widened(updates))
        case "max":
            np.maximum.at(result, places, widened(updates))
        case "min":
            np.minimum.at(result, places, widened(updates))
    return result.astype(x.dtype)


class TensorScatter(Op):
    """x with the update written from position start[b] (0 without) of the axis on, for each b of axis 0.

    A "circular" mode goes on at the front behind the end. The step of a key-value cache. ONNX TensorScatter (opset 24).
    """

    x: Value
    update: Value
    start: Value | None = None
    axis: int = -2
    mode: Literal["linear", "circular"] = "linear"
    purity = Purity.MAY_FAIL

    def infer(self) -> TensorType:
        same_dtype(self, self.x, self.update)
        if self.x.tensor.shape is not None and normalized_axis(self, self.axis, self.x.tensor.rank) == 0:
            raise self.error("axis must not be that of the batch, 0")
        return self.x.tensor

    def evaluate(self, x: Array, update: Array, start: Array | None) -> Array:
        result = np.array(np.moveaxis(x, self.axis, 1))
        moved = np.moveaxis(update, self.axis, 1)
        first = np.zeros(len(x), np.int64) if start is None else start
        places = first[:, None] + np.arange(moved.shape[1])
        if self.mode == "circular":
            places = places % result.shape[1]
        elif (places < 0).any():
            raise self.error(f"writes before position 0: start is {first.tolist()}")
        result[np.arange(len(x))[:, None], places] = moved
        return np.array(np.moveaxis(result, 1, self.axis))


class OneHot(Op):
    """`values[1]` where the new axis has the place the index names, `values[0]` elsewhere. ONNX OneHot (opset 11).

    An index outside [-depth, depth) names none. The number of places is an operand of one element or the `depth`.
    """

    indices: Value
    values: Value
    depth_operand: Value | None = None
    depth: Dim = 0
    axis: int = -1
    defines_symbols = True

    def infer(self) -> TensorType:
        indices = self.indices.tensor
        if indices.shape is None:
            return TensorType(self.values.tensor.dtype, None)
        axis = normalized_axis(self, self.axis, indices.rank + 1)
        return TensorType(self.values.tensor.dtype, (*indices.dims[:axis], self.depth, *indices.dims[axis:]))

    def equal_dims(self) -> Sequence[tuple[Dim, Dim]]:
        return [(self.values.tensor.dims[0], 2)]

    def evaluate(self, indices: Array, values: Array, depth_operand: Array | None) -> Array:
        depth = self.depth if depth_operand is None else int(depth_operand.reshape(()))
        assert isinstance(depth, int)
        wanted = indices.astype(np.int64)
        wanted = np.expand_dims(np.where(wanted < 0, wanted + depth, wanted), self.axis)
        places = np.arange(depth).reshape([depth if a == self.axis % wanted.ndim else 1 for a in range(wanted.ndim)])
        return np.asarray(np.where(wanted == places, values[1], values[0]))


class NonZero(Op):
    """The indices of the elements of x that are not 0, as y[rank,count] in row-major order. ONNX NonZero (opset 13)."""

    x: Value
    count: Dim
    defines_symbols = True

    def infer(self) -> TensorType:
        if self.x.tensor.shape is None:
            return TensorType(DType.I64, None)
        return TensorType(DType.I64, (self.x.tensor.rank, self.count))

    def evaluate(self, x: Array) -> Array:
        if x.ndim == 0:
            return np.zeros((0, int(x != 0)), np.int64)
        return np.array(np.nonzero(x), np.int64)


class Compress(Op):
    """The subtensors of x along the axis (elements of the flattened x without) for which the condition holds.

    A condition shorter than the axis is false for the rest. ONNX Compress (opset 11).
    """

    x: Value
    condition: Value
    axis: int | None
    count: Dim
    defines_symbols = True
    purity = Purity.MAY_FAIL

    def infer(self) -> TensorType:
        require_dtype(self, self.condition, "a boolean", lambda d: d is DType.BOOL)
        x = self.x.tensor
        if self.axis is None:
            return x.with_shape((self.count,))
        if x.shape is None:
            return x
        axis = normalized_axis(self, self.axis, x.rank)
        return x.with_shape((*x.dims[:axis], self.count, *x.dims[axis + 1 :]))

    def evaluate(self, x: Array, condition: Array) -> Array:
        return np.asarray(np.compress(condition, x, axis=self.axis))


class Unique(Op):
    """The distinct subtensors of x along the axis (elements of the flattened x without), sorted or as they first occur.

    Also the index of each one's first occurrence, for each of x its index among the distinct, and how often each
    occurs. ONNX Unique (opset 28).
    """

    x: Value
    axis: int | None
    is_sorted: bool
    count: Dim
    result_names = ("values", "indices", "inverse", "counts")
    defines_symbols = True

    def infer(self) -> tuple[TensorType, ...]:
        x = self.x.tensor
        each = TensorType(DType.I64, (self.count,))
        if x.shape is None:
            return x.with_shape((self.count,) if self.axis is None else None), each, TensorType(DType.I64, None), each
        if self.axis is None:
            return x.with_shape((self.count,)), each, TensorType(DType.I64, (x.element_count,)), each
        axis = normalized_axis(self, self.axis, x.rank)
        values = x.with_shape((*x.dims[:axis], self.count, *x.dims[axis + 1 :]))
        return values, each, TensorType(DType.I64, (x.dims[axis],)), each

    def evaluate(self, x: Array) -> tuple[Array, ...]:
        found = np.unique(widened(x), return_index=True, return_inverse=True, return_counts=True, axis=self.axis)
        values, first, inverse, counts = found
        if not self.is_sorted:
            order = np.argsort(first, kind="stable")
            values = np.take(values, order, axis=self.axis or 0)
            first, counts = first[order], counts[order]
            inverse = np.argsort(order)[inverse]
        return values.astype(x.dtype), first, inverse.reshape(-1), counts


class TopK(Op, name="top_k"):
    """The k largest or smallest elements along the axis and their indices; of equal ones the first come first.

    k is an operand of one element or the attribute. Sorted in either case. ONNX TopK (opset 24).
    """

    x: Value
    k_operand: Value | None = None
    k: Dim = 0
    axis: int = -1
    is_largest: bool = True
    result_names = ("values", "indices")
    defines_symbols = True
    purity = Purity.MAY_FAIL

    def infer(self) -> tuple[TensorType, TensorType]:
        x = self.x.tensor
        if x.shape is None:
            return x, x.with_dtype(DType.I64)
        axis = normalized_axis(self, self.axis, x.rank)
        extent = x.dims[axis]
        if isinstance(extent, int) and isinstance(self.k, int) and self.k > extent:
            raise self.error(f"k is {self.k} but axis {axis} of {x} has {extent} elements")
        shape = (*x.dims[:axis], self.k, *x.dims[axis + 1 :])
        return x.with_shape(shape), TensorType(DType.I64, shape)

    def evaluate(self, x: Array, k_operand: Array | None) -> tuple[Array, Array]:
        k = self.k if k_operand is None else int(k_operand.reshape(()))
        assert isinstance(k, int)
        if k > x.shape[self.axis]:
            raise self.error(f"k is {k} but the axis has {x.shape[self.axis]} elements")
        moved = np.moveaxis(x, self.axis, -1)
        order = _descending(moved) if self.is_largest else np.argsort(widened(moved), axis=-1, kind="stable")
        indices = np.moveaxis(order[..., :k], -1, self.axis)
        return np.asarray(np.take_along_axis(x, indices, axis=self.axis)), np.array(indices)


def _descending(x: Array) -> Array:
    """The order of the last axis, largest first, the first of equal ones first."""
    backwards = np.argsort(widened(x)[..., ::-1], axis=-1, kind="stable")[..., ::-1]
    return np.asarray(x.shape[-1] - 1 - backwards)
