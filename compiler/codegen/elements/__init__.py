"""Ops computed element by element: importing this package fills `ELEMENTS` and `INDEXED` of mlc.codegen.registry.

To add one, write a function beside its kin:

    @element(Add)
    def add(k: Builder, op: Add, x: Value, y: Value) -> Value:
        return k.ir.fadd(x, y) if op.x.tensor.dtype.is_float else k.ir.add(x, y)

It must emit the same operations for a scalar and for a vector of lanes, and straight-line code only.
"""

from __future__ import annotations

from mlc.codegen.elements import (
    arithmetic,
    conversion,
    functions,
    indexing,
    layout,
    logic,
    quantize,
    random,
    rotary,
)

__all__ = [
    "arithmetic",
    "conversion",
    "functions",
    "indexing",
    "layout",
    "logic",
    "quantize",
    "random",
    "rotary",
]
