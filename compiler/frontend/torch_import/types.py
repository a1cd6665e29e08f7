"""Element types and tensors of torch as mlc's: dtypes by their three spellings, and arrays that share memory."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import torch

from mlc.errors import CompileError
from mlc.ir import Array, DType

_TORCH = {
    DType.BOOL: torch.bool,
    DType.I8: torch.int8,
    DType.I16: torch.int16,
    DType.I32: torch.int32,
    DType.I64: torch.int64,
    DType.U8: torch.uint8,
    DType.U16: torch.uint16,
    DType.U32: torch.uint32,
    DType.U64: torch.uint64,
    DType.F16: torch.float16,
    DType.BF16: torch.bfloat16,
    DType.F32: torch.float32,
    DType.F64: torch.float64,
    DType.F8E4M3FN: torch.float8_e4m3fn,
    DType.F8E4M3FNUZ: torch.float8_e4m3fnuz,
    DType.F8E5M2: torch.float8_e5m2,
    DType.F8E5M2FNUZ: torch.float8_e5m2fnuz,
    DType.F8E8M0: torch.float8_e8m0fnu,
    DType.C64: torch.complex64,
    DType.C128: torch.complex128,
}
_FROM_TORCH = {torch_dtype: dtype for dtype, torch_dtype in _TORCH.items()}
# How the torch dialect writes element types where it differs from the IR.
_MLIR = {f"s{dtype.value}": dtype for dtype in (DType.I8, DType.I16, DType.I32, DType.I64)}
_VTENSOR = re.compile(r"!torch\.v?tensor<\[(.*?)\],(.*?)>$")


@dataclass(frozen=True)
class Declared:
    """What torch says of a tensor result: its dtype, and each extent that is a number (None for the others)."""

    dtype: DType
    shape: tuple[int | None, ...]


def dtype_of(dtype: torch.dtype) -> DType:
    """The element type of a torch dtype. Raises CompileError for one that mlc has no type for."""
    if dtype not in _FROM_TORCH:
        raise CompileError(f"tensors of {dtype} are not supported")
    return _FROM_TORCH[dtype]


def torch_dtype(dtype: DType) -> torch.dtype:
    """The torch dtype of an element type that torch has."""
    return _TORCH[dtype]


def is_known(dtype: torch.dtype) -> bool:
    """Whether `dtype_of` knows the dtype."""
    return dtype in _FROM_TORCH


def declared(text: str) -> Declared | None:
    """A type of the torch dialect read from its text; None for one that is no ranked tensor."""
    match = _VTENSOR.match(text)
    if match is None:
        return None
    shape = tuple(None if d == "?" else int(d) for d in match[1].split(",") if d)
    element = match[2]
    if element in _MLIR:
        return Declared(_MLIR[element], shape)
    try:
        return Declared(DType(element), shape)
    except ValueError:
        raise CompileError(f"tensors of {element} are not supported") from None


def shared_array(tensor: torch.Tensor) -> Array:
    """The tensor's own memory as an array of the same shape and strides; what the tensor holds now and later.

    Raises CompileError for a tensor that is not a dense one in this process's memory.
    """
    if tensor.device.type != "cpu" or tensor.layout is not torch.strided or tensor.is_quantized:
        raise CompileError(
            f"a tensor of {tensor.dtype} on {tensor.device} in layout {tensor.layout} is not supported; "
            "move the model to the CPU, dense and not quantized"
        )
    dtype = dtype_of(tensor.dtype)
    plain = tensor.detach().resolve_conj().resolve_neg()
    try:
        return np.asarray(plain.numpy())
    except TypeError:  # bfloat16 and the 8-bit floats: numpy has them through ml_dtypes
        bits = torch.int16 if tensor.element_size() == 2 else torch.uint8
        return np.asarray(plain.view(bits).numpy()).view(dtype.numpy)


def shared_tensor(array: Array) -> torch.Tensor:
    """The array's own memory as a tensor."""
    dtype = torch_dtype(DType.of(array.dtype))
    if not array.flags.writeable:
        array = array.copy()
    try:
        return torch.from_numpy(array)
    except TypeError:
        bits = np.int16 if array.dtype.itemsize == 2 else np.uint8
        return torch.from_numpy(array.view(bits)).view(dtype)
