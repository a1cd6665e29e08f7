"""The activations of recurrent layers."""

from __future__ import annotations

from mlc.codegen.mlir.elements import Scalar
from mlc.codegen.mlir.scalars.functions import expm1_of, sigmoid_of, softplus_of
from mlc.codegen.mlir.text import Body


def activation(b: Body, name: str, alpha: float, beta: float, x: Scalar) -> Scalar:
    """The function ONNX calls `name`, with its parameters."""
    zero, one = b.like(0, x), b.like(1, x)
    match name:
        case "Relu":
            return b.binary("arith.maximumf", x, zero)
        case "Tanh":
            return b.unary("math.tanh", x)
        case "Sigmoid":
            return sigmoid_of(b, x)
        case "Affine":
            return b.add(b.mul(b.like(alpha, x), x), b.like(beta, x))
        case "LeakyRelu":
            return b.select(b.compare("olt", x, zero), b.mul(b.like(alpha, x), x), x)
        case "ThresholdedRelu":
            return b.select(b.compare("ogt", x, b.like(alpha, x)), x, zero)
        case "ScaledTanh":
            return b.mul(b.like(alpha, x), b.unary("math.tanh", b.mul(b.like(beta, x), x)))
        case "HardSigmoid":
            y = b.add(b.mul(b.like(alpha, x), x), b.like(beta, x))
            return b.binary("arith.minimumf", b.binary("arith.maximumf", y, zero), one)
        case "Elu":
            below = b.mul(b.like(alpha, x), expm1_of(b, b.binary("arith.minimumf", x, zero)))
            return b.select(b.compare("olt", x, zero), below, x)
        case "Softsign":
            return b.div(x, b.add(one, b.unary("math.absf", x)))
        case "Softplus":
            return softplus_of(b, x)
        case _:
            raise AssertionError(name)
