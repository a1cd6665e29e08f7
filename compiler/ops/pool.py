"""Pools: what a window keeps of what it sees. MaxPool, AveragePool, LpPool, MaxUnpool."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from mlc.ir import Array, Dim, DType, Op, Purity, TensorType, Value, keyword
from mlc.ir.dims import product
from mlc.ops.precision import widened
from mlc.ops.windows import Layout, block_of, check_window, padded, tap_view, taps, window_count


class Pool(Op, abstract=True):
    """Base of pools over the spatial dims of x[N, C, spatial...], or [N, C/b, spatial..., b] in a blocked layout.

    pads are (begin..., end...). In ceil_mode a last window may hang over the end of x and its pads, unless it would
    begin behind the end of x.
    """

    x: Value
    kernel: tuple[int, ...]
    strides: tuple[int, ...] = keyword(kw_only=True)
    pads: tuple[int, ...] = keyword(kw_only=True)
    dilations: tuple[int, ...] = keyword(kw_only=True)
    ceil_mode: bool = False
    layout: Layout = "nchw"

    def infer(self) -> TensorType | tuple[TensorType, ...]:
        return self._type()

    def _type(self) -> TensorType:
        x = self.x.tensor
        if x.shape is None:
            return x
        block = block_of(self.layout)
        rank = x.rank - (3 if block else 2)
        if rank < 1 or rank != len(self.kernel):
            raise self.error(f"x {x} has not {len(self.kernel)} spatial dims in layout {self.layout}")
        check_window(self, rank, strides=self.strides, pads=self.pads, dilations=self.dilations)
        counts = tuple(
            window_count(
                self,
                x.dims[2 + i],
                self.kernel[i],
                stride=self.strides[i],
                dilation=self.dilations[i],
                begin=self.pads[i],
                end=self.pads[rank + i],
                ceil_mode=self.ceil_mode,
            )
            for i in range(rank)
        )
        return x.with_shape((*x.dims[:2], *counts, *x.dims[2 + rank :]))

    def _counts(self, x: Array) -> tuple[int, ...]:
        rank = len(self.kernel)
        counts = [
            window_count(
                self,
                x.shape[2 + i],
                self.kernel[i],
                stride=self.strides[i],
                dilation=self.dilations[i],
                begin=self.pads[i],
                end=self.pads[rank + i],
                ceil_mode=self.ceil_mode,
            )
            for i in range(rank)
        ]
        return tuple(c for c in counts if isinstance(c, int))

    def _seen(self, x: Array, counts: tuple[int, ...], fill: float) -> Iterator[Array]:
        """What all windows see of the already padded x at each of their taps; `fill` behind its end."""
        reach = [
            (count - 1) * s + (k - 1) * d + 1
            for count, s, k, d in zip(counts, self.strides, self.kernel, self.dilations, strict=True)
        ]
        ends = [max(r - size, 0) for r, size in zip(reach, x.shape[2:], strict=False)]
        whole = padded(x, 2, (*(0,) * len(ends), *ends), fill)
        for tap in taps(self.kernel):
            yield tap_view(whole, 2, tap, strides=self.strides, dilations=self.dilations, counts=counts)

    def flops(self) -> Dim:
        return product(self.results[0].tensor.dims) * math.prod(self.kernel)


class MaxPool(Pool):
    """The largest element of each window; NaN if it sees one. Pads are never the largest.

    With `with_indices` a second i64 result has the place of each in x flattened, the first of equals: row-major, or
    with the last two spatial dims exchanged where `column_major`. ONNX MaxPool (opset 22).
    """

    with_indices: bool = False
    column_major: bool = False
    result_names = None

    def infer(self) -> TensorType | tuple[TensorType, ...]:
        y = self._type()
        if self.with_indices and self.layout != "nchw":
            raise self.error(f"indices need the plain layout, not {self.layout}")
        return (y, y.with_dtype(DType.I64)) if self.with_indices else y

    def evaluate(self, x: Array) -> Array | tuple[Array, Array]:
        dtype = DType.of(x.dtype)
        lowest = -np.inf if dtype.is_float else 0 if dtype is DType.BOOL else int(np.iinfo(x.dtype).min)
        seen = list(self._seen(padded(x, 2, self.pads, lowest), self._counts(x), lowest))
        largest = seen[0]
        for values in seen[1:]:
            largest = np.maximum(largest, values)
        largest = np.ascontiguousarray(largest)
        return (largest, self._places(x, seen, largest)) if self.with_indices else largest

    def _places(self, x: Array, seen: list[Array], largest: Array) -> Array:
        places = np.arange(x.size, dtype=np.int64).reshape(x.shape)
        if self.column_major:
            shape = (*x.shape[:2], *x.shape[2:][::-1])
            places = np.arange(x.size, dtype=np.int64).reshape(shape).transpose(0, 1, *range(x.ndim - 1, 1, -1))
        found = np.full(largest.shape, -1, np.int64)
        at_all = self._seen(padded(places, 2, self.pads, -1), self._counts(x), -1)
        for values, at in zip(seen, at_all, strict=True):
            is_it = (values == largest) | ((values != values) & (largest != largest))
            found = np.where((found < 0) & (at >= 0) & is_it, at, found)
        return found


class AveragePool(Pool):
    """The mean of each window over the elements of x it sees, or with `count_pads` over the pads too.

    What hangs over the end in ceil_mode is counted in neither. ONNX AveragePool (opset 22).
    """

    count_pads: bool = False

    def evaluate(self, x: Array) -> Array:
        counts, rank = self._counts(x), len(self.kernel)
        values = padded(widened(x), 2, self.pads, 0)
        ones = np.ones((1, 1, *x.shape[2 : 2 + rank], *(1,) * (x.ndim - 2 - rank)), values.dtype)
        ones = padded(ones, 2, self.pads, 1 if self.count_pads else 0)
        total = sum(self._seen(values, counts, 0), np.zeros((), values.dtype))
        count = sum(self._seen(ones, counts, 0), np.zeros((), values.dtype))
        return np.asarray(total / count).astype(x.dtype)


class LpPool(Pool):
    """(sum |x|^p)^(1/p) over each window; pads add nothing. ONNX LpPool (opset 22)."""

    p: int = 2

    def evaluate(self, x: Array) -> Array:
        powers = padded(np.abs(widened(x)) ** self.p, 2, self.pads, 0)
        total = sum(self._seen(powers, self._counts(x), 0), np.zeros((), powers.dtype))
        return np.asarray(total ** (1 / self.p)).astype(x.dtype)


class MaxUnpool(Op):
    """Zeros of shape `dims` (or `shape`) with each x at its place, as MaxPool's indices count places.

    An index counts places in the tensor that x was pooled from, `source` long in each dim; the result may be larger
    than that, at the end of each dim. ONNX MaxUnpool (opset 22).
    """

    x: Value
    indices: Value
    shape: Value | None = None
    source: tuple[Dim, ...] = keyword(kw_only=True)
    dims: tuple[Dim, ...] = keyword(kw_only=True)
    defines_symbols = True
    purity = Purity.MAY_FAIL

    def infer(self) -> TensorType:
        x = self.x.tensor
        if x.shape is not None and not (x.rank == len(self.source) == len(self.dims)):
            raise self.error(f"x {x}, source {self.source} and dims {self.dims} differ in rank")
        return TensorType(x.dtype, self.dims)

    def equal_dims(self) -> Sequence[tuple[Dim, Dim]]:
        return list(zip(self.indices.tensor.dims, self.x.tensor.dims, strict=True))

    def at_most_dims(self) -> Sequence[tuple[Dim, Dim]]:
        return list(zip(self.source, self.dims, strict=True))

    def evaluate(self, x: Array, indices: Array, shape: Array | None) -> Array:
        source = tuple(d for d in self.source if isinstance(d, int))
        given = self.dims if shape is None else shape.tolist()
        y = np.zeros([d for d in given if isinstance(d, int)], x.dtype)
        if np.any((indices < 0) | (indices >= math.prod(source))):
            raise IndexError(f"indices must lie in [0, {math.prod(source)})")
        y[np.unravel_index(indices, source)] = x
        return y
