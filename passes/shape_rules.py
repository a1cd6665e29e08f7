"""Rules of canonicalize on the ops that move elements: reshape, transpose, expand, slice, concat, pad."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mlc.ir import Dim, Op, Value
from mlc.ir.dims import product
from mlc.ops import (
    AveragePool,
    Concat,
    Constant,
    Conv,
    Expand,
    MaxPool,
    Pad,
    Reshape,
    Slice,
    Tile,
    Transpose,
)
from mlc.passes.algebra import is_filled_with
from mlc.rewrite import Miss, Rule


def drop_reshape(op: Reshape) -> Value | None:
    """reshape(x) to the shape of x -> x."""
    return op.x if op.x.type == op.result.type and op.dims is not None else None


def merge_reshapes(op: Reshape) -> Value | None:
    """reshape(reshape(x)) -> reshape(x): both keep the row-major order."""
    inner = op.x.op
    if not isinstance(inner, Reshape) or op.shape is not None:
        return None
    return Reshape(inner.x, dims=op.dims).result


def drop_known_shape(op: Reshape | Expand) -> Value | None:
    """reshape(x, constant) to a static shape -> reshape(x): the type says it all."""
    if op.shape is None or not isinstance(op.shape.op, Constant) or not op.result.tensor.is_static:
        return None
    return type(op)(op.x, dims=op.dims).result


def drop_transpose(op: Transpose) -> Value | None:
    """transpose(x) that leaves each axis where it is -> x."""
    return op.x if op.perm == tuple(range(len(op.perm))) else None


def merge_transposes(op: Transpose) -> Value | None:
    """transpose(transpose(x, p), q) -> transpose(x, p[q]): axis i of the result is axis p[q[i]] of x."""
    inner = op.x.op
    if not isinstance(inner, Transpose):
        return None
    return Transpose(inner.x, perm=tuple(inner.perm[q] for q in op.perm)).result


def merge_reshapes_around_transpose(op: Reshape) -> Value | None:
    """reshape(transpose(reshape(x))) -> transpose(x), where the reshapes only merge and split what moves together."""
    transpose = op.x.op
    inner = transpose.x.op if isinstance(transpose, Transpose) else None
    if not isinstance(transpose, Transpose) or not isinstance(inner, Reshape) or op.shape is not None:
        return None
    if inner.x.tensor.shape is None or op.dims is None or inner.dims is None:
        return None
    source = inner.x.tensor.dims
    groups = _groups(source, inner.dims)
    if groups is None:
        return None
    perm = tuple(axis for p in transpose.perm for axis in groups[p])
    return Transpose(inner.x, perm=perm).result if tuple(source[p] for p in perm) == op.dims else None


def _groups(dims: Sequence[Dim], merged: Sequence[Dim]) -> list[list[int]] | None:
    """For each of the merged dims the neighbouring axes of `dims` whose product it is, or None."""
    groups: list[list[int]] = []
    axis = 0
    for size in merged:
        group: list[int] = []
        while axis < len(dims) and (not group or product([dims[a] for a in group]) != size):
            group.append(axis)
            axis += 1
        if product([dims[a] for a in group]) != size:
            return None
        groups.append(group)
    while axis < len(dims) and groups and dims[axis] == 1:
        groups[-1].append(axis)
        axis += 1
    return groups if axis == len(dims) else None


def drop_expand(op: Expand) -> Value | None:
    """expand(x) to the shape of x -> x."""
    return op.x if op.x.type == op.result.type and op.dims is not None else None


def drop_expand_before_broadcast(op: Op) -> Value | None:
    """f(expand(x), y) -> f(x, y), sound where f is elementwise and y alone gives the result its shape."""
    if not op.is_elementwise or len(op.operands) < 2:
        return None
    for operand in op.operands:
        if isinstance(operand.op, Expand) and operand.op.x.tensor.shape is not None:
            direct = op.clone({operand: operand.op.x})
            if direct.result.type == op.result.type:
                return direct.result
    return None


def drop_slice(op: Slice) -> Value | None:
    """The slice that is all of x -> x."""
    is_whole = all(s == 0 for s in op.starts) and all(s == 1 for s in op.steps)
    return op.x if is_whole and op.x.type == op.result.type else None


def merge_slices(op: Slice) -> Value | None:
    """slice(slice(x)) -> slice(x): element i of the outer is s1 + (s2 + i * t2) * t1 of x."""
    inner = op.x.op
    if not isinstance(inner, Slice):
        return None
    starts = tuple(a + b * t for a, b, t in zip(inner.starts, op.starts, inner.steps, strict=True))
    steps = tuple(s * t for s, t in zip(inner.steps, op.steps, strict=True))
    return Slice(inner.x, starts=starts, dims=op.dims, steps=steps).result


@dataclass(frozen=True)
class Split:
    """How a reshape cuts one axis: into pieces of `piece` elements, which the result's axis at `place` counts."""

    place: int
    piece: int


def split_of_axis(op: Reshape, axis: int) -> Split | None:
    """How `op` splits `axis` of its operand; None where it does more to it, or to what is behind it."""
    if op.shape is not None or op.dims is None or op.x.tensor.shape is None:
        return None
    source, dims = op.x.tensor.dims, op.dims
    behind = len(source) - axis - 1
    end = len(dims) - behind
    if end < 1 or dims[end:] != source[axis + 1 :]:
        return None
    place = end - 1
    while place > 0 and product(dims[place:end]) != source[axis]:
        place -= 1
    piece = product(dims[place + 1 : end])
    if product(dims[place:end]) != source[axis] or product(dims[:place]) != product(source[:axis]):
        return None
    return Split(place, piece) if isinstance(piece, int) and piece > 0 else None


def reshape_before_slice(op: Reshape) -> Value | Miss | None:
    """reshape(slice(x)) -> slice(reshape(x)), where the reshape splits the sliced axis into pieces that x has whole.

    Nothing moves for a reshape of x, while that of a slice needs it copied first.
    """
    inner = op.x.op
    if not isinstance(inner, Slice) or any(step != 1 for step in inner.steps):
        return None
    x = inner.x.tensor
    cut = [a for a in range(x.rank) if inner.dims[a] != x.dims[a]] if x.shape is not None else []
    if len(cut) != 1 or (split := split_of_axis(op, cut[0])) is None or op.dims is None:
        return None
    start, extent = inner.starts[cut[0]], x.dims[cut[0]]
    if not isinstance(start, int) or not isinstance(extent, int):
        return None
    if start % split.piece or extent % split.piece:
        return Miss("the slice cuts a piece of the reshape apart", blocker=inner)
    front, back = op.dims[: split.place], op.dims[split.place + 1 :]
    whole = Reshape(inner.x, dims=(*front, extent // split.piece, *back)).result
    starts = (*(0,) * len(front), start // split.piece, *(0,) * len(back))
    return Slice(whole, starts=starts, dims=op.dims, steps=(1,) * len(op.dims)).result


def drop_concat(op: Concat) -> Value | None:
    """concat(x) -> x."""
    return op.xs[0] if len(op.xs) == 1 else None


def flatten_concats(op: Concat) -> Value | Miss | None:
    """concat(concat(a, b), c) on one axis -> concat(a, b, c), where the inner one has no other use."""
    axis = op.axis % op.result.tensor.rank if op.result.tensor.shape is not None else op.axis
    pieces: list[Value] = []
    for x in op.xs:
        inner = x.op
        if not isinstance(inner, Concat) or inner.axis % x.tensor.rank != axis:
            pieces.append(x)
        elif x.use_count > 1:
            # Twice in this one is another use too: a chain of concats of a concat with itself would double each time.
            other = next((use for use in x.uses if use.op is not op), x.uses[-1])
            return Miss("the inner concat is needed itself", blocker=other)
        else:
            pieces.extend(inner.xs)
    return Concat(pieces, axis=op.axis).result if len(pieces) > len(op.xs) else None


def drop_pad(op: Pad) -> Value | None:
    """The pad that adds nothing -> x."""
    return op.x if op.pads is not None and all(p == 0 for p in op.pads) else None


def drop_tile(op: Tile) -> Value | None:
    """The tile that repeats each axis once -> x."""
    return op.x if op.repeats is not None and all(r == 1 for r in op.repeats) else None


def fold_pad_into_window(op: Conv | AveragePool | MaxPool) -> Value | Miss | None:
    """f(pad(x)) -> f(x) with larger pads, sound where the padded elements are what f pads with itself.

    Conv pads with 0, MaxPool with -inf; AveragePool counts pads only with `count_pads`, and counts all or none.
    """
    pad = op.x.op
    if not isinstance(pad, Pad) or op.layout != "nchw" or len(op.results) > 1:
        return None
    if pad.mode != "constant" or pad.pads is None:
        return Miss("the pad is not by a constant and known amounts", blocker="mode" if pad.pads else pad.amounts)
    rank = pad.x.tensor.rank if pad.x.tensor.shape is not None else 0
    if any(p != 0 for p in (*pad.pads[:2], *pad.pads[rank : rank + 2])):
        return Miss("the pad adds to the batch or the channels", blocker="pads")
    spatial = [*pad.pads[2:rank], *pad.pads[rank + 2 :]]
    amounts = [p for p in spatial if isinstance(p, int) and p >= 0]
    if len(amounts) < len(spatial):
        return Miss("the pad takes elements away", blocker="pads")
    if (reason := _unlike_padding(op, pad.value)) is not None:
        return reason
    pads = tuple(a + b for a, b in zip(op.pads, amounts, strict=True))
    counting = {"count_pads": True} if isinstance(op, AveragePool) else {}
    return op.clone({op.x: pad.x}, pads=pads, **counting).results[0]


def _unlike_padding(op: Conv | AveragePool | MaxPool, value: Value | None) -> Miss | None:
    """Why elements of `value` are not what `op` pads with, or None when they are."""
    if isinstance(op, MaxPool):
        is_like = is_filled_with(value, float("-inf"))
        return None if is_like else Miss("max-pool pads with -inf, the pad with another value", blocker=value)
    if value is not None and not is_filled_with(value, 0.0):
        return Miss("the pad is not of zeros", blocker=value)
    if isinstance(op, AveragePool) and op.ceil_mode:
        return Miss("windows that hang over the end are not counted alike", blocker="ceil_mode")
    if isinstance(op, AveragePool) and any(op.pads) and not op.count_pads:
        return Miss("average-pool does not count its own pads", blocker="count_pads")
    return None


RULES: tuple[Rule, ...] = (
    drop_reshape,
    drop_known_shape,
    merge_reshapes,
    drop_transpose,
    merge_transposes,
    merge_reshapes_around_transpose,
    drop_expand,
    drop_expand_before_broadcast,
    drop_slice,
    merge_slices,
    reshape_before_slice,
    drop_concat,
    flatten_concats,
    drop_pad,
    drop_tile,
    fold_pad_into_window,
)
