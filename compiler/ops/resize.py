"""Resize: nearest, linear and cubic resampling, separable over the dims."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

import numpy as np

from mlc.ir import Array, Dim, Op, TensorType, Value
from mlc.ir.dims import floordiv
from mlc.ops.precision import widened

Coordinates = Literal[
    "half_pixel",
    "half_pixel_symmetric",
    "pytorch_half_pixel",
    "tf_half_pixel_for_nn",
    "align_corners",
    "asymmetric",
    "tf_crop_and_resize",
]


class Resize(Op):
    """x resampled to `dims`, or to floor(size * factor) per dim.

    The factor of a dim is, in this order: that of `factors`; that of the operand `scales`; from the operand `sizes`,
    size / length (the least or the greatest of these under aspect "not_larger" or "not_smaller", with the new size
    rounded); the quotient of `dims` and the shape of x. The operands have one number for each of `axes`, or of all
    dims; other dims keep their size. roi[2 * len(axes)] (starts, ends; normalized) is the part of x that
    "tf_crop_and_resize" reads, with `extrapolation` outside x. Elsewhere positions outside x read its edge, or weigh
    nothing when `exclude_outside`. `antialias` widens the linear or cubic filter where a dim shrinks. ONNX Resize
    (opset 19; "tf_half_pixel_for_nn" opset 11).
    """

    x: Value
    roi: Value | None = None
    scales: Value | None = None
    sizes: Value | None = None
    factors: tuple[float, ...] | None = None
    dims: tuple[Dim, ...] | None = None
    axes: tuple[int, ...] | None = None
    mode: Literal["nearest", "linear", "cubic"] = "nearest"
    coordinates: Coordinates = "half_pixel"
    rounding: Literal["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"] = "round_prefer_floor"
    aspect: Literal["stretch", "not_larger", "not_smaller"] = "stretch"
    cubic_a: float = -0.75
    exclude_outside: bool = False
    extrapolation: float = 0.0
    antialias: bool = False
    defines_symbols = True

    def infer(self) -> TensorType:
        x = self.x.tensor
        for name, given in (("factors", self.factors), ("dims", self.dims)):
            if given is not None and x.shape is not None and len(given) != x.rank:
                raise self.error(f"{name} {given} must have one entry for each dim of x {x}")
        if self.coordinates == "tf_crop_and_resize" and self.roi is None:
            raise self.error("tf_crop_and_resize needs roi")
        if self.dims is not None:
            return x.with_shape(self.dims)
        if self.factors is None:
            raise self.error("dims must say the shape when factors are not known")
        if x.shape is None:
            return x
        return x.with_shape(tuple(scaled_size(d, f) for d, f in zip(x.dims, self.factors, strict=True)))

    def evaluate(self, x: Array, roi: Array | None, scales: Array | None, sizes: Array | None) -> Array:
        axes = [a % x.ndim for a in (range(x.ndim) if self.axes is None else self.axes)]
        factors, target = self._targets(x.shape, axes, scales, sizes)
        starts, ends = np.zeros(x.ndim), np.ones(x.ndim)
        if roi is not None:
            starts[axes], ends[axes] = widened(roi).reshape(2, -1)
            if self.dims is None and sizes is None and self.coordinates == "tf_crop_and_resize":
                target = [
                    math.floor(n * (e - s) * f) for n, s, e, f in zip(x.shape, starts, ends, factors, strict=True)
                ]
        y = x if self.mode == "nearest" else widened(x)
        for axis in range(x.ndim):
            if factors[axis] == 1 and target[axis] == x.shape[axis] and (starts[axis], ends[axis]) == (0, 1):
                continue
            y = self._along(y, axis, factors[axis], target[axis], starts[axis], ends[axis])
        return y.astype(x.dtype)

    def _targets(
        self, shape: Sequence[int], axes: Sequence[int], scales: Array | None, sizes: Array | None
    ) -> tuple[list[float], list[int]]:
        """(factor, new size) of each dim."""
        factors, target = [1.0] * len(shape), list(shape)
        if self.dims is not None and all(isinstance(d, int) for d in self.dims):
            target = [d for d in self.dims if isinstance(d, int)]
        if self.factors is not None:
            factors = list(self.factors)
        elif scales is not None:
            for axis, scale in zip(axes, scales.tolist(), strict=True):
                factors[axis] = scale
        elif sizes is not None:
            wanted = [size / shape[axis] for axis, size in zip(axes, sizes.tolist(), strict=True)]
            shared = {"not_larger": min(wanted), "not_smaller": max(wanted)}.get(self.aspect)
            for axis, size, factor in zip(axes, sizes.tolist(), wanted, strict=True):
                factors[axis] = factor if shared is None else shared
                target[axis] = size if shared is None else math.floor(shared * shape[axis] + 0.5)
            return factors, target
        else:
            return [t / n if n else 1.0 for t, n in zip(target, shape, strict=True)], target
        if self.dims is None or not all(isinstance(d, int) for d in self.dims):
            target = [int(np.floor(np.float32(n) * np.float32(f))) for n, f in zip(shape, factors, strict=True)]
        return factors, target

    def _along(self, x: Array, axis: int, factor: float, size: int, start: float, end: float) -> Array:
        """x resampled along one axis to `size` elements."""
        length = x.shape[axis]
        at = self._positions(length, size, factor, start, end)
        if self.mode == "nearest":
            y = np.take(x, np.clip(self._rounded(at), 0, length - 1).astype(np.int64), axis=axis)
        else:
            weights = self._weights(at, length, factor).astype(np.float64 if x.dtype.kind in "iu" else x.dtype)
            y = np.moveaxis(np.tensordot(weights, x, axes=(1, axis)), 0, axis)
        if self.coordinates == "tf_crop_and_resize":
            outside = ((at < 0) | (at > length - 1)).reshape(-1, *(1,) * (x.ndim - 1 - axis))
            y = np.where(outside, np.array(self.extrapolation).astype(y.dtype), y)
        return y

    def _positions(self, length: int, size: int, factor: float, start: float, end: float) -> Array:
        """Where each of `size` results lies among the `length` elements."""
        i = np.arange(size, dtype=np.float64)
        exact = factor * length  # the new size before it was rounded down
        match self.coordinates:
            case "half_pixel":
                return (i + 0.5) / factor - 0.5
            case "half_pixel_symmetric":
                return length / 2 * (1 - size / exact) + (i + 0.5) / factor - 0.5
            case "pytorch_half_pixel":
                return (i + 0.5) / factor - 0.5 if size > 1 else np.zeros(size)
            case "tf_half_pixel_for_nn":
                return (i + 0.5) / factor
            case "align_corners":
                return i * (length - 1) / (exact - 1) if exact != 1 else np.zeros(size)
            case "asymmetric":
                return i / factor
            case _:
                step = (end - start) * (length - 1)
                return start * (length - 1) + (i * step / (exact - 1) if exact != 1 else np.full(size, step / 2))

    def _rounded(self, at: Array) -> Array:
        match self.rounding:
            case "round_prefer_floor":
                return np.ceil(at - 0.5)
            case "round_prefer_ceil":
                return np.floor(at + 0.5)
            case "floor":
                return np.floor(at)
            case _:
                return np.ceil(at)

    def _weights(self, at: Array, length: int, factor: float) -> Array:
        """weights[size, length] with which each result reads each element."""
        squeeze = min(factor, 1.0) if self.antialias else 1.0
        reach = math.ceil((1 if self.mode == "linear" else 2) / squeeze)
        offsets = np.arange(-reach, reach + 1)
        places = np.floor(at)[:, None] + offsets
        weights = self._filter((places - at[:, None]) * squeeze)
        if self.exclude_outside:
            weights = np.where((places >= 0) & (places < length), weights, 0)
        if self.exclude_outside or squeeze != 1.0:
            weights = weights / weights.sum(axis=1, keepdims=True)
        total = np.zeros((len(at), length))
        rows = np.broadcast_to(np.arange(len(at))[:, None], places.shape)
        np.add.at(total, (rows, np.clip(places, 0, length - 1).astype(np.int64)), weights)
        return total

    def _filter(self, distance: Array) -> Array:
        """The weight of an element at this distance; cubic: Keys, Cubic Convolution Interpolation, 1981, eq. 4."""
        d = np.abs(distance)
        if self.mode == "linear":
            return np.asarray(np.maximum(1 - d, 0))
        a = self.cubic_a
        near = (a + 2) * d**3 - (a + 3) * d**2 + 1
        far = a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a
        return np.asarray(np.where(d <= 1, near, np.where(d < 2, far, 0)))

    def flops(self) -> Dim:
        taps = {"nearest": 0, "linear": 2, "cubic": 4}[self.mode]
        return 2 * taps * self.result.tensor.element_count


def scaled_size(size: Dim, factor: float) -> Dim:
    """floor(size * factor), in f32 as ONNX computes it; for a symbol, with the simplest fraction that is the factor."""
    if isinstance(size, int):
        return int(np.floor(np.float32(size) * np.float32(factor)))
    fraction = Fraction(factor).limit_denominator(4096)
    if np.float32(float(fraction)) != np.float32(factor):
        fraction = Fraction(factor)
    return floordiv(size * fraction.numerator, fraction.denominator)
