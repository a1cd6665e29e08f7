"""Ops on blocked tensors in place of plain ones, one at a time, with the value of the padding lanes followed along.

A channel count that is no multiple of the block leaves lanes that stand for no channel. What they hold is nobody's
business: a conv says how many channels its sum goes over, everything else works lane by lane, and unpack drops them.
"""

from __future__ import annotations

from typing import Any

from mlc.ir import Array, Module, Op, Value
from mlc.ops import (
    Add,
    BatchNorm,
    Concat,
    Constant,
    Conv,
    Mul,
    Pack,
    Reshape,
    Unpack,
    constant_value,
)
from mlc.ops.inference import numbers
from mlc.passes.affine import Affine, affine_of
from mlc.passes.layout_cut import POOLS, SPATIAL_REDUCTIONS, channels_of, is_image_for, takes_plain
from mlc.rewrite import erase_dead


class Blocker:
    """Converts ops of one function to blocks of `size` channels, in program order."""

    def __init__(self, module: Module, size: int) -> None:
        self.module = module
        self.size = size
        self.layout = f"nchw{size}c"
        self.packs: dict[Value, Value] = {}

    def convert(self, op: Op) -> None:
        """Replaces `op` by its form on blocks, and a plain tensor unpacked from it; one rewrite."""
        result = op.results[0]
        producers = [v.op for v in op.operands if v.op is not None]
        kind = op.name.removeprefix("mlc.")
        with self.module.rewriting(op, rule=f"block_{kind}", reason=f"in blocks of {self.size} channels"):
            plain = Unpack(self._blocked(op), axes=(1,), tiles=(self.size,), dims=result.tensor.dims)
            self.module.replace(op, plain.result)
            erase_dead(self.module, producers)

    def _blocked(self, op: Op) -> Value:
        """The result of `op` on blocks, unattached."""
        if isinstance(op, Conv):
            return self._conv(op)
        if isinstance(op, BatchNorm):
            return self._batch_norm(op)
        if isinstance(op, POOLS):
            return op.clone({op.x: self._image(op.x)}, layout=self.layout).results[0]
        if isinstance(op, SPATIAL_REDUCTIONS):
            axes = tuple(a % op.x.tensor.rank for a in op.axes or ())
            return op.clone({op.x: self._image(op.x)}, axes=axes).results[0]
        if isinstance(op, Concat):
            return Concat([self._image(x) for x in op.xs], axis=op.axis % op.result.tensor.rank).result
        return op.clone({v: self._operand(v, op) for v in op.operands}).results[0]

    def _conv(self, op: Conv) -> Value:
        w = constant_value(op.w)
        assert w is not None
        is_plain = takes_plain(op, self.size)
        is_depthwise = op.groups > 1 and w.shape[1] == 1
        inner = 1 if is_depthwise or is_plain else self.size
        weights = self._packed_constant(w, (1, 0), (inner, self.size))
        bias = None if op.b is None else self._packed_constant(_array(op.b), (0,), (self.size,))
        groups = -(-w.shape[0] // self.size) * self.size if is_depthwise else op.groups
        x = op.x if is_plain else self._image(op.x)
        channels = w.shape[1] if w.shape[1] % inner else 0
        return op.clone(None, x=x, w=weights, b=bias, groups=groups, layout=self.layout, channels=channels).results[0]

    def _batch_norm(self, op: BatchNorm) -> Value:
        """x * scale + shift with both packed."""
        channels = channels_of(op.x)
        assert channels is not None
        affine = affine_of(op, 1, channels)
        assert isinstance(affine, Affine)
        shape = (1, channels, *(1,) * (op.x.tensor.rank - 2))
        vectors = [v.astype(op.x.tensor.dtype.numpy).reshape(shape) for v in (affine.scale, affine.shift)]
        scale, shift = (self._packed_constant(v, (1,), (self.size,)) for v in vectors)
        return Add(Mul(self._image(op.x), scale).result, shift).result

    # --- operands ---

    def _image(self, value: Value) -> Value:
        """`value` on blocks: what it was unpacked from, or a pack of it with lanes of 0."""
        if isinstance(value.op, Unpack) and value.op.tiles == (self.size,) and value.op.axes == (1,):
            return value.op.x
        known = self.packs.get(value)
        if known is not None and known.op is not None and known.op.is_attached:
            return known
        array = constant_value(value)
        packed = (
            Pack(value, axes=(1,), tiles=(self.size,), fill=self._fill(value)).result
            if array is None
            else self._packed_constant(array, (1,), (self.size,))
        )
        self.packs[value] = packed
        return packed

    def _fill(self, plain: Value) -> float | None:
        """What a pack puts in lanes of no channel, where there are any."""
        return 0.0 if (channels_of(plain) or 0) % self.size else None

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
            return self._packed_constant(array.reshape(numbers(aligned)), (1,), (self.size,))
        return Pack(_reshaped(value, aligned), axes=(1,), tiles=(self.size,), fill=0.0).result

    def _packed_constant(self, array: Array, axes: tuple[int, ...], tiles: tuple[int, ...]) -> Value:
        """The constant that a pack with lanes of 0 gives, computed here."""
        pack = Pack(Constant(array).result, axes=axes, tiles=tiles, fill=0.0)
        return Constant(pack.evaluate(array)).result


def _array(value: Value) -> Array:
    array = constant_value(value)
    assert array is not None
    return array


def _reshaped(value: Value, dims: tuple[Any, ...]) -> Value:
    return value if value.tensor.dims == dims else Reshape(value, dims=dims).result
