"""Scaled dot product attention in torch's spellings."""

from __future__ import annotations

import math

from mlc.frontend.torch_import.graph import Graph
from mlc.frontend.torch_import.operators.attention_gradients import attention_with_sums
from mlc.frontend.torch_import.operators.gather import _broadcast
from mlc.frontend.torch_import.registry import torch_op
from mlc.ir import Dim, Value
from mlc.ir.dims import product
from mlc.ops import Attention


@torch_op("aten.scaled_dot_product_attention")
def scaled_dot_product_attention(
    g: Graph,
    query: Value,
    key: Value,
    value: Value,
    attn_mask: Value | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Value:
    """softmax(query @ key^T * scale + mask) @ value over the last two dims; leading dims broadcast."""
    if dropout_p:
        raise g.error("draws random numbers for its dropout; call eval() on the model")
    lead = _broadcast([v.tensor.dims[:-2] for v in (query, key, value)])
    heads = lead[-1] if lead else 1
    batch = product(lead[:-1]) if len(lead) > 1 else 1
    q, k, v = (_four(g, x, lead, batch, keeps_heads=enable_gqa) for x in (query, key, value))
    mask = None if attn_mask is None else _mask(g, attn_mask, lead, batch)
    # A row that sees no key has NaN in torch's definition, but its kernels give zeros.
    y = g(Attention(q, k, v, mask, is_causal=is_causal, scale=_scale(q, scale), zero_rows="unseen"))
    return g.reshape(y, (*query_lead(query, lead), *y.tensor.dims[-2:])) if heads is not None else y


def query_lead(query: Value, lead: tuple[Dim, ...]) -> tuple[Dim, ...]:
    """The leading dims of the result."""
    return (*lead[:-1], query.tensor.dims[-3]) if lead and query.tensor.rank > 2 else lead


def _scale(q: Value, scale: float | None) -> float | None:
    size = q.tensor.dims[-1]
    return scale if scale is not None or not isinstance(size, int) else 1 / math.sqrt(size) if size else 1.0


def _four(g: Graph, x: Value, lead: tuple[Dim, ...], batch: Dim, *, keeps_heads: bool) -> Value:
    """x[..., L, D] as [B, H, L, D]."""
    dims = x.tensor.dims
    own = (1,) * (len(lead) - (len(dims) - 2)) + dims[:-2]
    heads = own[-1] if own and keeps_heads else lead[-1] if lead else 1
    wide = (*lead[:-1], heads) if lead else ()
    return g.reshape(g.expand(x, (*wide, *dims[-2:])), (batch, heads, *dims[-2:]))


def _mask(g: Graph, mask: Value, lead: tuple[Dim, ...], batch: Dim) -> Value:
    """The mask with four dims that broadcast to [B, H, L, S]."""
    dims = (1,) * (len(lead) + 2 - mask.tensor.rank) + mask.tensor.dims
    x = g.reshape(mask, dims)
    outer = dims[: len(lead) - 1] if lead else ()
    if len(outer) > 1 and any(d != 1 for d in outer):
        x = g.expand(x, (*lead[:-1], *dims[len(outer) :]))
        return g.reshape(x, (batch, *dims[len(outer) :]))
    rest = dims[len(outer) :] if lead else (1, *dims)
    return g.reshape(x, (product(outer) if outer else 1, *rest))


@torch_op("aten._scaled_dot_product_flash_attention_for_cpu")
def flash_attention_for_cpu(
    g: Graph,
    query: Value,
    key: Value,
    value: Value,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    attn_mask: Value | None = None,
    scale: float | None = None,
) -> tuple[Value, Value | None]:
    """The attention, and the logarithms of the sums where gradients need them."""
    if g.uses_result(1) and not dropout_p:
        return attention_with_sums(g, query, key, value, attn_mask, is_causal, scale)
    is_grouped = query.tensor.dims[1] != key.tensor.dims[1]
    y = scaled_dot_product_attention(g, query, key, value, attn_mask, dropout_p, is_causal, scale, is_grouped)
    return y, None


@torch_op("aten._scaled_dot_product_attention_math")
def attention_math(
    g: Graph,
    query: Value,
    key: Value,
    value: Value,
    attn_mask: Value | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    dropout_mask: Value | None = None,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> tuple[Value, None]:
    """The attention; its weights are refused where they are used."""
    if g.uses_result(1):
        raise g.error("its second result, the weights, is not supported")
    y = scaled_dot_product_attention(g, query, key, value, attn_mask, dropout_p, is_causal, scale, enable_gqa)
    return y, None
