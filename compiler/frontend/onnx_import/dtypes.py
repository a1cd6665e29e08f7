"""ONNX element types and tensors as DTypes and arrays, both ways. External data is external_data.py's."""

from __future__ import annotations

import math

import numpy as np
import onnx
from onnx import TensorProto

from mlc.errors import CompileError
from mlc.ir import Array, DType

DTYPES: dict[int, DType] = {
    TensorProto.FLOAT: DType.F32,
    TensorProto.DOUBLE: DType.F64,
    TensorProto.FLOAT16: DType.F16,
    TensorProto.BFLOAT16: DType.BF16,
    TensorProto.FLOAT8E4M3FN: DType.F8E4M3FN,
    TensorProto.FLOAT8E4M3FNUZ: DType.F8E4M3FNUZ,
    TensorProto.FLOAT8E5M2: DType.F8E5M2,
    TensorProto.FLOAT8E5M2FNUZ: DType.F8E5M2FNUZ,
    TensorProto.FLOAT8E8M0: DType.F8E8M0,
    TensorProto.FLOAT4E2M1: DType.F4E2M1,
    TensorProto.INT64: DType.I64,
    TensorProto.INT32: DType.I32,
    TensorProto.INT16: DType.I16,
    TensorProto.INT8: DType.I8,
    TensorProto.INT4: DType.I4,
    TensorProto.INT2: DType.I2,
    TensorProto.UINT64: DType.U64,
    TensorProto.UINT32: DType.U32,
    TensorProto.UINT16: DType.U16,
    TensorProto.UINT8: DType.U8,
    TensorProto.UINT4: DType.U4,
    TensorProto.UINT2: DType.U2,
    TensorProto.BOOL: DType.BOOL,
    TensorProto.STRING: DType.STRING,
    TensorProto.COMPLEX64: DType.C64,
    TensorProto.COMPLEX128: DType.C128,
}
_ELEMENT_TYPES = {dtype: number for number, dtype in DTYPES.items()}
_PACKED_BITS = {DType.I2: 2, DType.U2: 2, DType.I4: 4, DType.U4: 4, DType.F4E2M1: 4}


def dtype_of(element_type: int) -> DType:
    """The DType of a TensorProto.DataType number. Raises CompileError for one that mlc has no type for."""
    if element_type not in DTYPES:
        known = element_type in TensorProto.DataType.values()
        name = TensorProto.DataType.Name(element_type) if known else str(element_type)
        raise CompileError(f"element type {name} is not supported")
    return DTYPES[element_type]


def element_type(dtype: DType) -> int:
    """The TensorProto.DataType number of a DType."""
    return _ELEMENT_TYPES[dtype]


def array_of(tensor: onnx.TensorProto) -> Array:
    """The contents of a tensor that is not stored in an external file; raw_data is viewed, not copied.

    Elements of less than a byte are unpacked to one byte each. Raises CompileError when the stored length is not the
    shape's.
    """
    dtype = dtype_of(tensor.data_type)
    shape = checked_shape(tensor)
    if tensor.HasField("raw_data"):
        return from_bytes(tensor.raw_data, dtype, shape, f"tensor '{tensor.name}'")
    values = _from_fields(tensor, dtype, math.prod(shape))
    if values.size != math.prod(shape):
        raise CompileError(f"tensor '{tensor.name}' has {values.size} elements, its shape {shape} {math.prod(shape)}")
    return values.reshape(shape)


def checked_shape(tensor: onnx.TensorProto) -> tuple[int, ...]:
    """The dims of a tensor; an error when one is negative or their product beyond the address space."""
    shape = tuple(tensor.dims)
    if any(d < 0 for d in shape):
        raise CompileError(f"tensor '{tensor.name}' has a negative dim: {shape}")
    # numpy refuses shapes beyond the address space even where a dim of 0 leaves them without elements.
    if math.prod(max(d, 1) for d in shape) >= 1 << 59:
        raise CompileError(f"tensor '{tensor.name}' is too large: {shape}")
    return shape


def byte_count(dtype: DType, shape: tuple[int, ...]) -> int:
    """Bytes that raw data of this type takes in a file, small elements packed."""
    count = math.prod(shape)
    bits = _PACKED_BITS.get(dtype)
    return dtype.itemsize * count if bits is None else -(-count * bits // 8)


def from_bytes(raw: bytes | memoryview, dtype: DType, shape: tuple[int, ...], what: str) -> Array:
    """The array that little-endian `raw` holds, a view of it unless elements are packed. `what` names it in errors."""
    if dtype is DType.STRING:
        raise CompileError(f"{what}: strings cannot be stored as raw data")
    expected = byte_count(dtype, shape)
    if len(raw) != expected:
        raise CompileError(f"{what} has {len(raw)} bytes of data; shape {shape} of {dtype} needs {expected}")
    if dtype in _PACKED_BITS:
        return unpacked(np.frombuffer(raw, np.uint8), dtype, math.prod(shape)).reshape(shape)
    return np.frombuffer(raw, dtype.numpy.newbyteorder("<") if dtype.numpy.kind in "iufc" else dtype.numpy).reshape(
        shape
    )


def unpacked(packed: Array, dtype: DType, count: int) -> Array:
    """`count` elements of a 2- or 4-bit type from bytes that hold the first element in their lowest bits."""
    bits = _PACKED_BITS[dtype]
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    codes = ((packed[:, None] >> shifts) & ((1 << bits) - 1)).reshape(-1)[:count].astype(np.uint8)
    if dtype.is_signed:
        sign = 1 << (bits - 1)
        return ((codes.astype(np.int8) ^ sign) - sign).astype(dtype.numpy)
    return codes.view(dtype.numpy) if dtype is DType.F4E2M1 else codes.astype(dtype.numpy)


def packed(array: Array) -> Array:
    """The bytes that hold a 2- or 4-bit array as ONNX packs it: the first element in the lowest bits."""
    dtype = DType.of(array.dtype)
    bits = _PACKED_BITS[dtype]
    flat = array.reshape(-1)
    codes = flat.view(np.uint8) if dtype is DType.F4E2M1 else flat.astype(np.int8).view(np.uint8)
    per_byte = 8 // bits
    groups = np.pad(codes & ((1 << bits) - 1), (0, -codes.size % per_byte)).reshape(-1, per_byte)
    return np.asarray(np.bitwise_or.reduce(groups << np.arange(0, 8, bits, dtype=np.uint8), axis=1).astype(np.uint8))


def _from_fields(tensor: onnx.TensorProto, dtype: DType, count: int) -> Array:
    """The typed repeated fields; narrow types are stored in int32_data, f16-like and f8-like as their bit patterns."""
    match dtype:
        case DType.F32:
            return np.array(tensor.float_data, np.float32)
        case DType.F64:
            return np.array(tensor.double_data, np.float64)
        case DType.I64:
            return np.array(tensor.int64_data, np.int64)
        case DType.U32 | DType.U64:
            return np.array(tensor.uint64_data, np.uint64).astype(dtype.numpy)
        case DType.STRING:
            strings = np.empty(len(tensor.string_data), object)
            strings[:] = [_decoded(s, tensor.name) for s in tensor.string_data]
            return strings
        case DType.C64:
            return np.array(tensor.float_data, np.float32).view(np.complex64)
        case DType.C128:
            return np.array(tensor.double_data, np.float64).view(np.complex128)
    words = np.array(tensor.int32_data, np.int32)
    if dtype in _PACKED_BITS:
        return unpacked(words.astype(np.uint8), dtype, count)
    if dtype.is_float:
        return words.astype(np.uint16 if dtype.itemsize == 2 else np.uint8).view(dtype.numpy)
    return words.astype(dtype.numpy)


def _decoded(raw: bytes, name: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CompileError(f"tensor '{name}' holds a string that is not UTF-8: {raw[:40]!r}") from error
