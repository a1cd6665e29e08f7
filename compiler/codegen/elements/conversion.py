"""Elements of mlc.ops.cast: conversions between dtypes."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from mlc.codegen import math, registers
from mlc.codegen.builder import Builder
from mlc.codegen.registry import element
from mlc.ir import DType
from mlc.ops import Bitcast, Cast

Element = Any  # ir.Value; llvmlite is untyped

_SATURATING = (DType.F8E4M3FN, DType.F8E4M3FNUZ, DType.F8E5M2, DType.F8E5M2FNUZ)


@element(Cast)
def cast(k: Builder, op: Cast, x: Element) -> Element:
    source, target = op.x.tensor.dtype, op.dtype
    if target is DType.F8E8M0:
        number = registers.single(k, x, source)
        code = math.encode_e8m0(k.ir, number, saturate=op.saturates, round_mode=op.rounding)
        return registers.decoded(k, target, code)
    if target in _SATURATING and op.saturates and source is not target:
        number = registers.single(k, x, source)
        code = math.encode(k.ir, number, math.NARROW_FORMATS[target.value], saturate=True)
        return registers.decoded(k, target, code)
    return registers.converted(k, x, source, target)


@element(Bitcast)
def bitcast(k: Builder, op: Bitcast, x: Element) -> Element:
    source, target = op.x.tensor.dtype, op.dtype
    memory = registers.encoded(k, source, x)
    wanted = registers.memory_type(target)
    if isinstance(memory.type, ir.VectorType):
        wanted = ir.VectorType(wanted, memory.type.count)
    return registers.decoded(k, target, k.ir.bitcast(memory, wanted))
