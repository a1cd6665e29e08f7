"""The parent's end of one `mlc.tools.bench_worker`: starting it, giving it turns, ending it."""

from __future__ import annotations

import pickle

from mlc.child_process import how_it_ended, start_module
from mlc.errors import CompileError
from mlc.tools.bench_protocol import Job, Started, Turn, Turned


class Child:
    """A worker process, idle but for its start and its turns; leaving the context ends it."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._process = start_module("mlc.tools.bench_worker")
        self._send(job)

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._process.communicate()

    def kill(self) -> None:
        """Ends the process at once."""
        self._process.kill()

    def started(self) -> Started:
        """Waits until it is ready."""
        answer = self._receive()
        assert isinstance(answer, Started), answer
        return answer

    def turn(self, turn: Turn) -> Turned:
        """One turn."""
        self._send(turn)
        answer = self._receive()
        assert isinstance(answer, Turned), answer
        return answer

    def _send(self, message: object) -> None:
        assert self._process.stdin is not None
        try:
            pickle.dump(message, self._process.stdin, pickle.HIGHEST_PROTOCOL)
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._died() from None

    def _receive(self) -> object:
        assert self._process.stdout is not None
        try:
            answer = pickle.load(self._process.stdout)
        except (EOFError, pickle.UnpicklingError):
            raise self._died() from None
        if isinstance(answer, str):
            raise CompileError(answer)
        return answer

    def _died(self) -> CompileError:
        how = how_it_ended(self._process.wait())
        where = str(self._job.subject.path)
        return CompileError(f"the process of engine {self._job.engine} {how}; see its output above", where=where)
