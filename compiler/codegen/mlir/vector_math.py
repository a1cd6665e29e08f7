"""The math functions that a stage's LLVM IR calls, written by mlc.codegen.math into the unit itself.

They are inlined wherever they are called, as the llvm backend's are written out; what mlc.codegen.math keeps out of
line stays a call.
"""

from __future__ import annotations

import re

from llvmlite import ir

from mlc.codegen import math
from mlc.codegen.mlir.pipeline import MATH_PREFIX
from mlc.codegen.units import new_module
from mlc.target import Target

_DECLARED = re.compile(
    rf"^declare .* @{re.escape(MATH_PREFIX)}(?P<name>\w+)\.(?:v(?P<lanes>\d+))?(?P<kind>f32|f64)\((?P<given>.*)\).*\n",
    re.M,
)
_SCALARS = {"f32": ir.FloatType(), "f64": ir.DoubleType()}


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
    scalar = _SCALARS[call["kind"]]
    kind = ir.VectorType(scalar, int(call["lanes"])) if call["lanes"] else scalar
    lanes = f"v{call['lanes']}" if call["lanes"] else ""
    count = len(re.findall(r"<[^>]*>|float|double", call["given"]))
    name = f"{MATH_PREFIX}{call['name']}.{lanes}{call['kind']}"
    function = ir.Function(module, ir.FunctionType(kind, [kind] * count), name)
    function.linkage = "internal"
    function.attributes.add("alwaysinline")
    function.attributes.add("nounwind")
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    builder.ret(getattr(math, call["name"])(builder, *function.args))
