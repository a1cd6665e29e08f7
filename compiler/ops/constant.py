"""Constants: arrays in the module."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlc.ir import Array, DType, Op, TensorType, Value, type_of


class Constant(Op):
    """The array itself. Its memory is shared with the model it came from and is never written."""

    value: Array

    def infer(self) -> TensorType:
        return type_of(self.value)

    def evaluate(self) -> Array:
        return self.value


def scalar(value: float, dtype: DType) -> Value:
    """A rank-0 constant of `dtype`, unattached."""
    return Constant(np.array(value, dtype.numpy)).result


def int64s(values: Sequence[int]) -> Value:
    """A rank-1 i64 constant, unattached: a shape, axes, pads."""
    return Constant(np.array(list(values), np.int64)).result


def constant_value(value: Value | None) -> Array | None:
    """The array behind `value` when a Constant defines it, else None."""
    return value.owner.value if value is not None and isinstance(value.owner, Constant) else None
