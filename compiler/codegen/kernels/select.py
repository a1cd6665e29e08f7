"""NonZero, Compress, Unique: how large the result is only the run can tell.

A first launch finds what is chosen, in one thread and in order; main then knows the size, gives it to the result's
symbol, and a second launch over the chosen writes the result.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from mlc.codegen.builder import I64, Num
from mlc.codegen.kernel import Kernel, Temporary
from mlc.codegen.kernels.keys import key_dtype, rising
from mlc.codegen.kernels.sorting import SortBuffers, Sorter
from mlc.codegen.kernels.spaces import lanes_for
from mlc.codegen.registry import kernel
from mlc.codegen.schedule import Plan
from mlc.ir import Dim, DType
from mlc.ir.dims import product
from mlc.ops import Compress, NonZero, Unique


@kernel(NonZero, prologue=True)
def non_zero(plan: Plan, op: NonZero) -> None:
    """Flat places first, then their indices."""
    dims = op.x.tensor.dims
    total = product(dims)
    places, count = plan.temporary(DType.I64, total), plan.temporary(DType.I64, 1)

    @plan.each(1, cost=total)
    def find(k: Kernel, number: Any) -> None:
        def holds(i: Num) -> ir.Value:
            x = k.value_of(op.x, k.unravel(i, [k.dim(d) for d in dims]))
            if op.x.tensor.dtype.is_float:
                return k.ir.fcmp_unordered("!=", x, k.like(0.0, x))
            return k.ir.icmp_signed("!=", x, k.like(0, x))

        _collect(k, k.dim(total), holds, places, count)

    def resolve(m: Any) -> None:
        m.resolve(op.result, [len(dims), m.load(m.pointer(count), I64)], op)

    plan.inline(resolve, count)
    if not dims:
        plan.inline(lambda m: None, *plan.group.outputs)  # their buffers are made, though nothing is written

    @plan.each(op.result.tensor.dims[1], cost=4)
    def one(k: Kernel, number: Any) -> None:
        index = k.unravel(k.read(k.tensor(places), (number,)), [k.dim(d) for d in dims])
        for axis, i in enumerate(index):
            k.emit((axis, number), k.i64(i))


def _collect(k: Kernel, extent: Num, holds: Any, places: Temporary, count: Temporary) -> None:
    """The numbers below extent for which `holds`, and how many they are."""
    found = k.variable(k.i64(0))
    with k.loop(0, extent) as i:
        k.write(k.tensor(places), (found.get(),), i)
        found.set(k.ir.add(found.get(), k.ir.zext(holds(i), I64)))
    k.write(k.tensor(count), (0,), found.get())


@kernel(Compress)
def compress(plan: Plan, op: Compress) -> None:
    """The chosen places of the axis, then a copy for each."""
    dims = op.x.tensor.dims
    axis = None if op.axis is None else op.axis % len(dims)
    outer, extent, inner = _around(dims, axis)
    length = op.condition.tensor.dims[0]
    places, count = plan.temporary(DType.I64, length), plan.temporary(DType.I64, 1)

    @plan.each(1, cost=length)
    def find(k: Kernel, number: Any) -> None:
        _collect(k, k.dim(length), lambda i: k.read(k.tensor(op.condition), (i,)), places, count)

    def resolve(m: Any) -> None:
        chosen = m.load(m.pointer(count), I64)
        last = m.load(m.pointer(places), I64, m.maximum(m.sub(chosen, 1), 0))
        is_inside = m.ir.or_(m.compare("==", chosen, 0), m.compare("<", last, m.dim(extent)))
        m.require(is_inside, "the condition chooses place {0} of {1}", last, m.dim(extent), op=op)
        shape = [chosen] if axis is None else [chosen if i == axis else m.dim(d) for i, d in enumerate(dims)]
        m.resolve(op.result, shape, op)

    plan.inline(resolve, count, places)
    chosen = op.result.tensor.dims[axis or 0]
    lanes = lanes_for(plan, dims[-1] if inner != 1 else 1, op.x, op.x.tensor.dtype)

    @plan.each(outer * chosen, cost=inner)
    def one(k: Kernel, number: Any) -> None:
        before, at = k.unravel(number, [k.dim(outer), k.dim(chosen)])
        source = k.read(k.tensor(places), (at,))
        x = k.tensor(op.x, (outer, extent, inner))
        if axis is None:
            k.emit((at,), k.read(x, (0, source, 0)))
            return
        head = k.unravel(before, [k.dim(d) for d in dims[:axis]])
        if inner == 1:
            k.emit((*head, at, *([0] * (len(dims) - axis - 1))), k.read(x, (before, source, 0)))
            return
        *middle, last = dims[axis + 1 :]
        with k.loop(0, k.dim(product(middle))) as row:
            rest = k.unravel(row, [k.dim(d) for d in middle])
            for i in k.across(0, k.dim(last), lanes):
                place = k.add(k.mul(row, k.dim(last)), i)
                k.emit((*head, at, *rest, i), k.read(x, (before, source, place)))


def _around(dims: tuple[Dim, ...], axis: int | None) -> tuple[Dim, Dim, Dim]:
    """How many lines there are before an axis, its extent, and the elements behind it; None is the flattened tensor."""
    if axis is None:
        return 1, product(dims), 1
    return product(dims[:axis]), dims[axis], product(dims[axis + 1 :])


@kernel(Unique)
def unique(plan: Plan, op: Unique) -> None:
    """Places sorted by what lies there, equal neighbours counted as one."""
    dims = op.x.tensor.dims
    axis = None if op.axis is None else op.axis % len(dims)
    outer, extent, inner = _around(dims, axis)
    buffers = SortBuffers.of(plan, key_dtype(op.x.tensor.dtype), 1, extent)
    first, counts, inverse, order = (plan.temporary(DType.I64, extent) for _ in range(4))
    count = plan.temporary(DType.I64, 1)

    @plan.each(1, cost=product(dims) * 16)
    def find(k: Kernel, number: Any) -> None:
        def key(place: Num, element: Num) -> ir.Value:
            before, behind = k.unravel(element, [k.dim(outer), k.dim(inner)])
            x = k.read(k.tensor(op.x, (outer, extent, inner)), (before, place, behind))
            return rising(k, op.x.tensor.dtype, x)

        width = k.dim(outer * inner)
        sorter = Sorter(k, buffers, 0)
        with k.loop(0, width) as turn:
            sorter.by(lambda place: key(place, k.sub(k.sub(width, 1), turn)))
        groups = _group(k, sorter, width, key, [first, counts, inverse])
        k.write(k.tensor(count), (0,), groups)
        _number(k, op, k.dim(extent), groups, [first, inverse, order])

    def resolve(m: Any) -> None:
        found = m.load(m.pointer(count), I64)
        shape = [found] if axis is None else [found if i == axis else m.dim(d) for i, d in enumerate(dims)]
        for result, actual in zip(op.results, (shape, [found], [m.dim(extent)], [found]), strict=True):
            m.resolve(result, actual, op)

    plan.inline(resolve, count)
    chosen = op.results[1].tensor.dims[0]

    @plan.each(chosen, cost=outer * inner)
    def one(k: Kernel, number: Any) -> None:
        group = k.read(k.tensor(order), (number,))
        place = k.read(k.tensor(first), (group,))
        x, y = k.tensor(op.x, (outer, extent, inner)), k.tensor(op.results[0], (outer, chosen, inner))
        with k.loop(0, k.dim(outer)) as before, k.loop(0, k.dim(inner)) as behind:
            k.write(y, (before, number, behind), k.read(x, (before, place, behind)))
        k.write(k.tensor(op.results[1]), (number,), place)
        k.write(k.tensor(op.results[3]), (number,), k.read(k.tensor(counts), (group,)))

    @plan.each(extent, cost=1)
    def each(k: Kernel, number: Any) -> None:
        k.write(k.tensor(op.results[2]), (number,), k.read(k.tensor(inverse), (number,)))


def _group(k: Kernel, sorter: Sorter, width: Num, key: Any, buffers: list[Temporary]) -> ir.Value:
    """How many groups of equal elements there are; each one's first place and size, and the group of each place."""
    first, counts, inverse = (k.tensor(b) for b in buffers)
    groups = k.variable(k.i64(0))
    with k.loop(0, sorter.extent) as i:
        place = k.load(sorter.places, I64, i)
        before = k.load(sorter.places, I64, k.maximum(k.sub(i, 1), 0))
        differs = k.variable(k.compare("==", i, 0))
        with k.loop(0, width) as element:
            is_other = k.ir.icmp_signed("!=", key(place, element), key(before, element))
            differs.set(k.ir.or_(differs.get(), is_other))
        with k.when(differs.get()):
            k.write(first, (groups.get(),), place)
            k.write(counts, (groups.get(),), k.i64(0))
            groups.set(k.add(groups.get(), 1))
        group = k.sub(groups.get(), 1)
        k.write(counts, (group,), k.add(k.read(counts, (group,)), 1))
        k.write(inverse, (place,), group)
    return groups.get()


def _number(k: Kernel, op: Unique, extent: Num, groups: Num, buffers: list[Temporary]) -> None:
    """order[n] is the group that comes n-th in the result; the groups in `inverse` become such numbers."""
    first, inverse, order = (k.tensor(b) for b in buffers)
    with k.loop(0, groups) as n:
        k.write(order, (n,), n)
    if op.is_sorted:
        return
    seen = k.variable(k.i64(0))
    with k.loop(0, extent) as i:
        group = k.read(inverse, (i,))
        start = k.read(first, (group,))
        is_new = k.compare("==", start, i)
        with k.when(is_new):
            k.write(order, (seen.get(),), group)
            k.write(inverse, (i,), seen.get())
            seen.set(k.add(seen.get(), 1))
        with k.when(k.ir.not_(is_new)):
            # Its first place came before, and holds the number by now.
            k.write(inverse, (i,), k.read(inverse, (start,)))
