"""MLIR's locations as the IR's: names, and the file and line that wrote an op. Never a path of the machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from torch_mlir import ir

from mlc.frontend.mlir_import.parse import TEXT
from mlc.ir import Location
from mlc.ir.location import Source

_LIBRARY = "site-packages"  # frames of a framework say less of the model than those that called it


def location_of(location: Any, name: str, file: str) -> Location:
    """The location of an op of the text in `file`; `name` stands for it where MLIR has a file and line only."""
    own = Path(file).name
    sources = [Source(s.name or name, own if s.file == TEXT else s.file, s.line) for s in _sources(location)]
    return Location(tuple(dict.fromkeys(sources))) if sources else Location.of(name)


def place(location: Any, file: str) -> str:
    """Where an op stands, for messages: `model.mlir:12:5`, else its name or the file of its own."""
    for one in _leaves(location):
        if isinstance(one, ir.FileLineColLoc) and one.filename == TEXT:
            return f"{file}:{one.start_line}:{one.start_col}"
    sources = list(_sources(location))
    if not sources:
        return file
    first = sources[0]
    shown = f"{first.file}:{first.line}" if first.file else ""
    return f"{file}: {first.name} ({shown})" if first.name and shown else f"{file}: {first.name or shown}"


def name_in(location: Any) -> str:
    """The name that a location gives by itself, "" where it gives none."""
    return next((one.name_str for one in _leaves(location) if isinstance(one, ir.NameLoc)), "")


def _sources(location: Any) -> Iterator[Source]:
    match location:
        case ir.NameLoc():
            inner = next(_sources(location.child_loc), None)
            yield Source(location.name_str, *((inner.file, inner.line) if inner is not None else ()))
        case ir.FileLineColLoc():
            yield Source("", Path(location.filename).name, location.start_line)
        case ir.CallSiteLoc():
            yield from _frame(location)
        case ir.FusedLoc():
            for one in location.locations:
                yield from _sources(one)


def _frame(location: Any) -> Iterator[Source]:
    """The innermost frame of a call that is the model's own."""
    frames = []
    while isinstance(location, ir.CallSiteLoc):
        frames.append(location.callee)
        location = location.caller
    frames.append(location)
    own = [f for f in frames if not (isinstance(f, ir.FileLineColLoc) and _LIBRARY in f.filename)]
    yield from _sources((own or frames)[0])


def _leaves(location: Any) -> Iterator[Any]:
    match location:
        case ir.CallSiteLoc():
            yield from _leaves(location.callee)
            yield from _leaves(location.caller)
        case ir.FusedLoc():
            for one in location.locations:
                yield from _leaves(one)
        case ir.NameLoc():
            yield location
            yield from _leaves(location.child_loc)
        case _:
            yield location
