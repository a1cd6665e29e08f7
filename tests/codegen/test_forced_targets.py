"""Products, convs, pools, norms and attention on narrower targets than this CPU's, from the same descriptions."""

from __future__ import annotations

import pytest
from cases import all_cases, matmul
from cases import attention as attention_cases
from cases import conv as conv_cases
from cases import norm as norm_cases
from cases import pool as pool_cases
from cases import reduce as reduce_cases
from codegen.running import compiled, module_of
from codegen.test_cases import compare

from mlc.errors import CompileError
from mlc.interpreter import interpret

TARGETS = (pytest.param("x86-64-v2", marks=pytest.mark.slow), "x86-64-v3")
FAMILIES = (matmul, attention_cases, conv_cases, norm_cases, pool_cases, reduce_cases)
CASES = {case.name: case for case in all_cases() if any(case in family.CASES for family in FAMILIES)}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", CASES)
def test_code_for_a_forced_target_equals_evaluate(name: str, target: str) -> None:
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
        executable, _ = compiled(module, target=target)
        for ours, theirs in zip(executable.run(*case.inputs), want, strict=True):
            compare(ours, theirs, op, list(case.inputs), f"{name} for {target}")
