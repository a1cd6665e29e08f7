"""All nodes of a model that mlc cannot import, found before the first one is, in one error.

The list groups nodes by operator and reason: who has to change a model wants to see everything at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

import onnx

from mlc.errors import CompileError, nearest
from mlc.frontend.onnx_import.attributes import unsupported_attributes
from mlc.frontend.onnx_import.functions import has_function_for_context, library_function
from mlc.frontend.onnx_import.registry import Operator, find_operator, registered
from mlc.frontend.onnx_import.structure import domain_of, node_title, opsets_in, subgraphs_of

Functions = dict[tuple[str, str, str], onnx.FunctionProto]


def check_supported(model: onnx.ModelProto, opsets: dict[str, int]) -> None:
    """Raises one CompileError that lists every node without support, in its subgraphs and functions too."""
    functions = {(f.domain, f.name, f.overload): f for f in model.functions}
    found = list(_unsupported(model.graph.node, opsets, functions, ()))
    if not found:
        return
    groups: dict[tuple[str, str], list[str]] = {}
    for operator, reason, title in found:
        groups.setdefault((operator, reason), []).append(repr(title))
    count = len({title for _, _, title in found})
    lines = [f"{op} ({reason}): {', '.join(dict.fromkeys(titles))}" for (op, reason), titles in groups.items()]
    plural = "nodes are" if count > 1 else "node is"
    raise CompileError(f"{count} {plural} not supported", detail="\n  ".join(lines))


def _unsupported(
    nodes: Iterable[onnx.NodeProto], opsets: dict[str, int], functions: Functions, calls: tuple[str, ...]
) -> Iterator[tuple[str, str, str]]:
    """(operator, reason, node) for each reason."""
    for node in nodes:
        name = f"{node.domain}.{node.op_type}" if domain_of(node) else node.op_type
        local = functions.get((node.domain, node.op_type, node.overload))
        if local is None:
            for reason in _reasons(node, opsets):
                yield name, reason, node_title(node)
        elif name in calls:
            yield name, f"a function that calls itself: {' -> '.join((*calls, name))}", node_title(node)
        else:
            for operator, reason, title in _unsupported(
                local.node, opsets_in(local.opset_import), functions, (*calls, name)
            ):
                yield operator, reason, f"{node_title(node)}/{title}"
        for graph in subgraphs_of(node):
            yield from _unsupported(graph.node, opsets, functions, calls)


def _reasons(node: onnx.NodeProto, opsets: dict[str, int]) -> list[str]:
    domain = domain_of(node)
    if domain not in opsets:
        known = f"; it imports {', '.join(repr(d or 'ai.onnx') for d in opsets) or 'none'}"
        return [f"the model imports no opset of domain '{domain or 'ai.onnx'}'{known}"]
    opset = opsets[domain]
    operator = find_operator(domain, node.op_type, opset)
    if operator is not None:
        return refusals(node, operator)
    body = library_function(node, opset)
    if body is not None:
        inner = missing_in_body(body, {**opsets, **opsets_in(body.opset_import)})
        return [f"its function body needs {', '.join(inner)}"] if inner else []
    return [] if has_function_for_context(node, opset) else [_why_unknown(domain, node.op_type, opset)]


def missing_in_body(body: onnx.FunctionProto, opsets: dict[str, int]) -> list[str]:
    """The operators without support among a function body's nodes, which are of these opsets."""
    return sorted({n.op_type for n in body.node if list(_reasons_in_body(n, opsets))})


def _reasons_in_body(node: onnx.NodeProto, opsets: dict[str, int]) -> Iterator[str]:
    """As `_reasons`, without judging attributes: those that refer to the caller's are not bound yet."""
    domain = domain_of(node)
    if find_operator(domain, node.op_type, opsets.get(domain, 0)) is None:
        yield from _reasons(node, opsets)
    for graph in subgraphs_of(node):
        for inner in graph.node:
            yield from _reasons_in_body(inner, opsets)


def refusals(node: onnx.NodeProto, operator: Operator) -> list[str]:
    """What the node has that the operator's function does not take, or lacks that it needs, one sentence each."""
    return [*_input_reasons(node, operator), *unsupported_attributes(node, operator)]


def _input_reasons(node: onnx.NodeProto, operator: Operator) -> list[str]:
    reasons = []
    if len(node.input) > len(operator.inputs) and not operator.is_variadic:
        extra = [n for n in node.input[len(operator.inputs) :] if n]
        reasons += [f"input {len(operator.inputs)} ('{extra[0]}') is not supported"] if extra else []
    for index, name in enumerate(operator.inputs[: operator.required_count]):
        if index >= len(node.input) or not node.input[index]:
            reasons.append(f"input {name} is missing")
    return reasons


def _why_unknown(domain: str, name: str, opset: int) -> str:
    known = _first_versions(domain)
    if known.get(name, 0) > opset:
        return f"it came with opset {known[name]}, the model imports {opset}"
    if versions := registered().get((domain, name)):
        return f"opset {opset} is older than {min(versions)}, the first that is supported"
    if not known:
        return f"domain '{domain}' is not known"
    return "no support yet" if name in known else f"not an operator of ONNX{nearest(name, list(known))}"


@cache
def _first_versions(domain: str) -> dict[str, int]:
    """The domain's operators in ONNX, with the opset each came with."""
    first: dict[str, int] = {}
    for schema in onnx.defs.get_all_schemas_with_history():
        if schema.domain == domain:
            first[schema.name] = min(schema.since_version, first.get(schema.name, schema.since_version))
    return first
