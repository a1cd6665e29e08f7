"""Sliding windows over spatial dims, shared by convolutions and pools: extents, checks, shifted views, blocked layouts.

A window has a size, a stride and a dilation per spatial dim; pads are (begin..., end...). Blocked layouts keep a block
of channels innermost: [N, C/b, spatial..., b] for [N, C, spatial...].
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np

from mlc.ir import Array, Dim, Op
from mlc.ir.dims import ceildiv, floordiv, minimum

Layout = Literal["nchw", "nchw8c", "nchw16c"]


def block_of(layout: str) -> int:
    """Channels in one block of the layout; 0 for the plain one."""
    return {"nchw": 0, "nchw8c": 8, "nchw16c": 16}[layout]


def check_window(op: Op, rank: int, *, strides: Sequence[int], pads: Sequence[int], dilations: Sequence[int]) -> None:
    """Raises at `op` unless there is a positive stride and dilation and two pads >= 0 for each of `rank` dims."""
    for name, values, count in (("strides", strides, rank), ("pads", pads, 2 * rank), ("dilations", dilations, rank)):
        if len(values) != count:
            raise op.error(f"{name} must have {count} numbers for {rank} spatial dims, got {tuple(values)}")
    if any(v < 1 for v in (*strides, *dilations)) or any(p < 0 for p in pads):
        raise op.error(f"strides {strides} and dilations {dilations} must be positive, pads {pads} not negative")


def window_count(
    op: Op, size: Dim, kernel: Dim, *, stride: int, dilation: int, begin: int, end: int, ceil_mode: bool = False
) -> Dim:
    """How many windows fit along one dim.

    In ceil_mode the last may hang over the end, but must begin in the dim itself or in its begin pad.
    """
    room = size + (begin + end) - ((kernel - 1) * dilation + 1)
    if isinstance(room, int) and room < 0 and not (ceil_mode and room > -stride):
        raise op.error(f"a window of {kernel} with dilation {dilation} is longer than {size} with pads {begin}, {end}")
    if not ceil_mode:
        return floordiv(room, stride) + 1
    return minimum(ceildiv(room, stride) + 1, floordiv(size + (begin - 1), stride) + 1)


def taps(kernel: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Every position inside a window, row-major."""
    return itertools.product(*(range(k) for k in kernel))


def tap_view(
    x: Array, axis: int, tap: Sequence[int], *, strides: Sequence[int], dilations: Sequence[int], counts: Sequence[int]
) -> Array:
    """What each window sees at position `tap`: x with the dims from `axis` on sliced to `counts` elements."""
    slices = [slice(None)] * axis
    for t, stride, dilation, count in zip(tap, strides, dilations, counts, strict=True):
        start = t * dilation
        slices.append(slice(start, start + (count - 1) * stride + 1 if count else start, stride))
    return x[tuple(slices)]


def padded(x: Array, axis: int, pads: Sequence[int], value: float) -> Array:
    """x with the dims from `axis` on padded by (begin..., end...)."""
    half = len(pads) // 2
    width = [(0, 0)] * axis + list(zip(pads[:half], pads[half:], strict=True))
    width += [(0, 0)] * (x.ndim - len(width))
    return np.pad(x, width, constant_values=np.array(value).astype(x.dtype))


def unblocked(x: Array) -> Array:
    """x[N, C/b, spatial..., b] as [N, C, spatial...]."""
    moved = np.moveaxis(x, -1, 2)
    return moved.reshape(moved.shape[0], moved.shape[1] * moved.shape[2], *moved.shape[3:])


def blocked(x: Array, block: int) -> Array:
    """x[N, C, spatial...] as [N, C/b, spatial..., b]; C must be a multiple of b."""
    return np.moveaxis(x.reshape(x.shape[0], x.shape[1] // block, block, *x.shape[2:]), 2, -1)
