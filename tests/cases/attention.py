"""Rows for the ops of mlc.ops.attention."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from cases import Case, booleans, normal
from mlc.ir import Array, DType, Op, Value
from mlc.ops import Attention, RotaryEmbedding

QKV = (normal(2, 4, 5, 8), normal(2, 4, 7, 8), normal(2, 4, 7, 6))
SHARED = (normal(1, 6, 3, 4), normal(1, 2, 9, 4), normal(1, 2, 9, 4))


def attention(*names: str, **given: Any) -> Callable[..., Op]:
    """Builds an Attention whose operands behind q, k and v are those named."""

    def build(q: Value, k: Value, v: Value, *rest: Value) -> Op:
        return Attention(q, k, v, **dict(zip(names, rest, strict=True)), **given)

    return build


def narrow(arrays: tuple[Array, ...], dtype: DType) -> tuple[Array, ...]:
    """The arrays rounded to `dtype`."""
    return tuple(a.astype(dtype.numpy) for a in arrays)


def all_masked_row() -> Array:
    """A mask whose first query sees no key."""
    mask = np.ones((5, 7), np.bool_)
    mask[0] = False
    return mask


CASES = [
    Case("attention", attention(), QKV),
    Case("attention_causal", attention(is_causal=True), QKV),
    Case("attention_scale", attention(scale=0.25), QKV),
    Case("attention_softcap", attention(softcap=2.0), QKV),
    Case("attention_grouped", attention(), SHARED),
    Case("attention_grouped_causal_offset", attention("offset", is_causal=True), (*SHARED, np.array([6]))),
    Case("attention_bool_mask", attention("mask"), (*QKV, booleans(5, 7))),
    Case("attention_bool_mask_4d", attention("mask"), (*QKV, booleans(2, 4, 5, 7))),
    Case("attention_float_mask", attention("mask"), (*QKV, normal(2, 1, 5, 7))),
    Case("attention_float_mask_causal", attention("mask", is_causal=True), (*QKV, normal(4, 5, 7))),
    Case("attention_scalar_mask", attention("mask"), (*QKV, np.array(0.5, np.float32))),
    Case("attention_short_mask", attention("mask"), (*QKV, booleans(5, 4))),
    Case("attention_masked_row", attention("mask"), (*QKV, all_masked_row())),
    Case("attention_masked_row_is_nan", attention("mask", zero_rows="none"), (*QKV, all_masked_row())),
    Case("attention_nan_row_is_zero", attention("mask", zero_rows="nan"), (*QKV, all_masked_row())),
    Case("attention_no_key", attention(zero_rows="none"), (normal(1, 2, 3, 4), normal(1, 2, 0, 4), normal(1, 2, 0, 5))),
    Case("attention_lengths", attention("lengths"), (*QKV, np.array([3, 7]))),
    Case("attention_lengths_causal", attention("lengths", is_causal=True), (*QKV, np.array([5, 2]))),
    Case("attention_window", attention(left_window=2, right_window=1), QKV),
    Case("attention_window_causal", attention("offset", left_window=1, is_causal=True), (*QKV, np.array(2))),
    Case(
        "attention_tokens_first", attention(layout="blhd"), (normal(2, 5, 4, 8), normal(2, 7, 4, 8), normal(2, 7, 4, 6))
    ),
    Case(
        "attention_tokens_first_causal",
        attention("mask", layout="blhd", is_causal=True, zero_rows="none"),
        (normal(1, 20, 4, 8), normal(1, 20, 2, 8), normal(1, 20, 2, 8), normal(1, 1, 1, 20)),
    ),
    Case(
        "attention_tokens_first_scores",
        attention("mask", layout="blhd", scores="weights"),
        (normal(2, 5, 4, 8), normal(2, 7, 4, 8), normal(2, 7, 4, 6), booleans(5, 7)),
    ),
    Case("attention_no_keys", attention(), (normal(1, 2, 3, 4), normal(1, 2, 0, 4), normal(1, 2, 0, 4))),
    Case("attention_no_queries", attention(), (normal(1, 2, 0, 4), normal(1, 2, 3, 4), normal(1, 2, 3, 4))),
    Case("attention_f16", attention(), narrow(QKV, DType.F16)),
    Case("attention_bf16", attention(), narrow(QKV, DType.BF16)),
    Case("attention_f64", attention(), narrow(QKV, DType.F64)),
    *(
        Case(f"attention_scores_{s}", attention(scores=s, softcap=2.0, is_causal=True), QKV)
        for s in ("raw", "capped", "biased", "weights")
    ),
    *(
        Case(
            f"attention_scores_{s}_f16",
            attention("mask", scores=s, softmax_dtype=DType.F16),
            narrow((*QKV, all_masked_row()), DType.F16),
        )
        for s in ("biased", "weights")
    ),
    Case("attention_softmax_f64", attention("mask", softmax_dtype=DType.F64), (*QKV, all_masked_row())),
    Case("attention_softmax_f16", attention(softmax_dtype=DType.F16), QKV),
    Case("rotary_embedding", RotaryEmbedding, (normal(2, 3, 5, 8), normal(2, 5, 4), normal(2, 5, 4))),
    Case(
        "rotary_embedding_interleaved",
        lambda *v: RotaryEmbedding(*v, interleaved=True),
        (normal(2, 3, 5, 8), normal(1, 5, 4), normal(1, 5, 4)),
    ),
    Case("rotary_embedding_partial", RotaryEmbedding, (normal(1, 3, 5, 9), normal(1, 5, 2), normal(1, 5, 2))),
    Case(
        "rotary_embedding_partial_interleaved",
        lambda *v: RotaryEmbedding(*v, interleaved=True),
        (normal(1, 3, 5, 8), normal(1, 5, 2), normal(1, 5, 2)),
    ),
    Case(
        "rotary_embedding_f16",
        RotaryEmbedding,
        narrow((normal(1, 2, 3, 4), normal(1, 3, 2), normal(1, 3, 2)), DType.F16),
    ),
]
