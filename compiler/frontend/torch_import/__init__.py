"""PyTorch models to Modules: torch.export -> torch dialect of MLIR -> Module, one function for each torch operator."""

from __future__ import annotations

from mlc.frontend.torch_import.versions import check_versions

check_versions()
