"""The ops, one file a family. Importing this package registers all of them."""

from __future__ import annotations

from mlc.frontend.mlir_import.operators import (  # noqa: F401
    casts,
    comparison,
    constants,
    floats,
    func,
    functions,
    integers,
    scf,
    sizes,
    slicing,
    stablehlo,
    structured,
    tensors,
    tosa,
)
