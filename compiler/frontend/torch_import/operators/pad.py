"""Padding: torch counts pads from the last dim on, before and after in turn."""

from __future__ import annotations

from typing import Literal

from mlc.frontend.builder import Scalar
from mlc.frontend.torch_import.graph import Graph
from mlc.frontend.torch_import.operators.slicing import taken
from mlc.frontend.torch_import.registry import torch_op
from mlc.ir import Dim, Value
from mlc.ops import Pad

Mode = Literal["constant", "edge", "reflect", "wrap"]


def _padded(g: Graph, x: Value, pad: tuple[Dim, ...], mode: Mode, value: Value | None = None) -> Value:
    rank = x.tensor.rank
    before, after = [0] * rank, [0] * rank
    sides: tuple[list[Dim], list[Dim]] = (list(before), list(after))
    for place, amount in enumerate(pad):
        sides[place % 2][rank - 1 - place // 2] = amount
    # What is mirrored or repeated is the tensor before it is cut.
    grown = [[0 if isinstance(p, int) and p < 0 else p for p in side] for side in sides]
    y = g(Pad(x, value, pads=(*grown[0], *grown[1]), mode=mode)) if any(p != 0 for p in (*grown[0], *grown[1])) else x
    for axis, (first, last) in enumerate(zip(*sides, strict=True)):
        cut = [-p if isinstance(p, int) and p < 0 else 0 for p in (first, last)]
        y = taken(g, y, axis, cut[0], y.tensor.dims[axis] - (cut[0] + cut[1]))
    return y


@torch_op("aten.constant_pad_nd")
def constant_pad_nd(g: Graph, self: Value, pad: tuple[Dim, ...], value: Scalar = 0) -> Value:
    """self with the value around it, or cut where a pad is negative."""
    return _padded(g, self, pad, "constant", g.scalar(value, g.dtype))


@torch_op("aten.reflection_pad1d", "aten.reflection_pad2d", "aten.reflection_pad3d")
def reflection_pad(g: Graph, self: Value, padding: tuple[Dim, ...]) -> Value:
    """self mirrored at its edges, without these."""
    return _padded(g, self, padding, "reflect")


@torch_op("aten.replication_pad1d", "aten.replication_pad2d", "aten.replication_pad3d")
def replication_pad(g: Graph, self: Value, padding: tuple[Dim, ...]) -> Value:
    """self with its edges repeated."""
    return _padded(g, self, padding, "edge")


_MODES: dict[str, Mode] = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


@torch_op("aten.pad")
def pad(g: Graph, self: Value, pad: tuple[Dim, ...], mode: str = "constant", value: float | None = None) -> Value:
    """self padded in one of torch's modes."""
    fill = g.scalar(0 if value is None else value, g.dtype) if mode == "constant" else None
    return _padded(g, self, pad, _MODES[mode], fill)
