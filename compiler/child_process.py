"""Child processes that run a module of mlc: compile workers and measured engines. Never a fork of the user's program.

A child takes its orders from standard input and ends when its parent does, however the parent ends.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

_PACKAGE_HOME = Path(__file__).parents[1]
_PR_SET_PDEATHSIG = 1  # of linux/prctl.h


def start_module(module: str, errors: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
    """`python -m module` with pipes as standard input and output, and `errors` as standard error if given.

    Raises OSError when the system refuses.
    """
    path = os.pathsep.join([str(_PACKAGE_HOME), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        env={**os.environ, "PYTHONPATH": path},
        process_group=0,  # a terminal's Ctrl-C is for the parent alone, which ends its children
    )


def live_with_parent() -> None:
    """In the child: dies when the parent is killed."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def how_it_ended(code: int) -> str:
    """An exit code in words: "was killed by SIGKILL" or "ended with exit code 1"."""
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
