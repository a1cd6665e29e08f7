"""Ops on whole tensors by family; importing this package fills `LINALG` and `NAMED`."""

from __future__ import annotations

from mlc.codegen.mlir.lowerings import (
    attention,
    conv_transpose,
    gather,
    layout,
    matmul,
    named,
    norm,
    recurrent,
    reduce,
    resize,
    shape,
    windows,
)

__all__ = [
    "attention",
    "conv_transpose",
    "gather",
    "layout",
    "matmul",
    "named",
    "norm",
    "recurrent",
    "reduce",
    "resize",
    "shape",
    "windows",
]
