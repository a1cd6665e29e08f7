"""The unary functions of mlc.codegen.math with their references and the error each may have."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
from codegen.math_loops import Array, Emit

from mlc.codegen import math as vector_math

Reference = Callable[[Array], Array]


@dataclass(frozen=True)
class MathCase:
    """A function, its references, its bounds in ULP for (FMA, portable) code, and where its branches meet.

    The f32 reference computes in f64, the f64 reference with 64 mantissa bits; where
    those come from mpmath, one number at a time, few_f64_samples says so.
    """

    name: str
    emit: Emit
    f32_reference: Reference
    f64_reference: Reference
    f32_bounds: tuple[float, float]
    f64_bounds: tuple[float, float]
    domain: str
    edges: tuple[float, ...]
    few_f64_samples: bool = False

    def reference(self, x: Array) -> Array:
        return self.f32_reference(x) if x.dtype == np.float32 else self.f64_reference(x)

    def bound(self, dtype: str, has_fma: bool) -> float:
        bounds = self.f32_bounds if dtype == "float32" else self.f64_bounds
        return bounds[0 if has_fma else 1]


def _in(dtype: type, f: Callable[[Any], Any]) -> Reference:
    def reference(x: Array) -> Array:
        with np.errstate(all="ignore"):
            result: Array = f(x.astype(dtype))
        return result

    return reference


def _by_element(f: Callable[[float], float]) -> Reference:
    """f applied in f64 to one element after the other."""
    each = np.frompyfunc(f, 1, 1)

    def reference(x: Array) -> Array:
        with np.errstate(all="ignore"):
            result: Array = each(x.astype(np.float64)).astype(np.float64)
        return result

    return reference


def _by_mpmath(f: Callable[[Any], Any]) -> Reference:
    """f in 40 digits, as longdouble; NaN for NaN and infinities."""

    def one(x: float) -> Any:
        if not math.isfinite(x):
            return np.longdouble("nan")
        with mpmath.workdps(40):
            value = f(mpmath.mpf(x))
            if value == 0:
                # mpmath has no -0; a function that is 0 at 0 keeps the sign here
                return np.longdouble(math.copysign(0.0, x))
            # two floats scaled up, so that the second is not lost below the range of f64
            scale = 400 if abs(value) < mpmath.mpf("1e-200") else 0
            scaled = mpmath.ldexp(value, scale)
            head = float(scaled)
            return np.ldexp(np.longdouble(head) + np.longdouble(float(scaled - head)), -scale)

    each = np.frompyfunc(one, 1, 1)

    def reference(x: Array) -> Array:
        result: Array = each(x.astype(np.float64)).astype(np.longdouble)
        return result

    return reference


def _sigmoid(x: Any) -> Any:
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, 1) / (1 + e)


def _softplus(x: Any) -> Any:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def _gelu(x: float) -> float:
    return math.nan if x == -math.inf else 0.5 * x * math.erfc(-x * math.sqrt(0.5))


# Beyond 1e4 both functions have long reached their limits, and mpmath's series overflow.
def _erf_exact(x: Any) -> Any:
    return mpmath.erf(max(-10000, min(x, 10000)))


def _erfc_exact(x: Any) -> Any:
    return mpmath.erfc(max(-10000, min(x, 10000)))


def _gelu_exact(x: Any) -> Any:
    return x * _erfc_exact(-x / mpmath.sqrt(2)) / 2


def _with_limits(f: Reference, at_minus_infinity: float, at_infinity: float) -> Reference:
    def reference(x: Array) -> Array:
        result: Array = np.where(np.isneginf(x), at_minus_infinity, np.where(np.isposinf(x), at_infinity, f(x)))
        return result

    return reference


def _case(
    name: str,
    reference: Any,
    f32_bounds: tuple[float, float],
    f64_bounds: tuple[float, float],
    domain: str,
    edges: tuple[float, ...],
) -> MathCase:
    references = _in(np.float64, reference), _in(np.longdouble, reference)
    return MathCase(name, getattr(vector_math, name), *references, f32_bounds, f64_bounds, domain, edges)


# Bounds are the errors of the dense sweep, rounded up by a few hundredths.
CASES = [
    _case("exp", np.exp, (1.05, 1.0), (1.05, 1.05), "all", (88.72, -87.33, -103.97, 709.78, -745.13)),
    _case("exp2", np.exp2, (1.0, 1.3), (0.95, 1.25), "all", (128.0, -126.0, -149.0, 1024.0, -1074.0)),
    _case("expm1", np.expm1, (1.45, 1.55), (1.75, 1.85), "all", (88.72, -17.3, 0.3466, -0.3466, 709.78)),
    _case("sigmoid", _sigmoid, (1.7, 1.8), (1.65, 1.7), "all", (-87.33, -103.97, 0.3466, -0.3466)),
    _case("tanh", np.tanh, (1.95, 2.2), (2.15, 2.3), "all", (0.8, 0.1733, 9.01, 0.52)),
    _case("sinh", np.sinh, (0.51, 0.51), (2.35, 2.35), "all", (89.41, 710.47, 2.0**-27)),
    _case("cosh", np.cosh, (0.51, 0.51), (1.45, 1.4), "all", (89.41, 710.47)),
    _case("log", np.log, (0.85, 0.85), (0.85, 0.85), "x >= 0", (1.0, 2.0**-126, 0.7071, 1.4142)),
    _case("log1p", np.log1p, (0.85, 0.9), (0.85, 0.85), "x >= -1", (-1.0, 0.4142, -0.2929)),
    _case("log2", np.log2, (0.51, 0.51), (0.8, 0.8), "x >= 0", (1.0, 2.0**-126, 0.7071, 1.4142)),
    _case("log10", np.log10, (0.51, 0.51), (0.75, 0.75), "x >= 0", (1.0, 2.0**-126, 0.7071, 10.0)),
    _case("softplus", _softplus, (1.6, 1.6), (1.65, 1.65), "all", (-103.97, -0.88, 0.88)),
    MathCase(
        "erf",
        vector_math.erf,
        _by_element(math.erf),
        _with_limits(_by_mpmath(_erf_exact), -1.0, 1.0),
        (1.35, 1.65),
        (0.95, 1.1),
        "all",
        (0.921875, 4.0, 3.92, 1.0, 5.93),
        few_f64_samples=True,
    ),
    MathCase(
        "erfc",
        vector_math.erfc,
        _by_element(math.erfc),
        _with_limits(_by_mpmath(_erfc_exact), 2.0, 0.0),
        (3.9, 4.2),
        (5.15, 6.3),
        "all",
        (10.05, 9.19, 26.54, 27.2),
        few_f64_samples=True,
    ),
    MathCase(
        "gelu",
        vector_math.gelu,
        _with_limits(_by_element(_gelu), math.nan, math.inf),
        _with_limits(_by_mpmath(_gelu_exact), math.nan, math.inf),
        (4.45, 4.6),
        (6.05, 6.95),
        "all",
        (-14.2, -13.0, -38.4, -5.0),
        few_f64_samples=True,
    ),
    _case("sin", np.sin, (0.9, 0.95), (0.85, 0.9), "all finite", (1.0e6, 0.7854, 3.14159265, 1e5)),
    _case("cos", np.cos, (0.9, 0.95), (0.85, 0.9), "all finite", (1.0e6, 0.7854, 1.57079633, 1e5)),
    _case("tan", np.tan, (0.51, 0.51), (2.3, 2.4), "all finite", (1.0e6, 0.7854, 1.57079633)),
    _case("asin", np.arcsin, (0.51, 0.51), (1.65, 1.65), "-1 <= x <= 1", (0.5, 1.0)),
    _case("acos", np.arccos, (0.51, 0.51), (1.1, 1.1), "-1 <= x <= 1", (0.5, 1.0)),
    _case("atan", np.arctan, (0.51, 0.51), (1.85, 1.9), "all", (0.41421356, 2.41421356)),
    _case("asinh", np.arcsinh, (0.51, 0.51), (1.6, 1.6), "all", (2.0**28, 0.4)),
    _case("acosh", np.arccosh, (0.51, 0.51), (1.75, 1.75), "x >= 1", (2.0**28, 1.0)),
    _case("atanh", np.arctanh, (0.51, 0.51), (1.85, 1.85), "-1 <= x <= 1", (2.0**-28, 1.0)),
    _case("floor", np.floor, (0.0, 0.0), (0.0, 0.0), "all", (0.5, 1.0, 2.5, 2.0**23, 2.0**52)),
    _case("ceil", np.ceil, (0.0, 0.0), (0.0, 0.0), "all", (0.5, 1.0, 2.5, 2.0**23, 2.0**52)),
    _case("trunc", np.trunc, (0.0, 0.0), (0.0, 0.0), "all", (0.5, 1.0, 2.5, 2.0**23, 2.0**52)),
    _case("round_even", np.rint, (0.0, 0.0), (0.0, 0.0), "all", (0.5, 1.5, 2.5, 2.0**22 + 0.5, 2.0**52)),
    _case("sqrt", np.sqrt, (0.51, 0.51), (0.51, 0.51), "x >= 0", (1.0, 2.0**-126)),
]
