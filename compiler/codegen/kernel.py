"""A kernel while it is written: a Builder that knows the group's tensors, dims and values.

A kernel function is `void k(void** args, int64_t begin, int64_t end)`: args holds buffer pointers and i64 symbols in
the order in which the body first asked for them, [begin, end) is the part of the parallel range this call works on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir

from mlc.codegen import registers
from mlc.codegen.builder import I64, POINTER, Builder, Index, Num, identity, lanes_of
from mlc.codegen.dims import emit_dim
from mlc.codegen.groups import Group
from mlc.codegen.registry import ELEMENTS, INDEXED
from mlc.ir import Array, Dim, DType, Op, Value
from mlc.ir.dims import product
from mlc.target import Target


@dataclass(frozen=True, eq=False)
class Temporary:
    """A dense workspace tensor that lives as long as the launches of one group."""

    name: str
    dtype: DType
    dims: tuple[Dim, ...]


@dataclass(frozen=True, eq=False)
class Prepared:
    """A constant rearranged when the model is compiled; `layout` says how, `make` does it."""

    name: str
    source: Array
    layout: str
    dtype: DType
    dims: tuple[int, ...]
    make: Callable[[Array], Array]


Storage = Value | Temporary | Prepared
Argument = Storage | str  # a buffer, or the name of a symbol


@dataclass(frozen=True)
class Tensor:
    """A strided tensor in memory; strides count elements."""

    pointer: ir.Value
    dtype: DType
    dims: tuple[Num, ...]
    strides: tuple[Num, ...]


class Kernel(Builder):
    """The body of one launch. `arguments` grows as tensors and symbols are asked for."""

    def __init__(self, function: ir.Function, target: Target, group: Group) -> None:
        super().__init__(function, target)
        self.group = group
        self.arguments: list[Argument] = []
        self._tensors: dict[tuple[Storage, tuple[Dim, ...]], Tensor] = {}
        self._pointers: dict[Argument, ir.Value] = {}
        self._dims: dict[Dim, Num] = {}
        self.shapes: dict[Value, tuple[Dim, ...]] = {}
        self.values = Values(self)

    def shape(self, value: Value) -> tuple[Dim, ...]:
        """The value's dims, with neighbours merged where the plan merged them."""
        return self.shapes.get(value, value.tensor.dims)

    def tensor(self, source: Storage, dims: Sequence[Dim] | None = None) -> Tensor:
        """The dense tensor of a value, temporary or prepared weight; `dims` views it in another shape."""
        given = tuple(dims) if dims is not None else self.shape(source) if isinstance(source, Value) else source.dims
        key = (source, given)
        if key not in self._tensors:
            dtype = source.tensor.dtype if isinstance(source, Value) else source.dtype
            strides: list[Num] = []
            for axis in range(len(given)):
                strides.append(self.dim(product(given[axis + 1 :])))
            extents = tuple(self.dim(d) for d in given)
            self._tensors[key] = Tensor(self._argument(source), dtype, extents, tuple(strides))
        return self._tensors[key]

    def place(self, value: Value, dims: Sequence[Dim], tensor: Tensor) -> None:
        """Makes `tensor` what `value` is when it is seen with these dims, in code that is written from here on."""
        self._tensors[(value, tuple(dims))] = tensor

    @contextmanager
    def part(self, group: Group, shapes: dict[Value, tuple[Dim, ...]] | None) -> Iterator[None]:
        """Writes one part of the kernel's group: its root, its results, and its values' shapes."""
        whole = self.group, self.shapes
        self.group, self.shapes = group, shapes or {}
        yield
        self.group, self.shapes = whole

    def dim(self, dim: Dim) -> Num:
        """An extent: an int where static, else an i64 computed once at the entry of the kernel."""
        if isinstance(dim, int):
            return dim
        if dim not in self._dims:
            with self._at_entry():
                self._dims[dim] = emit_dim(self, dim, self._argument)
        return self._dims[dim]

    def _argument(self, argument: Argument) -> ir.Value:
        if argument not in self._pointers:
            with self._at_entry():
                slot = self.at(self.function.args[0], I64, len(self.arguments))
                kind = I64 if isinstance(argument, str) else POINTER
                self._pointers[argument] = self.ir.load(slot, typ=kind)
            self.arguments.append(argument)
        return self._pointers[argument]

    @contextmanager
    def _at_entry(self) -> Iterator[None]:
        here, self.ir = self.ir, self._allocas
        yield
        self.ir = here

    # --- elements ---

    def offset(self, tensor: Tensor, index: Sequence[Index]) -> Index:
        """Where the element at `index` lies, counted in elements."""
        assert len(index) == len(tensor.strides), (len(index), len(tensor.strides))
        total: Index = 0
        for i, stride in zip(index, tensor.strides, strict=True):
            total = self.add(total, self.mul(i, stride))
        return total

    def read(self, tensor: Tensor, index: Sequence[Index]) -> ir.Value:
        """The element at `index` in a register, or one per lane."""
        memory = self.load(tensor.pointer, registers.memory_type(tensor.dtype), self.offset(tensor, index))
        return registers.decoded(self, tensor.dtype, memory)

    def write(self, tensor: Tensor, index: Sequence[Index], value: ir.Value) -> None:
        """Stores a register value, or one per lane of the index."""
        offset = self.offset(tensor, index)
        count = lanes_of(offset)
        if count is not None and not isinstance(value.type, ir.VectorType):
            value = self.splat(value, count)
        self.store(tensor.pointer, registers.encoded(self, tensor.dtype, value), offset)

    def read_as(self, dtype: DType, tensor: Tensor, index: Sequence[Index]) -> ir.Value:
        """The element at `index` converted to another dtype."""
        return registers.converted(self, self.read(tensor, index), tensor.dtype, dtype)

    def constant(self, dtype: DType, number: float) -> ir.Value:
        """A number in a register of this dtype."""
        return registers.constant(dtype, number)

    def unravel(self, number: Num, dims: Sequence[Num]) -> list[Num]:
        """The index in a row-major space of these extents whose flat position is `number`."""
        index: list[Num] = []
        for extent in reversed(dims[1:]):
            index.append(self.mod(number, extent))
            number = self.floordiv(number, extent)
        first = 0 if dims and isinstance(dims[0], int) and dims[0] == 1 else number
        return [first, *reversed(index)] if dims else []

    def emit(self, index: Sequence[Index], *results: ir.Value) -> None:
        """Ends the root at one index, or one per lane: computes what is behind it in the group and stores."""
        assert self.group.root is not None
        known = dict(zip(self.group.root.results, results, strict=True))
        memo: dict[Any, Any] = {}
        for output in self.group.outputs:
            value = self.values.evaluate(output, tuple(index), known, memo)
            self.write(self.tensor(output), index, value)

    def value_of(self, value: Value, index: Sequence[Index]) -> ir.Value:
        """The element of a value of the group at `index`: read, or computed from what it depends on."""
        return self.values.evaluate(value, tuple(index), {}, {})


class Values:
    """Computes a value of a group at an index by index functions: each op asks its operands at the indices it needs.

    Emits straight-line code only, so one memo serves one evaluation: a value used twice at an index is computed once.
    """

    def __init__(self, kernel: Kernel) -> None:
        self.k = kernel
        self._known: Mapping[Value, ir.Value] = {}
        self._memo: dict[Any, Any] = {}

    def evaluate(
        self, value: Value, index: tuple[Index, ...], known: Mapping[Value, ir.Value], memo: dict[Any, Any]
    ) -> ir.Value:
        """The element at `index`; `known` holds results of the root at the index where it was computed."""
        self._known, self._memo = known, memo
        return self.at(value, index)

    def at(self, value: Value, index: Sequence[Index]) -> ir.Value:
        """The element of `value` at `index`; for ops, which call it on their operands."""
        if value in self._known:
            return self._known[value]
        if value in self.k.group.immediates:
            return immediate(value.tensor.dtype, self.k.group.immediates[value])
        key = (value, tuple(identity(i) for i in index))
        if key in self._memo:
            return self._memo[key][0]
        op = value.op
        if value in self.k.group.inputs or op is None or op not in self.k.group.ops:
            result = self.k.read(self.k.tensor(value), index)
        elif type(op) in ELEMENTS:
            result = ELEMENTS[type(op)](self.k, op, *self._operands(op, value, index))
            if not isinstance(result.type, ir.VectorType) and (count := lanes_of(*index)) is not None:
                result = self.k.splat(result, count)
            result = registers.rounded(self.k, value.tensor.dtype, result)
        else:
            result = INDEXED[type(op)](self, op, tuple(index))
        self._memo[key] = result, index  # the index is kept alive, since its identity is the key
        return result

    def _operands(self, op: Op, result: Value, index: Sequence[Index]) -> list[ir.Value | None]:
        values: list[Any] = []
        for field in op.operand_fields():
            if isinstance(field, Value):
                values.append(self.at(field, self.broadcast(field, result, index)))
            else:
                values.append(field and [self.at(v, self.broadcast(v, result, index)) for v in field])
        present = [v for v in values if isinstance(v, ir.Value)]
        unified = iter(self.k.unified(*present))
        return [next(unified) if isinstance(v, ir.Value) else v for v in values]

    def broadcast(self, operand: Value, result: Value, index: Sequence[Index]) -> tuple[Index, ...]:
        """Where `operand` is read for the result's element at `index`, as numpy broadcasts."""
        dims, wide = self.k.shape(operand), self.k.shape(result)
        at: list[Index] = []
        for dim, full, i in zip(dims, wide[len(wide) - len(dims) :], index[len(wide) - len(dims) :], strict=True):
            at.append(self.broadcast_index(dim, full, i))
        return tuple(at)

    def broadcast_index(self, dim: Dim, full: Dim, i: Index) -> Index:
        """Where an axis of extent `dim` is read for index `i` of one of extent `full`."""
        if dim == full or (isinstance(dim, int) and dim != 1):
            return i
        if dim == 1:
            return 0
        # Equal to `full` or 1: known when the model runs, and checked before the kernel.
        return self.k.select(self.k.compare("==", self.k.dim(dim), 1), 0, i)


def immediate(dtype: DType, array: Array) -> ir.Value:
    """The one element of a constant as a register constant."""
    element = np.asarray(array).reshape(-1)[0]
    if dtype is DType.BOOL:
        return registers.constant(dtype, int(bool(element)))
    return registers.constant(dtype, float(element) if dtype.is_float else int(element))
