"""Rows for the ops of mlc.ops.conv."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from cases import Case, integers, normal
from mlc.ir import Array, DType, Op, Value
from mlc.ops import Conv, ConvTranspose, DeformConv

Build = Callable[..., Op]


def conv(rank: int = 2, **given: Any) -> Build:
    """Builds a Conv of this spatial rank; strides, dilations 1 and pads 0 unless given."""
    defaults = {"strides": (1,) * rank, "pads": (0,) * 2 * rank, "dilations": (1,) * rank}

    def build(x: Value, w: Value, b: Value | None = None) -> Op:
        return Conv(x, w, b, **{**defaults, **given})

    return build


def conv_transpose(rank: int = 2, **given: Any) -> Build:
    """Builds a ConvTranspose of this spatial rank."""
    defaults = {
        "strides": (1,) * rank,
        "pads": (0,) * 2 * rank,
        "dilations": (1,) * rank,
        "output_padding": (0,) * rank,
    }

    def build(x: Value, w: Value, b: Value | None = None) -> Op:
        return ConvTranspose(x, w, b, **{**defaults, **given})

    return build


def deform_conv(with_bias: bool = False, with_mask: bool = False, **given: Any) -> Build:
    """Builds a DeformConv whose optional operands come last: bias, then mask."""
    defaults = {"strides": (1, 1), "pads": (0, 0, 0, 0), "dilations": (1, 1)}

    def build(x: Value, w: Value, offset: Value, *rest: Value) -> Op:
        b = rest[0] if with_bias else None
        mask = rest[-1] if with_mask else None
        return DeformConv(x, w, offset, b, mask, **{**defaults, **given})

    return build


DEFORMED = (normal(1, 3, 5, 5), normal(4, 3, 3, 3), normal(1, 18, 3, 3, scale=4))


def far_offsets() -> Array:
    """Offsets that leave the image, or are no numbers."""
    offsets = DEFORMED[2].copy()
    offsets.reshape(-1)[:6] = [np.nan, np.inf, -np.inf, 1e30, -1e30, 1e9]
    return offsets


def with_undefined_lanes(x: Array, used: int) -> Array:
    """x in blocks whose last one has `used` channels, and NaN and infinity in the lanes of none."""
    x[:, -1, ..., used::2], x[:, -1, ..., used + 1 :: 2] = np.nan, np.inf
    return x


CASES = [
    Case("conv", conv(pads=(1, 1, 1, 1)), (normal(2, 3, 7, 9), normal(5, 3, 3, 3), normal(5))),
    Case("conv_strided", conv(strides=(2, 3), pads=(0, 1, 2, 3)), (normal(1, 3, 17, 12), normal(4, 3, 3, 5))),
    Case("conv_dilated", conv(dilations=(2, 3)), (normal(1, 2, 11, 13), normal(3, 2, 3, 3))),
    Case("conv_grouped", conv(groups=3, pads=(1, 1, 1, 1)), (normal(2, 6, 5, 5), normal(9, 2, 3, 3), normal(9))),
    Case("conv_depthwise", conv(groups=17, pads=(1, 1, 1, 1)), (normal(1, 17, 6, 6), normal(17, 1, 3, 3))),
    Case("conv_depth_multiplier", conv(groups=3), (normal(1, 3, 6, 6), normal(6, 1, 3, 3))),
    Case("conv_1x1", conv(), (normal(1, 17, 3, 3), normal(20, 17, 1, 1), normal(20))),
    Case("conv_1d", conv(1, pads=(2, 0)), (normal(2, 3, 17), normal(4, 3, 3))),
    Case("conv_3d", conv(3, strides=(1, 2, 1)), (normal(1, 2, 4, 5, 6), normal(3, 2, 2, 3, 2), normal(3))),
    Case("conv_one_pixel", conv(pads=(1, 1, 1, 1)), (normal(1, 1, 1, 1), normal(1, 1, 3, 3))),
    Case("conv_no_batch", conv(), (normal(0, 3, 5, 5), normal(4, 3, 3, 3), normal(4))),
    Case("conv_f16", conv(), (normal(1, 3, 5, 5, dtype=DType.F16), normal(4, 3, 3, 3, dtype=DType.F16))),
    Case("conv_bf16", conv(), (normal(1, 3, 5, 5, dtype=DType.BF16), normal(4, 3, 3, 3, dtype=DType.BF16))),
    Case("conv_f64", conv(), (normal(1, 3, 5, 5, dtype=DType.F64), normal(4, 3, 3, 3, dtype=DType.F64))),
    Case("conv_i32", conv(), (integers(1, 3, 5, 5, dtype=DType.I32), integers(4, 3, 3, 3, dtype=DType.I32))),
    Case("conv_nan", conv(pads=(1, 1, 1, 1)), (np.full((1, 1, 3, 3), np.nan, np.float32), normal(1, 1, 3, 3))),
    Case(
        "conv_nchw8c",
        conv(layout="nchw8c", strides=(2, 1), pads=(1, 1, 1, 1)),
        (normal(2, 2, 7, 5, 8), normal(3, 2, 3, 3, 8, 8), normal(3, 8)),
    ),
    Case(
        "conv_nchw16c", conv(layout="nchw16c", dilations=(2, 1)), (normal(1, 1, 7, 5, 16), normal(2, 1, 3, 3, 16, 16))
    ),
    Case(
        "conv_nchw8c_depthwise",
        conv(layout="nchw8c", groups=16, pads=(1, 1, 1, 1)),
        (normal(1, 2, 5, 5, 8), normal(2, 1, 3, 3, 1, 8), normal(2, 8)),
    ),
    Case(
        "conv_nchw8c_grouped",
        conv(layout="nchw8c", groups=2),
        (normal(1, 4, 5, 5, 8), normal(2, 2, 3, 3, 8, 8)),
    ),
    Case(
        "conv_nchw8c_of_a_plain_image",
        conv(layout="nchw8c", strides=(2, 2), pads=(3, 3, 3, 3)),
        (normal(2, 3, 17, 13), normal(2, 3, 7, 7, 1, 8), normal(2, 8)),
    ),
    Case(
        "conv_nchw16c_of_a_plain_line",
        conv(1, layout="nchw16c", pads=(1, 1)),
        (normal(1, 17, 9), normal(3, 17, 3, 1, 16)),
    ),
    Case(
        "conv_nchw8c_winograd",
        conv(layout="nchw8c", pads=(1, 1, 1, 1), winograd=2),
        (normal(1, 1, 6, 5, 8), normal(2, 1, 3, 3, 8, 8), normal(2, 8)),
    ),
    Case(
        "conv_nchw8c_part_of_a_block",
        conv(layout="nchw8c", strides=(2, 1), pads=(1, 1, 1, 1), channels=11),
        (with_undefined_lanes(normal(2, 2, 7, 5, 8), 3), normal(3, 2, 3, 3, 8, 8), normal(3, 8)),
    ),
    Case(
        "conv_nchw16c_part_of_the_only_block",
        conv(layout="nchw16c", channels=13),
        (with_undefined_lanes(normal(1, 1, 4, 4, 16), 13), normal(2, 1, 1, 1, 16, 16)),
    ),
    Case(
        "conv_nchw8c_winograd_part_of_a_block",
        conv(layout="nchw8c", pads=(1, 1, 1, 1), winograd=4, channels=9),
        (with_undefined_lanes(normal(1, 2, 6, 5, 8), 1), normal(2, 2, 3, 3, 8, 8), normal(2, 8)),
    ),
    Case("conv_nchw16c_1d", conv(1, layout="nchw16c"), (normal(1, 1, 9, 16), normal(1, 1, 3, 16, 16))),
    Case("conv_transpose", conv_transpose(), (normal(2, 3, 4, 5), normal(3, 4, 3, 3), normal(4))),
    Case(
        "conv_transpose_strided",
        conv_transpose(strides=(3, 2), pads=(1, 0, 1, 2), output_padding=(1, 1)),
        (normal(1, 2, 4, 5), normal(2, 4, 3, 3)),
    ),
    Case("conv_transpose_dilated", conv_transpose(dilations=(2, 2)), (normal(1, 2, 3, 3), normal(2, 3, 2, 2))),
    Case("conv_transpose_grouped", conv_transpose(groups=2), (normal(1, 4, 3, 3), normal(4, 3, 2, 2), normal(6))),
    Case("conv_transpose_1d", conv_transpose(1, pads=(1, 1)), (normal(1, 2, 5), normal(2, 3, 3))),
    Case("conv_transpose_3d", conv_transpose(3), (normal(1, 2, 2, 3, 4), normal(2, 3, 3, 2, 1))),
    Case("conv_transpose_no_batch", conv_transpose(), (normal(0, 2, 3, 3), normal(2, 3, 2, 2))),
    Case("conv_transpose_f16", conv_transpose(), tuple(normal(2, 2, 3, 3, dtype=DType.F16) for _ in range(2))),
    Case("deform_conv", deform_conv(), (normal(1, 3, 5, 5), normal(4, 3, 3, 3), normal(1, 18, 3, 3))),
    Case(
        "deform_conv_groups_bias",
        deform_conv(True, groups=2),
        (normal(1, 4, 5, 6), normal(6, 2, 2, 3), normal(1, 12, 4, 4), normal(6)),
    ),
    Case("deform_conv_f16", deform_conv(), tuple(v.astype(np.float16) for v in DEFORMED)),
    Case("deform_conv_far", deform_conv(), (*DEFORMED[:2], far_offsets())),
    Case(
        "deform_conv_1d",
        deform_conv(strides=(2,), pads=(1, 1), dilations=(1,)),
        (normal(2, 3, 9), normal(4, 3, 3), normal(2, 3, 5)),
    ),
    Case(
        "deform_conv_3d",
        deform_conv(strides=(1, 1, 1), pads=(0,) * 6, dilations=(1, 1, 1)),
        (normal(1, 2, 3, 4, 3), normal(2, 2, 2, 2, 2), normal(1, 24, 2, 3, 2)),
    ),
    Case(
        "deform_conv_everything",
        deform_conv(True, True, pads=(1, 0, 1, 2), strides=(2, 1), dilations=(1, 2), groups=2, offset_groups=2),
        (normal(2, 4, 5, 5), normal(6, 2, 3, 2), normal(2, 24, 3, 5), normal(6), normal(2, 12, 3, 5)),
    ),
]
