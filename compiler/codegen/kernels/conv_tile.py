"""The register tile of a blocked convolution: rows of output pixels times vectors of filters, and its sum of products.

All a tile reads hangs on two addresses, one into the image and one into the weights, at distances that are constants:
row r of the tile reads its input channel r * row_stride elements on, and the vectors of a tile's weights lie together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from mlc.codegen import registers
from mlc.codegen.builder import POINTER, Lanes, Num
from mlc.codegen.kernel import Kernel
from mlc.ir import DType
from mlc.ops import Conv
from mlc.ops.inference import numbers

# FMAs in one loop body: half of what the micro-op cache was seen to take, which compiles in half the time.
MAX_UNROLLED = 224


@dataclass(frozen=True)
class Address:
    """A pointer to elements of `dtype`, read as `wanted`."""

    pointer: Any
    dtype: DType
    wanted: DType

    def plus(self, k: Kernel, offset: Num) -> Address:
        """The address `offset` elements on."""
        moved = k.at(self.pointer, registers.memory_type(self.dtype), offset)
        return Address(moved, self.dtype, self.wanted)

    def apart(self, k: Kernel) -> Address:
        """The same address, of which LLVM knows nothing: what is read from it is read again where it is used.

        Neighbouring pixels see the same elements at other taps. Kept from one tap to the next, they would drive the
        accumulators out of the registers.
        """
        same = ir.InlineAsm(ir.FunctionType(POINTER, [POINTER]), "", "=r,0")
        return Address(k.ir.call(same, [self.pointer]), self.dtype, self.wanted)

    def scalar(self, k: Kernel, offset: int) -> Any:
        """The element at a constant distance."""
        memory = k.load(self.pointer, registers.memory_type(self.dtype), offset)
        return registers.converted(k, registers.decoded(k, self.dtype, memory), self.dtype, self.wanted)

    def vector(self, k: Kernel, offset: int, lanes: int) -> Any:
        """The elements at a constant distance and behind it."""
        memory = k.load(self.pointer, registers.memory_type(self.dtype), Lanes(offset, 1, lanes))
        return registers.converted(k, registers.decoded(k, self.dtype, memory), self.dtype, self.wanted)


@dataclass(frozen=True)
class Product:
    """One step of the sum: the input channel at `image` and the weights at `weights`, elements from the addresses."""

    image: int
    weights: int


class Tile:
    """The accumulators while the kernel is written; `start` gives each vector's first value."""

    def __init__(self, k: Kernel, dtype: DType, rows: int, start: Sequence[Any]) -> None:
        self.k, self.dtype, self.rows = k, dtype, rows
        self.lanes = start[0].type.count
        self.cells = [[k.variable(vector) for vector in start] for _ in range(rows)]

    def add_products(
        self,
        image: Address,
        columns: Sequence[Address],
        products: Sequence[Product],
        span: tuple[int, int],
        row_stride: int,
    ) -> None:
        """Adds the products to rows [low, high) = span; `columns` are the addresses of the vectors of weights."""
        k = self.k
        sums = {row: [cell.get() for cell in self.cells[row]] for row in range(*span)}
        for product in products:
            vectors = [column.vector(k, product.weights, self.lanes) for column in columns]
            for row, values in sums.items():
                factor = k.splat(image.scalar(k, row * row_stride + product.image), self.lanes)
                sums[row] = [k.fma(factor, vector, value) for vector, value in zip(vectors, values, strict=True)]
        for row, values in sums.items():
            for cell, value in zip(self.cells[row], values, strict=True):
                cell.set(value)

    def spill(self, buffer: Any) -> None:
        """Stores the tile to `buffer`, row-major."""
        columns = len(self.cells[0]) * self.lanes
        for row, cells in enumerate(self.cells):
            for number, cell in enumerate(cells):
                self.k.store(buffer, cell.get(), Lanes(row * columns + number * self.lanes, 1, self.lanes))


def last_block_channels(op: Conv) -> int:
    """How many channels of the last block of x the sum of a blocked conv goes over."""
    inner = numbers(op.w.tensor.dims[-2:])[0]
    return (op.channels - 1) % inner + 1 if op.channels else inner


def zeros(k: Kernel, dtype: DType, lanes: int) -> Any:
    """A vector of zeros of the accumulator's dtype."""
    return k.splat(registers.constant(dtype, 0), lanes)
