"""Walks the registry of ops: each has rows in tests/cases, and infer and evaluate agree on every row."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from cases import Case, all_cases

import mlc.ops  # noqa: F401  (registers the ops)
from mlc import interpreter
from mlc.errors import CompileError
from mlc.ir import Op, Purity, SequenceType, TensorType, Type
from mlc.ir.dims import substitute
from mlc.ir.types import UnknownRank

rows = pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.name)


def evaluated(case: Case, types: Sequence[Type], symbols: dict[str, int]) -> tuple[Op, list[Any]]:
    """The op on inputs of these types and its results, each checked against its inferred type by the interpreter."""
    op, arguments = case.on(types)
    values = dict(zip(arguments, case.inputs, strict=True))
    return op, interpreter.run(op, [values[v] for v in op.operands], values, symbols)


@rows
def test_evaluate_gives_what_infer_says_again_and_again(case: Case) -> None:
    before = same_bits(case.inputs)
    op, first = evaluated(case, case.input_types(), {})
    _, second = evaluated(case, case.input_types(), {})
    assert same_bits(case.inputs) == before, "evaluate wrote to its inputs"
    assert op.purity is Purity.RANDOM or same_bits(first) == same_bits(second)


def same_bits(values: Sequence[Any]) -> list[Any]:
    """The values in a form in which NaN equals NaN and -0.0 is not 0.0."""
    plain = []
    for value in values:
        if isinstance(value, np.ndarray):
            plain.append(value.tolist() if value.dtype == object else (value.dtype, value.shape, value.tobytes()))
        else:
            plain.append(same_bits(value) if isinstance(value, list) else value)
    return plain


@rows
def test_infer_on_symbols_agrees_with_infer_on_numbers(case: Case) -> None:
    types, symbols = case.symbolic_types()
    op, _ = evaluated(case, types, dict(symbols))
    twin = case.op()
    if not op.defines_symbols:
        for ours, numbers in zip(op.results, twin.results, strict=True):
            assert with_values(ours.type, symbols, numbers.type) == numbers.type
        if all(is_ranked(v.type) for v in (*op.operands, *op.results)):
            assert substitute(op.flops(), symbols) == twin.flops()


def is_ranked(type: Type) -> bool:
    """Whether the type is not a tensor of unknown rank."""
    return not isinstance(type, TensorType) or type.shape is not None


@rows
def test_inputs_of_unknown_rank_give_a_type_or_a_located_error(case: Case) -> None:
    types = [t.with_shape(None) if isinstance(t, TensorType) else t for t in case.input_types()]
    try:
        op, _ = case.on(types)
    except CompileError as error:
        assert "mlc." in str(error)
        return
    except UnknownRank as unknown:
        frames = traceback.extract_tb(unknown.__traceback__)
        assert not any("/mlc/ops/" in f.filename for f in frames), "raised by an op, not by the row's own builder"
        return
    for ours, numbers in zip(op.results, case.op().results, strict=True):
        if isinstance(ours.type, TensorType) and isinstance(numbers.type, TensorType):
            assert ours.type.dtype is numbers.type.dtype
            assert ours.type.shape is None or ours.type.rank == numbers.type.rank


def with_values(type: Type, symbols: dict[str, int], wanted: Type) -> Type:
    """The type with each symbol replaced by its number; a rank that only numbers tell is taken from `wanted`."""
    if isinstance(type, SequenceType) and isinstance(wanted, SequenceType):
        return SequenceType(with_values(type.element, symbols, wanted.element))
    if not isinstance(type, TensorType) or not isinstance(wanted, TensorType):
        return type
    if type.shape is None:
        return type.with_shape(wanted.shape)
    return type.with_shape(tuple(substitute(d, symbols) for d in type.shape))


def test_every_op_has_cases() -> None:
    covered = {type(case.op()) for case in all_cases()}
    exempt = {cls for cls in Op.registry.values() if cls.is_terminator}
    missing = {cls.name for cls in set(Op.registry.values()) - covered - exempt if cls.__module__.startswith("mlc.ops")}
    assert not missing, f"add rows to tests/cases for {', '.join(sorted(missing))}"


def test_every_op_says_what_it_does() -> None:
    undocumented = [name for name, cls in Op.registry.items() if not (cls.__doc__ or "").strip()]
    assert not undocumented
