"""Col2Im: each element of the image sums what the windows over it hold, tap by tap."""

from __future__ import annotations

from typing import Any

from mlc.codegen import registers
from mlc.codegen.builder import Builder, Num
from mlc.codegen.kernel import Kernel
from mlc.codegen.kernels.spaces import nest
from mlc.codegen.main import MainBuilder
from mlc.codegen.registers import accumulator
from mlc.codegen.registry import kernel
from mlc.codegen.schedule import Plan
from mlc.codegen.shapes import shaped
from mlc.ir import DType
from mlc.ir.dims import product
from mlc.ops import Col2Im


@shaped(Col2Im, "image", "window")
def col2im_shape(m: MainBuilder, op: Col2Im) -> list[Num]:
    rank = len(op.dims) - 2
    window: list[Num] = list(op.kernel or ())
    if op.window is not None:
        window = [m.element(op.window, axis) for axis in range(rank)]
    taps: Num = 1
    for size in window:
        taps = m.mul(taps, size)
    sizes = [m.dim(d) for d in op.dims[2:]] if op.image is None else [m.element(op.image, axis) for axis in range(rank)]
    batch, planes, columns = (m.dim(d) for d in op.x.tensor.dims)
    is_whole = m.compare("==", m.mod(planes, m.maximum(taps, 1)), 0)
    m.require(is_whole, "{0} planes are no whole number of windows of {1}", planes, taps, op=op)
    count: Num = 1
    for axis, (size, extent) in enumerate(zip(window, sizes, strict=True)):
        count = m.mul(count, windows_along(m, op, axis, size, extent))
    m.require(m.compare("==", columns, count), "{0} windows are given, {1} fit the image", columns, count, op=op)
    return [batch, m.floordiv(planes, m.maximum(taps, 1)), *sizes]


@kernel(Col2Im)
def col2im(plan: Plan, op: Col2Im) -> None:
    """Units are lines of the image."""
    *lines, last = op.dims
    dtype = accumulator(op.x.tensor.dtype)
    taps = product(op.kernel) if op.kernel is not None else 9

    @plan.each(product(lines), cost=last * taps * 4)
    def line(k: Kernel, number: Any) -> None:
        at = k.unravel(number, [k.dim(d) for d in lines])
        kernel_ = _window(k, op)
        counts = [windows_along(k, op, n, size, k.dim(op.dims[2 + n])) for n, size in enumerate(kernel_)]
        with k.loop(0, k.dim(last)) as column:
            batch, channel, *place = (*at, column)
            total = k.variable(k.constant(dtype, 0))
            with nest(k, kernel_) as tap:
                windows, inside = [], []
                for axis, (i, t) in enumerate(zip(place, tap, strict=True)):
                    start = k.sub(k.add(i, op.pads[axis]), k.mul(t, op.dilations[axis]))
                    window = k.floordiv(k.maximum(start, 0), op.strides[axis])
                    windows.append(window)
                    inside.append(k.compare("==", k.mul(window, op.strides[axis]), start))
                    inside.append(k.compare("<", window, counts[axis]))
                with k.when(k.all_of(inside)):
                    total.set(_added(k, op, total.get(), (batch, channel), tap, kernel_, windows, counts, dtype))
            k.emit((*at, column), registers.converted(k, total.get(), dtype, op.x.tensor.dtype))


def _window(k: Kernel, op: Col2Im) -> list[Num]:
    if op.kernel is not None:
        return list(op.kernel)
    assert op.window is not None
    return [k.read_as(DType.I64, k.tensor(op.window), (axis,)) for axis in range(len(op.dims) - 2)]


def windows_along(k: Builder, op: Col2Im, axis: int, size: Num, extent: Num) -> Num:
    """How many windows of `size` taps there are along an axis of the image."""
    whole = k.add(extent, op.pads[axis] + op.pads[len(op.dims) - 2 + axis])
    room = k.sub(whole, k.add(k.mul(k.sub(size, 1), op.dilations[axis]), 1))
    return k.add(k.floordiv(k.maximum(room, 0), op.strides[axis]), 1)


def _added(
    k: Kernel,
    op: Col2Im,
    total: Any,
    at: tuple[Num, Num],
    tap: list[Num],
    window: list[Num],
    windows: list[Num],
    counts: list[Num],
    dtype: DType,
) -> Any:
    """`total` with the element of one tap: x[batch, channel and tap, window]."""
    batch, row = at
    for t, size in zip(tap, window, strict=True):
        row = k.add(k.mul(row, size), t)
    column: Num = 0
    for w, count in zip(windows, counts, strict=True):
        column = k.add(k.mul(column, count), w)
    x = k.read_as(dtype, k.tensor(op.x), (batch, row, column))
    return k.ir.fadd(total, x) if dtype.is_float else k.ir.add(total, x)
