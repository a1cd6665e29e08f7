"""What the families share about numbers: single constants, ranges, NaN."""

from __future__ import annotations

import numpy as np

from mlc.frontend.mlir_import.graph import Graph
from mlc.ir import Array, DType, Value
from mlc.ops import Cast, Ceil, Clip, Floor, IsNan, Less, LessOrEqual, Round, Where


def zero_point(g: Graph, array: Array) -> int:
    """The number of a zero point; that of floats must be 0."""
    if array.size != 1:
        raise g.error(f"a zero point must be one number, got {array.size}")
    number = array.reshape(()).astype(np.float64).item()
    if DType.of(array.dtype).is_float and number != 0:
        raise g.error(f"a zero point of floats must be 0, got {number}")
    return int(number)


def integer_range(dtype: DType) -> tuple[int, int]:
    """The least and the greatest number of an integer dtype."""
    return (-(1 << (dtype.bits - 1)), (1 << (dtype.bits - 1)) - 1) if dtype.is_signed else (0, (1 << dtype.bits) - 1)


def saturated(g: Graph, x: Value, dtype: DType) -> Value:
    """Integers x cut to the range of a narrower integer dtype."""
    low, high = integer_range(dtype)
    wide = x.tensor.dtype
    return g.cast(g(Clip(x, g.scalar(low, wide), g.scalar(high, wide))), dtype)


def without_nan(g: Graph, x: Value, y: Value, result: Value) -> Value:
    """`result`, but the other of x and y where one is NaN."""
    if not x.tensor.dtype.is_float:
        return result
    return g(Where(g(IsNan(x)), y, g(Where(g(IsNan(y)), x, result))))


def truncated(g: Graph, x: Value) -> Value:
    """A float x rounded towards zero; the sign of a zero is that of x."""
    return g(Where(g(Less(x, g.scalar(0, x.tensor.dtype))), g(Ceil(x)), g(Floor(x))))


def rounded_to_integers(g: Graph, x: Value, dtype: DType) -> Value:
    """Floats as the nearest integers, the even one of two, cut to the range of `dtype`."""
    wide = DType.F32 if x.tensor.dtype.bits < 32 else x.tensor.dtype
    low, high = integer_range(dtype)
    bounds = np.array([low, high], np.float64).astype(wide.numpy)
    # The largest float within the range: 2^31 - 1 itself is none of f32.
    fits = float(bounds[1]) <= high
    top = bounds[1] if fits else np.nextafter(bounds[1], np.zeros((), wide.numpy))
    whole = g(Round(g.cast(x, wide)))
    kept = g(Clip(whole, g.constant(bounds[0]), g.constant(np.asarray(top, wide.numpy))))
    result = g(Cast(kept, dtype))
    if fits:
        return result
    return g(Where(g(LessOrEqual(g.constant(bounds[1]), whole)), g.scalar(high, dtype), result))
