"""What tosa text is refused for: each in one sentence at its place, exit code 2, and never a traceback."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner
from mlir_import.calls import module_text, random, run, tensor
from mlir_import.test_tosa_elementwise import const

import mlc
from mlc.cli.main import main

pytest.importorskip("torch_mlir")


def message(body: str, types: list[str], result: str) -> str:
    with pytest.raises(mlc.CompileError) as caught:
        mlc.load(module_text(body, types, [result]))
    return str(caught.value)


def test_all_refusals_are_listed_at_once(tmp_path):
    kind = "tensor<4xf32>"
    body = (
        '%0 = tosa.custom %a {operator_name = "roll", domain_name = "mine", implementation_attrs = ""} : '
        f"({kind}) -> {kind}\n"
        f"%1 = tosa.variable_read @state : {kind}\n"
        f"%r = tosa.add %0, %1 : ({kind}, {kind}) -> {kind}"
    )
    path = tmp_path / "model.mlir"
    path.write_text(f"module {{\ntosa.variable @state : {kind}\n" + module_text(body, [kind], [kind]) + "}\n")
    result = CliRunner().invoke(main, ["compile", str(path)])
    assert result.exit_code == 2
    assert "operator 'roll' of domain 'mine' is none of TOSA's" in result.output
    assert "tosa.variable_read" in result.output
    assert "it is a state that outlives a call" in result.output
    assert "Traceback" not in result.output


def test_zero_points_must_be_constants():
    kind = "tensor<1x2x2xi8>"
    body = f"%r = tosa.matmul %a, %a, %b, %b : ({kind}, {kind}, tensor<1xi8>, tensor<1xi8>) -> tensor<1x2x2xi32>"
    assert "only as a constant" in message(body, [kind, "tensor<1xi8>"], "tensor<1x2x2xi32>")


def test_double_rounding_needs_wide_scales():
    body = (
        const("m", 16384, "tensor<1xi16>")
        + const("s", 15, "tensor<1xi8>")
        + const("z", 0, "tensor<1xi8>")
        + "%r = tosa.rescale %a, %m, %s, %z, %z {input_unsigned = false, output_unsigned = false, per_channel = false, "
        "rounding_mode = DOUBLE_ROUND, scale32 = false} : "
        "(tensor<4xi8>, tensor<1xi16>, tensor<1xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<4xi8>"
    )
    assert "DOUBLE_ROUND" in message(body, ["tensor<4xi8>"], "tensor<4xi8>")


def test_what_mlir_itself_refuses_is_located():
    kind = "tensor<4xf32>"
    text = message(f"%r = tosa.transpose %a {{perms = array<i32: 1>}} : ({kind}) -> {kind}", [kind], kind)
    assert text.startswith("<text>:2:") and "tosa.transpose" in text and "\n" not in text


def test_dtypes_that_an_op_has_no_meaning_for_are_located():
    kind = "tensor<4xf32>"
    text = message(f"%r = tosa.bitwise_not %a : ({kind}) -> {kind}", [kind], kind)
    assert text.startswith("<text>:2:6: tosa.bitwise_not: ") and "an integer per element" in text


def test_extents_that_only_the_run_tells_stay_symbols():
    body = "%r = tosa.exp %a : (tensor<?x3xf32>) -> tensor<?x3xf32>"
    x = random(1, 5, 3)
    np.testing.assert_allclose(run(body, x, result="tensor<?x3xf32>", types=["tensor<?x3xf32>"]), np.exp(x), rtol=1e-6)
    assert tensor(x) == "tensor<5x3xf32>"
