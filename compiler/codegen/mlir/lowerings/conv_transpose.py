"""Transposed convolutions: for each place an element of the result has within a stride, a convolution of stride 1.

Element p of the full result takes x[h] * w[k] where h * stride + k * dilation = p. All p of one remainder by the stride
see the same taps, their x's lie beside each other, and they are every stride-th element of the result: a phase is a
convolution of x with these taps turned around, written into a slice of the result.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mlc.codegen.kernel import Storage
from mlc.codegen.mlir.elements import Scalar
from mlc.codegen.mlir.lowering import Lowering, best_divisor
from mlc.codegen.mlir.lowerings.windows import SPARE_REGISTERS, multiply_add, padded, sliced
from mlc.codegen.mlir.registry import linalg
from mlc.codegen.mlir.text import Body, Expressions, Stage, Tensor
from mlc.codegen.registers import accumulator
from mlc.codegen.registry import NoKernel
from mlc.ir import Array, Dim
from mlc.ir.dims import ceildiv, maximum
from mlc.ops import ConvTranspose


@dataclass(frozen=True)
class Line:
    """One dim of a phase: `count` elements of the result from `start` on, and the taps that they see.

    Tap first + m * apart of the filters meets element base - m * step of x for the first element of the result, one
    more for each next one.
    """

    start: int
    count: Dim
    first: int
    taps: int
    apart: int
    step: int
    base: int


@linalg(ConvTranspose, attributes="strides pads dilations output_padding groups")
def conv_transpose(g: Lowering, op: ConvTranspose) -> None:
    kernel = tuple(k for k in op.w.tensor.dims[2:] if isinstance(k, int))
    channels, each = op.w.tensor.dims[:2]
    if len(kernel) != op.w.tensor.rank - 2 or not isinstance(channels, int) or not isinstance(each, int):
        raise NoKernel("the filters' size is not known when compiling")
    rank = len(kernel)
    lines = [_lines(op, axis, kernel[axis]) for axis in range(rank)]
    phases = [phase for phase in itertools.product(*lines) if all(line.count != 0 for line in phase)]
    fronts = [max(0, *(line.step * (line.taps - 1) - line.base for line in one), 0) for one in lines]
    x, dims = _grown(g, op, lines, fronts)
    wide = accumulator(op.result.tensor.dtype)
    target = g.written(op.result, wide)
    widths = [line.count for line in lines[-1]]
    lanes = best_divisor(each, g.target.lanes(wide.itemsize))
    is_static = all(isinstance(w, int) for w in widths) and wide is op.x.tensor.dtype
    in_lanes = op.groups == 1 and rank <= 2 and lanes >= 4 and is_static
    for phase in phases:
        if in_lanes:
            _in_lanes(g, op, x, dims, target, phase, fronts, lanes)
        else:
            _generic(g, op, x, dims, target, phase, fronts)
    g.finish_written()


def _lines(op: ConvTranspose, axis: int, size: int) -> list[Line]:
    """The phases along one dim."""
    stride, dilation, before = op.strides[axis], op.dilations[axis], op.pads[axis]
    extent = op.result.tensor.dims[2 + axis]
    found: list[Line] = []
    for place in range(stride):
        start = (place - before) % stride
        turns = (start + before) // stride
        taps = [k for k in range(size) if (k * dilation - place) % stride == 0]
        apart = taps[1] - taps[0] if len(taps) > 1 else 1
        base = turns - (taps[0] * dilation - place) // stride if taps else 0
        count = ceildiv(extent - start, stride)
        if isinstance(count, int):
            count = max(count, 0)
        found.append(
            Line(start, count, taps[0] if taps else 0, len(taps), apart, apart * dilation // stride or 1, base)
        )
    return found


def _grown(
    g: Lowering, op: ConvTranspose, lines: Sequence[Sequence[Line]], fronts: Sequence[int]
) -> tuple[Storage, tuple[Dim, ...]]:
    """x with zeros around it, so that every tap of every phase meets an element."""
    ends: list[Dim] = []
    for extent, one, front in zip(op.x.tensor.dims[2:], lines, fronts, strict=True):
        end: Dim = extent + front
        for line in one:
            reach = line.count + (front + line.base)
            if isinstance(end, int) and isinstance(reach, int):
                end = max(end, reach)
            elif end != reach:
                end = maximum(end, reach)
        ends.append(end)
    return padded(g, op.x, (*fronts, *fronts), ends, 0)


def _places(phase: Sequence[Line], fronts: Sequence[int]) -> tuple[tuple[int, ...], tuple[Dim, ...]]:
    """Where a phase's part of x begins, and how long it is."""
    starts = tuple(f + line.base - (line.taps - 1) * line.step for f, line in zip(fronts, phase, strict=True))
    return starts, tuple(line.count + (line.taps - 1) * line.step for line in phase)


def _window(pixel: str, tap: str, line: Line) -> str:
    return f"{pixel} + {tap}" if line.step == 1 else f"{pixel} + {tap} * {line.step}"


def _firsts(phase: Sequence[Line], kernel: Sequence[Dim]) -> list[int]:
    """Where the phase's taps begin in filters turned around."""
    return [
        size - 1 - line.first - (line.taps - 1) * line.apart
        for size, line in zip(kernel, phase, strict=True)
        if isinstance(size, int)
    ]


def _slice_of(
    stage: Stage, out: Tensor, phase: Sequence[Line], strides: Sequence[int], lead: int
) -> tuple[Tensor, str]:
    """The phase's elements of the result, and the text of the slice."""
    counts = tuple(line.count for line in phase)
    starts = (*(0,) * lead, *(line.start for line in phase))
    sizes, steps = (*out.dims[:lead], *counts), (*(1,) * lead, *strides)
    part = sliced(stage, out, starts, sizes, steps)
    text = [str(d) if isinstance(d, int) else str(stage.dim(d)) for d in sizes]
    return part, f"[{', '.join(map(str, starts))}] [{', '.join(text)}] [{', '.join(map(str, steps))}]"


def _insert(stage: Stage, part: Tensor, out: Tensor, text: str) -> Tensor:
    kinds = f"{part.type} into {out.type}"
    return stage.op(f"tensor.insert_slice {part.name} into {out.name}{text} : {kinds}", out.dtype, out.dims)


def _start(stage: Stage, op: ConvTranspose, part: Tensor, axes: Sequence[int], dims: Sequence[Dim], how: str) -> Tensor:
    """The bias in every element, or zeros."""
    if op.b is None:
        return stage.fill(0, part, how)
    names = [f"i{axis}" for axis in range(len(part.dims))]
    [made] = stage.generic(
        names,
        [(stage.tensor(op.b, dims), [names[axis] for axis in axes])],
        [(part, names)],
        lambda b, given, _: given,
        attributes=how,
    )
    return made


def _generic(
    g: Lowering,
    op: ConvTranspose,
    x: Storage,
    dims: tuple[Dim, ...],
    target: Storage,
    phase: Sequence[Line],
    fronts: Sequence[int],
) -> None:
    """A generic with dims for the groups; plain loops."""
    channels, each = op.w.tensor.dims[:2]
    assert isinstance(channels, int)
    rank, groups, n = len(phase), op.groups, dims[0]
    per_group = channels // groups
    turned = _turned_around(g, op, (groups, per_group, each, *op.w.tensor.dims[2:]), rank)
    stage = g.stage(op)
    out = stage.destination(target, (n, groups, each, *op.result.tensor.dims[2:]))
    part, text = _slice_of(stage, out, phase, op.strides, 3)
    has_taps = all(line.taps for line in phase)
    made = _start(stage, op, part, (1, 2), (groups, each), "mlc.inner" if has_taps else "mlc.last")
    if has_taps:
        names = ["n", "g", "o", *(f"p{i}" for i in range(rank))]
        taps = [f"k{i}" for i in range(rank)]
        starts, sizes = _places(phase, fronts)
        images = stage.tensor(x, (n, groups, per_group, *dims[2:]))
        seen = sliced(stage, images, (0, 0, 0, *starts), (*images.dims[:3], *sizes), (1,) * (3 + rank))
        filters = stage.tensor(turned)
        chosen = sliced(
            stage,
            filters,
            (0, 0, 0, *_firsts(phase, op.w.tensor.dims[2:])),
            (*filters.dims[:3], *(line.taps for line in phase)),
            (1, 1, 1, *(line.apart for line in phase)),
        )
        places = [_window(p, k, line) for p, k, line in zip(names[3:], taps, phase, strict=True)]
        ins: list[tuple[Tensor, Expressions]] = [
            (seen, ["n", "g", "i", *places]),
            (chosen, ["g", "i", "o", *taps]),
        ]
        [made] = stage.generic(names, ins, [(made, names)], multiply_add, reduction=["i", *taps], attributes="mlc.last")
    g.tile_loops(stage, 3 + rank)
    g.close(stage, [_insert(stage, made, out, text)], cost=_work(op, phase))


def _in_lanes(
    g: Lowering,
    op: ConvTranspose,
    x: Storage,
    dims: tuple[Dim, ...],
    target: Storage,
    phase: Sequence[Line],
    fronts: Sequence[int],
    lanes: int,
) -> None:
    """Filters in the lanes of vectors and pixels in registers, as a plain convolution is."""
    channels, each = op.w.tensor.dims[:2]
    assert isinstance(channels, int) and isinstance(each, int)
    units = (1,) * (2 - len(phase))
    phase = [*(Line(0, 1, 0, 1, 1, 1, 0) for _ in units), *phase]
    n, pixels = dims[0], (*units, *op.result.tensor.dims[2:])
    turned = _turned_by_lanes(g, op, lanes)
    stage = g.stage(op)
    out = stage.destination(target, (n, each // lanes, lanes, *pixels))
    part, text = _slice_of(stage, out, phase, (*units, *op.strides), 3)
    counts = tuple(line.count for line in phase)
    tile = stage.empty(out.dtype, (n, each // lanes, *counts, lanes))
    made = _start(stage, op, tile, (1, 4), (each // lanes, lanes), "mlc.inner, mlc.pixelwise")
    names = ["n", "ob", "h", "w", "o"]
    if all(line.taps for line in phase):
        starts, sizes = _places(phase, [*(0 for _ in units), *fronts])
        images = stage.tensor(x, (n, channels, *units, *dims[2:]))
        seen = sliced(stage, images, (0, 0, *starts), (n, channels, *sizes), (1,) * 4)
        filters = stage.tensor(turned)
        chosen = sliced(
            stage,
            filters,
            (0, *_firsts(phase, filters.dims[1:3]), 0, 0),
            (filters.dims[0], *(line.taps for line in phase), channels, lanes),
            (1, *(line.apart for line in phase), 1, 1),
        )
        places = [_window(p, k, line) for p, k, line in zip(("h", "w"), ("kh", "kw"), phase, strict=True)]
        ins: list[tuple[Tensor, Expressions]] = [(seen, ["n", "i", *places]), (chosen, ["ob", "kh", "kw", "i", "o"])]
        [made] = stage.generic(
            names,
            ins,
            [(made, names)],
            multiply_add,
            reduction=["kh", "kw", "i"],
            attributes="mlc.contraction, mlc.inner",
        )
    [stored] = stage.generic(
        names,
        [(made, names)],
        [(part, ["n", "ob", "o", "h", "w"])],
        lambda b, given, _: given,
        attributes="mlc.last, mlc.pixelwise",
    )
    width = counts[1]
    assert isinstance(width, int)
    step = best_divisor(width, g.target.register_count - SPARE_REGISTERS)
    stage.family = "conv_plain"
    stage.parameters = {"pixels": step, "row": width if width <= 128 else step}
    g.close(stage, [_insert(stage, stored, out, text)], cost=_work(op, phase))


def _turned_by_lanes(g: Lowering, op: ConvTranspose, lanes: int) -> Storage:
    """The filters as [O / lanes, kernel turned around, C, lanes], of images."""
    channels, each, *kernel = (d for d in op.w.tensor.dims if isinstance(d, int))
    image = (*(1,) * (2 - len(kernel)), *kernel)
    dims = (each // lanes, *image, channels, lanes)
    if g.plan.constant(op.w) is not None:

        def pack(w: Array) -> Array:
            split = w.reshape(channels, each // lanes, lanes, *image)[..., ::-1, ::-1]
            return np.ascontiguousarray(split.transpose(1, 3, 4, 0, 2))

        return g.plan.prepared(op.w, f"turned filters by {lanes}", op.w.tensor.dtype, dims, pack)

    def source(b: Body, at: list[Scalar]) -> list[Scalar]:
        block, h, w, channel, lane = at
        turned = [_mirrored(b, size, i) for size, i in zip(image, (h, w), strict=True)]
        return [channel, block, lane, *turned]

    return _moved(g, op, dims, (channels, each // lanes, lanes, *image), source)


def _turned_around(g: Lowering, op: ConvTranspose, seen: tuple[Dim, ...], rank: int) -> Storage:
    """The filters seen in these dims, the last `rank` of them, those of the kernel, turned around."""
    dims = tuple(d for d in seen if isinstance(d, int))
    if g.plan.constant(op.w) is not None:

        def pack(w: Array) -> Array:
            return np.ascontiguousarray(np.flip(w.reshape(dims), tuple(range(len(dims) - rank, len(dims)))))

        return g.plan.prepared(op.w, "turned filters", op.w.tensor.dtype, dims, pack)

    def source(b: Body, at: list[Scalar]) -> list[Scalar]:
        last = [_mirrored(b, size, i) for size, i in zip(dims[-rank:], at[-rank:], strict=True)]
        return [*at[:-rank], *last]

    return _moved(g, op, dims, dims, source)


def _mirrored(b: Body, size: int, i: Scalar) -> Scalar:
    return b.binary("arith.subi", b.index(size - 1), i)


def _moved(
    g: Lowering,
    op: ConvTranspose,
    dims: tuple[int, ...],
    seen: tuple[int, ...],
    source: Callable[[Body, list[Scalar]], list[Scalar]],
) -> Storage:
    """A stage that moves the filters, seen in some dims, to where a `source` is asked for each."""
    made = g.temporary(op.w.tensor.dtype, *dims)
    stage = Stage("turned_filters")
    w, out = stage.tensor(op.w, seen), stage.destination(made)
    names = [f"i{axis}" for axis in range(len(dims))]

    def region(b: Body, _: list[Scalar], __: list[Scalar]) -> list[Scalar]:
        return [b.extract(w, source(b, [b.loop_index(axis) for axis in range(len(dims))]))]

    [turned] = stage.generic(names, [], [(out, names)], region, attributes="mlc.last")
    g.tile_loops(stage, len(dims))
    g.close(stage, [turned])
    return made


def _work(op: ConvTranspose, phase: Sequence[Line]) -> int:
    channels = op.w.tensor.dims[0]
    assert isinstance(channels, int)
    taps = 1
    for line in phase:
        taps *= max(1, line.taps)
    return max(1, channels // op.groups * taps // 8)
