"""QuantizeLinear and DequantizeLinear by index: a scale is shared by the elements of one channel or block."""

from __future__ import annotations

from typing import Any

import ml_dtypes

from mlc.codegen.mlir.elements import Scalar, memory_type, register_type
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.scalars.conversion import converted
from mlc.codegen.mlir.text import Body
from mlc.codegen.registers import accumulator
from mlc.codegen.registry import NoKernel
from mlc.ir import DType, Value
from mlc.ops import DequantizeLinear, QuantizeLinear
from mlc.ops.quantize import integer_range

# The quotient is cut to this before the zero point is added, so that no sum overflows and no conversion is undefined.
LIMIT = 2.0**40


@linalg(QuantizeLinear, attributes="dtype axis block saturates precision")
def quantize_linear(g: Lowering, op: QuantizeLinear) -> None:
    """x / scale in the precision's digits, rounded and moved by the zero point, cut to the range."""
    x, scale = op.x.tensor.dtype, op.scale.tensor.dtype
    dtype = op.precision or (scale if scale.is_float else x)
    memory_type(op.dtype)
    if not dtype.is_float:
        raise NoKernel(f"the quotient is taken in {dtype}")

    def element(b: Body, index: list[Scalar]) -> Scalar:
        numerator = converted(b, b.extract(b.stage.tensor(op.x), index), x, dtype)
        quotient = b.rounded(b.div(numerator, converted(b, _shared(b, op, op.scale, index), scale, dtype)), dtype)
        zero = None if op.zero_point is None else _shared(b, op, op.zero_point, index)
        return (_to_float if op.dtype.is_float else _to_integer)(b, op, quotient, zero)

    g.indexed(op, element)


def _to_integer(b: Body, op: QuantizeLinear, quotient: Scalar, zero: Scalar | None) -> Scalar:
    whole = b.unary("math.roundeven", quotient)
    whole = b.select(b.compare("ord", whole, whole), whole, b.like(0, whole))
    whole = _cut(b, whole, LIMIT)
    number = b.convert("arith.fptosi", whole, "i64")
    if zero is not None and op.zero_point is not None:
        number = b.binary("arith.addi", number, converted(b, zero, op.zero_point.tensor.dtype, DType.I64))
    low, high = integer_range(op.dtype)
    number = b.binary("arith.minsi", b.binary("arith.maxsi", number, b.number(low, "i64")), b.number(high, "i64"))
    return b.convert("arith.trunci", number, register_type(op.dtype))


def _to_float(b: Body, op: QuantizeLinear, quotient: Scalar, zero: Scalar | None) -> Scalar:
    wide = DType.F64 if quotient.type == "f64" else DType.F32
    if zero is not None and op.zero_point is not None:
        quotient = b.plain("arith.addf", quotient, converted(b, zero, op.zero_point.tensor.dtype, wide))
    if op.saturates:
        limits: Any = ml_dtypes.finfo  # untyped
        quotient = _cut(b, quotient, float(limits(op.dtype.numpy).max))
    return converted(b, quotient, wide, op.dtype)


def _cut(b: Body, x: Scalar, limit: float) -> Scalar:
    """x kept between -limit and limit; NaN stays."""
    return b.binary("arith.minimumf", b.binary("arith.maximumf", x, b.like(-limit, x)), b.like(limit, x))


@linalg(DequantizeLinear, attributes="dtype axis block")
def dequantize_linear(g: Lowering, op: DequantizeLinear) -> None:
    """(x - zero point) * scale; the difference is exact, of 32-bit integers in f64."""
    source, scale = op.x.tensor.dtype, op.scale.tensor.dtype
    exact = DType.F64 if source is DType.I32 else DType.F32
    wide = accumulator(scale)

    def element(b: Body, index: list[Scalar]) -> Scalar:
        x = converted(b, b.extract(b.stage.tensor(op.x), index), source, exact)
        if op.zero_point is not None:
            zero = _shared(b, op, op.zero_point, index)
            x = b.plain("arith.subf", x, converted(b, zero, op.zero_point.tensor.dtype, exact))
        factor = _shared(b, op, op.scale, index)
        return converted(b, b.plain("arith.mulf", converted(b, x, exact, wide), factor), wide, op.dtype)

    g.indexed(op, element)


def _shared(b: Body, op: QuantizeLinear | DequantizeLinear, value: Value, index: list[Scalar]) -> Scalar:
    """The scale or zero point of the element at `index`."""
    dims, full = value.tensor.dims, op.x.tensor.dims
    if not dims or (dims == (1,) and not op.block):
        return b.extract(b.stage.tensor(value, ()), [])
    axis = op.axis % len(full)
    at = list(index)
    if op.block:
        at[axis] = b.binary("arith.divui", index[axis], b.index(op.block))
    elif len(dims) == 1:
        at = [index[axis]]
        if dims[0] != full[axis]:
            at = [b.select(b.compare("eq", b.stage.dim(dims[0]), b.index(1)), b.index(0), index[axis])]
    else:
        at = [
            i
            if d == f
            else b.index(0)
            if d == 1
            else b.select(b.compare("eq", b.stage.dim(d), b.index(1)), b.index(0), i)
            for d, f, i in zip(dims, full[len(full) - len(dims) :], index[len(full) - len(dims) :], strict=True)
        ]
    return b.extract(b.stage.tensor(value), at)
