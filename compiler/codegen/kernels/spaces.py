"""The index space of ops that treat dims differently: rows and lines, channels and pixels; loops and folds over it.

A `Space` names the kind of each dim of an op's main operand and merges neighbours of one kind where everything fused
with the op walks through them alike, so that [N, C, H, W] reduced over H and W is lines of H * W elements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from mlc.codegen import registers
from mlc.codegen.builder import Index, Lanes, Num
from mlc.codegen.groups import Group
from mlc.codegen.kernel import Kernel
from mlc.codegen.schedule import Plan
from mlc.ir import Dim, DType, Value
from mlc.ir.dims import ceildiv

# Independent sums a fold keeps in flight: an addition takes 3 to 4 cycles, and loads feed one or two a cycle.
ACCUMULATORS = 4
# Elements of the dim across lanes in one unit of the parallel range.
CHUNK = 512


@dataclass(frozen=True)
class Space:
    """The dims of an operand and the kind of each; `shapes` is how the group's values are seen, None for as they are.

    Where `dropped` is a kind, values behind the root have only the other dims.
    """

    dims: tuple[Dim, ...]
    kinds: tuple[str, ...]
    shapes: dict[Value, tuple[Dim, ...]] | None

    def extents(self, kind: str) -> tuple[Dim, ...]:
        """The dims of one kind."""
        return tuple(d for d, k in zip(self.dims, self.kinds, strict=True) if k == kind)

    def index(self, **by_kind: Sequence[Index]) -> tuple[Index, ...]:
        """The full index from the indices of each kind."""
        left = {kind: iter(indices) for kind, indices in by_kind.items()}
        return tuple(next(left[kind]) for kind in self.kinds)


def space_of(
    plan: Plan, operands: Sequence[Value | None], kinds: Sequence[str], *, beside: Sequence[Value] = ()
) -> Space:
    """The merged space of a root whose result has the dims of its first operand, and whose `operands` broadcast to it;
    those `beside` do not."""
    group = plan.group
    x, *_ = present = [v for v in operands if v is not None]
    main = {v: _padded(v, len(kinds)) for v in (*ancestors(group, present), *_behind(group))}
    others = ancestors(group, beside)
    if not _is_elementwise(group) or any(v in main for v in others):
        return Space(x.tensor.dims, tuple(kinds), None)
    return _merged(x.tensor.dims, kinds, main)


def reduced_space(plan: Plan, x: Value, kinds: Sequence[str], dropped: str, keeps_dims: bool) -> Space:
    """The merged space of a root whose result lacks the dims of kind `dropped`, or has 1 there."""
    group = plan.group
    before = {v: _padded(v, len(kinds)) for v in ancestors(group, [x])}
    behind = _behind(group)
    if not _is_elementwise(group) or any(v in before for v in behind):
        return Space(x.tensor.dims, tuple(kinds), None)
    aligned = dict(before)
    for value in behind:
        if keeps_dims:
            aligned[value] = _padded(value, len(kinds))
        else:
            left = iter(_padded(value, sum(kind != dropped for kind in kinds)))
            aligned[value] = tuple(1 if kind == dropped else next(left) for kind in kinds)
    space = _merged(x.tensor.dims, kinds, aligned)
    assert space.shapes is not None
    for value in behind:
        dims = zip(space.shapes[value], space.kinds, strict=True)
        space.shapes[value] = tuple(d for d, kind in dims if kind != dropped)
    return space


def _merged(dims: Sequence[Dim], kinds: Sequence[str], aligned: dict[Value, tuple[Dim, ...]]) -> Space:
    merged: list[Dim] = []
    merged_kinds: list[str] = []
    patterns: list[list[str]] = []
    shapes: dict[Value, list[Dim]] = {v: [] for v in aligned}
    for axis, (dim, kind) in enumerate(zip(dims, kinds, strict=True)):
        pattern = [_walk(own[axis], dim) for own in aligned.values()]
        is_same_kind = bool(merged_kinds) and merged_kinds[-1] == kind
        if is_same_kind and dim == 1:
            continue
        if is_same_kind and merged[-1] == 1:
            del merged[-1], merged_kinds[-1], patterns[-1]
            for own_dims in shapes.values():
                del own_dims[-1]
            is_same_kind = False
        if is_same_kind and patterns[-1] == pattern and "?" not in pattern:
            merged[-1] = merged[-1] * dim
            for own_dims, walk in zip(shapes.values(), pattern, strict=True):
                own_dims[-1] = merged[-1] if walk == "dense" else 1
        else:
            merged.append(dim)
            merged_kinds.append(kind)
            patterns.append(pattern)
            for own_dims, own in zip(shapes.values(), aligned.values(), strict=True):
                own_dims.append(own[axis])
    return Space(tuple(merged), tuple(merged_kinds), {v: tuple(d) for v, d in shapes.items()})


def _walk(dim: Dim, full: Dim) -> str:
    if dim == full:
        return "dense"
    return "broadcast" if dim == 1 else "?"


def _padded(value: Value, rank: int) -> tuple[Dim, ...]:
    return (1,) * (rank - value.tensor.rank) + value.tensor.dims


def _is_elementwise(group: Group) -> bool:
    return all(op.is_elementwise for op in group.ops if op is not group.root)


def ancestors(group: Group, values: Iterable[Value]) -> dict[Value, None]:
    """The values that `values` are computed from inside of the group, themselves included, up to the root."""
    found: dict[Value, None] = {}
    stack = list(values)
    while stack:
        value = stack.pop()
        if value not in found:
            found[value] = None
            if value.op is not None and value.op in group.ops and value.op is not group.root:
                stack.extend(value.op.operands)
    return found


def _behind(group: Group) -> dict[Value, None]:
    assert group.root is not None
    return {**dict.fromkeys(group.root.results), **ancestors(group, group.outputs)}


def is_computed(plan: Plan, value: Value) -> bool:
    """Whether the group computes the value instead of reading it."""
    return value.op is not None and value.op in plan.group.ops


def along(dims: Sequence[Dim], axis: int) -> tuple[str, ...]:
    """Kinds for an op along one axis: "row" before it, "line" itself, "inner" what lies between its elements."""
    last = max([i for i, d in enumerate(dims) if i > axis and d != 1], default=axis)
    return tuple("line" if i == axis else "inner" if axis < i <= last else "row" for i in range(len(dims)))


# --- loops ---


@contextmanager
def nest(k: Kernel, extents: Sequence[Num]) -> Iterator[list[Num]]:
    """Loops inside one another, the last the innermost."""
    with ExitStack() as stack:
        yield [stack.enter_context(k.loop(0, extent)) for extent in extents]


def walk(k: Kernel, dims: Sequence[Dim], lanes: int) -> Iterator[list[Index]]:
    """Every index of `dims`, the last in vectors of lanes and then one by one; once, with no index, for no dims."""
    if not dims:
        yield []
        return
    with nest(k, [k.dim(d) for d in dims[:-1]]) as outer:
        for i in k.across(0, k.dim(dims[-1]), lanes):
            yield [*outer, i]


def bundles(k: Kernel, start: Num, stop: Num, lanes: int, count: int = ACCUMULATORS) -> Iterator[list[Index]]:
    """[start, stop) in bundles of `count` vectors, then in single vectors, then one by one."""
    at = start
    for step in dict.fromkeys((lanes * count, lanes, 1) if lanes > 1 else (1,)):
        length = k.sub(stop, at)
        end = k.add(at, k.mul(k.floordiv(length, step), step)) if step > 1 else stop
        if not (isinstance(length, int) and length < step):
            with k.loop(at, end, step) as i:
                if step == 1:
                    yield [i]
                else:
                    yield [Lanes(k.add(i, n * lanes), 1, lanes) for n in range(step // lanes)]
        at = end


def covering(k: Kernel, extent: Dim, lanes: int) -> Iterator[list[Index]]:
    """As `bundles` over a whole dim, but the last vectors of a static one begin early enough to end with it: no rest,
    but some indices come twice."""
    if not isinstance(extent, int) or lanes == 1:
        yield from bundles(k, 0, k.dim(extent), lanes)
        return
    count = min(-(-extent // lanes), ACCUMULATORS)
    width = count * lanes
    if extent <= width:
        yield [Lanes(min(n * lanes, extent - lanes), 1, lanes) for n in range(count)]
        return
    with k.loop(0, extent, width) as i:
        start = k.minimum(i, extent - width)
        yield [Lanes(k.add(start, n * lanes), 1, lanes) for n in range(count)]


def chunks_of(extent: Dim) -> Dim:
    """How many units the dim across lanes is cut into."""
    return ceildiv(extent, CHUNK)


def chunk(k: Kernel, number: Num, extent: Dim) -> tuple[Num, Num]:
    """Where unit `number` of the dim across lanes starts and ends."""
    if chunks_of(extent) == 1:
        return 0, k.dim(extent)
    start = k.mul(number, CHUNK)
    return start, k.minimum(k.add(start, CHUNK), k.dim(extent))


def lanes_for(plan: Plan, inner: Dim, x: Value, dtype: DType, *, has_scalar_results: bool = False) -> int:
    """Lanes along `inner` for all that the group computes for x, and for `dtype`, and behind its root unless lanes end
    there: as many as fill a register with the widest, or what a short dim fills."""
    values = [*ancestors(plan.group, [x]), *([] if has_scalar_results else _behind(plan.group))]
    widest = max(_register_bytes(d) for d in (dtype, *(v.tensor.dtype for v in values)))
    lanes = min(plan.target.lanes(widest), 32)
    while isinstance(inner, int) and lanes > 1 and inner < lanes:
        lanes //= 2
    return lanes


def _register_bytes(dtype: DType) -> int:
    return 4 if dtype.is_float and dtype.itemsize < 4 else dtype.itemsize


# --- folds ---


@dataclass(frozen=True)
class Fold:
    """An associative operation on registers of `dtype`. `step` takes an element in, where that is not to combine it."""

    dtype: DType
    neutral: float
    combine: Callable[[Kernel, ir.Value, ir.Value], ir.Value]
    step: Callable[[Kernel, ir.Value, Any], ir.Value] | None = None

    def start(self, k: Kernel, lanes: int | None = None) -> ir.Value:
        """The neutral element, in each of `lanes` lanes."""
        one = registers.constant(self.dtype, self.neutral)
        return one if lanes is None else k.splat(one, lanes)

    def take(self, k: Kernel, total: Any, element: Any) -> None:
        """Adds an element to the variable `total`."""
        total.set((self.step or self.combine)(k, total.get(), element))


def total_of(dtype: DType) -> Fold:
    """The sum of numbers of an accumulator's dtype."""
    return Fold(dtype, 0, lambda k, x, y: k.ir.fadd(x, y) if dtype.is_float else k.ir.add(x, y))


def squares_of(dtype: DType) -> Fold:
    """The sum of the squares."""
    return Fold(dtype, 0, lambda k, x, y: k.ir.fadd(x, y), lambda k, total, x: k.fma(x, x, total))


def products_of(dtype: DType) -> Fold:
    """The sum of products; an element is the pair of factors."""
    return Fold(dtype, 0, lambda k, x, y: k.ir.fadd(x, y), lambda k, total, pair: k.fma(pair[0], pair[1], total))


def fold_line(
    k: Kernel,
    fold: Fold,
    extents: Sequence[Num],
    lanes: int,
    element: Callable[[list[Index]], ir.Value],
    accumulators: int = ACCUMULATORS,
) -> ir.Value:
    """The fold of `element(index)` over all indices below `extents`, as a scalar; the last dim runs over lanes.

    The order depends on the extents and lanes alone: vectors are dealt to the accumulators in turn. One accumulator is
    enough where an element takes longer to compute than to fold.
    """
    single = k.variable(fold.start(k))
    if not extents:
        fold.take(k, single, element([]))
        return single.get()
    totals = [k.variable(fold.start(k, lanes)) for _ in range(accumulators if lanes > 1 else 0)]
    with nest(k, extents[:-1]) as outer:
        for bundle in bundles(k, 0, extents[-1], lanes, accumulators):
            for number, i in enumerate(bundle):
                fold.take(k, totals[number] if isinstance(i, Lanes) else single, element([*outer, i]))
    if not totals:
        return single.get()
    vectors = [t.get() for t in totals]
    while len(vectors) > 1:
        vectors = [fold.combine(k, x, y) for x, y in zip(vectors[::2], vectors[1::2], strict=True)]
    return fold.combine(k, across_lanes(k, fold.combine, vectors[0]), single.get())


def across_lanes(k: Kernel, combine: Callable[[Kernel, ir.Value, ir.Value], ir.Value], x: ir.Value) -> ir.Value:
    """All lanes combined into one, halves with halves."""
    count = x.type.count
    while count > 1:
        count //= 2
        low, high = (
            k.ir.shuffle_vector(x, ir.Constant(x.type, ir.Undefined), _numbers(range(first, first + count)))
            for first in (0, count)
        )
        x = combine(k, low, high)
    return k.lane(x, 0)


def _numbers(lanes: Iterable[int]) -> ir.Constant:
    numbers = list(lanes)
    return ir.Constant(ir.VectorType(ir.IntType(32), len(numbers)), numbers)


def fold_across(
    k: Kernel,
    fold: Fold,
    extents: Sequence[Num],
    bundle: Sequence[Index],
    element: Callable[[list[Num], Index], ir.Value],
    *,
    in_turn: bool = True,
) -> list[ir.Value]:
    """For each index of `bundle` (lanes or one), the fold of `element(at, index)` over all `at` below `extents`.

    A single vector is folded in ACCUMULATORS parts, the elements dealt to them in turn, unless `in_turn` is false.
    """
    if in_turn and len(bundle) == 1 and isinstance(bundle[0], Lanes) and extents:
        return [_fold_in_turn(k, fold, extents, bundle[0], element)]
    totals = [k.variable(fold.start(k, i.count if isinstance(i, Lanes) else None)) for i in bundle]
    with nest(k, extents) as at:
        for total, i in zip(totals, bundle, strict=True):
            fold.take(k, total, element(at, i))
    return [t.get() for t in totals]


def _fold_in_turn(
    k: Kernel, fold: Fold, extents: Sequence[Num], i: Lanes, element: Callable[[list[Num], Index], ir.Value]
) -> ir.Value:
    totals = [k.variable(fold.start(k, i.count)) for _ in range(ACCUMULATORS)]
    last = extents[-1]
    whole = k.mul(k.floordiv(last, ACCUMULATORS), ACCUMULATORS)
    with nest(k, extents[:-1]) as outer:
        with k.loop(0, whole, ACCUMULATORS) as at:
            for number, total in enumerate(totals):
                fold.take(k, total, element([*outer, k.add(at, number)], i))
        with k.loop(whole, last) as at:
            fold.take(k, totals[0], element([*outer, at], i))
    first, second, third, fourth = (t.get() for t in totals)
    return fold.combine(k, fold.combine(k, first, second), fold.combine(k, third, fourth))
