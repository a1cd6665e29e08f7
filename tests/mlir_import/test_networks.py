"""What torch-mlir exports as linalg on tensors, imported and compared with torch's eager execution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("torch_mlir")

import torch
from models import exported
from tolerance import assert_close

import mlc
from mlc.ir import Module

# torch-mlir lowers all of these; the sizes of their weights don't matter to the import.
NETWORKS = ("mlp", "resnet", "mobilenet", "squeezenet", "unet", "vit", "bert", "gpt", "gpt_spelled", "lstm")
QUICK = ("mlp",)


def linalg_of(model: Any, inputs: Sequence[Any], dynamic_shapes: Any = None) -> str:
    """torch-mlir's export of the model, as text."""
    from torch_mlir import fx

    module = fx.export_and_import(model, *inputs, output_type="linalg-on-tensors", dynamic_shapes=dynamic_shapes)
    return str(module.operation.get_asm())


def network(name: str, batch: int) -> tuple[Any, list[Any]]:
    arrays = exported.random_inputs(name, "small", batch)
    model = exported.randomized(exported.network(name, "small"), arrays)
    return model, [torch.from_numpy(a) for a in arrays.values()]


def inputs_of(name: str, batch: int) -> list[Any]:
    return [torch.from_numpy(a) for a in exported.random_inputs(name, "small", batch, seed=5).values()]


def check(model: Any, module: Module, inputs: Sequence[Any], backends: Sequence[str] = ("llvm",)) -> None:
    with torch.no_grad():
        wanted = model(*inputs)
    wanted = [w.numpy() for w in (wanted if isinstance(wanted, tuple) else (wanted,))]
    for backend in backends:
        executable: Any = mlc.compile(module, backend=backend)  # type: ignore[arg-type]
        for got, reference in zip(executable.run(*[x.numpy() for x in inputs]), wanted, strict=True):
            assert_close(got, reference, model=f"{module.name} on {backend}")


@pytest.mark.parametrize("name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in NETWORKS])
def test_an_export_of_torch_mlir_computes_what_eager_does(name: str) -> None:
    model, inputs = network(name, 2)
    check(model, mlc.load(linalg_of(model, inputs)), inputs, ("interp", "llvm"))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mlp", "resnet", "mobilenet", "bert"])
def test_one_export_with_a_dynamic_batch_serves_every_batch(name: str) -> None:
    model, inputs = network(name, 3)
    batch = torch.export.Dim("batch", min=2, max=64)
    module = mlc.load(linalg_of(model, inputs, tuple({0: batch} for _ in inputs)))
    for size in (1, 2, 7):
        check(model, module, inputs_of(name, size))


def test_a_module_in_memory_is_compiled_without_a_file() -> None:
    from torch_mlir import fx

    model, inputs = network("mlp", 2)
    check(model, mlc.load(fx.export_and_import(model, *inputs, output_type="linalg-on-tensors")), inputs)


@pytest.mark.slow
def test_softmax_norm_and_gelu_spelled_out_are_recognized() -> None:
    from mlc import driver

    model, inputs = network("bert", 2)
    module = mlc.load(linalg_of(model, inputs))
    driver.optimize(module, driver.Options())
    names = [op.name for op in module.walk()]
    assert names.count("mlc.attention") == 2
    assert names.count("mlc.layer_norm") == 5
    assert names.count("mlc.gelu") == 2
    assert not {"mlc.exp", "mlc.erf", "mlc.reduce_sum"} & set(names)
    assert np.prod(module.main.inputs[0].tensor.static_shape) == 32
