"""What `torch.compile(model, backend="mlc", options={...})` may ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from mlc.driver import Options
from mlc.errors import CompileError, nearest


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
        """The options that the user gave. Raises CompileError for one that there is not."""
        known = [field.name for field in fields(BackendOptions)]
        for name in given or {}:
            if name not in known:
                raise CompileError(f"backend mlc has no option {name!r}{nearest(name, known)}")
        options = BackendOptions(**(given or {}))
        options.driver().pipeline()
        return options

    def driver(self) -> Options:
        """The driver's options for one graph."""
        return Options(passes=self.passes, level=self.level, target=self.target)
