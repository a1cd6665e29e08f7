"""Reductions, softmax, normalizations and pools as roots of fused groups: what is before and behind them is computed
inside of their kernels, and all of it equals the interpreter's results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cases import normal, positive
from codegen.running import compiled
from tolerance import assert_op_close

from mlc.interpreter import interpret
from mlc.ir import Array, DType, Function, Module, TensorType, Value, symbol, type_of
from mlc.ops import (
    Abs,
    Add,
    AveragePool,
    BatchNorm,
    Cast,
    Exp,
    GroupNorm,
    InstanceNorm,
    LayerNorm,
    LogSoftmax,
    Lrn,
    MaxPool,
    Mul,
    ReduceMax,
    ReduceMean,
    ReduceProd,
    ReduceSum,
    Relu,
    RmsNorm,
    Softmax,
    Sub,
    Where,
)
from mlc.passes.fuse import Fuse

Build = Callable[..., list[Any]]


def group_of(build: Build, types: list[TensorType]) -> Module:
    """The module whose main is the ops `build` makes, each result an output only where it is the last; fused."""
    function = Function("main", [(f"x{i}", t) for i, t in enumerate(types)])
    ops = build(*function.inputs)
    for op in ops:
        function.append(op)
    function.set_outputs([("y", ops[-1].result)])
    module = Module("test")
    module.add(function)
    Fuse().run(module)
    return module


def symbolic(types: list[TensorType]) -> list[TensorType]:
    """The types with each extent above 1 a symbol named after it, so that equal extents stay equal."""
    return [t.with_shape(tuple(d if d == 1 else symbol(f"n{d}") for d in t.static_shape)) for t in types]


def chain(*makers: Callable[[Value], Any]) -> list[Any]:
    """Ops of which each takes the result before it; the first maker takes nothing."""
    ops: list[Any] = []
    for make in makers:
        ops.append(make(ops[-1].result if ops else None))  # type: ignore[arg-type]
    return ops


X, ROW, CHANNEL = normal(2, 3, 4, 17), normal(17), normal(3)
GROUPS: dict[str, tuple[Build, tuple[Array, ...]]] = {
    "mean of squares along lines": (
        lambda x: chain(lambda _: Mul(x, x), lambda y: ReduceMean(y, axes=(-1,)), lambda y: Relu(y)),
        (X,),
    ),
    "sum over pixels with a bias per channel before and behind": (
        lambda x, b: chain(
            lambda _: Add(x, b), lambda y: Relu(y), lambda y: ReduceSum(y, axes=(2, 3)), lambda y: Exp(y)
        ),
        (X * np.float32(0.01), normal(3, 1, 1)),
    ),
    "sum over channels, scaled by what broadcasts": (
        lambda x, s: chain(lambda _: Abs(x), lambda y: ReduceSum(y, axes=(1,)), lambda y: Mul(y, s), lambda y: Relu(y)),
        (X, ROW),
    ),
    "an operand that both sides read": (
        lambda x, s: chain(
            lambda _: Mul(x, s), lambda y: ReduceMax(y, axes=(0,), keep_dims=False), lambda y: Sub(y, s)
        ),
        (X, normal(3, 4, 17)),
    ),
    "product over the outer dims of a converted tensor": (
        lambda x: chain(lambda _: Cast(x, dtype=DType.F32), lambda y: ReduceProd(y, axes=(0, 1)), lambda y: Abs(y)),
        (normal(2, 3, 4, 5).astype(np.float64),),
    ),
    "masked softmax": (
        lambda x, m, low: chain(lambda _: Where(m, x, low), lambda y: Softmax(y, axis=-1), lambda y: Mul(y, x)),
        (X, np.arange(17) % 3 > 0, np.float32([-1e9])),
    ),
    "softmax across lines with a scale": (
        lambda x, s: chain(lambda _: Mul(x, s), lambda y: Softmax(y, axis=1), lambda y: Relu(y)),
        (X, np.float32([0.25])),
    ),
    "log softmax": (
        lambda x, b: chain(lambda _: Add(x, b), lambda y: LogSoftmax(y, axis=-1), lambda y: Abs(y)),
        (X, ROW),
    ),
    "layer norm of a sum": (
        lambda x, r, s, b: chain(lambda _: Add(x, r), lambda y: LayerNorm(y, s, b), lambda y: Relu(y)),
        (X, normal(2, 3, 4, 17) * 2, ROW, normal(17) + 1),
    ),
    "layer norm over three dims with a scale that broadcasts": (
        lambda x, s: chain(lambda _: Abs(x), lambda y: LayerNorm(y, s, axis=1), lambda y: Mul(y, x)),
        (X, normal(3, 1, 17)),
    ),
    "rms norm": (
        lambda x, s: chain(lambda _: Abs(x), lambda y: RmsNorm(y, s), lambda y: Add(y, x)),
        (X, ROW),
    ),
    "group norm with a bias before": (
        lambda x, p, s, b: chain(lambda _: Add(x, p), lambda y: GroupNorm(y, s, b, groups=3), lambda y: Relu(y)),
        (X, normal(3, 1, 1), CHANNEL, normal(3) + 1),
    ),
    "instance norm whose scale is read behind it, along another dim": (
        lambda x, s: chain(lambda _: Relu(x), lambda y: InstanceNorm(y, s, s), lambda y: Add(y, s)),
        (normal(2, 3, 4, 3), CHANNEL),
    ),
    "batch norm": (
        lambda x, s, m, v, r: chain(lambda _: BatchNorm(x, s, s, m, v), lambda y: Add(y, r), lambda y: Relu(y)),
        (X, CHANNEL, normal(3) + 1, positive(3), normal(2, 3, 4, 17) * 3),
    ),
    "lrn": (
        lambda x: chain(lambda _: Relu(x), lambda y: Lrn(y, 3), lambda y: Abs(y)),
        (X,),
    ),
    "max pool with a residual behind": (
        lambda x, r: chain(
            lambda _: MaxPool(x, (3, 3), strides=(2, 2), pads=(1, 1, 1, 1), dilations=(1, 1)),
            lambda y: Add(y, r),
            lambda y: Relu(y),
        ),
        (X, normal(2, 3, 2, 9)),
    ),
    "average pool with a scale per channel behind": (
        lambda x, s: chain(
            lambda _: AveragePool(x, (2, 3), strides=(1, 2), pads=(0, 1, 1, 1), dilations=(1, 1)),
            lambda y: Mul(y, s),
        ),
        (X, normal(3, 1, 1)),
    ),
}


@pytest.mark.parametrize("is_symbolic", [False, True], ids=["static", "symbolic"])
@pytest.mark.parametrize("name", GROUPS)
def test_a_fused_group_equals_the_interpreter(name: str, is_symbolic: bool) -> None:
    build, inputs = GROUPS[name]
    types = [type_of(x) for x in inputs]
    if is_symbolic:
        types = symbolic(types)
    module = group_of(build, types)
    (want,) = interpret(module, list(inputs))
    executable, program = compiled(module, no_fallback=True)
    (got,) = executable.run(*inputs)
    size = max(x.size for x in inputs) // max(want.size, 1) + 1
    assert_op_close(got, want, magnitude=float(np.abs(want).max()), terms=size, op=name)
    assert len(program.schedule) == 1, [str(row) for row in program.schedule]
