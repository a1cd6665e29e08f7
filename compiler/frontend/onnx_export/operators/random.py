"""Random numbers. ONNX fixes no stream, so other engines draw other numbers from the same seed, which is an f32."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlc.frontend.onnx_export.registry import onnx_export
from mlc.frontend.onnx_export.writer import Writer
from mlc.ir import TensorType
from mlc.ops import random


@onnx_export(random.RandomUniform)
def uniform(w: Writer, op: random.RandomUniform) -> str:
    return _drawn(w, "RandomUniform", op.result.tensor, op.seed, low=op.low, high=op.high)


@onnx_export(random.RandomNormal)
def normal(w: Writer, op: random.RandomNormal) -> str:
    return _drawn(w, "RandomNormal", op.result.tensor, op.seed, mean=op.mean, scale=op.deviation)


@onnx_export(random.Multinomial)
def multinomial(w: Writer, op: random.Multinomial) -> str:
    given: dict[str, Any] = {"sample_size": op.count, "seed": float(op.seed % 2**24), "dtype": w.element_type(op.dtype)}
    return str(w("Multinomial", w.name(op.x), **given))


def _drawn(w: Writer, operator: str, type: TensorType, seed: int, **given: Any) -> str:
    given |= {"seed": float(seed % 2**24), "dtype": w.element_type(type.dtype)}
    if type.is_static:
        return str(w(operator, shape=type.static_shape, **given))
    zeros = w("Expand", w.constant(np.zeros(1, type.dtype.numpy)), w.shape(type.dims))
    return str(w(f"{operator}Like", zeros, **given))
