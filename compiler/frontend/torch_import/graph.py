"""The graph being built, as an operator function sees it: appends ops, converts, knows what torch says of results."""

from __future__ import annotations

import operator
from collections.abc import Sequence

import numpy as np
import torch
from torch.fx import Node

from mlc.errors import CompileError
from mlc.frontend.torch_import.registry import Scalar
from mlc.frontend.torch_import.symbols import Symbols
from mlc.frontend.torch_import.types import Declared, dtype_of, torch_dtype
from mlc.ir import UNKNOWN, Array, Block, Dim, DimExpr, DType, Location, Op, TensorType, Value, unattached
from mlc.ir.dims import Quotient, Symbol
from mlc.ops import Add, Cast, Constant, Div, Expand, Maximum, Minimum, Mod, Mul, Range, Reshape, Shape, Sub, Transpose


class Unavailable(Exception):
    """A value is missing because the operator that defines it has failed already; that error is noted."""


class Graph:
    """Builds the function's block. The importer sets the operator in hand before it calls its function."""

    def __init__(self, block: Block, symbols: Symbols) -> None:
        self.block = block
        self.symbols = symbols
        self.loc: Location = UNKNOWN
        self.operator = ""
        self.node: Node | None = None
        self.declared: list[Declared | None] = []
        # Where the number behind a symbol can be read when the model runs: a value, and which of its dims.
        self._sizes: dict[str, tuple[Value, int]] = {}
        self._scalars: dict[str, Value] = {}

    # --- appending ---

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

    def scalar(self, value: Scalar, dtype: DType) -> Value:
        """A rank-0 tensor of the number, which may be a size known only when the model runs."""
        if isinstance(value, DimExpr):
            return self.cast(self.size(value), dtype)
        return self.constant(np.array(value).astype(dtype.numpy))

    def ints(self, values: Sequence[int]) -> Value:
        """A rank-1 i64 constant."""
        return self.constant(np.array(list(values), np.int64))

    # --- converting ---

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

    def common(self, *xs: Value | Scalar) -> DType:
        """The dtype that torch computes in with these operands: tensors weigh more than scalars and numbers."""
        proxies = [self._proxy(x) for x in xs]
        found = proxies[0]
        dtype = found.dtype if isinstance(found, torch.Tensor) else torch.result_type(found, found)
        for proxy in proxies[1:]:
            dtype = torch.result_type(found, proxy)
            ranks = [p.dim() for p in (found, proxy) if isinstance(p, torch.Tensor)]
            found = torch.empty((1,) * max(ranks, default=0), dtype=dtype)
        return dtype_of(dtype)

    def _proxy(self, x: Value | Scalar) -> torch.Tensor | float:
        if isinstance(x, Value):
            return torch.empty((1,) * x.tensor.rank, dtype=torch_dtype(x.tensor.dtype))
        return 1 if isinstance(x, DimExpr) else x

    # --- sizes ---

    def axis(self, x: Value, axis: int) -> int:
        """`axis` of x counted from the front; a scalar has one axis in torch's eyes."""
        rank = max(x.tensor.rank, 1)
        if not -rank <= axis < rank:
            raise self.error(f"axis {axis} is outside of {x.type}")
        return axis % rank

    def axes(self, x: Value, axes: Sequence[int] | None) -> tuple[int, ...]:
        """The axes of x counted from the front, sorted; all of them for None or none."""
        if not axes:
            return tuple(range(x.tensor.rank))
        return tuple(sorted({self.axis(x, a) for a in axes})) if x.tensor.rank else ()

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

    # --- the operator in hand ---

    @property
    def dtype(self) -> DType:
        """The dtype of the first result, as torch declares it."""
        assert self.declared and self.declared[0] is not None, self.operator
        return self.declared[0].dtype

    def result_dims(self, index: int = 0) -> tuple[Dim, ...]:
        """The shape of a result as torch traced it, unknown sizes as symbols."""
        assert self.node is not None
        value = self.node.meta["val"]
        value = value[index] if isinstance(value, tuple | list) else value
        return self.symbols.dims(value.shape)

    def uses_result(self, index: int) -> bool:
        """Whether some node takes result number `index` of an operator that has several."""
        assert self.node is not None
        return any(user.target is not operator.getitem or user.args[1] == index for user in self.node.users)

    def error(self, message: str) -> CompileError:
        """A CompileError about the operator; the importer adds where it stands."""
        return CompileError(message)
