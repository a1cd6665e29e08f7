"""RotaryEmbedding by index: each element with its partner in the pair, turned by the angle of its pair."""

from __future__ import annotations

from llvmlite import ir

from mlc.codegen import registers
from mlc.codegen.builder import Index
from mlc.codegen.kernel import Values
from mlc.codegen.registers import accumulator
from mlc.codegen.registry import indexed
from mlc.ir import Value
from mlc.ops import RotaryEmbedding


@indexed(RotaryEmbedding)
def rotary_embedding(values: Values, op: RotaryEmbedding, index: tuple[Index, ...]) -> ir.Value:
    """x * cos -+ partner * sin; the partners' index is a plain ramp where a vector does not cross R."""
    k = values.k
    dtype = accumulator(op.x.tensor.dtype)
    turned = op.cos.tensor.dims[2]
    half = k.dim(turned)
    batch, head, place, i = index
    if turned == 0:
        return values.at(op.x, index)
    if op.interleaved:
        side = k.mod(i, 2)
        partner, pair = k.sub(k.add(i, 1), k.mul(side, 2)), k.floordiv(i, 2)
        is_first = k.compare("==", side, 0)
    else:
        partner, pair = k.mod(k.add(i, half), k.mul(half, 2)), k.mod(i, half)
        is_first = k.compare("<", i, half)
    is_whole = op.x.tensor.dims[3] == 2 * turned
    if not is_whole:
        last = k.sub(k.dim(op.x.tensor.dims[3]), 1)
        partner, pair = k.minimum(partner, last), k.minimum(pair, k.sub(half, 1))

    def element(value: Value, at: tuple[Index, ...]) -> ir.Value:
        return registers.converted(k, values.at(value, at), value.tensor.dtype, dtype)

    def angle(table: Value) -> ir.Value:
        row = k.values.broadcast_index(table.tensor.dims[0], op.x.tensor.dims[0], batch)
        return element(table, (row, place, pair))

    x, other = element(op.x, index), element(op.x, (batch, head, place, partner))
    x, other, cos, sin = k.unified(x, other, angle(op.cos), angle(op.sin))
    signed = k.select(is_first, k.ir.fneg(sin), sin)
    y = k.fma(other, signed, k.ir.fmul(x, cos))
    if not is_whole:
        y = k.select(k.compare("<", i, k.mul(half, 2)), y, x)
    return registers.converted(k, y, dtype, op.x.tensor.dtype)
