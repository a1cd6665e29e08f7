"""Both of torch's exporters spell transformers out in their own ways; recognize finds the same ops in all of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from models import catalog
from tolerance import assert_close

from mlc.frontend import load
from mlc.interpreter import interpret
from mlc.passes import parse_pipeline
from mlc.rewrite import run_passes

pytest.importorskip("torch", reason="exported models are written by torch")
pytest.importorskip("onnxscript", reason="torch.onnx needs onnxscript")


@pytest.fixture(scope="session")
def folder(pytestconfig: pytest.Config) -> Path:
    assert pytestconfig.cache is not None
    return pytestconfig.cache.mkdir("models")


@pytest.mark.parametrize("exporter", ["torchscript14", "dynamo"])
@pytest.mark.parametrize("network", ["bert", "gpt", "gpt_spelled", "vit"])
def test_every_block_of_a_transformer_is_recognized(network: str, exporter: str, folder: Path) -> None:
    name = f"{network}-small-{exporter}"
    model = catalog.fetch(name, folder)
    module = load(model.path)
    run_passes(module, parse_pipeline("canonicalize,fold,cse,recognize"))
    kinds = Counter(op.name for op in module.walk())
    assert (kinds["mlc.attention"], kinds["mlc.layer_norm"], kinds["mlc.gelu"]) == (2, 5, 2)
    assert not {"mlc.softmax", "mlc.erf", "mlc.sqrt", "mlc.reduce_mean"} & kinds.keys()
    (case,) = model.cases
    with np.errstate(all="ignore"):
        outputs = interpret(module, [case.inputs[n] for n in module.main.input_names])
    assert_close(dict(zip(module.main.output_names, outputs, strict=True)), case.outputs, model=name)
