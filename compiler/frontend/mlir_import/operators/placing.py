"""Writing a part of a tensor at a place that the run computes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlc.frontend.mlir_import.graph import Graph
from mlc.ir import Value
from mlc.ops import Add, ScatterNd


def put(
    g: Graph, operand: Value, update: Value, axes: Sequence[int], begins: Value, steps: Sequence[int] | None = None
) -> Value:
    """operand with `update`, of its rank, written over it from `begins` on, a number for each of `axes`.

    `steps` are how far apart the elements are written along these axes, 1 without them; along all others the update is
    as long as the operand. Raises CompileError for an update whose size along one of `axes` only the run tells.
    """
    rank = operand.tensor.rank
    counts = [n for n in (update.tensor.dims[i] for i in axes) if isinstance(n, int)]
    if len(counts) != len(axes):
        raise g.error(f"an update {update.type} of a size that only the run tells is not supported")
    order = [*axes, *(i for i in range(rank) if i not in axes)]
    grid = np.moveaxis(np.indices(counts), 0, -1) * np.array(steps or [1] * len(axes), np.int64)
    places = g(Add(g.constant(grid.astype(np.int64)), begins))
    written = g(ScatterNd(g.transpose(operand, order), places, g.transpose(update, order)))
    return g.transpose(written, [order.index(i) for i in range(rank)])
