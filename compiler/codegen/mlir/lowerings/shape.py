"""Ops that move elements: transpose, broadcast, concatenate, tile, and numbers made of indices."""

from __future__ import annotations

from mlc.codegen.mlir.elements import INDEX, Scalar
from mlc.codegen.mlir.indexing import read_index
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.lowerings.matmul import transposed
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.scalars.conversion import converted
from mlc.codegen.mlir.text import Body
from mlc.ir import Dim, DType
from mlc.ir.dims import product
from mlc.ops import (
    Concat,
    Expand,
    OneHot,
    Range,
    Reshape,
    ReverseSequence,
    Shape,
    Tile,
    Transpose,
    Trilu,
)


@linalg(Transpose, attributes="perm")
def transpose(g: Lowering, op: Transpose) -> None:
    stage = g.stage(op)
    out = g.result(stage, op.result)
    made = transposed(stage, stage.tensor(op.x), out, op.perm, g.last())
    g.tile_loops(stage, len(op.perm))
    g.finish(stage, made)


@linalg(Reshape, attributes="dims keeps_zero")
def reshape(g: Lowering, op: Reshape) -> None:
    """The same elements, copied: only where the reshape could not be a view."""
    stage = g.stage(op)
    count = op.result.tensor.element_count
    x, out = stage.tensor(op.x, (count,)), g.result(stage, op.result, (count,))
    # No generic: MLIR drops one that copies, and what is fused behind it then overwrites x.
    copy = f"linalg.copy {{{g.last()}}} ins({x.name} : {x.type}) outs({out.name} : {out.type}) -> {out.type}"
    made = stage.op(copy, out.dtype, out.dims)
    g.tile_loops(stage, 1)
    g.finish(stage, made)


@linalg(Expand, attributes="dims")
def expand(g: Lowering, op: Expand) -> None:
    """Each dim of x as it is, or its one element again and again."""
    dims, full = op.x.tensor.dims, op.result.tensor.dims

    def element(b: Body, index: list[Scalar]) -> Scalar:
        at: list[Scalar] = []
        for dim, extent, i in zip(dims, full[len(full) - len(dims) :], index[len(full) - len(dims) :], strict=True):
            if dim == 1:
                at.append(b.index(0))
            elif dim == extent:
                at.append(i)
            else:  # only the run knows whether it is 1
                at.append(b.select(b.compare("eq", b.stage.dim(dim), b.index(1)), b.index(0), i))
        return b.extract(b.stage.tensor(op.x), at)

    if all(d in (1, f) for d, f in zip(dims, full[len(full) - len(dims) :], strict=True)):
        _broadcast(g, op)
        return
    g.indexed(op, element)


def _broadcast(g: Lowering, op: Expand) -> None:
    stage = g.stage(op)
    dims, full = op.x.tensor.dims, op.result.tensor.dims
    out, x = g.result(stage, op.result), stage.tensor(op.x)
    names = [f"i{axis}" for axis in range(len(full))]
    own = names[len(full) - len(dims) :]
    at = ["0" if d == 1 and f != 1 else n for d, f, n in zip(dims, full[len(full) - len(dims) :], own, strict=True)]
    [made] = stage.generic(names, [(x, at)], [(out, names)], lambda b, given, _: given, attributes=g.last())
    g.tile_loops(stage, len(names))
    g.finish(stage, made)


@linalg(Concat, attributes="axis")
def concat(g: Lowering, op: Concat) -> None:
    """A copy for each operand into its part of the result."""
    axis = op.axis % op.result.tensor.rank
    dims = op.result.tensor.dims
    outer, inner = product(dims[:axis]), product(dims[axis + 1 :])
    target = g.written(op.result)
    offset: Dim = 0
    for value in op.xs:
        width = value.tensor.dims[axis] * inner
        if value.tensor.element_count != 0:
            g.copy(value, (outer, width), target, (outer, dims[axis] * inner), (0, offset))
        offset = offset + width
    g.finish_written()


@linalg(Tile, attributes="repeats dims")
def tile(g: Lowering, op: Tile) -> None:
    def element(b: Body, index: list[Scalar]) -> Scalar:
        at = [
            i if extent == full else b.binary("arith.remui", i, b.stage.dim(extent))
            for i, extent, full in zip(index, op.x.tensor.dims, op.result.tensor.dims, strict=True)
        ]
        return b.extract(b.stage.tensor(op.x), at)

    g.indexed(op, element)


@linalg(Shape, attributes="start end")
def shape(g: Lowering, op: Shape) -> None:
    assert op.dims is not None
    dims = op.dims

    def element(b: Body, index: list[Scalar]) -> Scalar:
        found = b.index(0)
        for number, dim in enumerate(dims):
            found = b.select(b.compare("eq", index[0], b.index(number)), b.stage.dim(dim), found)
        return b.convert("arith.index_cast", found, "i64")

    g.indexed(op, element)


@linalg(Range, attributes="count")
def range_(g: Lowering, op: Range) -> None:
    """start + i * delta, in the arithmetic of the dtype."""
    dtype = op.result.tensor.dtype

    def element(b: Body, index: list[Scalar]) -> Scalar:
        start, delta = (b.extract(b.stage.tensor(v, ()), []) for v in (op.start, op.delta))
        i = converted(b, b.convert("arith.index_cast", index[0], "i64"), DType.I64, dtype)
        if start.is_float:
            scaled = b.value(f"arith.mulf {i}, {delta} : {i.type}", i.type)
            return b.rounded(b.value(f"arith.addf {start}, {scaled} : {i.type}", i.type), dtype)
        return b.rounded(b.add(start, b.mul(i, delta)), dtype)

    g.indexed(op, element)


@linalg(Trilu, attributes="diagonal upper")
def trilu(g: Lowering, op: Trilu) -> None:
    def element(b: Body, index: list[Scalar]) -> Scalar:
        offset = b.index(op.diagonal)
        if op.k is not None:
            offset = read_index(b, op.k, [], ())
        distance = b.binary("arith.subi", index[-1], index[-2])
        keeps = b.compare("sge" if op.upper else "sle", distance, offset)
        x = b.extract(b.stage.tensor(op.x), index)
        return b.select(keeps, x, b.like(0, x))

    g.indexed(op, element)


@linalg(ReverseSequence, attributes="time_axis batch_axis")
def reverse_sequence(g: Lowering, op: ReverseSequence) -> None:
    rank = op.x.tensor.rank
    time, batch = op.time_axis % rank, op.batch_axis % rank

    def element(b: Body, index: list[Scalar]) -> Scalar:
        length = read_index(b, op.lengths, [index[batch]])
        mirrored = b.binary("arith.subi", b.binary("arith.subi", length, b.index(1)), index[time])
        at = list(index)
        at[time] = b.select(b.compare("slt", index[time], length), mirrored, index[time])
        return b.extract(b.stage.tensor(op.x), at)

    g.indexed(op, element)


@linalg(OneHot, attributes="depth axis")
def one_hot(g: Lowering, op: OneHot) -> None:
    axis = op.axis % op.result.tensor.rank

    def element(b: Body, index: list[Scalar]) -> Scalar:
        wanted = read_index(b, op.indices, [*index[:axis], *index[axis + 1 :]])
        depth = b.stage.dim(op.result.tensor.dims[axis])
        wanted = b.select(b.compare("slt", wanted, b.index(0)), b.binary("arith.addi", wanted, depth), wanted)
        off, on = (b.extract(b.stage.tensor(op.values), [Scalar(b.index(n).name, INDEX)]) for n in (0, 1))
        return b.select(b.compare("eq", wanted, index[axis]), on, off)

    g.indexed(op, element)
