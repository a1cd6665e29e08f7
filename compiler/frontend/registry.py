"""What the tables of operators of all frontends have in common: one function for each key, read by its signature.

A frontend's own registry says what a signature may hold: `onnx_import.registry`, `torch_import.registry`,
`mlir_import.registry`.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

REQUIRED = inspect.Parameter.empty


@dataclass(frozen=True)
class Served:
    """An operator and the function that serves it."""

    name: str
    function: Callable[..., Any]

    @property
    def module(self) -> str:
        """The family: the file that registers it."""
        return self.function.__module__.rpartition(".")[2]


Key = TypeVar("Key", bound=Hashable)
Operator = TypeVar("Operator", bound=Served)


class Registry(Generic[Key, Operator]):
    """Operators by key. A key has one function; the same may come again, from a module that is imported twice."""

    def __init__(self) -> None:
        self.operators: dict[Key, Operator] = {}

    def add(self, key: Key, operator: Operator, title: str = "") -> None:
        """Raises TypeError when another function serves the key."""
        known = self.operators.get(key)
        if known is not None and known.function.__qualname__ != operator.function.__qualname__:
            raise TypeError(f"{title or operator.name} is registered twice: {known.function} and {operator.function}")
        self.operators[key] = operator


def parameters_of(function: Callable[..., Any]) -> list[tuple[inspect.Parameter, Any]]:
    """The parameters behind the graph, each with its annotation."""
    hints = typing.get_type_hints(function)
    return [(p, hints[p.name]) for p in list(inspect.signature(function).parameters.values())[1:]]


def members(kind: Any) -> set[Any]:
    """What a union allows, the members of those in it too; the kind alone where it is none."""
    is_union = typing.get_origin(kind) in (typing.Union, types.UnionType)
    return {m for k in typing.get_args(kind) for m in members(k)} if is_union else {kind}
