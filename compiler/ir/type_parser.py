"""Reads types from their text: `tensor<?x3xf32, "N,3">`, `!mlc.sequence<...>`, `!mlc.optional<...>`."""

from __future__ import annotations

import re

from mlc.ir.dims import Dim, parse_dim
from mlc.ir.quoting import unquote
from mlc.ir.types import DType, OptionalType, SequenceType, TensorType, Type

_DTYPES = {d.value: d for d in DType}
_TENSOR = re.compile(
    r"(?P<dims>(?:\*x)|(?:(?:\?|\d+)x)*)(?P<dtype>[^,\"]+?)\s*(?:,\s*(?P<encoding>\"(?:[^\"\\]|\\.)*\"))?"
)


def parse_type(text: str) -> Type:
    """The type that `text` writes. Raises ValueError saying what is wrong with it."""
    text = text.strip()
    for prefix, wrapper in (("!mlc.sequence<", SequenceType), ("!mlc.optional<", OptionalType)):
        if text.startswith(prefix) and text.endswith(">"):
            return wrapper(parse_type(text[len(prefix) : -1]))
    match = _TENSOR.fullmatch(text[7:-1].strip()) if text.startswith("tensor<") and text.endswith(">") else None
    if match is None:
        raise ValueError(f"{text!r} is not a type")
    dtype = parse_dtype(match["dtype"])
    if match["dims"] == "*x":
        return TensorType(dtype, None)
    marks = match["dims"].split("x")[:-1]
    if match["encoding"] is None:
        if "?" in marks:
            raise ValueError(f'{text}: a `?` needs its expression in the encoding, as in tensor<?xf32, "N">')
        return TensorType(dtype, tuple(int(m) for m in marks))
    dims = parse_dims(unquote(match["encoding"]))
    if len(dims) != len(marks) or any(
        m != (str(d) if isinstance(d, int) else "?") for m, d in zip(marks, dims, strict=True)
    ):
        raise ValueError(f"{text}: the encoding's dims are not those of the shape")
    return TensorType(dtype, dims)


def parse_dtype(text: str) -> DType:
    """The element type that `text` names. Raises ValueError for an unknown one."""
    if text not in _DTYPES:
        raise ValueError(f"unknown element type {text!r}")
    return _DTYPES[text]


def parse_dims(text: str) -> tuple[Dim, ...]:
    """Dims joined by commas; commas inside `min(...)` and `max(...)` do not separate."""
    parts: list[str] = []
    depth = begin = 0
    for at, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append(text[begin:at])
            begin = at + 1
    parts.append(text[begin:])
    return tuple(parse_dim(p) for p in parts) if text.strip() else ()
