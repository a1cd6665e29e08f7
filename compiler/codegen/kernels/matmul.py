"""Matmul: the right factor packed into panels of one tile's columns, a register tile over all of K for each of its
rows.

Loop order: parallel over batches, blocks of rows and panels; inside, tiles of rows, then K. A panel [K][columns] is
read once per tile of rows and stays in L2; a block of rows stays there while all panels pass. Constant right factors
are packed when compiling, others into the workspace before the product. Columns beyond N are zeros in the panel and are
not stored. The sum over K has one order whatever the threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mlc.codegen import registers
from mlc.codegen.builder import Lanes, Num
from mlc.codegen.kernel import Kernel, Prepared, Temporary
from mlc.codegen.kernels.tiles import Accumulators, TileShape, accumulator, even_rows, tile_for, tile_starts
from mlc.codegen.registry import kernel
from mlc.codegen.schedule import Plan
from mlc.ir import Array, Dim
from mlc.ir.dims import ceildiv, is_static, product
from mlc.ops import Matmul
from mlc.ops.inference import numbers


@kernel(Matmul)
def matmul(plan: Plan, op: Matmul) -> None:
    """Packs the right factor if it is not constant, then multiplies."""
    x, y = op.x.tensor.dims, op.y.tensor.dims
    batch = op.result.tensor.dims[: -(len(x) > 1) - (len(y) > 1) or None]
    m, depth = (x[-2] if len(x) > 1 else 1), x[-1]
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
        widest = tile_for(plan.target, self.dtype)
        self.tile = TileShape(even_rows(m, widest.rows), widest.vectors, widest.lanes)
        self.panels = ceildiv(n, self.tile.columns)

    def add(self) -> None:
        """Adds the launches."""
        plan, tile = self.plan, self.tile
        packed = self._packed()
        block = self._row_block()
        blocks = ceildiv(self.m, block)
        plan.choose("tile", f"{tile.rows}x{tile.columns}")
        plan.choose("rows", block)
        plan.choose("right", "packed when compiling" if isinstance(packed, Prepared) else "packed at run time")
        cost = plan.estimate(self.depth) * tile.columns * min(block, plan.estimate(self.m)) // 16

        @plan.each(product(self.batch) * blocks * self.panels, cost=cost)
        def unit(k: Kernel, number: Any) -> None:
            *at, row_block, panel = k.unravel(
                number, [*(k.dim(d) for d in self.batch), k.dim(blocks), k.dim(self.panels)]
            )
            start = k.mul(row_block, block)
            stop = k.minimum(k.add(start, block), k.dim(self.m)) if blocks != 1 else k.dim(self.m)
            buffer = k.stack(registers.register_type(self.dtype), tile.rows * tile.columns)
            for row in tile_starts(k, start, stop, tile.rows):
                self._tile(k, packed, at, row, stop, panel, buffer)

    def _tile(
        self, k: Kernel, packed: Prepared | Temporary, at: list[Num], first: Num, stop: Num, panel: Num, buffer: Any
    ) -> None:
        tile = self.tile
        # Rows behind the last one repeat it; they are not stored.
        rows = [k.minimum(k.add(first, row), k.sub(stop, 1)) if row else first for row in range(tile.rows)]
        x = k.tensor(self.op.x, (*self.x_batch, self.m, self.depth))
        y = k.tensor(packed)
        x_at = self._broadcast(k, self.x_batch, at)
        y_at = self._broadcast(k, self.y_batch, at)
        sums = Accumulators(k, self.dtype, tile)
        with k.loop(0, k.dim(self.depth)) as step:
            sums.add_products(
                lambda row: k.read_as(self.dtype, x, (*x_at, rows[row], step)),
                lambda v: k.read(y, (*y_at, panel, step, Lanes(v * tile.lanes, 1, tile.lanes))),
            )
        sums.spill(buffer)
        self._finish(k, at, first, k.minimum(k.sub(stop, first), tile.rows), panel, buffer)

    def _finish(self, k: Kernel, at: list[Num], first: Num, rows: Num, panel: Num, buffer: Any) -> None:
        """What is behind the product, and the stores, for the columns of the panel that exist."""
        columns = self.tile.columns
        start = k.mul(panel, columns)
        width = (
            columns if is_static(self.n) and self.n % columns == 0 else k.minimum(k.sub(k.dim(self.n), start), columns)
        )
        kind = registers.register_type(self.dtype)
        target = self.op.result.tensor.dtype
        with k.loop(0, rows) as row:
            line = k.at(buffer, kind, k.mul(row, columns))
            for j in k.across(0, width, self.tile.lanes):
                value = registers.converted(k, k.load(line, kind, j), self.dtype, target)
                k.emit(self._index(k, at, k.add(first, row), k.add(start, j)), value)

    def _index(self, k: Kernel, at: list[Num], row: Num, column: Any) -> tuple[Any, ...]:
        """The result's index: the batch or the rows that stand for it, without the dims of rank-1 factors."""
        x, y = self.op.x.tensor, self.op.y.tensor
        if not self.batch and x.rank > 2:
            rows: tuple[Any, ...] = tuple(k.unravel(row, [k.dim(d) for d in x.dims[:-1]]))
        else:
            rows = (*at, *((row,) if x.rank > 1 else ()))
        return (*rows, *((column,) if y.rank > 1 else ()))

    def _broadcast(self, k: Kernel, dims: tuple[Dim, ...], at: list[Num]) -> list[Num]:
        used = zip(dims, self.batch[len(self.batch) - len(dims) :], at[len(at) - len(dims) :], strict=True)
        return [k.values.broadcast_index(dim, full, i) for dim, full, i in used]

    def _row_block(self) -> int:
        """Rows whose part of x fills half of L2, a multiple of the tile; fewer where threads would idle."""
        plan, rows = self.plan, self.tile.rows
        row_bytes = max(1, plan.estimate(self.depth) * self.dtype.itemsize)
        block = max(rows, plan.target.l2_bytes // 2 // row_bytes // rows * rows)
        if not isinstance(self.m, int):
            return min(block, rows * 16)
        units = plan.estimate(product(self.batch) * self.panels)
        while block > 2 * rows and units * -(-self.m // block) < 4 * plan.target.cores:
            block = -(-block // 2 // rows) * rows
        return block

    # --- packing: [batch][panel][K][columns], zeros beyond N ---

    def _packed(self) -> Prepared | Temporary:
        op, plan = self.op, self.plan
        if plan.constant(op.y) is not None:
            dims = numbers((*self.y_batch, self.panels, self.depth, self.tile.columns))
            layout = f"panels of {self.tile.columns} columns"
            return plan.prepared(op.y, layout, self.dtype, dims, self._pack_constant)
        packed = plan.temporary(self.dtype, *self.y_batch, self.panels, self.depth, self.tile.columns)
        self._add_packing(packed)
        return packed

    def _pack_constant(self, y: Array) -> Array:
        return pack_panels(y, self.op.transpose_y, self.tile.columns).astype(self.dtype.numpy, copy=False)

    def _add_packing(self, packed: Temporary) -> None:
        op, columns = self.op, self.tile.columns
        is_transposed = op.transpose_y
        dims = (*self.y_batch, self.n, self.depth) if is_transposed else (*self.y_batch, self.depth, self.n)
        count = product(self.y_batch) * self.panels

        @self.plan.each(count, cost=self.depth * columns)
        def pack(k: Kernel, number: Any) -> None:
            *at, panel = k.unravel(number, [*(k.dim(d) for d in self.y_batch), k.dim(self.panels)])
            source, target = k.tensor(op.y, dims), k.tensor(packed)
            start = k.mul(panel, columns)
            width = k.minimum(k.sub(k.dim(self.n), start), columns)
            zero = registers.constant(self.dtype, 0)

            def move(j: Any, step: Any) -> None:
                column = k.add(start, j)
                place = (*at, column, step) if is_transposed else (*at, step, column)
                k.write(target, (*at, panel, step, j), k.read_as(self.dtype, source, place))

            if is_transposed:
                with k.loop(0, width) as j:
                    for step in k.across(0, k.dim(self.depth), self.tile.lanes):
                        move(j, step)
            with k.loop(0, k.dim(self.depth)) as step:
                if not is_transposed:
                    for j in k.across(0, width, self.tile.lanes):
                        move(j, step)
                with k.loop(width, columns) as j:
                    k.write(target, (*at, panel, step, j), zero)


def pack_panels(y: Array, is_transposed: bool, columns: int) -> Array:
    """y[..., K, N] as [..., panel, K, columns] with zeros beyond N; y is [..., N, K] when transposed."""
    if y.ndim == 1:
        y = y[:, None]
    elif is_transposed:
        y = np.swapaxes(y, -1, -2)
    *batch, depth, n = y.shape
    packed = np.zeros((*batch, -(-n // columns), depth, columns), y.dtype)
    for panel in range(packed.shape[-3]):
        part = y[..., panel * columns : (panel + 1) * columns]
        packed[..., panel, :, : part.shape[-1]] = part
    return packed
