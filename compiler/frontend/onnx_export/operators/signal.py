"""Fourier transforms."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlc.frontend.onnx_export.registry import onnx_export
from mlc.frontend.onnx_export.writer import Writer
from mlc.ops import signal


@onnx_export(signal.Dft)
def dft(w: Writer, op: signal.Dft) -> str:
    length = w.name(op.length_operand)
    if op.length is not None:
        length = w("Squeeze", w.shape([op.length]), w.ints([0]))
    axis = w.name(op.axis_operand) if op.axis is None else w.constant(np.array(op.axis, np.int64))
    flags: dict[str, Any] = {"inverse": int(op.is_inverse), "onesided": int(op.is_onesided)}
    return str(w("DFT", w.name(op.x), length, axis, **flags))


@onnx_export(signal.Stft)
def stft(w: Writer, op: signal.Stft) -> str:
    return str(w("STFT", *w.operands(op), onesided=int(op.is_onesided)))


@onnx_export(signal.MelWeightMatrix)
def mel_weight_matrix(w: Writer, op: signal.MelWeightMatrix) -> str:
    return str(w("MelWeightMatrix", *w.operands(op), output_datatype=w.element_type(op.dtype)))
