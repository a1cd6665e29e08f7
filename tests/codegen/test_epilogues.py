"""Elementwise ops fused behind each kernel family give what they give unfused, on every family that can have them.

Each pair of a heavy op and an epilogue is compiled twice, as one fused region and op by op: the bits are the same. The
interpreter computes the same numbers.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from cases import booleans, normal, positive
from cases.conv import conv
from cases.pool import pool
from codegen.running import compiled
from codegen.test_fused import fused_module
from tolerance import assert_close

from mlc.interpreter import interpret
from mlc.ir import Array, DType, Function, Module, Op, Value, type_of, unattached
from mlc.ops import (
    Add,
    Attention,
    AveragePool,
    BatchNorm,
    Cast,
    Clip,
    Constant,
    Div,
    Exp,
    Gelu,
    GroupNorm,
    InstanceNorm,
    LayerNorm,
    LogSoftmax,
    LpPool,
    Lrn,
    Matmul,
    MaxPool,
    Mul,
    ReduceMax,
    ReduceMean,
    ReduceSum,
    Relu,
    Reshape,
    RmsNorm,
    Sigmoid,
    Softmax,
    Sub,
    Tanh,
    Where,
    scalar,
)
from mlc.passes import parse_pipeline
from mlc.rewrite import run_passes

Build = Callable[..., Op]

IMAGE = normal(2, 6, 9, 11)
CHANNELS = (positive(6), normal(6))
HEAVY: dict[str, tuple[Build, tuple[Array, ...]]] = {
    "matmul of whole panels": (Matmul, (normal(16, 40), normal(40, 96))),
    "matmul of ragged panels": (Matmul, (normal(2, 13, 20), normal(20, 37))),
    "matmul of batches": (Matmul, (normal(3, 7, 20), normal(3, 20, 16))),
    "matmul of one row": (Matmul, (normal(1, 64), normal(64, 192))),
    "matmul of a long sum": (Matmul, (normal(9, 3000), normal(3000, 20))),
    "matmul of f16": (Matmul, (normal(5, 20, dtype=DType.F16), normal(20, 48, dtype=DType.F16))),
    "attention": (Attention, (normal(1, 2, 20, 16), normal(1, 2, 33, 16), normal(1, 2, 33, 24))),
    "attention with tokens first": (
        lambda q, k, v: Attention(q, k, v, layout="blhd", is_causal=True),
        (normal(1, 20, 2, 16), normal(1, 33, 2, 16), normal(1, 33, 2, 24)),
    ),
    "conv 3x3": (conv(pads=(1, 1, 1, 1)), (IMAGE, normal(8, 6, 3, 3))),
    "conv 1x1 with bias": (conv(rank=2), (IMAGE, normal(20, 6, 1, 1), normal(20))),
    "depthwise conv": (conv(pads=(1, 1, 1, 1), groups=6), (IMAGE, normal(6, 1, 3, 3))),
    "strided conv": (conv(strides=(2, 2)), (IMAGE, normal(5, 6, 3, 3))),
    "max pool": (pool(MaxPool, 3, 3, strides=(2, 2)), (IMAGE,)),
    "average pool": (pool(AveragePool, 2, 2), (IMAGE,)),
    "lp pool": (pool(LpPool, 2, 2), (IMAGE,)),
    "softmax": (Softmax, (normal(5, 33),)),
    "softmax across": (lambda x: Softmax(x, axis=0), (normal(5, 33),)),
    "log softmax": (LogSoftmax, (normal(5, 33),)),
    "layer norm": (LayerNorm, (normal(7, 45), normal(45), normal(45))),
    "rms norm": (RmsNorm, (normal(7, 45), normal(45))),
    "group norm": (lambda x, s, b: GroupNorm(x, s, b, groups=3), (IMAGE, *CHANNELS)),
    "instance norm": (InstanceNorm, (IMAGE, *CHANNELS)),
    "batch norm": (BatchNorm, (IMAGE, *CHANNELS, normal(6), positive(6))),
    "lrn": (lambda x: Lrn(x, size=3), (IMAGE,)),
    "sum": (lambda x: ReduceSum(x, axes=(1,)), (normal(5, 30, 7),)),
    "mean of lines": (lambda x: ReduceMean(x, axes=(2,), keep_dims=False), (normal(5, 7, 30),)),
    "largest": (lambda x: ReduceMax(x, axes=(0,)), (normal(5, 7, 30),)),
}

# What is behind these decides which dims of an image are one line, and so the order of the sum over it.
SUMMED_OVER_PIXELS = ("group norm", "instance norm")

# From the heavy result and tensors of its shape, of its last dim and a condition of its shape.
Epilogue = Callable[[Value, Value, Value, Value], Value]
EPILOGUES: dict[str, Epilogue] = {
    "bias": lambda y, same, line, seen: Add(y, line).result,
    "bias and gelu": lambda y, same, line, seen: Gelu(Add(y, line).result).result,
    "residual": lambda y, same, line, seen: Add(same, y).result,
    "bias, residual and relu": lambda y, same, line, seen: Relu(Add(Add(y, line).result, same).result).result,
    "scale and clamp": lambda y, same, line, seen: (
        Clip(
            Mul(y, scalar(0.5, y.tensor.dtype)).result, scalar(-0.4, y.tensor.dtype), scalar(0.6, y.tensor.dtype)
        ).result
    ),
    "swish": lambda y, same, line, seen: Mul(y, Sigmoid(y).result).result,
    "selected": lambda y, same, line, seen: Where(seen, y, Sub(same, y).result).result,
    "narrowed": lambda y, same, line, seen: Cast(Tanh(y).result, dtype=DType.BF16).result,
    "used twice": lambda y, same, line, seen: Div(Add(y, same).result, Exp(y).result).result,
}


def apart_module(body: Callable[..., Value], inputs: Sequence[Array]) -> Module:
    """The ops of `body` one by one in main."""
    function = Function("main", [(f"x{i}", type_of(x)) for i, x in enumerate(inputs)])
    result = body(*function.inputs)
    for op in unattached([result]):
        function.append(op)
    function.set_outputs([("y0", result)])
    module = Module("test")
    module.add(function)
    return module


PAIRS = list(itertools.product(HEAVY, EPILOGUES))


@pytest.mark.parametrize(
    ("heavy", "epilogue"),
    [pytest.param(*pair, marks=() if i % 4 == 0 else pytest.mark.slow) for i, pair in enumerate(PAIRS)],
)
def test_what_is_fused_behind_a_kernel_equals_what_is_not(heavy: str, epilogue: str) -> None:
    build, operands = HEAVY[heavy]
    dims = build(*Function("main", [(f"x{i}", type_of(x)) for i, x in enumerate(operands)]).inputs).results[0].tensor
    shape, dtype = dims.static_shape, dims.dtype
    beside = [normal(*shape, dtype=dtype), normal(shape[-1], dtype=dtype), booleans(*shape)]

    def body(*values: Value) -> Value:
        y = build(*values[:-3]).results[0]
        return EPILOGUES[epilogue](y, *values[-3:])

    inputs = [*operands, *beside]
    fused = fused_module(body, [type_of(x) for x in inputs])
    executable, program = compiled(fused, no_fallback=True)
    assert len(program.schedule) == 1, [row.title for row in program.schedule]
    (got,) = executable.run(*inputs)
    (apart,) = compiled(apart_module(body, inputs), no_fallback=True)[0].run(*inputs)
    if heavy in SUMMED_OVER_PIXELS and "bias" in epilogue:
        assert_close([got], [apart], model=f"{heavy} with {epilogue}")
    else:
        np.testing.assert_array_equal(got, apart)
    if got.dtype == np.float32:
        assert_close([got], interpret(fused, inputs), model=f"{heavy} with {epilogue}")


@pytest.mark.parametrize("passes", ["fuse", "layout{block=8 everywhere=true},fuse"])
@pytest.mark.parametrize("groups", [1, 2])
def test_a_factor_that_is_reshaped_behind_a_pointwise_conv_is_read_by_the_dims_it_has(groups: int, passes: str) -> None:
    """The conv walks its image as one line, a reshape computes its index of the dims as they are."""
    x, w, factor = normal(2, 16, 3, 5), normal(8, 16 // groups, 1, 1), normal(1, 1, 1)

    def body(x: Value, f: Value) -> Value:
        y = conv(rank=2, groups=groups)(x, Constant(w).result).results[0]
        return Mul(y, Reshape(f, dims=(1, 1, 1, 1)).result).result

    module = apart_module(body, [x, factor])
    (want,) = interpret(module, [x, factor])
    run_passes(module, parse_pipeline(passes))
    (got,) = compiled(module)[0].run(x, factor)
    assert_close([got], [want], model=f"{groups} groups, {passes}")
