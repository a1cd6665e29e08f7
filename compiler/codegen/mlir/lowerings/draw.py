"""Multinomial: the sums of a row's weights, then each draw finds its place among them; rows in parallel."""

from __future__ import annotations

from mlc.codegen.kernel import Storage
from mlc.codegen.mlir.control import Carried, forall, insert, loop
from mlc.codegen.mlir.elements import Scalar
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.lowerings.random import stream
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.scalars.conversion import converted
from mlc.codegen.mlir.text import Body, Tensor
from mlc.ir import DType
from mlc.ops import Multinomial


@linalg(Multinomial, attributes="count seed dtype")
def multinomial(g: Lowering, op: Multinomial) -> None:
    """In f64 and in order, as the op is defined; a draw's place is how many of the sums it is not below."""
    rows, classes = op.x.tensor.dims
    given: Storage = op.x
    if g.is_portable and op.x.tensor.dtype.itemsize < 4:
        given = _widened(g, op)
    stage = g.stage(op)
    stage.family = "forall"
    x, out = stage.tensor(given), stage.destination(g.written(op.result), (rows, op.count))
    table = stage.scratch(g.temporary(DType.F64, rows, classes))

    def row(b: Body, at: list[Scalar], parts: list[Tensor]) -> list[Tensor]:
        zero, size = b.index(0), b.stage.dim(classes)

        def logarithm(b: Body, i: Scalar) -> Scalar:
            return converted(b, b.extract(x, [at[0], i]), x.dtype, DType.F64)

        def larger(b: Body, i: Scalar, now: list[Carried]) -> list[Carried]:
            weight = logarithm(b, i)
            return [b.select(b.compare("ogt", weight, now[0]), weight, now[0])]

        [largest] = loop(b, zero, size, [b.number(float("-inf"), "f64")], larger)

        def add(b: Body, i: Scalar, now: list[Carried]) -> list[Carried]:
            weight = b.unary("math.exp", b.plain("arith.subf", logarithm(b, i), largest))
            total = b.plain("arith.addf", now[1], weight)
            return [insert(b, total, now[0], [i]), total]

        sums, total = loop(b, zero, size, [parts[1], b.number(0, "f64")], add)

        def draw(b: Body, n: Scalar, now: list[Carried]) -> list[Carried]:
            number = b.binary("arith.addi", b.binary("arith.muli", at[0], b.index(op.count)), n)
            uniform = stream(b, op.seed, b.convert("arith.index_cast", number, "i64"))
            drawn = b.plain("arith.mulf", uniform, total)

            def look(b: Body, i: Scalar, count: list[Carried]) -> list[Carried]:
                is_before = b.compare("ole", b.extract(sums, [i]), drawn)
                return [b.binary("arith.addi", count[0], b.convert("arith.extui", is_before, "i64"))]

            [place] = loop(b, zero, size, [b.number(0, "i64")], look)
            return [insert(b, converted(b, place, DType.I64, op.dtype), now[0], [n])]

        return [*loop(b, zero, b.index(op.count), parts[:1], draw), sums]

    made = forall(stage, [rows], [(out, lambda at: (at[0], None)), (table, lambda at: (at[0], None))], row)
    g.close(stage, made[:1], cost=g.plan.estimate(classes))
    g.finish_written()


def _widened(g: Lowering, op: Multinomial) -> Storage:
    """x in f32: other compilers may run loops over tensors where they know no narrow floats, as IREE does."""
    made = g.temporary(DType.F32, *op.x.tensor.dims)
    dtype = op.x.tensor.dtype
    g.tabulate("widened", made, lambda b, at: converted(b, b.extract(b.stage.tensor(op.x), at), dtype, DType.F32))
    return made
