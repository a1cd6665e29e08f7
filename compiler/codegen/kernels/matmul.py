"""Matmul: the right factor packed into panels of one tile's columns, times blocks of rows by a micro-kernel.

Loop order: parallel over batches, blocks of rows and panels; inside, blocks of the sum, then tiles of rows. A block of
a panel stays in the second level of cache while all tiles of a block of rows pass, and so do the rows while the panels
pass. Sums of a unit are kept in a buffer on the stack, [rows][columns], from where what is behind the product takes
them; where nothing is, in the result.

Constant right factors are packed when compiling. Others are packed by each unit for itself, onto its stack, while its
first tile of rows is multiplied: then panels are the outer loop, so that a core reads its share of the factor only,
and rows pass from further away, asked for a tile ahead. Or they are packed into the workspace before the product, where
panels are not full or must be turned; or read as they are where there is one tile of rows. Columns beyond N are zeros
in the panel and are not stored. The sum over K has one order whatever the threads.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from llvmlite import ir

from mlc.codegen import registers
from mlc.codegen.builder import I1, I8, Lanes, Num
from mlc.codegen.kernel import Kernel, Prepared, Storage
from mlc.codegen.kernels.micro_kernel import UNROLLED, MicroKernel, Run
from mlc.codegen.kernels.panels import Panels, pack_panels
from mlc.codegen.kernels.strassen import strassen_product
from mlc.codegen.kernels.tiles import (
    CACHE_LINE,
    TileShape,
    accumulator,
    product_cycles,
    shapes_for_rows_apart,
    tile_heights,
)
from mlc.codegen.registry import kernel
from mlc.codegen.schedule import Plan
from mlc.ir import Array, Dim, Value
from mlc.ir.dims import ceildiv, is_static, product
from mlc.ops import Matmul
from mlc.ops.inference import numbers

# Bytes of the buffer of sums: more would push the factors out of the second level of cache.
MOST_SUMS = 64 * 1024
# Steps of the sum in a block at least: below, moving the sums in and out of registers would show.
FEWEST_STEPS = 256
# Panels that must read a left factor before it is worth a copy.
WORTH_A_COPY = 4


@kernel(Matmul)
def matmul(plan: Plan, op: Matmul) -> None:
    """Packs the right factor if it is not constant, then multiplies."""
    if op.strassen:
        strassen_product(plan, op)
        return
    x, y = op.x.tensor.dims, op.y.tensor.dims
    batch = op.result.tensor.dims[: -(len(x) > 1) - (len(y) > 1) or None]
    m, depth = (x[-2] if len(x) > 1 else 1), op.depth
    n = 1 if len(y) == 1 else y[-2] if op.transpose_y else y[-1]
    x_batch, y_batch = x[:-2], y[:-2]
    if not y_batch and x_batch == batch:
        # One right factor for all: the batches are more rows of the left one.
        m, batch, x_batch = product(batch) * m, (), ()
    Product(plan, op, batch, x_batch, y_batch, m, depth, n).add()


class Product:
    """One matrix product: x[x_batch, M, K] times y[y_batch, K, N] for each index of `batch`."""

    def __init__(
        self,
        plan: Plan,
        op: Matmul,
        batch: tuple[Dim, ...],
        x_batch: tuple[Dim, ...],
        y_batch: tuple[Dim, ...],
        m: Dim,
        depth: Dim,
        n: Dim,
    ) -> None:
        self.plan, self.op, self.batch, self.x_batch, self.y_batch = plan, op, batch, x_batch, y_batch
        self.m, self.depth, self.n = m, depth, n
        self.dtype = accumulator(op.x.tensor.dtype)
        self.kind = registers.register_type(self.dtype)
        self.tile = plan.choice("tile", self._shapes(), cost=self._cycles, label=str, why="fewest cycles")
        self.panels = ceildiv(n, self.tile.columns)
        self.packs_itself = self._packs_itself()
        self.depth_block = self._depth_block()
        self.block = self._row_block()
        self.lines_ahead = self._lines_ahead()

    def _cycles(self, shape: TileShape) -> float:
        return product_cycles(self.plan.target, self.m, self.n, shape)

    def add(self) -> None:
        """Adds the launches."""
        plan, tile = self.plan, self.tile
        left = self._left()
        right = self._right()
        blocks = ceildiv(self.m, self.block)
        plan.choose("heights", "+".join(map(str, tile_heights(self.m, self.tile))))
        plan.choose("rows", self.block)
        plan.choose("sum", self.depth_block)
        plan.choose("left", "as it is" if left is self.op.x else "copied")
        plan.choose("right", "packed by the first tile of rows" if self.packs_itself else _origin(right))
        if self.lines_ahead:
            plan.choose("ahead", f"{self.lines_ahead} cache lines a turn")
        plan.choose("sums", "in the result" if self._is_direct() else "on the stack")
        cost = plan.estimate(self.depth) * tile.columns * min(self.block, plan.estimate(self.m)) // 16

        @plan.each(product(self.batch) * blocks * self.panels, cost=cost)
        def unit(k: Kernel, number: Any) -> None:
            dims = [k.dim(blocks), k.dim(self.panels)]
            *at, outer, inner = k.unravel(
                number, [*(k.dim(d) for d in self.batch), *(reversed(dims) if self.packs_itself else dims)]
            )
            row_block, panel = (inner, outer) if self.packs_itself else (outer, inner)
            start = k.mul(row_block, self.block)
            stop = k.minimum(k.add(start, self.block), k.dim(self.m)) if blocks != 1 else k.dim(self.m)
            Unit(self, k, left, right, at, start, stop, panel).write()

    def _is_direct(self) -> bool:
        """Whether the micro-kernel may write the result itself: nothing is behind the product, and panels are full."""
        result, group = self.op.result, self.plan.group
        is_bare = group.outputs == (result,) and len(group.ops) == 1 and result.tensor.dtype is self.dtype
        return is_bare and isinstance(self.n, int) and self.n % self.tile.columns == 0 < self.n

    def _depth_block(self) -> int:
        """Steps of the sum whose part of a panel fills a quarter of L2, in even blocks of whole turns.

        Fewer where all rows then stay in L2 beside a panel, so that the right factor is read from memory once.
        """
        itemsize, columns = self.dtype.itemsize, self.tile.columns
        l2_bytes = self.plan.target.l2_bytes
        most = l2_bytes // 4 // (columns * itemsize)
        is_streamed = self.plan.constant(self.op.y) is not None  # from memory: other weights were there before
        if is_streamed and isinstance(self.m, int) and self.m * columns * itemsize <= MOST_SUMS:
            beside_all_rows = l2_bytes * 3 // 4 // ((self.m + columns) * itemsize)
            if beside_all_rows >= FEWEST_STEPS:
                most = min(most, beside_all_rows)
        if not isinstance(self.depth, int):
            return max(most // UNROLLED, 1) * UNROLLED
        blocks = max(-(-self.depth // max(most, 1)), 1)
        steps = -(-self.depth // blocks)
        return self.depth if blocks == 1 else -(-steps // UNROLLED) * UNROLLED

    def _row_block(self) -> int:
        """Rows whose part of x fills three quarters of L2 with a panel, a multiple of the tile; fewer where threads
        would idle. Where panels are the outer loop, rows need not stay in L2."""
        plan, rows, columns = self.plan, self.tile.rows, self.tile.columns
        row_bytes = max(1, min(plan.estimate(self.depth), self.depth_block) * self.dtype.itemsize)
        fitting = MOST_SUMS // (columns * self.dtype.itemsize)
        if not self.packs_itself:
            fitting = min(plan.target.l2_bytes * 3 // 4 // row_bytes - columns, fitting)
        if not isinstance(self.m, int):
            return min(max(1, fitting // rows), 16) * rows
        blocks = max(-(-self.m // max(fitting, rows)), 1)
        block = max(1, -(-self.m // blocks // rows)) * rows
        units = plan.estimate(product(self.batch) * self.panels)
        while block > 2 * rows and units * -(-self.m // block) < 4 * plan.target.cores:
            block = -(-block // 2 // rows) * rows
        return block

    def _lines_ahead(self) -> int:
        """Cache lines of a panel's next block that a tile of rows asks for in a turn, so that all tiles of a block of
        rows together ask for all of it; where the factor is constant, and so comes from memory."""
        tiles = self.block // self.tile.rows if isinstance(self.m, int) else 1
        if tiles < 2 or self.plan.constant(self.op.y) is None:
            return 0
        turn_bytes = UNROLLED * self.tile.columns * self.dtype.itemsize
        return -(-turn_bytes // CACHE_LINE // tiles)

    # --- the left factor ---

    def _shapes(self) -> list[TileShape]:
        """The tiles that fit the registers and the first level of cache."""
        stride = self.plan.estimate(self.depth) * self.op.x.tensor.dtype.itemsize
        return shapes_for_rows_apart(self.plan.target, self.dtype, self.m, stride)

    def _left(self) -> Storage:
        """x, or a copy in the dtype of the sum where that is another and several panels read it."""
        op = self.op
        if op.x.tensor.dtype is self.dtype or self.plan.estimate(self.panels) < WORTH_A_COPY:
            return op.x
        copy = self.plan.temporary(self.dtype, *self.x_batch, self.m, self.depth)
        lanes = self.plan.target.lanes(self.dtype.itemsize)

        @self.plan.each(product(self.x_batch) * self.m, cost=self.depth)
        def move(k: Kernel, number: Any) -> None:
            dims = (product(self.x_batch) * self.m, self.depth)
            source, target = k.tensor(op.x, dims), k.tensor(copy, dims)
            for j in k.across(0, k.dim(self.depth), lanes):
                k.write(target, (number, j), k.read_as(self.dtype, source, (number, j)))

        return copy

    # --- the right factor in panels: [batch][panel][K][columns], zeros beyond N ---

    def _right(self) -> Storage:
        op, plan = self.op, self.plan
        if plan.constant(op.y) is not None:
            dims = numbers((*self.y_batch, self.panels, self.depth, self.tile.columns))
            layout = f"panels of {self.tile.columns} columns"
            return plan.prepared(op.y, layout, self.dtype, dims, self._pack_constant)
        if self.packs_itself or self._is_read_once():
            return op.y
        return Panels(op.y, op.transpose_y, self.y_batch, self.depth, self.n, self.tile, self.dtype).add(plan)

    def _is_read_once(self) -> bool:
        """Whether y[K, N] is best read where it lies: one tile of rows, and whole vectors of columns."""
        return isinstance(self.m, int) and self.m <= self.tile.rows and self._has_rows_of_panels()

    def _packs_itself(self) -> bool:
        """Whether each unit packs its panel: y[K, N] is no constant, and more than one tile of rows reads it."""
        is_constant = self.plan.constant(self.op.y) is not None
        return isinstance(self.m, int) and self.m > self.tile.rows and not is_constant and self._has_rows_of_panels()

    def _has_rows_of_panels(self) -> bool:
        """Whether rows of y[K, N] are whole vectors of the tile's, as the micro-kernel reads them."""
        op = self.op
        is_even = isinstance(self.n, int) and self.n > 1 and self.n % self.tile.columns == 0
        return is_even and not op.transpose_y and op.y.tensor.dtype is self.dtype

    def may_begin(self, rows: int) -> bool:
        """Whether some block of rows has a tile of this height as its first."""
        is_last_low = isinstance(self.m, int) and (self.m - 1) % self.block + 1 < self.tile.rows
        return rows == self.tile.rows or is_last_low

    @property
    def asks_for_rows(self) -> bool:
        """Whether the tile of rows behind is asked for: where rows come from beyond L2, and lie end to end."""
        return self.packs_itself and isinstance(self.depth, int) and self.depth <= self.depth_block

    def _pack_constant(self, y: Array) -> Array:
        return pack_panels(y, self.op.transpose_y, self.tile.columns).astype(self.dtype.numpy, copy=False)


@dataclass(frozen=True)
class Tiles:
    """Tiles of one height over one block of the sum: its first step, its length, whether sums are there, and where y
    is read with which stride between steps."""

    rows: int
    step: Num
    depth: Num
    is_more: ir.Value
    y: ir.Value
    y_row: Num


class Unit:
    """The code of one panel for one block of rows."""

    def __init__(
        self,
        product: Product,
        k: Kernel,
        left: Storage,
        right: Storage,
        at: list[Num],
        start: Num,
        stop: Num,
        panel: Num,
    ) -> None:
        self.p, self.k, self.at, self.start, self.stop, self.panel = product, k, at, start, stop, panel
        p = product
        self.x = k.tensor(left, (*p.x_batch, p.m, p.depth))
        self.is_packed = right is not p.op.y
        self.panel_copy = k.stack(p.kind, max(p.depth_block, 1) * p.tile.columns) if p.packs_itself else None
        self.y = k.tensor(right) if self.is_packed else k.tensor(right, (*p.y_batch, p.depth, p.n))
        self.x_at = self._broadcast(p.x_batch)
        self.y_at = self._broadcast(p.y_batch)
        self.sums, self.sums_row = self._place_of_sums()

    def write(self) -> None:
        """Writes the unit."""
        k, p = self.k, self.p
        depth = k.dim(p.depth)
        if isinstance(depth, int) and depth <= p.depth_block:
            self._multiply(0, depth)
        else:
            with k.loop(0, k.maximum(depth, 1), p.depth_block) as step:
                even = isinstance(depth, int) and depth % p.depth_block == 0
                self._multiply(step, p.depth_block if even else k.minimum(k.sub(depth, step), p.depth_block))
        if not p._is_direct():
            self._finish()

    def _place_of_sums(self) -> tuple[ir.Value, int]:
        """Where the sums of the unit's first row lie, and how many elements further those of the next."""
        k, p = self.k, self.p
        columns = p.tile.columns
        if not p._is_direct():
            return k.stack(p.kind, p.block * columns), columns
        assert isinstance(p.n, int)
        result = k.tensor(p.op.result, (*p.batch, p.m, p.n))
        place = k.offset(result, (*self.at, self.start, k.mul(self.panel, columns)))
        return k.at(result.pointer, p.kind, place), p.n

    def _multiply(self, step: Num, depth: Num) -> None:
        """Adds a block of the sum to all rows."""
        k, p = self.k, self.p
        columns = p.tile.columns
        if self.is_packed:
            y, y_row = k.offset(self.y, (*self.y_at, self.panel, step, 0)), columns
        else:
            y, y_row = k.offset(self.y, (*self.y_at, step, k.mul(self.panel, columns))), k.dim(p.n)
        y = k.at(self.y.pointer, registers.memory_type(self.y.dtype), y)
        is_more = ir.Constant(I1, 0) if isinstance(step, int) else k.compare(">", step, 0)
        first = self.start
        for rows in tile_heights(p.m, p.tile):
            count = k.floordiv(k.sub(self.stop, first), rows)
            behind = k.add(first, k.mul(count, rows))
            tiles = Tiles(rows, step, depth, is_more, y, y_row)
            if self.panel_copy is not None:
                begin = self._pack(tiles, first, behind) if p.may_begin(rows) else first
                tiles = replace(tiles, y=self.panel_copy, y_row=columns)
            else:
                begin = first
            with k.loop(begin, behind, rows) as row:
                self._multiply_tile(tiles, row)
            first = behind

    def _pack(self, tiles: Tiles, first: Num, behind: Num) -> Num:
        """Multiplies the unit's first tile, if it is one of these, and packs the panel; the row behind it."""
        k = self.k
        is_first = k.all_of([k.compare("==", first, self.start), k.compare("<", first, behind)])
        with k.when(is_first):
            self._multiply_tile(tiles, first, packed=self.panel_copy)
        return k.select(is_first, k.add(first, tiles.rows), first)

    def _multiply_tile(self, tiles: Tiles, row: Num, packed: ir.Value | None = None) -> None:
        k, p, depth = self.k, self.p, tiles.depth
        shape = TileShape(tiles.rows, p.tile.vectors, p.tile.lanes)
        number = k.sub(row, self.start)
        x = k.at(self.x.pointer, registers.memory_type(self.x.dtype), k.offset(self.x, (*self.x_at, row, tiles.step)))
        c = k.at(self.sums, p.kind, k.mul(number, self.sums_row))
        share = k.mul(k.mul(k.floordiv(number, tiles.rows), depth), CACHE_LINE // UNROLLED * p.lines_ahead)
        ahead = k.at(k.at(tiles.y, p.kind, k.mul(depth, p.tile.columns)), I8, share) if p.lines_ahead else None
        run = Run(x, self.x.strides[-2], tiles.y, tiles.y_row, c, depth, tiles.is_more, ahead, packed=packed)
        micro = MicroKernel(
            shape,
            self.x.dtype,
            p.dtype,
            self.sums_row,
            p.lines_ahead,
            has_rows_behind=p.asks_for_rows,
            packs=packed is not None,
        )
        micro.call(k, run)

    def _finish(self) -> None:
        """What is behind the product, and the stores, for the columns of the panel that exist."""
        k, p = self.k, self.p
        columns, lanes = p.tile.columns, p.tile.lanes
        start = k.mul(self.panel, columns)
        is_even = is_static(p.n) and p.n % columns == 0
        width = columns if is_even else k.minimum(k.sub(k.dim(p.n), start), columns)
        with k.loop(0, k.sub(self.stop, self.start)) as row:
            line = k.at(self.sums, p.kind, k.mul(row, columns))
            at = self._row_index(k.add(self.start, row))
            if is_even:
                for v in range(p.tile.vectors):
                    self._emit(line, at, start, Lanes(v * lanes, 1, lanes, lanes))
            else:
                for j in k.across(0, width, lanes):
                    self._emit(line, at, start, j)

    def _emit(self, line: ir.Value, at: tuple[Num, ...], start: Num, j: Any) -> None:
        k, p = self.k, self.p
        value = registers.converted(k, k.load(line, p.kind, j), p.dtype, p.op.result.tensor.dtype)
        k.emit((*at, *((k.add(start, j),) if p.op.y.tensor.rank > 1 else ())), value)

    def _row_index(self, row: Num) -> tuple[Num, ...]:
        """The result's index without the column: the batch or the rows that stand for it; no row for a vector."""
        k, p = self.k, self.p
        x = p.op.x.tensor
        if not p.batch and x.rank > 2:
            return tuple(k.unravel(row, [k.dim(d) for d in x.dims[:-1]]))
        return (*self.at, *((row,) if x.rank > 1 else ()))

    def _broadcast(self, dims: tuple[Dim, ...]) -> list[Num]:
        batch = self.p.batch
        used = zip(dims, batch[len(batch) - len(dims) :], self.at[len(self.at) - len(dims) :], strict=True)
        return [self.k.values.broadcast_index(dim, full, i) for dim, full, i in used]


def _origin(right: Storage) -> str:
    match right:
        case Prepared():
            return "packed when compiling"
        case Value():
            return "as it is"
        case _:
            return "packed at run time"
