"""Det by elimination with partial pivoting, in f64 on a copy; a unit is one matrix."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from mlc.codegen import registers
from mlc.codegen.builder import F64
from mlc.codegen.kernel import Kernel
from mlc.codegen.registry import kernel
from mlc.codegen.schedule import Plan
from mlc.ir import DType
from mlc.ir.dims import product
from mlc.ops import Det


@kernel(Det)
def det(plan: Plan, op: Det) -> None:
    """The product of the pivots, its sign turned by each swap of rows."""
    *batch, size, _ = op.x.tensor.dims
    copy = plan.temporary(DType.F64, product(batch), size, size)

    @plan.each(product(batch), cost=size * size * size // 3 + 1)
    def matrix(k: Kernel, number: Any) -> None:
        n = k.dim(size)
        x, a = k.tensor(op.x, (product(batch), size, size)), k.tensor(copy)
        with k.loop(0, n) as row, k.loop(0, n) as column:
            k.write(a, (number, row, column), k.read_as(DType.F64, x, (number, row, column)))
        result = k.variable(ir.Constant(F64, 1.0))
        with k.loop(0, n) as step:
            pivot = _pivot(k, a, number, step, n)
            _swap(k, a, number, step, pivot, n)
            head = k.read(a, (number, step, step))
            signed = k.select(k.compare("==", pivot, step), head, k.ir.fneg(head))
            result.set(k.ir.fmul(result.get(), signed))
            # A column of zeros makes the determinant 0, whatever the rows below become.
            divisor = k.select(k.ir.fcmp_ordered("==", head, k.like(0.0, head)), k.like(1.0, head), head)
            with k.loop(k.add(step, 1), n) as row:
                factor = k.ir.fdiv(k.read(a, (number, row, step)), divisor)
                with k.loop(step, n) as column:
                    taken = k.ir.fmul(factor, k.read(a, (number, step, column)))
                    k.write(a, (number, row, column), k.ir.fsub(k.read(a, (number, row, column)), taken))
        at = k.unravel(number, [k.dim(d) for d in batch])
        k.emit(at, registers.converted(k, result.get(), DType.F64, op.x.tensor.dtype))


def _pivot(k: Kernel, a: Any, number: Any, step: Any, n: Any) -> ir.Value:
    """The row from `step` on whose element in that column is largest."""
    best, largest = k.variable(k.i64(step)), k.variable(ir.Constant(F64, -1.0))
    with k.loop(step, n) as row:
        size = k.intrinsic("fabs", k.read(a, (number, row, step)))
        with k.when(k.ir.fcmp_ordered(">", size, largest.get())):
            best.set(row)
            largest.set(size)
    return best.get()


def _swap(k: Kernel, a: Any, number: Any, row: Any, other: Any, n: Any) -> None:
    with k.loop(row, n) as column:
        upper, lower = k.read(a, (number, row, column)), k.read(a, (number, other, column))
        k.write(a, (number, row, column), lower)
        k.write(a, (number, other, column), upper)
