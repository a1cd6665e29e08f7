"""The math functions that a stage's LLVM IR calls, written by mlc.codegen.math into the unit itself.

They are inlined wherever they are called, as the llvm backend's are written out; what mlc.codegen.math keeps out of
line stays a call.
"""

from __future__ import annotations

import re

from llvmlite import ir

from mlc.codegen import math
from mlc.codegen.math.lanes import scalar_type, with_lanes
from mlc.codegen.mlir.pipeline import MATH_PREFIX
from mlc.codegen.units import new_module
from mlc.target import Target

_DECLARED = re.compile(
    rf"^declare .* @{re.escape(MATH_PREFIX)}(?P<name>\w+)\.(?:v(?P<lanes>\d+))?"
    r"(?P<kind>f16|f32|f64)\((?P<given>.*)\).*\n",
    re.M,
)
_SCALARS: dict[str, ir.Type] = {
    **dict.fromkeys(("f16", "half"), ir.HalfType()),
    **dict.fromkeys(("f32", "float"), ir.FloatType()),
    **dict.fromkeys(("f64", "double"), ir.DoubleType()),
}


def with_math(code: str, target: Target) -> str:
    """LLVM IR in which each declared function of ours is defined."""
    calls = list(_DECLARED.finditer(code))
    if not calls:
        return code
    module = new_module(target)
    for call in calls:
        _define(module, call)
    written = re.sub(r"^(; ModuleID|target |!).*\n?", "", str(module), flags=re.MULTILINE)
    code = _DECLARED.sub("", code)
    known = set(re.findall(r"^declare .* @\"?([\w.]+)\"?\(", code, re.MULTILINE))
    return code + "".join(line for line in written.splitlines(keepends=True) if not _declares(line, known))


def _declares(line: str, known: set[str]) -> bool:
    found = re.match(r"declare .* @\"?([\w.]+)\"?\(", line)
    return found is not None and found.group(1) in known


def _define(module: ir.Module, call: re.Match[str]) -> None:
    kinds = [_type(scalar, call["lanes"]) for scalar in re.findall(r"half|float|double", call["given"])]
    lanes = f"v{call['lanes']}" if call["lanes"] else ""
    kind = _type(call["kind"], call["lanes"])
    name = f"{MATH_PREFIX}{call['name']}.{lanes}{call['kind']}"
    function = ir.Function(module, ir.FunctionType(kind, kinds), name)
    function.linkage = "internal"
    function.attributes.add("alwaysinline")
    function.attributes.add("nounwind")
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    given = [_as_bits(builder, x) for x in function.args]
    builder.ret(builder.bitcast(getattr(math, call["name"])(builder, *given), kind))


def _type(scalar: str, lanes: str | None) -> ir.Type:
    return ir.VectorType(_SCALARS[scalar], int(lanes)) if lanes else _SCALARS[scalar]


def _as_bits(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """x, an f16 as the i16 that mlc.codegen.math holds it in."""
    if not isinstance(scalar_type(x.type), ir.HalfType):
        return x
    return builder.bitcast(x, with_lanes(x.type, ir.IntType(16)))
