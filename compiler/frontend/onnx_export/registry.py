"""The table of exports: one function per op class says which ONNX nodes stand for it.

    @onnx_export(Matmul)
    def matmul(w: Writer, op: Matmul) -> str: ...

A function returns the ONNX names of the op's results: one, or one for each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from mlc.frontend.onnx_export.writer import Writer
from mlc.ir import Op

Names = str | Sequence[str]
Exporter = Callable[[Writer, Any], Names]
Function = TypeVar("Function", bound=Exporter)

_exporters: dict[type[Op], Exporter] = {}


def onnx_export(*classes: type[Op]) -> Callable[[Function], Function]:
    """Registers the decorated function for the op classes."""

    def register(function: Function) -> Function:
        for cls in classes:
            assert cls not in _exporters, cls
            _exporters[cls] = function
        return function

    return register


def same_operator(cls: type[Op], operator: str, opset: int = 0, domain: str = "", **attributes: str) -> None:
    """Registers an op that is one ONNX operator: operands in order, `attributes` from ONNX's name to the op's field."""

    def export(w: Writer, op: Op) -> Names:
        given = {name: getattr(op, field) for name, field in attributes.items()}
        w.require(opset, domain)
        names: Names = w(operator, *w.operands(op), count=len(op.results), domain=domain, **given)
        return names

    onnx_export(cls)(export)


def exporter_of(cls: type[Op]) -> Exporter | None:
    """The function that exports ops of this class."""
    return _exporters.get(cls)
