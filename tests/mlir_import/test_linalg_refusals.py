"""What linalg cannot be imported, by reason and place; and near misses of what can."""

from __future__ import annotations

import pytest

pytest.importorskip("torch_mlir")

from mlir_import.snippets.forms import function, generic

import mlc

F = "tensor<3x4xf32>"
ROWS = "(i, j) -> (i, j); (i, j) -> (i)"


def reduction(body: str, **more: str) -> str:
    return generic(F, "tensor<3xf32>", ROWS, "pr", body, **more)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            reduction("    %d = arith.subf %out, %x : f32\n    linalg.yield %d : f32"),
            "the reduction of output 0 by arith.subf is not understood",
        ),
        (
            reduction(
                "    %h = arith.mulf %out, %x : f32\n    %d = arith.addf %out, %h : f32\n    linalg.yield %d : f32"
            ),
            "the reduction of output 0 by arith.addf is not understood",
        ),
        (
            reduction("    linalg.yield %x : f32"),
            "the reduction of output 0 by a value that does not depend on it is not understood",
        ),
        (
            reduction(
                "    %c = arith.cmpf ogt, %x, %out : f32\n    %n = arith.negf %x : f32\n"
                "    %s = arith.select %c, %n, %out : f32\n    linalg.yield %s : f32"
            ),
            "the reduction of output 0 by arith.select is not understood",
        ),
        (
            generic(
                "tensor<3x4xi32>",
                "tensor<3xi32>",
                ROWS,
                "pr",
                "    %s = arith.ori %out, %x : i32\n    linalg.yield %s : i32",
                "0",
                element="i32",
            ),
            "a reduction by bitwise or is not supported, only of booleans",
        ),
        (
            generic(
                "tensor<4xf32>",
                "tensor<8xf32>",
                "(i) -> (i); (i) -> (i * 2)",
                "p",
                "    linalg.yield %x : f32",
            ),
            "an output that is written at computed places is not supported",
        ),
        (
            function(
                "tensor<4xf32>",
                "  %c = arith.constant 1.0 : f32\n  %r = tensor.pad %a low[1] high[1] {\n  ^bb0(%i: index):\n"
                "    %n = arith.index_cast %i : index to i32\n    %f = arith.sitofp %n : i32 to f32\n"
                "    tensor.yield %f : f32\n  } : tensor<4xf32> to tensor<6xf32>\n  return %r : tensor<6xf32>",
                "tensor<6xf32>",
            ),
            "padding with numbers that depend on the place is not supported",
        ),
        (
            function(
                "tensor<4xf32>",
                '  %f = arith.constant false\n  cf.assert %f, "no"\n  return %a : tensor<4xf32>',
                "tensor<4xf32>",
            ),
            "never holds: no",
        ),
        (
            function(
                "index", ("  %r = tensor.empty(%a) : tensor<?xf32>\n  return %r : tensor<?xf32>"), "tensor<?xf32>"
            ),
            "operand dynamicSizes is not supported as a tensor<i64> that only the run tells, "
            "only as a number known before the run, or made of dims",
        ),
    ],
)
def test_what_is_not_understood_is_named(text: str, reason: str) -> None:
    with pytest.raises(mlc.CompileError) as caught:
        mlc.load(text)
    assert str(caught.value).partition(": ")[2].endswith(reason), caught.value
    assert str(caught.value).startswith("<text>:")


def test_an_error_in_a_body_names_the_op_in_it() -> None:
    text = generic(
        F,
        F,
        "(i, j) -> (i, j); (i, j) -> (i, j)",
        "pp",
        '    %s = "foo.bar"(%x) : (f32) -> f32\n    linalg.yield %s : f32',
    )
    with pytest.raises(mlc.CompileError, match=r"<text>:9:10: foo\.bar: no support yet"):
        mlc.load(text)


def test_both_factors_of_one_operand_are_no_matrix_product() -> None:
    square = "    %q = arith.mulf %x, %x : f32\n    %s = arith.addf %q, %out : f32\n    linalg.yield %s : f32"
    names = [op.name for op in mlc.load(reduction(square)).main.block]
    assert "mlc.matmul" not in names
    assert "mlc.reduce_sum" in names


def test_a_window_that_is_reduced_along_its_places_too_is_no_pool() -> None:
    text = generic(
        "tensor<6xf32>; tensor<3xf32>; tensor<4xf32>",
        "tensor<f32>",
        "(i, j) -> (i + j); (i, j) -> (j); (i, j) -> (i); (i, j) -> ()",
        "rr",
        "    %s = arith.addf %x, %out : f32\n    linalg.yield %s : f32",
    )
    module = mlc.load(text)
    assert "mlc.average_pool" not in {op.name for op in module.walk()}
    import numpy as np

    x = np.arange(6, dtype=np.float32)
    (got,) = mlc.compile(module, backend="interp").run(x, x[:3], x[:4])
    assert got == sum(x[i + j] for i in range(4) for j in range(3))
