"""StableHLO's comparisons and changes of element type."""

from __future__ import annotations

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.operators.bits import in_total_order
from mlc.frontend.mlir_import.operators.stablehlo.attributes import word
from mlc.frontend.mlir_import.operators.stablehlo.elementwise import aligned
from mlc.frontend.mlir_import.registry import mlir_op
from mlc.ir import DType, Value
from mlc.ops import Bitcast, Equal, Less, LessOrEqual, Not


@mlir_op("stablehlo.compare")
def compare(g: Graph, lhs: Value, rhs: Value, *, comparison_direction: str, compare_type: str = "NOTYPE") -> Value:
    """Whether two elements are in the relation; floats of compare_type TOTALORDER as IEEE 754's totalOrder has it."""
    aligned(g, lhs, rhs)
    if word(compare_type) == "TOTALORDER" and lhs.tensor.dtype.is_float:
        lhs, rhs = in_total_order(g, lhs), in_total_order(g, rhs)
    return compared(g, word(comparison_direction), lhs, rhs)


def compared(g: Graph, direction: str, x: Value, y: Value) -> Value:
    """Whether x and y are in the relation EQ, NE, LT, LE, GT or GE."""
    if x.tensor.dtype is DType.BOOL and direction not in ("EQ", "NE"):
        x, y = g.cast(x, DType.I8), g.cast(y, DType.I8)
    match direction:
        case "EQ":
            return g(Equal(x, y))
        case "NE":
            return g(Not(g(Equal(x, y))))
        case "LT":
            return g(Less(x, y))
        case "LE":
            return g(LessOrEqual(x, y))
        case "GT":
            return g(Less(y, x))
        case _:
            return g(LessOrEqual(y, x))


@mlir_op("stablehlo.convert")
def convert(g: Graph, operand: Value) -> Value:
    """x as another dtype: floats become integers towards zero."""
    return g.cast(operand, g.dtype)


@mlir_op("stablehlo.bitcast_convert")
def bitcast_convert(g: Graph, operand: Value) -> Value:
    """The bits of x as another dtype of the same width."""
    given, wanted = operand.tensor.dtype, g.dtype
    if given.bits != wanted.bits:
        raise g.error(f"from {given} to {wanted} is not supported, only between dtypes of one width")
    return operand if given is wanted else g(Bitcast(operand, wanted))


# (exponent, mantissa) bits of the narrower floats.
_FORMATS = {(8, 7): DType.BF16, (5, 10): DType.F16, (8, 23): DType.F32, (11, 52): DType.F64}


@mlir_op("stablehlo.reduce_precision")
def reduce_precision(g: Graph, operand: Value, *, exponent_bits: int, mantissa_bits: int) -> Value:
    """x rounded to a float of fewer bits, and back."""
    narrow = _FORMATS.get((exponent_bits, mantissa_bits))
    if narrow is None:
        raise g.error(f"{exponent_bits} bits of exponent and {mantissa_bits} of mantissa are no float that mlc has")
    dtype = operand.tensor.dtype
    return operand if narrow.bits >= dtype.bits else g.cast(g.cast(operand, narrow), dtype)
