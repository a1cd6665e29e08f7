"""CumSum and CumProd: scf.for along each line with the total carried, lines in parallel."""

from __future__ import annotations

from mlc.codegen.kernel import Storage
from mlc.codegen.kernels.running import add_axis_check
from mlc.codegen.mlir.control import forall, insert, loop
from mlc.codegen.mlir.elements import Scalar, register_type
from mlc.codegen.mlir.indexing import names_axis
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.scalars.conversion import converted
from mlc.codegen.mlir.text import Body, Tensor
from mlc.codegen.registers import accumulator
from mlc.ir.dims import product
from mlc.ops import CumProd, CumSum


@linalg(CumSum, CumProd, attributes="axis is_exclusive is_reverse")
def running(g: Lowering, op: CumSum | CumProd) -> None:
    """The order of additions is that of the line.

    Where only the run knows the axis there is a stage for each that it could be; all but the named one do nothing.
    """
    axis, rank, target = _axis(g, op), op.x.tensor.rank, g.written(op.result, g.in_loops(op.x.tensor.dtype))
    if axis is None and op.axis_operand is not None:
        add_axis_check(g.plan, op, op.axis_operand)
    x = g.for_loops(op.x)
    for number in range(rank) if axis is None else (axis % rank,):
        _along(g, op, number, x, target, is_known=axis is not None)
    g.finish_written()


def _along(g: Lowering, op: CumSum | CumProd, axis: int, source: Storage, target: Storage, *, is_known: bool) -> None:
    own = g.in_loops(op.x.tensor.dtype)
    wide = g.in_loops(accumulator(op.x.tensor.dtype))
    given = op.x.tensor.dims
    dims = (product(given[:axis]), given[axis], product(given[axis + 1 :]))
    stage = g.stage(op)
    out, x = stage.destination(target, dims), stage.tensor(source, dims)

    def line(b: Body, at: list[Scalar], parts: list[Tensor]) -> list[Tensor]:
        extent = b.stage.dim(dims[1])

        def turn(b: Body, n: Scalar, carried: list[Tensor | Scalar]) -> list[Tensor | Scalar]:
            y, total = carried
            assert isinstance(y, Tensor) and isinstance(total, Scalar)
            place = n
            if op.is_reverse:
                place = b.binary("arith.subi", b.binary("arith.subi", extent, b.index(1)), n)
            value = converted(b, b.extract(x, [at[0], place, at[1]]), own, wide)
            after = b.add(total, value) if isinstance(op, CumSum) else b.mul(total, value)
            after = b.rounded(after, wide)
            shown = total if op.is_exclusive else after
            return [insert(b, converted(b, shown, wide, own), y, [place]), after]

        start = b.number(0 if isinstance(op, CumSum) else 1, register_type(wide))
        length = extent
        if not is_known:
            assert op.axis_operand is not None
            length = b.select(names_axis(b, op.axis_operand, 0, axis, len(given)), extent, b.index(0))
        y, _ = loop(b, b.index(0), length, [parts[0], start], turn)
        return [y]

    made = forall(stage, [dims[0], dims[2]], [(out, lambda at: (at[0], None, at[1]))], line)
    stage.family = "forall"
    g.close(stage, made)


def _axis(g: Lowering, op: CumSum | CumProd) -> int | None:
    """The axis, or None where only the run knows it."""
    if op.axis_operand is None:
        return op.axis
    array = g.group.immediates.get(op.axis_operand)
    if array is None:
        array = g.plan.constant(op.axis_operand)
    return None if array is None else int(array.reshape(-1)[0])
