"""Small networks as torch-mlir exports them, in the text of a dialect: what the tests of whole models import."""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import nn


class Perceptron(nn.Sequential):
    """Linear layers with the activations, normalization and softmax of a classifier."""

    def __init__(self) -> None:
        super().__init__(nn.Linear(8, 16), nn.GELU(), nn.LayerNorm(16), nn.Linear(16, 4), nn.Softmax(-1))


class Block(nn.Module):
    """Two convolutions with batch norm around a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norms = nn.ModuleList([nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """relu(x + the convolutions of x)."""
        y = torch.relu(self.norms[0](self.first(x)))
        return torch.relu(self.norms[1](self.second(y)) + x)


class Residual(nn.Sequential):
    """A small residual network: stem, max pool, blocks, mean, classes."""

    def __init__(self) -> None:
        stem = [nn.Conv2d(3, 16, 7, stride=2, padding=3), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
        head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10)]
        super().__init__(*stem, Block(16), Block(16), *head)


class Mobile(nn.Sequential):
    """Depthwise and pointwise convolutions with ReLU6 and hard swish."""

    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(3, 8, 3, stride=2, padding=1),
            nn.Hardswish(),
            nn.Conv2d(8, 8, 3, padding=1, groups=8),
            nn.BatchNorm2d(8),
            nn.ReLU6(),
            nn.Conv2d(8, 12, 1),
            nn.AvgPool2d(2),
            nn.Flatten(),
            nn.Linear(192, 5),
        )


class Encoder(nn.Module):
    """Token and place embeddings, and a transformer's encoder layer: bert in small."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(11, 16), nn.Embedding(7, 16)
        self.layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True, activation="gelu")

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """ids[B, L] as [B, L, 16]."""
        places = torch.arange(ids.shape[1], device=ids.device)
        return self.layer(self.tokens(ids) + self.places(places))


class Decoder(nn.Module):
    """One layer of a decoder with causal attention and tied embeddings: gpt in small."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(13, 16)
        self.norms = nn.ModuleList([nn.LayerNorm(16), nn.LayerNorm(16)])
        self.qkv, self.out = nn.Linear(16, 48), nn.Linear(16, 16)
        self.wide, self.narrow = nn.Linear(16, 64), nn.Linear(64, 16)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """The scores of the next token for each of ids[B, L]: [B, L, 13]."""
        x = self.tokens(ids)
        b, length, width = x.shape
        q, k, v = (t.view(b, length, 2, 8).transpose(1, 2) for t in self.qkv(self.norms[0](x)).split(width, dim=2))
        scores = q @ k.transpose(2, 3) / 8**0.5
        unseen = torch.triu(torch.ones(length, length, dtype=torch.bool), diagonal=1)
        weights = scores.masked_fill(unseen, float("-inf")).softmax(-1)
        x = x + self.out((weights @ v).transpose(1, 2).reshape(b, length, width))
        x = x + self.narrow(nn.functional.gelu(self.wide(self.norms[1](x)), approximate="tanh"))
        return x @ self.tokens.weight.T


NETWORKS: dict[str, tuple[type[nn.Module], tuple[int, ...]]] = {
    "mlp": (Perceptron, (2, 8)),
    "resnet": (Residual, (1, 3, 32, 32)),
    "mobilenet": (Mobile, (2, 3, 16, 16)),
    "bert": (Encoder, (2, 5)),
    "gpt": (Decoder, (2, 6)),
}


def network(name: str) -> tuple[nn.Module, torch.Tensor]:
    """A seeded network in eval mode, with statistics that are not the initial ones, and an input for it."""
    torch.manual_seed(0)
    kind, shape = NETWORKS[name]
    module = kind().eval()
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.uniform_(-0.5, 0.5)
            part.running_var.uniform_(0.5, 2)
    return module, torch.randint(0, 7, shape) if len(shape) == 2 and name != "mlp" else torch.randn(shape)


@functools.cache
def text(name: str, dialect: str) -> str:
    """The network as text of "tosa", "stablehlo" or "linalg-on-tensors"."""
    from torch_mlir import fx

    module, x = network(name)
    exported: Any = fx.export_and_import(module, x, output_type=dialect)
    return str(exported.operation.get_asm(enable_debug_info=True))


def expected(name: str) -> Any:
    """What torch itself computes, as an array."""
    module, x = network(name)
    with torch.no_grad():
        return module(x).numpy()
