"""A PyTorch module through both doors: compiled whole, and behind torch.compile.

python examples/torch_model.py        # needs pip install "mlc-compiler[torch]"
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch
from torch import Tensor, nn

import mlc


class Classifier(nn.Module):
    """A small convolutional network."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2))
        self.head = nn.Linear(8 * 8 * 8, 10)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.features(images).flatten(1))


def main() -> None:
    torch.manual_seed(0)
    model = Classifier().eval()
    images = torch.randn(4, 3, 16, 16)

    with torch.no_grad():
        whole = mlc.compile(model, (images,), dynamic_shapes=({0: torch.export.Dim("batch")},))
        print("whole, largest difference:", float((whole(images[:3]) - model(images[:3])).abs().max()))

        path = Path(tempfile.mkdtemp()) / "classifier.mlc"
        whole.save(path)
        (first, *_) = mlc.Executable.load(path)(images.numpy())  # no torch needed to run it
        print("saved, largest difference:", float((torch.from_numpy(first) - model(images)[0]).abs().max()))

        compiled = torch.compile(model, backend="mlc")
        print("torch.compile, largest difference:", float((compiled(images) - model(images)).abs().max()))
        model.head.weight.mul_(2)  # seen before the next answer
        print("after a change, largest difference:", float((compiled(images) - model(images)).abs().max()))

    compiled(images).sum().backward()  # and with gradients
    print("gradients:", model.head.weight.grad is not None)


if __name__ == "__main__":
    main()
