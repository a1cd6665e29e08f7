"""Fourier transforms and what goes with them: Dft, Stft, MelWeightMatrix. Complex numbers are a last dim of 2."""

from __future__ import annotations

import numpy as np

from mlc.ir import Array, Dim, DType, Op, TensorType, Value
from mlc.ops.inference import normalized_axis
from mlc.ops.precision import widened


class Dft(Op):
    """The discrete Fourier transform of x[..., 1 or 2] along `axis`, cut or padded with zeros to `length` there.

    `is_onesided` keeps the first length/2 + 1 of a real x; with `is_inverse` it is fed those and gives back the real
    [..., 1]. The inverse is divided by the length. `axis_operand` and `length_operand` are for what is known only at
    run time; `dims` is the result's shape then. ONNX DFT (opset 20).
    """

    x: Value
    length_operand: Value | None = None
    axis_operand: Value | None = None
    length: Dim | None = None
    axis: int | None = None
    is_inverse: bool = False
    is_onesided: bool = False
    dims: tuple[Dim, ...] | None = None
    defines_symbols = True

    def infer(self) -> TensorType:
        x = self.x.tensor
        if self.dims is not None or x.shape is None:
            return x.with_shape(self.dims)
        if x.rank < 2 or (isinstance(x.dims[-1], int) and x.dims[-1] not in (1, 2)):
            raise self.error(f"x {x} must end in a dim of 1 or 2")
        if self.axis is None or self.length_operand is not None:
            raise self.error("dims must say the shape when axis or length is an operand")
        at = normalized_axis(self, self.axis, x.rank)
        if at == x.rank - 1:
            raise self.error("the last dim holds real and imaginary parts and cannot be transformed")
        is_real = self.is_inverse and self.is_onesided
        given = x.dims[at] if not is_real else (x.dims[at] - 1) * 2
        length = given if self.length is None else self.length
        if self.is_onesided and not self.is_inverse:
            length = length // 2 + 1
        return x.with_shape((*x.dims[:at], length, *x.dims[at + 1 : -1], 1 if is_real else 2))

    def evaluate(self, x: Array, length_operand: Array | None, axis_operand: Array | None) -> Array:
        axis = int(axis_operand.item()) if axis_operand is not None else self.axis
        assert axis is not None
        at = axis % x.ndim
        length = None if length_operand is None else int(length_operand.item())
        if isinstance(self.length, int):
            length = self.length
        return transformed(x, length, at, is_inverse=self.is_inverse, is_onesided=self.is_onesided)


def transformed(x: Array, length: int | None, axis: int, *, is_inverse: bool, is_onesided: bool) -> Array:
    """Dft's evaluate with everything known."""
    values = widened(x)
    numbers = values[..., 0] + values.dtype.type(1) * 1j * values[..., 1] if x.shape[-1] == 2 else values[..., 0]
    if is_inverse and is_onesided:
        return np.asarray(np.fft.irfft(numbers, length, axis=axis)[..., None]).astype(x.dtype)
    result = (np.fft.ifft if is_inverse else np.fft.fft)(numbers, length, axis=axis)
    if is_onesided:
        result = result[tuple(slice(s // 2 + 1) if i == axis else slice(None) for i, s in enumerate(result.shape))]
    return np.stack([result.real, result.imag], axis=-1).astype(x.dtype)


class Stft(Op):
    """Dft of each frame of x[B, L, 1 or 2]: [B, frames, bins, 2].

    Frames are `length` long, begin every `step` elements, end in x, and are multiplied by window[length] first. With
    `is_onesided` there are length/2 + 1 bins. ONNX STFT (opset 17).
    """

    x: Value
    step: Value
    window: Value | None = None
    length: Value | None = None
    is_onesided: bool = True
    dims: tuple[Dim, ...] | None = None
    defines_symbols = True

    def infer(self) -> TensorType:
        if self.window is None and self.length is None:
            raise self.error("window or length must say how long a frame is")
        return self.x.tensor.with_shape(self.dims)

    def evaluate(self, x: Array, step: Array, window: Array | None, length: Array | None) -> Array:
        size = len(window) if length is None and window is not None else int(np.asarray(length).item())
        starts = np.arange(0, x.shape[1] - size + 1, int(step.item()))
        frames = x[:, starts[:, None] + np.arange(size)]
        if window is not None:
            frames = (widened(frames) * widened(window)[:, None]).astype(x.dtype)
        return transformed(frames, None, 2, is_inverse=False, is_onesided=self.is_onesided)


class MelWeightMatrix(Op):
    """Weights[dft_length/2 + 1, bin_count] that sum a spectrum into triangular bands evenly spaced in mel.

    Band edges lie between `lower` and `upper` Hz; mel = 2595 log10(1 + Hz / 700). `dims` is the result's shape. ONNX
    MelWeightMatrix (opset 17).
    """

    bin_count: Value
    dft_length: Value
    sample_rate: Value
    lower: Value
    upper: Value
    dtype: DType
    dims: tuple[Dim, ...]
    defines_symbols = True

    def infer(self) -> TensorType:
        return TensorType(self.dtype, self.dims)

    def evaluate(self, bin_count: Array, dft_length: Array, sample_rate: Array, lower: Array, upper: Array) -> Array:
        bands, spectrum = int(bin_count.item()), int(dft_length.item()) // 2 + 1
        low, high = (2595 * np.log10(1 + float(hz.item()) / 700) for hz in (lower, upper))
        mel = np.arange(bands + 2) * ((high - low) / (bands + 2)) + low
        hertz = 700 * (10 ** (mel / 2595) - 1)
        edges = ((int(dft_length.item()) + 1) * hertz // int(sample_rate.item())).astype(np.int64)
        place, weights = np.arange(spectrum), np.zeros((spectrum, bands))
        for band in range(bands):
            left, center, right = edges[band : band + 3]
            rising = np.where(place >= left, (place - left) / max(center - left, 1), 0)
            falling = np.where(place < right, (right - place) / max(right - center, 1), 0)
            weights[:, band] = np.where(place < center, rising, np.where(place == center, 1, falling))
        return weights.astype(self.dtype.numpy)
