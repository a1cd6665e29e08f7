"""Every op case of tests/cases through native code, against the op's `evaluate`: static shapes, then symbolic ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import Case, all_cases
from codegen.running import compiled, module_of
from tolerance import assert_op_close

from mlc.errors import CompileError
from mlc.interpreter import interpret
from mlc.ir import Array, Op
from mlc.ops import Gelu, Matmul

# Makes the limit the least normal f32: a result below that may be computed as 0, or the other way round.
TINY = float(np.finfo(np.float32).tiny) / 1e-5

CASES = {case.name: case for case in all_cases()}


@pytest.mark.parametrize("name", CASES)
def test_native_code_equals_evaluate(name: str) -> None:
    case = CASES[name]
    op, arguments = case.on(case.input_types())
    _check(case, op, arguments)


@pytest.mark.parametrize("name", CASES)
def test_native_code_with_symbolic_dims_equals_evaluate(name: str) -> None:
    case = CASES[name]
    types, values = case.symbolic_types()
    if not values:
        pytest.skip("no dim to make symbolic")
    try:
        op, arguments = case.on(types)
    except (CompileError, AssertionError, TypeError, ValueError):
        pytest.skip("the op needs static dims here")
    _check(case, op, arguments)


def _check(case: Case, op: Op, arguments: list[Any]) -> None:
    module = module_of(op, arguments)
    want = interpret(module, list(case.inputs))
    executable, program = compiled(module)
    got = executable.run(*case.inputs)
    for number, (ours, theirs) in enumerate(zip(got, want, strict=True)):
        compare(ours, theirs, op, list(case.inputs), f"{case.name} result {number}")


def compare(got: Any, want: Any, op: Op, inputs: list[Any], where: str) -> None:
    """One result against its reference by the rule of tests/tolerance.py; what is no tensor must be equal."""
    if not isinstance(want, np.ndarray):
        assert_same(got, want, where)
    elif want.dtype.kind == "c":
        compare(got.real, want.real, op, inputs, where)
        compare(got.imag, want.imag, op, inputs, where)
    elif want.dtype == object:
        assert got.tolist() == want.tolist(), where
    else:
        assert_op_close(got, want, magnitude=magnitude(op, want, inputs), terms=terms(want, inputs), op=where)


def assert_same(got: Any, want: Any, where: str) -> None:
    """Sequences and optionals, element by element."""
    if isinstance(want, list):
        assert len(got) == len(want), where
        for ours, theirs in zip(got, want, strict=True):
            assert_same(ours, theirs, where)
    elif isinstance(want, np.ndarray):
        assert np.array_equal(got, want), where
    else:
        assert got is want, where


def magnitude(op: Op, want: Array, inputs: list[Any]) -> Any:
    """What the result would be if nothing cancelled: of an element by itself, or of the largest one where ops sum."""
    if isinstance(op, Gelu):
        return np.abs(inputs[0].astype(np.float64))
    if op.is_elementwise:
        return np.maximum(np.abs(want.astype(np.float64)), TINY)
    if isinstance(op, Matmul):
        x, y = (np.abs(a.astype(np.float64)) for a in inputs)
        return np.matmul(x, np.swapaxes(y, -1, -2) if op.transpose_y else y)
    finite = np.abs(want.astype(np.float64))
    return max(float(np.max(finite, initial=0, where=np.isfinite(finite))), 1e-30)


def terms(want: Array, inputs: list[Any]) -> int:
    """At most how many elements of an input one element of the result sums."""
    sizes = [a.size for a in inputs if isinstance(a, np.ndarray)]
    return max([1, *sizes]) // max(1, want.size) + 1
