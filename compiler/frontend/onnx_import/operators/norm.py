"""Normalizations."""

from __future__ import annotations

from mlc.frontend.onnx_import.dtypes import dtype_of
from mlc.frontend.onnx_import.graph import Graph
from mlc.frontend.onnx_import.operators.shape import normalized, reshaped
from mlc.frontend.onnx_import.registry import onnx_op
from mlc.ir import DType, Value
from mlc.ir.dims import floordiv
from mlc.ops import (
    Add,
    BatchNorm,
    Cast,
    Div,
    Expand,
    GroupNorm,
    InstanceNorm,
    LayerNorm,
    Lrn,
    Mul,
    ReduceMean,
    RmsNorm,
    Sqrt,
    Sub,
)


@onnx_op("BatchNormalization", since=14)
def batch_normalization(
    g: Graph,
    x: Value,
    scale: Value,
    b: Value,
    mean: Value,
    var: Value,
    *,
    epsilon: float = 1e-5,
    momentum: float = 0.9,
    training_mode: int = 0,
) -> list[Value]:
    if not training_mode:
        return [g(BatchNorm(x, scale, b, mean, var, epsilon=epsilon))]
    batch_mean, batch_var = _channel_statistics(g, x, mean.tensor.dtype)
    running = [_blended(g, old, new, momentum) for old, new in ((mean, batch_mean), (var, batch_var))]
    return [g(BatchNorm(x, scale, b, batch_mean, batch_var, epsilon=epsilon)), *running]


def _channel_statistics(g: Graph, x: Value, dtype: DType) -> tuple[Value, Value]:
    """Mean and population variance of each channel of x[N, C, ...]."""
    axes = tuple(a for a in range(x.tensor.rank) if a != 1)
    wide = x if x.tensor.dtype is dtype else g(Cast(x, dtype=dtype))
    mean = g(ReduceMean(wide, axes=axes, keep_dims=True))
    centered = g(Sub(wide, mean))
    variance = g(ReduceMean(g(Mul(centered, centered)), axes=axes, keep_dims=False))
    return reshaped(g, mean, variance.tensor.dims), variance


def _blended(g: Graph, old: Value, new: Value, momentum: float) -> Value:
    dtype = old.tensor.dtype
    kept = g(Mul(old, g.scalar(momentum, dtype)))
    return g(Add(kept, g(Mul(new, g.scalar(1 - momentum, dtype)))))


@onnx_op("BatchNormalization", since=7)
def batch_normalization_before_14(
    g: Graph,
    x: Value,
    scale: Value,
    b: Value,
    mean: Value,
    var: Value,
    *,
    epsilon: float = 1e-5,
    momentum: float = 0.9,
    spatial: int = 1,
) -> Value:
    if spatial != 1 and x.tensor.rank > 2:
        raise g.error(f"attribute 'spatial' must be 1, got {spatial}")
    return g(BatchNorm(x, scale, b, mean, var, epsilon=epsilon))


@onnx_op("BatchNormalization", since=1)
def batch_normalization_before_7(
    g: Graph,
    x: Value,
    scale: Value,
    b: Value,
    mean: Value,
    var: Value,
    *,
    consumed_inputs: tuple[int, ...] | None = None,
    epsilon: float = 1e-5,
    is_test: int = 0,
    momentum: float = 0.9,
    spatial: int = 1,
) -> Value:
    if not is_test:
        raise g.error("attribute 'is_test' must be 1: training is not supported")
    return batch_normalization_before_14(g, x, scale, b, mean, var, epsilon=epsilon, spatial=spatial)


@onnx_op("InstanceNormalization", since=1)
def instance_normalization(
    g: Graph,
    x: Value,
    scale: Value,
    b: Value,
    *,
    consumed_inputs: tuple[int, ...] | None = None,
    epsilon: float = 1e-5,
) -> Value:
    return g(InstanceNorm(x, scale, b, epsilon=epsilon))


@onnx_op("GroupNormalization", since=21)
def group_normalization(
    g: Graph, x: Value, scale: Value, bias: Value, *, epsilon: float = 1e-5, num_groups: int, stash_type: int = 1
) -> Value:
    _check_stash(g, x, stash_type)
    return g(GroupNorm(x, scale, bias, groups=num_groups, epsilon=epsilon))


@onnx_op("GroupNormalization", since=18)
def group_normalization_before_21(
    g: Graph, x: Value, scale: Value, bias: Value, *, epsilon: float = 1e-5, num_groups: int
) -> Value:
    """scale and bias have one element for each group."""
    channels = x.tensor.dims[1]
    share = floordiv(channels, num_groups)
    full_scale, full_bias = (
        reshaped(g, g(Expand(reshaped(g, v, (num_groups, 1)), dims=(num_groups, share))), (channels,))
        for v in (scale, bias)
    )
    return g(GroupNorm(x, full_scale, full_bias, groups=num_groups, epsilon=epsilon))


@onnx_op("LayerNormalization", since=17)
def layer_normalization(
    g: Graph,
    x: Value,
    scale: Value,
    b: Value | None = None,
    *,
    axis: int = -1,
    epsilon: float = 1e-5,
    stash_type: int = 1,
) -> list[Value]:
    _check_stash(g, x, stash_type)
    y = g(LayerNorm(x, scale, b, axis=axis, epsilon=epsilon))
    if not g.has_output(1) and not g.has_output(2):
        return [y]
    axes = tuple(range(normalized(g, axis, x.tensor.rank), x.tensor.rank))
    stash = dtype_of(stash_type)
    wide = x if x.tensor.dtype is stash else g(Cast(x, dtype=stash))
    mean = g(ReduceMean(wide, axes=axes, keep_dims=True))
    centered = g(Sub(wide, mean))
    variance = g(ReduceMean(g(Mul(centered, centered)), axes=axes, keep_dims=True))
    deviation = g(Sqrt(g(Add(variance, g.scalar(epsilon, stash)))))
    return [y, mean, g(Div(g.scalar(1, stash), deviation))]


@onnx_op("RMSNormalization", since=23)
def rms_normalization(
    g: Graph, x: Value, scale: Value, *, axis: int = -1, epsilon: float = 1e-5, stash_type: int = 1
) -> Value:
    _check_stash(g, x, stash_type)
    return g(RmsNorm(x, scale, axis=axis, epsilon=epsilon))


def _check_stash(g: Graph, x: Value, stash_type: int) -> None:
    """The ops compute in f32, or in f64 where x is that."""
    if dtype_of(stash_type) not in (DType.F32, x.tensor.dtype):
        raise g.error(f"attribute 'stash_type' must be 1 (float) or the input's type, got {stash_type}")


@onnx_op("LRN", since=1)
def lrn(g: Graph, x: Value, *, alpha: float = 1e-4, beta: float = 0.75, bias: float = 1.0, size: int) -> Value:
    return g(Lrn(x, size, alpha=alpha, beta=beta, k=bias))
