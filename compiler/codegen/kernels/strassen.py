"""Strassen's product of rows with constant weights: seven products of blocks where the plain one takes eight.

x[M, K] and y[K, N] are cut in two along each dim. The quarters of the weights are all that is kept of them; sums of
quarters are made on the way and stay in the second level of cache, as in Jianyu Huang, Tyler Smith, Greg Henry and
Robert van de Geijn, Strassen's Algorithm Reloaded, SC 2016. Two launches:

1. The rows: the left factors of the seven products become left[block of K/2][product][row of M/2][step].
2. A unit is a block of rows of M/2 and a panel of N/2. For each block of K/2 and each product the tiles of rows pass
   the panel, into a buffer for each product. Four of the right factors are differences, each of a quarter and another
   quarter or the difference before: while one product's tiles are multiplied, each makes a share of the next one's
   right factor, between its multiply-adds. Weights lie in the order in which a unit reads them; each tile fetches its
   share of what comes next, of weights, rows and result. Behind the last product each tile is put together of the
   buffers, and what is behind the product follows on the way to memory.

Halves of an odd K or M overlap: weights that belong to both are zeros in one, rows that belong to both are stored by
one. Behind an odd N weights are zeros. The order of each sum is the same whatever the threads.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir

from mlc.codegen import registers
from mlc.codegen.builder import I8, Lanes, Num
from mlc.codegen.kernel import Kernel, Prepared, Temporary
from mlc.codegen.kernels.micro_kernel import UNROLLED, MicroKernel, Run
from mlc.codegen.kernels.tiles import (
    CACHE_LINE,
    WAY_BYTES,
    TileShape,
    product_cycles,
    tile_heights,
    tile_shapes,
)
from mlc.codegen.registry import NoKernel
from mlc.codegen.schedule import Plan
from mlc.ir import Array, DType
from mlc.ir.dims import ceildiv, product
from mlc.ops import Matmul
from mlc.ops.inference import numbers
from mlc.ops.strassen import PRODUCTS

QUARTERS = 4
# A core that is slower for a while leaves some of them to others. Measured on two Zen 4 cores: blocks of 32 rows, 16
# units, take 1.3 % less time than 64 rows and 8 units in bert-base, and with one thread as long.
UNITS_OF_A_CORE = 8
# Stands for the right factor of the product before, among the quarters 0 to 3.
BEFORE = 4


class Right(NamedTuple):
    """A product, by its number in mlc.ops.strassen, and what its right factor is: a quarter of the weights, or that
    less another, or less BEFORE."""

    product: int
    quarter: int
    minus: int | None = None


# The products in turn: each difference is of quarters and the one before.
TURNS = (
    Right(0, 0),
    Right(3, 2),
    Right(4, 3),
    Right(2, 3, 1),
    Right(6, 1, 0),
    Right(1, 3, BEFORE),
    Right(5, 2, BEFORE),
)
LAST = len(TURNS) - 1


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
        shapes = tile_shapes(plan.target, self.dtype, self.half_m)
        self.tile = plan.choice("tile", shapes, cost=self._cycles, label=str, why="fewest cycles")
        self.panels = -(-self.n // (2 * self.tile.columns))
        self.half_n = self.panels * self.tile.columns
        self.block = self._row_block()
        self.blocks = ceildiv(self.half_m, self.block)
        # Full tiles of a block of rows, as far as one knows.
        self.tiles = max(min(self.block, plan.estimate(self.half_m)) // self.tile.rows, 1)
        self.steps, self.depth_blocks = self._depth_blocks()
        self.half_depth = self.steps * self.depth_blocks
        # Where the lower and the right half of x begin.
        self.low, self.right = self.m - self.half_m, self.depth - self.half_depth
        # Numbers from one row of a left factor to the next: a cache line more where rows would fall on each other.
        line = CACHE_LINE // self.dtype.itemsize
        self.stride = self.steps + line * self._is_aliasing(self.steps)

    def _cycles(self, shape: TileShape) -> float:
        return product_cycles(self.plan.target, self.half_m, -(-self.n // 2), shape)

    def _numbers_of_l2(self, share: float) -> int:
        """How many numbers fill this share of L2."""
        return int(self.plan.target.l2_bytes * share) // self.dtype.itemsize

    def _row_block(self) -> int:
        """Rows whose buffers fill a quarter of L2, in even blocks of whole tiles; fewer where cores would get too few
        units to share them out evenly."""
        rows, cores = self.tile.rows, self.plan.target.cores
        most = max(self._numbers_of_l2(1 / 4) // (PRODUCTS * self.tile.columns), rows)
        if not isinstance(self.half_m, int):
            return most // rows * rows
        blocks = max(-(-self.half_m // most), 1)
        while blocks * max(self.panels, 1) < UNITS_OF_A_CORE * cores and -(-self.half_m // blocks) > 2 * rows:
            blocks += 1
        return max(-(-self.half_m // (blocks * rows)), 1) * rows

    def _depth_blocks(self) -> tuple[int, int]:
        """Steps of K/2 in a block, and the blocks' number: the quarters of a panel's block, those that are fetched for
        the next one, and two differences fill three quarters of L2.

        Whole turns of the micro-kernel, if a half of so many more steps is still within K.
        """
        half = -(-self.depth // 2)
        most = max(self._numbers_of_l2(3 / 4) // ((2 * QUARTERS + 2) * self.tile.columns), UNROLLED)
        blocks = max(-(-half // most), 1)
        steps = -(-half // (blocks * UNROLLED)) * UNROLLED
        return (steps, blocks) if steps * blocks <= self.depth else (half, 1)

    def _is_aliasing(self, distance: int) -> bool:
        """Whether places so many numbers apart fall on few lines of the first level of cache."""
        return distance * self.dtype.itemsize % (WAY_BYTES // 2) == 0

    def add(self) -> None:
        """Adds the two launches."""
        plan = self.plan
        rows = self.half_m
        if isinstance(rows, int):  # one more where a row's left factors would fall on each other while they are written
            rows += self._is_aliasing(rows * self.stride)
        left = plan.temporary(self.dtype, self.depth_blocks, PRODUCTS, rows, self.stride)
        right = self._right()
        plan.choose("strassen", f"7 products of {self.half_m}x{self.half_depth} and {self.half_depth}x{self.half_n}")
        plan.choose("heights", "+".join(map(str, tile_heights(self.half_m, self.tile))))
        plan.choose("rows", self.block)
        plan.choose("sum", self.steps)
        plan.choose("right", "quarters packed when compiling")

        @plan.each(self.depth_blocks * self.half_m, cost=2 * PRODUCTS * self.steps)
        def add_up(k: Kernel, number: Any) -> None:
            block, row = k.unravel(number, [self.depth_blocks, k.dim(self.half_m)])
            _Rows(self, k, left, block, row).write()

        cost = PRODUCTS * self.half_depth * self.tile.columns * min(self.block, plan.estimate(self.half_m)) // 16

        @plan.each(self.blocks * self.panels, cost=cost, variant="products")
        def multiply(k: Kernel, number: Any) -> None:
            block, panel = k.unravel(number, [k.dim(self.blocks), self.panels])
            start = k.mul(block, self.block)
            rows = k.dim(self.half_m)
            stop = k.minimum(k.add(start, self.block), rows) if self.blocks != 1 else rows
            _Unit(self, k, left, right, panel, start, stop).write()

    def _right(self) -> Prepared:
        """The quarters of the weights: [panel][block of K/2][quarter][step][column]."""
        columns = self.tile.columns
        dims = (self.panels, self.depth_blocks, QUARTERS, self.steps, columns)

        def pack(y: Array) -> Array:
            packed = np.empty(dims, self.dtype.numpy)
            for number, quarter in enumerate(self._quarters(y.T if self.op.transpose_y else y)):
                parts = quarter.reshape(self.depth_blocks, self.steps, self.panels, columns)
                packed[:, :, number] = parts.transpose(2, 0, 1, 3)
            return packed

        layout = f"strassen, panels of {columns} columns, {self.steps} steps"
        return self.plan.prepared(self.op.y, layout, self.dtype, dims, pack)

    def _quarters(self, y: Array) -> list[Array]:
        """The quarters [K/2, N/2] of y[K, N], with zeros for what is there twice or behind the end.

        The halves of K overlap where those of x do; what they share is in the upper one.
        """
        quarters = []
        for first, shared in ((0, 0), (self.right, self.half_depth - self.right)):
            half = np.zeros((self.half_depth, 2 * self.half_n), y.dtype)
            half[shared:, : self.n] = y[first + shared : first + self.half_depth]
            quarters += [half[:, : self.half_n], half[:, self.half_n :]]
        return quarters


class _Rows:
    """The first launch for one row of M/2, and the row that lies as far below."""

    def __init__(self, product: Strassen, k: Kernel, left: Temporary, block: Num, row: Num) -> None:
        self.p, self.k, self.block, self.row = product, k, block, row
        self.x = k.tensor(product.op.x, (product.m, product.depth))
        self.left = k.tensor(left)

    def write(self) -> None:
        """Writes the row of all left factors, in the order of TURNS: copies too, whose rows are then close together."""
        k, p = self.k, self.p
        first = k.mul(self.block, p.steps)
        for j in k.across(0, p.steps, p.plan.target.lanes(p.dtype.itemsize)):
            left_top, right_top, left_low, right_low = (
                k.read(self.x, (k.add(row, self.row), k.add(k.add(first, column), j)))
                for row in (0, k.dim(p.low))
                for column in (0, p.right)
            )
            low = k.ir.fadd(left_low, right_low)
            rest = k.ir.fsub(low, left_top)
            across, mixed = k.ir.fsub(left_top, left_low), k.ir.fsub(right_top, rest)
            for turn, value in enumerate((left_top, right_top, mixed, across, low, rest, right_low)):
                k.write(self.left, (self.block, turn, self.row, j), value)


class _Unit:
    """The code of one panel for one block of rows."""

    def __init__(
        self,
        product: Strassen,
        k: Kernel,
        left: Temporary,
        right: Prepared,
        panel: Num,
        start: Num,
        stop: Num,
    ) -> None:
        self.p, self.k, self.panel, self.start, self.stop = product, k, panel, start, stop
        self.left, self.right = k.tensor(left), k.tensor(right)
        columns = product.tile.columns
        self.buffers = [k.stack(product.kind, product.block * columns) for _ in range(PRODUCTS)]
        self.lines = k.stack(product.kind, QUARTERS * columns)
        # A product's tiles read one difference while they make the next.
        self.differences = [k.stack(product.kind, product.steps * columns) for _ in range(2)]

    def write(self) -> None:
        """Writes the unit."""
        k, p = self.k, self.p
        with k.loop(0, p.depth_blocks) as block:
            for turn in range(len(TURNS)):
                made = self._multiply(turn, block)
                self._make_rest(turn, block, made)

    def _multiply(self, turn: int, block: Num) -> Num:
        """Adds a block of the sum of one product to all rows; vectors of the next difference that its tiles make."""
        k, p = self.k, self.p
        first, made = self.start, 0
        for number, rows in enumerate(tile_heights(p.half_m, p.tile)):
            count = k.floordiv(k.sub(self.stop, first), rows)
            behind = k.add(first, k.mul(count, rows))
            share = self._share(turn) if number == 0 else 0
            if share:
                vectors = p.steps // UNROLLED * share  # of one tile
                makers = k.minimum(count, p.steps * p.tile.vectors // vectors)
                middle, made = k.add(first, k.mul(makers, rows)), k.mul(makers, vectors)
                self._multiply_tiles(turn, block, rows, first, middle, share)
                first = middle
            self._multiply_tiles(turn, block, rows, first, behind, 0)
            first = behind
        return made

    def _multiply_tiles(self, turn: int, block: Num, rows: int, start: Num, stop: Num, share: int) -> None:
        """Tiles of as many rows, each of which makes `share` vectors of the next difference in a turn of its loop."""
        k, p = self.k, self.p
        tile = TileShape(rows, p.tile.vectors, p.tile.lanes)
        lines, turns = self._lines_ahead(), p.steps // UNROLLED
        micro = MicroKernel(tile, p.dtype, p.dtype, p.tile.columns, lines, has_rows_behind=True, differences=share)
        y = self._factor(turn, block)
        # The quarters of the next block of K/2, or of the next panel.
        following = k.at(self._quarter(0, block), p.kind, QUARTERS * p.steps * p.tile.columns)
        is_later, is_last = k.compare(">", block, 0), k.compare("==", block, p.depth_blocks - 1)
        with k.loop(start, stop, rows) as row:
            own = k.sub(row, self.start)
            number = k.floordiv(own, rows)
            x = k.at(self.left.pointer, p.kind, k.offset(self.left, (block, turn, row, 0)))
            c = self._place(TURNS[turn].product, own)
            ahead = k.at(following, I8, k.mul(k.add(number, turn * p.tiles), turns * lines * CACHE_LINE))
            made = k.mul(number, share * turns * p.tile.lanes)
            difference = self._difference(turn + 1, block, made) if share else None
            if turn > LAST - QUARTERS:
                with k.when(is_last), k.loop(row, k.add(row, rows)) as at:
                    self._ask_for_result(turn - LAST + QUARTERS - 1, at)
            micro.call(k, Run(x, p.stride, y, p.tile.columns, c, p.steps, is_later, ahead, difference))
            if turn == LAST:
                with k.when(is_last), k.loop(own, k.add(own, rows)) as at:
                    self._finish(at)

    def _lines_ahead(self) -> int:
        """Cache lines of what follows that a tile fetches in each turn of its loop, so that the tiles of all products
        together fetch it whole."""
        p = self.p
        turn_bytes = QUARTERS * UNROLLED * p.tile.columns * p.dtype.itemsize
        return -(-turn_bytes // (CACHE_LINE * PRODUCTS * p.tiles))

    # --- the right factors ---

    def _quarter(self, number: int, block: Num) -> ir.Value:
        """Where a quarter's part of the panel begins."""
        return self.k.at(self.right.pointer, self.p.kind, self.k.offset(self.right, (self.panel, block, number, 0, 0)))

    def _factor(self, turn: int, block: Num) -> ir.Value:
        """The right factor of a turn."""
        of = TURNS[turn]
        return self._quarter(of.quarter, block) if of.minus is None else self.differences[turn % 2]

    def _difference(self, turn: int, block: Num, at: Num) -> tuple[ir.Value, ir.Value, ir.Value]:
        """From which element on a turn's right factor is made: minuend, subtrahend, and where their difference goes."""
        of = TURNS[turn]
        assert of.minus is not None
        minus = self._factor(turn - 1, block) if of.minus == BEFORE else self._quarter(of.minus, block)
        first, second, difference = (
            self.k.at(pointer, self.p.kind, at)
            for pointer in (self._quarter(of.quarter, block), minus, self._factor(turn, block))
        )
        return first, second, difference

    def _share(self, turn: int) -> int:
        """Vectors of the next right factor that a tile makes in each turn of its loop, 0 where there are none."""
        p = self.p
        turns = p.steps // UNROLLED * p.tiles
        if turn == LAST or TURNS[turn + 1].minus is None or not turns:
            return 0
        return -(-p.steps * p.tile.vectors // turns)

    def _make_rest(self, turn: int, block: Num, made: Num) -> None:
        """Makes what the tiles have left of the next right factor."""
        k, p = self.k, self.p
        if turn == LAST or TURNS[turn + 1].minus is None:
            return
        with k.loop(made, p.steps * p.tile.vectors) as vector:
            first, second, difference = self._difference(turn + 1, block, k.mul(vector, p.tile.lanes))
            at = Lanes(0, 1, p.tile.lanes)
            k.store(difference, k.ir.fsub(k.load(first, p.kind, at), k.load(second, p.kind, at)), at)

    # --- the result ---

    def _place(self, number: int, row: Num) -> ir.Value:
        """The address of a row in one of the buffers."""
        return self.k.at(self.buffers[number], self.p.kind, self.k.mul(row, self.p.tile.columns))

    def _finish(self, row: Num) -> None:
        """Puts a row of the upper half and the one as far below together, and stores what is behind the product."""
        k, p = self.k, self.p
        upper = k.add(self.start, row)
        places = [self._row_index(k.add(upper, k.mul(low, k.dim(p.low)))) for low in range(2)]
        if p.n == 2 * p.half_n:
            for v in range(p.tile.vectors):
                self._emit_vector(row, places, Lanes(v * p.tile.lanes, 1, p.tile.lanes, p.tile.lanes))
            return
        for v in range(p.tile.vectors):
            at = Lanes(v * p.tile.lanes, 1, p.tile.lanes)
            for number, value in enumerate(self._put_together(row, at)):
                k.store(self._line(number), value, at)
        for low in range(2):
            with self._where_it_is_the_first(low, row), k.loop(0, 2) as right:
                self._emit_line(places[low], low, right)

    def _where_it_is_the_first(self, low: int, row: Num) -> AbstractContextManager[None]:
        """Of an odd number of rows the middle one is in both halves: the upper one stores it."""
        k, p = self.k, self.p
        if not low or (isinstance(p.m, int) and p.m % 2 == 0):
            return nullcontext()
        return k.when(k.compare(">=", k.add(k.add(self.start, row), k.dim(p.low)), k.dim(p.half_m)))

    def _emit_vector(self, row: Num, places: list[tuple[Num, ...]], j: Lanes) -> None:
        """A vector of each quarter, out of registers; all its columns exist."""
        k = self.k
        quarters = self._put_together(row, j)
        for low in range(2):
            with self._where_it_is_the_first(low, row):
                for right in range(2):
                    k.emit((*places[low], k.add(self._column(right), j)), quarters[2 * low + right])

    def _emit_line(self, place: tuple[Num, ...], low: int, right: Num) -> None:
        """The columns that exist of a quarter's part of a row."""
        k, p = self.k, self.p
        line, first = self._line(k.add(2 * low, right)), self._column(right)
        width = k.maximum(k.minimum(k.sub(p.n, first), p.tile.columns), 0)
        for j in k.across(0, width, p.tile.lanes):
            k.emit((*place, k.add(first, j)), k.load(line, p.kind, j))

    def _line(self, quarter: Num) -> ir.Value:
        """Where a row's part of a quarter of the result is put down."""
        return self.k.at(self.lines, self.p.kind, self.k.mul(quarter, self.p.tile.columns))

    def _put_together(self, row: Num, at: Lanes) -> tuple[ir.Value, ...]:
        """A vector of each quarter of the result, of those of the products."""
        k = self.k
        products = [k.load(self._place(number, row), self.p.kind, at) for number in range(PRODUCTS)]
        two = k.ir.fadd(products[0], products[1])
        three = k.ir.fadd(two, products[2])
        return (
            k.ir.fadd(products[0], products[3]),
            k.ir.fadd(k.ir.fadd(two, products[4]), products[6]),
            k.ir.fadd(three, products[5]),
            k.ir.fadd(three, products[6]),
        )

    def _ask_for_result(self, quarter: int, upper: Num) -> None:
        """The lines that a row of the panel writes of a quarter of the outputs."""
        k, p = self.k, self.p
        low, right = divmod(quarter, 2)
        at = (*self._row_index(k.add(upper, k.mul(low, k.dim(p.low)))), self._column(right))
        for output in k.group.outputs:
            tensor = k.tensor(output)
            line = k.at(tensor.pointer, registers.memory_type(tensor.dtype), k.offset(tensor, at))
            for byte in range(0, p.tile.columns * tensor.dtype.itemsize, CACHE_LINE):
                k.prefetch(k.at(line, I8, byte))

    def _column(self, right: Num) -> Num:
        """The panel's first column of the left or the right half."""
        k = self.k
        return k.add(k.mul(self.panel, self.p.tile.columns), k.mul(right, self.p.half_n))

    def _row_index(self, row: Num) -> tuple[Num, ...]:
        """The result's index without the column."""
        k = self.k
        return tuple(k.unravel(row, [k.dim(d) for d in self.p.op.x.tensor.dims[:-1]]))
