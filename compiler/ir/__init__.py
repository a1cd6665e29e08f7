"""The IR: a small SSA graph whose printed form is MLIR."""

from __future__ import annotations

from mlc.ir.core import (
    Block,
    Function,
    Op,
    Purity,
    Region,
    Return,
    Use,
    Value,
    keyword,
)
from mlc.ir.dims import Dim, DimExpr, parse_dim, symbol
from mlc.ir.location import UNKNOWN, Location, Source
from mlc.ir.module import Listener, Module, unattached
from mlc.ir.signature import Array
from mlc.ir.types import DType, OptionalType, SequenceType, TensorType, Type, tensor, type_of

__all__ = [
    "UNKNOWN",
    "Array",
    "Block",
    "DType",
    "Dim",
    "DimExpr",
    "Function",
    "Listener",
    "Location",
    "Module",
    "Op",
    "OptionalType",
    "Purity",
    "Region",
    "Return",
    "SequenceType",
    "Source",
    "TensorType",
    "Type",
    "Use",
    "Value",
    "keyword",
    "parse_dim",
    "symbol",
    "tensor",
    "type_of",
    "unattached",
]
