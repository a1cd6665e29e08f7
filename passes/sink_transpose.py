"""Transposes move towards the outputs, where they meet and cancel, or are absorbed by a product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mlc.ir import Op, Value
from mlc.ops import (
    Attention,
    Concat,
    Constant,
    LogSoftmax,
    Matmul,
    Pad,
    ReduceMax,
    ReduceMean,
    ReduceMin,
    ReduceProd,
    ReduceSum,
    Slice,
    Softmax,
    Transpose,
    constant_value,
)
from mlc.passes.algebra import inverse, other_use
from mlc.passes.shape_rules import drop_transpose, merge_transposes
from mlc.rewrite import Miss, Pass

Perm = tuple[int, ...]

_HEADS_AND_TOKENS = (0, 2, 1, 3)


def sink_through_elementwise(op: Op) -> Value | Miss | None:
    """f(transpose(x), transpose(y)) -> transpose(f(x, y)): f looks at one index at a time.

    Constants are transposed back when compiling; all other operands must be transposed alike, or be one number.
    """
    if not op.is_elementwise or len(op.results) != 1 or (source := _transposed_operand(op)) is None:
        return None
    perm = source.perm
    if op.results[0].tensor.shape is None or op.results[0].tensor.rank != len(perm):
        return Miss("the result has more axes than the transpose", blocker=source)
    if not _is_whole(op, perm):
        return Miss("the other operands give the result its shape", blocker=source)
    mapping: dict[Value, Value] = {}
    for value in op.operands:
        inner = _untransposed(value, perm)
        if inner is None:
            return Miss("another operand is not transposed alike", blocker=value)
        mapping[value] = inner
    if (problem := _needed_elsewhere(op)) is not None:
        return problem
    return Transpose(op.clone(dict(mapping)).results[0], perm=perm).result


def sink_through_reduction(op: ReduceSum | ReduceMean | ReduceMax | ReduceMin | ReduceProd) -> Value | Miss | None:
    """reduce(transpose(x), axes) -> transpose(reduce(x, perm[axes])), with the perm of the axes that are left."""
    source = op.x.op
    if not isinstance(source, Transpose):
        return None
    if op.axes is None or op.axes_operand is not None or not op.axes:
        return Miss("its axes are not known", blocker=op.axes_operand or "axes")
    if (problem := _needed_elsewhere(op)) is not None:
        return problem
    rank = len(source.perm)
    axes = [a % rank for a in op.axes]
    inner = tuple(sorted(source.perm[a] for a in axes))
    reduced = op.clone({op.x: source.x}, axes=inner).results[0]
    perm = source.perm if op.keep_dims else _without(source.perm, axes)
    return Transpose(reduced, perm=perm).result


def sink_through_softmax(op: Softmax | LogSoftmax) -> Value | Miss | None:
    """softmax(transpose(x), axis) -> transpose(softmax(x, perm[axis]))."""
    source = op.x.op
    if not isinstance(source, Transpose):
        return None
    if (problem := _needed_elsewhere(op)) is not None:
        return problem
    axis = source.perm[op.axis % len(source.perm)]
    return Transpose(op.clone({op.x: source.x}, axis=axis).results[0], perm=source.perm).result


def sink_through_concat(op: Concat) -> Value | Miss | None:
    """concat(transpose(x), transpose(y), axis) -> transpose(concat(x, y, perm[axis]))."""
    source = _transposed_operand(op)
    if source is None or op.result.tensor.shape is None:
        return None
    inner: list[Value] = []
    for value in op.xs:
        untransposed = _untransposed(value, source.perm)
        if untransposed is None or untransposed is value:
            return Miss("another piece is not transposed alike", blocker=value)
        inner.append(untransposed)
    if (problem := _needed_elsewhere(op)) is not None:
        return problem
    axis = source.perm[op.axis % len(source.perm)]
    return Transpose(Concat(inner, axis=axis).result, perm=source.perm).result


def sink_through_slice(op: Slice) -> Value | Miss | None:
    """slice(transpose(x)) -> transpose(slice(x)), bounds in the order of x's axes; fewer elements are moved."""
    source = op.x.op
    if not isinstance(source, Transpose):
        return None
    if (problem := _needed_elsewhere(op)) is not None:
        return problem
    back = inverse(source.perm)
    starts, dims, steps = (tuple(field[i] for i in back) for field in (op.starts, op.dims, op.steps))
    inner = Slice(source.x, starts=starts, dims=dims, steps=tuple(int(s) for s in steps if isinstance(s, int)))
    return Transpose(inner.result, perm=source.perm).result


def sink_through_pad(op: Pad) -> Value | Miss | None:
    """pad(transpose(x)) -> transpose(pad(x)), amounts in the order of x's axes."""
    source = op.x.op
    if not isinstance(source, Transpose):
        return None
    if op.pads is None:
        return Miss("its amounts are not known", blocker=op.amounts)
    if (problem := _needed_elsewhere(op)) is not None:
        return problem
    back, rank = inverse(source.perm), len(source.perm)
    pads = tuple(op.pads[side * rank + i] for side in (0, 1) for i in back)
    return Transpose(op.clone({op.x: source.x}, pads=pads).results[0], perm=source.perm).result


def sink_through_attention(op: Attention) -> Value | Sequence[Value] | Miss | None:
    """attention(transpose(q), transpose(k), transpose(v)) -> transpose(attention(q, k, v)) with tokens before heads.

    The kernel reads heads that lie apart through strides; the transpose behind it meets the one that joins the heads.
    """
    if op.layout != "bhld" or not any(_is_head_swap(v) for v in (op.q, op.k, op.v)):
        return None
    mapping: dict[Value, Value] = {}
    for value in (op.q, op.k, op.v):
        if not _is_head_swap(value):
            return Miss("another operand is not transposed alike", blocker=value)
        assert isinstance(value.op, Transpose)
        mapping[value] = value.op.x
    if (problem := _needed_elsewhere(op)) is not None:
        return problem
    y, *scores = op.clone(mapping, layout="blhd").results
    return [Transpose(y, perm=_HEADS_AND_TOKENS).result, *scores]


def _is_head_swap(value: Value) -> bool:
    return isinstance(value.op, Transpose) and value.op.perm == _HEADS_AND_TOKENS


def absorb_into_product(op: Matmul) -> Value | None:
    """x @ transpose(y) of the last two axes -> the product that reads y transposed."""
    source = op.y.op
    if not isinstance(source, Transpose) or len(source.perm) < 2:
        return None
    rank = len(source.perm)
    if source.perm != (*range(rank - 2), rank - 1, rank - 2):
        return None
    return Matmul(op.x, source.x, transpose_y=not op.transpose_y).result


def _transposed_operand(op: Op) -> Transpose | None:
    return next((v.op for v in op.operands if isinstance(v.op, Transpose)), None)


def _is_whole(op: Op, perm: Perm) -> bool:
    """Whether some transposed operand has the shape of the result, so that what is inside has it too."""
    shape = op.results[0].tensor.shape
    return any(isinstance(v.op, Transpose) and v.op.perm == perm and v.tensor.shape == shape for v in op.operands)


def _untransposed(value: Value, perm: Perm) -> Value | None:
    """What `value` is the transpose of by `perm`; itself when it is one number, None when it is neither."""
    if isinstance(value.op, Transpose) and value.op.perm == perm:
        return value.op.x
    kind = value.tensor
    if kind.shape is not None and all(d == 1 for d in kind.dims) and kind.rank <= len(perm):
        return value
    array = constant_value(value)
    if array is None or array.ndim > len(perm):
        return None
    aligned = array.reshape((1,) * (len(perm) - array.ndim) + array.shape)
    return Constant(np.ascontiguousarray(aligned.transpose(inverse(perm)))).result


def _needed_elsewhere(op: Op) -> Miss | None:
    """The Miss for a transpose that stays for another user, so that sinking would make one more."""
    for value in op.operands:
        if isinstance(value.op, Transpose) and (use := other_use(value, op)) is not None:
            return Miss("the transposed value is needed elsewhere", blocker=use)
    return None


def _without(perm: Perm, axes: Sequence[int]) -> Perm:
    """The order of the axes that are left when those at the places `axes` of the result are gone."""
    left = [p for place, p in enumerate(perm) if place not in axes]
    return tuple(sorted(left).index(p) for p in left)


@dataclass(frozen=True)
class SinkTranspose(Pass):
    """Moves transposes behind the ops that work as well on the other order of axes; neighbours merge and cancel.

    %1 = transpose(%0) {1, 0}; %2 = relu(%1); %3 = transpose(%2) {1, 0}  ->  %3 = relu(%0)
    %1 = transpose(%0) {1, 0}; %2 = matmul(%x, %1)                       ->  %2 = matmul(%x, %0) {transpose_y}

    Unchanged: transposes that another op needs as well, and ops with an operand that would have to be transposed anew.
    """

    numerics = "reassociating"
    rules = (
        drop_transpose,
        merge_transposes,
        absorb_into_product,
        sink_through_elementwise,
        sink_through_reduction,
        sink_through_softmax,
        sink_through_concat,
        sink_through_slice,
        sink_through_pad,
        sink_through_attention,
    )
