"""Rows for mlc.pack and mlc.unpack."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cases import Case, integers, normal
from mlc.ir import DType, Op, Value
from mlc.ops import Pack, Unpack


def unpack(*dims: int, axes: tuple[int, ...] = (1,), tiles: tuple[int, ...] = (8,)) -> Callable[..., Op]:
    return lambda x: Unpack(x, axes=axes, tiles=tiles, dims=dims)


def pack(**given: Any) -> Callable[[Value], Op]:
    return lambda x: Pack(x, **{"axes": (1,), "tiles": (8,), **given})


CASES = [
    Case("pack", pack(), (normal(2, 16, 3, 5),)),
    Case("pack_undefined_lanes", pack(), (normal(2, 17, 3, 5),)),
    Case("pack_filled_lanes", pack(fill=0.0), (normal(1, 3, 2, 2),)),
    Case("pack_integers", pack(), (integers(1, 3, 2, dtype=DType.I8),)),
    Case("pack_two_axes", pack(axes=(1, 0), tiles=(4, 8), fill=0.0), (normal(20, 6, 3, 3),)),
    Case("pack_vector", pack(axes=(0,), fill=1.0), (normal(17),)),
    Case("pack_empty", pack(), (normal(0, 8, 2),)),
    Case("unpack", unpack(2, 16, 3, 5), (normal(2, 2, 3, 5, 8),)),
    Case("unpack_drops_lanes", unpack(2, 17, 3), (normal(2, 3, 3, 8),)),
    Case("unpack_two_axes", unpack(20, 6, 3, axes=(1, 0), tiles=(4, 8)), (normal(3, 2, 3, 4, 8),)),
    Case("unpack_empty", unpack(0, 8, 2), (normal(0, 1, 2, 8),)),
]
