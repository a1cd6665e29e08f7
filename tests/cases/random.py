"""Rows for the ops of mlc.ops.random."""

from __future__ import annotations

import numpy as np

from cases import Case, normal
from mlc.ir import DType
from mlc.ops import Multinomial, RandomNormal, RandomUniform

CASES = [
    *(
        Case(f"random_uniform_{d.name.lower()}", lambda d=d: RandomUniform((3, 17), 7, -1.0, 2.0, d), ())
        for d in (DType.F16, DType.BF16, DType.F32, DType.F64)
    ),
    Case("random_uniform_empty", lambda: RandomUniform((0, 3), 7), ()),
    Case("random_uniform_scalar", lambda: RandomUniform((), -1), ()),
    Case("random_normal", lambda: RandomNormal((3, 17), 7, 1.0, 0.5), ()),
    Case("random_normal_f64", lambda: RandomNormal((5,), 2**63, dtype=DType.F64), ()),
    Case("multinomial", lambda x: Multinomial(x, 17, 3), (normal(4, 5),)),
    Case("multinomial_f16", lambda x: Multinomial(x, 9, 3), (normal(2, 5, dtype=DType.F16),)),
    Case("multinomial_one_class", lambda x: Multinomial(x, 3, 3, dtype=DType.I64), (np.float32([[0, -np.inf]]),)),
]
