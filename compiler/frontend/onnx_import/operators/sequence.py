"""Sequences and optionals."""

from __future__ import annotations

from functools import reduce

import onnx

from mlc.frontend.onnx_import.dtypes import dtype_of
from mlc.frontend.onnx_import.graph import Graph
from mlc.frontend.onnx_import.registry import onnx_op
from mlc.ir import Dim, DType, OptionalType, SequenceType, TensorType, Type, Value
from mlc.ops import (
    ConcatFromSequence,
    OptionalConstruct,
    OptionalGet,
    OptionalHas,
    SequenceAt,
    SequenceConstruct,
    SequenceErase,
    SequenceInsert,
    SequenceLength,
    SplitToSequence,
)
from mlc.ops.sequence import join


@onnx_op("SequenceEmpty", since=11)
def sequence_empty(g: Graph, *, dtype: int = onnx.TensorProto.FLOAT) -> Value:
    return g(SequenceConstruct([], TensorType(dtype_of(dtype), None)))


@onnx_op("SequenceConstruct", since=11)
def sequence_construct(g: Graph, x: Value, *xs: Value) -> Value:
    values = [x, *xs]

    def both(a: Type, b: Type) -> Type:
        joined = join(a, b)
        if joined is None:
            raise g.error(f"a sequence cannot hold both {a} and {b}")
        return joined

    return g(SequenceConstruct(values, reduce(both, (v.type for v in values))))


@onnx_op("SequenceInsert", since=11)
def sequence_insert(g: Graph, sequence: Value, x: Value, position: Value | None = None) -> Value:
    return g(SequenceInsert(sequence, x, position))


@onnx_op("SequenceErase", since=11)
def sequence_erase(g: Graph, sequence: Value, position: Value | None = None) -> Value:
    return g(SequenceErase(sequence, position))


@onnx_op("SequenceLength", since=11)
def sequence_length(g: Graph, sequence: Value) -> Value:
    return g(SequenceLength(sequence))


@onnx_op("SequenceAt", since=11)
def sequence_at(g: Graph, sequence: Value, position: Value) -> Value:
    """An element whose shape the sequence does not say has the one the model declares."""
    assert isinstance(sequence.type, SequenceType)
    element = sequence.type.element
    known = g.declared()
    if isinstance(element, TensorType) and element.shape is None and known is not None:
        element = element.with_shape(known.shape)
    return g(SequenceAt(sequence, position, element))


@onnx_op("SplitToSequence", since=11)
def split_to_sequence(g: Graph, x: Value, split: Value | None = None, *, axis: int = 0, keepdims: int = 1) -> Value:
    return g(SplitToSequence(x, split, axis, split is not None or bool(keepdims)))


@onnx_op("ConcatFromSequence", since=11)
def concat_from_sequence(g: Graph, sequence: Value, *, axis: int, new_axis: int = 0) -> Value:
    assert isinstance(sequence.type, SequenceType)
    element = sequence.type.element
    rank = element.rank + new_axis if isinstance(element, TensorType) and element.shape is not None else None
    declared = g.declared()
    dims: tuple[Dim, ...] | None = None
    if rank is not None or (declared is not None and declared.shape is not None):
        dims = g.result_dims(rank)
    return g(ConcatFromSequence(sequence, axis, bool(new_axis), dims))


@onnx_op("Optional", since=15)
def optional(g: Graph, value: Value | None = None, *, type: onnx.TypeProto | None = None) -> Value:
    if value is None and type is None:
        raise g.error("attribute 'type' is needed without an input")
    element = value.type if value is not None else g.type(type or onnx.TypeProto())
    assert not isinstance(element, OptionalType)
    return g(OptionalConstruct(value, element=element))


@onnx_op("OptionalHasElement", since=15)
def optional_has_element(g: Graph, value: Value | None = None) -> Value:
    """A tensor or a sequence is there; an input that is left out is not."""
    if value is not None and isinstance(value.type, OptionalType):
        return g(OptionalHas(value))
    return g.scalar(value is not None, DType.BOOL)


@onnx_op("OptionalGetElement", since=15)
def optional_get_element(g: Graph, value: Value) -> Value:
    return g(OptionalGet(value)) if isinstance(value.type, OptionalType) else value
