"""Control flow: regions become subgraphs."""

from __future__ import annotations

from typing import Any

from mlc.frontend.onnx_export.registry import Names, onnx_export
from mlc.frontend.onnx_export.writer import Writer
from mlc.ops import control, logic


@onnx_export(logic.Assert)
def assert_(w: Writer, op: logic.Assert) -> Names:
    raise w.error(f"an assertion has no ONNX form: {op.message}")


@onnx_export(control.If)
def if_(w: Writer, op: control.If) -> Names:
    branches: dict[str, Any] = {name: w.subgraph(getattr(op, name), name) for name in ("then_branch", "else_branch")}
    names: Names = w("If", w.name(op.condition), count=len(op.results), **branches)
    return names


@onnx_export(control.Loop)
def loop(w: Writer, op: control.Loop) -> Names:
    names: Names = w("Loop", *w.operands(op), count=len(op.results), body=w.subgraph(op.body, "body"))
    return names


@onnx_export(control.Scan)
def scan(w: Writer, op: control.Scan) -> Names:
    names: Names = w(
        "Scan",
        *w.operands(op),
        count=len(op.results),
        body=w.subgraph(op.body, "body"),
        num_scan_inputs=len(op.inputs),
        scan_input_axes=list(op.input_axes),
        scan_input_directions=list(op.input_directions),
        scan_output_axes=list(op.output_axes),
        scan_output_directions=list(op.output_directions),
    )
    return names
