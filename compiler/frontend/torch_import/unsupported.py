"""All operators of a graph that mlc cannot import, found before the first one is, in one error.

The list groups calls by operator: who has to change a model wants to see everything at once.
"""

from __future__ import annotations

import operator

import torch
from torch._ops import HigherOrderOperator, OpOverload
from torch.fx import Graph, Node
from torch_mlir.extras.fx_importer import SYMBOLIC_TORCH_OPS

from mlc.errors import CompileError
from mlc.frontend.torch_import.locations import title
from mlc.frontend.torch_import.reasons import COMPLEX, reason_for
from mlc.frontend.torch_import.registry import find_operator
from mlc.frontend.torch_import.symbols import is_symbolic


def check_supported(graph: Graph) -> None:
    """Raises one CompileError that lists every call without support, with the module path of each."""
    found = [(operator_name(node), reason, title(node)) for node, reason in unsupported_nodes(graph)]
    if not found:
        return
    groups: dict[tuple[str, str], list[str]] = {}
    for name, reason, place in found:
        groups.setdefault((name, reason), []).append(place)
    lines = [f"{name} ({reason}): {', '.join(dict.fromkeys(places))}" for (name, reason), places in groups.items()]
    count = len({name for name, _, _ in found})
    raise CompileError(f"{count} operator{'s are' if count > 1 else ' is'} not supported", detail="\n  ".join(lines))


def unsupported_nodes(graph: Graph) -> list[tuple[Node, str]]:
    """(node, reason) of each call that no function serves, or none serves for complex numbers."""
    calls = [node for node in graph.nodes if node.op == "call_function"]
    unserved = [(node, reason_for(operator_name(node))) for node in calls if not _is_supported(node)]
    complex_ones = [(node, COMPLEX) for node in calls if _is_supported(node) and _touches_complex(node)]
    return unserved + complex_ones


def _touches_complex(node: Node) -> bool:
    """Whether an operand or result of the operator is a tensor of complex numbers."""
    if not isinstance(node.target, OpOverload):
        return False
    values = (value.meta.get("val") for value in (node, *node.all_input_nodes))
    return any(isinstance(value, torch.Tensor) and value.is_complex() for value in values)


def operator_name(node: Node) -> str:
    """The name that the registry has for what the node calls: "aten.linear", "aten.add.Tensor"."""
    target = node.target
    if isinstance(target, OpOverload):
        return str(target).removesuffix(".default")
    if isinstance(target, HigherOrderOperator):
        return f"torch.ops.higher_order.{getattr(target, '_name', target)}"
    return str(getattr(target, "__name__", target))


def _is_supported(node: Node) -> bool:
    if node.target is operator.getitem or node.target in SYMBOLIC_TORCH_OPS:
        return True
    if isinstance(node.target, OpOverload):
        return find_operator(operator_name(node)) is not None
    return not isinstance(node.target, HigherOrderOperator) and is_symbolic(node.meta.get("val"))
