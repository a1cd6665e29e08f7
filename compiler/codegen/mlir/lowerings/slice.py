"""Slices: tensor.extract_slice where the steps are known to be positive, else each element by its index."""

from __future__ import annotations

from mlc.codegen.mlir.elements import Scalar
from mlc.codegen.mlir.indexing import names_axis, read_index
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.text import Body
from mlc.ops import DynamicSlice, Slice


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
    """By index from bounds that each element reads; main has resolved the extents before."""

    def element(b: Body, index: list[Scalar]) -> Scalar:
        at = [
            b.binary("arith.addi", start, b.binary("arith.muli", i, step))
            for (start, step), i in zip(_starts(b, op), index, strict=True)
        ]
        return b.extract(b.stage.tensor(op.x), at)

    g.indexed(op, element)


def _starts(b: Body, op: DynamicSlice) -> list[tuple[Scalar, Scalar]]:
    """The first element and the step along each axis of x; of an axis that is named twice, the later."""
    dims = op.x.tensor.dims
    [count] = op.starts.tensor.static_shape
    found = [(b.index(0), b.index(1))] * len(dims)
    for place in range(count):
        start = read_index(b, op.starts, [b.index(place)])
        step = b.index(1) if op.steps is None else read_index(b, op.steps, [b.index(place)])
        for axis, dim in enumerate(dims):
            if op.axes is None and axis != place:
                continue
            new = _clamped_start(b, start, step, b.stage.dim(dim)), step
            if op.axes is not None:
                is_it = names_axis(b, op.axes, place, axis, len(dims))
                new = b.select(is_it, new[0], found[axis][0]), b.select(is_it, new[1], found[axis][1])
            found[axis] = new
    return found


def _clamped_start(b: Body, start: Scalar, step: Scalar, extent: Scalar) -> Scalar:
    """Where a slice begins, clamped as numpy does: counted from the back where negative, inside where it goes down."""
    zero = b.index(0)
    is_down = b.compare("slt", step, zero)
    low = b.select(is_down, b.index(-1), zero)
    high = b.select(is_down, b.binary("arith.subi", extent, b.index(1)), extent)
    from_back = b.binary("arith.maxsi", b.binary("arith.addi", start, extent), low)
    return b.binary("arith.minsi", b.select(b.compare("slt", start, zero), from_back, start), high)
