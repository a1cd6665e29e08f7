"""A child reads each text first: on some broken ones MLIR's parser crashes, or never ends, which must not be the user's
program.

One child serves all texts of a process; it is started for the first and ends with the program.
"""

from __future__ import annotations

import os
import select
import struct
import subprocess
import threading

from mlc.child_process import how_it_ended, start_module
from mlc.errors import CompileError

LENGTH = struct.Struct("<Q")  # of the text that follows, in bytes
LIMIT_S = 60.0  # for a text, start of the child included, and on top of that:
BYTES_PER_S = 1e6  # MLIR reads a hundred times as many
DONE = b"."  # the child's answer, whether MLIR took the text or refused it

_lock = threading.Lock()
_child: subprocess.Popen[bytes] | None = None
_owner = 0  # the process that started the child; one that was forked starts its own


def try_to_read(text: str, file: str) -> None:
    """Raises CompileError when MLIR's parser ends its process on `text`, or goes on for LIMIT_S; what it merely refuses
    is no matter here."""
    global _child, _owner
    message = text.encode(errors="surrogatepass")
    limit = LIMIT_S + len(message) / BYTES_PER_S
    with _lock:
        if _child is None or _owner != os.getpid():
            _child, _owner = start_module("mlc.frontend.mlir_import.trial_worker"), os.getpid()
        child, answer, is_late = _child, b"", False
        assert child.stdin is not None and child.stdout is not None
        try:
            child.stdin.write(LENGTH.pack(len(message)) + message)
            child.stdin.flush()
            if is_late := not select.select([child.stdout], [], [], limit)[0]:
                child.kill()
            else:
                answer = child.stdout.read(1)
        except BrokenPipeError:
            answer = b""
        if answer == DONE:
            return
        _child = None
        child.stdout.close()
    ended = how_it_ended(child.wait())
    if is_late:
        raise CompileError(f"MLIR's own parser did not come to an end in {limit:.0f} s; the text is broken", where=file)
    raise CompileError(
        f"MLIR's own parser crashed on this text: the process that read it {ended}; the text is broken, or too deep",
        where=file,
    )
