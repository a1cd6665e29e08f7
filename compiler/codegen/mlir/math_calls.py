"""Functions of math and arith that the target has no instruction for become calls of functions of our own.

MLIR would take them to libm, element by element. The child process (mlc.codegen.mlir.child) calls this; the functions
are defined in mlc.codegen.mlir.vector_math, one for each vector type.
"""

from __future__ import annotations

import itertools
from typing import Any

from torch_mlir import ir
from torch_mlir.dialects import func, vector

from mlc.codegen.mlir.pipeline import MATH_CALLS, MATH_PREFIX


def call_own_math(module: Any) -> None:
    """Each of MATH_CALLS on f32 or f64 becomes a call, one for each row of a vector of several dims."""
    found: list[Any] = []

    def visit(op: Any) -> Any:
        if op.name in MATH_CALLS and str(_element(op.results[0].type)) in ("f32", "f64"):
            found.append(op)
        return ir.WalkResult.ADVANCE

    module.operation.walk(visit)
    declared: set[str] = set()
    for op in found:
        with ir.InsertionPoint(op), op.location:
            op.results[0].replace_all_uses_with(_by_rows(module, declared, op))
        op.erase()


def _by_rows(module: Any, declared: set[str], op: Any) -> Any:
    kind = op.results[0].type
    given = list(op.operands)
    shape = kind.shape if isinstance(kind, ir.VectorType) else []
    if len(shape) < 2:
        return _call(module, declared, MATH_CALLS[op.name], given)
    made = given[0]
    for place in itertools.product(*(range(n) for n in shape[:-1])):
        rows = [vector.ExtractOp(x, [], place).result for x in given]
        made = vector.InsertOp(_call(module, declared, MATH_CALLS[op.name], rows), made, [], place).result
    return made


def _call(module: Any, declared: set[str], function: str, given: list[Any]) -> Any:
    kind = given[0].type
    lanes = f"v{kind.shape[0]}" if isinstance(kind, ir.VectorType) else ""
    name = f"{MATH_PREFIX}{function}.{lanes}{_element(kind)}"
    if name not in declared:
        declared.add(name)
        with ir.InsertionPoint(module.body):
            func.FuncOp(name, ([g.type for g in given], [kind]), visibility="private")
    return func.CallOp([kind], name, given).results[0]


def _element(kind: Any) -> Any:
    return kind.element_type if isinstance(kind, ir.VectorType) else kind
