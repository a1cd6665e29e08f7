"""What an op class declares: its operands, attributes and regions, read once from the class's annotations.

`Signature` drives construction, printing, parsing, verification, documentation and IRDL; nothing else describes an op.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from mlc.ir.dims import Dim, DimExpr
from mlc.ir.types import DType, OptionalType, SequenceType, TensorType, Type

Array = np.ndarray[Any, Any]

OperandKind = Literal["one", "optional", "variadic"]
AttributeKind = Literal[
    "bool", "int", "float", "string", "ints", "floats", "strings", "dtype", "type", "types", "dim", "dims", "array"
]
REQUIRED: Any = object()  # the default of an attribute or operand that must be given


@dataclass(frozen=True)
class OperandSpec:
    """One operand field: a single Value, `Value | None`, or `Sequence[Value]`."""

    name: str
    kind: OperandKind


@dataclass(frozen=True)
class AttributeSpec:
    """One attribute field; `choices` lists the words a Literal allows, `default` is REQUIRED when there is none."""

    name: str
    kind: AttributeKind
    is_optional: bool
    default: Any
    choices: tuple[str, ...] = ()

    def accepts(self, value: object) -> bool:
        """Whether `value` is of this attribute's kind and among its choices."""
        if value is None:
            return self.is_optional
        match self.kind:
            case "bool":
                return isinstance(value, bool)
            case "int":
                return isinstance(value, int) and not isinstance(value, bool)
            case "float":
                return isinstance(value, float)
            case "string":
                return isinstance(value, str) and (not self.choices or value in self.choices)
            case "ints":
                return _all(value, int)
            case "floats":
                return _all(value, float)
            case "strings":
                return _all(value, str)
            case "dtype":
                return isinstance(value, DType)
            case "type":
                return isinstance(value, TensorType | SequenceType | OptionalType)
            case "types":
                return isinstance(value, tuple) and all(
                    isinstance(v, TensorType | SequenceType | OptionalType) for v in value
                )
            case "dim":
                return isinstance(value, int | DimExpr)
            case "dims":
                return isinstance(value, tuple) and all(isinstance(v, int | DimExpr) for v in value)
            case "array":
                return isinstance(value, np.ndarray)

    @property
    def expected(self) -> str:
        """The kind in words, for messages."""
        words = f"one of {', '.join(self.choices)}" if self.choices else self.kind
        return f"{words} or none" if self.is_optional else words


@dataclass(frozen=True)
class Signature:
    """Fields of an op class in declaration order, which is the order of its constructor's arguments."""

    fields: tuple[str, ...]
    operands: tuple[OperandSpec, ...]
    attributes: tuple[AttributeSpec, ...]
    regions: tuple[str, ...]
    defaults: dict[str, Any]

    @property
    def needs_segments(self) -> bool:
        """Whether operand counts alone cannot tell which field an operand belongs to."""
        flexible = [i for i, o in enumerate(self.operands) if o.kind != "one"]
        return len(flexible) > 1 or (bool(flexible) and flexible[0] != len(self.operands) - 1)


def read_signature(cls: type, value: type, region: type, skip: frozenset[str]) -> Signature:
    """The signature of op class `cls`, where `value` and `region` are the classes of operands and regions.

    Raises TypeError naming the class and field for an annotation that is neither.
    """
    hints = typing.get_type_hints(cls)
    fields: list[str] = []
    operands: list[OperandSpec] = []
    attributes: list[AttributeSpec] = []
    regions: list[str] = []
    defaults: dict[str, Any] = {}
    for name in _declared_order(cls):
        hint = hints[name]
        if name in skip or typing.get_origin(hint) is typing.ClassVar:
            continue
        fields.append(name)
        default = _default_of(cls, name)
        if default is not REQUIRED:
            defaults[name] = default
        if hint is region:
            regions.append(name)
        elif (kind := _operand_kind(hint, value)) is not None:
            operands.append(OperandSpec(name, kind))
        else:
            attributes.append(_attribute(cls, name, hint, default))
    return Signature(tuple(fields), tuple(operands), tuple(attributes), tuple(regions), defaults)


def _declared_order(cls: type) -> list[str]:
    names: dict[str, None] = {}
    for base in reversed(cls.__mro__):
        names.update(dict.fromkeys(base.__dict__.get("__annotations__", {})))
    return list(names)


def _default_of(cls: type, name: str) -> Any:
    for base in cls.__mro__:
        if name in base.__dict__:
            found = base.__dict__[name]
            return getattr(found, "default", REQUIRED) if isinstance(found, FieldDescriptor) else found
    return REQUIRED


class FieldDescriptor:
    """Marks the properties that the declaration installs, so that a subclass still finds the default behind them."""

    default: Any


def _operand_kind(hint: Any, value: type) -> OperandKind | None:
    if hint is value:
        return "one"
    if typing.get_origin(hint) in (typing.Union, types.UnionType) and set(typing.get_args(hint)) == {value, type(None)}:
        return "optional"
    if typing.get_origin(hint) is Sequence and typing.get_args(hint) == (value,):
        return "variadic"
    return None


_SCALARS: dict[Any, AttributeKind] = {bool: "bool", int: "int", float: "float", str: "string", DType: "dtype"}
_TUPLES: dict[Any, AttributeKind] = {int: "ints", float: "floats", str: "strings", Dim: "dims", Type: "types"}


def _attribute(cls: type, name: str, hint: Any, default: Any) -> AttributeSpec:
    members = set(typing.get_args(hint)) if typing.get_origin(hint) in (typing.Union, types.UnionType) else {hint}
    is_optional = type(None) in members
    members.discard(type(None))
    if members == {int, DimExpr}:
        return AttributeSpec(name, "dim", is_optional, default)
    if members and members <= {TensorType, SequenceType, OptionalType}:
        return AttributeSpec(name, "type", is_optional, default)
    if len(members) == 1:
        only = members.pop()
        if only in _SCALARS:
            return AttributeSpec(name, _SCALARS[only], is_optional, default)
        if typing.get_origin(only) is Literal:
            return AttributeSpec(name, "string", is_optional, default, tuple(typing.get_args(only)))
        if typing.get_origin(only) is np.ndarray:
            return AttributeSpec(name, "array", is_optional, default)
        arguments = typing.get_args(only)
        if typing.get_origin(only) is tuple and len(arguments) == 2 and arguments[0] in _TUPLES:
            return AttributeSpec(name, _TUPLES[arguments[0]], is_optional, default)
    raise TypeError(f"{cls.__name__}.{name}: {hint!r} is neither an operand, a region nor an attribute type")


def _all(value: object, kind: type) -> bool:
    return isinstance(value, tuple) and all(isinstance(v, kind) and not (kind is int and v is True) for v in value)
