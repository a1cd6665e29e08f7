"""What a compilation can be asked for, and the pipeline that it stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mlc.errors import CompileError, nearest
from mlc.passes import parse_pipeline
from mlc.passes.table import level_passes, pass_classes
from mlc.rewrite import Pass
from mlc.runtime.native import available_cores

Backend = Literal["llvm", "mlir", "interp"]
Validation = Literal["off", "verify", "sample"]
DEFAULT_LEVEL = 2


@dataclass(frozen=True)
class Options:
    """Options of one compilation; the command line's flags of the same names say what each does.

    `passes` is a pipeline, as text or as passes, and replaces the level's; giving both is an error. `fallback=False`
    makes a step that would run in Python an error. `schedule` is a file whose named sequences replace the packaged ones
    of the mlir backend. `jobs` processes compile kernels, None: one for each core. `entry` names the function of
    MLIR text that is the model, where several are public.
    """

    passes: str | tuple[Pass, ...] | None = None
    level: int | None = None
    target: str = "host"
    backend: Backend = "llvm"
    schedule: Path | None = None
    disabled: tuple[str, ...] = ()
    rewrite_limits: Mapping[str, int] = field(default_factory=dict)
    validate: Validation = "verify"
    fallback: bool = True
    use_cache: bool = True
    jobs: int | None = None
    entry: str | None = None

    @property
    def job_count(self) -> int:
        """Processes that compile kernels: `jobs`, or one for each core this process may use."""
        if self.jobs is None:
            return available_cores()
        if self.jobs < 1:
            raise CompileError(f"jobs must be 1 or more, got {self.jobs}")
        return self.jobs

    def describe(self) -> str:
        """The pipeline as the user asked for it: "-O2", or its text."""
        if self.passes is None:
            return f"-O{DEFAULT_LEVEL if self.level is None else self.level}"
        return f"--passes {self.passes if isinstance(self.passes, str) else ','.join(map(str, self.passes))}"

    def pipeline(self) -> list[Pass]:
        """The passes to run, in order. Raises CompileError for an unknown pass, level, backend or validation."""
        if self.passes is not None and self.level is not None:
            raise CompileError("give a pipeline (--passes) or a level (-O), not both")
        if self.level is not None and self.level not in (0, 1, 2, 3):
            raise CompileError(f"there is no optimization level {self.level!r}; there are 0, 1, 2 and 3")
        if self.backend not in ("llvm", "mlir", "interp"):
            raise CompileError(f"unknown backend {self.backend!r}; there are llvm, mlir and interp")
        if self.schedule is not None and self.backend != "mlir":
            raise CompileError(f"a schedule is for the mlir backend, not {self.backend}")
        if self.validate not in ("off", "verify", "sample"):
            raise CompileError(f"unknown validation {self.validate!r}; there are off, verify and sample")
        items: list[Pass]
        if self.passes is not None:
            items = parse_pipeline(self.passes) if isinstance(self.passes, str) else list(self.passes)
            if stray := [item for item in items if not isinstance(item, Pass)]:
                raise CompileError(f"passes takes a pipeline as text or Pass objects, got {stray[0]!r} among them")
        else:
            items = level_passes(DEFAULT_LEVEL if self.level is None else self.level)
        present = [type(item).pass_name() for item in items]
        for name in (*self.disabled, *self.rewrite_limits):
            if name not in present and name not in (known := list(pass_classes())):
                raise CompileError(f"unknown pass {name!r}{nearest(name, [*known, *present])}")
        return [
            item.for_target(self.target, self.backend) for item in items if type(item).pass_name() not in self.disabled
        ]
