"""Dims as code: the i64 value of a Dim, given how to get a symbol's value."""

from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir

from mlc.codegen.builder import Builder, Num
from mlc.ir.dims import Dim, Quotient, Symbol


def emit_dim(k: Builder, dim: Dim, symbol: Callable[[str], Num]) -> Num:
    """The value of `dim`: an int when it is one, else arithmetic on the values `symbol` gives."""
    if isinstance(dim, int):
        return dim
    total: Num = 0
    for monomial, coefficient in dim.terms:
        term: Num = coefficient
        for atom in monomial:
            term = k.mul(term, _atom(k, atom, symbol))
        total = k.add(total, term)
    return total


def _atom(k: Builder, atom: Symbol | Quotient, symbol: Callable[[str], Num]) -> Num:
    match atom:
        case Symbol(name):
            return symbol(name)
        case Quotient(kind, x, y):
            left, right = emit_dim(k, x, symbol), emit_dim(k, y, symbol)
            match kind:
                case "floordiv":
                    return floor_quotient(k, left, right)
                case "mod":
                    return k.sub(left, k.mul(right, floor_quotient(k, left, right)))
                case "min":
                    return k.minimum(left, right)
                case "max":
                    return k.maximum(left, right)
    raise AssertionError(atom)


def floor_quotient(k: Builder, x: Num, y: Num) -> Num:
    """x / y rounded towards minus infinity for any x; 0 when y is 0 or less, which no extent divides by."""
    if isinstance(x, int) and isinstance(y, int):
        return x // y if y > 0 else 0
    x, y = k.i64(x), k.i64(y)
    zero = ir.Constant(y.type, 0)
    is_positive = k.ir.icmp_signed(">", y, zero)
    divisor = k.ir.select(is_positive, y, ir.Constant(y.type, 1))
    quotient = k.ir.sdiv(x, divisor)
    rest = k.ir.sub(x, k.ir.mul(quotient, divisor))
    floored = k.ir.sub(quotient, k.ir.zext(k.ir.icmp_signed("<", rest, zero), y.type))
    return k.ir.select(is_positive, floored, zero)
