"""The child process of `mlc bench` that holds one engine: `python -m mlc.tools.bench_worker`, pickles on its pipes.

It reads a Job, imports the engine's libraries, prepares the model and answers with a Started; then it answers each Turn
with a Turned until its input ends. A mistake of the user's is answered with its text. What libraries print goes to
standard error.
"""

from __future__ import annotations

import os
import pickle
import sys
import time
from typing import IO

from mlc import runtime
from mlc.child_process import live_with_parent
from mlc.codegen.peak import fma_peak
from mlc.errors import CompileError
from mlc.target import Target
from mlc.tools import engines
from mlc.tools.bench_protocol import PEAK, Job, Started, Turn, Turned
from mlc.tools.peak import peak_executable
from mlc.tools.process_memory import process_memory

_MOST_RUNS = 200
_REST_S = 0.002
_LONGEST_REST_S = 1.0  # who spins for longer takes that from the next engine


def main() -> None:
    """Serves one engine until standard input ends."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # libraries print to standard output
    live_with_parent()
    commands = sys.stdin.buffer
    try:
        _serve(commands, replies)
    except CompileError as error:
        _send(replies, str(error))
    except (EOFError, BrokenPipeError):
        return


def _serve(commands: IO[bytes], replies: IO[bytes]) -> None:
    job: Job = pickle.load(commands)
    os.sched_setaffinity(0, job.cores)
    # Looked up before its libraries are imported: a missing one is the user's to install.
    engine = None if job.engine == PEAK else engines.find(job.engine)
    if engine is not None:
        engine.import_libraries()
    base = process_memory()
    start = time.perf_counter()
    if engine is None:
        run, flops = _peak(len(job.cores))
        started = Started(time.perf_counter() - start, "independent multiply-adds", "", flops)
    else:
        ready = engines.prepare(job.engine, job.subject, job.setup)
        run = ready.run
        started = Started(time.perf_counter() - start, ready.settings, engine.versions)
    _send(replies, started)
    while True:
        turn: Turn = pickle.load(commands)
        outputs, times = run(turn.arrays), _measure(run, turn)
        _come_to_rest()
        _send(replies, Turned(outputs, times, process_memory().above(base)))


def _measure(run: engines.Run, turn: Turn) -> list[float]:
    times: list[float] = []
    end = time.perf_counter() + turn.seconds
    while not times or (len(times) < _MOST_RUNS and time.perf_counter() + times[-1] < end):
        start = time.perf_counter()
        run(turn.arrays)
        times.append(time.perf_counter() - start)
    return times


def _come_to_rest() -> None:
    """Waits until the engine's threads have stopped spinning: the next engine's turn is its own.

    Stopping the process by a signal would be quicker, but when it goes on all its threads wake on one core.
    """
    end = time.perf_counter() + _LONGEST_REST_S
    while time.perf_counter() < end:
        spent = time.process_time()
        time.sleep(_REST_S)
        if time.process_time() - spent < _REST_S / 10:
            return


def _peak(threads: int) -> tuple[engines.Run, int]:
    """Multiply-adds as an engine without inputs, and their FLOPs."""
    runtime.set_threads(threads)
    target = Target.parse("host")
    program = fma_peak(target, threads)
    executable = peak_executable(program, target)
    return lambda _: list(executable.run()), program.work


def _send(replies: IO[bytes], message: object) -> None:
    pickle.dump(message, replies, pickle.HIGHEST_PROTOCOL)
    replies.flush()


if __name__ == "__main__":
    main()
