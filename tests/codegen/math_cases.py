"""The unary functions of mlc.codegen.math with their references and the error each may have."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from codegen.math_loops import Array, Emit

from mlc.codegen import math as vector_math


@dataclass(frozen=True)
class MathCase:
    """A function, what it is in 64-bit-mantissa arithmetic, its bounds in ULP, and where its branches meet."""

    name: str
    emit: Emit
    reference: Callable[[Array], Array]
    f32_bound: float
    f64_bound: float | None
    edges: tuple[float, ...] = ()

    def bound(self, dtype: str) -> float | None:
        return self.f32_bound if dtype == "float32" else self.f64_bound


def _extended(f: Callable[[Any], Any]) -> Callable[[Array], Array]:
    def reference(x: Array) -> Array:
        with np.errstate(all="ignore"):
            result: Array = f(x.astype(np.longdouble))
        return result

    return reference


def _sigmoid(x: Any) -> Any:
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, 1) / (1 + e)


def _softplus(x: Any) -> Any:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


_erf_by_element = np.frompyfunc(math.erf, 1, 1)


def _erf(x: Array) -> Array:
    with np.errstate(invalid="ignore"):
        result: Array = _erf_by_element(x.astype(np.float64)).astype(np.float64)
    return result


def _case(
    name: str, reference: Any, f32_bound: float, f64_bound: float | None, edges: tuple[float, ...] = ()
) -> MathCase:
    return MathCase(name, getattr(vector_math, name), _extended(reference), f32_bound, f64_bound, edges)


CASES = [
    _case("exp", np.exp, 1.0, 1.1, (88.72, -87.33, -103.97, 709.78, -745.13)),
    _case("exp2", np.exp2, 1.2, 1.25, (128.0, -126.0, -149.0, 1024.0, -1074.0)),
    _case("expm1", np.expm1, 1.6, 2.0, (88.72, -17.3, 0.3466, -0.3466, 709.78)),
    _case("sigmoid", _sigmoid, 1.8, 1.9, (-87.33, -103.97, 0.3466, -0.3466)),
    _case("tanh", np.tanh, 2.1, 2.3, (0.8, 0.1733, 9.01, 0.52)),
    _case("sinh", np.sinh, 0.51, 2.5, (89.41, 710.47, 2.0**-27)),
    _case("cosh", np.cosh, 0.51, 1.7, (89.41, 710.47)),
    _case("log", np.log, 0.85, 0.9, (1.0, 2.0**-126, 0.7071, 1.4142)),
    _case("log1p", np.log1p, 0.95, 0.95, (-1.0, 0.4142, -0.2929)),
    _case("softplus", _softplus, 1.7, 1.8, (-103.97, -0.88, 0.88)),
    MathCase("erf", vector_math.erf, _erf, 1.6, None, (0.921875, 4.0, 3.92)),
    _case("sin", np.sin, 1.0, 1.0, (1.0e6, 0.7854, 3.14159265, 1e5)),
    _case("cos", np.cos, 1.0, 1.0, (1.0e6, 0.7854, 1.57079633, 1e5)),
    _case("tan", np.tan, 0.51, 2.4, (1.0e6, 0.7854, 1.57079633)),
    _case("floor", np.floor, 0.0, 0.0, (0.5, 1.0, 2.5, 2.0**23, 2.0**52)),
    _case("ceil", np.ceil, 0.0, 0.0, (0.5, 1.0, 2.5, 2.0**23, 2.0**52)),
    _case("trunc", np.trunc, 0.0, 0.0, (0.5, 1.0, 2.5, 2.0**23, 2.0**52)),
    _case("round_even", np.rint, 0.0, 0.0, (0.5, 1.5, 2.5, 2.0**22 + 0.5, 2.0**52)),
    _case("sqrt", np.sqrt, 0.501, 0.501, (1.0, 2.0**-126)),
]
