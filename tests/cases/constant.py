"""Rows for mlc.constant."""

from __future__ import annotations

import numpy as np

from cases import Case, normal
from mlc.ir import DType
from mlc.ops import Constant

CASES = [
    Case("constant", lambda: Constant(normal(2, 3)), ()),
    Case("constant_empty", lambda: Constant(normal(0)), ()),
    Case("constant_scalar", lambda: Constant(np.array(3, np.int64)), ()),
    *(Case(f"constant_{d.name.lower()}", lambda d=d: Constant(np.zeros(3, d.numpy)), ()) for d in DType),
]
