"""Normalizations."""

from __future__ import annotations

import numpy as np

from mlc.frontend.onnx_export.registry import onnx_export, same_operator
from mlc.frontend.onnx_export.writer import Writer
from mlc.ir import Value
from mlc.ops import norm

same_operator(norm.BatchNorm, "BatchNormalization", epsilon="epsilon")
same_operator(norm.GroupNorm, "GroupNormalization", num_groups="groups", epsilon="epsilon")
same_operator(norm.InstanceNorm, "InstanceNormalization", epsilon="epsilon")
same_operator(norm.Lrn, "LRN", size="size", alpha="alpha", beta="beta", bias="k")


@onnx_export(norm.LayerNorm)
def layer_norm(w: Writer, op: norm.LayerNorm) -> str:
    scale = _scale(w, op.x, op.scale, op.axis)
    return str(w("LayerNormalization", w.name(op.x), scale, w.name(op.bias), axis=op.axis, epsilon=op.epsilon))


@onnx_export(norm.RmsNorm)
def rms_norm(w: Writer, op: norm.RmsNorm) -> str:
    scale = _scale(w, op.x, op.scale, op.axis)
    return str(w("RMSNormalization", w.name(op.x), scale, axis=op.axis, epsilon=op.epsilon))


def _scale(w: Writer, x: Value, scale: Value | None, axis: int) -> str:
    """The scale, which ONNX demands: ones of the normalized shape where there is none."""
    if scale is not None:
        return w.name(scale)
    one = w.constant(np.ones(1, x.tensor.dtype.numpy))
    return str(w("Expand", one, w.shape(x.tensor.dims[axis:])))
