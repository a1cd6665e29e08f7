"""The graph being built, as an operator function sees it: what torch says of its operands and results."""

from __future__ import annotations

import operator
from collections.abc import Sequence

import torch
from torch.fx import Node

from mlc.frontend.builder import Builder, Scalar
from mlc.frontend.torch_import.symbols import Symbols, is_extent
from mlc.frontend.torch_import.types import Declared, dtype_of, torch_dtype
from mlc.ir import Block, Dim, DimExpr, DType, TensorType, Value
from mlc.ir.dims import symbols_of


class Graph(Builder):
    """Builds the function's block. The importer sets the operator in hand before it calls its function."""

    def __init__(self, block: Block, symbols: Symbols) -> None:
        super().__init__(block)
        self.symbols = symbols
        self.operator = ""
        self.node: Node | None = None
        self.declared: list[Declared | None] = []
        self._numbers: set[Value] = set()

    def inside(self, block: Block) -> Graph:
        """The same for a block in a region of the next op: it sees all values so far, and none of its own get out."""
        inner = Graph(block, self.symbols)
        inner.loc, inner._sizes, inner._scalars = self.loc, dict(self._sizes), dict(self._scalars)
        inner._numbers = set(self._numbers)
        return inner

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

    def number(self, x: Value) -> Value:
        """x, a scalar, noted as one of Python's numbers: they weigh less than tensors where dtypes meet."""
        self._numbers.add(x)
        return x

    def _proxy(self, x: Value | Scalar) -> torch.Tensor | float:
        if isinstance(x, Value) and x in self._numbers:
            return {DType.BOOL: True, DType.I64: 1}.get(x.tensor.dtype, 1.0)
        if isinstance(x, Value):
            return torch.empty((1,) * x.tensor.rank, dtype=torch_dtype(x.tensor.dtype))
        return 1 if isinstance(x, DimExpr) else x

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

    def knows_symbols(self, value: Value) -> None:
        """As `knows` of a result, for symbols that nothing before it tells: how many elements were found, for one."""
        if isinstance(value.type, TensorType):
            dims = {dim.text for dim in value.tensor.dims if isinstance(dim, DimExpr) and symbols_of(dim) == [dim.text]}
            if any(not self.is_defined(text) for text in dims):
                self.knows(value)

    def as_extent(self, number: Value, traced: object) -> Value | Dim:
        """The dim that the number is from here on, where torch lets it be the extent of tensors; else the number."""
        if number.tensor.dtype is not DType.I64 or not is_extent(traced):
            return self.number(number)
        dim = self.symbols.dim(traced)
        if isinstance(dim, DimExpr) and symbols_of(dim) != [dim.text] and self.untold(dim):
            assert isinstance(traced, torch.SymInt)
            dim = self.symbols.tell(traced.node.expr, "size")
        self.define(number, dim)
        return dim

    def untold(self, *dims: Dim) -> list[str]:
        """Those symbols of the dims that have no value when the model runs."""
        return [name for dim in dims for name in symbols_of(dim) if not self.is_defined(name)]

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
