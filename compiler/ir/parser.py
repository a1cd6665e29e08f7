"""Reads the text that `mlc.ir.printer` writes, and the same module as MLIR prints it back.

Needs numpy only. Every mistake is a ParseError at line and column with a caret.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import mlc.ir.type_parser as type_parser
from mlc.errors import CompileError, ParseError, nearest
from mlc.ir.core import Block, Function, Op, Region, Return, Value
from mlc.ir.dense import array_from_elements, element_from_text, resources_of
from mlc.ir.lexer import Lexer, Token
from mlc.ir.location import UNKNOWN, Location, Source
from mlc.ir.module import Module
from mlc.ir.quoting import unquote
from mlc.ir.signature import Array, AttributeSpec
from mlc.ir.types import DType, TensorType, Type


def parse_module(text: str, *, file: str = "<text>", weights: Mapping[str, Array] | None = None) -> Module:
    """The module written in `text`. Raises ParseError located in `file`.

    `weights` gives the bytes of elided constants by handle, and so does a resource section behind the module; a handle
    in neither is an error at its place.
    """
    return _Parser(text, file, weights or {}).module()


# How MLIR's printer names the locations that several ops have, before the module or behind it.
_ALIAS = re.compile(r"^(#[A-Za-z_][\w$.]*) = loc\((.*)\)$", re.MULTILINE)


class _Parser:
    def __init__(self, text: str, file: str, weights: Mapping[str, Array]) -> None:
        module, _, resources = text.partition("\n{-#")
        self.weights = weights
        if resources:
            try:
                self.weights = {**resources_of(resources), **weights}
            except ValueError as error:
                raise ParseError(f"a resource behind the module is damaged: {error}", where=file) from None
        self.aliases = dict(_ALIAS.findall(text))
        # Blanked, so that what is left keeps its places.
        self.lexer = Lexer(
            _ALIAS.sub(lambda found: " " * len(found.group(0)), module) if self.aliases else module, file
        )
        self.scopes: list[dict[str, Value]] = [{}]

    # --- structure ---

    def module(self) -> Module:
        self.lexer.expect("module")
        module = Module(self._symbol() if self.lexer.token.kind == "symbol" else "module")
        if self.lexer.accept("attributes"):
            self._skip_dictionary()
        self.lexer.expect("{")
        while not self.lexer.accept("}"):
            if self.lexer.token.text != "func.func":
                raise self.lexer.error(f"expected func.func or '}}', got {self.lexer.describe()}")
            at = self.lexer.take().start
            function = self._function()
            if function.name in module.functions:
                raise self.lexer.error(f"function @{function.name} is defined twice", at)
            module.add(function)
        self._location()
        self.lexer.expect_kind("end", "the end of the text")
        return module

    def _function(self) -> Function:
        if self.lexer.token.text in ("public", "private"):
            self.lexer.take()
        name = self._symbol()
        self.lexer.expect("(")
        names: list[str] = []
        inputs: list[tuple[str, Type]] = []
        while not self.lexer.accept(")"):
            names.append(self.lexer.expect_kind("value", "an argument like %arg0").text)
            self.lexer.expect(":")
            kind = self._type()
            inputs.append((self._argument_name(f"input{len(inputs)}"), kind))
            self._location()
            self._comma(")")
        function = Function(name, inputs)
        self.scopes.append({})
        for text, value in zip(names, function.inputs, strict=True):
            self._define(text, value)
        outputs = self._result_list() if self.lexer.accept("->") else []
        if self.lexer.accept("attributes"):
            self._skip_dictionary()
        at = self.lexer.expect("{").start
        self._block(function.block)
        self._location()
        self.scopes.pop()
        if function.block.last is None or not isinstance(function.block.last, Return):
            raise self.lexer.error(f"function @{name} does not end in func.return", at)
        returned = [v.type for v in function.outputs]
        if returned != [kind for _, kind in outputs]:
            raise self.lexer.error(f"function @{name} declares other result types than it returns", at)
        function.output_names = [n for n, _ in outputs]
        return function

    def _result_list(self) -> list[tuple[str, Type]]:
        if not self.lexer.accept("("):
            return [("output0", self._type())]
        results: list[tuple[str, Type]] = []
        while not self.lexer.accept(")"):
            kind = self._type()
            results.append((self._argument_name(f"output{len(results)}"), kind))
            self._comma(")")
        return results

    def _argument_name(self, default: str) -> str:
        if self.lexer.token.text != "{":
            return default
        self.lexer.take()
        name = default
        while not self.lexer.accept("}"):
            key = self.lexer.take().text
            self.lexer.expect("=")
            value = self.lexer.take().text
            name = unquote(value) if key == "mlc.name" else name
            self._comma("}")
        return name

    def _block(self, block: Block) -> None:
        """Ops up to the closing brace, which is taken."""
        while not self.lexer.accept("}"):
            self._op(block)

    def _region(self) -> Region:
        self.lexer.expect("{")
        self.scopes.append({})
        names: list[str] = []
        types: list[Type] = []
        if self.lexer.token.kind == "caret":
            self.lexer.take()
            if self.lexer.accept("("):
                while not self.lexer.accept(")"):
                    names.append(self.lexer.expect_kind("value", "a block argument").text)
                    self.lexer.expect(":")
                    types.append(self._type())
                    self._location()
                    self._comma(")")
            self.lexer.expect(":")
        region = Region(Block(types))
        for text, value in zip(names, region.block.arguments, strict=True):
            self._define(text, value)
        self._block(region.block)
        self.scopes.pop()
        return region

    # --- ops ---

    def _op(self, block: Block) -> None:
        start = self.lexer.token.start
        results: list[str] = []
        if self.lexer.token.kind == "value":
            results = self._result_names()
            self.lexer.expect("=")
        if self.lexer.token.text in ("func.return", "return"):
            self._return(block)
            return
        name = unquote(self.lexer.expect_kind("string", 'an op like "mlc.add"').text)
        kind = Op.registry.get(name)
        if kind is None:
            raise self.lexer.error(f"unknown op {name}{nearest(name, list(Op.registry))}", start)
        operands = self._operands()
        regions: list[Region] = []
        if self.lexer.accept("("):
            while not self.lexer.accept(")"):
                regions.append(self._region())
                self._comma(")")
        attributes, segments = self._attributes(kind) if self.lexer.token.text == "{" else ({}, None)
        self.lexer.expect(":")
        self._check_operand_types(operands, start)
        self.lexer.expect("->")
        types = [t for _, t in self._result_list()]
        given = self._fields(kind, operands, segments, regions, attributes, start)
        op = self._build(kind, {**given, "loc": self._location()}, start)
        if [r.type for r in op.results] != types:
            inferred = ", ".join(str(r.type) for r in op.results)
            raise self.lexer.error(f"{name} gives ({inferred}), the text says ({', '.join(map(str, types))})", start)
        if results and len(results) != len(op.results):
            raise self.lexer.error(f"{name} has {len(op.results)} results, {len(results)} are named", start)
        block.append(op)
        for text, value in zip(results, op.results, strict=False):
            self._define(text, value)

    def _build(self, kind: type[Op], given: dict[str, Any], start: int) -> Op:
        try:
            return kind(**given)
        except ParseError:
            raise
        except CompileError as error:
            raise self.lexer.error(error.message, start) from None

    def _return(self, block: Block) -> None:
        start = self.lexer.take().start
        operands: list[Value] = []
        while self.lexer.token.kind == "value":
            operands.append(self._value())
            if not self.lexer.accept(","):
                break
        if operands:
            self.lexer.expect(":")
            types = [self._type()]
            while self.lexer.accept(","):
                types.append(self._type())
            if types != [v.type for v in operands]:
                raise self.lexer.error("the types of func.return are not those of its operands", start)
        block.append(Return(operands, loc=self._location()))

    def _result_names(self) -> list[str]:
        first = self.lexer.take()
        if not self.lexer.accept(":"):
            return [first.text]
        count = int(self.lexer.expect_kind("number", "a result count").text)
        return [f"{first.text}#{i}" for i in range(count)]

    def _operands(self) -> list[Value]:
        self.lexer.expect("(")
        operands: list[Value] = []
        while not self.lexer.accept(")"):
            operands.append(self._value())
            self._comma(")")
        return operands

    def _check_operand_types(self, operands: list[Value], start: int) -> None:
        self.lexer.expect("(")
        types: list[Type] = []
        while not self.lexer.accept(")"):
            types.append(self._type())
            self._comma(")")
        if len(types) != len(operands):
            raise self.lexer.error(f"{len(operands)} operands but {len(types)} operand types", start)
        for number, (kind, value) in enumerate(zip(types, operands, strict=True)):
            if kind != value.type:
                raise self.lexer.error(f"operand {number} is {value.type}, the text says {kind}", start)

    def _fields(
        self,
        kind: type[Op],
        operands: list[Value],
        segments: list[int] | None,
        regions: list[Region],
        attributes: dict[str, Any],
        start: int,
    ) -> dict[str, Any]:
        signature = kind.signature
        if segments is None:
            segments = _implied_segments(kind, len(operands))
        is_counted = segments is not None and len(segments) == len(signature.operands)
        if segments is None or not is_counted or sum(segments) != len(operands) or min(segments, default=0) < 0:
            raise self.lexer.error(f"{kind.name} does not take {len(operands)} operands", start)
        if len(regions) != len(signature.regions):
            raise self.lexer.error(f"{kind.name} has {len(signature.regions)} regions, got {len(regions)}", start)
        if missing := [s.name for s in signature.attributes if s.name not in attributes]:
            raise self.lexer.error(f"{kind.name} is missing attribute {missing[0]}", start)
        given: dict[str, Any] = {**attributes, **dict(zip(signature.regions, regions, strict=True))}
        taken = 0
        for spec, size in zip(signature.operands, segments, strict=True):
            values = operands[taken : taken + size]
            taken += size
            if spec.kind == "variadic":
                given[spec.name] = values
                continue
            if size > 1 or (size == 0 and spec.kind == "one"):
                raise self.lexer.error(f"{kind.name}: operand {spec.name} takes one value, got {size}", start)
            given[spec.name] = values[0] if values else None
        return given

    # --- attributes ---

    def _attributes(self, kind: type[Op]) -> tuple[dict[str, Any], list[int] | None]:
        specs = {s.name: s for s in kind.signature.attributes}
        values: dict[str, Any] = {}
        segments: list[int] | None = None
        self.lexer.expect("{")
        while not self.lexer.accept("}"):
            token = self.lexer.take()
            name = unquote(token.text) if token.kind == "string" else token.text
            self.lexer.expect("=")
            if name == "operandSegmentSizes":
                segments = [int(t) for t in self._dense_array("i32")]
            elif name in specs:
                values[name] = self._attribute(specs[name])
            else:
                known = list(specs)
                raise self.lexer.error(f"{kind.name} has no attribute {name}{nearest(name, known)}", token.start)
            self._comma("}")
        return values, segments

    def _attribute(self, spec: AttributeSpec) -> Any:
        start = self.lexer.token.start
        if spec.is_optional and self.lexer.accept("none"):
            return None
        readers: dict[str, Callable[[], Any]] = {
            "bool": lambda: self._word() == "true",
            "int": lambda: int(self._number("i64")),
            "float": lambda: float(np.float64(str(self._float("f64")))),
            "string": lambda: unquote(self.lexer.expect_kind("string", "a string").text),
            "ints": lambda: tuple(int(t) for t in self._dense_array("i64")),
            "floats": lambda: tuple(_float64(t) for t in self._dense_array("f64")),
            "strings": self._strings,
            "dtype": lambda: type_parser.parse_dtype(self.lexer.type_text()),
            "type": self._type,
            "types": self._types,
            "dim": lambda: type_parser.parse_dims(unquote(self.lexer.expect_kind("string", "a dim").text))[0],
            "dims": lambda: type_parser.parse_dims(unquote(self.lexer.expect_kind("string", "dims").text)),
            "array": self._elements,
        }
        try:
            return readers[spec.kind]()
        except ValueError as error:
            raise self.lexer.error(f"attribute {spec.name}: {error}", start) from None

    def _word(self) -> str:
        token = self.lexer.take()
        if token.text not in ("true", "false"):
            raise ValueError(f"expected true or false, got '{token.text}'")
        return token.text

    def _number(self, suffix: str) -> str:
        text = self.lexer.expect_kind("number", "a number").text
        if self.lexer.accept(":"):
            self.lexer.expect(suffix)
        return text

    def _float(self, suffix: str) -> float:
        return _float64(self._number(suffix))

    def _strings(self) -> tuple[str, ...]:
        self.lexer.expect("[")
        texts: list[str] = []
        while not self.lexer.accept("]"):
            texts.append(unquote(self.lexer.expect_kind("string", "a string").text))
            self._comma("]")
        return tuple(texts)

    def _types(self) -> tuple[Type, ...]:
        self.lexer.expect("[")
        types: list[Type] = []
        while not self.lexer.accept("]"):
            types.append(self._type())
            self._comma("]")
        return tuple(types)

    def _dense_array(self, element: str) -> list[str]:
        self.lexer.expect("array")
        self.lexer.expect("<")
        self.lexer.expect(element)
        texts: list[str] = []
        if self.lexer.accept(":"):
            while self.lexer.token.text != ">":
                texts.append(self.lexer.expect_kind("number", "a number").text)
                self._comma(">")
        self.lexer.expect(">")
        return texts

    def _elements(self) -> Array:
        start = self.lexer.token.start
        kind_word = self.lexer.take().text
        self.lexer.expect("<")
        if kind_word == "dense_resource":
            name = self.lexer.take().text
            self.lexer.expect(">")
            self.lexer.expect(":")
            return self._resource(name, self._tensor_type(), start)
        if kind_word != "dense":
            raise self.lexer.error(f"expected dense<...>, got '{kind_word}'", start)
        tokens: list[Any] = []
        if self.lexer.token.text != ">":
            self._element(tokens)
        self.lexer.expect(">")
        self.lexer.expect(":")
        kind = self._tensor_type()
        if not kind.is_static:
            raise ValueError(f"a constant needs a static type, got {kind}")
        if tokens and isinstance(tokens[0], tuple):
            return _complex_array(tokens, kind)
        return array_from_elements(tokens, kind) if tokens else np.empty(kind.static_shape, kind.dtype.numpy)

    def _element(self, tokens: list[Any]) -> None:
        """Flattens `[[1, 2], [3, 4]]` into `tokens`; the type that follows says the shape."""
        if self.lexer.accept("["):
            while not self.lexer.accept("]"):
                self._element(tokens)
                self._comma("]")
        elif self.lexer.accept("("):
            real = self.lexer.take().text
            self.lexer.expect(",")
            tokens.append((real, self.lexer.take().text))
            self.lexer.expect(")")
        else:
            tokens.append(self.lexer.take().text)

    def _resource(self, name: str, kind: TensorType, start: int) -> Array:
        if name not in self.weights:
            raise self.lexer.error(
                f"the numbers of constant {name} are not in this text; give the weights file written beside the dump",
                start,
            )
        data = np.ascontiguousarray(self.weights[name]).reshape(-1).view(np.uint8)
        if data.nbytes != kind.byte_count:
            raise ValueError(f"{name} has {data.nbytes} bytes, {kind} needs {kind.byte_count}")
        return data.view(kind.dtype.numpy).reshape(kind.static_shape)

    # --- small pieces ---

    def _type(self) -> Type:
        start = self.lexer.token.start
        text = self.lexer.type_text()
        try:
            return type_parser.parse_type(text)
        except ValueError as error:
            raise self.lexer.error(str(error), start) from None

    def _tensor_type(self) -> TensorType:
        start = self.lexer.token.start
        kind = self._type()
        if not isinstance(kind, TensorType):
            raise self.lexer.error(f"expected a tensor type, got {kind}", start)
        return kind

    def _symbol(self) -> str:
        text = self.lexer.expect_kind("symbol", "a name like @main").text[1:]
        return unquote(text) if text.startswith('"') else text

    def _value(self) -> Value:
        token = self.lexer.expect_kind("value", "a value like %0")
        for scope in reversed(self.scopes):
            if token.text in scope:
                return scope[token.text]
        raise self.lexer.error(f"{token.text} is not defined here", token.start)

    def _define(self, text: str, value: Value) -> None:
        if any(text in scope for scope in self.scopes):
            raise self.lexer.error(f"{text} is defined twice")
        self.scopes[-1][text] = value

    def _comma(self, closing: str) -> None:
        if self.lexer.token.text != closing:
            self.lexer.expect(",")
            if self.lexer.token.text == closing:
                raise self.lexer.error(f"nothing follows the ',' before '{closing}'")

    def _location(self) -> Location:
        if self.lexer.token.text != "loc":
            return UNKNOWN
        self.lexer.take()
        self.lexer.expect("(")
        sources = self._sources()
        self.lexer.expect(")")
        # A place in a text alone, as MLIR gives to what had no location, is no source node.
        return Location(tuple(s for s in sources if s.name))

    def _sources(self) -> list[Source]:
        """What a location names; a place in a file that has no name of its own is a Source without one."""
        if self.lexer.accept("unknown"):
            return []
        if self.lexer.accept("fused"):
            self.lexer.expect("[")
            sources: list[Source] = []
            while not self.lexer.accept("]"):
                sources.extend(self._sources())
                self._comma("]")
            return sources
        if self.lexer.token.text.startswith("#"):
            return self._aliased(self.lexer.take())
        text = unquote(self.lexer.expect_kind("string", "a source name").text)
        if self.lexer.accept(":"):
            line = int(self.lexer.expect_kind("number", "a line").text)
            self.lexer.expect(":")
            self.lexer.expect_kind("number", "a column")
            return [Source("", text, line)]
        if not self.lexer.accept("("):
            return [Source(text)]
        places = [s for s in self._sources() if not s.name]
        self.lexer.expect(")")
        return [Source(text, places[0].file, places[0].line) if len(places) == 1 else Source(text)]

    def _aliased(self, alias: Token) -> list[Source]:
        if alias.text not in self.aliases:
            raise self.lexer.error(f"there is no location {alias.text}", alias.start)
        nested = _Parser(self.aliases[alias.text], self.lexer.file, {})
        # Without itself, so that a cycle ends.
        nested.aliases = {name: text for name, text in self.aliases.items() if name != alias.text}
        return nested._sources()

    def _skip_dictionary(self) -> None:
        depth = 0
        while True:
            text = self.lexer.expect_kind(self.lexer.token.kind, "'}'").text
            depth += {"{": 1, "}": -1}.get(text, 0)
            if depth == 0:
                return
            if self.lexer.token.kind == "end":
                raise self.lexer.error("this dictionary is never closed")


def _implied_segments(kind: type[Op], count: int) -> list[int] | None:
    """Operand counts per field when at most one field is flexible; None when the text must say them."""
    specs = kind.signature.operands
    if kind.signature.needs_segments:
        return None
    if not specs or specs[-1].kind == "one":
        return [1] * len(specs)
    return [1] * (len(specs) - 1) + [count - len(specs) + 1]


def _float64(text: str) -> float:
    return float(str(element_from_text(text, DType.F64)))


def _complex_array(pairs: list[tuple[str, str]], kind: TensorType) -> Array:
    part = DType.F32 if kind.dtype is DType.C64 else DType.F64
    parts = array_from_elements([t for pair in pairs for t in pair], TensorType(part, (2 * len(pairs),)))
    flat = parts.view(kind.dtype.numpy)
    return flat.reshape(kind.static_shape) if len(pairs) > 1 else np.full(kind.static_shape, flat[0])
