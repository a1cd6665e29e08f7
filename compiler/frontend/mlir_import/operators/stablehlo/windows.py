"""StableHLO's windows: reduce_window as pools, running sums or tap by tap, and select_and_scatter."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.operators.stablehlo.bodies import apply, names_of, results_of, run_elementwise
from mlc.frontend.mlir_import.operators.stablehlo.elementwise import binary
from mlc.frontend.mlir_import.operators.stablehlo.reduce import neutral, one_or_all, part, simple_function
from mlc.frontend.mlir_import.operators.stablehlo.shape import padded
from mlc.frontend.mlir_import.registry import mlir_op
from mlc.ir import Dim, DType, Value
from mlc.ir.dims import product
from mlc.ops import (
    AveragePool,
    BitwiseNot,
    Conv,
    CumProd,
    CumSum,
    MaxPool,
    Mul,
    Neg,
    ScatterElements,
    constant_value,
)

# A window with more elements than these is not unrolled.
TAP_LIMIT = 1024


@dataclass(frozen=True)
class Windows:
    """The windows over a tensor, one number for each axis."""

    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    spread: tuple[int, ...]
    dilations: tuple[int, ...]
    low: tuple[int, ...]
    high: tuple[int, ...]

    @property
    def axes(self) -> list[int]:
        """The axes along which a window is not just its own element."""
        rank = len(self.sizes)
        rest = zip(self.strides, self.spread, self.low, self.high, strict=True)
        return [
            i for i, (n, others) in enumerate(zip(self.sizes, rest, strict=True)) if n > 1 or others != (1, 1, 0, 0)
        ][:rank]

    def running_axis(self, dims: Sequence[Dim]) -> tuple[int, bool] | None:
        """The axis along which each window is all up to (or, True, all from) its element on; None for others."""
        if len(self.axes) != 1:
            return None
        (axis,) = self.axes
        size = self.sizes[axis]
        if size != dims[axis] or (self.strides[axis], self.spread[axis], self.dilations[axis]) != (1, 1, 1):
            return None
        pads = self.low[axis], self.high[axis]
        return {(size - 1, 0): (axis, False), (0, size - 1): (axis, True)}.get(pads)


@mlir_op("stablehlo.reduce_window")
def reduce_window(
    g: Graph,
    inputs: Sequence[Value],
    init_values: Sequence[Value],
    *,
    window_dimensions: tuple[int, ...],
    window_strides: tuple[int, ...] | None = None,
    base_dilations: tuple[int, ...] | None = None,
    window_dilations: tuple[int, ...] | None = None,
    padding: tuple[tuple[int, ...], ...] | None = None,
) -> tuple[Value, ...] | Value:
    """The elements of each window put together by the function in the region."""
    ones = (1,) * len(window_dimensions)
    pads = padding or ((0, 0),) * len(ones)
    windows = Windows(
        window_dimensions,
        window_strides or ones,
        base_dilations or ones,
        window_dilations or ones,
        tuple(p[0] for p in pads),
        tuple(p[1] for p in pads),
    )
    found = results_of(g.region(), names_of(len(inputs)))
    if len(inputs) == 1 and (name := simple_function(found[0], 0)) is not None:
        made = _by_op(g, name, inputs[0], init_values[0], windows)
        if made is not None:
            return made
    return one_or_all(_by_taps(g, list(inputs), list(init_values), windows))


def _by_op(g: Graph, name: str, x: Value, start: Value, windows: Windows) -> Value | None:
    """The windows by an op of the IR, or None where there is none."""
    dtype, array = x.tensor.dtype, constant_value(start)
    if array is None or array.item() != neutral(name, dtype) or dtype is DType.BOOL:
        return None
    if not windows.axes:
        return x
    running = windows.running_axis(x.tensor.dims)
    if running is not None and name in ("add", "multiply"):
        op = CumSum if name == "add" else CumProd
        return g(op(x, axis=running[0], is_reverse=running[1]))
    if name not in ("add", "maximum", "minimum") or any(s != 1 for s in windows.spread):
        return None
    if min(*windows.low, *windows.high) < 0:
        return None
    if name == "minimum":
        turn = Neg if dtype.is_float else BitwiseNot  # both turn the order round, and the least integer has a ~
        return g(turn(_pooled(g, "maximum", g(turn(x)), windows)))
    return _pooled(g, name, x, windows)


def _pooled(g: Graph, name: str, x: Value, windows: Windows) -> Value:
    image, order = as_image(g, x, windows.axes)
    at = windows.axes
    kernel, strides, dilations = (tuple(v[i] for i in at) for v in (windows.sizes, windows.strides, windows.dilations))
    pads = (*(windows.low[i] for i in at), *(windows.high[i] for i in at))
    if name == "maximum":
        y = g(MaxPool(image, kernel, strides=strides, pads=pads, dilations=dilations))
    elif x.tensor.dtype.is_float:
        mean = g(AveragePool(image, kernel, strides=strides, pads=pads, dilations=dilations, count_pads=True))
        y = g(Mul(mean, g.scalar(math.prod(kernel), x.tensor.dtype)))
    else:
        batch, channels, *sizes = image.tensor.dims
        single = g.reshape(image, (batch * channels, 1, *sizes))
        ones = g.constant(np.ones((1, 1, *kernel), x.tensor.dtype.numpy))
        total = g(Conv(single, ones, strides=strides, pads=pads, dilations=dilations))
        y = g.reshape(total, (batch, channels, *total.tensor.dims[2:]))
    return from_image(g, y, x.tensor.dims, order, at)


def as_image(g: Graph, x: Value, axes: Sequence[int]) -> tuple[Value, list[int]]:
    """x as [N, C, spatial...] with `axes` as the spatial ones, and the order of axes that it took."""
    dims = x.tensor.dims
    rest = [i for i in range(len(dims)) if i not in axes]
    order = [*rest, *axes]
    moved = g.transpose(x, order)
    outer = [dims[i] for i in rest]
    batch = (1, 1) if not outer else (1, outer[0]) if len(outer) == 1 else (product(outer[:-1]), outer[-1])
    return g.reshape(moved, (*batch, *(dims[i] for i in axes))), order


def from_image(g: Graph, y: Value, dims: Sequence[Dim], order: list[int], axes: Sequence[int]) -> Value:
    """The way back, for a result y of other spatial extents."""
    outer = [dims[i] for i in order[: len(order) - len(axes)]]
    shaped = g.reshape(y, (*outer, *y.tensor.dims[2:]))
    return g.transpose(shaped, [order.index(i) for i in range(len(order))])


def _by_taps(g: Graph, inputs: list[Value], starts: list[Value], windows: Windows) -> list[Value]:
    """The function in the region run on what all windows see at one of their elements after another."""
    count = math.prod(windows.sizes)
    if count > TAP_LIMIT:
        raise g.error(f"windows of {count} elements with such a function are not supported, only up to {TAP_LIMIT}")
    grown = [
        padded(g, x, s, windows.low, windows.high, [n - 1 for n in windows.spread])
        for x, s in zip(inputs, starts, strict=True)
    ]
    sizes = g.require_static(grown[0].tensor, "reduce_window")
    spans = [(n - 1) * d + 1 for n, d in zip(windows.sizes, windows.dilations, strict=True)]
    counts = [(n - span) // s + 1 for n, span, s in zip(sizes, spans, windows.strides, strict=True)]
    made = [g.expand(s, counts) for s in starts]
    for tap in itertools.product(*map(range, windows.sizes)):
        seen = [_tap(g, x, tap, windows, counts) for x in grown]
        made = run_elementwise(g, g.region(), [*made, *seen])
    return made


def _tap(g: Graph, x: Value, tap: Sequence[int], windows: Windows, counts: Sequence[int]) -> Value:
    for axis, (t, count) in enumerate(zip(tap, counts, strict=True)):
        if count != x.tensor.dims[axis]:
            x = part(g, x, axis, t * windows.dilations[axis], count, windows.strides[axis])
    return x


@mlir_op("stablehlo.select_and_scatter")
def select_and_scatter(
    g: Graph,
    operand: Value,
    source: Value,
    init_value: Value,
    *,
    window_dimensions: tuple[int, ...],
    window_strides: tuple[int, ...] | None = None,
    padding: tuple[tuple[int, ...], ...] | None = None,
) -> Value:
    """The gradient of a max pool: each element of `source` added where its window has its largest."""
    picks, combines = (results_of(r.blocks[0], ["a0", "b0"]) for r in g.operation.regions)
    if picks != (apply("GE", "a0", "b0"),) or combines != (apply("add", "a0", "b0"),):
        raise g.error("only the largest element of a window (compare GE), and sums (add), are supported")
    ones = (1,) * len(window_dimensions)
    pads = padding or ((0, 0),) * len(ones)
    low, high = tuple(p[0] for p in pads), tuple(p[1] for p in pads)
    windows = Windows(window_dimensions, window_strides or ones, ones, ones, low, high)
    if min(*low, *high) < 0:
        raise g.error("negative pads are not supported")
    at = windows.axes
    if not at:
        return binary(g, "add", source, init_value)
    image, order = as_image(g, operand, at)
    kernel, strides = (tuple(v[i] for i in at) for v in (windows.sizes, windows.strides))
    pool = MaxPool(
        image,
        kernel,
        strides=strides,
        pads=(*(low[i] for i in at), *(high[i] for i in at)),
        dilations=(1,) * len(at),
        with_indices=True,
    )
    places = g.add(pool).results[1]
    given, _ = as_image(g, source, at)
    flat = [g.reshape(v, (v.tensor.element_count,)) for v in (image, places, given)]
    base = g.expand(init_value, flat[0].tensor.dims)
    total = g(ScatterElements(base, flat[1], flat[2], axis=0, reduction="add"))
    return from_image(g, g.reshape(total, image.tensor.dims), operand.tensor.dims, order, at)
