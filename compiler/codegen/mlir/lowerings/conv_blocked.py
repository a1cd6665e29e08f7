"""Convolutions of images in blocks of channels, and of first images into blocks: register tiles of pixels by lanes."""

from __future__ import annotations

from mlc.codegen.mlir.lowering import Lowering, best_divisor
from mlc.codegen.mlir.lowerings.windows import (
    SPARE_REGISTERS,
    Window,
    accumulate,
    bias_or_zeros,
    is_flat,
    multiply_add,
    phase,
    seen_by,
    sliced,
    window_index,
)
from mlc.codegen.mlir.text import Expressions, Stage, Tensor
from mlc.codegen.registry import NoKernel
from mlc.ir import Dim
from mlc.ops import Conv
from mlc.ops.windows import block_of


def blocked(g: Lowering, op: Conv, window: Window) -> None:
    """One generic for each place of a tap within a stride, and one more for each where the sum goes over a part of the
    last block of channels; all add to the same rows of pixels."""
    block = block_of(op.layout)
    filters, per_group = window.filters[:2]
    if not isinstance(filters, int) or not isinstance(per_group, int):
        raise NoKernel("the number of filters is not known when compiling")
    stage = g.stage(op)
    n, _, h, w, _ = window.result
    flat = is_flat(op, window)
    rows: tuple[Dim, Dim] = (1, h * w) if flat else (h, w)
    out = g.result(stage, op.result, (n, filters, *rows, block))
    made = bias_or_zeros(stage, op, out, (1, 4), (filters, block))
    images = stage.tensor(window.x, (n, per_group, *rows, block) if flat else window.dims)
    weights = stage.tensor(op.w, window.filters)
    parts = [
        (*phase(stage, window, images, weights, taps, rows), *channels)
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
        made = accumulate(stage, ins, made, g.last() if number == len(parts) - 1 else "mlc.inner")
    _tile_pixels(g, stage, rows[1])
    g.finish(stage, made, cost=max(1, per_group * block * window.kernel[0] * window.kernel[1] // 8))


def grouped(g: Lowering, op: Conv, window: Window) -> None:
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


def from_plain(g: Lowering, op: Conv, window: Window) -> None:
    """A plain x to a blocked result: as a blocked convolution whose only block of x are all its channels."""
    block = block_of(op.layout)
    filters, channels = window.filters[:2]
    if not isinstance(filters, int) or not isinstance(channels, int):
        raise NoKernel("the number of filters is not known when compiling")
    n, _, h, w, _ = window.result
    parts = [seen_by(g, op, window, taps) for taps in window.phases()]
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
        made = accumulate(stage, ins, made, g.last() if number == len(parts) - 1 else "mlc.inner")
    _tile_pixels(g, stage, w)
    g.finish(stage, made, cost=max(1, channels * window.kernel[0] * window.kernel[1] // 8))


def _tile_pixels(g: Lowering, stage: Stage, pixels: Dim) -> None:
    """A register tile of pixels that divides the row."""
    most = g.target.register_count - SPARE_REGISTERS
    stage.family = "conv"
    stage.parameters = {"pixels": best_divisor(pixels, most) if isinstance(pixels, int) else 1}


def depthwise(g: Lowering, op: Conv, window: Window) -> None:
    """One filter for each channel: windows over lanes of channels, tap by tap."""
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
