"""Compiling in worker processes: the same bytes as in one, and what happens when a worker fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mlc.child_process import start_module
from mlc.codegen import CodeUnit, CompilePool, compile_pool, object_code
from mlc.codegen.objects import TRIPLE
from mlc.errors import CompileError
from mlc.target import Target

TARGET = Target.parse("x86-64-v3")


def unit(number: int, body: str = "") -> CodeUnit:
    """A kernel that adds its number to an i64."""
    text = (
        f'target triple = "{TRIPLE}"\n'
        f"define i64 @k{number}(i64 %x) {{\n  {body}\n  %y = add i64 %x, {number}\n  ret i64 %y\n}}\n"
    )
    return CodeUnit(f"k{number}", text, where=f"node{number}")


@pytest.fixture
def eager_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker for the first unit already."""
    monkeypatch.setattr(compile_pool, "WORTH_A_WORKER_BYTES", 1)


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_any_number_of_jobs_gives_the_bytes_of_one_process(jobs: int, eager_workers: None) -> None:
    units = [unit(number) for number in range(12)]
    with CompilePool(TARGET, jobs) as pool:
        for item in units:
            pool.submit(item)
        codes = [pool.code(item) for item in units]
        assert pool.worker_count == jobs - 1
    assert codes == [object_code(item.name, item.text, TARGET) for item in units]


def test_little_work_starts_no_worker() -> None:
    with CompilePool(TARGET, 8) as pool:
        pool.submit(unit(1))
        assert pool.code(unit(1)) and pool.worker_count == 0


def test_much_work_starts_a_worker_for_each_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compile_pool, "WORTH_A_WORKER_BYTES", 3 * len(unit(0).text))
    monkeypatch.setattr(CompilePool, "_start_worker", lambda self: self._workers.append(()))
    pool = CompilePool(TARGET, 3)
    started = []
    for number in range(9):
        pool.submit(unit(number))
        started.append(pool.worker_count)
    assert started == [0, 0, 1, 1, 1, 2, 2, 2, 2]


def test_a_worker_that_dies_is_an_error_at_the_node_and_no_hang(
    monkeypatch: pytest.MonkeyPatch, eager_workers: None
) -> None:
    def start_dead(module: str) -> subprocess.Popen[bytes]:
        process = start_module(module)
        process.kill()
        return process

    monkeypatch.setattr(compile_pool, "start_module", start_dead)
    with CompilePool(TARGET, 2) as pool:
        pool.submit(unit(7))
        while not pool._futures["k7"].done():  # the worker has it, not this process
            time.sleep(0.01)
        message = "^node7: the worker process that compiled kernel k7 was killed by SIGKILL; --jobs 1 compiles without"
        with pytest.raises(CompileError, match=message):
            pool.code(unit(7))


def test_a_worker_that_cannot_start_is_an_error(monkeypatch: pytest.MonkeyPatch, eager_workers: None) -> None:
    def refuse(module: str) -> subprocess.Popen[bytes]:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(compile_pool, "start_module", refuse)
    with CompilePool(TARGET, 2) as pool, pytest.raises(CompileError, match="cannot start a compile worker: Resource"):
        pool.submit(unit(1))


def test_what_llvm_refuses_in_a_worker_names_the_kernel(eager_workers: None) -> None:
    wrong = unit(1, "nonsense")
    with CompilePool(TARGET, 2) as pool:
        pool.submit(wrong)
        while not pool._futures["k1"].done():
            time.sleep(0.01)
        with pytest.raises(RuntimeError, match="(?s)LLVM refuses kernel k1: .*expected instruction opcode"):
            pool.code(wrong)


def test_leaving_the_pool_ends_its_workers_whatever_happened(eager_workers: None) -> None:
    pool = CompilePool(TARGET, 2)
    with pytest.raises(KeyboardInterrupt), pool:
        pool.submit(unit(1))
        raise KeyboardInterrupt
    ((process, thread),) = pool._workers
    assert process.returncode == -signal.SIGKILL and not thread.is_alive()


def test_a_worker_ends_with_a_parent_that_is_killed() -> None:
    script = (
        "import time; from mlc.child_process import start_module\n"
        "from mlc.codegen.compile_pool import CompilePool\n"
        "worker = start_module('mlc.codegen.worker'); print(worker.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    _wait_for(lambda: b"mlc.codegen.worker" in Path(f"/proc/{worker}/cmdline").read_bytes())
    time.sleep(0.3)  # the worker has asked to die with its parent
    parent.kill()
    parent.communicate()
    _wait_for(lambda: not _is_running(worker))


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False


def _wait_for(condition: object) -> None:
    assert callable(condition)
    for _ in range(500):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not happen within 5 s")
