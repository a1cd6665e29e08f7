"""StableHLO's reference interpreter in a child process, since it ends the process that asks too much of it.

Run as a script it is that child: it answers pickled (text, inputs) with pickled results, or None where it has none.
"""

from __future__ import annotations

import pickle
import select
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

TIME_LIMIT_S = 5


class Judge:
    """`judge(text, inputs)`: the results of @main as arrays, or None where the interpreter refuses, fails or hangs."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None

    def __call__(self, text: str, inputs: Sequence[Any]) -> list[Any] | None:
        if self._child is None:
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
            self._child = subprocess.Popen([sys.executable, __file__], **pipes)  # type: ignore[call-overload]
        child = self._child
        assert child.stdin is not None and child.stdout is not None
        try:
            pickle.dump((text, list(inputs)), child.stdin)
            child.stdin.flush()
            if select.select([child.stdout], [], [], TIME_LIMIT_S)[0]:
                return pickle.load(child.stdout)  # type: ignore[no-any-return]
        except (BrokenPipeError, EOFError):
            pass
        self.close()
        return None

    def close(self) -> None:
        """Ends the child."""
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None


def main() -> None:
    """Answers until the input ends."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from mlir_import.reference import evaluated
    from torch_mlir.ir import MLIRError

    while True:
        try:
            text, inputs = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            results = evaluated(text, inputs)
        except (MLIRError, RuntimeError, ValueError):
            results = None
        pickle.dump(results, sys.stdout.buffer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
