"""Reading images at given places and boxes: GridSample, RoiAlign, MaxRoiPool, Col2Im, NonMaxSuppression."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from mlc.ir import Array, Dim, DType, Op, Purity, TensorType, Value, keyword
from mlc.ir.dims import product
from mlc.ops.inference import same_dtype
from mlc.ops.precision import widened
from mlc.ops.sampling import gather_points, reflected
from mlc.ops.windows import check_window, tap_view, taps, window_count


class GridSample(Op):
    """x[N, C, spatial...] read at grid[N, out..., rank]: y[N, C, out...].

    The grid's last dim counts x's spatial dims backwards and spans [-1, 1] between the centers of the corner elements
    with `align_corners`, else between their outer edges. Outside, x is 0, its nearest element ("border"), or its mirror
    image about these spans' ends ("reflection"). Nearest rounds halves to even; cubic is Keys' with a = -0.75. ONNX
    GridSample (opset 22).
    """

    x: Value
    grid: Value
    mode: Literal["linear", "nearest", "cubic"] = "linear"
    padding: Literal["zeros", "border", "reflection"] = "zeros"
    align_corners: bool = False

    def infer(self) -> TensorType:
        x, grid = self.x.tensor, self.grid.tensor
        if x.shape is None or grid.shape is None:
            return x.with_shape(None)
        if x.rank < 3 or grid.rank != x.rank or (isinstance(grid.dims[-1], int) and grid.dims[-1] != x.rank - 2):
            raise self.error(f"grid {grid} does not index the spatial dims of x {x}")
        return x.with_shape((*x.dims[:2], *grid.dims[1:-1]))

    def equal_dims(self) -> Sequence[tuple[Dim, Dim]]:
        x, grid = self.x.tensor.dims, self.grid.tensor.dims
        return [(grid[0], x[0]), (grid[-1], len(x) - 2)]

    def evaluate(self, x: Array, grid: Array) -> Array:
        rank, out = x.ndim - 2, grid.shape[1:-1]
        sizes = np.array(x.shape[2:], np.float32).reshape(1, rank, 1)
        unit = np.swapaxes(widened(grid).reshape(x.shape[0], math.prod(out), rank)[:, :, ::-1], 1, 2)
        at = (unit + 1) / 2 * (sizes - 1) if self.align_corners else ((unit + 1) * sizes - 1) / 2
        if self.mode != "cubic":  # whose neighbours alone are brought into the image
            at = self._folded(np.rint(at) if self.mode == "nearest" else at, sizes)
        y = np.zeros((*x.shape[:2], math.prod(out)), widened(x).dtype)
        low = at if self.mode == "nearest" else np.floor(at)
        reach = {"nearest": range(1), "linear": range(2), "cubic": range(-1, 3)}[self.mode]
        for corner in itertools.product(reach, repeat=rank):
            place = low + np.array(corner, low.dtype).reshape(1, rank, 1)
            weight = np.prod(self._weight(np.abs(place - at)), axis=1).astype(y.dtype)
            y += gather_points(widened(x), self._whole(place, sizes)) * weight[:, None]
        return y.reshape(*x.shape[:2], *out).astype(x.dtype)

    def _ends(self, sizes: Array) -> tuple[Array, Array]:
        return (np.zeros_like(sizes), sizes - 1) if self.align_corners else (np.full_like(sizes, -0.5), sizes - 0.5)

    def _folded(self, at: Array, sizes: Array) -> Array:
        """Places brought into the image as `padding` says."""
        if self.padding == "border":
            return np.clip(at, 0, sizes - 1)
        return reflected(at, *self._ends(sizes)) if self.padding == "reflection" else at

    def _whole(self, place: Array, sizes: Array) -> Array:
        """Whole-numbered places brought into the image as `padding` says."""
        folded = self._folded(place, sizes)
        return np.clip(np.trunc(folded), 0, sizes - 1) if self.padding == "reflection" else folded

    def _weight(self, d: Array) -> Array:
        if self.mode == "cubic":
            a = -0.75
            near, far = (a + 2) * d**3 - (a + 3) * d**2 + 1, a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a
            return np.where(d <= 1, near, far)
        return 1 - d if self.mode == "linear" else np.ones_like(d)

    def flops(self) -> Dim:
        taps_per_dim = {"nearest": 1, "linear": 2, "cubic": 4}[self.mode]
        return 2 * product(self.result.tensor.dims) * int(taps_per_dim ** (self.x.tensor.rank - 2))


class RoiAlign(Op):
    """Boxes rois[R, 4] = (x1, y1, x2, y2) of x[N, C, H, W] as y[R, C, height, width], read linearly.

    batch[R] says which sample a box is in. Boxes are scaled by `spatial_scale`, and moved by half an element with
    `half_pixel`, else at least 1 x 1. Each cell takes `sampling_ratio`^2 points, or ceil(box / cells) per dim where
    that is 0 (none where a box is not finite); their mean, or for "max" the greatest weighted neighbour, 0 of none.
    Points further than 1 outside x are 0. ONNX RoiAlign (opset 22).
    """

    x: Value
    rois: Value
    batch: Value
    height: int = 1
    width: int = 1
    sampling_ratio: int = 0
    spatial_scale: float = 1.0
    half_pixel: bool = True
    mode: Literal["avg", "max"] = "avg"

    def infer(self) -> TensorType:
        x, rois = self.x.tensor, self.rois.tensor
        same_dtype(self, self.x, self.rois)
        if x.shape is None or rois.shape is None:
            return x.with_shape(None)
        if x.rank != 4 or rois.rank != 2:
            raise self.error(f"x {x} must have rank 4 and rois {rois} rank 2")
        return x.with_shape((rois.dims[0], x.dims[1], self.height, self.width))

    def equal_dims(self) -> Sequence[tuple[Dim, Dim]]:
        count, width = self.rois.tensor.dims
        return [(width, 4), (self.batch.tensor.dims[0], count)]

    def evaluate(self, x: Array, rois: Array, batch: Array) -> Array:
        y = np.zeros((len(rois), x.shape[1], self.height, self.width), widened(x).dtype)
        for number, (box, sample) in enumerate(zip(widened(rois), batch, strict=True)):
            y[number] = self._box(widened(x)[sample], box)
        return y.astype(x.dtype)

    def _box(self, x: Array, box: Array) -> Array:
        """One box of x[C, H, W] as [C, height, width]."""
        start_x, start_y, end_x, end_y = box * box.dtype.type(self.spatial_scale) - (0.5 if self.half_pixel else 0.0)
        rows, row_weights = self._axis(start_y, end_y, self.height, x.shape[1])
        columns, column_weights = self._axis(start_x, end_x, self.width, x.shape[2])
        # neighbours[C, height, points, 2, width, points, 2]
        neighbours = x[:, rows][..., columns] * (row_weights[..., None, None, None] * column_weights).astype(x.dtype)
        if self.mode == "avg":
            points = max(rows.shape[1] * columns.shape[1], 1)
            return np.asarray(neighbours.sum(axis=(2, 3, 5, 6)) / points)
        if rows.shape[1] * columns.shape[1] == 0:
            return np.zeros((x.shape[0], self.height, self.width), x.dtype)
        return np.asarray(neighbours.max(axis=(2, 3, 5, 6)))

    def _axis(self, start: float, end: float, cells: int, size: int) -> tuple[Array, Array]:
        """(indices, weights) [cells, points, 2] of the two neighbours of each point along one axis."""
        length = end - start if self.half_pixel else max(end - start, 1.0)
        step = length / cells
        points = self.sampling_ratio or (max(math.ceil(step), 0) if math.isfinite(step) else 0)
        within = (np.arange(points) + 0.5) / max(points, 1)
        at = start + (np.arange(cells)[:, None] + within) * step
        outside = (at < -1) | (at > size)
        at = np.clip(at, 0, size - 1)
        low = np.minimum(np.floor(at), max(size - 2, 0))
        pairs = np.minimum(np.stack([low, low + 1], axis=-1), size - 1).astype(np.int64)
        share = np.stack([1 - (at - low), at - low], axis=-1)
        return pairs, np.where(outside[..., None], 0, share)


class MaxRoiPool(Op):
    """Boxes rois[R, 5] = (sample, x1, y1, x2, y2) of x[N, C, H, W], scaled and rounded, as maxima [R, C, h, w].

    Cell i spans floor(i * length / cells) to ceil((i + 1) * length / cells); an empty one is 0. ONNX MaxRoiPool
    (opset 22).
    """

    x: Value
    rois: Value
    height: int
    width: int
    spatial_scale: float = 1.0

    def infer(self) -> TensorType:
        x, rois = self.x.tensor, self.rois.tensor
        if x.shape is None or rois.shape is None:
            return x.with_shape(None)
        if x.rank != 4 or rois.rank != 2:
            raise self.error(f"x {x} must have rank 4 and rois {rois} rank 2")
        return x.with_shape((rois.dims[0], x.dims[1], self.height, self.width))

    def evaluate(self, x: Array, rois: Array) -> Array:
        y = np.zeros((len(rois), x.shape[1], self.height, self.width), x.dtype)
        for number, roi in enumerate(widened(rois)):
            x1, y1, x2, y2 = np.floor(roi[1:] * self.spatial_scale + 0.5).astype(np.int64).tolist()
            rows, columns = self._cells(y1, y2, self.height, x.shape[2]), self._cells(x1, x2, self.width, x.shape[3])
            for (i, row), (j, column) in itertools.product(enumerate(rows), enumerate(columns)):
                seen = x[int(roi[0]), :, row, column]
                if seen.size:
                    y[number, :, i, j] = seen.max(axis=(1, 2))
        return y

    def _cells(self, start: int, end: int, cells: int, size: int) -> list[slice]:
        step = max(end - start + 1, 1) / cells
        bounds = ((math.floor(i * step) + start, math.ceil((i + 1) * step) + start) for i in range(cells))
        return [slice(min(max(a, 0), size), min(max(b, 0), size)) for a, b in bounds]


class Col2Im(Op):
    """Sums x[N, C * taps, windows] back into an image [N, C, image...]: the adjoint of cutting windows out.

    `dims` is the whole result's shape; the operands `image` and `window` say its spatial dims and the window's where
    they are known only at run time. ONNX Col2Im (opset 18).
    """

    x: Value
    image: Value | None = None
    window: Value | None = None
    dims: tuple[Dim, ...] = keyword(kw_only=True)
    kernel: tuple[int, ...] | None = None
    strides: tuple[int, ...] = keyword(kw_only=True)
    pads: tuple[int, ...] = keyword(kw_only=True)
    dilations: tuple[int, ...] = keyword(kw_only=True)
    defines_symbols = True

    def infer(self) -> TensorType:
        rank = len(self.dims) - 2
        check_window(self, rank, strides=self.strides, pads=self.pads, dilations=self.dilations)
        if (self.kernel is None) == (self.window is None) or len(self.kernel or self.strides) != rank:
            raise self.error(f"kernel {self.kernel} or a window operand must have {rank} numbers")
        return self.x.tensor.with_shape(self.dims)

    def equal_dims(self) -> Sequence[tuple[Dim, Dim]]:
        if self.kernel is None:
            return [(self.x.tensor.dims[0], self.dims[0])]
        rank = len(self.kernel)
        counts = [
            window_count(self, d, k, stride=s, dilation=step, begin=self.pads[i], end=self.pads[rank + i])
            for i, (d, k, s, step) in enumerate(
                zip(self.dims[2:], self.kernel, self.strides, self.dilations, strict=True)
            )
        ]
        wanted = (self.dims[0], self.dims[1] * math.prod(self.kernel), product(counts))
        return list(zip(self.x.tensor.dims, wanted, strict=True))

    def evaluate(self, x: Array, image: Array | None, window: Array | None) -> Array:
        kernel = tuple(self.kernel or ()) if window is None else tuple(window.tolist())
        rank = len(kernel)
        sizes = [d for d in self.dims[2:] if isinstance(d, int)] if image is None else image.tolist()
        begins, ends = self.pads[:rank], self.pads[rank:]
        counts: list[int] = []
        for size, k, s, d, begin, end in zip(sizes, kernel, self.strides, self.dilations, begins, ends, strict=True):
            count = window_count(self, size, k, stride=s, dilation=d, begin=begin, end=end)
            assert isinstance(count, int)
            counts.append(count)
        windows = widened(x).reshape(x.shape[0], x.shape[1] // math.prod(kernel), *kernel, *counts)
        whole = [b + n + e for b, n, e in zip(begins, sizes, ends, strict=True)]
        y = np.zeros((*windows.shape[:2], *whole), windows.dtype)
        for tap in taps(kernel):
            seen = tap_view(y, 2, tap, strides=self.strides, dilations=self.dilations, counts=counts)
            seen += windows[(slice(None), slice(None)) + tap]
        cut = tuple(slice(b, b + n) for b, n in zip(begins, sizes, strict=True))
        return y[(slice(None), slice(None), *cut)].astype(x.dtype)

    def flops(self) -> Dim:
        return product(self.x.tensor.dims)


class NonMaxSuppression(Op):
    """(sample, class, box)[count, 3] of the best boxes of each class, best first, without those that overlap a better.

    boxes[N, B, 4] are two opposite corners (y, x, y, x), or (x, y, width, height) about the center with `centered`;
    scores[N, C, B]. A box is taken if its score exceeds `score_threshold`, if its overlap (intersection over union)
    with none taken before exceeds `iou_threshold`, and while fewer than `limit` of its class are. `count` is the symbol
    of how many there are. ONNX NonMaxSuppression (opset 11).
    """

    boxes: Value
    scores: Value
    limit: Value | None = None
    iou_threshold: Value | None = None
    score_threshold: Value | None = None
    count: Dim = keyword(kw_only=True)
    centered: bool = False
    defines_symbols = True
    purity = Purity.PURE

    def infer(self) -> TensorType:
        return TensorType(DType.I64, (self.count, 3))

    def equal_dims(self) -> Sequence[tuple[Dim, Dim]]:
        boxes, scores = self.boxes.tensor.dims, self.scores.tensor.dims
        return [(scores[0], boxes[0]), (scores[2], boxes[1]), (boxes[2], 4)]

    def evaluate(
        self, boxes: Array, scores: Array, limit: Array | None, iou: Array | None, least: Array | None
    ) -> Array:
        most = 0 if limit is None else int(limit.reshape(-1)[0])
        overlap = 0.0 if iou is None else float(iou.reshape(-1)[0])
        taken: list[tuple[int, int, int]] = []
        for sample, kind in itertools.product(range(scores.shape[0]), range(scores.shape[1])):
            ranked = scores[sample, kind]
            order = np.argsort(-ranked, kind="stable")
            if least is not None:
                order = order[ranked[order] > least.reshape(-1)[0]]
            chosen = _without_overlaps(_corners(boxes[sample], self.centered), order, most, overlap)
            taken.extend((sample, kind, box) for box in chosen)
        return np.array(taken, np.int64).reshape(-1, 3)


def _corners(boxes: Array, centered: bool) -> Array:
    """Boxes as (low, low, high, high)."""
    if centered:
        half = boxes[:, 2:] / 2
        return np.concatenate([boxes[:, :2] - half, boxes[:, :2] + half], axis=1)
    return np.concatenate([np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])], axis=1)


def _without_overlaps(boxes: Array, order: Array, most: int, threshold: float) -> list[int]:
    chosen: list[int] = []
    left = order
    while left.size and len(chosen) < most:
        best, left = int(left[0]), left[1:]
        chosen.append(best)
        left = left[_overlap(boxes[best], boxes[left]) <= threshold]
    return chosen


def _overlap(box: Array, others: Array) -> Array:
    """Intersection over union of a box with others; 0 where either is empty."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=1)
    areas = np.prod(others[:, 2:] - others[:, :2], axis=1)
    area = np.prod(box[2:] - box[:2])
    union = area + areas - shared
    ok = (area > 0) & (areas > 0) & (union > 0)
    return np.where(ok, shared / np.where(ok, union, 1), 0)
