"""The bytes of a model file as a ModelProto, or one error that says what the file is instead."""

from __future__ import annotations

from pathlib import Path

import onnx
from google.protobuf.message import DecodeError

from mlc.errors import CompileError


def read_model(path: Path) -> onnx.ModelProto:
    """The model in `path`, its external tensors left where they are. Raises CompileError located at the file."""
    try:
        if path.is_dir():
            raise CompileError("is a directory, not an ONNX model", where=path.name)
        content = path.read_bytes()
    except OSError as error:
        raise CompileError(f"cannot be read: {error.strerror}", where=path.name) from error
    if not content:
        raise CompileError("is empty, not an ONNX model", where=path.name)
    model = onnx.ModelProto()
    try:
        model.ParseFromString(content)
    except DecodeError as error:
        raise CompileError(f"is {_guess(content)}", where=path.name) from error
    if not model.HasField("graph") or not model.ir_version:
        raise CompileError(f"is {_guess(content)}: it has no graph", where=path.name)
    return model


def _guess(content: bytes) -> str:
    start = content[:512]
    if all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in start):
        return "a text file, not an ONNX model"
    # Field 1, ir_version, as a varint: how every ONNX file that was written by a tool begins.
    return "a truncated or damaged ONNX model" if start[:1] == b"\x08" else "not an ONNX model"
