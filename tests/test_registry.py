"""Walks the registry of ops: each has rows in tests/cases, and infer and evaluate agree on every row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from cases import Case, all_cases

import mlc.ops  # noqa: F401  (registers the ops)
from mlc import interpreter
from mlc.ir import Op, Purity, TensorType, Type
from mlc.ir.dims import substitute

rows = pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.name)


def evaluated(case: Case, types: Sequence[Type], symbols: dict[str, int]) -> tuple[Op, list[Any]]:
    """The op on inputs of these types and its results, each checked against its inferred type by the interpreter."""
    op, arguments = case.on(types)
    values = dict(zip(arguments, case.inputs, strict=True))
    return op, interpreter.run(op, [values[v] for v in op.operands], values, symbols)


@rows
def test_evaluate_gives_what_infer_says(case: Case) -> None:
    evaluated(case, case.input_types(), {})


@rows
def test_infer_on_symbols_agrees_with_infer_on_numbers(case: Case) -> None:
    types, symbols = case.symbolic_types()
    op, _ = evaluated(case, types, dict(symbols))
    for ours, numbers in zip(op.results, case.op().results, strict=True):
        if not op.defines_symbols:
            assert with_values(ours.type, symbols) == numbers.type


def with_values(type: Type, symbols: dict[str, int]) -> Type:
    """The type with each symbol replaced by its number."""
    if not isinstance(type, TensorType) or type.shape is None:
        return type
    return type.with_shape(tuple(substitute(d, symbols) for d in type.shape))


@rows
def test_evaluate_leaves_its_inputs_alone(case: Case) -> None:
    before = [np.array(a, copy=True) for a in case.inputs if isinstance(a, np.ndarray)]
    evaluated(case, case.input_types(), {})
    for ours, copy in zip((a for a in case.inputs if isinstance(a, np.ndarray)), before, strict=True):
        np.testing.assert_array_equal(ours, copy)


def test_every_op_has_cases() -> None:
    covered = {type(case.op()) for case in all_cases()}
    exempt = {cls for cls in Op.registry.values() if cls.is_terminator}
    missing = {cls.name for cls in set(Op.registry.values()) - covered - exempt if cls.__module__.startswith("mlc.ops")}
    assert not missing, f"add rows to tests/cases for {', '.join(sorted(missing))}"


def test_every_op_says_what_it_does() -> None:
    undocumented = [name for name, cls in Op.registry.items() if not (cls.__doc__ or "").strip()]
    assert not undocumented


@rows
def test_a_pure_op_gives_the_same_result_twice(case: Case) -> None:
    (op, first), (_, second) = (evaluated(case, case.input_types(), {}) for _ in range(2))
    if op.purity is Purity.PURE:
        for one, other in zip(first, second, strict=True):
            np.testing.assert_array_equal(one, other)
