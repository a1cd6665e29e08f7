"""The table of torch operators: `@torch_op` functions, and what their signatures say about a call.

An operator is one function. Its parameters bear the names of the schema's arguments, and their annotations say what
each may be; a call that gives any other argument something else than its default is refused by name.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from mlc.frontend.builder import Scalar
from mlc.frontend.registry import Registry, Served, members, parameters_of
from mlc.ir import Dim, DType, Value

Result = Value | None | Dim | Sequence[Any]
Function = TypeVar("Function", bound=Callable[..., Any])

# Where a tensor lies and in which order its elements do: the values are the same on one CPU. What else than that the
# arguments say is refused (arguments.py).
PLACEMENT = frozenset({"memory_format", "layout", "device", "pin_memory", "non_blocking", "implicit"})


@dataclass(frozen=True)
class Parameter:
    """One parameter: `kind` is the annotation without None."""

    name: str
    kind: Any
    is_optional: bool
    default: Any


@dataclass(frozen=True)
class Operator(Served):
    """One `@torch_op` function; `ignores` names arguments that do not change what the operator computes."""

    parameters: dict[str, Parameter]
    ignores: frozenset[str]


_registry: Registry[str, Operator] = Registry()


def torch_op(*names: str, ignores: Sequence[str] = ()) -> Callable[[Function], Function]:
    """Registers the decorated function for operators such as "aten.linear" or "aten.add.Tensor".

    The function gets the graph and then the schema's arguments by name.
    """

    def register(function: Function) -> Function:
        parameters = _parameters(function)
        for name in names:
            _registry.add(name, Operator(name, function, parameters, frozenset(ignores)))
        return function

    return register


def find_operator(name: str) -> Operator | None:
    """The function that serves operator `name`, or None."""
    return _registry.operators.get(name)


def registered() -> dict[str, Operator]:
    """All operators by name."""
    return _registry.operators


_KINDS: list[Any] = [
    Value,
    Sequence[Value],
    Sequence[Value | None],
    Value | Scalar,
    Scalar,
    int,
    float,
    bool,
    str,
    Dim,
    DType,
    tuple[Dim, ...],
    tuple[int, ...],
    tuple[float, ...],
    tuple[bool, ...],
]


def _parameters(function: Callable[..., Any]) -> dict[str, Parameter]:
    found: dict[str, Parameter] = {}
    for parameter, hint in parameters_of(function):
        allowed = members(hint)
        is_optional = types.NoneType in allowed
        allowed.discard(types.NoneType)
        kind = next((k for k in _KINDS if members(k) == allowed), None)
        if kind is None:
            raise TypeError(f"{function.__qualname__}: argument {parameter.name} cannot be {hint}")
        found[parameter.name] = Parameter(parameter.name, kind, is_optional, parameter.default)
    return found
