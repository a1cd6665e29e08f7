"""Sliding windows: convolutions and pools, whatever the order of their axes, strides and dilations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.loops.nest import Operand
from mlc.frontend.mlir_import.loops.term import Term
from mlc.ir import Dim, DType, Value
from mlc.ir.dims import product
from mlc.ops import AveragePool, BitwiseNot, Conv, MaxPool, Mul, Neg, Slice


@dataclass(frozen=True)
class Window:
    """One axis of an image: at output place i and tap k it is read at i * stride + k * dilation."""

    place: int
    tap: int
    stride: int
    dilation: int


@dataclass(frozen=True)
class Image:
    """An operand that windows slide over: its plain loops by axis, and its windows."""

    value: Value
    loops: tuple[int, ...]  # of each axis; that of the place for an axis with a window
    windows: tuple[Window, ...]

    def arranged(self, g: Graph, *groups: list[int]) -> Value:
        """The image with an axis for each group of plain loops, then one for each window; at least one of these."""
        return Term(self.value, self.loops).arranged(g, [*groups, *([w.place] for w in self.windows)])


def image_of(operand: Operand, parallel: tuple[int, ...]) -> Image | None:
    """The operand as an image; None when an axis is neither a loop nor a window, or there is no window."""
    loops: list[int] = []
    windows: list[Window] = []
    for axis in operand.access.axes:
        if axis is None:
            return None
        if axis.loop is not None:
            loops.append(axis.loop)
            continue
        window = _window(axis.coefficients, axis.constant, parallel)
        if window is None:
            return None
        loops.append(window.place)
        windows.append(window)
    taken = [*loops, *(w.tap for w in windows)]
    if not windows or len(set(taken)) != len(taken):
        return None
    return Image(operand.value, tuple(loops), tuple(windows))


def _window(terms: tuple[tuple[int, int], ...], constant: int, parallel: tuple[int, ...]) -> Window | None:
    if len(terms) != 2 or constant != 0 or any(coefficient < 1 for _, coefficient in terms):
        return None
    places = [(loop, c) for loop, c in terms if loop in parallel]
    taps = [(loop, c) for loop, c in terms if loop not in parallel]
    if len(places) != 1 or len(taps) != 1:
        return None
    return Window(places[0][0], taps[0][0], places[0][1], taps[0][1])


def convolve(g: Graph, x: Image, w: Term, parallel: tuple[int, ...], extents: Sequence[Dim]) -> Term | None:
    """The sum of x * w over channels and taps; None when the loops of the filters are not those of a convolution."""
    taps = [window.tap for window in x.windows]
    places = {window.place for window in x.windows}
    plain = [loop for loop in x.loops if loop not in places]
    inner = [loop for loop in w.loops if loop not in parallel]
    channels = [loop for loop in plain if loop not in parallel]
    if set(inner) != {*taps, *channels} or any(loop in places for loop in w.loops):
        return None
    groups = [loop for loop in plain if loop in w.loops and loop in parallel]
    filters = [loop for loop in w.loops if loop in parallel and loop not in plain]
    batch = [loop for loop in plain if loop not in w.loops]
    sizes: dict[int, Dim] = dict(zip(w.loops, w.value.tensor.dims, strict=True))
    sizes.update({loop: d for loop, d in zip(x.loops, x.value.tensor.dims, strict=True) if loop not in places})
    group_count = product([sizes[loop] for loop in groups])
    if not isinstance(group_count, int):
        return None
    image = x.arranged(g, batch, [*groups, *channels])
    weights = w.arranged(g, [[*groups, *filters], channels, *([tap] for tap in taps)])
    made = g(
        Conv(
            image,
            weights,
            strides=tuple(window.stride for window in x.windows),
            dilations=tuple(window.dilation for window in x.windows),
            pads=(0,) * (2 * len(taps)),
            groups=group_count,
        )
    )
    return _split(g, made, x, batch, [*groups, *filters], sizes, extents)


def pool(g: Graph, x: Image, combiner: str, extents: Sequence[Dim]) -> Term | None:
    """The maximum, minimum or sum of each window; None for another combiner, or windows of a symbolic size."""
    taps = [extents[window.tap] for window in x.windows]
    dtype = x.value.tensor.dtype
    sizes = tuple(tap for tap in taps if isinstance(tap, int))
    if combiner not in ("max", "min", "add") or len(sizes) != len(taps) or (combiner == "add" and not dtype.is_float):
        return None
    places = {window.place for window in x.windows}
    plain = [loop for loop in x.loops if loop not in places]
    batch, channels = plain[:1], plain[1:]
    sizes_of: dict[int, Dim] = dict(zip(x.loops, x.value.tensor.dims, strict=True))
    image = x.arranged(g, batch, channels)
    strides = tuple(window.stride for window in x.windows)
    dilations = tuple(window.dilation for window in x.windows)
    pads = (0,) * (2 * len(sizes))
    if combiner == "add":
        mean = g(AveragePool(image, sizes, strides=strides, dilations=dilations, pads=pads))
        made = g(Mul(mean, g.scalar(_count(sizes), dtype)))
    elif combiner == "max":
        made = g.add(MaxPool(image, sizes, strides=strides, dilations=dilations, pads=pads)).results[0]
    else:
        if dtype is DType.BOOL or dtype.is_unsigned:
            return None
        # ~x turns the order of integers around as -x does, and has no least integer that stays where it is.
        opposite = Neg if dtype.is_float else BitwiseNot
        turned = MaxPool(g(opposite(image)), sizes, strides=strides, dilations=dilations, pads=pads)
        made = g(opposite(g.add(turned).results[0]))
    return _split(g, made, x, batch, channels, sizes_of, extents)


def _count(sizes: tuple[int, ...]) -> int:
    count = 1
    for size in sizes:
        count *= size
    return count


def _split(
    g: Graph,
    made: Value,
    x: Image,
    batch: list[int],
    channels: list[int],
    sizes: dict[int, Dim],
    extents: Sequence[Dim],
) -> Term:
    """[N, C, places...] with the loops of N and C apart, and as many places as their loops have turns."""
    places = [window.place for window in x.windows]
    full = (*made.tensor.dims[:2], *(extents[place] for place in places))
    if full != made.tensor.dims:  # the last windows that would fit are not asked for
        made = g(Slice(made, starts=(0,) * len(full), dims=full, steps=(1,) * len(full)))
    dims = [sizes[loop] for loop in (*batch, *channels)]
    return Term(g.reshape(made, [*dims, *made.tensor.dims[2:]]), (*batch, *channels, *places))
