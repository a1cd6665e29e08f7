"""The register tile that matrix products and convolutions share: rows x vectors of accumulators over a sum.

A tile of `rows` scalars times `vectors` vectors keeps rows * vectors accumulators in registers, beside the vectors of
the right factor and one broadcast of the left: 6 x 2 for the 16 registers of AVX2, 14 x 2 for the 32 of AVX-512.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from mlc.codegen import registers
from mlc.codegen.builder import Builder, Lanes, Num, Variable
from mlc.codegen.registers import accumulator as accumulator
from mlc.ir import Dim, DType
from mlc.target import Target

VECTORS = 2
MOST_VECTORS = 4
# Bytes.
CACHE_LINE = 64
# An address of x86-64's first level of cache repeats after 4 KiB in each way, since its index lies within a page.
WAY_BYTES = 4096


@dataclass(frozen=True)
class TileShape:
    """Rows and columns of a tile; columns are `vectors` registers of `lanes`."""

    rows: int
    vectors: int
    lanes: int

    @property
    def columns(self) -> int:
        """Elements of one row of the tile."""
        return self.vectors * self.lanes

    def __str__(self) -> str:
        return f"{self.rows}x{self.columns}"


def tile_for(target: Target, dtype: DType) -> TileShape:
    """The largest tile whose accumulators, two vectors and a broadcast fit the registers."""
    rows = (target.register_count - VECTORS - 2) // VECTORS
    return TileShape(rows, VECTORS, target.lanes(accumulator(dtype).itemsize))


def tile_shapes(target: Target, dtype: DType, rows: Dim) -> list[TileShape]:
    """The tiles whose accumulators, vectors and a broadcast fit the registers, no higher than there are rows."""
    lanes = target.lanes(accumulator(dtype).itemsize)
    return [
        TileShape(height, vectors, lanes)
        for vectors in range(1, MOST_VECTORS + 1)
        for height in range((target.register_count - vectors - 1) // vectors, 0, -1)
        if not isinstance(rows, int) or height <= max(rows, 1)
    ]


def shapes_for_rows_apart(target: Target, dtype: DType, rows: Dim, stride_bytes: int) -> list[TileShape]:
    """The tiles whose rows of a left factor do not push each other out of the first level of cache.

    Rows whose distance has a large power of two in it fall on the same lines of each way.
    """
    apart = WAY_BYTES // math.gcd(stride_bytes, WAY_BYTES)  # rows until one falls on the first
    most = target.l1_bytes // WAY_BYTES * apart
    return [shape for shape in tile_shapes(target, dtype, rows) if shape.rows <= most]


class Accumulators:
    """The accumulators of one tile while the kernel is written."""

    def __init__(self, k: Builder, dtype: DType, shape: TileShape) -> None:
        self.k, self.shape = k, shape
        kind = registers.register_type(dtype)
        vector = ir.VectorType(kind, shape.lanes)
        zero = ir.Constant(vector, [0.0 if dtype.is_float else 0] * shape.lanes)
        self.cells: list[list[Variable]] = [[k.variable(zero) for _ in range(shape.vectors)] for _ in range(shape.rows)]

    def add_products(self, left: Callable[[int], Any], right: Callable[[int], Any]) -> None:
        """cells[r][v] += left(r) * right(v), where left gives scalars and right vectors."""
        vectors = [right(v) for v in range(self.shape.vectors)]
        for row, cells in enumerate(self.cells):
            factor = self.k.splat(left(row), self.shape.lanes)
            for cell, vector in zip(cells, vectors, strict=True):
                cell.set(self.k.fma(factor, vector, cell.get()))

    def spill(self, buffer: Any) -> None:
        """Stores the tile to `buffer`, row-major."""
        for row, cells in enumerate(self.cells):
            for number, cell in enumerate(cells):
                start = row * self.shape.columns + number * self.shape.lanes
                self.k.store(buffer, cell.get(), Lanes(start, 1, self.shape.lanes))


def even_rows(target: Target, count: Dim, most: int, vectors: int = VECTORS) -> int:
    """Rows of a tile, at most `most`, for which `count` rows take the fewest cycles.

    A last tile that is not full costs what a full one does.
    """
    if not isinstance(count, int):
        return most
    heights = range(min(most, max(count, 1)), 0, -1)
    return min(heights, key=lambda rows: -(-count // rows) * step_cycles(target, rows, vectors))


def step_cycles(target: Target, rows: int, vectors: int) -> float:
    """What a step of the sum costs a tile: its FMAs, its loads, or an FMA's latency of 4, whichever is longest, and a
    little for the loop and for each load, since they do not overlap wholly.

    Two elements are loaded a cycle, and as many vectors as FMAs are done: a core that halves one halves the other.
    """
    fmas, loads = rows * vectors / target.fmas, rows / 2 + vectors / target.fmas
    # Measured on Zen 4: tiles of 28 x 1 take 1.8 % longer than those of 14 x 2.
    return max(fmas, loads, 4) + 0.2 * target.fmas + 0.04 * (rows + vectors) / target.fmas


def product_cycles(target: Target, rows: Dim, columns: Dim, shape: TileShape) -> float:
    """Cycles for a step of the sum of a whole product, by row and column where these are not known.

    Rows that are left make a tile of their own, which is code and compile time, and is taken for one cycle in a
    hundred; columns that are left cost what a full panel does.
    """
    whole = step_cycles(target, shape.rows, shape.vectors)
    panels = -(-columns // shape.columns) if isinstance(columns, int) else 1 / shape.columns
    if not isinstance(rows, int):
        return panels * whole / shape.rows
    tall, low = divmod(rows, shape.rows)
    return panels * (tall * whole + step_cycles(target, low, shape.vectors)) * 1.01 if low else panels * tall * whole


def tile_heights(rows: Dim, shape: TileShape) -> tuple[int, ...]:
    """Rows of the tiles that so many rows are cut into: the tile's, and what covers the rows that are left."""
    if isinstance(rows, int):
        return (shape.rows, rows % shape.rows) if rows % shape.rows else (shape.rows,)
    return tuple(dict.fromkeys((shape.rows, max(shape.rows // 2, 1), 1)))


def tile_starts(k: Builder, start: Num, stop: Num, rows: int) -> Iterator[Num]:
    """Emits its body for the first row of each tile over [start, stop); the last tile may reach beyond: one body serves
    all, its author clamps what it reads and stores only the rows below stop."""
    length = k.sub(stop, start)
    if isinstance(length, int) and length <= rows:
        yield start
    else:
        with k.loop(start, stop, rows) as first:
            yield first
