"""Types and arrays as ONNX messages."""

from __future__ import annotations

from typing import Any

import onnx
from onnx import helper, numpy_helper

from mlc.frontend.onnx_import.dtypes import element_type
from mlc.ir import Array, OptionalType, SequenceType, TensorType, Type


def tensor_proto(name: str, array: Array) -> onnx.TensorProto:
    """The array as a stored tensor."""
    if array.dtype == object:
        strings: list[Any] = [str(s) for s in array.reshape(-1)]
        return helper.make_tensor(name, onnx.TensorProto.STRING, array.shape, strings)
    return numpy_helper.from_array(array, name)


def type_proto(type: Type) -> onnx.TypeProto:
    """The TypeProto of a type, its symbolic dims as dim_params."""
    match type:
        case TensorType(dtype, shape):
            dims = None if shape is None else [d if isinstance(d, int) else str(d) for d in shape]
            return helper.make_tensor_type_proto(element_type(dtype), dims)
        case SequenceType(element):
            return helper.make_sequence_type_proto(type_proto(element))
        case OptionalType(element):
            return helper.make_optional_type_proto(type_proto(element))
