"""What rules recognize spelled-out ops by: scalars, flattened products, uses that leak out of a pattern."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mlc.ir import DType, Op, Use, Value
from mlc.ops import Div, Mul, Pow, ReduceMax, ReduceMean, ReduceMin, ReduceSum
from mlc.passes.algebra import splat
from mlc.rewrite import Miss

# A constant written in decimal and rounded to the element type is this many units in the last place off, at most.
_ULPS = 8
_EPSILON = {DType.F64: 2.0**-52, DType.F32: 2.0**-23, DType.F16: 2.0**-10, DType.BF16: 2.0**-7}


def scalar(value: Value | None) -> float | None:
    """The number that a float constant is filled with."""
    single = splat(value)
    return None if single is None or value is None or not value.tensor.dtype.is_float else float(single)


def is_about(value: Value | None, number: float) -> bool:
    """Whether `value` is a constant filled with `number`, up to how the number was written down."""
    found = scalar(value)
    return found is not None and value is not None and close(found, number, value.tensor.dtype)


def close(found: float, number: float, dtype: DType) -> bool:
    """Whether `found` is `number` rounded to `dtype`, or to f32 where the model's author rounded earlier."""
    epsilon = max(_EPSILON.get(dtype, 0.0), _EPSILON[DType.F32])
    return math.isclose(found, number, rel_tol=_ULPS * epsilon)


@dataclass
class Product:
    """constant * factor * factor...; `ops` are the multiplications that make it up."""

    constant: float
    factors: list[Value]
    ops: list[Op]

    def without(self, factor: Value) -> list[Value] | None:
        """The factors but one `factor`; None when it is none of them."""
        if factor not in self.factors:
            return None
        place = self.factors.index(factor)
        return self.factors[:place] + self.factors[place + 1 :]


def product_of(value: Value, stops: Iterable[Value] = ()) -> Product:
    """`value` as a product: multiplications, divisions by constants and small integer powers are taken apart.

    The values of `stops` are factors as they are, whatever makes them.
    """
    found = Product(1.0, [], [])
    _flatten(value, frozenset(stops), found, top=True)
    return found


def _flatten(value: Value, stops: frozenset[Value], found: Product, top: bool = False) -> None:
    op = value.op
    if value not in stops:
        number = scalar(value)
        if number is not None:
            found.constant *= number
            return
        if isinstance(op, Mul) and (top or op.x.type == value.type or op.y.type == value.type):
            found.ops.append(op)
            _flatten(op.x, stops, found)
            _flatten(op.y, stops, found)
            return
        if isinstance(op, Div) and (divisor := scalar(op.y)) not in (None, 0.0):
            assert divisor is not None
            found.ops.append(op)
            found.constant /= divisor
            _flatten(op.x, stops, found)
            return
        if isinstance(op, Pow) and scalar(op.y) in (2.0, 3.0):
            found.ops.append(op)
            for _ in range(int(scalar(op.y) or 0)):
                _flatten(op.x, stops, found)
            return
    found.factors.append(value)


def square_of(value: Value) -> tuple[Value, Op] | None:
    """x when `value` is x * x or x to the power 2, with the op that makes it."""
    match value.op:
        case Mul() as op if op.x is op.y:
            return op.x, op
        case Pow() as op if scalar(op.y) == 2.0 and op.x.type == value.type:
            return op.x, op
        case _:
            return None


def reduced_axes(op: ReduceMean | ReduceSum | ReduceMax | ReduceMin) -> tuple[int, ...] | None:
    """The axes, counted from the front, of a reduction that keeps its dims and whose axes are known."""
    if op.axes is None or op.axes_operand is not None or not op.keep_dims or op.x.tensor.shape is None or not op.axes:
        return None
    return tuple(sorted(a % op.x.tensor.rank for a in op.axes))


def leaking_use(ops: Sequence[Op], root: Op) -> Use | None:
    """A use of what a pattern's inner ops compute by an op outside of the pattern."""
    inside = {*ops, root}
    uses = (use for op in ops if op is not root for r in op.results for use in r.uses)
    return next((use for use in uses if use.op not in inside), None)


def leak(ops: Sequence[Op], root: Op) -> Miss | None:
    """The Miss for a pattern whose intermediate somebody else needs, or None when nobody does."""
    use = leaking_use(ops, root)
    return None if use is None else Miss("an intermediate of the pattern has another use", blocker=use)
