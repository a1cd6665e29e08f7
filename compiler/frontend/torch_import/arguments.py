"""The operands of one torch operator as arguments of the function that serves it, by the names of its schema."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import torch
from torch_mlir.extras.fx_importer import TORCH_DTYPE_TO_INT

from mlc.errors import CompileError
from mlc.frontend.builder import Scalar
from mlc.frontend.registry import REQUIRED
from mlc.frontend.torch_import.registry import PLACEMENT, Operator, Parameter
from mlc.frontend.torch_import.types import dtype_of, is_known
from mlc.ir import Dim, DimExpr, DType, Value

_DTYPES = {number: dtype_of(dtype) for dtype, number in TORCH_DTYPE_TO_INT.items() if is_known(dtype)}
_STRIDED = 0


@functools.cache
def schema_of(name: str) -> list[tuple[str, Any]]:
    """(name, default) of each argument of operator `name`, e.g. "aten.add.Tensor"; REQUIRED where it has none."""
    namespace, packet, *overload = name.split(".")
    operator = getattr(getattr(getattr(torch.ops, namespace), packet), overload[0] if overload else "default")
    return [(a.name, a.default_value if a.has_default_value() else REQUIRED) for a in operator._schema.arguments]


def bind(operator: Operator, name: str, operands: Sequence[Any]) -> dict[str, Any]:
    """The function's keyword arguments. Raises CompileError for an argument that it does not understand."""
    bound: dict[str, Any] = {}
    for (argument, default), given in zip(schema_of(name), operands, strict=True):
        parameter = operator.parameters.get(argument)
        if parameter is not None:
            bound[argument] = _converted(parameter, given)
        elif argument in PLACEMENT:
            _check_placement(argument, given)
        elif argument not in operator.ignores and not _is_default(given, default):
            raise CompileError(f"argument {argument}={_text(given)} is not supported")
    missing = [p.name for p in operator.parameters.values() if p.default is REQUIRED and p.name not in bound]
    assert not missing, f"{name}: the schema has no argument {missing}"
    return bound


def _check_placement(argument: str, given: Any) -> None:
    if argument == "device" and given is not None and torch.device(given).type != "cpu":
        raise CompileError(f"device {given} is not supported; move the model to the CPU")
    if argument == "layout" and given not in (None, _STRIDED):
        raise CompileError("sparse layouts are not supported; use dense tensors")


def _is_default(given: Any, default: Any) -> bool:
    if given is None or (isinstance(given, list) and not given):
        return default is REQUIRED or default is None or given == default
    return not isinstance(given, Value) and bool(given == default)


def _converted(parameter: Parameter, given: Any) -> Any:
    if given is None:
        if parameter.is_optional:
            return None
        raise CompileError(f"argument {parameter.name} must be given")
    if (converted := _as(parameter.kind, given)) is not None:
        return converted
    what = getattr(parameter.kind, "__name__", str(parameter.kind))
    raise CompileError(f"argument {parameter.name}={_text(given)} is not supported, only {what} known before the run")


def _as(kind: Any, given: Any) -> Any:
    """`given` as a value of the kind, or None when it is not one."""
    if kind is Value:
        return given if isinstance(given, Value) else None
    if kind == Value | Scalar:
        return given if isinstance(given, Value | int | float | DimExpr) else None
    if kind == Scalar:
        return given if isinstance(given, int | float | DimExpr) else None
    if kind == Dim:
        return given if isinstance(given, int | DimExpr) else None
    if kind is int:
        return given if isinstance(given, int) else None
    if kind is float:
        return float(given) if isinstance(given, int | float) else None
    if kind is bool:
        return bool(given) if isinstance(given, int) else None
    if kind is str:
        return given if isinstance(given, str) else None
    if kind is DType:
        return _DTYPES.get(given) if isinstance(given, int) else None
    return _as_list(kind, given)


def _as_list(kind: Any, given: Any) -> Any:
    if not isinstance(given, list):
        return None
    if kind == Sequence[Value]:
        return given if all(isinstance(item, Value) for item in given) else None
    if kind == Sequence[Value | None]:
        return given if all(item is None or isinstance(item, Value) for item in given) else None
    element = {tuple[Dim, ...]: Dim, tuple[int, ...]: int, tuple[float, ...]: float, tuple[bool, ...]: bool}[kind]
    items = tuple(_as(element, item) for item in given)
    return None if any(item is None for item in items) else items


def _text(given: Any) -> str:
    if isinstance(given, Value):
        return f"a {given.type}"
    return f"[{', '.join(_text(item) for item in given)}]" if isinstance(given, list) else str(given)
