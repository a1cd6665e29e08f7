"""A compiled model ready to be called with numpy arrays.

One call: bind the arguments, take a workspace and an arena, fill an mlc_call, run native main, hand out fresh arrays.
Everything of a call is its own, so one Executable may be called from many threads at once.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Mapping, Sequence
from ctypes import c_int64
from typing import Any, Self, TypeVar

import numpy as np

from mlc.errors import CompileError
from mlc.runtime import dims, native
from mlc.runtime.archive import Bytes
from mlc.runtime.artifact import OBJECT, Artifact, ArtifactError, TensorSpec, aligned_bytes, load, numpy_dtype
from mlc.runtime.binding import Bound, InputBinder
from mlc.runtime.call import OUT_OF_MEMORY, Array, Frame, MlcCall, address_of, array_at
from mlc.runtime.code import LinkedCode, missing_features
from mlc.runtime.host_steps import HostStepRunner, StepFunction


class RunError(CompileError):
    """The model met values that its operators refuse, such as an index out of range."""


class Executable:
    """A compiled model that takes numpy arrays and returns fresh ones.

    `exe(x, y)`, `exe(x=..., y=...)` and `exe({"x": ..., "y": ...})` are the same call. A model with one output returns
    it, any other a tuple. Safe to call from several threads at once; outputs never alias inputs, weights or each other.
    Kernels keep scratch memory on the stack, up to half of L2 (2 MiB at most): a thread whose stack is not the system's
    own of 8 MiB (threading.stack_size) needs 4 MiB.
    """

    def __init__(self, artifact: Artifact, host_steps: Sequence[StepFunction] = ()) -> None:
        """Links the artifact's code; host_steps holds a callable for each of artifact.steps.

        Raises ArtifactError when this CPU lacks a feature that the code needs, or the code does not link.
        """
        if missing := missing_features(artifact.features):
            raise ArtifactError(
                f"compiled for {artifact.target}, but this CPU has no {', '.join(missing)}; compile it for this machine"
            )
        self.artifact = artifact
        self._code = LinkedCode(artifact.code)
        self._binder = InputBinder(artifact)
        self._weights = _aligned(artifact.weights)
        self._outputs = [_Output(spec, self._binder.input_symbols) for spec in artifact.outputs]
        self._steps = HostStepRunner(artifact.steps, host_steps)
        self._idle_frames: list[Frame] = []
        self._fixed_workspace_bytes = None if artifact.symbols else self._code.workspace_bytes(None)

    def __repr__(self) -> str:
        inputs, outputs = (", ".join(map(str, specs)) for specs in (self.artifact.inputs, self.artifact.outputs))
        return f"<{type(self).__name__} ({inputs}) -> ({outputs}) for {self.artifact.target}>"

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, verify: bool = False) -> Self:
        """The model in an artifact file; verify also reads and checks its weights. Raises ArtifactError."""
        artifact = load(path, verify=verify)
        try:
            return cls(artifact, cls.host_steps(artifact))
        except ArtifactError as error:
            raise error.at(str(path)) from None

    @classmethod
    def host_steps(cls, artifact: Artifact) -> Sequence[StepFunction]:
        """The callables of a loaded artifact's host steps. The runtime knows no operator: the driver overrides this."""
        if artifact.steps:
            names = ", ".join(dict.fromkeys(step.name for step in artifact.steps))
            raise ArtifactError(f"it has steps that run in Python ({names}); load it with mlc.Executable.load")
        return ()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the model as one file that load reads; an existing file is replaced whole or not at all."""
        self.artifact.save(path)

    def __reduce__(self) -> tuple[Callable[[type[Self], Artifact], Self], tuple[type[Self], Artifact]]:
        """A pickle, or a copy, holds the artifact with its weights and is linked anew where it is opened."""
        return _linked, (type(self), self.artifact)

    def __call__(self, *arrays: object, **named: object) -> Any:
        """The output, or a tuple of several. Raises InputError when the arguments do not fit, RunError when an operator
        refuses their values, and whatever a host step raised."""
        outputs = self.run(*arrays, **named)
        return outputs[0] if len(outputs) == 1 else outputs

    def run(self, *arrays: object, **named: object) -> tuple[Any, ...]:
        """Like a call, but always a tuple."""
        return self._run(self._bind(arrays, named), None)

    def run_profiled(self, *arrays: object, **named: object) -> tuple[tuple[Any, ...], list[int]]:
        """The outputs, and the nanoseconds spent in each row of artifact.profile_rows."""
        times = (c_int64 * len(self.artifact.profile_rows))()
        return self._run(self._bind(arrays, named), ctypes.addressof(times)), list(times)

    def run_on(
        self,
        inputs: Sequence[int],
        outputs: Sequence[int | None],
        symbols: Sequence[int],
        late: Callable[[int, int, Sequence[int]], None] | None = None,
    ) -> None:
        """One call on the caller's own memory: addresses of dense inputs and of room for the outputs.

        `symbols` has the value of each of artifact.symbols, 0 for those that only the run tells. An output whose room
        is None has such a shape: `late(index, address, symbols)` is called for it while its memory lasts. Nothing is
        checked: who calls vouches for shapes and dtypes. Raises what a call raises.
        """
        try:
            frame = self._idle_frames.pop()
        except IndexError:
            frame = Frame(self.artifact, self._weights)
        frame.inputs[:] = inputs  # type: ignore[call-overload]
        frame.outputs[:] = outputs  # type: ignore[call-overload]
        frame.symbols[:] = symbols  # type: ignore[call-overload]
        frame.call.profile = None
        try:
            frame.begin(self._workspace_bytes(frame))
            self._check(self._run_main(frame, {}), frame.call)
            for index, room in enumerate(outputs):
                if room is None and late is not None:
                    late(index, frame.outputs[index] or 0, list(frame.symbols))
        finally:
            frame.end()
            self._idle_frames.append(frame)

    def _bind(self, arrays: tuple[object, ...], named: Mapping[str, object]) -> Bound:
        if len(arrays) == 1 and not named and isinstance(arrays[0], Mapping):
            return self._binder.bind((), arrays[0])
        return self._binder.bind(arrays, named)

    def _run(self, bound: Bound, profile: int | None) -> tuple[Any, ...]:
        prepared = [output.prepare(bound.symbols) for output in self._outputs]
        try:
            frame = self._idle_frames.pop()
        except IndexError:
            frame = Frame(self.artifact, self._weights)
        frame.inputs[:] = [tensor if tensor is None else address_of(tensor) for tensor in bound.tensors]
        frame.outputs[:] = [output if output is None else address_of(output) for output in prepared]
        if self.artifact.symbols:
            frame.symbols[:] = [bound.symbols.get(name, 0) for name in self.artifact.symbols]
        frame.call.profile = profile
        try:
            frame.begin(self._workspace_bytes(frame))
            self._check(self._run_main(frame, bound.objects), frame.call)
            return self._finish(prepared, frame, bound.objects)
        finally:
            frame.end()
            self._idle_frames.append(frame)

    def _workspace_bytes(self, frame: Frame) -> int:
        """The workspace of a call with the frame's symbols; asked for once where there are none."""
        if self._fixed_workspace_bytes is not None:
            return self._fixed_workspace_bytes
        return self._code.workspace_bytes(frame.symbols)

    def _run_main(self, frame: Frame, objects: dict[int, object]) -> int:
        if not self.artifact.steps:
            return self._code.main(frame.address)
        with self._steps.serving(frame.call, objects):
            return self._code.main(frame.address)

    def _finish(self, prepared: list[Array | None], frame: Frame, objects: dict[int, object]) -> tuple[Any, ...]:
        if all(array is not None for array in prepared):
            return tuple(prepared)
        symbols = dict(zip(self.artifact.symbols, frame.symbols, strict=True))
        rows = zip(self._outputs, prepared, frame.outputs, strict=True)
        return tuple(output.finish(array, address, symbols, objects) for output, array, address in rows)

    def _check(self, result: int, call: MlcCall) -> None:
        """Raises the error that mlc_main's result stands for."""
        if result == 0:
            return
        if result == OUT_OF_MEMORY:
            raise MemoryError(native.last_error())
        assert 0 < result <= len(self.artifact.errors), f"mlc_main returned {result}"
        raise RunError(self.artifact.errors[result - 1].format(*call.error_args))


class _Output:
    """How one output becomes an array: made before the call where inputs tell its shape, else copied out after it."""

    def __init__(self, spec: TensorSpec, input_symbols: set[str]) -> None:
        self._spec = spec
        self._dtype = numpy_dtype(spec.dtype)
        self._shape = [dims.parse(dim) for dim in spec.shape]
        self._fixed_shape = dims.fixed(self._shape)
        needed = set().union(*map(dims.symbols_of, self._shape))
        self._is_known = spec.dtype != OBJECT and needed <= input_symbols

    def prepare(self, symbols: Mapping[str, int]) -> Array | None:
        """The array that native code fills, or None when its shape depends on data."""
        if not self._is_known:
            return None
        if self._fixed_shape is not None:
            return np.empty(self._fixed_shape, self._dtype)
        shape = [dims.evaluate(dim, symbols) for dim in self._shape]
        if min(shape, default=0) < 0:
            raise RunError(f"output {self._spec.name!r} would have shape {tuple(shape)}; the inputs are too small")
        return np.empty(shape, self._dtype)

    def finish(
        self, prepared: Array | None, address: int | None, symbols: Mapping[str, int], objects: Mapping[int, object]
    ) -> Any:
        """The output as the caller gets it."""
        if self._spec.slot is not None:
            return objects[self._spec.slot]
        if prepared is not None:
            return prepared
        return array_at(address, self._dtype, [dims.evaluate(dim, symbols) for dim in self._shape]).copy()


E = TypeVar("E", bound=Executable)


def _linked(kind: type[E], artifact: Artifact) -> E:
    """What a pickled Executable is made from again."""
    return kind(artifact, kind.host_steps(artifact))


def _aligned(weights: Bytes) -> Bytes:
    """weights where vector loads want them: as they are when aligned, else a copy that is."""
    if weights.ctypes.data % native.ALIGNMENT == 0:
        return weights
    copy = aligned_bytes(weights.size)
    copy[:] = weights
    return copy
