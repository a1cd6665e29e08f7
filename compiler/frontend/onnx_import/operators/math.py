"""Functions of a real number and activations."""

from __future__ import annotations

from mlc.frontend.onnx_import.graph import Graph
from mlc.frontend.onnx_import.operators.elementwise import unary
from mlc.frontend.onnx_import.registry import onnx_op
from mlc.ir import Value
from mlc.ops import (
    Abs,
    Acos,
    Acosh,
    Add,
    Asin,
    Asinh,
    Atan,
    Atanh,
    Clip,
    Cos,
    Cosh,
    Div,
    Elu,
    Erf,
    Exp,
    Expm1,
    Gelu,
    Less,
    Log,
    Mul,
    Sigmoid,
    Sin,
    Sinh,
    Softplus,
    Sqrt,
    Tan,
    Tanh,
    Where,
)

for _name, _since, _op in [
    ("Exp", 6, Exp),
    ("Log", 6, Log),
    ("Sqrt", 6, Sqrt),
    ("Sigmoid", 6, Sigmoid),
    ("Tanh", 6, Tanh),
    ("Softplus", 1, Softplus),
    ("Sin", 7, Sin),
    ("Cos", 7, Cos),
    ("Tan", 7, Tan),
    ("Asin", 7, Asin),
    ("Acos", 7, Acos),
    ("Atan", 7, Atan),
    ("Sinh", 9, Sinh),
    ("Cosh", 9, Cosh),
    ("Asinh", 9, Asinh),
    ("Acosh", 9, Acosh),
    ("Atanh", 9, Atanh),
    ("Erf", 9, Erf),
]:
    onnx_op(_name, since=_since)(unary(_op))


@onnx_op("Elu", since=6)
def elu(g: Graph, x: Value, *, alpha: float = 1.0) -> Value:
    return g(Elu(x, alpha=alpha))


@onnx_op("Selu", since=6)
def selu(
    g: Graph, x: Value, *, alpha: float = 1.67326319217681884765625, gamma: float = 1.05070102214813232421875
) -> Value:
    return g(Mul(g(Elu(x, alpha=alpha)), g.scalar(gamma, x.tensor.dtype)))


@onnx_op("Celu", since=12)
def celu(g: Graph, x: Value, *, alpha: float = 1.0) -> Value:
    """alpha * (e^(x / alpha) - 1) below 0, which stays finite there."""
    dtype = x.tensor.dtype
    scale = g.scalar(alpha, dtype)
    is_negative = g(Less(x, g.scalar(0, dtype)))
    return g(Where(is_negative, g(Mul(scale, g(Expm1(g(Div(x, scale)))))), x))


@onnx_op("Gelu", since=20)
def gelu(g: Graph, x: Value, *, approximate: str = "none") -> Value:
    match approximate:
        case "none" | "tanh":
            return g(Gelu(x, approximation="tanh" if approximate == "tanh" else "none"))
        case other:
            raise g.error(f"attribute 'approximate' must be none or tanh, got {other!r}")


@onnx_op("HardSigmoid", since=6)
def hard_sigmoid(g: Graph, x: Value, *, alpha: float = 0.2, beta: float = 0.5) -> Value:
    dtype = x.tensor.dtype
    line = g(Add(g(Mul(x, g.scalar(alpha, dtype))), g.scalar(beta, dtype)))
    return g(Clip(line, g.scalar(0, dtype), g.scalar(1, dtype)))


@onnx_op("HardSwish", since=14)
def hard_swish(g: Graph, x: Value) -> Value:
    return g(Mul(x, hard_sigmoid(g, x, alpha=1 / 6, beta=0.5)))


@onnx_op("Mish", since=18)
def mish(g: Graph, x: Value) -> Value:
    return g(Mul(x, g(Tanh(g(Softplus(x))))))


@onnx_op("Softsign", since=1)
def softsign(g: Graph, x: Value) -> Value:
    return g(Div(x, g(Add(g(Abs(x)), g.scalar(1, x.tensor.dtype)))))


@onnx_op("Swish", since=24)
def swish(g: Graph, x: Value, *, alpha: float = 1.0) -> Value:
    scaled = x if alpha == 1 else g(Mul(x, g.scalar(alpha, x.tensor.dtype)))
    return g(Mul(x, g(Sigmoid(scaled))))
