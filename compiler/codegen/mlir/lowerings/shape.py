"""Ops that move elements: transpose, broadcast, concatenate, slice, pad, tile, and numbers made of indices."""

from __future__ import annotations

from mlc.codegen.mlir.indexing import clamped, modulo
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.lowerings.matmul import transposed
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.scalars.conversion import converted
from mlc.codegen.mlir.text import INDEX, Body, Scalar
from mlc.codegen.registry import NoKernel
from mlc.ir import Dim, DType
from mlc.ir.dims import product
from mlc.ops import (
    Concat,
    DynamicSlice,
    Expand,
    OneHot,
    Pad,
    Range,
    Reshape,
    ReverseSequence,
    Shape,
    Slice,
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
    out = g.result(stage, op.result, (count,))
    [made] = stage.generic(
        ["i"], [(stage.tensor(op.x, (count,)), ["i"])], [(out, ["i"])], lambda b, x, _: x, attributes=g.last()
    )
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


@linalg(Slice, attributes="starts dims steps")
def slice_(g: Lowering, op: Slice) -> None:
    """tensor.extract_slice, copied; by index where a step is negative."""
    if any(step < 1 for step in op.steps):
        g.indexed(
            op,
            lambda b, index: b.extract(
                b.stage.tensor(op.x),
                [
                    b.binary("arith.addi", b.stage.dim(start), b.binary("arith.muli", i, b.index(step)))
                    for start, i, step in zip(op.starts, index, op.steps, strict=True)
                ],
            ),
        )
        return
    stage = g.stage(op)
    out, x = g.result(stage, op.result), stage.tensor(op.x)
    text = [
        ", ".join(str(d) if isinstance(d, int) else str(stage.dim(d)) for d in dims)
        for dims in (op.starts, op.dims, op.steps)
    ]
    slices = f"[{text[0]}] [{text[1]}] [{text[2]}]"
    part = stage.op(f"tensor.extract_slice {x.name}{slices} : {x.type} to {out.type}", x.dtype, out.dims)
    copy = f"linalg.copy {{{g.last()}}} ins({part.name} : {part.type}) outs({out.name} : {out.type}) -> {out.type}"
    made = stage.op(copy, out.dtype, out.dims)
    g.tile_loops(stage, len(out.dims))
    g.finish(stage, made)


@linalg(DynamicSlice, attributes="dims")
def dynamic_slice(g: Lowering, op: DynamicSlice) -> None:
    raise NoKernel("its bounds are known only when the model runs, and linalg's slices take them as operands of main")


@linalg(Pad, attributes="pads mode dims")
def pad(g: Lowering, op: Pad) -> None:
    """By index: the element of x that the mode finds, or the value outside."""
    if op.pads is None:
        raise NoKernel("how much it pads is known only when the model runs")
    x = op.x.tensor.dims
    before, after = op.pads[: len(x)], op.pads[len(x) :]

    def element(b: Body, index: list[Scalar]) -> Scalar:
        at: list[Scalar] = []
        inside: Scalar | None = None
        for axis, i in enumerate(index):
            place, is_in = _padded(b, op.mode, i, before[axis], after[axis], x[axis])
            at.append(place)
            if is_in is not None:
                inside = is_in if inside is None else b.binary("arith.andi", inside, is_in)
        found = b.extract(b.stage.tensor(op.x), at)
        if inside is None:
            return found
        outside = b.like(0, found) if op.value is None else b.extract(b.stage.tensor(op.value, ()), [])
        return b.select(inside, found, outside)

    if op.x.tensor.element_count == 0:
        raise NoKernel("x is empty: there is no element to clamp an index to")
    g.indexed(op, element)


def _padded(b: Body, mode: str, i: Scalar, before: Dim, after: Dim, extent: Dim) -> tuple[Scalar, Scalar | None]:
    """Where in x the padded index lies, moved inside, and in constant mode whether it is x at all."""
    if before == 0 and after == 0:
        return i, None
    zero = b.index(0)
    grown = b.stage.dim(before)
    first = b.binary("arith.maxsi", b.binary("arith.subi", zero, grown), zero)  # cropped off at the front
    cut = b.binary("arith.maxsi", b.binary("arith.subi", zero, b.stage.dim(after)), zero)
    kept = b.binary("arith.subi", b.binary("arith.subi", b.stage.dim(extent), first), cut)
    offset = b.binary("arith.subi", i, b.binary("arith.maxsi", grown, zero))
    last = b.binary("arith.subi", kept, b.index(1))
    inside: Scalar | None = None
    match mode:
        case "constant":
            inside = b.binary("arith.andi", b.compare("sge", offset, zero), b.compare("slt", offset, kept))
            place = clamped(b, offset, last)
        case "edge":
            place = clamped(b, offset, last)
        case "reflect":  # a triangle wave of period 2 * last
            period = b.binary("arith.maxsi", b.binary("arith.muli", last, b.index(2)), b.index(1))
            phase = modulo(b, offset, period)
            place = b.binary("arith.minsi", phase, b.binary("arith.subi", period, phase))
        case _:
            place = modulo(b, offset, b.binary("arith.maxsi", kept, b.index(1)))
    return b.binary("arith.addi", first, place), inside


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
            offset = b.as_index(converted(b, b.extract(b.stage.tensor(op.k, ()), []), op.k.tensor.dtype, DType.I64))
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
        given = b.extract(b.stage.tensor(op.lengths), [index[batch]])
        length = b.as_index(converted(b, given, op.lengths.tensor.dtype, DType.I64))
        mirrored = b.binary("arith.subi", b.binary("arith.subi", length, b.index(1)), index[time])
        at = list(index)
        at[time] = b.select(b.compare("slt", index[time], length), mirrored, index[time])
        return b.extract(b.stage.tensor(op.x), at)

    g.indexed(op, element)


@linalg(OneHot, attributes="depth axis")
def one_hot(g: Lowering, op: OneHot) -> None:
    axis = op.axis % op.result.tensor.rank

    def element(b: Body, index: list[Scalar]) -> Scalar:
        given = b.extract(b.stage.tensor(op.indices), [*index[:axis], *index[axis + 1 :]])
        wanted = b.as_index(converted(b, given, op.indices.tensor.dtype, DType.I64))
        depth = b.stage.dim(op.result.tensor.dims[axis])
        wanted = b.select(b.compare("slt", wanted, b.index(0)), b.binary("arith.addi", wanted, depth), wanted)
        off, on = (b.extract(b.stage.tensor(op.values), [Scalar(b.index(n).name, INDEX)]) for n in (0, 1))
        return b.select(b.compare("eq", wanted, index[axis]), on, off)

    g.indexed(op, element)
