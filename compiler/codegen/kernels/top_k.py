"""TopK: the first k places of each line in stable order.

A small k keeps the best places in order on the stack and inserts what beats the last of them. Otherwise the line is
sorted whole.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from mlc.codegen import registers
from mlc.codegen.builder import I64, Index, Num
from mlc.codegen.kernel import Kernel
from mlc.codegen.kernels.keys import key_dtype, rising
from mlc.codegen.kernels.sorting import SortBuffers, Sorter
from mlc.codegen.kernels.spaces import along
from mlc.codegen.main import MainBuilder
from mlc.codegen.registry import kernel
from mlc.codegen.schedule import Plan
from mlc.ir import Dim
from mlc.ir.dims import is_static, product
from mlc.ops import TopK

# Up to this k places are inserted one by one.
FEW = 32

Place = Callable[[Index], tuple[Index, ...]]


@kernel(TopK, prologue=True)
def top_k(plan: Plan, op: TopK) -> None:
    """One unit per line."""
    dims = op.x.tensor.dims
    axis = op.axis % len(dims)
    extent, count = dims[axis], op.results[0].tensor.dims[axis]
    add_checks(plan, op, axis, extent, count)
    kinds = along(dims, axis)
    others = tuple(1 if kind == "line" else d for d, kind in zip(dims, kinds, strict=True))
    lines = product(others)
    is_few = isinstance(count, int) and 0 < count <= FEW
    plan.choose("order", "by insertion" if is_few else "by radix sort")
    key = key_dtype(op.x.tensor.dtype)
    buffers = None if is_few else SortBuffers.of(plan, key, lines, extent)

    @plan.each(lines, cost=extent * (4 if is_few else 8 * key.itemsize))
    def line(k: Kernel, number: Any) -> None:
        at = k.unravel(number, [k.dim(d) for d in others])

        def place(i: Index) -> tuple[Index, ...]:
            return (*at[:axis], i, *at[axis + 1 :])

        if buffers is None:
            assert isinstance(count, int)
            found = _by_insertion(k, op, k.dim(extent), count, place)
        else:
            found = _by_radix(k, op, buffers, number, place)
        with k.loop(0, k.dim(count)) as i:
            source = k.load(found, I64, i)
            k.emit(place(i), k.value_of(op.x, place(source)), source)


def add_checks(plan: Plan, op: TopK, axis: int, extent: Dim, count: Dim) -> None:
    """k from its operand, where it is one, and that there are as many elements."""
    operand = op.k_operand
    if operand is None and is_static(extent) and is_static(count):
        return

    def check(m: MainBuilder) -> None:
        k = m.dim(count) if operand is None else m.element(operand, 0)
        size = m.dim(extent)
        is_there = m.ir.and_(m.compare(">=", k, 0), m.compare("<=", k, size))
        m.require(is_there, "k is {0} but the axis has {1} elements", k, size, op=op)
        if operand is not None:
            shape = [k if i == axis else m.dim(d) for i, d in enumerate(op.x.tensor.dims)]
            for result in op.results:
                m.resolve(result, shape, op)

    plan.inline(check, *([operand] if operand is not None else []))


def _key(k: Kernel, op: TopK, index: tuple[Index, ...]) -> ir.Value:
    """An integer that is smaller for what comes first; NaN is larger than all numbers."""
    key = rising(k, op.x.tensor.dtype, k.value_of(op.x, index))
    return k.ir.not_(key) if op.is_largest else key


def _by_insertion(k: Kernel, op: TopK, extent: Num, count: int, place: Place) -> ir.Value:
    kind = registers.register_type(key_dtype(op.x.tensor.dtype))
    keys, places = k.stack(kind, count), k.stack(I64, count)
    with k.loop(0, extent) as i:
        key = _key(k, op, place(i))
        filled = k.minimum(i, count)
        last = k.load(keys, kind, k.maximum(k.sub(filled, 1), 0))
        is_in = k.ir.or_(k.compare("<", i, count), k.ir.icmp_signed("<", key, last))
        with k.when(is_in):
            hole = k.variable(k.i64(k.minimum(i, count - 1)))
            with k.repeat() as stop_if:
                stop_if(k.compare("==", hole.get(), 0))
                above = k.load(keys, kind, k.sub(hole.get(), 1))
                stop_if(k.ir.icmp_signed("<=", above, key))
                k.store(keys, above, hole.get())
                k.store(places, k.load(places, I64, k.sub(hole.get(), 1)), hole.get())
                hole.set(k.sub(hole.get(), 1))
            k.store(keys, key, hole.get())
            k.store(places, i, hole.get())
    return places


def _by_radix(k: Kernel, op: TopK, buffers: SortBuffers, line: Num, place: Place) -> ir.Value:
    sorter = Sorter(k, buffers, line)
    sorter.by(lambda i: _key(k, op, place(i)))
    return sorter.places
