"""Random numbers by index, the very numbers of mlc.ops.random: each is a function of its place in the stream."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mlc.codegen.mlir.elements import Scalar
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.scalars.conversion import converted
from mlc.codegen.mlir.scalars.functions import log1p_of
from mlc.codegen.mlir.text import Body
from mlc.ir import Dim, DType
from mlc.ops import RandomNormal, RandomUniform

_GOLDEN = 0x9E3779B97F4A7C15


@linalg(RandomUniform, attributes="dims seed low high dtype")
def random_uniform(g: Lowering, op: RandomUniform) -> None:
    """As many bits as the dtype holds exactly, moved to [low, high)."""
    bits = 53 if op.dtype is DType.F64 else 24 if op.dtype is DType.F32 else 8

    def element(b: Body, index: list[Scalar]) -> Scalar:
        number = stream(b, op.seed, _flat(b, op.dims, index))
        scaled = b.unary("math.floor", b.plain("arith.mulf", number, b.like(2.0**bits, number)))
        coarse = b.plain("arith.mulf", scaled, b.like(2.0**-bits, number))
        spread = b.plain("arith.mulf", coarse, b.like(op.high - op.low, number))
        moved = b.plain("arith.addf", spread, b.like(op.low, number))
        return converted(b, moved, DType.F64, op.dtype)

    g.indexed(op, element)


@linalg(RandomNormal, attributes="dims seed mean deviation dtype")
def random_normal(g: Lowering, op: RandomNormal) -> None:
    """sqrt(-2 log(1 - u)) cos(2 pi v)."""

    def element(b: Body, index: list[Scalar]) -> Scalar:
        first = b.binary("arith.muli", _flat(b, op.dims, index), b.number(2, "i64"))
        u, v = stream(b, op.seed, first), stream(b, op.seed, b.binary("arith.addi", first, b.number(1, "i64")))
        logarithm = log1p_of(b, b.unary("arith.negf", u))
        radius = b.unary("math.sqrt", b.plain("arith.mulf", logarithm, b.like(-2, u)))
        number = b.plain("arith.mulf", radius, b.unary("math.cos", b.plain("arith.mulf", v, b.like(2 * math.pi, v))))
        spread = b.plain("arith.mulf", number, b.like(op.deviation, number))
        return converted(b, b.plain("arith.addf", spread, b.like(op.mean, number)), DType.F64, op.dtype)

    g.indexed(op, element)


def stream(b: Body, seed: int, place: Scalar) -> Scalar:
    """Number `place` (an i64) of the stream of `seed`, uniform in [0, 1), f64."""

    def whole(number: int) -> Scalar:
        signed = number % 2**64
        return b.number(signed - 2**64 if signed >= 2**63 else signed, "i64")

    moved = b.binary("arith.muli", b.binary("arith.addi", place, whole(1)), whole(_GOLDEN))
    z = b.binary("arith.addi", whole(seed), moved)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = b.binary("arith.xori", z, b.binary("arith.shrui", z, whole(shift)))
        z = b.binary("arith.muli", mixed, whole(factor))
    z = b.binary("arith.xori", z, b.binary("arith.shrui", z, whole(31)))
    number = b.convert("arith.uitofp", b.binary("arith.shrui", z, whole(11)), "f64")
    return b.plain("arith.mulf", number, b.like(2.0**-53, number))


def _flat(b: Body, dims: Sequence[Dim], index: Sequence[Scalar]) -> Scalar:
    """The place of an index in row-major order, an i64."""
    total = b.index(0)
    for dim, i in zip(dims, index, strict=True):
        total = b.binary("arith.addi", b.binary("arith.muli", total, b.stage.dim(dim)), i)
    return b.convert("arith.index_cast", total, "i64")
