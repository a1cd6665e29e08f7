"""Attention and rotary position embedding."""

from __future__ import annotations

from typing import Literal

from mlc.frontend.onnx_import.dtypes import dtype_of
from mlc.frontend.onnx_import.graph import Graph
from mlc.frontend.onnx_import.operators.shape import reshaped
from mlc.frontend.onnx_import.registry import onnx_op
from mlc.ir import Dim, Value
from mlc.ir.dims import floordiv
from mlc.ops import Attention, Concat, Gather, RotaryEmbedding, Shape, Transpose

Scores = Literal["none", "raw", "capped", "biased", "weights"]
_SCORES: tuple[Scores, ...] = ("raw", "capped", "biased", "weights")


@onnx_op("Attention", since=23)
def attention(
    g: Graph,
    q: Value,
    k: Value,
    v: Value,
    attn_mask: Value | None = None,
    past_key: Value | None = None,
    past_value: Value | None = None,
    nonpad_kv_seqlen: Value | None = None,
    *,
    is_causal: int = 0,
    kv_num_heads: int | None = None,
    left_window_size: int = -1,
    q_num_heads: int | None = None,
    qk_matmul_output_mode: int = 0,
    right_window_size: int = -1,
    scale: float | None = None,
    softcap: float = 0.0,
    softmax_precision: int | None = None,
) -> list[Value]:
    is_flat = q.tensor.rank == 3
    if is_flat and (q_num_heads is None or kv_num_heads is None):
        raise g.error("attributes 'q_num_heads' and 'kv_num_heads' are needed with inputs of rank 3")
    if is_flat and q_num_heads is not None and kv_num_heads is not None:
        q, k, v = (heads_first(g, x, n) for x, n in ((q, q_num_heads), (k, kv_num_heads), (v, kv_num_heads)))
    if (past_key is None) != (past_value is None):
        raise g.error("past_key and past_value must be given together")
    present_k = k if past_key is None else g(Concat([past_key, k], axis=2))
    present_v = v if past_value is None else g(Concat([past_value, v], axis=2))
    if not 0 <= qk_matmul_output_mode < len(_SCORES):
        raise g.error(f"attribute 'qk_matmul_output_mode' must be 0 to 3, got {qk_matmul_output_mode}")
    op = g.add(
        Attention(
            q,
            present_k,
            present_v,
            attn_mask,
            nonpad_kv_seqlen,
            None if past_key is None else g(Shape(past_key, start=2, end=3)),
            is_causal=bool(is_causal),
            left_window=left_window_size,
            right_window=right_window_size,
            scale=scale,
            softcap=softcap,
            softmax_dtype=None if softmax_precision is None else dtype_of(softmax_precision),
            scores=_SCORES[qk_matmul_output_mode] if g.has_output(3) else "none",
        )
    )
    y = heads_last(g, op.results[0]) if is_flat else op.results[0]
    return [y, present_k, present_v, *op.results[1:]]


def heads_first(g: Graph, x: Value, heads: Dim) -> Value:
    """x[B, S, H * D] as [B, H, S, D]."""
    batch, length, hidden = x.tensor.dims
    size = floordiv(hidden, heads)
    return g(Transpose(reshaped(g, x, (batch, length, heads, size)), perm=(0, 2, 1, 3)))


def heads_last(g: Graph, x: Value) -> Value:
    """x[B, H, S, D] as [B, S, H * D]."""
    batch, heads, length, size = x.tensor.dims
    return reshaped(g, g(Transpose(x, perm=(0, 2, 1, 3))), (batch, length, heads * size))


@onnx_op("RotaryEmbedding", since=23)
def rotary_embedding(
    g: Graph,
    x: Value,
    cos_cache: Value,
    sin_cache: Value,
    position_ids: Value | None = None,
    *,
    interleaved: int = 0,
    num_heads: int | None = None,
    rotary_embedding_dim: int = 0,
) -> Value:
    is_flat = x.tensor.rank == 3
    if is_flat and not num_heads:
        raise g.error("attribute 'num_heads' is needed with an input of rank 3")
    inner = heads_first(g, x, num_heads or 1) if is_flat else x
    turned = rotary_embedding_dim or inner.tensor.dims[3]
    cos, sin = (c if position_ids is None else g(Gather(c, position_ids)) for c in (cos_cache, sin_cache))
    for table in (cos, sin):
        half = table.tensor.dims[-1]
        if isinstance(half, int) and isinstance(turned, int) and 2 * half != turned:
            raise g.error(f"caches of {half} columns do not turn {turned} elements")
    y = g(RotaryEmbedding(inner, cos, sin, interleaved=bool(interleaved)))
    return heads_last(g, y) if is_flat else y
