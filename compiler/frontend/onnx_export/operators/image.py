"""Resampling, regions of interest, boxes."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlc.frontend.onnx_export.registry import onnx_export
from mlc.frontend.onnx_export.writer import Writer
from mlc.ops import image
from mlc.ops.resize import Resize

# floor(at) = floor(at - 1/2 + 1/2) and ceil(at - 1/2): how half_pixel, half an element before, rounds to the same.
_HALF_BEFORE = {"floor": "round_prefer_ceil", "round_prefer_floor": "ceil"}


@onnx_export(Resize)
def resize(w: Writer, op: Resize) -> str:
    coordinates, rounding = _coordinates(w, op)
    given: dict[str, Any] = {
        "mode": op.mode,
        "coordinate_transformation_mode": coordinates,
        "nearest_mode": rounding,
        "keep_aspect_ratio_policy": op.aspect,
        "cubic_coeff_a": op.cubic_a,
        "exclude_outside": int(op.exclude_outside),
        "extrapolation_value": op.extrapolation,
        "antialias": int(op.antialias),
        "axes": list(op.axes) if op.axes is not None else None,
    }
    x, roi = w.name(op.x), w.name(op.roi)
    if op.factors is not None:
        if op.roi is None:
            given["axes"] = None
        factors = op.factors if given["axes"] is None else tuple(op.factors[a] for a in op.axes or ())
        return str(w("Resize", x, roi, w.constant(np.array(factors, np.float32)), **given))
    if op.scales is not None or op.sizes is not None:
        return str(w("Resize", x, roi, w.name(op.scales), w.name(op.sizes), **given))
    dims = op.dims if op.axes is None else [op.result.tensor.dims[a] for a in op.axes]
    return str(w("Resize", x, roi, "", w.shape(dims or ()), **given))


def _coordinates(w: Writer, op: Resize) -> tuple[str, str]:
    """Coordinates and rounding; tf_half_pixel_for_nn, which opset 13 dropped, by those that are left."""
    if op.coordinates != "tf_half_pixel_for_nn":
        return op.coordinates, op.rounding
    if op.mode != "nearest" or op.rounding not in _HALF_BEFORE:
        raise w.error(f"opset 13 dropped tf_half_pixel_for_nn, and mode {op.mode}, {op.rounding}, has no other form")
    return "half_pixel", _HALF_BEFORE[op.rounding]


@onnx_export(image.GridSample)
def grid_sample(w: Writer, op: image.GridSample) -> str:
    given: dict[str, Any] = {"mode": op.mode, "padding_mode": op.padding, "align_corners": int(op.align_corners)}
    return str(w("GridSample", *w.operands(op), **given))


@onnx_export(image.RoiAlign)
def roi_align(w: Writer, op: image.RoiAlign) -> str:
    return str(
        w(
            "RoiAlign",
            *w.operands(op),
            output_height=op.height,
            output_width=op.width,
            sampling_ratio=op.sampling_ratio,
            spatial_scale=op.spatial_scale,
            mode=op.mode,
            coordinate_transformation_mode="half_pixel" if op.half_pixel else "output_half_pixel",
        )
    )


@onnx_export(image.MaxRoiPool)
def max_roi_pool(w: Writer, op: image.MaxRoiPool) -> str:
    return str(w("MaxRoiPool", *w.operands(op), pooled_shape=[op.height, op.width], spatial_scale=op.spatial_scale))


@onnx_export(image.Col2Im)
def col2im(w: Writer, op: image.Col2Im) -> str:
    size = w.name(op.image) if op.image is not None else w.shape(op.dims[2:])
    window: dict[str, Any] = {"strides": op.strides, "pads": op.pads, "dilations": op.dilations}
    kernel = w.name(op.window) if op.kernel is None else w.ints(op.kernel)
    return str(w("Col2Im", w.name(op.x), size, kernel, **window))


@onnx_export(image.NonMaxSuppression)
def non_max_suppression(w: Writer, op: image.NonMaxSuppression) -> str:
    return str(w("NonMaxSuppression", *w.operands(op), center_point_box=int(op.centered)))
