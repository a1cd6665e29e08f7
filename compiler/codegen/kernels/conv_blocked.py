"""Conv on blocked layouts (NCHW8c, NCHW16c): register tiles of neighbouring output pixels times a block of filters.

Lanes are the innermost block of output channels, which lie together in weights and results; rows are pixels of one
output line, each a broadcast input channel, so every load of a tile hangs on one address. Loop order: parallel over
batches, groups and either blocks of filters or output lines, whichever leaves the larger of weights and image in cache;
inside, tiles of pixels, then blocks of input channels, taps and the channels of a block, of which only the last are
unrolled as far as the micro-op cache goes. Pads are copied around the input first. Where a
group has fewer channels than a block, lanes are channels of x too.
"""

from __future__ import annotations

import math
from typing import Any

from mlc.codegen import registers
from mlc.codegen.builder import Index, Lanes, Num
from mlc.codegen.kernel import Kernel, Storage
from mlc.codegen.kernels.tiles import Accumulators, TileShape, accumulator, even_rows, tile_for, tile_starts
from mlc.codegen.registry import NoKernel
from mlc.codegen.schedule import Plan
from mlc.ir import Dim, DType
from mlc.ir.dims import product
from mlc.ops import Conv
from mlc.ops.inference import numbers
from mlc.ops.windows import block_of

# FMAs in one loop body: half of what the micro-op cache was seen to take (KERNELS), which compiles in half the time.
# time.
MAX_UNROLLED = 224


def blocked_conv(plan: Plan, op: Conv) -> None:
    """Copies x with its pads where it has some, then convolves."""
    if not all(isinstance(d, int) for d in op.w.tensor.dims[2:]):
        raise NoKernel("its kernel size is not known when compiling")
    Blocked(plan, op).add()


class Blocked:
    """One convolution on blocks of `block` channels."""

    def __init__(self, plan: Plan, op: Conv) -> None:
        self.plan, self.op = plan, op
        self.block = block_of(op.layout)
        self.dtype = accumulator(op.x.tensor.dtype)
        lanes = min(plan.target.lanes(self.dtype.itemsize), self.block)
        self.vectors_per_block = self.block // lanes
        w, x, y = op.w.tensor.dims, op.x.tensor.dims, op.result.tensor.dims
        self.depth = w[1]  # blocks of input channels in a group, or its single channels
        self.is_dense = w[-2] == self.block
        self.taps = numbers(w[2:-2])
        self.batch, self.counts = y[0], y[2:-1]
        self.groups = op.groups if self.is_dense else 1  # thin groups are told apart by lane
        self.filter_blocks = w[0] // self.groups
        self.channel_blocks = x[1]
        widest = tile_for(plan.target, self.dtype)
        wanted = max(1, widest.vectors // self.vectors_per_block) if self.is_dense else 1
        blocks = min(wanted, self.filter_blocks) if isinstance(self.filter_blocks, int) else 1
        self.tile_blocks = max(1, blocks) if self._divides(blocks) else 1
        vectors = self.tile_blocks * self.vectors_per_block
        rows = max(1, (plan.target.register_count - vectors - 2) // vectors)
        self.tile = TileShape(even_rows(self.counts[-1], rows, vectors), vectors, lanes)

    def _divides(self, blocks: Dim) -> bool:
        return isinstance(self.filter_blocks, int) and bool(blocks) and self.filter_blocks % blocks == 0

    def add(self) -> None:
        """Adds the launches."""
        plan, tile = self.plan, self.tile
        image, extents = self._image()
        lines = product(self.counts[:-1])
        tiles = self.filter_blocks // self.tile_blocks
        tap_count = math.prod(self.taps)
        channels = self.depth * (self.block if self.is_dense else 1)
        weights = plan.estimate(self.filter_blocks * self.block * channels) * tap_count
        is_filter_outer = weights > plan.estimate(product(extents) * channels)
        outer, inner = (tiles, lines) if is_filter_outer else (lines, tiles)
        plan.choose("tile", f"{tile.rows}x{tile.columns}")
        plan.choose("outer", "filters" if is_filter_outer else "lines")
        plan.choose("image", "in place" if image is self.op.x else "copied")
        work = plan.estimate(inner * self.counts[-1] * channels) * tap_count * self.tile_blocks * self.block // 16

        @plan.each(self.batch * self.groups * outer, cost=max(1, work))
        def unit(k: Kernel, number: Any) -> None:
            n, group, first = k.unravel(number, (k.dim(self.batch), self.groups, k.dim(outer)))
            buffer = k.stack(registers.register_type(self.dtype), tile.rows * tile.columns)
            body = _Body(self, k, image, extents, n, group, buffer)
            with k.loop(0, k.dim(inner)) as second:
                filters, line = (first, second) if is_filter_outer else (second, first)
                at = k.unravel(line, [k.dim(d) for d in self.counts[:-1]])
                for pixel in tile_starts(k, 0, k.dim(self.counts[-1]), tile.rows):
                    body.tile(filters, at, pixel)

    def _image(self) -> tuple[Storage, tuple[Dim, ...]]:
        """What the tiles read, and its spatial extents: x itself, or a copy with its pads."""
        op, plan = self.op, self.plan
        x = op.x.tensor.dims
        if not any(op.pads):
            return op.x, x[2:-1]
        rank = len(self.taps)
        extents = tuple(d + op.pads[i] + op.pads[rank + i] for i, d in enumerate(x[2:-1]))
        image = plan.temporary(op.x.tensor.dtype, x[0], x[1], *extents, self.block)
        lanes = plan.target.lanes(op.x.tensor.dtype.itemsize)

        @plan.each(x[0] * x[1] * product(extents[:-1]), cost=extents[-1] * self.block)
        def line(k: Kernel, number: Any) -> None:
            n, c, *at = k.unravel(number, [k.dim(d) for d in (x[0], x[1], *extents[:-1])])
            target = k.tensor(image, (x[0], x[1], *extents[:-1], extents[-1] * self.block))
            source = k.tensor(op.x, (*x[:-2], x[-2] * self.block))
            places = [k.sub(i, op.pads[axis]) for axis, i in enumerate(at)]
            inside = [k.compare(">=", p, 0) for p in places]
            inside += [k.compare("<", p, k.dim(x[2 + axis])) for axis, p in enumerate(places)]
            is_inside = k.all_of(inside)
            low = op.pads[rank - 1] * self.block
            high = k.add(low, k.mul(k.dim(x[-2]), self.block))
            end = k.mul(k.dim(extents[-1]), self.block)
            zero = registers.constant(op.x.tensor.dtype, 0)

            def clear(start: Num, stop: Num) -> None:
                for i in k.across(start, stop, lanes):
                    k.write(target, (n, c, *at, i), zero)

            with k.when(is_inside):
                clear(0, low)
                for i in k.across(low, high, lanes):
                    k.write(target, (n, c, *at, i), k.read(source, (n, c, *places, k.sub(i, low))))
                clear(high, end)
            with k.when(k.ir.not_(is_inside)):
                clear(0, end)

        return image, extents


class _Body:
    """One unit's tiles while they are written."""

    def __init__(
        self, conv: Blocked, k: Kernel, image: Storage, extents: tuple[Dim, ...], n: Num, group: Num, buffer: Any
    ) -> None:
        self.conv, self.k, self.n, self.group, self.buffer = conv, k, n, group, buffer
        self.image = k.tensor(image, (conv.batch, conv.channel_blocks, *extents, conv.block))
        self.weights = k.tensor(conv.op.w)

    def tile(self, filters: Num, line: list[Num], first_pixel: Num) -> None:
        """Pixels of an output line from the first on, for the tile's blocks of filters.

        A last tile that would reach behind the line starts earlier; where the line's length is not known, pixels behind
        the last one repeat it and are not stored.
        """
        conv, k = self.conv, self.k
        first = k.add(k.mul(self.group, k.dim(conv.filter_blocks)), k.mul(filters, conv.tile_blocks))
        sums = Accumulators(k, conv.dtype, conv.tile)
        count, rows = k.dim(conv.counts[-1]), conv.tile.rows
        if isinstance(count, int):
            # Inside of one unit, so computing some pixels twice stores the same bits twice.
            first_pixel = k.minimum(first_pixel, count - rows) if count % rows else first_pixel
            pixels = [k.add(first_pixel, row) for row in range(rows)]
            stored: Num = rows
        else:
            pixels = [k.minimum(k.add(first_pixel, row), k.sub(count, 1)) for row in range(rows)]
            stored = k.minimum(k.sub(count, first_pixel), rows)
        with k.loop(0, k.dim(conv.depth)) as channel, k.loop(0, math.prod(conv.taps)) as number:
            tap = k.unravel(number, list(conv.taps))
            if conv.is_dense:
                self._dense(sums, first, line, pixels, channel, tap)
            else:
                self._by_lane(sums, first, line, pixels, channel, tap)
        sums.spill(self.buffer)
        self._store(first, line, first_pixel, stored)

    def _place(self, line: list[Num], pixel: Num, tap: list[Num]) -> list[Num]:
        op, k = self.conv.op, self.k
        at = [*line, pixel]
        return [
            k.add(k.mul(i, stride), k.mul(t, dilation))
            for i, t, stride, dilation in zip(at, tap, op.strides, op.dilations, strict=True)
        ]

    def _dense(
        self, sums: Accumulators, first: Num, line: list[Num], pixels: list[Num], channel: Num, tap: list[Num]
    ) -> None:
        """All input channels of one block at one tap: a broadcast per pixel, a vector of filters per accumulator."""
        conv, k = self.conv, self.k
        block = k.add(k.mul(self.group, k.dim(conv.depth)), channel)
        unrolled = min(conv.block, max(1, MAX_UNROLLED // (conv.tile.rows * conv.tile.vectors)))
        step = max(d for d in range(1, unrolled + 1) if conv.block % d == 0)
        with k.loop(0, conv.block, step) as base:
            for number in range(step):

                def seen(row: int, number: int = number) -> Any:
                    place = self._place(line, pixels[row], tap)
                    return k.read_as(conv.dtype, self.image, (self.n, block, *place, k.add(base, number)))

                def weight(v: int, number: int = number) -> Any:
                    return self._weight(first, v, (channel, *tap, k.add(base, number)))

                sums.add_products(seen, weight)

    def _by_lane(
        self, sums: Accumulators, first: Num, line: list[Num], pixels: list[Num], channel: Num, tap: list[Num]
    ) -> None:
        """One channel of each lane's group at one tap."""
        conv, k = self.conv, self.k
        weights = [self._weight(first, v, (channel, *tap, 0)) for v in range(conv.tile.vectors)]
        for row, cells in enumerate(sums.cells):
            place = self._place(line, pixels[row], tap)
            for v, cell in enumerate(cells):
                block, lane = self._channel(first, v, channel)
                seen = k.read_as(conv.dtype, self.image, (self.n, block, *place, lane))
                cell.set(k.fma(seen, weights[v], cell.get()))

    def _channel(self, first: Num, v: int, channel: Num) -> tuple[Index, Index]:
        """Block and place in it of the input channel that each lane's filter sees as its group's `channel`."""
        conv, k = self.conv, self.k
        lanes = self._lanes(v)
        per_group = self._filters_per_group()
        if conv.depth == 1 and per_group == 1:
            return first, lanes
        filters = k.add(k.mul(first, conv.block), lanes)
        source = k.add(k.mul(k.floordiv(filters, k.dim(per_group)), k.dim(conv.depth)), channel)
        return k.floordiv(source, conv.block), k.mod(source, conv.block)

    def _filters_per_group(self) -> Dim:
        return self.conv.filter_blocks * self.conv.block // self.conv.op.groups

    def _weight(self, first: Num, v: int, at: tuple[Num, ...]) -> Any:
        block = self.k.add(first, v // self.conv.vectors_per_block)
        return self.k.read_as(self.conv.dtype, self.weights, (block, *at, self._lanes(v)))

    def _lanes(self, v: int) -> Lanes:
        lanes = self.conv.tile.lanes
        return Lanes(v % self.conv.vectors_per_block * lanes, 1, lanes, lanes)

    def _store(self, first: Num, line: list[Num], pixel: Num, rows: Num) -> None:
        """Bias and what is behind the conv, then the stores, a vector at a time."""
        conv, k, op = self.conv, self.k, self.conv.op
        kind = registers.register_type(conv.dtype)
        with k.loop(0, rows) as row:
            start = k.mul(row, conv.tile.columns)
            for v in range(conv.tile.vectors):
                value = k.load(self.buffer, kind, Lanes(k.add(start, v * conv.tile.lanes), 1, conv.tile.lanes))
                block, lanes = k.add(first, v // conv.vectors_per_block), self._lanes(v)
                if op.b is not None:
                    value = _sum(k, conv.dtype, value, k.read_as(conv.dtype, k.tensor(op.b), (block, lanes)))
                result = registers.converted(k, value, conv.dtype, op.result.tensor.dtype)
                k.emit((self.n, block, *line, k.add(pixel, row), lanes), result)


def _sum(k: Kernel, dtype: DType, x: Any, y: Any) -> Any:
    return k.ir.fadd(x, y) if dtype.is_float else k.ir.add(x, y)
