"""The calls of a graph that no function serves, told by their operators and dtypes alone."""

from __future__ import annotations

import operator

import torch
from torch._ops import HigherOrderOperator, OpOverload
from torch.fx import Graph, GraphModule, Node
from torch_mlir.extras.fx_importer import SYMBOLIC_TORCH_OPS

from mlc.frontend.torch_import.reasons import COMPLEX, reason_for
from mlc.frontend.torch_import.registry import find_operator
from mlc.frontend.torch_import.symbols import is_symbolic


def branches_of(node: Node) -> list[GraphModule]:
    """The graphs of a torch.cond: where the condition holds, and where it does not."""
    owner = node.graph.owning_module
    branches = [owner.get_submodule(str(a.target)) for a in node.args[1:3] if owner is not None and isinstance(a, Node)]
    assert len(branches) == 2, node.format_node()
    return [branch for branch in branches if isinstance(branch, GraphModule)]


def unsupported_nodes(graph: Graph) -> list[tuple[Node, str]]:
    """(node, reason) of each call that no function serves, or none serves for complex numbers."""
    calls = [node for node in graph.nodes if node.op == "call_function"]
    unserved = [(node, reason_for(operator_name(node))) for node in calls if not _is_supported(node)]
    complex_ones = [(node, COMPLEX) for node in calls if _is_supported(node) and _touches_complex(node)]
    inside = [(node, reason) for node in calls if (reason := _unsupported_inside(node))]
    return unserved + complex_ones + inside


def _unsupported_inside(node: Node) -> str:
    """What of the branches of a torch.cond is not supported; "" for none, and for other calls."""
    if not _is_cond(node):
        return ""
    found = [pair for branch in branches_of(node) for pair in unsupported_nodes(branch.graph)]
    return ", ".join(dict.fromkeys(f"its branch has {operator_name(inner)}: {reason}" for inner, reason in found))


def _is_cond(node: Node) -> bool:
    return node.target is torch.ops.higher_order.cond and isinstance(node.args[0], Node)


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
    if isinstance(node.target, HigherOrderOperator):
        values = node.meta.get("val") or ()
        return _is_cond(node) and all(isinstance(value, torch.Tensor) for value in values)
    return is_symbolic(node.meta.get("val"))
