"""Quantization."""

from __future__ import annotations

from mlc.frontend.onnx_import.dtypes import dtype_of
from mlc.frontend.onnx_import.graph import Graph
from mlc.frontend.onnx_import.operators.conv import along_filters, centered, conv
from mlc.frontend.onnx_import.operators.matmul import requantized
from mlc.frontend.onnx_import.operators.shape import reshaped
from mlc.frontend.onnx_import.registry import onnx_op
from mlc.ir import DType, Value
from mlc.ops import Add, DequantizeLinear, QuantizeLinear


@onnx_op("QuantizeLinear", since=10)
def quantize_linear(
    g: Graph,
    x: Value,
    y_scale: Value,
    y_zero_point: Value | None = None,
    *,
    axis: int = 1,
    block_size: int = 0,
    output_dtype: int = 0,
    precision: int = 0,
    saturate: int = 1,
) -> Value:
    dtype = dtype_of(output_dtype) if output_dtype else DType.U8
    if y_zero_point is not None:
        given = y_zero_point.tensor.dtype
        if output_dtype and given is not dtype:
            raise g.error(f"attribute 'output_dtype' is {dtype} but y_zero_point holds {given}")
        dtype = given
    return g(
        QuantizeLinear(
            x,
            y_scale,
            y_zero_point,
            dtype=dtype,
            axis=axis,
            block=block_size,
            saturates=bool(saturate),
            precision=dtype_of(precision) if precision else None,
        )
    )


@onnx_op("DequantizeLinear", since=10)
def dequantize_linear(
    g: Graph,
    x: Value,
    x_scale: Value,
    x_zero_point: Value | None = None,
    *,
    axis: int = 1,
    block_size: int = 0,
    output_dtype: int = 0,
) -> Value:
    dtype = dtype_of(output_dtype) if output_dtype else x_scale.tensor.dtype
    return g(DequantizeLinear(x, x_scale, x_zero_point, dtype=dtype, axis=axis, block=block_size))


@onnx_op("QLinearConv", since=10)
def qlinear_conv(
    g: Graph,
    x: Value,
    x_scale: Value,
    x_zero_point: Value,
    w: Value,
    w_scale: Value,
    w_zero_point: Value,
    y_scale: Value,
    y_zero_point: Value,
    b: Value | None = None,
    *,
    auto_pad: str = "NOTSET",
    dilations: tuple[int, ...] | None = None,
    group: int = 1,
    kernel_shape: tuple[int, ...] | None = None,
    pads: tuple[int, ...] | None = None,
    strides: tuple[int, ...] | None = None,
) -> Value:
    filters = along_filters(g, w_zero_point, w)
    total = conv(
        g,
        centered(g, x, x_zero_point),
        centered(g, w, filters),
        auto_pad=auto_pad,
        dilations=dilations,
        group=group,
        kernel_shape=kernel_shape,
        pads=pads,
        strides=strides,
    )
    per_channel = (1,) * (x.tensor.rank - 2)
    if b is not None:
        total = g(Add(total, reshaped(g, b, (*b.tensor.dims, *per_channel))))
    scale = w_scale
    if scale.tensor.shape not in ((), (1,)):
        scale = reshaped(g, scale, (*scale.tensor.dims, *per_channel))
    return requantized(g, total, x_scale, scale, y_scale, y_zero_point)
