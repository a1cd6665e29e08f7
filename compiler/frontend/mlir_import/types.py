"""MLIR's types as the IR's: element types, ranked tensors with their dims, and why the others are refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch_mlir import ir

from mlc.errors import CompileError
from mlc.ir import Dim, DType, TensorType
from mlc.ir.type_parser import parse_dims


@dataclass(frozen=True)
class Declared:
    """What MLIR says of a tensor or scalar: its dtype, and each extent that is a number (None for `?`)."""

    dtype: DType
    shape: tuple[int | None, ...]

    def __str__(self) -> str:
        dims = "".join("?x" if d is None else f"{d}x" for d in self.shape)
        return f"tensor<{dims}{self.dtype}>"


def dtype_of(element: Any) -> DType:
    """The element type; integers without a sign are signed, as arith's unsigned ops say themselves what they mean.

    Raises CompileError for one that tensors of the IR do not have.
    """
    if isinstance(element, ir.IndexType):
        return DType.I64
    text = str(element)
    if isinstance(element, ir.IntegerType):
        text = text.removeprefix("s")
    try:
        dtype = DType(text)
    except ValueError:
        raise CompileError(f"elements of type {element} are not supported") from None
    if dtype.is_complex:
        raise CompileError(f"complex numbers ({element}) are not supported")
    return dtype


def declared(kind: Any) -> Declared | None:
    """What a tensor or scalar type says; None for types that are no values of the IR, such as tosa's shapes.

    Raises CompileError for tensors and buffers that cannot be imported.
    """
    match kind:
        case ir.RankedTensorType():
            return Declared(dtype_of(kind.element_type), tuple(None if d < 0 else d for d in kind.shape))
        case ir.IntegerType() | ir.IndexType() | ir.FloatType() | ir.ComplexType():
            return Declared(dtype_of(kind), ())
        case ir.UnrankedTensorType():
            raise CompileError(f"{kind} has no rank; give every tensor a rank, with `?` where an extent varies")
        case ir.MemRefType() | ir.UnrankedMemRefType():
            raise CompileError(f"{kind} is a buffer; export the model before bufferization, on tensors")
        case ir.VectorType():
            raise CompileError(f"{kind} is a vector; export the model before vectorization, on tensors")
    return None


def encoded_dims(kind: Any) -> tuple[Dim, ...] | None:
    """The dims that a tensor's encoding spells, as mlc writes them: `tensor<?x3xf32, "N,3">`; None without one."""
    if not isinstance(kind, ir.RankedTensorType) or kind.encoding is None:
        return None
    encoding = kind.encoding
    if not isinstance(encoding, ir.StringAttr):
        raise CompileError(f"the encoding {encoding} of {kind} is not supported")
    try:
        dims = parse_dims(encoding.value)
    except ValueError as error:
        raise CompileError(f"the encoding of {kind} does not spell dims: {error}") from None
    numbers = tuple(None if d < 0 else d for d in kind.shape)
    if len(dims) != len(numbers) or any(n is not None and n != d for n, d in zip(numbers, dims, strict=True)):
        raise CompileError(f"the encoding of {kind} has other dims than its shape")
    return dims


def tensor_type(dtype: DType, dims: tuple[Dim, ...]) -> TensorType:
    """Shorthand for the IR's type."""
    return TensorType(dtype, dims)
