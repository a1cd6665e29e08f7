"""DeformConv: a stage that samples x where each tap of each window was moved, then products with the filters."""

from __future__ import annotations

import itertools

from mlc.codegen.kernel import Temporary
from mlc.codegen.mlir.elements import Scalar
from mlc.codegen.mlir.indexing import unraveled
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.lowerings.matmul import contraction, tile_product
from mlc.codegen.mlir.lowerings.windows import multiply_add
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.sampling import as_float, elements_at, linear_weight, plus, times
from mlc.codegen.mlir.scalars.conversion import converted
from mlc.codegen.mlir.text import Body, Expressions, Stage, Tensor
from mlc.codegen.registers import accumulator
from mlc.codegen.registry import NoKernel
from mlc.ir.dims import product
from mlc.ops import DeformConv


@linalg(DeformConv, attributes="strides pads dilations groups offset_groups")
def deform_conv(g: Lowering, op: DeformConv) -> None:
    """Filters times samples, summed over the channels of a group and the taps."""
    kernel, dtype = op.w.tensor.dims[2:], op.x.tensor.dtype
    if not all(isinstance(d, int) for d in (*kernel, op.x.tensor.dims[1])):
        raise NoKernel("its kernel size or the number of channels is not known when compiling")
    if not dtype.is_float:
        raise NoKernel("samples of integers are not interpolated")
    wide, tap_count = accumulator(dtype), product(kernel)
    batch, filters, *counts = op.result.tensor.dims
    per_group, depth, points = filters // op.groups, op.w.tensor.dims[1], product(tuple(counts))
    samples = _samples(g, op)
    stage = g.stage(op)
    if batch == 1 and wide is dtype:  # a product of matrices for each group
        out = g.result(stage, op.result, (op.groups, per_group, points), wide)
        start = _start_of_sums(stage, op, out, ["g", "f", "p"])
        w = stage.tensor(op.w, (op.groups, per_group, depth * tap_count))
        seen = stage.tensor(samples, (op.groups, depth * tap_count, points))
        made = contraction(stage, "linalg.batch_matmul", w, seen, start, g.last())
        tile_product(g, stage, "batch_matmul", per_group, points, depth * tap_count)
    else:
        out = g.result(stage, op.result, (batch, op.groups, per_group, points), wide)
        names = ["n", "g", "f", "p"]
        ins: list[tuple[Tensor, Expressions]] = [
            (stage.tensor(op.w, (op.groups, per_group, depth, tap_count)), ["g", "f", "c", "t"]),
            (stage.tensor(samples, (batch, op.groups, depth, tap_count, points)), ["n", "g", "c", "t", "p"]),
        ]

        def add(b: Body, given: list[Scalar], old: list[Scalar]) -> list[Scalar]:
            return multiply_add(b, [converted(b, given[0], dtype, wide), given[1]], old)

        start = _start_of_sums(stage, op, out, names)
        [made] = stage.generic(names, ins, [(start, names)], add, reduction=["c", "t"], attributes=g.last())
        g.tile_loops(stage, len(names))
    g.finish(stage, made, cost=g.plan.estimate(depth * tap_count))


def _start_of_sums(stage: Stage, op: DeformConv, out: Tensor, names: list[str]) -> Tensor:
    """Zeros, or the bias of filter f of group g."""
    if op.b is None:
        return stage.fill(0, out)
    own = op.b.tensor.dtype
    bias = stage.tensor(op.b, (op.groups, op.w.tensor.dims[0] // op.groups))
    [made] = stage.generic(
        names,
        [(bias, ["g", "f"])],
        [(out, names)],
        lambda b, given, _: [converted(b, given[0], own, accumulator(own))],
        attributes="mlc.inner, mlc.pixelwise",
    )
    return made


def _samples(g: Lowering, op: DeformConv) -> Temporary:
    """x of channel c where tap t of the window at point p was moved to, times its mask: [N, C, taps, points]."""
    batch, channels, *sizes = op.x.tensor.dims
    counts, kernel = op.result.tensor.dims[2:], op.w.tensor.dims[2:]
    rank, wide, points, taps = len(sizes), accumulator(op.x.tensor.dtype), product(counts), product(kernel)
    assert isinstance(channels, int)
    made = g.temporary(wide, batch, channels, taps, points)
    stage = Stage("deformed_samples")
    # Channels of one group of offsets are moved alike.
    share = max(1, channels // op.offset_groups)
    out = stage.destination(made, (batch, op.offset_groups, share, taps, points))
    names = ["n", "o", "c", "t", "p"]
    offsets = stage.tensor(op.offset, (batch, op.offset_groups, taps, rank, points))
    ins: list[tuple[Tensor, Expressions]] = [(offsets, ["n", "o", "t", str(axis), "p"]) for axis in range(rank)]
    if op.mask is not None:
        ins.append((stage.tensor(op.mask, (batch, op.offset_groups, taps, points)), ["n", "o", "t", "p"]))

    def region(b: Body, given: list[Scalar], _: list[Scalar]) -> list[Scalar]:
        numbers = [converted(b, one, op.offset.tensor.dtype, wide) for one in given]
        window, tap = unraveled(b, b.loop_index(4), counts), unraveled(b, b.loop_index(3), kernel)
        places = [
            plus(b, _start(b, op, axis, window[axis], tap[axis], numbers[axis].type), numbers[axis])
            for axis in range(rank)
        ]
        channel = b.binary("arith.addi", b.binary("arith.muli", b.loop_index(1), b.index(share)), b.loop_index(2))
        total = _interpolated(b, op, [b.loop_index(0), channel], places)
        return [total if op.mask is None else times(b, total, numbers[rank])]

    [sampled] = stage.generic(names, ins, [(out, names)], region, attributes="mlc.last")
    g.tile_loops(stage, len(names))
    g.close(stage, [sampled], cost=8 << rank)
    return made


def _start(b: Body, op: DeformConv, axis: int, window: Scalar, tap: Scalar, type: str) -> Scalar:
    """Where a tap lies along an axis before it is moved, as a float."""
    first = b.binary("arith.muli", window, b.index(op.strides[axis]))
    reached = b.binary("arith.addi", first, b.binary("arith.muli", tap, b.index(op.dilations[axis])))
    return as_float(b, b.binary("arith.subi", reached, b.index(op.pads[axis])), type)


def _interpolated(b: Body, op: DeformConv, line: list[Scalar], places: list[Scalar]) -> Scalar:
    """x between its elements: the sum over the corners around a place of their elements times their weights."""
    x, wide = op.x, accumulator(op.x.tensor.dtype)
    lows = [b.unary("math.floor", place) for place in places]
    total = b.like(0, places[0])
    if x.tensor.element_count == 0:
        return total
    for corner in itertools.product((0, 1), repeat=len(places)):
        ends = [plus(b, low, b.like(bit, low)) for low, bit in zip(lows, corner, strict=True)]
        weights = [linear_weight(b, end, place) for end, place in zip(ends, places, strict=True)]
        at, inside = elements_at(b, ends, x.tensor.dims[2:])
        value = converted(b, b.extract(b.stage.tensor(x), [*line, *at]), x.tensor.dtype, wide)
        value = b.select(inside, value, b.like(0, value))
        weight = weights[0]
        for factor in weights[1:]:
            weight = times(b, weight, factor)
        total = plus(b, total, times(b, value, weight))
    return total
