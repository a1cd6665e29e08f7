"""Rows for the ops of mlc.ops.matmul."""

from __future__ import annotations

import numpy as np

from cases import Case, integers, normal
from mlc.ir import DType
from mlc.ops import Det, Matmul

CASES = [
    Case("matmul", Matmul, (normal(3, 17), normal(17, 5))),
    Case("matmul_transposed", lambda x, y: Matmul(x, y, transpose_y=True), (normal(3, 17), normal(5, 17))),
    Case("matmul_batch", Matmul, (normal(2, 3, 4, 5), normal(3, 5, 2))),
    Case("matmul_batch_broadcasts", Matmul, (normal(2, 1, 4, 5), normal(3, 5, 2))),
    Case("matmul_row", Matmul, (normal(5), normal(5, 3))),
    Case("matmul_column", Matmul, (normal(2, 3, 5), normal(5))),
    Case("matmul_dot", Matmul, (normal(5), normal(5))),
    Case("matmul_one", Matmul, (normal(1, 1), normal(1, 1))),
    Case("matmul_no_terms", Matmul, (normal(3, 0), normal(0, 5))),
    Case("matmul_no_rows", Matmul, (normal(0, 3), normal(3, 5))),
    Case("matmul_strassen", lambda x, y: Matmul(x, y, strassen=True), (normal(6, 18), normal(18, 4))),
    Case("matmul_strassen_odd", lambda x, y: Matmul(x, y, strassen=True), (normal(2, 3, 17), normal(17, 5))),
    Case(
        "matmul_strassen_transposed",
        lambda x, y: Matmul(x, y, transpose_y=True, strassen=True),
        (normal(3, 17), normal(5, 17)),
    ),
    Case("matmul_nan", Matmul, (np.array([[np.nan, 1], [np.inf, 0]], np.float32), normal(2, 3))),
    *(
        Case(f"matmul_{d.name.lower()}", Matmul, (normal(3, 17, dtype=d), normal(17, 5, dtype=d)))
        for d in (DType.F16, DType.BF16, DType.F64)
    ),
    *(
        Case(f"matmul_{d.name.lower()}", Matmul, (integers(3, 4, dtype=d), integers(4, 5, dtype=d)))
        for d in (DType.I32, DType.I64, DType.U32, DType.U64)
    ),
    Case("det", Det, (normal(4, 4),)),
    Case("det_batch", Det, (normal(2, 3, 3, 3),)),
    Case("det_singular", Det, (np.ones((2, 2), np.float32),)),
    Case("det_empty", Det, (normal(0, 2, 2),)),
    Case("det_of_nothing", Det, (normal(2, 0, 0),)),
    Case("det_of_one", Det, (normal(2, 1, 1),)),
    Case("det_swaps_rows", Det, (np.array([[0, 1, 2], [3, 4, 5], [6, 7, 1]], np.float64),)),
    Case("det_f16", Det, (normal(2, 3, 3, dtype=DType.F16),)),
]
