"""What of a graph is compiled and what runs eagerly: everything where it can be, else pieces around the rest."""

from __future__ import annotations

import itertools
import operator
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import torch
from torch._ops import OpOverload
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode, unset_fake_temporarily
from torch.fx import Graph, GraphModule, Node
from torch.fx.passes.infra.partitioner import CapabilityBasedPartitioner
from torch.fx.passes.operator_support import OperatorSupportBase
from torch.fx.passes.utils.fuser_utils import fuse_by_partitions

from mlc.errors import CompileError
from mlc.frontend.torch_import.importer import Refused, import_program
from mlc.frontend.torch_import.locations import title
from mlc.frontend.torch_import.mlir import read_strides
from mlc.frontend.torch_import.unsupported import operator_name, unsupported_nodes
from mlc.torch_backend.compiled import CompiledGraph
from mlc.torch_backend.options import BackendOptions
from mlc.torch_backend.program import placeholders, program_of, results_of

_said: set[str] = set()


def compile_pieces(graph: GraphModule, static: frozenset[int], options: BackendOptions) -> Callable[..., Any]:
    """The graph as a function of a list of arguments.

    Raises CompileError for what is not supported, unless it may run eagerly: then a warning names it, once for each
    operator of a process.
    """
    try:
        with unset_fake_temporarily():  # the graph's own constants are real tensors
            refused = _refused(graph, options)
    except CompileError as error:
        if not options.fallback:
            raise
        _warn_of_graph(graph, error)
        return _boxed(graph)
    if not refused:
        return CompiledGraph(graph, static, options)
    _warn({operator_name(node): reason for node, reason in refused.items()})
    pieces = _Pieces(graph, frozenset(refused))
    fused = pieces.fused()
    numbers = {node: number for number, node in enumerate(placeholders(fused))}
    for node in list(fused.graph.nodes):
        if node.op == "call_module":
            own = frozenset(i for i, a in enumerate(node.args) if isinstance(a, Node) and numbers.get(a, -1) in static)
            inner = fused.get_submodule(node.target)
            assert isinstance(inner, GraphModule)
            setattr(fused, node.target, _piece(_listed(inner), own, options))
    fused.recompile()
    return _boxed(fused)


def _piece(graph: GraphModule, static: frozenset[int], options: BackendOptions) -> _Unboxed:
    """The piece compiled; eager where it cannot stand alone, such as for a size that no input of it tells."""
    is_single = bool(graph.meta.get("mlc_single"))
    try:
        with unset_fake_temporarily():
            import_program(program_of(graph, {}, results_of(graph)))
    except CompileError as error:
        _warn_of_graph(graph, error)
        graph.recompile()
        return _Unboxed(_boxed(graph), is_single)
    return _Unboxed(CompiledGraph(graph, static, options), is_single)


def _refused(graph: GraphModule, options: BackendOptions) -> dict[Node, str]:
    """The nodes that cannot be imported, with the reason; found by importing the graph with weights as inputs.

    What comes after a refused node is tried with that node's result as an input, until all that is left is imported.
    Raises CompileError for what is no single node's fault, such as an input that there is no type for.
    """
    read_strides(graph.graph)
    refused: dict[Node, str] = dict(unsupported_nodes(graph.graph))
    if refused and not options.fallback:
        import_program(program_of(graph, {}, results_of(graph)))  # raises, listing them all
    while True:
        rest, originals = _without(graph, refused) if refused else (graph, {})
        try:
            import_program(program_of(rest, {}, results_of(rest)))
        except Refused as error:
            if not options.fallback:
                raise
            refused |= {originals.get(node, node): reason for node, reason in error.nodes}
        else:
            return refused


def _without(graph: GraphModule, refused: Collection[Node]) -> tuple[GraphModule, dict[Node, Node]]:
    """The graph with what refused nodes compute as further arguments, and which node each of its own is a copy of."""
    rest = Graph()
    copies: dict[Node, Node] = {}
    left_out = set(refused)
    for node in graph.graph.nodes:
        if node.target is operator.getitem and node.args[0] in left_out:
            left_out.add(node)
        if node in left_out and not isinstance(node.meta.get("val"), tuple | list):  # of those there are only parts
            copies[node] = rest.placeholder(node.name)
            copies[node].meta = dict(node.meta)
    for node in graph.graph.nodes:
        if node not in left_out:
            copies[node] = rest.node_copy(node, copies.__getitem__)
    return GraphModule(graph, rest), {copy: node for node, copy in copies.items()}


def _warn_of_graph(graph: GraphModule, error: CompileError) -> None:
    first = next((title(node) for node in graph.graph.nodes if node.op == "call_function"), "no operator")
    _warn({f"all of the graph from {first}": error.message})


def _warn(lines: Mapping[str, str]) -> None:
    """Says what runs eagerly and why, unless it has been said."""
    new = {name: reason for name, reason in lines.items() if name not in _said}
    _said.update(new)
    if new:
        named = "; ".join(f"{name} ({reason})" for name, reason in new.items())
        warnings.warn(f"mlc runs eagerly: {named}; options={{'fallback': False}} makes this an error", stacklevel=2)


class _Pieces(OperatorSupportBase):
    """The partition: as few pieces as can be, without the refused nodes."""

    def __init__(self, graph: GraphModule, refused: frozenset[Node]) -> None:
        self._graph = graph
        self._refused = refused

    def is_node_supported(self, submodules: Mapping[str, torch.nn.Module], node: Node) -> bool:
        """Whether mlc compiles the node."""
        is_part = node.target is operator.getitem and node.args[0] in self._refused
        return node.op == "call_function" and node not in self._refused and not is_part

    def fused(self) -> GraphModule:
        """The graph with each piece as one submodule.

        Where several nodes draw random numbers, pieces are what lies between refused nodes: merged across those, they
        would make them change places, and each draw numbers meant for another.
        """
        random = [node for node in self._refused if _is_random(node)]
        if len(random) > 1:
            runs = itertools.groupby(self._graph.graph.nodes, lambda node: self.is_node_supported({}, node))
            pieces: list[dict[Node, int | None]] = [dict.fromkeys(run) for supported, run in runs if supported]
            return fuse_by_partitions(self._graph, pieces)
        partitioner = CapabilityBasedPartitioner(self._graph, self, allows_single_node_partition=True)
        return partitioner.partition_and_fuse()


def _is_random(node: Node) -> bool:
    return isinstance(node.target, OpOverload) and torch.Tag.nondeterministic_seeded in node.target.tags


def _listed(graph: GraphModule) -> GraphModule:
    """The piece with its result as a list and fake tensors for arguments, as AOTAutograd's own graphs have them."""
    for node in placeholders(graph):
        value = node.meta.get("val")
        if isinstance(value, torch.Tensor) and not isinstance(value, FakeTensor):  # a constant of the whole graph
            node.meta["val"] = FakeTensorMode().from_tensor(value)
    (output,) = (node for node in graph.graph.nodes if node.op == "output")
    if not isinstance(output.args[0], tuple | list):
        output.args = ((output.args[0],),)
        graph.meta["mlc_single"] = True
    return graph


class _Unboxed(torch.nn.Module):
    """A piece called as a submodule is: arguments one by one, one result as itself."""

    def __init__(self, compiled: Callable[[list[Any]], Sequence[Any]], is_single: bool) -> None:
        super().__init__()
        self._compiled = compiled
        self._is_single = is_single

    def forward(self, *arguments: Any) -> Any:
        results = self._compiled(list(arguments))
        return results[0] if self._is_single else results


def _boxed(function: Callable[..., Any]) -> Callable[[list[Any]], Sequence[Any]]:
    def boxed(arguments: list[Any]) -> Sequence[Any]:
        results: Sequence[Any] = function(*arguments)
        return results

    boxed._boxed_call = True  # type: ignore[attr-defined]
    return boxed
