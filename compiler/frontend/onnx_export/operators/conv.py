"""Convolutions and pools. Blocked ones are unpacked, computed in NCHW, and packed again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlc.frontend.onnx_export.registry import onnx_export
from mlc.frontend.onnx_export.writer import Writer
from mlc.ir import Dim, TensorType
from mlc.ops import conv, pool
from mlc.ops.windows import block_of


@onnx_export(conv.Conv)
def convolution(w: Writer, op: conv.Conv) -> str:
    window: dict[str, Any] = {"strides": op.strides, "pads": op.pads, "dilations": op.dilations, "group": op.groups}
    block = block_of(op.layout)
    if not block:
        return str(w("Conv", *w.operands(op), **window))
    x = w.name(op.x) if op.takes_plain else from_blocks(w, w.name(op.x), op.x.tensor)
    filters = _plain_filters(w, w.name(op.w), op.w.tensor)
    if op.channels:
        x, filters = (w("Slice", name, w.ints((0,)), w.ints((op.channels,)), w.ints((1,))) for name in (x, filters))
    bias = w("Reshape", w.name(op.b), w.shape([op.w.tensor.dims[0] * block])) if op.b is not None else ""
    return to_blocks(w, w("Conv", x, filters, bias, **window), op.result.tensor)


@onnx_export(conv.ConvTranspose)
def transposed(w: Writer, op: conv.ConvTranspose) -> str:
    window: dict[str, Any] = {
        "strides": op.strides,
        "pads": op.pads,
        "dilations": op.dilations,
        "output_padding": op.output_padding,
    }
    return str(w("ConvTranspose", *w.operands(op), group=op.groups, **window))


@onnx_export(conv.DeformConv)
def deformed(w: Writer, op: conv.DeformConv) -> str:
    window: dict[str, Any] = {"strides": op.strides, "pads": op.pads, "dilations": op.dilations, "group": op.groups}
    return str(w("DeformConv", *w.operands(op), offset_group=op.offset_groups, **window))


@onnx_export(pool.MaxPool)
def max_pool(w: Writer, op: pool.MaxPool) -> str | Sequence[str]:
    if op.with_indices:
        order = int(op.column_major)
        return list(w("MaxPool", w.name(op.x), count=2, dilations=op.dilations, storage_order=order, **_window(op)))
    return _pooled(w, op, "MaxPool", dilations=op.dilations)


@onnx_export(pool.AveragePool)
def average_pool(w: Writer, op: pool.AveragePool) -> str:
    return _pooled(w, op, "AveragePool", dilations=op.dilations, count_include_pad=int(op.count_pads))


@onnx_export(pool.LpPool)
def lp_pool(w: Writer, op: pool.LpPool) -> str:
    return _pooled(w, op, "LpPool", dilations=op.dilations, p=op.p)


@onnx_export(pool.MaxUnpool)
def max_unpool(w: Writer, op: pool.MaxUnpool) -> str:
    """Windows of stride 1 that are as long as it takes say what the indices count places in."""
    pairs = list(zip(op.source, op.x.tensor.dims, strict=True))[2:]
    kernel = [long - short + 1 for long, short in pairs]
    if any(not isinstance(k, int) for k in kernel):
        raise w.error(f"the extents of {op.x.type} in its source {op.source} are not known")
    return str(w("MaxUnpool", w.name(op.x), w.name(op.indices), w.shape(op.dims), kernel_shape=kernel))


def _window(op: pool.Pool) -> dict[str, Any]:
    return {"kernel_shape": op.kernel, "strides": op.strides, "pads": op.pads, "ceil_mode": int(op.ceil_mode)}


def _pooled(w: Writer, op: pool.Pool, operator: str, **attributes: Any) -> str:
    if not block_of(op.layout):
        return str(w(operator, w.name(op.x), **_window(op), **attributes))
    plain = w(operator, from_blocks(w, w.name(op.x), op.x.tensor), **_window(op), **attributes)
    return to_blocks(w, plain, op.results[0].tensor)


def from_blocks(w: Writer, name: str, type: TensorType) -> str:
    """[N, C/b, spatial..., b] as [N, C, spatial...]."""
    n, c, *spatial, b = type.dims
    rank = len(spatial)
    moved = w("Transpose", name, perm=(0, 1, rank + 2, *range(2, rank + 2)))
    return str(w("Reshape", moved, w.shape([n, c * b, *spatial]), allowzero=1))


def to_blocks(w: Writer, name: str, type: TensorType) -> str:
    """[N, C, spatial...] as the blocked `type` [N, C/b, spatial..., b]."""
    n, c, *spatial, b = type.dims
    rank = len(spatial)
    split = w("Reshape", name, w.shape([n, c, b, *spatial]), allowzero=1)
    return str(w("Transpose", split, perm=(0, 1, *range(3, rank + 3), 2)))


def _plain_filters(w: Writer, name: str, type: TensorType) -> str:
    """[O/b, I/i, kernel..., i, b] as [O, I, kernel...]."""
    o, i, *kernel, inner, outer = type.dims
    rank = len(kernel)
    moved = w("Transpose", name, perm=(0, rank + 3, 1, rank + 2, *range(2, rank + 2)))
    dims: list[Dim] = [o * outer, i * inner, *kernel]
    return str(w("Reshape", moved, w.shape(dims), allowzero=1))
