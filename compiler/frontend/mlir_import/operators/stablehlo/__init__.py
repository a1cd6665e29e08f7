"""Operators of the stablehlo and chlo dialects by family; importing this registers them."""

from __future__ import annotations

from mlc.frontend.mlir_import.operators.stablehlo import (
    chlo,
    control,
    convert,
    elementwise,
    gather,
    norm,
    products,
    reduce,
    scatter,
    shape,
    sort,
    windows,
)

__all__ = [
    "chlo",
    "control",
    "convert",
    "elementwise",
    "gather",
    "norm",
    "products",
    "reduce",
    "scatter",
    "shape",
    "sort",
    "windows",
]
