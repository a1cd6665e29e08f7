"""Every op case on narrower targets than this CPU's, from the same descriptions of kernels.

Fast is a fourth of the families with code of their own for vectors, on AVX2; slow are all cases there and on SSE4.
"""

from __future__ import annotations

import pytest
from cases import all_cases, conv, gather, layout, matmul, norm, pool, reduce, resize
from cases import attention as attention_cases
from codegen.running import compiled, module_of
from codegen.test_cases import compare

from mlc.codegen.families import Kernels
from mlc.errors import CompileError
from mlc.interpreter import interpret

OWN_CODE = (matmul, attention_cases, conv, gather, layout, norm, pool, reduce, resize)
FAST = {case.name for case in [case for family in OWN_CODE for case in family.CASES][::4]}
CASES = {case.name: case for case in all_cases()}
ROWS = [
    pytest.param(target, name, marks=() if is_fast else pytest.mark.slow)
    for target in ("x86-64-v3", "x86-64-v2")
    for name in CASES
    for is_fast in [target == "x86-64-v3" and name in FAST]
]


@pytest.mark.parametrize(("target", "name"), ROWS)
def test_code_for_a_forced_target_equals_evaluate(target: str, name: str) -> None:
    check(target, name, None)


@pytest.mark.slow
@pytest.mark.parametrize("target", ["x86-64-v3", "x86-64-v2"])
@pytest.mark.parametrize("name", CASES)
def test_code_of_mlir_for_a_forced_target_equals_evaluate(target: str, name: str) -> None:
    pytest.importorskip("torch_mlir", reason="the mlir backend is an extra")
    from mlc.codegen.mlir.backend import MlirKernels

    check(target, name, MlirKernels())


def check(target: str, name: str, kernels: Kernels | None) -> None:
    """The case with its static and its symbolic dims."""
    case = CASES[name]
    symbolic, values = case.symbolic_types()
    for types in (case.input_types(), symbolic) if values else (case.input_types(),):
        try:
            op, arguments = case.on(types)
        except (CompileError, AssertionError, TypeError, ValueError):
            assert types is symbolic, "only symbolic dims may be refused"
            continue
        module = module_of(op, arguments)
        want = interpret(module, list(case.inputs))
        executable, _ = compiled(module, target=target, kernels=kernels)
        for ours, theirs in zip(executable.run(*case.inputs), want, strict=True):
            compare(ours, theirs, op, list(case.inputs), f"{name} for {target}")
