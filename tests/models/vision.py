"""Networks on images, in torch: ResNet, MobileNetV2, SqueezeNet, U-Net, ViT. Definitions only; no weights."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, cat, nn

from models.text import Block


def conv_norm(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """A convolution that keeps the size at stride 1, its bias left to the batch norm behind it."""
    padding = kernel // 2
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs))


class Residual(nn.Module):
    """relu(body(x) + shortcut(x)), the shortcut a 1x1 convolution where the shape changes."""

    def __init__(self, inputs: int, outputs: int, stride: int, body: nn.Module) -> None:
        super().__init__()
        self.body = body
        same = stride == 1 and inputs == outputs
        self.shortcut = nn.Identity() if same else conv_norm(inputs, outputs, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.body(x) + self.shortcut(x))


def basic_block(inputs: int, width: int, stride: int) -> Residual:
    """Two 3x3 convolutions: the block of ResNet-18 and -34."""
    body = nn.Sequential(conv_norm(inputs, width, 3, stride), nn.ReLU(), conv_norm(width, width, 3))
    return Residual(inputs, width, stride, body)


def bottleneck_block(inputs: int, width: int, stride: int) -> Residual:
    """1x1 down, 3x3, 1x1 up to four times the width: the block of ResNet-50 and above."""
    body = nn.Sequential(
        conv_norm(inputs, width, 1),
        nn.ReLU(),
        conv_norm(width, width, 3, stride),
        nn.ReLU(),
        conv_norm(width, 4 * width, 1),
    )
    return Residual(inputs, 4 * width, stride, body)


class ResNet(nn.Module):
    """He et al., Deep Residual Learning for Image Recognition, 2015, table 1.

    depths=(3, 4, 6, 3) with bottlenecks is ResNet-50, (2, 2, 2, 2) without is ResNet-18.
    """

    def __init__(self, depths: Sequence[int], bottleneck: bool, width: int = 64, classes: int = 1000) -> None:
        super().__init__()
        block, expansion = (bottleneck_block, 4) if bottleneck else (basic_block, 1)
        self.stem = nn.Sequential(conv_norm(3, width, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        blocks, inputs = [], width
        for stage, depth in enumerate(depths):
            for index in range(depth):
                stride = 2 if stage > 0 and index == 0 else 1
                blocks.append(block(inputs, width << stage, stride))
                inputs = expansion * (width << stage)
        self.stages = nn.Sequential(*blocks)
        self.classify = nn.Linear(inputs, classes)

    def forward(self, image: Tensor) -> Tensor:
        features = nn.functional.adaptive_avg_pool2d(self.stages(self.stem(image)), 1)
        return self.classify(features.flatten(1))


class InvertedResidual(nn.Module):
    """1x1 up, depthwise 3x3, 1x1 down without an activation; x is added where the shape stays."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        up = [conv_norm(inputs, hidden, 1), nn.ReLU6()] if expansion > 1 else []
        depthwise = [conv_norm(hidden, hidden, 3, stride, groups=hidden), nn.ReLU6()]
        self.body = nn.Sequential(*up, *depthwise, conv_norm(hidden, outputs, 1))
        self.adds_input = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x) if self.adds_input else self.body(x)


class MobileNetV2(nn.Module):
    """Sandler et al., MobileNetV2: Inverted Residuals and Linear Bottlenecks, 2018, table 2.

    A row of `stages` is (expansion, outputs, repeats, stride of the first).
    """

    PUBLISHED = (
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    )

    def __init__(
        self, stages: Sequence[tuple[int, int, int, int]] = PUBLISHED, stem: int = 32, head: int = 1280
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = [conv_norm(3, stem, 3, 2), nn.ReLU6()]
        inputs = stem
        for expansion, outputs, repeats, stride in stages:
            for index in range(repeats):
                layers.append(InvertedResidual(inputs, outputs, stride if index == 0 else 1, expansion))
                inputs = outputs
        self.features = nn.Sequential(*layers, conv_norm(inputs, head, 1), nn.ReLU6())
        self.classify = nn.Sequential(nn.Dropout(0.2), nn.Linear(head, 1000))

    def forward(self, image: Tensor) -> Tensor:
        return self.classify(self.features(image).mean((2, 3)))


class Fire(nn.Module):
    """1x1 down to `squeeze` channels, then 1x1 and 3x3 side by side, concatenated."""

    def __init__(self, inputs: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(inputs, squeeze, 1)
        self.point = nn.Conv2d(squeeze, expand, 1)
        self.square = nn.Conv2d(squeeze, expand, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        squeezed = torch.relu(self.squeeze(x))
        return cat([torch.relu(self.point(squeezed)), torch.relu(self.square(squeezed))], 1)


class SqueezeNet(nn.Module):
    """Iandola et al., SqueezeNet, 2016, in its version 1.1; width=64 is the published one."""

    def __init__(self, width: int = 64, classes: int = 1000) -> None:
        super().__init__()
        pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        w, s = width, width // 4
        self.features = nn.Sequential(
            nn.Conv2d(3, w, 3, 2), nn.ReLU(), pool,
            Fire(w, s, w), Fire(2 * w, s, w), pool,
            Fire(2 * w, 2 * s, 2 * w), Fire(4 * w, 2 * s, 2 * w), pool,
            Fire(4 * w, 3 * s, 3 * w), Fire(6 * w, 3 * s, 3 * w), Fire(6 * w, 4 * s, 4 * w), Fire(8 * w, 4 * s, 4 * w),
        )  # fmt: skip
        self.classify = nn.Sequential(nn.Conv2d(8 * w, classes, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1))

    def forward(self, image: Tensor) -> Tensor:
        return self.classify(self.features(image)).flatten(1)


class UNet(nn.Module):
    """Ronneberger et al., U-Net, 2015: halve and double, with the features of each size handed across.

    Doubles by a transposed convolution, and by bilinear interpolation at the last step, so that both are exercised.
    """

    def __init__(self, widths: Sequence[int] = (64, 128, 256), classes: int = 2) -> None:
        super().__init__()
        ins = [3, *widths[:-1]]
        self.down = nn.ModuleList(self._double(i, o) for i, o in zip(ins, widths, strict=True))
        pairs = list(zip(widths[::-1], widths[-2::-1], strict=False))
        self.grow = nn.ModuleList(nn.ConvTranspose2d(deep, flat, 2, 2) for deep, flat in pairs[:-1])
        deep, flat = pairs[-1]
        upsample = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        self.grow.append(nn.Sequential(upsample, nn.Conv2d(deep, flat, 1)))
        self.up = nn.ModuleList(self._double(2 * flat, flat) for _, flat in pairs)
        self.classify = nn.Conv2d(widths[0], classes, 1)

    @staticmethod
    def _double(inputs: int, outputs: int) -> nn.Sequential:
        return nn.Sequential(conv_norm(inputs, outputs, 3), nn.ReLU(), conv_norm(outputs, outputs, 3), nn.LeakyReLU())

    def forward(self, image: Tensor) -> Tensor:
        x, across = image, list[Tensor]()
        for layer in self.down:
            x = layer(x) if not across else layer(nn.functional.max_pool2d(x, 2))
            across.append(x)
        for grow, merge, same_size in zip(self.grow, self.up, across[-2::-1], strict=True):
            x = merge(cat([same_size, grow(x)], 1))
        return torch.sigmoid(self.classify(x))


class ViT(nn.Module):
    """Dosovitskiy et al., An Image is Worth 16x16 Words, 2020: patches as tokens, pre-norm blocks, a class token."""

    def __init__(self, side: int = 224, patch: int = 16, width: int = 768, heads: int = 12, depth: int = 12) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, width, patch, patch)
        self.class_token = nn.Parameter(torch.zeros(1, 1, width))
        self.positions = nn.Parameter(torch.zeros(1, 1 + (side // patch) ** 2, width))
        self.blocks = nn.Sequential(*(Block(width, heads, pre_norm=True) for _ in range(depth)))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.classify = nn.Linear(width, 1000)

    def forward(self, image: Tensor) -> Tensor:
        tokens = self.patches(image).flatten(2).transpose(1, 2)
        tokens = cat([self.class_token.expand(tokens.shape[0], -1, -1), tokens], 1) + self.positions
        return self.classify(self.norm(self.blocks(tokens))[:, 0])
