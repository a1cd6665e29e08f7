"""Winograd's convolution on blocked layouts: 3-tap windows by tiles of 2x2 or 4x4 results.

A tile of s x s results takes (s + 2)^2 products per channel where windows take 9 s^2: 2.25 times fewer for s = 2, 4 for
s = 4, at the price of transforms and of rounding errors some times larger (Lavin and Gray, Fast Algorithms for
Convolutional Neural Networks, 2015, section 4). Two launches:

1. The input: each tile's (s + 2)^2 pixels, 0 in the pads, become V[point][block of channels][tile][channel].
2. A unit is a tile of filters and a span of tiles: for each point a product V @ U in register tiles, U being the
   weights transformed when compiling, into a buffer in L2; then the output's transform, and what is behind the conv.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mlc.codegen import registers
from mlc.codegen.builder import I8, Lanes, Num
from mlc.codegen.kernel import Kernel, Prepared, Temporary
from mlc.codegen.kernels.bands import BandedLines
from mlc.codegen.kernels.conv_tile import (
    MAX_UNROLLED,
    Address,
    Product,
    Tile,
    last_block_channels,
    zeros,
)
from mlc.codegen.kernels.tiles import CACHE_LINE, accumulator, step_cycles
from mlc.codegen.kernels.winograd_transforms import filter_matrix, from_points, to_points
from mlc.codegen.registry import NoKernel
from mlc.codegen.schedule import Plan
from mlc.ir import Array
from mlc.ops import Conv
from mlc.ops.inference import numbers
from mlc.ops.windows import block_of

# Filters of a unit whose products its span of tiles is cut for.
FILTERS = 32


def winograd_conv(plan: Plan, op: Conv) -> None:
    """Adds the launches. Raises NoKernel where extents are symbolic or weights are not constant."""
    dims = (*op.x.tensor.dims[1:], *op.w.tensor.dims)
    if not all(isinstance(d, int) for d in dims) or plan.constant(op.w) is None:
        raise NoKernel("its extents and weights must be known when compiling to convolve by Winograd's algorithm")
    Winograd(plan, op).add()


class Winograd:
    """One convolution: what is known of it, and what is chosen for it."""

    def __init__(self, plan: Plan, op: Conv) -> None:
        self.plan, self.op, self.side = plan, op, op.winograd
        self.points = (op.winograd + 2) ** 2
        self.block = block_of(op.layout)
        self.dtype = accumulator(op.x.tensor.dtype)
        self.lanes = min(plan.target.lanes(self.dtype.itemsize), self.block)
        self.per_block = self.block // self.lanes
        self.batch = op.x.tensor.dims[0]
        self.used = last_block_channels(op)
        self.channel_blocks, self.height, self.width = numbers(op.x.tensor.dims[1:4])
        self.filter_blocks, self.rows_out, self.columns_out = numbers(op.result.tensor.dims[1:4])
        self.tile_rows = -(-self.rows_out // self.side)
        self.tile_columns = -(-self.columns_out // self.side)
        self.tiles = self.tile_rows * self.tile_columns
        spans = -(-self.tiles // self._longest_span())
        self.span = -(-self.tiles // spans)
        self.spans = -(-self.tiles // self.span)
        self.rows, self.blocks = self._register_tile()
        self.vectors = self.blocks * self.per_block

    def _longest_span(self) -> int:
        """Tiles whose products, which wait for the output's transform, fill a quarter of L2."""
        return max(1, self.plan.target.l2_bytes // 4 // (self.points * FILTERS * self.dtype.itemsize))

    def _register_tile(self) -> tuple[int, int]:
        """Tiles and blocks of filters in registers with the fewest cycles for a span."""
        target = self.plan.target
        spare = 1 if target.has("fma") else 2
        cycles: dict[tuple[int, int], float] = {}
        for blocks in (b for b in range(1, 5) if self.filter_blocks % b == 0):
            vectors = blocks * self.per_block
            most = max(1, (target.register_count - vectors - spare) // vectors)
            for rows in range(min(most, self.span), 0, -1):
                whole, rest = divmod(self.span, rows)
                span_cycles = whole * step_cycles(target, rows, vectors) + (
                    step_cycles(target, rest, vectors) if rest else 0
                )
                cycles[rows, blocks] = span_cycles / vectors
        return self.plan.choice(
            "tile",
            cycles,
            cost=lambda tile: (cycles[tile], -tile[0], tile[1]),
            label=lambda tile: f"{tile[0]}x{tile[1] * self.block}",
            why="fewest cycles",
        )

    def add(self) -> None:
        """Adds the two launches."""
        plan, op = self.plan, self.op
        points = plan.temporary(self.dtype, self.batch, self.points, self.channel_blocks, self.tiles, self.block)
        weights = self._weights()
        plan.choose("winograd", f"{self.side}x{self.side}")
        plan.choose("tiles", f"{self.spans} spans of {self.span}")
        work = self.points * self.tile_columns * self.block

        units = BandedLines(plan.target, self.batch, self.channel_blocks, [self.tile_rows])

        @plan.each(units.count, cost=work)
        def transform(k: Kernel, number: Any) -> None:
            n, block, (row,) = units.at(k, number)
            with k.loop(0, self.tile_columns) as column:
                for v in range(self.per_block):
                    self._to_points(
                        k, points, (n, block, row, column), Lanes(v * self.lanes, 1, self.lanes, self.lanes)
                    )

        filter_tiles = self.filter_blocks // self.blocks
        products = self.points * self.channel_blocks * self.block * self.span * self.blocks * self.block // 16

        # Cores share what is larger and read all of the other: the tiles, or the filters.
        is_span_outer = self.tiles > self.filter_blocks * self.block
        extents = (self.spans, filter_tiles) if is_span_outer else (filter_tiles, self.spans)

        @plan.each(self.batch * filter_tiles * self.spans, cost=products, variant="products")
        def multiply(k: Kernel, number: Any) -> None:
            n, first, second = k.unravel(number, (k.dim(self.batch), *extents))
            span, filters = (first, second) if is_span_outer else (second, first)
            _Products(self, k, points, weights, n, filters).span(k.mul(span, self.span))

        assert op.groups == 1

    def _weights(self) -> Prepared:
        """The weights at each point: [tile of filters][point][input channel][filter], as a unit reads
        them."""
        op, blocks, side, points = self.op, self.blocks, self.side, self.points
        dims = (self.filter_blocks // blocks, points, self.channel_blocks * self.block, blocks * self.block)
        dtype = self.dtype.numpy

        def pack(w: Array) -> Array:
            # G w G^T of each 3 x 3 filter is (G x G) w of its 9 taps: one product, rounded once.
            g = filter_matrix(side)
            split = w.astype(np.float64).reshape(dims[0], blocks, *w.shape[1:])  # tile, block, I/b, 3, 3, i, o
            taps = split.transpose(3, 4, 0, 2, 5, 1, 6).reshape(9, -1)
            by_point = (np.kron(g, g) @ taps).reshape(points, dims[0], *dims[2:])
            return np.ascontiguousarray(by_point.swapaxes(0, 1), dtype=dtype)

        return self.plan.prepared(op.w, f"at {points} points, tiles of {blocks} blocks", self.dtype, dims, pack)

    # --- the input ---

    def _to_points(self, k: Kernel, points: Temporary, place: Sequence[Num], lanes: Lanes) -> None:
        n, block, row, column = place
        size = self.side + 2
        x, target = k.tensor(self.op.x), k.tensor(points)
        zero = zeros(k, self.dtype, lanes.count)
        top = k.sub(k.mul(row, self.side), self.op.pads[0])
        left = k.sub(k.mul(column, self.side), self.op.pads[1])
        columns = [self._inside(k, k.add(left, j), self.width) for j in range(size)]

        def pixel(i: int, j: int, rows: tuple[Any, Num]) -> Any:
            (is_row, y), (is_column, z) = rows, columns[j]
            value = k.read_as(self.dtype, x, (n, block, y, z, lanes))
            return k.select(k.ir.and_(is_row, is_column), value, zero)

        halves: list[list[Any]] = []
        for i in range(size):
            rows = self._inside(k, k.add(top, i), self.height)
            halves.append(to_points(k, [pixel(i, j, rows) for j in range(size)]))
        tile = k.add(k.mul(row, self.tile_columns), column)
        for j in range(size):
            for i, value in enumerate(to_points(k, [half[j] for half in halves])):
                k.write(target, (n, i * size + j, block, tile, lanes), value)

    def _inside(self, k: Kernel, i: Num, extent: int) -> tuple[Any, Num]:
        """Whether i is an index of the dim, and an index that is in any case."""
        return k.all_of([k.compare(">=", i, 0), k.compare("<", i, extent)]), k.minimum(k.maximum(i, 0), extent - 1)


class _Products:
    """One unit of the second launch while it is written."""

    def __init__(self, conv: Winograd, k: Kernel, points: Temporary, weights: Prepared, n: Num, filters: Num) -> None:
        self.conv, self.k, self.n, self.filters = conv, k, n, filters
        self.points, self.weights = k.tensor(points), k.tensor(weights)
        self.columns = conv.vectors * conv.lanes
        self.kind = registers.register_type(conv.dtype)
        self.buffer = k.stack(self.kind, conv.points * conv.span * self.columns)

    def span(self, first: Num) -> None:
        """Products and results of the tiles [first, first + span)."""
        conv, k = self.conv, self.k
        count = k.minimum(conv.span, k.sub(conv.tiles, first)) if conv.tiles % conv.span else conv.span
        # A last span that is shorter begins earlier: its first tiles are computed twice from buffers of this group.
        start = k.sub(first, k.sub(conv.span, count))
        with k.loop(0, conv.points) as point:
            self._products(point, start)
        with k.loop(k.sub(conv.span, count), conv.span) as row:
            self._results(k.add(start, row), row)

    def _products(self, point: Num, start: Num) -> None:
        conv, k = self.conv, self.k
        whole = conv.span // conv.rows
        if whole:
            with k.loop(0, whole * conv.rows, conv.rows) as row:
                self._tile(point, start, row, conv.rows)
        if rest := conv.span % conv.rows:
            self._tile(point, start, whole * conv.rows, rest)

    def _tile(self, point: Num, start: Num, row: Num, rows: int) -> None:
        """The sum over channels for `rows` tiles at one point, into the buffer."""
        conv, k = self.conv, self.k
        tile = Tile(k, conv.dtype, rows, [zeros(k, conv.dtype, conv.lanes)] * conv.vectors)
        image = Address(self.points.pointer, conv.dtype, conv.dtype)
        image = image.plus(k, k.offset(self.points, (self.n, point, 0, k.add(start, row), 0)))
        weights = Address(self.weights.pointer, conv.dtype, conv.dtype)
        weights = weights.plus(k, k.offset(self.weights, (self.filters, point, 0, 0)))
        most = max(1, MAX_UNROLLED // (rows * conv.vectors))
        whole = conv.channel_blocks - (conv.used < conv.block)
        step = max(d for d in range(1, min(most, conv.block) + 1) if conv.block % d == 0)
        passes = -(-conv.span // conv.rows)
        lines = -(-step * self.columns * conv.dtype.itemsize // CACHE_LINE // passes)
        steps_before = k.mul(k.floordiv(row, conv.rows), conv.channel_blocks * conv.block // step)
        ahead = weights.plus(k, conv.channel_blocks * conv.block * self.columns).pointer
        ahead = k.at(ahead, I8, k.mul(steps_before, lines * CACHE_LINE))

        def add_block(block: Num, count: int) -> None:
            plane = image.plus(k, k.mul(block, conv.tiles * conv.block))
            channels = max(d for d in range(1, min(most, count) + 1) if count % d == 0)
            products = [Product(c, c * self.columns) for c in range(channels)]
            with k.loop(0, count, channels) as c:
                self._ask_for(ahead, k.add(k.mul(block, conv.block // step), k.floordiv(c, channels)), lines)
                here = weights.plus(k, k.mul(k.add(k.mul(block, conv.block), c), self.columns))
                columns = [here.plus(k, v * conv.lanes) for v in range(conv.vectors)]
                tile.add_products(plane.plus(k, c), columns, products, (0, rows), conv.block)

        with k.loop(0, whole) as block:
            add_block(block, conv.block)
        if conv.used < conv.block:
            add_block(whole, conv.used)
        place = k.mul(k.add(k.mul(point, conv.span), row), self.columns)
        tile.spill(k.at(self.buffer, self.kind, place))

    def _ask_for(self, ahead: Any, step: Num, lines: int) -> None:
        """The cache lines of the next point's weights that one step of a pass over these prefetches."""
        k = self.k
        start = k.at(ahead, I8, k.mul(step, lines * CACHE_LINE))
        for number in range(lines):
            k.prefetch(k.at(start, I8, number * CACHE_LINE))

    def _results(self, tile: Num, row: Num) -> None:
        """The results of one tile from its products: those of the tile that lie in the image."""
        conv, k = self.conv, self.k
        top, left = k.unravel(tile, (conv.tile_rows, conv.tile_columns))
        y, x = k.mul(top, conv.side), k.mul(left, conv.side)
        for v in range(conv.vectors):
            results = self._transformed(row, v)
            block = k.add(k.mul(self.filters, conv.blocks), v // conv.per_block)
            lanes = Lanes(v % conv.per_block * conv.lanes, 1, conv.lanes, conv.lanes)
            self._store(results, block, lanes, y, x)

    def _transformed(self, row: Num, v: int) -> list[list[Any]]:
        conv, k = self.conv, self.k
        size = conv.side + 2

        def at(point: int) -> Any:
            offset = k.add(k.mul(k.add(row, point * conv.span), self.columns), v * conv.lanes)
            return k.load(self.buffer, self.kind, Lanes(offset, 1, conv.lanes))

        halves = [from_points(k, [at(i * size + j) for i in range(size)]) for j in range(size)]
        return [from_points(k, [half[i] for half in halves]) for i in range(conv.side)]

    def _store(self, results: list[list[Any]], block: Num, lanes: Lanes, y: Num, x: Num) -> None:
        conv, k, op = self.conv, self.k, self.conv.op
        bias = None if op.b is None else k.read_as(conv.dtype, k.tensor(op.b), (block, lanes))

        def inside(i: Num, extent: int, body: Callable[[], None]) -> None:
            if extent % conv.side == 0:
                body()
            else:
                with k.when(k.compare("<", i, extent)):
                    body()

        def pixel(i: int, j: int) -> None:
            value = results[i][j] if bias is None else k.ir.fadd(results[i][j], bias)
            result = registers.converted(k, value, conv.dtype, op.result.tensor.dtype)
            k.emit((self.n, block, k.add(y, i), k.add(x, j), lanes), result)

        def line(i: int) -> None:
            for j in range(conv.side):
                inside(k.add(x, j), conv.columns_out, lambda j=j: pixel(i, j))  # type: ignore[misc]

        for i in range(conv.side):
            inside(k.add(y, i), conv.rows_out, lambda i=i: line(i))  # type: ignore[misc]
