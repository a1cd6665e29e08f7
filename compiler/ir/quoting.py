"""MLIR's string literals: printable ASCII stands for itself, every other byte is `\\XX` in hex."""

from __future__ import annotations

import re


def quote(text: str) -> str:
    """`text` as an MLIR string literal, UTF-8 bytes outside printable ASCII escaped."""
    return '"' + "".join(_escaped(byte) for byte in text.encode()) + '"'


def unquote(literal: str) -> str:
    """The text of a string literal in its quotes; also reads the short escapes `\\n`, `\\t`, `\\"` and `\\\\`."""

    def character(match: re.Match[bytes]) -> bytes:
        code = match.group(1)
        return _SHORT[code] if code in _SHORT else bytes([int(code, 16)])

    return re.sub(rb'\\([0-9A-Fa-f]{2}|[nt"\\])', character, literal[1:-1].encode()).decode(errors="surrogateescape")


def _escaped(byte: int) -> str:
    return chr(byte) if 0x20 <= byte < 0x7F and byte not in b'"\\' else f"\\{byte:02X}"


_SHORT = {b"n": b"\n", b"t": b"\t", b'"': b'"', b"\\": b"\\"}
