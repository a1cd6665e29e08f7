"""MaxUnpool: zeros, then each element stored at its place, in order on one thread, so that the last of equals stays."""

from __future__ import annotations

from typing import Any

from mlc.codegen.builder import I64, Num
from mlc.codegen.kernel import Kernel, Storage
from mlc.codegen.kernels.spaces import CHUNK
from mlc.codegen.main import MainBuilder
from mlc.codegen.registry import kernel
from mlc.codegen.schedule import Plan
from mlc.ir import DType
from mlc.ir.dims import ceildiv, product
from mlc.ops import MaxUnpool


@kernel(MaxUnpool)
def max_unpool(plan: Plan, op: MaxUnpool) -> None:
    """Into the result itself, or into a temporary where something is behind it."""
    if op.shape is not None:
        add_resolution(plan, op)
    is_direct = plan.group.outputs == (op.result,)
    target: Storage = op.result if is_direct else plan.temporary(op.x.tensor.dtype, *op.dims)
    _fill(plan, op, target)
    _scatter(plan, op, target)
    if not is_direct:

        @plan.each(product(op.dims), cost=1)
        def copy(k: Kernel, number: Any) -> None:
            at = k.unravel(number, [k.dim(d) for d in op.dims])
            k.emit(at, k.read(k.tensor(target), at))


def add_resolution(plan: Plan, op: MaxUnpool) -> None:
    """Holds the result's dims against the numbers of the shape operand."""
    shape = op.shape
    assert shape is not None

    def resolve(m: MainBuilder) -> None:
        m.resolve(op.result, [m.element(shape, i) for i in range(len(op.dims))], op)

    plan.inline(resolve, shape)


def _fill(plan: Plan, op: MaxUnpool, target: Storage) -> None:
    count = product(op.dims)
    dtype = op.x.tensor.dtype
    lanes = plan.target.lanes(max(4, dtype.itemsize))

    @plan.each(ceildiv(count, CHUNK), cost=CHUNK)
    def fill(k: Kernel, number: Any) -> None:
        flat = k.tensor(target, (count,))
        start = k.mul(number, CHUNK)
        for i in k.across(start, k.minimum(k.add(start, CHUNK), k.dim(count)), lanes):
            k.write(flat, (i,), k.constant(dtype, 0))


def _scatter(plan: Plan, op: MaxUnpool, target: Storage) -> None:
    count, room = product(op.x.tensor.dims), product(op.source)
    wrong = plan.temporary(DType.I64, 1)

    @plan.each(1, cost=count)
    def scatter(k: Kernel, _: Any) -> None:
        bad = k.variable(k.i64(0))
        with k.loop(0, k.dim(count)) as i:
            place = k.read(k.tensor(op.indices, (count,)), (i,))
            is_inside = k.ir.icmp_unsigned("<", place, k.i64(k.dim(room)))
            with k.when(is_inside):
                at = k.unravel(place, [k.dim(d) for d in op.source])
                k.write(k.tensor(target, op.dims), at, k.read(k.tensor(op.x, (count,)), (i,)))
            bad.set(k.add(bad.get(), k.select(is_inside, 0, 1)))
        k.write(k.tensor(wrong), (0,), bad.get())

    def check(m: MainBuilder) -> None:
        bad: Num = m.load(m.pointer(wrong), I64)
        size = m.dim(room)
        m.require(m.compare("==", bad, 0), "{0} indices lie outside of [0, {1})", bad, size, op=op)

    plan.inline(check, wrong)
