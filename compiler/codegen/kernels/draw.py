"""Multinomial: the sums of a row's weights, then each draw finds its place among them; a unit is one row."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from mlc.codegen import math, registers
from mlc.codegen.builder import F64
from mlc.codegen.elements.random import stream
from mlc.codegen.kernel import Kernel
from mlc.codegen.registry import kernel
from mlc.codegen.schedule import Plan
from mlc.ir import DType
from mlc.ops import Multinomial


@kernel(Multinomial)
def multinomial(plan: Plan, op: Multinomial) -> None:
    """In f64 and in order, as the op is defined."""
    rows, classes = op.x.tensor.dims
    sums = plan.temporary(DType.F64, rows, classes)

    @plan.each(rows, cost=classes * (op.count + 16))
    def row(k: Kernel, number: Any) -> None:
        x, table = k.tensor(op.x), k.tensor(sums)
        largest, total = k.variable(ir.Constant(F64, float("-inf"))), k.variable(ir.Constant(F64, 0.0))
        with k.loop(0, k.dim(classes)) as i:
            weight = k.read_as(DType.F64, x, (number, i))
            largest.set(k.select(k.ir.fcmp_ordered(">", weight, largest.get()), weight, largest.get()))
        with k.loop(0, k.dim(classes)) as i:
            below = k.ir.fsub(k.read_as(DType.F64, x, (number, i)), largest.get())
            total.set(k.ir.fadd(total.get(), math.exp(k.ir, below)))
            k.write(table, (number, i), total.get())
        with k.loop(0, op.count) as draw:
            drawn = k.ir.fmul(stream(k, op.seed, k.add(k.mul(number, op.count), draw)), total.get())
            place = k.variable(k.i64(0))
            with k.loop(0, k.dim(classes)) as i:
                is_before = k.ir.fcmp_ordered("<=", k.read(table, (number, i)), drawn)
                place.set(k.add(place.get(), k.select(is_before, 1, 0)))
            k.emit((number, draw), registers.converted(k, place.get(), DType.I64, op.dtype))
