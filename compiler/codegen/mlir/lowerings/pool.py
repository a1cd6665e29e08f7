"""Pools: windows as linalg.generic on inputs padded beforehand."""

from __future__ import annotations

from collections.abc import Sequence

from mlc.codegen.mlir.elements import Scalar
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.lowerings.pool_places import max_pool_with_places
from mlc.codegen.mlir.lowerings.reduce import lowest
from mlc.codegen.mlir.lowerings.windows import pool_image, window_index
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.scalars.arithmetic import largest
from mlc.codegen.mlir.text import Body, Expressions, Stage, Tensor
from mlc.codegen.registers import accumulator
from mlc.codegen.registry import NoKernel
from mlc.ir import DType
from mlc.ir.dims import is_static
from mlc.ops import AveragePool, LpPool, MaxPool
from mlc.ops.pool import Pool
from mlc.ops.windows import block_of


@linalg(
    MaxPool,
    AveragePool,
    LpPool,
    attributes="kernel strides pads dilations ceil_mode layout with_indices column_major count_pads p",
)
def pool(g: Lowering, op: Pool) -> None:
    dtype = op.x.tensor.dtype
    if isinstance(op, MaxPool) and op.with_indices:
        max_pool_with_places(g, op)
        return
    if not isinstance(op, MaxPool) and not dtype.is_float:
        raise NoKernel(f"{op.name} of {dtype}")
    rank, block = len(op.kernel), block_of(op.layout)
    result = op.results[0]
    neutral = lowest(dtype) if isinstance(op, MaxPool) else 0
    x, dims = pool_image(g, op, neutral)
    wide = accumulator(dtype)
    window = g.temporary(DType.I8, *op.kernel)  # never read: its dims are the window's
    stage = g.stage(op)
    out = g.result(stage, result, None, wide)
    pixels, taps = [f"p{i}" for i in range(rank)], [f"k{i}" for i in range(rank)]
    lanes = ["c"] if block else []
    names = ["n", "cb", *pixels, *lanes]
    places = window_index(pixels, taps, op.strides, op.dilations)
    ins: list[tuple[Tensor, Expressions]] = [
        (stage.tensor(x, dims), ["n", "cb", *places, *lanes]),
        (stage.tensor(window), taps),
    ]
    is_max = isinstance(op, MaxPool)

    def fold(b: Body, given: list[Scalar], old: list[Scalar]) -> list[Scalar]:
        if isinstance(op, MaxPool):
            return [largest(b, dtype, old[0], given[0])]
        value = given[0]
        if isinstance(op, LpPool):
            value = _power(b, b.unary("math.absf", value), float(op.p))
        return [b.add(old[0], value)]

    start = stage.fill(neutral, out)
    attribute = g.last() if is_max else "mlc.inner"
    [made] = stage.generic(names, ins, [(start, names)], fold, reduction=taps, attributes=f"mlc.window, {attribute}")
    if not is_max:
        made = mean_or_root(stage, op, made, names, g.last())
    if block and rank == 2 and is_static(out.dims[-1]) and (is_max or _is_uniform(op)):
        stage.family, stage.parameters = "taps", {}
    else:
        g.tile_loops(stage, len(names))
    g.finish(
        stage, made, cost=max(1, g.plan.estimate(op.flops()) // max(1, g.plan.estimate(result.tensor.element_count)))
    )


def _is_uniform(op: Pool) -> bool:
    """Whether all windows divide by the same number."""
    return isinstance(op, LpPool) or (not any(op.pads) and not op.ceil_mode)


def _power(b: Body, x: Scalar, p: float) -> Scalar:
    if p == 1:
        return x
    return b.mul(x, x) if p == 2 else b.binary("math.powf", x, b.like(p, x))


def mean_or_root(stage: Stage, op: Pool, total: Tensor, names: Sequence[str], attribute: str) -> Tensor:
    """The mean, or the root of the sum of powers."""
    rank = len(op.kernel)

    def region(b: Body, _: list[Scalar], old: list[Scalar]) -> list[Scalar]:
        if isinstance(op, LpPool):
            if op.p == 1:
                return old
            return [
                b.unary("math.sqrt", old[0]) if op.p == 2 else b.binary("math.powf", old[0], b.like(1 / op.p, old[0]))
            ]
        count: Scalar | None = None
        if _is_uniform(op):
            size = 1
            for k in op.kernel:
                size *= k
            return [b.div(old[0], b.like(size, old[0]))]
        for axis in range(rank):
            seen = _seen(b, op, axis)
            count = seen if count is None else b.binary("arith.muli", count, seen)
        assert count is not None
        number = b.convert("arith.sitofp", b.convert("arith.index_cast", count, "i64"), old[0].type)
        return [b.div(old[0], number)]

    [made] = stage.generic(names, [], [(total, names)], region, attributes=f"{attribute}, mlc.pixelwise")
    return made


def _seen(b: Body, op: Pool, axis: int) -> Scalar:
    """How many taps of a window lie in x along one dim, or with `count_pads` in x and its pads."""
    rank, d = len(op.kernel), op.dilations[axis]
    counts_pads = isinstance(op, AveragePool) and op.count_pads
    before, after = op.pads[axis], op.pads[rank + axis]
    low = -before if counts_pads else 0
    high = op.x.tensor.dims[2 + axis] + (after if counts_pads else 0)
    first = b.binary(
        "arith.subi", b.binary("arith.muli", b.loop_index(2 + axis), b.index(op.strides[axis])), b.index(before)
    )
    # Taps t with low <= first + t * d < high.
    zero, step = b.index(0), b.index(d)
    begin = b.binary(
        "arith.ceildivsi", b.binary("arith.maxsi", b.binary("arith.subi", b.index(low), first), zero), step
    )
    room = b.binary("arith.maxsi", b.binary("arith.subi", b.stage.dim(high), first), zero)
    end = b.binary("arith.minsi", b.binary("arith.ceildivsi", room, step), b.index(op.kernel[axis]))
    return b.binary("arith.maxsi", b.binary("arith.subi", end, begin), zero)
