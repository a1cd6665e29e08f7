"""Quantization."""

from __future__ import annotations

from typing import Any

from mlc.frontend.onnx_export.registry import onnx_export
from mlc.frontend.onnx_export.writer import Writer
from mlc.ops.quantize import DequantizeLinear, QuantizeLinear


@onnx_export(QuantizeLinear)
def quantize(w: Writer, op: QuantizeLinear) -> str:
    given = _given(op)
    if op.zero_point is None:
        given["output_dtype"] = w.element_type(op.dtype)
    if op.precision is not None:
        given["precision"] = w.element_type(op.precision)
    if not op.saturates:
        given["saturate"] = 0
    return str(w("QuantizeLinear", *w.operands(op), **given))


@onnx_export(DequantizeLinear)
def dequantize(w: Writer, op: DequantizeLinear) -> str:
    given = _given(op)
    if op.dtype is not op.scale.tensor.dtype:
        given["output_dtype"] = w.element_type(op.dtype)
    return str(w("DequantizeLinear", *w.operands(op), **given))


def _given(op: QuantizeLinear | DequantizeLinear) -> dict[str, Any]:
    return {"axis": op.axis, "block_size": op.block or None}
