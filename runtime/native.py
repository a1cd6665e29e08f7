"""The C++ runtime library seen from Python: found, loaded once, its functions typed.

Who calls it: runtime.executable for memory and threads, runtime.code for the addresses that compiled models link to.
"""

from __future__ import annotations

import ctypes
import functools
import os
import sys
from ctypes import POINTER, c_char_p, c_int, c_int64, c_void_p
from pathlib import Path

LIBRARY_NAME = "libmlc_runtime.so"
ALIGNMENT = 64  # MLC_ALIGNMENT: every buffer of the runtime starts on a multiple of this many bytes

KERNEL = ctypes.CFUNCTYPE(None, POINTER(c_void_p), c_int64, c_int64)

# Result and argument types of each function of runtime/include/mlc_runtime.h.
PROTOTYPES: dict[str, tuple[type | None, tuple[type, ...]]] = {
    "mlc_last_error": (c_char_p, ()),
    "mlc_set_threads": (c_int, (c_int,)),
    "mlc_threads": (c_int, ()),
    "mlc_parallel_for": (None, (KERNEL, POINTER(c_void_p), c_int64, c_int64)),
    "mlc_alloc": (c_void_p, (c_int64,)),
    "mlc_free": (None, (c_void_p,)),
    "mlc_workspace_take": (c_void_p, (c_int64,)),
    "mlc_workspace_give": (None, (c_void_p,)),
    "mlc_workspace_trim": (c_int64, ()),
    "mlc_arena_new": (c_void_p, ()),
    "mlc_arena_alloc": (c_void_p, (c_void_p, c_int64)),
    "mlc_arena_free": (None, (c_void_p,)),
    "mlc_call_begin": (c_int, (c_void_p, c_int64)),
    "mlc_call_end": (None, (c_void_p,)),
    "mlc_now_ns": (c_int64, ()),
}


@functools.cache
def library() -> ctypes.CDLL:
    """The runtime library with typed functions; its threads set to the physical cores of this process.

    Raises ImportError when it was not built or does not load.
    """
    loaded = ctypes.CDLL(str(library_path()))
    for name, (result, arguments) in PROTOTYPES.items():
        function = getattr(loaded, name)
        function.restype = result
        function.argtypes = arguments
    loaded.mlc_set_threads(available_cores())
    return loaded


def library_path() -> Path:
    """The library beside this file, else in another folder of the package."""
    # This file's own folder first: an editable install puts a copy that may be stale on the path as well.
    folders = [Path(__file__).parent, *map(Path, sys.modules["mlc.runtime"].__path__)]
    for folder in folders:
        if (folder / LIBRARY_NAME).exists():
            return folder / LIBRARY_NAME
    raise ImportError(f"{LIBRARY_NAME} is in none of {[str(f) for f in folders]}; build it with: cmake --build build")


@functools.cache
def addresses() -> dict[str, int]:
    """The address of each runtime function by name, for the linker of compiled models."""
    loaded = library()
    return {name: ctypes.cast(getattr(loaded, name), c_void_p).value or 0 for name in PROTOTYPES}


def last_error() -> str:
    """The library's message for the last failure on this thread."""
    message: bytes = library().mlc_last_error()
    return message.decode()


def set_threads(count: int) -> None:
    """Lets compiled models use count threads from now on, the calling one included.

    Raises ValueError unless 1 <= count <= 1024.
    """
    if library().mlc_set_threads(count):
        raise ValueError(last_error())


def threads() -> int:
    """Threads that a compiled model uses, the calling one included."""
    count: int = library().mlc_threads()
    return count


def available_cores() -> int:
    """Physical cores this process may run on: its CPU affinity, hyperthreads of a core counted once, and no more than
    its cgroup's CPU quota; 1 at least."""
    cpus = os.sched_getaffinity(0)
    cores = len({_core_of(cpu) for cpu in cpus})
    return max(1, min(cores, _quota_cores(Path("/sys/fs/cgroup/cpu.max")), 1024))


def _core_of(cpu: int) -> str:
    """A text that CPUs of one physical core share; the CPU's own number where the system does not tell."""
    try:
        return Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list").read_text()
    except OSError:
        return str(cpu)


def _quota_cores(cpu_max: Path) -> int:
    """Whole cores in a cgroup v2 quota such as "150000 100000", rounded up; 1024 where there is none."""
    try:
        quota, period = cpu_max.read_text().split()
    except (OSError, ValueError):
        return 1024
    return 1024 if quota == "max" else -(-int(quota) // int(period))
