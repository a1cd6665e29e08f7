"""Resize, one dim after the other: a stage for the places and weights of a dim's results, then one that sums them up.

Places and weights are computed in f64 when the model runs, since factors may come from operands.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from mlc.codegen.kernel import Storage, Temporary
from mlc.codegen.kernels.resize_tables import operand_place, squeeze_of
from mlc.codegen.mlir.elements import Scalar
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.sampling import cubic_weight
from mlc.codegen.mlir.scalars.conversion import converted
from mlc.codegen.mlir.text import Body, Stage
from mlc.codegen.registers import accumulator
from mlc.codegen.registry import NoKernel
from mlc.ir import Dim, DType, Value
from mlc.ops import Resize

# Reach of the filters of "linear" and "cubic" where they are as wide as the elements of x.
REACH = {"linear": 1, "cubic": 2}


@linalg(
    Resize,
    attributes="factors dims axes mode coordinates rounding aspect cubic_a exclude_outside extrapolation antialias",
)
def resize(g: Lowering, op: Resize) -> None:
    own = op.x.tensor.dtype
    dtype = own if op.mode == "nearest" else accumulator(own) if own.is_float else DType.F64
    if op.coordinates == "tf_crop_and_resize" and not op.result.tensor.is_static:
        raise NoKernel("the size of a crop is not known when compiling")
    changed = [axis for axis in range(op.x.tensor.rank) if _changes(op, axis)]
    tables = [_table(g, op, axis, dtype) for axis in changed]
    if op.result.tensor.element_count == 0:
        g.plan.inline(lambda m: None, *g.group.outputs)
        return
    source: Storage = op.x
    dims = list(op.x.tensor.dims)
    final = g.written(op.result, dtype)
    for number, table in enumerate(tables):
        dims[table.axis] = op.result.tensor.dims[table.axis]
        target = final if number == len(tables) - 1 else g.temporary(dtype, *dims)
        _resample(g, op, source, target, table, tuple(dims), dtype)
        source = target
    if not tables:
        _copy(g, op.x, final)
    g.finish_written()


def _changes(op: Resize, axis: int) -> bool:
    """Whether the axis may be resampled at all."""
    place = operand_place(op, axis)
    if place is not None and op.coordinates == "tf_crop_and_resize":
        return True
    is_equal = op.x.tensor.dims[axis] == op.result.tensor.dims[axis]
    if op.factors is not None:
        return op.factors[axis] != 1 or not is_equal
    return not is_equal or (place is not None and (op.scales is not None or op.sizes is not None))


def _copy(g: Lowering, source: Value, target: Storage) -> None:
    stage = Stage("resize")
    x, out = stage.tensor(source), stage.destination(target)
    names = [f"i{axis}" for axis in range(len(x.dims))]
    [made] = stage.generic(
        names,
        [(x, names)],
        [(out, names)],
        lambda b, given, _: [converted(b, given[0], x.dtype, out.dtype)],
        attributes="mlc.last",
    )
    g.tile_loops(stage, len(names))
    g.close(stage, [made])


@dataclass(frozen=True)
class Table:
    """For result i along an axis, tap t: the place it reads, -1 outside of a crop, and its weight, both at [t, i]."""

    axis: int
    places: Temporary
    weights: Temporary | None
    taps: int


def _table(g: Lowering, op: Resize, axis: int, dtype: DType) -> Table:
    size = op.result.tensor.dims[axis]
    first, count = _offsets(op, axis)
    places = g.temporary(DType.I64, count, size)
    weights = None if op.mode == "nearest" else g.temporary(dtype, count, size)
    stage = Stage("resize_table")
    outs = [(stage.destination(t), ["t", "i"]) for t in (places, weights) if t is not None]

    def region(b: Body, _: list[Scalar], __: list[Scalar]) -> list[Scalar]:
        line = _Line(b, op, axis)
        at, last = line.position(b.loop_index(1)), line.minus(line.length, 1)
        if weights is None:
            return [line.inside(line.rounded(at), at, last)]
        low = b.unary("math.floor", at)
        tap = b.binary("arith.addi", b.loop_index(0), b.index(first))
        place = b.plain("arith.addf", low, line.number_of(tap))
        weight = line.weight(place, at, last)
        if op.exclude_outside or squeeze_of(op, axis) != 1.0:
            total = None
            for offset in range(first, first + count):
                one = line.weight(line.plus(low, offset), at, last)
                total = one if total is None else b.plain("arith.addf", total, one)
            assert total is not None
            weight = b.div(weight, total)
        return [line.inside(place, at, last), converted(b, weight, DType.F64, dtype)]

    if g.is_portable:  # an op each: of one with results of two types and no operands IREE 3.13 mixes up their sizes
        made = [
            one
            for number, out in enumerate(outs)
            for one in stage.generic(["t", "i"], [], [out], lambda *a, n=number: region(*a)[n : n + 1])
        ]
    else:
        made = stage.generic(["t", "i"], [], outs, region, attributes="mlc.last")
    g.tile_loops(stage, 2)
    g.close(stage, made, cost=8 * count)
    return Table(axis, places, weights, count)


def _offsets(op: Resize, axis: int) -> tuple[int, int]:
    """The first neighbour of the element below a position that may have a weight, and how many there are."""
    if op.mode == "nearest":
        return 0, 1
    squeeze = squeeze_of(op, axis)
    if squeeze is None:
        raise NoKernel("how wide the filter of an antialiased dim is, is known only when the model runs")
    reach = REACH[op.mode]
    if squeeze == 1.0:
        return 1 - reach, 2 * reach
    wide = math.ceil(reach / squeeze)
    return -wide, 2 * wide + 1


def _resample(
    g: Lowering, op: Resize, source: Storage, target: Storage, table: Table, dims: tuple[Dim, ...], dtype: DType
) -> None:
    """The weighted sum of the places each result reads along one axis."""
    axis, weights = table.axis, table.weights
    stage = Stage("resize")
    x, out, places = stage.tensor(source), stage.destination(target, dims), stage.tensor(table.places)
    names = [f"i{n}" for n in range(len(dims))]
    ins = [(places, ["t", names[axis]])]
    if weights is not None:
        ins.append((stage.tensor(weights), ["t", names[axis]]))

    def region(b: Body, given: list[Scalar], old: list[Scalar]) -> list[Scalar]:
        index = [b.loop_index(n) for n in range(len(dims))]
        index[axis] = b.binary("arith.maxsi", b.as_index(given[0]), b.index(0))
        found = converted(b, b.extract(x, index), x.dtype, dtype)
        if weights is not None:
            found = b.plain("arith.addf", old[0], b.plain("arith.mulf", found, given[1]))
        if op.coordinates == "tf_crop_and_resize":
            outside = converted(b, b.number(op.extrapolation, "f64"), DType.F64, dtype)
            found = b.select(b.compare("slt", given[0], b.like(0, given[0])), outside, found)
        return [found]

    start = stage.fill(0, out, "mlc.inner")
    [made] = stage.generic(names, ins, [(start, names)], region, reduction=["t"], attributes="mlc.last")
    g.tile_loops(stage, len(dims))
    g.close(stage, [made], cost=2 * table.taps)


class _Line:
    """Positions and weights along one axis while a table's region is written; numbers are f64."""

    def __init__(self, b: Body, op: Resize, axis: int) -> None:
        self.b, self.op, self.axis = b, op, axis
        self.length = self.number_of(b.stage.dim(op.x.tensor.dims[axis]))
        self.size = self.number_of(b.stage.dim(op.result.tensor.dims[axis]))
        self.factor = self._factor()
        self.exact = b.plain("arith.mulf", self.factor, self.length)
        known = squeeze_of(op, axis)
        assert known is not None or op.mode == "nearest"
        self.squeeze = 1.0 if known is None else known

    def number_of(self, x: Scalar) -> Scalar:
        """An index as f64."""
        return self.b.convert("arith.sitofp", self.b.convert("arith.index_cast", x, "i64"), "f64")

    def plus(self, x: Scalar, y: float) -> Scalar:
        """x + y."""
        return self.b.plain("arith.addf", x, self.b.like(y, x))

    def minus(self, x: Scalar, y: float) -> Scalar:
        """x - y."""
        return self.b.plain("arith.subf", x, self.b.like(y, x))

    def _read(self, value: Value, place: int) -> Scalar:
        b = self.b
        found = b.extract(b.stage.tensor(value, (value.tensor.element_count,)), [b.index(place)])
        return converted(b, found, value.tensor.dtype, DType.F64)

    def _factor(self) -> Scalar:
        b, op = self.b, self.op
        if op.factors is not None:
            return b.number(op.factors[self.axis], "f64")
        place = operand_place(op, self.axis)
        if op.scales is not None:
            return b.number(1, "f64") if place is None else self._read(op.scales, place)
        if op.sizes is None:
            return b.div(self.size, self.length)
        if place is None:
            return b.number(1, "f64")
        if op.aspect == "stretch":
            return b.div(self._read(op.sizes, place), self.length)
        return self._shared_factor(op.sizes)

    def _shared_factor(self, sizes: Value) -> Scalar:
        """The least or the greatest of size / length, which all dims are scaled by when the aspect is kept."""
        b, best = self.b, None
        for axis, dim in enumerate(self.op.x.tensor.dims):
            if (place := operand_place(self.op, axis)) is None:
                continue
            factor = b.div(self._read(sizes, place), self.number_of(b.stage.dim(dim)))
            order = "olt" if self.op.aspect == "not_larger" else "ogt"
            best = factor if best is None else b.select(b.compare(order, factor, best), factor, best)
        assert best is not None
        return best

    def position(self, index: Scalar) -> Scalar:
        """Where a result lies among the elements of x."""
        b, i = self.b, self.number_of(index)
        one, half, zero = (b.number(n, "f64") for n in (1, 0.5, 0))
        middle = b.div(self.plus(i, 0.5), self.factor)
        centered = self.minus(middle, 0.5)
        last = self.minus(self.length, 1)
        is_one = b.compare("oeq", self.exact, one)
        match self.op.coordinates:
            case "half_pixel":
                return centered
            case "half_pixel_symmetric":
                rest = b.plain("arith.subf", one, b.div(self.size, self.exact))
                return b.plain(
                    "arith.addf", b.plain("arith.mulf", b.plain("arith.mulf", self.length, half), rest), centered
                )
            case "pytorch_half_pixel":
                return b.select(b.compare("ogt", self.size, one), centered, zero)
            case "tf_half_pixel_for_nn":
                return middle
            case "align_corners":
                return b.select(is_one, zero, b.div(b.plain("arith.mulf", i, last), self.minus(self.exact, 1)))
            case "asymmetric":
                return b.div(i, self.factor)
            case _:
                start, end = self._crop()
                step = b.plain("arith.mulf", b.plain("arith.subf", end, start), last)
                inner = b.div(b.plain("arith.mulf", i, step), self.minus(self.exact, 1))
                moved = b.select(is_one, b.plain("arith.mulf", step, half), inner)
                return b.plain("arith.addf", b.plain("arith.mulf", start, last), moved)

    def _crop(self) -> tuple[Scalar, Scalar]:
        place, roi = operand_place(self.op, self.axis), self.op.roi
        if roi is None or place is None:
            return self.b.number(0, "f64"), self.b.number(1, "f64")
        count = self.op.x.tensor.rank if self.op.axes is None else len(self.op.axes)
        return self._read(roi, place), self._read(roi, place + count)

    def rounded(self, at: Scalar) -> Scalar:
        """The nearest place, by the op's rounding."""
        match self.op.rounding:
            case "round_prefer_floor":
                return self.b.unary("math.ceil", self.minus(at, 0.5))
            case "round_prefer_ceil":
                return self.b.unary("math.floor", self.plus(at, 0.5))
            case "floor":
                return self.b.unary("math.floor", at)
            case _:
                return self.b.unary("math.ceil", at)

    def inside(self, place: Scalar, at: Scalar, last: Scalar) -> Scalar:
        """A place moved inside of x, as i64; -1 where a crop reads outside."""
        b, zero = self.b, self.b.number(0, "f64")
        place = b.select(b.compare("olt", place, last), place, last)
        place = b.select(b.compare("ogt", place, zero), place, zero)
        whole = b.convert("arith.fptosi", place, "i64")
        if self.op.coordinates != "tf_crop_and_resize":
            return whole
        is_outside = b.binary("arith.ori", b.compare("olt", at, zero), b.compare("ogt", at, last))
        return b.select(is_outside, b.number(-1, "i64"), whole)

    def weight(self, place: Scalar, at: Scalar, last: Scalar) -> Scalar:
        """The weight of the element at a place, whether it is in x or not."""
        b, zero, one = self.b, self.b.number(0, "f64"), self.b.number(1, "f64")
        distance = b.plain("arith.mulf", b.plain("arith.subf", place, at), b.number(self.squeeze, "f64"))
        d = b.unary("math.absf", distance)
        if self.op.mode == "linear":
            weight = b.binary("arith.maximumf", b.plain("arith.subf", one, d), zero)
        else:
            weight = cubic_weight(b, d, self.op.cubic_a)
        if self.op.exclude_outside:
            inside = b.binary("arith.andi", b.compare("oge", place, zero), b.compare("ole", place, last))
            weight = b.select(inside, weight, zero)
        return weight
