"""Attention and rotary embeddings."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mlc.frontend.onnx_export.registry import onnx_export
from mlc.frontend.onnx_export.writer import Writer
from mlc.ir import DType, Value
from mlc.ops.attention import Attention, RotaryEmbedding
from mlc.ops.inference import numbers

_OUTPUTS = {"raw": 0, "capped": 1, "biased": 2, "weights": 3}


@onnx_export(Attention)
def attention(w: Writer, op: Attention) -> str | list[str]:
    """ONNX's operator; what its attributes of this opset cannot say becomes part of the mask."""
    is_plain = op.offset is None and op.lengths is None and op.left_window == op.right_window == -1
    sees_all = is_plain and op.mask is None and not op.is_causal
    if op.zero_rows != "unseen" and not sees_all:
        if op.scores != "none":
            raise w.error("scores of rows that see no key and are not zero have no ONNX form")
        return _by_layout(w, op, _spelled_out(w, op))
    given: dict[str, Any] = {"scale": op.scale, "softcap": op.softcap or None}
    if op.softmax_dtype is not None:
        given["softmax_precision"] = w.element_type(op.softmax_dtype)
    inputs = [_by_layout(w, op, w.name(v)) for v in (op.q, op.k, op.v)] + [_matrix(w, op) if is_plain else _mask(w, op)]
    given["is_causal"] = int(op.is_causal and is_plain)
    w.require(24)  # from where a query that sees no key gives zeros
    if op.scores == "none":
        return _by_layout(w, op, w("Attention", *inputs, **given))
    w.require(25)
    given["qk_matmul_output_mode"] = _OUTPUTS[op.scores]
    y, _, _, scores = w("Attention", *inputs, count=4, unused=(1, 2), **given)
    return [_by_layout(w, op, y), scores]


def _by_layout(w: Writer, op: Attention, name: str) -> str:
    """q, k, v or y with heads before tokens, as ONNX has them, from the op's layout; and back."""
    return name if op.layout == "bhld" else str(w("Transpose", name, perm=(0, 2, 1, 3)))


def _spelled_out(w: Writer, op: Attention) -> str:
    """In primitive ops, whose softmax gives NaN to a query that sees no key."""
    dtype = op.q.tensor.dtype
    size = op.q.tensor.dims[3]
    query = _by_layout(w, op, w.name(op.q))
    if op.scale is None and not isinstance(size, int):
        raise w.error("the size of a head is not known")
    scale = w.scalar(op.scale if op.scale is not None else 1 / math.sqrt(numbers([size])[0]), dtype)
    keys, values = (_for_each_head(w, op, value) for value in (op.k, op.v))
    scores = w("Mul", w("MatMul", query, w("Transpose", keys, perm=(0, 1, 3, 2))), scale)
    if op.softcap:
        cap = w.scalar(op.softcap, dtype)
        scores = w("Mul", w("Tanh", w("Div", scores, cap)), cap)
    mask = _mask(w, op)
    if op.mask is None or op.mask.tensor.dtype is DType.BOOL:
        scores = w("Where", mask, scores, w.scalar(-np.inf, dtype))
    else:
        scores = w("Add", scores, mask)
    weights = w("Softmax", scores, axis=-1)
    if op.zero_rows == "nan":
        weights = w("Where", w("IsNaN", weights), w.scalar(0, dtype), weights)
    return str(w("MatMul", weights, values))


def _for_each_head(w: Writer, op: Attention, value: Value) -> str:
    """Keys or values repeated for the query heads that share them."""
    heads, (batch, groups, length, size) = op.by_head(op.q.tensor.dims)[1], op.by_head(value.tensor.dims)
    name = _by_layout(w, op, w.name(value))
    if heads == groups:
        return name
    if not isinstance(heads, int) or not isinstance(groups, int):
        raise w.error("the number of heads is not known")
    share = heads // groups
    apart = w("Unsqueeze", name, w.ints([2]))
    repeated = w("Expand", apart, w.shape([batch, groups, share, length, size]))
    return str(w("Reshape", repeated, w.shape([batch, heads, length, size]), allowzero=1))


def _mask(w: Writer, op: Attention) -> str:
    """Which keys each query sees, [B or 1, 1, L, S], as the op's mask where that is a float one is added to it."""
    q, k = op.by_head(op.q.tensor.dims), op.by_head(op.k.tensor.dims)
    seen = _positions(w, op, w("Squeeze", w.shape([q[2]]), w.ints([0])), w("Squeeze", w.shape([k[2]]), w.ints([0])))
    if op.mask is None:
        return seen
    mask = _padded_mask(w, op)
    if op.mask.tensor.dtype is DType.BOOL:
        return str(w("And", seen, mask))
    lowest = w.scalar(-np.inf, op.mask.tensor.dtype)
    return str(w("Where", seen, mask, lowest))


def _matrix(w: Writer, op: Attention) -> str:
    """The mask, broadcast to rows and columns where it is not: ONNX asks for two dims and pads a last one of 1."""
    if op.mask is None:
        return ""
    *batch, rows, columns = (1, 1, *op.mask.tensor.dims)[-max(2, op.mask.tensor.rank) :]
    wanted = (op.by_head(op.q.tensor.dims)[2], op.by_head(op.k.tensor.dims)[2] if columns == 1 else columns)
    if op.mask.tensor.rank >= 2 and wanted == (rows, columns):
        return w.name(op.mask)
    return str(w("Expand", w.name(op.mask), w.shape([*batch, *wanted])))


def _padded_mask(w: Writer, op: Attention) -> str:
    """The mask, its last dim filled up to the number of keys with what hides them."""
    assert op.mask is not None
    length = op.mask.tensor.dims[-1] if op.mask.tensor.rank else 1
    missing = op.by_head(op.k.tensor.dims)[2] - length
    if missing == 0 or length == 1:
        return w.name(op.mask)
    dtype = op.mask.tensor.dtype
    hidden = w.constant(np.array(False)) if dtype is DType.BOOL else w.scalar(-np.inf, dtype)
    return str(w("Pad", w.name(op.mask), w.shape([0, missing]), hidden, w.ints([-1])))


def _positions(w: Writer, op: Attention, queries: str, keys: str) -> str:
    zero, one = w.scalar(0, DType.I64), w.scalar(1, DType.I64)
    row = w("Unsqueeze", w("Range", zero, queries, one), w.ints([1]))  # [L, 1]
    column = w("Range", zero, keys, one)  # [S]
    if op.offset is not None:
        shift = w("Reshape", w("Cast", w.name(op.offset), to=w.element_type(DType.I64)), w.ints([-1, 1, 1, 1]))
        row = w("Add", row, shift)
    elif op.lengths is not None:
        row = w("Add", row, w("Sub", _lengths(w, op), queries))
    limits = [w("LessOrEqual", column, row)] if op.is_causal else []
    if op.left_window != -1:
        limits.append(w("GreaterOrEqual", column, w("Sub", row, w.scalar(op.left_window, DType.I64))))
    if op.right_window != -1:
        limits.append(w("LessOrEqual", column, w("Add", row, w.scalar(op.right_window, DType.I64))))
    if op.lengths is not None:
        limits.append(w("Less", column, _lengths(w, op)))
    shape = w.shape([1, 1, op.by_head(op.q.tensor.dims)[2], op.by_head(op.k.tensor.dims)[2]])
    seen = w("Expand", w.constant(np.array(True)), shape)
    for limit in limits:
        seen = w("And", seen, limit)
    return str(seen)


def _lengths(w: Writer, op: Attention) -> str:
    whole = w("Cast", w.name(op.lengths), to=w.element_type(DType.I64))
    return str(w("Reshape", whole, w.ints([-1, 1, 1, 1])))


@onnx_export(RotaryEmbedding)
def rotary(w: Writer, op: RotaryEmbedding) -> str:
    batch, _, length, size = op.x.tensor.dims
    turned = op.cos.tensor.dims[2]
    tables = [w.name(op.cos), w.name(op.sin)]
    if op.cos.tensor.dims[0] != batch:
        tables = [w("Expand", table, w.shape([batch, length, turned])) for table in tables]
    if not isinstance(turned, int):
        raise w.error("the number of turned elements is not known")
    part = 2 * turned if size != 2 * turned else 0
    return str(w("RotaryEmbedding", w.name(op.x), *tables, interleaved=int(op.interleaved), rotary_embedding_dim=part))
