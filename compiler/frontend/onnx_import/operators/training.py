"""Steps of optimizers (ai.onnx.preview.training), as arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mlc.frontend.onnx_import.graph import Graph
from mlc.frontend.onnx_import.registry import onnx_op
from mlc.ir import DType, Value
from mlc.ops import Add, Cast, Div, Equal, Mul, Pow, Sqrt, Sub, Where

_DOMAIN = "ai.onnx.preview.training"


class _Arithmetic:
    """Sums and products of values and numbers of one dtype."""

    def __init__(self, g: Graph, dtype: DType) -> None:
        self.g, self.dtype = g, dtype

    def number(self, x: Value | float) -> Value:
        """A value of the dtype."""
        if isinstance(x, float | int):
            return self.g.scalar(x, self.dtype)
        return x if x.tensor.dtype is self.dtype else self.g(Cast(x, dtype=self.dtype))

    def add(self, x: Value | float, y: Value | float) -> Value:
        return self.g(Add(self.number(x), self.number(y)))

    def sub(self, x: Value | float, y: Value | float) -> Value:
        return self.g(Sub(self.number(x), self.number(y)))

    def mul(self, x: Value | float, y: Value | float) -> Value:
        return self.g(Mul(self.number(x), self.number(y)))

    def div(self, x: Value | float, y: Value | float) -> Value:
        return self.g(Div(self.number(x), self.number(y)))

    def pow(self, x: float, y: Value) -> Value:
        return self.g(Pow(self.number(x), self.number(y)))

    def regularized(self, gradient: Value, x: Value, coefficient: float) -> Value:
        """The gradient with that of coefficient / 2 * |x|^2."""
        return self.add(gradient, self.mul(x, coefficient)) if coefficient else gradient


def _groups(g: Graph, values: Sequence[Value], count: int) -> list[tuple[Value, ...]]:
    """One tuple of `count` values for each tensor; they are listed kind by kind."""
    if len(values) % count:
        raise g.error(f"has {len(values)} inputs behind R and T, which is no multiple of {count}")
    tensors = len(values) // count
    return [tuple(values[kind * tensors + i] for kind in range(count)) for i in range(tensors)]


def _each(g: Graph, values: Sequence[Value], count: int, step: Callable[..., tuple[Value, ...]]) -> list[Value]:
    results = [step(*group) for group in _groups(g, values, count)]
    return [r[kind] for kind in range(count - 1) for r in results]


@onnx_op("Momentum", since=1, domain=_DOMAIN)
def momentum(
    g: Graph, r: Value, t: Value, *values: Value, alpha: float, beta: float, mode: str, norm_coefficient: float
) -> list[Value]:
    if mode not in ("standard", "nesterov"):
        raise g.error(f"attribute 'mode' must be standard or nesterov, got {mode!r}")

    def step(x: Value, gradient: Value, velocity: Value) -> tuple[Value, ...]:
        a = _Arithmetic(g, x.tensor.dtype)
        slope = a.regularized(gradient, x, norm_coefficient)
        # On the first step the gradient counts fully.
        first = g(Equal(t, g.scalar(0, t.tensor.dtype)))
        share = g(Where(first, a.number(1.0), a.number(beta)))
        new = a.add(a.mul(velocity, alpha), a.mul(slope, share))
        way = new if mode == "standard" else a.add(slope, a.mul(new, alpha))
        return a.sub(x, a.mul(r, way)), new

    return _each(g, values, 3, step)


@onnx_op("Adagrad", since=1, domain=_DOMAIN)
def adagrad(
    g: Graph,
    r: Value,
    t: Value,
    *values: Value,
    decay_factor: float = 0.0,
    epsilon: float = 1e-6,
    norm_coefficient: float = 0.0,
) -> list[Value]:
    def step(x: Value, gradient: Value, squares: Value) -> tuple[Value, ...]:
        a = _Arithmetic(g, x.tensor.dtype)
        rate = a.div(r, a.add(a.mul(t, decay_factor), 1.0))
        slope = a.regularized(gradient, x, norm_coefficient)
        total = a.add(squares, a.mul(slope, slope))
        scale = a.add(g(Sqrt(total)), epsilon)
        return a.sub(x, a.div(a.mul(rate, slope), scale)), total

    return _each(g, values, 3, step)


@onnx_op("Adam", since=1, domain=_DOMAIN)
def adam(
    g: Graph,
    r: Value,
    t: Value,
    *values: Value,
    alpha: float = 0.9,
    beta: float = 0.999,
    epsilon: float = 1e-6,
    norm_coefficient: float = 0.0,
    norm_coefficient_post: float = 0.0,
) -> list[Value]:
    def step(x: Value, gradient: Value, mean: Value, square: Value) -> tuple[Value, ...]:
        a = _Arithmetic(g, x.tensor.dtype)
        slope = a.regularized(gradient, x, norm_coefficient)
        new_mean = a.add(a.mul(mean, alpha), a.mul(slope, 1 - alpha))
        new_square = a.add(a.mul(square, beta), a.mul(a.mul(slope, slope), 1 - beta))
        # The averages begin at 0: their bias is taken off from the second step on.
        later = a.div(g(Sqrt(a.sub(1.0, a.pow(beta, t)))), a.sub(1.0, a.pow(alpha, t)))
        first = g(Equal(t, g.scalar(0, t.tensor.dtype)))
        rate = a.mul(r, g(Where(first, a.number(1.0), later)))
        moved = a.sub(x, a.div(a.mul(rate, new_mean), a.add(g(Sqrt(new_square)), epsilon)))
        return (a.mul(moved, 1 - norm_coefficient_post) if norm_coefficient_post else moved), new_mean, new_square

    return _each(g, values, 4, step)
