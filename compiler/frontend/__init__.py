"""The frontends: model files and framework objects become Modules. Called by the driver, the command line and tests.

Each frontend imports its third party where it is used, so that compiling one kind of model needs only that kind's
packages.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from mlc.errors import CompileError
from mlc.frontend import torch_models
from mlc.ir import Module


def load(model: str | os.PathLike[str] | Any) -> Module:
    """The Module of a model: a path to an .onnx or .pt2 file, `package.module:factory`, or a `ModelProto`.

    Raises CompileError, located at the file and node, for whatever is wrong with the model.
    """
    if isinstance(model, str | os.PathLike):
        return _load_path(Path(model))
    if type(model).__module__.startswith("onnx"):
        from mlc.frontend.onnx_import.importer import import_model

        return import_model(model)
    raise CompileError(
        f"cannot load a {type(model).__name__}; give the path of an .onnx or .pt2 file, an onnx.ModelProto, "
        "or a torch.nn.Module with example_inputs"
    )


def _load_path(path: Path) -> Module:
    if torch_models.is_torch_path(path):
        return torch_models.load_path(path)
    from mlc.frontend.onnx_import.importer import import_file

    return import_file(path)
