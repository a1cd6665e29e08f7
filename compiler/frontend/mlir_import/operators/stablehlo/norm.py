"""StableHLO's batch norms."""

from __future__ import annotations

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.registry import mlir_op
from mlc.ir import Value
from mlc.ops import Add, BatchNorm, Div, Mul, ReduceMean, ReduceSum, Sqrt, Sub


@mlir_op("stablehlo.batch_norm_inference")
def batch_norm_inference(
    g: Graph,
    operand: Value,
    scale: Value,
    offset: Value,
    mean: Value,
    variance: Value,
    *,
    epsilon: float,
    feature_index: int,
) -> Value:
    """(x - mean) / sqrt(variance + epsilon) * scale + offset, one of each along an axis."""
    rank = operand.tensor.rank
    if rank == 1:
        row = g.reshape(operand, (1, *operand.tensor.dims))
        return g.reshape(g(BatchNorm(row, scale, offset, mean, variance, epsilon)), operand.tensor.dims)
    order = [i for i in range(rank) if i != feature_index]
    order.insert(1, feature_index)
    y = g(BatchNorm(g.transpose(operand, order), scale, offset, mean, variance, epsilon))
    return g.transpose(y, [order.index(i) for i in range(rank)])


@mlir_op("stablehlo.batch_norm_training")
def batch_norm_training(
    g: Graph, operand: Value, scale: Value, offset: Value, *, epsilon: float, feature_index: int
) -> tuple[Value, Value, Value]:
    """The same by the mean and variance of the operand itself, and these."""
    dtype, rank = operand.tensor.dtype, operand.tensor.rank
    axes = tuple(i for i in range(rank) if i != feature_index)
    shape = tuple(operand.tensor.dims[i] if i == feature_index else 1 for i in range(rank))
    mean = g(ReduceMean(operand, axes=axes))
    centered = g(Sub(operand, mean))
    variance = g(ReduceMean(g(Mul(centered, centered)), axes=axes))
    deviation = g(Sqrt(g(Add(variance, g.scalar(epsilon, dtype)))))
    normal = g(Div(centered, deviation))
    y = g(Add(g(Mul(normal, g.reshape(scale, shape))), g.reshape(offset, shape)))
    vector = (operand.tensor.dims[feature_index],)
    return y, g.reshape(mean, vector), g.reshape(variance, vector)


@mlir_op("stablehlo.batch_norm_grad")
def batch_norm_grad(
    g: Graph,
    operand: Value,
    scale: Value,
    mean: Value,
    variance: Value,
    grad_output: Value,
    *,
    epsilon: float,
    feature_index: int,
) -> tuple[Value, Value, Value]:
    """The gradients of the operand, scale and offset of a batch norm by the operand's own mean and variance.

    With n the centered operand by its deviation and dy the gradient of the result, that of the operand is
    scale / deviation * (dy - mean(dy) - n * mean(dy * n)), those of scale and offset sum(dy * n) and sum(dy).
    """
    dtype, rank = operand.tensor.dtype, operand.tensor.rank
    axes = tuple(i for i in range(rank) if i != feature_index)
    shape = tuple(operand.tensor.dims[i] if i == feature_index else 1 for i in range(rank))
    deviation = g.reshape(g(Sqrt(g(Add(variance, g.scalar(epsilon, dtype))))), shape)
    normal = g(Div(g(Sub(operand, g.reshape(mean, shape))), deviation))
    scaled = g(Mul(grad_output, normal))
    rest = g(Sub(grad_output, g(ReduceMean(grad_output, axes=axes))))
    rest = g(Sub(rest, g(Mul(normal, g(ReduceMean(scaled, axes=axes))))))
    gradient = g(Mul(g(Div(g.reshape(scale, shape), deviation)), rest))
    of_scale, of_offset = (g(ReduceSum(v, axes=axes)) for v in (scaled, grad_output))
    vector = (operand.tensor.dims[feature_index],)
    return gradient, g.reshape(of_scale, vector), g.reshape(of_offset, vector)
