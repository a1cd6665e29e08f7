"""The Python API: `mlc.load` and `mlc.compile`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mlc import driver
from mlc.driver import Executable, Interpreted, Options
from mlc.driver.options import Backend, Validation
from mlc.errors import CompileError
from mlc.frontend import torch_models
from mlc.frontend.mlir_models import is_mlir_text
from mlc.ir import Module
from mlc.ir.verifier import verify
from mlc.rewrite import Pass

if TYPE_CHECKING:
    import mlc.frontend.torch_import.calling as torch_calling

ModelProto = Any  # onnx.ModelProto, named without importing onnx
TorchModel = Any  # torch.nn.Module or torch.export.ExportedProgram, named without importing torch


def load(
    model: str | os.PathLike[str] | ModelProto | TorchModel,
    example_inputs: Sequence[Any] | None = None,
    *,
    dynamic_shapes: Any = None,
    entry: str | None = None,
) -> Module:
    """The IR of a model: the path of an .onnx, .pt2 or .mlir file, `package.module:factory`, an onnx.ModelProto, MLIR
    as text or as a Module of its bindings, or a torch.nn.Module with example inputs; weights stay where they are.

    `entry` names the function of MLIR text that is the model, where several are public.

    Raises CompileError, located at file and node, for whatever is wrong with it; all unsupported nodes at once.
    """
    if torch_models.is_torch_model(model):
        return _load_torch(torch_models.export_model(model, example_inputs, dynamic_shapes=dynamic_shapes))
    _check_plain(example_inputs, dynamic_shapes)
    return driver.load(model, entry)


def compile(
    model: str | os.PathLike[str] | ModelProto | TorchModel | Module,
    example_inputs: Sequence[Any] | None = None,
    *,
    dynamic_shapes: Any = None,
    passes: str | Sequence[Pass] | None = None,
    level: Literal[0, 1, 2, 3] | None = None,
    target: str = "host",
    backend: Backend = "llvm",
    fallback: bool = True,
    disabled: Sequence[str] = (),
    rewrite_limits: Mapping[str, int] | None = None,
    validate: Validation = "verify",
    cache: bool = True,
    jobs: int | None = None,
    entry: str | None = None,
) -> Executable | Interpreted | torch_calling.CompiledModule:
    """The model made ready to run: call it with numpy arrays, in order or by name.

    A torch.nn.Module is traced with `example_inputs` (the arguments of its call) by torch.export, whose
    `dynamic_shapes` says which dims may vary; the result is called as the module is, with torch tensors.

    `passes` is a pipeline, as text (`"fold,fuse,./my_pass.py"`) or as Pass objects; without it `level` (default 2) says
    which. `fallback=False` makes a step that would run in Python an error. `backend="interp"` gives the interpreter.
    `validate="sample"` compares the numbers after every pass. A model given as a path comes from the cache when nothing
    it depends on has changed; `jobs` processes compile the kernels of any other (None: one for each core). `entry`
    names the function of MLIR text that is the model. Raises CompileError for a mistake in the model or the options.
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
        jobs=jobs,
        entry=entry,
    )
    if torch_models.is_torch_model(model):
        return _compile_torch(torch_models.export_model(model, example_inputs, dynamic_shapes=dynamic_shapes), options)
    _check_plain(example_inputs, dynamic_shapes)
    if isinstance(model, str | os.PathLike) and not is_mlir_text(model):
        if Path(model).suffix == ".mlc":
            raise CompileError("is compiled already; mlc.Executable.load reads it", where=str(model))
        return driver.executable_for(Path(model), options)
    return driver.executable_of(driver.load(model, entry), options)


def _check_plain(example_inputs: object, dynamic_shapes: object) -> None:
    if example_inputs is not None or dynamic_shapes is not None:
        raise CompileError("example_inputs and dynamic_shapes are for a torch.nn.Module; this model has its own shapes")


def _load_torch(exported: Any) -> Module:
    from mlc.frontend.torch_import.importer import import_program

    module = import_program(exported.program)
    verify(module)
    return module


def _compile_torch(exported: Any, options: Options) -> torch_calling.CompiledModule:
    from mlc.frontend.torch_import.calling import CompiledModule

    return CompiledModule(driver.executable_of(_load_torch(exported), options), exported)
