"""Distances between the rows of matrices."""

from __future__ import annotations

import numpy as np

from mlc.frontend.torch_import.graph import Graph
from mlc.frontend.torch_import.operators.reduce import norm
from mlc.frontend.torch_import.registry import torch_op
from mlc.ir import Value
from mlc.ops import Gather, Sub


@torch_op("aten._cdist_forward", ignores=("compute_mode",))
def cdist_forward(g: Graph, x1: Value, x2: Value, p: float) -> Value:
    """The p-norm of each row of x1[..., P, M] less each of x2[..., R, M]: y[..., P, R]."""
    *batch1, rows, width = x1.tensor.dims
    *batch2, columns, _ = x2.tensor.dims
    left = g.reshape(x1, (*batch1, rows, 1, width))
    right = g.reshape(x2, (*batch2, 1, columns, width))
    return norm(g, g(Sub(left, right)), p, (-1,), False)


@torch_op("aten._pdist_forward")
def pdist_forward(g: Graph, self: Value, p: float = 2.0) -> Value:
    """The p-norm of the difference of each pair of rows, the pairs (i, j) with i < j in order."""
    count = self.tensor.dims[0]
    if not isinstance(count, int):
        raise g.error(f"compares the rows of {self.type}, whose number is symbolic")
    first, second = np.triu_indices(count, 1)
    rows = [g(Gather(self, g.ints(places.tolist()), axis=0)) for places in (first, second)]
    return norm(g, g(Sub(*rows)), p, (-1,), False)
