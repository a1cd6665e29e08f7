"""The loader of the C++ library: where it is found, what its functions do when called from Python."""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from ctypes import c_void_p
from pathlib import Path

import pytest

from mlc.runtime import native, set_threads, threads
from mlc.runtime.call import MlcCall

HEADER = Path(__file__).parents[2] / "runtime/include/mlc_runtime.h"


@pytest.fixture(autouse=True)
def restore_threads() -> Iterator[None]:
    before = threads()
    yield
    set_threads(before)


def test_every_function_of_the_header_has_a_prototype() -> None:
    declared = set(re.findall(r"^MLC_API .*?(mlc_\w+)\(", HEADER.read_text(), re.MULTILINE))
    assert declared == set(native.PROTOTYPES)


def test_the_call_structure_is_that_of_the_header() -> None:
    body = re.search(r"^struct mlc_call \{\n(.*?)^\};", HEADER.read_text(), re.MULTILINE | re.DOTALL)
    assert body is not None
    declared = re.findall(r"(\w+)(?:\[4\])?;", re.sub(r"/\*.*?\*/", "", body[1]))
    assert declared == [name for name, _ in MlcCall._fields_]
    assert ctypes.sizeof(MlcCall) == (len(declared) - 1) * 8 + 4 * 8


def test_library_lies_beside_its_loader() -> None:
    assert native.library_path() == Path(native.__file__).parent / native.LIBRARY_NAME


def test_every_function_has_an_address_of_its_own() -> None:
    found = native.addresses()
    assert found.keys() == native.PROTOTYPES.keys()
    assert len(set(found.values())) == len(found) and 0 not in found.values()


def test_thread_count_is_set_and_read_back() -> None:
    set_threads(3)
    assert threads() == 3


def test_bad_thread_count_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^thread count must be 1 to 1024, got 0$"):
        set_threads(0)


def test_threads_start_at_the_cores_of_the_process() -> None:
    script = (
        f"import sys, os; sys.path[:] = {sys.path!r}; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]); "
        "import mlc.runtime; print(mlc.runtime.threads())"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout == "1\n"
    assert 1 <= native.available_cores() <= len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("text", "cores"), [("max 100000\n", 1024), ("150000 100000\n", 2), ("50000 100000\n", 1), ("", 1024)]
)
def test_cgroup_quota_limits_the_cores(tmp_path: Path, text: str, cores: int) -> None:
    (tmp_path / "cpu.max").write_text(text)
    assert native._quota_cores(tmp_path / "cpu.max") == cores


def test_a_python_kernel_runs_over_the_whole_range() -> None:
    set_threads(2)
    visited: list[int] = []
    kernel = native.KERNEL(lambda _args, begin, end: visited.extend(range(begin, end)))
    native.library().mlc_parallel_for(kernel, (c_void_p * 1)(), 100, 8)
    assert sorted(visited) == list(range(100))


def test_allocation_is_aligned() -> None:
    pointer = native.library().mlc_alloc(100)
    assert pointer % native.ALIGNMENT == 0
    ctypes.memset(pointer, 1, 100)
    native.library().mlc_free(pointer)


def test_failed_allocation_leaves_its_message() -> None:
    assert native.library().mlc_alloc(-5) is None
    assert native.last_error() == "cannot allocate -5 bytes"
