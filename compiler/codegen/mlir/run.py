"""Runs MLIR on functions in a process of its own, and reads what came back."""

from __future__ import annotations

import atexit
import importlib.util
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlc.child_process import how_it_ended, start_module
from mlc.codegen.mlir.lowering import Function
from mlc.errors import CompileError

STEP = "at "  # begins the lines in which the process says what it does next
SCHEDULES = Path(__file__).parent / "schedules"


@dataclass(frozen=True)
class Schedule:
    """A file of the user's whose named sequences replace the packaged ones of the same names."""

    file: str
    text: str


@dataclass(frozen=True)
class Lowered:
    """What MLIR made of the functions: `stages[stage][function]` is a text, `seconds` the time of each pass."""

    stages: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)


def require_mlir() -> None:
    """Raises CompileError where torch-mlir, which brings MLIR, is not installed."""
    if importlib.util.find_spec("torch_mlir") is None:
        raise CompileError("the mlir backend needs torch-mlir: install the extra, mlc-compiler[mlir]")


def lower(
    functions: Sequence[Function],
    schedule: Schedule | None = None,
    stages: Sequence[str] = ("llvm",),
    stop: str = "llvm",
) -> Lowered:
    """The texts of the wanted stages of each function.

    Raises CompileError that names the function and the pass for what MLIR refuses, at the line of the user's schedule
    where it is that, and for a crash.
    """
    require_mlir()
    if not functions and schedule is None:
        return Lowered({stage: {} for stage in stages})
    reply = _worker().ask(request_of(functions, schedule, stages, stop))
    if (failure := reply["failure"]) is not None:
        what = f"MLIR refuses stage @{failure['function']}: " if failure["function"] else ""
        raise CompileError(f"{what}{failure['message'].strip()}", where=failure["where"])
    made = {stage: {f["name"]: f["stages"][stage] for f in reply["functions"]} for stage in stages}
    return Lowered(made, reply["seconds"])


def request_of(
    functions: Sequence[Function], schedule: Schedule | None, stages: Sequence[str], stop: str
) -> dict[str, Any]:
    """What the process is asked: the functions, the packaged schedules and the user's."""
    return {
        "functions": [_request(f) for f in functions],
        "packaged": [path.read_text() for path in sorted(SCHEDULES.glob("*.mlir"))],
        "schedule": [schedule.file, schedule.text] if schedule is not None else [],
        "stages": list(stages),
        "stop": stop,
    }


def _request(function: Function) -> dict[str, Any]:
    return {
        "name": function.name,
        "text": function.text,
        "family": function.family,
        "parameters": [[name, list(v) if isinstance(v, tuple) else v] for name, v in function.parameters],
        "parts": function.parts,
        "outputs": list(function.outputs),
    }


class _Worker:
    """The process, kept for the next request; its diagnostics go to a file that tells where it was when it died."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._progress = tempfile.TemporaryFile()
        try:
            self._process = start_module("mlc.codegen.mlir.child", self._progress)
        except OSError as error:
            raise CompileError(f"cannot start the process that runs MLIR: {error.strerror}") from None

    @property
    def is_alive(self) -> bool:
        """Whether it can take another request; not in a forked copy of the process that started it."""
        return self.pid == os.getpid() and self._process.poll() is None

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer. Raises CompileError that says where the process was when it died."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._progress.seek(0)
        self._progress.truncate()
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            raise CompileError(self._post_mortem())
        answer: dict[str, Any] = json.loads(line)
        return answer

    def kill(self) -> None:
        """Ends the process at once, as a crash does."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """Ends the process by ending its input."""
        if self.is_alive and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait()

    def _post_mortem(self) -> str:
        ended = how_it_ended(self._process.wait())
        self._progress.seek(0)
        lines = self._progress.read().decode(errors="replace").splitlines()
        steps = [line.removeprefix(STEP) for line in lines if line.startswith(STEP)]
        where = f" at {steps[-1]}" if steps else ""
        return f"the process that runs MLIR {ended}{where}: a fault of MLIR, or of the schedule"


_workers: list[_Worker] = []


def _worker() -> _Worker:
    if not _workers or not _workers[-1].is_alive:
        _workers[:] = [_Worker()]
        atexit.register(_workers[0].close)
    return _workers[0]
