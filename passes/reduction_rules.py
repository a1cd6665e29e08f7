"""Rules of recognize for reductions: nested ones, and sums that are means."""

from __future__ import annotations

from mlc.ir import Value
from mlc.ops import Div, Mul, ReduceMax, ReduceMean, ReduceMin, ReduceSum
from mlc.passes.patterns import close, leak, reduced_axes, scalar
from mlc.rewrite import Miss, Rule


def merge_reductions(op: ReduceSum | ReduceMax | ReduceMin) -> Value | Miss | None:
    """sum(sum(x)) -> sum(x) over the axes of both, which stay as extents of 1; and so of the largest, the smallest."""
    inner = op.x.op
    if not isinstance(inner, type(op)) or not isinstance(inner, ReduceSum | ReduceMax | ReduceMin):
        return None
    outer_axes, inner_axes = reduced_axes(op), reduced_axes(inner)
    if outer_axes is None or inner_axes is None or set(outer_axes) & set(inner_axes):
        return None
    return leak([inner], op) or type(op)(inner.x, axes=tuple(sorted((*outer_axes, *inner_axes)))).result


def recognize_mean(op: Mul | Div) -> Value | Miss | None:
    """sum(x) / n, or sum(x) * (1 / n), -> mean(x), where n numbers are added up."""
    total, number = op.x.op, scalar(op.y)
    if not isinstance(total, ReduceSum) or number is None or total.axes is None or total.axes_operand is not None:
        return None
    x = total.x.tensor
    if x.shape is None or op.result.type != op.x.type:
        return None
    count = 1
    for axis in total.axes:
        extent = x.dims[axis]
        if not isinstance(extent, int):
            return None
        count *= extent
    if not total.axes or count == 0 or not close(number, count if isinstance(op, Div) else 1 / count, x.dtype):
        return None
    if not x.dtype.is_float and x.dtype.itemsize < 8:
        return Miss("a sum of these integers wraps where that of a mean does not", blocker=total)
    return leak([total], op) or ReduceMean(total.x, axes=total.axes, keep_dims=total.keep_dims).result


RULES: tuple[Rule, ...] = (merge_reductions, recognize_mean)
