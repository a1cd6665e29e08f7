"""One result of an op against its reference, whatever kind of value it is, by the rule of tests/tolerance.py."""

from __future__ import annotations

from typing import Any

import numpy as np
from tolerance import assert_op_close

from mlc.ir import Array, Op
from mlc.ops import Gelu, Matmul

# Makes the limit the least normal f32: a result below that may be computed as 0, or the other way round.
TINY = float(np.finfo(np.float32).tiny) / 1e-5


def compare(got: Any, want: Any, op: Op, inputs: list[Any], where: str) -> None:
    """One result against its reference by the rule of tests/tolerance.py; what is no tensor must be equal."""
    if not isinstance(want, np.ndarray):
        assert_same(got, want, where)
    elif want.dtype.kind == "c":
        compare(got.real, want.real, op, inputs, where)
        compare(got.imag, want.imag, op, inputs, where)
    elif want.dtype == object:
        assert got.tolist() == want.tolist(), where
    else:
        assert_op_close(got, want, magnitude=magnitude(op, want, inputs), terms=terms(want, inputs), op=where)


def assert_same(got: Any, want: Any, where: str) -> None:
    """Sequences and optionals, element by element."""
    if isinstance(want, list):
        assert len(got) == len(want), where
        for ours, theirs in zip(got, want, strict=True):
            assert_same(ours, theirs, where)
    elif isinstance(want, np.ndarray):
        assert np.array_equal(got, want), where
    else:
        assert got is want, where


def magnitude(op: Op, want: Array, inputs: list[Any]) -> Any:
    """What the result would be if nothing cancelled: of an element by itself, or of the largest one where ops sum."""
    if isinstance(op, Gelu):
        return np.abs(inputs[0].astype(np.float64))
    if op.is_elementwise:
        return np.maximum(np.abs(want.astype(np.float64)), TINY)
    if isinstance(op, Matmul):
        x, y = (np.abs(a.astype(np.float64)) for a in inputs)
        return np.matmul(x, np.swapaxes(y, -1, -2) if op.transpose_y else y)
    finite = np.abs(want.astype(np.float64))
    return max(float(np.max(finite, initial=0, where=np.isfinite(finite))), 1e-30)


def terms(want: Array, inputs: list[Any]) -> int:
    """At most how many elements of an input one element of the result sums."""
    sizes = [a.size for a in inputs if isinstance(a, np.ndarray)]
    return max([1, *sizes]) // max(1, want.size) + 1
