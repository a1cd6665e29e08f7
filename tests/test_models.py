"""The models are worth comparing with: outputs that vary, depend on the input, and on which other engines agree."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from models import catalog, light
from models.exported import SYMBOLIC_BATCHES
from models.reference import run_onnx_reference, run_onnxruntime
from models.store import Model
from tolerance import MODEL, assert_close

pytest.importorskip("onnxruntime", reason="the reference of the light models")


@pytest.fixture(scope="session")
def folder(pytestconfig: pytest.Config) -> Path:
    assert pytestconfig.cache is not None
    return pytestconfig.cache.mkdir("models")


def fetch(name: str, folder: Path) -> Model:
    if catalog.needs_torch(name):
        pytest.importorskip("torch", reason="exported models are written by torch")
        pytest.importorskip("onnxscript", reason="torch.onnx needs onnxscript")
    return catalog.fetch(name, folder)


def slow(names: tuple[str, ...]) -> list[object]:
    return [pytest.param(name, marks=pytest.mark.slow) for name in names]


# squeezenet is the smallest file, alexnet has Gemm behind a Reshape, shufflenet grouped convolutions.
FAST_LIGHT = ("light-squeezenet-64", "light-bvlc_alexnet-64", "light-shufflenet-64")
SLOW_LIGHT = tuple(name for name in catalog.LIGHT_SMALL + catalog.LIGHT_FULL if name not in FAST_LIGHT)
FAST_EXPORTED = ("mlp-small-torchscript14", "resnet-small-torchscript14", "gpt-small-torchscript14")
SLOW_EXPORTED = tuple(name for name in catalog.EXPORTED if name not in FAST_EXPORTED)


@pytest.mark.parametrize("name", [*FAST_LIGHT, *slow(SLOW_LIGHT)])
def test_a_light_model_answers_many_values_that_change_with_its_input(name: str, folder: Path) -> None:
    model = fetch(name, folder)
    (case,) = model.cases
    ((image, _),), ((scores, want),) = case.inputs.items(), case.outputs.items()
    assert len(np.unique(want)) > 100
    side = int(name.split("-")[-1])
    other = run_onnxruntime(model.path, {image: light.random_image(1234, side)})[scores]
    # a hundred times the tolerance: an answer that ignores its input cannot pass for equal
    assert np.abs(other - want).max() > 100 * MODEL * np.abs(want).max()


@pytest.mark.parametrize("name", [*FAST_LIGHT, *slow(SLOW_LIGHT)])
def test_a_light_model_means_the_same_without_onnxruntimes_optimizations(name: str, folder: Path) -> None:
    model = fetch(name, folder)
    (case,) = model.cases
    assert_close(run_onnxruntime(model.path, case.inputs, optimize=False), case.outputs, model=name)


@pytest.mark.parametrize("name", [*FAST_LIGHT, *slow(tuple(n for n in catalog.LIGHT_SMALL if n not in FAST_LIGHT))])
def test_the_onnx_reference_agrees_on_small_light_models(name: str, folder: Path) -> None:
    model = fetch(name, folder)
    (case,) = model.cases
    assert_close(run_onnx_reference(model.path, case.inputs), case.outputs, model=name)


def test_a_light_model_keeps_its_graph_but_not_its_constants(folder: Path) -> None:
    published = onnx.load(light.published_path("squeezenet"))
    ours = onnx.load(fetch("light-squeezenet-64", folder).path)
    kept = [node.op_type for node in published.graph.node if node.op_type != "ConstantOfShape"]
    assert [node.op_type for node in ours.graph.node] == kept
    assert ours.ir_version == published.ir_version == 3
    assert {tensor.name for tensor in ours.graph.initializer} <= {value.name for value in ours.graph.input}


@pytest.mark.parametrize("name", [*FAST_EXPORTED, *slow(SLOW_EXPORTED)])
def test_onnxruntime_agrees_with_eager_on_exported_models(name: str, folder: Path) -> None:
    model = fetch(name, folder)
    for case in model.cases:
        # onnxruntime's own Reshape fusion fails on an empty batch
        is_empty = any(value.size == 0 for value in case.inputs.values())
        got = run_onnxruntime(model.path, case.inputs, optimize=not is_empty)
        assert_close(got, case.outputs, model=name)


@pytest.mark.parametrize("name", slow(catalog.SYMBOLIC))
def test_a_symbolic_model_comes_with_the_batches_it_is_asked_for(name: str, folder: Path) -> None:
    model = fetch(name, folder)
    first = [next(iter(case.inputs.values())).shape[0] for case in model.cases]
    assert first == list(SYMBOLIC_BATCHES)
    (dim, *_) = onnx.load(model.path, load_external_data=False).graph.input[0].type.tensor_type.shape.dim
    assert dim.dim_param and not dim.dim_value


@pytest.mark.slow
def test_the_exporters_spell_layer_norm_gelu_and_attention_differently(folder: Path) -> None:
    spelled = {
        exporter: {node.op_type for node in onnx.load(fetch(f"gpt-small-{exporter}", folder).path).graph.node}
        for exporter in ("torchscript14", "dynamo", "dynamo23")
    }
    assert {"ReduceMean", "Pow", "Sqrt", "Tanh", "Softmax"} <= spelled["torchscript14"]
    assert {"LayerNormalization", "Gelu", "Softmax"} <= spelled["dynamo"]
    assert {"LayerNormalization", "Gelu", "Attention"} <= spelled["dynamo23"]


def test_a_model_is_built_once_and_then_read_back(tmp_path: Path) -> None:
    built, again = (catalog.fetch("light-squeezenet-64", tmp_path) for _ in range(2))
    assert built.path == again.path and len(list(tmp_path.iterdir())) == 1
    assert_close(again.cases[0].outputs, built.cases[0].outputs, model="stored")


def test_an_outdated_build_is_removed_and_its_namesakes_stay(tmp_path: Path) -> None:
    outdated, namesake = (
        tmp_path / "light-squeezenet-64-0123456789ab",
        tmp_path / "light-squeezenet-64-batch-0123456789ab",
    )
    outdated.mkdir()
    namesake.mkdir()
    catalog.fetch("light-squeezenet-64", tmp_path)
    assert not outdated.exists() and namesake.exists()


def test_listing_the_models_needs_no_torch() -> None:
    command = "import sys; sys.path.insert(0, sys.argv[1]); from models import catalog; print('torch' in sys.modules)"
    tests = str(Path(__file__).parent)
    done = subprocess.run([sys.executable, "-c", command, tests], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
