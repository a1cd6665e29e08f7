"""ModelProto to Module: scopes, initializers, nodes through the registry, functions inlined, subgraphs to regions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import onnx

import mlc.frontend.onnx_import.operators  # noqa: F401  registers them
from mlc.errors import CompileError
from mlc.frontend.onnx_import.attributes import attribute_arguments, dense_array, tensor_array
from mlc.frontend.onnx_import.external_data import ExternalData
from mlc.frontend.onnx_import.functions import Call, bound_node, resolve
from mlc.frontend.onnx_import.graph import Caller, Graph, Model, Scope, Unavailable
from mlc.frontend.onnx_import.model_file import read_model
from mlc.frontend.onnx_import.node_types import check_input_types, check_output_type
from mlc.frontend.onnx_import.registry import Operator
from mlc.frontend.onnx_import.structure import check_structure, opsets_of, subgraphs_of
from mlc.frontend.onnx_import.unsupported import check_supported, missing_in_body, refusals
from mlc.ir import Block, Function, Location, Module, Region, TensorType, Type, Value
from mlc.ops import Constant
from mlc.ops.structure import Yield


def import_file(path: Path) -> Module:
    """The Module of the model in `path`; tensors stored beside it are mapped, not read."""
    return _import(read_model(path), path.name, ExternalData(path.parent))


def import_model(proto: onnx.ModelProto) -> Module:
    """The Module of a model in memory."""
    return _import(proto, proto.graph.name or "model", ExternalData(None))


def _import(proto: onnx.ModelProto, file: str, data: ExternalData) -> Module:
    try:
        model = Model(file, data, {(f.domain, f.name, f.overload): f for f in proto.functions})
        opsets = opsets_of(proto)
        check_structure(proto)
        check_supported(proto, opsets)
        module = Module(proto.graph.name or "main")
        module.add(_main(model, proto.graph, opsets))
        return module
    except CompileError as error:
        raise error.at(file) from error.__cause__


def _main(model: Model, proto: onnx.GraphProto, opsets: dict[str, int]) -> Function:
    stored = {t.name for t in proto.initializer} | {t.values.name for t in proto.sparse_initializer}
    # Before IR version 4 each initializer had to be an input too; it is a constant all the same.
    inputs = [(v.name, _declared(model, v)) for v in proto.input if v.name not in stored]
    function = Function("main", inputs)
    scope = Scope()
    scope.values.update({name: value for (name, _), value in zip(inputs, function.inputs, strict=True)})
    graph = Graph(model, function.block, scope, opsets, _subgraph)
    _fill(graph, proto)
    outputs = [(v.name, _output(graph, v)) for v in proto.output]
    _raise_collected(model)
    function.set_outputs(outputs)
    return function


def _declared(model: Model, info: onnx.ValueInfoProto) -> Type:
    try:
        return model.symbols.type(info.type, info.name)
    except CompileError as error:
        raise error.at(f"input '{info.name}'") from error


def _output(graph: Graph, info: onnx.ValueInfoProto) -> Value:
    try:
        value = graph.scope.find(info.name)
        check_output_type(value, info)
    except CompileError as error:
        raise error.at(f"output '{info.name}'") from error
    except Unavailable:
        _raise_collected(graph.model)
        raise
    return value


def _raise_collected(model: Model) -> None:
    match model.errors:
        case []:
            return
        case [only]:
            raise only
        case [first, *others]:
            rest = "\n  ".join(str(e) for e in others)
            raise CompileError(first.message, where=first.where, detail=f"{first.detail}\n  {rest}".lstrip("\n "))


def _fill(graph: Graph, proto: onnx.GraphProto) -> None:
    """Appends the graph's used initializers and all of its nodes."""
    for info in (*proto.value_info, *proto.output):
        graph.scope.declared[info.name] = info.type
    _initializers(graph, proto)
    for node in proto.node:
        _node(graph, node)


def _initializers(graph: Graph, proto: onnx.GraphProto) -> None:
    used, data = names_used(proto), graph.model.data
    stored = {t.name: partial(tensor_array, t, data) for t in proto.initializer}
    stored |= {t.values.name: partial(dense_array, t, data) for t in proto.sparse_initializer}
    for name, read in stored.items():
        if name in used:
            try:
                array = read()
            except CompileError as error:
                raise error.at(f"initializer '{name}'") from error
            graph.scope.values[name] = graph.block.append(Constant(array, loc=Location.of(name))).result


def names_used(proto: onnx.GraphProto) -> set[str]:
    """Names that the graph's nodes, their subgraphs and its outputs refer to."""
    used = {info.name for info in proto.output}
    for node in proto.node:
        used.update(node.input)
        for inner in subgraphs_of(node):
            used |= names_used(inner)
    return used


def _node(graph: Graph, node: onnx.NodeProto) -> None:
    """Imports one node; a failure is noted and its outputs marked, so that later nodes report their own."""
    graph.enter(node)
    try:
        results = _results(graph, node)
        _bind(graph, node, results)
        return
    except CompileError as error:
        graph.model.errors.append(error if error.where.startswith("node ") else error.at(graph.where))
    except Unavailable:
        pass
    graph.scope.values.update({name: None for name in node.output if name})


def _bind(graph: Graph, node: onnx.NodeProto, results: Sequence[Value | None]) -> None:
    for index, name in enumerate(node.output):
        if name and index >= len(results):
            raise graph.error(f"output {index} ('{name}') is not supported")
        if name:
            graph.scope.values[name] = results[index]


def _results(graph: Graph, node: onnx.NodeProto) -> Sequence[Value | None]:
    values = [graph.scope.find(name) if name else None for name in node.input]
    check_input_types(node, graph.opsets, values)
    match resolve(graph, node, values):
        case Operator() as operator:
            return _call(graph, operator, values)
        case Call() as call:
            if call.is_library and (missing := missing_in_body(call.function, call.opsets)):
                raise graph.error(f"is not supported: its function body needs {', '.join(missing)}")
            return _inline(graph, call, values)


def _call(graph: Graph, operator: Operator, values: Sequence[Value | None]) -> Sequence[Value]:
    # A function body's nodes are judged here: what they lack may be what the caller leaves out.
    if reasons := refusals(graph.node, operator):
        raise graph.error("; ".join(reasons))
    keywords = attribute_arguments(graph.node, operator, graph.model.data)
    if operator.is_variadic and None in values[len(operator.inputs) :]:
        raise graph.error("an input in the middle of a list is left out")
    try:
        result = operator.function(graph, *values, **keywords)
    except (CompileError, Unavailable):
        raise
    except Exception as error:
        if any(v is not None and isinstance(v.type, TensorType) and v.type.shape is None for v in values):
            raise graph.error("needs an input whose rank the model does not declare") from error
        error.add_note(f"while importing {graph.model.file}: {graph.where}")
        raise
    return [result] if isinstance(result, Value) else result


def _inline(graph: Graph, call: Call, values: Sequence[Value | None]) -> Sequence[Value | None]:
    """The nodes of a function body in place of the node that calls it."""
    node, function = graph.node, call.function
    if len(values) > len(function.input):
        raise graph.error(f"function {function.name} has {len(function.input)} inputs, the node {len(values)}")
    scope = Scope()
    padded = [*values, *[None] * (len(function.input) - len(values))]
    absent = {name for name, value in zip(function.input, padded, strict=True) if value is None}
    scope.values.update({n: v for n, v in zip(function.input, padded, strict=True) if v is not None})
    scope.declared = {info.name: info.type for info in function.value_info}
    for inner_name, outer_name in zip(function.output, node.output, strict=False):
        if outer_name in graph.scope.declared:
            scope.declared[inner_name] = graph.scope.declared[outer_name]
    inner = Graph(
        graph.model, graph.block, scope, call.opsets, _subgraph, Caller(graph.title, node.op_type, call.is_library)
    )
    failures = len(graph.model.errors)
    for body_node in function.node:
        _node(inner, bound_node(body_node, node, call, absent))
    if len(graph.model.errors) > failures:
        raise Unavailable(function.name)
    # A body need not compute what its caller leaves unnamed.
    names = zip(function.output, node.output, strict=False)
    return [scope.find(name) if outer else None for name, outer in names]


def _subgraph(graph: Graph, proto: onnx.GraphProto, argument_types: Sequence[Type]) -> Region:
    if len(proto.input) != len(argument_types):
        raise graph.error(f"subgraph '{proto.name}' has {len(proto.input)} inputs, {len(argument_types)} are given")
    block = Block(argument_types)
    scope = Scope(graph.scope)
    scope.values.update({info.name: value for info, value in zip(proto.input, block.arguments, strict=True)})
    inner = Graph(graph.model, block, scope, graph.opsets, _subgraph, graph.caller)
    failures = len(graph.model.errors)
    _fill(inner, proto)
    if len(graph.model.errors) > failures:
        raise Unavailable(proto.name)
    block.append(Yield([scope.find(info.name) for info in proto.output], loc=graph.loc))
    return Region(block)
