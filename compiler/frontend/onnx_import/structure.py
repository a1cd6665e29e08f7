"""Whether a model's graphs are well formed before any node is imported: names, order, cycles, opsets."""

from __future__ import annotations

from collections.abc import Iterator

import onnx
from google.protobuf.message import Message

from mlc.errors import CompileError

NEWEST = onnx.defs.onnx_opset_version()


def node_title(node: onnx.NodeProto) -> str:
    """The node's name, or `Gemm:y` after its first output when it has none."""
    return node.name or f"{node.op_type}:{next((o for o in node.output if o), '')}"


def domain_of(node: onnx.NodeProto) -> str:
    """The node's domain; the default one is ""."""
    return "" if node.domain == "ai.onnx" else node.domain


def subgraphs_of(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    """The graphs among the node's attributes."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def opsets_of(model: onnx.ModelProto) -> dict[str, int]:
    """Version by domain, the default one called "". Raises CompileError for one newer than the onnx package knows."""
    opsets = opsets_in(model.opset_import)
    if not opsets and model.ir_version < 3:
        opsets = {"": 1}  # the field came with IR version 3
    if opsets.get("", 1) > NEWEST:
        raise CompileError(f"needs opset {opsets['']}; the newest this onnx package knows is {NEWEST}")
    return opsets


def opsets_in(imports: object) -> dict[str, int]:
    """Version by domain of an opset_import field."""
    entries: list[onnx.OperatorSetIdProto] = list(imports)  # type: ignore[call-overload]
    return {"" if e.domain == "ai.onnx" else e.domain: e.version for e in entries}


def check_structure(model: onnx.ModelProto) -> None:
    """Raises CompileError at the first name that is not text, or that is defined twice, never, or too late."""
    if (broken := _not_text(model)) is not None:
        raise CompileError(f"is damaged: {broken!r} is not UTF-8 text")
    _check_graph(model.graph, frozenset())
    for function in model.functions:
        try:
            _check_nodes(list(function.node), set(function.input), frozenset(), list(function.output))
        except CompileError as error:
            raise error.at(f"function '{function.name}'") from error


def _not_text(message: Message) -> bytes | None:
    """The first string in the message that is not UTF-8: protobuf hands such a string out as bytes."""
    if isinstance(message, onnx.TensorProto):  # not its other fields: listing them would copy the weights
        strings = [message.name, *(text for entry in message.external_data for text in (entry.key, entry.value))]
        return next((text for text in strings if isinstance(text, bytes)), None)
    for field, value in message.ListFields():
        if field.type not in (field.TYPE_STRING, field.TYPE_MESSAGE):
            continue
        for item in [value] if isinstance(value, str | bytes | Message) else value:
            broken = _not_text(item) if isinstance(item, Message) else item if isinstance(item, bytes) else None
            if broken is not None:
                return broken
    return None


def _check_graph(graph: onnx.GraphProto, outer: frozenset[str]) -> None:
    names: set[str] = set()
    stored = [t.name for t in graph.initializer] + [t.values.name for t in graph.sparse_initializer]
    for what, group in (("input", [v.name for v in graph.input]), ("initializer", stored)):
        seen: set[str] = set()
        for name in group:
            if name in seen:
                raise CompileError(f"{what} '{name}' is listed twice")
            if not name:
                raise CompileError(f"an {what} has no name")
            seen.add(name)
        names |= seen
    _check_nodes(list(graph.node), names, outer, [v.name for v in graph.output])


def _check_nodes(nodes: list[onnx.NodeProto], names: set[str], outer: frozenset[str], outputs: list[str]) -> None:
    made_by = {name: node for node in nodes for name in node.output if name}
    for node in nodes:
        for name in _names_needed(node):
            if name not in names and name not in outer:
                raise _undefined(node, name, made_by)
        for graph in subgraphs_of(node):
            _check_graph(graph, outer | names)
        for name in node.output:
            if name and name in names:
                raise CompileError(f"output '{name}' is already the name of another value", where=_place(node))
            if name:
                names.add(name)
    for name in outputs:
        if name not in names and name not in outer:
            raise CompileError(f"output '{name}' is computed by no node")


def _names_needed(node: onnx.NodeProto) -> Iterator[str]:
    yield from (name for name in node.input if name)


def _undefined(node: onnx.NodeProto, name: str, made_by: dict[str, onnx.NodeProto]) -> CompileError:
    maker = made_by.get(name)
    if maker is None:
        return CompileError(f"input '{name}' is not defined anywhere before it", where=_place(node))
    cycle = _cycle(node, name, made_by)
    if cycle:
        return CompileError(f"the graph has a cycle: {' -> '.join(cycle)}", where=_place(node))
    later = f"it is computed later, by node '{node_title(maker)}'; nodes must be in topological order"
    return CompileError(f"input '{name}' is used before it is defined: {later}", where=_place(node))


def _cycle(node: onnx.NodeProto, name: str, made_by: dict[str, onnx.NodeProto]) -> list[str]:
    """Titles of nodes on a path from `node` back to it through its input `name`, or nothing."""
    target = node_title(node)
    came_from: dict[str, str] = {}
    pending = [name]
    while pending:
        current = pending.pop()
        maker = made_by.get(current)
        if maker is None:
            continue
        if maker is node:
            path = [target]
            while current != name:
                current = came_from[current]
                path.append(node_title(made_by[current]))
            return [*path, target]
        for needed in maker.input:
            if needed not in came_from and needed != name:
                came_from[needed] = current
                pending.append(needed)
    return []


def _place(node: onnx.NodeProto) -> str:
    return f"node '{node_title(node)}' ({node.op_type})"
