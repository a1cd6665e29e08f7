"""Index functions of mlc.ops.layout: element i of a dim cut into tiles of t is element i mod t of tile i floordiv t."""

from __future__ import annotations

from typing import Any

from mlc.codegen import registers
from mlc.codegen.builder import Index, lanes_of
from mlc.codegen.kernel import Values
from mlc.codegen.registry import indexed
from mlc.ops import Pack, Unpack

Element = Any  # ir.Value; llvmlite is untyped
At = tuple[Index, ...]


@indexed(Pack)
def pack(values: Values, op: Pack, index: At) -> Element:
    """The element of x in the tile; in lanes of no element the fill, read over an index that is moved inside."""
    k = values.k
    dims = op.x.tensor.dims
    at: list[Index] = list(index[: len(dims)])
    inside: list[Element] = []
    for axis, tile, lane in zip(op.axes, op.tiles, index[len(dims) :], strict=True):
        place = k.add(k.mul(at[axis], tile), lane)
        extent = dims[axis]
        if not isinstance(extent, int) or extent % tile != 0:
            inside.append(k.compare("<", place, k.dim(extent)))
            place = k.minimum(place, k.sub(k.dim(extent), 1))
        at[axis] = place
    if any(d == 0 for d in dims) or not inside:
        return values.at(op.x, at)
    count = lanes_of(*index)
    number = registers.constant(op.x.tensor.dtype, _fill(op))
    fill = number if count is None else k.splat(number, count)
    return k.select(k.all_of(inside), values.at(op.x, at), fill)


def _fill(op: Pack) -> float:
    """What `evaluate` puts into lanes of no element."""
    dtype = op.x.tensor.dtype
    if op.fill is not None:
        return op.fill
    if dtype.is_float:
        return float("nan")
    return -(1 << dtype.bits - 1) if dtype.is_signed else 0


@indexed(Unpack)
def unpack(values: Values, op: Unpack, index: At) -> Element:
    k = values.k
    at: list[Index] = list(index)
    for axis, tile in zip(op.axes, op.tiles, strict=True):
        at.append(k.mod(index[axis], tile))
        at[axis] = k.floordiv(index[axis], tile)
    return values.at(op.x, at)
