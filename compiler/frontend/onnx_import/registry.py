"""The table of ONNX operators: `@onnx_op` functions, and what their signatures say about a node.

An operator is one function. Its positional parameters are the node's inputs, its keyword-only ones the attributes it
understands, under ONNX's names and defaults; a node with anything else is refused by name.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import onnx

from mlc.frontend.registry import REQUIRED, Registry, Served, members, parameters_of
from mlc.ir import Array, Value

Result = Value | Sequence[Value]
Function = TypeVar("Function", bound=Callable[..., Result])


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
class Operator(Served):
    """One `@onnx_op` function; it serves nodes of opset `since` up to the next registered `since` of the same name."""

    domain: str
    since: int
    inputs: tuple[str, ...]
    required_count: int
    is_variadic: bool
    attributes: dict[str, Attribute]


_registries: dict[tuple[str, str], Registry[int, Operator]] = {}  # by domain and name: the versions by `since`


def onnx_op(name: str, *, since: int, domain: str = "") -> Callable[[Function], Function]:
    """Registers the decorated function for operator `name` from opset `since` on; may be stacked."""

    def register(function: Function) -> Function:
        versions = _registries.setdefault((domain, name), Registry())
        versions.add(since, _read(name, domain, since, function), f"{name} since {since}")
        return function

    return register


def find_operator(domain: str, name: str, opset: int) -> Operator | None:
    """The function that serves `name` in a model of `opset`, or None."""
    registry = _registries.get((domain, name))
    versions = registry.operators if registry is not None else {}
    serving = [since for since in versions if since <= opset]
    return versions[max(serving)] if serving else None


def registered() -> dict[tuple[str, str], dict[int, Operator]]:
    """All operators: (domain, name) to `since` to operator."""
    return {key: registry.operators for key, registry in _registries.items()}


def _read(name: str, domain: str, since: int, function: Callable[..., Result]) -> Operator:
    inputs: list[str] = []
    required_count, is_variadic = 0, False
    attributes: dict[str, Attribute] = {}
    for parameter, hint in parameters_of(function):
        if parameter.kind is parameter.KEYWORD_ONLY:
            attributes[parameter.name] = Attribute(parameter.name, _kind(function, hint), parameter.default)
        elif _without_none(hint) is not Value:
            raise TypeError(f"{function.__qualname__}: input {parameter.name} must be a Value, not {hint}")
        elif parameter.kind is parameter.VAR_POSITIONAL:
            is_variadic = True
        else:
            inputs.append(parameter.name)
            required_count += parameter.default is parameter.empty
    return Operator(name, function, domain, since, tuple(inputs), required_count, is_variadic, attributes)


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
    rest = members(hint) - {types.NoneType}
    return rest.pop() if len(rest) == 1 else hint
