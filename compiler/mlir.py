"""MLIR for those who go on from here: `to_module` gives a model as a torch_mlir Module in linalg on tensors."""

from __future__ import annotations

from mlc.codegen.mlir.whole import module_text, to_module

__all__ = ["module_text", "to_module"]
