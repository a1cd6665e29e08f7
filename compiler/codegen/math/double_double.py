"""Sums and products of two floats without rounding error, as pairs (rounded value, error)."""

from __future__ import annotations

from llvmlite import ir

from mlc.codegen.math.lanes import bits, constant, fma, format_of, from_bits, has_feature


def two_sum(b: ir.IRBuilder, x: ir.Value, y: ir.Value) -> tuple[ir.Value, ir.Value]:
    """The rounded sum and its error (Knuth, TAOCP 2, 4.2.2)."""
    total = b.fadd(x, y)
    y_part = b.fsub(total, x)
    return total, b.fadd(b.fsub(x, b.fsub(total, y_part)), b.fsub(y, y_part))


def quick_two_sum(b: ir.IRBuilder, x: ir.Value, y: ir.Value) -> tuple[ir.Value, ir.Value]:
    """two_sum for |x| >= |y| (Dekker, Numerische Mathematik 18, 1971)."""
    total = b.fadd(x, y)
    return total, b.fsub(y, b.fsub(total, x))


def two_product(b: ir.IRBuilder, x: ir.Value, y: ir.Value) -> tuple[ir.Value, ir.Value]:
    """The rounded product and its error, where neither underflows: by FMA, or from halves of the mantissas."""
    product = b.fmul(x, y)
    if has_feature(b, "fma"):
        return product, fma(b, x, y, b.fneg(product))
    x_head, x_tail = _halves(b, x)
    y_head, y_tail = _halves(b, y)
    error = b.fsub(b.fmul(x_head, y_head), product)
    error = b.fadd(error, b.fmul(x_head, y_tail))
    error = b.fadd(error, b.fmul(x_tail, y_head))
    return product, b.fadd(error, b.fmul(x_tail, y_tail))


def _halves(b: ir.IRBuilder, x: ir.Value) -> tuple[ir.Value, ir.Value]:
    """x as head + tail, each with so few bits that products of them are exact."""
    fmt = format_of(x)
    pattern = bits(b, x)
    low_bits = (1 << ((fmt.mantissa_bits + 2) // 2)) - 1
    head = from_bits(b, b.and_(pattern, constant(pattern, ((1 << fmt.bits) - 1) ^ low_bits)))
    return head, b.fsub(x, head)
