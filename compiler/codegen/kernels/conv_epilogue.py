"""What is behind a convolution on blocked layouts, computed on the accumulators of a tile before they are stored.

Ops of an instruction or two are written out for every accumulator. Where there are longer ones (exp, erf, division) the
tile goes through a buffer instead, and one loop over its rows computes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlc.codegen import registers
from mlc.codegen.builder import Lanes, Num
from mlc.codegen.groups import Group
from mlc.codegen.kernel import Kernel
from mlc.codegen.kernels.conv_tile import Tile
from mlc.ir import Dim, Op, Value
from mlc.ir.dims import product
from mlc.ops import Abs, Add, Clip, Conv, LeakyRelu, Maximum, Minimum, Mul, Neg, Relu, Sub, Where

SHORT = (Abs, Add, Clip, LeakyRelu, Maximum, Minimum, Mul, Neg, Relu, Sub, Where)


def store_tile(
    k: Kernel, op: Conv, tile: Tile, place: tuple[Num, Num], pixel: Sequence[Num], vectors_per_block: int
) -> None:
    """Ends the conv for a tile: `place` is its sample and first block of filters, `pixel` its first output pixel."""
    (n, block), (*line, first) = place, pixel

    def emit(row: Num, v: int, value: Any) -> None:
        lanes = Lanes(v % vectors_per_block * tile.lanes, 1, tile.lanes, tile.lanes)
        result = registers.converted(k, value, tile.dtype, op.result.tensor.dtype)
        k.emit((n, k.add(block, v // vectors_per_block), *line, k.add(first, row), lanes), result)

    count = len(tile.cells[0])
    if all(isinstance(other, SHORT) for other in k.group.ops if other is not op):
        for row, cells in enumerate(tile.cells):
            for v, cell in enumerate(cells):
                emit(row, v, cell.get())
        return
    kind = registers.register_type(tile.dtype)
    buffer = k.stack(kind, tile.rows * count * tile.lanes)
    tile.spill(buffer)
    with k.loop(0, tile.rows) as row:
        for v in range(count):
            start = k.add(k.mul(row, count * tile.lanes), v * tile.lanes)
            emit(row, v, k.load(buffer, kind, Lanes(start, 1, tile.lanes)))


def flat_shapes(group: Group, op: Conv) -> dict[Value, tuple[Dim, ...]] | None:
    """The values that what is behind the conv in its group reads and makes, with their spatial dims merged into one;
    None where some value has another number of pixels in one of them, or an op reads by an index that it computes of
    unmerged dims."""
    spatial = op.result.tensor.dims[2:-1]
    if not is_elementwise_behind(group, op):
        return None
    behind = dict.fromkeys(op.results)
    for other in group.ops:
        if other is not op:
            behind.update(dict.fromkeys((*other.operands, *other.results)))
    shapes: dict[Value, tuple[Dim, ...]] = {}
    for value in behind:
        merged = _merged(value, spatial, op)
        if merged is None:
            return None
        shapes[value] = merged
    return shapes


def is_elementwise_behind(group: Group, op: Op) -> bool:
    """Whether all of the conv's group but itself is elementwise: others compute indices, of dims as the values have."""
    return all(other.is_elementwise for other in group.ops if other is not op)


def _merged(value: Value, spatial: tuple[Dim, ...], op: Op) -> tuple[Dim, ...] | None:
    dims, rank = value.tensor.dims, len(spatial)
    padded = (1,) * (rank + 3 - len(dims)) + dims
    own = padded[2:-1]
    if len(padded) != rank + 3 or not (own == spatial or all(d == 1 for d in own)):
        return None
    merged = (*padded[:2], product(own), padded[-1])
    return merged[max(0, len(merged) - len(dims)) :] if len(dims) < 3 else merged
