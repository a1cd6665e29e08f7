"""Module to ModelProto: values named, ops written through the table, weights inside or beside the file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

import numpy as np
import onnx
from onnx import helper

import mlc.frontend.onnx_export.operators  # noqa: F401  registers them
from mlc import __version__
from mlc.errors import CompileError
from mlc.files import replace_files
from mlc.frontend.onnx_export.registry import exporter_of
from mlc.frontend.onnx_export.types import tensor_proto, type_proto
from mlc.frontend.onnx_export.writer import Body, Writer
from mlc.frontend.onnx_import.dtypes import element_type, packed
from mlc.ir import Array, DType, Module, Op, Region, TensorType, Type, Value
from mlc.ops import Constant, Fused, Yield

# protobuf messages end at 2 GiB; the graph itself needs some of that.
_INLINE_LIMIT = (1 << 31) - (1 << 26)
_EXTERNAL_FROM = 1024  # smaller tensors stay in the file: shapes must be readable without the data
_ALIGNMENT = 4096  # each tensor begins on a page, so that it can be mapped alone


def export_model(module: Module) -> onnx.ModelProto:
    """The module's main function as an ONNX model with its weights inside.

    Raises CompileError for an op that has no ONNX form, and when the weights exceed what one file can hold: then
    `save_model` writes them beside it.
    """
    model, weights = _export(module)
    if sum(a.nbytes for a in weights.values()) > _INLINE_LIMIT:
        raise CompileError("the weights exceed 2 GiB; save_model writes them beside the model")
    for name, array in weights.items():
        model.graph.initializer.append(tensor_proto(name, array))
    return model


def save_model(module: Module, path: str | os.PathLike[str], *, external_data: bool = False) -> None:
    """Writes the model to `path`; its larger weights to `path`.data when asked, or when they exceed 2 GiB.

    Raises CompileError when a file cannot be written; existing ones then stay as they were.
    """
    path = Path(path)
    model, weights = _export(module)
    is_external = external_data or sum(a.nbytes for a in weights.values()) > _INLINE_LIMIT
    outside = {n: a for n, a in weights.items() if is_external and a.nbytes >= _EXTERNAL_FROM and a.dtype != object}
    data = path.with_name(path.name + ".data")
    end = 0
    for name, array in weights.items():
        if name in outside:
            end += -end % _ALIGNMENT
            model.graph.initializer.append(_external(name, array, data.name, end))
            end += _stored(array).nbytes
        else:
            model.graph.initializer.append(tensor_proto(name, array))
    writes: dict[Path, Callable[[IO[bytes]], object]] = {}
    if is_external:
        writes[data] = lambda file: _write_tensors(file, outside.values())
    writes[path] = lambda file: file.write(model.SerializeToString(deterministic=True))
    try:
        replace_files(writes)
    except OSError as error:
        raise CompileError(f"cannot write: {error.strerror}", where=str(path)) from None


def _write_tensors(file: IO[bytes], arrays: Iterable[Array]) -> None:
    for array in arrays:
        file.write(b"\0" * (-file.tell() % _ALIGNMENT))
        file.write(_stored(array).data)


def _stored(array: Array) -> Array:
    """The bytes of a tensor in a file, as a view of it where they are the same."""
    dtype = DType.of(array.dtype)
    is_packed = dtype.bits < 8 and dtype is not DType.BOOL
    return np.ascontiguousarray(packed(array) if is_packed else array).reshape(-1).view(np.uint8)


def _external(name: str, array: Array, location: str, offset: int) -> onnx.TensorProto:
    tensor = onnx.TensorProto(
        name=name,
        data_type=element_type(DType.of(array.dtype)),
        dims=array.shape,
        data_location=onnx.TensorProto.EXTERNAL,
    )
    for key, value in (("location", location), ("offset", offset), ("length", _stored(array).nbytes)):
        tensor.external_data.add(key=key, value=str(value))
    return tensor


def _export(module: Module) -> tuple[onnx.ModelProto, dict[str, Array]]:
    """The model without its weights, and those."""
    function = module.main
    w = Writer(_subgraph)
    for name in (*function.input_names, *function.output_names):
        w.names.reserve(name)
    for name, value in zip(function.input_names, function.inputs, strict=True):
        w.bind(value, name)
    _write_ops(w, function.body)
    names = _outputs(w, list(zip(function.output_names, function.outputs, strict=True)))
    _rename(w.body, names)
    graph = helper.make_graph(
        w.body.nodes,
        module.name,
        [_info(n, v.type) for n, v in zip(function.input_names, function.inputs, strict=True)],
        [_info(n, v.type) for n, v in zip(function.output_names, function.outputs, strict=True)],
        value_info=_value_infos(w.body, set(function.input_names) | set(function.output_names)),
    )
    imports = [helper.make_opsetid(domain, version) for domain, version in w.opsets.items()]
    model = helper.make_model(graph, opset_imports=imports, producer_name="mlc", producer_version=__version__)
    model.ir_version = _ir_version(imports)
    return model, w.body.weights


def _ir_version(imports: list[onnx.OperatorSetIdProto]) -> int:
    """The oldest IR version that has these opsets."""
    known = [i for i in imports if i.domain in ("", "ai.onnx.ml")]
    return int(helper.find_min_ir_version_for(known, ignore_unknown=True))


def _write_ops(w: Writer, region: Region) -> None:
    for op in region.block:
        if not op.is_terminator:
            _write(w, op)


def _write(w: Writer, op: Op) -> None:
    w.title = "+".join(op.loc.names)
    match op:
        case Constant():
            names = [w.constant(op.value, w.title or "constant")]
        case Fused():
            names = _inlined(w, op)
        case _:
            exporter = exporter_of(type(op))
            if exporter is None:
                raise CompileError(f"{op.name} has no ONNX form", where=f"node '{op.loc.title}'")
            result = exporter(w, op)
            names = [result] if isinstance(result, str) else list(result)
    for value, name in zip(op.results, names, strict=True):
        w.bind(value, name)


def _inlined(w: Writer, op: Fused) -> list[str]:
    block = op.body.block
    for argument, value in zip(block.arguments, op.inputs, strict=True):
        w.bind(argument, w.name(value))
    _write_ops(w, op.body)
    return [w.name(v) for v in block.terminator.operands]


def _outputs(w: Writer, outputs: list[tuple[str, Value]]) -> dict[str, str]:
    """Old name to the output's, for values that can be renamed; the others get an Identity."""
    made_here = {name for node in w.body.nodes for name in node.output}
    renamed: dict[str, str] = {}
    for name, value in outputs:
        current = w.name(value)
        if current in made_here and current not in renamed:
            renamed[current] = name
        else:
            w.title = name
            renamed[w("Identity", current)] = name
    return renamed


def _rename(body: Body, names: dict[str, str]) -> None:
    _rename_in(body.nodes, names)
    body.names = {value: names.get(name, name) for value, name in body.names.items()}


def _rename_in(nodes: list[onnx.NodeProto], names: dict[str, str]) -> None:
    for node in nodes:
        node.input[:] = [names.get(n, n) for n in node.input]
        node.output[:] = [names.get(n, n) for n in node.output]
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _rename_in(list(attribute.g.node), names)
                for info in attribute.g.output:
                    info.name = names.get(info.name, info.name)


def _subgraph(w: Writer, region: Region, name: str) -> onnx.GraphProto:
    outer, title = w.body, w.title
    w.body = outer.inner()
    arguments = []
    for index, argument in enumerate(region.block.arguments):
        arguments.append(w.names.value(f"{title}/{name}_{index}"))
        w.bind(argument, arguments[-1])
    _write_ops(w, region)
    w.title = title
    last = region.block.terminator
    assert isinstance(last, Yield), last
    # A fresh Identity for each: a subgraph's outputs must be its own, each once.
    results = [w("Identity", w.name(value)) for value in last.values]
    graph = helper.make_graph(
        w.body.nodes,
        name,
        [_info(n, v.type) for n, v in zip(arguments, region.block.arguments, strict=True)],
        [_info(n, v.type) for n, v in zip(results, last.values, strict=True)],
        initializer=[tensor_proto(n, a) for n, a in w.body.weights.items()],
    )
    w.body = outer
    return graph


def _value_infos(body: Body, known: set[str]) -> list[onnx.ValueInfoProto]:
    stored = known | body.weights.keys()
    infos: dict[str, onnx.ValueInfoProto] = {}
    for value, name in body.names.items():
        if name not in stored and isinstance(value.type, TensorType) and value.type.shape is not None:
            infos.setdefault(name, _info(name, value.type))
    return list(infos.values())


def _info(name: str, type: Type) -> onnx.ValueInfoProto:
    return helper.make_value_info(name, type_proto(type))
