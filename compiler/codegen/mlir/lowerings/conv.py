"""Convolutions: windows as linalg.generic on inputs padded beforehand; of plain images here, blocked ones beside it."""

from __future__ import annotations

import numpy as np

from mlc.codegen.kernel import Storage
from mlc.codegen.mlir.lowering import Lowering, best_divisor
from mlc.codegen.mlir.lowerings.conv_blocked import blocked, depthwise, from_plain, grouped
from mlc.codegen.mlir.lowerings.matmul import transposed
from mlc.codegen.mlir.lowerings.windows import (
    SPARE_REGISTERS,
    Window,
    bias_or_zeros,
    is_flat,
    multiply_add,
    padded,
    reach,
    seen_by,
    sliced,
    window_index,
)
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.text import Expressions, Stage, Tensor
from mlc.codegen.registers import accumulator
from mlc.codegen.registry import NoKernel
from mlc.ir import Array, Dim
from mlc.ir.dims import floordiv, is_static
from mlc.ops import Conv
from mlc.ops.windows import block_of

# Pixels of one turn of a parallel loop at most: with 16 filters their sums take 8 KiB of stack.
ROW = 128


@linalg(Conv, attributes="strides pads dilations groups layout winograd channels")
def conv(g: Lowering, op: Conv) -> None:
    block = block_of(op.layout)
    rank = op.w.tensor.rank - (4 if block else 2)
    kernel = op.w.tensor.dims[2 : 2 + rank]
    if not all(isinstance(k, int) for k in kernel):
        raise NoKernel("the filters' size is not known when compiling")
    sizes = tuple(k for k in kernel if isinstance(k, int))
    ends = [
        reach(
            op.x.tensor.dims[2 + i],
            op.result.tensor.dims[2 + i],
            sizes[i],
            op.strides[i],
            op.dilations[i],
            op.pads[i],
            op.pads[rank + i],
        )
        for i in range(rank)
    ]
    x, dims = padded(g, op.x, op.pads, ends, 0)
    if not block:
        _plain(g, op, x, dims, rank, sizes)
        return
    if rank > 2:
        raise NoKernel(f"blocked convolutions of {rank} spatial dims have no schedule")
    if not is_static(op.result.tensor.dims[-1]):
        raise NoKernel("the block of channels is not known when compiling")
    window = Window.of(op, x, dims, sizes)
    if op.takes_plain:
        from_plain(g, op, window)
    elif op.w.tensor.dims[-2] == 1 and op.groups > 1:
        depthwise(g, op, window)
    elif op.groups > 1:
        grouped(g, op, window)
    else:
        blocked(g, op, window)


def _plain(g: Lowering, op: Conv, x: Storage, dims: tuple[Dim, ...], rank: int, kernel: tuple[int, ...]) -> None:
    """In the plain layout: the named op for images without groups, else a generic with a dim for the groups."""
    n, _, *pixels = dims
    counts = op.result.tensor.dims[2:]
    filters, per_group = op.w.tensor.dims[:2]
    groups, each = op.groups, floordiv(filters, op.groups)
    wide = accumulator(op.result.tensor.dtype)
    is_named = groups == 1 and rank == 2 and wide is op.x.tensor.dtype
    has_lanes = isinstance(filters, int) and filters % 4 == 0
    if is_named and has_lanes and is_static(per_group) and is_static(counts[1]):
        _lanes(g, op, Window.of(op, x, dims, kernel))
        return
    stage = g.stage(op)
    grouped = (n, groups, each, *counts)
    out = g.result(stage, op.result, None if is_named else grouped, wide)
    names = ["n", "g", "o", *(f"p{i}" for i in range(rank))]
    start = bias_or_zeros(stage, op, out, (1,) if is_named else (1, 2), (filters,) if is_named else (groups, each))
    if is_named:
        seen, f = stage.tensor(x, dims), stage.tensor(op.w)
        strides, dilations = (f"dense<{list(v)}> : tensor<2xi64>" for v in (op.strides, op.dilations))
        head = f"linalg.conv_2d_nchw_fchw {{strides = {strides}, dilations = {dilations}, {g.last()}}}"
        given = f"ins({seen.name}, {f.name} : {seen.type}, {f.type})"
        made = stage.op(f"{head} {given} outs({start.name} : {start.type}) -> {out.type}", out.dtype, out.dims)
    else:
        taps = [f"k{i}" for i in range(rank)]
        places = window_index(names[3:], taps, op.strides, op.dilations)
        ins: list[tuple[Tensor, Expressions]] = [
            (stage.tensor(x, (n, groups, per_group, *pixels)), ["n", "g", "i", *places]),
            (stage.tensor(op.w, (groups, each, per_group, *kernel)), ["g", "o", "i", *taps]),
        ]
        [made] = stage.generic(names, ins, [(start, names)], multiply_add, reduction=["i", *taps], attributes=g.last())
    g.tile_loops(stage, len(out.dims))
    g.finish(
        stage,
        made,
        cost=max(1, g.plan.estimate(op.flops()) // max(1, 2 * g.plan.estimate(op.result.tensor.element_count))),
    )


def _lanes(g: Lowering, op: Conv, window: Window) -> None:
    """Filters in the lanes of vectors, pixels in registers: a generic for each place of a tap within a stride."""
    kernel = window.kernel
    filters, channels = op.w.tensor.dims[:2]
    assert isinstance(filters, int) and isinstance(channels, int)
    lanes = best_divisor(filters, g.target.lanes(op.x.tensor.dtype.itemsize))
    weights = _lanes_last(g, op, lanes, kernel)
    n, _, h, w = window.result
    flat = is_flat(op, window)
    rows: tuple[Dim, Dim] = (1, h * w) if flat else (h, w)
    parts = [seen_by(g, op, window, taps) for taps in window.phases()]
    stage = g.stage(op)
    out = g.result(stage, op.result, (n, filters // lanes, lanes, *rows))
    tile = stage.empty(out.dtype, (n, filters // lanes, *rows, lanes))
    made = bias_or_zeros(stage, op, tile, (1, 4), (filters // lanes, lanes))
    packed = stage.tensor(weights)
    names = ["n", "ob", "h", "w", "o"]
    for part, seen, taps in parts:
        firsts, counts, apart, steps = ([t[i] for t in taps] for i in range(4))
        images = stage.tensor(part, (n, channels, 1, h * w) if flat else seen)
        chosen = (packed.dims[0], *counts, *packed.dims[3:])
        f = sliced(stage, packed, (0, *firsts, 0, 0), chosen, (1, *apart, 1, 1))
        places = window_index(["h", "w"], ["kh", "kw"], (1, 1), steps)
        ins: list[tuple[Tensor, Expressions]] = [(images, ["n", "i", *places]), (f, ["ob", "kh", "kw", "i", "o"])]
        [made] = stage.generic(
            names,
            ins,
            [(made, names)],
            multiply_add,
            reduction=["kh", "kw", "i"],
            attributes="mlc.contraction, mlc.inner",
        )
    pixels = rows[1]
    most = g.target.register_count - SPARE_REGISTERS
    stage.family = "conv_plain"
    step = best_divisor(pixels, most) if isinstance(pixels, int) else 1
    row = step * best_divisor(pixels // step, max(1, ROW // step)) if isinstance(pixels, int) else 1
    stage.parameters = {"pixels": step, "row": row}
    turned = g.behind(stage, made, out, (0, 1, 3, 4, 2))
    g.finish(stage, turned, is_done=True, cost=max(1, channels * kernel[0] * kernel[1] // 8))


def _lanes_last(g: Lowering, op: Conv, lanes: int, kernel: tuple[int, ...]) -> Storage:
    """The filters as [O / lanes, kernel..., I, lanes]: when compiling where they are constant, else in a stage."""
    filters, channels = op.w.tensor.dims[:2]
    assert isinstance(filters, int) and isinstance(channels, int)
    dims = (filters // lanes, *kernel, channels, lanes)
    if g.plan.constant(op.w) is not None:

        def pack(w: Array) -> Array:
            return np.ascontiguousarray(w.reshape(filters // lanes, lanes, channels, *kernel).transpose(0, 3, 4, 2, 1))

        return g.plan.prepared(op.w, f"filters by {lanes}", op.w.tensor.dtype, dims, pack)
    made = g.temporary(op.w.tensor.dtype, *dims)
    stage = Stage("filters")
    w = stage.tensor(op.w, (filters // lanes, lanes, channels, *kernel))
    out = stage.destination(made)
    turned = transposed(stage, w, out, (0, 3, 4, 2, 1), "mlc.last")
    g.tile_loops(stage, 5)
    g.close(stage, [turned])
    return made
