"""Ops that move elements."""

from __future__ import annotations

import numpy as np

from mlc.frontend.onnx_export.registry import onnx_export, same_operator
from mlc.frontend.onnx_export.writer import Writer
from mlc.ir.dims import lower_bound
from mlc.ops import shape

_BEFORE_THE_FIRST = -(1 << 63)  # an end that a slice with a negative step never reaches

same_operator(shape.Transpose, "Transpose", perm="perm")
same_operator(shape.Concat, "Concat", axis="axis")
same_operator(shape.DynamicSlice, "Slice")
same_operator(shape.Range, "Range")
same_operator(shape.Shape, "Shape", start="start", end="end")
same_operator(shape.ReverseSequence, "ReverseSequence", time_axis="time_axis", batch_axis="batch_axis")


@onnx_export(shape.Reshape)
def reshape(w: Writer, op: shape.Reshape) -> str:
    if op.shape is not None:
        return str(w("Reshape", w.name(op.x), w.name(op.shape), allowzero=int(op.keeps_zero)))
    assert op.dims is not None
    return str(w("Reshape", w.name(op.x), w.shape(op.dims), allowzero=1))


@onnx_export(shape.Expand)
def expand(w: Writer, op: shape.Expand) -> str:
    return str(w("Expand", w.name(op.x), w.name(op.shape) if op.shape is not None else w.shape(op.dims or ())))


@onnx_export(shape.Slice)
def slice_(w: Writer, op: shape.Slice) -> str:
    ends = []
    for start, size, step in zip(op.starts, op.dims, op.steps, strict=True):
        end = start + size * step
        if step < 0 and size != 0 and not isinstance(end, int) and (lower_bound(end) or -1) < 0:
            raise w.error(f"the end {end} of a backward slice may lie before the first element")
        ends.append(_BEFORE_THE_FIRST if step < 0 and size != 0 and isinstance(end, int) and end < 0 else end)
    axes = w.ints(range(len(ends)))
    return str(w("Slice", w.name(op.x), w.shape(op.starts), w.shape(ends), axes, w.ints(op.steps)))


@onnx_export(shape.Pad)
def pad(w: Writer, op: shape.Pad) -> str:
    amounts = w.name(op.amounts) if op.pads is None else w.shape(op.pads)
    return str(w("Pad", w.name(op.x), amounts, w.name(op.value), w.name(op.axes), mode=op.mode))


@onnx_export(shape.Tile)
def tile(w: Writer, op: shape.Tile) -> str:
    return str(w("Tile", w.name(op.x), w.name(op.counts) if op.repeats is None else w.shape(op.repeats)))


@onnx_export(shape.Trilu)
def trilu(w: Writer, op: shape.Trilu) -> str:
    k = w.name(op.k) if op.k is not None else w.constant(np.array(op.diagonal, np.int64))
    return str(w("Trilu", w.name(op.x), k, upper=int(op.upper)))
