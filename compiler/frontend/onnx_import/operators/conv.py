"""Convolutions."""

from __future__ import annotations

from mlc.frontend.onnx_import.graph import Graph
from mlc.frontend.onnx_import.operators.windows import halves, windows, with_static_pads
from mlc.frontend.onnx_import.registry import onnx_op
from mlc.ir import DType, Value
from mlc.ops import Cast, Conv, ConvTranspose, DeformConv, Reshape, Sub


@onnx_op("Conv", since=1)
def conv(
    g: Graph,
    x: Value,
    w: Value,
    b: Value | None = None,
    *,
    auto_pad: str = "NOTSET",
    dilations: tuple[int, ...] | None = None,
    group: int = 1,
    kernel_shape: tuple[int, ...] | None = None,
    pads: tuple[int, ...] | None = None,
    strides: tuple[int, ...] | None = None,
) -> Value:
    kernel = kernel_shape or w.tensor.dims[2:]
    shape = windows(g, x.tensor.dims[2:], kernel, strides, dilations, pads, auto_pad)
    x, numbers = with_static_pads(g, x, shape, 0)
    return g(Conv(x, w, b, strides=shape.strides, pads=numbers, dilations=shape.dilations, groups=group))


@onnx_op("ConvInteger", since=10)
def conv_integer(
    g: Graph,
    x: Value,
    w: Value,
    x_zero_point: Value | None = None,
    w_zero_point: Value | None = None,
    *,
    auto_pad: str = "NOTSET",
    dilations: tuple[int, ...] | None = None,
    group: int = 1,
    kernel_shape: tuple[int, ...] | None = None,
    pads: tuple[int, ...] | None = None,
    strides: tuple[int, ...] | None = None,
) -> Value:
    """Zero points are taken off first, so that the pads stand for the zero point."""
    return conv(
        g,
        centered(g, x, x_zero_point),
        centered(g, w, along_filters(g, w_zero_point, w)),
        auto_pad=auto_pad,
        dilations=dilations,
        group=group,
        kernel_shape=kernel_shape,
        pads=pads,
        strides=strides,
    )


def centered(g: Graph, x: Value, zero_point: Value | None) -> Value:
    """x - zero_point in i32."""
    wide = g(Cast(x, dtype=DType.I32))
    return wide if zero_point is None else g(Sub(wide, g(Cast(zero_point, dtype=DType.I32))))


def along_filters(g: Graph, vector: Value | None, w: Value) -> Value | None:
    """A vector with one element for each filter of w[O, ...], shaped to broadcast with w; a single element as it is."""
    if vector is None or vector.tensor.shape in ((), (1,)):
        return vector
    return g(Reshape(vector, dims=(*vector.tensor.dims, *(1,) * (w.tensor.rank - 1))))


@onnx_op("ConvTranspose", since=1)
def conv_transpose(
    g: Graph,
    x: Value,
    w: Value,
    b: Value | None = None,
    *,
    auto_pad: str = "NOTSET",
    dilations: tuple[int, ...] | None = None,
    group: int = 1,
    kernel_shape: tuple[int, ...] | None = None,
    output_padding: tuple[int, ...] | None = None,
    output_shape: tuple[int, ...] | None = None,
    pads: tuple[int, ...] | None = None,
    strides: tuple[int, ...] | None = None,
) -> Value:
    sizes, kernel = x.tensor.dims[2:], kernel_shape or w.tensor.dims[2:]
    explicit = auto_pad if auto_pad in ("NOTSET", "VALID") else "NOTSET"
    shape = windows(g, sizes, kernel, strides, dilations, pads, explicit)
    extra = output_padding or (0,) * len(sizes)
    numbers = shape.pads
    if output_shape is not None or explicit != auto_pad:
        spans = [(k - 1) * d + 1 + e for k, d, e in zip(shape.kernel, shape.dilations, extra, strict=True)]
        full = [(n - 1) * s + span for n, s, span in zip(sizes, shape.strides, spans, strict=True)]
        wanted = output_shape or [n * s for n, s in zip(sizes, shape.strides, strict=True)]
        totals = [f - want for f, want in zip(full, wanted[-len(full) :], strict=True)]
        numbers = halves(totals, larger_first=auto_pad != "SAME_UPPER")
    static = tuple(p for p in numbers if isinstance(p, int))
    if len(static) != len(numbers):
        raise g.error(f"attribute 'output_shape' needs a static input, which is {x.type}")
    return g(
        ConvTranspose(
            x,
            w,
            b,
            strides=shape.strides,
            pads=static,
            dilations=shape.dilations,
            output_padding=extra,
            groups=group,
        )
    )


@onnx_op("DeformConv", since=19)
def deform_conv(
    g: Graph,
    x: Value,
    w: Value,
    offset: Value,
    b: Value | None = None,
    mask: Value | None = None,
    *,
    dilations: tuple[int, ...] | None = None,
    group: int = 1,
    kernel_shape: tuple[int, ...] | None = None,
    offset_group: int = 1,
    pads: tuple[int, ...] | None = None,
    strides: tuple[int, ...] | None = None,
) -> Value:
    shape = windows(g, x.tensor.dims[2:], kernel_shape or w.tensor.dims[2:], strides, dilations, pads, "NOTSET")
    numbers = pads or (0,) * (2 * len(shape.kernel))
    return g(
        DeformConv(
            x,
            w,
            offset,
            b,
            mask,
            strides=shape.strides,
            pads=numbers,
            dilations=shape.dilations,
            groups=group,
            offset_groups=offset_group,
        )
    )
