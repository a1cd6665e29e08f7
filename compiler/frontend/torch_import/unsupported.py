"""The calls of a graph that no function serves, told by their operators and dtypes alone."""

from __future__ import annotations

import operator

import torch
from torch._ops import HigherOrderOperator, OpOverload
from torch.fx import Graph, Node
from torch_mlir.extras.fx_importer import SYMBOLIC_TORCH_OPS

from mlc.frontend.torch_import.reasons import COMPLEX, reason_for
from mlc.frontend.torch_import.registry import find_operator
from mlc.frontend.torch_import.symbols import is_symbolic


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
