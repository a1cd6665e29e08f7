"""Steps of a model that run in Python, called back from native main: operands out of native memory, results into it.

What a step computes is a plain callable that the driver hands over; the runtime knows no operator.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
from collections.abc import Callable, Iterator, Sequence
from ctypes import POINTER, c_int64, c_void_p
from dataclasses import dataclass

import numpy as np

from mlc.runtime.artifact import OBJECT, HostStep, StepValue, numpy_dtype
from mlc.runtime.call import HOST_STEP_FAILED, Array, MlcCall, address_of, arena_copy, array_at

# Takes the operands and returns the results in order: arrays, or any object for values of dtype OBJECT.
StepFunction = Callable[..., Sequence[object]]

_Callback = ctypes.CFUNCTYPE(c_int64, c_void_p, c_int64, POINTER(MlcCall))


@dataclass
class _ActiveCall:
    """The Python side of one running call: the objects in its slots, and what a step raised."""

    objects: dict[int, object]
    raised: BaseException | None = None


class HostStepRunner:
    """Runs the host steps of one artifact for any number of concurrent calls."""

    def __init__(self, steps: Sequence[HostStep], functions: Sequence[StepFunction]) -> None:
        assert len(steps) == len(functions), f"{len(functions)} callables for {len(steps)} host steps"
        self._steps = list(zip(steps, functions, strict=True))
        self._active: dict[int, _ActiveCall] = {}
        self._keys = itertools.count(1)
        self._callback = _Callback(self._run)

    @contextlib.contextmanager
    def serving(self, call: MlcCall, objects: dict[int, object]) -> Iterator[None]:
        """Lets native code call host steps through call; afterwards raises what a step raised."""
        key = next(self._keys)
        active = self._active[key] = _ActiveCall(objects)
        call.host_step = ctypes.cast(self._callback, c_void_p)
        call.host_ctx = key
        try:
            yield
        finally:
            del self._active[key]
        if active.raised is not None:
            raise active.raised

    def _run(self, key: int, step: int, call: ctypes._Pointer[MlcCall]) -> int:
        """The function that native code calls. Nothing may be raised through native frames."""
        active = self._active[key]
        try:
            self._execute(step, call.contents, active.objects)
        except BaseException as error:  # raised again by serving
            active.raised = error
            return HOST_STEP_FAILED
        return 0

    def _execute(self, index: int, call: MlcCall, objects: dict[int, object]) -> None:
        step, function = self._steps[index]
        # An object may keep an operand beyond the life of its buffer; a tensor result is copied out at once.
        must_copy = any(value.dtype == OBJECT for value in step.results)
        operands = [_operand(value, call, objects, must_copy) for value in step.operands]
        results = function(*operands)
        assert len(results) == len(step.results), f"{step.name}: {len(results)} results, expected {len(step.results)}"
        for value, result in zip(step.results, results, strict=True):
            if value.dtype == OBJECT:
                objects[value.slot] = result
            else:
                _store(step, value, np.asarray(result), call)


def _operand(value: StepValue, call: MlcCall, objects: dict[int, object], must_copy: bool) -> object:
    if value.dtype == OBJECT:
        return objects[value.slot]
    array = array_at(_pointers(call.values)[value.slot], numpy_dtype(value.dtype), _dims(call, value))
    return array.copy() if must_copy else array


def _store(step: HostStep, value: StepValue, array: Array, call: MlcCall) -> None:
    """Puts a tensor result where main finds it: into the planned buffer, or into the arena together with its shape."""
    expected = numpy_dtype(value.dtype)
    assert (array.dtype, array.ndim) == (expected, value.rank), (
        f"{step.name}: a result is {array.dtype} of rank {array.ndim}, expected {expected} of rank {value.rank}"
    )
    if value.is_dynamic:
        _pointers(call.values)[value.slot] = arena_copy(call.arena, array)
        _pointers(call.shapes)[value.slot] = arena_copy(call.arena, np.array(array.shape, np.int64))
        return
    shape = _dims(call, value)
    assert array.shape == shape, f"{step.name}: a result has shape {array.shape}, its buffer is for {shape}"
    dense = np.require(array, requirements=["C", "A"])
    if dense.nbytes:
        ctypes.memmove(_pointers(call.values)[value.slot], address_of(dense), dense.nbytes)


def _dims(call: MlcCall, value: StepValue) -> tuple[int, ...]:
    if value.rank == 0:
        return ()
    return tuple((c_int64 * value.rank).from_address(_pointers(call.shapes)[value.slot]))


def _pointers(address: int) -> ctypes._Pointer[c_void_p]:
    return ctypes.cast(address, POINTER(c_void_p))
