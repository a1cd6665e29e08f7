"""Functions of one float, by the math dialect where its lowering is accurate."""

from __future__ import annotations

import math

from mlc.codegen.mlir.elements import Scalar
from mlc.codegen.mlir.registry import scalar
from mlc.codegen.mlir.text import Body
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

_MATH: dict[type[Op], str] = {
    Acos: "acos",
    Acosh: "acosh",
    Asin: "asin",
    Asinh: "asinh",
    Atan: "atan",
    Atanh: "atanh",
    Cos: "cos",
    Cosh: "cosh",
    Erf: "erf",
    Exp: "exp",
    Log: "log",
    Sin: "sin",
    Sinh: "sinh",
    Sqrt: "sqrt",
    Tan: "tan",
    Tanh: "tanh",
}


@scalar(*_MATH)
def one_of_math(b: Body, op: Op, x: Scalar) -> Scalar:
    return b.unary(f"math.{_MATH[type(op)]}", x)


def expm1_of(b: Body, x: Scalar) -> Scalar:
    """For other compilers (u - 1) x / log(u) of u = exp(x), where the errors of u cancel.

    Kahan, as in Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 1.14.1: they make exp(x) - 1 of
    math.expm1, which has no digits left near 0.
    """
    if not b.stage.is_portable:
        return b.unary("math.expm1", x)
    one = b.like(1, x)
    u = b.unary("math.exp", x)
    difference = b.plain("arith.subf", u, one)
    quotient = b.plain("arith.mulf", difference, b.div(x, b.unary("math.log", u)))
    is_edge = b.binary(
        "arith.ori", b.compare("oeq", u, b.like(float("inf"), x)), b.compare("oeq", difference, b.like(-1, x))
    )
    return b.select(b.compare("oeq", difference, b.like(0, x)), x, b.select(is_edge, difference, quotient))


def log1p_of(b: Body, x: Scalar) -> Scalar:
    """For other compilers log(u) x / (u - 1) of u = 1 + x, where the rounding of u cancels; Kahan as above."""
    if not b.stage.is_portable:
        return b.unary("math.log1p", x)
    u = b.plain("arith.addf", b.like(1, x), x)
    difference = b.plain("arith.subf", u, b.like(1, x))
    quotient = b.plain("arith.mulf", b.unary("math.log", u), b.div(x, difference))
    is_infinite = b.compare("oeq", u, b.like(float("inf"), x))
    return b.select(b.compare("oeq", difference, b.like(0, x)), x, b.select(is_infinite, u, quotient))


def sigmoid_of(b: Body, x: Scalar) -> Scalar:
    """1 / (1 + e) of e = exp(-|x|), for negative x e / (1 + e): exact down to the least number, e cannot overflow."""
    one = b.like(1, x)
    e = b.unary("math.exp", b.unary("arith.negf", b.unary("math.absf", x)))
    return b.div(b.select(b.compare("olt", x, b.like(0, x)), e, one), b.add(one, e))


def softplus_of(b: Body, x: Scalar) -> Scalar:
    """max(x, 0) + log1p(exp(-|x|)), which cannot overflow."""
    tail = log1p_of(b, b.unary("math.exp", b.unary("arith.negf", b.unary("math.absf", x))))
    return b.add(b.binary("arith.maximumf", x, b.like(0, x)), tail)


@scalar(Elu, attributes="alpha")
def elu(b: Body, op: Elu, x: Scalar) -> Scalar:
    below = b.mul(b.like(op.alpha, x), expm1_of(b, b.binary("arith.minimumf", x, b.like(0, x))))
    return b.select(b.compare("olt", x, b.like(0, x)), below, x)


@scalar(Gelu, attributes="approximation")
def gelu(b: Body, op: Gelu, x: Scalar) -> Scalar:
    """x/2 (1 + erf(x / sqrt 2)), or with the tanh of its approximation."""
    if op.approximation == "tanh":
        cube = b.mul(b.mul(x, x), x)
        inner = b.mul(b.like(math.sqrt(2 / math.pi), x), b.add(x, b.mul(b.like(0.044715, x), cube)))
        weight = b.unary("math.tanh", inner)
    else:
        weight = b.unary("math.erf", b.mul(x, b.like(1 / math.sqrt(2), x)))
    return b.mul(b.mul(b.like(0.5, x), x), b.add(b.like(1, x), weight))


@scalar(Expm1)
def expm1(b: Body, op: Expm1, x: Scalar) -> Scalar:
    return expm1_of(b, x)


@scalar(Log1p)
def log1p(b: Body, op: Log1p, x: Scalar) -> Scalar:
    return log1p_of(b, x)


@scalar(Sigmoid)
def sigmoid(b: Body, op: Sigmoid, x: Scalar) -> Scalar:
    return sigmoid_of(b, x)


@scalar(Softplus)
def softplus(b: Body, op: Softplus, x: Scalar) -> Scalar:
    return softplus_of(b, x)
