"""Rows for the ops of mlc.ops.gather."""

from __future__ import annotations

import numpy as np

from cases import Case, booleans, integers, normal, special
from cases.elementwise import FLOATS, INTEGERS, some
from cases.shape import MOVED, TEXT, elements, i64
from mlc.ir import DType, symbol
from mlc.ops import (
    Compress,
    Gather,
    GatherElements,
    GatherNd,
    NonZero,
    OneHot,
    ScatterElements,
    ScatterNd,
    TensorScatter,
    TopK,
    Unique,
)

_N = symbol("n")
_TIES = np.array([[1, 3, 3, 2, 1], [0, 0, 0, 5, 5]], np.float32)

CASES = [
    Case("gather", Gather, (normal(5, 3), i64(0, 4, -1))),
    Case("gather_matrix", lambda x, i: Gather(x, i, axis=1), (normal(2, 5, 3), integers(2, 7, low=-5, high=5))),
    Case("gather_scalar", lambda x, i: Gather(x, i, axis=-1), (normal(2, 5), np.array(2))),
    Case("gather_by_i32", Gather, (normal(5, 3), np.array([1, 1], np.int32))),
    Case("gather_nothing", Gather, (normal(5, 3), i64())),
    Case("gather_string", Gather, (TEXT, i64(1, 0))),
    *(Case(f"gather_{d.name.lower()}", Gather, (elements(d), i64(1, 0, 1))) for d in MOVED),
    Case("gather_elements", GatherElements, (normal(5, 3), integers(2, 3, low=-5, high=5))),
    Case(
        "gather_elements_axis",
        lambda x, i: GatherElements(x, i, axis=1),
        (normal(2, 5, 3), integers(2, 7, 3, low=-5, high=5)),
    ),
    Case("gather_elements_of_fewer", GatherElements, (normal(5, 3), integers(2, 2, low=0, high=5))),
    Case("gather_elements_empty", GatherElements, (normal(5, 3), integers(0, 3))),
    Case("gather_nd", GatherNd, (normal(5, 3), i64(0, 2, 4, -1).reshape(2, 2))),
    Case("gather_nd_slices", GatherNd, (normal(5, 3, 2), i64(0, 4).reshape(2, 1))),
    Case("gather_nd_batch", lambda x, i: GatherNd(x, i, batch_axes=1), (normal(2, 5, 3), i64(1, 4).reshape(2, 1))),
    Case(
        "gather_nd_batches",
        lambda x, i: GatherNd(x, i, batch_axes=2),
        (normal(2, 3, 4, 5), integers(2, 3, 7, 1, low=0, high=4)),
    ),
    Case("gather_nd_one", GatherNd, (normal(5, 3), i64(1, 2))),
    *(
        Case(
            f"scatter_elements_{r}_{d.name.lower()}",
            lambda x, i, u, r=r: ScatterElements(x, i, u, axis=1, reduction=r),
            (some(3, 5, dtype=d), np.array([[0, 2], [4, -1], [3, 1]]), some(3, 2, dtype=d)),
        )
        for r in ("none", "add", "mul", "max", "min")
        for d in (*FLOATS, *INTEGERS)
        if r != "none" or d is DType.F32
    ),
    Case(
        "scatter_elements_adds_twice",
        lambda x, i, u: ScatterElements(x, i, u, reduction="add"),
        (normal(5), i64(1, 1, -4), normal(3)),
    ),
    Case("scatter_elements_empty", ScatterElements, (normal(5, 3), integers(0, 3), normal(0, 3))),
    *(
        Case(
            f"scatter_nd_{r}",
            lambda x, i, u, r=r: ScatterNd(x, i, u, reduction=r),
            (normal(5, 3), i64(0, 4, 2).reshape(3, 1), normal(3, 3)),
        )
        for r in ("none", "add", "mul", "max", "min")
    ),
    Case("scatter_nd_elements", ScatterNd, (normal(5, 3), i64(0, 2, -1, 1).reshape(2, 2), normal(2))),
    Case("scatter_nd_empty", ScatterNd, (normal(5, 3), np.zeros((0, 1), np.int64), normal(0, 3))),
    Case("tensor_scatter", TensorScatter, (normal(2, 1, 5, 3), normal(2, 1, 2, 3), i64(1, 3))),
    Case("tensor_scatter_from_0", TensorScatter, (normal(2, 5, 3), normal(2, 2, 3))),
    Case(
        "tensor_scatter_circular",
        lambda x, u, s: TensorScatter(x, u, s, axis=1, mode="circular"),
        (normal(2, 5, 3), normal(2, 4, 3), i64(1, 3)),
    ),
    Case("one_hot", lambda i, v: OneHot(i, v, depth=5), (i64(0, 4, -1, 5, -6), np.array([0, 1], np.float32))),
    Case("one_hot_axis", lambda i, v: OneHot(i, v, depth=3, axis=1), (integers(2, 4, low=-3, high=3), i64(-1, 7))),
    Case(
        "one_hot_by_operand",
        lambda i, v, d: OneHot(i, v, d, _N, axis=0),
        (np.array([1.0, 2.0], np.float32), i64(0, 1), np.array([4.0], np.float32)),
    ),
    Case("non_zero", lambda x: NonZero(x, count=_N), (np.array([[1, 0, 2], [0, 0, 3]]),)),
    Case("non_zero_special", lambda x: NonZero(x, count=_N), (special(),)),
    Case("non_zero_bool", lambda x: NonZero(x, count=_N), (booleans(3, 5),)),
    Case("non_zero_of_nothing", lambda x: NonZero(x, count=_N), (normal(0, 3),)),
    Case("non_zero_scalar", lambda x: NonZero(x, count=_N), (np.array(5),)),
    Case("compress", lambda x, c: Compress(x, c, axis=0, count=_N), (normal(3, 2), np.array([False, True, True]))),
    Case("compress_short", lambda x, c: Compress(x, c, axis=-1, count=_N), (normal(3, 5), np.array([True, False]))),
    Case("compress_flat", lambda x, c: Compress(x, c, axis=None, count=_N), (normal(3, 2), booleans(5))),
    Case("unique", lambda x: Unique(x, axis=None, is_sorted=True, count=_N), (_TIES,)),
    Case("unique_unsorted", lambda x: Unique(x, axis=None, is_sorted=False, count=_N), (_TIES,)),
    Case("unique_rows", lambda x: Unique(x, axis=0, is_sorted=True, count=_N), (i64(1, 0, 1, 0, 0, 2).reshape(3, 2),)),
    Case("unique_columns", lambda x: Unique(x, axis=-1, is_sorted=False, count=_N), (_TIES,)),
    Case("unique_many", lambda x: Unique(x, axis=None, is_sorted=False, count=_N), (i64(*range(37)) * 11 % 23,)),
    Case(
        "unique_i8_rows",
        lambda x: Unique(x, axis=0, is_sorted=True, count=_N),
        (np.array([[3, -1], [-128, 5], [3, -1], [-128, -5]], np.int8),),
    ),
    Case("unique_empty", lambda x: Unique(x, axis=None, is_sorted=True, count=_N), (normal(0, 3),)),
    Case(
        "unique_nan",
        lambda x: Unique(x, axis=None, is_sorted=False, count=_N),
        (np.array([np.nan, 1, -0.0, 0, np.nan, -np.inf, 1], np.float32),),
    ),
    Case("unique_bf16", lambda x: Unique(x, axis=None, is_sorted=True, count=_N), (_TIES.astype(DType.BF16.numpy),)),
    Case("top_k", lambda x: TopK(x, k=3), (normal(4, 17),)),
    Case("top_k_ties", lambda x: TopK(x, k=3), (_TIES,)),
    Case("top_k_smallest", lambda x: TopK(x, k=3, is_largest=False), (_TIES,)),
    Case("top_k_axis", lambda x: TopK(x, k=2, axis=0), (normal(5, 3),)),
    Case("top_k_none", lambda x: TopK(x, k=0), (normal(5, 3),)),
    Case("top_k_by_operand", lambda x, k: TopK(x, k, _N, axis=1), (normal(2, 5, 3), i64(2))),
    *(Case(f"top_k_{d.name.lower()}", lambda x: TopK(x, k=3), (some(4, 7, dtype=d),)) for d in (*FLOATS, *INTEGERS)),
]
