"""Ops that move elements without looking at them: reshape, transpose, broadcast, concatenate, slice, pad, tile.

Where a shape is an operand, `dims` is what the frontend knows of the result's shape: numbers and known symbols are
checked when the op runs, new symbols get their values there. Without such an operand `dims` is the shape itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from mlc.ir import Array, Dim, DType, Op, TensorType, Value
from mlc.ir.dims import is_static
from mlc.ops.inference import merged_dim, normalized_axis, numbers, same_dtype
from mlc.ops.precision import in_f32


class Reshape(Op):
    """The elements of x in row-major order in another shape.

    In a `shape` operand -1 stands for what is left over, and 0 for the dim of x at its place unless `keeps_zero`.
    ONNX Reshape (opset 25).
    """

    x: Value
    shape: Value | None = None
    dims: tuple[Dim, ...] | None = None
    keeps_zero: bool = False
    defines_symbols = True

    def infer(self) -> TensorType:
        if self.dims is None and self.shape is None:
            raise self.error("dims or a shape operand must be given")
        result = self.x.tensor.with_shape(self.dims)
        if self.x.tensor.shape is not None and self.dims is not None:
            counts = self.x.tensor.element_count, result.element_count
            if is_static(counts[0]) and is_static(counts[1]) and counts[0] != counts[1]:
                raise self.error(f"{self.x.type} has {counts[0]} elements, {result} has {counts[1]}")
        return result

    def evaluate(self, x: Array, shape: Array | None) -> Array:
        if shape is None:
            assert self.dims is not None
            return x.reshape(numbers(self.dims))
        wanted = [int(size) for size in shape]
        if not self.keeps_zero:
            wanted = [size if size or axis >= x.ndim else x.shape[axis] for axis, size in enumerate(wanted)]
        return x.reshape(wanted)


class Expand(Op):
    """x broadcast to `dims`, or together with a `shape` operand. ONNX Expand (opset 13)."""

    x: Value
    shape: Value | None = None
    dims: tuple[Dim, ...] | None = None
    defines_symbols = True

    def infer(self) -> TensorType:
        if self.dims is None and self.shape is None:
            raise self.error("dims or a shape operand must be given")
        if self.dims is not None and self.x.tensor.shape is not None:
            self._check(self.x.tensor.dims, self.dims)
        return self.x.tensor.with_shape(self.dims)

    def _check(self, x: tuple[Dim, ...], dims: tuple[Dim, ...]) -> None:
        if len(dims) < len(x):
            raise self.error(f"{self.x.type} does not broadcast to a shape of rank {len(dims)}")
        for ours, wanted in zip(reversed(x), reversed(dims), strict=False):
            if is_static(ours) and is_static(wanted) and ours not in (1, wanted):
                raise self.error(f"{self.x.type} does not broadcast to [{', '.join(map(str, dims))}]")

    def broadcast_dims(self) -> Sequence[tuple[Dim, Dim]]:
        if self.dims is None:
            return ()
        return list(zip(self.x.tensor.dims[::-1], self.dims[::-1], strict=False))

    def evaluate(self, x: Array, shape: Array | None) -> Array:
        if shape is not None:
            return np.broadcast_to(x, np.broadcast_shapes(x.shape, tuple(int(s) for s in shape))).copy()
        assert self.dims is not None
        return np.broadcast_to(x, numbers(self.dims)).copy()


class Transpose(Op):
    """x with axis perm[i] at place i. ONNX Transpose (opset 25)."""

    x: Value
    perm: tuple[int, ...]

    def infer(self) -> TensorType:
        x = self.x.tensor
        if x.shape is None:
            return x
        if sorted(self.perm) != list(range(x.rank)):
            raise self.error(f"perm {self.perm} is no order of the {x.rank} axes of {x}")
        return x.with_shape(tuple(x.dims[p] for p in self.perm))

    def evaluate(self, x: Array) -> Array:
        return np.ascontiguousarray(np.transpose(x, self.perm)) if x.ndim else x


class Concat(Op):
    """Tensors one after another along an axis. ONNX Concat (opset 13)."""

    xs: Sequence[Value]
    axis: int

    def infer(self) -> TensorType:
        if not self.xs:
            raise self.error("no operands")
        dtype = same_dtype(self, *self.xs)
        shapes = [v.tensor.shape for v in self.xs]
        ranked = [s for s in shapes if s is not None]
        if len(ranked) < len(shapes):
            return TensorType(dtype, None)
        if len({len(s) for s in ranked}) > 1:
            raise self.error(f"operands of different rank: {', '.join(str(v.type) for v in self.xs)}")
        axis = normalized_axis(self, self.axis, len(ranked[0]))
        dims = [merged_dim(self, i, [s[i] for s in ranked]) if i != axis else 0 for i in range(len(ranked[0]))]
        for shape in ranked:
            dims[axis] = dims[axis] + shape[axis]
        return TensorType(dtype, tuple(dims))

    def equal_dims(self) -> Sequence[tuple[Dim, Dim]]:
        axis = self.axis % self.result.tensor.rank
        shapes = [v.tensor.dims for v in self.xs]
        return [
            pair for own in shapes for i, pair in enumerate(zip(own, self.result.tensor.dims, strict=True)) if i != axis
        ]

    def evaluate(self, xs: list[Array]) -> Array:
        return np.concatenate(xs, axis=self.axis)


class Slice(Op):
    """x at starts + i * steps for 0 <= i < dims, one entry of each per axis; all of it inside of x.

    ONNX Slice (opset 13) and Split (opset 18), bounds clamped by the frontend.
    """

    x: Value
    starts: tuple[Dim, ...]
    dims: tuple[Dim, ...]
    steps: tuple[int, ...]

    def infer(self) -> TensorType:
        x = self.x.tensor
        if len({len(self.starts), len(self.dims), len(self.steps)} | ({x.rank} if x.shape is not None else set())) > 1:
            raise self.error(f"starts, dims and steps must have one entry per axis of {x}")
        for axis, (start, size, step) in enumerate(zip(self.starts, self.dims, self.steps, strict=True)):
            last = start + (size - 1) * step
            extent = x.dims[axis] if x.shape is not None else None
            for edge in (start, last) if size != 0 else ():
                if isinstance(edge, int) and (edge < 0 or (isinstance(extent, int) and edge >= extent)):
                    raise self.error(f"axis {axis} has no element {edge}: {x}")
        return x.with_shape(self.dims)

    def evaluate(self, x: Array) -> Array:
        size = numbers(self.dims)
        ranges = zip(numbers(self.starts), size, self.steps, strict=True)
        return np.ascontiguousarray(x[tuple(_slice(*r) for r in ranges)]).reshape(size)


def _slice(start: int, size: int, step: int) -> slice:
    stop = start + size * step
    return slice(0, 0) if size <= 0 else slice(start, stop if stop >= 0 else None, step)


class DynamicSlice(Op):
    """x from starts to ends, exclusive, by steps along the given axes (all from the first on), bounds known only at
    run time, counted from the back where negative and clamped to x. ONNX Slice (opset 13)."""

    x: Value
    starts: Value
    ends: Value
    axes: Value | None = None
    steps: Value | None = None
    dims: tuple[Dim, ...] | None = None
    defines_symbols = True

    def infer(self) -> TensorType:
        return self.x.tensor.with_shape(self.dims)

    def evaluate(self, x: Array, starts: Array, ends: Array, axes: Array | None, steps: Array | None) -> Array:
        index = [slice(None)] * x.ndim
        chosen = range(len(starts)) if axes is None else axes
        strides = np.ones(len(starts), np.int64) if steps is None else steps
        for axis, start, end, step in zip(chosen, starts, ends, strides, strict=True):
            index[int(axis)] = slice(int(start), int(end), int(step))
        return np.array(x[tuple(index)])


class Pad(Op):
    """x with elements added around it, or taken away where a pad is negative.

    `pads` holds the numbers before each axis, then those after each; an operand `amounts` holds them for the axes of
    `axes`. The new elements are `value` (0 without) or, by mode, the nearest ("edge"), those mirrored at the edge
    without it ("reflect") or those of x repeated ("wrap"). ONNX Pad (opset 25).
    """

    x: Value
    value: Value | None = None
    amounts: Value | None = None
    axes: Value | None = None
    pads: tuple[Dim, ...] | None = None
    mode: Literal["constant", "edge", "reflect", "wrap"] = "constant"
    dims: tuple[Dim, ...] | None = None
    defines_symbols = True

    def infer(self) -> TensorType:
        x = self.x.tensor
        if self.pads is None:
            if self.amounts is None:
                raise self.error("pads or an operand with the amounts must be given")
            return x.with_shape(self.dims)
        if x.shape is None:
            return x
        if len(self.pads) != 2 * x.rank:
            raise self.error(f"pads must have 2 entries per axis of {x}, got {len(self.pads)}")
        before, after = self.pads[: x.rank], self.pads[x.rank :]
        for axis, sizes in enumerate(zip(x.dims, before, after, strict=True)):
            if self.mode != "constant" and all(isinstance(n, int) for n in sizes):
                extent, *amounts = numbers(sizes)
                if extent + sum(min(n, 0) for n in amounts) <= 0 < max(amounts):
                    raise self.error(f"axis {axis} of {x} has no element that mode {self.mode} could repeat")
        return x.with_shape(tuple(d + b + a for d, b, a in zip(x.dims, before, after, strict=True)))

    def evaluate(self, x: Array, value: Array | None, amounts: Array | None, axes: Array | None) -> Array:
        before, after = self._amounts(x.ndim, amounts, axes)
        grown = [(max(b, 0), max(a, 0)) for b, a in zip(before, after, strict=True)]
        # Cropping comes first: an axis mirrors what is left of it.
        kept = x[tuple(slice(max(-b, 0), n - max(-a, 0)) for b, a, n in zip(before, after, x.shape, strict=True))]
        if self.mode == "constant":
            filled = np.full(
                tuple(n + b + a for n, (b, a) in zip(kept.shape, grown, strict=True)),
                np.zeros((), x.dtype) if value is None else value.reshape(()),
                x.dtype,
            )
            filled[tuple(slice(b, b + n) for n, (b, _) in zip(kept.shape, grown, strict=True))] = kept
            return filled
        return np.asarray(np.pad(kept, grown, mode=self.mode))

    def _amounts(self, rank: int, amounts: Array | None, axes: Array | None) -> tuple[list[int], list[int]]:
        if amounts is None:
            assert self.pads is not None
            known = list(numbers(self.pads))
            return known[:rank], known[rank:]
        before, after = [0] * rank, [0] * rank
        chosen = range(rank) if axes is None else [int(a) for a in axes]
        count = len(chosen)
        for place, axis in enumerate(chosen):
            before[axis], after[axis] = int(amounts[place]), int(amounts[place + count])
        return before, after


class Tile(Op):
    """x repeated along each axis. ONNX Tile (opset 13)."""

    x: Value
    counts: Value | None = None
    repeats: tuple[Dim, ...] | None = None
    dims: tuple[Dim, ...] | None = None
    defines_symbols = True

    def infer(self) -> TensorType:
        x = self.x.tensor
        if self.repeats is None:
            if self.counts is None:
                raise self.error("repeats or an operand with the counts must be given")
            return x.with_shape(self.dims)
        if x.shape is None:
            return x
        if len(self.repeats) != x.rank:
            raise self.error(f"repeats must have one entry per axis of {x}, got {len(self.repeats)}")
        return x.with_shape(tuple(d * r for d, r in zip(x.dims, self.repeats, strict=True)))

    def evaluate(self, x: Array, counts: Array | None) -> Array:
        if counts is not None:
            return np.tile(x, [int(c) for c in counts])
        assert self.repeats is not None
        return np.tile(x, numbers(self.repeats))


class Shape(Op):
    """The extents of x from axis `start` to `end`, exclusive, as i64. ONNX Shape (opset 25)."""

    x: Value
    start: int = 0
    end: int | None = None

    def infer(self) -> TensorType:
        if not isinstance(self.x.type, TensorType) or self.x.type.shape is None:
            return TensorType(DType.I64, None)
        return TensorType(DType.I64, (len(self.x.tensor.dims[self.start : self.end]),))

    @property
    def dims(self) -> tuple[Dim, ...] | None:
        """The contents of the result, where x has a rank."""
        return None if self.x.tensor.shape is None else self.x.tensor.dims[self.start : self.end]

    def evaluate(self, x: Array) -> Array:
        return np.array(x.shape[self.start : self.end], np.int64)


class Range(Op):
    """start, start + delta, ... up to limit, exclusive: scalars; `count` of them. ONNX Range (opset 27)."""

    start: Value
    limit: Value
    delta: Value
    count: Dim
    defines_symbols = True

    def infer(self) -> TensorType:
        return TensorType(same_dtype(self, self.start, self.limit, self.delta), (self.count,))

    def evaluate(self, start: Array, limit: Array, delta: Array) -> Array:
        return in_f32(_range, start.reshape(()), limit.reshape(()), delta.reshape(()))


def _range(start: Array, limit: Array, delta: Array) -> Array:
    if start.dtype.kind == "f":
        count = int(max(np.ceil((np.float64(limit) - np.float64(start)) / np.float64(delta)), 0))
    else:
        count = max(-(-(int(limit) - int(start)) // int(delta)), 0)
    return np.asarray(start + np.arange(count).astype(start.dtype) * delta, start.dtype)


class Trilu(Op):
    """The last two axes of x with zeros below (upper) or above the k-th diagonal. ONNX Trilu (opset 14)."""

    x: Value
    k: Value | None = None
    diagonal: int = 0
    upper: bool = True

    def infer(self) -> TensorType:
        if self.x.tensor.shape is not None and self.x.tensor.rank < 2:
            raise self.error(f"x must have at least 2 axes, got {self.x.type}")
        return self.x.tensor

    def evaluate(self, x: Array, k: Array | None) -> Array:
        offset = self.diagonal if k is None else int(k.reshape(()))
        rows, columns = np.arange(x.shape[-2])[:, None], np.arange(x.shape[-1])
        keeps = columns - rows >= offset if self.upper else columns - rows <= offset
        return np.where(keeps, x, np.zeros((), x.dtype))


class ReverseSequence(Op):
    """x with the first lengths[b] elements along the time axis reversed, for each b of the batch axis.

    ONNX ReverseSequence (opset 10).
    """

    x: Value
    lengths: Value
    time_axis: int = 0
    batch_axis: int = 1

    def infer(self) -> TensorType:
        return self.x.tensor

    def equal_dims(self) -> Sequence[tuple[Dim, Dim]]:
        return [(self.lengths.tensor.dims[0], self.x.tensor.dims[self.batch_axis])]

    def evaluate(self, x: Array, lengths: Array) -> Array:
        moved = np.moveaxis(x, (self.batch_axis, self.time_axis), (0, 1))
        time = np.arange(moved.shape[1])
        source = np.where(time < lengths[:, None], lengths[:, None] - 1 - time, time)
        picked = moved[np.arange(moved.shape[0])[:, None], source]
        return np.ascontiguousarray(np.moveaxis(picked, (0, 1), (self.batch_axis, self.time_axis)))
