"""Operators of the tosa dialect by family; importing this registers them."""

from __future__ import annotations

from mlc.frontend.mlir_import.operators.tosa import (
    control,
    elementwise,
    image,
    pool,
    products,
    reduce,
    rescale,
    shape,
)

__all__ = ["control", "elementwise", "image", "pool", "products", "reduce", "rescale", "shape"]
