"""What of a graph is compiled and what runs eagerly: everything where it can be, else pieces around the rest."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch._ops import OpOverload
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode, unset_fake_temporarily
from torch.fx import GraphModule, Node
from torch.fx.passes.infra.partitioner import CapabilityBasedPartitioner
from torch.fx.passes.operator_support import OperatorSupportBase
from torch.fx.passes.utils.fuser_utils import fuse_by_partitions

from mlc.errors import CompileError
from mlc.frontend.torch_import.importer import refused_nodes
from mlc.frontend.torch_import.refusals import Refused
from mlc.frontend.torch_import.unsupported import operator_name
from mlc.torch_backend.compiled import CompiledGraph
from mlc.torch_backend.eager import boxed, warn, warn_of_graph
from mlc.torch_backend.options import BackendOptions
from mlc.torch_backend.program import placeholders, program_of, results_of


def compile_pieces(graph: GraphModule, static: frozenset[int], options: BackendOptions) -> Callable[..., Any]:
    """The graph as a function of a list of arguments.

    Raises CompileError for what is not supported, unless it may run eagerly: then a warning names it, once for each
    operator of a process.
    """
    try:
        refused = _refused(graph)
    except CompileError as error:
        if not options.fallback:
            raise
        warn_of_graph(graph, error)
        return boxed(graph)
    if not refused:
        return CompiledGraph(graph, static, options)
    if not options.fallback:
        raise Refused(refused).at("graph")
    warn({operator_name(node): reason for node, reason in refused.items()})
    pieces = _Pieces(graph, frozenset(refused))
    fused = pieces.fused()
    numbers = {node: number for number, node in enumerate(placeholders(fused))}
    for node in list(fused.graph.nodes):
        if node.op == "call_module":
            inner = fused.get_submodule(node.target)
            assert isinstance(inner, GraphModule)
            _give_branches(node, inner, fused)
            _list_results(inner)
            _give_sizes(node, inner, numbers)
            own = frozenset(i for i, a in enumerate(node.args) if isinstance(a, Node) and numbers.get(a, -1) in static)
            setattr(fused, node.target, _piece(inner, own, options))
    fused.recompile()
    return boxed(fused)


def _piece(graph: GraphModule, static: frozenset[int], options: BackendOptions) -> _Unboxed:
    """The piece compiled; eager where it cannot stand alone, such as for a size that no input of it tells."""
    is_single = bool(graph.meta.get("mlc_single"))
    try:
        if refused := _refused(graph):
            raise Refused(refused)
    except CompileError as error:
        warn_of_graph(graph, error)
        graph.recompile()
        return _Unboxed(boxed(graph), is_single)
    return _Unboxed(CompiledGraph(graph, static, options), is_single)


def _refused(graph: GraphModule) -> Mapping[Node, str]:
    """The nodes that cannot be imported, with the reason; found by importing the graph with weights as inputs."""
    with unset_fake_temporarily():  # the graph's own constants are real tensors
        return refused_nodes(program_of(graph, {}, results_of(graph)))


def _give_branches(call: Node, piece: GraphModule, whole: GraphModule) -> None:
    """Gives the piece the graphs of its torch.cond themselves: cut out, it takes them as arguments."""
    pairs = zip(list(call.args), placeholders(piece), strict=True)
    graphs = [(outer, inner) for outer, inner in pairs if isinstance(outer, Node) and outer.op == "get_attr"]
    for outer, inner in graphs:
        branch = getattr(whole, str(outer.target))
        if isinstance(branch, GraphModule):
            setattr(piece, str(outer.target), branch)
            with piece.graph.inserting_after(placeholders(piece)[-1]):
                inner.replace_all_uses_with(piece.graph.get_attr(str(outer.target)))
            piece.graph.erase_node(inner)
            call.args = tuple(argument for argument in call.args if argument is not outer)
    piece.recompile()


def _give_sizes(call: Node, piece: GraphModule, numbers: Mapping[Node, int]) -> None:
    """Gives the piece those sizes as numbers that its tensors are made with and none of its arguments is as long as."""
    known = {str(size) for node in placeholders(piece) for size in _sizes(node)}
    needed = {str(s) for node in piece.graph.nodes for size in _sizes(node) for s in size.node.expr.free_symbols}
    for outer in numbers:
        value = outer.meta.get("val")
        if isinstance(value, torch.SymInt) and str(value) in needed - known:
            # Cut out, a piece has placeholders between its calls: the last one need not stand before the first call.
            with piece.graph.inserting_after(next(reversed(placeholders(piece)), None)):
                piece.graph.placeholder(outer.name).meta = dict(outer.meta)
            call.args = (*call.args, outer)
    piece.recompile()


def _sizes(node: Node) -> list[torch.SymInt]:
    """The symbolic extents of the tensor that the node gives, or the symbolic number that it is."""
    value = node.meta.get("val")
    sizes = list[Any](value.shape) if isinstance(value, torch.Tensor) else [value]
    return [size for size in sizes if isinstance(size, torch.SymInt)]


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


def _list_results(graph: GraphModule) -> None:
    """The piece with its result as a list and fake tensors for arguments, as AOTAutograd's own graphs have them."""
    for node in placeholders(graph):
        value = node.meta.get("val")
        if isinstance(value, torch.Tensor) and not isinstance(value, FakeTensor):  # a constant of the whole graph
            node.meta["val"] = FakeTensorMode().from_tensor(value)
    (output,) = (node for node in graph.graph.nodes if node.op == "output")
    if not isinstance(output.args[0], tuple | list):
        output.args = ((output.args[0],),)
        graph.meta["mlc_single"] = True


class _Unboxed(torch.nn.Module):
    """A piece called as a submodule is: arguments one by one, one result as itself."""

    def __init__(self, compiled: Callable[[list[Any]], Sequence[Any]], is_single: bool) -> None:
        super().__init__()
        self._compiled = compiled
        self._is_single = is_single

    def forward(self, *arguments: Any) -> Any:
        results = self._compiled(list(arguments))
        return results[0] if self._is_single else results
