"""Ops on blocked tensors in place of plain ones, one at a time, with the value of the padding lanes followed along.

A channel count that is no multiple of the block leaves lanes that stand for no channel. A conv reduces over them with
weights of 0, and 0 times NaN or infinity is NaN: so each lane's value is followed from where it is known (0 behind a
conv, the fill of a pack) through elementwise ops, and a conv that would read anything but a finite number gets its
input through a mask. Behind a channel that is infinite itself a lane may be NaN where a plain conv gives infinity.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mlc.errors import CompileError
from mlc.interpreter import run
from mlc.ir import Array, Module, Op, Value
from mlc.ops import (
    Add,
    AveragePool,
    BatchNorm,
    Concat,
    Constant,
    Conv,
    LpPool,
    Mul,
    Pack,
    ReduceSum,
    Reshape,
    Unpack,
    Where,
    constant_value,
)
from mlc.passes.affine import Affine, affine_of
from mlc.passes.algebra import splat
from mlc.passes.layout_cut import POOLS, SPATIAL_REDUCTIONS, channels_of, is_image_for, takes_plain
from mlc.rewrite import erase_dead


class Blocker:
    """Converts ops of one function to blocks of `size` channels, in program order."""

    def __init__(self, module: Module, size: int) -> None:
        self.module = module
        self.size = size
        self.layout = f"nchw{size}c"
        self.packs: dict[Value, Value] = {}
        self.masked: dict[Value, Value] = {}
        self.lanes: dict[Value, Any] = {}  # of a blocked value: the number in lanes of no channel, None where unknown

    def convert(self, op: Op) -> None:
        """Replaces `op` by its form on blocks, and a plain tensor unpacked from it; one rewrite."""
        result = op.results[0]
        producers = [v.op for v in op.operands if v.op is not None]
        kind = op.name.removeprefix("mlc.")
        with self.module.rewriting(op, rule=f"block_{kind}", reason=f"in blocks of {self.size} channels"):
            blocked, lane = self._blocked(op)
            plain = Unpack(blocked, axes=(1,), tiles=(self.size,), dims=result.tensor.dims)
            self.lanes[blocked] = lane if self._has_lanes(result) else 0.0
            self.module.replace(op, plain.result)
            erase_dead(self.module, producers)

    def _blocked(self, op: Op) -> tuple[Value, Any]:
        """The result of `op` on blocks, unattached, and what its lanes hold."""
        if isinstance(op, Conv):
            return self._conv(op), 0.0
        if isinstance(op, BatchNorm):
            return self._batch_norm(op)
        if isinstance(op, POOLS):
            x = self._image(op.x)
            return op.clone({op.x: x}, layout=self.layout).results[0], self._pooled_lane(op, self.lanes[x])
        if isinstance(op, SPATIAL_REDUCTIONS):
            x = self._image(op.x)
            rank = op.x.tensor.rank
            axes = tuple(a % rank for a in op.axes or ())
            lane = self.lanes[x]
            kept = lane if not isinstance(op, ReduceSum) or lane == 0.0 else None
            return op.clone({op.x: x}, axes=axes).results[0], kept
        if isinstance(op, Concat):
            images = [self._image(x) for x in op.xs]
            axis = op.axis % op.result.tensor.rank
            lanes = {self.lanes[x] for x in (images[-1:] if axis == 1 else images)}
            return Concat(images, axis=axis).result, lanes.pop() if len(lanes) == 1 else None
        mapping = {v: self._operand(v, op) for v in op.operands}
        return op.clone(dict(mapping)).results[0], self._elementwise_lane(op, mapping)

    def _conv(self, op: Conv) -> Value:
        w = constant_value(op.w)
        assert w is not None
        is_plain = takes_plain(op, self.size)
        x = op.x if is_plain else self._finite(self._image(op.x), op.x)
        is_depthwise = op.groups > 1 and w.shape[1] == 1
        inner = 1 if is_depthwise or is_plain else self.size
        weights = self._packed_constant(w, (1, 0), (inner, self.size))
        bias = None if op.b is None else self._packed_constant(_array(op.b), (0,), (self.size,))
        groups = -(-w.shape[0] // self.size) * self.size if is_depthwise else op.groups
        return op.clone(None, x=x, w=weights, b=bias, groups=groups, layout=self.layout).results[0]

    def _batch_norm(self, op: BatchNorm) -> tuple[Value, Any]:
        """x * scale + shift with both packed, whose lanes of 0 make 0 of a finite lane."""
        channels = channels_of(op.x)
        assert channels is not None
        affine = affine_of(op, 1, channels)
        assert isinstance(affine, Affine)
        shape = (1, channels, *(1,) * (op.x.tensor.rank - 2))
        vectors = [v.astype(op.x.tensor.dtype.numpy).reshape(shape) for v in (affine.scale, affine.shift)]
        scale, shift = (self._packed_constant(v, (1,), (self.size,)) for v in vectors)
        x = self._image(op.x)
        lane = self.lanes[x]
        is_finite = lane is not None and math.isfinite(lane)
        return Add(Mul(x, scale).result, shift).result, 0.0 if is_finite else None

    # --- operands ---

    def _image(self, value: Value) -> Value:
        """`value` on blocks: what it was unpacked from, or a pack of it with lanes of 0."""
        if isinstance(value.op, Unpack) and value.op.tiles == (self.size,) and value.op.axes == (1,):
            source = value.op.x
            self.lanes.setdefault(source, None)
            return source
        known = self.packs.get(value)
        if known is not None and known.op is not None and known.op.is_attached:
            return known
        array = constant_value(value)
        packed = (
            Pack(value, axes=(1,), tiles=(self.size,), fill=0.0 if self._has_lanes(value) else None).result
            if array is None
            else self._packed_constant(array, (1,), (self.size,))
        )
        self.packs[value] = packed
        self.lanes[packed] = 0.0
        return packed

    def _operand(self, value: Value, op: Op) -> Value:
        """An operand of an elementwise op: an image, or a smaller tensor with its channels where the blocks are."""
        if is_image_for(value, op, self.size):
            return self._image(value)
        rank = op.results[0].tensor.rank
        dims = value.tensor.dims
        if len(dims) == 0 or (len(dims) < rank - 1 and all(d == 1 for d in dims)):
            return value
        aligned = (1,) * (rank - len(dims)) + dims
        if aligned[1] == 1:
            return _reshaped(value, (*aligned, 1))
        array = constant_value(value)
        if array is not None:
            return self._packed_constant(array.reshape([int(str(d)) for d in aligned]), (1,), (self.size,))
        packed = Pack(_reshaped(value, aligned), axes=(1,), tiles=(self.size,), fill=0.0).result
        self.lanes[packed] = 0.0
        return packed

    def _packed_constant(self, array: Array, axes: tuple[int, ...], tiles: tuple[int, ...]) -> Value:
        """The constant that a pack with lanes of 0 gives, computed here."""
        pack = Pack(Constant(array).result, axes=axes, tiles=tiles, fill=0.0)
        packed = Constant(pack.evaluate(array)).result
        self.lanes[packed] = 0.0
        return packed

    # --- lanes ---

    def _has_lanes(self, plain: Value) -> bool:
        return (channels_of(plain) or 0) % self.size != 0

    def _finite(self, blocked: Value, plain: Value) -> Value:
        """`blocked` when its lanes are finite, else with 0 in them."""
        lane = self.lanes[blocked]
        if not self._has_lanes(plain) or (lane is not None and math.isfinite(lane)):
            return blocked
        known = self.masked.get(blocked)
        if known is not None and known.op is not None and known.op.is_attached:
            return known
        channels = channels_of(plain)
        assert channels is not None
        rank = plain.tensor.rank
        lanes = np.arange(-(-channels // self.size) * self.size) < channels
        mask = lanes.reshape(1, -1, *(1,) * (rank - 2), self.size)
        zero = Constant(np.zeros((), plain.tensor.dtype.numpy)).result
        masked = Where(Constant(mask).result, blocked, zero).result
        self.masked[blocked] = masked
        self.lanes[masked] = 0.0
        return masked

    def _pooled_lane(self, op: Op, lane: Any) -> Any:
        is_zero_kept = isinstance(op, AveragePool | LpPool)
        return lane if not is_zero_kept or lane == 0.0 else None

    def _elementwise_lane(self, op: Op, mapping: dict[Value, Value]) -> Any:
        """What `op` makes of its operands' lanes: a number when all of theirs are."""
        arrays: list[Array] = []
        for value in op.operands:
            held = self.lanes.get(mapping[value])
            single = splat(value) if mapping[value] not in self.lanes else None
            if held is None and single is None:
                return None
            arrays.append(np.asarray(held if single is None else single, value.tensor.dtype.numpy).reshape(()))
        scalars = {v: Constant(a).result for v, a in zip(op.operands, arrays, strict=True)}
        try:
            (result,) = run(op.clone(dict(scalars)), arrays, {}, {})
        except CompileError:  # it fails on these numbers, so nothing is known
            return None
        return result.reshape(()).item()


def _array(value: Value) -> Array:
    array = constant_value(value)
    assert array is not None
    return array


def _reshaped(value: Value, dims: tuple[Any, ...]) -> Value:
    return value if value.tensor.dims == dims else Reshape(value, dims=dims).result
