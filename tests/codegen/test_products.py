"""Matrix products at the sizes where they change their ways: rows and columns that are left, sums in blocks, rows that
fall on each other in the cache, one tile of rows; right factors known when compiling or not."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pytest
from cases import normal
from codegen.running import compiled
from tolerance import assert_op_close

from mlc.interpreter import interpret
from mlc.ir import Array, Dim, DType, Function, Module, TensorType, symbol, type_of
from mlc.ops import Constant, Matmul
from mlc.runtime import native

# m, k, n. On AVX-512 a block of the sum is 1365 steps of a panel of 48 columns at most.
SIZES = {
    "one row": (1, 300, 200),
    "one row of whole panels": (1, 64, 192),
    "rows left of a tile": (29, 40, 96),
    "columns left of a panel": (16, 33, 77),
    "fewer columns than lanes": (20, 24, 5),
    "one column": (9, 40, 1),
    "a sum in blocks": (10, 3001, 48),
    "a sum in even blocks": (17, 4096, 64),
    "rows 4 KiB apart": (19, 1024, 256),
    "blocks of rows": (700, 40, 33),
    "a block of fewer rows than a tile": (17, 30, 64),
    "no steps": (5, 0, 70),
    "no rows": (0, 20, 70),
}
TARGETS = ("host", pytest.param("x86-64-v2", marks=pytest.mark.slow), "x86-64-v3")


def product(x: TensorType, y: Array | TensorType, *, transpose_y: bool) -> Module:
    """main(x, y) = x @ y, or main(x) where y is an array."""
    is_constant = isinstance(y, np.ndarray)
    function = Function("main", [("x", x)] if is_constant else [("x", x), ("y", y)])
    if is_constant:
        constant = Constant(y)
        function.append(constant)
        right = constant.result
    else:
        right = function.inputs[1]
    op = Matmul(function.inputs[0], right, transpose_y=transpose_y)
    function.append(op)
    function.set_outputs([("z", op.result)])
    module = Module("test")
    module.add(function)
    return module


def check(module: Module, inputs: Sequence[Array], y: Array, target: str, transpose_y: bool) -> None:
    want = interpret(module, list(inputs))[0]
    executable, _ = compiled(module, target=target, no_fallback=True)
    got = executable.run(*inputs)[0]
    wide = np.abs(np.swapaxes(y, -1, -2) if transpose_y else y).astype(np.float64)
    magnitude = np.abs(inputs[0]).astype(np.float64) @ wide
    assert_op_close(got, want, magnitude=magnitude, terms=max(inputs[0].shape[-1], 1), op="matmul")


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("transpose_y", [False, True])
@pytest.mark.parametrize("is_constant", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_a_product_equals_evaluate(size: str, is_constant: bool, transpose_y: bool, target: str) -> None:
    m, k, n = SIZES[size]
    x, y = normal(m, k), normal(*((n, k) if transpose_y else (k, n)))
    module = product(type_of(x), y if is_constant else type_of(y), transpose_y=transpose_y)
    check(module, [x] if is_constant else [x, y], y, target, transpose_y)


@pytest.mark.parametrize("transpose_y", [False, True])
@pytest.mark.parametrize("is_constant", [False, True])
def test_one_product_serves_every_number_of_rows_and_batches(is_constant: bool, transpose_y: bool) -> None:
    k, n = 70, 50
    y = normal(*((n, k) if transpose_y else (k, n)))
    dims: tuple[Dim, ...] = (symbol("B"), symbol("M"), k)
    kind = TensorType(DType.F32, dims)
    module = product(kind, y if is_constant else type_of(y), transpose_y=transpose_y)
    for batch, m in ((0, 4), (1, 1), (3, 7), (1, 13), (2, 40), (1, 331)):
        x = normal(batch, m, k)
        check(module, [x] if is_constant else [x, y], y, "host", transpose_y)


@pytest.mark.parametrize("dtype", [DType.F16, DType.BF16, DType.F64])
def test_narrow_and_wide_floats_are_summed_alike(dtype: DType) -> None:
    x, y = normal(30, 530, dtype=dtype), normal(530, 300, dtype=dtype)
    check(product(type_of(x), y, transpose_y=False), [x], y, "host", False)


def test_tiles_of_rows_ask_for_all_of_the_next_panel_of_a_constant_factor() -> None:
    x, y = normal(128, 256), normal(256, 192)
    for given, inputs in ((y, [x]), (type_of(y), [x, y])):
        module = product(type_of(x), given, transpose_y=False)
        check(module, inputs, y, "host", False)
        row = str(compiled(module)[1].schedule[0])
        ahead = re.search(r"ahead (\d+) cache lines a turn", row)
        assert (ahead is not None) == (len(inputs) == 1), row
        if ahead is not None:
            rows, columns = map(int, re.search(r"tile (\d+)x(\d+)", row).groups())  # type: ignore[union-attr]
            assert 128 // rows * int(ahead[1]) * 64 >= 4 * columns * 4


@pytest.mark.parametrize("dims", [(29, 40, 192), (3, 29, 40, 96)])
def test_whole_panels_of_an_unknown_factor_are_packed_by_the_first_tile_of_rows(dims: tuple[int, ...]) -> None:
    *batch, m, k, n = dims
    x, y = normal(*batch, m, k), normal(*batch, k, n)
    module = product(type_of(x), type_of(y), transpose_y=False)
    check(module, [x, y], y, "host", False)
    row = compiled(module)[1].schedule[0]
    assert "right packed by the first tile of rows" in str(row)
    assert len(row.kernels) == 1


@pytest.mark.parametrize("reason", ["it must be turned", "its last panel is not full", "its dtype is not the sum's"])
def test_other_factors_are_packed_before_the_product(reason: str) -> None:
    dtype = DType.F16 if "dtype" in reason else DType.F32
    columns = 77 if "full" in reason else 192
    shape = (columns, 40) if "turned" in reason else (40, columns)
    x, y = TensorType(dtype, (29, 40)), TensorType(dtype, shape)
    row = str(compiled(product(x, y, transpose_y="turned" in reason))[1].schedule[0])
    assert "right packed at run time" in row


@pytest.mark.parametrize("is_constant", [False, True])
@pytest.mark.parametrize("size", ["a sum in blocks", "a sum in even blocks", "rows 4 KiB apart", "blocks of rows"])
def test_the_bits_of_a_product_do_not_depend_on_the_threads(size: str, is_constant: bool) -> None:
    m, k, n = SIZES[size]
    x, y = normal(m, k), normal(k, n)
    executable, _ = compiled(product(type_of(x), y if is_constant else type_of(y), transpose_y=False))
    inputs = [x] if is_constant else [x, y]
    before = native.threads()
    try:
        results = []
        for count in (1, 2, 3):
            native.set_threads(count)
            results.append(executable.run(*inputs)[0].tobytes())
    finally:
        native.set_threads(before)
    assert len(set(results)) == 1
