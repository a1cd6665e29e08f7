"""Schedules in the process that runs MLIR: named sequences read from files, and the module that applies one to a stage.

A file of the user's replaces sequences of families of stages by their names. What such a file gets wrong is said at its
own line: each sequence keeps the locations it was read with.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch_mlir import ir

from mlc.errors import nearest

_PLACE = re.compile(r'"((?:[^"\\]|\\.)*)":(\d+):(\d+)')
_TEXT = "-"  # what MLIR calls a text that was read from no file


class Failure(Exception):
    """What MLIR refused, in which step, and where in a file of the user's if it is there."""

    def __init__(self, message: str, where: str = "") -> None:
        super().__init__(message)
        self.message, self.where = message, where


@dataclass(frozen=True)
class NamedSequence:
    """One sequence: its text with locations, its type, and where it stands."""

    name: str
    text: str
    type: str
    where: str


@dataclass(frozen=True)
class Schedules:
    """The sequence of each family, and those that only other sequences include."""

    families: Mapping[str, NamedSequence]
    others: Sequence[NamedSequence] = ()

    def replaced_by(self, file: str, text: str) -> Schedules:
        """With the sequences of a user's file. Raises Failure for one of no family, or that takes other operands."""
        found = read(file, text)
        names = ", ".join(f"@{name}" for name in self.families)
        if not found:
            raise Failure(
                f"the schedule has no transform.named_sequence; it replaces those of the families {names}", file
            )
        others: list[NamedSequence] = []
        for one in found:
            family = self.families.get(one.name)
            if family is None:
                if not any(re.search(rf"@{re.escape(one.name)}\b", o.text) for o in found if o is not one):
                    hint = nearest(one.name, list(self.families)) or f"; the families are {names}"
                    raise Failure(f"no family of stages is called @{one.name}{hint}", one.where)
                others.append(one)
            elif one.type != family.type:
                raise Failure(f"@{one.name} is given {family.type}, but takes {one.type}", one.where)
        return Schedules({**self.families, **{o.name: o for o in found if o.name in self.families}}, others)

    def driver(self, function: str, family: str, parameters: Sequence[tuple[str, Any]]) -> str:
        """The module that applies a family's sequence: a function, the sequence, and an entry with the parameters."""
        if family not in self.families:
            raise Failure(f"no schedule has a named sequence @{family}")
        lines = [
            '%func = transform.structured.match ops{["func.func"]} in %module : '
            "(!transform.any_op) -> !transform.any_op"
        ]
        names, types = ["%func"], ["!transform.any_op"]
        for name, value in parameters:
            numbers = value if isinstance(value, list) else [value]
            parts = [f"%{name}_{i}" for i in range(len(numbers))]
            lines += [
                f"{part} = transform.param.constant {number} : i64 -> !transform.param<i64>"
                for part, number in zip(parts, numbers, strict=True)
            ]
            if len(parts) > 1:
                lines.append(f"%{name} = transform.merge_handles {', '.join(parts)} : !transform.param<i64>")
            names.append(f"%{name}" if len(parts) > 1 else parts[0])
            types.append("!transform.param<i64>")
        body = "\n    ".join(lines)
        sequences = "\n  ".join([*(o.text for o in self.others), self.families[family].text])
        return f"""module attributes {{transform.with_named_sequence}} {{
  {function}
  {sequences}
  transform.named_sequence @__transform_main(%module: !transform.any_op {{transform.readonly}}) {{
    {body}
    transform.include @{family} failures(propagate) ({", ".join(names)}) : ({", ".join(types)}) -> ()
    transform.yield
  }}
}}"""


def read(file: str, text: str) -> list[NamedSequence]:
    """The named sequences of a schedule in the current context. Raises Failure at the line MLIR cannot read."""
    try:
        module = ir.Module.parse(text)
    except ir.MLIRError as error:
        failure = told(error, file)
        raise Failure(f"MLIR refuses the schedule: {failure.message}", failure.where) from None
    return [_sequence(op, file) for op in module.body.operations if op.operation.name == "transform.named_sequence"]


def _sequence(op: Any, file: str) -> NamedSequence:
    text = op.operation.get_asm(enable_debug_info=True, use_local_scope=True)
    kind = str(ir.TypeAttr(op.attributes["function_type"]).value)
    return NamedSequence(
        ir.StringAttr(op.attributes["sym_name"]).value,
        text.replace(f'loc("{_TEXT}":', f"loc({json.dumps(file)}:"),
        kind.replace("!transform.", "").removesuffix(" -> ()"),
        _where(str(op.location), file),
    )


def told(error: Any, file: str = "") -> Failure:
    """The first diagnostic of an MLIRError in one line, at its place in a file of the user's.

    `file` is the one whose text MLIR was given, where it was; places in other texts mean nothing to the user.
    """
    if not error.error_diagnostics:
        return Failure(str(error).strip().splitlines()[0])
    first = error.error_diagnostics[0]
    message = first.message.strip().splitlines()[0]
    return Failure(message, _where(str(first.location), file))


def _where(location: str, file: str) -> str:
    """file:line:column of a location; "" where it is in no file."""
    for name, line, column in _PLACE.findall(location):
        place = file if name == _TEXT else json.loads(f'"{name}"')
        if place:
            return f"{place}:{line}:{column}"
    return ""
