"""Pads, by index: the element of x that the mode finds, or the value outside."""

from __future__ import annotations

from mlc.codegen.mlir.elements import Scalar, register_type
from mlc.codegen.mlir.indexing import clamped, modulo, names_axis, read_index
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.text import Body
from mlc.ir import Dim
from mlc.ops import Pad


@linalg(Pad, attributes="pads mode dims")
def pad(g: Lowering, op: Pad) -> None:
    """Every element finds its own place; main has resolved the extents from run-time amounts before."""

    def element(b: Body, index: list[Scalar]) -> Scalar:
        outside = (
            b.number(0, register_type(op.x.tensor.dtype))
            if op.value is None
            else b.extract(b.stage.tensor(op.value, ()), [])
        )
        if op.x.tensor.element_count == 0:
            return outside
        at: list[Scalar] = []
        inside: Scalar | None = None
        for axis, (i, extent) in enumerate(zip(index, op.x.tensor.dims, strict=True)):
            if op.pads is not None and op.pads[axis] == 0 == op.pads[len(index) + axis]:
                at.append(i)
                continue
            place, is_in = _padded(b, op.mode, i, *_amounts(b, op, axis), extent)
            at.append(place)
            if is_in is not None:
                inside = is_in if inside is None else b.binary("arith.andi", inside, is_in)
        found = b.extract(b.stage.tensor(op.x), at)
        return found if inside is None else b.select(inside, found, outside)

    g.indexed(op, element)


def _amounts(b: Body, op: Pad, axis: int) -> tuple[Scalar, Scalar]:
    """How much is added before and after an axis: attributes, or read from the operands."""
    rank = op.x.tensor.rank
    if op.pads is not None:
        return b.stage.dim(op.pads[axis]), b.stage.dim(op.pads[rank + axis])
    assert op.amounts is not None
    count = op.amounts.tensor.static_shape[0] // 2

    def given(place: int) -> tuple[Scalar, Scalar]:
        assert op.amounts is not None
        return read_index(b, op.amounts, [b.index(place)]), read_index(b, op.amounts, [b.index(place + count)])

    if op.axes is None:
        return given(axis)
    before, after = b.index(0), b.index(0)
    for place in range(count):
        is_it = names_axis(b, op.axes, place, axis, rank)
        new = given(place)
        before, after = b.select(is_it, new[0], before), b.select(is_it, new[1], after)
    return before, after


def _padded(b: Body, mode: str, i: Scalar, before: Scalar, after: Scalar, extent: Dim) -> tuple[Scalar, Scalar | None]:
    """Where in x the padded index lies, moved inside, and in constant mode whether it is x at all."""
    zero = b.index(0)
    first = b.binary("arith.maxsi", b.binary("arith.subi", zero, before), zero)  # cropped off at the front
    cut = b.binary("arith.maxsi", b.binary("arith.subi", zero, after), zero)
    kept = b.binary("arith.subi", b.binary("arith.subi", b.stage.dim(extent), first), cut)
    offset = b.binary("arith.subi", i, b.binary("arith.maxsi", before, zero))
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
