"""Ops without a kernel run their `evaluate` between native steps, named with a reason; --no-fallback refuses them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from cases import normal
from codegen.running import compiled

from mlc.errors import CompileError
from mlc.interpreter import interpret
from mlc.ir import Array, Block, DType, Function, Location, Module, Op, Region, TensorType, Value, symbol, tensor
from mlc.ops import Add, Constant, Fused, If, Less, Loop, Matmul, Relu, Yield


class Mystery(Op, dialect="test"):
    """x turned back to front along its first axis; unknown to codegen."""

    x: Value

    def infer(self) -> TensorType:
        return self.x.tensor

    def evaluate(self, x: Array) -> Array:
        if np.any(x > 1e6):
            raise OverflowError("a mystery this large")
        return np.ascontiguousarray(x[::-1])


class Kept(Op, dialect="test"):
    """The rows of x whose first element is positive: their number is known when the op has run."""

    x: Value
    defines_symbols = True

    def infer(self) -> TensorType:
        return self.x.tensor.with_shape((symbol("kept"), *self.x.tensor.dims[1:]))

    def evaluate(self, x: Array) -> Array:
        return np.ascontiguousarray(x[x[:, 0] > 0])


def module(body: Callable[..., Value], *types: TensorType) -> Module:
    function = Function("main", [(f"x{i}", t) for i, t in enumerate(types)])
    result = body(function, *function.inputs)
    function.set_outputs([("y", result)])
    built = Module("test")
    built.add(function)
    return built


def put(function: Function, op: Op, name: str = "node") -> Value:
    op.loc = Location.of(name)
    return function.append(op).results[0]


SQUARE = tensor(DType.F32, 5, 5)


def test_a_host_step_runs_between_kernels_and_says_why() -> None:
    def body(f: Function, x: Value) -> Value:
        return put(f, Relu(put(f, Mystery(put(f, Matmul(x, x))), "layer/odd")))

    built = module(body, SQUARE)
    executable, program = compiled(built)
    x = normal(5, 5)
    np.testing.assert_allclose(executable(x), interpret(built, [x])[0], rtol=1e-5, atol=1e-5)
    assert [s.summary for s in program.host_steps] == ["test.mystery at layer/odd: no kernel is written for it"]


def test_no_fallback_names_op_node_and_reason() -> None:
    built = module(lambda f, x: put(f, Mystery(x), "layer/odd"), SQUARE)
    with pytest.raises(CompileError) as caught:
        compiled(built, no_fallback=True)
    assert "node 'layer/odd'" in str(caught.value)
    assert "test.mystery has no native kernel: no kernel is written for it" in str(caught.value)


def test_an_exception_of_a_host_step_reaches_the_caller() -> None:
    executable, _ = compiled(module(lambda f, x: put(f, Mystery(x), "layer/odd"), SQUARE))
    with pytest.raises(CompileError, match="a mystery this large"):
        executable(normal(5, 5) + 1e7)
    assert np.array_equal(executable(normal(5, 5)), normal(5, 5)[::-1])


def test_a_host_step_defines_a_symbol_that_kernels_use() -> None:
    n = symbol("N")
    built = module(lambda f, x: put(f, Relu(put(f, Kept(put(f, Add(x, x)))))), tensor(DType.F32, n, 3))
    executable, _ = compiled(built)
    for size in (0, 1, 9):
        x = normal(size, 3)
        assert np.array_equal(executable(x), interpret(built, [x])[0])


def test_a_fused_region_is_cut_around_a_host_step() -> None:
    def body(f: Function, x: Value) -> Value:
        block = Block([x.type])
        product = block.append(Matmul(block.arguments[0], block.arguments[0])).results[0]
        odd = block.append(Mystery(block.append(Relu(product)).results[0])).results[0]
        block.append(Yield([block.append(Add(odd, product)).results[0]]))
        return f.append(Fused([x], Region(block), kind="test")).results[0]

    built = module(body, SQUARE)
    executable, program = compiled(built)
    np.testing.assert_allclose(executable(normal(5, 5)), interpret(built, [normal(5, 5)])[0], rtol=1e-5, atol=1e-5)
    assert [r.title for r in program.schedule] == ["matmul+relu", "add"]


def test_host_steps_run_in_branches_and_loops() -> None:
    def body(f: Function, x: Value, flag: Value) -> Value:
        then, other = Block(), Block()
        then.append(Yield([then.append(Mystery(x)).results[0]]))
        other.append(Yield([other.append(Relu(x)).results[0]]))
        chosen = f.append(If(flag, Region(then), Region(other), (SQUARE,))).results[0]
        turns = f.append(Constant(np.array(3, np.int64))).results[0]
        turn = Block([tensor(DType.I64), tensor(DType.BOOL), SQUARE])
        limit = turn.append(Constant(np.array(2, np.int64))).results[0]
        more = turn.append(Less(turn.arguments[0], limit)).results[0]
        grown = turn.append(Add(turn.append(Mystery(turn.arguments[2])).results[0], x)).results[0]
        turn.append(Yield([more, grown, turn.arguments[0]]))
        stack = tensor(DType.I64, symbol("turns"))
        loop = Loop(turns, flag, [chosen], Region(turn), (SQUARE, stack))
        return f.append(loop).results[0]

    built = module(body, SQUARE, tensor(DType.BOOL))
    executable, program = compiled(built)
    for flag in (True, False):
        want = interpret(built, [normal(5, 5), np.array(flag)])[0]
        np.testing.assert_allclose(executable(normal(5, 5), np.array(flag)), want, rtol=1e-5, atol=1e-5)
    assert len(program.host_steps) == 2
