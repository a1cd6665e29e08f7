"""Attention where gradients are wanted: both passes as products and elementwise ops on the scores.

Dao et al., FlashAttention, 2022, section 3.1 and appendix B: the forward pass keeps the logarithm of each row's sum of
exponentials, with which the backward pass finds the weights again. All is computed in f32 at least, as eager does.
"""

from __future__ import annotations

import math

import numpy as np

from mlc.frontend.torch_import.graph import Graph
from mlc.frontend.torch_import.registry import torch_op
from mlc.ir import Dim, DType, Value
from mlc.ops import Add, Div, Equal, Exp, LessOrEqual, Log, Matmul, Mul, Range, ReduceMax, ReduceSum, Sqrt, Sub, Where


def attention_with_sums(
    g: Graph, query: Value, key: Value, value: Value, mask: Value | None, is_causal: bool, scale: float | None
) -> tuple[Value, Value]:
    """The attention y[B, H, L, E] and the logarithms of the sums [B, H, L]; both 0 for a query that sees no key."""
    wide = _wide(query)
    key, value = (_repeated(g, x, query.tensor.dims[1]) for x in (key, value))
    scores = _scores(g, query, key, mask, is_causal, scale)
    largest = g(ReduceMax(scores, axes=(3,)))
    zero, one = g.scalar(0, wide), g.scalar(1, wide)
    shift = g(Where(g(Equal(largest, g.scalar(-np.inf, wide))), zero, largest))
    powers = g(Exp(g(Sub(scores, shift))))
    total = g(ReduceSum(powers, axes=(3,)))
    total = g(Where(g(Equal(total, zero)), one, total))
    y = g(Matmul(g(Div(powers, total)), g.cast(value, wide)))
    sums = g(Add(shift, g(Log(total))))
    return g.cast(y, query.tensor.dtype), g.reshape(sums, sums.tensor.dims[:3])


@torch_op("aten._scaled_dot_product_flash_attention_for_cpu_backward")
def flash_attention_for_cpu_backward(
    g: Graph,
    grad_out: Value,
    query: Value,
    key: Value,
    value: Value,
    out: Value,
    logsumexp: Value,
    dropout_p: float,
    is_causal: bool,
    attn_mask: Value | None = None,
    scale: float | None = None,
) -> tuple[Value, Value, Value]:
    """The gradients of query, key and value."""
    if dropout_p:
        raise g.error("draws random numbers for its dropout; call eval() on the model")
    wide, heads = _wide(query), query.tensor.dims[1]
    q, of_y, y = (g.cast(x, wide) for x in (query, grad_out, out))
    k, v = (_repeated(g, g.cast(x, wide), heads) for x in (key, value))
    sums = g.reshape(g.cast(logsumexp, wide), (*logsumexp.tensor.dims, 1))
    weights = g(Exp(g(Sub(_scores(g, q, k, attn_mask, is_causal, scale), sums))))
    of_v = g(Matmul(_turned(g, weights), of_y))
    shared = g(ReduceSum(g(Mul(of_y, y)), axes=(3,)))
    of_scores = g(Mul(weights, g(Sub(g(Matmul(of_y, v, transpose_y=True)), shared))))
    of_scores = g(Mul(of_scores, _scale(g, query, scale)))
    of_q = g(Matmul(of_scores, k))
    of_k, of_v = (_summed(g, x, key.tensor.dims[1]) for x in (g(Matmul(_turned(g, of_scores), q)), of_v))
    return g.cast(of_q, query.tensor.dtype), g.cast(of_k, key.tensor.dtype), g.cast(of_v, value.tensor.dtype)


def _wide(x: Value) -> DType:
    return x.tensor.dtype if x.tensor.dtype is DType.F64 else DType.F32


def _scores(g: Graph, query: Value, key: Value, mask: Value | None, is_causal: bool, scale: float | None) -> Value:
    """query @ key^T * scale, -inf where a key is not seen: [B, H, L, S]."""
    wide = _wide(query)
    unseen = g.scalar(-np.inf, wide)
    scores = g(Matmul(g.cast(query, wide), g.cast(key, wide), transpose_y=True))
    scores = g(Mul(scores, _scale(g, query, scale)))
    if mask is not None and mask.tensor.dtype is DType.BOOL:
        scores = g(Where(mask, scores, unseen))
    elif mask is not None:
        scores = g(Add(scores, g.cast(mask, wide)))
    if is_causal:
        *_, rows, columns = scores.tensor.dims
        at_row = g.reshape(_counted(g, rows), (rows, 1))
        scores = g(Where(g(LessOrEqual(_counted(g, columns), at_row)), scores, unseen))
    return scores


def _repeated(g: Graph, x: Value, heads: Dim) -> Value:
    """x[B, G, S, D] with each head as often as query heads share it: [B, H, S, D]."""
    batch, groups, *rest = x.tensor.dims
    if groups == heads:
        return x
    each = heads // groups
    wide = g.expand(g.reshape(x, (batch, groups, 1, *rest)), (batch, groups, each, *rest))
    return g.reshape(wide, (batch, heads, *rest))


def _summed(g: Graph, x: Value, groups: Dim) -> Value:
    """The gradient of what `_repeated` took."""
    batch, heads, *rest = x.tensor.dims
    if groups == heads:
        return x
    return g(ReduceSum(g.reshape(x, (batch, groups, heads // groups, *rest)), axes=(2,), keep_dims=False))


def _counted(g: Graph, count: Dim) -> Value:
    """0, 1, ... below `count`."""
    return g(Range(g.scalar(0, DType.I64), g.size(count), g.scalar(1, DType.I64), count))


def _scale(g: Graph, query: Value, scale: float | None) -> Value:
    wide, width = _wide(query), query.tensor.dims[-1]
    if scale is not None:
        return g.scalar(scale, wide)
    if isinstance(width, int):
        return g.scalar(1 / math.sqrt(width) if width else 1.0, wide)
    return g(Div(g.scalar(1, wide), g(Sqrt(g.scalar(width, wide)))))


def _turned(g: Graph, x: Value) -> Value:
    return g.transpose(x, (0, 1, 3, 2))
