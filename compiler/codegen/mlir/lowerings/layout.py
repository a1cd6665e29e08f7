"""Blocked layouts: linalg.pack and linalg.unpack written out as copies by index map."""

from __future__ import annotations

from mlc.codegen.mlir.elements import Scalar
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.lowerings.reduce import lowest
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.text import Body
from mlc.ops import Pack, Unpack


@linalg(Pack, attributes="axes tiles fill")
def pack(g: Lowering, op: Pack) -> None:
    """By index: element tile * t + lane of each cut dim, or `fill` behind its end; what may be anything is NaN."""
    fill = op.fill
    if fill is None:
        fill = float("nan") if op.x.tensor.dtype.is_float else lowest(op.x.tensor.dtype)
    x, rank = op.x.tensor.dims, op.x.tensor.rank

    def element(b: Body, index: list[Scalar]) -> Scalar:
        at = list(index[:rank])
        inside: Scalar | None = None
        for place, (axis, tile) in enumerate(zip(op.axes, op.tiles, strict=True)):
            whole = b.binary("arith.addi", b.binary("arith.muli", index[axis], b.index(tile)), index[rank + place])
            extent = x[axis]
            if isinstance(extent, int) and extent % tile == 0:
                at[axis] = whole
                continue
            size = b.stage.dim(extent)
            is_in = b.compare("slt", whole, size)
            at[axis] = b.binary("arith.minsi", whole, b.binary("arith.subi", size, b.index(1)))
            inside = is_in if inside is None else b.binary("arith.andi", inside, is_in)
        found = b.extract(b.stage.tensor(op.x), at)
        return found if inside is None else b.select(inside, found, b.like(fill, found))

    g.indexed(op, element)


@linalg(Unpack, attributes="axes tiles dims")
def unpack(g: Lowering, op: Unpack) -> None:
    def element(b: Body, index: list[Scalar]) -> Scalar:
        at, lanes = list(index), []
        for axis, tile in zip(op.axes, op.tiles, strict=True):
            at[axis] = b.binary("arith.divui", index[axis], b.index(tile))
            lanes.append(b.binary("arith.remui", index[axis], b.index(tile)))
        return b.extract(b.stage.tensor(op.x), [*at, *lanes])

    g.indexed(op, element)
