"""Every public module, class and function says what it is for."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import mlc

# Methods that a base class or a protocol documents; what an op's mean is said by the op's own docstring.
INHERITED = {
    "infer",
    "equal_dims",
    "at_most_dims",
    "broadcast_dims",
    "evaluate",
    "flops",
    "check",
    "reduce",
    "run",
    "invoke",
}
Definition = ast.FunctionDef | ast.ClassDef


def modules() -> list[Path]:
    (root,) = map(Path, mlc.__path__)
    return sorted(
        Path(folder, name)
        for folder, _, names in os.walk(root, followlinks=True)
        for name in names
        if name.endswith(".py")
    )


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p).partition("/mlc/")[2])
def test_what_is_public_has_a_docstring(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), f"{path} has no docstring"
    assert list(undocumented(tree)) == []


def undocumented(parent: ast.Module | ast.ClassDef) -> Iterator[str]:
    """Public definitions without a docstring. One that a decorator files in a table is named by the table."""
    for node in parent.body:
        if not isinstance(node, Definition) or node.name.startswith("_"):
            continue
        is_method = isinstance(parent, ast.ClassDef)
        is_documented = ast.get_docstring(node) or is_registered(node) or (is_method and is_inherited(parent, node))
        if not is_documented:
            yield node.name
        if isinstance(node, ast.ClassDef):
            yield from (f"{node.name}.{name}" for name in undocumented(node))


def is_registered(node: Definition) -> bool:
    return any(isinstance(d, ast.Call) and not ast.unparse(d.func).endswith("dataclass") for d in node.decorator_list)


def is_inherited(parent: ast.Module | ast.ClassDef, node: Definition) -> bool:
    return isinstance(parent, ast.ClassDef) and bool(parent.bases) and node.name in INHERITED
