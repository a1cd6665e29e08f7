"""MLIR text of other dialects as a model: recognized, parsed, its functions, names, extents, mistakes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import mlc
from mlc.cli.main import main
from mlc.errors import CompileError
from mlc.frontend import mlir_models
from mlc.ir import Module
from mlc.ir.printer import print_module

pytest.importorskip("torch_mlir", reason="torch-mlir brings MLIR's parser")

ADD = """
func.func @main(%x: tensor<?x4xf32>, %y: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %0 = arith.addf %x, %y : tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}
"""


def types(module: Module) -> list[str]:
    return [str(v.type) for v in module.main.inputs]


def message(text: str, entry: str | None = None) -> str:
    with pytest.raises(mlc.CompileError) as caught:
        mlc.load(text, entry=entry)
    return str(caught.value)


# --- recognition ---


def test_text_of_other_dialects_is_told_by_its_ops() -> None:
    assert mlir_models.is_foreign(ADD)
    assert mlir_models.is_foreign('module attributes {torch.debug_module_name = "M"} {\n  "tosa.add"() : () -> ()\n}')
    assert mlir_models.is_foreign("func.func @f(%x: f32) -> f32 { return %x : f32 }")


def test_text_with_ops_of_mlc_is_its_own() -> None:
    own = print_module(mlc.load(ADD))
    assert "mlc.add" in own
    assert not mlir_models.is_foreign(own)
    assert not mlir_models.is_foreign("module {\n  func.func @main() {\n    func.return\n  }\n}")


def test_names_inside_of_resources_are_no_ops() -> None:
    blob = '{-#\n  dialect_resources: {\n    builtin: {\n      torch.tensor: "0x00"\n    }\n  }\n#-}'
    assert not mlir_models.is_foreign(f'module {{\n  "mlc.yield"() : () -> ()\n}}\n\n{blob}')


def test_the_file_name_does_not_decide(tmp_path: Path) -> None:
    foreign, own = tmp_path / "one.mlir", tmp_path / "two.mlir"
    foreign.write_text(ADD)
    own.write_text(print_module(mlc.load(ADD)))
    x = np.arange(8, dtype=np.float32).reshape(2, 4)
    for path in (foreign, own):
        np.testing.assert_array_equal(mlc.compile(path, cache=False)(x, x), 2 * x)


def test_a_module_of_the_bindings_is_a_model() -> None:
    from torch_mlir import ir

    with ir.Context():
        module = ir.Module.parse(ADD)
    x = np.ones((2, 4), np.float32)
    np.testing.assert_array_equal(mlc.compile(module, backend="interp")(x, x), 2 * x)


def test_only_what_is_no_valid_module_yet_is_read_by_a_child_first(monkeypatch: pytest.MonkeyPatch) -> None:
    from torch_mlir import ir

    read: list[str] = []
    monkeypatch.setattr("mlc.frontend.mlir_import.parse.try_to_read", lambda text, file: read.append(text))
    with ir.Context():
        module = ir.Module.parse(ADD)
    mlc.load(module)
    assert read == []
    mlc.load(ADD)
    assert len(read) == 1
    with module.context:
        next(iter(module.body)).operation.attributes["function_type"] = ir.Attribute.parse("() -> ()")
    with pytest.raises(CompileError, match=r"^<module>:\d+:\d+: .*must have 0 arguments to match function signature"):
        mlc.load(module)
    assert len(read) == 2


# --- functions ---

CALLS = """
func.func private @twice(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = arith.addf %x, %x : tensor<4xf32>
  return %0 : tensor<4xf32>
}
func.func @four_times(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = call @twice(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = call @twice(%0) : (tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}
"""


def test_the_public_function_is_the_model_and_calls_are_inlined() -> None:
    module = mlc.load(CALLS)
    assert [op.name for op in module.main.block] == ["mlc.add", "mlc.add", "func.return"]
    x = np.ones(4, np.float32)
    np.testing.assert_array_equal(mlc.compile(CALLS, backend="interp")(x), 4 * x)


def test_entry_names_another_function() -> None:
    x = np.ones(4, np.float32)
    np.testing.assert_array_equal(mlc.compile(CALLS, entry="twice", backend="interp")(x), 2 * x)


def test_two_public_functions_are_listed() -> None:
    text = CALLS.replace(" private", "")
    assert message(text) == "<text>: 2 functions are public; say which is the model as --entry: @twice, @four_times"
    assert message(text, "twise") == "<text>: there is no function @twise; did you mean 'twice'?"


def test_a_function_that_calls_itself_is_refused() -> None:
    text = """
    func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = call @g(%x) : (tensor<4xf32>) -> tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    func.func private @g(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = call @g(%x) : (tensor<4xf32>) -> tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    """
    assert "function @g calls itself: g -> g" in message(text)


def test_entry_is_refused_for_other_models() -> None:
    own = print_module(mlc.load(ADD))
    assert "is for MLIR with several functions" in message(own, "main")


# --- names, extents, constants, locations ---


def test_arguments_and_results_take_the_names_that_the_text_gives_them() -> None:
    text = """
    func.func @main(%x: tensor<4xf32> {mlc.name = "image"}, %y: tensor<4xf32> loc("mask"), %z: tensor<4xf32>)
        -> (tensor<4xf32> {jax.result_info = "logits"}, tensor<4xf32>) {
      return %x, %y : tensor<4xf32>, tensor<4xf32>
    }
    """
    main = mlc.load(text).main
    assert main.input_names == ["image", "mask", "arg2"]
    assert main.output_names == ["logits", "output1"]


def test_each_unknown_extent_is_a_symbol_of_its_own() -> None:
    text = "func.func @main(%x: tensor<?x?xf32>, %y: tensor<?xf32>) -> tensor<?xf32> { return %y : tensor<?xf32> }"
    assert types(mlc.load(text)) == ['tensor<?x?xf32, "arg0_0,arg0_1">', 'tensor<?xf32, "arg1_0">']


def test_extents_that_an_assertion_makes_equal_are_one_symbol() -> None:
    text = """
    func.func @main(%x: tensor<?xf32>, %y: tensor<?xf32>) -> tensor<?xf32> {
      %zero = arith.constant 0 : index
      %n = tensor.dim %x, %zero : tensor<?xf32>
      %m = tensor.dim %y, %zero : tensor<?xf32>
      %same = arith.cmpi eq, %n, %m : index
      cf.assert %same, "sizes differ"
      return %y : tensor<?xf32>
    }
    """
    assert types(mlc.load(text)) == ['tensor<?xf32, "arg0_0">', 'tensor<?xf32, "arg0_0">']


def test_dims_that_the_encoding_spells_are_kept() -> None:
    text = 'func.func @main(%x: tensor<?xf32, "N">) -> tensor<?xf32, "N"> { return %x : tensor<?xf32, "N"> }'
    assert types(mlc.load(text)) == ['tensor<?xf32, "N">']


CONSTANTS = """
func.func @main() -> (tensor<2x2xf32>, tensor<3xi64>, tensor<2xbf16>, tensor<3xi1>, tensor<2xf32>, tensor<2xf64>) {
  %a = arith.constant dense<[[1.0, 2.0], [3.0, 4.5]]> : tensor<2x2xf32>
  %b = arith.constant dense<7> : tensor<3xi64>
  %c = arith.constant dense<[1.5, 0xFF80]> : tensor<2xbf16>
  %d = arith.constant dense<[true, false, true]> : tensor<3xi1>
  %e = arith.constant dense_resource<weight> : tensor<2xf32>
  %f = arith.constant dense_resource<"a name"> : tensor<2xf64>
  return %a, %b, %c, %d, %e, %f
      : tensor<2x2xf32>, tensor<3xi64>, tensor<2xbf16>, tensor<3xi1>, tensor<2xf32>, tensor<2xf64>
}
{-#
  dialect_resources: {
    builtin: {
      weight: "0x040000000000803F00000040",
      "a name": "0x08000000000000000000F03F0000000000000040"
    }
  }
#-}
"""


def test_constants_are_read_to_the_same_numbers() -> None:
    import ml_dtypes

    outputs = mlc.compile(CONSTANTS, backend="interp", passes="").run()
    expected = [
        np.array([[1, 2], [3, 4.5]], np.float32),
        np.full(3, 7, np.int64),
        np.array([1.5, -np.inf], ml_dtypes.bfloat16),
        np.array([True, False, True]),
        np.array([1, 2], np.float32),
        np.array([1, 2], np.float64),
    ]
    for got, wanted in zip(outputs, expected, strict=True):
        assert got.dtype == wanted.dtype
        np.testing.assert_array_equal(got, wanted)


def test_a_resource_that_is_not_in_the_text_is_named() -> None:
    assert message(CONSTANTS.replace("weight: ", "wait: ")) == (
        "<text>:7:8: arith.constant: the numbers of dense_resource<weight> are not in the text; "
        "export it without eliding"
    )
    assert "dense_resource<weight> has 8 bytes, its type 16" in message(
        CONSTANTS.replace("dense_resource<weight> : tensor<2xf32>", "dense_resource<weight> : tensor<4xf32>").replace(
            "tensor<2xf32>, tensor<2xf64>", "tensor<4xf32>, tensor<2xf64>"
        )
    )


def test_locations_are_carried_and_hold_no_path() -> None:
    text = """
    func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
      %a = arith.negf %x : tensor<4xf32> loc("layer1/neg")
      %b = arith.negf %a : tensor<4xf32> loc(callsite("/usr/lib/site-packages/torch/nn.py":1:2 at "/home/net.py":7:1))
      %c = arith.negf %b : tensor<4xf32> loc(fused["one", "two"])
      %d = arith.negf %c : tensor<4xf32>
      return %d : tensor<4xf32>
    }
    """
    locations = [str(op.loc) for op in mlc.load(text).main.block][:4]
    expected = ['loc("layer1/neg")', 'loc("%1"("net.py":7:0))', 'loc(fused["one", "two"])', 'loc("%3"("<text>":6:0))']
    assert locations == expected


# --- what is wrong ---


def test_everything_that_is_not_supported_is_listed_at_once() -> None:
    text = """
    func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = "foo.bar"(%x) : (tensor<4xf32>) -> tensor<4xf32>
      %1 = "foo.bar"(%0) : (tensor<4xf32>) -> tensor<4xf32>
      %2 = memref.alloc() : memref<4xf32>
      %3 = torch_c.to_builtin_tensor %4 : !torch.vtensor<[4],f32> -> tensor<4xf32>
      %4 = torch.constant.none
      return %1 : tensor<4xf32>
    }
    """.replace("%3 = torch_c.to_builtin_tensor %4 : !torch.vtensor<[4],f32> -> tensor<4xf32>\n      ", "")
    assert message(text) == (
        "<text>: 4 operations are not supported\n"
        "  foo.bar (no support yet): 3:12, 4:12\n"
        "  memref.alloc (memref<4xf32> is a buffer; export the model before bufferization, on tensors): 5:12\n"
        '  torch.constant.none (export it with output_type="linalg-on-tensors", or give the PyTorch model itself): 6:12'
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {\n  %0 = arith.negf %y : tensor<4xf32>\n}",
            "<text>:2:19: use of undeclared SSA value name",
        ),
        (
            "func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {\n  %0 = foo.bar %x : tensor<4xf32>\n}",
            "<text>:2:8: Dialect `foo' not found for custom op 'foo.bar'",
        ),
        (
            "func.func @main(%x: tensor<*xf32>) -> tensor<*xf32> { return %x : tensor<*xf32> }",
            "argument 0: tensor<*xf32> has no rank; give every tensor a rank, with `?` where an extent varies",
        ),
        (
            "func.func @main(%x: memref<4xf32>) -> memref<4xf32> { return %x : memref<4xf32> }",
            "argument 0: memref<4xf32> is a buffer; export the model before bufferization, on tensors",
        ),
        (
            "func.func @main(%x: tensor<4xcomplex<f32>>) -> tensor<4xcomplex<f32>> {"
            " return %x : tensor<4xcomplex<f32>> }",
            "argument 0: complex numbers (complex<f32>) are not supported",
        ),
        ("func.func private @f() { return }", "no function is public; say which is the model as --entry, of @f"),
        ("func.func private @f(tensor<4xf32>) -> tensor<4xf32>", "there is no function with a body"),
    ],
)
def test_each_mistake_is_one_located_line(text: str, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.mlir"
    path.write_text(text)
    result = CliRunner().invoke(main, ["compile", str(path), "--no-cache", "-o", str(tmp_path / "out.mlc")])
    assert result.exit_code == 2, result.output
    (line,) = result.output.strip().splitlines()
    assert line.startswith(f"error: {path}")
    assert line.endswith(expected.replace("<text>", str(path)))


CRASHING = """func.func @main(%b: tensor<4x3xf32>, %e: tensor<3x4xf32>) -> tensor<3x4xf32> {
  %t = linalg.transpose ins(%b : tensor<4x3xf32>) outs(%e : tensor<3x4xf32>) permutation =, 0]
  return %t : tensor<3x4xf32>
}
"""


def test_a_text_that_crashes_mlir_is_refused_and_the_next_is_read() -> None:
    for _ in range(2):
        with pytest.raises(CompileError, match=r"^<text>: MLIR's own parser crashed .* was killed by SIGSEGV"):
            mlc.load(CRASHING)
    loaded = mlc.load(CRASHING.replace("permutation =,", "permutation = [1,"))
    assert isinstance(loaded, Module) and len(loaded.main.inputs) == 2


ENDLESS = """func.func @main(%a: tensor<1x4x5x2xf32>, %b: tensor<3x3x2x2xf32>) -> tensor<1x4x2x2xf32> {
  %r = stablehlo.convolution(%a, %b) dim_numbers = [b, 2147483648, 1, f]x[0, 1, i, o]->[b, 0, 1, f],
    window = {stride = [1, 2]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
    : (tensor<1x4x5x2xf32>, tensor<3x3x2x2xf32>) -> tensor<1x4x2x2xf32>
  return %r : tensor<1x4x2x2xf32>
}
"""


@pytest.mark.slow
def test_a_text_that_mlir_reads_without_end_is_refused_and_the_next_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    mlc.load(ADD)  # starts the child
    monkeypatch.setattr("mlc.frontend.mlir_import.trial.LIMIT_S", 5.0)
    with pytest.raises(CompileError, match=r"^<text>: MLIR's own parser did not come to an end in 5 s; the text is br"):
        mlc.load(ENDLESS)
    monkeypatch.undo()
    assert len(mlc.load(ADD).main.inputs) == 2


def test_a_missing_torch_mlir_is_one_line_with_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert message(ADD) == (
        "<text>: linalg, tosa and stablehlo text is read by torch-mlir: install the extra, mlc-compiler[mlir]"
    )


@pytest.mark.parametrize("verb", ["compile", "run", "opt", "inspect", "compare"])
def test_every_verb_takes_the_text_and_its_entry(verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    Path("calls.mlir").write_text(CALLS.replace(" private", ""))
    refused = CliRunner().invoke(main, [verb, "calls.mlir"])
    assert refused.exit_code == 2
    assert "2 functions are public" in refused.output
    taken = CliRunner().invoke(main, [verb, "calls.mlir", "--entry", "four_times"])
    assert taken.exit_code == 0, taken.output
