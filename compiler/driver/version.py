"""What code makes artifacts: a hash of mlc's own sources and the versions of what it compiles with."""

from __future__ import annotations

import functools
import importlib.metadata
import os
from pathlib import Path

from mlc.driver.cache import digest

_PACKAGE = Path(__file__).parents[1]


@functools.cache
def code_version() -> str:
    """One hash over the sources of the package and the versions of llvmlite and numpy."""
    return _version_of(_PACKAGE)


@functools.cache
def codegen_version() -> str:
    """One hash over the sources of the code generator and the versions of llvmlite and numpy."""
    return _version_of(_PACKAGE / "codegen")


def _version_of(folder: Path) -> str:
    # In a source checkout the package is a tree of links to folders, which rglob would not enter.
    walk = os.walk(folder, followlinks=True)
    kinds = (".py", ".mlir")
    files = sorted(Path(home, name) for home, _, names in walk for name in names if name.endswith(kinds))
    sources = [part for path in files for part in (str(path.relative_to(_PACKAGE)), path.read_bytes())]
    return digest([*sources, *(importlib.metadata.version(name) for name in ("llvmlite", "numpy"))])


def mlir_version() -> str:
    """The version of the package that brings MLIR, "" where it is not installed."""
    try:
        return importlib.metadata.version("torch-mlir")
    except importlib.metadata.PackageNotFoundError:
        return ""
