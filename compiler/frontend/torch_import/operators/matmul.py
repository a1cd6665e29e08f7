"""Matrix products."""

from __future__ import annotations

import numpy as np

from mlc.frontend.builder import Scalar
from mlc.frontend.torch_import.graph import Graph
from mlc.frontend.torch_import.registry import torch_op
from mlc.ir import Value
from mlc.ops import Add, Matmul, Mul, Transpose


@torch_op("aten.mm", "aten.bmm", "aten.matmul", "aten.dot", "aten.vdot", "aten.mv")
def matmul(
    g: Graph,
    self: Value,
    mat2: Value | None = None,
    other: Value | None = None,
    tensor: Value | None = None,
    vec: Value | None = None,
) -> Value:
    """The matrix product, broadcast over leading dims; vectors as numpy's matmul takes them."""
    right = mat2 or other or tensor or vec
    assert right is not None
    return product(g, self, right)


def product(g: Graph, x: Value, y: Value) -> Value:
    """x @ y; a matrix that is only transposed for it is read as it lies."""
    transposed = y.op
    if isinstance(transposed, Transpose) and y.tensor.rank >= 2 and x.tensor.rank >= 2:
        rank = y.tensor.rank
        if transposed.perm == (*range(rank - 2), rank - 1, rank - 2):
            return g(Matmul(x, transposed.x, transpose_y=True))
    return g(Matmul(x, y))


@torch_op("aten.linear")
def linear(g: Graph, input: Value, weight: Value, bias: Value | None = None) -> Value:
    """input @ weight^T + bias."""
    if weight.tensor.rank == 1:
        y = g(Matmul(input, weight))
    else:
        y = g(Matmul(input, weight, transpose_y=True))
    return y if bias is None else g(Add(y, bias))


@torch_op("aten.addmm", "aten.addmv", "aten.baddbmm")
def addmm(
    g: Graph,
    self: Value,
    mat1: Value | None = None,
    mat2: Value | None = None,
    mat: Value | None = None,
    vec: Value | None = None,
    batch1: Value | None = None,
    batch2: Value | None = None,
    beta: Scalar = 1,
    alpha: Scalar = 1,
) -> Value:
    """beta * self + alpha * (left @ right); self plays no part where beta is 0, NaN or not."""
    left, right = mat1 or mat or batch1, mat2 or vec or batch2
    assert left is not None and right is not None
    scaled = _scaled(g, product(g, left, right), alpha)
    return scaled if beta == 0 else g(Add(scaled, _scaled(g, self, beta)))


@torch_op("aten.outer", "aten.ger")
def outer(g: Graph, self: Value, vec2: Value) -> Value:
    """The products of all pairs of two vectors."""
    column = g.reshape(g.cast(self, g.dtype), (*self.tensor.dims, 1))
    return g(Mul(column, g.cast(vec2, g.dtype)))


def _scaled(g: Graph, x: Value, factor: Scalar) -> Value:
    if factor == 1:
        return x
    if g.dtype.is_integer and isinstance(factor, float):
        factor = int(np.trunc(factor))
    return g(Mul(x, g.scalar(factor, g.dtype)))
