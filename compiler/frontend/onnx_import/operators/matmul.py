"""Matrix products: of floats, of quantized numbers, and of whatever an equation says."""

from __future__ import annotations

from mlc.frontend.onnx_import.graph import Graph
from mlc.frontend.onnx_import.operators.conv import centered
from mlc.frontend.onnx_import.operators.shape import reshaped, transposed
from mlc.frontend.onnx_import.registry import onnx_op
from mlc.ir import DType, Value
from mlc.ops import Add, Cast, Det, Div, Matmul, Mul, QuantizeLinear


@onnx_op("MatMul", since=1)
def matmul(g: Graph, a: Value, b: Value) -> Value:
    return g(Matmul(a, b))


@onnx_op("Gemm", since=7)
def gemm(
    g: Graph,
    a: Value,
    b: Value,
    c: Value | None = None,
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    transA: int = 0,
    transB: int = 0,
) -> Value:
    """alpha * a' @ b' + beta * c, scaled only by what is not 1."""
    left = transposed(g, a, (1, 0)) if transA else a
    product = _times(g, g(Matmul(left, b, transpose_y=bool(transB))), alpha)
    return product if c is None or beta == 0 else g(Add(product, _times(g, c, beta)))


@onnx_op("Gemm", since=1)
def gemm_before_7(
    g: Graph,
    a: Value,
    b: Value,
    c: Value,
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    broadcast: int = 0,
    transA: int = 0,
    transB: int = 0,
) -> Value:
    return gemm(g, a, b, c, alpha=alpha, beta=beta, transA=transA, transB=transB)


def _times(g: Graph, x: Value, factor: float) -> Value:
    return x if factor == 1 else g(Mul(x, g.scalar(factor, x.tensor.dtype)))


@onnx_op("MatMulInteger", since=10)
def matmul_integer(
    g: Graph, a: Value, b: Value, a_zero_point: Value | None = None, b_zero_point: Value | None = None
) -> Value:
    left = centered(g, a, None if a_zero_point is None else _per_row(g, a_zero_point))
    return g(Matmul(left, centered(g, b, b_zero_point)))


def _per_row(g: Graph, vector: Value) -> Value:
    """A vector with one element for each row of a matrix, as a column; anything else as it is."""
    return reshaped(g, vector, (*vector.tensor.dims, 1)) if vector.tensor.rank == 1 else vector


@onnx_op("QLinearMatMul", since=10)
def qlinear_matmul(
    g: Graph,
    a: Value,
    a_scale: Value,
    a_zero_point: Value,
    b: Value,
    b_scale: Value,
    b_zero_point: Value,
    y_scale: Value,
    y_zero_point: Value,
) -> Value:
    total = matmul_integer(g, a, b, a_zero_point, b_zero_point)
    return requantized(g, total, _per_row(g, a_scale), b_scale, _per_row(g, y_scale), _per_row(g, y_zero_point))


def requantized(g: Graph, total: Value, x_scale: Value, w_scale: Value, y_scale: Value, y_zero_point: Value) -> Value:
    """The i32 sums times x_scale * w_scale / y_scale, rounded, plus the zero point."""
    x_factor, w_factor, y_factor = (_f32(g, s) for s in (x_scale, w_scale, y_scale))
    factor = g(Div(g(Mul(x_factor, w_factor)), y_factor))
    scaled = g(Mul(g(Cast(total, dtype=DType.F32)), factor))
    one = g.scalar(1, DType.F32)
    dtype = y_zero_point.tensor.dtype
    if y_zero_point.tensor.shape in ((), (1,)):
        return g(QuantizeLinear(scaled, one, y_zero_point, dtype=dtype))
    whole = g(QuantizeLinear(scaled, one, dtype=DType.I16))
    shifted = g(Add(g(Cast(whole, dtype=DType.F32)), g(Cast(y_zero_point, dtype=DType.F32))))
    return g(QuantizeLinear(shifted, one, dtype=dtype))


def _f32(g: Graph, x: Value) -> Value:
    return x if x.tensor.dtype is DType.F32 else g(Cast(x, dtype=DType.F32))


@onnx_op("Det", since=11)
def det(g: Graph, x: Value) -> Value:
    return g(Det(x))
