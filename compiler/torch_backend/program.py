"""A graph of AOTAutograd's as a Program: which placeholders are constants, which results need computing at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.fx import GraphModule, Node

from mlc.frontend.torch_import.program import Absent, Binding, Input, Program, Weight
from mlc.frontend.torch_import.symbols import is_symbolic
from mlc.torch_backend.views import View, view_of


@dataclass(frozen=True)
class Result:
    """One result of the graph.

    `given` is the number of the argument that it is, if it is one; `view` how it lies in the memory of an argument or
    of another result; `value` what it is when it is no tensor and known; `order` the axes from the longest stride to
    the shortest where eager's result is not row-major.
    """

    name: str | None
    given: int | None = None
    view: View | None = None
    value: Any = None
    is_number: bool = False
    order: tuple[int, ...] | None = None


def placeholders(graph: GraphModule) -> list[Node]:
    """The arguments of the graph, in order."""
    return [node for node in graph.graph.nodes if node.op == "placeholder"]


def program_of(graph: GraphModule, weights: Mapping[int, torch.Tensor], results: Sequence[Result]) -> Program:
    """The program in which the arguments of these numbers are constants."""
    bindings = [_binding(number, node, weights) for number, node in enumerate(placeholders(graph))]
    return Program("graph", graph.graph, bindings, [result.name for result in results])


def _binding(number: int, node: Node, weights: Mapping[int, torch.Tensor]) -> Binding:
    if number in weights:
        return Weight(node.name, weights[number])
    value = node.meta.get("val")
    return Input(node.name) if isinstance(value, torch.Tensor) or is_symbolic(value) else Absent()


def results_of(graph: GraphModule) -> list[Result]:
    """What each result of the graph is."""
    (output,) = (node for node in graph.graph.nodes if node.op == "output")
    values = output.args[0] if isinstance(output.args[0], tuple | list) else [output.args[0]]
    arguments = {node: number for number, node in enumerate(placeholders(graph))}
    others = {value: position for position, value in enumerate(values) if isinstance(value, Node)}
    return [_result(position, value, arguments, others) for position, value in enumerate(values)]


def _result(position: int, value: Any, arguments: Mapping[Node, int], others: Mapping[Node, int]) -> Result:
    if not isinstance(value, Node):
        return Result(None, value=value)
    if value in arguments:
        return Result(None, given=arguments[value])
    traced = value.meta["val"]
    if not isinstance(traced, torch.Tensor):
        return Result(f"result{position}", is_number=True)
    if (view := view_of(value, arguments, others)) is not None:
        return Result(None, view=view)
    return Result(f"result{position}", order=_order(traced))


def _order(tensor: torch.Tensor) -> tuple[int, ...] | None:
    """The axes by falling stride where that is not their own order; None for row-major and overlapping tensors."""
    strides = [_hint(stride) for stride in tensor.stride()]
    sizes = [_hint(size) for size in tensor.shape]
    if any(stride == 0 for stride, size in zip(strides, sizes, strict=True) if size != 1):
        return None
    kept = [axis for axis, size in enumerate(sizes) if size != 1]
    order = sorted(kept, key=lambda axis: -strides[axis])
    if order == kept:
        return None
    return (*order, *(axis for axis in range(len(sizes)) if axis not in kept))


def _hint(size: Any) -> int:
    return int(size) if isinstance(size, int) else int(size.node.hint if size.node.has_hint() else 2)
