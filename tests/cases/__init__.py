"""One row per thing an op can do: the registry's tests and every backend's tests iterate these.

Each module beside this one is a family of ops and has a list `CASES`. A row builds one op on given inputs; what the
result must be is what the op's `evaluate` says.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from mlc.ir import Array, Block, DimExpr, DType, Op, SequenceType, TensorType, Type, Value, symbol, type_of

# One random tensor differs from the next, and each run from none: the seed is the shape and dtype.
_SEED = 20


@dataclass(frozen=True)
class Case:
    """`build` gets one Value per input and returns the op. `types` overrides the inputs' types where they are not
    those of an array: a sequence, an optional."""

    name: str
    build: Callable[..., Op]
    inputs: tuple[Any, ...]
    types: tuple[Type, ...] | None = None

    def on(self, types: Sequence[Type]) -> tuple[Op, list[Value]]:
        """The op on inputs of these types, which are the arguments of a free block, and those arguments."""
        arguments = Block(types).arguments
        return self.build(*arguments), arguments

    def op(self) -> Op:
        """The op on inputs of static shape."""
        return self.on(self.input_types())[0]

    def input_types(self) -> tuple[Type, ...]:
        """The static type of each input."""
        return self.types or tuple(_type_of(value) for value in self.inputs)

    def symbolic_types(self) -> tuple[list[Type], dict[str, int]]:
        """The inputs' types with every dim but 1 a symbol `d<input>_<axis>`, and the symbols' values.

        1 stays, since a symbol that is 1 does not broadcast.
        """
        values: dict[str, int] = {}
        return [_symbolic(t, f"d{i}", values) for i, t in enumerate(self.input_types())], values


def _type_of(value: Any) -> Type:
    if isinstance(value, list):
        return SequenceType(_type_of(value[0]))
    return type_of(value)


def _symbolic(type: Type, prefix: str, values: dict[str, int]) -> Type:
    if not isinstance(type, TensorType) or type.shape is None:
        return type
    dims: list[int | DimExpr] = []
    for axis, dim in enumerate(type.static_shape):
        if dim != 1:
            values[f"{prefix}_{axis}"] = dim
        dims.append(dim if dim == 1 else symbol(f"{prefix}_{axis}"))
    return type.with_shape(tuple(dims))


def normal(*shape: int, dtype: DType = DType.F32, scale: float = 1.0) -> Array:
    """Normally distributed numbers of a float or complex dtype, the same on every run."""
    values = _generator(shape).standard_normal(shape) * scale
    if dtype.is_complex:
        values = values + 1j * _generator((*shape, 1)).standard_normal(shape)
    return np.asarray(values).astype(dtype.numpy)


def positive(*shape: int, dtype: DType = DType.F32) -> Array:
    """Numbers in [0.1, 1.1) of a float dtype."""
    return np.asarray(_generator(shape).random(shape) + 0.1).astype(dtype.numpy)


def integers(*shape: int, low: int = -9, high: int = 9, dtype: DType = DType.I64) -> Array:
    """Integers in [low, high) of any numeric dtype; negative ones wrap in an unsigned one."""
    return np.asarray(_generator(shape).integers(low, high, shape)).astype(dtype.numpy)


def booleans(*shape: int) -> Array:
    """Fair coins."""
    return np.asarray(_generator(shape).integers(0, 2, shape)).astype(np.bool_)


def special(dtype: DType = DType.F32) -> Array:
    """The floats that arithmetic gets wrong: NaN, infinities, zeros of both signs, halves, large and tiny."""
    values = [np.nan, np.inf, -np.inf, 0.0, -0.0, 0.5, -0.5, 1.5, 2.5, -2.5, 1.0, -1.0, 3.0e4, -3.0e4, 6.0e-8]
    return np.array(values, np.float64).astype(dtype.numpy)


def _generator(shape: Sequence[int]) -> np.random.Generator:
    return np.random.default_rng([_SEED, len(shape), *shape])


@cache
def all_cases() -> tuple[Case, ...]:
    """The rows of every family, in the order of the files."""
    rows: list[Case] = []
    for module in sorted(m.name for m in pkgutil.iter_modules(__path__)):
        rows.extend(importlib.import_module(f"{__name__}.{module}").CASES)
    names = [row.name for row in rows]
    assert len(set(names)) == len(names), sorted({n for n in names if names.count(n) > 1})
    return tuple(rows)
