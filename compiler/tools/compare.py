"""How far two engines' outputs are apart: the worst element, where it is, and its distance in ULP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

# The rule for whole models: max|a - b| <= 1e-4 of max|reference| per output.
DEFAULT_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Difference:
    """One output of one engine against the reference engine's.

    `relative` is max|a-b| / max|reference|; `index` is where |a-b| is largest, with the two values there; `ulp` is the
    distance of these two in units in the last place, None where there is none. `problem` says why the arrays cannot be
    compared at all: shape, dtype or NaNs at other places.
    """

    engine: str
    output: str
    absolute: float
    relative: float
    index: tuple[int, ...]
    got: float
    wanted: float
    ulp: int | None
    problem: str = ""

    def is_within(self, tolerance: float) -> bool:
        """Whether the output agrees: within the tolerance for floats, equal for all else."""
        return not self.problem and self.relative <= tolerance


def difference(engine: str, output: str, got: Any, wanted: Any) -> Difference:
    """Compares one output with the reference's."""
    a, b = np.asarray(got), np.asarray(wanted)
    if a.shape != b.shape or a.dtype != b.dtype:
        return _incomparable(engine, output, f"{a.dtype}{list(a.shape)} against {b.dtype}{list(b.shape)}")
    if a.size == 0:
        return Difference(engine, output, 0.0, 0.0, (), 0.0, 0.0, 0)
    if a.dtype.kind in "OSU":
        count = int((a != b).sum())
        return _incomparable(engine, output, f"{count} of {a.size} differ") if count else _equal(engine, output)
    return _numeric(engine, output, a, b)


def ulp_distance(a: Any, b: Any) -> int | None:
    """How many steps between neighbouring floats lead from one numpy scalar to the other of its dtype.

    None where that says nothing: types that are no IEEE floats of numpy, an infinity or a NaN.
    """
    if a.dtype.kind != "f" or a.itemsize not in (2, 4, 8):
        return None
    if a == b:
        return 0
    if not (np.isfinite(a) and np.isfinite(b)):
        return None
    return abs(_place(a) - _place(b))


def _place(value: Any) -> int:
    """The place of a float among its type's, counted from zero, which both zeros have."""
    bits = int(value.view(f"u{value.itemsize}"))
    sign = 1 << (value.itemsize * 8 - 1)
    return sign - bits if bits & sign else bits


def _numeric(engine: str, output: str, a: Any, b: Any) -> Difference:
    kind = np.complex128 if a.dtype.kind == "c" else np.float64
    x, y = a.astype(kind), b.astype(kind)
    if not bool((np.isnan(x) == np.isnan(y)).all()):
        return _incomparable(engine, output, f"NaN at {int((np.isnan(x) != np.isnan(y)).sum())} other places")
    with np.errstate(invalid="ignore"):
        distance = np.where(x == y, 0.0, np.abs(x - y))
    distance = np.where(np.isnan(x), 0.0, distance)
    flat = int(np.argmax(distance))
    index = tuple(int(i) for i in np.unravel_index(flat, a.shape))
    absolute = float(distance.reshape(-1)[flat])
    finite = np.abs(y[np.isfinite(y)])
    scale = float(finite.max(initial=0.0))
    is_float = a.dtype.kind in "fcV"
    relative = 0.0 if absolute == 0 else absolute / scale if is_float and scale else float("inf")
    at = (float(np.real(v.reshape(-1)[flat])) for v in (x, y))
    return Difference(engine, output, absolute, relative, index, next(at), next(at), ulp_distance(a[index], b[index]))


def _equal(engine: str, output: str) -> Difference:
    return Difference(engine, output, 0.0, 0.0, (), 0.0, 0.0, None)


def _incomparable(engine: str, output: str, problem: str) -> Difference:
    return Difference(engine, output, float("inf"), float("inf"), (), 0.0, 0.0, None, problem)
