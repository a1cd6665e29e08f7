"""Concat that is not computed in place: each operand is copied to its place, line by line along the axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlc.codegen import registers
from mlc.codegen.kernel import Kernel
from mlc.codegen.kernels.elementwise import CHUNK
from mlc.codegen.schedule import Plan
from mlc.ir import Dim, Value
from mlc.ir.dims import ceildiv, product
from mlc.ops import Concat


def copy_operands(plan: Plan, op: Concat, numbers: Sequence[int]) -> None:
    """A launch for each of these operands: lines of it go to lines of the result, in chunks."""
    start: Dim = 0
    axis = op.axis % op.result.tensor.rank
    for number, x in enumerate(op.xs):
        if number in numbers:
            _copy(plan, op, number, x, axis, start)
        start = start + x.tensor.dims[axis]
    plan.choose("copied", f"{len(numbers)} of {len(op.xs)}")


def _copy(plan: Plan, op: Concat, number: int, x: Value, axis: int, start: Dim) -> None:
    dims = op.result.tensor.dims
    outer, inner = product(dims[:axis]), product(dims[axis + 1 :])
    part, whole = x.tensor.dims[axis] * inner, dims[axis] * inner
    chunks = ceildiv(part, CHUNK)
    kind = registers.memory_type(x.tensor.dtype)
    lanes = max(1, plan.target.lanes(x.tensor.dtype.itemsize))

    def body(k: Kernel, begin: Any, end: Any) -> None:
        source, target = k.tensor(x), k.tensor(op.result)
        with k.loop(begin, end) as unit:
            line, chunk = k.unravel(unit, (k.dim(outer), k.dim(chunks)))
            low = k.mul(chunk, CHUNK) if chunks != 1 else 0
            high = k.minimum(k.add(low, CHUNK), k.dim(part)) if chunks != 1 else k.dim(part)
            there = k.add(k.mul(line, k.dim(whole)), k.mul(k.dim(start), k.dim(inner)))
            here = k.mul(line, k.dim(part))
            for i in k.across(low, high, lanes):
                k.store(target.pointer, k.load(source.pointer, kind, k.add(here, i)), k.add(there, i))

    width = min(part, CHUNK) if isinstance(part, int) else CHUNK
    plan.launch(body, count=outer * chunks, cost=width, variant=f"operand {number}")
