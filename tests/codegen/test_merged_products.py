"""Products that merge-matmuls has made one: how many kernels they are, and their numbers for any threads."""

from __future__ import annotations

import numpy as np
import pytest
from codegen.running import compiled
from tolerance import assert_close

from mlc.interpreter import interpret
from mlc.ir import Array, DType, Function, Module, Value, symbol, tensor
from mlc.ops import Add, Attention, Constant, Matmul, Reshape, RmsNorm, Transpose
from mlc.passes import parse_pipeline
from mlc.rewrite import run_passes
from mlc.runtime import set_threads, threads

PIPELINE = "merge-matmuls,canonicalize,cse,dce,fuse"
SIZE, HEADS = 32, 4


def drawn(seed: int, *shape: int) -> Array:
    """Normal numbers of this seed; weights must differ, or it would not show which were taken."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def attention_module(
    *, key_heads: int = HEADS, biases: str = "qkv", layout: str = "blhd", is_normalized: bool = False
) -> Module:
    """x[2, N, SIZE] -> the attention of its products with three weights, heads as the layout has them."""
    tokens = symbol("N")
    function = Function("main", [("x", tensor(DType.F32, 2, tokens, SIZE))])
    x, depth = function.inputs[0], SIZE // HEADS
    operands: list[Value] = []
    for number, name in enumerate("qkv"):
        heads = HEADS if name == "q" else key_heads
        columns = heads * depth
        weights = function.append(Constant(drawn(number, SIZE, columns) / np.float32(SIZE**0.5))).results[0]
        value = function.append(Matmul(x, weights)).results[0]
        if name in biases:
            bias = function.append(Constant(drawn(number + 3, columns))).results[0]
            value = function.append(Add(value, bias)).results[0]
        value = function.append(Reshape(value, dims=(2, tokens, heads, depth))).results[0]
        if is_normalized and name != "v":
            scale = function.append(Constant(drawn(number + 6, depth))).results[0]
            value = function.append(RmsNorm(value, scale)).results[0]
        if layout == "bhld":
            value = function.append(Transpose(value, perm=(0, 2, 1, 3))).results[0]
        operands.append(value)
    y = function.append(Attention(*operands, layout=layout)).results[0]
    function.set_outputs([("y", y)])
    module = Module("test")
    module.add(function)
    return module


def outputs(module: Module, x: Array, target: str = "host") -> tuple[Array, list[str]]:
    """What the compiled module gives with two threads, the same as with one, and the names of its kernels' families."""
    executable, program = compiled(module, target=target, no_fallback=True)
    before = threads()
    try:
        set_threads(1)
        alone = np.asarray(executable(x))
        set_threads(2)
        together = np.asarray(executable(x))
    finally:
        set_threads(before)
    assert alone.tobytes() == together.tobytes()
    return together, [row.family for row in program.schedule]


@pytest.mark.parametrize("tokens", [0, 1, 7, 33])
@pytest.mark.parametrize("biases", ["qkv", "qv", ""])
def test_attention_reads_the_columns_of_one_product(tokens: int, biases: str) -> None:
    module = attention_module(biases=biases)
    x = drawn(1, 2, tokens, SIZE)
    wanted = interpret(module, [x])[0]
    run_passes(module, parse_pipeline(PIPELINE))
    y, families = outputs(module, x)
    assert families == ["matmul", "attention"]
    assert_close(y, wanted, model="attention")


@pytest.mark.parametrize("target", ["x86-64-v2", "x86-64-v3"])
def test_heads_that_share_keys_and_stand_before_tokens_are_read_in_place(target: str) -> None:
    module = attention_module(key_heads=2, layout="bhld")
    x = drawn(2, 2, 9, SIZE)
    wanted = interpret(module, [x])[0]
    run_passes(module, parse_pipeline(PIPELINE))
    y, families = outputs(module, x, target)
    assert families == ["matmul", "attention"]
    assert_close(y, wanted, model="attention")


def test_normalized_heads_are_read_in_place() -> None:
    module = attention_module(is_normalized=True)
    x = drawn(3, 2, 9, SIZE)
    wanted = interpret(module, [x])[0]
    run_passes(module, parse_pipeline(PIPELINE))
    y, families = outputs(module, x)
    assert families == ["matmul", "norm", "norm", "attention"]
    assert_close(y, wanted, model="attention")


def test_a_merged_product_may_be_of_seven_products() -> None:
    module = attention_module()
    x = drawn(4, 2, 9, SIZE)
    wanted = interpret(module, [x])[0]
    run_passes(module, parse_pipeline("merge-matmuls,canonicalize,cse,dce,strassen{always=true},fuse"))
    y, families = outputs(module, x)
    assert families == ["matmul", "attention"]
    assert sum(isinstance(op, Matmul) and op.strassen for op in module.walk()) == 1
    assert_close(y, wanted, model="attention")
