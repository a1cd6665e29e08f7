"""ScatterElements and ScatterNd: x copied, then the updates put into the copy.

Updates that may meet are put by one unit in the order they have, so results do not depend on threads: a unit takes a
line along the axis, or a chunk of the slices that index tuples name. Sums and products of narrow floats are kept in f32
until the end.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from mlc.codegen import registers
from mlc.codegen.builder import Index, Num
from mlc.codegen.elements.arithmetic import larger, smaller
from mlc.codegen.kernel import Kernel, Temporary, Tensor
from mlc.codegen.kernels.checks import check_index_tuples, check_indices
from mlc.codegen.kernels.spaces import chunk, chunks_of, lanes_for
from mlc.codegen.registers import accumulator
from mlc.codegen.registry import checked, kernel
from mlc.codegen.schedule import Plan
from mlc.ir import Dim, DType, Value
from mlc.ir.dims import ceildiv, product
from mlc.ops import ScatterElements, ScatterNd, TensorScatter

# Elements of one unit of the copies before and behind.
COPIED = 4096


@checked(ScatterElements)
def scatter_elements_check(plan: Plan, op: ScatterElements) -> None:
    check_indices(plan, op, op.indices, op.x.tensor.dims[op.axis % op.x.tensor.rank])


@checked(ScatterNd)
def scatter_nd_check(plan: Plan, op: ScatterNd) -> None:
    check_index_tuples(plan, op, op.indices, op.x.tensor.dims)


@checked(TensorScatter)
def tensor_scatter_check(plan: Plan, op: TensorScatter) -> None:
    """A linear write must lie inside; see mlc.codegen.elements.indexing for the op itself."""
    axis = op.axis % op.x.tensor.rank
    if op.mode == "linear" and op.start is not None:
        size = op.x.tensor.dims[axis] - op.update.tensor.dims[axis] + 1
        check_indices(plan, op, op.start, size, counts_back=False)


@kernel(ScatterElements)
def scatter_elements(plan: Plan, op: ScatterElements) -> None:
    """One unit per line of the indices along the axis."""
    target, dtype = _copied(plan, op)
    dims, axis = op.indices.tensor.dims, op.axis % op.x.tensor.rank
    others = tuple(1 if i == axis else d for i, d in enumerate(dims))

    @plan.each(product(others), cost=dims[axis] * 2)
    def line(k: Kernel, number: Any) -> None:
        at = k.unravel(number, [k.dim(d) for d in others])
        y = k.tensor(target, op.x.tensor.dims)
        with k.loop(0, k.dim(dims[axis])) as i:
            source = (*at[:axis], i, *at[axis + 1 :])
            place = _place(k, op.indices, source, op.x.tensor.dims[axis])
            _put(k, op, y, (*at[:axis], place, *at[axis + 1 :]), k.tensor(op.updates), source)

    _finish(plan, op, target, dtype)


@kernel(ScatterNd)
def scatter_nd(plan: Plan, op: ScatterNd) -> None:
    """One unit per chunk of the named slices, over all tuples."""
    target, dtype = _copied(plan, op)
    depth = op.indices.tensor.dims[-1]
    assert isinstance(depth, int)
    count, inner = product(op.indices.tensor.dims[:-1]), product(op.x.tensor.dims[depth:])
    chunks = chunks_of(inner)
    lanes = lanes_for(plan, inner, op.x, dtype)
    plan.choose("lanes", lanes)

    @plan.each(chunks, cost=count * plan.estimate(inner) // max(1, plan.estimate(chunks)) + 1)
    def part(k: Kernel, number: Any) -> None:
        start, stop = chunk(k, number, inner)
        y = k.tensor(target, (*op.x.tensor.dims[:depth], inner))
        tuples, updates = k.tensor(op.indices, (count, depth)), k.tensor(op.updates, (count, inner))
        with k.loop(0, k.dim(count)) as i:
            places = [
                _wrapped(k, k.read(tuples, (i, n)), op.indices.tensor.dtype, op.x.tensor.dims[n]) for n in range(depth)
            ]
            for e in k.across(start, stop, lanes):
                _put(k, op, y, (*places, e), updates, (i, e))

    _finish(plan, op, target, dtype)


def _copied(plan: Plan, op: ScatterElements | ScatterNd) -> tuple[Value | Temporary, DType]:
    """Where updates are collected, x at first: the result where that loses nothing and nothing is behind it."""
    own = op.x.tensor.dtype
    dtype = accumulator(own) if op.reduction in ("add", "mul") else own
    is_direct = plan.group.outputs == (op.result,) and dtype is own
    target = op.result if is_direct else plan.temporary(dtype, *op.x.tensor.dims)
    plan.choose("updates", "in place" if is_direct else f"in {dtype} aside")
    count = op.x.tensor.element_count
    lanes = lanes_for(plan, count, op.x, dtype)

    @plan.each(ceildiv(count, COPIED), cost=COPIED)
    def copy(k: Kernel, number: Any) -> None:
        x, y = k.tensor(op.x, (count,)), k.tensor(target, (count,))
        start = k.mul(number, COPIED)
        for i in k.across(start, k.minimum(k.add(start, COPIED), k.dim(count)), lanes):
            k.write(y, (i,), k.read_as(dtype, x, (i,)))

    return target, dtype


def _finish(plan: Plan, op: ScatterElements | ScatterNd, target: Value | Temporary, dtype: DType) -> None:
    """What is behind the op, where the updates were collected aside."""
    if target is op.result:
        return
    *outer, inner = op.x.tensor.dims
    lanes = lanes_for(plan, inner, op.x, dtype)

    @plan.each(product(outer), cost=inner)
    def line(k: Kernel, number: Any) -> None:
        at = k.unravel(number, [k.dim(d) for d in outer])
        for i in k.across(0, k.dim(inner), lanes):
            value = k.read(k.tensor(target, op.x.tensor.dims), (*at, i))
            k.emit((*at, i), registers.converted(k, value, dtype, op.x.tensor.dtype))


def _place(k: Kernel, indices: Value, index: tuple[Index, ...], extent: Dim) -> Num:
    return _wrapped(k, k.read(k.tensor(indices), index), indices.tensor.dtype, extent)


def _wrapped(k: Kernel, index: ir.Value, dtype: DType, extent: Dim) -> Num:
    place = registers.converted(k, index, dtype, DType.I64)
    return k.select(k.compare("<", place, 0), k.add(place, k.dim(extent)), place)


def _put(
    k: Kernel,
    op: ScatterElements | ScatterNd,
    y: Tensor,
    place: tuple[Index, ...],
    updates: Tensor,
    source: tuple[Index, ...],
) -> None:
    new = k.read_as(y.dtype, updates, source)
    if op.reduction != "none":
        new = _combined(k, op.reduction, y.dtype, k.read(y, place), new)
    k.write(y, place, new)


def _combined(k: Kernel, reduction: str, dtype: DType, x: ir.Value, y: ir.Value) -> ir.Value:
    if dtype is DType.BOOL:
        return k.ir.or_(x, y) if reduction in ("add", "max") else k.ir.and_(x, y)
    match reduction:
        case "add":
            return k.ir.fadd(x, y) if dtype.is_float else k.ir.add(x, y)
        case "mul":
            return k.ir.fmul(x, y) if dtype.is_float else k.ir.mul(x, y)
        case "max":
            return larger(k, dtype, x, y)
        case _:
            return smaller(k, dtype, x, y)
