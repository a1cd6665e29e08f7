"""Det by elimination with partial pivoting, in f64 on a copy; a turn of the parallel loop is one matrix."""

from __future__ import annotations

from mlc.codegen.mlir.control import Carried, forall, insert, loop, when
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.scalars.conversion import converted
from mlc.codegen.mlir.text import Body, Scalar, Tensor
from mlc.ir import DType
from mlc.ir.dims import product
from mlc.ops import Det


@linalg(Det)
def det(g: Lowering, op: Det) -> None:
    """The product of the pivots, its sign turned by each swap of rows."""
    *batch, size, _ = op.x.tensor.dims
    dtype, count = op.x.tensor.dtype, product(batch)
    if size == 0:
        g.fill(g.written(op.result), batch, 1)
        g.finish_written()
        return
    stage = g.stage(op)
    stage.family = "forall"
    x = stage.tensor(op.x, (count, size, size))
    out = stage.destination(g.written(op.result), (count,))
    copy = stage.scratch(g.temporary(DType.F64, count, size, size))

    def matrix(b: Body, at: list[Scalar], parts: list[Tensor]) -> list[Tensor]:
        n = b.stage.dim(size)

        def element(b: Body, given: list[Scalar], _: list[Scalar]) -> list[Scalar]:
            found = b.extract(x, [at[0], b.loop_index(0), b.loop_index(1)])
            return [converted(b, found, dtype, DType.F64)]

        [a] = b.stage.generic(["i", "j"], [], [(parts[1], ["i", "j"])], element)
        a, total = loop(b, b.index(0), n, [a, b.number(1, "f64")], lambda b, step, now: _step(b, n, step, now))
        return [insert(b, converted(b, total, DType.F64, dtype), parts[0], []), a]

    made = forall(stage, [count], [(out, lambda at: (at[0],)), (copy, lambda at: (at[0], None, None))], matrix)
    g.close(stage, made[:1], cost=g.plan.estimate(size) ** 3 // 3 + 1)
    g.finish_written()


def _step(b: Body, n: Scalar, step: Scalar, now: list[Carried]) -> list[Carried]:
    """Takes one unknown out of the rows below `step`; the pivot goes into the determinant."""
    a, total = now
    pivot = _pivot(b, a, step, n)
    is_here = b.compare("eq", pivot, step)
    [a] = when(
        b, is_here, [a], lambda b: [a], lambda b: loop(b, step, n, [a], lambda b, j, t: _swap(b, t, step, pivot, j))
    )
    head = b.extract(a, [step, step])
    total = b.plain("arith.mulf", total, b.select(is_here, head, b.unary("arith.negf", head)))
    # A column of zeros makes the determinant 0, whatever the rows below become.
    divisor = b.select(b.compare("oeq", head, b.like(0, head)), b.like(1, head), head)

    def row(b: Body, i: Scalar, rows: list[Carried]) -> list[Carried]:
        factor = b.div(b.extract(rows[0], [i, step]), divisor)

        def column(b: Body, j: Scalar, rows: list[Carried]) -> list[Carried]:
            taken = b.plain("arith.mulf", factor, b.extract(rows[0], [step, j]))
            return [insert(b, b.plain("arith.subf", b.extract(rows[0], [i, j]), taken), rows[0], [i, j])]

        return loop(b, step, n, rows, column)

    [a] = loop(b, b.binary("arith.addi", step, b.index(1)), n, [a], row)
    return [a, total]


def _pivot(b: Body, a: Tensor, step: Scalar, n: Scalar) -> Scalar:
    """The row from `step` on whose element in that column is largest."""

    def turn(b: Body, i: Scalar, now: list[Carried]) -> list[Carried]:
        size = b.unary("math.absf", b.extract(a, [i, step]))
        is_larger = b.compare("ogt", size, now[1])
        return [b.select(is_larger, i, now[0]), b.select(is_larger, size, now[1])]

    place, _ = loop(b, step, n, [step, b.number(-1, "f64")], turn)
    assert isinstance(place, Scalar)
    return place


def _swap(b: Body, rows: list[Carried], row: Scalar, other: Scalar, column: Scalar) -> list[Carried]:
    upper, lower = b.extract(rows[0], [row, column]), b.extract(rows[0], [other, column])
    return [insert(b, upper, insert(b, lower, rows[0], [row, column]), [other, column])]
