"""Random numbers and dropout. A node without a seed draws from one made of its name: the same on every run."""

from __future__ import annotations

import zlib

import numpy as np

from mlc.frontend.onnx_import.dtypes import dtype_of
from mlc.frontend.onnx_import.graph import Graph
from mlc.frontend.onnx_import.operators.cast import converted
from mlc.frontend.onnx_import.registry import onnx_op
from mlc.ir import Dim, DType, Value
from mlc.ops import Div, Expand, Less, Mul, Multinomial, Not, Or, RandomNormal, RandomUniform, Sub, Where


def seed_of(g: Graph, seed: float | None) -> int:
    """The seed of a node: the bits of its attribute, or a checksum of the node's name."""
    return zlib.crc32(g.title.encode()) if seed is None else int(np.float32(seed).view(np.uint32))


@onnx_op("RandomUniform", since=1)
def random_uniform(
    g: Graph,
    *,
    shape: tuple[int, ...],
    dtype: int = 1,
    high: float = 1.0,
    low: float = 0.0,
    seed: float | None = None,
) -> Value:
    return g(RandomUniform(shape, seed_of(g, seed), low, high, dtype_of(dtype)))


@onnx_op("RandomUniformLike", since=1)
def random_uniform_like(
    g: Graph, x: Value, *, dtype: int | None = None, high: float = 1.0, low: float = 0.0, seed: float | None = None
) -> Value:
    return g(RandomUniform(x.tensor.dims, seed_of(g, seed), low, high, _dtype_like(x, dtype)))


@onnx_op("RandomNormal", since=1)
def random_normal(
    g: Graph,
    *,
    shape: tuple[int, ...],
    dtype: int = 1,
    mean: float = 0.0,
    scale: float = 1.0,
    seed: float | None = None,
) -> Value:
    return g(RandomNormal(shape, seed_of(g, seed), mean, scale, dtype_of(dtype)))


@onnx_op("RandomNormalLike", since=1)
def random_normal_like(
    g: Graph, x: Value, *, dtype: int | None = None, mean: float = 0.0, scale: float = 1.0, seed: float | None = None
) -> Value:
    return g(RandomNormal(x.tensor.dims, seed_of(g, seed), mean, scale, _dtype_like(x, dtype)))


def _dtype_like(x: Value, dtype: int | None) -> DType:
    return x.tensor.dtype if dtype is None else dtype_of(dtype)


@onnx_op("Multinomial", since=7)
def multinomial(g: Graph, x: Value, *, dtype: int = 6, sample_size: int = 1, seed: float | None = None) -> Value:
    return g(Multinomial(x, sample_size, seed_of(g, seed), dtype=dtype_of(dtype)))


@onnx_op("Dropout", since=6)
def dropout_before_7(g: Graph, x: Value, *, ratio: float = 0.5, is_test: int = 0) -> tuple[Value, ...]:
    if is_test:
        return x, _filled(g, 1, x.tensor.dtype, x.tensor.dims)
    result, mask = _dropped(g, x, g.scalar(ratio, DType.F32), zlib.crc32(g.title.encode()))
    return result, converted(g, mask, x.tensor.dtype)


@onnx_op("Dropout", since=7)
def dropout_by_attribute(g: Graph, x: Value, *, ratio: float = 0.5) -> tuple[Value, ...]:
    """Inference alone: x itself. The mask is of x's dtype before opset 10."""
    mask_dtype = DType.BOOL if g.opset >= 10 else x.tensor.dtype
    return x, _filled(g, 1, mask_dtype, x.tensor.dims)


@onnx_op("Dropout", since=12)
def dropout(
    g: Graph, x: Value, ratio: Value | None = None, training_mode: Value | None = None, *, seed: int | None = None
) -> tuple[Value, ...]:
    trains = g.array(training_mode)
    if training_mode is None or (trains is not None and not trains):
        return x, _filled(g, 1, DType.BOOL, x.tensor.dims)
    portion = g.scalar(0.5, DType.F32) if ratio is None else converted(g, ratio, DType.F32)
    result, mask = _dropped(g, x, portion, zlib.crc32(g.title.encode()) if seed is None else seed)
    if trains is None:
        result = g(Where(training_mode, result, x))
        mask = g(Or(mask, g(Not(training_mode))))
    return result, mask


def _dropped(g: Graph, x: Value, ratio: Value, seed: int) -> tuple[Value, Value]:
    """x with that part of its elements 0 and the others scaled so that the mean stays, and which were kept."""
    is_kept = g(Not(g(Less(g(RandomUniform(x.tensor.dims, seed)), ratio))))
    one = g.scalar(1, DType.F32)
    scale = converted(g, g(Div(one, g(Sub(one, ratio)))), x.tensor.dtype)
    return g(Where(is_kept, g(Mul(x, scale)), g.scalar(0, x.tensor.dtype))), is_kept


def _filled(g: Graph, value: float, dtype: DType, dims: tuple[Dim, ...]) -> Value:
    return g(Expand(g.scalar(value, dtype), dims=dims))
