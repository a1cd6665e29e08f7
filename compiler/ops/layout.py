"""Blocked layouts: Pack cuts dims into tiles that lie innermost, Unpack puts them back. The meaning of linalg.pack."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlc.ir import Array, Dim, Op, TensorType, Value
from mlc.ir.dims import ceildiv
from mlc.ops.inference import numbers


class Pack(Op):
    """x with each dim of `axes` cut into tiles, which become the last dims in that order.

    A dim of d and a tile of t leave ceil(d / t) in place of d. Where t does not divide d the last tile has lanes that
    stand for no element: they hold `fill`, or without it anything at all, which `evaluate` makes NaN, or the least
    integer, so that nobody gets by with relying on them.
    """

    x: Value
    axes: tuple[int, ...]
    tiles: tuple[int, ...]
    fill: float | None = None

    def infer(self) -> TensorType:
        x = self.x.tensor
        check_tiles(self, self.axes, self.tiles)
        if x.shape is None:
            return x
        if any(not 0 <= a < x.rank for a in self.axes):
            raise self.error(f"axes {self.axes} are not axes of {x}")
        return x.with_shape(packed_shape(x.dims, self.axes, self.tiles))

    def evaluate(self, x: Array) -> Array:
        missing = [(0, 0)] * x.ndim
        for axis, tile in zip(self.axes, self.tiles, strict=True):
            missing[axis] = (0, -x.shape[axis] % tile)
        padded = np.pad(x, missing, constant_values=self._lane(x))
        split: list[int] = []
        places: dict[int, int] = {}
        for axis, size in enumerate(padded.shape):
            if axis in self.axes:
                tile = self.tiles[self.axes.index(axis)]
                split += [size // tile, tile]
                places[axis] = len(split) - 1
            else:
                split.append(size)
        inner = [places[a] for a in self.axes]
        outer = [i for i in range(len(split)) if i not in inner]
        return np.ascontiguousarray(padded.reshape(split).transpose([*outer, *inner]))

    def _lane(self, x: Array) -> Array:
        if self.fill is not None:
            return np.array(self.fill).astype(x.dtype)
        dtype = self.x.tensor.dtype
        if dtype.is_float:
            return np.array(np.nan).astype(x.dtype)
        return np.array(-(1 << dtype.bits - 1) if dtype.is_signed else 0).astype(x.dtype)


class Unpack(Op):
    """The tensor of shape `dims` that a Pack of these axes and tiles cut up into x; lanes of no element are dropped."""

    x: Value
    axes: tuple[int, ...]
    tiles: tuple[int, ...]
    dims: tuple[Dim, ...]

    def infer(self) -> TensorType:
        x = self.x.tensor
        check_tiles(self, self.axes, self.tiles)
        if any(not 0 <= a < len(self.dims) for a in self.axes):
            raise self.error(f"axes {self.axes} are not axes of a tensor of rank {len(self.dims)}")
        if x.shape is not None and _differ(packed_shape(self.dims, self.axes, self.tiles), x.dims):
            raise self.error(f"{x} is not what a tensor of dims {list(map(str, self.dims))} is packed into")
        return x.with_shape(self.dims)

    def evaluate(self, x: Array) -> Array:
        rank = len(self.dims)
        order: list[int] = []
        sizes: list[int] = []
        for axis in range(rank):
            order.append(axis)
            sizes.append(x.shape[axis])
            if axis in self.axes:
                place = rank + self.axes.index(axis)
                order.append(place)
                sizes[-1] *= x.shape[place]
        whole = x.transpose(order).reshape(sizes)
        return np.ascontiguousarray(whole[tuple(slice(d) for d in numbers(self.dims))])


def packed_shape(dims: Sequence[Dim], axes: Sequence[int], tiles: Sequence[int]) -> tuple[Dim, ...]:
    """The dims of a packed tensor: the outer ones in place, then the tiles."""
    outer = list(dims)
    for axis, tile in zip(axes, tiles, strict=True):
        outer[axis] = ceildiv(outer[axis], tile)
    return (*outer, *tiles)


def _differ(one: Sequence[Dim], other: Sequence[Dim]) -> bool:
    """Whether two shapes have unlike numbers somewhere; a symbol may be any number."""
    pairs = zip(one, other, strict=False)
    return len(one) != len(other) or any(isinstance(a, int) and isinstance(b, int) and a != b for a, b in pairs)


def check_tiles(op: Op, axes: Sequence[int], tiles: Sequence[int]) -> None:
    """Raises at `op` unless there is a positive tile for each of the axes, which are unlike."""
    if len(axes) != len(tiles) or len(set(axes)) != len(axes) or any(t < 1 for t in tiles):
        raise op.error(f"axes {tuple(axes)} and tiles {tuple(tiles)} must be pairs of an axis, each once, and a size")
