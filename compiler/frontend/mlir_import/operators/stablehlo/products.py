"""StableHLO's products: dot_general and its relatives, convolution with any order of axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.operators.stablehlo.attributes import ConvAxes, Dot
from mlc.frontend.mlir_import.operators.stablehlo.shape import padded, reversed_along
from mlc.frontend.mlir_import.registry import mlir_op
from mlc.ir import Dim, Value
from mlc.ir.dims import product
from mlc.ops import Conv, ConvTranspose, Matmul, Pad, ReduceSum


@mlir_op("stablehlo.dot_general", ignores=("precision_config", "algorithm"))
def dot_general(g: Graph, lhs: Value, rhs: Value, *, dot_dimension_numbers: Any) -> Value:
    """Products summed over the contracting axes, for each index of the batch axes."""
    return contracted(g, lhs, rhs, Dot.of(dot_dimension_numbers))


@mlir_op("stablehlo.dot", ignores=("precision_config",))
def dot(g: Graph, lhs: Value, rhs: Value) -> Value:
    """The last axis of x with the first of y."""
    return contracted(g, lhs, rhs, Dot((), (), (lhs.tensor.rank - 1,), (0,)))


@mlir_op("stablehlo.einsum")
def einsum(g: Graph, lhs: Value, rhs: Value, *, einsum_config: str) -> Value:
    """The product of two tensors that an equation of letters describes."""
    operands, _, wanted = einsum_config.replace(" ", "").partition("->")
    x, _, y = operands.partition(",")
    shared = [c for c in x if c in y]
    batch, summed = [c for c in shared if c in wanted], [c for c in shared if c not in wanted]
    made = [*batch, *(c for c in x if c not in shared), *(c for c in y if c not in shared)]
    if sorted(made) != sorted(wanted) or len(set(x)) != len(x) or len(set(y)) != len(y):
        raise g.error(
            f"the equation {einsum_config} is not supported: a letter repeats, or is summed in one operand only"
        )
    axes = Dot(*(tuple(text.index(c) for c in letters) for letters in (batch, summed) for text in (x, y)))
    return g.transpose(contracted(g, lhs, rhs, axes), [made.index(c) for c in wanted])


@mlir_op("stablehlo.unary_einsum")
def unary_einsum(g: Graph, operand: Value, *, einsum_config: str) -> Value:
    """One tensor summed over the axes whose letters the result leaves out, the others in the result's order."""
    given, _, wanted = einsum_config.replace(" ", "").partition("->")
    if len(set(given)) != len(given) or not set(wanted) <= set(given) or len(set(wanted)) != len(wanted):
        raise g.error(f"the equation {einsum_config} is not supported: a letter repeats, or is of the result alone")
    summed = tuple(i for i, letter in enumerate(given) if letter not in wanted)
    x = g(ReduceSum(operand, axes=summed, keep_dims=False)) if summed else operand
    kept = [letter for letter in given if letter in wanted]
    return g.transpose(x, [kept.index(letter) for letter in wanted])


def contracted(g: Graph, lhs: Value, rhs: Value, axes: Dot) -> Value:
    """The general product: [batch..., free axes of x..., free axes of y...]."""
    x, y = (g.cast(v, g.dtype) if _is_wider(g, v, lhs, rhs) else v for v in (lhs, rhs))
    for a, b in zip((*axes.lhs_batch, *axes.lhs_contracting), (*axes.rhs_batch, *axes.rhs_contracting), strict=True):
        g.tie(x.tensor.dims[a], y.tensor.dims[b])
    left = [i for i in range(x.tensor.rank) if i not in (*axes.lhs_batch, *axes.lhs_contracting)]
    right = [i for i in range(y.tensor.rank) if i not in (*axes.rhs_batch, *axes.rhs_contracting)]
    dims = [v.tensor.dims for v in (x, y)]
    result = [dims[0][i] for i in (*axes.lhs_batch, *left)] + [dims[1][i] for i in right]
    is_turned = bool(right and axes.rhs_contracting) and max(right) < min(axes.rhs_contracting)
    x = g.transpose(x, [*axes.lhs_batch, *left, *axes.lhs_contracting])
    inner = (*right, *axes.rhs_contracting) if is_turned else (*axes.rhs_contracting, *right)
    y = g.transpose(y, [*axes.rhs_batch, *inner])
    batch = len(axes.lhs_batch)
    # Without a batch the rows of x may have any number of axes: Matmul takes y for all of them.
    if batch or len(left) == 0:
        x = _joined(g, x, batch, [len(left), len(axes.lhs_contracting)])
    else:
        x = _joined(g, x, len(left), [len(axes.lhs_contracting)])
    counts = [len(right), len(axes.rhs_contracting)]
    y = _joined(g, y, batch, counts if is_turned else counts[::-1])
    return g.cast(g.reshape(g(Matmul(x, y, transpose_y=is_turned)), result), g.dtype)


def _is_wider(g: Graph, x: Value, lhs: Value, rhs: Value) -> bool:
    """Whether an operand is computed in the result's dtype: where that is wider, or the operands differ."""
    return lhs.tensor.dtype is not rhs.tensor.dtype or g.dtype.bits > x.tensor.dtype.bits


def _joined(g: Graph, x: Value, kept: int, counts: Sequence[int]) -> Value:
    """x with its first `kept` axes, then one axis for each count, which that many are made into."""
    dims, at, made = x.tensor.dims, kept, list[Dim](x.tensor.dims[:kept])
    for count in counts:
        made.append(product(dims[at : at + count]))
        at += count
    return g.reshape(x, made)


# --- convolution ---


@mlir_op("stablehlo.convolution", ignores=("precision_config",))
def convolution(
    g: Graph,
    lhs: Value,
    rhs: Value,
    *,
    dimension_numbers: Any,
    feature_group_count: int,
    batch_group_count: int,
    window_strides: tuple[int, ...] | None = None,
    padding: tuple[tuple[int, ...], ...] | None = None,
    lhs_dilation: tuple[int, ...] | None = None,
    rhs_dilation: tuple[int, ...] | None = None,
    window_reversal: tuple[bool, ...] | None = None,
) -> Value:
    """A convolution: images with zeros between their elements, filters with holes, groups of channels or of images."""
    rank = lhs.tensor.rank - 2
    ones = (1,) * rank
    pads = padding or ((0, 0),) * rank
    return convolved(
        g,
        lhs,
        rhs,
        ConvAxes.of(dimension_numbers),
        groups=(feature_group_count, batch_group_count),
        strides=window_strides or ones,
        pads=(*(p[0] for p in pads), *(p[1] for p in pads)),
        holes=(lhs_dilation or ones, rhs_dilation or ones),
        reversal=window_reversal or (False,) * rank,
    )


@mlir_op("stablehlo.dynamic_conv", ignores=("precision_config", "padding"))
def dynamic_conv(
    g: Graph,
    lhs: Value,
    rhs: Value,
    padding_operand: tuple[Dim, ...],
    *,
    dimension_numbers: Any,
    feature_group_count: int,
    batch_group_count: int,
    window_strides: tuple[int, ...] | None = None,
    lhs_dilation: tuple[int, ...] | None = None,
    rhs_dilation: tuple[int, ...] | None = None,
    window_reversal: tuple[bool, ...] | None = None,
) -> Value:
    """convolution with pads that are computed."""
    numbers = [d for d in padding_operand if isinstance(d, int)]
    if len(numbers) != len(padding_operand):
        raise g.error("pads that depend on the sizes of inputs are not supported")
    return convolution(
        g,
        lhs,
        rhs,
        dimension_numbers=dimension_numbers,
        feature_group_count=feature_group_count,
        batch_group_count=batch_group_count,
        window_strides=window_strides,
        padding=tuple(zip(numbers[::2], numbers[1::2], strict=True)),
        lhs_dilation=lhs_dilation,
        rhs_dilation=rhs_dilation,
        window_reversal=window_reversal,
    )


def convolved(
    g: Graph,
    lhs: Value,
    rhs: Value,
    axes: ConvAxes,
    *,
    groups: tuple[int, int],
    strides: Sequence[int],
    pads: tuple[int, ...],
    holes: tuple[Sequence[int], Sequence[int]],
    reversal: Sequence[bool],
) -> Value:
    """The convolution in NCHW, and its result in the order asked for."""
    x, w = (g.cast(v, g.dtype) if _is_wider(g, v, lhs, rhs) else v for v in (lhs, rhs))
    x, w = g.transpose(x, axes.image), g.transpose(w, axes.filters)
    w = reversed_along(g, w, [2 + i for i, is_reversed in enumerate(reversal) if is_reversed])
    group_count, batches = groups
    if batches > 1:
        x, group_count = _batches_as_channels(g, x, batches), batches
    if x.tensor.rank == 2:  # no spatial dims: one place
        x, w = (g.reshape(v, (*v.tensor.dims, 1)) for v in (x, w))
        strides, pads, holes = (1,), (0, 0), ((1,), (1,))
    spread, dilation = holes
    if any(s != 1 for s in spread) and all(s == 1 for s in strides):
        y = _transposed(g, x, w, group_count, spread, dilation, pads)
    else:
        y = _direct(g, x, w, group_count, strides, spread, dilation, pads)
    if len(axes.result) == 2:
        y = g.reshape(y, y.tensor.dims[:2])
    back = sorted(range(len(axes.result)), key=lambda i: axes.result[i])
    return g.cast(g.transpose(y, back), g.dtype)


def _direct(
    g: Graph,
    x: Value,
    w: Value,
    groups: int,
    strides: Sequence[int],
    spread: Sequence[int],
    dilation: Sequence[int],
    pads: tuple[int, ...],
) -> Value:
    rank = x.tensor.rank - 2
    zero = g.scalar(0, x.tensor.dtype)
    x = padded(g, x, zero, (0,) * (rank + 2), (0,) * (rank + 2), (0, 0, *(s - 1 for s in spread)))
    if any(p < 0 for p in pads):
        cut = tuple(min(p, 0) for p in pads)
        x = g(Pad(x, zero, pads=(0, 0, *cut[:rank], 0, 0, *cut[rank:])))
        pads = tuple(max(p, 0) for p in pads)
    return g(Conv(x, w, strides=tuple(strides), pads=pads, dilations=tuple(dilation), groups=groups))


def _transposed(
    g: Graph, x: Value, w: Value, groups: int, spread: Sequence[int], dilation: Sequence[int], pads: tuple[int, ...]
) -> Value:
    """A convolution of an image with zeros between its elements: what ConvTranspose is, of the filters turned round."""
    rank = x.tensor.rank - 2
    filters, depth, *kernel = w.tensor.dims
    sizes = [k for k in kernel if isinstance(k, int)]
    if len(sizes) != rank or not isinstance(filters, int) or not isinstance(depth, int):
        raise g.error(f"filters {w.type} of a size that only the run tells are not supported")
    reach = [(k - 1) * d for k, d in zip(sizes, dilation, strict=True)]
    turned = reversed_along(g, w, [2 + i for i, k in enumerate(sizes) if k > 1])
    by_group = g.reshape(turned, (groups, filters // groups, depth, *sizes))
    order = (0, 2, 1, *range(3, 3 + rank))
    adjoint = g.reshape(g.transpose(by_group, order), (groups * depth, filters // groups, *sizes))
    cuts = (
        *(r - p for r, p in zip(reach, pads[:rank], strict=True)),
        *(r - p for r, p in zip(reach, pads[rank:], strict=True)),
    )
    conv = ConvTranspose(
        x,
        adjoint,
        strides=tuple(spread),
        pads=cuts,
        dilations=tuple(dilation),
        output_padding=(0,) * rank,
        groups=groups,
    )
    return g(conv)


def _batches_as_channels(g: Graph, x: Value, batches: int) -> Value:
    """x[G * N, C, ...] as [N, G * C, ...]: images of one group share filters, as channels of one do."""
    count, channels, *spatial = x.tensor.dims
    if not isinstance(count, int):
        raise g.error(f"a batch of {x.type} in groups must be known")
    split = g.reshape(x, (batches, count // batches, channels, *spatial))
    moved = g.transpose(split, (1, 0, *range(2, 3 + len(spatial))))
    return g.reshape(moved, (count // batches, batches * channels, *spatial))
