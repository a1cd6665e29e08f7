"""Types of values: tensors of every ONNX element type, sequences, optionals.

Types are frozen and compared by value. `str(type)` is MLIR text: `tensor<?x3xf32, "N,3">` carries the dims as an
encoding where some are symbolic.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

import ml_dtypes
import numpy as np

from mlc.ir.dims import Dim, is_static, product, symbols_of


class DType(enum.Enum):
    """An element type; the value is its MLIR spelling."""

    BOOL = "i1"
    I2 = "i2"
    I4 = "i4"
    I8 = "i8"
    I16 = "i16"
    I32 = "i32"
    I64 = "i64"
    U2 = "ui2"
    U4 = "ui4"
    U8 = "ui8"
    U16 = "ui16"
    U32 = "ui32"
    U64 = "ui64"
    F16 = "f16"
    BF16 = "bf16"
    F32 = "f32"
    F64 = "f64"
    F8E4M3FN = "f8E4M3FN"
    F8E4M3FNUZ = "f8E4M3FNUZ"
    F8E5M2 = "f8E5M2"
    F8E5M2FNUZ = "f8E5M2FNUZ"
    F8E8M0 = "f8E8M0FNU"
    F4E2M1 = "f4E2M1FN"
    C64 = "complex<f32>"
    C128 = "complex<f64>"
    STRING = "!mlc.string"

    def __str__(self) -> str:
        return self.value

    @property
    def numpy(self) -> np.dtype[np.generic]:
        """The dtype of arrays of this type; i2, i4, ui2, ui4 and f4 take one byte an element, strings are objects."""
        return _NUMPY[self]

    @property
    def itemsize(self) -> int:
        """Bytes one element takes in memory."""
        return int(self.numpy.itemsize)

    @property
    def bits(self) -> int:
        """Bits of information in one element: 4 for i4, 1 for bool."""
        return _BITS.get(self, self.itemsize * 8)

    @property
    def is_float(self) -> bool:
        """Whether this is a real floating-point type of any width."""
        return self.value.startswith(("f", "bf"))

    @property
    def is_signed(self) -> bool:
        """Whether this is a signed integer type (bool is not)."""
        return self.value.startswith("i") and self is not DType.BOOL

    @property
    def is_unsigned(self) -> bool:
        """Whether this is an unsigned integer type (bool is not)."""
        return self.value.startswith("ui")

    @property
    def is_integer(self) -> bool:
        """Whether this is a signed or unsigned integer type (bool is not)."""
        return self.is_signed or self.is_unsigned

    @property
    def is_complex(self) -> bool:
        """Whether elements are complex numbers."""
        return self.value.startswith("complex")

    @staticmethod
    def of(dtype: np.dtype[np.generic] | type) -> DType:
        """The element type of a numpy dtype; str and object dtypes are STRING. Raises KeyError for a foreign dtype."""
        dtype = np.dtype(dtype)
        if dtype.kind in "USO":
            return DType.STRING
        return _FROM_NUMPY[dtype]


_NUMPY: dict[DType, np.dtype[np.generic]] = {
    DType.BOOL: np.dtype(np.bool_),
    DType.I2: np.dtype(ml_dtypes.int2),
    DType.I4: np.dtype(ml_dtypes.int4),
    DType.I8: np.dtype(np.int8),
    DType.I16: np.dtype(np.int16),
    DType.I32: np.dtype(np.int32),
    DType.I64: np.dtype(np.int64),
    DType.U2: np.dtype(ml_dtypes.uint2),
    DType.U4: np.dtype(ml_dtypes.uint4),
    DType.U8: np.dtype(np.uint8),
    DType.U16: np.dtype(np.uint16),
    DType.U32: np.dtype(np.uint32),
    DType.U64: np.dtype(np.uint64),
    DType.F16: np.dtype(np.float16),
    DType.BF16: np.dtype(ml_dtypes.bfloat16),
    DType.F32: np.dtype(np.float32),
    DType.F64: np.dtype(np.float64),
    DType.F8E4M3FN: np.dtype(ml_dtypes.float8_e4m3fn),
    DType.F8E4M3FNUZ: np.dtype(ml_dtypes.float8_e4m3fnuz),
    DType.F8E5M2: np.dtype(ml_dtypes.float8_e5m2),
    DType.F8E5M2FNUZ: np.dtype(ml_dtypes.float8_e5m2fnuz),
    DType.F8E8M0: np.dtype(ml_dtypes.float8_e8m0fnu),
    DType.F4E2M1: np.dtype(ml_dtypes.float4_e2m1fn),
    DType.C64: np.dtype(np.complex64),
    DType.C128: np.dtype(np.complex128),
    DType.STRING: np.dtype(object),
}
_FROM_NUMPY = {numpy: dtype for dtype, numpy in _NUMPY.items()}
_BITS = {DType.BOOL: 1, DType.I2: 2, DType.U2: 2, DType.I4: 4, DType.U4: 4, DType.F4E2M1: 4}


class UnknownRank(AssertionError):
    """Something asked for the dims of a tensor of unknown rank without looking first."""


@dataclass(frozen=True)
class TensorType:
    """A tensor of `dtype`; `shape` is None when even the rank is known only at run time."""

    dtype: DType
    shape: tuple[Dim, ...] | None

    @property
    def dims(self) -> tuple[Dim, ...]:
        """The shape of a ranked tensor; an op whose operand may be unranked asks `shape` instead."""
        if self.shape is None:
            raise UnknownRank(self)
        return self.shape

    @property
    def rank(self) -> int:
        """Number of dims of a ranked tensor."""
        return len(self.dims)

    @property
    def is_static(self) -> bool:
        """Whether every dim is a number."""
        return self.shape is not None and all(is_static(d) for d in self.shape)

    @property
    def static_shape(self) -> tuple[int, ...]:
        """The shape as numbers; only for static types."""
        assert self.is_static, self
        return tuple(d for d in self.dims if isinstance(d, int))

    @property
    def element_count(self) -> Dim:
        """Product of the dims."""
        return product(self.dims)

    @property
    def byte_count(self) -> Dim:
        """Bytes of the dense row-major tensor in memory."""
        return self.element_count * self.dtype.itemsize

    def symbols(self) -> list[str]:
        """Names of the symbols in the shape, each once, in order."""
        return list(dict.fromkeys(s for d in self.shape or () for s in symbols_of(d)))

    def with_dtype(self, dtype: DType) -> TensorType:
        """The same shape with other elements."""
        return TensorType(dtype, self.shape)

    def with_shape(self, shape: tuple[Dim, ...] | None) -> TensorType:
        """The same elements in another shape."""
        return TensorType(self.dtype, shape)

    def __str__(self) -> str:
        if self.shape is None:
            return f"tensor<*x{self.dtype}>"
        dims = "".join(f"{d if is_static(d) else '?'}x" for d in self.shape)
        encoding = "" if self.is_static else f', "{",".join(str(d) for d in self.shape)}"'
        return f"tensor<{dims}{self.dtype}{encoding}>"


@dataclass(frozen=True)
class SequenceType:
    """A list of values of one type, as ONNX's seq(T)."""

    element: Type

    def __str__(self) -> str:
        return f"!mlc.sequence<{self.element}>"


@dataclass(frozen=True)
class OptionalType:
    """A value of the element type, or nothing, as ONNX's optional(T)."""

    element: Type

    def __str__(self) -> str:
        return f"!mlc.optional<{self.element}>"


Type = TensorType | SequenceType | OptionalType


def tensor(dtype: DType, *dims: Dim) -> TensorType:
    """Shorthand: `tensor(DType.F32, 1, 3, n)`."""
    return TensorType(dtype, tuple(dims))


def type_of(array: np.ndarray) -> TensorType:
    """The static type of a numpy array."""
    return TensorType(DType.of(array.dtype), tuple(int(d) for d in array.shape))
