"""The right factor of a product in panels of one tile's columns: [batch][panel][K][columns], zeros beyond N.

Constant factors are packed in numpy when compiling, others by a launch in front of the product; kernels/matmul.py
decides which, and where neither is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir

from mlc.codegen import registers
from mlc.codegen.builder import Index, Lanes, Num
from mlc.codegen.kernel import Kernel, Temporary
from mlc.codegen.kernels.tiles import TileShape
from mlc.codegen.schedule import Plan
from mlc.ir import Array, Dim, DType, Value
from mlc.ir.dims import ceildiv, product


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


@dataclass(frozen=True)
class Panels:
    """What packs y[batch, K, N], [batch, N, K] when transposed, in panels of `dtype` for this tile."""

    y: Value
    is_transposed: bool
    batch: tuple[Dim, ...]
    depth: Dim
    n: Dim
    tile: TileShape
    dtype: DType

    def add(self, plan: Plan) -> Temporary:
        """Adds the launch; the workspace that it fills."""
        columns, panels = self.tile.columns, ceildiv(self.n, self.tile.columns)
        packed = plan.temporary(self.dtype, *self.batch, panels, self.depth, columns)
        dims = (*self.batch, self.n, self.depth) if self.is_transposed else (*self.batch, self.depth, self.n)

        @plan.each(product(self.batch) * panels, cost=self.depth * columns)
        def pack(k: Kernel, number: Any) -> None:
            *at, panel = k.unravel(number, [*(k.dim(d) for d in self.batch), k.dim(panels)])
            source, target = k.tensor(self.y, dims), k.tensor(packed)
            start = k.mul(panel, columns)
            width = k.minimum(k.sub(k.dim(self.n), start), columns)
            if self.is_transposed:
                self._turn_panel(k, source, target, at, panel, start, width)
                return
            with k.loop(0, k.dim(self.depth)) as step:
                self._copy_row(k, source, target, at, panel, step, start, width)

        return packed

    def _copy_row(
        self, k: Kernel, source: Any, target: Any, at: list[Num], panel: Num, step: Num, start: Num, width: Num
    ) -> None:
        """A row of y[K, N] into a panel, vectors at once where each panel is full; zeros behind its end."""
        columns, lanes = self.tile.columns, self.tile.lanes

        def read(j: Index) -> ir.Value:
            return k.read_as(self.dtype, source, (*at, step, k.add(start, j)))

        if isinstance(self.n, int) and self.n % columns == 0:
            places = [Lanes(j, 1, lanes, lanes) for j in range(0, columns, lanes)]
            for j, vector in zip(places, [read(j) for j in places], strict=True):
                k.write(target, (*at, panel, step, j), vector)
            return
        for j in k.across(0, width, lanes):
            k.write(target, (*at, panel, step, j), read(j))
        with k.loop(width, columns) as j:
            k.write(target, (*at, panel, step, j), registers.constant(self.dtype, 0))

    def _turn_panel(
        self, k: Kernel, source: Any, target: Any, at: list[Num], panel: Num, start: Num, width: Num
    ) -> None:
        """A panel of y[N, K] in squares of one vector; behind the last row of y it is repeated, and not looked at."""
        lanes = self.tile.lanes
        last = k.sub(k.dim(self.n), 1)
        with k.loop(0, width, lanes) as j:
            rows = [k.minimum(k.add(k.add(start, j), n), last) for n in range(lanes)]
            for step in k.across(0, k.dim(self.depth), lanes):
                lines = [k.read_as(self.dtype, source, (*at, row, step)) for row in rows]
                if isinstance(step, Lanes):
                    for n, line in enumerate(k.transposed(lines)):
                        k.write(target, (*at, panel, k.add(step.base, n), Lanes(j, 1, lanes)), line)
                else:
                    k.write(target, (*at, panel, step, Lanes(j, 1, lanes)), k.gathered(lines))
