"""Scatters: x copied, then the updates put into the copy by scf.for, in their order where several meet."""

from __future__ import annotations

from collections.abc import Sequence

from mlc.codegen.kernel import Storage
from mlc.codegen.mlir.control import forall, insert, loop, part_of, replaced
from mlc.codegen.mlir.elements import Scalar
from mlc.codegen.mlir.indexing import clamped, modulo, wrapped
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.scalars.arithmetic import largest, smallest
from mlc.codegen.mlir.scalars.conversion import converted
from mlc.codegen.mlir.text import Body, Tensor
from mlc.codegen.registers import accumulator
from mlc.ir import DType
from mlc.ir.dims import product
from mlc.ops import ScatterElements, ScatterNd, TensorScatter


@linalg(ScatterElements, attributes="axis reduction")
def scatter_elements(g: Lowering, op: ScatterElements) -> None:
    """A turn of the parallel loop is a line of the indices along the axis."""
    target = _copied(g, op)
    axis, dims = op.axis % op.x.tensor.rank, op.indices.tensor.dims
    stage = g.stage(op)
    out = stage.destination(target, op.x.tensor.dims)
    updates = stage.tensor(g.for_loops(op.updates), op.updates.tensor.dims)
    others = [d for n, d in enumerate(dims) if n != axis]

    def line(b: Body, at: list[Scalar], parts: list[Tensor]) -> list[Tensor]:
        def turn(b: Body, i: Scalar, carried: list[Tensor]) -> list[Tensor]:
            [y] = carried
            source = [*at[:axis], i, *at[axis:]]
            place = wrapped(b, op.indices, source, op.x.tensor.dims[axis])
            new = converted(b, b.extract(updates, source), updates.dtype, y.dtype)
            if op.reduction != "none":
                new = _combined(b, op.reduction, y.dtype, b.extract(y, [place]), new)
            return [insert(b, new, y, [place])]

        return loop(b, b.index(0), b.stage.dim(dims[axis]), parts, turn)

    def place(at: list[Scalar]) -> Sequence[Scalar | None]:
        return [*at[:axis], None, *at[axis:]]

    made = forall(stage, others, [(out, place)], line)
    stage.family = "forall"
    if product(dims) != 0:
        g.close(stage, made, cost=2)
    g.finish_written()


@linalg(ScatterNd, attributes="reduction")
def scatter_nd(g: Lowering, op: ScatterNd) -> None:
    """One tuple after the other, each with the slice that it names as a linalg.generic."""
    target = _copied(g, op)
    depth = op.indices.tensor.dims[-1]
    assert isinstance(depth, int)
    x = op.x.tensor.dims
    count, inner = product(op.indices.tensor.dims[:-1]), product(x[depth:])
    stage = g.stage(op)
    stage.family = "serial"
    out = stage.destination(target, (*x[:depth], inner))
    tuples, updates = stage.tensor(op.indices, (count, depth)), stage.tensor(op.updates, (count, inner))
    b = stage.body()

    def turn(b: Body, i: Scalar, carried: list[Tensor]) -> list[Tensor]:
        [y] = carried
        place: list[Scalar | None] = [_entry(b, tuples, i, n, b.stage.dim(x[n])) for n in range(depth)]
        place.append(None)
        row = part_of(b, updates, (i, None))

        def region(b: Body, given: list[Scalar], old: list[Scalar]) -> list[Scalar]:
            new = converted(b, given[0], updates.dtype, y.dtype)
            return [new if op.reduction == "none" else _combined(b, op.reduction, y.dtype, old[0], new)]

        [made] = stage.generic(["j"], [(row, ["j"])], [(part_of(b, y, place), ["j"])], region)
        return [replaced(b, made, y, place)]

    made = loop(b, b.index(0), b.stage.dim(count), [out], turn)
    if 0 not in (count, inner):
        g.close(stage, made)
    g.finish_written()


def _entry(b: Body, tuples: Tensor, row: Scalar, column: int, size: Scalar) -> Scalar:
    """An index of a tuple, counted from the back where negative, kept inside."""
    found = b.as_index(converted(b, b.extract(tuples, [row, b.index(column)]), tuples.dtype, DType.I64))
    found = b.select(b.compare("slt", found, b.index(0)), b.binary("arith.addi", found, size), found)
    return clamped(b, found, b.binary("arith.subi", size, b.index(1)))


def _copied(g: Lowering, op: ScatterElements | ScatterNd) -> Storage:
    """Where updates are collected, x at first: sums and products of narrow floats in their accumulator's dtype."""
    own = op.x.tensor.dtype
    target = g.written(op.result, g.in_loops(accumulator(own) if op.reduction in ("add", "mul") else own))
    g.convert(op.x, target)
    return target


def _combined(b: Body, reduction: str, dtype: DType, x: Scalar, y: Scalar) -> Scalar:
    if dtype is DType.BOOL:
        return b.binary("arith.ori" if reduction in ("add", "max") else "arith.andi", x, y)
    match reduction:
        case "add":
            return b.rounded(b.add(x, y), dtype)
        case "mul":
            return b.rounded(b.mul(x, y), dtype)
        case "max":
            return largest(b, dtype, x, y)
        case _:
            return smallest(b, dtype, x, y)


@linalg(TensorScatter, attributes="axis mode")
def tensor_scatter(g: Lowering, op: TensorScatter) -> None:
    """By index: the update where it covers the place, x elsewhere."""
    x, update = op.x.tensor.dims, op.update.tensor.dims
    axis = op.axis % len(x)

    def element(b: Body, index: list[Scalar]) -> Scalar:
        found = b.extract(b.stage.tensor(op.x), index)
        if update[axis] == 0:
            return found
        place = index[axis]
        if op.start is not None:
            given = b.extract(b.stage.tensor(op.start), [index[0]])
            start = b.as_index(converted(b, given, op.start.tensor.dtype, DType.I64))
            place = b.binary("arith.subi", place, start)
        if op.mode == "circular":
            place = modulo(b, place, b.binary("arith.maxsi", b.stage.dim(x[axis]), b.index(1)))
        extent = b.stage.dim(update[axis])
        inside = b.binary("arith.andi", b.compare("sge", place, b.index(0)), b.compare("slt", place, extent))
        at = list(index)
        at[axis] = clamped(b, place, b.binary("arith.subi", extent, b.index(1)))
        return b.select(inside, b.extract(b.stage.tensor(op.update), at), found)

    g.indexed(op, element)
