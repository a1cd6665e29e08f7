"""Conv on blocked layouts whose groups have fewer channels than a block: lanes are channels of x and filters at once.

A tile is neighbouring pixels of one output line times one block of filters. Each vector of x is loaded once per line of
taps and goes into every pixel that sees it, against the weights of that line, which are in registers. Taps in the pads
are left out (mlc.codegen.kernels.line_tiles); only where extents are symbolic, or tiles see too many kinds of borders,
is the image copied with its pads first. The parallel range is lines of blocks, band by
band of the image.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mlc.codegen.builder import Index, Lanes, Num
from mlc.codegen.kernel import Kernel, Storage
from mlc.codegen.kernels.bands import BandedLines
from mlc.codegen.kernels.conv_epilogue import store_tile
from mlc.codegen.kernels.conv_tile import Tile, zeros
from mlc.codegen.kernels.line_tiles import Span, line_runs, nested, tiles_of
from mlc.codegen.kernels.padded import padded_image
from mlc.codegen.kernels.tiles import accumulator
from mlc.codegen.kernels.windows import window_dims
from mlc.codegen.schedule import Plan
from mlc.ops import Conv
from mlc.ops.inference import numbers
from mlc.ops.windows import block_of

# Kinds of tiles along a line, each code of its own.
MOST_RUNS = 4
# Taps of a line whose weights stay in registers.
IN_REGISTERS = 8


def by_lane_conv(plan: Plan, op: Conv) -> None:
    """Adds the launches."""
    ByLane(plan, op).add()


class ByLane:
    """One convolution: what is known of it, and what is chosen for it."""

    def __init__(self, plan: Plan, op: Conv) -> None:
        self.plan, self.op = plan, op
        self.block = block_of(op.layout)
        self.dtype = accumulator(op.x.tensor.dtype)
        self.lanes = min(plan.target.lanes(self.dtype.itemsize), self.block)
        self.vectors = self.block // self.lanes
        w, x, y = op.w.tensor.dims, op.x.tensor.dims, op.result.tensor.dims
        self.depth = w[1]  # channels of a group
        self.batch, self.filter_blocks, self.channel_blocks = y[0], w[0], x[1]
        self.dims = window_dims(x[2:-1], y[2:-1], numbers(w[2:-2]), op.strides, op.dilations, op.pads, False)
        self.per_group = self.filter_blocks * self.block // op.groups
        self.rows = self._rows()

    @property
    def is_depthwise(self) -> bool:
        """Whether each filter sees the channel of its own number."""
        return self.depth == 1 and self.per_group == 1

    def _rows(self) -> int:
        """Pixels of a tile: as many as fit beside the weights of a line of taps, and divide the line evenly."""
        last = self.dims[-1]
        registers = self.plan.target.register_count // self.vectors
        most = max(1, registers - 2 - min(last.taps, IN_REGISTERS))
        if not isinstance(last.count, int) or last.count == 0:
            return most
        return -(-last.count // -(-last.count // most))

    @property
    def line_work(self) -> int:
        """Multiply-adds of one line of a block."""
        taps = math.prod(d.taps for d in self.dims)
        return self.plan.estimate(self.dims[-1].count * self.depth) * taps * self.block

    def image(self) -> Storage:
        """What the tiles read: x itself, or where they cannot leave out the taps in its pads a copy that has them."""
        op, last = self.op, self.dims[-1]
        is_static = isinstance(last.size, int) and isinstance(last.count, int)
        image: Storage = op.x
        is_exact = all(d.is_exact for d in self.dims)
        if not is_exact and not (is_static and len(line_runs(last, self.rows)) <= MOST_RUNS):
            image, self.dims = padded_image(self.plan, op.x, self.dims, self.block)
        self.plan.choose("image", "in place" if image is op.x else "copied with its pads")
        return image

    def add(self) -> None:
        """Adds the launches."""
        plan = self.plan
        plan.choose("tile", f"{self.rows}x{self.block}")
        image = self.image()
        units = BandedLines(plan.target, self.batch, self.filter_blocks, [d.count for d in self.dims[:-1]])

        @plan.each(units.count, cost=max(1, self.line_work // 4))
        def unit(k: Kernel, number: Any) -> None:
            n, block, line = units.at(k, number)
            ByLaneBody(self, k, image, n, block).line(line)


class ByLaneBody:
    """The tiles of one block of channels while they are written."""

    def __init__(self, conv: ByLane, k: Kernel, image: Storage, n: Num, block: Num) -> None:
        self.conv, self.k, self.n, self.block = conv, k, n, block
        self.image = k.tensor(image, (conv.batch, conv.channel_blocks, *(d.size for d in conv.dims), conv.block))
        self.weights = k.tensor(conv.op.w)

    def line(self, line: Sequence[Num]) -> None:
        """The tiles of an output line."""
        k, last = self.k, self.conv.dims[-1]
        for first, rows, seen in tiles_of(k, last, k.dim(last.count), self.conv.rows):
            self._tile(line, first, rows, seen)

    def _tile(self, line: Sequence[Num], first: Num, rows: int, seen: Sequence[Span]) -> None:
        """Pixels of an output line from the first on."""
        conv, k = self.conv, self.k
        tile = Tile(k, conv.dtype, rows, [self._start(v) for v in range(conv.vectors)])
        outer = conv.dims[:-1]
        ranges = [d.seen(k, position, k.dim(d.size)) for d, position in zip(outer, line, strict=True)]
        with k.loop(0, k.dim(conv.depth)) as channel:
            for taps in nested(k, ranges):
                places = [k.add(d.first(k, i), k.mul(t, d.dilation)) for d, i, t in zip(outer, line, taps, strict=True)]
                self._along_line(tile, channel, places, first, taps, seen)
        store_tile(k, conv.op, tile, (self.n, self.block), (*line, first), conv.vectors)

    def _along_line(
        self, tile: Tile, channel: Num, places: Sequence[Num], first: Num, taps: Sequence[Num], seen: Sequence[Span]
    ) -> None:
        """The taps along the line: every column of x that some pixel sees, into all pixels that see it."""
        conv, k, last = self.conv, self.k, self.conv.dims[-1]
        for v in range(conv.vectors):
            lanes = Lanes(v * conv.lanes, 1, conv.lanes, conv.lanes)
            weights = [
                k.read_as(conv.dtype, self.weights, (self.block, channel, *taps, t, 0, lanes)) for t in range(last.taps)
            ]
            source, lane = self._channel(lanes, channel)
            columns: dict[int, list[tuple[int, int]]] = {}
            for t, (low, high) in enumerate(seen):
                for row in range(low, high):
                    columns.setdefault(row * last.stride + t * last.dilation, []).append((row, t))
            start = last.first(k, first)
            for column in sorted(columns):
                x = k.read_as(conv.dtype, self.image, (self.n, source, *places, k.add(start, column), lane))
                for row, t in columns[column]:
                    cell = tile.cells[row][v]
                    cell.set(k.fma(x, weights[t], cell.get()))

    def _start(self, v: int) -> Any:
        conv, k, bias = self.conv, self.k, self.conv.op.b
        if bias is None:
            return zeros(k, conv.dtype, conv.lanes)
        return k.read_as(conv.dtype, k.tensor(bias), (self.block, Lanes(v * conv.lanes, 1, conv.lanes, conv.lanes)))

    def _channel(self, lanes: Lanes, channel: Num) -> tuple[Index, Index]:
        """Block and place in it of the input channel that each lane's filter sees as its group's `channel`."""
        conv, k = self.conv, self.k
        if conv.is_depthwise:
            return self.block, lanes
        filters = k.add(k.mul(self.block, conv.block), lanes)
        group = k.floordiv(filters, k.dim(conv.per_group))
        source = k.add(k.mul(group, k.dim(conv.depth)), channel)
        return k.floordiv(source, conv.block), k.mod(source, conv.block)
