"""Inputs as the command line writes them: `x=1x3x224x224xf32`, `x=@x.npy`, `N=7`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mlc.driver.validate import random_array
from mlc.errors import CompileError, nearest
from mlc.ir import Module, TensorType, Type
from mlc.ir.type_parser import parse_dtype

DEFAULT_SYMBOL_SIZE = 1


@dataclass(frozen=True)
class Input:
    """An input of a model: its name and type."""

    name: str
    type: Type


def module_inputs(module: Module) -> list[Input]:
    """The inputs of a module's main function."""
    return [Input(n, v.type) for n, v in zip(module.main.input_names, module.main.inputs, strict=True)]


def make_inputs(inputs: Sequence[Input], texts: Sequence[str], seed: int) -> list[Any]:
    """One array per input: from the texts where they name it, else random at its declared shape.

    Symbolic dims are 1 unless a text `N=7`, or the shape that a text gives an input, says otherwise. Raises
    CompileError naming the text that does not fit.
    """
    pairs = [_split(text) for text in texts]
    given = dict(pairs)
    if len(given) != len(pairs):
        raise CompileError("--input names the same thing twice")
    symbols = _symbols(inputs, given)
    names = [i.name for i in inputs]
    for name in given:
        if name not in names and name not in symbols:
            raise CompileError(f"the model has no input {name!r}{nearest(name, names) or f'; it has {_list(names)}'}")
    rng = np.random.default_rng(seed)
    return [_array(i, given.get(i.name), rng, symbols) for i in inputs]


def safe_file_name(name: str) -> str:
    """A tensor's name as a file name: everything but letters, digits, `.`, `_` and `-` becomes `_`."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".") or "_"


def _split(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name or value in ("", "@"):
        raise CompileError(f"--input {text!r} is not of the form NAME=VALUE")
    return name, value


def _symbols(inputs: Sequence[Input], given: dict[str, str]) -> dict[str, int]:
    names = [s for i in inputs if isinstance(i.type, TensorType) for s in i.type.symbols()]
    sizes = dict.fromkeys(names, DEFAULT_SYMBOL_SIZE)
    for name in sizes:
        written = _size_in_texts(name, inputs, given)
        if name in given and name not in {i.name for i in inputs}:
            if not given[name].isdecimal():
                raise CompileError(f"--input {name}={given[name]}: a dim is a number")
            sizes[name] = int(given[name])
            if written not in (None, sizes[name]):
                raise CompileError(f"--input {name}={given[name]}: the shape given to an input has {name} = {written}")
        elif written is not None:
            sizes[name] = written
    return sizes


def _size_in_texts(symbol: str, inputs: Sequence[Input], given: dict[str, str]) -> int | None:
    """The size that the first written shape with this symbol as a dim gives it, or None."""
    for item in inputs:
        text = given.get(item.name, "@")
        if text.startswith("@") or not isinstance(item.type, TensorType) or item.type.shape is None:
            continue
        shape = _parse(item.name, text).static_shape
        for dim, size in zip(item.type.shape, shape, strict=False):
            if str(dim) == symbol:
                return size
    return None


def _array(item: Input, text: str | None, rng: np.random.Generator, symbols: dict[str, int]) -> Any:
    if text is not None and text.startswith("@"):
        return _from_file(item, Path(text[1:]))
    if not isinstance(item.type, TensorType):
        raise CompileError(f"input '{item.name}' is {item.type}; the command line takes tensors only")
    kind = item.type if text is None else _parse(item.name, text)
    return random_array(kind, rng, symbols)


def _parse(name: str, text: str) -> TensorType:
    match = re.fullmatch(r"((?:\d+x)*)([A-Za-z]\w*(?:<\w+>)?)", text)
    if match is None:
        raise CompileError(f"--input {name}={text}: write a shape and dtype like 1x3x224x224xf32, or @file.npy")
    try:
        dtype = parse_dtype(match[2])
    except ValueError as error:
        raise CompileError(f"--input {name}={text}: {error}") from None
    return TensorType(dtype, tuple(int(d) for d in match[1].split("x")[:-1]))


def _from_file(item: Input, path: Path) -> Any:
    try:
        with path.open("rb") as file:
            array = np.lib.format.read_array(file, allow_pickle=False)
    except OSError as error:
        raise CompileError(f"input '{item.name}': {error.strerror or error}", where=str(path)) from None
    except ValueError as error:
        raise CompileError(f"input '{item.name}': not an .npy file: {error}", where=str(path)) from None
    if isinstance(item.type, TensorType) and array.dtype.kind == "V" and array.itemsize == item.type.dtype.itemsize:
        return array.view(item.type.dtype.numpy)  # .npy files do not know ml_dtypes' types
    return array


def _list(names: Sequence[str]) -> str:
    return ", ".join(repr(n) for n in names) or "none"
