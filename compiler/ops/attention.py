"""Scaled dot product attention and rotary position embedding."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, TypeVar

import numpy as np

from mlc.ir import Array, Dim, DType, Op, TensorType, Value
from mlc.ir.dims import product
from mlc.ops.inference import same_dtype
from mlc.ops.precision import widened

T = TypeVar("T")


class Attention(Op):
    """softmax(scale * q @ k^T + bias) @ v for q[B, H, L, D], k[B, G, S, D], v[B, G, S, E]: y[B, H, L, E].

    H is a multiple of G: query head h reads key head h // (H/G). Query i stands at position p = offset + i of the
    keys; `offset` is an i64 scalar or [B], and lengths - L when only `lengths` is given, else 0. Key j is seen where
    all hold: j <= p when is_causal; j >= p - left_window and j <= p + right_window where these are not -1;
    j < lengths[B]; the boolean `mask` at (i, j). A float mask is added to the scores instead. The mask broadcasts to
    [B, H, L, S]; where its last dim is shorter than S, the keys behind it are unseen. A softcap c > 0 replaces the
    scaled scores s by c * tanh(s / c) before the mask. A query that sees no key has weights of zero; with `zero_rows`
    "none" they are NaN as softmax gives them, with "nan" every row of NaN is zero. The softmax is computed in
    `softmax_dtype`, or in that of q, f32 at least. `scale` is 1/sqrt(D) when None. A second result [B, H, L, S] has
    the scaled scores ("raw"), those after the softcap ("capped"), after the mask ("biased"), or the softmax
    ("weights"). With `layout` "blhd" the tokens come before the heads, as a linear layer leaves them: q[B, L, H, D],
    k[B, S, G, D], v[B, S, G, E], y[B, L, H, E]; mask and second result are as before. ONNX Attention (opset 25),
    outputs Y and qk_matmul_output.
    """

    q: Value
    k: Value
    v: Value
    mask: Value | None = None
    lengths: Value | None = None
    offset: Value | None = None
    is_causal: bool = False
    left_window: int = -1
    right_window: int = -1
    scale: float | None = None
    softcap: float = 0.0
    softmax_dtype: DType | None = None
    scores: Literal["none", "raw", "capped", "biased", "weights"] = "none"
    zero_rows: Literal["unseen", "nan", "none"] = "unseen"
    layout: Literal["bhld", "blhd"] = "bhld"
    result_names = None

    def infer(self) -> TensorType | tuple[TensorType, TensorType]:
        q, k, v = self.q.tensor, self.k.tensor, self.v.tensor
        dtype = same_dtype(self, self.q, self.k)
        if q.shape is None or k.shape is None or v.shape is None:
            unknown = TensorType(dtype, None)
            return unknown if self.scores == "none" else (unknown, unknown)
        if not q.rank == k.rank == v.rank == 4:
            raise self.error(f"q {q}, k {k} and v {v} must have rank 4")
        batch, heads, queries, size = self.by_head(q.dims)
        key_batch, groups, keys, key_size = self.by_head(k.dims)
        value_batch, value_groups, values, width = self.by_head(v.dims)
        pairs = [("D", size, key_size), ("S", keys, values), ("head count", groups, value_groups)]
        pairs += [("batch", batch, key_batch), ("batch", batch, value_batch)]
        for name, a, b in pairs:
            if isinstance(a, int) and isinstance(b, int) and a != b:
                raise self.error(f"{name} differs, {a} and {b}: q {q}, k {k}, v {v}")
        if isinstance(heads, int) and isinstance(groups, int) and (groups == 0 or heads % groups):
            raise self.error(f"{heads} query heads are no multiple of {groups} key heads")
        y = TensorType(dtype, self.by_head((batch, heads, queries, width)))
        return y if self.scores == "none" else (y, TensorType(dtype, (batch, heads, queries, keys)))

    def equal_dims(self) -> Sequence[tuple[Dim, Dim]]:
        batch, _, _, size = self.by_head(self.q.tensor.dims)
        key_batch, groups, keys, key_size = self.by_head(self.k.tensor.dims)
        value_batch, value_groups, values, _ = self.by_head(self.v.tensor.dims)
        pairs = [(key_size, size), (values, keys), (value_groups, groups), (key_batch, batch), (value_batch, batch)]
        return pairs if self.lengths is None else [*pairs, (self.lengths.tensor.dims[0], batch)]

    def broadcast_dims(self) -> Sequence[tuple[Dim, Dim]]:
        if self.mask is None:
            return []
        dims = self.mask.tensor.dims[:-1]  # the last may be shorter than the keys
        return list(zip(dims[::-1], self.by_head(self.q.tensor.dims)[2::-1], strict=False))

    def by_head(self, dims: Sequence[T]) -> tuple[T, T, T, T]:
        """The four of q, k, v or y in the order batch, head, token, element; and back."""
        batch, second, third, last = dims
        return (batch, second, third, last) if self.layout == "bhld" else (batch, third, second, last)

    def evaluate(
        self,
        q: Array,
        k: Array,
        v: Array,
        mask: Array | None,
        lengths: Array | None,
        offset: Array | None,
    ) -> Array | tuple[Array, Array]:
        if self.layout == "blhd":
            q, k, v = (np.swapaxes(x, 1, 2) for x in (q, k, v))
        share = q.shape[1] // k.shape[1]
        keys, values = np.repeat(widened(k), share, axis=1), np.repeat(widened(v), share, axis=1)
        scale = 1 / math.sqrt(q.shape[3]) if self.scale is None else self.scale
        raw = (widened(q) @ np.swapaxes(keys, 2, 3)) * keys.dtype.type(scale)
        cap = raw.dtype.type(self.softcap)
        capped = np.tanh(raw / cap) * cap if self.softcap > 0 else raw
        bias = self._bias(q, k, mask, lengths, offset)
        scores = capped
        if self.softmax_dtype is not None:
            scores, bias = scores.astype(self.softmax_dtype.numpy), bias.astype(self.softmax_dtype.numpy)
        weights = attention_weights(widened(scores), widened(bias), self.zero_rows).astype(values.dtype)
        y = np.asarray(weights @ values).astype(q.dtype)
        if self.layout == "blhd":
            y = np.swapaxes(y, 1, 2)
        if self.scores == "none":
            return y
        shown = {"raw": raw, "capped": capped, "biased": capped + bias.astype(capped.dtype), "weights": weights}
        return y, shown[self.scores].astype(q.dtype)

    def _bias(self, q: Array, k: Array, mask: Array | None, lengths: Array | None, offset: Array | None) -> Array:
        """What is added to the scores: -inf where a key is unseen; broadcasts to [B, H, L, S]."""
        query_count, key_count = q.shape[2], k.shape[2]
        bias = np.zeros((1, 1, query_count, key_count), widened(q).dtype)
        unseen = np.array(-np.inf, bias.dtype)
        if mask is not None:
            added = np.where(mask, np.zeros((), bias.dtype), unseen) if mask.dtype == np.bool_ else widened(mask)
            if mask.ndim and mask.shape[-1] > 1:
                missing = key_count - mask.shape[-1]
                added = np.pad(added, [(0, 0)] * (mask.ndim - 1) + [(0, missing)], constant_values=unseen)
            bias = bias + added
        keys = np.arange(key_count)
        here = self._offsets(query_count, lengths, offset) + np.arange(query_count).reshape(-1, 1)
        if self.is_causal:
            bias = np.where(keys <= here, bias, unseen)
        if self.left_window >= 0:
            bias = np.where(keys >= here - self.left_window, bias, unseen)
        if self.right_window >= 0:
            bias = np.where(keys <= here + self.right_window, bias, unseen)
        if lengths is not None:
            bias = np.where(keys < lengths.reshape(-1, 1, 1, 1), bias, unseen)
        return bias

    def _offsets(self, query_count: int, lengths: Array | None, offset: Array | None) -> Array:
        if offset is not None:
            return offset.reshape(-1, 1, 1, 1)
        if lengths is not None:
            return (lengths - query_count).reshape(-1, 1, 1, 1)
        return np.zeros((1, 1, 1, 1), np.int64)

    def flops(self) -> Dim:
        q, k, v = (self.by_head(x.tensor.dims) for x in (self.q, self.k, self.v))
        return 2 * product(q[:3]) * k[2] * (q[3] + v[3])


def attention_weights(scores: Array, bias: Array, zero_rows: str) -> Array:
    """softmax(scores + bias) over the last dim; zeros in rows where all of bias is -inf, or in those that are NaN."""
    if zero_rows != "unseen":
        weights = _softmax(scores + bias)
        return weights if zero_rows == "none" else np.where(np.isnan(weights), np.zeros((), weights.dtype), weights)
    unseen = np.isneginf(bias)
    biased = np.where(unseen, bias, scores + np.where(unseen, np.zeros((), bias.dtype), bias))
    is_empty = np.all(unseen, axis=-1, keepdims=True)
    weights = _softmax(np.where(is_empty, np.zeros((), biased.dtype), biased))
    return np.where(is_empty, np.zeros((), weights.dtype), weights)


def _softmax(x: Array) -> Array:
    powers = np.exp(x - np.max(x, axis=-1, keepdims=True, initial=-np.inf))
    return np.asarray(powers / np.sum(powers, axis=-1, keepdims=True))


class RotaryEmbedding(Op):
    """x[B, H, S, D] with the first 2R elements of D turned pairwise by angles of cos[B or 1, S, R], sin[B or 1, S, R].

    A pair is elements i and i + R, or 2i and 2i + 1 when `interleaved`. ONNX RotaryEmbedding (opset 23) after its
    caches are gathered at the positions.
    """

    x: Value
    cos: Value
    sin: Value
    interleaved: bool = False

    def infer(self) -> TensorType:
        x, cos, sin = self.x.tensor, self.cos.tensor, self.sin.tensor
        same_dtype(self, self.x, self.cos, self.sin)
        for name, table in (("cos", cos), ("sin", sin)):
            if table.shape is not None and table.rank != 3:
                raise self.error(f"{name} {table} must have rank 3")
        if x.shape is not None and x.rank != 4:
            raise self.error(f"x {x} must have rank 4")
        if x.shape is not None and cos.shape is not None:
            size, turned = x.dims[3], cos.dims[2]
            if isinstance(size, int) and isinstance(turned, int) and 2 * turned > size:
                raise self.error(f"cos {cos} turns {2 * turned} elements of the {size} of x {x}")
        return x

    def equal_dims(self) -> Sequence[tuple[Dim, Dim]]:
        cos, sin = self.cos.tensor.dims, self.sin.tensor.dims
        return [(table[1], self.x.tensor.dims[2]) for table in (cos, sin)] + [(sin[2], cos[2])]

    def at_most_dims(self) -> Sequence[tuple[Dim, Dim]]:
        return [(2 * self.cos.tensor.dims[2], self.x.tensor.dims[3])]

    def broadcast_dims(self) -> Sequence[tuple[Dim, Dim]]:
        return [(table.tensor.dims[0], self.x.tensor.dims[0]) for table in (self.cos, self.sin)]

    def evaluate(self, x: Array, cos: Array, sin: Array) -> Array:
        half = cos.shape[2]
        first, second = (
            (slice(0, 2 * half, 2), slice(1, 2 * half, 2)) if self.interleaved else (slice(half), slice(half, 2 * half))
        )
        values, c, s = widened(x), widened(cos)[:, None], widened(sin)[:, None]
        y = np.array(values, copy=True)
        y[..., first] = values[..., first] * c - values[..., second] * s
        y[..., second] = values[..., first] * s + values[..., second] * c
        return y.astype(x.dtype)

    def flops(self) -> Dim:
        return 6 * product(self.x.tensor.dims[:3]) * self.cos.tensor.dims[2]
