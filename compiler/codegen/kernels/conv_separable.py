"""A depthwise convolution and the 1x1 convolution on it in one loop nest, on blocked layouts.

The image between them is never stored. A unit is a band of output lines: all channels of the band are convolved
depthwise, with what is behind it, into a scratch image of the thread that stays in L2, and the tiles of the 1x1
convolution (mlc.codegen.kernels.conv_blocked) run over that, filters outside, lines inside. A 1x1 convolution of
stride 1 needs no neighbours, so nothing is computed twice; what is read again for each band are the lines of x at its
borders and the weights. How many lines a band has is chosen by mlc.ops.separable.

The scratch image is [channel block][line of the band][pixel][lane]; its base is moved back by the lines before the
band, so that both convolutions see the whole image between them by its own indices.
"""

from __future__ import annotations

from typing import Any

from mlc.codegen import registers
from mlc.codegen.builder import Num
from mlc.codegen.groups import Group
from mlc.codegen.kernel import Kernel, Storage, Tensor
from mlc.codegen.kernels.conv_blocked import Blocked, BlockedBody
from mlc.codegen.kernels.conv_depthwise import ByLane, ByLaneBody
from mlc.codegen.kernels.line_tiles import nested
from mlc.codegen.schedule import Plan
from mlc.ir.dims import ceildiv, product
from mlc.ops import Conv
from mlc.ops.separable import Separable, separable
from mlc.target import Target


def is_separable(first: Group, second: Group, target: Target) -> bool:
    """Whether the groups' roots are a depthwise and a 1x1 convolution that run in one loop nest."""
    depthwise, pointwise = first.root, second.root
    if not (isinstance(depthwise, Conv) and isinstance(pointwise, Conv) and first.outputs == (pointwise.x,)):
        return False
    pair = separable(depthwise, pointwise)
    return isinstance(pair, Separable) and bool(pair.heights(target))


def separable_conv(plan: Plan) -> None:
    """Adds the launch of a group of two parts."""
    for part in plan.group.parts:
        part.immediates = plan.group.immediates
    Bands(plan).add()


class Bands:
    """One pair of convolutions: what is known of it, and what is chosen for it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.first, self.second = plan.group.parts
        assert isinstance(self.first.root, Conv) and isinstance(self.second.root, Conv)
        self.depthwise = ByLane(plan, self.first.root)
        pair = separable(self.first.root, self.second.root)
        assert isinstance(pair, Separable), pair
        self.pair, self.height = pair, self._height(pair)
        self.pointwise = Blocked(plan, self.second.root, self.second, self.height * pair.line_pixels)

    def _height(self, pair: Separable) -> int:
        """Lines of a band."""
        heights = pair.heights(self.plan.target)
        return self.plan.choice(
            "band",
            heights,
            cost=lambda height: pair.cycles(self.plan.target, height),
            label=lambda height: f"{height} lines",
            why="soonest done on all cores",
        )

    def add(self) -> None:
        """Adds the launch."""
        plan, pair, height = self.plan, self.pair, self.height
        plan.choose("depthwise tile", f"{self.depthwise.rows}x{self.depthwise.block}")
        image, weights = self.depthwise.image(), self.pointwise.weights()
        plan.choose("scratch", f"{pair.scratch_bytes(height)} bytes instead of {pair.image_bytes}")
        bands = ceildiv(pair.lines, height)
        work = self.depthwise.line_work * self.depthwise.filter_blocks // 4
        work += pair.line_pixels * self.pointwise.channels * self.pointwise.filter_blocks * self.pointwise.block // 16

        @plan.each(self.depthwise.batch * bands, cost=max(1, plan.estimate(work * height)))
        def band(k: Kernel, number: Any) -> None:
            n, place = k.unravel(number, (k.dim(self.depthwise.batch), k.dim(bands)))
            start = k.mul(place, height)
            stop = k.add(start, height)
            if not self.is_even():
                stop = k.minimum(stop, k.dim(pair.lines))
            body = _Body(self, k, n, start, stop)
            body.convolve_depthwise(image)
            body.multiply(weights)

    def is_even(self) -> bool:
        """Whether all bands have as many lines."""
        return isinstance(self.pair.lines, int) and self.pair.lines % self.height == 0

    def counts(self) -> list[int]:
        """All numbers of pixels that a band may have; none where they are not known."""
        lines = self.pair.lines
        if not isinstance(lines, int):
            return []
        return [h * self.pair.line_pixels for h in dict.fromkeys((min(lines, self.height), lines % self.height)) if h]


class _Body:
    """One band of one sample while it is written: output lines [start, stop)."""

    def __init__(self, bands: Bands, k: Kernel, n: Num, start: Num, stop: Num) -> None:
        self.bands, self.k, self.n, self.start, self.stop = bands, k, n, start, stop
        self.between = bands.first.outputs[0]
        self._place_scratch()

    def _place_scratch(self) -> None:
        """The value between the convolutions, in both shapes in which they see it."""
        bands, k, pair, dims = self.bands, self.k, self.bands.pair, self.between.tensor.dims
        dtype, block = self.between.tensor.dtype, bands.depthwise.block
        kind = registers.memory_type(dtype)
        line = pair.line_pixels * block
        scratch = k.stack(kind, pair.scratch_bytes(bands.height) // dtype.itemsize)
        base = k.at(scratch, kind, k.mul(self.start, -line))
        strides = [0, bands.height * line, *(product(dims[axis + 1 :]) for axis in range(2, len(dims)))]
        whole = Tensor(base, dtype, tuple(map(k.dim, dims)), tuple(map(k.dim, strides)))
        k.place(self.between, dims, whole)
        flat = (*dims[:2], product(dims[2:-1]), block)
        k.place(self.between, flat, Tensor(base, dtype, tuple(map(k.dim, flat)), (0, bands.height * line, block, 1)))

    def convolve_depthwise(self, image: Storage) -> None:
        """All channels of the band's lines, block by block."""
        bands, k, conv = self.bands, self.k, self.bands.depthwise
        others = [(0, k.dim(d.count)) for d in conv.dims[1:-1]]
        with k.part(bands.first, None), k.loop(0, k.dim(conv.filter_blocks)) as block:
            body = ByLaneBody(conv, k, image, self.n, block)
            with k.loop(self.start, self.stop) as line:
                for place in nested(k, others):
                    body.line([line, *place])

    def multiply(self, weights: Storage) -> None:
        """The tiles of the 1x1 convolution, each pass of them with the weights of one tile of filters."""
        bands, k, conv = self.bands, self.k, self.bands.pointwise
        with k.part(bands.second, conv.shapes):
            body = BlockedBody(conv, k, self.between, weights, self.n, 0)
            with k.loop(0, k.dim(conv.tiles)) as filters:
                (self._pixels if conv.is_flat else self._lines)(body, filters)

    def _lines(self, body: BlockedBody, filters: Num) -> None:
        k, conv = self.k, self.bands.pointwise
        inner = k.dim(product([d.count for d in conv.dims[1:-1]]))
        with k.loop(k.mul(self.start, inner), k.mul(self.stop, inner)) as line:
            body.line(filters, line, 0)

    def _pixels(self, body: BlockedBody, filters: Num) -> None:
        k, pixels = self.k, self.bands.pair.line_pixels
        count = pixels * self.bands.height if self.bands.is_even() else k.mul(k.sub(self.stop, self.start), pixels)
        body.pixels(filters, k.mul(self.start, pixels), count, self.bands.counts())
