"""LLVM IR text of MLIR's LLVM, rewritten where llvmlite's older LLVM reads it differently, and for bfloats.

Newer LLVM writes `f0x` and the number's own bits, words for infinities and NaN, and the shortest decimal text; older
LLVM wants the bits of the f64 that an f32 is, and takes a decimal text only where it is exact.
"""

from __future__ import annotations

import re
import struct

_TYPE = re.compile(r"\b(float|double|half|bfloat)\b")
_CONSTANT = re.compile(r"(?<![\w.%@\"-])(f0x[0-9A-F]+|[+-](?:inf|q?nan|snan)\b|-?\d+\.\d*(?:e[+-]?\d+)?)(?![\w.])")

_BFLOAT_CONSTANT = re.compile(r"\bbfloat 0xR([0-9A-F]{4})\b")


def older_floats(code: str) -> str:
    """The text with every float constant as hexadecimal bits."""
    return "\n".join(_line(line) if _CONSTANT.search(line) else line for line in code.split("\n"))


def bfloats_as_integers(code: str) -> str:
    """The text, its constants of `older_floats`, with every bfloat as the i16 of its bits.

    MLIR has made bit operations of all arithmetic on them by now; a bfloat that is only moved LLVM still holds as an
    f32 where the target has no bf16, and calls compiler-rt to store it.
    """
    code = _BFLOAT_CONSTANT.sub(lambda found: f"i16 {int(found.group(1), 16)}", code)
    return re.sub(r"\bbfloat\b", "i16", re.sub(r"(\.v\d+)bf16\b", r"\1i16", code))


def _line(line: str) -> str:
    """A constant has the type that was named last before it."""
    made: list[str] = []
    at = 0
    for match in _CONSTANT.finditer(line):
        types = _TYPE.findall(line, 0, match.start())
        if not types:
            continue
        made += [line[at : match.start()], _bits(match.group(1), types[-1])]
        at = match.end()
    return "".join([*made, line[at:]])


def _bits(text: str, kind: str) -> str:
    if text.startswith("f0x"):
        digits = text[3:]
        if kind == "float":
            [number] = struct.unpack(">f", bytes.fromhex(digits))
            return f"0x{struct.pack('>d', number).hex().upper()}"
        return f"0x{_PREFIX[kind]}{digits}"
    number = float(text.replace("qnan", "nan").replace("snan", "nan"))
    match kind:
        case "double":
            return f"0x{struct.pack('>d', number).hex().upper()}"
        case "float":
            [rounded] = struct.unpack(">f", struct.pack(">f", number))
            return f"0x{struct.pack('>d', rounded).hex().upper()}"
        case "half":
            return f"0xH{struct.pack('>e', number).hex().upper()}"
        case _:
            return f"0xR{struct.pack('>f', number).hex().upper()[:4]}"


_PREFIX = {"double": "", "half": "H", "bfloat": "R"}
