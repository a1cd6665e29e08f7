"""Normalizations: statistics of a line in two passes over it, mean first, then squares of what is left; a third pass
scales. Lines that are computed on the way, or are narrow floats, are kept on the stack where they fit.

BatchNorm has its statistics given and Lrn takes sums over neighbouring channels: one pass each, vectors over pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir

from mlc.codegen import math, registers
from mlc.codegen.builder import Index
from mlc.codegen.kernel import Kernel
from mlc.codegen.kernels.spaces import (
    Fold,
    Space,
    fold_line,
    is_computed,
    lanes_for,
    nest,
    space_of,
    squares_of,
    total_of,
    walk,
)
from mlc.codegen.kernels.tiles import accumulator
from mlc.codegen.registry import kernel
from mlc.codegen.schedule import Plan
from mlc.ir import DType, Value
from mlc.ir.dims import floordiv, product
from mlc.ops import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, Lrn, RmsNorm
from mlc.ops.norm import Norm

# Numbers of one line that are kept on the stack: half of the smallest L1.
ON_STACK = 4096

Place = list[Index]


def _read(k: Kernel, op: Norm, value: Value, index: Sequence[Index]) -> ir.Value:
    """An element of an operand in the dtype that statistics are computed in."""
    return registers.converted(k, k.value_of(value, index), value.tensor.dtype, _accumulator(op))


def _emit(k: Kernel, op: Norm, index: Sequence[Index], value: ir.Value) -> None:
    k.emit(index, registers.converted(k, value, _accumulator(op), op.x.tensor.dtype))


def _accumulator(op: Norm) -> DType:
    return accumulator(op.x.tensor.dtype)


def _choose(plan: Plan, space: Space, lanes: int) -> None:
    plan.choose("dims", " x ".join(f"{kind} {d}" for d, kind in zip(space.dims, space.kinds, strict=True)))
    plan.choose("lanes", lanes)


@kernel(LayerNorm, RmsNorm, prologue=True)
def norm(plan: Plan, op: LayerNorm | RmsNorm) -> None:
    """One unit per line."""
    rank = op.x.tensor.rank
    axis = op.axis % rank
    operands = [op.x, op.scale, op.bias if isinstance(op, LayerNorm) else None]
    space = space_of(plan, operands, ["line" if i >= axis else "row" for i in range(rank)])
    rows, line = space.extents("row"), space.extents("line")
    length = product(line)
    lanes = lanes_for(plan, line[-1], op.x, _accumulator(op))
    is_kept = is_computed(plan, op.x) or _accumulator(op) is not op.x.tensor.dtype
    is_kept = is_kept and isinstance(length, int) and length <= ON_STACK and len(line) == 1
    _choose(plan, space, lanes)

    @plan.each(product(rows), cost=length * 3, shapes=space.shapes)
    def row(k: Kernel, number: Any) -> None:
        at = k.unravel(number, [k.dim(d) for d in rows])
        extents = [k.dim(d) for d in line]

        def index(i: Place) -> tuple[Index, ...]:
            return space.index(row=at, line=i)

        def read(i: Place) -> ir.Value:
            return _read(k, op, op.x, index(i))

        first, again = _kept(k, op, read, length) if is_kept else (read, read)
        center, deviation = _statistics(k, op, extents, lanes, first, again, k.dim(length))
        inverse = k.ir.fdiv(k.like(1.0, deviation), deviation)
        for i in walk(k, line, lanes):
            value = again(i)
            if center is not None:
                value = k.ir.fsub(*k.unified(value, center))
            value = k.ir.fmul(*k.unified(value, inverse))
            _emit(k, op, index(i), _scaled(k, op, value, index(i)))


def _kept(
    k: Kernel, op: Norm, read: Callable[[Place], ir.Value], length: Any
) -> tuple[Callable[[Place], ir.Value], Callable[[Place], ir.Value]]:
    """Reading with a copy to the stack, and reading from there."""
    kind = registers.register_type(_accumulator(op))
    buffer = k.stack(kind, length)

    def first(i: Place) -> ir.Value:
        value = read(i)
        k.store(buffer, value, i[0])
        return value

    return first, lambda i: k.load(buffer, kind, i[0])


def _statistics(
    k: Kernel,
    op: Norm,
    extents: Sequence[Any],
    lanes: int,
    first: Callable[[Place], ir.Value],
    again: Callable[[Place], ir.Value],
    count: Any,
) -> tuple[ir.Value | None, ir.Value]:
    """What to subtract, if anything, and sqrt(mean square + epsilon) of what is left."""
    dtype = _accumulator(op)
    size = registers.converted(k, k.i64(count), DType.I64, dtype)
    center = None
    read = first
    if not isinstance(op, RmsNorm):
        center = k.ir.fdiv(fold_line(k, total_of(dtype), extents, lanes, first), size)
        read = _centered(k, again, center)
    square = k.ir.fdiv(fold_line(k, squares_of(dtype), extents, lanes, read), size)
    epsilon = op.attributes["epsilon"]
    assert isinstance(epsilon, float)
    return center, math.sqrt(k.ir, k.ir.fadd(square, k.constant(dtype, epsilon)))


def _centered(k: Kernel, read: Callable[[Place], ir.Value], center: ir.Value) -> Callable[[Place], ir.Value]:
    return lambda i: k.ir.fsub(*k.unified(read(i), center))


def _scaled(k: Kernel, op: LayerNorm | RmsNorm, value: ir.Value, index: Sequence[Index]) -> ir.Value:
    """value * scale + bias; the quotient of RmsNorm is rounded before."""
    if isinstance(op, RmsNorm):
        value = registers.rounded(k, op.x.tensor.dtype, value)
    bias = op.bias if isinstance(op, LayerNorm) else None
    factor, shift = (
        None if v is None else _read(k, op, v, k.values.broadcast(v, op.result, tuple(index))) for v in (op.scale, bias)
    )
    if factor is not None and shift is not None:
        return k.fma(value, factor, shift)
    if factor is not None:
        return k.ir.fmul(*k.unified(value, factor))
    return value if shift is None else k.ir.fadd(*k.unified(value, shift))


@kernel(GroupNorm, InstanceNorm, prologue=True)
def group_norm(plan: Plan, op: GroupNorm | InstanceNorm) -> None:
    """One unit per sample and group of channels."""
    space = _channel_space(plan, op, (op.scale, op.bias))
    (samples,), (channels,), pixels = (space.extents(kind) for kind in ("row", "channel", "pixel"))
    groups = op.groups if isinstance(op, GroupNorm) else channels
    width = floordiv(channels, groups) if isinstance(op, GroupNorm) else 1
    line = (width, *pixels)
    lanes = lanes_for(plan, line[-1], op.x, _accumulator(op))
    _choose(plan, space, lanes)

    @plan.each(samples * groups, cost=product(line) * 3, shapes=space.shapes)
    def unit(k: Kernel, number: Any) -> None:
        sample, group = k.unravel(number, [k.dim(samples), k.dim(groups)])
        start = k.mul(group, k.dim(width))

        def read(i: Place) -> ir.Value:
            channel, *pixel = i
            at = space.index(row=[sample], channel=[k.add(start, channel)], pixel=pixel)
            return _read(k, op, op.x, at)

        extents = [k.dim(d) for d in line]
        center, deviation = _statistics(k, op, extents, lanes, read, read, k.dim(product(line)))
        inverse = k.ir.fdiv(k.like(1.0, deviation), deviation)
        for i in walk(k, line[:1], 1 if pixels else lanes):
            channel = k.add(start, i[0])
            factor = k.ir.fmul(*k.unified(_read(k, op, op.scale, (channel,)), inverse))
            shift = _read(k, op, op.bias, (channel,))
            for pixel in walk(k, pixels, lanes):
                value = k.ir.fsub(*k.unified(read([*i, *pixel]), center))
                at = space.index(row=[sample], channel=[channel], pixel=pixel)
                _emit(k, op, at, k.fma(value, factor, shift))


def _channel_space(plan: Plan, op: Norm, beside: Sequence[Value]) -> Space:
    rank = op.x.tensor.rank
    kinds = ["row" if i == 0 else "channel" if i == 1 else "pixel" for i in range(rank)]
    return space_of(plan, [op.x], kinds, beside=beside)


@kernel(BatchNorm, prologue=True)
def batch_norm(plan: Plan, op: BatchNorm) -> None:
    """One unit per sample and channel, vectors over pixels; without pixels one per sample, vectors over channels."""
    vectors = (op.scale, op.bias, op.mean, op.variance)
    space = _channel_space(plan, op, vectors)
    samples, channels, pixels = (product(space.extents(kind)) for kind in ("row", "channel", "pixel"))
    has_pixels = pixels != 1
    lanes = lanes_for(plan, (space.extents("pixel") if has_pixels else (channels,))[-1], op.x, _accumulator(op))
    _choose(plan, space, lanes)
    rows = (samples, channels) if has_pixels else (samples,)

    @plan.each(product(rows), cost=pixels if has_pixels else channels, shapes=space.shapes)
    def unit(k: Kernel, number: Any) -> None:
        sample, *rest = k.unravel(number, [k.dim(d) for d in rows])
        for (channel,) in [rest] if has_pixels else walk(k, (channels,), lanes):
            factor, center, shift = _channel_factors(k, op, channel)
            for pixel in walk(k, space.extents("pixel"), lanes if has_pixels else 1):
                at = space.index(row=[sample], channel=[channel], pixel=pixel)
                value = k.ir.fsub(*k.unified(_read(k, op, op.x, at), center))
                _emit(k, op, at, k.fma(value, factor, shift))


def _channel_factors(k: Kernel, op: BatchNorm, channel: Index) -> tuple[ir.Value, ir.Value, ir.Value]:
    """scale / sqrt(variance + epsilon), mean and bias."""
    scale, shift, center, variance = (_read(k, op, v, (channel,)) for v in (op.scale, op.bias, op.mean, op.variance))
    deviation = math.sqrt(k.ir, k.ir.fadd(variance, k.like(op.epsilon, variance)))
    return k.ir.fdiv(scale, deviation), center, shift


@kernel(Lrn, prologue=True)
def lrn(plan: Plan, op: Lrn) -> None:
    """One unit per sample and channel: for each vector of pixels the squares of its neighbours."""
    space = _channel_space(plan, op, ())
    (samples,), (channels,), pixels = (space.extents(kind) for kind in ("row", "channel", "pixel"))
    below, above = (op.size - 1) // 2, op.size // 2
    lanes = lanes_for(plan, pixels[-1] if pixels else 1, op.x, _accumulator(op))
    squares: Fold = squares_of(_accumulator(op))
    _choose(plan, space, lanes)

    @plan.each(samples * channels, cost=product(pixels) * (op.size + 8), shapes=space.shapes)
    def unit(k: Kernel, number: Any) -> None:
        sample, channel = k.unravel(number, [k.dim(samples), k.dim(channels)])
        start = k.maximum(k.sub(channel, below), 0)
        stop = k.minimum(k.add(channel, above + 1), k.dim(channels))
        for pixel in walk(k, pixels, lanes):
            own = _read(k, op, op.x, space.index(row=[sample], channel=[channel], pixel=pixel))
            total = k.variable(k.like(0.0, own))
            with nest(k, [k.sub(stop, start)]) as (near,):
                at = space.index(row=[sample], channel=[k.add(start, near)], pixel=pixel)
                squares.take(k, total, _read(k, op, op.x, at))
            base = k.fma(total.get(), k.like(op.alpha / op.size, own), k.like(op.k, own))
            at = space.index(row=[sample], channel=[channel], pixel=pixel)
            _emit(k, op, at, k.ir.fdiv(own, _power(k, base, op.beta)))


def _power(k: Kernel, x: ir.Value, exponent: float) -> ir.Value:
    """x^exponent for x > 0; by square roots for the exponents that models use."""
    root = math.sqrt(k.ir, x) if exponent in (0.5, 0.75) else x
    if exponent == 0.75:
        return k.ir.fmul(root, math.sqrt(k.ir, root))
    return root if exponent in (0.5, 1.0) else math.pow(k.ir, x, k.like(exponent, x))
