"""Rows for the ops of mlc.ops.image."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases import Case, integers, normal, positive
from mlc.ir import DType, symbol
from mlc.ops import Col2Im, GridSample, MaxRoiPool, NonMaxSuppression, RoiAlign

ENDLESS_ROIS = np.array([[0, 0, np.inf, 3], [np.nan, 0, 3, 3], [1, 1, 4, 5], [0, -np.inf, 2, 2]], np.float32)
WIDE_GRID = normal(2, 3, 4, 2)  # reaches outside of [-1, 1] in places
FAR = np.array([np.nan, np.inf, -np.inf, 1e30, -1e9, 1, -1, 0, 1.0000001, -3.5, 2.5], np.float32)
FAR_GRID = np.stack(np.meshgrid(FAR, FAR), axis=-1)[None]
BOXES = np.array([[[0, 0, 1, 1], [0, 0.1, 1, 1.1], [0, -0.1, 1, 0.9], [0, 10, 1, 11], [1, 11, 0, 10]]], np.float32)
CENTERED = np.array([[[0.5, 0.5, 1, 1], [0.5, 0.6, 1, 1], [0.5, 10.5, 1, 1], [3, 3, 0, 0]]], np.float32)
ROIS = np.array([[0, 0, 4, 4], [1.5, 0.5, 9, 3], [2, 2, 2, 2]], np.float32)
ODD_ROIS = np.array([[-5, -5, -1, -1], [3, 3, 1, 1], [-1, -1, 30, 30]])  # outside, inside out, around all
SAMPLES = np.array([0, 1, 0])
PLAIN = {"strides": (1, 1), "pads": (0, 0, 0, 0), "dilations": (1, 1)}


def col2im(*dims: int, **given: Any) -> Any:
    """Builds a Col2Im with 2 x 3 windows."""
    return lambda x: Col2Im(x, dims=dims, kernel=(2, 3), **{**PLAIN, **given})


def nms(**given: Any) -> Any:
    """Builds a NonMaxSuppression."""
    return lambda *v: NonMaxSuppression(*v, count=symbol("K"), **given)


def with_nan(*dims: int) -> np.ndarray:
    """Numbers, every seventh of them NaN."""
    x = normal(*dims)
    x.reshape(-1)[::7] = np.nan
    return x


def number(x: float) -> np.ndarray:
    """A vector of one threshold."""
    return np.array([x], np.float32)


CASES = [
    *(
        Case(
            f"grid_sample_{m}_{p}_{a}",
            lambda x, g, m=m, p=p, a=a: GridSample(x, g, m, p, a),
            (normal(2, 3, 5, 4), WIDE_GRID),
        )
        for m in ("linear", "nearest", "cubic")
        for p in ("zeros", "border", "reflection")
        for a in (False, True)
    ),
    *(
        Case(f"grid_sample_far_{m}_{p}", lambda x, g, m=m, p=p: GridSample(x, g, m, p), (normal(1, 2, 4, 5), FAR_GRID))
        for m in ("linear", "nearest", "cubic")
        for p in ("zeros", "border", "reflection")
    ),
    Case(
        "grid_sample_i32",
        lambda x, g: GridSample(x, g, "nearest"),
        (integers(1, 2, 3, 3, dtype=DType.I32), WIDE_GRID[:1]),
    ),
    Case("grid_sample_f64", GridSample, (normal(1, 2, 4, 5, dtype=DType.F64), WIDE_GRID[:1])),
    Case("grid_sample_of_nothing", GridSample, (normal(1, 2, 0, 5), WIDE_GRID[:1])),
    Case("grid_sample_3d", GridSample, (normal(1, 2, 3, 4, 5), normal(1, 2, 2, 2, 3))),
    Case("grid_sample_1d", GridSample, (normal(1, 2, 5), normal(1, 7, 1))),
    Case("grid_sample_no_places", GridSample, (normal(1, 2, 3, 3), normal(1, 0, 2, 2))),
    Case("grid_sample_f16", GridSample, (normal(1, 2, 3, 3, dtype=DType.F16), normal(1, 2, 2, 2, dtype=DType.F16))),
    Case("roi_align", lambda *v: RoiAlign(*v, height=2, width=3), (normal(2, 3, 6, 8), ROIS, SAMPLES)),
    Case(
        "roi_align_output_half_pixel",
        lambda *v: RoiAlign(*v, height=2, width=2, half_pixel=False, spatial_scale=0.5),
        (normal(2, 3, 6, 8), ROIS, SAMPLES),
    ),
    Case(
        "roi_align_max",
        lambda *v: RoiAlign(*v, height=3, width=2, sampling_ratio=2, mode="max"),
        (normal(2, 3, 6, 8), ROIS, SAMPLES),
    ),
    *(
        Case(
            f"roi_align_{mode}_{d.value}",
            lambda *v, mode=mode: RoiAlign(*v, height=2, width=3, mode=mode, half_pixel=False, spatial_scale=0.7),
            (normal(2, 3, 6, 8, dtype=d), ODD_ROIS.astype(d.numpy), np.array([0, -1, 1])),
        )
        for mode in ("avg", "max")
        for d in (DType.F16, DType.F64)
    ),
    *(
        Case(
            f"roi_align_{mode}_not_finite",
            lambda *v, mode=mode: RoiAlign(*v, height=2, width=3, mode=mode),
            (normal(2, 3, 6, 8), ENDLESS_ROIS, np.array([0, 1, 0, 1])),
        )
        for mode in ("avg", "max")
    ),
    Case("roi_align_no_boxes", RoiAlign, (normal(1, 2, 4, 4), normal(0, 4), np.zeros(0, np.int64))),
    Case(
        "max_roi_pool",
        lambda x, r: MaxRoiPool(x, r, 2, 3, 0.5),
        (normal(2, 3, 6, 8), np.array([[0, 0, 0, 7, 9], [1, 3, 2, 30, 5]], np.float32)),
    ),
    Case(
        "max_roi_pool_outside",
        lambda x, r: MaxRoiPool(x, r, 2, 3, 0.5),
        (with_nan(2, 3, 6, 8), np.array([[-1, -9, -9, -3, -3], [0, 5, 5, 2, 2], [1, 2.5, 3.5, 4.5, 5.5]], np.float32)),
    ),
    Case("col2im", col2im(1, 2, 5, 5), (normal(1, 12, 12),)),
    Case("col2im_strided", col2im(2, 1, 5, 6, strides=(2, 1), pads=(0, 1, 1, 0)), (normal(2, 6, 15),)),
    Case("col2im_dilated", col2im(1, 1, 5, 5, dilations=(2, 2)), (normal(1, 6, 3),)),
    Case("col2im_f16", col2im(1, 2, 5, 5), (normal(1, 12, 12, dtype=DType.F16),)),
    Case("col2im_u8", col2im(1, 2, 5, 5), (integers(1, 12, 12, low=0, dtype=DType.U8),)),
    Case(
        "col2im_3d",
        lambda x: Col2Im(
            x, dims=(1, 1, 3, 4, 3), kernel=(2, 1, 2), strides=(1, 2, 1), pads=(0,) * 6, dilations=(1,) * 3
        ),
        (normal(1, 4, 8),),
    ),
    Case(
        "col2im_of_a_given_image",
        lambda x, s: Col2Im(x, s, dims=(1, 2, symbol("H"), symbol("W")), kernel=(2, 3), **PLAIN),
        (normal(1, 12, 12), np.array([5, 5])),
    ),
    Case(
        "col2im_of_a_given_window",
        lambda x, s, k: Col2Im(x, s, k, dims=(1, symbol("C"), symbol("H"), symbol("W")), **PLAIN),
        (normal(1, 12, 12), np.array([5, 5]), np.array([2, 3])),
    ),
    Case("nms", nms(), (BOXES, positive(1, 2, 5), np.array([3]), number(0.5), number(0.2))),
    Case("nms_centered", nms(centered=True), (CENTERED, positive(1, 1, 4), np.array([3]), number(0.5))),
    Case(
        "nms_many",
        nms(),
        (4 * positive(2, 40, 4), with_nan(2, 3, 40), np.array([9]), number(0.3)),
    ),
    Case(
        "nms_hundreds_kept",
        nms(),
        (positive(1, 300, 4), np.round(with_nan(1, 2, 300), 1), np.array([250]), number(0.6)),
    ),
    Case("nms_no_boxes", nms(), (normal(1, 0, 4), normal(1, 2, 0), np.array([3]))),
    Case("nms_below_any_overlap", nms(), (BOXES, positive(1, 1, 5), np.array([3]), number(-1.0))),
    Case("nms_limit_0", nms(), (BOXES, positive(1, 1, 5))),
    Case("nms_ties", nms(), (BOXES, np.ones((1, 1, 5), np.float32), np.array([9]), number(0.0))),
]
