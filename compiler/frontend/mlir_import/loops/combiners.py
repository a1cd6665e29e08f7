"""How the turns of a reduction are combined: MLIR's op of two, the IR's op of two and of many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.signs import signless, unsigned
from mlc.ir import DType, Op, Value
from mlc.ops import (
    Add,
    And,
    Expand,
    IsNan,
    Maximum,
    Minimum,
    Mul,
    Or,
    ReduceMax,
    ReduceMin,
    ReduceProd,
    ReduceSum,
    Where,
    constant_value,
)


@dataclass(frozen=True)
class Combiner:
    """The reduction of all turns, the op of two, and what kind of numbers these see."""

    name: str
    reduction: type[Op]
    pair: type[Op]
    is_unsigned: bool = False
    skips_nan: bool = False

    def on(self, dtype: DType) -> Combiner:
        """The combiner for elements of the dtype: of booleans a maximum or minimum is an or or an and."""
        if dtype is not DType.BOOL or self.name not in ("max", "min"):
            return self
        is_or = (self.name == "max") == self.is_unsigned  # with a sign true is -1, the smaller one
        return COMBINERS["arith.ori" if is_or else "arith.andi"]

    def reduce(self, g: Graph, x: Value, axes: tuple[int, ...], initial: Value, *, keep_dims: bool) -> Value:
        """x reduced over the axes, to be combined with what the output held before."""
        self._check(g, x.tensor.dtype)
        is_nan = g(IsNan(x)) if self.skips_nan else None
        if is_nan is not None:
            x = g(Where(is_nan, g.constant(self.neutral(x.tensor.dtype)), x))
        if self.is_unsigned:
            x = unsigned(g, x)
        reduction: Any = self.reduction
        made = g(reduction(x, axes=axes, keep_dims=keep_dims))
        if is_nan is not None and not self.begins_neutral(initial):
            # Of NaN alone it is NaN: the neutral number may be one of the elements, or what `initial` is compared with.
            nothing = g(ReduceMin(is_nan, axes=axes, keep_dims=keep_dims))
            made = g(Where(nothing, g.scalar(np.nan, made.tensor.dtype), made))
        return signless(g, made) if self.is_unsigned else made

    def combine(self, g: Graph, initial: Value, x: Value) -> Value:
        """x combined with what an output held before; nothing to do when that is the neutral number."""
        if g.is_undefined(initial) or self.begins_neutral(initial):
            return x
        source = initial.op.x if isinstance(initial.op, Expand) and initial.op.shape is None else initial
        pair: Any = self.pair
        if self.is_unsigned:
            return signless(g, g(pair(unsigned(g, x), unsigned(g, source))))
        if x.tensor.dtype is DType.BOOL:
            return g((Or if self.name == "or" else And)(x, source))
        made = g(pair(x, source))
        if not self.skips_nan:
            return made
        return g(Where(g(IsNan(source)), x, g(Where(g(IsNan(x)), source, made))))

    def neutral(self, dtype: DType) -> Any:
        """The number that changes nothing, as an array of rank 0."""
        if self.name in ("add", "or"):
            number: Any = 0
        elif self.name == "mul":
            number = 1
        elif self.name == "and":
            number = 1 if dtype is DType.BOOL else -1
        else:
            number = _least(dtype, self.is_unsigned) if self.name == "max" else _largest(dtype, self.is_unsigned)
        return np.array(number).astype(dtype.numpy)

    def begins_neutral(self, initial: Value) -> bool:
        """Whether all elements are the number that changes nothing."""
        source = initial.op.x if isinstance(initial.op, Expand) else initial
        number = constant_value(source)
        if number is None or number.size == 0:
            return False
        return bool((number == self.neutral(initial.tensor.dtype)).all())

    def _check(self, g: Graph, dtype: DType) -> None:
        if dtype is DType.BOOL and self.name == "add":
            raise g.error("adding booleans up (modulo 2) is not supported")
        if dtype is not DType.BOOL and self.name in ("or", "and"):
            raise g.error(f"a reduction by bitwise {self.name} is not supported, only of booleans")


def _least(dtype: DType, is_unsigned: bool) -> Any:
    if dtype.is_float:
        return -np.inf
    return 0 if is_unsigned or dtype is DType.BOOL else -(1 << (dtype.bits - 1))


def _largest(dtype: DType, is_unsigned: bool) -> Any:
    if dtype.is_float:
        return np.inf
    if dtype is DType.BOOL:
        return 1
    return -1 if is_unsigned else (1 << (dtype.bits - 1)) - 1  # the bits of the largest unsigned number


_ADD = Combiner("add", ReduceSum, Add)
_MUL = Combiner("mul", ReduceProd, Mul)
COMBINERS = {
    "arith.addf": _ADD,
    "arith.addi": _ADD,
    "arith.mulf": _MUL,
    "arith.muli": _MUL,
    "arith.maximumf": Combiner("max", ReduceMax, Maximum),
    "arith.minimumf": Combiner("min", ReduceMin, Minimum),
    "arith.maxnumf": Combiner("max", ReduceMax, Maximum, skips_nan=True),
    "arith.minnumf": Combiner("min", ReduceMin, Minimum, skips_nan=True),
    "arith.maxsi": Combiner("max", ReduceMax, Maximum),
    "arith.minsi": Combiner("min", ReduceMin, Minimum),
    "arith.maxui": Combiner("max", ReduceMax, Maximum, is_unsigned=True),
    "arith.minui": Combiner("min", ReduceMin, Minimum, is_unsigned=True),
    "arith.ori": Combiner("or", ReduceMax, Or),
    "arith.andi": Combiner("and", ReduceMin, And),
}
