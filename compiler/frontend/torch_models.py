"""Which things are PyTorch models, and how each becomes a Module; torch is imported when one of them is seen.

A model is an nn.Module with example inputs, a torch.export program, a .pt2 archive, or `package.module:factory`.
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.metadata
import inspect
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlc.errors import CompileError
from mlc.ir import Module

if TYPE_CHECKING:
    from torch.export import ExportedProgram as ExportedProgram

    from mlc.frontend.torch_import.exporting import Exported

_FACTORY = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_RETURNS = "return (module, example_inputs) or (module, example_inputs, dynamic_shapes)"


def is_torch_path(path: Path) -> bool:
    """Whether the path is a .pt2 archive, or names a factory rather than a file."""
    return path.suffix == ".pt2" or is_factory(path)


def is_factory(path: Path) -> bool:
    """Whether the path is `package.module:factory`."""
    return _FACTORY.fullmatch(str(path)) is not None and not path.exists()


def is_torch_model(model: object) -> bool:
    """Whether this is an nn.Module or an ExportedProgram; without importing torch."""
    torch = sys.modules.get("torch")
    if torch is None:
        return False
    return isinstance(model, torch.nn.Module | torch.export.ExportedProgram)


def versions() -> list[str]:
    """The versions of the packages that this frontend reads models with. Raises CompileError where they are missing."""
    importlib.import_module("mlc.frontend.torch_import")  # which checks them
    return [f"{name} {importlib.metadata.version(name)}" for name in ("torch", "torch-mlir")]


def load_path(path: Path) -> Module:
    """The Module of a .pt2 archive or of what a factory returns."""
    from mlc.frontend.torch_import import archive, exporting
    from mlc.frontend.torch_import.importer import import_program

    if path.suffix == ".pt2":
        exported = exporting.program_of(archive.read(path), path.name)
    else:
        model, inputs, shapes = factory_result(str(path))
        exported = export_model(model, inputs, dynamic_shapes=shapes)
    return import_program(exported.program)


def export_model(model: Any, example_inputs: Sequence[Any] | None, *, dynamic_shapes: Any = None) -> Exported:
    """The program of an nn.Module traced with the inputs, or of an ExportedProgram."""
    from mlc.frontend.torch_import import exporting

    torch = sys.modules["torch"]
    if isinstance(model, torch.export.ExportedProgram):
        if example_inputs is not None or dynamic_shapes is not None:
            raise CompileError("an ExportedProgram has its inputs and shapes already; give it alone")
        return exporting.program_of(model, "ExportedProgram")
    if example_inputs is None:
        raise CompileError(f"give example_inputs: {type(model).__name__} is traced with them")
    exported = exporting.export(model, example_inputs, dynamic_shapes=dynamic_shapes)
    program = exporting.program_of(exported, type(model).__name__, dynamic_shapes)
    return dataclasses.replace(program, signature=inspect.signature(model.forward))


def factory_result(text: str) -> tuple[Any, Any, Any]:
    """Module, example inputs and dynamic shapes from `package.module:factory`; a CompileError when it is none."""
    if _FACTORY.fullmatch(text) is None:
        raise CompileError(f"{text!r} is not of the form package.module:factory")
    module_name, _, name = text.partition(":")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    made = _made_by(text, module_name, name)
    if not isinstance(made, tuple) or len(made) not in (2, 3) or not is_torch_model(made[0]):
        raise CompileError(f"must {_RETURNS}, it returns {_described(made)}", where=text)
    return made[0], made[1], made[2] if len(made) == 3 else None


def _made_by(text: str, module_name: str, name: str) -> Any:
    """What the factory returns; whatever the user's code raises becomes a CompileError that names the factory."""
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and f"{module_name}.".startswith(f"{error.name}."):
            message = f"there is no module {error.name!r} in {os.getcwd()} or on the path"
        else:
            message = f"importing {module_name!r} raised {type(error).__name__}: {error}"
        raise CompileError(message, where=text) from error
    factory = getattr(module, name, None)
    if factory is None:
        raise CompileError(f"module {module_name!r} has no {name!r}", where=text)
    try:
        return factory()
    except Exception as error:
        raise CompileError(f"the factory raised {type(error).__name__}: {error}", where=text) from error


def _described(made: object) -> str:
    if isinstance(made, tuple):
        return f"({', '.join(type(item).__name__ for item in made)})"
    return f"a {type(made).__name__}"
