"""Random small modules for the properties of passes: rows of tests/cases, wired together where types agree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from cases import Case, all_cases

from mlc.ir import DType, Function, Location, Module, Type, Value, tensor, unattached
from mlc.ops import (
    Abs,
    Add,
    AveragePool,
    BatchNorm,
    Concat,
    Constant,
    Conv,
    Div,
    Erf,
    Exp,
    Log,
    Matmul,
    MaxPool,
    Mul,
    ReduceMax,
    ReduceMean,
    ReduceSum,
    Relu,
    Reshape,
    Sigmoid,
    Sub,
    Tanh,
    Transpose,
)

# One op of a graph: which row, and for each of its inputs where it comes from (see `_input`).
Step = tuple[int, tuple[int, ...]]


@dataclass
class Graph:
    """A module under construction and the arrays that its inputs get."""

    inputs: list[tuple[str, Type]] = field(default_factory=list)
    arrays: list[Any] = field(default_factory=list)


def usable_cases() -> list[Case]:
    """The rows whose ops stand alone: small, without a symbol of their own."""
    return [case for case in all_cases() if _is_small(case)]


def _is_small(case: Case) -> bool:
    return all(not isinstance(a, np.ndarray) or a.size <= 4096 for a in case.inputs)


def build(steps: Sequence[Step], outputs: int) -> tuple[Module, list[Any]]:
    """A module of these steps, and arrays for its inputs. `outputs` picks which inner values are returned, bit by bit;
    what nobody uses is returned with a chance of one half, else left dead."""
    cases = usable_cases()
    chosen = [cases[row % len(cases)] for row, _ in steps]
    given = [(t, a) for case in chosen for t, a in zip(case.input_types(), case.inputs, strict=True)]
    module = Module()
    main = module.add(Function("main", [(f"x{i}", t) for i, (t, _) in enumerate(given)]))
    pool: list[Value] = []
    at = 0
    for number, (case, (_, wiring)) in enumerate(zip(chosen, steps, strict=True)):
        values = []
        for place in range(len(case.inputs)):
            wire = wiring[place % len(wiring)]
            values.append(_input(main, main.inputs[at], given[at][1], pool, wire))
            at += 1
        op = case.build(*values)
        for fresh in unattached([*op.results]):
            fresh.loc = Location.of(f"{case.name}_{number}")
            main.append(fresh)
        pool.extend(op.results)
    results = [v for i, v in enumerate(pool) if outputs >> (i % 24) & 1] or pool[-1:]
    main.set_outputs([(f"y{i}", v) for i, v in enumerate(results)])
    return module, [a for _, a in given]


def _input(main: Function, argument: Value, array: Any, pool: Sequence[Value], wire: int) -> Value:
    """An earlier value of the argument's type, a constant, or the argument itself."""
    alike = [v for v in pool if v.type == argument.type]
    if alike and wire % 4:
        return alike[wire % len(alike)]
    if wire % 3 == 0 and isinstance(array, np.ndarray) and array.dtype != object:
        return main.append(Constant(array)).result
    return argument


# --- nets: what the passes that reorder arithmetic look for ---


def net(choices: Sequence[tuple[int, int]], outputs: int) -> tuple[Module, list[Any]]:
    """A net of convs, norms, activations and transposes on images, with its input.

    A choice is a layer and how many values back its input is. The last value is always returned.
    """
    module = Module()
    main = module.add(Function("main", [("x", tensor(DType.F32, 2, 20, 4, 4))]))
    pool = [main.inputs[0]]
    for number, (layer, back) in enumerate(choices):
        x = pool[-1 - back % len(pool)]
        y = LAYERS[layer % len(LAYERS)](x, pool, np.random.default_rng([number, layer]))
        for fresh in unattached([y]):
            main.append(fresh)
        pool.append(y)
    results = [v for i, v in enumerate(pool[1:-1]) if outputs >> i & 1] + pool[-1:]
    main.set_outputs([(f"y{i}", v) for i, v in enumerate(results)])
    return module, [np.random.default_rng(0).standard_normal((2, 20, 4, 4)).astype(np.float32)]


Random = np.random.Generator


def _numbers(rng: Random, *shape: int, scale: float = 1.0, low: float | None = None) -> Value:
    values = rng.standard_normal(shape) * scale if low is None else rng.random(shape) + low
    return Constant(values.astype(np.float32)).result


def _channels(x: Value) -> int:
    return x.tensor.static_shape[1]


def _conv(x: Value, pool: Sequence[Value], rng: Random) -> Value:
    size = int(rng.choice([1, 3]))
    channels, filters = _channels(x), int(rng.choice([3, 8, 17, 20]))
    w = _numbers(rng, filters, channels, size, size, scale=1 / (size * channels**0.5))
    b = _numbers(rng, filters) if rng.random() < 0.5 else None
    return Conv(x, w, b, strides=(1, 1), pads=(size // 2,) * 4, dilations=(1, 1)).result


def _depthwise(x: Value, pool: Sequence[Value], rng: Random) -> Value:
    w = _numbers(rng, _channels(x), 1, 3, 3, scale=0.3)
    return Conv(x, w, None, strides=(1, 1), pads=(1,) * 4, dilations=(1, 1), groups=_channels(x)).result


def _batch_norm(x: Value, pool: Sequence[Value], rng: Random) -> Value:
    vectors = [_numbers(rng, _channels(x)) for _ in range(3)]
    return BatchNorm(x, *vectors, _numbers(rng, _channels(x), low=0.5)).result


def _residual(x: Value, pool: Sequence[Value], rng: Random) -> Value:
    alike = [v for v in pool if v.type == x.type]
    return Add(x, alike[int(rng.integers(len(alike)))]).result


def _affine(x: Value, pool: Sequence[Value], rng: Random) -> Value:
    scaled = Mul(_numbers(rng, _channels(x), 1, 1), x).result
    return Add(scaled, _numbers(rng, _channels(x), 1, 1)).result


def _gelu(x: Value, pool: Sequence[Value], rng: Random) -> Value:
    curve = Add(Erf(Div(x, _number(2**0.5)).result).result, _number(1.0)).result
    return Mul(Mul(x, _number(0.5)).result, curve).result


def _number(value: float) -> Value:
    return Constant(np.array(value, np.float32)).result


def _softmax(x: Value, pool: Sequence[Value], rng: Random) -> Value:
    axis = int(rng.integers(1, 4))
    e = Exp(Sub(x, ReduceMax(x, axes=(axis,)).result).result).result
    return Div(e, ReduceSum(e, axes=(axis,)).result).result


def _transposed(x: Value, pool: Sequence[Value], rng: Random) -> Value:
    there = Transpose(x, perm=(0, 2, 3, 1)).result
    return Transpose(Tanh(Add(there, _numbers(rng, _channels(x))).result).result, perm=(0, 3, 1, 2)).result


def _dense(x: Value, pool: Sequence[Value], rng: Random) -> Value:
    rows = Reshape(x, dims=(2, _channels(x), 16)).result
    product = Matmul(rows, Mul(_numbers(rng, 16, 16, scale=0.25), _number(1.5)).result).result
    return Reshape(Add(product, _numbers(rng, 16)).result, dims=x.tensor.dims).result


def _excited(x: Value, pool: Sequence[Value], rng: Random) -> Value:
    return Mul(x, Sigmoid(ReduceMean(x, axes=(2, 3)).result).result).result


def _concat(x: Value, pool: Sequence[Value], rng: Random) -> Value:
    other = pool[int(rng.integers(len(pool)))]
    return Concat([x, other], axis=1).result if _channels(x) + _channels(other) < 64 else Relu(x).result


def _pooled(x: Value, pool: Sequence[Value], rng: Random) -> Value:
    window: dict[str, Any] = {"kernel": (3, 3), "strides": (1, 1), "pads": (1,) * 4, "dilations": (1, 1)}
    return MaxPool(x, **window).results[0] if rng.random() < 0.5 else AveragePool(x, **window).results[0]


def _ratio(x: Value, pool: Sequence[Value], rng: Random) -> Value:
    """Finite where x is not 0, as lanes of no channel are."""
    return [Div(x, Add(Abs(x).result, Relu(x).result).result), Log(Abs(x).result)][int(rng.integers(2))].result


def _conv_of_ratio(x: Value, pool: Sequence[Value], rng: Random) -> Value:
    return _conv(_ratio(_conv(x, pool, rng), pool, rng), pool, rng)


def _bounded(x: Value, pool: Sequence[Value], rng: Random) -> Value:
    return [Tanh, Sigmoid, Relu][int(rng.integers(3))](x).result


LAYERS: tuple[Callable[[Value, Sequence[Value], Random], Value], ...] = (
    *(_conv, _conv, _depthwise, _batch_norm, _batch_norm, _residual, _affine, _gelu, _softmax),
    *(_transposed, _dense, _excited, _concat, _pooled, _conv_of_ratio, _bounded),
)
