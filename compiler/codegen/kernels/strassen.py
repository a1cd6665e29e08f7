"""Strassen's product of rows with constant weights: seven products of blocks where the plain one takes eight.

x[M, K] and y[K, N] are cut in two along each dim. The weights' sums are made when compiling, since they are always the
same, and those of the products stay in the second level of cache, as in Jianyu Huang, Tyler Smith, Greg Henry and
Robert van de Geijn, Strassen's Algorithm Reloaded, SC 2016. Two launches:

1. The rows: the four sums of blocks of x become sums[sum][block of K/2][row of M/2][step].
2. A unit is a block of rows of M/2 and a strip of N/2, a few panels wide: for each product and block of K/2 the tiles
   of rows pass each panel, into buffers; then what is behind the product follows on the way to memory. Weights lie in
   the order in which a unit reads them, and each tile fetches its share of what comes next.

Halves of an odd K or M overlap: weights that belong to both are zeros in one, rows that belong to both are stored by
one. Behind an odd N weights are zeros. The order of each sum is the same whatever the threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir

from mlc.codegen import registers
from mlc.codegen.builder import I1, I8, Lanes, Num
from mlc.codegen.kernel import Kernel, Prepared, Temporary
from mlc.codegen.kernels.micro_kernel import UNROLLED, MicroKernel, Run
from mlc.codegen.kernels.tiles import (
    CACHE_LINE,
    WAY_BYTES,
    TileShape,
    product_cycles,
    shapes_for_rows_apart,
    tile_heights,
)
from mlc.codegen.registry import NoKernel
from mlc.codegen.schedule import Plan
from mlc.ir import Array, DType
from mlc.ir.dims import ceildiv, product
from mlc.ops import Matmul
from mlc.ops.inference import numbers
from mlc.ops.strassen import OF_X, OF_Y, PRODUCTS, signed_sum

# The products whose left factor is a sum of blocks, in the order in which the sums are kept.
SUMS = (6, 1, 2, 4)
# For each product the buffer whose sums it begins with, and the one that holds what it ends with. Buffers 0 to 3 become
# the blocks of the result; the last one is added to both right ones.
ACCUMULATED = ((None, 0), (0, 1), (1, 3), (0, 0), (1, 1), (3, 2), (None, 4))
BUFFERS = 5


def strassen_product(plan: Plan, op: Matmul) -> None:
    """Adds the launches. Raises NoKernel where the weights are not constant."""
    if plan.constant(op.y) is None:
        raise NoKernel("its weights must be known when compiling to multiply by Strassen's algorithm")
    Strassen(plan, op).add()


class Strassen:
    """One product: what is known of it, and what is chosen for it."""

    def __init__(self, plan: Plan, op: Matmul) -> None:
        self.plan, self.op, self.dtype = plan, op, DType.F32
        self.kind = registers.register_type(self.dtype)
        self.m = product(op.x.tensor.dims[:-1])
        self.half_m = ceildiv(self.m, 2)
        y = numbers(op.y.tensor.dims)
        self.depth, self.n = y[::-1] if op.transpose_y else y
        shapes = shapes_for_rows_apart(plan.target, self.dtype, self.half_m, self.depth * self.dtype.itemsize)
        self.tile = plan.choice("tile", shapes, cost=self._cycles, label=str, why="fewest cycles")
        self.panels = -(-self.n // (2 * self.tile.columns))
        self.half_n = self.panels * self.tile.columns
        self.block = self._row_block()
        self.steps, self.depth_blocks = self._depth_blocks()
        self.half_depth = self.steps * self.depth_blocks
        # Where the lower and the right half of x begin.
        self.low, self.right = self.m - self.half_m, self.depth - self.half_depth
        self.blocks = ceildiv(self.half_m, self.block)
        self.strip = plan.choice("strip", self._strips(), cost=self._idle, label=str, why="least idle, then widest")
        self.strips = self.panels // self.strip
        self.stride = self._row_stride()

    def _cycles(self, shape: TileShape) -> float:
        return product_cycles(self.plan.target, self.half_m, -(-self.n // 2), shape)

    @property
    def _quarter_of_l2(self) -> int:
        """How many numbers it holds: what is taken for each of the rows, a panel and the buffers."""
        return self.plan.target.l2_bytes // 4 // self.dtype.itemsize

    def _row_block(self) -> int:
        """Rows whose buffers of two panels fill a quarter of L2, in even blocks of whole tiles."""
        rows = self.tile.rows
        most = max(self._quarter_of_l2 // (BUFFERS * 2 * self.tile.columns), rows)
        if not isinstance(self.half_m, int):
            return most // rows * rows
        blocks = max(-(-self.half_m // most), 1)
        return max(-(-self.half_m // (blocks * rows)), 1) * rows

    def _depth_blocks(self) -> tuple[int, int]:
        """Steps of K/2 in a block, whose rows of x and whose panel each fill a quarter of L2, and the blocks' number.

        Whole turns of the micro-kernel, if a half of so many more steps is still within K.
        """
        half = -(-self.depth // 2)
        most = max(self._quarter_of_l2 // max(self.block, self.tile.columns), UNROLLED)
        blocks = max(-(-half // most), 1)
        steps = -(-half // (blocks * UNROLLED)) * UNROLLED
        return (steps, blocks) if steps * blocks <= self.depth else (half, 1)

    def _strips(self) -> list[int]:
        """Panels of a unit: those whose buffers fill a quarter of L2 at most, and that leave no strip of fewer."""
        most = max(self._quarter_of_l2 // (BUFFERS * self.block * self.tile.columns), 1)
        return [width for width in range(1, most + 1) if self.panels % width == 0]

    def _idle(self, strip: int) -> tuple[float, int]:
        """The time of the units on all cores over what it were if they were shared out evenly; wide strips first,
        since rows are read once for each."""
        cores, units = self.plan.target.cores, self.plan.estimate(self.blocks) * (self.panels // strip)
        return -(-units // cores) * cores / max(units, 1), -strip

    def _row_stride(self) -> int:
        """Numbers from one row of a sum to the next: a cache line more where rows would fall on each other in L1."""
        is_aliasing = self.steps * self.dtype.itemsize % (WAY_BYTES // 2) == 0
        return self.steps + is_aliasing * CACHE_LINE // self.dtype.itemsize

    def add(self) -> None:
        """Adds the two launches."""
        plan = self.plan
        sums = plan.temporary(self.dtype, len(SUMS), self.depth_blocks, self.half_m, self.stride)
        weights = self._weights()
        plan.choose("strassen", f"7 products of {self.half_m}x{self.half_depth} and {self.half_depth}x{self.half_n}")
        plan.choose("heights", "+".join(map(str, tile_heights(self.half_m, self.tile))))
        plan.choose("rows", self.block)
        plan.choose("sum", self.steps)
        plan.choose("right", "sums packed when compiling")

        @plan.each(self.half_m, cost=2 * len(SUMS) * self.half_depth)
        def add_up(k: Kernel, row: Any) -> None:
            _Rows(self, k, sums, row).write()

        width = self.strip * self.tile.columns
        cost = PRODUCTS * self.half_depth * width * min(self.block, plan.estimate(self.half_m)) // 16

        @plan.each(self.blocks * self.strips, cost=cost, variant="products")
        def multiply(k: Kernel, number: Any) -> None:
            block, strip = k.unravel(number, [k.dim(self.blocks), self.strips])
            start = k.mul(block, self.block)
            rows = k.dim(self.half_m)
            stop = k.minimum(k.add(start, self.block), rows) if self.blocks != 1 else rows
            _Unit(self, k, sums, weights, strip, start, stop).write()

    def _weights(self) -> Prepared:
        """The sums of the weights' blocks: [strip][product][block of K/2][panel][step][column]."""
        columns = self.tile.columns
        dims = (self.strips, PRODUCTS, self.depth_blocks, self.strip, self.steps, columns)

        def pack(y: Array) -> Array:
            blocks = self._blocks(y.T if self.op.transpose_y else y)
            packed = np.empty(dims, self.dtype.numpy)
            parts = (self.depth_blocks, self.steps, self.strips, self.strip, columns)
            for number, signs in enumerate(OF_Y):
                packed[:, number] = signed_sum(signs, blocks).reshape(parts).transpose(2, 0, 3, 1, 4)
            return packed

        layout = f"strassen, strips of {self.strip} panels of {columns} columns, {self.steps} steps"
        return self.plan.prepared(self.op.y, layout, self.dtype, dims, pack)

    def _blocks(self, y: Array) -> list[Array]:
        """The blocks [K/2, N/2] of y[K, N] in f64, with zeros for what is there twice or behind the end.

        The halves of K overlap where those of x do; what they share is in the upper one.
        """
        blocks = []
        for first, shared in ((0, 0), (self.right, self.half_depth - self.right)):
            half = np.zeros((self.half_depth, 2 * self.half_n))
            half[shared:, : self.n] = y[first + shared : first + self.half_depth]
            blocks += [half[:, : self.half_n], half[:, self.half_n :]]
        return blocks


class _Rows:
    """The first launch for one row of M/2, and the row that lies as far below."""

    def __init__(self, product: Strassen, k: Kernel, sums: Temporary, row: Num) -> None:
        self.p, self.k, self.row = product, k, row
        self.x = k.tensor(product.op.x, (product.m, product.depth))
        self.sums = k.tensor(sums)

    def write(self) -> None:
        """Writes the four sums."""
        k, p = self.k, self.p
        with k.loop(0, p.depth_blocks) as block:
            first = k.mul(block, p.steps)
            for j in k.across(0, p.steps, p.plan.target.lanes(p.dtype.itemsize)):
                left_top, right_top, left_low, right_low = (
                    k.read(self.x, (k.add(row, self.row), k.add(k.add(first, column), j)))
                    for row in (0, k.dim(p.low))
                    for column in (0, p.right)
                )
                low = k.ir.fadd(left_low, right_low)
                rest = k.ir.fsub(low, left_top)
                sums = low, rest, k.ir.fsub(left_top, left_low), k.ir.fsub(right_top, rest)
                for number, value in enumerate(sums):
                    k.write(self.sums, (number, block, self.row, j), value)


class _Unit:
    """The code of one strip for one block of rows."""

    def __init__(
        self,
        product: Strassen,
        k: Kernel,
        sums: Temporary,
        weights: Prepared,
        strip: Num,
        start: Num,
        stop: Num,
    ) -> None:
        self.p, self.k, self.strip, self.start, self.stop = product, k, strip, start, stop
        self.x = k.tensor(product.op.x, (product.m, product.depth))
        self.sums, self.y = k.tensor(sums), k.tensor(weights)
        self.panel_size = product.block * product.tile.columns
        self.buffer = k.stack(product.kind, BUFFERS * product.strip * self.panel_size)

    def write(self) -> None:
        """Writes the unit."""
        k, p = self.k, self.p
        for number in range(PRODUCTS):
            with k.loop(0, p.depth_blocks) as block, k.loop(0, p.strip) as panel:
                self._multiply(number, block, panel)
        with k.loop(0, p.strip) as panel, k.loop(0, k.sub(self.stop, self.start)) as row:
            self._put_together(panel, row)
            self._finish(panel, row)

    def _place(self, number: Num, panel: Num, row: Num) -> ir.Value:
        """The address of a row of a panel in one of the buffers."""
        k, p = self.k, self.p
        at = k.add(k.mul(number, p.strip), panel)
        return k.at(self.buffer, p.kind, k.add(k.mul(at, self.panel_size), k.mul(row, p.tile.columns)))

    def _multiply(self, number: int, block: Num, panel: Num) -> None:
        """Adds a block of the sum to all rows of a panel of one product."""
        k, p = self.k, self.p
        y = k.at(self.y.pointer, p.kind, k.offset(self.y, (self.strip, number, block, panel, 0, 0)))
        following = k.at(y, p.kind, p.steps * p.tile.columns)
        lines = self._lines_ahead()
        begun, into = ACCUMULATED[number]
        is_later = k.compare(">", block, 0)
        first = self.start
        for rows in tile_heights(p.half_m, p.tile):
            count = k.floordiv(k.sub(self.stop, first), rows)
            behind = k.add(first, k.mul(count, rows))
            tile = TileShape(rows, p.tile.vectors, p.tile.lanes)
            micro = MicroKernel(tile, p.dtype, p.dtype, p.tile.columns, lines)
            with k.loop(first, behind, rows) as row:
                x, stride = self._factor(number, block, row)
                own = k.sub(row, self.start)
                c = self._place(into, panel, own)
                source, is_more = c, is_later
                if begun is not None:
                    source, is_more = k.select(is_later, c, self._place(begun, panel, own)), ir.Constant(I1, 1)
                ahead = k.at(following, I8, k.mul(k.floordiv(own, rows), p.steps // UNROLLED * lines * CACHE_LINE))
                micro.call(k, Run(x, stride, y, p.tile.columns, c, p.steps, is_more, ahead, source))
            first = behind

    def _lines_ahead(self) -> int:
        """Cache lines of the next panel that a tile of rows fetches in each turn of its loop, so that all tiles of the
        block together fetch it whole."""
        p = self.p
        tiles = -(-min(p.block, p.plan.estimate(p.half_m)) // p.tile.rows)
        return -(-UNROLLED * p.tile.columns * p.dtype.itemsize // (CACHE_LINE * max(tiles, 1)))

    def _factor(self, number: int, block: Num, row: Num) -> tuple[ir.Value, Num]:
        """A product's left factor from a row on, and elements between its rows: a block of x, or a sum of some."""
        k, p = self.k, self.p
        if number in SUMS:
            return k.at(self.sums.pointer, p.kind, k.offset(self.sums, (SUMS.index(number), block, row, 0))), p.stride
        low, right = divmod(OF_X[number].index(1), 2)
        at = (k.add(row, k.mul(low, k.dim(p.low))), k.add(right * p.right, k.mul(block, p.steps)))
        return k.at(self.x.pointer, p.kind, k.offset(self.x, at)), p.depth

    def _put_together(self, panel: Num, row: Num) -> None:
        """Adds what both right blocks of the result share to the row's part of each."""
        k, p = self.k, self.p
        for v in range(p.tile.vectors):
            at = Lanes(v * p.tile.lanes, 1, p.tile.lanes)
            both = k.load(self._place(BUFFERS - 1, panel, row), p.kind, at)
            for number in (1, 3):
                place = self._place(number, panel, row)
                k.store(place, k.ir.fadd(k.load(place, p.kind, at), both), at)

    def _finish(self, panel: Num, row: Num) -> None:
        """What is behind the product, and the stores, for the rows and columns that exist."""
        k, p = self.k, self.p
        columns = p.tile.columns
        is_even = p.n == 2 * p.half_n
        upper = k.add(self.start, row)
        # Of an odd number of rows the middle one is in both halves: the upper one stores it.
        is_whole = isinstance(p.m, int) and p.m % 2 == 0
        is_twice = k.compare("<", k.add(upper, k.dim(p.low)), k.dim(p.half_m))
        with k.loop(0, 2 if is_whole else k.select(is_twice, 1, 2)) as low, k.loop(0, 2) as right:
            line = self._place(k.add(k.mul(low, 2), right), panel, row)
            at = self._row_index(k.add(upper, k.mul(low, k.dim(p.low))))
            first = k.mul(k.add(k.mul(self.strip, p.strip), panel), columns)
            first = k.add(first, k.mul(right, p.half_n))
            if is_even:
                for v in range(p.tile.vectors):
                    self._emit(line, at, first, Lanes(v * p.tile.lanes, 1, p.tile.lanes, p.tile.lanes))
            else:
                width = k.maximum(k.minimum(k.sub(p.n, first), columns), 0)
                for j in k.across(0, width, p.tile.lanes):
                    self._emit(line, at, first, j)

    def _emit(self, line: ir.Value, at: tuple[Num, ...], first: Num, j: Any) -> None:
        k = self.k
        k.emit((*at, k.add(first, j)), k.load(line, self.p.kind, j))

    def _row_index(self, row: Num) -> tuple[Num, ...]:
        """The result's index without the column."""
        k = self.k
        return tuple(k.unravel(row, [k.dim(d) for d in self.p.op.x.tensor.dims[:-1]]))
