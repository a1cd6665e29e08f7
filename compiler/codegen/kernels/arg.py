"""ArgMax and ArgMin: the place of the largest key along an axis.

Along the last dim each lane keeps its best key and the number of the vector it was in; lanes are compared at the end.
Across lines each lane is a line of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from mlc.codegen import registers
from mlc.codegen.builder import I32, I64, Index, Lanes, with_lanes
from mlc.codegen.kernel import Kernel
from mlc.codegen.kernels.keys import falling, key_dtype, rising
from mlc.codegen.kernels.spaces import Space, along, bundles, chunk, chunks_of, lanes_for, reduced_space
from mlc.codegen.registry import kernel
from mlc.codegen.schedule import Plan
from mlc.ir.dims import product
from mlc.ops import ArgMax, ArgMin

Pair = tuple[Any, Any]  # keys and places, one of each or one per lane


@kernel(ArgMax, ArgMin, prologue=True)
def arg(plan: Plan, op: ArgMax | ArgMin) -> None:
    """Along the last dim or across it."""
    dims = op.x.tensor.dims
    kinds = along(dims, op.axis % len(dims))
    space = reduced_space(plan, op.x, kinds, "line", op.keep_dims)
    plan.choose("dims", " x ".join(f"{kind} {d}" for d, kind in zip(space.dims, space.kinds, strict=True)))
    if "inner" in space.kinds:
        _across(plan, op, space)
    else:
        _along(plan, op, space)


def _key(k: Kernel, op: ArgMax | ArgMin, index: Sequence[Index]) -> ir.Value:
    make = rising if isinstance(op, ArgMax) else falling
    return make(k, op.x.tensor.dtype, k.value_of(op.x, index))


def _emit(k: Kernel, op: ArgMax | ArgMin, space: Space, row: Sequence[Index], inner: Sequence[Index], at: Any) -> None:
    if space.shapes is None and op.keep_dims:
        index = space.index(row=row, line=[0], inner=inner)
    else:
        left = {"row": iter(row), "inner": iter(inner)}
        index = tuple(next(left[kind]) for kind in space.kinds if kind != "line")
    k.emit(index, at)


class _Best:
    """The best key so far and its place, in one lane or several."""

    def __init__(self, k: Kernel, op: ArgMax | ArgMin, lanes: int | None) -> None:
        self.k, self.picks_last = k, op.picks_last
        kind = registers.register_type(key_dtype(op.x.tensor.dtype))
        # Places are counted as wide as keys, but not narrower than 32 bits.
        self.place_type = I64 if kind == I64 else I32
        lowest = ir.Constant(kind, -1 << (kind.width - 1))
        # Nothing has been seen: of equal keys any real place is preferred.
        unseen = ir.Constant(self.place_type, -1 if op.picks_last else 0)
        self.key = k.variable(lowest if lanes is None else k.splat(lowest, lanes))
        self.place = k.variable(unseen if lanes is None else k.splat(unseen, lanes))

    def take(self, key: ir.Value, place: ir.Value) -> None:
        """Looks at a key that comes after all others."""
        if place.type != self.place_type:
            place = self.k.ir.trunc(place, self.place_type)
        is_better = self.k.ir.icmp_signed(">=" if self.picks_last else ">", key, self.key.get())
        is_better, place = self.k.unified(is_better, place) if self.is_vector else (is_better, place)
        self.key.set(self.k.ir.select(is_better, key, self.key.get()))
        self.place.set(self.k.ir.select(is_better, place, self.place.get()))

    @property
    def is_vector(self) -> bool:
        return isinstance(self.key.type, ir.VectorType)

    def places(self) -> ir.Value:
        """The places as i64."""
        place = self.place.get()
        return place if self.place_type == I64 else self.k.ir.sext(place, with_lanes(place.type, I64))


def _along(plan: Plan, op: ArgMax | ArgMin, space: Space) -> None:
    rows, (extent,) = space.extents("row"), space.extents("line")
    lanes = lanes_for(plan, extent, op.x, key_dtype(op.x.tensor.dtype), has_scalar_results=True)
    plan.choose("lanes", lanes)

    @plan.each(product(rows), cost=extent * 2, shapes=space.shapes)
    def row(k: Kernel, number: Any) -> None:
        at = k.unravel(number, [k.dim(d) for d in rows])
        vector, single = _Best(k, op, lanes), _Best(k, op, None)
        for (i,) in bundles(k, 0, k.dim(extent), lanes, 1):
            key = _key(k, op, space.index(row=at, line=[i]))
            if isinstance(i, Lanes):
                vector.take(key, k.i64(k.floordiv(i.base, lanes)))
            else:
                single.take(key, i)
        best = single.key.get(), single.places()
        if lanes > 1:
            best = _better(k, op, _best_lane(k, op, vector, lanes), best)
        _emit(k, op, space, at, [], best[1])


def _best_lane(k: Kernel, op: ArgMax | ArgMin, vector: _Best, lanes: int) -> Pair:
    """The best of all lanes; vector number n of lane l is place n * lanes + l."""
    places = k.ir.mul(vector.places(), k.splat(k.i64(lanes), lanes))
    places = k.ir.add(places, ir.Constant(places.type, list(range(lanes))))
    best: Pair = vector.key.get(), places
    while lanes > 1:
        lanes //= 2
        halves = [tuple(_part(k, x, first, lanes) for x in best) for first in (0, lanes)]
        best = _better(k, op, (halves[0][0], halves[0][1]), (halves[1][0], halves[1][1]))
    return k.lane(best[0], 0), k.lane(best[1], 0)


def _part(k: Kernel, x: ir.Value, first: int, count: int) -> ir.Value:
    order = ir.Constant(ir.VectorType(I32, count), list(range(first, first + count)))
    return k.ir.shuffle_vector(x, ir.Constant(x.type, ir.Undefined), order)


def _better(k: Kernel, op: ArgMax | ArgMin, x: Pair, y: Pair) -> Pair:
    """The pair with the larger key; of equal keys that with the smaller place, or the larger one."""
    is_above = k.ir.icmp_signed(">", y[0], x[0])
    is_equal = k.ir.icmp_signed("==", y[0], x[0])
    is_preferred = k.ir.icmp_signed(">" if op.picks_last else "<", y[1], x[1])
    is_y = k.ir.or_(is_above, k.ir.and_(is_equal, is_preferred))
    return k.ir.select(is_y, y[0], x[0]), k.ir.select(is_y, y[1], x[1])


def _across(plan: Plan, op: ArgMax | ArgMin, space: Space) -> None:
    rows, (extent,), inner = space.extents("row"), space.extents("line"), space.extents("inner")
    *outer, last = inner
    lanes = lanes_for(plan, last, op.x, key_dtype(op.x.tensor.dtype))
    plan.choose("lanes", f"{lanes} across")
    chunks = chunks_of(last)
    width = plan.estimate(last) // max(plan.estimate(chunks), 1)

    @plan.each(product((*rows, *outer)) * chunks, cost=extent * max(width, 1) * 2, shapes=space.shapes)
    def unit(k: Kernel, number: Any) -> None:
        *at, part = k.unravel(number, [*(k.dim(d) for d in (*rows, *outer)), k.dim(chunks)])
        row, before = at[: len(rows)], at[len(rows) :]
        for j in k.across(*chunk(k, part, last), lanes):
            best = _Best(k, op, j.count if isinstance(j, Lanes) else None)
            with k.loop(0, k.dim(extent)) as i:
                best.take(_key(k, op, space.index(row=row, line=[i], inner=[*before, j])), i)
            _emit(k, op, space, row, [*before, j], best.places())
