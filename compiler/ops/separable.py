"""Pairs of a depthwise convolution and the 1x1 convolution on it: which can run in one loop nest, and where that pays.

The nest goes over bands of output lines: all channels of a band are convolved depthwise into a scratch image, which the
1x1 convolution reads. `fuse` decides by what is said here, the kernel's schedule takes its bands from here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from mlc.ir import Dim
from mlc.ir.dims import evaluate, symbols_of
from mlc.ops.conv import Conv
from mlc.ops.inference import numbers
from mlc.ops.windows import block_of
from mlc.target import Target

# What a symbol is taken for.
_USUAL_EXTENT = 64
# Cycles a byte, measured on Zen 4 (docs/performance.md). An image that one core stores and loads hides behind its
# multiply-adds. Of one that cores share, cache lines change their owner between layers: 11 ns, 40 cycles, for each
# that is stored, and somewhat less for those that are loaded. Weights that every core reads cost as much.
_FROM_L2 = 1 / 32
_FROM_FAR = 0.4


@dataclass(frozen=True, eq=False)
class Separable:
    """The two ops, on blocked layouts. Lines are those of the first spatial dim of the image between them; other
    spatial dims and channels have known extents."""

    depthwise: Conv
    pointwise: Conv

    @property
    def lines(self) -> Dim:
        """Lines of the image between."""
        return self.pointwise.x.tensor.dims[2]

    @property
    def line_pixels(self) -> int:
        """Pixels of a line."""
        return _count(self.pointwise.x.tensor.dims[3:-1])

    @property
    def line_bytes(self) -> int:
        """Bytes of a line of all channels."""
        _, blocks, *_, block = self.pointwise.x.tensor.dims
        return self.line_pixels * _count((blocks, block)) * self.pointwise.x.tensor.dtype.itemsize

    @property
    def image_bytes(self) -> Dim:
        """Bytes of the image between, which are not stored in one nest."""
        return self.pointwise.x.tensor.byte_count

    @property
    def weight_bytes(self) -> int:
        """Bytes of the 1x1 convolution's weights, which each band reads."""
        return _count(self.pointwise.w.tensor.dims) * self.pointwise.w.tensor.dtype.itemsize

    def scratch_bytes(self, height: int) -> int:
        """Bytes of the scratch image of a band of `height` lines."""
        return height * self.line_bytes

    def heights(self, target: Target) -> list[int]:
        """How many lines a band may have: those that cut the image evenly, whose scratch image leaves three fourths of
        L2 for x, weights and results. None where one line does not fit."""
        lines = max(1, _usual(self.lines))
        most = min(lines, target.l2_bytes // 4 // max(1, self.line_bytes))
        return sorted({-(-lines // bands) for bands in range(1, lines + 1) if -(-lines // bands) <= most})

    def cycles(self, target: Target, height: int) -> float:
        """About how long the nest takes on all cores with bands of `height` lines: until the last core is done, with
        what each band reads again, its border lines of x and the weights of the 1x1 convolution."""
        turns = -(-self._bands(height) // target.cores)
        return turns * (self._band_cycles(target, height) + self._again_bytes() * _FROM_L2)

    def loss(self, target: Target) -> str:
        """Why one nest for both is no gain, in words; "" where it is one."""
        heights = self.heights(target)
        if not heights:
            return (
                f"a line of all channels has {self.line_bytes} bytes, more than a fourth of L2 ({target.l2_bytes // 4})"
            )
        height = min(heights, key=lambda h: self.cycles(target, h))
        bands, lines = self._bands(height), _usual(self.pointwise.x.tensor.dims[0]) * _usual(self.lines)
        saved = 2 * _usual(self.image_bytes)
        gain = saved * (_FROM_FAR if target.cores > 1 else _FROM_L2)
        # Weights that fit beside all else come from far away once for each core, others for each band.
        readers = min(bands, target.cores) if self.weight_bytes <= target.l2_bytes // 2 else bands
        again = max(0, readers - 1) * self.weight_bytes
        # The time in which cores have no band, as a part of that in which they have one.
        idle = -(-bands // target.cores) * height * target.cores / max(1, lines) - 1
        waiting = idle * self._band_cycles(target, 1) * lines
        if gain >= again * _FROM_FAR + waiting:
            return ""
        if again * _FROM_FAR > waiting:
            return f"{again} bytes of weights would be read again, for {saved // 2} bytes that are not stored"
        unused = idle / (1 + idle)
        return f"{target.cores} cores would be idle for {unused:.0%} of their time: there is work for {bands} at once"

    def _bands(self, height: int) -> int:
        """Bands of all samples."""
        return _usual(self.pointwise.x.tensor.dims[0]) * -(-_usual(self.lines) // height)

    def _band_cycles(self, target: Target, height: int) -> float:
        """Cycles of the multiply-adds of a band."""
        x, w = self.pointwise.x.tensor, self.pointwise.w.tensor
        channels = _count((x.dims[1], x.dims[-1]))
        taps = _count(self.depthwise.w.tensor.dims[2:-2])
        products = height * self.line_pixels * channels * (taps + _count((w.dims[0], w.dims[-1])))
        return products / target.lanes(x.dtype.itemsize) / target.fmas

    def _again_bytes(self) -> int:
        """Bytes that each band reads though others have: the lines of x at its border, and the weights."""
        x, op = self.depthwise.x.tensor, self.depthwise
        reach = (_count(op.w.tensor.dims[2:3]) - 1) * op.dilations[0] + 1
        pixels = _count(tuple(_usual(d) for d in x.dims[3:-1])) * _count((x.dims[1], x.dims[-1]))
        border = max(0, reach - op.strides[0]) * pixels * x.dtype.itemsize
        return border + self.weight_bytes


def separable(depthwise: Conv, pointwise: Conv) -> Separable | str | None:
    """The pair, or why one nest cannot compute it, in words; None where they are not a depthwise convolution and one
    without a window behind it."""
    if not _is_depthwise(depthwise) or not _is_pointwise(pointwise):
        return None
    block = block_of(pointwise.layout)
    if not block or depthwise.layout != pointwise.layout or pointwise.takes_plain:
        return "its channels are not in blocks, which the layout pass makes"
    if any(stride != 1 for stride in pointwise.strides) or any(pointwise.pads):
        return "the 1x1 convolution has strides or pads"
    if _count(depthwise.w.tensor.dims[:1]) * block != depthwise.groups:
        return "the depthwise convolution has several filters for a channel"
    if len(pointwise.strides) < 2:
        return "an image of one spatial dim has no lines"
    if not all(isinstance(d, int) for d in (*pointwise.x.tensor.dims[3:], *depthwise.x.tensor.dims[3:])):
        return "the length of its lines is not known when compiling"
    return Separable(depthwise, pointwise)


def _is_depthwise(op: Conv) -> bool:
    w = op.w.tensor.dims
    depth = (w[1], w[-2]) if op.layout != "nchw" else (w[1],)
    return op.groups > 1 and all(d == 1 for d in depth) and all(isinstance(d, int) for d in w)


def _is_pointwise(op: Conv) -> bool:
    w = op.w.tensor.dims
    taps = w[2:-2] if op.layout != "nchw" else w[2:]
    return op.groups == 1 and all(d == 1 for d in taps) and all(isinstance(d, int) for d in w)


def _count(dims: tuple[Dim, ...]) -> int:
    return math.prod(numbers(dims))


def _usual(dim: Dim) -> int:
    return dim if isinstance(dim, int) else evaluate(dim, dict.fromkeys(symbols_of(dim), _USUAL_EXTENT))
