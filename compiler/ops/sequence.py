"""Sequences (lists in `evaluate`) and optionals (None where they hold nothing)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mlc.ir import Array, Dim, DType, Op, OptionalType, Purity, SequenceType, TensorType, Type, Value, keyword, tensor
from mlc.ops.control import may_be


class SequenceConstruct(Op):
    """The values as a sequence of `element`s; none give an empty one. ONNX SequenceConstruct, SequenceEmpty."""

    values: Sequence[Value]
    element: Type

    def infer(self) -> SequenceType:
        for value in self.values:
            if not may_be(value.type, self.element):
                raise self.error(f"{value.type} is no {self.element}")
        return SequenceType(self.element)

    def evaluate(self, values: list[Any]) -> list[Any]:
        return list(values)


class SequenceInsert(Op):
    """The sequence with `x` at `position`, counted from the end when negative; last without one.

    ONNX SequenceInsert (opset 11).
    """

    sequence: Value
    x: Value
    position: Value | None = None
    purity = Purity.MAY_FAIL

    def infer(self) -> SequenceType:
        element = element_of(self, self.sequence)
        joined = join(element, self.x.type)
        if joined is None:
            raise self.error(f"{self.x.type} is no {element}")
        return SequenceType(joined)

    def evaluate(self, sequence: list[Any], x: Any, position: Array | None) -> list[Any]:
        at = len(sequence) if position is None else checked_position(position, len(sequence), len(sequence) + 1)
        return [*sequence[:at], x, *sequence[at:]]


class SequenceErase(Op):
    """The sequence without the element at `position`; without the last when there is none.

    ONNX SequenceErase (opset 11).
    """

    sequence: Value
    position: Value | None = None
    purity = Purity.MAY_FAIL

    def infer(self) -> SequenceType:
        return SequenceType(element_of(self, self.sequence))

    def evaluate(self, sequence: list[Any], position: Array | None) -> list[Any]:
        last = np.array(-1)
        at = checked_position(last if position is None else position, len(sequence), len(sequence))
        return [*sequence[:at], *sequence[at + 1 :]]


class SequenceAt(Op):
    """The element at `position`, counted from the end when negative. `type` is what the builder knows of it.

    ONNX SequenceAt (opset 11).
    """

    sequence: Value
    position: Value
    type: Type
    defines_symbols = True
    purity = Purity.MAY_FAIL

    def infer(self) -> Type:
        element = element_of(self, self.sequence)
        if not may_be(element, self.type):
            raise self.error(f"{element} is no {self.type}")
        return self.type

    def evaluate(self, sequence: list[Any], position: Array) -> Any:
        return sequence[checked_position(position, len(sequence), len(sequence))]


class SequenceLength(Op):
    """The number of elements, an i64 scalar. ONNX SequenceLength (opset 11)."""

    sequence: Value

    def infer(self) -> TensorType:
        element_of(self, self.sequence)
        return tensor(DType.I64)

    def evaluate(self, sequence: list[Any]) -> Array:
        return np.array(len(sequence), np.int64)


class SplitToSequence(Op):
    """x cut along `axis` into pieces: of a scalar `sizes` each (the last may be shorter), or of the vector's sizes.

    Without `sizes` pieces are of 1, and lose the axis unless `keep_dims`. ONNX SplitToSequence (opset 24).
    """

    x: Value
    sizes: Value | None = None
    axis: int = 0
    keep_dims: bool = True
    purity = Purity.MAY_FAIL

    def infer(self) -> SequenceType:
        x = self.x.tensor
        if x.shape is None or self.sizes is not None:
            return SequenceType(x.with_shape(None))
        if not -x.rank <= self.axis < x.rank:
            raise self.error(f"axis {self.axis} is outside of {x}")
        at = self.axis % x.rank
        middle: tuple[Dim, ...] = (1,) if self.keep_dims else ()
        return SequenceType(x.with_shape((*x.dims[:at], *middle, *x.dims[at + 1 :])))

    def evaluate(self, x: Array, sizes: Array | None) -> list[Array]:
        length = x.shape[self.axis]
        if sizes is None:
            pieces = np.split(x, length, axis=self.axis) if length else []
            return pieces if self.keep_dims else [np.squeeze(p, axis=self.axis) for p in pieces]
        if sizes.ndim == 0:
            if sizes < 1:
                raise ValueError(f"pieces must be at least 1 long, got {sizes}")
            return np.split(x, range(int(sizes), length, int(sizes)), axis=self.axis)
        if sizes.sum() != length:
            raise ValueError(f"sizes {sizes.tolist()} do not sum up to {length}")
        return np.split(x, np.cumsum(sizes)[:-1], axis=self.axis)


class ConcatFromSequence(Op):
    """The elements one behind the other along `axis`, or stacked along a new axis there. `dims` is the result's shape.

    ONNX ConcatFromSequence (opset 11).
    """

    sequence: Value
    axis: int
    is_stacked: bool = False
    dims: tuple[Dim, ...] | None = None
    defines_symbols = True
    purity = Purity.MAY_FAIL

    def infer(self) -> TensorType:
        element = element_of(self, self.sequence)
        if not isinstance(element, TensorType):
            raise self.error(f"elements must be tensors, got {element}")
        return element.with_shape(self.dims)

    def evaluate(self, sequence: list[Array]) -> Array:
        return np.stack(sequence, self.axis) if self.is_stacked else np.concatenate(sequence, self.axis)


class OptionalConstruct(Op):
    """An optional that holds the value, or nothing of the `element` type. ONNX Optional (opset 15)."""

    value: Value | None = None
    element: Type = keyword(kw_only=True)

    def infer(self) -> OptionalType:
        if self.value is not None and not may_be(self.value.type, self.element):
            raise self.error(f"{self.value.type} is no {self.element}")
        return OptionalType(self.element)

    def evaluate(self, value: Any) -> Any:
        return value


class OptionalHas(Op):
    """Whether the optional holds a value, a bool scalar. ONNX OptionalHasElement (opset 18)."""

    optional: Value

    def infer(self) -> TensorType:
        if not isinstance(self.optional.type, OptionalType):
            raise self.error(f"operand must be an optional, got {self.optional.type}")
        return tensor(DType.BOOL)

    def evaluate(self, optional: Any) -> Array:
        return np.array(optional is not None)


class OptionalGet(Op):
    """The value the optional holds; fails where it holds nothing. ONNX OptionalGetElement (opset 18)."""

    optional: Value
    purity = Purity.MAY_FAIL

    def infer(self) -> Type:
        if not isinstance(self.optional.type, OptionalType):
            raise self.error(f"operand must be an optional, got {self.optional.type}")
        return self.optional.type.element

    def evaluate(self, optional: Any) -> Any:
        if optional is None:
            raise ValueError("the optional holds nothing")
        return optional


def element_of(op: Op, value: Value) -> Type:
    """The element type of a sequence, or an error at `op`."""
    if not isinstance(value.type, SequenceType):
        raise op.error(f"operand must be a sequence, got {value.type}")
    return value.type.element


def join(a: Type, b: Type) -> Type | None:
    """The type that values of both are of; None when their elements differ. Shapes that differ become unknown."""
    match a, b:
        case TensorType(), TensorType():
            if a.dtype is not b.dtype:
                return None
            return a if a == b else a.with_shape(None)
        case SequenceType(), SequenceType():
            inner = join(a.element, b.element)
            return None if inner is None else SequenceType(inner)
        case OptionalType(), OptionalType():
            inner = join(a.element, b.element)
            return None if inner is None else OptionalType(inner)
        case OptionalType(), _:
            inner = join(a.element, b)
            return None if inner is None else OptionalType(inner)
        case _, OptionalType():
            return join(b, a)
    return None


def checked_position(position: Array, length: int, stop: int) -> int:
    """`position` counted from the front, which must be below `stop`. Raises IndexError."""
    at = int(position.reshape(-1)[0])
    if not -length <= at < stop:
        raise IndexError(f"position {at} is outside of a sequence of {length}")
    return at + length if at < 0 else at
