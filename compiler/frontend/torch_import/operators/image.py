"""Resampling of images, and images out of columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from mlc.frontend.torch_import.graph import Graph
from mlc.frontend.torch_import.registry import torch_op
from mlc.ir import Dim, Value
from mlc.ir.dims import product
from mlc.ops import Col2Im, GridSample, Resize

Coordinates = Literal["asymmetric", "half_pixel", "align_corners"]
Mode = Literal["linear", "nearest", "cubic"]
Padding = Literal["zeros", "border", "reflection"]

# By the numbers that torch gives them: GridSamplerInterpolation and GridSamplerPadding.
_MODES: tuple[Mode, ...] = ("linear", "nearest", "cubic")
_PADDINGS: tuple[Padding, ...] = ("zeros", "border", "reflection")


def _resized(
    g: Graph,
    x: Value,
    scales: Sequence[float | None] | None,
    mode: Mode,
    coordinates: Coordinates,
    rounding: Literal["round_prefer_ceil", "floor"] = "floor",
    antialias: bool = False,
) -> Value:
    rank = x.tensor.rank - 2
    dims = g.result_dims()
    factors = None
    if coordinates != "align_corners" and scales is not None and any(s is not None for s in scales):
        known = [s if s is not None else _factor(g, dims[2 + i], x.tensor.dims[2 + i]) for i, s in enumerate(scales)]
        factors = (1.0, 1.0, *known)
    assert len(dims) == rank + 2
    return g(
        Resize(
            x,
            factors=factors,
            dims=dims,
            mode=mode,
            coordinates=coordinates,
            rounding=rounding,
            antialias=antialias,
        )
    )


def _factor(g: Graph, new: Dim, old: Dim) -> float:
    if not isinstance(new, int) or not isinstance(old, int):
        raise g.error("resizes a symbolic dim without a scale factor")
    return new / old


@torch_op("aten.upsample_nearest1d.vec", "aten.upsample_nearest2d.vec", "aten.upsample_nearest3d.vec",
          ignores=("output_size",))  # fmt: skip
def upsample_nearest_vec(g: Graph, input: Value, scale_factors: tuple[float, ...] | None = None) -> Value:
    """The element at floor(i / factor)."""
    return _resized(g, input, scale_factors, "nearest", "asymmetric")


@torch_op("aten._upsample_nearest_exact1d.vec", "aten._upsample_nearest_exact2d.vec",
          "aten._upsample_nearest_exact3d.vec", ignores=("output_size",))  # fmt: skip
def upsample_nearest_exact_vec(g: Graph, input: Value, scale_factors: tuple[float, ...] | None = None) -> Value:
    """The element at floor((i + 0.5) / factor)."""
    return _resized(g, input, scale_factors, "nearest", "half_pixel", "round_prefer_ceil")


@torch_op("aten.upsample_nearest2d", ignores=("output_size",))
def upsample_nearest2d(g: Graph, self: Value, scales_h: float | None = None, scales_w: float | None = None) -> Value:
    """The element at floor(i / factor)."""
    return _resized(g, self, [scales_h, scales_w], "nearest", "asymmetric")


@torch_op("aten.upsample_trilinear3d", ignores=("output_size",))
def upsample_trilinear3d(
    g: Graph,
    self: Value,
    align_corners: bool,
    scales_d: float | None = None,
    scales_h: float | None = None,
    scales_w: float | None = None,
) -> Value:
    """Linear between elements."""
    return _resized(g, self, [scales_d, scales_h, scales_w], "linear", _coordinates(align_corners))


@torch_op("aten.upsample_nearest1d", ignores=("output_size",))
def upsample_nearest1d(g: Graph, self: Value, scales: float | None = None) -> Value:
    """The element at floor(i / factor)."""
    return _resized(g, self, [scales], "nearest", "asymmetric")


@torch_op("aten.upsample_linear1d.vec", "aten.upsample_bilinear2d.vec", "aten.upsample_trilinear3d.vec",
          ignores=("output_size",))  # fmt: skip
def upsample_linear_vec(
    g: Graph, input: Value, align_corners: bool, scale_factors: tuple[float, ...] | None = None
) -> Value:
    """Linear between elements; positions outside read the edge."""
    return _resized(g, input, scale_factors, "linear", _coordinates(align_corners))


@torch_op("aten.upsample_bilinear2d", "aten.upsample_bicubic2d", "aten._upsample_bilinear2d_aa",
          "aten._upsample_bicubic2d_aa", ignores=("output_size",))  # fmt: skip
def upsample_2d(
    g: Graph, self: Value, align_corners: bool, scales_h: float | None = None, scales_w: float | None = None
) -> Value:
    """Linear or cubic between elements."""
    mode: Mode = "cubic" if "bicubic" in g.operator else "linear"
    is_smooth = g.operator.endswith("_aa")
    return _resized(g, self, [scales_h, scales_w], mode, _coordinates(align_corners), antialias=is_smooth)


@torch_op("aten.upsample_bicubic2d.vec", "aten._upsample_bilinear2d_aa.vec", "aten._upsample_bicubic2d_aa.vec",
          ignores=("output_size",))  # fmt: skip
def upsample_2d_vec(
    g: Graph, input: Value, align_corners: bool, scale_factors: tuple[float, ...] | None = None
) -> Value:
    """Linear or cubic between elements."""
    mode: Mode = "cubic" if "bicubic" in g.operator else "linear"
    return _resized(g, input, scale_factors, mode, _coordinates(align_corners), antialias="_aa" in g.operator)


def _coordinates(align_corners: bool) -> Coordinates:
    return "align_corners" if align_corners else "half_pixel"


@torch_op("aten.grid_sampler", "aten.grid_sampler_2d", "aten.grid_sampler_3d")
def grid_sampler(
    g: Graph, input: Value, grid: Value, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Value:
    """The input read at the places of the grid."""
    return g(GridSample(input, grid, _MODES[interpolation_mode], _PADDINGS[padding_mode], align_corners))


@torch_op("aten.col2im")
def col2im(
    g: Graph,
    self: Value,
    output_size: tuple[int, ...],
    kernel_size: tuple[int, ...],
    dilation: tuple[int, ...],
    padding: tuple[int, ...],
    stride: tuple[int, ...],
) -> Value:
    """The sum of the columns where their windows overlap."""
    x = self if self.tensor.rank == 3 else g.reshape(self, (1, *self.tensor.dims))
    channels = x.tensor.dims[1] // product(tuple(kernel_size))
    dims = (x.tensor.dims[0], channels, *output_size)
    y = g(Col2Im(x, dims=dims, kernel=kernel_size, strides=stride, pads=padding * 2, dilations=dilation))
    return y if self.tensor.rank == 3 else g.reshape(y, y.tensor.dims[1:])
