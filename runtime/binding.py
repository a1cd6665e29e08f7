"""From the caller's arguments to checked arrays and the values of dim symbols, and to output arrays of the right shape.

Every message names the input and says what was expected and what came. Who calls it: runtime.executable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mlc.errors import CompileError, nearest
from mlc.runtime import dims
from mlc.runtime.artifact import Artifact, TensorSpec, numpy_dtype

Array = npt.NDArray[Any]


class InputError(CompileError):
    """What the model was called with does not fit its inputs."""


class Bound(NamedTuple):
    """The arguments of one call: a dense row-major array for each input (None for an object), the objects by slot, and
    the values of the symbols that the inputs' shapes define."""

    tensors: list[Array | None]
    objects: dict[int, object]
    symbols: dict[str, int]


class InputBinder:
    """Checks the arguments of calls against one artifact's inputs."""

    def __init__(self, artifact: Artifact) -> None:
        self._inputs = artifact.inputs
        self._names = [spec.name for spec in artifact.inputs]
        self._dtypes = [numpy_dtype(spec.dtype) for spec in artifact.inputs]
        self._shapes = [[dims.parse(dim) for dim in spec.shape] for spec in artifact.inputs]
        self._fixed_shapes = [dims.fixed(shape) for shape in self._shapes]
        self._definitions = _definitions(self._shapes, artifact.symbols)

    @property
    def input_symbols(self) -> set[str]:
        """The symbols that get their value from an input's shape."""
        return set(self._definitions)

    def bind(self, positional: Sequence[object], named: Mapping[str, object]) -> Bound:
        """The checked arguments. Raises InputError."""
        tensors: list[Array | None] = []
        objects: dict[int, object] = {}
        for spec, dtype, value in zip(self._inputs, self._dtypes, self._in_order(positional, named), strict=True):
            if spec.slot is not None:
                objects[spec.slot] = value
            tensors.append(None if spec.slot is not None else _checked_array(spec, dtype, value))
        shapes = [() if tensor is None else tensor.shape for tensor in tensors]
        symbols = {name: shapes[i][axis] for name, (i, axis) in self._definitions.items()}
        for i, (shape, fixed) in enumerate(zip(shapes, self._fixed_shapes, strict=True)):
            if shape != fixed:
                self._check_shape(i, shape, symbols)
        return Bound(tensors, objects, symbols)

    def _in_order(self, positional: Sequence[object], named: Mapping[str, object]) -> Sequence[object]:
        if len(positional) == len(self._inputs) and not named:
            return positional
        if len(positional) > len(self._inputs):
            raise InputError(
                f"the model has {len(self._inputs)} inputs ({', '.join(self._names)}), got {len(positional)}"
            )
        by_name = dict(zip(self._names, positional, strict=False))
        for name, value in named.items():
            if name not in self._names:
                raise InputError(
                    f"the model has no input {name!r}, it has {', '.join(map(repr, self._names)) or 'none'}"
                    f"{nearest(name, self._names)}"
                )
            if name in by_name:
                raise InputError(f"input {name!r} was given twice, by position and by name")
            by_name[name] = value
        if missing := [name for name in self._names if name not in by_name]:
            raise InputError(f"missing input {', '.join(map(repr, missing))}")
        return [by_name[name] for name in self._names]

    def _check_shape(self, i: int, shape: tuple[int, ...], symbols: dict[str, int]) -> None:
        for axis, (expr, actual) in enumerate(zip(self._shapes[i], shape, strict=True)):
            if dims.evaluate(expr, symbols) != actual:
                raise InputError(
                    f"input {self._names[i]!r}: dim {axis} is {actual} but {self._reason(i, axis, symbols)}"
                )

    def _reason(self, i: int, axis: int, symbols: dict[str, int]) -> str:
        """Why dim axis of input i must be what it is: `the model has 3`, `N=2 from input 'a'`."""
        expr, text = self._shapes[i][axis], self._inputs[i].shape[axis]
        used = sorted(dims.symbols_of(expr))
        if not used:
            return f"the model has {text} {_shape_text(self._inputs[i].shape)}"
        sources = [f"{name}={symbols[name]} from input {self._names[self._definitions[name][0]]!r}" for name in used]
        head = "" if isinstance(expr, str) else f"{text} is {dims.evaluate(expr, symbols)} with "
        return head + " and ".join(sources)


def _checked_array(spec: TensorSpec, dtype: np.dtype[Any], value: object) -> Array:
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:  # ragged lists; tensors of other libraries that refuse
        raise InputError(f"input {spec.name!r}: not an array: {error}") from error
    if array.dtype != dtype:
        raise InputError(f"input {spec.name!r}: expected dtype {dtype}, got {array.dtype}")
    if array.ndim != len(spec.shape):
        raise InputError(
            f"input {spec.name!r}: expected {len(spec.shape)} dims {_shape_text(spec.shape)}, "
            f"got {array.ndim} {_shape_text(array.shape)}"
        )
    flags = array.flags
    return array if flags.c_contiguous and flags.aligned else np.require(array, requirements=["C", "A"])


def _definitions(shapes: list[list[dims.Expr]], symbols: Sequence[str]) -> dict[str, tuple[int, int]]:
    """(input, axis) of the first dim that is nothing but the symbol, for each symbol that an input defines."""
    found: dict[str, tuple[int, int]] = {}
    for i, shape in enumerate(shapes):
        for axis, expr in enumerate(shape):
            if isinstance(expr, str):
                assert expr in symbols, f"symbol {expr} is not in the artifact's list {symbols}"
                found.setdefault(expr, (i, axis))
    for shape in shapes:
        for expr in shape:
            assert dims.symbols_of(expr) <= found.keys(), f"no input has a dim that is just a symbol of {expr}"
    return found


def _shape_text(shape: Sequence[object]) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
