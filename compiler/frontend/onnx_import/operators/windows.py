"""What convolutions and pools share: kernel shapes, strides, pads and automatic padding, made explicit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mlc.frontend.onnx_import.graph import Graph
from mlc.ir import Dim, Value
from mlc.ir.dims import ceildiv, floordiv, maximum
from mlc.ops import Pad


@dataclass(frozen=True)
class Windows:
    """Attributes of a node with a default for each that is left out; pads are (begin..., end...)."""

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[Dim, ...]


def windows(
    g: Graph,
    sizes: Sequence[Dim],
    kernel: Sequence[Dim],
    strides: tuple[int, ...] | None,
    dilations: tuple[int, ...] | None,
    pads: tuple[int, ...] | None,
    auto_pad: str,
) -> Windows:
    """The windows over spatial `sizes`, automatic pads computed from them."""
    rank = len(sizes)
    numbers = tuple(k for k in kernel if isinstance(k, int))
    if len(numbers) != rank:
        raise g.error(f"kernel {tuple(map(str, kernel))} must have {rank} numbers")
    steps, spread = strides or (1,) * rank, dilations or (1,) * rank
    if len(steps) != rank or len(spread) != rank or (pads is not None and len(pads) != 2 * rank):
        raise g.error(f"strides {strides}, dilations {dilations} and pads {pads} do not fit {rank} spatial dims")
    explicit: tuple[Dim, ...] = pads or (0,) * (2 * rank)
    match auto_pad:
        case "NOTSET" | "":
            return Windows(numbers, steps, spread, explicit)
        case "VALID":
            return Windows(numbers, steps, spread, (0,) * (2 * rank))
        case "SAME_UPPER" | "SAME_LOWER":
            spans = [(k - 1) * d + 1 for k, d in zip(numbers, spread, strict=True)]
            totals = [_same(n, s, span) for n, s, span in zip(sizes, steps, spans, strict=True)]
            return Windows(numbers, steps, spread, halves(totals, larger_first=auto_pad == "SAME_LOWER"))
        case other:
            raise g.error(f"attribute 'auto_pad' must be NOTSET, VALID, SAME_UPPER or SAME_LOWER, got {other!r}")


def _same(size: Dim, stride: int, span: int) -> Dim:
    """Pads with which there are ceil(size / stride) windows."""
    if stride == 1:
        return span - 1
    return maximum((ceildiv(size, stride) - 1) * stride + span - size, 0)


def halves(totals: Sequence[Dim], *, larger_first: bool) -> tuple[Dim, ...]:
    """Each total split in two, as (begin..., end...); the odd one goes to the begin when `larger_first`."""
    smaller = [floordiv(t, 2) for t in totals]
    larger = [t - s for t, s in zip(totals, smaller, strict=True)]
    return (*larger, *smaller) if larger_first else (*smaller, *larger)


def with_static_pads(g: Graph, x: Value, shape: Windows, fill: float) -> tuple[Value, tuple[int, ...]]:
    """x and the pads as numbers; where they depend on x's symbolic dims, x padded with `fill` and none left."""
    numbers = tuple(p for p in shape.pads if isinstance(p, int))
    if len(numbers) == len(shape.pads):
        return x, numbers
    rank = len(shape.kernel)
    every = (0, 0, *shape.pads[:rank], 0, 0, *shape.pads[rank:])
    return g(Pad(x, g.scalar(fill, x.tensor.dtype), pads=every)), (0,) * (2 * rank)
