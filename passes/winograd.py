"""Winograd's algorithm for 3x3 convolutions, where its fewer products are worth its transforms and larger weights."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mlc.ir import DType, Module, Value
from mlc.ops import Conv, constant_value
from mlc.ops.inference import numbers
from mlc.ops.windows import block_of
from mlc.rewrite import Miss, Pass, apply_rules, option
from mlc.target import Target

# Bytes a cycle at which one core streams weights that a run reads once, from memory or a shared cache; measured on one
# Zen 4 core beside the products.
_STREAMED = 8
# Vector operations of the transforms of one tile, its loads and stores included: to points, and from points.
_TRANSFORMS = {2: (70, 50), 4: (230, 170)}
# Cycles of one more launch of a kernel.
_LAUNCH = 2000
# Bytes that weights may grow by for a cycle saved: images of 14x14 take 2; those of 7x7 would take 7.
_BYTES_A_CYCLE = 4
# What a direct convolution's estimate is divided by: its products come in longer pieces, and nothing is in between.
_SIMPLER = 1.1


@dataclass(frozen=True)
class Winograd(Pass):
    """Convolves 3x3 windows by tiles of results, which takes 2.25 to 4 times fewer products; precision changes.

    %1 = conv(%0, w) {nchw16c}  ->  %1 = conv(%0, w) {nchw16c, winograd = 4}

    Unchanged: every other window, stride or dilation, convs on plain layouts (run `layout` first), groups, weights that
    are not constant, and convs too small to win, by the products, transforms and bytes of weights on `target`, or to
    win enough for the memory of longer weights. Rounding errors grow some ten times for tiles of 4x4. `tile` is 2 or 4;
    0 takes the better one, or none.
    """

    tile: int = option(0, of=(0, 2, 4))
    target: str = "host"
    numerics = "precision-changing"

    def run(self, module: Module) -> None:
        apply_rules(module, (self.tile_conv,), pass_name=self.pass_name())

    def tile_conv(self, op: Conv) -> Value | Miss | None:
        """conv -> conv by tiles: A^T ((G w G^T) * (B^T x B)) A, equal to it in exact arithmetic."""
        if op.winograd or op.w.tensor.shape is None or not block_of(op.layout) or op.takes_plain:
            return None
        if tuple(op.w.tensor.dims[2:-2]) != (3, 3):
            return None
        if set(op.strides) != {1} or set(op.dilations) != {1}:
            return Miss("its windows move or reach by more than one", blocker="strides, dilations")
        if op.groups != 1:
            return Miss("its channels are in groups", blocker="groups")
        if constant_value(op.w) is None:
            return Miss("its weights are not constant", blocker=op.w)
        if op.x.tensor.dtype is not DType.F32 or not all(isinstance(d, int) for d in op.x.tensor.dims[1:]):
            return Miss("its image is not of f32 with known extents", blocker=op.x)
        direct = _cycles(op, 0, self.target) / _SIMPLER
        by_side = {side: _cycles(op, side, self.target) for side in ((self.tile,) if self.tile else (2, 4))}
        side = min(by_side, key=by_side.__getitem__)
        if not self.tile and by_side[side] >= direct:
            return Miss("its transforms and larger weights cost more than the products that it saves", blocker="tile")
        if not self.tile and _added_bytes(op, side) > (direct - by_side[side]) * _BYTES_A_CYCLE:
            return Miss("its weights would grow by more than the time that it saves is worth", blocker="tile")
        return op.clone(winograd=side).results[0]


def _cycles(op: Conv, side: int, target: str) -> float:
    """About how long the conv takes one core, directly (0) or by tiles of this side."""
    lanes = Target.parse(target).lanes(4)
    blocks, height, width, block = numbers(op.result.tensor.dims[-4:])
    filters, channels = blocks * block, numbers(op.w.tensor.dims)[1] * block
    if not side:
        seen = _taps_seen(height, op, 0) * _taps_seen(width, op, 1)
        products = seen * filters * channels / lanes
        return max(products, 36 * filters * channels / _STREAMED)
    points, tiles = (side + 2) ** 2, -(-height // side) * -(-width // side)
    products = points * tiles * filters * channels / lanes
    to_points, from_points = _TRANSFORMS[side]
    transforms = tiles * (channels * to_points + filters * from_points) / lanes
    return max(products, 4 * points * filters * channels / _STREAMED) + transforms + _LAUNCH


def _added_bytes(op: Conv, side: int) -> int:
    """What the weights at the points of a tile take more than those of 9 taps."""
    return ((side + 2) ** 2 - 9) * op.w.tensor.dtype.itemsize * math.prod(numbers(op.w.tensor.dims)) // 9


def _taps_seen(count: int, op: Conv, axis: int) -> int:
    """Taps of all windows along one dim that see elements; the direct kernel leaves out the others."""
    size, begin = numbers(op.x.tensor.dims[1:])[1 + axis], op.pads[axis]
    return sum(0 <= i + tap - begin < size for i in range(count) for tap in range(3))
