"""Constants and the operators that only name a value."""

from __future__ import annotations

import numpy as np

from mlc.frontend.onnx_import.graph import Graph
from mlc.frontend.onnx_import.registry import onnx_op
from mlc.ir import Array, Value


@onnx_op("Identity", since=1)
def identity(g: Graph, x: Value) -> Value:
    return x


@onnx_op("Constant", since=1)
def constant(
    g: Graph,
    *,
    value: Array | None = None,
    sparse_value: Array | None = None,
    value_float: float | None = None,
    value_floats: tuple[float, ...] | None = None,
    value_int: int | None = None,
    value_ints: tuple[int, ...] | None = None,
    value_string: str | None = None,
    value_strings: tuple[str, ...] | None = None,
) -> Value:
    """Exactly one attribute is given; which one says the element type and rank."""
    given: list[Array] = [a for a in (value, sparse_value) if a is not None]
    given += [np.array(f, np.float32) for f in (value_float, value_floats) if f is not None]
    given += [np.array(i, np.int64) for i in (value_int, value_ints) if i is not None]
    given += [np.array(s, object) for s in (value_string, value_strings) if s is not None]
    if len(given) != 1:
        raise g.error(f"Constant must have exactly one value, it has {len(given)}")
    return g.constant(given[0])
