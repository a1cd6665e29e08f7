"""Real models written back as ONNX, as loaded and after passes: valid, and onnxruntime computes the same numbers."""

from __future__ import annotations

from pathlib import Path

import onnx
import onnxruntime
import pytest
from golden_rows import OTHERS, THOROUGH
from models import catalog
from tolerance import MODEL, assert_close

import mlc.driver as driver
from mlc.driver import Options
from mlc.frontend.onnx_export import save_model
from mlc.passes.table import BUILTIN

PIPELINES = ("", *BUILTIN, "O3")
SHORT_PIPELINES = ("", "layout", "fuse", "O3")
FAST = {("resnet-small-torchscript14", "O3"), ("bert-small-torchscript14", "O3"), ("light-squeezenet-64", "fuse")}


def rows() -> list[object]:
    product = [(name, pipeline) for name in THOROUGH for pipeline in PIPELINES]
    product += [(name, pipeline) for name in OTHERS for pipeline in SHORT_PIPELINES]
    return [pytest.param(*row, marks=[] if row in FAST else [pytest.mark.slow]) for row in product]


@pytest.mark.parametrize(("name", "pipeline"), rows())
def test_a_model_written_back_computes_the_same(
    name: str, pipeline: str, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    if catalog.needs_torch(name):
        pytest.importorskip("torch", reason="exported models are written by torch")
    assert pytestconfig.cache is not None
    model = catalog.fetch(name, pytestconfig.cache.mkdir("models"))
    module = driver.load(model.path)
    driver.optimize(module, Options(level=3) if pipeline == "O3" else Options(passes=pipeline))
    path = tmp_path / "out.onnx"
    save_model(module, path)
    onnx.checker.check_model(str(path), full_check=True)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for case in model.cases:
        if any(array.size == 0 for array in case.inputs.values()):
            continue  # onnxruntime's convolutions and poolings refuse a batch of 0
        got = dict(zip(case.outputs, session.run(None, case.inputs), strict=True))
        assert_close(got, case.outputs, model=f"{name} through {pipeline or 'no pass'}", share=MODEL)
