"""One call of native code from Python's side: struct mlc_call of mlc_runtime.h and the memory that it points to."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import c_int64, c_void_p
from typing import Any

import numpy as np
import numpy.typing as npt

from mlc.runtime import native
from mlc.runtime.artifact import Artifact

Array = npt.NDArray[Any]

OUT_OF_MEMORY = -2  # MLC_CALL_OUT_OF_MEMORY
HOST_STEP_FAILED = -1  # MLC_CALL_HOST_STEP_FAILED


class MlcCall(ctypes.Structure):
    """struct mlc_call, field by field; the header says what each is."""

    _fields_ = (
        ("inputs", c_void_p),
        ("outputs", c_void_p),
        ("weights", c_void_p),
        ("workspace", c_void_p),
        ("symbols", c_void_p),
        ("arena", c_void_p),
        ("host_step", c_void_p),
        ("host_ctx", c_void_p),
        ("values", c_void_p),
        ("shapes", c_void_p),
        ("profile", c_void_p),
        ("error_args", c_int64 * 4),
    )


class Frame:
    """An mlc_call and the arrays that its fields point to; one call at a time uses it, later calls use it again."""

    def __init__(self, artifact: Artifact, weights: Array) -> None:
        self.inputs = (c_void_p * len(artifact.inputs))()
        self.outputs = (c_void_p * len(artifact.outputs))()
        self.symbols = (c_int64 * len(artifact.symbols))()
        self._values = (c_void_p * artifact.slot_count)()
        self._shapes = (c_void_p * artifact.slot_count)()
        self.call = MlcCall(
            inputs=ctypes.addressof(self.inputs),
            outputs=ctypes.addressof(self.outputs),
            weights=weights.ctypes.data,
            symbols=ctypes.addressof(self.symbols),
            values=ctypes.addressof(self._values),
            shapes=ctypes.addressof(self._shapes),
        )
        self.address = ctypes.addressof(self.call)
        self._begin, self._end = native.library().mlc_call_begin, native.library().mlc_call_end

    def begin(self, workspace_bytes: int) -> None:
        """Takes an arena and workspace_bytes bytes for one call. Raises MemoryError, and has taken neither then."""
        if self._begin(self.address, workspace_bytes):
            raise MemoryError(native.last_error())

    def end(self) -> None:
        """Gives both back; nothing to do where begin has failed."""
        self._end(self.address)


def address_of(array: Array) -> int:
    """Where the array's data lies; several times as fast as array.ctypes.data where the array can be written to."""
    try:
        return ctypes.addressof(ctypes.c_char.from_buffer(array))  # type: ignore[arg-type]  # is a buffer since 3.12
    except (TypeError, ValueError):  # it is read-only, empty, or of a dtype that buffers do not know
        address: int = array.__array_interface__["data"][0]
        return address


def array_at(address: int | None, dtype: np.dtype[Any], shape: Sequence[int]) -> Array:
    """A read-only view of a dense row-major tensor in native memory; the caller keeps that memory alive."""
    element_count = int(np.prod(shape, dtype=np.int64))
    if element_count == 0:
        return np.empty(shape, dtype)
    assert address, f"NULL where a {dtype} tensor of shape {tuple(shape)} should be"
    memory = (ctypes.c_char * (element_count * dtype.itemsize)).from_address(address)
    view: Array = np.frombuffer(memoryview(memory), dtype).reshape(shape)
    view.flags.writeable = False
    return view


def arena_copy(arena: int, array: Array) -> int:
    """The address of a copy of array, dense and row-major, that lives as long as the arena."""
    dense = np.require(array, requirements=["C", "A"])
    address: int | None = native.library().mlc_arena_alloc(arena, dense.nbytes)
    if address is None:
        raise MemoryError(native.last_error())
    ctypes.memmove(address, address_of(dense), dense.nbytes)
    return address
