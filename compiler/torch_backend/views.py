"""Results that lie in the memory of an argument or of another result: torch makes them, no code computes them.

AOTAutograd takes such a result as the pattern for the tensor that the user gets: its sizes, strides and offset are
applied to the memory of the base. A copy, which has other strides and no offset, would show other elements.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch._ops import OpOverload
from torch.fx import Graph, GraphModule, Node

from mlc.frontend.torch_import.symbols import is_symbolic


@dataclass(frozen=True)
class View:
    """The view as a function of its base and of the sizes that it needs.

    `base` is the position of the result that it is a view of, None where it is one of an argument; `arguments` are the
    numbers of the graph's arguments that the function takes, after the base.
    """

    function: GraphModule
    base: int | None
    arguments: tuple[int, ...]

    def of(self, arguments: Sequence[Any], results: Sequence[Any]) -> torch.Tensor:
        """The view, given the graph's arguments and those of its results that are no views."""
        taken = [arguments[number] for number in self.arguments]
        view: torch.Tensor = self.function(*taken) if self.base is None else self.function(results[self.base], *taken)
        return view


def view_of(node: Node, arguments: Mapping[Node, int], results: Mapping[Node, int]) -> View | None:
    """How `node` is seen in an argument or another result; None where it has memory of its own."""
    base = node
    while _is_view(base):
        (base, *_) = base.all_input_nodes
    if base is node or not (base in arguments or base in results):
        return None
    needed = _between(node, base, arguments)
    if needed is None:
        return None
    leaves = [leaf for leaf in arguments if leaf in needed and leaf is not base]
    leaves = [base, *leaves]
    graph = Graph()
    copies = {leaf: graph.placeholder(leaf.name) for leaf in leaves}
    for inner in node.graph.nodes:
        if inner in needed and inner not in copies:
            copies[inner] = graph.node_copy(inner, copies.__getitem__)
    graph.output(copies[node])
    is_argument = base in arguments
    numbers = tuple(arguments[leaf] for leaf in leaves if leaf in arguments)
    return View(GraphModule({}, graph), None if is_argument else results[base], numbers)


def _between(node: Node, base: Node, arguments: Mapping[Node, int]) -> set[Node] | None:
    """The nodes that lead to the view; None when one of them computes what only the compiled code knows."""
    needed: set[Node] = set()
    waiting = [node]
    while waiting:
        found = waiting.pop()
        if found in needed:
            continue
        needed.add(found)
        if found is base or found in arguments:
            continue
        if not _is_view(found) and not is_symbolic(found.meta.get("val")):
            return None
        waiting += found.all_input_nodes
    return needed


def _is_view(node: Node) -> bool:
    """Whether the result has the memory of the first operand; also the parts that a split takes out."""
    if node.op != "call_function":
        return False
    if node.target is operator.getitem:
        source = node.args[0]
        return isinstance(source, Node) and _is_view(source)
    return isinstance(node.target, OpOverload) and node.target.is_view
