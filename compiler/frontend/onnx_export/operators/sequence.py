"""Sequences and optionals."""

from __future__ import annotations

from mlc.frontend.onnx_export.registry import onnx_export, same_operator
from mlc.frontend.onnx_export.types import type_proto
from mlc.frontend.onnx_export.writer import Writer
from mlc.ir import TensorType
from mlc.ops import sequence

same_operator(sequence.SequenceInsert, "SequenceInsert")
same_operator(sequence.SequenceErase, "SequenceErase")
same_operator(sequence.SequenceAt, "SequenceAt")
same_operator(sequence.SequenceLength, "SequenceLength")
same_operator(sequence.SplitToSequence, "SplitToSequence", axis="axis", keepdims="keep_dims")
same_operator(sequence.ConcatFromSequence, "ConcatFromSequence", axis="axis", new_axis="is_stacked")
same_operator(sequence.OptionalHas, "OptionalHasElement")
same_operator(sequence.OptionalGet, "OptionalGetElement")


@onnx_export(sequence.SequenceConstruct)
def construct(w: Writer, op: sequence.SequenceConstruct) -> str:
    if op.operands:
        return str(w("SequenceConstruct", *w.operands(op)))
    element = op.element
    if not isinstance(element, TensorType):
        raise w.error(f"an empty sequence of {element} has no ONNX form")
    return str(w("SequenceEmpty", dtype=w.element_type(element.dtype)))


@onnx_export(sequence.OptionalConstruct)
def optional(w: Writer, op: sequence.OptionalConstruct) -> str:
    kind = type_proto(op.element) if op.value is None else None
    return str(w("Optional", w.name(op.value), type=kind))
