"""Index arithmetic of regions: clamping, wrapping, indices that come from tensors."""

from __future__ import annotations

from collections.abc import Sequence

from mlc.codegen.mlir.elements import Scalar
from mlc.codegen.mlir.scalars.conversion import converted
from mlc.codegen.mlir.text import Body
from mlc.ir import Dim, DType, Value


def clamped(b: Body, i: Scalar, last: Scalar) -> Scalar:
    """i moved into [0, last]."""
    return b.binary("arith.maxsi", b.binary("arith.minsi", i, last), b.index(0))


def modulo(b: Body, i: Scalar, period: Scalar) -> Scalar:
    """i mod period with a result in [0, period), for i of any sign."""
    rest = b.binary("arith.remsi", i, period)
    return b.select(b.compare("slt", rest, b.index(0)), b.binary("arith.addi", rest, period), rest)


def unraveled(b: Body, flat: Scalar, dims: Sequence[Dim | Scalar]) -> list[Scalar]:
    """The index along each dim of the element at a place of a row-major tensor."""
    found: list[Scalar] = []
    for dim in reversed(dims):
        extent = dim if isinstance(dim, Scalar) else b.stage.dim(dim)
        found.append(b.binary("arith.remui", flat, extent))
        flat = b.binary("arith.divui", flat, extent)
    return found[::-1]


def flat_index(b: Body, index: Sequence[Scalar], dims: Sequence[Dim]) -> Scalar:
    """The place of an element in a row-major tensor."""
    flat = b.index(0)
    for i, dim in zip(index, dims, strict=True):
        flat = b.binary("arith.addi", b.binary("arith.muli", flat, b.stage.dim(dim)), i)
    return flat


def only_element(b: Body, value: Value, dtype: DType) -> Scalar:
    """The one element of an operand, as `dtype`."""
    return converted(b, b.extract(b.stage.tensor(value, (1,)), [b.index(0)]), value.tensor.dtype, dtype)


def read_index(b: Body, value: Value, index: Sequence[Scalar], dims: Sequence[Dim] | None = None) -> Scalar:
    """An element of a tensor of integers as an index; the tensor seen in another shape where `dims` are given."""
    found = b.extract(b.stage.tensor(value, dims), index)
    return b.as_index(converted(b, found, value.tensor.dtype, DType.I64))


def names_axis(b: Body, axes: Value, place: int, axis: int, rank: int) -> Scalar:
    """Whether an entry of a tensor of axes is this one of `rank`, counted from the back where negative."""
    named = read_index(b, axes, [b.index(place)], (axes.tensor.element_count,))
    forwards, backwards = (b.compare("eq", named, b.index(n)) for n in (axis, axis - rank))
    return b.binary("arith.ori", forwards, backwards)


def wrapped(b: Body, indices: Value, index: Sequence[Scalar], extent: Dim) -> Scalar:
    """An element of an index tensor as an index into an axis: counted from the back where negative, kept inside.

    That it lies inside is checked before the stage runs (mlc.codegen.mlir.checks).
    """
    place = read_index(b, indices, index)
    size = b.stage.dim(extent)
    place = b.select(b.compare("slt", place, b.index(0)), b.binary("arith.addi", place, size), place)
    return clamped(b, place, b.binary("arith.subi", size, b.index(1)))
