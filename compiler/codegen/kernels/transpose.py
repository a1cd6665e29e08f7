"""Transposes that move the innermost dim: square blocks turned in registers.

Lines of x along its innermost dim become columns of the result. A block of lanes x lanes elements is read as vectors
along x's innermost dim, turned by shuffles in log2(lanes) stages (Eklundh, A Fast Computer Method for Matrix
Transposing, 1972) and written as vectors along the result's. Dims that stay together are merged first; what is left at
the edges goes element by element.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from mlc.codegen import registers
from mlc.codegen.builder import I32, Builder, Lanes, Num
from mlc.codegen.kernel import Kernel
from mlc.codegen.schedule import Plan
from mlc.ir import Dim
from mlc.ir.dims import ceildiv, product
from mlc.ops import Transpose

# Blocks of 8 x 8: wider ones of narrow elements do not fit the registers.
MOST_LANES = 8


def moves_innermost(op: Transpose) -> bool:
    """Whether the result's innermost dim is not x's, dims of 1 apart."""
    dims = op.x.tensor.dims
    order = [axis for axis in op.perm if dims[axis] != 1]
    return bool(order) and order[-1] != max(order)


def transpose(plan: Plan, op: Transpose) -> None:
    """One unit per index of the other dims and block of x's innermost dim."""
    dims, order = merged_axes(op.x.tensor.dims, op.perm)
    moved = [dims[axis] for axis in order]
    across, along = order[-1], len(dims) - 1  # x's axis that becomes innermost, and x's innermost axis
    outer = [axis for axis in order if axis not in (across, along)]
    itemsize = op.x.tensor.dtype.itemsize
    lanes = min(MOST_LANES, plan.target.lanes(itemsize))
    kind = registers.memory_type(op.x.tensor.dtype)
    blocks = ceildiv(dims[along], lanes)
    plan.choose("dims", "x".join(map(str, dims)))
    plan.choose("order", order)
    plan.choose("block", f"{lanes}x{lanes}")

    @plan.each(product([dims[a] for a in outer]) * blocks, cost=dims[across] * lanes)
    def unit(k: Kernel, number: Any) -> None:
        *at, block = k.unravel(number, [*(k.dim(dims[a]) for a in outer), k.dim(blocks)])
        source, target = k.tensor(op.x, dims), k.tensor(op.result, moved)
        strides_in = {axis: source.strides[axis] for axis in range(len(dims))}
        strides_out = {axis: target.strides[place] for place, axis in enumerate(order)}
        start_in, start_out = _offset(k, outer, at, strides_in), _offset(k, outer, at, strides_out)
        first = k.mul(block, lanes)
        width = k.minimum(k.sub(k.dim(dims[along]), first), lanes)

        def place_in(i: Num, j: Num) -> Num:
            return k.add(start_in, k.add(i, k.mul(j, strides_in[across])))

        def place_out(i: Num, j: Num) -> Num:
            return k.add(start_out, k.add(j, k.mul(i, strides_out[along])))

        length = k.dim(dims[across])
        whole = k.mul(k.floordiv(length, lanes), lanes)
        full = k.compare("==", width, lanes)
        with k.when(full), k.loop(0, whole, lanes) as j:
            rows = [k.load(source.pointer, kind, Lanes(place_in(first, k.add(j, r)), 1, lanes)) for r in range(lanes)]
            for r, column in enumerate(turned(k, rows)):
                k.store(target.pointer, column, Lanes(place_out(k.add(first, r), j), 1, lanes))
        with k.loop(0, width) as r:
            i = k.add(first, r)
            with k.loop(k.select(full, whole, 0), length) as j:
                k.store(target.pointer, k.load(source.pointer, kind, place_in(i, j)), place_out(i, j))


def _offset(k: Kernel, axes: Sequence[int], at: Sequence[Num], strides: dict[int, Num]) -> Num:
    total: Num = 0
    for axis, i in zip(axes, at, strict=True):
        total = k.add(total, k.mul(i, strides[axis]))
    return total


def turned(k: Builder, rows: Sequence[Any]) -> list[Any]:
    """The columns of a square block given by its rows, as vectors; their number is a power of two."""
    count = len(rows)
    block = list(rows)
    step = 1
    while step < count:
        for r in range(count):
            if not r & step:
                block[r], block[r + step] = _exchanged(k, block[r], block[r + step], step)
        step *= 2
    return block


def _exchanged(k: Builder, x: Any, y: Any, step: int) -> tuple[Any, Any]:
    """The two rows with the off-diagonal elements of each step x step quarter exchanged."""
    count = x.type.count
    low = [c if not c & step else count + c - step for c in range(count)]
    high = [c + step if not c & step else count + c for c in range(count)]
    mask = ir.VectorType(I32, count)
    return (
        k.ir.shuffle_vector(x, y, ir.Constant(mask, low)),
        k.ir.shuffle_vector(x, y, ir.Constant(mask, high)),
    )


def merged_axes(dims: tuple[Dim, ...], perm: Sequence[int]) -> tuple[tuple[Dim, ...], list[int]]:
    """x's dims without those of 1 and with those merged that stay neighbours, and the result's order of them."""
    order = [axis for axis in perm if dims[axis] != 1]
    kept = sorted(order)
    following = dict(zip(kept, kept[1:], strict=False))
    runs: list[list[int]] = []
    for axis in order:
        if runs and following.get(runs[-1][-1]) == axis:
            runs[-1].append(axis)
        else:
            runs.append([axis])
    by_place = sorted(runs)
    numbers = {run[0]: number for number, run in enumerate(by_place)}
    merged = tuple(product([dims[axis] for axis in run]) for run in by_place)
    return merged, [numbers[run[0]] for run in runs]
