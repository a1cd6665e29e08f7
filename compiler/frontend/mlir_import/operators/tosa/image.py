"""TOSA's resize of NHWC images, and Fourier transforms. TOSA 1.0, sections 2.2 and 2.12."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.operators.tosa.pool import known
from mlc.frontend.mlir_import.operators.tosa.products import channels_first, channels_last
from mlc.frontend.mlir_import.registry import mlir_op
from mlc.ir import Dim, DType, Value
from mlc.ops import Add, Concat, Dft, Gather, Mul, Neg, Resize, Slice, Sub


@dataclass(frozen=True)
class Sampling:
    """Along one axis: result i is at (i * step + offset) / parts of the source, which has `size` elements."""

    parts: int
    step: int
    offset: int
    size: int
    count: int

    @property
    def coordinates(self) -> str | None:
        """The name that Resize has for these places, where its own arithmetic finds them exactly."""
        if self.parts % self.step and self.step % self.parts:
            return None
        if self.offset == 0:
            return "asymmetric"
        return "half_pixel" if 2 * self.offset == self.step - self.parts else None

    def numerators(self) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        """Where the results are, times `parts`."""
        return np.arange(self.count, dtype=np.int64) * self.step + self.offset


@mlir_op("tosa.resize")
def resize(
    g: Graph, input: Value, scale: tuple[Dim, ...], offset: tuple[Dim, ...], border: tuple[Dim, ...], *, mode: str
) -> Value:
    """input[N, H, W, C] sampled at places `offset` + i * denominator / numerator, nearest or bilinear.

    scale is (numerator, denominator) of y, then of x. Of integers the bilinear sum is not divided by its scale.
    """
    parts = known(g, "scale", scale)
    start, rest = known(g, "offset", offset), known(g, "border", border)
    size = g.require_static(input.tensor, "resize")[1:3]
    axes = [
        Sampling(n, d, o, s, ((s - 1) * n - o + b) // d + 1)
        for n, d, o, b, s in zip(parts[::2], parts[1::2], start, rest, size, strict=True)
    ]
    if mode == "BILINEAR" and not g.dtype.is_float:
        return _bilinear_sum(g, input, axes)
    names = {a.coordinates for a in axes}
    name = names.pop() if len(names) == 1 else None
    if name is None:
        return _nearest(g, input, axes) if mode == "NEAREST_NEIGHBOR" else _bilinear(g, input, axes)
    x = channels_first(g, input)
    made = Resize(
        x,
        factors=(1.0, 1.0, *(float(Fraction(a.parts, a.step)) for a in axes)),
        dims=(*x.tensor.dims[:2], *(a.count for a in axes)),
        mode="nearest" if mode == "NEAREST_NEIGHBOR" else "linear",
        coordinates="asymmetric" if name == "asymmetric" else "half_pixel",
        rounding="round_prefer_ceil",
    )
    return channels_last(g, g(made))


def _nearest(g: Graph, x: Value, axes: list[Sampling]) -> Value:
    for number, axis in enumerate(axes):
        places = (2 * axis.numerators() + axis.parts) // (2 * axis.parts)  # halves up
        x = g(Gather(x, g.constant(np.clip(places, 0, axis.size - 1)), 1 + number))
    return x


def _bilinear(g: Graph, x: Value, axes: list[Sampling]) -> Value:
    dtype = x.tensor.dtype
    for number, axis in enumerate(axes):
        low, high, weight = _neighbours(g, x, axis, 1 + number)
        share = g.constant((weight / axis.parts).astype(dtype.numpy))
        x = g(Add(low, g(Mul(g(Sub(high, low)), share))))
    return x


def _bilinear_sum(g: Graph, x: Value, axes: list[Sampling]) -> Value:
    x = g.cast(x, DType.I32 if g.dtype is DType.I32 else DType.I64)
    dtype = x.tensor.dtype
    for number, axis in enumerate(axes):
        low, high, weight = _neighbours(g, x, axis, 1 + number)
        left, right = (g.constant(w.astype(dtype.numpy)) for w in (axis.parts - weight, weight))
        x = g(Add(g(Mul(low, left)), g(Mul(high, right))))
    return g.cast(x, g.dtype)


def _neighbours(
    g: Graph, x: Value, axis: Sampling, number: int
) -> tuple[Value, Value, np.ndarray[tuple[int, ...], np.dtype[np.int64]]]:
    """The elements below and above each place, and how far above the first it is, in parts: [count, 1...]."""
    at = axis.numerators()
    below = at // axis.parts
    low, high = (g(Gather(x, g.constant(np.clip(i, 0, axis.size - 1)), number)) for i in (below, below + 1))
    weight = (at - below * axis.parts).reshape(-1, *(1,) * (x.tensor.rank - 1 - number))
    return low, high, weight


@mlir_op("tosa.fft2d", ignores=("local_bound",))
def fft2d(g: Graph, input_real: Value, input_imag: Value, *, inverse: bool) -> tuple[Value, Value]:
    """The Fourier transform over the last two dims; the inverse is not divided by their size."""
    # The transform with the other sign is the conjugate of the transform of the conjugate.
    imaginary = g(Neg(input_imag)) if inverse else input_imag
    real, other = _transformed(g, _complex(g, input_real, imaginary), (1, 2))
    return real, g(Neg(other)) if inverse else other


@mlir_op("tosa.rfft2d", ignores=("local_bound",))
def rfft2d(g: Graph, input_real: Value) -> tuple[Value, Value]:
    """The first half of the Fourier transform of real numbers over the last two dims."""
    x = g.reshape(input_real, (*input_real.tensor.dims, 1))
    half = g(Dft(x, axis=2, is_onesided=True))
    return _transformed(g, half, (1,))


def _complex(g: Graph, real: Value, imaginary: Value) -> Value:
    return g(Concat([g.reshape(v, (*v.tensor.dims, 1)) for v in (real, imaginary)], -1))


def _transformed(g: Graph, x: Value, axes: tuple[int, ...]) -> tuple[Value, Value]:
    for axis in axes:
        x = g(Dft(x, axis=axis))
    dims = x.tensor.dims[:-1]
    zeros, steps = (0,) * len(dims), (1,) * (len(dims) + 1)
    real, imaginary = (g.reshape(g(Slice(x, (*zeros, part), (*dims, 1), steps)), dims) for part in (0, 1))
    return real, imaginary
