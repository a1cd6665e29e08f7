"""TOSA's products: convolutions of NHWC images, and matmul. TOSA 1.0, section 2.2.

The IR has NCHW: operands and results are transposed, and sink-transpose removes what cancels out. Quantized operands
are centered by their zero points and summed in i32.
"""

from __future__ import annotations

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.operators.numbers import zero_point
from mlc.frontend.mlir_import.registry import mlir_op
from mlc.ir import Array, Dim, DType, Value
from mlc.ops import Add, Conv, ConvTranspose, Matmul, Sub


@mlir_op("tosa.conv2d", "tosa.conv3d", ignores=("acc_type", "local_bound"))
def conv(
    g: Graph,
    input: Value,
    weight: Value,
    bias: Value,
    input_zp: Array | None = None,
    weight_zp: Array | None = None,
    *,
    pad: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
) -> Value:
    """input[N, spatial..., C] with weight[O, window..., C]."""
    x = channels_first(g, centered(g, input, input_zp))
    w = channels_first(g, centered(g, weight, weight_zp))
    b, rest = _bias(g, bias, x, w.tensor.dims[0])
    y = g(Conv(x, w, b, strides=stride, pads=begins_and_ends(pad), dilations=dilation))
    return _finished(g, y, rest)


@mlir_op("tosa.depthwise_conv2d", ignores=("acc_type", "local_bound"))
def depthwise_conv2d(
    g: Graph,
    input: Value,
    weight: Value,
    bias: Value,
    input_zp: Array | None = None,
    weight_zp: Array | None = None,
    *,
    pad: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
) -> Value:
    """input[N, H, W, C] with weight[KH, KW, C, M]: M filters for each channel."""
    x = channels_first(g, centered(g, input, input_zp))
    height, width, channels, multiple = weight.tensor.dims
    if not isinstance(channels, int):
        raise g.error(f"the weight {weight.type} must have a known number of channels")
    by_channel = g.transpose(centered(g, weight, weight_zp), (2, 3, 0, 1))
    w = g.reshape(by_channel, (channels * multiple, 1, height, width))
    b, rest = _bias(g, bias, x, w.tensor.dims[0])
    y = g(Conv(x, w, b, strides=stride, pads=begins_and_ends(pad), dilations=dilation, groups=channels))
    return _finished(g, y, rest)


@mlir_op("tosa.transpose_conv2d", ignores=("acc_type", "local_bound"))
def transpose_conv2d(
    g: Graph,
    input: Value,
    weight: Value,
    bias: Value,
    input_zp: Array | None = None,
    weight_zp: Array | None = None,
    *,
    out_pad: tuple[int, ...],
    stride: tuple[int, ...],
) -> Value:
    """Each element of input[N, H, W, C] adds its multiple of weight[O, KH, KW, C] to the result, grown by out_pad."""
    x = channels_first(g, centered(g, input, input_zp))
    w = g.transpose(centered(g, weight, weight_zp), (3, 0, 1, 2))
    b, rest = _bias(g, bias, x, w.tensor.dims[1])
    pads = tuple(-p for p in begins_and_ends(out_pad))
    y = g(ConvTranspose(x, w, b, strides=stride, pads=pads, dilations=(1, 1), output_padding=(0, 0)))
    return _finished(g, y, rest)


def _bias(g: Graph, bias: Value, x: Value, filters: Dim) -> tuple[Value | None, Value | None]:
    """The bias as an operand of the convolution, or one of a single element, which is added behind it."""
    b = g.cast(bias, x.tensor.dtype)
    return (b, None) if b.tensor.dims == (filters,) else (None, b)


def _finished(g: Graph, y: Value, rest: Value | None) -> Value:
    if rest is not None:
        y = g(Add(y, g.reshape(rest, ())))
    return channels_last(g, g.cast(y, g.dtype))


@mlir_op("tosa.matmul")
def matmul(g: Graph, a: Value, b: Value, a_zp: Array | None = None, b_zp: Array | None = None) -> Value:
    """a[N, H, C] @ b[N, C, W]."""
    return g.cast(g(Matmul(*_factors(g, a, b, a_zp, b_zp))), g.dtype)


@mlir_op("tosa.matmul_t")
def matmul_t(g: Graph, a: Value, b: Value, a_zp: Array | None = None, b_zp: Array | None = None) -> Value:
    """a[N, H, C] @ b[D, W, C] transposed, D being N or 1."""
    return g.cast(g(Matmul(*_factors(g, a, b, a_zp, b_zp), transpose_y=True)), g.dtype)


def _factors(g: Graph, a: Value, b: Value, a_zp: Array | None, b_zp: Array | None) -> tuple[Value, Value]:
    x, y = centered(g, a, a_zp), centered(g, b, b_zp)
    if not g.dtype.is_float or g.dtype.bits <= x.tensor.dtype.bits:
        return x, y
    return g.cast(x, g.dtype), g.cast(y, g.dtype)  # sums that are wider than what is multiplied


def centered(g: Graph, x: Value, point: Array | None) -> Value:
    """x less its zero point: integers in i32, or in i64 where the sums are wider; floats as they are."""
    number = 0 if point is None else zero_point(g, point)
    if not x.tensor.dtype.is_integer:
        return g.cast(x, DType.F32) if x.tensor.dtype.bits == 8 else x
    # TOSA sums i16 in 48 bits.
    wide = DType.I32 if x.tensor.dtype.bits <= 8 else DType.I64
    wide = max(wide, g.dtype, key=lambda d: d.bits) if g.dtype.is_integer else wide
    x = g.cast(x, wide)
    return x if number == 0 else g(Sub(x, g.scalar(number, wide)))


def begins_and_ends(pad: tuple[int, ...]) -> tuple[int, ...]:
    """TOSA's (top, bottom, left, right) as (top, left, bottom, right)."""
    return (*pad[::2], *pad[1::2])


def channels_first(g: Graph, x: Value) -> Value:
    """x[N, spatial..., C] as [N, C, spatial...]."""
    rank = x.tensor.rank
    return g.transpose(x, (0, rank - 1, *range(1, rank - 1)))


def channels_last(g: Graph, x: Value) -> Value:
    """x[N, C, spatial...] as [N, spatial..., C]."""
    rank = x.tensor.rank
    return g.transpose(x, (0, *range(2, rank), 1))
