"""Index tensors are looked through before a stage uses them: an index outside of its axis is an error of the run.

The stage finds the least and the greatest index; main tests them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlc.codegen.builder import I64
from mlc.codegen.kernel import Temporary
from mlc.codegen.mlir.elements import Scalar
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.scalars.conversion import converted
from mlc.codegen.mlir.text import Body, Stage
from mlc.codegen.program import literal
from mlc.codegen.registry import NoKernel
from mlc.ir import Dim, DType, Op, Value
from mlc.ir.dims import is_static, product
from mlc.ops import (
    Assert,
    Gather,
    GatherElements,
    GatherNd,
    MaxRoiPool,
    ReverseSequence,
    RoiAlign,
    ScatterElements,
    ScatterNd,
    TensorScatter,
)


def add_checks(g: Lowering, op: Op) -> None:
    """The checks of an op that reads at given indices."""
    match op:
        case Gather() | GatherElements() | ScatterElements():
            check_indices(g, op, op.indices, op.x.tensor.dims[op.axis % op.x.tensor.rank])
        case GatherNd():
            _check_tuples(g, op, op.indices, op.x.tensor.dims[op.batch_axes :])
        case ScatterNd():
            _check_tuples(g, op, op.indices, op.x.tensor.dims)
        case ReverseSequence():
            check_indices(g, op, op.lengths, op.x.tensor.dims[op.time_axis] + 1, counts_back=False)
        case Assert():
            _check_holds(g, op)
        case RoiAlign():
            check_indices(g, op, op.batch, op.x.tensor.dims[0])
        case MaxRoiPool():
            check_indices(g, op, op.rois, op.x.tensor.dims[0], column=0)
        case TensorScatter() if op.mode == "linear" and op.start is not None:
            axis = op.axis % op.x.tensor.rank
            size = op.x.tensor.dims[axis] - op.update.tensor.dims[axis] + 1
            check_indices(g, op, op.start, size, counts_back=False)


def _check_holds(g: Lowering, op: Assert) -> None:
    least, greatest = _range(g, op.x)

    def test(m: Any) -> None:
        lowest = m.load(m.pointer(least), I64, 0)
        m.require(m.compare("!=", lowest, 0), literal(op.message), op=op)

    g.plan.inline(test, least, greatest)


def _check_tuples(g: Lowering, op: Op, indices: Value, dims: Sequence[Dim]) -> None:
    """The tuples in the last axis, one entry for each of the first `dims`."""
    depth = indices.tensor.dims[-1]
    if not isinstance(depth, int):
        raise NoKernel("the length of index tuples is not known when compiling")
    for number in range(depth):
        check_indices(g, op, indices, dims[number], column=number)


def check_indices(
    g: Lowering, op: Op, indices: Value, size: Dim, *, column: int | None = None, counts_back: bool = True
) -> None:
    """Makes the run fail at `op` where an index is outside of [-size, size), or of [0, size) unless it `counts_back`.

    `column` picks one of the last axis.
    """
    if _is_fine(g, indices, size, column, counts_back):
        return
    least, greatest = _range(g, indices, column)

    def test(m: Any) -> None:
        first, last = m.load(m.pointer(least), I64, 0), m.load(m.pointer(greatest), I64, 0)
        extent = m.dim(size)
        text = "index {0} is outside of [-{1}, {1})" if counts_back else "index {0} is outside of [0, {1})"
        lowest = m.mul(extent, -1) if counts_back else 0
        is_empty = m.compare(">", first, last)
        for index, is_in in ((first, m.compare(">=", first, lowest)), (last, m.compare("<", last, extent))):
            m.require(m.ir.or_(is_empty, is_in), text, index, extent, op=op)

    g.plan.inline(test, least, greatest)


def _range(g: Lowering, indices: Value, column: int | None = None) -> tuple[Temporary, Temporary]:
    """The least and the greatest number of a tensor, or of one place of its last axis: none is least > greatest."""
    dims = indices.tensor.dims
    count = product(dims) if column is None else product(dims[:-1])
    least, greatest = g.temporary(DType.I64, 1), g.temporary(DType.I64, 1)
    stage = Stage("index_range")
    stage.family = "serial"
    width: Dim = 1 if column is None else dims[-1]
    x = stage.tensor(indices, (count, width))
    low = stage.fill(2**62, stage.destination(least), "mlc.inner")
    high = stage.fill(-(2**62), stage.destination(greatest), "mlc.inner")

    def region(b: Body, given: list[Scalar], old: list[Scalar]) -> list[Scalar]:
        index = converted(b, given[0], indices.tensor.dtype, DType.I64)
        return [b.binary("arith.minsi", old[0], index), b.binary("arith.maxsi", old[1], index)]

    ins = [(x, ["i", str(column or 0)])]
    results = stage.generic([], ins, [(low, ["0"]), (high, ["0"])], region, reduction=["i"])
    g.close(stage, results)
    return least, greatest


def _is_fine(g: Lowering, indices: Value, size: Dim, column: int | None, counts_back: bool) -> bool:
    """Whether constant indices all lie inside of a static extent."""
    array = g.plan.constant(indices)
    if array is None or not is_static(size) or not isinstance(size, int):
        return False
    seen = array if column is None else array[..., column]
    return bool(((seen >= (-size if counts_back else 0)) & (seen < size)).all())
