"""A compile worker: `python -m mlc.codegen.worker`, a child process of mlc.codegen.compile_pool.

llvmlite holds one lock around LLVM, so compiling in parallel means processes. Reads pickled (name, text, target) from
standard input and answers each with its object code, or with the text of LLVM's error; ends when its input does.
"""

from __future__ import annotations

import os
import pickle
import sys

from mlc.child_process import live_with_parent
from mlc.codegen.objects import object_code


def main() -> None:
    """Serves until standard input ends."""
    live_with_parent()
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever LLVM prints is no answer
    while True:
        try:
            name, text, target = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        answer: bytes | str
        try:
            answer = object_code(name, text, target)
        except RuntimeError as error:
            answer = str(error)
        try:
            pickle.dump(answer, replies, pickle.HIGHEST_PROTOCOL)
            replies.flush()
        except BrokenPipeError:
            return


if __name__ == "__main__":
    main()
