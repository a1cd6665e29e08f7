"""Which torch and torch-mlir fit together here, checked before either is used in earnest.

Only this frontend and the torch.compile backend need them: everything else of mlc works without.
"""

from __future__ import annotations

import functools
import importlib
import importlib.metadata

from mlc.errors import CompileError

TORCH = "2.13"
# The first build whose importer knows torch 2.13's graphs; builds are named by their day.
TORCH_MLIR = "20261001"
# What of torch-mlir is used, which is none of its promises: a build that lacks it does not fit.
_USED = {
    "torch_mlir.extras.fx_importer": ("FxImporter", "FxImporterHooks", "GraphNodeImporter", "TORCH_DTYPE_TO_INT"),
    "torch_mlir.extras.fx_as_strided": ("rewrite_as_strided",),
    "torch_mlir.dialects.torch": ("register_dialect",),
}
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
    _check_usable(torch, torch_mlir)


def _check_usable(torch: str, torch_mlir: str) -> None:
    """Raises CompileError when torch-mlir is installed, but cannot be imported here or lacks what is used."""
    try:
        for name, attributes in _USED.items():
            module = importlib.import_module(name)
            for attribute in attributes:
                getattr(module, attribute)
    except Exception as error:
        raise CompileError(
            f"torch-mlir {torch_mlir} does not work with torch {torch} here ({type(error).__name__}: {error}); "
            f"mlc is tested with torch {TORCH} and torch-mlir {TORCH_MLIR}: {_ADVICE}"
        ) from error


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        raise CompileError(f"PyTorch models need the package {package}, which is not installed: {_ADVICE}") from None
