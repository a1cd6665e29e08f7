"""GridSample: a stage for the places and weights of each point, then one that sums the elements there."""

from __future__ import annotations

from mlc.codegen.kernel import Temporary
from mlc.codegen.kernels.grid import CUBIC_A, TAPS
from mlc.codegen.mlir.elements import Scalar
from mlc.codegen.mlir.indexing import flat_index, unraveled
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.sampling import (
    as_float,
    cubic_weight,
    elements_at,
    folded,
    linear_weight,
    minus,
    plus,
    times,
)
from mlc.codegen.mlir.scalars.conversion import converted
from mlc.codegen.mlir.text import Body, Expressions, Stage, Tensor
from mlc.codegen.registers import accumulator
from mlc.ir import DType
from mlc.ir.dims import product
from mlc.ops import GridSample


@linalg(GridSample, attributes="mode padding align_corners")
def grid_sample(g: Lowering, op: GridSample) -> None:
    """The weighted sum over the taps of a point; an element outside counts as 0, whatever its weight."""
    batch, channels, *sizes = op.x.tensor.dims
    points, dtype = product(op.grid.tensor.dims[1:-1]), accumulator(op.x.tensor.dtype)
    places, weights = _table(g, op, dtype)
    stage = g.stage(op)
    out = g.result(stage, op.result, (batch, channels, points), dtype)
    x = stage.tensor(op.x, (batch, channels, product(sizes)))

    def region(b: Body, given: list[Scalar], old: list[Scalar]) -> list[Scalar]:
        place, weight = given
        value = b.like(0, old[0])
        if op.x.tensor.element_count != 0:
            inside = b.binary("arith.maxsi", b.as_index(place), b.index(0))
            found = converted(b, b.extract(x, [b.loop_index(0), b.loop_index(1), inside]), x.dtype, dtype)
            value = b.select(b.compare("slt", place, b.like(0, place)), value, found)
        return [b.add(old[0], b.mul(value, weight))]

    names = ["n", "c", "p"]
    ins: list[tuple[Tensor, Expressions]] = [(stage.tensor(t), ["t", "n", "p"]) for t in (places, weights)]
    start = stage.fill(0, out, "mlc.inner")
    [made] = stage.generic(names, ins, [(start, names)], region, reduction=["t"], attributes=g.last())
    g.tile_loops(stage, 3)
    g.finish(stage, made, cost=2 * len(TAPS[op.mode]) ** len(sizes))


def _table(g: Lowering, op: GridSample, dtype: DType) -> tuple[Temporary, Temporary]:
    """For tap t of point p of sample n, at [t, n, p]: the flat place it reads, -1 outside, and its weight."""
    rank, own = op.x.tensor.rank - 2, op.grid.tensor.dtype
    batch, *lines = op.grid.tensor.dims[:-1]
    count, points = len(TAPS[op.mode]) ** rank, product(tuple(lines))
    places, weights = g.temporary(DType.I64, count, batch, points), g.temporary(dtype, count, batch, points)
    stage = Stage("grid_table")
    outs: list[tuple[Tensor, Expressions]] = [(stage.destination(t), ["t", "n", "p"]) for t in (places, weights)]
    grid = stage.tensor(op.grid, (batch, points, rank))
    # The last number of a point counts along the first spatial dim.
    ins: list[tuple[Tensor, Expressions]] = [(grid, ["n", "p", str(rank - 1 - axis)]) for axis in range(rank)]

    def region(b: Body, given: list[Scalar], _: list[Scalar]) -> list[Scalar]:
        taps = unraveled(b, b.loop_index(0), (len(TAPS[op.mode]),) * rank)
        found = [_tap(b, op, axis, given[axis], taps[axis]) for axis in range(rank)]
        weight = found[0][1]
        for _place, factor in found[1:]:
            weight = times(b, weight, factor)
        sizes = op.x.tensor.dims[2:]
        at, inside = elements_at(b, [place for place, _ in found], sizes)
        flat = b.convert("arith.index_cast", flat_index(b, at, sizes), "i64")
        return [b.select(inside, flat, b.like(-1, flat)), converted(b, weight, accumulator(own), dtype)]

    made = stage.generic(["t", "n", "p"], ins, outs, region, attributes="mlc.last")
    g.tile_loops(stage, 3)
    g.close(stage, made, cost=8 * rank)
    return places, weights


def _tap(b: Body, op: GridSample, axis: int, unit: Scalar, tap: Scalar) -> tuple[Scalar, Scalar]:
    """The whole-numbered place that a tap along an axis reads, and its weight, for a point given in [-1, 1]."""
    at = _position(b, op, axis, unit)
    if op.mode == "nearest":
        place = _inside(b, op, axis, b.unary("math.roundeven", at))
        weight = b.like(1, at)
    else:
        if op.mode == "linear":
            at = _inside(b, op, axis, at)
        offset = b.binary("arith.addi", tap, b.index(TAPS[op.mode][0]))
        place = plus(b, b.unary("math.floor", at), as_float(b, offset, at.type))
        is_linear = op.mode == "linear"
        distance = b.unary("math.absf", minus(b, place, at))
        weight = linear_weight(b, place, at) if is_linear else cubic_weight(b, distance, CUBIC_A)
    place = _inside(b, op, axis, place)
    if op.padding == "reflection":  # between the outer edges of the image, so half an element outside at most
        place = _cut(b, op, axis, b.unary("math.trunc", place))
    return place, weight


def _position(b: Body, op: GridSample, axis: int, unit: Scalar) -> Scalar:
    """Where a point in [-1, 1] lies among the elements along an axis."""
    size, one, half = _size(b, op, axis, unit), b.like(1, unit), b.like(0.5, unit)
    from_0 = plus(b, unit, one)
    if op.align_corners:
        return times(b, times(b, from_0, half), minus(b, size, one))
    return times(b, minus(b, times(b, from_0, size), one), half)


def _inside(b: Body, op: GridSample, axis: int, at: Scalar) -> Scalar:
    """A place brought into the image as the padding says."""
    zero, half, size = b.like(0, at), b.like(0.5, at), _size(b, op, axis, at)
    last = minus(b, size, b.like(1, at))
    match op.padding:
        case "border":
            return _cut(b, op, axis, at)
        case "reflection" if op.align_corners:
            return folded(b, at, zero, last)
        case "reflection":
            return folded(b, at, b.like(-0.5, at), minus(b, size, half))
        case _:
            return at


def _cut(b: Body, op: GridSample, axis: int, at: Scalar) -> Scalar:
    """A place moved to the nearest element where it is outside; NaN stays."""
    zero, last = b.like(0, at), minus(b, _size(b, op, axis, at), b.like(1, at))
    raised = b.select(b.compare("olt", at, zero), zero, at)
    return b.select(b.compare("ogt", raised, last), last, raised)


def _size(b: Body, op: GridSample, axis: int, like: Scalar) -> Scalar:
    return as_float(b, b.stage.dim(op.x.tensor.dims[2 + axis]), like.type)
