"""Index arithmetic of regions: clamping, wrapping, indices that come from tensors."""

from __future__ import annotations

from collections.abc import Sequence

from mlc.codegen.mlir.scalars.conversion import converted
from mlc.codegen.mlir.text import Body, Scalar
from mlc.ir import Dim, DType, Value


def clamped(b: Body, i: Scalar, last: Scalar) -> Scalar:
    """i moved into [0, last]."""
    return b.binary("arith.maxsi", b.binary("arith.minsi", i, last), b.index(0))


def modulo(b: Body, i: Scalar, period: Scalar) -> Scalar:
    """i mod period with a result in [0, period), for i of any sign."""
    rest = b.binary("arith.remsi", i, period)
    return b.select(b.compare("slt", rest, b.index(0)), b.binary("arith.addi", rest, period), rest)


def wrapped(b: Body, indices: Value, index: Sequence[Scalar], extent: Dim) -> Scalar:
    """An element of an index tensor as an index into an axis: counted from the back where negative, kept inside.

    That it lies inside is checked before the stage runs (mlc.codegen.mlir.checks).
    """
    found = b.extract(b.stage.tensor(indices), index)
    place = b.as_index(converted(b, found, indices.tensor.dtype, DType.I64))
    size = b.stage.dim(extent)
    place = b.select(b.compare("slt", place, b.index(0)), b.binary("arith.addi", place, size), place)
    return clamped(b, place, b.binary("arith.subi", size, b.index(1)))
