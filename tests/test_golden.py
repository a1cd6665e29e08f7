"""Golden tests: each model through each pipeline on each backend gives the answers of another implementation.

Torch's eager execution is the reference of exported models, onnxruntime that of the light models. Small models run
through every pipeline, of exports that differ only in their spelling one; full sizes run natively at -O2 and -O3. A few
rows are fast, all others are marked slow and run in CI.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from golden_rows import OTHERS, THOROUGH
from models import catalog
from models.store import Array, Case, Model
from tolerance import MODEL, PRECISION_CHANGING, assert_close

import mlc
from mlc.passes import parse_pipeline
from mlc.passes.table import BUILTIN, level_passes

BACKENDS = ("llvm", "interp")
# At small sizes no product is long enough for strassen to choose it.
PIPELINES = ("O0", "O1", "O2", "O3", "fuse,fold", "fold,fuse", *BUILTIN, "strassen{always=true},fuse")
MLIR_PIPELINES = ("O0", "O2", "O3")
SHORT_PIPELINES = ("O0", "O2", "O3", "fuse,fold", "fold,fuse")
FAST = {
    *(("mlp-small-torchscript14", pipeline, backend) for pipeline in PIPELINES for backend in BACKENDS),
    *(("resnet-small-torchscript14", pipeline, "llvm") for pipeline in ("O0", "O2", "O3", "fold,fuse")),
    *(("gpt-small-torchscript14", pipeline, "llvm") for pipeline in ("O0", "O2")),
    ("light-squeezenet-64", "O2", "llvm"),
    ("light-shufflenet-64", "O3", "llvm"),
    ("bert-small-torchscript14", "O2", "interp"),
    ("mlp-small-torchscript14", "O2", "mlir"),
    ("gpt-small-torchscript14", "O2", "mlir"),
}


def rows(names: tuple[str, ...], pipelines: tuple[str, ...], backends: tuple[str, ...]) -> list[object]:
    """Parameter sets (model, pipeline, backend), slow unless they are among FAST."""
    product = [(name, pipeline, backend) for name in names for pipeline in pipelines for backend in backends]
    return [pytest.param(*row, marks=[] if row in FAST else [pytest.mark.slow]) for row in product]


@pytest.fixture(scope="session")
def folder(pytestconfig: pytest.Config) -> Path:
    assert pytestconfig.cache is not None
    return pytestconfig.cache.mkdir("models")


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Compile into a cache that is empty at first, so that no row is answered by an earlier run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def fetch(name: str, folder: Path) -> Model:
    pytest.importorskip("onnxruntime", reason="the reference of the light models")
    if catalog.needs_torch(name):
        pytest.importorskip("torch", reason="exported models are written by torch")
        pytest.importorskip("onnxscript", reason="torch.onnx needs onnxscript")
    return catalog.fetch(name, folder)


def compiled(model: Model, pipeline: str, backend: str) -> mlc.Executable | mlc.Interpreted:
    """The model through a level, "O2", or a pipeline, "fold,fuse"; on mlir with no step in Python."""
    how: dict[str, Any] = {"level": int(pipeline[1:])} if pipeline.startswith("O") else {"passes": pipeline}
    if backend == "mlir":
        pytest.importorskip("torch_mlir", reason="the mlir backend is an extra")
        return mlc.compile(model.path, backend=backend, fallback=False, **how)
    return mlc.compile(model.path, backend=backend, **how)


def tolerance_of(pipeline: str) -> float:
    """The wider limit when one of the passes says that it changes precision."""
    passes = level_passes(int(pipeline[1:])) if pipeline.startswith("O") else parse_pipeline(pipeline)
    return PRECISION_CHANGING if any(item.numerics == "precision-changing" for item in passes) else MODEL


def outputs(exe: mlc.Executable | mlc.Interpreted, case: Case) -> dict[str, Array]:
    results = exe(**case.inputs)
    return dict(zip(case.outputs, results if isinstance(results, tuple) else (results,), strict=True))


SMALL_ROWS = [
    *rows(THOROUGH, PIPELINES, BACKENDS),
    *rows(OTHERS, SHORT_PIPELINES, ("llvm",)),
    *rows(OTHERS, ("O3",), ("interp",)),
    *rows(THOROUGH, MLIR_PIPELINES, ("mlir",)),
    *rows(OTHERS, ("O2",), ("mlir",)),
]


@pytest.mark.parametrize(("name", "pipeline", "backend"), SMALL_ROWS)
def test_a_small_model_equals_its_reference(name: str, pipeline: str, backend: str, folder: Path) -> None:
    model = fetch(name, folder)
    exe = compiled(model, pipeline, backend)
    for case in model.cases:
        assert_close(outputs(exe, case), case.outputs, model=name, share=tolerance_of(pipeline))


# A target of half and one of a quarter of the widest vectors, beside the pipelines above, which are for this machine's.
NARROWER = ("x86-64-v3", "x86-64-v2")
NARROWER_ROWS = [
    pytest.param(name, target, marks=[] if name == "resnet-small-torchscript14" else [pytest.mark.slow])
    for name in THOROUGH
    for target in NARROWER
]


@pytest.mark.parametrize(("name", "target"), NARROWER_ROWS)
def test_a_small_model_on_narrower_vectors_equals_its_reference(name: str, target: str, folder: Path) -> None:
    model = fetch(name, folder)
    exe = mlc.compile(model.path, level=3, target=target)
    for case in model.cases:
        assert_close(outputs(exe, case), case.outputs, model=f"{name} on {target}", share=tolerance_of("O3"))


@pytest.mark.parametrize(
    ("name", "pipeline", "backend"),
    [*rows(catalog.FULL, ("O2", "O3"), ("llvm",)), *rows(("light-resnet50-224",), ("O2", "O3"), ("mlir",))],
)
def test_a_model_of_published_size_equals_its_reference(name: str, pipeline: str, backend: str, folder: Path) -> None:
    model = fetch(name, folder)
    exe = compiled(model, pipeline, backend)
    for case in model.cases:
        assert_close(outputs(exe, case), case.outputs, model=name, share=tolerance_of(pipeline))


@pytest.mark.parametrize(
    "name", [catalog.SYMBOLIC[0], *(pytest.param(n, marks=pytest.mark.slow) for n in catalog.SYMBOLIC[1:])]
)
def test_one_artifact_answers_every_batch(name: str, folder: Path, tmp_path: Path) -> None:
    model = fetch(name, folder)
    compiled(model, "O2", "llvm").save(tmp_path / "model.mlc")
    exe = mlc.Executable.load(tmp_path / "model.mlc")
    for case in reversed(model.cases):  # the largest first: nothing may be left of it in the smaller ones
        batch = next(iter(case.inputs.values())).shape[0]
        assert_close(outputs(exe, case), case.outputs, model=f"{name} at batch {batch}", share=tolerance_of("O2"))


@pytest.mark.slow
@pytest.mark.parametrize("name", catalog.SYMBOLIC)
@pytest.mark.parametrize("pipeline", ("O0", "O3"))
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_symbolic_batch_gives_the_same_answers_in_memory(
    name: str, pipeline: str, backend: str, folder: Path
) -> None:
    model = fetch(name, folder)
    exe = compiled(model, pipeline, backend)
    for case in model.cases:
        assert_close(outputs(exe, case), case.outputs, model=name, share=tolerance_of(pipeline))
