"""The text of one op taken apart, and what can be wrong with it, for tests that give MLIR and us the same text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from cases import Case

from mlc.ir.printer import attribute_text

T = TypeVar("T")
SEGMENTS = "operandSegmentSizes"
# One attribute of each kind that the dialect prints, and kinds that it has none of.
VALUES = {
    "bool": "true",
    "int": "3 : i64",
    "narrow int": "3 : i32",
    "float": "1.5 : f64",
    "narrow float": "1.5 : f32",
    "string": '"word"',
    "ints": "array<i64: 1, 1>",
    "narrow ints": "array<i32: 1, 1>",
    "floats": "array<f64: 1.0, 1.0>",
    "strings": '["word"]',
    "numbers": "[1, 2]",
    "dtype": "f32",
    "type": "tensor<2xf32>",
    "array": "dense<[1, 2]> : tensor<2xi64>",
    "unit": "unit",
    "none": "none",
    "dictionary": "{}",
    "symbol": "@main",
}


@dataclass(frozen=True)
class OpText:
    """One op on arguments of its function; `segments` is None where operands need no counting."""

    name: str
    operands: tuple[str, ...]  # their types
    segments: tuple[int, ...] | None
    attributes: tuple[tuple[str, str], ...]
    results: tuple[str, ...]

    def __str__(self) -> str:
        """A module with the op in a function that returns nothing."""
        parts = [f"{name} = {text}" for name, text in self.attributes]
        if self.segments is not None:
            parts.append(f"{SEGMENTS} = array<i32: {', '.join(map(str, self.segments))}>")
        arguments = ", ".join(f"%a{i}: {kind}" for i, kind in enumerate(self.operands))
        given = ", ".join(f"%a{i}" for i in range(len(self.operands)))
        named = f"%r:{len(self.results)} = " if self.results else ""
        types = f"({', '.join(self.operands)}) -> ({', '.join(self.results)})"
        op = f'{named}"{self.name}"({given}) {{{", ".join(parts)}}} : {types}'
        return f"module {{\n  func.func @main({arguments}) {{\n    {op}\n    func.return\n  }}\n}}\n"


def op_text(case: Case) -> OpText:
    """The op of a case as it prints."""
    op = case.op()
    return OpText(
        op.name,
        tuple(str(v.type) for v in op.operands),
        tuple(op.segment_sizes) if op.signature.needs_segments else None,
        tuple((s.name, attribute_text(s, op.attributes[s.name])) for s in op.signature.attributes),
        tuple(str(r.type) for r in op.results),
    )


@dataclass(frozen=True)
class Damage:
    """What was done to an op's text, in words; the first says which kind of damage it is."""

    kind: str
    what: str
    text: OpText


def damages(op: OpText) -> Iterator[Damage]:
    """Everything that one step can do to the text."""
    yield from _of_operands(op)
    yield from _of_segments(op)
    yield from _of_attributes(op)
    yield Damage("result", "one less", replace(op, results=op.results[:-1]))
    yield Damage("result", "one more", replace(op, results=(*op.results, *op.results[-1:])))
    yield Damage("name", "unknown", replace(op, name=f"{op.name}_nosuch"))
    for at in range(len(op.results)):
        for kind in ("f32", "memref<2xf32>", "index"):
            yield Damage("type", f"result {at} is {kind}", replace(op, results=_put(op.results, at, kind)))


def _of_operands(op: OpText) -> Iterator[Damage]:
    for at, kind in enumerate(op.operands):
        less = (*op.operands[:at], *op.operands[at + 1 :])
        yield Damage("operand", f"without {at}", replace(op, operands=less))
        yield Damage("operand", f"{at} twice", replace(op, operands=(*op.operands[:at], kind, *op.operands[at:])))
        if op.segments is not None:
            field = _field(op.segments, at)
            fewer = _put(op.segments, field, op.segments[field] - 1)
            yield Damage("segment", f"without {at}, counted", replace(op, operands=less, segments=fewer))
        for wrong in ("f32", "memref<2xf32>", "index"):
            yield Damage("type", f"operand {at} is {wrong}", replace(op, operands=_put(op.operands, at, wrong)))


def _of_segments(op: OpText) -> Iterator[Damage]:
    if op.segments is None:
        return
    yield Damage("segments", "without", replace(op, segments=None))
    yield Damage("segments", "one less", replace(op, segments=op.segments[:-1]))
    yield Damage("segments", "one more", replace(op, segments=(*op.segments, 0)))
    for at, size in enumerate(op.segments):
        for wrong in (size - 1, size + 1):
            yield Damage("segments", f"{at} is {wrong}", replace(op, segments=_put(op.segments, at, wrong)))


def _of_attributes(op: OpText) -> Iterator[Damage]:
    yield Damage("other attribute", "extra", replace(op, attributes=(*op.attributes, ("extra", "1 : i64"))))
    for at, (name, text) in enumerate(op.attributes):
        less = (*op.attributes[:at], *op.attributes[at + 1 :])
        yield Damage("attribute", f"without {name}", replace(op, attributes=less))
        yield Damage("attribute", f"{name} misspelled", replace(op, attributes=(*less, (f"{name}_nosuch", text))))
        for kind, value in VALUES.items():
            changed = (*op.attributes[:at], (name, value), *op.attributes[at + 1 :])
            yield Damage("value", f"{name} is a {kind}", replace(op, attributes=changed))


def _field(segments: tuple[int, ...], operand: int) -> int:
    """Which field the operand with this number is of."""
    end = 0
    for field, size in enumerate(segments):
        end += size
        if operand < end:
            return field
    raise AssertionError(operand)


def _put(values: tuple[T, ...], at: int, value: T) -> tuple[T, ...]:
    return (*values[:at], value, *values[at + 1 :])
