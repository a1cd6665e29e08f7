"""The table of MLIR ops: `@mlir_op` functions, and what their signatures say about an op.

An op is one function. Its positional parameters are the op's operands in order, its keyword-only ones the attributes
and properties that it understands, under MLIR's names. What the annotation of an operand may be:

- `Value`: a tensor, or a scalar as a tensor of rank 0 (sizes computed from dims become one).
- `Dim`: a scalar integer that is known before the run, as a number or an expression over the symbols of dims.
- `Value | Dim`: whichever it is.
- `tuple[Dim, ...]`: several of these at once, as tosa's shapes are, or a constant tensor of integers.
- `Array`: a constant tensor.
- `Value | None` and so on: an operand that may be left out.
- `Sequence[Value]`, `Sequence[Dim]`, `Sequence[Value | Dim]`, or `*xs` of one of these: all operands of one segment.

And of an attribute: `bool`, `int`, `float`, `str` (also enums and symbol names), `DType`, `Array`, `tuple[int, ...]`,
`tuple[float, ...]`, `tuple[bool, ...]`, `tuple[str, ...]`, `tuple[tuple[int, ...], ...]`, or `Any` for MLIR's object.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from mlc.frontend.registry import Registry, Served, members, parameters_of
from mlc.ir import Array, Dim, DimExpr, DType, Value

Imported = Value | Dim | tuple[Dim, ...]  # what a value of MLIR is here
Result = Imported | None | Sequence[Any]
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Parameter:
    """One parameter: `kind` is the annotation without None; `is_segment` says that it takes all of a segment."""

    name: str
    kind: Any
    is_optional: bool
    is_segment: bool
    default: Any


@dataclass(frozen=True)
class Operator(Served):
    """One `@mlir_op` function; `ignores` names attributes that do not change the op's numbers."""

    operands: tuple[Parameter, ...]
    attributes: dict[str, Parameter]
    ignores: frozenset[str]


_registry: Registry[str, Operator] = Registry()


def mlir_op(*names: str, ignores: Sequence[str] = ()) -> Callable[[Function], Function]:
    """Registers the decorated function for ops such as "arith.addf" or "tosa.conv2d".

    The function gets the graph, then the operands, then the attributes by name. It returns the op's result, or a tuple
    where the op has several.
    """

    def register(function: Function) -> Function:
        operands, attributes = _parameters(function)
        for name in names:
            _registry.add(name, Operator(name, function, operands, attributes, frozenset(ignores)))
        return function

    return register


def find_operator(name: str) -> Operator | None:
    """The function that serves op `name`, or None."""
    return _registry.operators.get(name)


def registered() -> dict[str, Operator]:
    """All ops by name."""
    return _registry.operators


_OPERANDS: list[Any] = [Value, Dim, Value | Dim, tuple[Dim, ...], Array]
_ATTRIBUTES: list[Any] = [
    bool,
    int,
    float,
    str,
    DType,
    Array,
    tuple[int, ...],
    tuple[float, ...],
    tuple[bool, ...],
    tuple[str, ...],
    tuple[tuple[int, ...], ...],
    Any,
]


def _parameters(function: Callable[..., Any]) -> tuple[tuple[Parameter, ...], dict[str, Parameter]]:
    operands: list[Parameter] = []
    attributes: dict[str, Parameter] = {}
    for parameter, hint in parameters_of(function):
        is_segment = parameter.kind is parameter.VAR_POSITIONAL
        if typing.get_origin(hint) is Sequence:
            (hint,), is_segment = typing.get_args(hint), True
        allowed = members(hint)
        is_optional = types.NoneType in allowed
        is_attribute = parameter.kind is parameter.KEYWORD_ONLY
        kinds = _ATTRIBUTES if is_attribute else _OPERANDS
        kind = next((k for k in kinds if members(k) == allowed - {types.NoneType}), None)
        if kind is None:
            raise TypeError(f"{function.__qualname__}: {parameter.name} cannot be {hint}")
        found = Parameter(parameter.name, kind, is_optional, is_segment, parameter.default)
        if is_attribute:
            attributes[parameter.name] = found
        else:
            operands.append(found)
    return tuple(operands), attributes


assert members(Dim) == {int, DimExpr}
