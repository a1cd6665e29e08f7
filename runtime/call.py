"""One call of native code from Python's side: struct mlc_call of mlc_runtime.h and the memory that it points to."""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Iterator, Sequence
from ctypes import c_int64, c_void_p
from typing import Any

import numpy as np
import numpy.typing as npt

from mlc.runtime import native

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


Pointers = ctypes.Array[c_void_p]


def pointers(arrays: Sequence[Array | None]) -> Pointers:
    """The addresses of the arrays' data, NULL for None. The arrays must outlive their use."""
    return (c_void_p * len(arrays))(*(None if array is None else array.ctypes.data for array in arrays))


def pointer_slots(count: int) -> Pointers:
    """count NULL pointers for native code and host steps to fill."""
    return (c_void_p * count)()


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
    ctypes.memmove(address, dense.ctypes.data, dense.nbytes)
    return address


@contextlib.contextmanager
def workspace(byte_count: int) -> Iterator[int]:
    """The address of byte_count bytes for this call alone, given back at the end. Raises MemoryError."""
    library = native.library()
    address = library.mlc_workspace_take(byte_count)
    if address is None:
        raise MemoryError(native.last_error())
    try:
        yield address
    finally:
        library.mlc_workspace_give(address)


@contextlib.contextmanager
def arena() -> Iterator[int]:
    """An arena for this call alone, freed with all its buffers at the end. Raises MemoryError."""
    library = native.library()
    address = library.mlc_arena_new()
    if address is None:
        raise MemoryError(native.last_error())
    try:
        yield address
    finally:
        library.mlc_arena_free(address)
