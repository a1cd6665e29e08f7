"""Rows for the ops of mlc.ops.resize."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np

from cases import Case, integers, normal
from mlc.ir import DType, Op, Value
from mlc.ops import Resize
from mlc.ops.resize import Coordinates

UP, DOWN = (1.0, 1.0, 2.0, 3.0), (1.0, 1.0, 0.6, 0.5)


def cropped(x: Value, roi: Value) -> Op:
    """The middle of x, bent to 3 x 3."""
    return Resize(x, roi, dims=(1, 1, 3, 3), coordinates="tf_crop_and_resize", mode="linear", extrapolation=10.0)


def rows(mode: str) -> list[Case]:
    """Both directions in every way to place coordinates."""
    x = normal(1, 2, 5, 7)
    given: list[tuple[str, dict[str, Any]]] = [
        (f"{direction}_{coordinates}", {"factors": factors, "coordinates": coordinates})
        for direction, factors in (("up", UP), ("down", DOWN))
        for coordinates in get_args(Coordinates)
        if coordinates != "tf_crop_and_resize"
    ]
    return [Case(f"resize_{mode}_{name}", lambda x, g=g: Resize(x, mode=mode, **g), (x,)) for name, g in given]


CASES = [
    *rows("nearest"),
    *rows("linear"),
    *rows("cubic"),
    *(
        Case(
            f"resize_nearest_{r}",
            lambda x, r=r: Resize(x, factors=(1.0, 1.0, 1.5, 0.4), rounding=r),
            (normal(1, 1, 6, 8),),
        )
        for r in ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
    ),
    Case(
        "resize_tf_half_pixel_floor",
        lambda x: Resize(x, factors=(1.0, 1.0, 1.5, 0.4), coordinates="tf_half_pixel_for_nn", rounding="floor"),
        (normal(1, 1, 6, 8),),
    ),
    *(
        Case(
            f"resize_antialias_{m}",
            lambda x, m=m: Resize(x, factors=DOWN, mode=m, antialias=True),
            (normal(1, 1, 9, 8),),
        )
        for m in ("linear", "cubic")
    ),
    Case(
        "resize_exclude_outside",
        lambda x: Resize(x, factors=DOWN, mode="cubic", exclude_outside=True, cubic_a=-0.5),
        (normal(1, 1, 5, 7),),
    ),
    Case("resize_dims", lambda x: Resize(x, dims=(2, 3, 9, 4), mode="linear"), (normal(2, 3, 4, 5),)),
    Case("resize_1d", lambda x: Resize(x, dims=(1, 3, 9), mode="linear"), (normal(1, 3, 4),)),
    Case("resize_3d", lambda x: Resize(x, factors=(1.0, 1.0, 2.0, 0.5, 1.5), mode="linear"), (normal(1, 1, 3, 4, 5),)),
    Case(
        "resize_scales",
        lambda x, s: Resize(x, None, s, dims=(1, 1, 6, 2)),
        (normal(1, 1, 3, 4), np.array(UP, np.float32) / np.float32([1, 1, 1, 6])),
    ),
    Case(
        "resize_sizes",
        lambda x, s: Resize(x, None, None, s, dims=(1, 1, 6, 2), axes=(3, 2)),
        (normal(1, 1, 3, 4), np.array([2, 6])),
    ),
    Case(
        "resize_sizes_not_larger",
        lambda x, s: Resize(x, None, None, s, dims=(1, 1, 5, 7), axes=(2, 3), aspect="not_larger"),
        (normal(1, 1, 3, 4), np.array([7, 7])),
    ),
    Case(
        "resize_sizes_not_smaller",
        lambda x, s: Resize(x, None, None, s, dims=(1, 1, 7, 9), axes=(2, 3), aspect="not_smaller"),
        (normal(1, 1, 3, 4), np.array([7, 7])),
    ),
    Case("resize_crop", cropped, (normal(1, 1, 4, 4), np.array([0, 0, 0.4, 0.6, 1, 1, 0.6, 1.2], np.float32))),
    Case("resize_u8", lambda x: Resize(x, factors=UP), (integers(1, 1, 3, 3, low=0, high=255, dtype=DType.U8),)),
    Case(
        "resize_u8_linear",
        lambda x: Resize(x, factors=UP, mode="linear"),
        (integers(1, 1, 3, 3, low=0, high=255, dtype=DType.U8),),
    ),
    Case("resize_f16_linear", lambda x: Resize(x, factors=UP, mode="linear"), (normal(1, 1, 3, 3, dtype=DType.F16),)),
    Case("resize_no_batch", lambda x: Resize(x, factors=UP, mode="linear"), (normal(0, 1, 3, 3),)),
]
