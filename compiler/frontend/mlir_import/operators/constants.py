"""arith.constant and what else is a number that the text spells."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch_mlir import ir

from mlc.frontend.mlir_import.constants import array_of
from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.registry import mlir_op
from mlc.ir import Dim, Value


@mlir_op("arith.constant")
def constant(g: Graph, *, value: Any) -> Value | Dim:
    """The numbers of the attribute; an integer alone stays a number, which sizes may be made of."""
    match value:
        case ir.BoolAttr() | ir.IntegerAttr():
            return int(value.value)
        case ir.FloatAttr():
            return g.constant(np.array(value.value).astype(g.dtype.numpy))
    return g.constant(array_of(value, g.resources))
