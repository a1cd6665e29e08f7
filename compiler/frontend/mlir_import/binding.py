"""The operands and attributes of one op as arguments of the function that serves it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from torch_mlir import ir

from mlc.errors import CompileError
from mlc.frontend.mlir_import.constants import array_of
from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.registry import Operator, Parameter
from mlc.frontend.mlir_import.resources import Resources
from mlc.frontend.mlir_import.types import declared, dtype_of
from mlc.frontend.registry import REQUIRED
from mlc.ir import Array, Dim, DimExpr, DType, Value
from mlc.ops import constant_value

SEGMENTS = "operandSegmentSizes"
_ENUM = re.compile(r"#\w+(?:\.\w+)*<(?P<word>.*)>")


def bind(g: Graph, operator: Operator, operation: Any) -> tuple[list[Any], dict[str, Any]]:
    """The positional and keyword arguments. Raises CompileError for an operand or attribute that is not understood."""
    given = [(g.imported(value), value.type) for value in operation.operands]
    return _operands(g, operator, operation, given), _attributes(operator, operation, g.resources)


# --- operands ---


def _operands(g: Graph, operator: Operator, operation: Any, given: list[tuple[Any, Any]]) -> list[Any]:
    bound: list[Any] = []
    for parameter, segment in zip(operator.operands, _segments(operator, operation, given), strict=True):
        if parameter.is_segment:
            items = [_converted(g, parameter, *one) for one in segment]
            is_last = parameter is operator.operands[-1]
            bound += items if is_last and _is_variadic(operator) else [items]
        elif segment:
            bound.append(_converted(g, parameter, *segment[0]))
        elif parameter.is_optional or parameter.default is not REQUIRED:
            bound.append(None)
        else:
            raise CompileError(f"operand {parameter.name} is missing")
    return bound


def _is_variadic(operator: Operator) -> bool:
    import inspect

    parameters = inspect.signature(operator.function).parameters.values()
    return any(p.kind is p.VAR_POSITIONAL for p in parameters)


def _segments(operator: Operator, operation: Any, given: list[tuple[Any, Any]]) -> list[list[tuple[Any, Any]]]:
    """The operands of each parameter: as the op's segments say, else one each and the rest for one."""
    parameters = operator.operands
    if len(parameters) == 1 and parameters[0].is_segment:
        return [given]
    if SEGMENTS in operation.attributes:
        sizes = list(ir.DenseI32ArrayAttr(operation.attributes[SEGMENTS]))
    else:
        fixed = sum(not p.is_segment and not p.is_optional for p in parameters)
        sizes, rest = [], len(given) - fixed
        share = rest // max(sum(p.is_segment for p in parameters), 1)  # several segments without sizes are as long
        for parameter in parameters:
            if parameter.is_segment or parameter.is_optional:
                sizes.append(max(share, 0) if parameter.is_segment else min(max(rest, 0), 1))
                rest -= sizes[-1]
            else:
                sizes.append(1)
    if len(sizes) != len(parameters) or sum(sizes) != len(given):
        raise CompileError(f"{len(given)} operands are not supported, only {', '.join(p.name for p in parameters)}")
    places = np.cumsum([0, *sizes])
    return [given[a:b] for a, b in zip(places, places[1:], strict=False)]


def _converted(g: Graph, parameter: Parameter, given: Any, kind: Any) -> Any:
    found = _as_operand(g, parameter.kind, given, kind)
    if found is None:
        what = "a constant" if parameter.kind is Array else "a number known before the run, or made of dims"
        raise CompileError(f"operand {parameter.name} is not supported as {_text(given)}, only as {what}")
    return found


def _as_operand(g: Graph, kind: Any, given: Any, mlir_type: Any) -> Any:
    if kind is Value:
        stated = declared(mlir_type)
        if stated is None:
            raise CompileError(f"an operand of type {mlir_type} is not supported")
        return g.value(given, stated.dtype)
    if kind == Dim:
        return _as_dim(g, given)
    if kind == Value | Dim:
        return given if isinstance(given, Value | int | DimExpr) else None
    if kind is Array:
        return constant_value(given) if isinstance(given, Value) else None
    assert kind == tuple[Dim, ...], kind
    return g.known_dims(given)


def _as_dim(g: Graph, given: Any) -> Dim | None:
    if isinstance(given, Value):
        dims = g.known_dims(given) if not given.tensor.rank else None
        return dims[0] if dims else None
    return given if isinstance(given, int | DimExpr) else None


def _text(given: Any) -> str:
    return f"a {given.type} that only the run tells" if isinstance(given, Value) else str(given)


# --- attributes ---


def _attributes(operator: Operator, operation: Any, resources: Resources) -> dict[str, Any]:
    bound: dict[str, Any] = {}
    for name in names_of(operation):
        parameter = operator.attributes.get(name)
        attribute = operation.attributes[name]
        if parameter is not None:
            found = _as_attribute(parameter.kind, attribute, resources)
            if found is None:
                raise CompileError(f"attribute {name} = {_short(attribute)} is not supported")
            bound[name] = found
        elif name not in operator.ignores and name != SEGMENTS and "." not in name:  # with a point: of no meaning here
            raise CompileError(f"attribute {name} = {_short(attribute)} is not supported")
    for parameter in operator.attributes.values():
        if parameter.name not in bound and parameter.default is REQUIRED:
            raise CompileError(f"attribute {parameter.name} is missing")
    return bound


def names_of(operation: Any) -> list[str]:
    """The names of the op's attributes and properties."""
    return [a if isinstance(a, str) else a.name for a in operation.attributes]


def _as_attribute(kind: Any, attribute: Any, resources: Resources) -> Any:
    """The attribute as a value of the kind, or None when it is not one."""
    if kind is Any:
        return attribute
    if kind is bool:
        return True if isinstance(attribute, ir.UnitAttr) else _number(attribute, bool)
    if kind in (int, float):
        return _number(attribute, kind)
    if kind is str:
        return _word(attribute)
    if kind is DType:
        return dtype_of(attribute.value) if isinstance(attribute, ir.TypeAttr) else None
    if kind is Array:
        return array_of(attribute, resources)
    return _as_tuple(kind, attribute, resources)


def _number(attribute: Any, kind: type) -> Any:
    is_number = isinstance(attribute, ir.BoolAttr | ir.IntegerAttr)
    if is_number or (kind is float and isinstance(attribute, ir.FloatAttr)):
        return kind(attribute.value)
    return None


def _word(attribute: Any) -> str | None:
    if isinstance(attribute, ir.StringAttr | ir.FlatSymbolRefAttr):
        return str(attribute.value)
    enum = _ENUM.fullmatch(str(attribute))
    return enum["word"] if enum is not None else None


_LISTS = (ir.DenseI8ArrayAttr, ir.DenseI16ArrayAttr, ir.DenseI32ArrayAttr, ir.DenseI64ArrayAttr)
_MORE_LISTS = (ir.DenseBoolArrayAttr, ir.DenseF32ArrayAttr, ir.DenseF64ArrayAttr)


def _as_tuple(kind: Any, attribute: Any, resources: Resources) -> Any:
    element = {
        tuple[int, ...]: int,
        tuple[float, ...]: float,
        tuple[bool, ...]: bool,
        tuple[str, ...]: str,
        tuple[tuple[int, ...], ...]: tuple[int, ...],
    }[kind]
    items: Sequence[Any]
    if isinstance(attribute, (*_LISTS, *_MORE_LISTS)):
        return tuple(element(n) for n in attribute)
    if isinstance(attribute, ir.DenseElementsAttr):
        array = array_of(attribute, resources)
        if element == tuple[int, ...]:
            return tuple(tuple(int(n) for n in row) for row in array) if array.ndim == 2 else None
        return tuple(element(n) for n in array.reshape(-1))
    if isinstance(attribute, ir.ArrayAttr):
        items = [_as_attribute(element, item, resources) for item in attribute]
        return None if any(item is None for item in items) else tuple(items)
    return None


def _short(attribute: Any) -> str:
    text = str(attribute)
    return text if len(text) <= 60 else f"{text[:57]}..."
