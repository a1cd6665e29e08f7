"""A node's AttributeProtos as the keyword arguments its operator function declares."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import AttributeProto

from mlc.errors import CompileError, nearest
from mlc.frontend.onnx_import.dtypes import array_of, dtype_of
from mlc.frontend.onnx_import.external_data import ExternalData
from mlc.frontend.onnx_import.registry import Attribute, Operator
from mlc.ir import Array

_NAMES: dict[int, str] = {number: name for name, number in AttributeProto.AttributeType.items()}
_WORDS: dict[Any, str] = {
    int: "an int",
    float: "a float",
    str: "a string",
    bytes: "a string",
    tuple[int, ...]: "ints",
    tuple[float, ...]: "floats",
    tuple[str, ...]: "strings",
    tuple[bytes, ...]: "strings",
    Array: "a tensor",
    onnx.GraphProto: "a graph",
    onnx.TypeProto: "a type",
}


def unsupported_attributes(node: onnx.NodeProto, operator: Operator) -> list[str]:
    """What a node's attributes have that the operator's function does not understand, one sentence each."""
    reasons = []
    for proto in node.attribute:
        if proto.name not in operator.attributes:
            hint = nearest(proto.name, list(operator.attributes))
            reasons.append(f"attribute '{proto.name}' is not supported{hint}")
    given = {proto.name for proto in node.attribute}
    for attribute in operator.attributes.values():
        if attribute.is_required and attribute.name not in given:
            reasons.append(f"attribute '{attribute.name}' is missing")
    return reasons


def attribute_arguments(node: onnx.NodeProto, operator: Operator, data: ExternalData) -> dict[str, Any]:
    """The keyword arguments for `operator.function`; the node was checked by `unsupported_attributes`."""
    return {p.name: attribute_value(p, operator.attributes[p.name], data) for p in node.attribute}


def attribute_value(proto: onnx.AttributeProto, attribute: Attribute, data: ExternalData) -> Any:
    """The value as the parameter's type, or an error when the node stores another kind."""
    match (kind_of(proto), attribute.kind):
        case ("INT", kind) if kind is int:
            return proto.i
        case ("FLOAT", kind) if kind is float:
            return float(proto.f)
        case ("STRING", kind) if kind is bytes:
            return proto.s
        case ("STRING", kind) if kind is str:
            return _text(proto.s, proto.name)
        case ("INTS", kind) if kind == tuple[int, ...]:
            return tuple(proto.ints)
        case ("FLOATS", kind) if kind == tuple[float, ...]:
            return tuple(proto.floats)
        case ("STRINGS", kind) if kind == tuple[str, ...]:
            return tuple(_text(s, proto.name) for s in proto.strings)
        case ("STRINGS", kind) if kind == tuple[bytes, ...]:
            return tuple(proto.strings)
        case ("TENSOR", kind) if kind == Array:
            return tensor_array(proto.t, data)
        case ("SPARSE_TENSOR", kind) if kind == Array:
            return dense_array(proto.sparse_tensor, data)
        case ("GRAPH", kind) if kind is onnx.GraphProto:
            return proto.g
        case ("TYPE_PROTO", kind) if kind is onnx.TypeProto:
            return proto.tp
        # An empty list has no kind of its own in models that leave the type out.
        case (("INTS" | "FLOATS" | "STRINGS"), kind) if not (proto.ints or proto.floats or proto.strings) and (
            getattr(kind, "__origin__", None) is tuple
        ):
            return ()
        case (got, kind):
            raise CompileError(f"attribute '{proto.name}' must be {_WORDS[kind]}, got {got}")


def kind_of(proto: onnx.AttributeProto) -> str:
    """The attribute's kind as AttributeType names it; models of IR version 1 leave the type out."""
    if proto.type != AttributeProto.UNDEFINED:
        return _NAMES.get(proto.type, str(proto.type))
    singles = {"f": "FLOAT", "i": "INT", "s": "STRING", "t": "TENSOR", "g": "GRAPH", "tp": "TYPE_PROTO"}
    for field, kind in singles.items():
        if proto.HasField(field):
            return kind
    lists = {"floats": "FLOATS", "ints": "INTS", "strings": "STRINGS", "tensors": "TENSORS", "graphs": "GRAPHS"}
    return next((kind for field, kind in lists.items() if getattr(proto, field)), "INTS")


def tensor_array(tensor: onnx.TensorProto, data: ExternalData) -> Array:
    """The contents of a tensor, wherever they are stored."""
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        return data.array(tensor)
    return array_of(tensor)


def dense_array(sparse: onnx.SparseTensorProto, data: ExternalData) -> Array:
    """The dense array of a sparse tensor; its indices are linear [NNZ] or coordinates [NNZ, rank]."""
    values, indices = tensor_array(sparse.values, data), tensor_array(sparse.indices, data)
    shape = tuple(sparse.dims)
    what = f"sparse tensor '{sparse.values.name}'"
    if any(d < 0 for d in shape) or values.ndim != 1 or indices.dtype != np.int64:
        raise CompileError(f"{what} is malformed: dims {shape}, values {values.shape}, indices {indices.dtype}")
    dense = np.zeros(shape, values.dtype)
    if dtype_of(sparse.values.data_type).value == "!mlc.string":
        dense[...] = ""
    is_linear = indices.ndim == 1
    if indices.shape != (values.shape if is_linear else (*values.shape, len(shape))):
        raise CompileError(f"{what} has {values.size} values and indices of shape {indices.shape}")
    limits = np.array([dense.size] if is_linear else shape, np.int64)
    if indices.size and (indices.min() < 0 or (indices.reshape(-1, limits.size) >= limits).any()):
        raise CompileError(f"{what} has an index outside of its dims {shape}")
    if is_linear:
        dense.reshape(-1)[indices] = values
    else:
        dense[tuple(indices.T)] = values
    return dense


def _text(raw: bytes, name: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CompileError(f"attribute '{name}' is not UTF-8: {raw[:40]!r}") from error
