"""Index tensors are looked through before a kernel uses them: an index outside its axis is an error of the run.

One launch finds an index that is out, if there is one; main tests what it found. Constant indices are looked at when
the model is compiled.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from mlc.codegen import registers
from mlc.codegen.builder import I64
from mlc.codegen.kernel import Kernel
from mlc.codegen.program import literal
from mlc.codegen.registry import NoKernel, checked
from mlc.codegen.schedule import Plan
from mlc.ir import Dim, DType, Op, Value
from mlc.ir.dims import is_static, product
from mlc.ops import Assert, Gather, GatherElements, GatherNd, ReverseSequence


@checked(Gather, GatherElements)
def gather(plan: Plan, op: Gather | GatherElements) -> None:
    axis = op.axis % op.x.tensor.rank
    check_indices(plan, op, op.indices, op.x.tensor.dims[axis])


@checked(GatherNd)
def gather_nd(plan: Plan, op: GatherNd) -> None:
    check_index_tuples(plan, op, op.indices, op.x.tensor.dims[op.batch_axes :])


@checked(ReverseSequence)
def reverse_sequence(plan: Plan, op: ReverseSequence) -> None:
    check_indices(plan, op, op.lengths, op.x.tensor.dims[op.time_axis] + 1, counts_back=False)


@checked(Assert)
def assertion(plan: Plan, op: Assert) -> None:
    found = plan.temporary(DType.I64, 1)  # whether one does not hold
    dims = op.x.tensor.dims

    @plan.each(1, cost=product(dims))
    def look(k: Kernel, number: Any) -> None:
        result = k.tensor(found)
        k.write(result, (0,), ir.Constant(I64, 0))
        with k.loop(0, k.dim(product(dims))) as place:
            holds = k.value_of(op.x, k.unravel(place, [k.dim(d) for d in dims]))
            with k.when(k.ir.not_(holds)):
                k.write(result, (0,), ir.Constant(I64, 1))

    def test(m: Any) -> None:
        m.require(m.compare("==", m.load(m.pointer(found), I64, 0), 0), literal(op.message), op=op)

    plan.inline(test, found)


def check_index_tuples(plan: Plan, op: Op, indices: Value, dims: tuple[Dim, ...]) -> None:
    """Checks the tuples in the last axis of `indices`, one entry for each of the first `dims`."""
    depth = indices.tensor.dims[-1]
    if not isinstance(depth, int):
        raise NoKernel("the length of index tuples is not known when compiling")
    for number in range(depth):
        check_indices(plan, op, indices, dims[number], column=number)


def check_indices(
    plan: Plan, op: Op, indices: Value, size: Dim, *, column: int | None = None, counts_back: bool = True
) -> None:
    """Makes the run fail at `op` where an index is outside [-size, size), or [0, size) unless it `counts_back`.

    `column` picks one of the last axis.
    """
    dims = indices.tensor.dims
    if _is_fine(plan, indices, size, column, counts_back):
        return
    found = plan.temporary(DType.I64, 2)  # whether one is out, and that one
    width: Dim = 1 if column is None else dims[-1]
    count = product(dims[:-1]) if column is not None else product(dims)

    @plan.each(1, cost=count)
    def look(k: Kernel, number: Any) -> None:
        limit = k.dim(size)
        result = k.tensor(found)
        k.write(result, (0,), ir.Constant(I64, 0))
        with k.loop(0, k.dim(count)) as place:
            flat = k.add(k.mul(place, k.dim(width)), column or 0)
            at = k.unravel(flat, [k.dim(d) for d in dims])
            index = registers.converted(k, k.value_of(indices, at), indices.tensor.dtype, DType.I64)
            least = k.mul(limit, -1) if counts_back else 0
            is_out = k.ir.or_(k.compare("<", index, least), k.compare(">=", index, limit))
            with k.when(is_out):
                k.write(result, (0,), ir.Constant(I64, 1))
                k.write(result, (1,), index)

    def test(m: Any) -> None:
        at = m.pointer(found)
        is_fine = m.compare("==", m.load(at, I64, 0), 0)
        text = "index {0} is outside of [-{1}, {1})" if counts_back else "index {0} is outside of [0, {1})"
        m.require(is_fine, text, m.load(at, I64, 1), m.dim(size), op=op)

    plan.inline(test, found)


def _is_fine(plan: Plan, indices: Value, size: Dim, column: int | None, counts_back: bool) -> bool:
    """Whether constant indices all lie inside of a static extent."""
    array = plan.constant(indices)
    if array is None or not is_static(size) or not isinstance(size, int):
        return False
    seen = array if column is None else array[..., column]
    return bool(((seen >= (-size if counts_back else 0)) & (seen < size)).all())
