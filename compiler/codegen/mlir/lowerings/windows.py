"""What convolutions, pools and their named forms share: padding, taps by their place within a stride, sums of products.

A convolution of stride s is a sum of s * s convolutions of stride 1, one for each place a tap can have within a stride:
x sliced with stride s from that place, and the filters' taps of that place. All index maps are then h + kh, which
vectorize.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from mlc.codegen.kernel import Storage
from mlc.codegen.mlir.elements import Scalar
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.text import Body, Expressions, Stage, Tensor
from mlc.ir import Dim, Value
from mlc.ir.dims import maximum
from mlc.ops import Conv
from mlc.ops.pool import Pool

# Vector registers that hold no accumulator: the filters' vector and what addresses need.
SPARE_REGISTERS = 4
# For each of two dims: the first tap, how many, how far apart in the filters, and in the sliced x.
Taps = list[tuple[int, int, int, int]]


def padded(
    g: Lowering, x: Value, pads: Sequence[int], ends: Sequence[Dim], fill: float
) -> tuple[Storage, tuple[Dim, ...]]:
    """x with its spatial dims grown by `pads` at the front and to the extents `ends`; x itself where it is so."""
    dims = x.tensor.dims
    rank = len(ends)
    grown = (*dims[:2], *ends, *dims[2 + rank :])
    if all(p == 0 for p in pads[:rank]) and grown == dims:
        return x, dims
    made = g.temporary(x.tensor.dtype, *grown)
    g.fill(made, grown, fill)
    g.copy(x, dims, made, grown, (0, 0, *pads[:rank], *(0,) * (len(dims) - 2 - rank)))
    return made, grown


def pool_image(g: Lowering, op: Pool, fill: float) -> tuple[Storage, tuple[Dim, ...]]:
    """x of a pool, padded so that all its windows lie in it."""
    rank = len(op.kernel)
    along = zip(op.kernel, op.strides, op.dilations, op.pads[:rank], op.pads[rank:], strict=True)
    sizes = zip(op.x.tensor.dims[2:], op.results[0].tensor.dims[2:], strict=True)
    ends = [reach(size, count, *window) for (size, count), window in zip(sizes, along, strict=False)]
    return padded(g, op.x, op.pads, ends, fill)


def reach(size: Dim, count: Dim, kernel: int, stride: int, dilation: int, begin: int, end: int) -> Dim:
    """The padded extent that all windows lie in, and x too."""
    whole = size + (begin + end)
    reach = (count - 1) * stride + ((kernel - 1) * dilation + 1)
    if isinstance(whole, int) and isinstance(reach, int):
        return max(whole, reach)
    return whole if whole == reach else maximum(whole, reach)


@dataclass(frozen=True, eq=False)
class Window:
    """A convolution of images: x (padded) and its dims, the filters' dims and the result's; a line is one row high."""

    x: Storage
    dims: tuple[Dim, ...]
    filters: tuple[Dim, ...]
    result: tuple[Dim, ...]
    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]

    @staticmethod
    def of(op: Conv, x: Storage, dims: tuple[Dim, ...], kernel: tuple[int, ...]) -> Window:
        """The op's window, over the padded x."""

        def image(shape: tuple[Dim, ...]) -> tuple[Dim, ...]:
            return shape if len(kernel) == 2 else (*shape[:2], 1, *shape[2:])

        units = (1,) * (2 - len(kernel))
        result, filters = op.result.tensor.dims, op.w.tensor.dims
        return Window(
            x,
            image(dims),
            image(filters),
            image(result),
            (*units, *kernel),
            (*units, *op.strides),
            (*units, *op.dilations),
        )

    def phases(self) -> list[Taps]:
        """The taps of each place within the strides that has any, along both dims."""
        found: list[Taps] = []
        for place in itertools.product(*(range(s) for s in self.strides)):
            along = list(zip(place, self.strides, self.dilations, self.kernel, strict=True))
            if all(any((t * d) % s == p for t in range(k)) for p, s, d, k in along):
                found.append([_taps(*one) for one in along])
        return found


def _taps(place: int, stride: int, dilation: int, size: int) -> tuple[int, int, int, int]:
    """Of the taps with this place within the stride: the first, how many, how far apart in f and in the sliced x."""
    chosen = [t for t in range(size) if (t * dilation) % stride == place]
    apart = chosen[1] - chosen[0] if len(chosen) > 1 else 1
    return chosen[0], len(chosen), apart, apart * dilation // stride if len(chosen) > 1 else 1


def window_index(
    pixels: Sequence[str], taps: Sequence[str], strides: Sequence[int], dilations: Sequence[int]
) -> list[str]:
    """The index expressions of an image: each pixel's window, at each of its taps."""
    return [
        f"{p}{f' * {s}' if s != 1 else ''} + {k}{f' * {d}' if d != 1 else ''}"
        for p, k, s, d in zip(pixels, taps, strides, dilations, strict=True)
    ]


def multiply_add(b: Body, given: list[Scalar], old: list[Scalar]) -> list[Scalar]:
    """The region of a sum of products."""
    return [b.add(old[0], b.mul(*given))]


def bias_or_zeros(stage: Stage, op: Conv, out: Tensor, axes: Sequence[int], dims: Sequence[Dim]) -> Tensor:
    """The result before anything is added: zeros, or the bias seen in `dims`, which lie along these axes of it."""
    if op.b is None:
        return stage.fill(0, out)
    names = [f"i{axis}" for axis in range(len(out.dims))]
    [made] = stage.generic(
        names,
        [(stage.tensor(op.b, dims), [names[axis] for axis in axes])],
        [(out, names)],
        lambda b, given, _: given,
        attributes="mlc.inner, mlc.pixelwise",
    )
    return made


def phase(
    stage: Stage, window: Window, x: Tensor, w: Tensor, taps: Taps, rows: tuple[Dim, Dim]
) -> tuple[Tensor, Tensor, list[int]]:
    """Blocked x and the filters for the taps of one place, and how far apart these taps are in the sliced x."""
    firsts, counts, apart, steps = ([t[i] for t in taps] for i in range(4))
    if window.strides == (1, 1):
        return x, w, steps
    extents = [d + (c - 1) * s for d, c, s in zip(rows, counts, steps, strict=True)]
    starts = [first * d for first, d in zip(firsts, window.dilations, strict=True)]
    part = sliced(stage, x, (0, 0, *starts, 0), (*x.dims[:2], *extents, x.dims[4]), (1, 1, *window.strides, 1))
    filters = sliced(stage, w, (0, 0, *firsts, 0, 0), (*w.dims[:2], *counts, *w.dims[4:]), (1, 1, *apart, 1, 1))
    return part, filters, steps


def sliced(stage: Stage, x: Tensor, starts: Sequence[Dim], sizes: Sequence[Dim], strides: Sequence[int]) -> Tensor:
    """A slice of x by tensor.extract_slice."""

    def text(dims: Sequence[Dim]) -> str:
        return ", ".join(str(d) if isinstance(d, int) else str(stage.dim(d)) for d in dims)

    made = Tensor("", x.dtype, tuple(sizes))
    slices = f"[{text(starts)}] [{text(sizes)}] [{text(strides)}]"
    return stage.op(f"tensor.extract_slice {x.name}{slices} : {x.type} to {made.type}", x.dtype, sizes)


def accumulate(stage: Stage, ins: Sequence[tuple[Tensor, Expressions]], out: Tensor, attribute: str) -> Tensor:
    """Products of x and filters added to blocked rows of pixels."""
    parallel = ["n", "ob", "h", "w", "o"]
    [made] = stage.generic(
        parallel,
        ins,
        [(out, parallel)],
        multiply_add,
        reduction=["ib", "kh", "kw", "i"],
        attributes=f"mlc.contraction, {attribute}",
    )
    return made


def is_flat(op: Conv, window: Window) -> bool:
    """Whether the pixels can be seen as one row."""
    return window.kernel == (1, 1) and window.strides == (1, 1) and window.x is op.x


def seen_by(g: Lowering, op: Conv, window: Window, taps: Taps) -> tuple[Storage, tuple[Dim, ...], Taps]:
    """The part of a plain x that these taps see; copied where its pixels do not lie together."""
    if window.strides == (1, 1):
        return window.x, window.dims, taps
    extents = [d + (t[1] - 1) * t[3] for d, t in zip(window.result[2:4], taps, strict=True)]
    seen = (*window.dims[:2], *extents)
    made = g.temporary(op.x.tensor.dtype, *seen)
    stage = Stage("every_other_pixel")
    whole, out = stage.tensor(window.x, window.dims), stage.destination(made)
    starts = [t[0] * d for t, d in zip(taps, window.dilations, strict=True)]
    part = sliced(stage, whole, (0, 0, *starts), seen, (1, 1, *window.strides))
    text = f"linalg.copy {{mlc.last}} ins({part.name} : {part.type}) outs({out.name} : {out.type}) -> {out.type}"
    copied = stage.op(text, out.dtype, out.dims)
    g.tile_loops(stage, 4)
    g.close(stage, [copied])
    return made, seen, taps
