"""The numbers of `dense_resource` constants: hex in the text's last section, made bytes when a constant needs them.

MLIR's bindings do not hand them out. Cutting the section off before MLIR reads the text spares a copy of all weights.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from mlc.errors import CompileError
from mlc.ir import Array, DType
from mlc.ir.quoting import unquote

_ENTRY = re.compile(r'(?P<name>[\w.$-]+|"(?:[^"\\]|\\.)*")\s*:\s*"0x')
# Hex digits of the alignment that a blob begins with, a 32-bit number.
_ALIGNMENT = 8


class Resources:
    """Where each resource's hex digits begin and end in a text."""

    def __init__(self, text: str, spans: Mapping[str, tuple[int, int]]) -> None:
        self._text = text
        self._spans = spans

    @staticmethod
    def split(text: str) -> tuple[str, Resources]:
        """The text without its section of resources, and that section."""
        at = 0 if text.startswith("{-#") else text.find("\n{-#")
        if at < 0:
            return text, Resources("", {})
        spans: dict[str, tuple[int, int]] = {}
        found = _ENTRY.search(text, at)
        while found is not None:
            end = text.find('"', found.end())
            end = len(text) if end < 0 else end
            name = found["name"]
            spans[unquote(name) if name.startswith('"') else name] = (found.end(), end)
            found = _ENTRY.search(text, end)
        return text[:at], Resources(text, spans)

    def array(self, name: str, dtype: DType, shape: tuple[int, ...]) -> Array:
        """The resource as an array. Raises CompileError when it is not in the text or has another size."""
        if name not in self._spans:
            raise CompileError(f"the numbers of dense_resource<{name}> are not in the text; export it without eliding")
        begin, end = self._spans[name]
        try:
            data: Any = np.frombuffer(bytes.fromhex(self._text[begin + _ALIGNMENT : end]), np.uint8)
        except ValueError:
            raise CompileError(f"dense_resource<{name}> is not hexadecimal") from None
        count = int(np.prod(shape, dtype=np.int64))
        if dtype is DType.BOOL and data.nbytes != count and data.nbytes == -(-count // 8):
            return np.unpackbits(data, count=count, bitorder="little").astype(np.bool_).reshape(shape)
        if data.nbytes != count * dtype.itemsize:
            raise CompileError(f"dense_resource<{name}> has {data.nbytes} bytes, its type {count * dtype.itemsize}")
        return np.asarray(data.view(dtype.numpy)).reshape(shape)
