"""Compiling units while others are still being written, in worker processes where that pays.

`submit` queues a unit as soon as it is written; workers start compiling at once. `code` waits for one, compiling
queued units here meanwhile, so that one job is this process alone. Leaving the context ends the workers, whatever
happened.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from collections import deque
from concurrent.futures import Future
from typing import Self

from mlc.child_process import how_it_ended, start_module
from mlc.codegen.objects import object_code
from mlc.codegen.program import CodeUnit
from mlc.errors import CompileError
from mlc.target import Target

# LLVM takes about 1.5 s for a megabyte of kernels' text and a worker starts in 0.2 s: with this much waiting for each
# worker, one more is worth its start.
WORTH_A_WORKER_BYTES = 256 << 10


class CompilePool:
    """Object code of units for one target, by up to `jobs` processes, this one included."""

    def __init__(self, target: Target, jobs: int = 1) -> None:
        self._target = target
        self._jobs = jobs if sys.executable else 1  # an embedded Python has no command to start
        self._queue: deque[CodeUnit] = deque()
        self._queued_bytes = 0
        self._futures: dict[str, Future[bytes]] = {}
        self._changed = threading.Condition()
        self._is_closed = False
        self._workers: list[tuple[subprocess.Popen[bytes], threading.Thread]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        for process, _thread in self._workers:
            process.kill()
        for process, thread in self._workers:
            if thread.is_alive():  # Ctrl-C may have come before it was started
                thread.join()
            process.communicate()

    @property
    def worker_count(self) -> int:
        """Worker processes that were started."""
        return len(self._workers)

    def submit(self, unit: CodeUnit) -> None:
        """Queues the unit; starts another worker when enough is waiting. Raises CompileError when none can start."""
        with self._changed:
            self._futures[unit.name] = Future()
            self._queue.append(unit)
            self._queued_bytes += len(unit.text)
            self._changed.notify()
            is_worth_one = self._queued_bytes >= WORTH_A_WORKER_BYTES * (len(self._workers) + 1)
        if is_worth_one and len(self._workers) < self._jobs - 1:
            self._start_worker()

    def code(self, unit: CodeUnit) -> bytes:
        """The object code of a submitted unit. Raises CompileError when its worker died."""
        future = self._futures[unit.name]
        while not future.done() and (other := self._take(wait=False)) is not None:
            self._futures[other.name].set_result(object_code(other.name, other.text, self._target))
        return future.result()

    def _take(self, *, wait: bool) -> CodeUnit | None:
        """The next unit of the queue; None when there is none, or with `wait` when there will be none."""
        with self._changed:
            while wait and not self._queue and not self._is_closed:
                self._changed.wait()
            if not self._queue or self._is_closed:
                return None
            unit = self._queue.popleft()
            self._queued_bytes -= len(unit.text)
            return unit

    def _start_worker(self) -> None:
        try:
            process = start_module("mlc.codegen.worker")
        except OSError as error:
            raise CompileError(f"cannot start a compile worker: {error.strerror}; use --jobs 1") from None
        thread = threading.Thread(target=self._feed, args=(process,), daemon=True)
        self._workers.append((process, thread))
        thread.start()

    def _feed(self, process: subprocess.Popen[bytes]) -> None:
        """Gives one worker unit after unit, until the pool closes or the worker dies."""
        while (unit := self._take(wait=True)) is not None:
            try:
                self._futures[unit.name].set_result(self._ask(process, unit))
            except (CompileError, RuntimeError) as error:
                self._futures[unit.name].set_exception(error)
                return

    def _ask(self, process: subprocess.Popen[bytes], unit: CodeUnit) -> bytes:
        assert process.stdin is not None and process.stdout is not None
        try:
            pickle.dump((unit.name, unit.text, self._target), process.stdin, pickle.HIGHEST_PROTOCOL)
            process.stdin.flush()
            answer = pickle.load(process.stdout)
        except (OSError, EOFError, pickle.UnpicklingError):
            ended = how_it_ended(_exit_code(process))
            raise CompileError(
                f"the worker process that compiled kernel {unit.name} {ended}; --jobs 1 compiles without workers",
                where=unit.where,
            ) from None
        if isinstance(answer, str):
            raise RuntimeError(f"LLVM refuses kernel {unit.name}: {answer}")
        assert isinstance(answer, bytes)
        return answer


def _exit_code(process: subprocess.Popen[bytes]) -> int:
    """Of a worker whose pipe broke: it is ending, or is made to."""
    try:
        return process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
