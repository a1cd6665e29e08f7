"""Col2Im: each element of the image, by its index, sums what the windows over it hold, tap by tap."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mlc.codegen.mlir.control import Carried, nest, when
from mlc.codegen.mlir.elements import Scalar, register_type
from mlc.codegen.mlir.indexing import read_index
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.scalars.conversion import converted
from mlc.codegen.mlir.text import Body
from mlc.codegen.registers import accumulator
from mlc.ops import Col2Im


@linalg(Col2Im, attributes="dims kernel strides pads dilations")
def col2im(g: Lowering, op: Col2Im) -> None:
    """Loops over the taps, since the size of the window may be an operand."""
    own, rank = op.x.tensor.dtype, len(op.dims) - 2
    dtype = accumulator(own)

    def element(b: Body, index: list[Scalar]) -> Scalar:
        batch, channel, *place = index
        window = [_window(b, op, axis) for axis in range(rank)]
        counts = [_window_count(b, op, axis, window[axis]) for axis in range(rank)]

        def take(b: Body, tap: list[Scalar], carried: list[Carried]) -> list[Carried]:
            windows, is_seen = _seen_by(b, op, place, tap, counts)

            def add(b: Body) -> list[Carried]:
                row = _flat(b, [channel, *tap], window)
                column = _flat(b, windows, counts[1:])
                found = b.extract(b.stage.tensor(op.x), [batch, row, column])
                return [b.add(carried[0], converted(b, found, own, dtype))]

            return when(b, is_seen, carried, add)

        [total] = nest(b, window, [b.number(0, register_type(dtype))], take)
        return converted(b, total, dtype, own)

    g.indexed(op, element, cost=4 * (math.prod(op.kernel) if op.kernel is not None else 9))


def _window(b: Body, op: Col2Im, axis: int) -> Scalar:
    if op.kernel is not None:
        return b.index(op.kernel[axis])
    assert op.window is not None
    return read_index(b, op.window, [b.index(axis)])


def _window_count(b: Body, op: Col2Im, axis: int, size: Scalar) -> Scalar:
    """How many windows of `size` taps there are along an axis of the image."""
    zero, one = b.index(0), b.index(1)
    whole = b.stage.dim(op.dims[2 + axis] + (op.pads[axis] + op.pads[len(op.dims) - 2 + axis]))
    apart = b.binary("arith.muli", b.binary("arith.subi", size, one), b.index(op.dilations[axis]))
    room = b.binary("arith.maxsi", b.binary("arith.subi", whole, b.binary("arith.addi", apart, one)), zero)
    return b.binary("arith.addi", b.binary("arith.divui", room, b.index(op.strides[axis])), one)


def _seen_by(
    b: Body, op: Col2Im, place: Sequence[Scalar], tap: Sequence[Scalar], counts: Sequence[Scalar]
) -> tuple[list[Scalar], Scalar]:
    """The window that has this tap on the element along each axis, and whether there is one along all."""
    windows: list[Scalar] = []
    is_seen = b.number(1, "i1")
    for axis, (i, t, count) in enumerate(zip(place, tap, counts, strict=True)):
        step = b.index(op.strides[axis])
        start = b.binary("arith.addi", i, b.index(op.pads[axis]))
        start = b.binary("arith.subi", start, b.binary("arith.muli", t, b.index(op.dilations[axis])))
        window = b.binary("arith.divui", b.binary("arith.maxsi", start, b.index(0)), step)
        begins_there = b.compare("eq", b.binary("arith.muli", window, step), start)
        is_one = b.binary("arith.andi", begins_there, b.compare("slt", window, count))
        windows.append(window)
        is_seen = b.binary("arith.andi", is_seen, is_one)
    return windows, is_seen


def _flat(b: Body, index: Sequence[Scalar], inner: Sequence[Scalar]) -> Scalar:
    """The row-major place of an index; `inner` are the extents of all dims but the first."""
    flat = index[0]
    for i, extent in zip(index[1:], inner, strict=True):
        flat = b.binary("arith.addi", b.binary("arith.muli", flat, extent), i)
    return flat
