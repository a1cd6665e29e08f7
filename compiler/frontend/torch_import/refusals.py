"""All that stands in the way of importing a graph, in one error: operators unknown, or known and not used so.

A refused operator hides what comes behind it. So the rest of the graph, with what was refused as further arguments, is
tried as well, until all that is left can be imported.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from torch.fx import Graph, Node

from mlc.errors import CompileError
from mlc.frontend.torch_import.locations import title
from mlc.frontend.torch_import.program import Input, Program
from mlc.frontend.torch_import.unsupported import operator_name, unsupported_nodes

Reasons = dict[Node, str]


class Refused(CompileError):
    """Operators that are not supported, or not as they are used; `reasons` are the calls, each with its reason."""

    def __init__(self, reasons: Mapping[Node, str], *, where: str = "") -> None:
        message, detail = _text(reasons)
        super().__init__(message, where=where, detail=detail)
        self.reasons = dict(reasons)

    def at(self, where: str, detail: str = "") -> CompileError:
        """The same error with its place filled in."""
        return Refused(self.reasons, where=self.place(where))


def _text(reasons: Mapping[Node, str]) -> tuple[str, str]:
    """The sentence and its list, calls grouped by operator: who has to change a model wants to see all at once."""
    groups: dict[tuple[str, str], list[str]] = {}
    for node, reason in reasons.items():
        groups.setdefault((operator_name(node), reason), []).append(title(node))
    lines = [f"{name} ({reason}): {', '.join(dict.fromkeys(places))}" for (name, reason), places in groups.items()]
    count = len({name for name, _ in groups})
    verb = "operators are" if count > 1 else "operator is"
    return f"{count} {verb} not supported", "\n  ".join(lines)


def find_refused(program: Program, attempt: Callable[[Program], Reasons]) -> Reasons:
    """Every node that cannot be imported with its reason, in the graph's order.

    `attempt` imports a program and returns the nodes that it could not. Raises CompileError for what is no single
    node's fault, such as an input that there is no type for.
    """
    refused: Reasons = dict(unsupported_nodes(program.graph))
    while True:
        rest, originals = _without(program, refused) if refused else (program, {})
        found = attempt(rest)
        if not found:
            return {node: refused[node] for node in program.graph.nodes if node in refused}
        refused |= {originals.get(node, node): reason for node, reason in found.items()}


def _without(program: Program, refused: Collection[Node]) -> tuple[Program, dict[Node, Node]]:
    """The program with what refused nodes compute as further inputs, and which node each of its own is a copy of."""
    rest = Graph(program.graph.owning_module)
    copies: dict[Node, Node] = {}
    left_out = set(refused)
    bindings = list(program.bindings)
    for node in program.graph.nodes:
        if node.op == "placeholder":
            copies[node] = rest.node_copy(node)
    for node in program.graph.nodes:
        if node.target is operator.getitem and node.args[0] in left_out:
            left_out.add(node)
        if node in left_out and not isinstance(node.meta.get("val"), tuple | list):  # of those there are only parts
            copies[node] = rest.placeholder(node.name)
            copies[node].meta = dict(node.meta)
            bindings.append(Input(node.name))
    for node in program.graph.nodes:
        if node not in left_out and node.op != "placeholder":
            copies[node] = rest.node_copy(node, copies.__getitem__)
    originals = {copy: node for node, copy in copies.items()}
    return replace(program, graph=rest, bindings=bindings), originals
