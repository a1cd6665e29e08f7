"""Rows for the ops of mlc.ops.pool."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from cases import Case, integers, normal
from mlc.ir import DType, Op, Value
from mlc.ops import AveragePool, LpPool, MaxPool, MaxUnpool
from mlc.ops.pool import Pool


def pool(kind: type[Pool], *kernel: int, **given: Any) -> Callable[[Value], Op]:
    """Builds a pool; strides, dilations 1 and pads 0 unless given."""
    rank = len(kernel)
    defaults = {"strides": (1,) * rank, "pads": (0,) * 2 * rank, "dilations": (1,) * rank}
    return lambda x: kind(x, kernel=kernel, **{**defaults, **given})


def with_nan() -> np.ndarray:
    """An image with NaN and infinities in it."""
    x = normal(1, 2, 5, 5)
    x[0, 0, 1, 2], x[0, 1, 3, 3], x[0, 1, 0, 0] = np.nan, -np.inf, np.inf
    return x


SHARED = [
    Case(f"{kind.__name__.lower()}_{name}", pool(kind, *kernel, **given), (x,))
    for kind in (MaxPool, AveragePool, LpPool)
    for name, kernel, given, x in [
        ("2d", (3, 3), {}, normal(2, 3, 7, 5)),
        ("strided", (2, 3), {"strides": (2, 3), "pads": (1, 0, 0, 2)}, normal(1, 2, 7, 9)),
        ("dilated", (3, 2), {"dilations": (2, 3)}, normal(1, 2, 9, 9)),
        ("ceil", (3, 3), {"strides": (2, 2), "ceil_mode": True}, normal(1, 1, 4, 6)),
        ("ceil_padded", (2, 2), {"strides": (2, 2), "pads": (1, 1, 1, 1), "ceil_mode": True}, normal(1, 1, 3, 4)),
        ("1d", (3,), {"strides": (2,)}, normal(1, 3, 17)),
        ("3d", (2, 1, 2), {}, normal(1, 2, 3, 3, 3)),
        ("empty", (2, 2), {}, normal(0, 2, 3, 3)),
        ("nan", (2, 2), {"pads": (1, 1, 1, 1)}, with_nan()),
        ("nchw8c", (3, 3), {"layout": "nchw8c", "strides": (2, 2), "pads": (1, 1, 1, 1)}, normal(1, 2, 5, 5, 8)),
        ("nchw16c", (2, 2), {"layout": "nchw16c"}, normal(1, 1, 4, 4, 16)),
        ("f16", (2, 2), {}, normal(1, 2, 3, 3, dtype=DType.F16)),
        ("f64", (2, 2), {}, normal(1, 2, 3, 3, dtype=DType.F64)),
    ]
]
CASES = [
    *SHARED,
    Case("maxpool_indices", pool(MaxPool, 3, 3, with_indices=True, pads=(1, 1, 1, 1)), (normal(2, 3, 5, 4),)),
    Case(
        "maxpool_column_major",
        pool(MaxPool, 2, 2, with_indices=True, column_major=True, strides=(2, 2)),
        (normal(1, 2, 4, 6),),
    ),
    Case("maxpool_ties", pool(MaxPool, 2, 2, with_indices=True), (integers(1, 1, 4, 4, high=-7).astype(np.float32),)),
    Case("maxpool_indices_of_nan", pool(MaxPool, 2, 2, with_indices=True), (with_nan(),)),
    Case(
        "maxpool_indices_lowest",
        pool(MaxPool, 2, 2, with_indices=True, pads=(1, 1, 1, 1), dilations=(2, 1)),
        (np.full((1, 2, 3, 4), -128, np.int8),),
    ),
    Case(
        "maxpool_indices_overhang",
        pool(MaxPool, 2, 3, 2, with_indices=True, column_major=True, strides=(2, 2, 2), ceil_mode=True),
        (normal(1, 2, 3, 4, 5, dtype=DType.F16),),
    ),
    Case("maxpool_i8", pool(MaxPool, 2, 2, pads=(1, 1, 1, 1)), (integers(1, 1, 4, 4, high=-1, dtype=DType.I8),)),
    Case("maxpool_u8", pool(MaxPool, 2, 2), (integers(1, 1, 4, 4, low=0, dtype=DType.U8),)),
    Case("averagepool_counts_pads", pool(AveragePool, 3, 3, pads=(1, 2, 1, 0), count_pads=True), (normal(1, 2, 4, 4),)),
    Case(
        "averagepool_counts_pads_not_the_overhang",
        pool(AveragePool, 3, 3, pads=(1, 1, 1, 1), strides=(2, 2), ceil_mode=True, count_pads=True),
        (normal(1, 1, 4, 6),),
    ),
    Case("lppool_p1", pool(LpPool, 2, 2, p=1), (normal(1, 2, 4, 4),)),
    Case("lppool_p3", pool(LpPool, 2, 2, p=3), (normal(1, 2, 4, 4),)),
    Case(
        "max_unpool",
        lambda x, i: MaxUnpool(x, i, source=(1, 1, 4, 4), dims=(1, 1, 4, 4)),
        (normal(1, 1, 2, 2), np.array([[[[5, 7], [13, 15]]]])),
    ),
    Case(
        "max_unpool_of_equal_places",
        lambda x, i: MaxUnpool(x, i, source=(1, 1, 2, 4), dims=(1, 1, 2, 4)),
        (normal(1, 1, 1, 2, dtype=DType.F16), np.array([[[[5, 5]]]])),
    ),
    Case(
        "max_unpool_to_a_given_shape",
        lambda x, i, s: MaxUnpool(x, i, s, source=(1, 1, 4, 4), dims=(1, 1, 5, 5)),
        (normal(1, 1, 2, 2), np.array([[[[5, 7], [13, 15]]]]), np.array([1, 1, 5, 5])),
    ),
]
