"""What stablehlo text is refused for: each in one sentence at its place, exit code 2, and never a traceback."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from mlir_import.calls import module_text

import mlc
from mlc.cli.main import main

pytest.importorskip("torch_mlir")

KIND = "tensor<4xf32>"


def message(body: str, types: list[str], result: str) -> str:
    with pytest.raises(mlc.CompileError) as caught:
        mlc.load(module_text(body, types, [result]))
    return str(caught.value)


def test_all_refusals_are_listed_at_once(tmp_path):
    body = f"""%0 = "stablehlo.custom_call"(%a) <{{call_target_name = "cuda_kernel"}}> : ({KIND}) -> {KIND}
    %1 = "stablehlo.cholesky"(%b) <{{lower = true}}> : (tensor<3x3xf32>) -> tensor<3x3xf32>
    %2 = "stablehlo.collective_permute"(%0) <{{source_target_pairs = dense<[[0, 1]]> : tensor<1x2xi64>}}> :
      ({KIND}) -> {KIND}
    %r = stablehlo.add %2, %0 : {KIND}"""
    path = tmp_path / "model.mlir"
    path.write_text(module_text(body, [KIND, "tensor<3x3xf32>"], [KIND]))
    result = CliRunner().invoke(main, ["compile", str(path)])
    assert result.exit_code == 2
    assert "3 operations are not supported" in result.output
    assert "the target @cuda_kernel is code outside of the model" in result.output
    assert "stablehlo.cholesky (factorizations and solvers have no kernels" in result.output
    assert "stablehlo.collective_permute (it talks to other devices or hosts" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("body", "types", "result", "reason"),
    [
        (
            "%r = stablehlo.real %a : (tensor<4xcomplex<f32>>) -> tensor<4xf32>",
            ["tensor<4xcomplex<f32>>"],
            KIND,
            "complex",
        ),
        (
            '%r = "stablehlo.sort"(%a) <{dimension = 0 : i64}> ({\n^bb0(%x: tensor<f32>, %y: tensor<f32>):\n'
            "%0 = stablehlo.add %x, %y : tensor<f32>\n%1 = stablehlo.compare LT, %0, %y, FLOAT : "
            "(tensor<f32>, tensor<f32>) -> tensor<i1>\nstablehlo.return %1 : tensor<i1>\n}) : (tensor<4xf32>) -> "
            "tensor<4xf32>",
            [KIND],
            KIND,
            "a comparator of stablehlo.add, stablehlo.compare is not supported",
        ),
        (
            '%i = stablehlo.constant dense<[[0]]> : tensor<1x1xi32>\n%r = "stablehlo.scatter"(%a, %i, %b) '
            "<{scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0], "
            "scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}> ({\n^bb0(%x: tensor<f32>, %y: tensor<f32>):\n"
            "%0 = stablehlo.subtract %x, %y : tensor<f32>\nstablehlo.return %0 : tensor<f32>\n"
            "}) : (tensor<4xf32>, tensor<1x1xi32>, tensor<1xf32>) -> tensor<4xf32>",
            [KIND, "tensor<1xf32>"],
            KIND,
            "updates combined by stablehlo.subtract are not supported",
        ),
        (
            "%r = stablehlo.bitcast_convert %a : (tensor<4xf32>) -> tensor<4x4xi8>",
            [KIND],
            "tensor<4x4xi8>",
            "only between dtypes of one width",
        ),
        (
            "%r = stablehlo.reduce_precision %a, format = e4m3 : tensor<4xf32>",
            [KIND],
            KIND,
            "4 bits of exponent and 3 of mantissa are no float that mlc has",
        ),
        (
            '%r = stablehlo.composite "mine.roll" %a {decomposition = @nowhere} : (tensor<4xf32>) -> tensor<4xf32>',
            [KIND],
            KIND,
            "nowhere",
        ),
    ],
)
def test_reasons(body, types, result, reason):
    text = message(body, types, result)
    assert text.startswith("<text>:")
    assert reason in text


def test_a_composite_that_is_not_known_is_what_it_is_made_of():
    text = """module {
      func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
        %0 = stablehlo.composite "mine.twice" %x {decomposition = @twice} : (tensor<4xf32>) -> tensor<4xf32>
        %1 = stablehlo.composite "chlo.erf" %0 {decomposition = @twice} : (tensor<4xf32>) -> tensor<4xf32>
        return %1 : tensor<4xf32>
      }
      func.func private @twice(%x: tensor<4xf32>) -> tensor<4xf32> {
        %0 = stablehlo.add %x, %x : tensor<4xf32>
        return %0 : tensor<4xf32>
      }
    }"""
    assert [op.name for op in mlc.load(text).main.block] == ["mlc.add", "mlc.erf", "func.return"]
