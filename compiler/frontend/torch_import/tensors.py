"""Compiled models on torch tensors: memory is handed over by its address, in both directions, and never copied.

Who calls it: CompiledModule, and the torch.compile backend, for which every microsecond of a call counts.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import torch

from mlc.errors import CompileError
from mlc.frontend.torch_import.types import shared_array, shared_tensor, torch_dtype
from mlc.ir import DType
from mlc.runtime import Executable, InputError, TensorSpec, dims
from mlc.runtime.artifact import numpy_dtype


class TensorCall:
    """Calls an executable with tensors in the order of its inputs; the results are new tensors."""

    def __init__(self, executable: Executable) -> None:
        """Raises CompileError for a model with inputs or outputs that are no tensors."""
        artifact = executable.artifact
        if odd := [s.name for s in (*artifact.inputs, *artifact.outputs) if s.slot is not None]:
            raise CompileError(f"'{odd[0]}' is no tensor of numbers")
        self._run = executable.run_on
        self._inputs = [_Expected(spec) for spec in artifact.inputs]
        self._symbols = artifact.symbols
        self._readers = _readers(self._inputs)
        self._outputs = [_Result(spec, set(self._readers)) for spec in artifact.outputs]
        self._is_static = not artifact.symbols and all(i.size is not None for i in self._inputs)

    def __call__(self, tensors: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """The results. Raises InputError when a tensor does not fit, and what a call of the executable raises."""
        given = [
            tensor
            if tensor.is_cpu
            and tensor.layout is torch.strided  # others have no strides to ask for
            and tensor.size() == expected.size
            and tensor.dtype is expected.dtype
            and tensor.is_contiguous()
            and not tensor.is_neg()
            else expected.checked(tensor)
            for expected, tensor in zip(self._inputs, tensors, strict=True)
        ]
        if self._is_static:
            results = [torch.empty(result.size, dtype=result.dtype) for result in self._outputs]
            self._run([t.data_ptr() for t in given], [t.data_ptr() for t in results], ())
            return results
        return self._with_symbols(given)

    def _with_symbols(self, given: list[torch.Tensor]) -> list[torch.Tensor]:
        values = {name: given[i].size(axis) for name, (i, axis) in self._readers.items()}
        for expected, tensor in zip(self._inputs, given, strict=True):
            expected.check_sizes(tensor, values)
        results = [result.room(values) for result in self._outputs]
        symbols = [values.get(name, 0) for name in self._symbols]

        def late(index: int, address: int, known: Sequence[int]) -> None:
            results[index] = self._outputs[index].copied(address, dict(zip(self._symbols, known, strict=True)))

        rooms = [None if t is None else t.data_ptr() for t in results]
        self._run([t.data_ptr() for t in given], rooms, symbols, late)
        return [t for t in results if t is not None]


class _Expected:
    """What an input must be. `size` is its shape where that is known beforehand."""

    def __init__(self, spec: TensorSpec) -> None:
        self.name = spec.name
        self.dtype = torch_dtype(DType.of(numpy_dtype(spec.dtype)))
        self.dims = [dims.parse(dim) for dim in spec.shape]
        is_static = all(isinstance(dim, int) for dim in self.dims)
        self.size = torch.Size(dim for dim in self.dims if isinstance(dim, int)) if is_static else None

    def checked(self, tensor: torch.Tensor) -> torch.Tensor:
        """The tensor, dense and row-major; a copy where it is not. Raises InputError when it does not fit."""
        if not tensor.is_cpu:
            raise InputError(f"input {self.name!r}: is on {tensor.device}, move it to the CPU")
        if tensor.layout is not torch.strided:
            raise InputError(
                f"input {self.name!r}: expected a dense tensor, got {tensor.layout}; call to_dense() on it"
            )
        if tensor.dtype is not self.dtype:
            raise InputError(f"input {self.name!r}: expected {self.dtype}, got {tensor.dtype}")
        if tensor.dim() != len(self.dims) or (self.size is not None and tensor.size() != self.size):
            expected = ", ".join(str(d) if isinstance(d, int | str) else "?" for d in self.dims)
            raise InputError(f"input {self.name!r}: expected shape [{expected}], got {list(tensor.size())}")
        return tensor.detach().resolve_neg().resolve_conj().contiguous()

    def check_sizes(self, tensor: torch.Tensor, values: dict[str, int]) -> None:
        """Raises InputError unless each dim is what the symbols say."""
        for axis, dim in enumerate(self.dims):
            if dims.evaluate(dim, values) != tensor.size(axis):
                raise InputError(
                    f"input {self.name!r}: dim {axis} is {tensor.size(axis)}, "
                    f"the other inputs make it {dims.evaluate(dim, values)}"
                )


class _Result:
    """What an output will be. `size` is its shape where that is known beforehand."""

    def __init__(self, spec: TensorSpec, known: set[str]) -> None:
        self.dtype = torch_dtype(DType.of(numpy_dtype(spec.dtype)))
        self._dims = [dims.parse(dim) for dim in spec.shape]
        self._is_known = set().union(*map(dims.symbols_of, self._dims)) <= known
        self.size = [dim for dim in self._dims if isinstance(dim, int)]

    def room(self, values: dict[str, int]) -> torch.Tensor | None:
        """An uninitialized tensor for the result, or None where only the run tells its shape."""
        if not self._is_known:
            return None
        return torch.empty([dims.evaluate(dim, values) for dim in self._dims], dtype=self.dtype)

    def copied(self, address: int, values: dict[str, int]) -> torch.Tensor:
        """The result out of memory that is about to be given back."""
        tensor = torch.empty([dims.evaluate(dim, values) for dim in self._dims], dtype=self.dtype)
        if tensor.numel():
            ctypes.memmove(tensor.data_ptr(), address, tensor.numel() * tensor.element_size())
        return tensor


class ArrayCall:
    """The same for an interpreted module, by way of arrays that share the tensors' memory."""

    def __init__(self, interpreted: Any) -> None:
        self._interpreted = interpreted

    def __call__(self, tensors: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """The results, as new tensors."""
        arrays = self._interpreted.run(*[shared_array(t.detach()) for t in tensors])
        return [shared_tensor(array.copy()) for array in arrays]


def shares_memory(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether the ranges of memory that two dense tensors span have bytes in common."""
    if one.layout is not torch.strided or other.layout is not torch.strided:
        return False
    (start, end), (first, last) = _span(one), _span(other)
    return start < last and first < end


def _span(tensor: torch.Tensor) -> tuple[int, int]:
    """The addresses of the first byte and of the one behind the last; equal for a tensor without any."""
    if tensor.numel() == 0 or not tensor.is_cpu:
        return 0, 0
    elements = 1 + sum((size - 1) * stride for size, stride in zip(tensor.size(), tensor.stride(), strict=True))
    return tensor.data_ptr(), tensor.data_ptr() + elements * tensor.element_size()


def _readers(inputs: Sequence[_Expected]) -> dict[str, tuple[int, int]]:
    """(input, axis) to read each symbol's value from."""
    found: dict[str, tuple[int, int]] = {}
    for i, expected in enumerate(inputs):
        for axis, dim in enumerate(expected.dims):
            if isinstance(dim, str):
                found.setdefault(dim, (i, axis))
    return found
