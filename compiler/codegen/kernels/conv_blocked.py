"""Conv on blocked layouts (NCHW8c, NCHW16c): register tiles of neighbouring output pixels times blocks of filters.

Lanes are the innermost block of output channels, which lie together in weights and results; rows are pixels of one
output line, each a broadcast input channel. Without pads, strides and taps the whole image is one line. The sum runs
over blocks of input channels, taps, and the channels of a block, of which as many are unrolled as the micro-op cache
holds. Taps in the pads are left out (mlc.codegen.kernels.line_tiles); only where extents are symbolic, or tiles see too
many kinds of borders, is the image copied with its pads first. x may be plain [N, C, spatial...] as well: then lines of
taps are unrolled instead of channels.

Either blocks of filters are the outer loop, where the image is what stays in cache, or lines, where the weights do; a
unit of the parallel range is a part of that loop. With filters outside, cores share either the filters or bands of the
image (mlc.codegen.kernels.bands), and each pass over a tile's weights prefetches a part of the next tile's, so that
they come from memory all the while. What is behind the conv is computed on the accumulators.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from mlc.codegen import registers
from mlc.codegen.builder import I8, Lanes, Num
from mlc.codegen.groups import Group
from mlc.codegen.kernel import Kernel, Prepared, Storage
from mlc.codegen.kernels.bands import band_count
from mlc.codegen.kernels.conv_depthwise import by_lane_conv
from mlc.codegen.kernels.conv_epilogue import flat_shapes, store_tile
from mlc.codegen.kernels.conv_tile import (
    MAX_UNROLLED,
    Address,
    Product,
    Tile,
    last_block_channels,
    zeros,
)
from mlc.codegen.kernels.line_tiles import Span, line_runs, nested, tap_spans, tiles_of
from mlc.codegen.kernels.padded import padded_image
from mlc.codegen.kernels.tiles import CACHE_LINE, accumulator, step_cycles
from mlc.codegen.kernels.windows import WindowDim, window_dims
from mlc.codegen.kernels.winograd import winograd_conv
from mlc.codegen.registry import NoKernel
from mlc.codegen.schedule import Plan
from mlc.ir import Array, Dim, Value
from mlc.ir.dims import ceildiv, product
from mlc.ops import Conv
from mlc.ops.inference import numbers
from mlc.ops.windows import block_of
from mlc.target import Target

# Kinds of tiles along a line, each code of its own.
MOST_RUNS = 4
# A core is at most one unit behind the others at the end.
UNITS_PER_CORE = 32
# Passes over the weights of a tile, of which the first waits for memory: with more it does not matter.
MOST_PASSES = 32


def blocked_conv(plan: Plan, op: Conv) -> None:
    """Register tiles of filters; lane by lane where a group has fewer channels than a block."""
    if not all(isinstance(d, int) for d in op.w.tensor.dims[2:]):
        raise NoKernel("its kernel size is not known when compiling")
    if op.winograd:
        winograd_conv(plan, op)
    elif op.groups > 1 and op.w.tensor.dims[-2] == 1:
        by_lane_conv(plan, op)
    else:
        Blocked(plan, op).add()


class Blocked:
    """One convolution on blocks of `block` filters: what is known of it, and what is chosen for it."""

    def __init__(self, plan: Plan, op: Conv, group: Group | None = None, share: Dim | None = None) -> None:
        """`group` holds the conv and what is behind it, the plan's unless given. `share` are the pixels that are cut
        into tiles at once where the image is one line; all unless given."""
        self.plan, self.op, self.group = plan, op, group or plan.group
        self.block = block_of(op.layout)
        self.dtype = accumulator(op.x.tensor.dtype)
        self.lanes = min(plan.target.lanes(self.dtype.itemsize), self.block)
        self.vectors_per_block = self.block // self.lanes
        w, x, y = op.w.tensor.dims, op.x.tensor.dims, op.result.tensor.dims
        taps = numbers(w[2:-2])
        self.is_plain = op.takes_plain
        self.pixel = 1 if self.is_plain else self.block  # elements from one pixel of x to the next
        self.depth, self.inner = w[1], numbers(w[-2:])[0]  # blocks of input channels of a group, channels of a block
        self.batch, self.groups, self.channel_blocks = y[0], op.groups, x[1]
        self.used = last_block_channels(op)
        self.filter_blocks = w[0] // self.groups
        sizes = x[2:] if self.is_plain else x[2:-1]
        self.dims = window_dims(sizes, y[2:-1], taps, op.strides, op.dilations, op.pads, False)
        self.shapes = self._flat()
        self.is_flat = self.shapes is not None
        if self.is_flat:
            count = product(y[2:-1])
            self.dims = [WindowDim(count, count, 1, 1, 1, 0, 0, False)]
        self.rows, self.tile_blocks = self._tile(share if self.is_flat and share is not None else self.last.count)
        self.vectors = self.tile_blocks * self.vectors_per_block
        self.tiles = self.filter_blocks // self.tile_blocks
        self.lines_ahead = 0  # of the next tile's weights, see _lines_ahead

    @property
    def last(self) -> WindowDim:
        """The dim along lines."""
        return self.dims[-1]

    @property
    def tap_count(self) -> int:
        """Taps of a window."""
        return math.prod(d.taps for d in self.dims)

    @property
    def channels(self) -> Dim:
        """Input channels of a group."""
        return self.depth * self.inner

    def add(self) -> None:
        """Adds the launches."""
        plan = self.plan
        weights, image = self.weights(), self._image()
        lines = ceildiv(self.last.count, self.rows) if self.is_flat else product([d.count for d in self.dims[:-1]])
        is_filter_outer = self._is_filter_outer()
        bands = self._bands(lines) if is_filter_outer else 1
        turns = lines // bands if isinstance(lines, int) else lines  # passes over a tile's weights, fewest of a band
        self.lines_ahead = self._lines_ahead(turns) if is_filter_outer and isinstance(weights, Prepared) else 0
        outer, inner = (self.tiles, lines) if is_filter_outer else (lines, self.tiles)
        parts = self._parts(bands * outer, turns if is_filter_outer else inner)
        pieces = bands * parts
        if parts > 1:
            plan.choose("parts", parts)
        plan.choose("image", "in place" if image is self.op.x else "copied with its pads")
        if self.used < self.inner:
            plan.choose("last block", f"{self.used} of {self.inner} channels")
        plan.choose("weights", "packed when compiling" if isinstance(weights, Prepared) else "as they are")
        if self.lines_ahead:
            plan.choose("ahead", f"{self.lines_ahead} cache lines a tap")
        pixels = self.rows if self.is_flat else plan.estimate(self.last.count)
        work = plan.estimate(inner * self.channels) // pieces * pixels * self.tap_count * self.tile_blocks * self.block

        @plan.each(self.batch * self.groups * outer * pieces, cost=max(1, work // 16), shapes=self.shapes)
        def unit(k: Kernel, number: Any) -> None:
            dims = (k.dim(self.batch), bands, self.groups, k.dim(outer), parts)
            n, band, group, first, part = k.unravel(number, dims)
            body = BlockedBody(self, k, image, weights, n, group)
            piece = k.add(k.mul(band, parts), part)
            start, stop = (k.floordiv(k.mul(k.add(piece, end), k.dim(inner)), pieces) for end in (0, 1))
            with k.loop(start if pieces > 1 else 0, stop if pieces > 1 else k.dim(inner)) as second:
                filters, line = (first, second) if is_filter_outer else (second, first)
                body.line(filters, line, k.mod(line, k.dim(turns)) if bands > 1 else line)

    # --- choices ---

    def _flat(self) -> dict[Value, tuple[Dim, ...]] | None:
        """The shapes of the group's values where the image is one line: no taps, strides or pads, and all behind the
        conv walks along it."""
        is_pointwise = all(d.taps == 1 and d.stride == 1 and d.is_exact for d in self.dims)
        return flat_shapes(self.group, self.op) if is_pointwise else None

    def _tile(self, count: Dim) -> tuple[int, int]:
        """Rows and blocks of filters with the fewest cycles for a line of `count` pixels."""
        target = self.plan.target
        spare = 1 if target.has("fma") else 2  # a broadcast, and a product where it is an instruction of its own
        choices: dict[tuple[int, int], float] = {}
        for blocks in range(1, 7):
            vectors = blocks * self.vectors_per_block
            most = (target.register_count - vectors - spare) // vectors
            if most < 1 or not (isinstance(self.filter_blocks, int) and self.filter_blocks % blocks == 0):
                continue
            for rows in range(most, 0, -1):
                height = min(rows, count) if isinstance(count, int) and count else rows
                choices.setdefault((height, blocks), _line_cycles(target, count, rows, vectors) / vectors)
        if not choices:
            return max(1, (target.register_count - 2 * self.vectors_per_block) // self.vectors_per_block - 1), 1
        return self.plan.choice(
            "tile",
            choices,
            cost=lambda tile: (choices[tile], -tile[0], tile[1]),
            label=lambda tile: f"{tile[0]}x{tile[1] * self.block}",
            why="fewest cycles",
        )

    def _is_filter_outer(self) -> bool:
        """Whether lines are walked for each tile of filters: the image is read again and again, the weights once.

        The weights of a tile stay in L1 then, and what moves is an image in L2.
        """
        weight_bytes, image_bytes = self._sizes()
        # Measured: an image of 0.8 of L2 is better read again from there than written in sixteen streams at once.
        l2_bytes = self.plan.target.l2_bytes
        fits = image_bytes <= l2_bytes * 7 // 8 or weight_bytes > max(l2_bytes // 2, image_bytes)
        lines = "pixels" if self.is_flat else "lines"
        outer = self.plan.choice(
            "outer",
            ("filters", lines),
            cost=lambda name: (name == "filters") != fits,
            label=str,
            why="the other one stays in cache",
        )
        return outer == "filters"

    def _bands(self, lines: Dim) -> int:
        """Into how many bands the lines are cut that cores walk one after the other, each for all tiles of filters; 1
        where cores share the filters instead.

        What is not shared is read by every core: the weights where lines are, the image where filters are, most of it
        out of other cores' caches. The results, split by filters, are as far away from who shares lines of them.
        """
        if not isinstance(self.tiles, int) or (bands := band_count(self.plan.target, lines)) == 1:
            return 1
        weight_bytes, image_bytes = self._sizes()
        result_bytes = self.plan.estimate(product(self.op.result.tensor.dims[1:])) * self.dtype.itemsize
        shared = self.plan.choice(
            "cores share",
            ("filters", "pixels" if self.is_flat else "lines"),
            cost=lambda name: image_bytes + result_bytes // self.groups if name == "filters" else weight_bytes,
            label=str,
            why="fewest bytes of others",
        )
        return 1 if shared == "filters" else bands

    def _sizes(self) -> tuple[int, int]:
        """Bytes of a group's weights and of its image."""
        itemsize, estimate = self.dtype.itemsize, self.plan.estimate
        weight_bytes = estimate(self.filter_blocks * self.block * self.channels) * self.tap_count * itemsize
        return weight_bytes, estimate(product([d.size for d in self.dims]) * self.channels) * itemsize

    def _parts(self, outer: Dim, inner: Dim) -> int:
        """Into how many parts the inner loop is cut, so that cores get units alike, and small ones to end together."""
        cores = self.plan.target.cores
        units = self.batch * self.groups * outer
        if not (isinstance(units, int) and isinstance(inner, int) and units and inner):
            return 1
        fewest = min(inner, -(-UNITS_PER_CORE * cores // units))
        waste = {
            parts: -(-units * parts // cores) * cores / (units * parts)
            for parts in range(fewest, min(inner, 2 * fewest) + 1)
        }
        best = min(waste.values())
        return next(parts for parts, w in waste.items() if w <= best + 0.01)

    def _lines_ahead(self, passes: Dim) -> int:
        """Cache lines of the next tile's weights, which come from memory, that each tap and block of channels asks for,
        so that all passes over the tile's own weights together ask for all of them."""
        if self.is_plain or not isinstance(passes, int) or not 1 < passes <= MOST_PASSES:
            return 0
        tap_bytes = self.inner * self.tile_blocks * self.block * self.dtype.itemsize
        return -(-tap_bytes // CACHE_LINE // passes)

    # --- storages ---

    def weights(self) -> Storage:
        """Constants as [tile of filters][channel block][tap][channel][filter], others as they are."""
        op, blocks = self.op, self.tile_blocks
        if self.plan.constant(op.w) is None:
            return op.w
        w = numbers(op.w.tensor.dims)
        dims = (w[0] // blocks, w[1], math.prod(w[2:-2]), w[-2], blocks * w[-1])
        dtype = self.dtype.numpy

        def pack(array: Array) -> Array:
            split = array.reshape(dims[0], blocks, *dims[1:4], w[-1])
            return np.ascontiguousarray(np.moveaxis(split, 1, -2).reshape(dims), dtype=dtype)

        return self.plan.prepared(op.w, f"tiles of {blocks} blocks of filters", self.dtype, dims, pack)

    def _image(self) -> Storage:
        """What the tiles read: x itself, or a copy with its pads, which makes every window exact."""
        if all(d.is_exact for d in self.dims) or self._is_peeled():
            return self.op.x
        image, self.dims = padded_image(self.plan, self.op.x, self.dims, self.pixel)
        return image

    def _is_peeled(self) -> bool:
        is_static = isinstance(self.last.size, int) and isinstance(self.last.count, int)
        return is_static and len(line_runs(self.last, self.rows)) <= MOST_RUNS


def _line_cycles(target: Target, count: Dim, rows: int, vectors: int) -> float:
    """Cycles of one step of the sum for all pixels of a line, or for one where their number is not known.

    Pixels that are left make a tile of their own, which is code and compile time: taken for one cycle in a hundred.
    """
    if not isinstance(count, int):
        return step_cycles(target, rows, vectors) / rows
    tiles, rest = divmod(count, rows)
    cycles = tiles * step_cycles(target, rows, vectors)
    if not rest:
        return cycles
    return (cycles + step_cycles(target, rest, vectors)) * (1.01 if tiles else 1.0)


class BlockedBody:
    """The tiles of one sample and group while they are written."""

    def __init__(self, conv: Blocked, k: Kernel, image: Storage, weights: Storage, n: Num, group: Num) -> None:
        self.conv, self.k, self.n, self.group = conv, k, n, group
        sizes = [d.size for d in conv.dims]
        dims = (conv.batch, conv.channel_blocks, product(sizes), conv.pixel)
        self.image = k.tensor(image, dims)
        self.sample, self.plane, *_ = self.image.strides
        self.weights = k.tensor(weights)
        self.is_packed = weights is not conv.op.w
        self.ahead: Any = None  # the share of the next tile's weights that the pass asks for

    def line(self, filters: Num, number: Num, turn: Num) -> None:
        """The tiles of one line; of a flat image, one tile. `turn` counts the passes over the weights of a band."""
        conv, k = self.conv, self.k
        if conv.lines_ahead:
            self.ahead = self._ahead(filters, turn)
        if not conv.is_flat:
            at = k.unravel(number, [k.dim(d.count) for d in conv.dims[:-1]])
            for first, rows, seen in tiles_of(k, conv.last, k.dim(conv.last.count), conv.rows):
                self._tile(filters, at, first, rows, seen)
            return
        count, first = k.dim(conv.last.count), k.mul(number, conv.rows)
        whole = k.floordiv(count, conv.rows)
        if whole != 0:
            with k.when(k.compare("<", number, whole)):
                self._tile(filters, [], first, conv.rows, ((0, conv.rows),))
        if not (isinstance(count, int) and count % conv.rows == 0):
            with k.when(k.compare("==", number, whole)):
                self._rest(filters, first, count % conv.rows if isinstance(count, int) else k.sub(count, first))

    def pixels(self, filters: Num, start: Num, count: Num, counts: Sequence[int]) -> None:
        """The tiles of `count` pixels of a flat image from the first on; `counts` are all numbers that this may be,
        none where they are not known."""
        conv, k = self.conv, self.k
        whole = k.mul(k.floordiv(count, conv.rows), conv.rows)
        behind = k.add(start, whole)
        with k.loop(start, behind, conv.rows) as first:
            self._tile(filters, [], first, conv.rows, ((0, conv.rows),))
        left = k.sub(count, whole)
        if isinstance(left, int) or not counts:
            self._rest(filters, behind, left)
            return
        for rest in sorted({c % conv.rows for c in counts} - {0}):
            with k.when(k.compare("==", left, rest)):
                self._rest(filters, behind, rest)

    def _ahead(self, filters: Num, number: Num) -> Any:
        """Where the next tile's weights lie, moved by what the passes before this one ask for."""
        conv, k = self.conv, self.k
        steps = k.dim(conv.depth * conv.tap_count)
        following = k.mul(k.add(filters, 1), k.mul(steps, conv.inner * self._filter_stride()))
        base = k.at(self.weights.pointer, registers.memory_type(conv.dtype), following)
        return k.at(base, I8, k.mul(k.mul(number, steps), conv.lines_ahead * CACHE_LINE))

    def _ask_for(self, step: Num) -> None:
        """The lines ahead of one tap of one block of channels."""
        conv, k = self.conv, self.k
        if not conv.lines_ahead:
            return
        start = k.at(self.ahead, I8, k.mul(step, conv.lines_ahead * CACHE_LINE))
        for number in range(conv.lines_ahead):
            k.prefetch(k.at(start, I8, number * CACHE_LINE))

    def _rest(self, filters: Num, first: Num, left: Num) -> None:
        """The pixels behind the last whole tile of a flat image, fewer than a tile has."""
        k, rows = self.k, self.conv.rows
        if isinstance(left, int):
            if left:
                self._tile(filters, [], first, left, ((0, left),))
            return
        rest = WindowDim(self.conv.last.size, self.conv.last.count, 1, 1, 1, 0, 0, False)
        for start, length, seen in tiles_of(k, rest, left, max(1, rows // 2)):
            self._tile(filters, [], k.add(first, start), length, seen)

    def _tile(self, filters: Num, line: Sequence[Num], first: Num, rows: int, seen: Sequence[Span]) -> None:
        """Pixels of an output line from the first on, for one tile of blocks of filters."""
        conv, k = self.conv, self.k
        number = k.add(k.mul(self.group, k.dim(conv.tiles)), filters)
        block = k.mul(number, conv.tile_blocks)
        weights = self._columns(number)
        tile = Tile(k, conv.dtype, rows, [self._start(block, v) for v in range(conv.vectors)])
        image = self._origin(line, first)
        outer = conv.dims[:-1]
        ranges = [d.seen(k, position, k.dim(d.size)) for d, position in zip(outer, line, strict=False)]
        whole = conv.depth if conv.used == conv.inner else conv.depth - 1
        with k.loop(0, k.dim(whole)) as channel:
            self._channels(tile, image, weights, ranges, seen, channel, conv.inner)
        if conv.used < conv.inner:
            self._channels(tile, image, weights, ranges, seen, k.dim(whole), conv.used)
        store_tile(k, conv.op, tile, (self.n, block), (*line, first), conv.vectors_per_block)

    def _channels(
        self,
        tile: Tile,
        image: Address,
        weights: Sequence[Address],
        ranges: Sequence[tuple[Num, Num]],
        seen: Sequence[Span],
        channel: Num,
        count: int,
    ) -> None:
        """All taps of the first `count` channels of one block."""
        conv, k = self.conv, self.k
        plane = image.plus(k, k.mul(channel, self.plane))
        for taps in nested(k, ranges):
            offset, tap = self._outer_offset(taps)
            window = k.add(k.mul(channel, conv.tap_count), tap)
            self._along_line(tile, plane.plus(k, offset), weights, window, seen, count)

    def _start(self, block: Num, v: int) -> Any:
        """What vector v of the accumulators starts from: the bias."""
        conv, k, bias = self.conv, self.k, self.conv.op.b
        if bias is None:
            return zeros(k, conv.dtype, conv.lanes)
        index = (k.add(block, v // conv.vectors_per_block), self._lanes(v))
        return k.read_as(conv.dtype, k.tensor(bias), index)

    def _lanes(self, v: int) -> Lanes:
        lanes = self.conv.lanes
        return Lanes(v % self.conv.vectors_per_block * lanes, 1, lanes, lanes)

    def _origin(self, line: Sequence[Num], first: Num) -> Address:
        """Where tap 0 of the first pixel lies in the group's first plane; in the pads it lies outside of the image."""
        conv, k = self.conv, self.k
        place: Num = 0
        position = [*line, first]
        for d, i in zip(conv.dims, position, strict=True):
            place = k.add(k.mul(place, k.dim(d.size)), d.first(k, i))
        planes = k.add(k.mul(self.n, self.sample), k.mul(self.group, k.mul(k.dim(conv.depth), self.plane)))
        offset = k.add(planes, k.mul(place, conv.pixel))
        return Address(self.image.pointer, self.image.dtype, conv.dtype).plus(k, offset)

    def _outer_offset(self, taps: Sequence[Num]) -> tuple[Num, Num]:
        """What these taps of all dims but the last add to the address, and the number of the first tap of the line."""
        conv, k = self.conv, self.k
        offset: Num = 0
        number: Num = 0
        for d, tap in zip(conv.dims, [*taps, 0], strict=True):
            offset = k.add(k.mul(offset, k.dim(d.size)), k.mul(tap, d.dilation))
            number = k.add(k.mul(number, d.taps), tap)
        return k.mul(offset, conv.pixel), number

    def _along_line(
        self, tile: Tile, image: Address, weights: Sequence[Address], window: Num, seen: Sequence[Span], used: int
    ) -> None:
        """The taps along the line, and `used` channels of a block; `window` counts the taps of blocks before."""
        conv, k = self.conv, self.k
        step = conv.last.dilation * conv.pixel
        row_stride, filter_stride = conv.last.stride * conv.pixel, self._filter_stride()
        products = [Product(c, c * filter_stride) for c in range(conv.inner)]
        for start, stop, span in tap_spans(tuple(seen)):
            most = max(1, MAX_UNROLLED // ((span[1] - span[0]) * conv.vectors))
            taps = min(most, stop - start) if conv.inner == 1 else 1
            channels = max(d for d in range(1, min(most, used) + 1) if used % d == 0)
            for at, count in _steps(k, start, stop, taps):
                for t in range(count):
                    moved = image.plus(k, k.mul(k.add(at, t), step)).apart(k)
                    first = k.mul(k.add(window, k.add(at, t)), conv.inner * filter_stride)
                    self._ask_for(k.add(window, k.add(at, t)))
                    for c, _ in _steps(k, 0, used, channels):
                        place = k.add(first, k.mul(c, filter_stride))
                        here = [column.plus(k, place) for column in weights]
                        tile.add_products(moved.plus(k, c), here, products[:channels], span, row_stride)

    def _filter_stride(self) -> int:
        """Elements from the weights of an input channel to those of the next."""
        return self.conv.block * (self.conv.tile_blocks if self.is_packed else 1)

    def _columns(self, tile_number: Num) -> list[Address]:
        """The addresses of each vector's first weights."""
        conv, k = self.conv, self.k
        per_block = conv.vectors_per_block
        stride = k.dim(conv.depth * (conv.tap_count * conv.inner * self._filter_stride()))
        base = Address(self.weights.pointer, self.weights.dtype, conv.dtype)
        if self.is_packed:
            base = base.plus(k, k.mul(tile_number, stride))
            return [base.plus(k, v * conv.lanes) for v in range(conv.vectors)]
        base = base.plus(k, k.mul(tile_number, k.mul(stride, conv.tile_blocks)))
        places = [k.add(k.mul(stride, v // per_block), v % per_block * conv.lanes) for v in range(conv.vectors)]
        return [base.plus(k, place) for place in places]


def _steps(k: Kernel, start: int, stop: int, step: int) -> Iterator[tuple[Num, int]]:
    """[start, stop) in steps and what is left: where each begins, and its length."""
    whole = (stop - start) // step
    if whole == 1:
        yield start, step
    elif whole:
        with k.loop(start, start + whole * step, step) as at:
            yield at, step
    if start + whole * step < stop:
        yield start + whole * step, stop - start - whole * step
