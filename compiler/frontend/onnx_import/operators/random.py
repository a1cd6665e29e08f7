"""Random numbers. A node without a seed has one made from its name: the same on every run, another for each node."""

from __future__ import annotations

import struct
import zlib

from mlc.frontend.onnx_import.dtypes import dtype_of
from mlc.frontend.onnx_import.graph import Graph
from mlc.frontend.onnx_import.registry import onnx_op
from mlc.ir import Dim, DType, Value
from mlc.ops import And, Cast, Div, Expand, Less, Multinomial, Not, RandomNormal, RandomUniform, Sub, Where


def seed_of(g: Graph, seed: float | int | None) -> int:
    """The bits of the attribute as f32, or the check sum of the node's name."""
    if isinstance(seed, int):
        return seed
    if seed is None:
        return zlib.crc32(g.title.encode())
    return int(struct.unpack("<I", struct.pack("<f", seed))[0])


def _uniform(g: Graph, dims: tuple[Dim, ...], dtype: DType, low: float, high: float, seed: float | None) -> Value:
    return g(RandomUniform(dims, seed_of(g, seed), low, high, dtype))


@onnx_op("RandomUniform", since=1)
def random_uniform(
    g: Graph, *, dtype: int = 1, high: float = 1.0, low: float = 0.0, seed: float | None = None, shape: tuple[int, ...]
) -> Value:
    return _uniform(g, shape, dtype_of(dtype), low, high, seed)


@onnx_op("RandomUniformLike", since=1)
def random_uniform_like(
    g: Graph, x: Value, *, dtype: int | None = None, high: float = 1.0, low: float = 0.0, seed: float | None = None
) -> Value:
    return _uniform(g, x.tensor.dims, x.tensor.dtype if dtype is None else dtype_of(dtype), low, high, seed)


@onnx_op("RandomNormal", since=1)
def random_normal(
    g: Graph,
    *,
    dtype: int = 1,
    mean: float = 0.0,
    scale: float = 1.0,
    seed: float | None = None,
    shape: tuple[int, ...],
) -> Value:
    return g(RandomNormal(shape, seed_of(g, seed), mean, scale, dtype_of(dtype)))


@onnx_op("RandomNormalLike", since=1)
def random_normal_like(
    g: Graph, x: Value, *, dtype: int | None = None, mean: float = 0.0, scale: float = 1.0, seed: float | None = None
) -> Value:
    chosen = x.tensor.dtype if dtype is None else dtype_of(dtype)
    return g(RandomNormal(x.tensor.dims, seed_of(g, seed), mean, scale, chosen))


@onnx_op("Bernoulli", since=15)
def bernoulli(g: Graph, x: Value, *, dtype: int | None = None, seed: float | None = None) -> Value:
    """1 with the probability x."""
    drawn = _uniform(g, x.tensor.dims, x.tensor.dtype, 0.0, 1.0, seed)
    return g(Cast(g(Less(drawn, x)), dtype=x.tensor.dtype if dtype is None else dtype_of(dtype)))


@onnx_op("Multinomial", since=7)
def multinomial(g: Graph, x: Value, *, dtype: int = 6, sample_size: int = 1, seed: float | None = None) -> Value:
    return g(Multinomial(x, sample_size, seed_of(g, seed), dtype=dtype_of(dtype)))


@onnx_op("Dropout", since=12)
def dropout(
    g: Graph, x: Value, ratio: Value | None = None, training_mode: Value | None = None, *, seed: int | None = None
) -> list[Value]:
    """x itself, unless training is asked for."""
    training = g.array(training_mode)
    if training_mode is None or (training is not None and not training.item()):
        return [x, *([_all_kept(g, x)] if g.has_output(1) else [])]
    dtype = x.tensor.dtype
    share = g.scalar(0.5, dtype) if ratio is None else ratio
    share = share if share.tensor.dtype is dtype else g(Cast(share, dtype=dtype))
    drawn = _uniform(g, x.tensor.dims, dtype, 0.0, 1.0, seed)
    dropped = g(Less(drawn, share))
    kept = g(Not(g(And(training_mode, dropped))))
    scaled = g(Div(x, g(Sub(g.scalar(1, dtype), share))))
    trained = g(Where(kept, scaled, g.scalar(0, dtype)))
    return [trained if training is not None else g(Where(training_mode, trained, x)), kept]


def _all_kept(g: Graph, x: Value) -> Value:
    return g(Expand(g.scalar(1, DType.BOOL), dims=x.tensor.dims))


@onnx_op("Dropout", since=7)
def dropout_before_12(g: Graph, x: Value, *, ratio: float = 0.5) -> list[Value]:
    return [x, *([_all_kept(g, x)] if g.has_output(1) else [])]


@onnx_op("Dropout", since=1)
def dropout_before_7(
    g: Graph, x: Value, *, consumed_inputs: tuple[int, ...] | None = None, is_test: int = 0, ratio: float = 0.5
) -> list[Value]:
    if not is_test:
        raise g.error("attribute 'is_test' must be 1: training is not supported")
    return dropout_before_12(g, x, ratio=ratio)
