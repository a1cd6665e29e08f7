"""The models that `make bench` measures: the ONNX file, the same module for torch, and inputs for each round.

Networks are those of tests/models in their published sizes, with seeded random weights. Single operators are the
shapes in which these networks use them. `bench_models:NAME` is a torch factory for each, as `mlc bench` takes them.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from models import catalog, exported
from torch import Tensor, nn

NETWORKS = {
    "resnet50": "resnet",
    "mobilenet_v2": "mobilenet",
    "squeezenet1_1": "squeezenet",
    "bert_base": "bert",
    "gpt2": "gpt_hidden",
    "vit_b16": "vit",
}
OPERATORS = ("matmul_1024", "matmul_512", "depthwise_3x3", "softmax", "layer_norm", "gelu")
NAMES = (*NETWORKS, *OPERATORS)


class Product(nn.Module):
    """x @ y, neither of them known before the call."""

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return x @ y


@dataclass(frozen=True)
class BenchModel:
    """A model on disk, and its factory."""

    name: str
    path: Path

    @property
    def factory(self) -> str:
        """What --torch-model takes; tests/ must be on the path."""
        return f"bench_models:{self.name}"

    def make_inputs(self, seed: int) -> list[Any]:
        """One array per input."""
        return [value.numpy() for value in inputs(self.name, seed)]


def fetch(name: str, folder: Path) -> BenchModel:
    """The model's ONNX file under folder, written when it is not there."""
    if name in NETWORKS:
        return BenchModel(name, catalog.fetch(f"{NETWORKS[name]}-full-dynamo", folder).path)
    path = folder / f"{name}.onnx"
    folder.mkdir(parents=True, exist_ok=True)
    module, example = _operator(name)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it warns of a missing torchvision
    names = [f"input{number}" for number in range(len(example))]
    torch.onnx.export(
        module, example, path, input_names=names, output_names=["y"], dynamo=True, external_data=False, verbose=False
    )
    return BenchModel(name, path)


def inputs(name: str, seed: int) -> tuple[Tensor, ...]:
    """Random inputs of one call."""
    if name in NETWORKS:
        return tuple(exported.tensors(exported.random_inputs(NETWORKS[name], "full", 1, seed)).values())
    rng = np.random.default_rng(seed)
    return tuple(torch.from_numpy(rng.standard_normal(x.shape, np.float32)) for x in _operator(name)[1])


def _operator(name: str) -> tuple[nn.Module, tuple[Tensor, ...]]:
    """The module with example inputs."""
    match name:
        case "matmul_1024" | "matmul_512":
            size = int(name.removeprefix("matmul_"))
            return Product().eval(), (torch.zeros(size, size), torch.zeros(size, size))
        case "depthwise_3x3":
            torch.manual_seed(0)
            return nn.Conv2d(144, 144, 3, padding=1, groups=144).eval(), (torch.zeros(1, 144, 56, 56),)
        case "softmax":
            return nn.Softmax(-1).eval(), (torch.zeros(8, 12, 128, 128),)
        case "layer_norm":
            return nn.LayerNorm(768).eval(), (torch.zeros(512, 768),)
        case "gelu":
            return nn.GELU().eval(), (torch.zeros(512, 3072),)
        case _:
            raise ValueError(f"no model {name}; there are {', '.join(NAMES)}")


def __getattr__(name: str) -> Any:
    """The factory of a model: a function that returns the module with its weights, and example inputs."""
    if name not in NAMES:
        raise AttributeError(name)
    if name in OPERATORS:
        return lambda: _operator(name)
    network = NETWORKS[name]

    def factory() -> tuple[nn.Module, tuple[Tensor, ...]]:
        module = exported.network(network, "full")
        return exported.randomized(module, exported.random_inputs(network, "full", 4)), inputs(name, 1)

    return factory
