"""Reductions over axes, softmax, places of extremes: linalg.generic with reduction dims."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mlc.codegen.kernel import Storage
from mlc.codegen.kernels.reduce import add_resolution
from mlc.codegen.mlir.control import Carried, loop, nest
from mlc.codegen.mlir.elements import Scalar, register_type
from mlc.codegen.mlir.indexing import flat_index, read_index, unraveled
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.sampling import as_float
from mlc.codegen.mlir.scalars.arithmetic import largest, smallest
from mlc.codegen.mlir.scalars.conversion import converted
from mlc.codegen.mlir.text import Body, Stage, Tensor
from mlc.codegen.registers import accumulator
from mlc.ir import Dim, DType, Value
from mlc.ir.dims import product
from mlc.ops import (
    ArgMax,
    ArgMin,
    LogSoftmax,
    ReduceMax,
    ReduceMean,
    ReduceMin,
    ReduceProd,
    ReduceSum,
    Softmax,
)
from mlc.ops.reduce import Reduction

Combine = Callable[[Body, Scalar, Scalar], Scalar]


def reduction(
    stage: Stage, x: Tensor, out: Tensor, axes: Sequence[int], combine: Combine, attributes: str, squares: bool = False
) -> Tensor:
    """x combined over the axes into `out`, whose dims are the others."""
    names = [f"i{axis}" for axis in range(len(x.dims))]
    kept = [n for axis, n in enumerate(names) if axis not in axes]
    gone = [n for axis, n in enumerate(names) if axis in axes]

    def region(b: Body, given: list[Scalar], old: list[Scalar]) -> list[Scalar]:
        value = given[0]
        if squares:
            value = b.mul(value, value)
        return [combine(b, old[0], converted(b, value, x.dtype, out.dtype))]

    [made] = stage.generic(kept, [(x, names)], [(out, kept)], region, reduction=gone, attributes=attributes)
    return made


def lowest(dtype: DType) -> float:
    """What no other number of the dtype is below."""
    if dtype.is_float:
        return float("-inf")
    return -(1 << dtype.bits - 1) if dtype.is_signed else 0


def highest(dtype: DType) -> float:
    """What no other number of the dtype is above."""
    if dtype.is_float:
        return float("inf")
    return 1 if dtype is DType.BOOL else (1 << dtype.bits - dtype.is_signed) - 1


@linalg(ReduceSum, ReduceProd, ReduceMax, ReduceMin, ReduceMean, attributes="axes keep_dims is_noop_without_axes dims")
def reduce(g: Lowering, op: Reduction) -> None:
    if op.axes_operand is not None and op.axes is None:
        _at_run_time(g, op, op.axes_operand)
        return
    rank = op.x.tensor.rank
    axes = sorted({a % rank for a in (range(rank) if op.axes is None else op.axes)})
    # What is wider than x is brought to its dtype behind this stage.
    wide = _folded_in(op)
    kept: list[Dim] = [d for axis, d in enumerate(op.x.tensor.dims) if axis not in axes]
    stage = g.stage(op)
    out = g.result(stage, op.result, kept, wide)
    is_mean = isinstance(op, ReduceMean)
    start, combine = _fold(op, wide)
    total = reduction(
        stage, stage.tensor(op.x), stage.fill(start, out), axes, combine, "mlc.inner" if is_mean else g.last()
    )
    if is_mean:
        total = divided(stage, total, [op.x.tensor.dims[a] for a in axes], g.last())
    g.tile_loops(stage, len(kept))
    g.finish(stage, total, cost=g.plan.estimate(product([op.x.tensor.dims[a] for a in axes])))


def _at_run_time(g: Lowering, op: Reduction, operand: Value) -> None:
    """Each result by its index: along each axis of x it has a place, or walks over all of it."""
    add_resolution(g.plan, op, operand)
    own, wide = op.x.tensor.dtype, _folded_in(op)
    start, combine = _fold(op, wide)

    def element(b: Body, index: list[Scalar]) -> Scalar:
        gone, one = _are_reduced(b, op, operand), b.index(1)
        extents = [b.stage.dim(d) for d in op.x.tensor.dims]
        kept = [b.select(r, one, d) for r, d in zip(gone, extents, strict=True)]
        walked = [b.select(r, d, one) for r, d in zip(gone, extents, strict=True)]
        place = unraveled(b, flat_index(b, index, op.result.tensor.dims), kept)

        def take(b: Body, i: list[Scalar], carried: list[Carried]) -> list[Carried]:
            at = [b.binary("arith.addi", p, n) for p, n in zip(place, i, strict=True)]
            found = converted(b, b.extract(b.stage.tensor(op.x), at), own, wide)
            return [b.rounded(combine(b, carried[0], found), wide)]

        [total] = nest(b, walked, [b.number(start, register_type(wide))], take)
        if isinstance(op, ReduceMean):
            count = one
            for extent in walked:
                count = b.binary("arith.muli", count, extent)
            total = _quotient(b, total, count, wide)
        return converted(b, total, wide, own)

    g.indexed(op, element, cost=g.plan.estimate(op.x.tensor.element_count) // 2)


def _are_reduced(b: Body, op: Reduction, operand: Value) -> list[Scalar]:
    """For each axis of x whether the operand names it; all where it is empty and that does not mean none."""
    rank, count = op.x.tensor.rank, b.stage.dim(operand.tensor.element_count)
    nothing = b.number(0, "i1")

    def turn(b: Body, i: Scalar, flags: list[Carried]) -> list[Carried]:
        named = read_index(b, operand, [i], (operand.tensor.element_count,))
        found: list[Carried] = []
        for axis, flag in enumerate(flags):
            forwards, backwards = (b.compare("eq", named, b.index(n)) for n in (axis, axis - rank))
            found.append(b.binary("arith.ori", flag, b.binary("arith.ori", forwards, backwards)))
        return found

    flags = loop(b, b.index(0), count, [nothing] * rank, turn)
    if op.is_noop_without_axes:
        return flags
    is_all = b.compare("eq", count, b.index(0))
    return [b.binary("arith.ori", flag, is_all) for flag in flags]


def _folded_in(op: Reduction) -> DType:
    """What elements are combined in; the mean of integers in 64 bits."""
    own = op.x.tensor.dtype
    if isinstance(op, ReduceMean) and not own.is_float:
        return DType.U64 if own is DType.U64 else DType.I64
    return accumulator(own)


def _quotient(b: Body, total: Scalar, count: Scalar, dtype: DType) -> Scalar:
    """A total of the dtype over an index; an integer by 1 where that is 0."""
    if dtype.is_float:
        return b.div(total, as_float(b, count, total.type))
    known = b.convert("arith.index_cast", b.binary("arith.maxsi", count, b.index(1)), "i64")
    return b.binary("arith.divsi" if dtype.is_signed else "arith.divui", total, known)


def divided(stage: Stage, total: Tensor, dims: Sequence[Dim], attributes: str, add: float = 0.0) -> Tensor:
    """`total` over the product of the dims, plus `add`."""
    names = [f"i{axis}" for axis in range(len(total.dims))]

    def region(b: Body, _: list[Scalar], old: list[Scalar]) -> list[Scalar]:
        mean = _quotient(b, old[0], b.stage.dim(product(tuple(dims))), total.dtype)
        return [b.add(mean, b.like(add, mean)) if add else mean]

    [made] = stage.generic(names, [], [(total, names)], region, attributes=f"{attributes}, mlc.pixelwise")
    return made


def _fold(op: Reduction, dtype: DType) -> tuple[float, Combine]:
    match op:
        case ReduceProd():
            return 1, lambda b, old, x: b.mul(old, x)
        case ReduceMax():
            return lowest(dtype), lambda b, old, x: largest(b, dtype, old, x)
        case ReduceMin():
            return highest(dtype), lambda b, old, x: smallest(b, dtype, old, x)
        case _:
            return 0, lambda b, old, x: b.add(old, x)


@linalg(Softmax, LogSoftmax, attributes="axis")
def softmax(g: Lowering, op: Softmax | LogSoftmax) -> None:
    """Three stages: the maxima, the sums of exponentials, the quotients (or differences)."""
    x = op.x.tensor
    axis = op.axis % x.rank
    wide = accumulator(x.dtype)
    dims = (product(x.dims[:axis]), x.dims[axis], product(x.dims[axis + 1 :]))
    maxima = row_maxima(g, op.x, dims)
    sums = g.temporary(wide, dims[0], dims[2])
    stage = Stage("sum_of_exponentials")
    zero = stage.fill(0, stage.destination(sums))

    def add(b: Body, given: list[Scalar], old: list[Scalar]) -> list[Scalar]:
        return [b.add(old[0], b.unary("math.exp", b.sub(given[0], given[1])))]

    ins = [(stage.tensor(op.x, dims), ["o", "k", "i"]), (stage.tensor(maxima), ["o", "i"])]
    [total] = stage.generic(["o", "i"], ins, [(zero, ["o", "i"])], add, reduction=["k"], attributes="mlc.last")
    g.tile_loops(stage, 2)
    g.close(stage, [total], cost=16 * g.plan.estimate(dims[1]))
    last = g.stage(op)
    out = g.result(last, op.result, dims)
    is_log = isinstance(op, LogSoftmax)

    def quotient(b: Body, given: list[Scalar], _: list[Scalar]) -> list[Scalar]:
        shifted = b.sub(given[0], given[1])
        if is_log:
            return [b.sub(shifted, b.unary("math.log", given[2]))]
        return [b.div(b.unary("math.exp", shifted), given[2])]

    ins = [
        (last.tensor(op.x, dims), ["o", "k", "i"]),
        (last.tensor(maxima), ["o", "i"]),
        (last.tensor(sums), ["o", "i"]),
    ]
    [made] = last.generic(["o", "k", "i"], ins, [(out, ["o", "k", "i"])], quotient, attributes=g.last())
    g.tile_loops(last, 3)
    g.finish(last, made, cost=16)


def row_maxima(g: Lowering, x: Storage, dims: tuple[Dim, Dim, Dim]) -> Storage:
    """The largest along the middle of three dims."""
    stage = Stage("row_maxima")
    seen = stage.tensor(x, dims)
    dtype = accumulator(seen.dtype)
    made = g.temporary(dtype, dims[0], dims[2])
    start = stage.fill(float("-inf"), stage.destination(made))
    found = reduction(stage, seen, start, [1], lambda b, old, v: largest(b, dtype, old, v), "mlc.last")
    g.tile_loops(stage, 2)
    g.close(stage, [found], cost=g.plan.estimate(dims[1]))
    return made


@linalg(ArgMax, ArgMin, attributes="axis keep_dims picks_last")
def arg(g: Lowering, op: ArgMax | ArgMin) -> None:
    """The best so far and its place, element by element along the axis; NaN is better than all."""
    x = op.x.tensor
    axis = op.axis % x.rank
    dims = (product(x.dims[:axis]), x.dims[axis], product(x.dims[axis + 1 :]))
    is_max = isinstance(op, ArgMax)
    best = g.temporary(accumulator(x.dtype) if x.dtype is not DType.BOOL else DType.I8, dims[0], dims[2])
    stage = g.stage(op)
    places = g.result(stage, op.result, (dims[0], dims[2]), is_alone=True)
    values = stage.destination(best)
    kind = values.dtype
    first = stage.fill(0, places, "mlc.inner")
    start = stage.fill(0, values, "mlc.inner")
    keeps_last = op.picks_last

    def region(b: Body, given: list[Scalar], old: list[Scalar]) -> list[Scalar]:
        value = converted(b, given[0], x.dtype, kind)
        here = b.loop_index(2)
        better = _better(b, x.dtype, value, old[1], is_max, keeps_last)
        better = b.binary("arith.ori", better, b.compare("eq", here, b.index(0)))
        place = b.convert("arith.index_cast", here, "i64")
        return [b.select(better, place, old[0]), b.select(better, value, old[1])]

    ins = [(stage.tensor(op.x, dims), ["o", "k", "i"])]
    outs = [(first, ["o", "i"]), (start, ["o", "i"])]
    found = stage.generic(["o", "i"], ins, outs, region, reduction=["k"], attributes="mlc.last")
    g.tile_loops(stage, 2)
    g.finish(stage, *found, cost=g.plan.estimate(dims[1]))


def _better(b: Body, dtype: DType, x: Scalar, best: Scalar, is_max: bool, keeps_last: bool) -> Scalar:
    if not x.is_float:
        sign = "s" if dtype.is_signed else "u"
        return b.compare(f"{sign}{'g' if is_max else 'l'}{'e' if keeps_last else 't'}", x, best)
    order = b.compare(f"o{'g' if is_max else 'l'}{'e' if keeps_last else 't'}", x, best)
    is_nan, was_nan = b.compare("uno", x, x), b.compare("uno", best, best)
    if keeps_last:
        return b.binary(
            "arith.ori", is_nan, b.binary("arith.andi", order, b.binary("arith.xori", was_nan, b.number(1, "i1")))
        )
    fresh = b.binary("arith.andi", is_nan, b.binary("arith.xori", was_nan, b.number(1, "i1")))
    return b.binary("arith.ori", fresh, order)
