"""Elements of mlc.ops.math: functions of a real number, in f32 or f64 by mlc.codegen.math."""

from __future__ import annotations

import math as constants
from collections.abc import Callable
from typing import Any

from mlc.codegen import math
from mlc.codegen.builder import F32, Builder, scalar_type
from mlc.codegen.elements.arithmetic import libm
from mlc.codegen.registry import ELEMENTS, element
from mlc.ir import Op
from mlc.ops import (
    Acos,
    Acosh,
    Asin,
    Asinh,
    Atan,
    Atanh,
    Cos,
    Cosh,
    Elu,
    Erf,
    Exp,
    Expm1,
    Gelu,
    Log,
    Log1p,
    Sigmoid,
    Sin,
    Sinh,
    Softplus,
    Sqrt,
    Tan,
    Tanh,
)

Element = Any  # ir.Value; llvmlite is untyped

_VECTOR_MATH: dict[type[Op], Callable[..., Element]] = {
    Exp: math.exp,
    Expm1: math.expm1,
    Log: math.log,
    Log1p: math.log1p,
    Sqrt: math.sqrt,
    Sin: math.sin,
    Cos: math.cos,
    Tan: math.tan,
    Sinh: math.sinh,
    Cosh: math.cosh,
    Tanh: math.tanh,
    Erf: math.erf,
    Sigmoid: math.sigmoid,
    Softplus: math.softplus,
}
# No model spends its time in these: the C library's, one lane after another.
_LIBRARY: dict[type[Op], str] = {
    Asin: "asin",
    Acos: "acos",
    Atan: "atan",
    Asinh: "asinh",
    Acosh: "acosh",
    Atanh: "atanh",
}


def _vector_math(function: Callable[..., Element]) -> Callable[..., Element]:
    return lambda k, op, x: function(k.ir, x)


def _library(name: str) -> Callable[..., Element]:
    return lambda k, op, x: libm(k, name, x)


ELEMENTS.update({cls: _vector_math(function) for cls, function in _VECTOR_MATH.items()})
ELEMENTS.update({cls: _library(name) for cls, name in _LIBRARY.items()})


@element(Elu)
def elu(k: Builder, op: Elu, x: Element) -> Element:
    zero = k.like(0.0, x)
    is_below = k.ir.fcmp_ordered("<", x, zero)
    bent = k.ir.fmul(k.like(op.alpha, x), math.expm1(k.ir, k.ir.select(is_below, x, zero)))
    return k.ir.select(is_below, bent, x)


@element(Gelu)
def gelu(k: Builder, op: Gelu, x: Element) -> Element:
    if scalar_type(x.type) == F32:
        return (math.gelu_logistic if op.approximation == "tanh" else math.gelu_erf)(k.ir, x)
    half = k.ir.fmul(x, k.like(0.5, x))
    if op.approximation == "tanh":
        cube = k.ir.fmul(k.ir.fmul(x, x), x)
        inner = k.ir.fadd(x, k.ir.fmul(cube, k.like(0.044715, x)))
        weight = math.tanh(k.ir, k.ir.fmul(inner, k.like(constants.sqrt(2 / constants.pi), x)))
    else:
        weight = math.erf(k.ir, k.ir.fmul(x, k.like(constants.sqrt(0.5), x)))
    return k.ir.fadd(half, k.ir.fmul(half, weight))
