"""Operations on the bits of integers that several dialects have and the IR has not, in those it has."""

from __future__ import annotations

import numpy as np

from mlc.frontend.mlir_import.graph import Graph
from mlc.ir import DType, Value
from mlc.ops import Add, Bitcast, BitwiseAnd, BitwiseNot, BitwiseOr, BitwiseXor, Less, Mul, Shift, Sub, Where

UNSIGNED = {DType.I8: DType.U8, DType.I16: DType.U16, DType.I32: DType.U32, DType.I64: DType.U64}
SIGNED = {unsigned: signed for signed, unsigned in UNSIGNED.items()}
SIGNED_OF_FLOAT = {DType.F16: DType.I16, DType.BF16: DType.I16, DType.F32: DType.I32, DType.F64: DType.I64}


def shifted_right(g: Graph, x: Value, places: Value) -> Value:
    """x >> places with zeros shifted in, whatever the sign of x."""
    dtype = x.tensor.dtype
    unsigned = UNSIGNED.get(dtype)
    if unsigned is None:
        return g(Shift(x, places, "right"))
    return g(Bitcast(g(Shift(g(Bitcast(x, unsigned)), g(Bitcast(places, unsigned)), "right")), dtype))


def leading_zeros(g: Graph, x: Value) -> Value:
    """How many of the highest bits of x are 0: the ones that are left when every bit below the highest 1 is set.

    H. Warren, Hacker's Delight, 2nd edition, section 5-3.
    """
    dtype = x.tensor.dtype
    filled, places = x, 1
    while places < dtype.bits:
        filled = g(BitwiseOr(filled, shifted_right(g, filled, g.scalar(places, dtype))))
        places *= 2
    return ones(g, g(BitwiseNot(filled)))


def ones(g: Graph, x: Value) -> Value:
    """How many bits of x are 1, added up in pairs, then fours, then bytes.

    H. Warren, Hacker's Delight, 2nd edition, section 5-1.
    """
    dtype = x.tensor.dtype

    def mask(byte: int) -> Value:
        return g.constant(np.frombuffer(bytes([byte]) * dtype.itemsize, dtype.numpy).reshape(()))

    def every(value: Value, places: int, byte: int) -> Value:
        return g(BitwiseAnd(shifted_right(g, value, g.scalar(places, dtype)), mask(byte)))

    pairs = g(Sub(x, every(x, 1, 0x55)))
    fours = g(Add(g(BitwiseAnd(pairs, mask(0x33))), every(pairs, 2, 0x33)))
    bytes_ = g(BitwiseAnd(g(Add(fours, shifted_right(g, fours, g.scalar(4, dtype)))), mask(0x0F)))
    if dtype.bits == 8:
        return bytes_
    total = g(Mul(bytes_, mask(0x01)))
    return shifted_right(g, total, g.scalar(dtype.bits - 8, dtype))


def upper_half(g: Graph, x: Value, y: Value) -> Value:
    """The upper half of the bits of x * y.

    Up to 32 bits the product of twice as many; of 64 bits by halves, H. Warren, Hacker's Delight, 2nd edition, section
    8-2, whose shifts are arithmetic for signed numbers but for the product of the lower halves.
    """
    dtype = x.tensor.dtype
    wide = DType.I64 if dtype.is_signed else DType.U64
    if dtype.bits < 64:
        product = g(Mul(g.cast(x, wide), g.cast(y, wide)))
        return g.cast(g(Shift(product, g.scalar(dtype.bits, wide), "right")), dtype)
    half, low = g.scalar(32, dtype), g.scalar((1 << 32) - 1, dtype)
    x0, y0 = (g(BitwiseAnd(v, low)) for v in (x, y))
    x1, y1 = (g(Shift(v, half, "right")) for v in (x, y))
    middle = g(Add(g(Mul(x1, y0)), shifted_right(g, g(Mul(x0, y0)), half)))
    carried = g(Add(g(Mul(x0, y1)), g(BitwiseAnd(middle, low))))
    upper = g(Add(g(Mul(x1, y1)), g(Shift(middle, half, "right"))))
    return g(Add(upper, g(Shift(carried, half, "right"))))


def in_total_order(g: Graph, x: Value) -> Value:
    """Integers that are ordered as floats are under IEEE 754's totalOrder: -NaN, -inf, ..., -0, 0, ..., inf, NaN."""
    signed = SIGNED_OF_FLOAT[x.tensor.dtype]
    bits = g(Bitcast(x, signed))
    greatest = g.scalar((1 << (signed.bits - 1)) - 1, signed)
    return g(Where(g(Less(bits, g.scalar(0, signed))), g(BitwiseXor(bits, greatest)), bits))
