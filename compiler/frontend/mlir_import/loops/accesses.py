"""Indexing maps: for each axis of an operand, the place that a turn of the loops reads, as a linear expression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch_mlir import ir


@dataclass(frozen=True)
class Linear:
    """The sum of coefficient * loop, and a constant."""

    coefficients: tuple[tuple[int, int], ...] = ()  # (loop, coefficient other than 0), by loop
    constant: int = 0

    @property
    def loop(self) -> int | None:
        """The loop that this is, None for anything else than one loop alone."""
        is_alone = len(self.coefficients) == 1 and self.coefficients[0][1] == 1 and self.constant == 0
        return self.coefficients[0][0] if is_alone else None

    @property
    def loops(self) -> tuple[int, ...]:
        """All loops that occur."""
        return tuple(loop for loop, _ in self.coefficients)

    def plus(self, other: Linear, factor: int = 1) -> Linear:
        """This and a multiple of the other."""
        terms = dict(self.coefficients)
        for loop, coefficient in other.coefficients:
            terms[loop] = terms.get(loop, 0) + factor * coefficient
        return Linear(tuple(sorted((k, c) for k, c in terms.items() if c)), self.constant + factor * other.constant)

    def scaled(self, factor: int) -> Linear:
        """A multiple of this."""
        return Linear().plus(self, factor)


@dataclass(frozen=True)
class Access:
    """One place for each axis; `expressions` are MLIR's, for places that are not linear (None among `axes`)."""

    axes: tuple[Linear | None, ...]
    expressions: tuple[Any, ...]

    @staticmethod
    def of(affine_map: Any) -> Access:
        """The access of an affine map."""
        expressions = tuple(affine_map.results)
        return Access(tuple(_linear(e) for e in expressions), expressions)

    @property
    def loops(self) -> tuple[int, ...] | None:
        """The loop of each axis when each is one loop alone, no two the same; else None."""
        loops = tuple(axis.loop if axis is not None else None for axis in self.axes)
        if any(loop is None for loop in loops) or len(set(loops)) != len(loops):
            return None
        return tuple(loop for loop in loops if loop is not None)


def _linear(expression: Any) -> Linear | None:
    match expression:
        case ir.AffineDimExpr():
            return Linear(((expression.position, 1),))
        case ir.AffineConstantExpr():
            return Linear((), expression.value)
        case ir.AffineAddExpr():
            left, right = _linear(expression.lhs), _linear(expression.rhs)
            return None if left is None or right is None else left.plus(right)
        case ir.AffineMulExpr():
            left, right = _linear(expression.lhs), _linear(expression.rhs)
            if left is None or right is None:
                return None
            if not right.coefficients:
                return left.scaled(right.constant)
            return right.scaled(left.constant) if not left.coefficients else None
    return None
