"""Functions of math and arith that a target may have no instruction for become calls of functions of our own.

LLVM would take them to libm or, where 16-bit floats have no instructions, to compiler-rt, element by element. The child
process (mlc.codegen.mlir.child) calls this; the functions are defined in mlc.codegen.mlir.vector_math, one for each
vector type.
"""

from __future__ import annotations

import itertools
from typing import Any

from torch_mlir import ir
from torch_mlir.dialects import arith, func, ub, vector

from mlc.codegen.mlir.pipeline import HALF_CALLS, MATH_CALLS, MATH_PREFIX
from mlc.codegen.mlir.walking import ops_named


def call_own_math(module: Any) -> None:
    """Each op that has one becomes a call, one for each row of a vector of several dims."""
    _widen_products(module)
    _split_conversions(module)
    found: list[tuple[Any, str]] = []

    def visit(op: Any) -> Any:
        if (function := _function(op)) is not None:
            found.append((op, function))
        return ir.WalkResult.ADVANCE

    module.operation.walk(visit)
    declared: set[str] = set()
    for op, function in found:
        with ir.InsertionPoint(op), op.location:
            op.results[0].replace_all_uses_with(_by_rows(module, declared, op, function))
        op.erase()


def _widen_products(module: Any) -> None:
    """Products of 16-bit floats summed in f32 take f32: MLIR would widen them where it is too late for calls."""
    for op in ops_named(module, "vector.contract"):
        wide = _element(op.operands[2].type)
        with ir.InsertionPoint(op), op.location:
            for number in range(2):
                kind = op.operands[number].type
                if kind.element_type != wide:
                    widened = arith.ExtFOp(ir.VectorType.get(kind.shape, wide), op.operands[number])
                    op.operands[number] = widened.result


def _split_conversions(module: Any) -> None:
    """An integer to f16 or bf16 goes by f32: MLIR makes one op of the two, for which LLVM would call compiler-rt."""
    for op in ops_named(module, "arith.sitofp", "arith.uitofp"):
        kind = op.results[0].type
        if str(_element(kind)) not in ("f16", "bf16"):
            continue
        with ir.InsertionPoint(op), op.location:
            single = ir.F32Type.get()
            wide = ir.VectorType.get(kind.shape, single) if isinstance(kind, ir.VectorType) else single
            convert = arith.SIToFPOp if op.name == "arith.sitofp" else arith.UIToFPOp
            narrow = arith.TruncFOp(kind, convert(wide, op.operands[0]).result)
            op.results[0].replace_all_uses_with(narrow.result)
        op.erase()


def _function(op: Any) -> str | None:
    """The function of mlc.codegen.math that the op is."""
    if op.name not in MATH_CALLS and op.name not in HALF_CALLS:
        return None
    made = str(_element(op.results[0].type))
    if op.name in MATH_CALLS:
        return MATH_CALLS[op.name] if made in ("f32", "f64") else None
    function, source, target = HALF_CALLS[op.name]
    return function if (str(_element(op.operands[0].type)), made) == (source, target) else None


def _by_rows(module: Any, declared: set[str], op: Any, function: str) -> Any:
    kind = op.results[0].type
    given = list(op.operands)
    shape = kind.shape if isinstance(kind, ir.VectorType) else []
    if len(shape) < 2:
        return _call(module, declared, function, given, kind)
    row, made = ir.VectorType.get(shape[-1:], kind.element_type), ub.PoisonOp(kind).result
    for place in itertools.product(*(range(n) for n in shape[:-1])):
        rows = [vector.ExtractOp(x, [], place).result for x in given]
        made = vector.InsertOp(_call(module, declared, function, rows, row), made, [], place).result
    return made


def _call(module: Any, declared: set[str], function: str, given: list[Any], kind: Any) -> Any:
    lanes = f"v{kind.shape[0]}" if isinstance(kind, ir.VectorType) else ""
    name = f"{MATH_PREFIX}{function}.{lanes}{_element(kind)}"
    if name not in declared:
        declared.add(name)
        with ir.InsertionPoint(module.body):
            func.FuncOp(name, ([g.type for g in given], [kind]), visibility="private")
    return func.CallOp([kind], name, given).results[0]


def _element(kind: Any) -> Any:
    return kind.element_type if isinstance(kind, ir.VectorType) else kind
