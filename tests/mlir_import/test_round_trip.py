"""A model as the linalg that mlc itself writes of it, imported again: the same numbers."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("torch_mlir")

import torch
from models import exported
from tolerance import assert_close

import mlc
import mlc.mlir
from mlc import driver

NETWORKS = ("mlp", "resnet", "mobilenet", "squeezenet", "unet", "vit", "bert", "gpt", "lstm")


def written(name: str, level: int, batch: int, dynamic_shapes: Any = None) -> tuple[Any, str]:
    """The network and the linalg of its optimized module."""
    model = exported.randomized(exported.network(name, "small"), exported.random_inputs(name, "small", 4))
    example = [torch.from_numpy(a) for a in exported.random_inputs(name, "small", batch).values()]
    module = mlc.load(model, example, dynamic_shapes=dynamic_shapes)
    driver.optimize(module, driver.Options(level=level))
    return model, mlc.mlir.module_text(module)


def check(model: Any, text: str, inputs: list[Any], label: str) -> None:
    with torch.no_grad():
        wanted = model(*[torch.from_numpy(a) for a in inputs])
    wanted = [w.numpy() for w in (wanted if isinstance(wanted, tuple) else (wanted,))]
    got: Any = mlc.compile(text, backend="interp", passes="")
    assert_close(list(got.run(*inputs)), wanted, model=label)


@pytest.mark.parametrize("level", [0, 2])
@pytest.mark.parametrize("name", [n if n == "mlp" else pytest.param(n, marks=pytest.mark.slow) for n in NETWORKS])
def test_what_mlc_writes_as_linalg_it_reads_back(name: str, level: int) -> None:
    model, text = written(name, level, 1)
    check(model, text, list(exported.random_inputs(name, "small", 1).values()), f"{name} at -O{level}")


def test_a_symbolic_batch_survives_the_round_trip() -> None:
    model, text = written("mlp", 2, 3, {"x": {0: torch.export.Dim("batch", min=2, max=64)}})
    for size in (2, 7):
        inputs = list(exported.random_inputs("mlp", "small", size).values())
        check(model, text, inputs, f"mlp with a batch of {size}")


TILES = """
func.func @main(%x: tensor<8xf32>) -> tensor<8xf32> {
  %0 = scf.forall (%i) = (0) to (8) step (4) shared_outs(%o = %x) -> (tensor<8xf32>) {
    %1 = tensor.extract_slice %x[%i] [4] [1] : tensor<8xf32> to tensor<4xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %1 into %o[%i] [4] [1] : tensor<4xf32> into tensor<8xf32>
    }
  }
  return %0 : tensor<8xf32>
}
"""


def test_tiles_of_a_kernel_are_refused_by_name() -> None:
    with pytest.raises(mlc.CompileError, match=r"scf\.forall: tiles of a kernel; give the model before"):
        mlc.load(TILES)
