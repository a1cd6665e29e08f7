"""Depthwise Conv on plain NCHW: a unit is one channel's plane, copied with its pads into a buffer that stays in cache.

Rows of the buffer are split into the phases of the stride, so that what neighbouring outputs see at one tap lies
together. A tile is some output rows times one vector along them: each vector of the buffer is loaded once and goes into
all rows of the tile that see it. Vectors get shorter towards the end of a row, so that nothing is computed twice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mlc.codegen import registers
from mlc.codegen.builder import Lanes, Num
from mlc.codegen.kernel import Kernel
from mlc.codegen.kernels.tiles import accumulator
from mlc.codegen.schedule import Plan
from mlc.ir import Dim
from mlc.ops import Conv
from mlc.ops.inference import numbers

# Output rows of a tile: enough sums to hide the latency of an FMA, and weights of 3 x 3 taps beside them.
ROWS = 4


def is_planar(plan: Plan, op: Conv) -> bool:
    """Whether each filter sees one channel, of known extents, whose padded plane leaves most of L2 free."""
    dims: tuple[Dim, ...] = (*op.x.tensor.dims[1:], *op.w.tensor.dims)
    if len(op.strides) != 2 or op.w.tensor.dims[1] != 1 or not all(isinstance(d, int) and d > 0 for d in dims):
        return False
    planar = Planar(plan, op)
    return planar.height * planar.row * planar.dtype.itemsize <= plan.target.l2_bytes // 4


def planar_conv(plan: Plan, op: Conv) -> None:
    """Adds the launch."""
    Planar(plan, op).add()


class Planar:
    """One convolution: what is known of it."""

    def __init__(self, plan: Plan, op: Conv) -> None:
        self.plan, self.op = plan, op
        self.dtype = accumulator(op.x.tensor.dtype)
        self.lanes = max(1, plan.target.lanes(self.dtype.itemsize))
        self.batch = op.x.tensor.dims[0]
        self.channels, self.size, self.width = numbers(op.x.tensor.dims[1:])
        self.filters, self.count, self.columns = numbers(op.result.tensor.dims[1:])
        self.taps = numbers(op.w.tensor.dims[2:])
        self.per_group = self.filters // self.channels
        stride, reach = op.strides[1], (self.taps[1] - 1) * op.dilations[1]
        self.height = (self.count - 1) * op.strides[0] + (self.taps[0] - 1) * op.dilations[0] + 1
        self.phase = self.columns + reach // stride  # elements of one phase of a row
        self.row = self.phase * stride

    def add(self) -> None:
        """Adds the launch."""
        plan = self.plan
        plan.choose("tile", f"{min(ROWS, self.count)} rows x {self.lanes}")
        plan.choose("image", "a padded plane a unit")
        cost = self.height * self.row + self.count * self.columns * self.per_group * math.prod(self.taps) // 8

        @plan.each(self.batch * self.channels, cost=cost)
        def plane(k: Kernel, number: Any) -> None:
            n, channel = k.unravel(number, (k.dim(self.batch), self.channels))
            body = _Body(self, k, n, channel)
            body.fill()
            with k.loop(0, self.per_group) as m:
                body.filter(k.add(k.mul(channel, self.per_group), m))


class _Body:
    """One unit while it is written."""

    def __init__(self, conv: Planar, k: Kernel, n: Num, channel: Num) -> None:
        self.conv, self.k, self.n, self.channel = conv, k, n, channel
        self.kind = registers.register_type(conv.dtype)
        self.buffer = k.stack(self.kind, conv.height * conv.row)

    def fill(self) -> None:
        """Copies the plane, its rows in phases, with zeros where windows see pads."""
        conv, k, op = self.conv, self.k, self.conv.op
        with k.loop(0, conv.height) as row:
            start = k.mul(row, conv.row)
            source = k.sub(row, op.pads[0])
            is_inside = k.all_of([k.compare(">=", source, 0), k.compare("<", source, conv.size)])
            with k.when(is_inside):
                for phase in range(op.strides[1]):
                    self._fill_phase(source, phase, k.add(start, phase * conv.phase))
            with k.when(k.ir.not_(is_inside)):
                self._clear(start, 0, conv.row)

    def _fill_phase(self, source: Num, phase: int, start: Num) -> None:
        """Elements q * stride + phase - pad of a row of x."""
        conv, k, op = self.conv, self.k, self.conv.op
        stride, first = op.strides[1], phase - op.pads[1]
        low = min(max(0, -(first // stride)), conv.phase)
        high = max(low, min(conv.phase, (conv.width - 1 - first) // stride + 1))
        self._clear(start, 0, low)
        x = k.tensor(op.x)
        for q in _vectors(k, low, high, conv.lanes):
            at = k.add(k.mul(q, stride), first)
            value = k.read_as(conv.dtype, x, (self.n, self.channel, source, at))
            k.store(self.buffer, value, k.add(q, start))
        self._clear(start, high, conv.phase)

    def _clear(self, start: Num, low: int, high: int) -> None:
        k, zero = self.k, registers.constant(self.conv.dtype, 0)
        for q in _vectors(k, low, high, self.conv.lanes):
            value = k.splat(zero, q.count) if isinstance(q, Lanes) else zero
            k.store(self.buffer, value, k.add(q, start))

    def filter(self, number: Num) -> None:
        """All outputs of one filter."""
        conv, k, op = self.conv, self.k, self.conv.op
        w = k.tensor(op.w)
        weights = [
            [k.read_as(conv.dtype, w, (number, 0, i, j)) for j in range(conv.taps[1])] for i in range(conv.taps[0])
        ]
        bias = k.constant(conv.dtype, 0) if op.b is None else k.read_as(conv.dtype, k.tensor(op.b), (number,))
        whole = conv.count // ROWS * ROWS
        if whole:
            with k.loop(0, whole, ROWS) as y:
                self._rows(number, weights, bias, y, ROWS)
        if whole < conv.count:
            self._rows(number, weights, bias, whole, conv.count - whole)

    def _rows(self, number: Num, weights: Sequence[Sequence[Any]], bias: Any, y: Num, rows: int) -> None:
        conv, k, op = self.conv, self.k, self.conv.op
        top = k.mul(k.mul(y, op.strides[0]), conv.row)
        for x in _vectors(k, 0, conv.columns, conv.lanes):
            start = k.splat(bias, x.count) if isinstance(x, Lanes) else bias
            sums = [start] * rows
            for line in range((rows - 1) * op.strides[0] + (conv.taps[0] - 1) * op.dilations[0] + 1):
                seen = self._seen_by(line, rows)
                for j in range(conv.taps[1]) if seen else ():
                    phase, shift = op.dilations[1] * j % op.strides[1], op.dilations[1] * j // op.strides[1]
                    place = k.add(top, line * conv.row + phase * conv.phase + shift)
                    value = k.load(self.buffer, self.kind, k.add(x, place))
                    for row, i in seen:
                        sums[row] = k.fma(value, weights[i][j], sums[row])
            for row, total in enumerate(sums):
                result = registers.converted(k, total, conv.dtype, op.result.tensor.dtype)
                k.emit((self.n, number, k.add(y, row), x), result)

    def _seen_by(self, line: int, rows: int) -> list[tuple[int, int]]:
        """Which rows of a tile see a line of the buffer, counted from the tile's first, and at which tap."""
        conv, op = self.conv, self.conv.op
        places = ((row, line - row * op.strides[0]) for row in range(rows))
        return [
            (row, place // op.dilations[0])
            for row, place in places
            if place >= 0 and place % op.dilations[0] == 0 and place // op.dilations[0] < conv.taps[0]
        ]


def _vectors(k: Kernel, start: int, stop: int, lanes: int) -> Any:
    """[start, stop) in vectors of `lanes`, then of half as many, down to single elements."""
    at = start
    while at < stop:
        whole = (stop - at) // lanes
        if whole == 1:
            yield Lanes(at, 1, lanes) if lanes > 1 else at
        elif whole:
            with k.loop(at, at + whole * lanes, lanes) as i:
                yield Lanes(i, 1, lanes) if lanes > 1 else i
        at += whole * lanes
        lanes = max(1, lanes // 2)
