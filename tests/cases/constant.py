"""Rows for mlc.constant."""

from __future__ import annotations

import numpy as np

from cases import Case, normal
from mlc.ir import Array, DType
from mlc.ops import Constant


def values(dtype: DType) -> Array:
    """0, 1 and 1 in any dtype; texts as strings."""
    numbers = np.array([0, 1, 1])
    return numbers.astype(str).astype(object) if dtype is DType.STRING else numbers.astype(dtype.numpy)


CASES = [
    Case("constant", lambda: Constant(normal(2, 3)), ()),
    Case("constant_empty", lambda: Constant(normal(0)), ()),
    Case("constant_scalar", lambda: Constant(np.array(3, np.int64)), ()),
    *(Case(f"constant_{d.name.lower()}", lambda d=d: Constant(values(d)), ()) for d in DType),
]
