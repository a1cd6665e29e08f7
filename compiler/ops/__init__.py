"""The ops: one class each, declared once. Importing this package registers all of them."""

from __future__ import annotations

from mlc.ops.constant import Constant, constant_value, int64s, scalar
from mlc.ops.elementwise import Add, Relu
from mlc.ops.matmul import Matmul
from mlc.ops.structure import Fused, RegionCall, Yield, yielded

__all__ = [
    "Add",
    "Constant",
    "Fused",
    "Matmul",
    "RegionCall",
    "Relu",
    "Yield",
    "constant_value",
    "int64s",
    "scalar",
    "yielded",
]
