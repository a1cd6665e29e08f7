"""RotaryEmbedding by index: each element with its partner in the pair, turned by the angle of its pair."""

from __future__ import annotations

from mlc.codegen.mlir.elements import Scalar
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.scalars.conversion import converted
from mlc.codegen.mlir.text import Body
from mlc.codegen.registers import accumulator
from mlc.ir import Value
from mlc.ops import RotaryEmbedding


@linalg(RotaryEmbedding, attributes="interleaved")
def rotary_embedding(g: Lowering, op: RotaryEmbedding) -> None:
    """x * cos -+ partner * sin, and x as it is behind the elements that turn."""
    own, turned = op.x.tensor.dtype, op.cos.tensor.dims[2]
    wide = accumulator(own)

    def element(b: Body, index: list[Scalar]) -> Scalar:
        here = b.extract(b.stage.tensor(op.x), index)
        if turned == 0:
            return here
        batch, head, place, i = index
        half, two, one = b.stage.dim(turned), b.index(2), b.index(1)
        whole = b.binary("arith.muli", half, two)
        if op.interleaved:
            side = b.binary("arith.remui", i, two)
            partner = b.binary("arith.subi", b.binary("arith.addi", i, one), b.binary("arith.muli", side, two))
            pair, is_first = b.binary("arith.divui", i, two), b.compare("eq", side, b.index(0))
        else:
            partner = b.binary("arith.remui", b.binary("arith.addi", i, half), whole)
            pair, is_first = b.binary("arith.remui", i, half), b.compare("slt", i, half)
        last = b.binary("arith.subi", b.stage.dim(op.x.tensor.dims[3]), one)
        partner = b.binary("arith.minsi", partner, last)
        pair = b.binary("arith.minsi", pair, b.binary("arith.subi", half, one))

        def angle(table: Value) -> Scalar:
            row = batch
            if table.tensor.dims[0] != op.x.tensor.dims[0]:
                row = b.select(b.compare("eq", b.stage.dim(table.tensor.dims[0]), one), b.index(0), batch)
            return converted(b, b.extract(b.stage.tensor(table), [row, place, pair]), table.tensor.dtype, wide)

        x = converted(b, here, own, wide)
        other = converted(b, b.extract(b.stage.tensor(op.x), [batch, head, place, partner]), own, wide)
        cos, sin = angle(op.cos), angle(op.sin)
        signed = b.select(is_first, b.unary("arith.negf", sin), sin)
        y = b.add(b.mul(other, signed), b.mul(x, cos))
        return converted(b, b.select(b.compare("slt", i, whole), y, x), wide, own)

    g.indexed(op, element)
