"""TopK: the first k places of each line in stable order.

A small k keeps the best places in order on the stack and inserts what beats the last of them. Otherwise the line is
sorted whole: radix sort of keys by bytes, lowest first, each pass a count, a running sum and a stable scatter
(Knuth, The Art of Computer Programming 3, 5.2.5).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from mlc.codegen import registers
from mlc.codegen.builder import I64, Index, Num
from mlc.codegen.kernel import Kernel, Temporary
from mlc.codegen.kernels.keys import key_dtype, rising
from mlc.codegen.kernels.spaces import along
from mlc.codegen.main import MainBuilder
from mlc.codegen.registry import kernel
from mlc.codegen.schedule import Plan
from mlc.ir import Dim, DType
from mlc.ir.dims import is_static, product
from mlc.ops import TopK

# Up to this k places are inserted one by one.
FEW = 32
RADIX = 256

Place = Callable[[Index], tuple[Index, ...]]


@kernel(TopK, prologue=True)
def top_k(plan: Plan, op: TopK) -> None:
    """One unit per line."""
    dims = op.x.tensor.dims
    axis = op.axis % len(dims)
    extent, count = dims[axis], op.results[0].tensor.dims[axis]
    _add_checks(plan, op, axis, extent, count)
    kinds = along(dims, axis)
    others = tuple(1 if kind == "line" else d for d, kind in zip(dims, kinds, strict=True))
    lines = product(others)
    is_few = isinstance(count, int) and 0 < count <= FEW
    plan.choose("order", "by insertion" if is_few else "by radix sort")
    key = key_dtype(op.x.tensor.dtype)
    buffers = [] if is_few else [plan.temporary(d, lines, extent) for d in (key, key, DType.I64, DType.I64)]

    @plan.each(lines, cost=extent * (4 if is_few else 8 * key.itemsize))
    def line(k: Kernel, number: Any) -> None:
        at = k.unravel(number, [k.dim(d) for d in others])

        def place(i: Index) -> tuple[Index, ...]:
            return (*at[:axis], i, *at[axis + 1 :])

        if isinstance(count, int) and is_few:
            found = _by_insertion(k, op, k.dim(extent), count, place)
        else:
            found = _by_radix(k, op, k.dim(extent), [_row(k, b, number, extent) for b in buffers], place)
        with k.loop(0, k.dim(count)) as i:
            source = k.load(found, I64, i)
            k.emit(place(i), k.value_of(op.x, place(source)), source)


def _add_checks(plan: Plan, op: TopK, axis: int, extent: Dim, count: Dim) -> None:
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


def _row(k: Kernel, buffer: Temporary, number: Num, extent: Dim) -> ir.Value:
    return k.at(k.tensor(buffer).pointer, registers.memory_type(buffer.dtype), k.mul(number, k.dim(extent)))


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


def _by_radix(k: Kernel, op: TopK, extent: Num, buffers: list[ir.Value], place: Place) -> ir.Value:
    """The places in order: sorted from one pair of buffers to the other and back, a byte of the keys a pass."""
    kind = registers.register_type(key_dtype(op.x.tensor.dtype))
    first_keys, other_keys, first_places, other_places = buffers
    lowest = ir.Constant(kind, -1 << (kind.width - 1))
    with k.loop(0, extent) as i:
        # Unsigned order from here on.
        k.store(first_keys, k.ir.xor(_key(k, op, place(i)), lowest), i)
        k.store(first_places, i, i)
    starts = k.stack(I64, RADIX)
    pass_count = kind.width // 8
    with k.loop(0, pass_count) as number:
        is_even = k.compare("==", k.mod(number, 2), 0)
        keys, new_keys = k.ir.select(is_even, first_keys, other_keys), k.ir.select(is_even, other_keys, first_keys)
        places = k.ir.select(is_even, first_places, other_places)
        new_places = k.ir.select(is_even, other_places, first_places)
        _pass(k, kind, extent, (keys, places), (new_keys, new_places), starts, number)
    return other_places if pass_count % 2 else first_places


def _pass(
    k: Kernel,
    kind: ir.Type,
    extent: Num,
    source: tuple[ir.Value, ir.Value],
    target: tuple[ir.Value, ir.Value],
    starts: ir.Value,
    number: Num,
) -> None:
    def digit(key: ir.Value) -> ir.Value:
        wide = key if kind == I64 else k.ir.zext(key, I64)
        return k.ir.and_(k.ir.lshr(wide, k.mul(number, 8)), k.i64(RADIX - 1))

    with k.loop(0, RADIX) as d:
        k.store(starts, k.i64(0), d)
    with k.loop(0, extent) as i:
        d = digit(k.load(source[0], kind, i))
        k.store(starts, k.add(k.load(starts, I64, d), 1), d)
    total = k.variable(k.i64(0))
    with k.loop(0, RADIX) as d:
        size = k.load(starts, I64, d)
        k.store(starts, total.get(), d)
        total.set(k.add(total.get(), size))
    with k.loop(0, extent) as i:
        key = k.load(source[0], kind, i)
        d = digit(key)
        at = k.load(starts, I64, d)
        k.store(starts, k.add(at, 1), d)
        k.store(target[0], key, at)
        k.store(target[1], k.load(source[1], I64, i), at)
