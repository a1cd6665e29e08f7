"""Recurrent layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlc.frontend.onnx_export.registry import onnx_export
from mlc.frontend.onnx_export.writer import Writer
from mlc.ops.recurrent import Gru, Lstm, Recurrent, Rnn


@onnx_export(Rnn, Gru, Lstm)
def recurrent(w: Writer, op: Recurrent) -> Sequence[str]:
    given: dict[str, Any] = {
        "hidden_size": op.r.tensor.dims[2],
        "direction": op.direction,
        "activations": list(op.activations),
        "activation_alpha": list(op.alphas),
        "activation_beta": list(op.betas),
        "clip": op.clip or None,
    }
    inputs = [w.name(v) for v in (op.x, op.w, op.r, op.b, op.lengths, op.initial)]
    if isinstance(op, Gru):
        given["linear_before_reset"] = int(op.resets_after_linear)
    if isinstance(op, Lstm):
        inputs += [w.name(op.initial_c), w.name(op.peepholes)]
        given["input_forget"] = int(op.couples_gates)
    return list(w(type(op).__name__.upper(), *inputs, count=len(op.results), **given))
