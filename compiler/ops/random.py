"""Random numbers: each op draws its own stream from its `seed`, the same on every run and every machine.

Number i of a stream is SplitMix64 (Steele, Lea, Flood, Fast Splittable Pseudorandom Number Generators, 2014) of
seed + (i + 1) * 0x9E3779B97F4A7C15: a function of i alone, so that it can be drawn in any order. ONNX fixes no stream.
"""

from __future__ import annotations

import math

import numpy as np

from mlc.ir import Array, Dim, DType, Op, Purity, TensorType, Value, keyword
from mlc.ir.dims import product
from mlc.ops.precision import widened

_GOLDEN = 0x9E3779B97F4A7C15


def stream(seed: int, count: int) -> Array:
    """The first `count` numbers of the stream, uniform in [0, 1), f64."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed % 2**64) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(_GOLDEN)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-53  # 53 bits fill a f64


class RandomUniform(Op):
    """Numbers of [low, high). ONNX RandomUniform (opset 22)."""

    dims: tuple[Dim, ...]
    seed: int
    low: float = 0.0
    high: float = 1.0
    dtype: DType = DType.F32
    purity = Purity.RANDOM

    def infer(self) -> TensorType:
        if not self.dtype.is_float:
            raise self.error(f"dtype must be a float, got {self.dtype}")
        return TensorType(self.dtype, self.dims)

    def evaluate(self) -> Array:
        shape = tuple(d for d in self.dims if isinstance(d, int))
        # 24 bits and fewer are exact in f32, so that rounding never reaches `high`.
        bits = 53 if self.dtype is DType.F64 else 24 if self.dtype is DType.F32 else 8
        numbers = np.floor(stream(self.seed, math.prod(shape)) * 2.0**bits) * 2.0**-bits
        return np.asarray(numbers * (self.high - self.low) + self.low).reshape(shape).astype(self.dtype.numpy)


class RandomNormal(Op):
    """Normally distributed numbers, by Box and Muller from two of the stream each. ONNX RandomNormal (opset 22)."""

    dims: tuple[Dim, ...]
    seed: int
    mean: float = 0.0
    deviation: float = 1.0
    dtype: DType = DType.F32
    purity = Purity.RANDOM

    def infer(self) -> TensorType:
        if not self.dtype.is_float:
            raise self.error(f"dtype must be a float, got {self.dtype}")
        return TensorType(self.dtype, self.dims)

    def evaluate(self) -> Array:
        shape = tuple(d for d in self.dims if isinstance(d, int))
        pairs = stream(self.seed, 2 * math.prod(shape)).reshape(-1, 2)
        numbers = np.sqrt(-2 * np.log1p(-pairs[:, 0])) * np.cos(2 * np.pi * pairs[:, 1])
        return np.asarray(numbers * self.deviation + self.mean).reshape(shape).astype(self.dtype.numpy)

    def flops(self) -> Dim:
        return 4 * product(self.dims)


class Multinomial(Op):
    """`count` class numbers for each row of x[B, C], which holds logarithms of weights. ONNX Multinomial (opset 22)."""

    x: Value
    count: int
    seed: int
    dtype: DType = keyword(default=DType.I32, kw_only=True)
    purity = Purity.RANDOM

    def infer(self) -> TensorType:
        x = self.x.tensor
        if x.shape is not None and x.rank != 2:
            raise self.error(f"x {x} must have rank 2")
        return TensorType(self.dtype, None if x.shape is None else (x.dims[0], self.count))

    def evaluate(self, x: Array) -> Array:
        logs = widened(x).astype(np.float64)
        weights = np.exp(logs - logs.max(axis=1, keepdims=True))
        sums = np.cumsum(weights, axis=1)
        drawn = stream(self.seed, len(x) * self.count).reshape(len(x), self.count) * sums[:, -1:]
        return np.asarray((sums[:, None, :] <= drawn[:, :, None]).sum(axis=2)).astype(self.dtype.numpy)
