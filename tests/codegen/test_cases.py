"""Every op case of tests/cases through native code, against the op's `evaluate`: static shapes, then symbolic ones."""

from __future__ import annotations

from typing import Any

import pytest
from cases import Case, all_cases
from codegen.running import compiled, module_of
from op_comparison import compare

from mlc.interpreter import interpret
from mlc.ir import Op

CASES = {case.name: case for case in all_cases()}


@pytest.mark.parametrize("name", CASES)
def test_native_code_equals_evaluate(name: str) -> None:
    case = CASES[name]
    op, arguments = case.on(case.input_types())
    _check(case, op, arguments)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.symbolic_types()[1]])
def test_native_code_with_symbolic_dims_equals_evaluate(name: str) -> None:
    case = CASES[name]
    op, arguments = case.on(case.symbolic_types()[0])
    _check(case, op, arguments)


def _check(case: Case, op: Op, arguments: list[Any]) -> None:
    module = module_of(op, arguments)
    want = interpret(module, list(case.inputs))
    executable, _ = compiled(module)
    got = executable.run(*case.inputs)
    for number, (ours, theirs) in enumerate(zip(got, want, strict=True)):
        compare(ours, theirs, op, list(case.inputs), f"{case.name} result {number}")
