"""How close a result must be to its reference: the one rule of the numerics, for every test that compares numbers.

Two comparisons: `assert_close` for the outputs of a whole model, `assert_op_close` for one operator whose accumulated
magnitude the caller knows. Both want equal shapes and dtypes, NaN and infinities at the same places, and integers,
booleans and strings that are equal. The ONNX backend suite has tolerances of its own and is not compared here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]

# max|got - want| of a whole f32 model, as a share of max|want| of that output.
MODEL = 1e-4
# The same after a pass that says it changes precision (Winograd, Strassen, bf16 accumulation).
PRECISION_CHANGING = 1e-3


def assert_close(
    got: Array | Sequence[Array] | Mapping[str, Array],
    want: Array | Sequence[Array] | Mapping[str, Array],
    *,
    model: str,
    share: float = MODEL,
) -> None:
    """Each output within `share` of the largest finite |want| of that output; the message names model and output.

    `share` is MODEL or PRECISION_CHANGING: anything else is a widened tolerance and raises ValueError.
    """
    if share not in (MODEL, PRECISION_CHANGING):
        raise ValueError(f"share={share}: only MODEL and PRECISION_CHANGING are tolerances of this project")
    got_outputs, want_outputs = _named(got), _named(want)
    assert len(got_outputs) == len(want_outputs), f"{model}: {len(got_outputs)} outputs, expected {len(want_outputs)}"
    if isinstance(got, Mapping) and isinstance(want, Mapping):
        assert set(got) == set(want), f"{model}: outputs {sorted(got)}, expected {sorted(want)}"
        got_outputs = {name: got[name] for name in want}
    for (name, w), g in zip(want_outputs.items(), got_outputs.values(), strict=True):
        where = f"{model}: output {name}"
        _assert_same_kind(g, w, where)
        if _is_float(w.dtype):
            if w.dtype.itemsize < 4:
                raise ValueError(f"{where}: the whole-model rule is for f32 and f64, not {w.dtype}")
            largest = np.max(np.abs(w), initial=0.0, where=np.isfinite(w))
            _assert_within(g, w, np.full(w.shape, share * float(largest)), where)


def assert_op_close(got: Array, want: Array, *, magnitude: ArrayLike, terms: int = 1, op: str) -> None:
    """Each element within (1e-5 + 1e-6 sqrt(terms)) times the accumulated magnitude, both computed in f64.

    `magnitude` broadcasts to want: what the result would be if every term of it were positive, such as
    abs(x) @ abs(w) for a product; `terms` is K, how many terms one element sums. A result narrower than f32 may be off
    by one rounding to its own type on top.
    """
    _assert_same_kind(got, want, op)
    if not _is_float(want.dtype):
        return
    limit = (1e-5 + 1e-6 * np.sqrt(terms)) * np.broadcast_to(np.asarray(magnitude, np.float64), want.shape)
    if want.dtype.itemsize < 4:
        rounding = ml_dtypes.finfo(want.dtype)
        step = float(rounding.eps) * np.abs(want.astype(np.float64))
        limit = limit + np.maximum(step, float(rounding.smallest_subnormal))
    _assert_within(got, want, limit, op)


def _named(outputs: Array | Sequence[Array] | Mapping[str, Array]) -> dict[str, Array]:
    if isinstance(outputs, Mapping):
        return {name: np.asarray(value) for name, value in outputs.items()}
    if isinstance(outputs, np.ndarray | np.generic):
        outputs = [np.asarray(outputs)]
    return {str(index): np.asarray(value) for index, value in enumerate(outputs)}


def _is_float(dtype: np.dtype[Any]) -> bool:
    if np.issubdtype(dtype, np.floating):
        return True
    try:
        ml_dtypes.finfo(dtype)
    except ValueError:
        return False
    return True


def _assert_same_kind(got: Array, want: Array, where: str) -> None:
    """Shape and dtype, then the values of everything that has no rounding."""
    assert got.dtype == want.dtype, f"{where}: dtype {got.dtype}, expected {want.dtype}"
    assert got.shape == want.shape, f"{where}: shape {got.shape}, expected {want.shape}"
    if np.issubdtype(want.dtype, np.complexfloating):
        raise ValueError(f"{where}: no rule for {want.dtype}")
    if not _is_float(want.dtype) and not np.array_equal(got, want):
        index = tuple(int(i) for i in np.argwhere(np.atleast_1d(got != want))[0])
        wrong = int(np.count_nonzero(got != want))
        raise AssertionError(
            f"{where}: {wrong} of {want.size} {want.dtype} values differ, first at {list(index)}: "
            f"{np.atleast_1d(got)[index]}, expected {np.atleast_1d(want)[index]}"
        )


def _assert_within(got: Array, want: Array, limit: Array, where: str) -> None:
    """|got - want| <= limit per element in f64, after NaN and infinities are found at the same places."""
    g, w = np.atleast_1d(got.astype(np.float64)), np.atleast_1d(want.astype(np.float64))
    _assert_same_places(np.isnan(g), np.isnan(w), "NaN", where)
    _assert_same_places(np.isposinf(g), np.isposinf(w), "+inf", where)
    _assert_same_places(np.isneginf(g), np.isneginf(w), "-inf", where)
    finite = np.isfinite(w)
    error = np.abs(np.subtract(g, w, out=np.zeros_like(w), where=finite))
    excess = np.where(finite, error - np.atleast_1d(limit), -np.inf)
    if excess.size and excess.max() > 0:
        index = np.unravel_index(int(excess.argmax()), excess.shape)
        raise AssertionError(
            f"{where}: |{g[index]:.9g} - {w[index]:.9g}| = {error[index]:.3g} at {[int(i) for i in index]} "
            f"is over the limit {np.atleast_1d(limit)[index]:.3g}; {int((excess > 0).sum())} of {w.size} elements are"
        )


def _assert_same_places(got: Array, want: Array, what: str, where: str) -> None:
    if np.array_equal(got, want):
        return
    index = [int(i) for i in np.argwhere(got != want)[0]]
    raise AssertionError(
        f"{where}: {what} at {int(got.sum())} places, expected {int(want.sum())}; first difference at {index}"
    )
