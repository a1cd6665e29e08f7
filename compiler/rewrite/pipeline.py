"""Pipelines as text, in MLIR's syntax: `fold{max-bytes=1048576},fuse,./my_pass.py:MyPass`."""

from __future__ import annotations

from dataclasses import dataclass

from mlc.errors import CompileError


@dataclass(frozen=True)
class PipelineItem:
    """A pass by name or path, with its options as text."""

    name: str
    options: dict[str, str]


def parse_pipeline_text(text: str) -> list[PipelineItem]:
    """The items of a pipeline; empty text is the empty pipeline. Raises CompileError pointing into the text."""
    items: list[PipelineItem] = []
    at = 0
    while at < len(text):
        end = _end_of_item(text, at)
        items.append(_item(text, at, end))
        if end == len(text) - 1:
            raise _error(text, end, "nothing follows the ','")
        at = end + 1
    return items


def _end_of_item(text: str, at: int) -> int:
    depth = 0
    for position in range(at, len(text)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth < 0:
            raise _error(text, position, "this '}' closes nothing")
        if text[position] == "," and depth == 0:
            return position
    if depth:
        raise _error(text, text.index("{", at), "this '{' is never closed")
    return len(text)


def _item(text: str, start: int, end: int) -> PipelineItem:
    body = text[start:end].strip()
    name, brace, rest = body.partition("{")
    if not name.strip():
        raise _error(text, start, "expected a pass name")
    if brace and not rest.endswith("}"):
        raise _error(text, end - 1, "expected ',' after '}'")
    options: dict[str, str] = {}
    for option in rest[:-1].replace(",", " ").split():
        key, equals, value = option.partition("=")
        if not equals or not key or not value:
            raise _error(text, text.index(option, start), f"option {option!r} is not of the form name=value")
        if key in options:
            raise _error(text, text.index(option, start), f"option {key!r} is given twice")
        options[key] = value
    return PipelineItem(name.strip(), options)


def _error(text: str, at: int, message: str) -> CompileError:
    return CompileError(message, where="pipeline", detail=f"{text}\n  {' ' * at}^")
