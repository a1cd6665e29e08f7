"""Convolutions: Conv, ConvTranspose, DeformConv."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mlc.ir import Array, Dim, DType, Op, TensorType, Value, keyword
from mlc.ir.dims import floordiv, product
from mlc.ops.inference import same_dtype
from mlc.ops.precision import widened
from mlc.ops.sampling import sample_linear
from mlc.ops.windows import (
    Layout,
    block_of,
    blocked,
    check_window,
    padded,
    tap_view,
    taps,
    unblocked,
    window_count,
)


class Conv(Op):
    """Cross-correlation of x[N, C, spatial...] with w[O, C/groups, kernel...], plus b[O]: y[N, O, spatial...].

    pads are zeros, (begin..., end...). Channels are split into `groups`, each seen by O/groups filters. In a blocked
    layout with blocks of b, x is [N, C/b, spatial..., b], w is [O/b, (C/groups)/i, kernel..., i, b] with i = b, or
    i = 1 where a group has fewer than b channels, the bias [O/b, b] and y [N, O/b, spatial..., b]; C and O count the
    padding lanes. `channels` says how many of one group's C the sum goes over when the last block has lanes that stand
    for no channel, which are not read; 0 is all. x may stay [N, C, spatial...] there when there is one group; then
    i = 1. `winograd` is the side of the tiles of results that Winograd's algorithm takes, 2 or 4; 0 is the direct
    algorithm, with more products and less rounding. ONNX Conv (opset 22).
    """

    x: Value
    w: Value
    b: Value | None = None
    strides: tuple[int, ...] = keyword(kw_only=True)
    pads: tuple[int, ...] = keyword(kw_only=True)
    dilations: tuple[int, ...] = keyword(kw_only=True)
    groups: int = 1
    layout: Layout = "nchw"
    winograd: int = 0
    channels: int = 0

    def infer(self) -> TensorType:
        operands = (self.x, self.w, *(() if self.b is None else (self.b,)))
        dtype = same_dtype(self, *operands)
        x, w = self.x.tensor, self.w.tensor
        if x.shape is None or w.shape is None:
            return TensorType(dtype, None)
        block = block_of(self.layout)
        rank = w.rank - (4 if block else 2)
        if rank < 1 or x.rank not in ({rank + 2, rank + 3} if block else {rank + 2}):
            raise self.error(f"x {x} and w {w} are not an image and filters in layout {self.layout}")
        check_window(self, rank, strides=self.strides, pads=self.pads, dilations=self.dilations)
        if self.takes_plain and (self.groups != 1 or w.dims[-2] != 1):
            raise self.error(f"an x {x} without blocks takes w {w} of one group, with single input channels")
        self._check_channels(x, w, block)
        if self.winograd:
            self._check_winograd(w)
        counts = tuple(
            window_count(
                self,
                x.dims[2 + i],
                w.dims[2 + i],
                stride=self.strides[i],
                dilation=self.dilations[i],
                begin=self.pads[i],
                end=self.pads[rank + i],
            )
            for i in range(rank)
        )
        return TensorType(dtype, (x.dims[0], w.dims[0], *counts, *((block,) if block else ())))

    def _check_channels(self, x: TensorType, w: TensorType, block: int) -> None:
        filters = w.dims[0] * w.dims[-1] if block else w.dims[0]
        channels = x.dims[1] if self.takes_plain or not block else x.dims[1] * x.dims[-1]
        per_group = w.dims[1] * (w.dims[-2] if block else 1)
        if self.groups < 1 or (isinstance(filters, int) and filters % self.groups):
            raise self.error(f"{filters} filters do not split into {self.groups} groups")
        if isinstance(channels, int) and isinstance(per_group, int) and channels != per_group * self.groups:
            raise self.error(f"x has {channels} channels but w wants {per_group} in each of {self.groups} groups")
        if self.channels:
            self._check_used(channels, block)
        last = (w.dims[-1],) if self.takes_plain else (x.dims[-1], w.dims[-1])
        if block and any(isinstance(d, int) and d != block for d in last):
            raise self.error(f"x {x} and w {w} must end in blocks of {block} for layout {self.layout}")
        if self.b is not None and self.b.tensor.shape is not None:
            expected: tuple[Dim, ...] = (w.dims[0], *((block,) if block else ()))
            given = self.b.tensor.dims
            if len(given) != len(expected) or any(
                isinstance(g, int) and isinstance(e, int) and g != e for g, e in zip(given, expected, strict=True)
            ):
                raise self.error(f"bias {self.b.tensor} must have shape {list(expected)}")

    def _check_used(self, channels: Dim, block: int) -> None:
        is_fit = block > 0 and self.groups == 1 and not self.takes_plain
        is_in_last = not isinstance(channels, int) or channels - block < self.channels <= channels
        if not is_fit or not is_in_last:
            raise self.error(
                f"channels = {self.channels}: a part of the last block of one group's {channels}, on a blocked x"
            )

    def equal_dims(self) -> Sequence[tuple[Dim, Dim]]:
        x, w = self.x.tensor, self.w.tensor
        block = block_of(self.layout)
        channels = x.dims[1] if self.takes_plain or not block else x.dims[1] * x.dims[-1]
        per_group = w.dims[1] * (w.dims[-2] if block else 1)
        filters = w.dims[0] * (w.dims[-1] if block else 1)
        pairs = [(channels, per_group * self.groups), (filters, self.groups * floordiv(filters, self.groups))]
        return pairs if self.b is None else [*pairs, (self.b.tensor.dims[0], w.dims[0])]

    def _check_winograd(self, w: TensorType) -> None:
        is_unit = set(self.strides) == set(self.dilations) == {1}
        is_fit = is_unit and self.groups == 1 and block_of(self.layout) > 0 and not self.takes_plain
        taps = w.dims[2:-2]
        is_square = len(taps) == 2 and not any(isinstance(d, int) and d != 3 for d in taps)
        if self.winograd not in (2, 4) or not is_fit or not is_square:
            raise self.error(
                f"winograd = {self.winograd}: tiles of 2 or 4 are for 3 x 3 windows of stride 1 in one group of blocks"
            )

    @property
    def takes_plain(self) -> bool:
        """Whether x is [N, C, spatial...] and the result blocked."""
        return block_of(self.layout) > 0 and self.x.tensor.rank == self.w.tensor.rank - 2

    def evaluate(self, x: Array, w: Array, b: Array | None) -> Array:
        block = block_of(self.layout)
        image, filters = (x if self.takes_plain else unblocked(x), _plain_filters(w)) if block else (x, w)
        if self.channels:
            image, filters = image[:, : self.channels], filters[:, : self.channels]
        y = self._convolve(_exact(image), _exact(filters))
        if b is not None:
            y = y + _exact(b).reshape(-1, *(1,) * (y.ndim - 2))
        return (blocked(y, block) if block else y).astype(x.dtype)

    def _convolve(self, x: Array, w: Array) -> Array:
        n, c = x.shape[:2]
        kernel, groups = w.shape[2:], self.groups
        x = padded(x, 2, self.pads, 0)
        spans = [(k - 1) * d + 1 for k, d in zip(kernel, self.dilations, strict=True)]
        counts = [(h - span) // s + 1 for h, span, s in zip(x.shape[2:], spans, self.strides, strict=True)]
        x = x.reshape(n, groups, c // groups, *x.shape[2:])
        w = w.reshape(groups, w.shape[0] // groups, c // groups, *kernel)
        y = np.zeros((n, groups, w.shape[1], math.prod(counts)), x.dtype)
        for tap in taps(kernel):
            seen = tap_view(x, 3, tap, strides=self.strides, dilations=self.dilations, counts=counts)
            y += _at(w, tap) @ seen.reshape(*x.shape[:3], math.prod(counts))
        return y.reshape(n, groups * w.shape[1], *counts)

    def flops(self) -> Dim:
        w = self.w.tensor.dims
        if self.channels:
            per_element: Dim = self.channels * product(w[2:-2])
        else:
            per_element = product(w[1:-1]) if block_of(self.layout) else product(w[1:])
        return 2 * product(self.result.tensor.dims) * per_element


def _exact(x: Array) -> Array:
    """Floats in f64, so that the sum of a window is rounded once, whatever order BLAS adds in."""
    return x.astype(np.float64) if DType.of(x.dtype).is_float else x


def _at(w: Array, tap: tuple[int, ...]) -> Array:
    """The filters' elements at one tap: w[..., kernel...] without its kernel dims."""
    return np.asarray(w[(slice(None),) * (w.ndim - len(tap)) + tap])


def _plain_filters(w: Array) -> Array:
    """w[O/b, I/i, kernel..., i, b] as [O, I, kernel...]."""
    rank = w.ndim - 4
    order = (0, w.ndim - 1, 1, w.ndim - 2, *range(2, 2 + rank))
    return w.transpose(order).reshape(w.shape[0] * w.shape[-1], w.shape[1] * w.shape[-2], *w.shape[2 : 2 + rank])


class ConvTranspose(Op):
    """The adjoint of Conv: each x[N, C, spatial...] adds its multiple of w[C, O/groups, kernel...] to y[N, O, ...].

    y is cut by pads (begin..., end...) and grows by output_padding zeros at the end before the bias b[O] is added.
    ONNX ConvTranspose (opset 22).
    """

    x: Value
    w: Value
    b: Value | None = None
    strides: tuple[int, ...] = keyword(kw_only=True)
    pads: tuple[int, ...] = keyword(kw_only=True)
    dilations: tuple[int, ...] = keyword(kw_only=True)
    output_padding: tuple[int, ...] = keyword(kw_only=True)
    groups: int = 1

    def infer(self) -> TensorType:
        dtype = same_dtype(self, self.x, self.w, *(() if self.b is None else (self.b,)))
        x, w = self.x.tensor, self.w.tensor
        if x.shape is None or w.shape is None:
            return TensorType(dtype, None)
        rank = x.rank - 2
        if rank < 1 or w.rank != x.rank or len(self.output_padding) != rank:
            raise self.error(f"x {x}, w {w} and output_padding {self.output_padding} differ in spatial dims")
        check_window(self, rank, strides=self.strides, pads=(0,) * 2 * rank, dilations=self.dilations)
        if len(self.pads) != 2 * rank:
            raise self.error(f"pads must have {2 * rank} numbers for {rank} spatial dims, got {self.pads}")
        if isinstance(x.dims[1], int) and isinstance(w.dims[0], int) and x.dims[1] != w.dims[0]:
            raise self.error(f"x has {x.dims[1]} channels but w is for {w.dims[0]}")
        if isinstance(x.dims[1], int) and x.dims[1] % self.groups:
            raise self.error(f"{x.dims[1]} channels do not split into {self.groups} groups")
        sizes = tuple(
            (x.dims[2 + i] - 1) * self.strides[i]
            + (w.dims[2 + i] - 1) * self.dilations[i]
            + (1 + self.output_padding[i] - self.pads[i] - self.pads[rank + i])
            for i in range(rank)
        )
        return TensorType(dtype, (x.dims[0], w.dims[1] * self.groups, *sizes))

    def equal_dims(self) -> Sequence[tuple[Dim, Dim]]:
        w = self.w.tensor.dims
        pairs = [(self.x.tensor.dims[1], w[0])]
        return pairs if self.b is None else [*pairs, (self.b.tensor.dims[0], w[1] * self.groups)]

    def evaluate(self, x: Array, w: Array, b: Array | None) -> Array:
        n, c, *sizes = x.shape
        kernel, groups = w.shape[2:], self.groups
        spans = [(k - 1) * d + 1 for k, d in zip(kernel, self.dilations, strict=True)]
        full = [(h - 1) * s + span for h, s, span in zip(sizes, self.strides, spans, strict=True)]
        xg = widened(x).reshape(n, groups, c // groups, math.prod(sizes))
        wg = widened(w).reshape(groups, c // groups, *w.shape[1:])
        y = np.zeros((n, groups, w.shape[1], *full), xg.dtype)
        for tap in taps(kernel):
            share = np.swapaxes(_at(wg, tap), 1, 2) @ xg
            seen = tap_view(y, 3, tap, strides=self.strides, dilations=self.dilations, counts=sizes)
            seen += share.reshape(n, groups, w.shape[1], *sizes)
        y = self._cut(y.reshape(n, groups * w.shape[1], *full))
        if b is not None:
            y = y + widened(b).reshape(-1, *(1,) * len(sizes))
        return y.astype(x.dtype)

    def _cut(self, y: Array) -> Array:
        rank = y.ndim - 2
        ends = [extra - end for extra, end in zip(self.output_padding, self.pads[rank:], strict=True)]
        grown = padded(y, 2, (*(max(-p, 0) for p in self.pads[:rank]), *(max(e, 0) for e in ends)), 0)
        cuts = [
            slice(max(begin, 0), size + min(end, 0))
            for begin, end, size in zip(self.pads[:rank], ends, grown.shape[2:], strict=True)
        ]
        return grown[(slice(None), slice(None), *cuts)]

    def flops(self) -> Dim:
        return 2 * product(self.x.tensor.dims) * product(self.w.tensor.dims[1:])


class DeformConv(Op):
    """Conv whose windows sample x at learned offsets, weighted by an optional mask.

    offset[N, offset_groups * taps * spatial_rank, out...] moves each tap of each window, mask[N, offset_groups * taps,
    out...] scales it; x is read linearly between its elements and as 0 outside. Channels are split into
    `offset_groups`, each with its own offsets. ONNX DeformConv (opset 22).
    """

    x: Value
    w: Value
    offset: Value
    b: Value | None = None
    mask: Value | None = None
    strides: tuple[int, ...] = keyword(kw_only=True)
    pads: tuple[int, ...] = keyword(kw_only=True)
    dilations: tuple[int, ...] = keyword(kw_only=True)
    groups: int = 1
    offset_groups: int = 1

    def infer(self) -> TensorType:
        present = [v for v in (self.x, self.w, self.offset, self.b, self.mask) if v is not None]
        dtype = same_dtype(self, *present)
        x, w = self.x.tensor, self.w.tensor
        if x.shape is None or w.shape is None:
            return TensorType(dtype, None)
        rank = x.rank - 2
        if rank < 1 or w.rank != x.rank:
            raise self.error(f"x {x} and w {w} are not an image and filters")
        check_window(self, rank, strides=self.strides, pads=self.pads, dilations=self.dilations)
        counts = tuple(
            window_count(
                self,
                x.dims[2 + i],
                w.dims[2 + i],
                stride=self.strides[i],
                dilation=self.dilations[i],
                begin=self.pads[i],
                end=self.pads[rank + i],
            )
            for i in range(rank)
        )
        return TensorType(dtype, (x.dims[0], w.dims[0], *counts))

    def equal_dims(self) -> Sequence[tuple[Dim, Dim]]:
        x, w, counts = self.x.tensor.dims, self.w.tensor.dims, self.result.tensor.dims[2:]
        tap_count = self.offset_groups * product(w[2:])
        pairs = [(x[1], w[1] * self.groups)]
        pairs += zip(self.offset.tensor.dims, (x[0], tap_count * len(counts), *counts), strict=True)
        if self.mask is not None:
            pairs += zip(self.mask.tensor.dims, (x[0], tap_count, *counts), strict=True)
        return pairs if self.b is None else [*pairs, (self.b.tensor.dims[0], w[0])]

    def evaluate(self, x: Array, w: Array, offset: Array, b: Array | None, mask: Array | None) -> Array:
        n, c = x.shape[:2]
        kernel, og = w.shape[2:], self.offset_groups
        rank, counts = len(kernel), offset.shape[2:]
        tap_count, out_count = math.prod(kernel), math.prod(counts)
        moves = widened(offset).reshape(n, og, tap_count, rank, *counts)
        scales = None if mask is None else widened(mask).reshape(n, og, tap_count, 1, out_count)
        images = widened(x).reshape(n * og, c // og, *x.shape[2:])
        groups = self.groups
        wg = widened(w).reshape(groups, w.shape[0] // groups, c // groups, tap_count)
        y = np.zeros((n, groups, wg.shape[1], out_count), wg.dtype)
        for number, tap in enumerate(taps(kernel)):
            places = moves[:, :, number] + self._grid(tap, counts)
            seen = sample_linear(images, places.reshape(n * og, rank, out_count)).reshape(n, og, c // og, out_count)
            if scales is not None:
                seen = seen * scales[:, :, number]
            y += wg[..., number] @ seen.reshape(n, groups, c // groups, out_count)
        y = y.reshape(n, w.shape[0], *counts)
        if b is not None:
            y = y + widened(b).reshape(-1, *(1,) * rank)
        return y.astype(x.dtype)

    def _grid(self, tap: tuple[int, ...], counts: tuple[int, ...]) -> Array:
        """Where `tap` of each window lies in x before it is moved: [rank, counts...]."""
        axes = [
            np.arange(count, dtype=np.float32) * s + (t * d - p)
            for count, s, t, d, p in zip(counts, self.strides, tap, self.dilations, self.pads, strict=False)
        ]
        return np.stack(np.meshgrid(*axes, indexing="ij"))

    def flops(self) -> Dim:
        return 2 * product(self.result.tensor.dims) * product(self.w.tensor.dims[1:])
