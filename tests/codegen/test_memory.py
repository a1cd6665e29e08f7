"""The memory plan: what is alive never overlaps, dead memory is used again, and views need no copies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from cases import normal
from codegen.running import compiled
from hypothesis import given, settings
from hypothesis import strategies as st
from tolerance import assert_close

from mlc.codegen import Program
from mlc.codegen.buffers import Memory, Names, plan_memory
from mlc.codegen.kernel import Temporary
from mlc.codegen.steps import Copy, byte_count
from mlc.interpreter import interpret
from mlc.ir import Array, DType, Function, Module, Type, Value, symbol, tensor, unattached
from mlc.ops import Add, Cast, Concat, Constant, Exp, Gather, Matmul, Relu, Reshape, Slice, Transpose


def module_of(outputs: Sequence[Value], function: Function) -> Module:
    for op in unattached(list(outputs)):
        function.append(op)
    function.set_outputs([(f"y{i}", v) for i, v in enumerate(outputs)])
    module = Module("test")
    module.add(function)
    return module


def run(outputs: Sequence[Value], function: Function, *inputs: Array) -> Program:
    """Compares native code with the interpreter; returns the program."""
    module = module_of(outputs, function)
    executable, program = compiled(module, no_fallback=True)
    assert_close(list(executable.run(*inputs)), interpret(module, list(inputs)), model="memory")
    return program


def function(*types: Type) -> Function:
    return Function("main", [(f"x{i}", t) for i, t in enumerate(types)])


def test_a_chain_reuses_two_buffers() -> None:
    f = function(tensor(DType.F32, 1000))
    y = f.inputs[0]
    for _ in range(10):
        y = Exp(Relu(y).result).result
    program = run([Relu(y).result], f, normal(1000) - 9)
    assert int(program.workspace_text.split()[2]) <= 3 * 4032


def test_a_concat_of_fresh_values_is_computed_in_place() -> None:
    f = function(tensor(DType.F32, 1, 8, 40), tensor(DType.F32, 1, 4, 40))
    x, y = f.inputs
    whole = Concat([Relu(x).result, Exp(y).result, x], axis=1).result
    program = run([Add(whole, whole).result], f, normal(1, 8, 40), normal(1, 4, 40))
    (row,) = [r for r in program.schedule if r.family == "concat"]
    assert dict(row.choices) == {"copied": "1 of 3"}


def test_a_concat_along_an_inner_axis_copies() -> None:
    f = function(tensor(DType.F32, 20, 30), tensor(DType.F32, 20, 7))
    x, y = f.inputs
    program = run([Concat([Relu(x).result, Exp(y).result], axis=1).result], f, normal(20, 30), normal(20, 7))
    (row,) = [r for r in program.schedule if r.family == "concat"]
    assert dict(row.choices) == {"copied": "2 of 2"}


def test_a_value_in_two_concats_is_in_place_in_one() -> None:
    f = function(tensor(DType.F32, 20, 30), tensor(DType.F32, 10, 30))
    a, b = Relu(f.inputs[0]).result, Exp(f.inputs[1]).result
    first = Concat([a, b], axis=0).result
    second = Concat([b, first, a], axis=0).result
    run([first, second, a], f, normal(20, 30), normal(10, 30))


def test_reshapes_and_leading_slices_need_no_kernel() -> None:
    f = function(tensor(DType.F32, 6, 5, 4))
    x = Relu(f.inputs[0]).result
    flat = Reshape(x, dims=(30, 4)).result
    part = Slice(flat, starts=(7, 0), dims=(9, 4), steps=(1, 1)).result
    turned = Transpose(Reshape(part, dims=(1, 36)).result, perm=(1, 0)).result
    program = run([Add(turned, turned).result], f, normal(6, 5, 4))
    assert [r.title for r in program.schedule] == ["relu", "add"]


def test_a_view_of_a_constant_is_a_constant() -> None:
    f = function(tensor(DType.F32, 3, 6))
    w = Constant(normal(4, 6, 5)).result
    part = Reshape(Slice(w, starts=(2, 0, 0), dims=(1, 6, 5), steps=(1, 1, 1)).result, dims=(6, 5)).result
    program = run([Matmul(f.inputs[0], part).result], f, normal(3, 6))
    assert "packed when compiling" in program.schedule_text


def test_outputs_that_are_inputs_constants_or_each_other_are_copies() -> None:
    f = function(tensor(DType.F32, 3))
    x = f.inputs[0]
    y, c = Relu(x).result, Constant(np.arange(3, dtype=np.float32)).result
    module = module_of([x, y, y, c], f)
    executable, _ = compiled(module)
    given_x = normal(3)
    outputs = executable.run(given_x)
    for ours, theirs in zip(outputs, interpret(module, [given_x]), strict=True):
        assert np.array_equal(ours, theirs)
    assert not any(np.shares_memory(a, b) for i, a in enumerate(outputs) for b in (*outputs[:i], given_x))


def test_symbolic_buffers_that_never_live_together_share_a_slot() -> None:
    n = symbol("N")
    f = function(tensor(DType.F32, n, 8))
    y = f.inputs[0]
    w = Constant(normal(8, 8) / 4).result
    for _ in range(6):
        y = Relu(Matmul(y, w).result).result
    module = module_of([y], f)
    executable, program = compiled(module)
    assert program.workspace_text.count("floordiv") <= 3
    for size in (0, 1, 7, 64):
        assert_close(executable(normal(size, 8)), interpret(module, [normal(size, 8)])[0], model=f"N={size}")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=25))
def test_storages_that_live_at_once_never_overlap(pieces: list[tuple[int, int, int]]) -> None:
    storages = [Temporary(f"t{i}", DType.U8, (size,)) for i, (size, _, _) in enumerate(pieces)]
    op = Relu(function(tensor(DType.F32, 1)).inputs[0])
    lives = [(min(a, b), max(a, b)) for _, a, b in pieces]
    steps, when = [], []
    for time in range(10):
        for storage, (first, last) in zip(storages, lives, strict=True):
            if time in (first, last):
                steps.append(Copy(storage, storage, op))
                when.append(storage)
    memory: Memory = plan_memory(steps, Names(), [], [], {}, frozenset())
    spans = {s: (when.index(s), len(when) - 1 - when[::-1].index(s)) for s in storages}
    for i, a in enumerate(storages):
        for b in storages[:i]:
            if spans[a][0] <= spans[b][1] and spans[b][0] <= spans[a][1]:
                (x, y), (size_x, size_y) = (memory.places[a].at, memory.places[b].at), (byte_count(a), byte_count(b))
                assert isinstance(size_x, int) and isinstance(size_y, int)
                assert x + max(size_x, 1) <= y or y + max(size_y, 1) <= x


def test_a_chain_of_elementwise_kernels_works_in_place() -> None:
    f = function(tensor(DType.F32, 1000))
    y = f.inputs[0]
    for _ in range(10):
        y = Exp(Relu(y).result).result
    program = run([Relu(y).result], f, normal(1000) - 9)
    assert program.workspace_bytes == 4032


def test_an_operand_that_is_read_again_is_not_overwritten() -> None:
    f = function(tensor(DType.F32, 1000))
    first = Exp(f.inputs[0]).result
    second = Relu(first).result
    program = run([Add(second, first).result], f, normal(1000))
    assert program.workspace_bytes == 2 * 4032


def test_what_is_broadcast_or_of_another_size_is_not_overwritten() -> None:
    f = function(tensor(DType.F32, 40), tensor(DType.F32, 30, 40))
    row = Exp(f.inputs[0]).result
    whole = Add(row, f.inputs[1]).result  # reads each element of the row 30 times
    wide = Cast(Relu(whole).result, dtype=DType.F64).result
    run([Exp(wide).result], f, normal(40), normal(30, 40))


def test_a_value_that_a_view_reads_later_is_not_overwritten() -> None:
    f = function(tensor(DType.F32, 10, 100))
    first = Exp(f.inputs[0]).result
    view = Reshape(first, dims=(100, 10)).result
    second = Relu(first).result
    run([Exp(view).result, Exp(second).result], f, normal(10, 100))


def looked_up(*outputs: Value, main: Function, inputs: Sequence[Array]) -> list[tuple[int, ...]]:
    """The shapes of the weights that are marked as tables of which a call reads a few rows."""
    return [w.array.shape for w in run(outputs, main, *inputs).weights if w.is_looked_up]


def test_a_table_of_which_a_few_rows_are_gathered_is_marked() -> None:
    main = function(tensor(DType.I64, 4))
    table = Constant(normal(64, 8)).result
    rows = Exp(Gather(table, main.inputs[0]).result).result
    assert looked_up(rows, main=main, inputs=[np.array([3, 0, 63, 3])]) == [(64, 8)]


def test_a_table_that_is_read_in_whole_elsewhere_is_not_marked() -> None:
    main = function(tensor(DType.I64, 4), tensor(DType.F32, 64, 8))
    table = Constant(normal(64, 8)).result
    rows, whole = Gather(table, main.inputs[0]).result, Add(table, main.inputs[1]).result
    assert looked_up(rows, whole, main=main, inputs=[np.array([3, 0, 63, 3]), normal(64, 8)]) == []


def test_a_table_with_few_rows_for_its_gathers_is_not_marked() -> None:
    main = function(tensor(DType.I64, 4))
    rows = Gather(Constant(normal(16, 8)).result, main.inputs[0]).result
    assert looked_up(rows, main=main, inputs=[np.array([3, 0, 15, 3])]) == []
