"""Rows for the ops of mlc.ops.quantize."""

from __future__ import annotations

import numpy as np

from cases import Case, integers, normal, positive, special
from mlc.ir import DType, Op, Value
from mlc.ops import DequantizeLinear, QuantizeLinear

INTEGERS = [d for d in DType if d.is_integer and d.bits <= 16]
FLOATS = [DType.F8E4M3FN, DType.F8E4M3FNUZ, DType.F8E5M2, DType.F8E5M2FNUZ, DType.F4E2M1]
SCALE = np.float32(0.5)


def quantize(dtype: DType, **given: object) -> object:
    """Builds a QuantizeLinear to `dtype`."""
    return lambda *v: QuantizeLinear(*v, dtype=dtype, **given)


def dequantize(*v: Value, dtype: DType = DType.F32, axis: int = 1, block: int = 0) -> Op:
    """A DequantizeLinear, to f32."""
    return DequantizeLinear(*v, dtype=dtype, axis=axis, block=block)


def small(dtype: DType) -> np.ndarray:
    """Numbers that every small type has."""
    return np.array([[0, 1, 1], [1, 0, 1]]).astype(dtype.numpy)


CASES = [
    *(
        Case(
            f"quantize_{d.name.lower()}",
            quantize(d),
            (normal(2, 3, scale=99), np.array(SCALE), np.array(1).astype(d.numpy)),
        )
        for d in INTEGERS
    ),
    *(Case(f"quantize_{d.name.lower()}", quantize(d), (normal(2, 3, scale=999), np.array(SCALE))) for d in FLOATS),
    *(
        Case(f"quantize_{d.name.lower()}_unsaturated", quantize(d, saturates=False), (special(), np.array(SCALE)))
        for d in FLOATS
    ),
    Case("quantize_halves", quantize(DType.I8), (np.arange(-3, 4, dtype=np.float32) / 4, np.array(SCALE))),
    Case("quantize_special", quantize(DType.U8), (special(), np.array(SCALE), np.array(128, np.uint8))),
    Case("quantize_axis", quantize(DType.U8, axis=-1), (normal(2, 3), positive(3), integers(3, low=0, dtype=DType.U8))),
    Case("quantize_blocks", quantize(DType.I8, axis=1, block=2), (normal(2, 5), positive(2, 3))),
    Case("quantize_f16", quantize(DType.I8), (normal(2, 3, dtype=DType.F16), positive(1, dtype=DType.F16))),
    Case("quantize_precision", quantize(DType.I8, precision=DType.F16), (normal(2, 3), positive(1))),
    Case("quantize_empty", quantize(DType.U8), (normal(0, 3), np.array(SCALE))),
    *(Case(f"dequantize_{d.name.lower()}", dequantize, (small(d), np.array(SCALE), small(d)[0, 1])) for d in INTEGERS),
    *(Case(f"dequantize_{d.name.lower()}", dequantize, (small(d), np.array(SCALE))) for d in FLOATS),
    Case(
        "dequantize_i32", dequantize, (integers(2, 3, low=-(2**31), high=2**31 - 1, dtype=DType.I32), np.array(SCALE))
    ),
    Case("dequantize_axis", dequantize, (integers(2, 3, dtype=DType.I8), positive(3), integers(3, dtype=DType.I8))),
    Case(
        "dequantize_blocks",
        lambda *v: dequantize(*v, axis=0, block=2),
        (integers(5, 2, dtype=DType.I8), positive(3, 2), integers(3, 2, dtype=DType.I8)),
    ),
    Case("dequantize_f16", lambda *v: dequantize(*v, dtype=DType.F16), (small(DType.I8), positive(1, dtype=DType.F16))),
]
