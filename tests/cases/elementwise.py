"""Rows for the ops of mlc.ops.elementwise."""

from __future__ import annotations

import numpy as np

from cases import Case, normal, special
from mlc.ops import Add, Relu

CASES = [
    Case("relu", Relu, (normal(2, 3, 17),)),
    Case("relu_special", Relu, (special(),)),
    Case("add", Add, (normal(2, 3), normal(3))),
    Case("add_empty", Add, (normal(0, 3), normal(3))),
    Case("add_wraps", Add, (np.array([127], np.int8), np.array([1], np.int8))),
]
