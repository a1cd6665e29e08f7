"""Calls: the function that is called is inlined."""

from __future__ import annotations

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.registry import Imported, mlir_op
from mlc.ir import Dim, Value


@mlir_op("func.call", ignores=("no_inline", "arg_attrs", "res_attrs"))
def call(g: Graph, *operands: Value | Dim, callee: str) -> tuple[Imported, ...] | Imported | None:
    """What the function returns for the operands."""
    if callee not in g.functions:
        raise g.error(f"function @{callee} has no body in this text")
    if callee in g.calls:
        raise g.error(f"function @{callee} calls itself: {' -> '.join((*g.calls, callee))}")
    g.calls.append(callee)
    try:
        results = g.run(g.functions[callee].regions[0].blocks[0], operands)
    finally:
        g.calls.pop()
    return results[0] if len(results) == 1 else tuple(results)
