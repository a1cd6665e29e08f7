"""The table of operators that all frontends have: one function for each key."""

from __future__ import annotations

import pytest

import mlc.frontend.onnx_import.operators  # noqa: F401  registers them
from mlc.frontend.onnx_import.registry import find_operator, onnx_op
from mlc.frontend.registry import Registry, Served, members
from mlc.ir import Dim, DimExpr, Value


def one() -> None:
    """A function."""


def other() -> None:
    """Another."""


def test_a_key_has_one_function_which_may_come_again() -> None:
    registry: Registry[str, Served] = Registry()
    registry.add("a", Served("a", one))
    registry.add("a", Served("a", one))
    registry.add("b", Served("b", other))
    with pytest.raises(TypeError, match="^a is registered twice: .*one.* and .*other"):
        registry.add("a", Served("a", other))
    assert registry.operators["a"].function is one
    assert registry.operators["a"].module == one.__module__.rpartition(".")[2]


def test_an_onnx_operator_has_one_function_for_each_opset_it_begins_at() -> None:
    relu = find_operator("", "Relu", 20)
    assert relu is not None
    with pytest.raises(TypeError, match=f"^Relu since {relu.since} is registered twice"):

        @onnx_op("Relu", since=relu.since)
        def another(g: object, x: Value) -> Value:
            return x

    assert find_operator("", "Relu", 20) is relu and find_operator("", "NoSuchOperator", 20) is None


def test_the_members_of_a_union_are_those_of_the_unions_in_it() -> None:
    assert members(Value | Dim | None) == {Value, int, DimExpr, type(None)}
    assert members(Value) == {Value}
