"""What runs eagerly, because mlc does not support it: how AOTAutograd calls it, and the one line that says so."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch.fx import GraphModule

from mlc.errors import CompileError
from mlc.frontend.torch_import.locations import title

_said: set[str] = set()


def boxed(function: Callable[..., Any]) -> Callable[[list[Any]], Sequence[Any]]:
    """The function as one of a list of arguments, as AOTAutograd calls what a backend returns."""

    def boxed(arguments: list[Any]) -> Sequence[Any]:
        results: Sequence[Any] = function(*arguments)
        return results

    boxed._boxed_call = True  # type: ignore[attr-defined]
    return boxed


def warn(lines: Mapping[str, str]) -> None:
    """Says what runs eagerly and why, unless it has been said in this process."""
    new = {name: reason for name, reason in lines.items() if name not in _said}
    _said.update(new)
    if new:
        named = "; ".join(f"{name} ({reason})" for name, reason in new.items())
        warnings.warn(f"mlc runs eagerly: {named}; options={{'fallback': False}} makes this an error", stacklevel=2)


def warn_of_graph(graph: GraphModule, error: CompileError) -> None:
    """Says that all of the graph runs eagerly, and where it begins."""
    first = next((title(node) for node in graph.graph.nodes if node.op == "call_function"), "no operator")
    where = f"{error.where}: " if error.where else ""
    warn({f"all of the graph from {first}": f"{where}{error.message}"})
