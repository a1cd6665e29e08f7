"""Places of maxima: a MaxPool that tells where its results were, and MaxUnpool, which puts elements back there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlc.codegen.builder import I64
from mlc.codegen.kernels.unpool import add_resolution
from mlc.codegen.mlir.control import Carried, insert, loop, part_of, replaced, when
from mlc.codegen.mlir.elements import Scalar
from mlc.codegen.mlir.indexing import flat_index, read_index, unraveled
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.lowerings.reduce import lowest
from mlc.codegen.mlir.lowerings.windows import pool_image, window_index
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.text import Body, Expressions, Tensor
from mlc.ir import DType
from mlc.ir.dims import product
from mlc.ops import MaxPool, MaxUnpool


def max_pool_with_places(g: Lowering, op: MaxPool) -> None:
    """The largest so far and its place, tap by tap over the padded x; a tap on a pad is never taken."""
    rank, dtype = len(op.kernel), op.x.tensor.dtype
    x, dims = pool_image(g, op, lowest(dtype))
    targets = [g.written(r) for r in op.results]
    window = g.temporary(DType.I8, *op.kernel)  # never read: its dims are the window's
    stage = g.stage(op)
    best, places = (stage.destination(t) for t in targets)
    pixels, taps = [f"p{i}" for i in range(rank)], [f"k{i}" for i in range(rank)]
    names = ["n", "c", *pixels]
    ins: list[tuple[Tensor, Expressions]] = [
        (stage.tensor(x, dims), ["n", "c", *window_index(pixels, taps, op.strides, op.dilations)]),
        (stage.tensor(window), taps),
    ]

    def take(b: Body, given: list[Scalar], old: list[Scalar]) -> list[Scalar]:
        at = [b.loop_index(0), b.loop_index(1), *(_source(b, op, axis) for axis in range(rank))]
        is_better = _is_larger(b, dtype, given[0], old[0])
        is_first = b.compare("slt", old[1], b.like(0, old[1]))
        taken = b.binary("arith.ori", is_better, is_first)
        for axis in range(rank):
            # Below 0 an index is no unsigned number of the image's either.
            inside = b.compare("ult", at[2 + axis], b.stage.dim(op.x.tensor.dims[2 + axis]))
            taken = b.binary("arith.andi", taken, inside)
        place = b.convert("arith.index_cast", _place(b, op, at), "i64")
        return [b.select(taken, given[0], old[0]), b.select(taken, place, old[1])]

    first = stage.fill(lowest(dtype), best, "mlc.inner")
    nowhere = stage.fill(-1, places, "mlc.inner")
    made = stage.generic(
        names, ins, [(first, names), (nowhere, names)], take, reduction=taps, attributes="mlc.window, mlc.last"
    )
    g.tile_loops(stage, len(names))
    g.close(stage, made, cost=4 * len(list(op.kernel)))
    g.finish_written()


def _source(b: Body, op: MaxPool, axis: int) -> Scalar:
    """The index in x of the window's tap along a spatial axis."""
    pixel, tap = b.loop_index(2 + axis), b.loop_index(2 + len(op.kernel) + axis)
    start = b.binary("arith.muli", pixel, b.index(op.strides[axis]))
    reached = b.binary("arith.addi", start, b.binary("arith.muli", tap, b.index(op.dilations[axis])))
    return b.binary("arith.subi", reached, b.index(op.pads[axis]))


def _is_larger(b: Body, dtype: DType, x: Scalar, best: Scalar) -> Scalar:
    """Whether x is taken instead of the largest so far: NaN is larger than all, and the first of equals stays."""
    if not x.is_float:
        return b.compare("sgt" if dtype.is_signed else "ugt", x, best)
    is_new = b.binary("arith.andi", b.compare("uno", x, x), b.compare("ord", best, best))
    return b.binary("arith.ori", b.compare("ogt", x, best), is_new)


def _place(b: Body, op: MaxPool, at: Sequence[Scalar]) -> Scalar:
    """The place in x flattened, its spatial dims in reverse order where `column_major`."""
    order = [0, 1, *range(2, len(at))]
    if op.column_major:
        order[2:] = reversed(order[2:])
    return flat_index(b, [at[n] for n in order], [op.x.tensor.dims[n] for n in order])


@linalg(MaxUnpool, attributes="source dims")
def max_unpool(g: Lowering, op: MaxUnpool) -> None:
    """Zeros, then element by element in their order, so that the last of one place stays."""
    if op.shape is not None:
        add_resolution(g.plan, op)
    count, room = product(op.x.tensor.dims), product(op.source)
    target, wrong = g.written(op.result), g.temporary(DType.I64, 1)
    g.fill(target, op.dims, 0)
    stage = g.stage(op)
    stage.family = "serial"
    out, bad = stage.destination(target, op.dims), stage.destination(wrong)
    x = stage.tensor(op.x, (count,))

    def turn(b: Body, i: Scalar, carried: list[Carried]) -> list[Carried]:
        y, outside = carried
        place = read_index(b, op.indices, [i], (count,))

        def put(b: Body) -> list[Carried]:
            at = unraveled(b, place, op.source)
            # A generic of one element, where tensor.insert would do: IREE 3.13 loses inserts in loops.
            source, target = part_of(b, x, [i]), part_of(b, y, at)
            [made] = stage.generic([], [(source, [])], [(target, [])], lambda b, given, _: given)
            return [replaced(b, made, y, at), outside]

        is_inside = b.compare("ult", place, b.stage.dim(room))
        return when(b, is_inside, carried, put, lambda b: [y, b.binary("arith.addi", outside, b.index(1))])

    b = stage.body()
    y, outside = loop(b, b.index(0), b.stage.dim(count), [out, b.index(0)], turn)
    made: Tensor = insert(b, b.convert("arith.index_cast", outside, "i64"), bad, [b.index(0)])
    g.close(stage, [y, made])

    def check(m: Any) -> None:
        number, size = m.load(m.pointer(wrong), I64), m.dim(room)
        m.require(m.compare("==", number, 0), "{0} indices lie outside of [0, {1})", number, size, op=op)

    g.plan.inline(check, wrong)
    g.finish_written()
