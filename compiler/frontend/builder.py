"""Builds a function's block: what operator functions of every frontend append ops with.

The graph of the ONNX frontend is an Appender and what its operators need besides. Those of the torch and MLIR
frontends, whose models compute with sizes, are a Builder, which also converts and reads off sizes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlc.errors import CompileError
from mlc.ir import UNKNOWN, Array, Block, Dim, DimExpr, DType, Location, Op, TensorType, Value, unattached
from mlc.ir.dims import Quotient, Symbol
from mlc.ops import Add, Cast, Constant, Div, Expand, Maximum, Minimum, Mod, Mul, Range, Reshape, Shape, Sub, Transpose

Scalar = int | float | bool | DimExpr


class Unavailable(Exception):
    """A value is missing because the operator that defines it has failed already; that error is noted."""


class Appender:
    """Appends to one block at a time, at the location of the operator in hand."""

    def __init__(self, block: Block) -> None:
        self.block = block
        self.loc: Location = UNKNOWN

    def __call__(self, op: Op) -> Value:
        """Appends `op`, with any unattached ops it depends on, and returns its one result."""
        return self.add(op).result

    def add(self, op: Op) -> Op:
        """Appends `op`, with any unattached ops it depends on, at the location of the operator in hand."""
        for fresh in (*unattached(op.operands), op):
            if not fresh.loc.sources:
                fresh.loc = self.loc
            self.block.append(fresh)
        return op

    def constant(self, array: Array) -> Value:
        """A constant holding `array`."""
        return self(Constant(np.asarray(array)))

    def scalar(self, value: float, dtype: DType) -> Value:
        """A rank-0 constant."""
        return self.constant(np.array(value).astype(dtype.numpy))

    def ints(self, values: Sequence[int]) -> Value:
        """A rank-1 i64 constant."""
        return self.constant(np.array(list(values), np.int64))


class Builder(Appender):
    """An Appender for operators that take sizes known only when the model runs where they take numbers."""

    def __init__(self, block: Block) -> None:
        super().__init__(block)
        # Where the number behind a symbol can be read when the model runs: a value, and which of its dims.
        self._sizes: dict[str, tuple[Value, int]] = {}
        self._scalars: dict[str, Value] = {}

    # --- converting ---

    def scalar(self, value: Scalar, dtype: DType) -> Value:
        """A rank-0 tensor of the number, which may be a size known only when the model runs."""
        if isinstance(value, DimExpr):
            return self.cast(self.size(value), dtype)
        return super().scalar(value, dtype)

    def cast(self, x: Value, dtype: DType) -> Value:
        """x with elements of `dtype`."""
        return x if x.tensor.dtype is dtype else self(Cast(x, dtype))

    def tensor(self, x: Value | Scalar, dtype: DType) -> Value:
        """A tensor or number as a tensor of `dtype`."""
        return self.cast(x, dtype) if isinstance(x, Value) else self.scalar(x, dtype)

    def reshape(self, x: Value, dims: Sequence[Dim]) -> Value:
        """The elements of x in another shape."""
        return x if tuple(dims) == x.tensor.dims else self(Reshape(x, dims=tuple(dims)))

    def transpose(self, x: Value, perm: Sequence[int]) -> Value:
        """x with axis perm[i] at place i."""
        return x if list(perm) == list(range(len(perm))) else self(Transpose(x, tuple(perm)))

    def expand(self, x: Value, dims: Sequence[Dim]) -> Value:
        """x broadcast to `dims`."""
        return x if tuple(dims) == x.tensor.dims else self(Expand(x, dims=tuple(dims)))

    # --- sizes ---

    def knows(self, value: Value) -> None:
        """Notes that dims which are symbols alone can be read off `value` when the model runs."""
        if isinstance(value.type, TensorType):
            for index, dim in enumerate(value.tensor.dims):
                if isinstance(dim, DimExpr) and dim.text not in self._sizes:
                    self._sizes[dim.text] = (value, index)

    def define(self, number: Value, dim: Dim) -> None:
        """Lets `number`, an i64 scalar, be what the symbol `dim` stands for."""
        if isinstance(dim, int):
            return
        zero, one = self.scalar(0, DType.I64), self.scalar(1, DType.I64)
        counted = self(Range(zero, number, one, count=dim))
        self._scalars[dim.text] = number
        self.knows(counted)

    def is_defined(self, name: str) -> bool:
        """Whether a symbol has a value when the model runs."""
        return name in self._sizes or name in self._scalars

    def size(self, dim: Dim) -> Value:
        """The number that `dim` stands for, as an i64 scalar."""
        if isinstance(dim, int):
            return self.scalar(dim, DType.I64)
        if dim.text in self._scalars:
            return self._scalars[dim.text]
        if dim.text in self._sizes:
            value, index = self._sizes[dim.text]
            return self(Reshape(self(Shape(value, index, index + 1)), dims=()))
        total = self.scalar(0, DType.I64)
        for monomial, coefficient in dim.terms:
            term = self.scalar(coefficient, DType.I64)
            for atom in monomial:
                term = self(Mul(term, self._atom(atom)))
            total = self(Add(total, term))
        return total

    def _atom(self, atom: Symbol | Quotient) -> Value:
        match atom:
            case Symbol(name):
                if not self.is_defined(name):
                    raise self.error(f"the size {name} is not the extent of any input")
                return self.size(DimExpr((((atom,), 1),)))
            case Quotient(kind, x, y):
                left, right = self.size(x), self.size(y)
                remainder = self(Mod(left, right))
                match kind:
                    case "floordiv":
                        return self(Div(self(Sub(left, remainder)), right))
                    case "mod":
                        return remainder
                    case _:
                        return self(Minimum(left, right) if kind == "min" else Maximum(left, right))

    def error(self, message: str) -> CompileError:
        """A CompileError about the operator; the importer adds where it stands."""
        return CompileError(message)
