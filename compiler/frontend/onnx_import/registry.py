"""The table of ONNX operators: `@onnx_op` functions, and what their signatures say about a node.

An operator is one function. Its positional parameters are the node's inputs, its keyword-only ones the attributes it
understands, under ONNX's names and defaults; a node with anything else is refused by name.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import onnx

from mlc.ir import Array, Value

Result = Value | Sequence[Value]
Function = TypeVar("Function", bound=Callable[..., Result])
REQUIRED = inspect.Parameter.empty


@dataclass(frozen=True)
class Attribute:
    """A keyword-only parameter: `kind` is int, float, str, bytes, tuple[int, ...], Array, onnx.GraphProto, ..."""

    name: str
    kind: Any
    default: Any

    @property
    def is_required(self) -> bool:
        """Whether the node must give it."""
        return self.default is REQUIRED


@dataclass(frozen=True)
class Operator:
    """One `@onnx_op` function; it serves nodes of opset `since` up to the next registered `since` of the same name."""

    name: str
    domain: str
    since: int
    function: Callable[..., Result]
    inputs: tuple[str, ...]
    required_count: int
    is_variadic: bool
    attributes: dict[str, Attribute]

    @property
    def module(self) -> str:
        """The family: the file that registers it."""
        return self.function.__module__.rpartition(".")[2]


_operators: dict[tuple[str, str], dict[int, Operator]] = {}


def onnx_op(name: str, *, since: int, domain: str = "") -> Callable[[Function], Function]:
    """Registers the decorated function for operator `name` from opset `since` on; may be stacked."""

    def register(function: Function) -> Function:
        versions = _operators.setdefault((domain, name), {})
        known = versions.get(since)
        if known is not None and known.function.__qualname__ != function.__qualname__:
            raise TypeError(f"{name} since {since} is registered twice: {known.function} and {function}")
        versions[since] = _read(name, domain, since, function)
        return function

    return register


def find_operator(domain: str, name: str, opset: int) -> Operator | None:
    """The function that serves `name` in a model of `opset`, or None."""
    versions = _operators.get((domain, name), {})
    serving = [since for since in versions if since <= opset]
    return versions[max(serving)] if serving else None


def registered() -> dict[tuple[str, str], dict[int, Operator]]:
    """All operators: (domain, name) to `since` to operator."""
    return _operators


def _read(name: str, domain: str, since: int, function: Callable[..., Result]) -> Operator:
    hints = typing.get_type_hints(function)
    parameters = list(inspect.signature(function).parameters.values())[1:]
    inputs: list[str] = []
    required_count, is_variadic = 0, False
    attributes: dict[str, Attribute] = {}
    for parameter in parameters:
        hint = hints[parameter.name]
        if parameter.kind is parameter.KEYWORD_ONLY:
            attributes[parameter.name] = Attribute(parameter.name, _kind(function, hint), parameter.default)
        elif _without_none(hint) is not Value:
            raise TypeError(f"{function.__qualname__}: input {parameter.name} must be a Value, not {hint}")
        elif parameter.kind is parameter.VAR_POSITIONAL:
            is_variadic = True
        else:
            inputs.append(parameter.name)
            required_count += parameter.default is parameter.empty
    return Operator(name, domain, since, function, tuple(inputs), required_count, is_variadic, attributes)


_KINDS: list[Any] = [
    int,
    float,
    str,
    bytes,
    tuple[int, ...],
    tuple[float, ...],
    tuple[str, ...],
    tuple[bytes, ...],
    Array,
    onnx.GraphProto,
    onnx.TypeProto,
]


def _kind(function: Callable[..., Result], hint: Any) -> Any:
    kind = _without_none(hint)
    if kind not in _KINDS:
        raise TypeError(f"{function.__qualname__}: an attribute cannot be {hint}")
    return kind


def _without_none(hint: Any) -> Any:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        rest = [a for a in typing.get_args(hint) if a is not types.NoneType]
        return rest[0] if len(rest) == 1 else hint
    return hint
