"""Reductions, running sums, softmax."""

from __future__ import annotations

from typing import Any

from mlc.frontend.onnx_export.registry import onnx_export, same_operator
from mlc.frontend.onnx_export.writer import Writer
from mlc.ops import reduce

same_operator(reduce.Softmax, "Softmax", axis="axis")
same_operator(reduce.LogSoftmax, "LogSoftmax", axis="axis")
same_operator(reduce.ArgMax, "ArgMax", axis="axis", keepdims="keep_dims", select_last_index="picks_last")
same_operator(reduce.ArgMin, "ArgMin", axis="axis", keepdims="keep_dims", select_last_index="picks_last")


@onnx_export(reduce.ReduceSum, reduce.ReduceProd, reduce.ReduceMean, reduce.ReduceMax, reduce.ReduceMin)
def reduction(w: Writer, op: reduce.Reduction) -> str:
    if op.axes is not None:
        # An empty list of axes stands for all of them unless the node says that it does nothing then.
        axes, is_noop = w.ints(op.axes), not op.axes
    else:
        axes, is_noop = w.name(op.axes_operand), op.axes_operand is not None and op.is_noop_without_axes
    given: dict[str, Any] = {"noop_with_empty_axes": 1} if is_noop else {}
    return str(w(type(op).__name__, w.name(op.x), axes, keepdims=int(op.keep_dims), **given))


@onnx_export(reduce.CumSum, reduce.CumProd)
def running(w: Writer, op: reduce.CumSum | reduce.CumProd) -> str:
    w.require(26 if isinstance(op, reduce.CumProd) else 0)
    axis = w.name(op.axis_operand) if op.axis_operand is not None else w.ints([op.axis])
    if op.axis_operand is None or op.axis_operand.tensor.shape != ():
        axis = w("Reshape", axis, w.ints([]))
    flags: dict[str, Any] = {"exclusive": int(op.is_exclusive), "reverse": int(op.is_reverse)}
    return str(w(type(op).__name__, w.name(op.x), axis, **flags))
