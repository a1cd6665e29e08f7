"""Resampling images and reading boxes of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, get_args

from mlc.frontend.onnx_import.graph import Graph
from mlc.frontend.onnx_import.operators.shape import normalized
from mlc.frontend.onnx_import.registry import onnx_op
from mlc.ir import Dim, Value
from mlc.ir.dims import floordiv, product
from mlc.ops import Col2Im, GridSample, MaxRoiPool, NonMaxSuppression, Resize, RoiAlign
from mlc.ops.resize import Coordinates

Mode = Literal["nearest", "linear", "cubic"]
Rounding = Literal["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]
Aspect = Literal["stretch", "not_larger", "not_smaller"]
Padding = Literal["zeros", "border", "reflection"]
RoiCoordinates = Literal["half_pixel", "output_half_pixel"]


@onnx_op("Resize", since=11)
def resize(
    g: Graph,
    x: Value,
    roi: Value | None = None,
    scales: Value | None = None,
    sizes: Value | None = None,
    *,
    antialias: int = 0,
    axes: tuple[int, ...] | None = None,
    coordinate_transformation_mode: str = "half_pixel",
    cubic_coeff_a: float = -0.75,
    exclude_outside: int = 0,
    extrapolation_value: float = 0.0,
    keep_aspect_ratio_policy: str = "stretch",
    mode: str = "nearest",
    nearest_mode: str = "round_prefer_floor",
) -> Value:
    if scales is not None and scales.tensor.shape == (0,):
        scales = None  # before opset 13 an empty tensor stands for an input that is left out
    if (scales is None) == (sizes is None):
        raise g.error("exactly one of scales and sizes must be given")
    rank = x.tensor.rank
    places = tuple(normalized(g, a, rank) for a in (range(rank) if axes is None else axes))
    coordinates: Coordinates = _one_of(g, "coordinate_transformation_mode", coordinate_transformation_mode, Coordinates)
    is_cropped = coordinates == "tf_crop_and_resize"
    aspect: Aspect = _one_of(g, "keep_aspect_ratio_policy", keep_aspect_ratio_policy, Aspect)
    factors, dims = _target(g, x, scales, sizes, places, aspect, is_cropped)
    is_known = factors is not None or (dims is not None and aspect == "stretch")
    return g(
        Resize(
            x,
            roi if is_cropped else None,
            None if is_known else scales,
            None if is_known else sizes,
            factors=factors,
            dims=dims if dims is not None or factors is not None else g.result_dims(rank),
            axes=places,
            mode=_one_of(g, "mode", mode, Mode),
            coordinates=coordinates,
            rounding=_one_of(g, "nearest_mode", nearest_mode, Rounding),
            aspect=aspect,
            cubic_a=cubic_coeff_a,
            exclude_outside=bool(exclude_outside),
            extrapolation=extrapolation_value,
            antialias=bool(antialias),
        )
    )


def _target(
    g: Graph, x: Value, scales: Value | None, sizes: Value | None, axes: Sequence[int], aspect: str, is_cropped: bool
) -> tuple[tuple[float, ...] | None, tuple[Dim, ...] | None]:
    """(factor of each dim, new dims), each None where it is known only at run time or follows from the other."""
    known = g.array(scales)
    if known is not None:
        factors = _full(known.reshape(-1).tolist(), axes, [1.0] * x.tensor.rank)
        # A crop's size depends on the numbers of roi.
        return tuple(factors), g.result_dims(x.tensor.rank) if is_cropped else None
    wanted = g.dims(sizes)
    if wanted is None:
        return None, None
    if aspect == "stretch":
        return None, tuple(_full(wanted, axes, list(x.tensor.dims)))
    numbers = [(w, x.tensor.dims[a]) for w, a in zip(wanted, axes, strict=True)]
    ratios = [w / n for w, n in numbers if isinstance(w, int) and isinstance(n, int)]
    if len(ratios) != len(numbers):
        return None, None
    factor = min(ratios) if aspect == "not_larger" else max(ratios)
    rounded = [math.floor(factor * n + 0.5) for _, n in numbers if isinstance(n, int)]
    shared = _full([factor] * len(axes), axes, [1.0] * x.tensor.rank)
    return tuple(shared), tuple(_full(rounded, axes, list(x.tensor.dims)))


def _full(values: Sequence[Any], axes: Sequence[int], others: Sequence[Any]) -> list[Any]:
    """`others` with `values` at the axes."""
    full = list(others)
    for axis, value in zip(axes, values, strict=True):
        full[axis] = value
    return full


def _one_of(g: Graph, name: str, value: str, choices: Any) -> Any:
    """`value` when it is one of the words of the Literal `choices`."""
    words = get_args(choices)
    if value not in words:
        raise g.error(f"attribute '{name}' must be {', '.join(words[:-1])} or {words[-1]}, got {value!r}")
    return value


@onnx_op("Resize", since=10)
@onnx_op("Upsample", since=9)
def upsample(g: Graph, x: Value, scales: Value, *, mode: str = "nearest") -> Value:
    known = g.array(scales)
    return _upsampled(g, x, mode, None if known is None else tuple(known.reshape(-1).tolist()), scales)


@onnx_op("Upsample", since=7)
def upsample_by_attribute(g: Graph, x: Value, *, mode: str = "nearest", scales: tuple[float, ...]) -> Value:
    return _upsampled(g, x, mode, scales, None)


def _upsampled(g: Graph, x: Value, mode: str, factors: tuple[float, ...] | None, scales: Value | None) -> Value:
    """Before opset 11 an element's place was its number divided by the factor, rounded down for the nearest."""
    chosen: Mode = _one_of(g, "mode", "linear" if mode == "bilinear" else mode, Mode)
    dims = None if factors is not None else g.result_dims(x.tensor.rank)
    operand = None if factors is not None else scales
    return g(
        Resize(
            x,
            None,
            operand,
            factors=factors,
            dims=dims,
            mode=chosen,
            coordinates="asymmetric",
            rounding="floor",
        )
    )


@onnx_op("GridSample", since=16)
def grid_sample(
    g: Graph, x: Value, grid: Value, *, align_corners: int = 0, mode: str = "linear", padding_mode: str = "zeros"
) -> Value:
    """Opset 16 calls the modes bilinear and bicubic."""
    plain = {"bilinear": "linear", "bicubic": "cubic"}.get(mode, mode)
    chosen: Mode = _one_of(g, "mode", plain, Mode)
    padding: Padding = _one_of(g, "padding_mode", padding_mode, Padding)
    return g(GridSample(x, grid, chosen, padding, bool(align_corners)))


@onnx_op("RoiAlign", since=16)
def roi_align(
    g: Graph,
    x: Value,
    rois: Value,
    batch_indices: Value,
    *,
    coordinate_transformation_mode: str = "half_pixel",
    mode: str = "avg",
    output_height: int = 1,
    output_width: int = 1,
    sampling_ratio: int = 0,
    spatial_scale: float = 1.0,
) -> Value:
    coordinates = _one_of(g, "coordinate_transformation_mode", coordinate_transformation_mode, RoiCoordinates)
    return g(
        RoiAlign(
            x,
            rois,
            batch_indices,
            height=output_height,
            width=output_width,
            sampling_ratio=sampling_ratio,
            spatial_scale=spatial_scale,
            half_pixel=coordinates == "half_pixel",
            mode=_one_of(g, "mode", mode, Literal["avg", "max"]),
        )
    )


@onnx_op("RoiAlign", since=10)
def roi_align_before_16(
    g: Graph,
    x: Value,
    rois: Value,
    batch_indices: Value,
    *,
    mode: str = "avg",
    output_height: int = 1,
    output_width: int = 1,
    sampling_ratio: int = 0,
    spatial_scale: float = 1.0,
) -> Value:
    return roi_align(
        g,
        x,
        rois,
        batch_indices,
        coordinate_transformation_mode="output_half_pixel",
        mode=mode,
        output_height=output_height,
        output_width=output_width,
        sampling_ratio=sampling_ratio,
        spatial_scale=spatial_scale,
    )


@onnx_op("MaxRoiPool", since=1)
def max_roi_pool(
    g: Graph, x: Value, rois: Value, *, pooled_shape: tuple[int, ...], spatial_scale: float = 1.0
) -> Value:
    height, width = pooled_shape
    return g(MaxRoiPool(x, rois, height, width, spatial_scale))


@onnx_op("Col2Im", since=18)
def col2im(
    g: Graph,
    x: Value,
    image_shape: Value,
    block_shape: Value,
    *,
    dilations: tuple[int, ...] | None = None,
    pads: tuple[int, ...] | None = None,
    strides: tuple[int, ...] | None = None,
) -> Value:
    image, rank = g.dims(image_shape), image_shape.tensor.dims[0]
    kernel = g.ints_of(block_shape)
    if not isinstance(rank, int):
        raise g.error(f"image_shape must have a static length, got {image_shape.type}")
    declared = g.result_dims(rank + 2)
    ones = (1,) * rank
    if kernel is None:
        return g(
            Col2Im(
                x,
                image_shape,
                block_shape,
                dims=declared,
                strides=strides or ones,
                pads=pads or (0,) * (2 * rank),
                dilations=dilations or ones,
            )
        )
    channels = floordiv(x.tensor.dims[1], product(kernel))
    return g(
        Col2Im(
            x,
            None if image is not None else image_shape,
            dims=(x.tensor.dims[0], channels, *(image or declared[2:])),
            kernel=kernel,
            strides=strides or ones,
            pads=pads or (0,) * (2 * rank),
            dilations=dilations or ones,
        )
    )


@onnx_op("NonMaxSuppression", since=10)
def non_max_suppression(
    g: Graph,
    boxes: Value,
    scores: Value,
    max_output_boxes_per_class: Value | None = None,
    iou_threshold: Value | None = None,
    score_threshold: Value | None = None,
    *,
    center_point_box: int = 0,
) -> Value:
    count = g.result_dims(2)[0]
    thresholds = (max_output_boxes_per_class, iou_threshold, score_threshold)
    return g(NonMaxSuppression(boxes, scores, *thresholds, count=count, centered=bool(center_point_box)))
