"""Arithmetic with one result element per broadcast operand element."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mlc.frontend.onnx_import.graph import Graph
from mlc.frontend.onnx_import.registry import onnx_op
from mlc.ir import Op, Value
from mlc.ops import (
    Abs,
    Add,
    Cast,
    Ceil,
    Clip,
    Div,
    Floor,
    LeakyRelu,
    Less,
    Maximum,
    Minimum,
    Mod,
    Mul,
    Neg,
    Pow,
    Relu,
    Reshape,
    Round,
    Sign,
    Sub,
    Where,
)


def unary(op: Callable[[Value], Op]) -> Callable[[Graph, Value], Value]:
    """The operator function of an op of one operand without attributes."""

    def operator(g: Graph, x: Value) -> Value:
        return g(op(x))

    return operator


def binary(op: Callable[[Value, Value], Op]) -> Callable[[Graph, Value, Value], Value]:
    """The operator function of an op of two broadcast operands."""

    def operator(g: Graph, a: Value, b: Value) -> Value:
        return g(op(a, b))

    return operator


def binary_before_7(op: Callable[[Value, Value], Op]) -> Callable[..., Value]:
    """As `binary`, for opsets that broadcast b where they say so, its axes beginning at an axis of a."""

    def operator(g: Graph, a: Value, b: Value, *, broadcast: int = 0, axis: int | None = None) -> Value:
        return g(op(a, aligned(g, b, a, axis) if broadcast and axis is not None else b))

    return operator


def aligned(g: Graph, b: Value, a: Value, axis: int) -> Value:
    """b with axes of 1 behind it, so that its first axis broadcasts along `axis` of a."""
    trailing = a.tensor.rank - axis % a.tensor.rank - b.tensor.rank
    return g(Reshape(b, dims=b.tensor.dims + (1,) * trailing)) if trailing > 0 else b


for _name, _op in {"Add": Add, "Sub": Sub, "Mul": Mul, "Div": Div}.items():
    onnx_op(_name, since=7)(binary(_op))
    onnx_op(_name, since=6)(binary_before_7(_op))
for _name, _unary in {"Neg": Neg, "Abs": Abs, "Relu": Relu, "Floor": Floor, "Ceil": Ceil}.items():
    onnx_op(_name, since=6)(unary(_unary))
onnx_op("Sign", since=9)(unary(Sign))
onnx_op("Round", since=11)(unary(Round))
onnx_op("Pow", since=1)(binary_before_7(Pow))


@onnx_op("Pow", since=7)
def pow(g: Graph, x: Value, y: Value) -> Value:
    """A power of another dtype: computed in floats when that is one, else in the base's dtype."""
    base, exponent = x.tensor.dtype, y.tensor.dtype
    if base is exponent:
        return g(Pow(x, y))
    if base.is_integer and exponent.is_float:
        return g(Cast(g(Pow(g(Cast(x, dtype=exponent)), y)), dtype=base))
    return g(Pow(x, g(Cast(y, dtype=base))))


@onnx_op("Mod", since=10)
def mod(g: Graph, a: Value, b: Value, *, fmod: int = 0) -> Value:
    return g(Mod(a, b, sign_of="dividend" if fmod else "divisor"))


def _chain(g: Graph, op: Callable[[Value, Value], Op], xs: Sequence[Value]) -> Value:
    total = xs[0]
    for x in xs[1:]:
        total = g(op(total, x))
    return total


@onnx_op("Sum", since=6)
def sum(g: Graph, x: Value, *xs: Value) -> Value:
    return _chain(g, Add, [x, *xs])


@onnx_op("Mean", since=6)
def mean(g: Graph, x: Value, *xs: Value) -> Value:
    total = _chain(g, Add, [x, *xs])
    return g(Div(total, g.scalar(1 + len(xs), total.tensor.dtype)))


@onnx_op("Max", since=6)
def max(g: Graph, x: Value, *xs: Value) -> Value:
    return _chain(g, Maximum, [x, *xs])


@onnx_op("Min", since=6)
def min(g: Graph, x: Value, *xs: Value) -> Value:
    return _chain(g, Minimum, [x, *xs])


@onnx_op("Clip", since=6)
def clip_by_attributes(g: Graph, x: Value, *, min: float | None = None, max: float | None = None) -> Value:
    low, high = (None if b is None else g.scalar(b, x.tensor.dtype) for b in (min, max))
    return g(Clip(x, low, high))


@onnx_op("Clip", since=11)
def clip(g: Graph, x: Value, min: Value | None = None, max: Value | None = None) -> Value:
    return x if min is None and max is None else g(Clip(x, min, max))


@onnx_op("Where", since=9)
def where(g: Graph, condition: Value, x: Value, y: Value) -> Value:
    return g(Where(condition, x, y))


@onnx_op("Reciprocal", since=6)
def reciprocal(g: Graph, x: Value) -> Value:
    return g(Div(g.scalar(1, x.tensor.dtype), x))


@onnx_op("LeakyRelu", since=6)
def leaky_relu(g: Graph, x: Value, *, alpha: float = 0.01) -> Value:
    return g(LeakyRelu(x, slope=alpha))


@onnx_op("PRelu", since=7)
def prelu(g: Graph, x: Value, slope: Value) -> Value:
    is_negative = g(Less(x, g.scalar(0, x.tensor.dtype)))
    return g(Where(is_negative, g(Mul(x, slope)), x))


@onnx_op("PRelu", since=6)
def prelu_before_7(g: Graph, x: Value, slope: Value) -> Value:
    """One slope, or one per channel."""
    return prelu(g, x, slope if slope.tensor.element_count == 1 else aligned(g, slope, x, 1))


@onnx_op("ThresholdedRelu", since=10)
def thresholded_relu(g: Graph, x: Value, *, alpha: float = 1.0) -> Value:
    dtype = x.tensor.dtype
    return g(Where(g(Less(g.scalar(alpha, dtype), x)), x, g.scalar(0, dtype)))


@onnx_op("Shrink", since=9)
def shrink(g: Graph, x: Value, *, lambd: float = 0.5, bias: float = 0.0) -> Value:
    dtype = x.tensor.dtype
    offset, zero = g.scalar(bias, dtype), g.scalar(0, dtype)
    above = g(Where(g(Less(g.scalar(lambd, dtype), x)), g(Sub(x, offset)), zero))
    return g(Where(g(Less(x, g.scalar(-lambd, dtype))), g(Add(x, offset)), above))
