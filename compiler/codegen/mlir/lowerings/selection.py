"""NonZero and Compress: a stage finds the places and how many, main states the size, a stage reads the places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlc.codegen.builder import I64
from mlc.codegen.kernel import Temporary
from mlc.codegen.mlir.control import Carried, insert, loop, when
from mlc.codegen.mlir.elements import Scalar
from mlc.codegen.mlir.indexing import unraveled
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.text import Body, Stage, Tensor
from mlc.ir import Dim, DType, Value
from mlc.ir.dims import product
from mlc.ops import Compress, NonZero


@linalg(NonZero, attributes="count")
def non_zero(g: Lowering, op: NonZero) -> None:
    """Flat places first, then their indices."""
    dims = op.x.tensor.dims

    def holds(b: Body, x: Scalar) -> Scalar:
        if x.type == "i1":
            return x
        return b.compare("une" if x.is_float else "ne", x, b.like(0, x))

    places, count = _places(g, op.x, product(dims), holds)
    g.plan.inline(lambda m: m.resolve(op.result, [len(dims), m.load(m.pointer(count), I64)], op), count)

    def element(b: Body, index: list[Scalar]) -> Scalar:
        flat = b.as_index(b.extract(b.stage.tensor(places), [index[1]]))
        found = flat
        for axis, here in enumerate(unraveled(b, flat, dims)):
            found = b.select(b.compare("eq", index[0], b.index(axis)), here, found)
        return b.convert("arith.index_cast", found, "i64")

    g.indexed(op, element)


@linalg(Compress, attributes="axis count")
def compress(g: Lowering, op: Compress) -> None:
    """The chosen places of the axis, then a copy for each."""
    dims = op.x.tensor.dims
    axis = None if op.axis is None else op.axis % len(dims)
    seen = (product(dims),) if axis is None else dims
    extent = seen[axis or 0]
    places, count = _places(g, op.condition, op.condition.tensor.dims[0], lambda b, x: x)

    def resolve(m: Any) -> None:
        chosen = m.load(m.pointer(count), I64)
        last = m.load(m.pointer(places), I64, m.maximum(m.sub(chosen, 1), 0))
        is_inside = m.ir.or_(m.compare("==", chosen, 0), m.compare("<", last, m.dim(extent)))
        m.require(is_inside, "the condition chooses place {0} of {1}", last, m.dim(extent), op=op)
        m.resolve(op.result, [chosen if n == (axis or 0) else m.dim(d) for n, d in enumerate(seen)], op)

    g.plan.inline(resolve, count, places)

    def element(b: Body, index: list[Scalar]) -> Scalar:
        at = list(index)
        at[axis or 0] = b.as_index(b.extract(b.stage.tensor(places), [index[axis or 0]]))
        return b.extract(b.stage.tensor(op.x, seen), at)

    g.indexed(op, element)


def _places(
    g: Lowering, value: Value, extent: Dim, holds: Callable[[Body, Scalar], Scalar]
) -> tuple[Temporary, Temporary]:
    """The numbers below `extent` of the elements for which `holds`, in order, and how many they are."""
    places, count = g.temporary(DType.I64, extent), g.temporary(DType.I64, 1)
    stage = Stage("places")
    stage.family = "serial"
    x = stage.tensor(value, (extent,))
    found, number = stage.destination(places), stage.destination(count)
    b = stage.body()

    def turn(b: Body, i: Scalar, carried: list[Carried]) -> list[Carried]:
        found, total = carried

        def take(b: Body) -> list[Carried]:
            place = b.convert("arith.index_cast", i, "i64")
            return [insert(b, place, found, [total]), b.binary("arith.addi", total, b.index(1))]

        return when(b, holds(b, b.extract(x, [i])), carried, take)

    found, total = loop(b, b.index(0), b.stage.dim(extent), [found, b.index(0)], turn)
    made: Tensor = insert(b, b.convert("arith.index_cast", total, "i64"), number, [b.index(0)])
    g.close(stage, [found, made])
    return places, count
