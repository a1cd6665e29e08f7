"""The same model gives the same bytes, in another process and under another hash seed: dumps and artifacts."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from models import catalog

import mlc

SCRIPT = """
import sys
from mlc.cli import main
model, folder, pipeline = sys.argv[1:]
main(["compile", model, "-o", f"{folder}/model.mlc", "--no-cache", "--dump-dir", f"{folder}/dump", *pipeline.split()])
"""
ROWS = [
    ("mlp-small-torchscript14", "-O 3"),
    ("resnet-small-torchscript14", "--passes fold,fuse,layout"),
    pytest.param("bert-small-torchscript14", "-O 3", marks=pytest.mark.slow),
    pytest.param("mobilenet-small-torchscript14", "-O 3", marks=pytest.mark.slow),
]


def compiled(model: Path, folder: Path, pipeline: str, seed: str) -> dict[str, str]:
    """The hash of each file that a fresh process writes for the model."""
    folder.mkdir()
    tree = str(Path(next(iter(mlc.__path__))).parent)
    environment = {**os.environ, "PYTHONPATH": tree, "PYTHONHASHSEED": seed}
    command = [sys.executable, "-c", SCRIPT, str(model), str(folder), pipeline]
    result = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=600)
    assert result.returncode == 0, result.stderr
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize(("name", "pipeline"), ROWS)
def test_two_processes_write_the_same_bytes(
    name: str, pipeline: str, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    pytest.importorskip("torch", reason="exported models are written by torch")
    assert pytestconfig.cache is not None
    model = catalog.fetch(name, pytestconfig.cache.mkdir("models"))
    first = compiled(model.path, tmp_path / "first", pipeline, "1")
    second = compiled(model.path, tmp_path / "second", pipeline, "2")
    assert "model.mlc" in first and len(first) > 3
    assert first == second
