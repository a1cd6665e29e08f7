"""Products by Strassen's algorithm: halves of odd dims, sums and rows in blocks, what is behind the product."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from cases import normal
from codegen.running import compiled
from tolerance import assert_op_close

from mlc.codegen import emit
from mlc.codegen.kernels.strassen import BEFORE, TURNS
from mlc.errors import CompileError
from mlc.ir import Array, Dim, DType, Function, Module, TensorType, Value, symbol, tensor, type_of, unattached
from mlc.ops import Add, Constant, Gelu, Matmul
from mlc.ops.strassen import OF_RESULT, OF_X, OF_Y, PRODUCTS
from mlc.passes import parse_pipeline
from mlc.rewrite import run_passes
from mlc.runtime import native
from mlc.target import Target

# m, k, n.
SIZES = {
    "one of all": (1, 1, 1),
    "two rows": (2, 4, 96),
    "an odd middle row": (7, 32, 96),
    "an odd step": (16, 33, 96),
    "columns left of a panel": (12, 40, 77),
    "everything odd": (29, 37, 101),
    "no right half": (6, 8, 3),
    "rows in blocks": (700, 24, 64),
    "a sum in blocks": (80, 3001, 96),
    "sums 4 KiB apart": (20, 2048, 96),
    "many panels": (64, 64, 1152),
    "fewer rows in the last block": (410, 40, 64),
    "no steps": (5, 0, 70),
    "no rows": (0, 20, 70),
}
TARGETS = ("host", pytest.param("x86-64-v2", marks=pytest.mark.slow), "x86-64-v3")


def module_of(value: Value, function: Function) -> Module:
    for op in unattached([value]):
        function.append(op)
    function.set_outputs([("z", value)])
    module = Module("test")
    module.add(function)
    return module


def product(dims: tuple[Dim, ...], w: Array, *, transpose_y: bool = False) -> Module:
    """main(x) = x @ w in seven products."""
    function = Function("main", [("x", TensorType(DType.F32, dims))])
    op = Matmul(function.inputs[0], Constant(w).result, transpose_y=transpose_y, strassen=True)
    return module_of(op.result, function)


def check(got: Array, x: Array, w: Array) -> None:
    """Against the exact product, within the rule of a product that is no longer than this one."""
    wide = (x.astype(np.float64), w.astype(np.float64))
    want = np.matmul(*wide).astype(np.float32)
    magnitude = np.abs(wide[0]) @ np.abs(wide[1])
    assert_op_close(got, want, magnitude=magnitude, terms=max(w.shape[0], 1), op="strassen")


def test_the_tables_multiply_blocks() -> None:
    """Each block of the result is the sum of the products of blocks that a matrix product has."""
    for number, signs in enumerate(OF_RESULT):
        row, column = divmod(number, 2)
        found = sum(np.multiply.outer(OF_X[p], OF_Y[p]) * signs[p] for p in range(PRODUCTS))
        want = np.zeros((4, 4), np.int64)
        for inner in range(2):
            want[2 * row + inner, 2 * inner + column] = 1
        assert np.array_equal(found, want), number


def test_the_right_factors_are_made_of_quarters_and_the_one_before() -> None:
    quarters = np.eye(4, dtype=np.int64)
    before = np.zeros(4, np.int64)
    for turn in TURNS:
        minus = before if turn.minus == BEFORE else 0 if turn.minus is None else quarters[turn.minus]
        before = quarters[turn.quarter] - minus
        assert tuple(before) == OF_Y[turn.product], turn
    assert sorted(turn.product for turn in TURNS) == list(range(PRODUCTS))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("transpose_y", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_seven_products_are_the_product(size: str, transpose_y: bool, target: str) -> None:
    m, k, n = SIZES[size]
    x, w = normal(m, k), normal(k, n)
    module = product((m, k), w.T.copy() if transpose_y else w, transpose_y=transpose_y)
    executable, program = compiled(module, target=target, no_fallback=True)
    assert "strassen 7 products of" in str(program.schedule[0])
    check(executable.run(x)[0], x, w)


def test_one_kernel_serves_every_number_of_rows_and_batches() -> None:
    k, n = 70, 50
    w = normal(k, n)
    executable, _ = compiled(product((symbol("B"), symbol("M"), k), w), no_fallback=True)
    for batch, m in ((0, 4), (1, 1), (3, 7), (1, 13), (2, 40), (1, 331)):
        x = normal(batch, m, k)
        check(executable.run(x)[0], x, w)


@pytest.mark.parametrize("rows", [22, 23])
def test_what_is_behind_the_product_follows_in_one_kernel(rows: int) -> None:
    x, w, b, residual = normal(rows, 40), normal(40, 99), normal(99), normal(rows, 99)
    function = Function("main", [("x", type_of(x)), ("r", type_of(residual))])
    inner = Matmul(function.inputs[0], Constant(w).result, strassen=True).result
    value = Add(Gelu(Add(inner, Constant(b).result).result).result, function.inputs[1]).result
    module = module_of(value, function)
    run_passes(module, parse_pipeline("fuse"))
    executable, program = compiled(module, no_fallback=True)
    assert [row.title for row in program.schedule] == ["matmul+add+gelu+add"]
    plain = Gelu(inner)
    want = plain.evaluate(np.matmul(x.astype(np.float64), w) + b) + residual
    got = executable.run(x, residual)[0]
    assert np.abs(got - want).max() < 1e-4 * np.abs(want).max()


@pytest.mark.parametrize("size", ["rows in blocks", "a sum in blocks", "many panels", "everything odd"])
def test_the_bits_do_not_depend_on_the_threads(size: str) -> None:
    m, k, n = SIZES[size]
    x = normal(m, k)
    executable, _ = compiled(product((m, k), normal(k, n)))
    before = native.threads()
    try:
        results = []
        for count in (1, 2, 3):
            native.set_threads(count)
            results.append(executable.run(x)[0].tobytes())
    finally:
        native.set_threads(before)
    assert len(set(results)) == 1


def test_blocks_of_rows_are_cut_smaller_where_more_cores_share_them() -> None:
    module = product((512, 64), normal(64, 64))
    whole, cut = (emit(module, replace(Target.parse("x86-64-v3"), cores=cores)).schedule[0] for cores in (1, 8))
    assert "rows 66" in str(whole) and "rows 12" in str(cut)


def test_the_weights_are_kept_once() -> None:
    _, program = compiled(product((64, 64), normal(64, 768)))
    assert program.weight_bytes == 64 * 768 * 4


def test_weights_that_are_not_constant_are_left_to_python_with_the_reason() -> None:
    function = Function("main", [("x", tensor(DType.F32, 4, 8)), ("y", tensor(DType.F32, 8, 6))])
    module = module_of(Matmul(*function.inputs, strassen=True).result, function)
    with pytest.raises(CompileError, match="its weights must be known when compiling to multiply by Strassen"):
        compiled(module, no_fallback=True)


def test_an_infinity_spreads_to_blocks_that_the_plain_product_keeps_finite() -> None:
    x, w = normal(4, 8), normal(8, 6)
    x[0, 0] = np.inf
    executable, _ = compiled(product((4, 8), w))
    got: Any = executable.run(x)[0]
    assert not np.isfinite(got[0]).any() and np.isnan(got[2]).any()
