"""What serves a node: a registered operator, a function of the model, or the body that onnx.defs has for it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import onnx

from mlc.errors import CompileError
from mlc.frontend.onnx_import.dtypes import element_type
from mlc.frontend.onnx_import.graph import Graph
from mlc.frontend.onnx_import.node_types import schema_of
from mlc.frontend.onnx_import.registry import Operator, find_operator
from mlc.frontend.onnx_import.structure import domain_of, opsets_in, subgraphs_of
from mlc.ir import OptionalType, SequenceType, TensorType, Type, Value


@dataclass(frozen=True)
class Call:
    """A function whose nodes stand for the node; `is_library` when its body is onnx.defs', not the model's own.

    `opset` is the version of the node's domain where it is called, `opsets` are those of the body.
    """

    function: onnx.FunctionProto
    opset: int
    opsets: dict[str, int]
    is_library: bool


def resolve(graph: Graph, node: onnx.NodeProto, values: Sequence[Value | None]) -> Operator | Call:
    """What imports `node`, whose support `check_supported` has seen to. The model's own functions come first."""
    domain = domain_of(node)
    local = graph.model.functions.get((node.domain, node.op_type, node.overload))
    if local is not None:
        return Call(local, graph.opsets.get(domain, 0), opsets_in(local.opset_import), is_library=False)
    opset = graph.opsets[domain]
    operator = find_operator(domain, node.op_type, opset)
    if operator is not None:
        return operator
    function = library_function(node, opset) or _function_for(node, opset, values)
    if function is None:
        raise graph.error(f"operator {node.op_type} has no function body for inputs of these types")
    # A body that names no opset of its own is written in the caller's.
    return Call(function, opset, {**graph.opsets, **opsets_in(function.opset_import)}, is_library=True)


def library_function(node: onnx.NodeProto, opset: int) -> onnx.FunctionProto | None:
    """The body onnx.defs has for the operator in a model of `opset`, where it is the same for all nodes."""
    schema = _bodies(node, opset)
    version = None if schema is None else _version(schema.function_opset_versions, opset)
    if schema is None or version is None:
        return None
    return _parsed(schema.get_function_with_opset_version(version))


def has_function_for_context(node: onnx.NodeProto, opset: int) -> bool:
    """Whether onnx.defs makes a body from the node's attributes and input types."""
    schema = _bodies(node, opset)
    return schema is not None and _version(schema.context_dependent_function_opset_versions, opset) is not None


def _function_for(node: onnx.NodeProto, opset: int, values: Sequence[Value | None]) -> onnx.FunctionProto | None:
    schema = _bodies(node, opset)
    version = None if schema is None else _version(schema.context_dependent_function_opset_versions, opset)
    if schema is None or version is None:
        return None
    types = [(type_proto(v.type) if v is not None else onnx.TypeProto()).SerializeToString() for v in values]
    try:
        body = schema.get_context_dependent_function_with_opset_version(version, node.SerializeToString(), types)
    except RuntimeError as error:
        raise CompileError(f"onnx cannot make a function body for {node.op_type}: {error}") from error
    return _parsed(body) if body else None


def _bodies(node: onnx.NodeProto, opset: int) -> Any:
    """The schema as Any: the stubs of onnx leave out the methods that give function bodies."""
    return schema_of(domain_of(node), node.op_type, opset)


def _version(versions: Sequence[int], opset: int) -> int | None:
    """The newest body not newer than the model; a schema's oldest body serves models from the schema's own version."""
    older = [v for v in versions if v <= opset]
    return max(older) if older else None


def _parsed(body: bytes) -> onnx.FunctionProto:
    function = onnx.FunctionProto()
    function.ParseFromString(body)
    return function


def type_proto(type: Type) -> onnx.TypeProto:
    """The TypeProto of a Type; symbolic dims are left without a value."""
    proto = onnx.TypeProto()
    match type:
        case TensorType(dtype, shape):
            proto.tensor_type.elem_type = element_type(dtype)
            if shape is not None:
                proto.tensor_type.shape.SetInParent()
            for dim in shape or ():
                entry = proto.tensor_type.shape.dim.add()
                if isinstance(dim, int):
                    entry.dim_value = dim
        case SequenceType(element):
            proto.sequence_type.elem_type.CopyFrom(type_proto(element))
        case OptionalType(element):
            proto.optional_type.elem_type.CopyFrom(type_proto(element))
    return proto


def bound_node(node: onnx.NodeProto, caller: onnx.NodeProto, call: Call, absent: Collection[str]) -> onnx.NodeProto:
    """A body node with references to the function's attributes replaced by the caller's, and absent inputs left out."""
    bound = onnx.NodeProto()
    bound.CopyFrom(node)
    given = _defaults(caller, call) | {a.name: a for a in caller.attribute}
    _bind(bound, given, absent)
    return bound


def _defaults(caller: onnx.NodeProto, call: Call) -> dict[str, onnx.AttributeProto]:
    """The attributes' default values: a function's own, or for a body of onnx.defs those of the operator's schema."""
    if not call.is_library:
        return {a.name: a for a in call.function.attribute_proto}
    schema = schema_of(domain_of(caller), caller.op_type, call.opset)
    assert schema is not None, caller.op_type
    defaults = {name: attribute.default_value for name, attribute in schema.attributes.items()}
    return {name: value for name, value in defaults.items() if value.type != onnx.AttributeProto.UNDEFINED}


def _bind(node: onnx.NodeProto, given: dict[str, onnx.AttributeProto], absent: Collection[str]) -> None:
    node.input[:] = ["" if name in absent else name for name in node.input]
    while node.input and not node.input[-1]:
        node.input.pop()
    kept = []
    for attribute in node.attribute:
        if attribute.ref_attr_name:
            source = given.get(attribute.ref_attr_name)
            if source is None:
                continue  # an optional attribute that the caller leaves out is left out here
            value = onnx.AttributeProto()
            value.CopyFrom(source)
            value.name = attribute.name
            kept.append(value)
        else:
            kept.append(attribute)
    del node.attribute[:]
    node.attribute.extend(kept)
    for graph in subgraphs_of(node):
        for inner in graph.node:
            _bind(inner, given, absent)
