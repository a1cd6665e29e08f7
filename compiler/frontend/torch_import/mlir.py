"""torch.fx graphs as MLIR in the torch dialect, by torch-mlir's importer. Nothing is copied: tensors are arguments."""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch._ops import OpOverload
from torch.fx import Graph as FxGraph
from torch.fx import Node
from torch.utils import _pytree as pytree
from torch_mlir import ir
from torch_mlir.dialects import func as func_dialect
from torch_mlir.dialects import torch as torch_dialect
from torch_mlir.extras.fx_as_strided import rewrite_as_strided
from torch_mlir.extras.fx_importer import SYMBOLIC_TORCH_OPS, FxImporter, FxImporterHooks, GraphNodeImporter

LITERAL = "mlc.literal"  # a tensor that the graph holds itself, by its number
COND = "mlc.cond"  # torch.cond; its branches are graphs of the node
SYMBOLIC = "mlc.symbolic."  # a Python operator on sizes, by its name


@dataclass
class TorchMlir:
    """One function in the torch dialect, the nodes it was made from, and the tensors that it names by number."""

    function: Any  # ir.Operation, of the func dialect
    nodes: dict[str, Node]
    literals: list[torch.Tensor] = field(default_factory=list)
    module: Any = None  # ir.Module, which owns the function

    def node_of(self, operation: Any) -> Node:
        """The node that the operation was made from: its location is the node's name."""
        return self.nodes[operation.location.name_str]


def to_mlir(graph: FxGraph) -> TorchMlir:
    """The graph, functional and with the value of each node in its meta, as one function of the torch dialect."""
    context = ir.Context()
    torch_dialect.register_dialect(context)
    context.allow_unregistered_dialects = True
    hooks = _Literals()
    importer = FxImporter(context=context, hooks=hooks, graph_node_importer_cls=_Nodes, config_check=False)
    function = importer.import_stateless_graph(graph, func_name="main")
    nodes = {node.name: node for node in graph.nodes}
    return TorchMlir(function.operation, nodes, hooks.tensors, importer.module)


def read_strides(graph: FxGraph) -> None:
    """Reads through strides (aten.as_strided) become reads at places, where torch-mlir can tell these.

    A graph without an owner, or with strides that it cannot tell, keeps them: they are not supported.
    """
    if graph.owning_module is not None:
        with contextlib.suppress(ValueError):
            rewrite_as_strided(graph)


class _Literals(FxImporterHooks):  # type: ignore[misc]
    """Keeps tensors out of the module: each becomes an op that holds its number."""

    def __init__(self) -> None:
        self.tensors: list[torch.Tensor] = []

    def resolve_literal(self, gni: Any, literal: Any, info: Any) -> Any:
        if not isinstance(literal, torch.Tensor):
            return None
        self.tensors.append(literal)
        number = ir.IntegerAttr.get(ir.IntegerType.get_signless(64, gni._c), len(self.tensors) - 1)
        kind = gni._cc.tensor_to_vtensor_type(literal)
        return ir.Operation.create(LITERAL, results=[kind], attributes={"number": number}).result


class _Nodes(GraphNodeImporter):  # type: ignore[misc]
    """Locates each operation by its node's name, and lets Python's arithmetic on sizes through as it is."""

    __slots__ = ()

    def import_nodes(self, nodes: Iterable[Node], **options: Any) -> None:
        """Every node in turn, as the base does for graphs without side effects."""
        arguments = iter(self._b.arguments)
        with ir.InsertionPoint(self._b):
            for node in nodes:
                loc = ir.Location.name(node.name, context=self._c)
                match node.op:
                    case "placeholder":
                        self.bind_node_value(node, next(arguments))
                    case "call_function":
                        self._import_call(loc, node)
                    case "output":
                        results = node.args[0] if isinstance(node.args[0], list | tuple) else [node.args[0]]
                        func_dialect.ReturnOp([self._import_argument(loc, result) for result in results], loc=loc)

    def _import_call(self, loc: Any, node: Node) -> None:
        if node.target is operator.getitem:
            self._import_getitem(loc, node)
        elif node.target in SYMBOLIC_TORCH_OPS:
            self._import_symbolic_torch_op(loc, node, node.target)
        elif node.target is torch.ops.aten._assert_async.msg:
            self._import_assertion(loc, node)
        elif isinstance(node.target, OpOverload):
            self._import_torch_op_overload(loc, node)
        elif node.target is torch.ops.higher_order.cond:
            self._import_cond(loc, node)
        else:
            self._import_symbolic_function(loc, node)

    def _import_assertion(self, loc: Any, node: Node) -> None:
        """As other operators; the base leaves it out."""
        operands = [self._import_argument(loc, argument) for argument in node.args]
        name = ir.StringAttr.get("aten._assert_async.msg", self._c)
        ir.Operation.create("torch.operator", operands=operands, attributes={"name": name}, loc=loc)

    def _import_cond(self, loc: Any, node: Node) -> None:
        """One op with the condition and what both branches take; their graphs are the node's own (branches_of)."""
        condition, _, _, taken = node.args
        assert isinstance(taken, tuple | list), taken
        operands = [self._import_argument(loc, argument) for argument in (condition, *taken)]
        results = [self._cc.value_info_to_type(value) for value in node.meta["val"]]
        operation = ir.Operation.create(COND, results=results, operands=operands, loc=loc)
        self._multi_result_nodes.add(node)
        for index, result in enumerate(operation.results):
            self.bind_node_value(node, result, index)

    def _import_symbolic_function(self, loc: Any, node: Node) -> None:
        # torch.sym_sum takes a tuple, and round() without digits None.
        numbers = [argument for argument in pytree.tree_leaves(node.args) if argument is not None]
        operands = [self._import_argument(loc, number) for number in numbers]
        kind = self._cc.value_info_to_type(node.meta["val"])
        name = ir.StringAttr.get(f"{SYMBOLIC}{getattr(node.target, '__name__', node.target)}", self._c)
        attributes = {"name": name}
        operation = ir.Operation.create(
            "torch.operator", results=[kind], operands=operands, attributes=attributes, loc=loc
        )
        self.bind_node_value(node, operation.result)
