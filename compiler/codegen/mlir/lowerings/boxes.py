"""RoiAlign and MaxRoiPool: each cell of each box by its index, with loops over the elements that it sees."""

from __future__ import annotations

from dataclasses import dataclass

from mlc.codegen.mlir.control import loop
from mlc.codegen.mlir.elements import Scalar, register_type
from mlc.codegen.mlir.indexing import clamped, wrapped
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.lowerings.reduce import lowest
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.sampling import as_float, between, minus, plus, times
from mlc.codegen.mlir.scalars.arithmetic import largest
from mlc.codegen.mlir.scalars.conversion import converted
from mlc.codegen.mlir.text import Body
from mlc.codegen.registers import accumulator
from mlc.codegen.registry import NoKernel
from mlc.ir import DType
from mlc.ops import MaxRoiPool, RoiAlign


@linalg(RoiAlign, attributes="height width sampling_ratio spatial_scale half_pixel mode")
def roi_align(g: Lowering, op: RoiAlign) -> None:
    """Each cell's points in order: their mean, or the greatest weighted neighbour."""
    own = op.x.tensor.dtype
    if not own.is_float:
        raise NoKernel("samples of integers are not interpolated")
    dtype = accumulator(own)

    def element(b: Body, index: list[Scalar]) -> Scalar:
        roi, channel, row, column = index
        sample = wrapped(b, op.batch, [roi], op.x.tensor.dims[0])
        rows, columns = _side(b, op, roi, 0, row), _side(b, op, roi, 1, column)

        def points(b: Body, i: Scalar, carried: list[Scalar]) -> list[Scalar]:
            along = rows.neighbours(b, i)

            def point(b: Body, j: Scalar, carried: list[Scalar]) -> list[Scalar]:
                [total] = carried
                for y, y_share in along:
                    for x, x_share in columns.neighbours(b, j):
                        value = converted(b, b.extract(b.stage.tensor(op.x), [sample, channel, y, x]), own, dtype)
                        share = converted(b, times(b, y_share, x_share), DType.F64, dtype)
                        weighted = times(b, value, share)
                        total = plus(b, total, weighted) if op.mode == "avg" else largest(b, dtype, total, weighted)
                return [total]

            return loop(b, b.index(0), columns.points, carried, point)

        start = b.number(0 if op.mode == "avg" else lowest(dtype), register_type(dtype))
        [total] = loop(b, b.index(0), rows.points, [start], points)
        count = b.binary("arith.muli", rows.points, columns.points)
        if op.mode == "avg":
            least = b.binary("arith.maxsi", count, b.index(1))
            total = b.div(total, as_float(b, least, total.type))
        else:
            total = b.select(b.compare("eq", count, b.index(0)), b.like(0, total), total)
        return converted(b, total, dtype, own)

    if op.x.tensor.element_count == 0:
        raise NoKernel("x has no elements to sample")
    g.indexed(op, element, cost=8 * max(op.sampling_ratio, 2) ** 2)


@dataclass(frozen=True)
class Side:
    """One axis of one box: what a cell's points along it are. Floats are f64, `cell` one of them."""

    size: Scalar
    start: Scalar
    step: Scalar
    cell: Scalar
    points: Scalar  # how many there are, an index

    def neighbours(self, b: Body, point: Scalar) -> list[tuple[Scalar, Scalar]]:
        """(index, weight) of the two elements beside a point; weights of 0 for a point further than 1 outside."""
        zero, one, half = (b.number(n, "f64") for n in (0, 1, 0.5))
        within = b.div(plus(b, as_float(b, point, "f64"), half), as_float(b, self.points, "f64"))
        at = plus(b, self.start, times(b, plus(b, self.cell, within), self.step))
        is_before, is_behind = b.compare("olt", at, b.like(-1, at)), b.compare("ogt", at, self.size)
        outside = b.binary("arith.ori", is_before, is_behind)
        last = minus(b, self.size, one)
        at = between(b, at, zero, last)
        low = between(b, b.unary("math.floor", at), zero, between(b, minus(b, last, one), zero, last))
        rest = minus(b, at, low)
        found: list[tuple[Scalar, Scalar]] = []
        for place, share in ((low, minus(b, one, rest)), (plus(b, low, one), rest)):
            whole = b.convert("arith.fptosi", between(b, place, zero, last), "i64")
            found.append((b.as_index(whole), b.select(outside, zero, share)))
        return found


def _side(b: Body, op: RoiAlign, roi: Scalar, axis: int, cell: Scalar) -> Side:
    """The axis (0: y, 1: x) of a box, computed in the dtype of x, f32 at least."""
    own, dtype = op.rois.tensor.dtype, accumulator(op.x.tensor.dtype)
    kind = register_type(dtype)

    def edge(column: int) -> Scalar:
        given = converted(b, b.extract(b.stage.tensor(op.rois), [roi, b.index(column)]), own, dtype)
        scaled = times(b, given, b.number(op.spatial_scale, kind))
        return minus(b, scaled, b.number(0.5, kind)) if op.half_pixel else scaled

    start, end = edge(1 - axis), edge(3 - axis)
    length = minus(b, end, start)
    if not op.half_pixel:
        length = b.select(b.compare("ult", length, b.like(1, length)), b.like(1, length), length)
    step = b.div(length, b.like(op.width if axis else op.height, length))
    points = b.index(op.sampling_ratio)
    if op.sampling_ratio == 0:
        whole = b.unary("math.ceil", step)
        zero, endless = b.like(0, whole), b.like(float("inf"), whole)
        is_some = b.binary("arith.andi", b.compare("ogt", whole, zero), b.compare("olt", whole, endless))
        grown = b.select(is_some, whole, zero)
        points = b.as_index(b.convert("arith.fptosi", grown, "i64"))
    size = as_float(b, b.stage.dim(op.x.tensor.dims[2 + axis]), "f64")
    wide_start, wide_step = (converted(b, x, dtype, DType.F64) for x in (start, step))
    return Side(size, wide_start, wide_step, as_float(b, cell, "f64"), points)


@linalg(MaxRoiPool, attributes="height width spatial_scale")
def max_roi_pool(g: Lowering, op: MaxRoiPool) -> None:
    """Each cell's elements in order; a cell of none is 0."""
    own = op.x.tensor.dtype

    def element(b: Body, index: list[Scalar]) -> Scalar:
        roi, channel, row, column = index
        sample = wrapped(b, op.rois, [roi, b.index(0)], op.x.tensor.dims[0])
        top, bottom = _span(b, op, roi, 0, row)
        left, right = _span(b, op, roi, 1, column)

        def line(b: Body, i: Scalar, carried: list[Scalar]) -> list[Scalar]:
            def take(b: Body, j: Scalar, carried: list[Scalar]) -> list[Scalar]:
                return [largest(b, own, carried[0], b.extract(b.stage.tensor(op.x), [sample, channel, i, j]))]

            return loop(b, left, right, carried, take)

        kind = register_type(own)
        [best] = loop(b, top, bottom, [b.number(lowest(own), kind)], line)
        is_empty = b.binary("arith.ori", b.compare("sge", top, bottom), b.compare("sge", left, right))
        return b.select(is_empty, b.number(0, kind), best)

    g.indexed(op, element, cost=16)


def _span(b: Body, op: MaxRoiPool, roi: Scalar, axis: int, cell: Scalar) -> tuple[Scalar, Scalar]:
    """From which element on along an axis (0: y, 1: x), and up to which, a cell of a box reaches, cut to the image."""
    own, cells = op.rois.tensor.dtype, op.width if axis else op.height
    wide = accumulator(own)

    def edge(column: int) -> Scalar:
        given = converted(b, b.extract(b.stage.tensor(op.rois), [roi, b.index(column)]), own, wide)
        rounded = b.unary("math.floor", plus(b, times(b, given, b.like(op.spatial_scale, given)), b.like(0.5, given)))
        return b.as_index(converted(b, rounded, wide, DType.I64))

    start, end = edge(2 - axis), edge(4 - axis)
    one = b.index(1)
    length = b.binary("arith.maxsi", b.binary("arith.addi", b.binary("arith.subi", end, start), one), one)
    step = b.div(as_float(b, length, "f64"), b.number(cells, "f64"))
    size = b.stage.dim(op.x.tensor.dims[2 + axis])
    ends: list[Scalar] = []
    for number, rounding in ((cell, "math.floor"), (b.binary("arith.addi", cell, one), "math.ceil")):
        whole = b.unary(rounding, times(b, as_float(b, number, "f64"), step))
        moved = b.binary("arith.addi", b.as_index(converted(b, whole, DType.F64, DType.I64)), start)
        ends.append(clamped(b, moved, size))
    return ends[0], ends[1]
