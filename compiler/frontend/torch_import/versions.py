"""Which torch and torch-mlir fit together here, checked before either is used in earnest.

Only this frontend and the torch.compile backend need them: everything else of mlc works without.
"""

from __future__ import annotations

import functools
import importlib.metadata

from mlc.errors import CompileError

TORCH = "2.13"
# The first build whose importer knows torch 2.13's graphs; builds are named by their day.
TORCH_MLIR = "20261001"
_ADVICE = 'pip install "mlc-compiler[torch]" installs a pair that fits'


@functools.cache
def check_versions() -> None:
    """Raises CompileError naming what is missing or does not fit, and what does."""
    torch = _version("torch")
    if not torch.startswith(f"{TORCH}."):
        raise CompileError(f"torch {torch} is installed, mlc works with torch {TORCH}: {_ADVICE}")
    torch_mlir = _version("torch-mlir")
    if torch_mlir.split(".")[0] < TORCH_MLIR:
        raise CompileError(
            f"torch-mlir {torch_mlir} is too old for torch {torch}, use {TORCH_MLIR} or later: {_ADVICE}"
        )


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        raise CompileError(f"PyTorch models need the package {package}, which is not installed: {_ADVICE}") from None
