"""MLIR's parser crashes on some broken texts, and what crashes must not be the user's program: a child reads first.

One child serves all texts of a process; it is started for the first and ends with the program.
"""

from __future__ import annotations

import os
import struct
import subprocess
import threading

from mlc.child_process import how_it_ended, start_module
from mlc.errors import CompileError

LENGTH = struct.Struct("<Q")  # of the text that follows, in bytes
DONE = b"."  # the child's answer, whether MLIR took the text or refused it

_lock = threading.Lock()
_child: subprocess.Popen[bytes] | None = None
_owner = 0  # the process that started the child; one that was forked starts its own


def try_to_read(text: str, file: str) -> None:
    """Raises CompileError when MLIR's parser ends its process on `text`; what it merely refuses is no matter here."""
    global _child, _owner
    message = text.encode(errors="surrogatepass")
    with _lock:
        if _child is None or _owner != os.getpid():
            _child, _owner = start_module("mlc.frontend.mlir_import.trial_worker"), os.getpid()
        child, answer = _child, b""
        assert child.stdin is not None and child.stdout is not None
        try:
            child.stdin.write(LENGTH.pack(len(message)) + message)
            child.stdin.flush()
            answer = child.stdout.read(1)
        except BrokenPipeError:
            answer = b""
        if answer == DONE:
            return
        _child = None
        child.stdout.close()
    raise CompileError(
        f"MLIR's own parser crashed on this text: the process that read it {how_it_ended(child.wait())}; "
        "the text is broken, or too deep",
        where=file,
    )
