"""Normalizations."""

from __future__ import annotations

import numpy as np

from mlc.frontend.torch_import.graph import Graph
from mlc.frontend.torch_import.registry import torch_op
from mlc.ir import Dim, DType, Value
from mlc.ir.dims import product
from mlc.ops import (
    Add,
    BatchNorm,
    Div,
    GroupNorm,
    InstanceNorm,
    LayerNorm,
    Mul,
    ReduceMean,
    RmsNorm,
    Sqrt,
    Sub,
)

_TRAINING = "computes its statistics from the batch in training mode; call eval() on the model"


@torch_op("aten.layer_norm", ignores=("cudnn_enable",))
def layer_norm(
    g: Graph,
    input: Value,
    normalized_shape: tuple[Dim, ...],
    weight: Value | None = None,
    bias: Value | None = None,
    eps: float = 1e-5,
) -> Value:
    """Standardized over the last dims, times weight, plus bias."""
    return g(LayerNorm(input, weight, bias, axis=-len(normalized_shape), epsilon=eps))


@torch_op("aten.native_layer_norm")
def native_layer_norm(
    g: Graph, input: Value, normalized_shape: tuple[Dim, ...], weight: Value | None, bias: Value | None, eps: float
) -> tuple[Value, Value, Value]:
    """The layer norm, the mean and 1 / sqrt(variance + eps)."""
    y = layer_norm(g, input, normalized_shape, weight, bias, eps)
    axes = tuple(range(input.tensor.rank - len(normalized_shape), input.tensor.rank))
    mean, _, deviation = _statistics(g, input, axes, eps)
    kind = g.declared[1].dtype if g.declared[1] is not None else g.dtype
    return y, g.cast(mean, kind), g.cast(deviation, kind)


def _statistics(g: Graph, x: Value, axes: tuple[int, ...], epsilon: float) -> tuple[Value, Value, Value]:
    """Mean, variance and 1 / sqrt(variance + epsilon) over the axes, in f32 at least; the axes stay as 1."""
    wide = g.cast(x, DType.F32) if x.tensor.dtype.itemsize < 4 else x
    mean = g(ReduceMean(wide, axes=axes))
    centered = g(Sub(wide, mean))
    variance = g(ReduceMean(g(Mul(centered, centered)), axes=axes))
    dtype = wide.tensor.dtype
    return mean, variance, g(Div(g.scalar(1, dtype), g(Sqrt(g(Add(variance, g.scalar(epsilon, dtype)))))))


@torch_op("aten.rms_norm")
def rms_norm(
    g: Graph, input: Value, normalized_shape: tuple[Dim, ...], weight: Value | None = None, eps: float | None = None
) -> Value:
    """x / sqrt(mean of x^2 + eps) over the last dims, times weight; eps is that of the dtype when None."""
    epsilon = float(np.finfo(np.float64 if input.tensor.dtype is DType.F64 else np.float32).eps) if eps is None else eps
    return g(RmsNorm(input, weight, axis=-len(normalized_shape), epsilon=epsilon))


@torch_op("aten._fused_rms_norm")
def fused_rms_norm(
    g: Graph, input: Value, normalized_shape: tuple[Dim, ...], weight: Value | None, eps: float | None
) -> tuple[Value, Value]:
    """The RMS norm and 1 / sqrt(mean of x^2 + eps)."""
    y = rms_norm(g, input, normalized_shape, weight, eps)
    epsilon = float(np.finfo(np.float64 if input.tensor.dtype is DType.F64 else np.float32).eps) if eps is None else eps
    wide = g.cast(input, DType.F32) if input.tensor.dtype.itemsize < 4 else input
    axes = tuple(range(input.tensor.rank - len(normalized_shape), input.tensor.rank))
    square = g(Add(g(ReduceMean(g(Mul(wide, wide)), axes=axes)), g.scalar(epsilon, wide.tensor.dtype)))
    return y, g(Div(g.scalar(1, wide.tensor.dtype), g(Sqrt(square))))


@torch_op("aten.group_norm", ignores=("cudnn_enabled",))
def group_norm(
    g: Graph, input: Value, num_groups: int, weight: Value | None = None, bias: Value | None = None, eps: float = 1e-5
) -> Value:
    """Channels in groups, each standardized per sample."""
    scale, shift = _affine(g, input, weight, bias)
    return g(GroupNorm(input, scale, shift, num_groups, eps))


def _affine(g: Graph, x: Value, weight: Value | None, bias: Value | None) -> tuple[Value, Value]:
    """Scale and shift for each channel of x[N, C, ...], ones and zeros where left out."""
    channels, dtype = x.tensor.dims[1], x.tensor.dtype
    scale = weight if weight is not None else g.expand(g.scalar(1, dtype), (channels,))
    shift = bias if bias is not None else g.expand(g.scalar(0, dtype), (channels,))
    return g.cast(scale, dtype), g.cast(shift, dtype)


@torch_op("aten.native_group_norm", ignores=("N", "C", "HxW"))
def native_group_norm(
    g: Graph, input: Value, weight: Value | None, bias: Value | None, group: int, eps: float
) -> tuple[Value, Value, Value]:
    """The group norm, and mean and 1 / sqrt(variance + eps) of each sample and group."""
    y = group_norm(g, input, group, weight, bias, eps)
    batch, channels, *rest = input.tensor.dims
    grouped = g.reshape(input, (batch, group, channels // group * product(rest)))
    mean, _, deviation = _statistics(g, grouped, (2,), eps)
    return y, g.reshape(mean, (batch, group)), g.reshape(deviation, (batch, group))


@torch_op("aten.batch_norm", ignores=("momentum", "cudnn_enabled"))
def batch_norm(
    g: Graph,
    input: Value,
    weight: Value | None,
    bias: Value | None,
    running_mean: Value | None,
    running_var: Value | None,
    training: bool,
    eps: float,
) -> Value:
    """Each channel by its given statistics."""
    if training or running_mean is None or running_var is None:
        raise g.error(_TRAINING)
    scale, shift = _affine(g, input, weight, bias)
    mean, variance = g.cast(running_mean, g.dtype), g.cast(running_var, g.dtype)
    return g(BatchNorm(input, scale, shift, mean, variance, eps))


@torch_op("aten._native_batch_norm_legit_no_training", ignores=("momentum",))
def batch_norm_no_training(
    g: Graph,
    input: Value,
    weight: Value | None,
    bias: Value | None,
    running_mean: Value,
    running_var: Value,
    eps: float,
) -> tuple[Value, Value, Value]:
    """The batch norm, and two results that stay empty."""
    y = batch_norm(g, input, weight, bias, running_mean, running_var, False, eps)
    empty = g.constant(np.zeros(0, input.tensor.dtype.numpy))
    return y, empty, empty


@torch_op("aten.native_batch_norm", "aten._native_batch_norm_legit")
def native_batch_norm(
    g: Graph,
    input: Value,
    weight: Value | None,
    bias: Value | None,
    running_mean: Value | None,
    running_var: Value | None,
    training: bool,
    momentum: float,
    eps: float,
) -> tuple[Value, Value, Value]:
    """The batch norm by given statistics; in training mode the running ones would have to change."""
    if running_mean is None or running_var is None:
        return batch_norm_no_stats(g, input, weight, bias, eps)
    if training:
        raise g.error(_TRAINING)
    return batch_norm_no_training(g, input, weight, bias, running_mean, running_var, eps)


@torch_op("aten._native_batch_norm_legit.no_stats", ignores=("training", "momentum"))
def batch_norm_no_stats(
    g: Graph, input: Value, weight: Value | None, bias: Value | None, eps: float
) -> tuple[Value, Value, Value]:
    """Each channel by the batch's own statistics, which are results too; no running ones are kept."""
    y, mean, _, deviation = batch_statistics(g, input, weight, bias, eps)
    return y, mean, deviation


def batch_statistics(
    g: Graph, x: Value, weight: Value | None, bias: Value | None, epsilon: float
) -> tuple[Value, Value, Value, Value]:
    """x[N, C, ...] standardized per channel; mean[C], variance[C] and 1 / sqrt(variance + epsilon)[C]."""
    axes = (0, *range(2, x.tensor.rank))
    mean, variance, deviation = _statistics(g, x, axes, epsilon)
    channels = (x.tensor.dims[1],)
    scale, shift = _affine(g, x, weight, bias)
    around = (*channels, *(1,) * (x.tensor.rank - 2))
    dtype = mean.tensor.dtype
    y = g(Mul(g(Sub(g.cast(x, dtype), mean)), deviation))
    y = g(Add(g(Mul(y, g.cast(g.reshape(scale, around), dtype))), g.cast(g.reshape(shift, around), dtype)))
    statistics = [g.reshape(v, channels) for v in (mean, variance, deviation)]
    return g.cast(y, x.tensor.dtype), statistics[0], statistics[1], statistics[2]


@torch_op("aten._native_batch_norm_legit_functional")
def batch_norm_functional(
    g: Graph,
    input: Value,
    weight: Value | None,
    bias: Value | None,
    running_mean: Value,
    running_var: Value,
    training: bool,
    momentum: float,
    eps: float,
) -> tuple[Value, ...]:
    """The batch norm, what its gradient wants, and the running statistics after it: one step towards the batch's."""
    if not training:
        y, empty, _ = batch_norm_no_training(g, input, weight, bias, running_mean, running_var, eps)
        return y, empty, empty, running_mean, running_var
    y, mean, variance, deviation = batch_statistics(g, input, weight, bias, eps)
    dtype = mean.tensor.dtype
    dims = input.tensor.dims
    count = g.scalar(product((dims[0], *dims[2:])), dtype)
    unbiased = g(Div(g(Mul(variance, count)), g(Sub(count, g.scalar(1, dtype)))))
    keep, step = g.scalar(1 - momentum, dtype), g.scalar(momentum, dtype)
    running = [
        g.cast(g(Add(g(Mul(g.cast(old, dtype), keep)), g(Mul(new, step)))), old.tensor.dtype)
        for old, new in ((running_mean, mean), (running_var, unbiased))
    ]
    return y, mean, deviation, *running


@torch_op("aten.instance_norm", ignores=("momentum", "cudnn_enabled"))
def instance_norm(
    g: Graph,
    input: Value,
    weight: Value | None,
    bias: Value | None,
    running_mean: Value | None,
    running_var: Value | None,
    use_input_stats: bool,
    eps: float,
) -> Value:
    """Each channel of each sample by its own statistics, or by the given ones."""
    if not use_input_stats:
        return batch_norm(g, input, weight, bias, running_mean, running_var, False, eps)
    scale, shift = _affine(g, input, weight, bias)
    return g(InstanceNorm(input, scale, shift, eps))
