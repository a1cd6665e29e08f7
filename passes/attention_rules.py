"""Rules of recognize for scaled dot product attention.

Exporters write softmax(q @ k^T * scale + mask) @ v in many ways: scales on q, on k or on the scores, a mask added or
selected, k transposed together with the split into heads, NaN replaced by 0 behind the softmax.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from mlc.ir import Dim, DType, Op, Value
from mlc.ir.dims import product as product_of_dims
from mlc.ops import (
    Add,
    Attention,
    Cast,
    Div,
    Equal,
    IsNan,
    Matmul,
    Mul,
    Not,
    ReduceMin,
    Reshape,
    Softmax,
    Transpose,
    Where,
    constant_value,
    scalar,
)
from mlc.passes.patterns import leak
from mlc.passes.patterns import scalar as number_of
from mlc.rewrite import Miss, Rule

ZeroRows = Literal["unseen", "nan", "none"]

# Scores replaced by a number as low as this are as good as scores to which it is added: it absorbs them.
_DEEP = -1e30


@dataclass
class Scores:
    """scale * (q @ k^T) under masks, as it is read from the softmax towards the product."""

    q: Value
    k: Value
    scale: float
    mask: Value | None = None
    ops: list[Op] = field(default_factory=list)


def recognize_attention(op: Matmul) -> Value | Miss | None:
    """softmax(scale * q @ k^T + mask) @ v -> attention(q, k, v, mask); ranks 3 and 4."""
    weights = _weights(op)
    if weights is None:
        return None
    softmax, zero_rows, inner = weights
    scores = _scores(softmax.x)
    if scores is None:
        return None
    if (problem := _problem(op, softmax, scores)) is not None:
        return problem
    if (escaping := leak([*inner, softmax, *scores.ops], op)) is not None:
        return escaping
    v = _swapped(op.y) if op.transpose_y else op.y
    mask, is_causal = scores.mask, _is_causal(scores.mask, softmax.x)
    q, k = scores.q, scores.k
    if op.result.tensor.rank == 3:
        q, k, v, mask = _with_heads(q), _with_heads(k), _with_heads(v), None if mask is None else _with_heads(mask)
    y = Attention(
        q, k, v, None if is_causal else mask, is_causal=is_causal, scale=scores.scale, zero_rows=zero_rows
    ).results[0]
    return y if y.type == op.result.type else Reshape(y, dims=op.result.tensor.dims).result


def unmerge_batch(op: Reshape) -> Value | Miss | None:
    """reshape(reshape(x) @ y) -> x @ reshape(y), where the batch axes of x were merged for the product alone."""
    product = op.x.op
    if not isinstance(product, Matmul) or op.shape is not None or op.dims is None:
        return None
    batch = op.dims[:-2]
    if op.x.tensor.rank != 3 or len(batch) < 2 or op.dims[-2:] != op.x.tensor.dims[-2:]:
        return None
    factors = [_with_batch(v, batch) for v in (product.x, product.y)]
    if None in factors:
        return None
    merged = [v.op for v in (product.x, product.y) if isinstance(v.op, Reshape)]
    if not any(r.x in factors for r in merged):
        return None
    left, right = (f for f in factors if f is not None)
    return leak([product], op) or Matmul(left, right, transpose_y=product.transpose_y).result


def _with_batch(value: Value, batch: tuple[Dim, ...]) -> Value | None:
    """A factor with the batch axes apart: what was reshaped into it, or it reshaped."""
    if value.tensor.shape is None or value.tensor.rank != 3 or value.tensor.dims[0] != product_of_dims(batch):
        return None
    dims = (*batch, *value.tensor.dims[1:])
    inner = value.op
    is_merge = isinstance(inner, Reshape) and inner.shape is None and inner.x.tensor.shape == dims
    return inner.x if isinstance(inner, Reshape) and is_merge else Reshape(value, dims=dims).result


def _weights(op: Matmul) -> tuple[Softmax, ZeroRows, list[Op]] | None:
    """The softmax whose result the product takes, and what becomes of rows of NaN."""
    producer = op.x.op
    if isinstance(producer, Softmax):
        return producer, "none", []
    # where(isnan(p), 0, p): torch's exporter writes this for queries that see no key.
    if isinstance(producer, Where) and isinstance(producer.condition.op, IsNan) and number_of(producer.x) == 0.0:
        softmax = producer.y.op
        if isinstance(softmax, Softmax) and producer.condition.op.x is producer.y:
            return softmax, "nan", [producer, producer.condition.op]
    # where(all(scores == -inf), 0, p): torch's own safe softmax taken apart. A row is so where a mask hides all keys.
    if isinstance(producer, Where) and number_of(producer.x) == 0.0 and isinstance(producer.y.op, Softmax):
        softmax, unseen = producer.y.op, producer.condition.op
        equal = unseen.x.op if isinstance(unseen, ReduceMin) else None
        if isinstance(unseen, ReduceMin) and isinstance(equal, Equal) and number_of(equal.y) == -math.inf:
            cast = equal.x.op if isinstance(equal.x.op, Cast) else None
            is_last = unseen.keep_dims and unseen.axes in ((-1,), (softmax.x.tensor.rank - 1,))
            if is_last and (equal.x is softmax.x or cast is not None and cast.x is softmax.x):
                return softmax, "unseen", [producer, unseen, equal, *([] if cast is None else [cast])]
    return None


def _scores(value: Value) -> Scores | None:
    """Follows scales and masks from the softmax down to the product of q and k."""
    scale = 1.0
    masks: list[tuple[str, Value]] = []
    ops: list[Op] = []
    while True:
        op = value.op
        match op:
            case Matmul():
                ops.append(op)
                return _finished(op, scale, masks, ops)
            case Mul() | Div() if (factor := _factor(op)) is not None:
                value, scale = op.x, scale * factor
            case Add() if scale == 1.0:  # a mask under a scale would be scaled too
                value, mask = (op.x, op.y) if _is_score(op.x) else (op.y, op.x)
                masks.append(("add", mask))
            case Where() if scale > 0 and (depth := number_of(op.x)) is not None and depth <= _DEEP:
                masks.append(("hide" if depth == -math.inf else "sink", op.condition))
                value = op.y
            case Where() if scale > 0 and (depth := number_of(op.y)) is not None and depth <= _DEEP:
                masks.append(("show" if depth == -math.inf else "float", op.condition))
                value = op.x
            case _:
                return None
        ops.append(op)


def _is_score(value: Value) -> bool:
    """Whether `value` comes from a product through scales and masks."""
    op = value.op
    while isinstance(op, Mul | Div | Add | Where):
        candidates = [op.x, op.y] if isinstance(op, Add | Where) else [op.x]
        inner = next((c.op for c in candidates if isinstance(c.op, Mul | Div | Add | Where | Matmul)), None)
        op = inner
    return isinstance(op, Matmul)


def _factor(op: Mul | Div) -> float | None:
    """c when the op is x * c or x / c with one number c that leaves the shape of x."""
    number = number_of(op.y)
    if number is None or op.x.type != op.result.type or (isinstance(op, Div) and number == 0.0):
        return None
    return number if isinstance(op, Mul) else 1.0 / number


def _finished(product: Matmul, scale: float, masks: list[tuple[str, Value]], ops: list[Op]) -> Scores | None:
    """q, k and the mask; k is what the product's right side is the transpose of."""
    q, q_scale = _unscaled(product.x, ops)
    right, k_scale = _unscaled(product.y, ops)
    k = right if product.transpose_y else _swapped(right)
    if right.tensor.shape is None or right.tensor.rank < 3:
        return None
    found = Scores(q, k, scale * q_scale * k_scale, None, ops)
    for kind, mask in reversed(masks):  # from the product towards the softmax
        found.mask = _combined(found.mask, kind, mask, product)
    return found


def _unscaled(value: Value, ops: list[Op]) -> tuple[Value, float]:
    """`value` without constant factors, and their product."""
    scale = 1.0
    while isinstance(value.op, Mul | Div) and (factor := _factor(value.op)) is not None:
        ops.append(value.op)
        scale *= factor
        value = value.op.x
    return value, scale


def _swapped(value: Value) -> Value:
    """`value` with its last two axes exchanged; merged with a transpose that makes it."""
    rank = value.tensor.rank
    swap = (*range(rank - 2), rank - 1, rank - 2)
    if not isinstance(value.op, Transpose):
        return Transpose(value, perm=swap).result
    perm = tuple(value.op.perm[i] for i in swap)
    return value.op.x if perm == tuple(range(rank)) else Transpose(value.op.x, perm=perm).result


def _combined(mask: Value | None, kind: str, other: Value, product: Matmul) -> Value:
    """One mask for two: floats are added, what is hidden is -inf; a lone condition stays boolean."""
    if kind in ("sink", "float"):
        dtype = product.result.tensor.dtype
        low, zero = scalar(float(np.finfo(np.float32).min), dtype), scalar(0.0, dtype)
        other = Where(other, low, zero).result if kind == "sink" else Where(other, zero, low).result
    if kind in ("add", "sink", "float"):
        return other if mask is None else Add(_as_float(mask, product), other).result
    seen = Not(other).result if kind == "hide" else other
    if mask is None:
        return seen
    return Where(seen, _as_float(mask, product), scalar(-math.inf, product.result.tensor.dtype)).result


def _as_float(mask: Value, product: Matmul) -> Value:
    dtype = product.result.tensor.dtype
    if mask.tensor.dtype is dtype:
        return mask
    return Where(mask, scalar(0.0, dtype), scalar(-math.inf, dtype)).result


def _problem(op: Matmul, softmax: Softmax, scores: Scores) -> Miss | None:
    """What keeps the pattern from being the Attention op."""
    q, k, v = scores.q.tensor, scores.k.tensor, op.y.tensor
    if op.result.tensor.shape is None or softmax.x.tensor.shape is None or None in (q.shape, k.shape, v.shape):
        return Miss("a rank is unknown", blocker=op.y)
    if op.result.tensor.dtype not in (DType.F32, DType.F64, DType.F16, DType.BF16):
        return Miss("not a product of floats", blocker=op.y)
    rank = op.result.tensor.rank
    if rank not in (3, 4) or not q.rank == k.rank == v.rank == rank:
        return Miss(f"a product of rank {rank}, or operands of unlike ranks", blocker=op.y)
    if softmax.axis % rank != rank - 1:
        return Miss("the softmax is not over the keys", blocker="axis")
    batch: list[tuple[Dim, ...]] = [q.dims[:-2], k.dims[:-2], v.dims[:-2]]
    if batch[0] != batch[1] or batch[0] != batch[2]:
        return Miss("the batch or the heads are broadcast", blocker=scores.k)
    if softmax.x.tensor.dims != (*q.dims[:-1], k.dims[-2]):
        return Miss("a mask gives the scores their shape", blocker=scores.mask)
    return None


def _is_causal(mask: Value | None, scores: Value) -> bool:
    """Whether a constant mask hides exactly the keys behind the query's own place, and none of them all.

    A float mask hides a key where it is -inf or as low as _DEEP: beside a key that is seen its weight is 0 either way.
    """
    array = constant_value(mask)
    if isinstance(mask, Value) and isinstance(mask.op, Not):
        inner = constant_value(mask.op.x)
        array = None if inner is None else ~inner
    if array is None or not scores.tensor.is_static or array.ndim < 2:
        return False
    queries, keys = scores.tensor.static_shape[-2:]
    seen = np.tril(np.ones((queries, keys), np.bool_))
    if array.shape != (*(1,) * (array.ndim - 2), queries, keys):
        return False
    plain = array.reshape(queries, keys)
    if plain.dtype == np.bool_:
        return bool(np.array_equal(plain, seen))
    return bool(np.all(np.where(seen, plain == 0, plain <= _DEEP)))


def _with_heads(value: Value) -> Value:
    """A tensor [B, L, D] as [B, 1, L, D]; masks of lower rank broadcast as they are."""
    dims = value.tensor.dims
    if len(dims) < 3:
        return value
    return Reshape(value, dims=(dims[0], 1, *dims[1:])).result


RULES: tuple[Rule, ...] = (unmerge_batch, recognize_attention)
