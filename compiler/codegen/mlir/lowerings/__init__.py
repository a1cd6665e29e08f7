"""Ops on whole tensors by family; importing this package fills `LINALG` and `NAMED`."""

from __future__ import annotations

from mlc.codegen.mlir.lowerings import (
    attention,
    gather,
    layout,
    matmul,
    named,
    norm,
    recurrent,
    reduce,
    shape,
    windows,
)

__all__ = [
    "attention",
    "gather",
    "layout",
    "matmul",
    "named",
    "norm",
    "recurrent",
    "reduce",
    "shape",
    "windows",
]
