"""arith's conversions. Sizes stay expressions over dims through index_cast and the widening of integers."""

from __future__ import annotations

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.registry import mlir_op
from mlc.frontend.mlir_import.signs import unsigned
from mlc.frontend.mlir_import.types import dtype_of
from mlc.ir import Dim, DType, Value
from mlc.ir.dims import lower_bound
from mlc.ops import Bitcast, BitwiseAnd, Cast, Neg

_SIZES = (DType.I64, DType.I32)


def _operand(g: Graph, x: Value | Dim) -> Value:
    kind = g.operation.operands[0].type
    return g.value(x, dtype_of(getattr(kind, "element_type", kind)))


@mlir_op("arith.index_cast", "arith.extsi", "arith.trunci", "arith.index_castui", ignores=("overflowFlags",))
def integer_cast(g: Graph, x: Value | Dim) -> Value | Dim:
    """x in another width: its low bits, or its sign copied. A size is never so large that it would be cut."""
    if not isinstance(x, Value) and g.dtype in _SIZES and g.operation.operands[0].type != g.operation.results[0].type:
        kind = g.operation.operands[0].type
        if dtype_of(kind) in _SIZES and _fits(x, g.dtype):
            return x
    value = _operand(g, x)
    if value.tensor.dtype is DType.BOOL and g.operation.name == "arith.extsi":
        return g(Neg(g.cast(value, g.dtype)))  # true is -1
    if g.dtype is DType.BOOL:
        one = g.scalar(1, value.tensor.dtype)
        return g.cast(g(BitwiseAnd(value, one)), DType.BOOL)
    if g.operation.name == "arith.index_castui":
        value = unsigned(g, value)
    return g.cast(value, g.dtype)


def _fits(x: Dim, dtype: DType) -> bool:
    limit = 1 << (dtype.bits - 1)
    return not isinstance(x, int) or -limit <= x < limit


def is_count(x: Dim) -> bool:
    """Whether x is known not to be negative."""
    low = lower_bound(x)
    return low is not None and low >= 0


@mlir_op("arith.extui", ignores=("nneg", "nonNeg"))
def extui(g: Graph, x: Value | Dim) -> Value | Dim:
    """x in a larger width, zeros in front of its bits."""
    if not isinstance(x, Value) and g.dtype in _SIZES and is_count(x):
        return x
    return g.cast(unsigned(g, _operand(g, x)), g.dtype)


@mlir_op("arith.sitofp", "arith.fptosi", ignores=("fastmath",))
def signed_and_float(g: Graph, x: Value) -> Value:
    """A signed integer as a float, or a float rounded towards zero."""
    if x.tensor.dtype is DType.BOOL:
        return g(Neg(g.cast(x, g.dtype)))  # true is -1
    return g.cast(x, g.dtype)


@mlir_op("arith.uitofp", ignores=("nneg", "nonNeg", "fastmath"))
def uitofp(g: Graph, x: Value) -> Value:
    """The bits of x as an unsigned number, as a float."""
    return g.cast(unsigned(g, x), g.dtype)


@mlir_op("arith.fptoui", ignores=("fastmath",))
def fptoui(g: Graph, x: Value) -> Value:
    """A float rounded towards zero, as the bits of an unsigned number."""
    if g.dtype is DType.BOOL:
        return g.cast(g.cast(x, DType.I32), DType.BOOL)
    wide = g.cast(x, DType.I64 if g.dtype.bits < 64 else DType.U64)
    return g(Bitcast(wide, DType.I64)) if wide.tensor.dtype is DType.U64 else g.cast(wide, g.dtype)


@mlir_op("arith.extf", ignores=("fastmath",))
def extf(g: Graph, x: Value) -> Value:
    """x as a wider float."""
    return g.cast(x, g.dtype)


@mlir_op("arith.truncf", ignores=("fastmath",))
def truncf(g: Graph, x: Value, *, roundingmode: int = 0) -> Value:
    """x as a narrower float, rounded to the nearest, infinite where it is too large."""
    if roundingmode != 0:
        raise g.error("only rounding to the nearest even number is supported")
    return g(Cast(x, g.dtype, saturates=False))


@mlir_op("arith.bitcast")
def bitcast(g: Graph, x: Value) -> Value:
    """The bits of x as elements of another type."""
    return g(Bitcast(x, g.dtype))
