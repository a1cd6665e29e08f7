"""Packs and unpacks, as Pad, Reshape and Transpose."""

from __future__ import annotations

import numpy as np

from mlc.frontend.onnx_export.registry import onnx_export
from mlc.frontend.onnx_export.writer import Writer
from mlc.ir import Array, Dim, TensorType
from mlc.ops.layout import Pack, Unpack


@onnx_export(Pack)
def pack(w: Writer, op: Pack) -> str:
    """Lanes that may hold anything are 0, which no weight of 0 turns into NaN."""
    dims, x = op.x.tensor.dims, w.name(op.x)
    tiles = dict(zip(op.axes, op.tiles, strict=True))
    missing = [-1 * d % tiles[a] if a in tiles else 0 for a, d in enumerate(dims)]
    if any(m != 0 for m in missing):
        x = w("Pad", x, w.shape([0] * len(dims) + missing), w.constant(_fill(op.x.tensor, op.fill)))
    split: list[Dim] = []
    places: dict[int, int] = {}
    for axis, dim in enumerate(dims):
        if axis in tiles:
            split += [(dim + missing[axis]) // tiles[axis], tiles[axis]]
            places[axis] = len(split) - 1
        else:
            split.append(dim)
    inner = [places[a] for a in op.axes]
    outer = [i for i in range(len(split)) if i not in inner]
    return str(w("Transpose", w("Reshape", x, w.shape(split), allowzero=1), perm=(*outer, *inner)))


def _fill(type: TensorType, fill: float | None) -> Array:
    return np.array(fill or 0).astype(type.dtype.numpy)


@onnx_export(Unpack)
def unpack(w: Writer, op: Unpack) -> str:
    packed, rank = op.x.tensor.dims, len(op.dims)
    order: list[int] = []
    whole: list[Dim] = []
    for axis in range(rank):
        order.append(axis)
        whole.append(packed[axis])
        if axis in op.axes:
            place = rank + op.axes.index(axis)
            order.append(place)
            whole[-1] = whole[-1] * packed[place]
    joined = w("Reshape", w("Transpose", w.name(op.x), perm=tuple(order)), w.shape(whole), allowzero=1)
    if tuple(whole) == op.dims:
        return str(joined)
    starts, axes = w.ints([0] * rank), w.ints(range(rank))
    return str(w("Slice", joined, starts, w.shape(op.dims), axes))
