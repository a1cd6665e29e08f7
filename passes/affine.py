"""Ops that scale and shift each channel by constants: batch norm, and arithmetic with a constant per channel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mlc.ir import Array, Op, Value
from mlc.ops import Add, BatchNorm, Div, Mul, Sub, constant_value
from mlc.rewrite import Miss

AffineOp = BatchNorm | Mul | Div | Add | Sub


@dataclass(frozen=True)
class Affine:
    """scale[c] * x + shift[c] in f64, c counted along one axis of x."""

    x: Value
    scale: Array
    shift: Array

    @property
    def is_finite(self) -> bool:
        """Whether no factor overflowed, as it does where a variance is 0 and epsilon too."""
        return bool(np.isfinite(self.scale).all() and np.isfinite(self.shift).all())


def affine_of(op: Op, axis: int, channels: int) -> Affine | Miss | None:
    """What `op` does as scale and shift along `axis`, which has that many channels.

    None when it is no such op; a Miss when it is one but its constant is of another shape, or not a constant.
    """
    match op:
        case BatchNorm():
            return _batch_norm(op, axis, channels)
        case Mul() | Add() | Sub() | Div():
            return _arithmetic(op, axis, channels)
        case _:
            return None


def _batch_norm(op: BatchNorm, axis: int, channels: int) -> Affine | Miss | None:
    if axis != 1:
        return Miss("the batch norm's channels are another axis", blocker=op)
    arrays = [constant_value(v) for v in (op.scale, op.bias, op.mean, op.variance)]
    for value, array in zip((op.scale, op.bias, op.mean, op.variance), arrays, strict=True):
        if array is None:
            return Miss("a parameter of the batch norm is not constant", blocker=value)
    scale, bias, mean, variance = (np.asarray(a, np.float64) for a in arrays)
    with np.errstate(all="ignore"):
        factor = scale / np.sqrt(variance + op.epsilon)
        shift = bias - mean * factor
    return Affine(op.x, np.broadcast_to(factor, (channels,)), np.broadcast_to(shift, (channels,)))


def _arithmetic(op: Mul | Add | Sub | Div, axis: int, channels: int) -> Affine | Miss | None:
    is_left = constant_value(op.x) is not None
    x, constant = (op.y, op.x) if is_left else (op.x, op.y)
    array = constant_value(constant)
    if array is None or not x.tensor.dtype.is_float or (is_left and isinstance(op, Div)):
        return None
    if x.type != op.result.type or x.tensor.shape is None:
        return Miss("the constant gives the result its shape", blocker=constant)
    vector = per_channel(array, x.tensor.rank, axis, channels)
    if vector is None:
        return Miss("the constant varies over more than the channels", blocker=constant)
    one, zero = np.ones(channels), np.zeros(channels)
    with np.errstate(all="ignore"):
        match op:
            case Mul():
                return Affine(x, vector, zero)
            case Div():
                return Affine(x, 1.0 / vector, zero)
            case Add():
                return Affine(x, one, vector)
            case Sub():
                return Affine(x, -one, vector) if is_left else Affine(x, one, -vector)


def per_channel(array: Array, rank: int, axis: int, channels: int) -> Array | None:
    """`array`, broadcast to a tensor of this rank, as f64[channels] when it varies along `axis` alone, else None."""
    if array.ndim > rank:
        return None
    shape = (1,) * (rank - array.ndim) + array.shape
    if any(size != 1 for i, size in enumerate(shape) if i != axis) or shape[axis] not in (1, channels):
        return None
    return np.broadcast_to(array.reshape(-1).astype(np.float64), (channels,))
