"""Tensor data beside the model file: mapped read-only, and only from inside the model's own folder.

A model is untrusted input: a location that is absolute, climbs out with `..`, or passes through a symbolic link is
refused, or opening a model could read any file of its user.
"""

from __future__ import annotations

import mmap
import os
import stat
from pathlib import Path, PurePosixPath

import onnx

from mlc.errors import CompileError
from mlc.frontend.onnx_import.dtypes import byte_count, checked_shape, dtype_of, from_bytes
from mlc.ir import Array


class ExternalData:
    """The data files of one model, each mapped once. `folder` is None for a model that came from no file."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.paths: dict[Path, None] = {}
        self._maps: dict[str, memoryview] = {}

    def array(self, tensor: onnx.TensorProto) -> Array:
        """The contents of `tensor`, a view of its mapped file."""
        what = f"external data of tensor '{tensor.name}'"
        entries = {entry.key: entry.value for entry in tensor.external_data}
        dtype, shape = dtype_of(tensor.data_type), checked_shape(tensor)
        offset = _number(entries, "offset", what) or 0
        length = _number(entries, "length", what)
        expected = byte_count(dtype, shape)
        if length is not None and length != expected:
            raise CompileError(f"{what} has length {length}; shape {shape} of {dtype} needs {expected}")
        file = self._mapped(entries.get("location", ""), what)
        if offset + expected > len(file):
            location = entries["location"]
            raise CompileError(
                f"{what}: bytes {offset} to {offset + expected} lie outside of '{location}', which has {len(file)}"
            )
        return from_bytes(file[offset : offset + expected], dtype, shape, what)

    def _mapped(self, location: str, what: str) -> memoryview:
        if location not in self._maps:
            path = self._checked_path(location, what)
            self._maps[location] = _map(path, location, what)
            self.paths[path] = None
        return self._maps[location]

    def _checked_path(self, location: str, what: str) -> Path:
        if self.folder is None:
            raise CompileError(f"{what}: the model was not loaded from a file, so '{location}' has no folder")
        relative = PurePosixPath(location.replace("\\", "/"))
        if not relative.parts or "\0" in location:
            raise CompileError(f"{what} names no file")
        if relative.is_absolute() or ":" in relative.parts[0]:
            raise CompileError(f"{what}: '{location}' is absolute; data must lie in the model's folder")
        if ".." in relative.parts:
            raise CompileError(f"{what}: '{location}' leaves the model's folder")
        path = self.folder
        for part in relative.parts:
            path = path / part
            if path.is_symlink():
                raise CompileError(f"{what}: '{location}' passes through a symbolic link")
        return path


def _map(path: Path, location: str, what: str) -> memoryview:
    try:
        # O_NONBLOCK: a fifo must not hang the open; O_NOFOLLOW: nor may a link appear after the check.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise CompileError(f"{what}: cannot open '{location}': {error.strerror}") from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise CompileError(f"{what}: '{location}' is not a regular file")
        if status.st_size == 0:
            return memoryview(b"")
        return memoryview(mmap.mmap(descriptor, status.st_size, access=mmap.ACCESS_READ))
    finally:
        os.close(descriptor)


def _number(entries: dict[str, str], key: str, what: str) -> int | None:
    text = entries.get(key)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()):
        raise CompileError(f"{what}: {key} must be a number, got {text!r}")
    return int(text)
