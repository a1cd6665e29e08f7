"""Conv and ConvTranspose on plain layouts (NCHW and its 1-d and 3-d kin): direct convolution in register tiles.

The input is first copied into an image that is padded, and split into its stride's phases, so that every window moves
by one element: x[q * stride + phase - pad] lies at [phase][q]. Flattened over its spatial dims, the image then holds
what one tap contributes to neighbouring outputs in neighbouring elements, at a fixed distance per tap. A tile is `rows`
output channels times `columns` neighbouring positions: for each input channel and tap, a broadcast weight per row
times vectors loaded from the image. Positions between the rows of the output are computed and not stored. A conv
without pads and strides reads its input in place.

Weights are packed as [group][tile of channels][input channel][tap][row of the tile]. Channels are the outer loop where
the weights outweigh the image, positions where they do not; the other one stays in cache. The sum over input channels
and taps has one order whatever the threads.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from mlc.codegen import registers
from mlc.codegen.builder import Lanes, Num
from mlc.codegen.kernel import Kernel, Prepared, Storage, Temporary
from mlc.codegen.kernels.conv_blocked import blocked_conv
from mlc.codegen.kernels.conv_epilogue import is_elementwise_behind
from mlc.codegen.kernels.conv_planes import is_planar, planar_conv
from mlc.codegen.kernels.images import Image, conv_image, transposed_image
from mlc.codegen.kernels.tiles import Accumulators, TileShape, accumulator, even_rows, tile_for, tile_starts
from mlc.codegen.registry import NoKernel, kernel
from mlc.codegen.schedule import Plan
from mlc.ir import Array, Dim, Value
from mlc.ir.dims import ceildiv, is_static, product
from mlc.ops import Conv, ConvTranspose
from mlc.ops.inference import numbers

# Taps that are unrolled together: beyond this the loop body leaves the micro-op cache (KERNELS: 448 FMAs fit).
MAX_UNROLLED_TAPS = 4


@kernel(Conv)
def conv(plan: Plan, op: Conv) -> None:
    """Makes the image where it is needed, packs the weights if they are not constant, then convolves; by planes where
    filters see one channel each."""
    if op.layout != "nchw":
        blocked_conv(plan, op)
        return
    kernel_dims = op.w.tensor.dims[2:]
    if not all(is_static(d) for d in kernel_dims):
        raise NoKernel("its kernel size is not known when compiling")
    if is_planar(plan, op):
        planar_conv(plan, op)
        return
    filters, depth = op.w.tensor.dims[0], op.w.tensor.dims[1]
    direct = Direct(plan, op, op.result, op.b, numbers(kernel_dims), op.groups, filters // op.groups, depth)
    image = conv_image(plan, op, direct.dtype, direct.tile.columns)
    direct.add(image, lambda w: w.reshape(op.groups, -1, *w.shape[1:]), (0, 1, 2))


@kernel(ConvTranspose)
def conv_transpose(plan: Plan, op: ConvTranspose) -> None:
    """A convolution by the flipped weights over x with zeros put between its elements."""
    kernel_dims = op.w.tensor.dims[2:]
    if not all(is_static(d) for d in kernel_dims):
        raise NoKernel("its kernel size is not known when compiling")
    channels, filters = op.w.tensor.dims[0], op.w.tensor.dims[1]
    direct = Direct(plan, op, op.result, op.b, numbers(kernel_dims), op.groups, filters, channels // op.groups)
    image = transposed_image(plan, op, direct.dtype, direct.tile.columns)

    def by_filter(w: Array) -> Array:
        grouped = w.reshape(op.groups, -1, *w.shape[1:])
        return np.flip(np.swapaxes(grouped, 1, 2), tuple(range(3, grouped.ndim)))

    direct.add(image, by_filter, (0, 2, 1))


class Direct:
    """One direct convolution: `filters` output and `depth` input channels in each of `groups`."""

    def __init__(
        self,
        plan: Plan,
        op: Conv | ConvTranspose,
        result: Value,
        bias: Value | None,
        kernel_dims: tuple[int, ...],
        groups: int,
        filters: Dim,
        depth: Dim,
    ) -> None:
        self.plan, self.op, self.result, self.bias = plan, op, result, bias
        self.kernel_dims, self.groups, self.filters, self.depth = kernel_dims, groups, filters, depth
        self.dtype = accumulator(op.x.tensor.dtype)
        self.taps = math.prod(kernel_dims)
        widest = tile_for(plan.target, self.dtype)
        # With one or two filters a group, more columns keep the registers full.
        is_narrow = isinstance(filters, int) and filters <= 2
        vectors = 2 * widest.vectors if is_narrow else widest.vectors
        self.tile = TileShape(even_rows(plan.target, filters, widest.rows), vectors, widest.lanes)
        self.tiles = ceildiv(filters, self.tile.rows)

    def add(self, image: Image, by_filter: Any, axes: tuple[int, int, int]) -> None:
        """Adds the launches; `by_filter` gives the weights as [group, filter, channel, taps...], for constants.

        `axes` are where group-wise filter and channel lie in the weights as they are: see `_pack_at_run_time`.
        """
        plan, tile = self.plan, self.tile
        weights = self._weights(by_filter, axes)
        batch = self.result.tensor.dims[0]
        spans = ceildiv(image.positions, tile.columns)
        weight_bytes = plan.estimate(self.filters * self.depth) * self.taps * self.dtype.itemsize
        is_filter_outer = weight_bytes > plan.estimate(image.plane * self.depth) * self.dtype.itemsize
        outer, inner = (self.tiles, spans) if is_filter_outer else (spans, self.tiles)
        plan.choose("tile", f"{tile.rows}x{tile.columns}")
        plan.choose("outer", "channels" if is_filter_outer else "positions")
        is_packed = not is_filter_outer and self._pays_to_pack()
        plan.choose("image", f"{image.how}, columns packed" if is_packed else image.how)
        plan.choose("weights", "packed when compiling" if isinstance(weights, Prepared) else "packed at run time")
        shapes = self._flat_shapes(image)
        cost = plan.estimate(inner) * plan.estimate(self.depth) * self.taps * tile.rows * tile.columns // 16

        @plan.each(batch * self.groups * outer, cost=max(cost, 1), shapes=shapes)
        def unit(k: Kernel, number: Any) -> None:
            n, group, first = k.unravel(number, (k.dim(batch), self.groups, k.dim(outer)))
            buffer = k.stack(registers.register_type(self.dtype), tile.rows * tile.columns)
            body = _Body(self, k, image, weights, n, group, buffer, is_flat=shapes is not None)
            if is_filter_outer:
                start = k.mul(first, tile.rows)
                with k.loop(0, k.dim(spans)) as span:
                    body.tile(start, k.mul(span, tile.columns))
            else:
                at = k.mul(first, tile.columns)
                if is_packed:
                    body.pack(at)
                for start in tile_starts(k, 0, k.dim(self.filters), tile.rows):
                    body.tile(start, at)

    def _pays_to_pack(self) -> bool:
        """Whether what all taps see of one span of positions is gathered first, once for all tiles of filters.

        Channels lie a plane apart, so that a tile touches another page with each: worth a copy where several tiles
        share it and it fits half of L2.
        """
        if not (isinstance(self.depth, int) and isinstance(self.tiles, int)) or self.tiles < 4:
            return False
        if self.taps > 1 and self.depth < 128:
            return False  # measured: 64 channels of a 3 x 3 are as fast without
        column_bytes = self.depth * self.taps * self.tile.columns * self.dtype.itemsize
        return column_bytes <= self.plan.target.l2_bytes // 2

    def _flat_shapes(self, image: Image) -> dict[Value, tuple[Dim, ...]] | None:
        """The group's values with their spatial dims merged into one, where the image has no gaps and all allow it."""
        if not image.is_dense or not is_elementwise_behind(self.plan.group, self.op):
            return None
        group = self.plan.group
        spatial = self.result.tensor.dims[2:]
        behind = [v for v in (*group.inputs, *(r for op in group.ops for r in op.results)) if self._is_behind(v)]
        shapes: dict[Value, tuple[Dim, ...]] = {}
        for value in behind:
            own = value.tensor.dims[max(0, value.tensor.rank - len(spatial)) :]
            lead = value.tensor.dims[: max(0, value.tensor.rank - len(spatial))]
            if all(d == 1 for d in own):
                shapes[value] = (*lead, 1) if value.tensor.rank else ()
            elif own == spatial:
                shapes[value] = (*lead, product(spatial))
            else:
                return None
        return shapes

    def _is_behind(self, value: Value) -> bool:
        """Whether the epilogue reads or makes the value at the result's index."""
        if value is self.result:
            return True
        return any(op is not self.op and (value in op.operands or value in op.results) for op in self.plan.group.ops)

    # --- weights ---

    def _weights(self, by_filter: Any, axes: tuple[int, int, int]) -> Prepared | Temporary:
        plan, rows = self.plan, self.tile.rows
        if plan.constant(self.op.w) is not None:
            dims = numbers((self.groups, self.tiles, self.depth, self.taps, rows))
            dtype = self.dtype.numpy

            def pack(w: Array) -> Array:
                return pack_filters(by_filter(w), rows).astype(dtype, copy=False)

            return plan.prepared(self.op.w, f"tiles of {rows} filters", self.dtype, dims, pack)
        packed = plan.temporary(self.dtype, self.groups, self.tiles, self.depth, self.taps, rows)
        self._pack_at_run_time(packed, is_transposed=axes == (0, 2, 1))
        return packed

    def _pack_at_run_time(self, packed: Temporary, *, is_transposed: bool) -> None:
        groups, filters, depth, taps, rows = self.groups, self.filters, self.depth, self.taps, self.tile.rows
        inner = (depth, filters) if is_transposed else (filters, depth)

        @self.plan.each(groups * self.tiles, cost=depth * (taps * rows))
        def pack(k: Kernel, number: Any) -> None:
            group, tile = k.unravel(number, (groups, k.dim(self.tiles)))
            source, target = k.tensor(self.op.w, (groups, *inner, taps)), k.tensor(packed)
            with k.loop(0, rows) as row:
                at = k.add(k.mul(tile, rows), row)
                is_there = k.compare("<", at, k.dim(filters))
                with k.loop(0, k.dim(depth)) as channel, k.loop(0, taps) as tap:
                    place = (channel, at) if is_transposed else (at, channel)
                    seen = k.sub(taps - 1, tap) if is_transposed else tap
                    with k.when(is_there):
                        weight = k.read_as(self.dtype, source, (group, *place, seen))
                        k.write(target, (group, tile, channel, tap, row), weight)
                    with k.when(k.ir.not_(is_there)):
                        k.write(target, (group, tile, channel, tap, row), registers.constant(self.dtype, 0))


class _Body:
    """One unit's tiles while they are written."""

    def __init__(
        self,
        conv: Direct,
        k: Kernel,
        image: Image,
        weights: Storage,
        n: Num,
        group: Num,
        buffer: Any,
        *,
        is_flat: bool,
    ) -> None:
        self.conv, self.k, self.image, self.n, self.group, self.buffer = conv, k, image, n, group, buffer
        self.storage = weights
        self.weights = k.tensor(weights)
        self.columns: Any = None  # the gathered columns, where the unit has packed them
        self.is_flat = is_flat

    def tile(self, first: Num, at: Num) -> None:
        """Filters from `first` on at positions [at, at + columns); weights behind the last filter are 0."""
        conv, k = self.conv, self.k
        start = self._start(at)
        sums = Accumulators(k, conv.dtype, conv.tile)
        if self.columns is not None:
            self._packed_products(sums, first)
        else:
            with k.loop(0, k.dim(conv.depth)) as channel:
                self._channel(sums, first, channel, start)
        sums.spill(self.buffer)
        stop = k.minimum(k.add(at, conv.tile.columns), k.dim(self.image.positions))
        with k.loop(0, k.minimum(k.sub(k.dim(conv.filters), first), conv.tile.rows)) as row:
            self._store_row(row, k.add(first, row), start, at, stop)

    def _start(self, at: Num) -> Num:
        """Where the tile at `at` reads from: one that would reach beyond the positions starts earlier, and stores only
        what is new."""
        k, columns = self.k, self.conv.tile.columns
        positions = k.dim(self.image.positions)
        if self.image.has_slack or (isinstance(positions, int) and positions % columns == 0):
            return at
        return k.minimum(at, k.sub(positions, columns))

    def pack(self, at: Num) -> None:
        """Gathers what every channel and tap sees at the tile's positions: [channel][tap][column]."""
        conv, k, image = self.conv, self.k, self.image
        assert isinstance(conv.depth, int)
        self.columns = k.stack(registers.register_type(conv.dtype), conv.depth * conv.taps * conv.tile.columns)
        start = self._start(at)
        with k.loop(0, conv.depth) as channel:
            plane = k.add(k.mul(self.group, conv.depth), channel)
            base = k.add(image.plane_start(k, self.n, plane), start)
            for number, tap in enumerate(itertools.product(*(range(d) for d in conv.kernel_dims))):
                line = k.mul(k.add(k.mul(channel, conv.taps), number), conv.tile.columns)
                place = k.add(base, image.distance(k, tap))
                for v in range(conv.tile.vectors):
                    offset = v * conv.tile.lanes
                    vector = image.load(k, place, offset, conv.tile.lanes)
                    k.store(self.columns, vector, Lanes(k.add(line, offset), 1, conv.tile.lanes))

    def _packed_products(self, sums: Accumulators, first: Num) -> None:
        """The sum over channels and taps as one loop over the gathered columns."""
        conv, k = self.conv, self.k
        assert isinstance(conv.depth, int)
        kind = registers.register_type(conv.dtype)
        total, lanes = conv.depth * conv.taps, conv.tile.lanes
        tile = k.floordiv(first, conv.tile.rows)
        weights = k.tensor(self.storage, (conv.groups, conv.tiles, total, conv.tile.rows))
        unrolled = next(n for n in (4, 3, 2, 1) if total % n == 0)

        def add(step: Num) -> None:
            line = k.mul(step, conv.tile.columns)
            sums.add_products(
                lambda row: k.read(weights, (self.group, tile, step, row)),
                lambda v: k.load(self.columns, kind, Lanes(k.add(line, v * lanes), 1, lanes)),
            )

        with k.loop(0, total, unrolled) as step:
            for number in range(unrolled):
                add(k.add(step, number))

    def _channel(self, sums: Accumulators, first: Num, channel: Num, start: Num) -> None:
        """All taps of one input channel."""
        conv, k, image = self.conv, self.k, self.image
        plane = k.add(k.mul(self.group, k.dim(conv.depth)), channel)
        base = k.add(image.plane_start(k, self.n, plane), start)
        tile = k.floordiv(first, conv.tile.rows)

        def add_tap(tap: Num, distance: Num) -> None:
            sums.add_products(
                lambda row: k.read(self.weights, (self.group, tile, channel, tap, row)),
                lambda v: image.load(k, k.add(base, distance), v * conv.tile.lanes, conv.tile.lanes),
            )

        unrolled = list(itertools.product(*(range(d) for d in conv.kernel_dims)))
        if conv.taps <= MAX_UNROLLED_TAPS or not image.has_all_phases:
            for number, tap in enumerate(unrolled):
                add_tap(number, image.distance(k, tap))
            return
        lead, last = conv.kernel_dims[:-1], conv.kernel_dims[-1]
        with k.loop(0, math.prod(lead)) as outer:
            at = k.unravel(outer, lead)
            for column in range(last):
                add_tap(k.add(k.mul(outer, last), column), image.distance(k, (*at, column)))

    def _store_row(self, row: Num, filter_number: Num, start: Num, low: Num, high: Num) -> None:
        """One channel's positions [low, high) of a tile that starts at `start`, without those between output rows."""
        k, conv = self.k, self.conv
        line = k.at(self.buffer, registers.register_type(conv.dtype), k.mul(row, conv.tile.columns))
        channel = k.add(k.mul(self.group, k.dim(conv.filters)), filter_number)
        if self.is_flat:
            for j in k.across(low, high, conv.tile.lanes):
                self._emit(line, k.sub(j, start), channel, (j,))
            return
        pitch = k.dim(self.image.extents[-1])
        with k.loop(k.floordiv(low, pitch), k.ceildiv(high, pitch)) as line_number:
            begin = k.mul(line_number, pitch)
            left = k.maximum(low, begin)
            right = k.maximum(left, k.minimum(high, k.add(begin, k.dim(self.image.counts[-1]))))
            at = k.unravel(line_number, [k.dim(d) for d in self.image.extents[:-1]])
            inside = [
                k.compare("<", i, k.dim(count))
                for i, count in zip(at[1:], self.image.counts[1:-1], strict=True)
                if len(at) > 1
            ]
            with k.when(k.all_of(inside)):
                for j in k.across(left, right, conv.tile.lanes):
                    self._emit(line, k.sub(j, start), channel, (*at, k.sub(j, begin)))

    def _emit(self, line: Any, place: Any, channel: Num, at: Sequence[Any]) -> None:
        k, conv = self.k, self.conv
        kind = registers.register_type(conv.dtype)
        value = k.load(line, kind, place)
        if conv.bias is not None:
            bias = k.read_as(conv.dtype, k.tensor(conv.bias, conv.bias.tensor.dims), (channel,))
            value, bias = k.unified(value, bias)
            value = k.ir.fadd(value, bias) if conv.dtype.is_float else k.ir.add(value, bias)
        result = registers.converted(k, value, conv.dtype, conv.result.tensor.dtype)
        k.emit((self.n, channel, *at), result)


def pack_filters(w: Array, rows: int) -> Array:
    """w[group, filter, channel, taps...] as [group, tile, channel, tap, row] with zeros for filters there are not."""
    groups, filters, depth = w.shape[:3]
    flat = w.reshape(groups, filters, depth, -1)
    tiles = -(-filters // rows)
    padded = np.zeros((groups, tiles * rows, depth, flat.shape[3]), w.dtype)
    padded[:, :filters] = flat
    return np.ascontiguousarray(np.moveaxis(padded.reshape(groups, tiles, rows, depth, -1), 2, -1))
