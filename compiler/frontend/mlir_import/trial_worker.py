"""The child that lets MLIR read a text first: `python -m mlc.frontend.mlir_import.trial_worker`; see `trial`."""

from __future__ import annotations

import sys

from torch_mlir import ir

from mlc.child_process import live_with_parent
from mlc.frontend.mlir_import.parse import context
from mlc.frontend.mlir_import.trial import DONE, LENGTH


def main() -> None:
    """Reads texts until standard input ends; answers each when MLIR has taken or refused it."""
    live_with_parent()
    orders, answers = sys.stdin.buffer, sys.stdout.buffer
    while len(head := orders.read(LENGTH.size)) == LENGTH.size:
        (length,) = LENGTH.unpack(head)
        text = orders.read(length).decode(errors="surrogatepass")
        with context():
            try:
                ir.Module.parse(text)
            except ir.MLIRError:
                pass  # the parent's own reading says what is wrong
        answers.write(DONE)
        answers.flush()


if __name__ == "__main__":
    main()
