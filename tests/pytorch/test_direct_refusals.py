"""What mlc.compile refuses of nn.Modules and their arguments: all of it at once, with places, in one line each."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import mlc

pytest.importorskip("torch")
import torch
from torch import Tensor, nn


class Unsupported(nn.Module):
    """Two operators that mlc has not."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Module()

    def forward(self, x: Tensor) -> Tensor:
        return torch.linalg.eigvalsh(x @ x.t()).sum() + torch.rand(3).sum() + torch.special.i0(x).sum()


def test_all_unsupported_operators_are_named_at_once() -> None:
    with pytest.raises(mlc.CompileError) as caught:
        mlc.compile(Unsupported(), (torch.randn(3, 3),))
    text = str(caught.value)
    assert "3 operators are not supported" in text
    assert "aten.linalg_eigvalsh (no support yet)" in text and "test_direct_refusals.py:" in text
    assert "aten.rand (it draws random numbers, and mlc does not reproduce torch's stream" in text
    assert "aten.special_i0 (no support yet)" in text


class InterleavedRefusals(nn.Module):
    """An operator that is known, but not as it is used here, between two that are not known, each of the other's."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Module(), Bessel()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        found = torch.linalg.eigvalsh(x @ x.t())
        kept = nn.functional.dropout(found * 2, 0.5, training=True)
        return found, nn.functional.dropout(self.second(kept), 0.5, training=True)


class Bessel(nn.Module):
    """An operator that is not known."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.special.i0(x) + 1


def test_unknown_and_refused_operators_are_named_at_once_behind_each_other_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from mlc.cli import main

    x = torch.randn(3, 3)
    archive = str(tmp_path / "mixed.pt2")
    torch.export.save(torch.export.export(InterleavedRefusals(), (x,)), archive)
    monkeypatch.setitem(sys.modules, "my_mixed", SimpleNamespace(model=lambda: (InterleavedRefusals(), (x,))))
    texts = []
    for model, examples in ((InterleavedRefusals(), (x,)), (archive, None)):
        with pytest.raises(mlc.CompileError) as caught:
            mlc.compile(model, examples)
        texts.append(str(caught.value))
    for model in ("my_mixed:model", archive):
        result = CliRunner().invoke(main, ["compile", model])
        assert result.exit_code == 2
        texts.append(result.output)
    for text in texts:
        assert "3 operators are not supported" in text
        lines = text.splitlines()[1:]
        assert [line.split()[0] for line in lines] == ["aten.linalg_eigvalsh", "aten.native_dropout", "aten.special_i0"]
        assert lines[0].count("test_direct_refusals.py:") == 1 and lines[1].count("test_direct_refusals.py:") == 2
        assert "(draws random numbers" in lines[1] and "second (test_direct_refusals.py:" in lines[2]


class Decides(nn.Module):
    """Branches on the values of its input."""

    def forward(self, x: Tensor) -> Tensor:
        return x * 2 if x.sum() > 0 else x


def test_control_flow_on_values_is_torchs_message_and_what_to_do() -> None:
    with pytest.raises(mlc.CompileError, match=r"Decides: torch.export failed: .*") as caught:
        mlc.compile(Decides(), (torch.randn(3),))
    assert "write the decision with torch.where or torch.cond" in str(caught.value)


def test_training_mode_is_refused_where_it_means_something_else() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
    with pytest.raises(
        mlc.CompileError, match=r"in which 1, 2 would draw random numbers .*; call eval\(\) on it first"
    ):
        mlc.compile(model, (torch.randn(2, 4),))
    mlc.compile(nn.Sequential(nn.Linear(4, 4), nn.ReLU()), (torch.randn(2, 4),))  # training or not, it is the same


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        (torch.randn(3, 8), r"input 'input': expected shape \[2, 8\], got \[3, 8\]"),
        (torch.randn(2, 8, dtype=torch.float64), r"input 'input': expected torch.float32, got torch.float64"),
        ([torch.randn(2, 8)], r"nested as \(\(\[\*\],\), {}\), the example inputs were as \(\(\*,\), {}\)"),
        (None, "the arguments are nested as|must be a tensor"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(argument: Any, message: str) -> None:
    compiled = mlc.compile(nn.Linear(8, 4), (torch.randn(2, 8),))
    with pytest.raises(mlc.CompileError, match=message):
        compiled(argument)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.empty(2, 8, device="meta"), "input 'input': is on meta, move it to the CPU"),
        (torch.ones(2, 8).to_sparse(), r"input 'input': expected a dense tensor, got torch.sparse_coo; call to_dense"),
    ],
    ids=["meta", "sparse"],
)
def test_tensors_without_dense_memory_of_the_cpu_are_refused(x: Tensor, message: str) -> None:
    shapes = ({0: torch.export.Dim("batch")},)
    for compiled in (
        mlc.compile(nn.Linear(8, 4), (torch.randn(2, 8),)),
        mlc.compile(nn.Linear(8, 4), (torch.randn(3, 8),), dynamic_shapes=shapes),
    ):
        with pytest.raises(mlc.CompileError, match=message):
            compiled(x)


def test_example_inputs_must_be_given_and_only_for_modules() -> None:
    with pytest.raises(mlc.CompileError, match="give example_inputs: Linear is traced with them"):
        mlc.compile(nn.Linear(2, 2))
    with pytest.raises(mlc.CompileError, match="example_inputs and dynamic_shapes are for a torch.nn.Module"):
        mlc.compile("model.onnx", (torch.randn(2),))


def test_versions_that_do_not_fit_say_which_do(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.metadata

    from mlc.frontend.torch_import.versions import check_versions

    check_versions.cache_clear()

    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    with monkeypatch.context() as patch:
        patch.setattr(importlib.metadata, "version", missing)
        with pytest.raises(mlc.CompileError, match="need the package torch, which is not installed: pip install"):
            check_versions()
    for package, version, message in (
        ("torch", "2.9.1", "torch 2.9.1 is installed, mlc works with torch 2.13"),
        ("torch-mlir", "20250101", "torch-mlir 20250101 is too old for torch .*, use 20261001 or later"),
    ):
        real = importlib.metadata.version
        with monkeypatch.context() as patch:
            patch.setattr(importlib.metadata, "version", lambda n, p=package, v=version, r=real: v if n == p else r(n))
            with pytest.raises(mlc.CompileError, match=message):
                check_versions()
    check_versions.cache_clear()


@pytest.mark.parametrize("what", ["broken", "renamed"])
def test_a_torch_mlir_that_cannot_be_used_is_an_error_of_one_line(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from torch_mlir.extras import fx_importer

    from mlc.frontend.torch_import.versions import check_versions

    check_versions.cache_clear()
    with monkeypatch.context() as patch:
        if what == "broken":
            patch.setitem(sys.modules, "torch_mlir.extras.fx_importer", None)  # importing it is a ModuleNotFoundError
        else:
            patch.delattr(fx_importer, "GraphNodeImporter")
        with pytest.raises(mlc.CompileError) as caught:
            check_versions()
    text = str(caught.value)
    assert "\n" not in text and "does not work with torch 2.13" in text and "torch-mlir 20261001" in text
    assert ("ModuleNotFoundError" if what == "broken" else "AttributeError") in text
    check_versions.cache_clear()
