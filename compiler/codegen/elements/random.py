"""Random numbers by index, the very numbers of mlc.ops.random: each is a function of its place in the stream."""

from __future__ import annotations

import math as constants
from typing import Any

from mlc.codegen import math, registers
from mlc.codegen.builder import F64, Builder, Index, with_lanes
from mlc.codegen.kernel import Values
from mlc.codegen.registry import indexed
from mlc.ir import Dim, DType
from mlc.ops import RandomNormal, RandomUniform

Element = Any  # ir.Value; llvmlite is untyped
_GOLDEN = 0x9E3779B97F4A7C15


@indexed(RandomUniform)
def random_uniform(values: Values, op: RandomUniform, index: tuple[Index, ...]) -> Element:
    """As many bits as the dtype holds exactly, moved to [low, high)."""
    k = values.k
    bits = 53 if op.dtype is DType.F64 else 24 if op.dtype is DType.F32 else 8
    number = stream(k, op.seed, flat(k, op.dims, index))
    coarse = k.ir.fmul(math.floor(k.ir, k.ir.fmul(number, k.like(2.0**bits, number))), k.like(2.0**-bits, number))
    spread = k.ir.fmul(coarse, k.like(op.high - op.low, number))
    return registers.converted(k, k.ir.fadd(spread, k.like(op.low, number)), DType.F64, op.dtype)


@indexed(RandomNormal)
def random_normal(values: Values, op: RandomNormal, index: tuple[Index, ...]) -> Element:
    """sqrt(-2 log(1 - u)) cos(2 pi v)."""
    k = values.k
    first = k.mul(flat(k, op.dims, index), 2)
    u, v = stream(k, op.seed, first), stream(k, op.seed, k.add(first, 1))
    radius = math.sqrt(k.ir, k.ir.fmul(math.log1p(k.ir, k.ir.fneg(u)), k.like(-2.0, u)))
    number = k.ir.fmul(radius, math.cos(k.ir, k.ir.fmul(v, k.like(2 * constants.pi, v))))
    moved = k.ir.fadd(k.ir.fmul(number, k.like(op.deviation, number)), k.like(op.mean, number))
    return registers.converted(k, moved, DType.F64, op.dtype)


def stream(k: Builder, seed: int, place: Index) -> Element:
    """Number `place` of the stream of `seed`, uniform in [0, 1), f64."""
    z = k.value(place)

    def whole(number: int) -> Element:
        return k.like(number % 2**64, z)

    z = k.ir.add(whole(seed), k.ir.mul(k.ir.add(z, whole(1)), whole(_GOLDEN)))
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        z = k.ir.mul(k.ir.xor(z, k.ir.lshr(z, whole(shift))), whole(factor))
    z = k.ir.lshr(k.ir.xor(z, k.ir.lshr(z, whole(31))), whole(11))
    number = k.ir.uitofp(z, with_lanes(z.type, F64))
    return k.ir.fmul(number, k.like(2.0**-53, number))


def flat(k: Any, dims: tuple[Dim, ...], index: tuple[Index, ...]) -> Index:
    """The place of an index in row-major order."""
    total: Index = 0
    for dim, i in zip(dims, index, strict=True):
        total = k.add(k.mul(total, k.dim(dim)), i)
    return total
