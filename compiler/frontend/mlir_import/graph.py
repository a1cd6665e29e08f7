"""The graph being built, as an operator function sees it: imported values, the op in hand, regions, equal extents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np

from mlc.errors import CompileError
from mlc.frontend.builder import Builder, Unavailable
from mlc.frontend.contents import Contents
from mlc.frontend.mlir_import.registry import Imported
from mlc.frontend.mlir_import.resources import Resources
from mlc.frontend.mlir_import.symbols import Symbols
from mlc.frontend.mlir_import.types import Declared
from mlc.ir import Block, Dim, DType, TensorType, Value


class Walk(Protocol):
    """What the importer does for functions whose op holds other ops."""

    def run(self, block: Any, arguments: Sequence[Imported]) -> list[Imported]:
        """Imports the ops of an MLIR block for these arguments; what its terminator is given."""

    def step(self, operation: Any) -> None:
        """Imports one op; an error is noted, and its results are missing then."""


MISSING = object()  # what an op that failed should have defined


class Graph(Builder):
    """Builds the model's block. The importer sets the op in hand before it calls its function."""

    def __init__(self, block: Block, symbols: Symbols, resources: Resources, walk: Walk) -> None:
        super().__init__(block)
        self.symbols = symbols
        self.resources = resources
        self.operation: Any = None
        self.declared: list[Declared | None] = []
        self.is_elementwise = False  # in the body of a linalg op: a scalar there is a tensor over the loops here
        self.values: dict[Any, Any] = {}
        self.functions: dict[str, Any] = {}
        self.calls: list[str] = []  # functions that are being inlined, outermost first
        self.input_symbols: set[str] = set()
        self.has_news = False  # symbols of inputs were found to be equal: the walk is done again
        self.equalities: dict[Value, tuple[Dim, Dim]] = {}  # of comparisons: the two sizes
        self.shapes: dict[Value, tuple[Dim, ...]] = {}  # of tensors of sizes: the sizes
        self.nests: list[Any] = []  # the loops (loops.nest.Nest) around the op in hand, innermost last
        self.iotas: dict[Value, int] = {}  # the numbers of a loop, by the value that holds them: linalg.index
        self.contents = Contents()
        self._walk = walk
        self._undefined: set[Value] = set()

    # --- values ---

    def imported(self, value: Any) -> Imported:
        """What an MLIR value is here. Raises Unavailable when the op that defines it has failed."""
        found = self.values[value]
        if found is MISSING:
            raise Unavailable
        return found  # type: ignore[no-any-return]

    def value(self, x: Imported, dtype: DType) -> Value:
        """x as a tensor; a number or size becomes one of rank 0."""
        if isinstance(x, Value):
            return x
        if isinstance(x, tuple):
            raise self.error("a list of sizes is no tensor")
        return self.scalar(x, dtype)

    def known_dims(self, x: Imported) -> tuple[Dim, ...] | None:
        """The contents of a small tensor of integers as numbers and expressions over dims; None where the run tells."""
        if isinstance(x, Value):
            return self.shapes[x] if x in self.shapes else self.contents.dims(x)
        return x if isinstance(x, tuple) else (x,)

    def filled(self, number: Value, dims: Sequence[Dim]) -> Value:
        """A tensor whose elements are all the scalar `number`."""
        return self.expand(number, dims)

    def undefined(self, dtype: DType, dims: Sequence[Dim]) -> Value:
        """A tensor whose elements nobody may rely on; they are zeros."""
        value = self.filled(self.constant(np.zeros((), dtype.numpy)), dims)
        self._undefined.add(value)
        return value

    def mark_undefined(self, value: Value) -> None:
        """Notes that a value is part of, or the same elements as, one that is undefined."""
        self._undefined.add(value)

    def is_undefined(self, value: Value) -> bool:
        """Whether `undefined` made the value."""
        return value in self._undefined

    # --- the op in hand ---

    @property
    def dtype(self) -> DType:
        """The dtype that MLIR declares for the first result."""
        return self.result_type.dtype

    @property
    def result_type(self) -> Declared:
        """What MLIR declares for the first result."""
        assert self.declared and self.declared[0] is not None, self.operation.name
        return self.declared[0]

    def result_dims(self, hint: str = "d") -> tuple[Dim, ...]:
        """The dims of the first result as MLIR declares them, a new symbol for each `?`.

        For ops whose result has extents that only the run tells; where they follow from the operands, compute them.
        """
        return tuple(self.symbols.fresh(hint) if d is None else d for d in self.result_type.shape)

    def same(self, x: Dim, y: Dim) -> Dim:
        """The extent that x and y both are, because the op in hand demands it; the one that says more."""
        self.tie(x, y)
        return x if isinstance(x, int) else y

    def tie(self, x: Dim, y: Dim) -> None:
        """Notes that two extents are equal. Raises CompileError when they are not."""
        if self.symbols.ties.tie(x, y, self.input_symbols):
            self.has_news = True

    def demand(self, x: Dim, y: Dim) -> None:
        """Two extents that the text asserts to be equal. Raises CompileError where no input's shape can say so."""
        self.tie(x, y)
        if self.symbols.ties.resolved(x) != self.symbols.ties.resolved(y):
            raise self.error(f"the sizes {x} and {y} cannot be asserted to be equal: neither is an input's dim alone")

    def run(self, block: Any, arguments: Sequence[Imported]) -> list[Imported]:
        """Imports the ops of an MLIR block for these arguments; what its terminator is given.

        Raises Unavailable when one of these is missing, its error noted.
        """
        return self._walk.run(block, arguments)

    def step(self, operation: Any) -> None:
        """Imports one op of a region; an error is noted."""
        self._walk.step(operation)

    @contextmanager
    def over_loops(self, nest: Any) -> Iterator[None]:
        """What is imported inside computes a scalar for each turn of these loops: a tensor that broadcasts to them."""
        outer, self.is_elementwise = self.is_elementwise, True
        self.nests.append(nest)
        try:
            yield
        finally:
            self.nests.pop()
            self.is_elementwise = outer

    def region(self, number: int = 0) -> Any:
        """The first block of a region of the op in hand."""
        return self.operation.regions[number].blocks[0]

    def require_static(self, x: TensorType, what: str) -> tuple[int, ...]:
        """The shape as numbers. Raises CompileError for one with symbols."""
        if not x.is_static:
            raise self.error(f"{what} of a shape that only the run tells is not supported: {x}")
        return x.static_shape

    def error(self, message: str) -> CompileError:
        """A CompileError about the op; the importer adds where it stands."""
        return CompileError(message)
