"""Ops on whole tensors by family; importing this package fills `LINALG` and `NAMED`."""

from __future__ import annotations

from mlc.codegen.mlir.lowerings import (
    attention,
    conv,
    conv_transpose,
    gather,
    layout,
    matmul,
    named,
    norm,
    pool,
    quantize,
    random,
    recurrent,
    reduce,
    resize,
    rotary,
    running,
    scatter,
    selection,
    shape,
    top_k,
)

__all__ = [
    "attention",
    "conv",
    "conv_transpose",
    "gather",
    "layout",
    "matmul",
    "named",
    "norm",
    "pool",
    "quantize",
    "random",
    "recurrent",
    "reduce",
    "resize",
    "rotary",
    "running",
    "scatter",
    "selection",
    "shape",
    "top_k",
]
