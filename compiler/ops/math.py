"""Elementwise functions of a real number: exponentials, roots, circular and hyperbolic functions, activations."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal

import numpy as np

from mlc.ir import Array
from mlc.ops.elementwise import FloatUnary
from mlc.ops.precision import in_f32


class _Ufunc(FloatUnary, abstract=True):
    """Base of ops that are one numpy function."""

    function: ClassVar[Any]

    def evaluate(self, x: Array) -> Array:
        return in_f32(type(self).function, x)


class Exp(_Ufunc):
    """e to the power x. ONNX Exp (opset 13)."""

    function = np.exp


class Expm1(_Ufunc):
    """e to the power x, minus 1, accurate near 0."""

    function = np.expm1


class Log(_Ufunc):
    """The natural logarithm; -inf at 0, NaN below. ONNX Log (opset 13)."""

    function = np.log


class Log1p(_Ufunc):
    """The natural logarithm of 1 + x, accurate near 0."""

    function = np.log1p


class Sqrt(_Ufunc):
    """The square root; NaN below 0. ONNX Sqrt (opset 13)."""

    function = np.sqrt


class Sin(_Ufunc):
    """The sine of x radians. ONNX Sin (opset 22)."""

    function = np.sin


class Cos(_Ufunc):
    """The cosine of x radians. ONNX Cos (opset 22)."""

    function = np.cos


class Tan(_Ufunc):
    """The tangent of x radians. ONNX Tan (opset 22)."""

    function = np.tan


class Asin(_Ufunc):
    """The angle in [-pi/2, pi/2] whose sine is x; NaN outside [-1, 1]. ONNX Asin (opset 22)."""

    function = np.arcsin


class Acos(_Ufunc):
    """The angle in [0, pi] whose cosine is x; NaN outside [-1, 1]. ONNX Acos (opset 22)."""

    function = np.arccos


class Atan(_Ufunc):
    """The angle in [-pi/2, pi/2] whose tangent is x. ONNX Atan (opset 22)."""

    function = np.arctan


class Sinh(_Ufunc):
    """(e^x - e^-x) / 2. ONNX Sinh (opset 22)."""

    function = np.sinh


class Cosh(_Ufunc):
    """(e^x + e^-x) / 2. ONNX Cosh (opset 22)."""

    function = np.cosh


class Tanh(_Ufunc):
    """sinh x / cosh x. ONNX Tanh (opset 13)."""

    function = np.tanh


class Asinh(_Ufunc):
    """The inverse of sinh. ONNX Asinh (opset 22)."""

    function = np.arcsinh


class Acosh(_Ufunc):
    """The inverse of cosh on [1, inf); NaN below 1. ONNX Acosh (opset 22)."""

    function = np.arccosh


class Atanh(_Ufunc):
    """The inverse of tanh on [-1, 1]; NaN outside. ONNX Atanh (opset 22)."""

    function = np.arctanh


class Erf(FloatUnary):
    """2 / sqrt(pi) times the integral of e^(-t*t) from 0 to x. ONNX Erf (opset 13)."""

    def evaluate(self, x: Array) -> Array:
        return _erf(x.astype(np.float64)).astype(x.dtype)


def _erf(x: Array) -> Array:
    return np.asarray(np.frompyfunc(math.erf, 1, 1)(x), np.float64)


class Sigmoid(FloatUnary):
    """1 / (1 + e^-x). ONNX Sigmoid (opset 13)."""

    def evaluate(self, x: Array) -> Array:
        return in_f32(lambda v: 1 / (1 + np.exp(-v)), x)


class Softplus(FloatUnary):
    """log(1 + e^x) without overflow. ONNX Softplus (opset 22)."""

    def evaluate(self, x: Array) -> Array:
        return in_f32(lambda v: np.logaddexp(v, v.dtype.type(0)), x)


class Elu(FloatUnary):
    """x where x >= 0, else alpha * (e^x - 1). ONNX Elu (opset 22)."""

    alpha: float = 1.0

    def evaluate(self, x: Array) -> Array:
        return in_f32(lambda v: np.where(v < 0, v.dtype.type(self.alpha) * np.expm1(np.minimum(v, 0)), v), x)


class Gelu(FloatUnary):
    """x times the normal distribution's probability of being below x, exactly or by its tanh approximation.

    Hendrycks and Gimpel, Gaussian Error Linear Units, 2016. ONNX Gelu (opset 20).
    """

    approximation: Literal["none", "tanh"] = "none"

    def evaluate(self, x: Array) -> Array:
        wide = x.astype(np.float64)
        if self.approximation == "tanh":
            weight = 1 + np.tanh(math.sqrt(2 / math.pi) * (wide + 0.044715 * wide**3))
        else:
            weight = 1 + _erf(wide / math.sqrt(2))
        return np.asarray(0.5 * wide * weight).astype(x.dtype)
