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
    # In a source checkout the package is a tree of links to folders, which rglob would not enter.
    walk = os.walk(_PACKAGE, followlinks=True)
    files = sorted(Path(folder, name) for folder, _, names in walk for name in names if name.endswith(".py"))
    sources = [part for path in files for part in (str(path.relative_to(_PACKAGE)), path.read_bytes())]
    return digest([*sources, *(importlib.metadata.version(name) for name in ("llvmlite", "numpy"))])
