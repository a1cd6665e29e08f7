"""Operators that make tensors out of numbers."""

from __future__ import annotations

import numpy as np

from mlc.frontend.builder import Scalar
from mlc.frontend.torch_import.graph import Graph
from mlc.frontend.torch_import.registry import torch_op
from mlc.ir import Array, Dim, DimExpr, DType, Value
from mlc.ir.dims import maximum
from mlc.ops import Range


def filled(g: Graph, dims: tuple[Dim, ...], value: Value | Scalar) -> Value:
    """A tensor of the result's dtype with one number everywhere."""
    scalar = g.tensor(value, g.dtype)
    return g.expand(g.reshape(scalar, ()), dims)


@torch_op("aten.full", ignores=("dtype",))
def full(g: Graph, size: tuple[Dim, ...], fill_value: Value | Scalar) -> Value:
    """The number everywhere."""
    return filled(g, size, fill_value)


@torch_op("aten.full_like", "aten.fill.Scalar", ignores=("dtype",))
def full_like(
    g: Graph, self: Value, fill_value: Value | Scalar | None = None, value: Value | Scalar | None = None
) -> Value:
    """The number everywhere, in the shape of self."""
    number = fill_value if fill_value is not None else value
    assert number is not None
    return filled(g, self.tensor.dims, number)


@torch_op("aten.fill.Tensor")
def fill(g: Graph, self: Value, value: Value) -> Value:
    """The one element of value everywhere, in the shape of self."""
    return filled(g, self.tensor.dims, value)


@torch_op("aten.new_full", ignores=("self", "dtype"))
def new_full(g: Graph, size: tuple[Dim, ...], fill_value: Scalar) -> Value:
    """The number everywhere."""
    return filled(g, size, fill_value)


# An empty tensor may hold anything; zeros are as good, and the same on every run.
@torch_op("aten.zeros", "aten.new_zeros", "aten.empty.memory_format", "aten.new_empty", "aten.empty_strided",
          "aten.new_empty_strided", "aten.empty_permuted",
          ignores=("dtype", "self", "stride", "physical_layout"))  # fmt: skip
def zeros(g: Graph, size: tuple[Dim, ...]) -> Value:
    """Zeros."""
    return filled(g, size, 0)


@torch_op("aten.zeros_like", "aten.empty_like", ignores=("dtype",))
def zeros_like(g: Graph, self: Value) -> Value:
    """Zeros in the shape of self."""
    return filled(g, self.tensor.dims, 0)


@torch_op("aten.ones", "aten.new_ones", ignores=("dtype", "self"))
def ones(g: Graph, size: tuple[Dim, ...]) -> Value:
    """Ones."""
    return filled(g, size, 1)


@torch_op("aten.ones_like", ignores=("dtype",))
def ones_like(g: Graph, self: Value) -> Value:
    """Ones in the shape of self."""
    return filled(g, self.tensor.dims, 1)


@torch_op("aten.scalar_tensor", ignores=("dtype",))
def scalar_tensor(g: Graph, s: Value | Scalar) -> Value:
    """The number as a tensor of no dims."""
    return g.tensor(s, g.dtype)


@torch_op("prim.NumToTensor.Scalar")
def num_to_tensor(g: Graph, a: Value | Scalar) -> Value:
    """The number as a tensor of no dims."""
    return g.tensor(a, g.dtype)


@torch_op("aten.arange", ignores=("dtype",))
def arange(g: Graph, end: Scalar) -> Value:
    """0, 1, ... below end."""
    return arange_start_step(g, 0, end, 1)


@torch_op("aten.arange.start", ignores=("dtype",))
def arange_start(g: Graph, start: Scalar, end: Scalar) -> Value:
    """start, start + 1, ... below end."""
    return arange_start_step(g, start, end, 1)


@torch_op("aten.arange.start_step", ignores=("dtype",))
def arange_start_step(g: Graph, start: Scalar, end: Scalar, step: Scalar = 1) -> Value:
    """start, start + step, ... below end."""
    numbers = [n for n in (start, end, step) if isinstance(n, int | float)]
    if len(numbers) == 3:
        return g.constant(_arange(*numbers).astype(g.dtype.numpy))
    if isinstance(start, float) or isinstance(end, float) or not isinstance(step, int):
        raise g.error("an arange of symbolic size counts in whole numbers only")
    span = end - start if step > 0 else start - end
    count = maximum((span + (abs(step) - 1)) // abs(step), 0)
    if isinstance(count, DimExpr) and count.text.startswith("max("):
        count = g.result_dims()[0]
    first, last, delta = (g.scalar(n, DType.I64) for n in (start, end, step))
    return g.cast(g(Range(first, last, delta, count)), g.dtype)


def _arange(start: float, end: float, step: float) -> Array:
    """As torch counts: the number of elements from f64, each the start plus its multiple of the step."""
    count = max(int(np.ceil((end - start) / step)), 0)
    whole = all(isinstance(n, int) for n in (start, end, step))
    places: Array = np.arange(count, dtype=np.int64 if whole else np.float64)
    return np.asarray(start + places * np.asarray(step, places.dtype), places.dtype)


@torch_op("aten.linspace", ignores=("dtype",))
def linspace(g: Graph, start: Scalar, end: Scalar, steps: int) -> Value:
    """`steps` numbers from start to end, both included, counted from the nearer end as torch does."""
    if not isinstance(start, int | float) or not isinstance(end, int | float):
        raise g.error("start and end must be numbers")
    step = np.float64(end - start) / max(steps - 1, 1)
    places = np.arange(steps)
    values = np.where(places < steps // 2, start + step * places, end - step * (steps - 1 - places))
    if steps == 1:
        values = np.array([float(start)])
    return g.constant(values.astype(g.dtype.numpy))


@torch_op("aten.eye", "aten.eye.m", ignores=("dtype",))
def eye(g: Graph, n: int, m: int | None = None) -> Value:
    """Ones on the diagonal, zeros elsewhere."""
    return g.constant(np.eye(n, n if m is None else m).astype(g.dtype.numpy))


@torch_op("aten.tril_indices", ignores=("dtype",))
def tril_indices(g: Graph, row: int, col: int, offset: int = 0) -> Value:
    """The places of a matrix on and below the diagonal, as rows and columns."""
    return g.constant(np.array(np.tril_indices(row, offset, col)).astype(g.dtype.numpy))


@torch_op("aten.triu_indices", ignores=("dtype",))
def triu_indices(g: Graph, row: int, col: int, offset: int = 0) -> Value:
    """The places of a matrix on and above the diagonal, as rows and columns."""
    return g.constant(np.array(np.triu_indices(row, offset, col)).astype(g.dtype.numpy))
