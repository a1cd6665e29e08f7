"""The interpreter: what it gives for a module, and what it says of inputs and extents that do not fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from mlc.errors import CompileError
from mlc.interpreter import interpret
from mlc.ir import Block, Dim, DType, Function, Location, Module, Op, Region, Type, Value, parse_dim, symbol, tensor
from mlc.ops import Add, Concat, Fused, Gather, NonZero, Relu, Reshape, Slice, Unique, Yield

F32, I64 = DType.F32, DType.I64
N, M = symbol("N"), symbol("M")


def module_of(inputs: dict[str, Type], *steps: Any) -> Module:
    """A module of one function; each step makes the next op from the inputs and the results so far."""
    function = Function("main", list(inputs.items()))
    values: list[Value] = list(function.inputs)
    for step in steps:
        op: Op = step(*values[-step.__code__.co_argcount :])
        values.extend(function.append(op).results)
    function.set_outputs([("y", values[-1])])
    module = Module()
    module.add(function)
    return module


def floats(*shape: int) -> Any:
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


def test_ops_run_in_order() -> None:
    module = module_of({"x": tensor(F32, 2), "y": tensor(F32, 2)}, lambda x, y: Add(x, y), lambda s: Relu(s))
    np.testing.assert_array_equal(interpret(module, [np.float32([1, -3]), np.float32([1, 1])])[0], [2, 0])


def test_a_fused_body_runs_on_its_own_arguments() -> None:
    def fused(x: Value, y: Value) -> Op:
        block = Block([x.type, y.type])
        block.append(Yield([block.append(Add(*block.arguments)).result]))
        return Fused([x, y], Region(block), kind="elementwise")

    module = module_of({"x": tensor(F32, 2), "y": tensor(F32, 2)}, fused)
    np.testing.assert_array_equal(interpret(module, [floats(2), floats(2)])[0], [0, 2])


@pytest.mark.parametrize(
    "array, message",
    [
        (np.zeros(2, np.float64), "has elements of float64, its type is tensor<2xf32>"),
        (np.zeros((1, 2), np.float32), r"has shape \[1, 2\] of rank 2, its type is tensor<2xf32>"),
        (np.zeros(3, np.float32), r"has shape \[3\]: dim 0 must be 2, got 3"),
    ],
)
def test_an_input_that_does_not_fit_its_type_is_named(array: Any, message: str) -> None:
    module = module_of({"x": tensor(F32, 2)}, lambda x: Relu(x))
    with pytest.raises(CompileError, match=f"input 'x' {message}"):
        interpret(module, [array])


def test_the_number_of_inputs_is_checked() -> None:
    with pytest.raises(CompileError, match="the model takes 1 inputs, got 2"):
        interpret(module_of({"x": tensor(F32, 2)}, lambda x: Relu(x)), [floats(2), floats(2)])


def test_inputs_that_name_one_symbol_must_agree() -> None:
    module = module_of({"x": tensor(F32, N), "y": tensor(F32, N)}, lambda x, y: Add(x, y))
    assert interpret(module, [floats(5), floats(5)])[0].shape == (5,)
    with pytest.raises(CompileError, match=r"input 'y' has shape \[4\]: dim 0 must be N = 5, got 4"):
        interpret(module, [floats(5), floats(4)])


def test_an_expression_may_come_before_its_symbol() -> None:
    module = module_of({"x": tensor(F32, parse_dim("2 * N + 1")), "y": tensor(F32, N)}, lambda x, y: Concat([x, y], 0))
    assert interpret(module, [floats(7), floats(3)])[0].shape == (10,)
    with pytest.raises(CompileError, match=r"input 'x' has shape \[6\]: dim 0 must be 2 \* N \+ 1 = 7 with N = 3"):
        interpret(module, [floats(6), floats(3)])


def test_a_broadcast_of_two_symbols_is_checked_at_the_op() -> None:
    module = module_of({"x": tensor(F32, N), "y": tensor(F32, M)}, lambda x, y: Add(x, y, loc=Location.of("sum")))
    assert interpret(module, [floats(3), floats(3)])[0].shape == (3,)
    with pytest.raises(CompileError, match="node 'sum': mlc.add"):
        interpret(module, [floats(3), floats(4)])


def test_attributes_over_symbols_are_numbers_when_the_op_runs() -> None:
    last = {"starts": (N - 1,), "dims": (1,), "steps": (1,)}
    module = module_of({"x": tensor(F32, N)}, lambda x: Slice(x, **last), lambda e: Reshape(e, dims=()))
    assert interpret(module, [floats(5)])[0] == 4


def test_an_op_gives_new_symbols_their_values() -> None:
    count = symbol("count")

    def double(places: Value) -> Op:
        return Reshape(places, dims=(parse_dim("2 * count"),))

    module = module_of({"x": tensor(F32, 2, 3)}, lambda x: NonZero(x, count=count), double)
    assert interpret(module, [floats(2, 3)])[0].shape == (10,)


def test_a_dim_that_an_op_knows_is_checked_when_it_runs() -> None:
    def unique(x: Value) -> Op:
        return Unique(x, axis=None, is_sorted=True, count=2)

    module = module_of({"x": tensor(I64, 3)}, unique)
    assert interpret(module, [np.array([5, 5, 7])])[0].tolist() == [2, 1]
    with pytest.raises(CompileError, match=r"mlc.unique: result 0 has shape \[3\]: dim 0 must be 2, got 3"):
        interpret(module, [np.array([5, 6, 7])])


def test_an_index_outside_of_its_axis_is_an_error_at_the_op() -> None:
    module = module_of({"x": tensor(F32, 3), "i": tensor(I64, 1)}, lambda x, i: Gather(x, i, loc=Location.of("embed")))
    with pytest.raises(CompileError, match="node 'embed': mlc.gather: index 3 is out of bounds"):
        interpret(module, [floats(3), np.array([3])])


def test_symbols_that_stay_unknown_are_not_guessed() -> None:
    dims: Sequence[Dim] = (symbol("a"), parse_dim("a + b"))
    module = module_of({"x": tensor(F32, 6), "s": tensor(I64, 2)}, lambda x, s: Reshape(x, s, dims=tuple(dims)))
    assert interpret(module, [floats(6), np.array([2, 3])])[0].shape == (2, 3)
