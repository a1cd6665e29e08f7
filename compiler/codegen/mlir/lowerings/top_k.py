"""TopK: each line keeps its best places in order and moves what is worse down, lines in parallel."""

from __future__ import annotations

from mlc.codegen.kernels.top_k import add_checks
from mlc.codegen.mlir.control import Carried, forall, insert, loop, repeat, when
from mlc.codegen.mlir.elements import Scalar
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.text import Body, Tensor
from mlc.ir.dims import product
from mlc.ops import TopK


@linalg(TopK, attributes="k axis is_largest")
def top_k(g: Lowering, op: TopK) -> None:
    """By insertion, stable; NaN is larger than all numbers."""
    dims = op.x.tensor.dims
    axis = op.axis % len(dims)
    extent, count = dims[axis], op.results[0].tensor.dims[axis]
    add_checks(g.plan, op, axis, extent, count)
    outer, inner = product(dims[:axis]), product(dims[axis + 1 :])
    targets = [g.written(r, g.in_loops(r.tensor.dtype)) for r in op.results]
    stage = g.stage(op)
    outs = [stage.destination(t, (outer, count, inner)) for t in targets]
    x = stage.tensor(g.for_loops(op.x), (outer, extent, inner))

    def line(b: Body, at: list[Scalar], parts: list[Tensor]) -> list[Tensor]:
        size, zero, one = b.stage.dim(count), b.index(0), b.index(1)
        room = b.binary("arith.subi", size, one)

        def turn(b: Body, i: Scalar, carried: list[Carried]) -> list[Carried]:
            value = b.extract(x, [at[0], i, at[1]])
            filled = b.binary("arith.minsi", i, size)
            last = b.extract(carried[0], [b.binary("arith.maxsi", b.binary("arith.subi", filled, one), zero)])
            is_in = b.binary("arith.ori", b.compare("slt", i, size), _before(b, op, value, last))

            def put(b: Body) -> list[Carried]:
                def moves(b: Body, now: list[Carried]) -> Scalar:
                    above = b.binary("arith.maxsi", b.binary("arith.subi", now[2], one), zero)
                    is_worse = _before(b, op, value, b.extract(now[0], [above]))
                    return b.binary("arith.andi", b.compare("sgt", now[2], zero), is_worse)

                def move(b: Body, now: list[Carried]) -> list[Carried]:
                    above = b.binary("arith.subi", now[2], one)
                    moved = [insert(b, b.extract(t, [above]), t, [now[2]]) for t in now[:2]]
                    return [*moved, above]

                values, places, hole = repeat(b, [*carried, b.binary("arith.minsi", i, room)], moves, move)
                number = b.convert("arith.index_cast", i, "i64")
                return [insert(b, value, values, [hole]), insert(b, number, places, [hole])]

            return when(b, is_in, carried, put)

        # With no place there is nothing to look through.
        length = b.select(b.compare("sgt", size, zero), b.stage.dim(extent), zero)
        return loop(b, zero, length, parts, turn)

    made = forall(stage, [outer, inner], [(out, lambda at: (at[0], None, at[1])) for out in outs], line)
    stage.family = "forall"
    g.close(stage, made, cost=4 * max(1, g.plan.estimate(extent)))
    g.finish_written()


def _before(b: Body, op: TopK, x: Scalar, y: Scalar) -> Scalar:
    """Whether x comes before y, equal ones not."""
    if not x.is_float:
        sign = "s" if op.x.tensor.dtype.is_signed else "u"
        return b.compare(f"{sign}{'gt' if op.is_largest else 'lt'}", x, y)
    first, second = (x, y) if op.is_largest else (y, x)
    is_nan, other_is = b.compare("uno", first, first), b.compare("ord", second, second)
    return b.binary("arith.ori", b.compare("ogt", first, second), b.binary("arith.andi", is_nan, other_is))
