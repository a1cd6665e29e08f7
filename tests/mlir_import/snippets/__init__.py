"""Small functions of linalg, arith, math and tensor, each with its meaning in numpy, in tables by family."""

from __future__ import annotations

from mlir_import.snippets.arithmetic import ARITHMETIC, CANONICAL
from mlir_import.snippets.loops import BODIES, REDUCTIONS
from mlir_import.snippets.products import CONTRACTIONS, CONVOLUTIONS, POOLS
from mlir_import.snippets.tensors import TENSORS

SNIPPETS = [
    *CONTRACTIONS,
    *CONVOLUTIONS,
    *POOLS,
    *ARITHMETIC,
    *CANONICAL,
    *BODIES,
    *REDUCTIONS,
    *TENSORS,
]
