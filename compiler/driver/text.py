"""Modules as files: `.mlir` text, with the weights it elides in a `.weights.npz` beside it."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

import numpy as np

from mlc.errors import CompileError
from mlc.files import replace_file
from mlc.frontend import mlir_models
from mlc.ir import Array, Module
from mlc.ir.parser import parse_module
from mlc.ir.printer import elided_constants, print_module


def weights_path(path: Path) -> Path:
    """Where the elided weights of a text file lie: `model.weights.npz` beside `model.mlir`."""
    return path.with_name(f"{path.stem}.weights.npz")


def read_module(path: Path, entry: str | None = None) -> Module:
    """The module in an .mlir file. Of mlc's own dialect, its elided weights are read from the file beside it when there
    is one; text of other dialects is imported, `entry` naming the function that is the model."""
    try:
        text = path.read_text()
        weights = _read_weights(weights_path(path))
    except OSError as error:
        raise CompileError(error.strerror or str(error), where=str(path)) from None
    except UnicodeDecodeError as error:
        raise CompileError(f"not IR text: {error}", where=str(path)) from None
    return _read(text, str(path), weights, entry)


def text_module(text: str, entry: str | None = None) -> Module:
    """The module that a text spells, mlc's own dialect without elided weights or another's."""
    return _read(text, "<text>", {}, entry)


def _read(text: str, file: str, weights: dict[str, Array], entry: str | None) -> Module:
    try:
        if mlir_models.is_foreign(text):
            return mlir_models.import_text(text, file, entry)
        check_entry(entry, file)
        return parse_module(text, file=file, weights=weights)
    except RecursionError:
        raise CompileError("regions or dims are nested too deep to be read", where=file) from None


def check_entry(entry: str | None, where: str) -> None:
    """Raises CompileError where an entry is named for a model that is one function."""
    if entry is not None:
        raise CompileError(f"--entry {entry} is for MLIR with several functions; this model is one", where=where)


def write_module(path: Path, module: Module, *, weights: bool) -> None:
    """Writes the module's text, and its elided constants beside it when `weights` is set."""
    write_atomically(path, lambda file: file.write(print_module(module).encode()))
    elided = elided_constants(module)
    if weights and elided:
        arrays = {name: np.ascontiguousarray(a).reshape(-1).view(np.uint8) for name, a in elided.items()}
        write_atomically(weights_path(path), lambda file: np.savez(file, **arrays))  # type: ignore[arg-type]


def write_atomically(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """mlc.files.replace_file for the user's outputs. Raises CompileError when the file cannot be written."""
    try:
        replace_file(path, write)
    except OSError as error:
        raise CompileError(f"cannot write: {error.strerror}", where=str(path)) from None


def _read_weights(path: Path) -> dict[str, Array]:
    if not path.exists():
        return {}
    try:
        with np.load(path) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, EOFError, zipfile.BadZipFile, AttributeError) as error:  # AttributeError: one array, no archive
        raise CompileError(f"not a weights file, or a damaged one: {error}", where=str(path)) from None
