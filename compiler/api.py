"""The Python API: `mlc.load` and `mlc.compile`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from mlc import driver
from mlc.driver import Executable, Interpreted, Options
from mlc.driver.options import Backend, Validation
from mlc.errors import CompileError
from mlc.ir import Module
from mlc.rewrite import Pass

ModelProto = Any  # onnx.ModelProto, named without importing onnx


def load(model: str | os.PathLike[str] | ModelProto) -> Module:
    """The IR of a model: the path of an .onnx or .mlir file, or an onnx.ModelProto; weights stay where they are.

    Raises CompileError, located at file and node, for whatever is wrong with it; all unsupported nodes at once.
    """
    return driver.load(model)


def compile(
    model: str | os.PathLike[str] | ModelProto | Module,
    *,
    passes: str | Sequence[Pass] | None = None,
    level: Literal[0, 1, 2, 3] | None = None,
    target: str = "host",
    backend: Backend = "llvm",
    fallback: bool = True,
    disabled: Sequence[str] = (),
    rewrite_limits: Mapping[str, int] | None = None,
    validate: Validation = "verify",
    cache: bool = True,
) -> Executable | Interpreted:
    """The model made ready to run: call it with numpy arrays, in order or by name.

    `passes` is a pipeline, as text (`"fold,fuse,./my_pass.py"`) or as Pass objects; without it `level` (default 2) says
    which. `fallback=False` makes a step that would run in Python an error. `backend="interp"` gives the interpreter.
    `validate="sample"` compares the numbers after every pass. A model given as a path comes from the cache when nothing
    it depends on has changed. Raises CompileError for a mistake in the model or the options.
    """
    options = Options(
        passes=passes if isinstance(passes, str | None) else tuple(passes),
        level=level,
        target=target,
        backend=backend,
        disabled=tuple(disabled),
        rewrite_limits=dict(rewrite_limits or {}),
        validate=validate,
        fallback=fallback,
        use_cache=cache,
    )
    if isinstance(model, str | os.PathLike):
        if Path(model).suffix == ".mlc":
            raise CompileError("is compiled already; mlc.Executable.load reads it", where=str(model))
        return driver.executable_for(Path(model), options)
    return driver.executable_of(driver.load(model), options)
