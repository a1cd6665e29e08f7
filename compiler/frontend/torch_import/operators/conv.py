"""Convolutions in torch's several spellings."""

from __future__ import annotations

from mlc.frontend.torch_import.graph import Graph
from mlc.frontend.torch_import.registry import torch_op
from mlc.ir import Value
from mlc.ops import Conv, ConvTranspose


@torch_op("aten.convolution", "aten._convolution",
          ignores=("benchmark", "deterministic", "cudnn_enabled", "allow_tf32"))  # fmt: skip
def convolution(
    g: Graph,
    input: Value,
    weight: Value,
    bias: Value | None,
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
    transposed: bool,
    output_padding: tuple[int, ...],
    groups: int,
) -> Value:
    """The convolution, or its adjoint when transposed; numbers given once hold for every spatial dim."""
    rank = weight.tensor.rank - 2
    x, is_batched = _batched(g, input, rank)
    strides, pads, dilations = _each(stride, rank), _each(padding, rank), _each(dilation, rank)
    if transposed:
        grown = _each(output_padding, rank)
        y = g(
            ConvTranspose(
                x,
                weight,
                bias,
                strides=strides,
                pads=pads * 2,
                dilations=dilations,
                output_padding=grown,
                groups=groups,
            )
        )
    else:
        y = g(Conv(x, weight, bias, strides=strides, pads=pads * 2, dilations=dilations, groups=groups))
    return y if is_batched else g.reshape(y, y.tensor.dims[1:])


def _each(numbers: tuple[int, ...], rank: int) -> tuple[int, ...]:
    return numbers * rank if len(numbers) == 1 else numbers


def _batched(g: Graph, x: Value, rank: int) -> tuple[Value, bool]:
    """x with a batch dim, and whether it had one."""
    has_batch = x.tensor.rank == rank + 2
    return (x if has_batch else g.reshape(x, (1, *x.tensor.dims))), has_batch


@torch_op("aten.conv1d", "aten.conv2d", "aten.conv3d")
def conv(
    g: Graph,
    input: Value,
    weight: Value,
    bias: Value | None,
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
    groups: int,
) -> Value:
    """The convolution with pads in numbers."""
    return convolution(g, input, weight, bias, stride, padding, dilation, False, (0,), groups)


@torch_op("aten.conv1d.padding", "aten.conv2d.padding", "aten.conv3d.padding")
def conv_padding(
    g: Graph,
    input: Value,
    weight: Value,
    bias: Value | None,
    stride: tuple[int, ...],
    padding: str,
    dilation: tuple[int, ...],
    groups: int,
) -> Value:
    """The convolution with pads in words: "valid" for none, "same" so that the size stays, the odd one at the end."""
    rank = weight.tensor.rank - 2
    x, is_batched = _batched(g, input, rank)
    dilations = _each(dilation, rank)
    totals = [0] * rank
    if padding == "same":
        kernel = weight.tensor.static_shape[2:]
        totals = [d * (k - 1) for d, k in zip(dilations, kernel, strict=True)]
    pads = (*(t // 2 for t in totals), *(t - t // 2 for t in totals))
    y = g(Conv(x, weight, bias, strides=_each(stride, rank), pads=pads, dilations=dilations, groups=groups))
    return y if is_batched else g.reshape(y, y.tensor.dims[1:])


@torch_op("aten.conv_transpose1d", "aten.conv_transpose2d.input", "aten.conv_transpose3d.input")
def conv_transpose(
    g: Graph,
    input: Value,
    weight: Value,
    bias: Value | None,
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    output_padding: tuple[int, ...],
    groups: int,
    dilation: tuple[int, ...],
) -> Value:
    """The adjoint of the convolution."""
    return convolution(g, input, weight, bias, stride, padding, dilation, True, output_padding, groups)
