"""Text as MLIR's own module: parsed and verified by torch-mlir's bindings, its mistakes as one located line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from mlc.errors import CompileError
from mlc.frontend.mlir_import.resources import Resources
from mlc.frontend.mlir_import.trial import try_to_read

_PLACE = re.compile(r'"(?P<file>[^"]*)":(?P<line>\d+):(?P<column>\d+)')
TEXT = "-"  # what MLIR calls the text in locations
# Passes that bring the dialects which the bindings do not register by themselves: stablehlo and chlo, tm_tensor.
_LOADERS = ("convert-torch-to-stablehlo", "convert-torch-to-tmtensor")


@dataclass
class Parsed:
    """MLIR's module, and where the numbers of its resources stand in the text."""

    module: Any  # ir.Operation of builtin.module; it keeps its context alive
    resources: Resources


def parse(text: str, file: str, *, is_mlirs_own: bool) -> Parsed:
    """The module in `text`. Raises CompileError at file:line:column with MLIR's message for what MLIR refuses.

    A child reads the text first unless it `is_mlirs_own`, printed of a valid module.
    """
    from torch_mlir import ir

    body, resources = Resources.split(text)
    try:
        with context():
            if not is_mlirs_own:
                try_to_read(body, file)
            return Parsed(ir.Module.parse(body).operation, resources)
    except ir.MLIRError as error:
        raise _located(error, file) from None


def context() -> Any:
    """An MLIR context that knows the dialects of models, and keeps ops of others as they are."""
    from torch_mlir import ir
    from torch_mlir.dialects import torch as torch_dialect
    from torch_mlir.passmanager import PassManager

    context = ir.Context()
    context.enable_multithreading(False)
    torch_dialect.register_dialect(context)
    context.allow_unregistered_dialects = True  # an op of one is listed with all else that is not supported
    with context:
        empty = ir.Module.parse("module {}").operation
        for name in _LOADERS:
            try:
                manager = PassManager.parse(f"builtin.module(func.func({name}))")
            except ValueError as error:
                raise CompileError(f"this torch-mlir does not know the pass {name}: {error}") from None
            manager.run(empty)
    return context


def _located(error: Any, file: str) -> CompileError:
    """The first diagnostic of MLIR's: its place and its first sentence."""
    diagnostics = error.error_diagnostics
    if not diagnostics:
        return CompileError(f"MLIR does not read it: {error}", where=file)
    place = _PLACE.search(str(diagnostics[0].location))
    where = f"{file}:{place['line']}:{place['column']}" if place is not None and place["file"] == TEXT else file
    return CompileError(diagnostics[0].message.strip().splitlines()[0], where=where)
