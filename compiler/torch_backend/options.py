"""What `torch.compile(model, backend="mlc", options={...})` may ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from mlc.driver import Options
from mlc.errors import CompileError, nearest

# By exact type: True is an int too, but no level.
_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "fallback": ((bool,), "True or False"),
    "freeze": ((bool,), "True or False"),
    "level": ((int, type(None)), "0, 1, 2, 3 or None"),
    "passes": ((str, type(None)), "a pipeline as text or None"),
    "target": ((str,), "a target as text"),
}


@dataclass(frozen=True)
class BackendOptions:
    """The options, under the names that the user writes.

    `fallback`: run what is not supported eagerly and say so, rather than raise. `freeze`: fold and pack parameters and
    buffers where no gradients are wanted. `level`, `passes` and `target` are those of mlc.compile.
    """

    fallback: bool = True
    freeze: bool = True
    level: int | None = None
    passes: str | None = None
    target: str = "host"

    @staticmethod
    def read(given: Mapping[str, Any] | None) -> BackendOptions:
        """The options that the user gave. Raises CompileError for one that there is not, or of another kind."""
        known = [field.name for field in fields(BackendOptions)]
        for name in given or {}:
            if name not in known:
                raise CompileError(f"backend mlc has no option {name!r}{nearest(name, known)}")
        for name, value in (given or {}).items():
            kinds, expected = _KINDS[name]
            if type(value) not in kinds:
                raise CompileError(f"option {name!r} of backend mlc must be {expected}, got {value!r}")
        options = BackendOptions(**(given or {}))
        options.driver().pipeline()
        return options

    def driver(self) -> Options:
        """The driver's options for one graph."""
        return Options(passes=self.passes, level=self.level, target=self.target)
