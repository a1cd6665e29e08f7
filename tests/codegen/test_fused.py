"""Fused regions of any mix: computed as the interpreter does, and cut into as few kernels as they allow."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from cases import normal
from codegen.running import compiled
from tolerance import assert_close

from mlc.codegen import Program
from mlc.interpreter import interpret
from mlc.ir import Array, Block, DType, Function, Module, Region, Type, Value, symbol, tensor, unattached
from mlc.ir.types import type_of
from mlc.ops import (
    Add,
    Cast,
    Concat,
    Conv,
    Exp,
    Fused,
    Gelu,
    Matmul,
    Mul,
    Relu,
    Reshape,
    Sigmoid,
    Slice,
    Sub,
    Transpose,
    Yield,
    scalar,
)

Body = Callable[..., Value | Sequence[Value]]


def fused_module(body: Body, types: Sequence[Type]) -> Module:
    """A module whose main is one fused region; `body` gives the yielded values from the arguments."""
    function = Function("main", [(f"x{i}", t) for i, t in enumerate(types)])
    block = Block([v.type for v in function.inputs])
    built = body(*block.arguments)
    results = [built] if isinstance(built, Value) else list(built)

    for op in unattached(results):
        block.append(op)
    block.append(Yield(results))
    fused = function.append(Fused(function.inputs, Region(block), kind="test"))
    function.set_outputs([(f"y{i}", r) for i, r in enumerate(fused.results)])
    module = Module("test")
    module.add(function)
    return module


def check(body: Body, *inputs: Array, types: Sequence[Type] | None = None) -> Program:
    """Runs the fused body natively and by the interpreter; returns the program for its schedule."""
    module = fused_module(body, types or [type_of(x) for x in inputs])
    executable, program = compiled(module)
    assert_close(list(executable.run(*inputs)), interpret(module, list(inputs)), model="fused")
    assert not program.host_steps
    return program


def families(program: Program) -> list[str]:
    return [row.family for row in program.schedule]


def test_a_chain_of_elementwise_ops_is_one_kernel() -> None:
    program = check(lambda x, y: Mul(Exp(Add(x, y).result).result, x).result, normal(3, 17), normal(17))
    assert families(program) == ["elementwise"]


def test_index_functions_join_elementwise_ops() -> None:
    def body(x: Value, y: Value) -> Value:
        turned = Transpose(x, perm=(1, 0)).result
        both = Concat([turned, Relu(y).result], axis=0).result
        cut = Slice(both, starts=(1, 0), dims=(4, 3), steps=(1, 1)).result
        return Reshape(Sub(cut, scalar(1.0, DType.F32)).result, dims=(12,)).result

    assert families(check(body, normal(3, 4), normal(2, 3))) == ["elementwise"]


def test_what_is_behind_a_matmul_is_computed_in_its_kernel() -> None:
    def body(x: Value, w: Value, b: Value, r: Value) -> Value:
        return Add(Gelu(Add(Matmul(x, w).result, b).result).result, Sigmoid(r).result).result

    program = check(body, normal(7, 17), normal(17, 20), normal(20), normal(7, 20))
    assert families(program) == ["matmul"]


def test_what_is_before_a_matmul_is_a_kernel_of_its_own() -> None:
    program = check(lambda x, w: Matmul(Relu(x).result, w).result, normal(7, 17), normal(17, 20))
    assert families(program) == ["elementwise", "matmul"]


@pytest.mark.parametrize("hw", [(9, 9), (7, 16), (1, 1)])
def test_a_conv_takes_bias_residual_and_activation(hw: tuple[int, int]) -> None:
    def body(x: Value, w: Value, r: Value) -> Value:
        conv = Conv(x, w, strides=(1, 1), pads=(1, 1, 1, 1), dilations=(1, 1)).result
        return Relu(Add(conv, r).result).result

    program = check(body, normal(2, 3, *hw), normal(5, 3, 3, 3), normal(2, 5, *hw))
    assert families(program) == ["conv"]


def test_a_pointwise_conv_broadcasts_what_is_behind_it() -> None:
    def body(x: Value, w: Value, r: Value) -> Value:
        return Mul(Conv(x, w, strides=(1, 1), pads=(0,) * 4, dilations=(1, 1)).result, r).result

    x, w = normal(2, 3, 8, 9), normal(5, 3, 1, 1)
    for shape in [(5, 1, 1), (9,), (8, 1), (2, 5, 8, 9), (1,)]:
        assert families(check(body, x, w, normal(*shape))) == ["conv"]


def test_an_intermediate_that_is_used_outside_is_stored_too() -> None:
    def body(x: Value, w: Value) -> list[Value]:
        product = Matmul(x, w).result
        return [Relu(product).result, product]

    assert families(check(body, normal(5, 6), normal(6, 7))) == ["matmul"]


def test_two_heavy_ops_are_two_kernels() -> None:
    def body(x: Value, w: Value, v: Value) -> Value:
        return Relu(Matmul(Relu(Matmul(x, w).result).result, v).result).result

    assert families(check(body, normal(5, 6), normal(6, 7), normal(7, 8))) == ["matmul", "matmul"]


def test_a_result_that_is_read_at_other_indices_is_stored_first() -> None:
    def body(x: Value, w: Value) -> Value:
        product = Matmul(x, w).result
        return Add(product, Transpose(product, perm=(1, 0)).result).result

    assert families(check(body, normal(5, 6), normal(6, 5))) == ["matmul", "elementwise"]


def test_outputs_of_two_shapes_come_from_one_region() -> None:
    def body(x: Value) -> list[Value]:
        return [Relu(x).result, Slice(x, starts=(0, 1), dims=(3, 2), steps=(1, 2)).result]

    assert families(check(body, normal(3, 5))) == ["elementwise"]


def test_an_argument_may_be_yielded() -> None:
    check(lambda x: [x, Relu(x).result], normal(3, 5))


def test_a_fused_region_of_symbolic_dims() -> None:
    n = symbol("N")
    for size in (0, 1, 7, 64):
        check(
            lambda x, w: Relu(Matmul(x, w).result).result,
            normal(size, 6),
            normal(6, 5),
            types=[tensor(DType.F32, n, 6), tensor(DType.F32, 6, 5)],
        )


def test_narrow_floats_round_between_the_ops_of_a_region() -> None:
    def body(x: Value, y: Value) -> Value:
        return Cast(Sub(Add(x, y).result, y).result, dtype=DType.F32).result

    x = normal(64, dtype=DType.F16)
    module = fused_module(body, [type_of(x), type_of(x)])
    large = (x * np.float16(1000)).astype(np.float16)
    got = compiled(module)[0].run(x, large)[0]
    assert np.array_equal(got, interpret(module, [x, large])[0])


def test_a_reshape_behind_a_product_is_a_view_of_its_buffer() -> None:
    def body(x: Value, w: Value) -> list[Value]:
        product = Relu(Matmul(x, w).result).result
        return [Reshape(Reshape(product, dims=(35,)).result, dims=(7, 5)).result]

    assert families(check(body, normal(5, 6), normal(6, 7))) == ["matmul"]
