"""The sources that a user's pass is made of: what the model cache must know besides mlc's own."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from mlc.driver.cache import file_digest

_STDLIB = Path(sysconfig.get_path("stdlib")).resolve()
# The digest of a module's file when it was first asked for, beside the spec it was loaded by: a file that changes
# behind a loaded module changes nothing that runs, and a reloaded module has another spec.
_digests: dict[str, tuple[Any, str]] = {}


def source_digests(cls: type) -> list[str]:
    """Digests of the file of a user's pass and of each module of the user's that its names come from, in a fixed order.

    Followed are the modules that a module imports, and those that define what it imports from them. Installed packages
    are left out, except for the one that the pass itself belongs to: they change by being installed anew. mlc's own
    passes have none: `code_version` covers them.
    """
    package = _top(cls.__module__)
    found: dict[Path, str] = {}
    pending, seen = [cls.__module__], set[str]()
    while pending:
        name = pending.pop()
        path = _file(name)
        if name in seen or path is None or _top(name) == "mlc" or (_top(name) != package and _is_installed(path)):
            continue
        seen.add(name)
        found[path] = _digest(name, path)
        pending.extend(_named_by(sys.modules[name]))
    return [found[path] for path in sorted(found)]


def _named_by(module: ModuleType) -> Iterator[str]:
    for value in vars(module).values():
        if isinstance(value, ModuleType):
            yield value.__name__
        elif isinstance(origin := getattr(value, "__module__", None), str):
            yield origin


def _digest(name: str, path: Path) -> str:
    spec = sys.modules[name].__spec__
    if name not in _digests or _digests[name][0] is not spec:
        _digests[name] = spec, file_digest(path)
    return _digests[name][1]


def _file(name: str) -> Path | None:
    file = getattr(sys.modules.get(name), "__file__", None)
    return Path(file).resolve() if file else None


def _is_installed(path: Path) -> bool:
    return path.is_relative_to(_STDLIB) or not {"site-packages", "dist-packages"}.isdisjoint(path.parts)


def _top(name: str) -> str:
    return name.partition(".")[0]
