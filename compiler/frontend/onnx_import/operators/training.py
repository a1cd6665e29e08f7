"""Optimizer steps of ai.onnx.preview.training, made of arithmetic.

A node updates several tensors at once: its inputs are all tensors, then all gradients, then all states, kind by kind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mlc.frontend.onnx_import.graph import Graph
from mlc.frontend.onnx_import.operators.cast import converted
from mlc.frontend.onnx_import.registry import onnx_op
from mlc.ir import DType, Value
from mlc.ops import Add, Div, Equal, Mul, Pow, Sqrt, Sub, Where

_DOMAIN = "ai.onnx.preview.training"


class _Arithmetic:
    """Short names for building formulas on tensors of one dtype."""

    def __init__(self, g: Graph, like: Value) -> None:
        self.g, self.dtype = g, like.tensor.dtype

    def number(self, value: float) -> Value:
        return self.g.scalar(value, self.dtype)

    def times(self, x: Value, y: Value | float) -> Value:
        return self.g(Mul(x, y if isinstance(y, Value) else self.number(y)))

    def plus(self, x: Value, y: Value | float) -> Value:
        return self.g(Add(x, y if isinstance(y, Value) else self.number(y)))

    def minus(self, x: Value, y: Value) -> Value:
        return self.g(Sub(x, y))

    def over(self, x: Value, y: Value) -> Value:
        return self.g(Div(x, y))

    def root(self, x: Value) -> Value:
        return self.g(Sqrt(x))


def _each(g: Graph, tensors: Sequence[Value], kinds: int, step: Callable[..., Sequence[Value]]) -> list[Value]:
    """`step` on each tensor with its gradient and states; the results again kind by kind."""
    count, rest = divmod(len(tensors), kinds)
    if rest:
        raise g.error(f"has {len(tensors)} tensors, not a multiple of {kinds}")
    results = [step(*tensors[i::count]) for i in range(count)]
    return [value for kind in zip(*results, strict=True) for value in kind]


@onnx_op("Adagrad", since=1, domain=_DOMAIN)
def adagrad(
    g: Graph,
    rate: Value,
    time: Value,
    *tensors: Value,
    decay_factor: float = 0.0,
    epsilon: float = 1e-6,
    norm_coefficient: float = 0.0,
) -> list[Value]:
    def step(x: Value, gradient: Value, squares: Value) -> list[Value]:
        a = _Arithmetic(g, x)
        decay = a.plus(a.times(converted(g, time, a.dtype), decay_factor), 1.0)
        now = a.over(converted(g, rate, a.dtype), decay)
        slope = a.plus(a.times(x, norm_coefficient), gradient)
        total = a.plus(squares, a.times(slope, slope))
        return [a.minus(x, a.over(a.times(slope, now), a.plus(a.root(total), epsilon))), total]

    return _each(g, tensors, 3, step)


@onnx_op("Momentum", since=1, domain=_DOMAIN)
def momentum(
    g: Graph,
    rate: Value,
    time: Value,
    *tensors: Value,
    alpha: float,
    beta: float,
    mode: str,
    norm_coefficient: float,
) -> list[Value]:
    if mode not in ("standard", "nesterov"):
        raise g.error(f"attribute 'mode' must be standard or nesterov, got {mode!r}")

    def step(x: Value, gradient: Value, velocity: Value) -> list[Value]:
        a = _Arithmetic(g, x)
        slope = a.plus(a.times(x, norm_coefficient), gradient)
        # The first step takes the gradient whole.
        portion = _first_or(a, time, 1.0, beta)
        moved = a.plus(a.times(velocity, alpha), a.times(slope, portion))
        direction = a.plus(slope, a.times(moved, alpha)) if mode == "nesterov" else moved
        return [a.minus(x, a.times(direction, converted(g, rate, a.dtype))), moved]

    return _each(g, tensors, 3, step)


def _first_or(a: _Arithmetic, time: Value, first: float, later: float) -> Value:
    is_first = a.g(Equal(time, a.g.scalar(0, time.tensor.dtype)))
    return a.g(Where(is_first, a.number(first), a.number(later)))


@onnx_op("Adam", since=1, domain=_DOMAIN)
def adam(
    g: Graph,
    rate: Value,
    time: Value,
    *tensors: Value,
    alpha: float = 0.9,
    beta: float = 0.999,
    epsilon: float = 1e-6,
    norm_coefficient: float = 0.0,
    norm_coefficient_post: float = 0.0,
) -> list[Value]:
    def step(x: Value, gradient: Value, mean: Value, squares: Value) -> list[Value]:
        a = _Arithmetic(g, x)
        slope = a.plus(a.times(x, norm_coefficient), gradient)
        mean = a.plus(a.times(mean, alpha), a.times(slope, 1 - alpha))
        squares = a.plus(a.times(squares, beta), a.times(a.times(slope, slope), 1 - beta))
        given = converted(g, rate, a.dtype)
        now = g(Where(g(Equal(time, g.scalar(0, time.tensor.dtype))), given, a.times(given, _correction(a, time))))
        moved = a.minus(x, a.over(a.times(mean, now), a.plus(a.root(squares), epsilon)))
        return [a.times(moved, 1 - norm_coefficient_post), mean, squares]

    def _correction(a: _Arithmetic, time: Value) -> Value:
        """sqrt(1 - beta^t) / (1 - alpha^t); its value at 0, where it has none, is not used."""
        passed = converted(g, time, DType.F64)
        one = g.scalar(1, DType.F64)
        left = [g(Sub(one, g(Pow(g.scalar(base, DType.F64), passed)))) for base in (beta, alpha)]
        return converted(g, g(Div(g(Sqrt(left[0])), left[1])), a.dtype)

    return _each(g, tensors, 4, step)
