"""Models in linalg on tensors for other compilers: what the text says, and what MLIR makes of it.

That another compiler computes the same numbers from it is tested in tests/test_iree.py.
"""

from __future__ import annotations

import gc
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import all_cases
from click.testing import CliRunner
from codegen.running import module_of

from mlc.cli.main import main
from mlc.codegen.mlir import run
from mlc.codegen.mlir.elements import memory_type
from mlc.codegen.mlir.registry import LINALG, NAMED
from mlc.codegen.mlir.whole import reassociation
from mlc.errors import CompileError
from mlc.ir import DType, Module, Op, TensorType, Value, symbol
from mlc.ir.parser import parse_module
from mlc.mlir import module_text, to_module
from mlc.ops import AveragePool, Conv, CumSum, Matmul, MaxPool, ScatterElements, Softmax, TopK

MATMUL = """module {
  func.func @main(%x: tensor<?x3xf32, "N,3">, %w: tensor<3x5xf32>) -> tensor<?x5xf32, "N,5"> {
    %y = "mlc.matmul"(%x, %w) {transpose_y = false, strassen = false}
      : (tensor<?x3xf32, "N,3">, tensor<3x5xf32>) -> tensor<?x5xf32, "N,5">
    func.return %y : tensor<?x5xf32, "N,5">
  }
}
"""


def argument(*dims: Any, dtype: DType = DType.F32) -> Value:
    from mlc.ir import Block

    return Block([TensorType(dtype, dims)]).arguments[0]


def text_of(op: Op) -> str:
    return module_text(module_of(op, list(dict.fromkeys(op.operands))))


def convolution(x: Value, w: Value, *, groups: int = 1, pads: int = 1, layout: Any = "nchw") -> Conv:
    rank = w.tensor.rank - (2 if layout == "nchw" else 4)
    ones = (1,) * rank
    return Conv(x, w, strides=ones, pads=(pads,) * 2 * rank, dilations=ones, groups=groups, layout=layout)


@pytest.mark.parametrize(
    ("op", "name"),
    [
        (convolution(argument(2, 3, 9), argument(4, 3, 3)), "linalg.conv_1d_ncw_fcw"),
        (convolution(argument(2, 3, 9, 7), argument(4, 3, 3, 3)), "linalg.conv_2d_nchw_fchw"),
        (convolution(argument(2, 3, 5, 5, 5), argument(4, 3, 3, 3, 3)), "linalg.conv_3d_ncdhw_fcdhw"),
        (convolution(argument(2, 4, 9, 7), argument(6, 2, 3, 3), groups=2), "linalg.conv_2d_ngchw_gfchw"),
        (convolution(argument(2, 4, 9, 7), argument(4, 1, 3, 3), groups=4), "linalg.depthwise_conv_2d_nchw_chw"),
        (convolution(argument(symbol("N"), 3, 9, 7), argument(4, 3, 3, 3)), "linalg.conv_2d_nchw_fchw"),
        (
            MaxPool(argument(2, 3, 9, 7), (3, 3), strides=(2, 2), pads=(1, 1, 1, 1), dilations=(1, 1)),
            "linalg.pooling_nchw_max",
        ),
        (AveragePool(argument(2, 3, 9), (3,), strides=(2,), pads=(1, 1), dilations=(1,)), "linalg.pooling_ncw_sum"),
        (Softmax(argument(2, 3, 9), axis=1), "linalg.softmax dimension(1)"),
        (Matmul(argument(3, 17), argument(17, 5)), "linalg.matmul"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_op_that_linalg_names_bears_its_name(op: Op, name: str) -> None:
    text = text_of(op)
    assert f" {name} " in text
    assert ("tensor.pad" in text) == any(getattr(op, "pads", ()))


def test_an_image_is_cut_where_no_window_reaches() -> None:
    x, w = argument(1, 3, 4, 4), argument(4, 3, 3, 3)
    op = Conv(x, w, strides=(2, 2), pads=(0, 0, 0, 0), dilations=(1, 1))
    text = text_of(op)
    assert "tensor.extract_slice %arg0[0, 0, 0, 0] [1, 3, 3, 3] [1, 1, 1, 1]" in text and "tensor.pad" not in text


def test_nothing_in_the_text_is_for_our_schedules() -> None:
    text = text_of(convolution(argument(2, 3, 9, 7), argument(4, 3, 3, 3)))
    assert "mlc." not in text and "bufferization" not in text
    assert re.findall(r"func\.func (\w+ )?@\w+", text) == [""] and "func.call @" not in text


def test_a_parallel_loop_is_written_as_loops_of_scf_for() -> None:
    text = text_of(CumSum(argument(3, 5), axis=1))
    assert "scf.for " in text and "scf.forall" not in text


@pytest.mark.parametrize("dtype", [DType.F16, DType.BF16, DType.I8, DType.I16])
def test_loops_read_and_write_no_elements_that_a_host_of_words_has_not(dtype: DType) -> None:
    """IREE runs them there: it has no such floats, and compares such integers as if they were unsigned."""
    x, indices = argument(3, 5, dtype=dtype), argument(3, 2, dtype=DType.I64)
    updates = argument(3, 2, dtype=dtype)
    for op in (CumSum(x, axis=1), TopK(x, k=2), ScatterElements(x, indices, updates, axis=1, reduction="max")):
        for line in text_of(op).splitlines():
            assert not re.search(r"tensor\.(extract|insert) ", line) or f"x{memory_type(dtype)}>" not in line


def test_every_case_with_a_form_is_one_function_that_mlir_verifies() -> None:
    ir = pytest.importorskip("torch_mlir.ir", reason="MLIR comes with torch-mlir")
    taken = 0
    with ir.Context():
        for case in all_cases():
            if type(case.op()) not in {**LINALG, **NAMED}:
                continue
            try:
                text = module_text(module_of(*case.on(case.input_types())))
            except CompileError as error:
                is_known = "has no linalg form" in str(error) or re.search(
                    "only running mlc\\.|no arithmetic on", str(error)
                )
                assert is_known, case.name
                continue
            assert ir.Module.parse(text).operation.verify(), case.name
            taken += 1
    assert taken > 250


def test_the_module_outlives_the_context_it_was_made_in_and_goes_through_passes() -> None:
    pytest.importorskip("torch_mlir", reason="MLIR comes with torch-mlir")
    from torch_mlir.passmanager import PassManager

    made = to_module(parse_module(MATMUL))
    gc.collect()
    assert "linalg.matmul" in str(made) and "tensor<?x5xf32>" in str(made)
    with made.context:
        PassManager.parse("builtin.module(linalg-generalize-named-ops,canonicalize,cse)").run(made.operation)
    assert made.operation.verify() and "linalg.generic" in str(made) and "linalg.matmul" not in str(made)


def test_the_module_belongs_to_the_context_that_is_current() -> None:
    ir = pytest.importorskip("torch_mlir.ir", reason="MLIR comes with torch-mlir")
    with ir.Context() as context:
        assert to_module(parse_module(MATMUL)).context is context


def test_what_is_no_module_is_refused_by_its_type() -> None:
    with pytest.raises(CompileError, match=r"expected an mlc.ir.Module, as mlc.load gives it, got str"):
        module_text("model.onnx")  # type: ignore[arg-type]


def test_a_symbol_that_no_input_has_as_a_dim_is_named() -> None:
    n = symbol("N")
    with pytest.raises(CompileError, match="no input of which has N itself as a dim"):
        text_of(Matmul(argument(2 * n, 3), argument(3, 5)))


def test_the_command_writes_it_without_mlir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise CompileError("no MLIR here")

    monkeypatch.setattr(run, "require_mlir", missing)
    monkeypatch.setattr("mlc.codegen.mlir.backend.require_mlir", missing)
    (tmp_path / "model.mlir").write_text(MATMUL)
    result = CliRunner().invoke(main, ["compile", str(tmp_path / "model.mlir"), "--emit=linalg-on-tensors", "-o", "-"])
    assert result.exit_code == 0, result.output
    assert "linalg.matmul" in result.stdout


def test_weights_are_written_unless_left_out() -> None:
    from mlc.ir import Function
    from mlc.ops import Constant, Mul

    function = Function("main", [("x", TensorType(DType.F32, (64,)))])
    constant = function.append(Constant(np.arange(64, dtype=np.float32)))
    function.set_outputs([("y", function.append(Mul(function.inputs[0], constant.result)).result)])
    module = Module("test")
    module.add(function)
    assert 'dense<"0x000000000000803F' in module_text(module)
    assert "dense_resource<__elided__>" in module_text(module, with_weights=False)


@pytest.mark.parametrize(
    ("fine", "coarse", "groups"),
    [
        ((2, 3, 4), (6, 4), [[0, 1], [2]]),
        ((2, 3, 4), (24,), [[0, 1, 2]]),
        ((1, 5, 1), (5,), [[0, 1, 2]]),
        ((1, 1), (), []),
        ((2, 3), (3, 2), None),
        ((2, 3), (2, 3), None),
        ((4,), (2, 2), None),
        ((symbol("N"), 3, 1), (3 * symbol("N"),), [[0, 1, 2]]),
    ],
)
def test_dims_that_merge_are_found(fine: Any, coarse: Any, groups: list[list[int]] | None) -> None:
    assert reassociation(fine, coarse) == groups
