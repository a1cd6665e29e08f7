"""Seeded damages of MLIR texts, from a missing character to another op of the same family."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

_TOKEN = re.compile(r'"[^"\n]*"|->|[%@#!^]?[\w$.]+|\S')
_NUMBER = re.compile(r"(?<![\w.%#@$-])-?\d+(?![\w.])")
_EXTENT = re.compile(r"(?<=[<x])(?:\d+|\?)(?=x)")
_ELEMENT = re.compile(r"(?<![\w%.])(f16|bf16|f32|f64|i1|i8|i16|i32|i64|index|ui8|ui32)(?!\w)")
_ELEMENTS = ("f16", "bf16", "f32", "f64", "i1", "i8", "i16", "i32", "i64", "index", "ui8", "ui32", "f8E4M3FN", "none")
# Words that stand for one another without breaking the grammar: other ops, predicates, iterators.
_FAMILIES = (
    ("addf", "subf", "mulf", "divf", "maximumf", "minimumf", "maxnumf", "minnumf", "remf"),
    ("addi", "subi", "muli", "divsi", "divui", "remsi", "maxsi", "minsi", "maxui", "minui", "andi", "ori", "xori"),
    ("oeq", "ogt", "oge", "olt", "ole", "one", "ord", "ueq", "ugt", "ult", "une", "uno"),
    ("eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge"),
    ("stablehlo.add", "stablehlo.subtract", "stablehlo.multiply", "stablehlo.maximum", "stablehlo.minimum"),
    ("stablehlo.exponential", "stablehlo.tanh", "stablehlo.negate", "stablehlo.abs", "stablehlo.sign"),
    ("EQ", "NE", "LT", "LE", "GT", "GE"),
    ("FLOAT", "TOTALORDER", "SIGNED", "UNSIGNED"),
    ('"parallel"', '"reduction"', '"window"'),
    ("true", "false"),
)


def mutated(text: str, random: Random) -> str:
    """The text with one to three damages."""
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        text = random.choice(_KINDS)(text, random)
    return text


def _spans(pattern: re.Pattern[str], text: str) -> list[tuple[int, int]]:
    return [match.span() for match in pattern.finditer(text)]


def _put(text: str, span: tuple[int, int], new: str) -> str:
    return text[: span[0]] + new + text[span[1] :]


def _delete(text: str, random: Random) -> str:
    spans = _spans(_TOKEN, text)
    return _put(text, random.choice(spans), "") if spans else text


def _replace(text: str, random: Random) -> str:
    spans = _spans(_TOKEN, text)
    if not spans:
        return text
    start, end = random.choice(spans)
    return _put(text, random.choice(spans), text[start:end])


def _duplicate(text: str, random: Random) -> str:
    spans = _spans(_TOKEN, text)
    if not spans:
        return text
    start, end = random.choice(spans)
    return _put(text, (end, end), f" {text[start:end]}")


def _duplicate_line(text: str, random: Random) -> str:
    lines = text.splitlines(keepends=True)
    place = random.randrange(len(lines) + 1)
    return "".join([*lines[:place], *lines[max(place - 1, 0) : place], *lines[place:]])


def _swap(text: str, random: Random) -> str:
    spans = _spans(_TOKEN, text)
    if len(spans) < 2:
        return text
    (a, b), (c, d) = sorted(random.sample(spans, 2))
    return text[:a] + text[c:d] + text[b:c] + text[a:b] + text[d:]


def _swap_values(text: str, random: Random) -> str:
    values = _spans(re.compile(r"%[\w$#]+"), text)
    if len(values) < 2:
        return text
    start, end = random.choice(values)
    return _put(text, random.choice(values), text[start:end])


def _number(text: str, random: Random) -> str:
    spans = _spans(_NUMBER, text)
    if not spans:
        return text
    span = random.choice(spans)
    number = int(text[slice(*span)])
    others = (0, 1, -1, number + 1, number - 1, 2 * number, -number, 7, 1 << 31, 1 << 63)
    return _put(text, span, str(random.choice(others)))


def _extent(text: str, random: Random) -> str:
    """Another extent at one place, or everywhere."""
    spans = _spans(_EXTENT, text)
    if not spans:
        return text
    old, new = text[slice(*random.choice(spans))], random.choice(("0", "1", "2", "5", "?"))
    chosen = spans if random.random() < 0.5 else [random.choice(spans)]
    for span in reversed(chosen):
        if text[slice(*span)] == old:
            text = _put(text, span, new)
    return text


def _element(text: str, random: Random) -> str:
    """Another element type at one place, or everywhere."""
    spans = _spans(_ELEMENT, text)
    if not spans:
        return text
    old, new = text[slice(*random.choice(spans))], random.choice(_ELEMENTS)
    chosen = spans if random.random() < 0.7 else [random.choice(spans)]
    for span in reversed(chosen):
        if text[slice(*span)] == old:
            text = _put(text, span, new)
    return text


def _word(text: str, random: Random) -> str:
    """Another word of the same family."""
    found = [(span, family) for family in _FAMILIES for word in family for span in _spans(_whole(word), text)]
    if not found:
        return text
    span, family = random.choice(found)
    return _put(text, span, random.choice(family))


def _whole(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")


def _truncate(text: str, random: Random) -> str:
    return text[: random.randrange(len(text) + 1)]


_Kind = Callable[[str, Random], str]
_BREAKING: tuple[_Kind, ...] = (_delete, _replace, _duplicate, _duplicate_line, _swap, _truncate)
_KEEPING: tuple[_Kind, ...] = (_swap_values, _number, _extent, _element, _word)  # mostly the grammar
_KINDS = (*_BREAKING, *_KEEPING, *_KEEPING)
