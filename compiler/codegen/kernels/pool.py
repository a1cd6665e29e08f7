"""Pools: MaxPool, AveragePool, LpPool, and MaxUnpool.

A window's fold is separable. In the plain layout a unit is a plane of one channel: for each row of results the rows of
x that its windows see are folded into one padded line, vectors along it, and then each result folds its taps of that
line; pads are neutral elements of the line, so no vector needs a border case. In blocked layouts lanes are channels:
each result folds its taps in one register, those in the pads left out; undefined channels stay in their lanes.
"""

from __future__ import annotations

import math as constants
from collections.abc import Iterator, Sequence
from typing import Any

from llvmlite import ir

from mlc.codegen import math, registers
from mlc.codegen.builder import Index, Lanes, Num
from mlc.codegen.elements.arithmetic import larger
from mlc.codegen.kernel import Kernel, Tensor
from mlc.codegen.kernels.bands import BandedLines
from mlc.codegen.kernels.spaces import Fold, covering, lanes_for, nest, total_of
from mlc.codegen.kernels.tiles import accumulator
from mlc.codegen.kernels.windows import WindowDim, window_dims
from mlc.codegen.registry import NoKernel, kernel
from mlc.codegen.schedule import Plan
from mlc.ir import Dim, DType
from mlc.ir.dims import product
from mlc.ops import AveragePool, LpPool, MaxPool
from mlc.ops.pool import Pool
from mlc.ops.windows import block_of

# A line up to this many elements is kept on the stack.
ON_STACK = 8192
# Taps up to this many are written one after another.
UNROLLED = 8


@kernel(MaxPool, AveragePool, LpPool)
def pool(plan: Plan, op: Pool) -> None:
    """Planes of a plain layout, pixels of a blocked one, single results where indices are wanted."""
    dtype = op.x.tensor.dtype
    if not isinstance(op, MaxPool) and not dtype.is_float:
        raise NoKernel(f"{op.name} of {dtype}")
    dims = windows_of(op)
    if isinstance(op, MaxPool) and op.with_indices:
        _with_indices(plan, op, dims)
    elif block_of(op.layout):
        _blocked(plan, op, dims)
    else:
        _planes(plan, op, dims)


def windows_of(op: Pool) -> list[WindowDim]:
    """The spatial dims of x and of the results."""
    rank = len(op.kernel)
    sizes, counts = op.x.tensor.dims[2 : 2 + rank], op.results[0].tensor.dims[2 : 2 + rank]
    return window_dims(sizes, counts, op.kernel, op.strides, op.dilations, op.pads, op.ceil_mode)


def fold_of(op: Pool) -> Fold:
    """How taps are combined; `element` has made them ready."""
    dtype = accumulator(op.x.tensor.dtype)
    if not isinstance(op, MaxPool):
        return total_of(dtype)
    lowest = -constants.inf if dtype.is_float else -(1 << (dtype.bits - 1)) if dtype.is_signed else 0
    return Fold(dtype, lowest, lambda k, x, y: larger(k, dtype, x, y))


def _element(k: Kernel, op: Pool, index: Sequence[Index]) -> ir.Value:
    dtype = accumulator(op.x.tensor.dtype)
    value = k.read_as(dtype, k.tensor(op.x), index)
    if not isinstance(op, LpPool):
        return value
    size = k.intrinsic("fabs", value)
    return k.ir.fmul(value, value) if op.p == 2 else math.pow_int(k.ir, size, op.p)


def _finished(k: Kernel, op: Pool, total: ir.Value, seen: ir.Value | None) -> ir.Value:
    """The result, in x's dtype; `seen` is how many taps an average is over."""
    dtype = accumulator(op.x.tensor.dtype)
    if isinstance(op, AveragePool):
        assert seen is not None
        total = k.ir.fdiv(*k.unified(total, seen))
    elif isinstance(op, LpPool) and op.p == 2:
        total = math.sqrt(k.ir, total)
    elif isinstance(op, LpPool) and op.p != 1:
        total = math.pow(k.ir, total, k.like(1 / op.p, total))
    return registers.converted(k, total, dtype, op.x.tensor.dtype)


# --- how many taps an average is over ---


def _tap_count(k: Kernel, op: AveragePool, dim: WindowDim, position: Num) -> Num:
    """Taps along one dim that count: those on elements, or on elements and pads."""
    if op.count_pads:
        if not dim.ceil_mode:
            return dim.taps
        padded = k.add(k.dim(dim.size), dim.begin + dim.end)
        left = k.maximum(k.sub(padded, k.mul(position, dim.stride)), 0)
        return k.minimum(k.ceildiv(left, dim.dilation), dim.taps)
    low, high = dim.seen(k, position, k.dim(dim.size))
    return k.sub(high, low)


def _number(k: Kernel, dtype: DType, count: Num) -> ir.Value:
    return k.constant(dtype, count) if isinstance(count, int) else registers.converted(k, count, DType.I64, dtype)


def _outer_count(k: Kernel, op: Pool, dims: Sequence[WindowDim], at: Sequence[Num]) -> ir.Value | None:
    if not isinstance(op, AveragePool):
        return None
    count: Num = 1
    for dim, position in zip(dims, at, strict=True):
        count = k.mul(count, _tap_count(k, op, dim, position))
    return _number(k, accumulator(op.x.tensor.dtype), count)


# --- plain layout ---


def _planes(plan: Plan, op: Pool, dims: Sequence[WindowDim]) -> None:
    *outer, last = dims
    samples, channels = op.x.tensor.dims[:2]
    dtype = accumulator(op.x.tensor.dtype)
    length = _line_length(last)
    is_on_stack = isinstance(length, int) and length <= ON_STACK
    lines = None if is_on_stack else plan.temporary(dtype, samples * channels, length)
    has_counts = isinstance(op, AveragePool) and not _is_constant(op, last)
    counts = plan.temporary(dtype, samples * channels, last.count) if has_counts and not is_on_stack else None
    read_lanes, lanes = (lanes_for(plan, d, op.x, dtype) for d in (last.size, last.count))
    plan.choose("lanes", f"{read_lanes} in, {lanes} out")
    plan.choose("line", "on the stack" if is_on_stack else "in a temporary")
    cost = product([d.size for d in dims]) * 2

    def over_results(k: Kernel) -> Iterator[list[Index]]:
        # Results may be stored twice, but what is behind them must not be computed twice from buffers it may share.
        if len(plan.group.ops) == 1:
            yield from covering(k, last.count, lanes)
        else:
            yield from ([j] for j in k.across(0, k.dim(last.count), lanes))

    @plan.each(samples * channels, cost=cost)
    def plane(k: Kernel, number: Any) -> None:
        at = k.unravel(number, [k.dim(samples), k.dim(channels)])
        line = _line(k, dtype, number, lines, length)
        count = _line(k, dtype, number, counts, last.count) if has_counts else None
        _fill_pads(k, op, line, last, length)
        if isinstance(op, AveragePool) and count is not None:
            with k.loop(0, k.dim(last.count)) as j:
                k.write(count, (j,), _number(k, dtype, _tap_count(k, op, last, j)))
        with nest(k, [k.dim(d.count) for d in outer]) as row:
            _fill_line(k, op, outer, at, row, line, last, read_lanes)
            seen = _outer_count(k, op, outer, row)
            for bundle in over_results(k):
                for j in bundle:
                    total = _fold_taps(k, op, line, last, j)
                    own = seen
                    if seen is not None:
                        inner = k.read(count, (j,)) if count is not None else k.constant(dtype, last.taps)
                        own = k.ir.fmul(*k.unified(seen, inner))
                    k.emit((*at, *row, j), _finished(k, op, total, own))


def _is_constant(op: AveragePool, dim: WindowDim) -> bool:
    """Whether all windows count the same taps along the dim."""
    return dim.is_exact or (op.count_pads and not dim.ceil_mode)


def _line_length(last: WindowDim) -> Dim:
    """The begin pad, the row, and what windows see behind it."""
    length = last.begin + last.size
    if isinstance(length, int) and isinstance(last.length, int):
        return max(length, last.length)
    # An end pad, or the overhang of a last window, which is shorter than a window and a stride.
    return length + (0 if last.is_exact else last.end + last.reach + last.stride)


def _line(k: Kernel, dtype: DType, number: Num, storage: Any, size: Dim) -> Tensor:
    if storage is not None:
        whole = k.tensor(storage)
        kind = registers.memory_type(dtype)
        return Tensor(k.at(whole.pointer, kind, k.mul(number, k.dim(size))), dtype, (k.dim(size),), (1,))
    assert isinstance(size, int)
    return Tensor(k.stack(registers.memory_type(dtype), max(size, 1)), dtype, (size,), (1,))


def _fill_pads(k: Kernel, op: Pool, line: Tensor, last: WindowDim, length: Dim) -> None:
    neutral = fold_of(op).start(k)
    for start, stop in ((0, last.begin), (k.add(last.begin, k.dim(last.size)), k.dim(length))):
        if not (isinstance(start, int) and isinstance(stop, int) and start >= stop):
            with k.loop(start, stop) as i:
                k.write(line, (i,), neutral)


def _fill_line(
    k: Kernel,
    op: Pool,
    outer: Sequence[WindowDim],
    at: Sequence[Num],
    row: Sequence[Num],
    line: Tensor,
    last: WindowDim,
    lanes: int,
) -> None:
    """Folds the rows that the windows at `row` see into the line."""
    fold = fold_of(op)
    ranges = [d.seen(k, position, k.dim(d.size)) for d, position in zip(outer, row, strict=True)]
    for bundle in covering(k, last.size, lanes):
        totals = [k.variable(fold.start(k, i.count if isinstance(i, Lanes) else None)) for i in bundle]
        with nest(k, [k.sub(high, low) for low, high in ranges]) as taps:
            source = _source(k, outer, row, [k.add(low, tap) for (low, _), tap in zip(ranges, taps, strict=True)])
            for total, i in zip(totals, bundle, strict=True):
                total.set(fold.combine(k, total.get(), _element(k, op, (*at, *source, i))))
        for total, i in zip(totals, bundle, strict=True):
            k.write(line, (k.add(i, last.begin),), total.get())


def _source(k: Kernel, dims: Sequence[WindowDim], at: Sequence[Num], taps: Sequence[Num]) -> list[Num]:
    """The element of x that each tap of the window at `at` sees."""
    columns = zip(dims, at, taps, strict=True)
    return [k.add(d.first(k, position), k.mul(tap, d.dilation)) for d, position, tap in columns]


def _fold_taps(k: Kernel, op: Pool, line: Tensor, last: WindowDim, j: Index) -> ir.Value:
    fold = fold_of(op)
    start = k.mul(j, last.stride)
    if last.taps <= UNROLLED:
        seen = [strided(k, line, k.add(start, tap * last.dilation)) for tap in range(last.taps)]
        total = seen[0]
        for value in seen[1:]:
            total = fold.combine(k, total, value)
        return total
    variable = k.variable(fold.start(k, j.count if isinstance(j, Lanes) else None))
    with k.loop(0, last.taps) as tap:
        value = strided(k, line, k.add(start, k.mul(tap, last.dilation)))
        variable.set(fold.combine(k, variable.get(), value))
    return variable.get()


def strided(k: Kernel, line: Tensor, i: Index) -> ir.Value:
    """Elements of a line; every other one by two vectors and a shuffle."""
    if not (isinstance(i, Lanes) and i.step == 2 and i.count > 1):
        return k.read(line, (i,))
    count = i.count
    low = k.read(line, (Lanes(i.base, 1, count),))
    # One element earlier than the next vector, so that nothing behind the last lane is read.
    high = k.read(line, (Lanes(k.add(i.base, count - 1), 1, count),))
    order = [2 * lane if 2 * lane < count else 2 * lane + 1 for lane in range(count)]
    return k.ir.shuffle_vector(low, high, ir.Constant(ir.VectorType(ir.IntType(32), count), order))


# --- blocked layouts ---


def _blocked(plan: Plan, op: Pool, dims: Sequence[WindowDim]) -> None:
    *outer, last = dims
    block = block_of(op.layout)
    batch, blocks = op.x.tensor.dims[:2]
    units = BandedLines(plan.target, batch, blocks, [d.count for d in outer])
    plan.choose("lanes", f"{block} channels")
    cost = last.count * constants.prod(op.kernel) * block

    @plan.each(units.count, cost=cost)
    def row(k: Kernel, number: Any) -> None:
        n, channels, line = units.at(k, number)
        low, high = last.whole(k, k.dim(last.size), k.dim(last.count))
        for start, stop, is_whole in ((0, low, False), (low, high, True), (high, k.dim(last.count), False)):
            if not (isinstance(start, int) and isinstance(stop, int) and start >= stop):
                with k.loop(start, stop) as j:
                    _pixel(k, op, dims, (n, channels), [*line, j], is_whole)


def _pixel(k: Kernel, op: Pool, dims: Sequence[WindowDim], at: Sequence[Num], place: list[Num], is_whole: bool) -> None:
    fold = fold_of(op)
    lanes = Lanes(0, 1, block_of(op.layout), block_of(op.layout))
    ranges = [d.seen(k, position, k.dim(d.size)) for d, position in zip(dims, place, strict=True)]
    is_unrolled = is_whole and dims[-1].taps <= UNROLLED
    total = k.variable(fold.start(k, lanes.count))
    with nest(k, [k.sub(high, low) for low, high in ranges[: -1 if is_unrolled else None]]) as taps:
        moved = [k.add(low, tap) for (low, _), tap in zip(ranges, taps, strict=False)]
        for rest in range(dims[-1].taps) if is_unrolled else [None]:
            all_taps = moved if rest is None else [*moved, rest]
            source = _source(k, dims, place, all_taps)
            total.set(fold.combine(k, total.get(), _element(k, op, (*at, *source, lanes))))
    seen = _outer_count(k, op, dims, place)
    k.emit((*at, *place, lanes), _finished(k, op, total.get(), seen))


# --- indices ---


def _with_indices(plan: Plan, op: MaxPool, dims: Sequence[WindowDim]) -> None:
    """One result at a time: its taps in order, the first of equals kept."""
    counts = (*op.x.tensor.dims[:2], *(d.count for d in dims))

    @plan.each(product(counts), cost=2 * constants.prod(op.kernel))
    def one(k: Kernel, number: Any) -> None:
        index = k.unravel(number, [k.dim(d) for d in counts])
        at, place = index[:2], index[2:]
        fold = fold_of(op)
        best, found = k.variable(fold.start(k)), k.variable(k.i64(-1))
        ranges = [d.seen(k, position, k.dim(d.size)) for d, position in zip(dims, place, strict=True)]
        with nest(k, [k.sub(high, low) for low, high in ranges]) as taps:
            source = _source(k, dims, place, [k.add(low, t) for (low, _), t in zip(ranges, taps, strict=True)])
            value = _element(k, op, (*at, *source))
            is_better = k.ir.or_(k.compare("<", found.get(), 0), _is_above(k, fold.dtype, value, best.get()))
            best.set(k.ir.select(is_better, value, best.get()))
            found.set(k.select(is_better, k.i64(_flat(k, op, at, source)), found.get()))
        k.emit(index, registers.converted(k, best.get(), fold.dtype, op.x.tensor.dtype), found.get())


def _is_above(k: Kernel, dtype: DType, x: ir.Value, y: ir.Value) -> ir.Value:
    """Whether x is larger than y, NaN larger than all."""
    if not dtype.is_float:
        return (k.ir.icmp_signed if dtype.is_signed else k.ir.icmp_unsigned)(">", x, y)
    is_new_nan = k.ir.and_(k.ir.fcmp_unordered("uno", x, x), k.ir.fcmp_ordered("ord", y, y))
    return k.ir.or_(k.ir.fcmp_ordered(">", x, y), is_new_nan)


def _flat(k: Kernel, op: MaxPool, at: Sequence[Num], source: Sequence[Num]) -> Num:
    """The place in x flattened, its spatial dims in reverse order where `column_major`."""
    dims: Sequence[Dim] = op.x.tensor.dims
    spatial = list(zip(source, dims[2:], strict=True))
    place: Num = 0
    for i, dim in [*zip(at, dims[:2], strict=True), *(reversed(spatial) if op.column_major else spatial)]:
        place = k.add(k.mul(place, k.dim(dim)), i)
    return place
