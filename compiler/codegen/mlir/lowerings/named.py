"""Named ops, for a module that goes to other compilers: convolutions, pools and softmax as linalg has them.

Our own schedules tile generics over packed filters and images padded beforehand, made for one target. Here an image is
padded by tensor.pad, filters stay as they are, and the op bears linalg's name wherever linalg has one.
"""

from __future__ import annotations

from collections.abc import Sequence

from mlc.codegen.mlir.elements import memory_type, number_text
from mlc.codegen.mlir.lowering import Lowering
from mlc.codegen.mlir.lowerings.conv_blocked import channel_runs
from mlc.codegen.mlir.lowerings.pool import mean_or_root, pool
from mlc.codegen.mlir.lowerings.reduce import lowest, softmax
from mlc.codegen.mlir.lowerings.windows import bias_or_zeros, multiply_add, reach, sliced, window_index
from mlc.codegen.mlir.registry import named
from mlc.codegen.mlir.text import Expressions, Stage, Tensor
from mlc.codegen.registers import accumulator
from mlc.codegen.registry import NoKernel
from mlc.ir import Dim
from mlc.ir.dims import floordiv
from mlc.ops import AveragePool, Conv, LpPool, MaxPool, Softmax
from mlc.ops.pool import Pool
from mlc.ops.windows import block_of

_CONVS = {1: "linalg.conv_1d_ncw_fcw", 2: "linalg.conv_2d_nchw_fchw", 3: "linalg.conv_3d_ncdhw_fcdhw"}
_POOLS = {1: "linalg.pooling_ncw", 2: "linalg.pooling_nchw"}


@named(Conv, attributes="strides pads dilations groups layout winograd channels")
def conv(g: Lowering, op: Conv) -> None:
    """The named op of its rank and groups, on a padded image; a generic where linalg names none."""
    block = block_of(op.layout)
    rank = op.w.tensor.rank - (4 if block else 2)
    kernel = tuple(k for k in op.w.tensor.dims[2 : 2 + rank] if isinstance(k, int))
    if len(kernel) != rank:
        raise NoKernel("the filters' size is not known when compiling")
    stage = g.stage(op)
    x = _padded(stage, op, kernel, 0)
    if block:
        made = _blocked(g, stage, op, x, kernel)
    elif op.groups == 1:
        made = _ungrouped(g, stage, op, x, rank)
    else:
        made = _grouped(g, stage, op, x, kernel)
    g.finish(stage, made)


def _ungrouped(g: Lowering, stage: Stage, op: Conv, x: Tensor, rank: int) -> Tensor:
    dtype = accumulator(op.result.tensor.dtype)
    out = g.result(stage, op.result, None, dtype)
    start = _start(stage, op, out, (1,), op.result.tensor.dims[1:2])
    filters = stage.tensor(op.w)
    if rank in _CONVS:
        return _windowed(stage, _CONVS[rank], op, x, filters, start)
    pixels, taps = _names(rank)
    ins: list[tuple[Tensor, Expressions]] = [
        (x, ["n", "i", *window_index(pixels, taps, op.strides, op.dilations)]),
        (filters, ["o", "i", *taps]),
    ]
    return _sum(stage, ["n", "o", *pixels], ["i", *taps], ins, start)


def _grouped(g: Lowering, stage: Stage, op: Conv, x: Tensor, kernel: tuple[int, ...]) -> Tensor:
    rank, groups = len(kernel), op.groups
    filters, channels = op.w.tensor.dims[:2]
    each = floordiv(filters, groups)
    dtype = accumulator(op.result.tensor.dtype)
    if rank == 2 and channels == each == 1:
        out = g.result(stage, op.result, None, dtype)
        start = _start(stage, op, out, (1,), (filters,))
        return _windowed(
            stage, "linalg.depthwise_conv_2d_nchw_chw", op, x, stage.tensor(op.w, (filters, *kernel)), start
        )
    n = x.dims[0]
    out = g.result(stage, op.result, (n, groups, each, *op.result.tensor.dims[2:]), dtype)
    start = _start(stage, op, out, (1, 2), (groups, each))
    images = _split(stage, x, 1, (groups, channels))
    weights = stage.tensor(op.w, (groups, each, channels, *kernel))
    if rank == 2:
        return _windowed(stage, "linalg.conv_2d_ngchw_gfchw", op, images, weights, start)
    pixels, taps = _names(rank)
    ins: list[tuple[Tensor, Expressions]] = [
        (images, ["n", "g", "i", *window_index(pixels, taps, op.strides, op.dilations)]),
        (weights, ["g", "o", "i", *taps]),
    ]
    return _sum(stage, ["n", "g", "o", *pixels], ["i", *taps], ins, start)


def _blocked(g: Lowering, stage: Stage, op: Conv, x: Tensor, kernel: tuple[int, ...]) -> Tensor:
    """In blocks of channels, as the layout pass leaves them: linalg names no op for these."""
    pixels, taps = _names(len(kernel))
    places = window_index(pixels, taps, op.strides, op.dilations)
    blocks, per_group = op.w.tensor.dims[:2]
    inner = op.w.tensor.dims[-2]
    block = block_of(op.layout)
    if not isinstance(blocks, int) or not isinstance(per_group, int) or not isinstance(inner, int):
        raise NoKernel("the number of filters is not known when compiling")
    dtype = accumulator(op.result.tensor.dtype)
    weights = stage.tensor(op.w)
    ins: list[tuple[Tensor, Expressions]]
    if op.groups == 1:
        out = g.result(stage, op.result, None, dtype)
        start = bias_or_zeros(stage, op, out, (1, len(out.dims) - 1), (blocks, block))
        filters = ["ob", "ib", *taps, "i", "o"]
        image = ["n", "ib", *places] if op.takes_plain else ["n", "ib", *places, "i"]
        for first, count, used in channel_runs(per_group, inner, op.channels):
            ins = [
                (_part(stage, x, {1: (first, count), len(x.dims) - 1: (0, used)}) if op.channels else x, image),
                (_part(stage, weights, {1: (first, count), len(weights.dims) - 2: (0, used)}), filters),
            ]
            start = _sum(stage, ["n", "ob", *pixels, "o"], ["ib", *taps, "i"], ins, start)
        return start
    if inner == 1 and per_group == 1 and op.groups == blocks * block:
        out = g.result(stage, op.result, None, dtype)
        start = bias_or_zeros(stage, op, out, (1, len(out.dims) - 1), (blocks, block))
        ins = [(x, ["n", "cb", *places, "c"]), (stage.tensor(op.w, (blocks, *kernel, block)), ["cb", *taps, "c"])]
        return _sum(stage, ["n", "cb", *pixels, "c"], taps, ins, start)
    if inner != block or blocks % op.groups:
        raise NoKernel("blocks of channels that several groups share have no form in linalg")
    each = blocks // op.groups
    n, _, *extents = op.result.tensor.dims
    out = g.result(stage, op.result, (n, op.groups, each, *extents), dtype)
    start = bias_or_zeros(stage, op, out, (1, 2, len(out.dims) - 1), (op.groups, each, block))
    images = _split(stage, x, 1, (op.groups, per_group))
    grouped = stage.tensor(op.w, (op.groups, each, *op.w.tensor.dims[1:]))
    ins = [(images, ["n", "g", "ib", *places, "i"]), (grouped, ["g", "ob", "ib", *taps, "i", "o"])]
    return _sum(stage, ["n", "g", "ob", *pixels, "o"], ["ib", *taps, "i"], ins, start)


@named(
    MaxPool,
    AveragePool,
    LpPool,
    attributes="kernel strides pads dilations ceil_mode layout with_indices column_major count_pads p",
)
def pooling(g: Lowering, op: Pool) -> None:
    """linalg.pooling_nchw_max and _sum; what these do not say (blocks, powers, integers, three dims) as a generic."""
    rank, dtype = len(op.kernel), op.x.tensor.dtype
    has_indices = isinstance(op, MaxPool) and op.with_indices
    if isinstance(op, LpPool) or block_of(op.layout) or rank not in _POOLS or not dtype.is_float or has_indices:
        pool(g, op)
        return
    is_max = isinstance(op, MaxPool)
    neutral = lowest(dtype) if is_max else 0
    stage = g.stage(op)
    x = _padded(stage, op, op.kernel, neutral)
    out = g.result(stage, op.results[0], None, accumulator(dtype))
    window = stage.empty(dtype, op.kernel)  # never read: its dims are the window's
    start = stage.fill(neutral, out)
    made = _windowed(stage, f"{_POOLS[rank]}_{'max' if is_max else 'sum'}", op, x, window, start)
    if not is_max:
        made = mean_or_root(stage, op, made, ["n", "c", *_names(rank)[0]], g.last())
    g.finish(stage, made)


@named(Softmax, attributes="axis")
def named_softmax(g: Lowering, op: Softmax) -> None:
    """linalg.softmax, which computes in the dtype of its tensors; of narrow floats as generics in f32."""
    dtype = op.x.tensor.dtype
    if accumulator(dtype) is not dtype:
        softmax(g, op)
        return
    stage = g.stage(op)
    x, out = stage.tensor(op.x), g.result(stage, op.result)
    text = f"linalg.softmax dimension({op.axis % op.x.tensor.rank}) ins({x.name} : {x.type})"
    g.finish(stage, stage.op(f"{text} outs({out.name} : {out.type}) -> {out.type}", dtype, out.dims))


def _padded(stage: Stage, op: Conv | Pool, kernel: Sequence[int], fill: float) -> Tensor:
    """The image that the windows see: grown by tensor.pad, and cut where no window reaches.

    Its extents are what the windows say, no more where that is known: compilers that drop a dim of one window hold the
    image against it.
    """
    x, rank = stage.tensor(op.x), len(kernel)
    sizes, counts = x.dims[2 : 2 + rank], op.results[0].tensor.dims[2 : 2 + rank]
    before, after = op.pads[:rank], op.pads[rank:]
    ends: list[Dim] = []
    seen: list[Dim] = []
    for size, low, *along in zip(sizes, before, counts, kernel, op.strides, op.dilations, after, strict=True):
        count, k, stride, dilation, high = along
        end = (count - 1) * stride + ((k - 1) * dilation + 1)
        is_known = isinstance(size, int) and isinstance(end, int)
        ends.append(end if is_known else reach(size, count, k, stride, dilation, low, high))
        seen.append(max(0, min(size, end - low)) if isinstance(size, int) and isinstance(end, int) else size)
    if seen != list(sizes):
        dims = (*x.dims[:2], *seen, *x.dims[2 + rank :])
        x = sliced(stage, x, (0,) * len(dims), dims, (1,) * len(dims))
    behind = [end - (size + low) for end, size, low in zip(ends, seen, before, strict=True)]
    if not any(before) and all(high == 0 for high in behind):
        return x
    others = len(x.dims) - 2 - rank
    return _pad(stage, x, (0, 0, *before, *(0,) * others), (0, 0, *behind, *(0,) * others), fill)


def _pad(stage: Stage, x: Tensor, low: Sequence[int], high: Sequence[Dim], fill: float) -> Tensor:
    kind = memory_type(x.dtype)
    number = stage.value(f"arith.constant {number_text(fill, kind)} : {kind}", kind)
    names = [stage.fresh() for _ in x.dims]
    texts = [str(d) if isinstance(d, int) else str(stage.dim(d)) for d in high]
    made = Tensor(stage.fresh(), x.dtype, tuple(d + (a + b) for d, a, b in zip(x.dims, low, high, strict=True)))
    stage.line(f"{made.name} = tensor.pad {x.name} low[{', '.join(map(str, low))}] high[{', '.join(texts)}] {{")
    stage.line(f"^bb0({', '.join(f'{n}: index' for n in names)}):")
    stage.line(f"  tensor.yield {number} : {kind}")
    stage.line(f"}} : {x.type} to {made.type}")
    return made


def _start(stage: Stage, op: Conv, out: Tensor, axes: Sequence[int], dims: Sequence[Dim]) -> Tensor:
    """What products are added to: zeros, or the bias by linalg.broadcast."""
    if op.b is None or op.b.tensor.dtype is not out.dtype:
        return bias_or_zeros(stage, op, out, axes, dims)
    bias = stage.tensor(op.b, dims)
    missing = [axis for axis in range(len(out.dims)) if axis not in axes]
    text = f"linalg.broadcast ins({bias.name} : {bias.type}) outs({out.name} : {out.type}) dimensions = {missing}"
    return stage.op(text, out.dtype, out.dims)


def _windowed(stage: Stage, name: str, op: Conv | Pool, x: Tensor, window: Tensor, out: Tensor) -> Tensor:
    """A named op that slides a window over x."""
    strides, dilations = (f"dense<{list(v)}> : tensor<{len(v)}xi64>" for v in (op.strides, op.dilations))
    given = f"ins({x.name}, {window.name} : {x.type}, {window.type}) outs({out.name} : {out.type})"
    text = f"{name} {{strides = {strides}, dilations = {dilations}}} {given} -> {out.type}"
    return stage.op(text, out.dtype, out.dims)


def _sum(
    stage: Stage,
    parallel: Sequence[str],
    reduction: Sequence[str],
    ins: Sequence[tuple[Tensor, Expressions]],
    out: Tensor,
) -> Tensor:
    [made] = stage.generic(parallel, ins, [(out, parallel)], multiply_add, reduction=reduction)
    return made


def _split(stage: Stage, x: Tensor, axis: int, parts: tuple[int, Dim]) -> Tensor:
    """x with one axis as two; MLIR wants to know as much of the one as of the two."""
    count, whole = x.dims[axis], parts[0] * parts[1]
    if isinstance(count, int):
        parts = (parts[0], count // parts[0])
    elif isinstance(whole, int):
        known = Tensor("", x.dtype, (*x.dims[:axis], whole, *x.dims[axis + 1 :]))
        x = stage.op(f"tensor.cast {x.name} : {x.type} to {known.type}", x.dtype, known.dims)
    dims = (*x.dims[:axis], *parts, *x.dims[axis + 1 :])
    groups = [[a + (a > axis)] if a != axis else [a, a + 1] for a in range(len(x.dims))]
    made = Tensor("", x.dtype, dims)
    sizes = ", ".join(str(d) if isinstance(d, int) else str(stage.dim(d)) for d in dims)
    text = f"tensor.expand_shape {x.name} {groups} output_shape [{sizes}] : {x.type} into {made.type}"
    return stage.op(text, x.dtype, dims)


def _part(stage: Stage, x: Tensor, runs: dict[int, tuple[int, int]]) -> Tensor:
    """x cut to a run, first and count, along some of its axes."""
    starts = [runs.get(axis, (0, 0))[0] for axis in range(len(x.dims))]
    dims = tuple(runs[axis][1] if axis in runs else d for axis, d in enumerate(x.dims))
    return x if dims == x.dims else sliced(stage, x, starts, dims, (1,) * len(dims))


def _names(rank: int) -> tuple[list[str], list[str]]:
    return [f"p{i}" for i in range(rank)], [f"k{i}" for i in range(rank)]
