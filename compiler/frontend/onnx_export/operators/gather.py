"""Ops that take elements from, or put them to, places that other operands name."""

from __future__ import annotations

from collections.abc import Sequence

from mlc.frontend.onnx_export.registry import onnx_export, same_operator
from mlc.frontend.onnx_export.writer import Writer
from mlc.ops import gather

same_operator(gather.Gather, "Gather", axis="axis")
same_operator(gather.GatherElements, "GatherElements", axis="axis")
same_operator(gather.GatherNd, "GatherND", batch_dims="batch_axes")
same_operator(gather.ScatterElements, "ScatterElements", axis="axis", reduction="reduction")
same_operator(gather.ScatterNd, "ScatterND", reduction="reduction")
same_operator(gather.TensorScatter, "TensorScatter", opset=24, axis="axis", mode="mode")
same_operator(gather.NonZero, "NonZero")
same_operator(gather.Compress, "Compress", axis="axis")
same_operator(gather.Unique, "Unique", axis="axis", sorted="is_sorted")


@onnx_export(gather.OneHot)
def one_hot(w: Writer, op: gather.OneHot) -> str:
    depth = w.name(op.depth_operand) if op.depth_operand is not None else w.shape([op.depth])
    return str(w("OneHot", w.name(op.indices), depth, w.name(op.values), axis=op.axis))


@onnx_export(gather.TopK)
def top_k(w: Writer, op: gather.TopK) -> Sequence[str]:
    k = w("Reshape", w.name(op.k_operand), w.ints([1])) if op.k_operand is not None else w.shape([op.k])
    return list(w("TopK", w.name(op.x), k, count=2, axis=op.axis, largest=int(op.is_largest), sorted=1))
