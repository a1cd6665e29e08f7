"""Elements attributes as arrays. Large ones share MLIR's memory, or the bytes that their hex digits became."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
from torch_mlir import ir

from mlc.errors import CompileError
from mlc.frontend.mlir_import.resources import Resources
from mlc.frontend.mlir_import.types import dtype_of
from mlc.ir import Array, DType, TensorType
from mlc.ir.dense import array_from_elements

_RESOURCE = re.compile(r"dense_resource<(?P<name>[^>]*)>")
_TOKEN = re.compile(r'"[^"]*"|[^\s,\[\]]+')
# What MLIR's bindings give as a buffer.
_BUFFERED = frozenset(
    {DType.BOOL, DType.F16, DType.F32, DType.F64}
    | {DType.I8, DType.I16, DType.I32, DType.I64, DType.U8, DType.U16, DType.U32, DType.U64}
)


def array_of(attribute: Any, resources: Resources) -> Array:
    """The numbers of `dense<...>`, a splat or not, or `dense_resource<...>`. Raises CompileError for anything else."""
    kind = attribute.type
    if not isinstance(kind, ir.RankedTensorType) or any(d < 0 for d in kind.shape):
        raise CompileError(f"a constant of type {kind} is not supported")
    dtype, shape = dtype_of(kind.element_type), tuple(kind.shape)
    resource = _RESOURCE.match(str(attribute)) if not isinstance(attribute, ir.DenseElementsAttr) else None
    if resource is not None:
        return resources.array(resource["name"].strip('"'), dtype, shape)
    if not isinstance(attribute, ir.DenseElementsAttr):
        raise CompileError(f"a constant {_beginning(attribute)} is not supported; write it as dense<...>")
    if attribute.is_splat and math.prod(shape) > 0:
        return np.broadcast_to(_splat(attribute, dtype), shape)
    if dtype in _BUFFERED:
        array = np.asarray(attribute)
        return array if array.shape == shape else array.reshape(shape)
    return _from_text(attribute, TensorType(dtype, shape))


def _splat(attribute: Any, dtype: DType) -> Array:
    """The one element, as an array of rank 0."""
    text = str(attribute)
    return _elements(text, TensorType(dtype, ()))


def _from_text(attribute: Any, kind: TensorType) -> Array:
    """Elements that MLIR's bindings do not hand out as a buffer: bf16, 8-bit and 4-bit numbers."""
    return _elements(str(attribute), kind)


def _elements(text: str, kind: TensorType) -> Array:
    inner = text[text.index("<") + 1 : text.rindex("> : ")]
    tokens = [_TOKEN_TRUTH.get(t, t) if kind.dtype is DType.BOOL else t for t in _TOKEN.findall(inner)]
    try:
        return array_from_elements(tokens, kind) if tokens else np.empty(kind.static_shape, kind.dtype.numpy)
    except ValueError as error:
        raise CompileError(f"the constant cannot be read: {error}") from None


_TOKEN_TRUTH = {"1": "true", "0": "false", "-1": "true"}


def _beginning(attribute: Any) -> str:
    text = str(attribute)
    return text if len(text) < 60 else f"{text[:57]}..."
