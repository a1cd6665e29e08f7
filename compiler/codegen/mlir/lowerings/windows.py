"""Convolutions and pools: windows as linalg.generic or the named ops, on inputs padded beforehand.

A convolution of stride s is a sum of s * s convolutions of stride 1, one for each place a tap can have within a stride:
x sliced with stride s from that place, and the filters' taps of that place. All index maps are then h + kh, which
vectorize.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mlc.codegen.kernel import Storage
from mlc.codegen.mlir.lowering import Lowering, best_divisor
from mlc.codegen.mlir.lowerings.matmul import transposed
from mlc.codegen.mlir.lowerings.reduce import lowest
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.scalars.arithmetic import largest
from mlc.codegen.mlir.text import Body, Expressions, Scalar, Stage, Tensor
from mlc.codegen.registers import accumulator
from mlc.codegen.registry import NoKernel
from mlc.ir import Array, Dim, DType, Value
from mlc.ir.dims import is_static, maximum
from mlc.ops import AveragePool, Conv, LpPool, MaxPool
from mlc.ops.pool import Pool
from mlc.ops.windows import block_of

# Pixels of one turn of a parallel loop at most: with 16 filters their sums take 8 KiB of stack.
ROW = 128
# Vector registers that hold no accumulator: the filters' vector and what addresses need.
SPARE_REGISTERS = 4


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


def reach(size: Dim, count: Dim, kernel: int, stride: int, dilation: int, begin: int, end: int) -> Dim:
    """The padded extent that all windows lie in, and x too."""
    whole = size + (begin + end)
    reach = (count - 1) * stride + ((kernel - 1) * dilation + 1)
    if isinstance(whole, int) and isinstance(reach, int):
        return max(whole, reach)
    return whole if whole == reach else maximum(whole, reach)


# For each of two dims: the first tap, how many, how far apart in the filters, and in the sliced x.
Taps = list[tuple[int, int, int, int]]


@linalg(Conv, attributes="strides pads dilations groups layout winograd channels")
def conv(g: Lowering, op: Conv) -> None:
    block = block_of(op.layout)
    rank = op.w.tensor.rank - (4 if block else 2)
    kernel = op.w.tensor.dims[2 : 2 + rank]
    if not all(isinstance(k, int) for k in kernel):
        raise NoKernel("the filters' size is not known when compiling")
    sizes = tuple(k for k in kernel if isinstance(k, int))
    ends = [
        reach(
            op.x.tensor.dims[2 + i],
            op.result.tensor.dims[2 + i],
            sizes[i],
            op.strides[i],
            op.dilations[i],
            op.pads[i],
            op.pads[rank + i],
        )
        for i in range(rank)
    ]
    x, dims = padded(g, op.x, op.pads, ends, 0)
    if not block:
        _plain(g, op, x, dims, rank, sizes)
        return
    if rank > 2:
        raise NoKernel(f"blocked convolutions of {rank} spatial dims have no schedule")
    if not is_static(op.result.tensor.dims[-1]):
        raise NoKernel("the block of channels is not known when compiling")
    window = Window.of(op, x, dims, sizes)
    if op.takes_plain:
        _from_plain(g, op, window)
    elif op.w.tensor.dims[-2] == 1 and op.groups > 1:
        _depthwise(g, op, window)
    elif op.groups > 1:
        _grouped(g, op, window)
    else:
        _blocked(g, op, window)


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


def _plain(g: Lowering, op: Conv, x: Storage, dims: tuple[Dim, ...], rank: int, kernel: tuple[int, ...]) -> None:
    """In the plain layout: the named op for images without groups, else a generic with a dim for the groups."""
    n, c, *pixels = dims
    counts = op.result.tensor.dims[2:]
    filters = op.w.tensor.dims[0]
    if not isinstance(filters, int) or not isinstance(op.w.tensor.dims[1], int):
        raise NoKernel("the number of filters is not known when compiling")
    groups, each = op.groups, filters // op.groups
    wide = accumulator(op.result.tensor.dtype)
    if groups == 1 and rank == 2 and wide is op.x.tensor.dtype and isinstance(counts[1], int) and filters % 4 == 0:
        _lanes(g, op, Window.of(op, x, dims, kernel))
        return
    stage = g.stage(op)
    grouped = (n, groups, each, *counts)
    is_named = groups == 1 and rank == 2 and wide is op.x.tensor.dtype
    out = g.result(stage, op.result, None if is_named else grouped, wide)
    names = ["n", "g", "o", *(f"p{i}" for i in range(rank))]
    start = bias_or_zeros(stage, op, out, (1,) if is_named else (1, 2), (filters,) if is_named else (groups, each))
    if is_named:
        seen, f = stage.tensor(x, dims), stage.tensor(op.w)
        strides, dilations = (f"dense<{list(v)}> : tensor<2xi64>" for v in (op.strides, op.dilations))
        head = f"linalg.conv_2d_nchw_fchw {{strides = {strides}, dilations = {dilations}, {g.last()}}}"
        given = f"ins({seen.name}, {f.name} : {seen.type}, {f.type})"
        made = stage.op(f"{head} {given} outs({start.name} : {start.type}) -> {out.type}", out.dtype, out.dims)
    else:
        per_group = op.w.tensor.dims[1]
        taps = [f"k{i}" for i in range(rank)]
        places = window_index(names[3:], taps, op.strides, op.dilations)
        ins: list[tuple[Tensor, Expressions]] = [
            (stage.tensor(x, (n, groups, per_group, *pixels)), ["n", "g", "i", *places]),
            (stage.tensor(op.w, (groups, each, per_group, *kernel)), ["g", "o", "i", *taps]),
        ]
        [made] = stage.generic(names, ins, [(start, names)], multiply_add, reduction=["i", *taps], attributes=g.last())
    g.tile_loops(stage, len(out.dims))
    g.finish(
        stage,
        made,
        cost=max(1, g.plan.estimate(op.flops()) // max(1, 2 * g.plan.estimate(op.result.tensor.element_count))),
    )


def _lanes(g: Lowering, op: Conv, window: Window) -> None:
    """Filters in the lanes of vectors, pixels in registers: a generic for each place of a tap within a stride."""
    kernel = window.kernel
    filters, channels = op.w.tensor.dims[:2]
    assert isinstance(filters, int) and isinstance(channels, int)
    lanes = best_divisor(filters, g.target.lanes(op.x.tensor.dtype.itemsize))
    weights = _lanes_last(g, op, lanes, kernel)
    n, _, h, w = window.result
    is_flat = _is_flat(op, window)
    rows: tuple[Dim, Dim] = (1, h * w) if is_flat else (h, w)
    parts = [_seen_by(g, op, window, taps) for taps in window.phases()]
    stage = g.stage(op)
    out = g.result(stage, op.result, (n, filters // lanes, lanes, *rows))
    tile = stage.empty(out.dtype, (n, filters // lanes, *rows, lanes))
    made = bias_or_zeros(stage, op, tile, (1, 4), (filters // lanes, lanes))
    packed = stage.tensor(weights)
    names = ["n", "ob", "h", "w", "o"]
    for part, seen, taps in parts:
        firsts, counts, apart, steps = ([t[i] for t in taps] for i in range(4))
        images = stage.tensor(part, (n, channels, 1, h * w) if is_flat else seen)
        chosen = (packed.dims[0], *counts, *packed.dims[3:])
        f = sliced(stage, packed, (0, *firsts, 0, 0), chosen, (1, *apart, 1, 1))
        places = window_index(["h", "w"], ["kh", "kw"], (1, 1), steps)
        ins: list[tuple[Tensor, Expressions]] = [(images, ["n", "i", *places]), (f, ["ob", "kh", "kw", "i", "o"])]
        [made] = stage.generic(
            names,
            ins,
            [(made, names)],
            multiply_add,
            reduction=["kh", "kw", "i"],
            attributes="mlc.contraction, mlc.inner",
        )
    pixels = rows[1]
    most = g.target.register_count - SPARE_REGISTERS
    stage.family = "conv_plain"
    step = best_divisor(pixels, most) if isinstance(pixels, int) else 1
    row = step * best_divisor(pixels // step, max(1, ROW // step)) if isinstance(pixels, int) else 1
    stage.parameters = {"pixels": step, "row": row}
    turned = g.behind(stage, made, out, (0, 1, 3, 4, 2))
    g.finish(stage, turned, is_done=True, cost=max(1, channels * kernel[0] * kernel[1] // 8))


def _is_flat(op: Conv, window: Window) -> bool:
    """Whether the pixels can be seen as one row."""
    return window.kernel == (1, 1) and window.strides == (1, 1) and window.x is op.x


def _seen_by(g: Lowering, op: Conv, window: Window, taps: Taps) -> tuple[Storage, tuple[Dim, ...], Taps]:
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


def _lanes_last(g: Lowering, op: Conv, lanes: int, kernel: tuple[int, ...]) -> Storage:
    """The filters as [O / lanes, kernel..., I, lanes]: when compiling where they are constant, else in a stage."""
    filters, channels = op.w.tensor.dims[:2]
    assert isinstance(filters, int) and isinstance(channels, int)
    dims = (filters // lanes, *kernel, channels, lanes)
    if g.plan.constant(op.w) is not None:

        def pack(w: Array) -> Array:
            return np.ascontiguousarray(w.reshape(filters // lanes, lanes, channels, *kernel).transpose(0, 3, 4, 2, 1))

        return g.plan.prepared(op.w, f"filters by {lanes}", op.w.tensor.dtype, dims, pack)
    made = g.temporary(op.w.tensor.dtype, *dims)
    stage = Stage("filters")
    w = stage.tensor(op.w, (filters // lanes, lanes, channels, *kernel))
    out = stage.destination(made)
    turned = transposed(stage, w, out, (0, 3, 4, 2, 1), "mlc.last")
    g.tile_loops(stage, 5)
    g.close(stage, [turned])
    return made


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


def _blocked(g: Lowering, op: Conv, window: Window) -> None:
    """One generic for each place of a tap within a stride, and one more for each where the sum goes over a part of the
    last block of channels; all add to the same rows of pixels."""
    block = block_of(op.layout)
    filters, per_group = window.filters[:2]
    if not isinstance(filters, int) or not isinstance(per_group, int):
        raise NoKernel("the number of filters is not known when compiling")
    stage = g.stage(op)
    n, _, h, w, _ = window.result
    is_flat = _is_flat(op, window)
    rows: tuple[Dim, Dim] = (1, h * w) if is_flat else (h, w)
    out = g.result(stage, op.result, (n, filters, *rows, block))
    made = bias_or_zeros(stage, op, out, (1, 4), (filters, block))
    images = stage.tensor(window.x, (n, per_group, *rows, block) if is_flat else window.dims)
    weights = stage.tensor(op.w, window.filters)
    parts = [
        (*_phase(stage, window, images, weights, taps, rows), *channels)
        for taps in window.phases()
        for channels in channel_runs(per_group, block, op.channels)
    ]
    for number, (image, filter, steps, first, blocks, used) in enumerate(parts):
        if used < block or blocks < per_group:
            image = sliced(stage, image, (0, first, 0, 0, 0), (image.dims[0], blocks, *image.dims[2:4], used), (1,) * 5)
            dims = (filters, blocks, *filter.dims[2:4], used, block)
            filter = sliced(stage, filter, (0, first, 0, 0, 0, 0), dims, (1,) * 6)
        ins: list[tuple[Tensor, Expressions]] = [
            (image, ["n", "ib", *window_index(["h", "w"], ["kh", "kw"], (1, 1), steps), "i"]),
            (filter, ["ob", "ib", "kh", "kw", "i", "o"]),
        ]
        made = _accumulate(stage, ins, made, g.last() if number == len(parts) - 1 else "mlc.inner")
    _tile_pixels(g, stage, rows[1])
    g.finish(stage, made, cost=max(1, per_group * block * window.kernel[0] * window.kernel[1] // 8))


def _grouped(g: Lowering, op: Conv, window: Window) -> None:
    """As `_blocked`, with a dim for the groups: each has its own blocks of channels and of filters."""
    block, groups = block_of(op.layout), op.groups
    filters, per_group = window.filters[:2]
    if not isinstance(filters, int) or not isinstance(per_group, int):
        raise NoKernel("the number of filters is not known when compiling")
    each = filters // groups
    stage = g.stage(op)
    n, _, h, w, _ = window.result
    out = g.result(stage, op.result, (n, groups, each, h, w, block))
    made = bias_or_zeros(stage, op, out, (1, 2, 5), (groups, each, block))
    images = stage.tensor(window.x, (n, groups, per_group, *window.dims[2:]))
    weights = stage.tensor(op.w, (groups, each, *window.filters[1:]))
    parallel = ["n", "g", "ob", "h", "w", "o"]
    phases = window.phases()
    for number, taps in enumerate(phases):
        firsts, counts, apart, steps = ([t[i] for t in taps] for i in range(4))
        image, chosen = images, weights
        if window.strides != (1, 1):
            extents = [d + (c - 1) * s for d, c, s in zip((h, w), counts, steps, strict=True)]
            starts = [first * d for first, d in zip(firsts, window.dilations, strict=True)]
            image = sliced(
                stage, images, (0, 0, 0, *starts, 0), (*images.dims[:3], *extents, block), (1, 1, 1, *window.strides, 1)
            )
            chosen = sliced(
                stage,
                weights,
                (0, 0, 0, *firsts, 0, 0),
                (*weights.dims[:3], *counts, *weights.dims[5:]),
                (1, 1, 1, *apart, 1, 1),
            )
        ins: list[tuple[Tensor, Expressions]] = [
            (image, ["n", "g", "ib", *window_index(["h", "w"], ["kh", "kw"], (1, 1), steps), "i"]),
            (chosen, ["g", "ob", "ib", "kh", "kw", "i", "o"]),
        ]
        how = g.last() if number == len(phases) - 1 else "mlc.inner"
        [made] = stage.generic(
            parallel,
            ins,
            [(made, parallel)],
            multiply_add,
            reduction=["ib", "kh", "kw", "i"],
            attributes=f"mlc.contraction, {how}",
        )
    _tile_pixels(g, stage, w)
    stage.family = "conv_groups"
    g.finish(stage, made, cost=max(1, per_group * block * window.kernel[0] * window.kernel[1] // 8))


def channel_runs(blocks: int, block: int, channels: int) -> list[tuple[int, int, int]]:
    """First block, number of blocks and channels in each, for the channels that the sum goes over (0: all)."""
    used = channels % block
    if not used:
        return [(0, blocks, block)]
    whole = [(0, blocks - 1, block)] if blocks > 1 else []
    return [*whole, (blocks - 1, 1, used)]


def _from_plain(g: Lowering, op: Conv, window: Window) -> None:
    """A plain x to a blocked result: as a blocked convolution whose only block of x are all its channels."""
    block = block_of(op.layout)
    filters, channels = window.filters[:2]
    if not isinstance(filters, int) or not isinstance(channels, int):
        raise NoKernel("the number of filters is not known when compiling")
    n, _, h, w, _ = window.result
    parts = [_seen_by(g, op, window, taps) for taps in window.phases()]
    stage = g.stage(op)
    out = g.result(stage, op.result, (n, filters, h, w, block))
    made = bias_or_zeros(stage, op, out, (1, 4), (filters, block))
    weights = stage.tensor(op.w, (filters, 1, channels, *window.kernel, block))
    for number, (source, seen, taps) in enumerate(parts):
        firsts, counts, apart, steps = ([t[i] for t in taps] for i in range(4))
        chosen = (filters, 1, channels, *counts, block)
        sub = sliced(stage, weights, (0, 0, 0, *firsts, 0), chosen, (1, 1, 1, *apart, 1))
        ins: list[tuple[Tensor, Expressions]] = [
            (stage.tensor(source, seen), ["n", "i", *window_index(["h", "w"], ["kh", "kw"], (1, 1), steps)]),
            (sub, ["ob", "ib", "i", "kh", "kw", "o"]),
        ]
        made = _accumulate(stage, ins, made, g.last() if number == len(parts) - 1 else "mlc.inner")
    _tile_pixels(g, stage, w)
    g.finish(stage, made, cost=max(1, channels * window.kernel[0] * window.kernel[1] // 8))


def _tile_pixels(g: Lowering, stage: Stage, pixels: Dim) -> None:
    """A register tile of pixels that divides the row."""
    most = g.target.register_count - SPARE_REGISTERS
    stage.family = "conv"
    stage.parameters = {"pixels": best_divisor(pixels, most) if isinstance(pixels, int) else 1}


def _phase(
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


def _accumulate(stage: Stage, ins: Sequence[tuple[Tensor, Expressions]], out: Tensor, attribute: str) -> Tensor:
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


def _depthwise(g: Lowering, op: Conv, window: Window) -> None:
    block = block_of(op.layout)
    filters, kernel = window.filters[0], window.kernel
    if filters != window.dims[1]:
        raise NoKernel("blocked convolutions of groups with several filters each have no schedule")
    stage = g.stage(op)
    out = g.result(stage, op.result, window.result)
    start = bias_or_zeros(stage, op, out, (1, 4), (filters, block))
    parallel = ["n", "cb", "h", "w", "c"]
    places = window_index(["h", "w"], ["kh", "kw"], window.strides, window.dilations)
    ins: list[tuple[Tensor, Expressions]] = [
        (stage.tensor(window.x, window.dims), ["n", "cb", *places, "c"]),
        (stage.tensor(op.w, (filters, *kernel, block)), ["cb", "kh", "kw", "c"]),
    ]
    [made] = stage.generic(
        parallel,
        ins,
        [(start, parallel)],
        multiply_add,
        reduction=["kh", "kw"],
        attributes=f"mlc.window, {g.last()}",
    )
    stage.family = "taps"
    g.finish(stage, made, cost=kernel[0] * kernel[1])


@linalg(
    MaxPool,
    AveragePool,
    LpPool,
    attributes="kernel strides pads dilations ceil_mode layout with_indices column_major count_pads p",
)
def pool(g: Lowering, op: Pool) -> None:
    dtype = op.x.tensor.dtype
    if isinstance(op, MaxPool) and op.with_indices:
        raise NoKernel("the places of the maxima have no form as one generic")
    if not isinstance(op, MaxPool) and not dtype.is_float:
        raise NoKernel(f"{op.name} of {dtype}")
    rank, block = len(op.kernel), block_of(op.layout)
    result = op.results[0]
    counts = result.tensor.dims[2 : 2 + rank]
    ends = [
        reach(
            op.x.tensor.dims[2 + i],
            counts[i],
            op.kernel[i],
            op.strides[i],
            op.dilations[i],
            op.pads[i],
            op.pads[rank + i],
        )
        for i in range(rank)
    ]
    neutral = lowest(dtype) if isinstance(op, MaxPool) else 0
    x, dims = padded(g, op.x, op.pads, ends, neutral)
    wide = accumulator(dtype)
    window = g.temporary(DType.I8, *op.kernel)  # never read: its dims are the window's
    stage = g.stage(op)
    out = g.result(stage, result, None, wide)
    pixels, taps = [f"p{i}" for i in range(rank)], [f"k{i}" for i in range(rank)]
    lanes = ["c"] if block else []
    names = ["n", "cb", *pixels, *lanes]
    places = window_index(pixels, taps, op.strides, op.dilations)
    ins: list[tuple[Tensor, Expressions]] = [
        (stage.tensor(x, dims), ["n", "cb", *places, *lanes]),
        (stage.tensor(window), taps),
    ]
    is_max = isinstance(op, MaxPool)

    def fold(b: Body, given: list[Scalar], old: list[Scalar]) -> list[Scalar]:
        if isinstance(op, MaxPool):
            return [largest(b, dtype, old[0], given[0])]
        value = given[0]
        if isinstance(op, LpPool):
            value = _power(b, b.unary("math.absf", value), float(op.p))
        return [b.add(old[0], value)]

    start = stage.fill(neutral, out)
    attribute = g.last() if is_max else "mlc.inner"
    [made] = stage.generic(names, ins, [(start, names)], fold, reduction=taps, attributes=f"mlc.window, {attribute}")
    if not is_max:
        made = mean_or_root(stage, op, made, names, g.last())
    if block and rank == 2 and is_static(out.dims[-1]) and (is_max or _is_uniform(op)):
        stage.family, stage.parameters = "taps", {}
    else:
        g.tile_loops(stage, len(names))
    g.finish(
        stage, made, cost=max(1, g.plan.estimate(op.flops()) // max(1, g.plan.estimate(result.tensor.element_count)))
    )


def _is_uniform(op: Pool) -> bool:
    """Whether all windows divide by the same number."""
    return isinstance(op, LpPool) or (not any(op.pads) and not op.ceil_mode)


def _power(b: Body, x: Scalar, p: float) -> Scalar:
    if p == 1:
        return x
    return b.mul(x, x) if p == 2 else b.binary("math.powf", x, b.like(p, x))


def mean_or_root(stage: Stage, op: Pool, total: Tensor, names: Sequence[str], attribute: str) -> Tensor:
    """The mean, or the root of the sum of powers."""
    rank = len(op.kernel)

    def region(b: Body, _: list[Scalar], old: list[Scalar]) -> list[Scalar]:
        if isinstance(op, LpPool):
            if op.p == 1:
                return old
            return [
                b.unary("math.sqrt", old[0]) if op.p == 2 else b.binary("math.powf", old[0], b.like(1 / op.p, old[0]))
            ]
        count: Scalar | None = None
        if _is_uniform(op):
            size = 1
            for k in op.kernel:
                size *= k
            return [b.div(old[0], b.like(size, old[0]))]
        for axis in range(rank):
            seen = _seen(b, op, axis)
            count = seen if count is None else b.binary("arith.muli", count, seen)
        assert count is not None
        number = b.convert("arith.sitofp", b.convert("arith.index_cast", count, "i64"), old[0].type)
        return [b.div(old[0], number)]

    [made] = stage.generic(names, [], [(total, names)], region, attributes=f"{attribute}, mlc.pixelwise")
    return made


def _seen(b: Body, op: Pool, axis: int) -> Scalar:
    """How many taps of a window lie in x along one dim, or with `count_pads` in x and its pads."""
    rank, d = len(op.kernel), op.dilations[axis]
    counts_pads = isinstance(op, AveragePool) and op.count_pads
    before, after = op.pads[axis], op.pads[rank + axis]
    low = -before if counts_pads else 0
    high = op.x.tensor.dims[2 + axis] + (after if counts_pads else 0)
    first = b.binary(
        "arith.subi", b.binary("arith.muli", b.loop_index(2 + axis), b.index(op.strides[axis])), b.index(before)
    )
    # Taps t with low <= first + t * d < high.
    zero, step = b.index(0), b.index(d)
    begin = b.binary(
        "arith.ceildivsi", b.binary("arith.maxsi", b.binary("arith.subi", b.index(low), first), zero), step
    )
    room = b.binary("arith.maxsi", b.binary("arith.subi", b.stage.dim(high), first), zero)
    end = b.binary("arith.minsi", b.binary("arith.ceildivsi", room, step), b.index(op.kernel[axis]))
    return b.binary("arith.maxsi", b.binary("arith.subi", end, begin), zero)
