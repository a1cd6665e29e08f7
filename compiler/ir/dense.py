"""Array literals: numpy arrays as MLIR's `dense<...>`, and back.

Finite floats are written as the shortest decimal that reads back to the same number, infinities and NaNs as their bits
in hex. Arrays whose elements are all the same bytes are written once (a splat); arrays over `ELIDED_BYTES` as a
resource handle that is a hash of their contents.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping

import numpy as np

from mlc.ir.quoting import quote, unquote
from mlc.ir.signature import Array
from mlc.ir.types import DType, TensorType, type_of

ELIDED_BYTES = 4096
# The first four bytes of a resource are its alignment, little-endian: 64, a line of the cache.
_ALIGNMENT = "40000000"


def dense_text(array: Array, *, elide: bool = True) -> str:
    """`array` as an elements attribute with its type: `dense<[1, 2]> : tensor<2xi64>`."""
    kind = type_of(array)
    if array.size == 0:
        return f"dense<> : {kind}"
    if is_splat(array):
        return f"dense<{element_text(array.reshape(-1)[0], kind.dtype)}> : {kind}"
    if elide and is_elided(array):
        return f"dense_resource<{handle(array)}> : {kind}"
    return f"dense<{_nested(array, kind.dtype)}> : {kind}"


def resources_text(arrays: Mapping[str, Array]) -> str:
    """The section of a module's text that gives MLIR the bytes of `dense_resource` handles."""
    blobs = [f'      {n}: "0x{_ALIGNMENT}{_bytes(a).tobytes().hex().upper()}"' for n, a in arrays.items()]
    entries = ",\n".join(blobs)
    return f"\n{{-#\n  dialect_resources: {{\n    builtin: {{\n{entries}\n    }}\n  }}\n#-}}\n"


def resources_of(text: str) -> dict[str, Array]:
    """The bytes by handle in such a section, ours or MLIR's. Raises ValueError where one is not whole bytes."""
    found = re.findall(r'([A-Za-z_][\w$.-]*)\s*:\s*"0x([0-9A-Fa-f]*)"', text)
    return {name: np.frombuffer(bytes.fromhex(digits), np.uint8)[4:] for name, digits in found}


def is_splat(array: Array) -> bool:
    """Whether the array is not empty and all its elements are the same bytes."""
    if array.dtype == object:
        return len(set(array.reshape(-1).tolist())) == 1
    flat = _bytes(array).reshape(array.size, -1)
    return array.size > 0 and bool((flat[:1] == flat[-1:]).all()) and bool((flat == flat[0]).all())


def is_elided(array: Array) -> bool:
    """Whether `dense_text` writes a handle for this array."""
    return array.dtype != object and array.nbytes > ELIDED_BYTES and not is_splat(array)


def handle(array: Array) -> str:
    """The resource name of an elided array: a hash of its dtype, shape and bytes."""
    digest = hashlib.sha256(f"{array.dtype}{array.shape}".encode())
    digest.update(_bytes(array).data)
    return f"w_{digest.hexdigest()[:16]}"


def _bytes(array: Array) -> Array:
    """The bytes in memory, row-major; a narrow type has a byte for each element."""
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8)


def element_text(value: object, dtype: DType) -> str:
    """One element as it stands inside `dense<>`."""
    if dtype is DType.STRING:
        return quote(value.decode() if isinstance(value, bytes) else str(value))
    scalar = np.asarray(value, dtype.numpy)
    if dtype is DType.BOOL:
        return "true" if scalar else "false"
    if dtype.is_complex:
        part = DType.F32 if dtype is DType.C64 else DType.F64
        return f"({float_text(scalar.real, part)}, {float_text(scalar.imag, part)})"
    return float_text(scalar, dtype) if dtype.is_float else str(int(scalar))


def float_text(value: Array | np.generic | float, dtype: DType) -> str:
    """A float with a point, as MLIR wants it: `1.0e-05`, or its bits in hex when it is not finite."""
    number = float(value)
    if not np.isfinite(number):
        bits = int(np.asarray(value, dtype.numpy).reshape(1).view(f"u{dtype.itemsize}")[0])
        return f"0x{bits:0{dtype.itemsize * 2}X}"
    text = repr(number) if dtype is DType.F64 else str(np.float32(number))
    mantissa, _, exponent = text.partition("e")
    mantissa = mantissa if "." in mantissa else f"{mantissa}.0"
    return f"{mantissa}e{exponent}" if exponent else mantissa


def array_from_elements(texts: list[str], kind: TensorType) -> Array:
    """The array of `kind` (static) whose elements are `texts` in row-major order; one text is a splat.

    Raises ValueError when the count or an element does not fit the type.
    """
    shape = kind.static_shape
    count = int(np.prod(shape, dtype=np.int64))
    if len(texts) == 1 and texts[0].startswith('"0x') and kind.dtype is not DType.STRING:
        return _from_bytes(bytes.fromhex(texts[0][3:-1]), kind, count).reshape(shape)
    if len(texts) != count and len(texts) != 1:
        raise ValueError(f"{len(texts)} elements for {kind}, which has {count}")
    flat = np.empty(len(texts), kind.dtype.numpy)
    for index, text in enumerate(texts):
        flat[index] = element_from_text(text, kind.dtype)
    if len(texts) == count:
        return flat.reshape(shape)
    return np.full(shape, flat[0], kind.dtype.numpy)


def _from_bytes(data: bytes, kind: TensorType, count: int) -> Array:
    """The elements that MLIR prints as the hexadecimal text of their bytes; one element's is a splat.

    Booleans are a byte each; up to 2025 MLIR packed eight of them in one.
    """
    if kind.dtype is DType.BOOL:
        raw = np.frombuffer(data, np.uint8)
        if len(data) == -(-count // 8) and len(data) > 1:
            return np.unpackbits(raw, bitorder="little").astype(np.bool_)[:count]
        if len(data) in (count, 1):
            return np.resize(raw != 0, count)
    if len(data) not in (count * kind.dtype.itemsize, kind.dtype.itemsize):
        raise ValueError(f"{len(data)} bytes for {kind}, which has {count * kind.dtype.itemsize}")
    return np.resize(np.frombuffer(data, kind.dtype.numpy), count)


def element_from_text(text: str, dtype: DType) -> object:
    """The element a token of a `dense<>` stands for. Raises ValueError when it is not of the type."""
    if dtype is DType.STRING:
        return unquote(text)
    if dtype is DType.BOOL:
        if text not in ("true", "false"):
            raise ValueError(f"{text} is not true or false")
        return text == "true"
    if dtype.is_float:
        if text.startswith("0x"):
            return np.array([int(text, 16)], f"u{dtype.itemsize}").view(dtype.numpy)[0]
        return np.array(float(text), np.float64).astype(dtype.numpy)
    if dtype.is_complex:
        raise ValueError(f"{text} is not a pair")
    value = int(text, 0)
    low = -(1 << (dtype.bits - 1)) if dtype.is_signed else 0
    if not low <= value < (1 << (dtype.bits - (1 if dtype.is_signed else 0))):
        raise ValueError(f"{text} does not fit {dtype}")
    return value


def _nested(array: Array, dtype: DType) -> str:
    if array.ndim == 0:
        return element_text(array[()], dtype)
    return "[" + ", ".join(_rows(array, dtype)) + "]"


def _rows(array: Array, dtype: DType) -> Iterator[str]:
    for row in array:
        yield _nested(np.asarray(row, array.dtype), dtype)
