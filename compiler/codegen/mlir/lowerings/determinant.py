"""Det by elimination with partial pivoting, in f64 on a copy; a turn of the parallel loop is one matrix.

For other compilers a step of the elimination is structured ops on all matrices at once.
"""

from __future__ import annotations

from mlc.codegen.mlir.control import Carried, forall, insert, loop, when
from mlc.codegen.mlir.elements import Scalar
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.registry import linalg, named
from mlc.codegen.mlir.scalars.conversion import converted
from mlc.codegen.mlir.text import Body, Stage, Tensor
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


@named(Det)
def det_of_all(g: Lowering, op: Det) -> None:
    """scf.for over the steps, each a new tensor of all matrices."""
    *batch, size, _ = op.x.tensor.dims
    dtype, count = op.x.tensor.dtype, product(batch)
    stage = g.stage(op)
    b, x = stage.body(), stage.tensor(op.x, (count, size, size))
    out = stage.destination(g.written(op.result), (count,))

    def widen(b: Body, given: list[Scalar], _: list[Scalar]) -> list[Scalar]:
        return [converted(b, given[0], dtype, DType.F64)]

    names = ["m", "i", "j"]
    [a] = stage.generic(names, [(x, names)], [(stage.empty(DType.F64, x.dims), names)], widen)
    total = stage.fill(1, stage.empty(DType.F64, (count,)))

    def step(b: Body, step: Scalar, now: list[Carried]) -> list[Carried]:
        pivots = _pivots(stage, now[0], step)
        return [_eliminated(stage, now[0], pivots, step), _times_heads(stage, now[0], now[1], pivots, step)]

    _, total = loop(b, b.index(0), stage.dim(size), [a, total], step)
    assert isinstance(total, Tensor)

    def narrow(b: Body, given: list[Scalar], _: list[Scalar]) -> list[Scalar]:
        return [converted(b, given[0], DType.F64, dtype)]

    g.close(stage, stage.generic(["m"], [(total, ["m"])], [(out, ["m"])], narrow))
    g.finish_written()


def _pivots(stage: Stage, a: Tensor, step: Scalar) -> Tensor:
    """For each matrix the row from `step` on whose element in that column is largest."""

    def region(b: Body, _: list[Scalar], __: list[Scalar]) -> list[Scalar]:
        matrix = b.loop_index(0)

        def turn(b: Body, i: Scalar, now: list[Carried]) -> list[Carried]:
            length = b.unary("math.absf", b.extract(a, [matrix, i, step]))
            is_larger = b.compare("ogt", length, now[1])
            return [b.select(is_larger, i, now[0]), b.select(is_larger, length, now[1])]

        place, _ = loop(b, step, b.stage.dim(a.dims[1]), [step, b.number(-1, "f64")], turn)
        return [b.convert("arith.index_cast", place, "i64")]

    [made] = stage.generic(["m"], [], [(stage.empty(DType.I64, a.dims[:1]), ["m"])], region)
    return made


def _eliminated(stage: Stage, a: Tensor, pivots: Tensor, step: Scalar) -> Tensor:
    """The matrices with their pivot rows at `step`, and one unknown less in the rows below."""

    def region(b: Body, given: list[Scalar], _: list[Scalar]) -> list[Scalar]:
        pivot = b.as_index(given[0])
        m, i, j = (b.loop_index(n) for n in range(3))
        at_pivot = b.select(b.compare("eq", i, pivot), step, i)
        row = b.select(b.compare("eq", i, step), pivot, at_pivot)
        head = b.extract(a, [m, pivot, step])
        divisor = b.select(b.compare("oeq", head, b.like(0, head)), b.like(1, head), head)
        factor = b.div(b.extract(a, [m, row, step]), divisor)
        old = b.extract(a, [m, row, j])
        new = b.plain("arith.subf", old, b.plain("arith.mulf", factor, b.extract(a, [m, pivot, j])))
        is_below = b.binary("arith.andi", b.compare("sgt", i, step), b.compare("sge", j, step))
        return [b.select(is_below, new, old)]

    names = ["m", "i", "j"]
    [made] = stage.generic(names, [(pivots, ["m"])], [(stage.empty(DType.F64, a.dims), names)], region)
    return made


def _times_heads(stage: Stage, a: Tensor, total: Tensor, pivots: Tensor, step: Scalar) -> Tensor:
    """The products of the pivots so far, their signs turned where rows changed places."""

    def region(b: Body, given: list[Scalar], old: list[Scalar]) -> list[Scalar]:
        pivot = b.as_index(given[0])
        head = b.extract(a, [b.loop_index(0), pivot, step])
        signed = b.select(b.compare("eq", pivot, step), head, b.unary("arith.negf", head))
        return [b.plain("arith.mulf", old[0], signed)]

    [made] = stage.generic(["m"], [(pivots, ["m"])], [(total, ["m"])], region)
    return made
