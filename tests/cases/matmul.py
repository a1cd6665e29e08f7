"""Rows for the ops of mlc.ops.matmul."""

from __future__ import annotations

from cases import Case, normal
from mlc.ops import Matmul

CASES = [
    Case("matmul", Matmul, (normal(3, 17), normal(17, 5))),
    Case("matmul_transposed", lambda x, y: Matmul(x, y, transpose_y=True), (normal(3, 17), normal(5, 17))),
]
