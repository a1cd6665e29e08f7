"""The networks of vision.py and text.py as ONNX files, written by both exporters of torch, with eager's answers.

The exporter over torch.export ("dynamo") and the older one over TorchScript spell layer norm, GELU, attention and
dynamic shapes differently, and weights lie outside the file or inside it: files of both are found in the field.
Everything here but the tables needs torch, and imports it when called.
"""

from __future__ import annotations

import logging
import string
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.light import random_image
from models.store import Array, Case

if TYPE_CHECKING:
    import torch

SYMBOLIC_BATCHES = (0, 1, 7, 64)


@dataclass(frozen=True)
class Export:
    """One file: which network in which size, who writes it, and whether its batch is the symbol "batch"."""

    network: str
    size: str  # "small": an interpreter in numpy needs well under 50 ms; "full": the published size
    exporter: str  # "torchscript" or "dynamo", and the opset where it is not the exporter's own choice
    symbolic: bool = False

    @property
    def name(self) -> str:
        return "-".join([self.network, self.size, self.exporter, *(["batch"] if self.symbolic else [])])


SMALL = ("mlp", "resnet", "mobilenet", "squeezenet", "unet", "vit", "bert", "gpt", "gpt_spelled", "lstm")
FULL = ("resnet", "mobilenet", "squeezenet", "vit", "bert", "gpt", "gpt_hidden")
# Opset 14 is from before LayerNormalization and Gelu, both spelled out there; opset 23 has Attention as one operator.
EXPORTS = (
    *(Export(network, "small", exporter) for network in SMALL for exporter in ("dynamo", "torchscript14")),
    *(Export(network, "small", "dynamo23") for network in ("vit", "gpt")),
    *(Export(network, "small", "dynamo", symbolic=True) for network in ("mlp", "resnet", "bert")),
    *(Export(network, "small", "torchscript14", symbolic=True) for network in ("mlp", "resnet", "bert")),
    *(Export(network, "full", "dynamo") for network in FULL),
    Export("resnet", "full", "torchscript14"),
)


def network(name: str, size: str) -> torch.nn.Module:
    """The definition with the sizes of that row, its weights still torch's own."""
    from models import text, vision

    match name, size:
        case "mlp", "small":
            return text.MLP()
        case "resnet", "small":
            return vision.ResNet((1, 1, 1, 1), bottleneck=False, width=8, classes=200)
        case "resnet", "full":
            return vision.ResNet((3, 4, 6, 3), bottleneck=True)
        case "mobilenet", "small":
            return vision.MobileNetV2(((1, 8, 1, 1), (6, 12, 2, 2), (6, 20, 2, 2)), stem=8, head=40)
        case "mobilenet", "full":
            return vision.MobileNetV2()
        case "squeezenet", "small":
            return vision.SqueezeNet(width=12, classes=200)
        case "squeezenet", "full":
            return vision.SqueezeNet()
        case "unet", "small":
            return vision.UNet((6, 10, 20))
        case "vit", "small":
            return vision.ViT(side=32, patch=8, width=48, heads=4, depth=2)
        case "vit", "full":
            return vision.ViT()
        case "bert", "small":
            return text.Bert(vocabulary=200, length=32, width=48, heads=4, depth=2)
        case "bert", "full":
            return text.Bert()
        case (("gpt" | "gpt_spelled"), "small"):
            return text.GPT(vocabulary=200, length=32, width=48, heads=4, depth=2, fused=name == "gpt")
        case "gpt", "full":
            return text.GPT()
        case "gpt_hidden", "full":
            return text.GPT(has_head=False)
        case "lstm", "small":
            return text.LSTMClassifier(vocabulary=200, width=24)
        case _:
            raise ValueError(f"no {size} {name}")


def random_inputs(name: str, size: str, batch: int, seed: int = 1) -> dict[str, Array]:
    """Inputs by name: images of side 32 or 224, 16 or 128 tokens; the last quarter of BERT's are padding."""
    generator = np.random.default_rng(seed)
    length, vocabulary = (16, 200) if size == "small" else (128, 30000)
    ids = generator.integers(0, vocabulary, (batch, length))
    match name:
        case "mlp":
            return {"x": generator.standard_normal((batch, 32), np.float32)}
        case "bert":
            mask = np.ones_like(ids)
            mask[:, -length // 4 :] = 0
            return {"input_ids": ids, "attention_mask": mask, "token_type_ids": generator.integers(0, 2, ids.shape)}
        case "gpt" | "gpt_spelled" | "gpt_hidden" | "lstm":
            return {"input_ids": ids}
        case _:
            side = 32 if size == "small" else 224
            images = [random_image(seed + 2 * index, side) for index in range(batch)]
            return {"image": np.concatenate([np.zeros((0, 3, side, side), np.float32), *images])}


def build(export: Export, folder: Path) -> list[Case]:
    """Write folder/model.onnx; its reference is torch's eager execution, at every batch when that is a symbol."""
    import torch

    model = randomized(network(export.network, export.size), random_inputs(export.network, export.size, 4))
    example = random_inputs(export.network, export.size, 2 if export.symbolic else 1)
    write(model, export, example, folder / "model.onnx")
    cases = []
    for batch in SYMBOLIC_BATCHES if export.symbolic else (1,):
        inputs = random_inputs(export.network, export.size, batch, seed=5)
        with torch.no_grad():
            results = model(**tensors(inputs))
        results = results if isinstance(results, tuple) else (results,)
        cases.append(Case(inputs, {name: y.numpy() for name, y in zip(outputs_of(export), results, strict=True)}))
    return cases


def randomized(model: torch.nn.Module, inputs: Mapping[str, Array]) -> torch.nn.Module:
    """The model in eval mode with seeded weights that differ everywhere, and norms as a training would leave them."""
    import torch
    from torch import nn

    generator = torch.Generator().manual_seed(0)
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False):
            noise = torch.randn(parameter.shape, generator=generator)
            is_norm = isinstance(module, nn.BatchNorm2d | nn.LayerNorm)
            if is_norm and name == "weight":
                parameter.data = 1 + 0.2 * noise
            elif parameter.dim() < 2 or isinstance(module, nn.Embedding):
                parameter.data = 0.1 * noise
            else:
                gain = 2 if isinstance(module, nn.Conv2d) else 1
                parameter.data = noise * (gain / parameter[0].numel()) ** 0.5
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # running statistics are the plain mean over the batches seen
    with torch.no_grad():
        model.train()(**tensors(inputs))
    return model.eval()


def write(model: torch.nn.Module, export: Export, example: Mapping[str, Array], path: Path) -> None:
    """Export with names for inputs and outputs, and the batch of every input a symbol where the row says so."""
    import torch

    results, opset = outputs_of(export), int(export.exporter.lstrip(string.ascii_letters) or 0) or None
    if export.exporter.startswith("torchscript"):
        axes = {name: {0: "batch"} for name in [*example, *results]} if export.symbolic else None
        options: dict[str, Any] = {"dynamo": False, "dynamic_axes": axes}
    else:
        dims = {name: {0: torch.export.Dim("batch")} for name in example} if export.symbolic else None
        options = {"dynamo": True, "dynamic_shapes": dims, "verbose": False}
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it warns of a missing torchvision
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # deprecations inside the exporters
        arguments = tuple(tensors(example).values())
        torch.onnx.export(
            model, arguments, path, input_names=list(example), output_names=results, opset_version=opset, **options
        )


def outputs_of(export: Export) -> list[str]:
    return ["hidden", "pooled"] if export.network == "bert" else ["scores"]


def tensors(inputs: Mapping[str, Array]) -> dict[str, torch.Tensor]:
    import torch

    return {name: torch.from_numpy(value) for name, value in inputs.items()}
