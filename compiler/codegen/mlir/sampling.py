"""Reading images between their elements: places as floats, brought into the image, with the weights of neighbours.

Floats here are not contracted: a place that is rounded another way is another element.
"""

from __future__ import annotations

from collections.abc import Sequence

from mlc.codegen.mlir.elements import Scalar
from mlc.codegen.mlir.text import Body
from mlc.ir import Dim


def as_float(b: Body, x: Scalar, type: str) -> Scalar:
    """An index as a float."""
    return b.convert("arith.sitofp", b.convert("arith.index_cast", x, "i64"), type)


def plus(b: Body, x: Scalar, y: Scalar) -> Scalar:
    """x + y."""
    return b.plain("arith.addf", x, y)


def minus(b: Body, x: Scalar, y: Scalar) -> Scalar:
    """x - y."""
    return b.plain("arith.subf", x, y)


def times(b: Body, x: Scalar, y: Scalar) -> Scalar:
    """x * y."""
    return b.plain("arith.mulf", x, y)


def between(b: Body, x: Scalar, low: Scalar, high: Scalar) -> Scalar:
    """x moved into [low, high]; NaN becomes low."""
    raised = b.select(b.compare("ogt", x, low), x, low)
    return b.select(b.compare("olt", raised, high), raised, high)


def element_at(b: Body, place: Scalar, extent: Dim) -> tuple[Scalar, Scalar]:
    """The index of the element at a whole-numbered place, and whether it is inside; outside the nearest, NaN is 0."""
    zero = b.like(0, place)
    last = minus(b, as_float(b, b.stage.dim(extent), place.type), b.like(1, place))
    inside = b.binary("arith.andi", b.compare("oge", place, zero), b.compare("ole", place, last))
    # An image of nothing has a last element of -1: what reads it must not.
    whole = b.convert("arith.fptosi", between(b, place, zero, last), "i64")
    return b.as_index(whole), inside


def elements_at(b: Body, places: Sequence[Scalar], extents: Sequence[Dim]) -> tuple[list[Scalar], Scalar]:
    """`element_at` for each dim, and whether all are inside."""
    found = [element_at(b, place, extent) for place, extent in zip(places, extents, strict=True)]
    inside = found[0][1]
    for _, one in found[1:]:
        inside = b.binary("arith.andi", inside, one)
    return [index for index, _ in found], inside


def linear_weight(b: Body, place: Scalar, at: Scalar) -> Scalar:
    """The weight at `at` of the element at a place beside it."""
    return minus(b, b.like(1, at), b.unary("math.absf", minus(b, place, at)))


def cubic_weight(b: Body, d: Scalar, a: float) -> Scalar:
    """Keys' weight at distance d >= 0, NaN of NaN: (a+2)d^3 - (a+3)d^2 + 1 up to 1, a(d^3 - 5d^2 + 8d - 4) up to 2."""

    def polynomial(*factors: float) -> Scalar:
        total = b.like(factors[0], d)
        for factor in factors[1:]:
            total = plus(b, times(b, total, d), b.like(factor, d))
        return total

    near, far = polynomial(a + 2, -(a + 3), 0, 1), polynomial(a, -5 * a, 8 * a, -4 * a)
    outer = b.select(b.compare("ult", d, b.like(2, d)), far, b.like(0, d))
    return b.select(b.compare("ole", d, b.like(1, d)), near, outer)


def folded(b: Body, at: Scalar, low: Scalar, high: Scalar) -> Scalar:
    """`at` mirrored at the ends of [low, high] until it lies between them."""
    is_wide = b.compare("ogt", high, low)
    width = b.select(is_wide, minus(b, high, low), b.like(1, at))
    period = plus(b, width, width)
    turn = b.binary("arith.remf", minus(b, at, low), period)
    turn = b.select(b.compare("olt", turn, b.like(0, turn)), plus(b, turn, period), turn)
    turn = b.select(b.compare("ogt", turn, width), minus(b, period, turn), turn)
    return b.select(is_wide, plus(b, low, turn), low)
