"""MLIR for those who go on from here: a model as a module in linalg on tensors, as text or as a torch_mlir Module."""

from __future__ import annotations

from mlc.codegen.mlir.portable import module_text, to_module

__all__ = ["module_text", "to_module"]
