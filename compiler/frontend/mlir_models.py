"""Which things are MLIR of others' dialects, and how each becomes a Module; torch-mlir is imported when one is seen.

A model is text with ops of linalg, tosa, stablehlo and the dialects around them, or a Module of MLIR's Python bindings.
Text with mlc's own ops is not meant: `mlc.ir.parser` reads that, without torch-mlir.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from typing import Any

import mlc.ops  # noqa: F401  registers the dialects that are mlc's own
from mlc.errors import CompileError
from mlc.ir import Module, Op

# An op where a statement begins: behind a line break or brace, and behind the names of its results. What an equals sign
# or colon follows is an attribute or a resource.
_OP = re.compile(
    r"(?:^|[{}])\s*(?:%[\w$.#:-]+(?:\s*,\s*%[\w$.#:-]+)*\s*=\s*)?\"?([A-Za-z_]\w*)\.[\w$.-]+\"?(?!\s*[=:]|[\w$.-])",
    re.MULTILINE,
)
_RESOURCES = "{-#"
# What every module is made of, whosever ops are in it.
_STRUCTURE = frozenset({"func", "builtin"})


def is_mlir_text(model: object) -> bool:
    """Whether this is MLIR itself rather than the path of a file."""
    return isinstance(model, str) and ("\n" in model or "func.func" in model)


def is_mlir_module(model: object) -> bool:
    """Whether this is a Module of MLIR's Python bindings, torch-mlir's or another package's."""
    return type(model).__name__ == "Module" and "_mlir" in type(model).__module__ and hasattr(model, "operation")


def is_foreign(text: str) -> bool:
    """Whether the ops in the text are of other dialects than mlc's and its plugins'."""
    own = {name.partition(".")[0] for name in Op.registry}
    dialects = set(_dialects(text)) - _STRUCTURE
    if not dialects:  # mlc's own text is a module, MLIR's may be a function alone
        return "func.func" in text and not text.lstrip().startswith("module")
    return not dialects & own


def import_text(text: str, file: str = "<text>", entry: str | None = None, *, is_mlirs_own: bool = False) -> Module:
    """The Module of a text. Raises CompileError, at file, line and column, for all that is not supported at once.

    What MLIR itself printed, of a module that it verified, needs no child process to read it first.
    """
    if importlib.util.find_spec("torch_mlir") is None:
        raise CompileError(
            "linalg, tosa and stablehlo text is read by torch-mlir: install the extra, mlc-compiler[mlir]", where=file
        )
    from mlc.frontend.mlir_import.importer import import_mlir

    return import_mlir(text, file, entry, is_mlirs_own=is_mlirs_own)


def import_module(module: Any, entry: str | None = None) -> Module:
    """The Module of one in the memory of MLIR's Python bindings, of whatever version: its text goes between them."""
    text = module.operation.get_asm(enable_debug_info=True)
    if not is_foreign(text):
        raise CompileError("give mlc's own dialect as text in a file; a Module of MLIR has linalg, tosa or stablehlo")
    return import_text(text, "<module>", entry, is_mlirs_own=_is_valid(module))


def _is_valid(module: Any) -> bool:
    """Whether MLIR's verifier takes the module; where not, reading its text says at which line."""
    try:
        return bool(module.operation.verify())
    except Exception as error:
        if type(error).__name__ != "MLIRError":  # each package of bindings has a class of its own
            raise
        return False


def _dialects(text: str) -> Iterator[str]:
    end = text.find(f"\n{_RESOURCES}")
    for match in _OP.finditer(text, 0, len(text) if end < 0 else end):
        yield match[1]
