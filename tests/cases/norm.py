"""Rows for the ops of mlc.ops.norm."""

from __future__ import annotations

import numpy as np

from cases import Case, normal, positive
from mlc.ir import DType
from mlc.ops import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, Lrn, RmsNorm

LARGE_MEAN = normal(2, 64) + np.float32(1000)  # cancels when the variance is computed as E[x^2] - E[x]^2

CASES = [
    Case("batch_norm", BatchNorm, (normal(2, 3, 4, 5), normal(3), normal(3), normal(3), positive(3))),
    Case(
        "batch_norm_epsilon",
        lambda *v: BatchNorm(*v, epsilon=0.5),
        (normal(2, 3), normal(3), normal(3), normal(3), positive(3)),
    ),
    Case("batch_norm_1d", BatchNorm, (normal(4), normal(1), normal(1), normal(1), positive(1))),
    Case("batch_norm_empty", BatchNorm, (normal(0, 3, 2), normal(3), normal(3), normal(3), positive(3))),
    Case(
        "batch_norm_f16",
        BatchNorm,
        (normal(2, 3, 4, dtype=DType.F16), *(positive(3, dtype=DType.F16) for _ in range(4))),
    ),
    Case("layer_norm", LayerNorm, (normal(2, 3, 17), normal(17), normal(17))),
    Case("layer_norm_bare", lambda x: LayerNorm(x), (normal(3, 5),)),
    Case("layer_norm_scale", LayerNorm, (normal(3, 5), normal(5))),
    Case("layer_norm_axis", lambda *v: LayerNorm(*v, axis=1), (normal(2, 3, 4), normal(3, 4), normal(3, 4))),
    Case("layer_norm_axis_0", lambda *v: LayerNorm(*v, axis=0, epsilon=0.1), (normal(2, 3), normal(2, 3))),
    Case("layer_norm_scale_broadcasts", lambda *v: LayerNorm(*v, axis=1), (normal(2, 3, 4), normal(3, 1), normal(1))),
    Case("layer_norm_large_mean", LayerNorm, (LARGE_MEAN, normal(64))),
    Case("layer_norm_one", LayerNorm, (normal(3, 1), normal(1))),
    Case("layer_norm_empty", LayerNorm, (normal(0, 5), normal(5))),
    Case("layer_norm_f16", LayerNorm, (normal(3, 5, dtype=DType.F16), normal(5, dtype=DType.F16))),
    Case("layer_norm_bf16", LayerNorm, (normal(3, 5, dtype=DType.BF16), normal(5, dtype=DType.BF16))),
    Case("layer_norm_f64", LayerNorm, (normal(3, 5, dtype=DType.F64), normal(5, dtype=DType.F64))),
    Case("rms_norm", RmsNorm, (normal(2, 3, 17), normal(17))),
    Case("rms_norm_bare", lambda x: RmsNorm(x), (normal(2, 3),)),
    Case("rms_norm_axis", lambda *v: RmsNorm(*v, axis=1, epsilon=0.1), (normal(2, 3, 4), normal(3, 4))),
    Case("rms_norm_f16", RmsNorm, (normal(3, 5, dtype=DType.F16), normal(5, dtype=DType.F16))),
    Case("rms_norm_empty", RmsNorm, (normal(0, 5), normal(5))),
    Case("group_norm", lambda *v: GroupNorm(*v, groups=2), (normal(2, 6, 3, 3), normal(6), normal(6))),
    Case("group_norm_one_group", lambda *v: GroupNorm(*v, groups=1), (normal(2, 3, 5), normal(3), normal(3))),
    Case("group_norm_flat", lambda *v: GroupNorm(*v, groups=2, epsilon=0.1), (normal(2, 4), normal(4), normal(4))),
    Case("group_norm_empty", lambda *v: GroupNorm(*v, groups=2), (normal(0, 4, 3), normal(4), normal(4))),
    Case("instance_norm", InstanceNorm, (normal(2, 3, 4, 5), normal(3), normal(3))),
    Case("instance_norm_epsilon", lambda *v: InstanceNorm(*v, epsilon=0.1), (normal(2, 3, 4), normal(3), normal(3))),
    Case("instance_norm_f16", InstanceNorm, (normal(2, 3, 4, dtype=DType.F16), *(normal(3, dtype=DType.F16),) * 2)),
    Case("instance_norm_empty", InstanceNorm, (normal(0, 3, 4), normal(3), normal(3))),
    Case("lrn", lambda x: Lrn(x, 5), (normal(2, 7, 3, 3),)),
    Case("lrn_even", lambda x: Lrn(x, 4, alpha=0.5, beta=0.5, k=2.0), (normal(1, 7, 3),)),
    Case("lrn_wider_than_x", lambda x: Lrn(x, 9), (normal(1, 3, 2),)),
    Case("lrn_f16", lambda x: Lrn(x, 3), (normal(1, 3, 2, dtype=DType.F16),)),
]
