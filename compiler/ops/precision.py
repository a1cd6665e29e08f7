"""Arithmetic on narrow floats: computed in f32 and rounded once, as hardware and ONNX's tests do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mlc.ir import Array, DType


def is_narrow(array: Array) -> bool:
    """Whether the elements are floats of 16 bits or fewer."""
    return array.dtype != object and (dtype := DType.of(array.dtype)).is_float and dtype.itemsize <= 2


def widened(array: Array) -> Array:
    """The array itself, in f32 where it holds narrow floats."""
    return array.astype(np.float32) if is_narrow(array) else array


def in_f32(function: Callable[..., Any], *arrays: Array) -> Array:
    """`function` of the arrays, computed in f32 and rounded once to the first's dtype where that is a narrow float."""
    result = np.asarray(function(*(widened(a) for a in arrays)))
    return result.astype(arrays[0].dtype) if is_narrow(arrays[0]) else result
