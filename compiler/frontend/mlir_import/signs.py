"""Integers without a sign, whose ops say whether their bits are a signed or an unsigned number."""

from __future__ import annotations

from mlc.frontend.builder import Builder
from mlc.ir import DType, Value
from mlc.ops import Bitcast

_UNSIGNED = {DType.I8: DType.U8, DType.I16: DType.U16, DType.I32: DType.U32, DType.I64: DType.U64}
_SIGNED = {unsigned: signed for signed, unsigned in _UNSIGNED.items()}


def unsigned(g: Builder, x: Value) -> Value:
    """The bits of a signless integer as an unsigned one."""
    dtype = x.tensor.dtype
    return g(Bitcast(x, _UNSIGNED[dtype])) if dtype in _UNSIGNED else x


def signless(g: Builder, x: Value) -> Value:
    """The way back."""
    dtype = x.tensor.dtype
    return g(Bitcast(x, _SIGNED[dtype])) if dtype in _SIGNED else x
