"""mlc: compiles ONNX, PyTorch and MLIR models to native CPU code, and shows what its optimizer does.

    executable = mlc.compile("model.onnx", passes="fold,fuse")
    y = executable(x)

The public names below are imported when they are first used, so that `import mlc` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from mlc.api import compile, load
    from mlc.driver import Executable, Interpreted
    from mlc.errors import CompileError
    from mlc.ir import Module
    from mlc.rewrite import Miss, Pass
    from mlc.runtime import set_threads

_HOME = {
    "CompileError": "mlc.errors",
    "Executable": "mlc.driver",
    "Interpreted": "mlc.driver",
    "Miss": "mlc.rewrite",
    "Module": "mlc.ir",
    "Pass": "mlc.rewrite",
    "compile": "mlc.api",
    "load": "mlc.api",
    "set_threads": "mlc.runtime",
}

__all__ = [
    "CompileError",
    "Executable",
    "Interpreted",
    "Miss",
    "Module",
    "Pass",
    "compile",
    "load",
    "set_threads",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'mlc' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
