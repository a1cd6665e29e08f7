"""Prints a module as MLIR's generic assembly inside `func.func`.

The text is deterministic, every attribute is printed, and MLIR's own parser takes it (with unregistered dialects
allowed). `mlc.ir.parser` reads the same text back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from mlc.ir.core import Block, Function, Op, Return, Value
from mlc.ir.dense import dense_text, float_text, handle, is_elided, resources_text
from mlc.ir.module import Module
from mlc.ir.quoting import quote
from mlc.ir.signature import Array, AttributeSpec
from mlc.ir.types import DType


def print_module(module: Module, *, locations: bool = True, elide: bool = True, resources: bool = False) -> str:
    """The module's text, ending in a newline; `locations=False` leaves the `loc(...)` of ops out.

    `elide=False` writes every constant in full, however large; `resources` writes the bytes of elided ones behind the
    module, where MLIR looks for them.
    """
    lines = [f"module @{_symbol_name(module.name)} {{"]
    for function in module.functions.values():
        lines.extend(_Printer(locations, elide).function(function))
    text = "\n".join([*lines, "}", ""])
    elided = elided_constants(module) if resources and elide else {}
    return text + resources_text(elided) if elided else text


def print_op(op: Op) -> str:
    """One op's text with its operands numbered apart, for messages; nested regions as `{...}`."""
    printer = _Printer(locations=True, elide=True)
    for value in op.operands:
        printer.name(value)
    return next(iter(printer.op(op, 0, nested=False)))


def elided_constants(module: Module) -> dict[str, Array]:
    """The arrays that the module's text names by handle only."""
    arrays = (v for op in module.walk() for v in op.attributes.values() if isinstance(v, np.ndarray))
    return {handle(a): a for a in arrays if is_elided(a)}


def attribute_text(spec: AttributeSpec, value: Any, *, elide: bool = True) -> str:
    """The value of one attribute as MLIR text; `elide` writes large arrays as a handle."""
    if value is None:
        return "none"
    match spec.kind:
        case "bool":
            return "true" if value else "false"
        case "int":
            return f"{value} : i64"
        case "float":
            return f"{float_text(np.float64(value), DType.F64)} : f64"
        case "string":
            return quote(value)
        case "ints":
            return _array("i64", [str(v) for v in value])
        case "floats":
            return _array("f64", [float_text(np.float64(v), DType.F64) for v in value])
        case "strings":
            return "[" + ", ".join(quote(v) for v in value) + "]"
        case "dtype" | "type":
            return str(value)
        case "types":
            return "[" + ", ".join(str(v) for v in value) + "]"
        case "dim":
            return quote(str(value))
        case "dims":
            return quote(",".join(str(d) for d in value))
        case "array":
            return dense_text(value, elide=elide)
    raise AssertionError(spec.kind)


class _Printer:
    def __init__(self, locations: bool, elide: bool) -> None:
        self.locations = locations
        self.elide = elide
        self.names: dict[Value, str] = {}
        self.results = 0
        self.arguments = 0

    def function(self, function: Function) -> Iterator[str]:
        inputs = zip(function.inputs, function.input_names, strict=True)
        parameters = ", ".join(f"{self.argument(v)}: {v.type} {{mlc.name = {quote(n)}}}" for v, n in inputs)
        outputs = zip(function.outputs, function.output_names, strict=True)
        results = ", ".join(f"{v.type} {{mlc.name = {quote(n)}}}" for v, n in outputs)
        yield f"  func.func @{_symbol_name(function.name)}({parameters}) -> ({results}) {{"
        yield from self.block(function.block, 2)
        yield "  }"

    def block(self, block: Block, depth: int) -> Iterator[str]:
        for op in block:
            yield from self.op(op, depth)

    def op(self, op: Op, depth: int, nested: bool = True) -> Iterator[str]:
        indent = "  " * depth
        operands = ", ".join(self.name(v) for v in op.operands)
        types = ", ".join(str(v.type) for v in op.operands)
        if isinstance(op, Return):
            yield f"{indent}func.return {operands} : {types}" if op.operands else f"{indent}func.return"
            return
        head = f'{indent}{self.define(op)}"{op.name}"({operands})'
        tail = f"{self.attributes(op)} : ({types}) -> {_result_types(op.results)}"
        tail += f" {op.loc}" if self.locations and op.loc.sources else ""
        if not op.regions or not nested:
            yield head + (" ({...})" if op.regions else "") + tail
            return
        for number, region in enumerate(op.regions):
            yield (head + " ({") if number == 0 else f"{indent}}}, {{"
            if region.block.arguments:
                arguments = ", ".join(f"{self.argument(v)}: {v.type}" for v in region.block.arguments)
                yield f"{indent}^bb0({arguments}):"
            yield from self.block(region.block, depth + 1)
        yield f"{indent}}}){tail}"

    def attributes(self, op: Op) -> str:
        texts = [
            f"{s.name} = {attribute_text(s, op.attributes[s.name], elide=self.elide)}" for s in op.signature.attributes
        ]
        if op.signature.needs_segments:
            texts.append(f"operandSegmentSizes = {_array('i32', [str(n) for n in op.segment_sizes])}")
        return f" {{{', '.join(texts)}}}" if texts else ""

    def define(self, op: Op) -> str:
        if not op.results:
            return ""
        base = f"%{self.results}"
        self.results += 1
        for value in op.results:
            self.names[value] = base if len(op.results) == 1 else f"{base}#{value.index}"
        return f"{base} = " if len(op.results) == 1 else f"{base}:{len(op.results)} = "

    def argument(self, value: Value) -> str:
        self.names[value] = f"%arg{self.arguments}"
        self.arguments += 1
        return self.names[value]

    def name(self, value: Value) -> str:
        """The value's name; one that is defined outside of what is printed gets a name of its own."""
        return self.names.setdefault(value, f"%v{len(self.names)}") if value not in self.names else self.names[value]


def _result_types(results: Sequence[Value]) -> str:
    return str(results[0].type) if len(results) == 1 else f"({', '.join(str(v.type) for v in results)})"


def _array(element: str, texts: list[str]) -> str:
    return f"array<{element}: {', '.join(texts)}>" if texts else f"array<{element}>"


def _symbol_name(name: str) -> str:
    return name if name.replace("_", "a").isalnum() and name.isascii() and not name[0].isdigit() else quote(name)
