"""Fourier transforms; windows have function bodies of ONNX's own."""

from __future__ import annotations

from mlc.frontend.onnx_import.dtypes import dtype_of
from mlc.frontend.onnx_import.graph import Graph
from mlc.frontend.onnx_import.operators.shape import normalized
from mlc.frontend.onnx_import.registry import onnx_op
from mlc.ir import Dim, Value
from mlc.ir.dims import floordiv, maximum
from mlc.ops import Dft, MelWeightMatrix, Stft


@onnx_op("DFT", since=20)
def dft(
    g: Graph,
    x: Value,
    dft_length: Value | None = None,
    axis: Value | None = None,
    *,
    inverse: int = 0,
    onesided: int = 0,
) -> Value:
    places = (-2,) if axis is None else g.ints_of(axis)
    if places is None:
        return _dft(g, x, dft_length, None, axis, bool(inverse), bool(onesided))
    return _dft(g, x, dft_length, places[0], None, bool(inverse), bool(onesided))


@onnx_op("DFT", since=17)
def dft_by_attribute(
    g: Graph, x: Value, dft_length: Value | None = None, *, axis: int = 1, inverse: int = 0, onesided: int = 0
) -> Value:
    return _dft(g, x, dft_length, axis, None, bool(inverse), bool(onesided))


def _dft(
    g: Graph,
    x: Value,
    length: Value | None,
    axis: int | None,
    axis_operand: Value | None,
    is_inverse: bool,
    is_onesided: bool,
) -> Value:
    known = g.dims(length)
    rank = x.tensor.rank
    place = None if axis is None else normalized(g, axis, rank)
    is_dynamic = place is None or (length is not None and known is None)
    op = Dft(
        x,
        None if known is not None else length,
        axis_operand,
        length=known[0] if known else None,
        axis=place,
        is_inverse=is_inverse,
        is_onesided=is_onesided,
        dims=g.result_dims(rank) if is_dynamic else None,
    )
    return g(op)


@onnx_op("STFT", since=17)
def stft(
    g: Graph,
    x: Value,
    frame_step: Value,
    window: Value | None = None,
    frame_length: Value | None = None,
    *,
    onesided: int = 1,
) -> Value:
    step, length = g.ints_of(frame_step), g.dims(frame_length)
    size: Dim | None = length[0] if length else None
    if frame_length is None and window is not None:
        size = window.tensor.dims[0]
    dims = list(g.result_dims(4))
    if step is not None and size is not None:
        dims[1] = maximum(floordiv(x.tensor.dims[1] - size, step[0]) + 1, 0)
    if size is not None:
        dims[2] = floordiv(size, 2) + 1 if onesided else size
    dims[0], dims[3] = x.tensor.dims[0], 2
    return g(Stft(x, frame_step, window, frame_length, bool(onesided), tuple(dims)))


@onnx_op("MelWeightMatrix", since=17)
def mel_weight_matrix(
    g: Graph,
    num_mel_bins: Value,
    dft_length: Value,
    sample_rate: Value,
    lower_edge_hertz: Value,
    upper_edge_hertz: Value,
    *,
    output_datatype: int = 1,
) -> Value:
    dims = list(g.result_dims(2))
    length, bins = g.dims(dft_length), g.dims(num_mel_bins)
    if length is not None:
        dims[0] = floordiv(length[0], 2) + 1
    if bins is not None:
        dims[1] = bins[0]
    dtype = dtype_of(output_datatype)
    edges = (lower_edge_hertz, upper_edge_hertz)
    return g(MelWeightMatrix(num_mel_bins, dft_length, sample_rate, *edges, dtype, tuple(dims)))
