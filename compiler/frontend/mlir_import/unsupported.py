"""All ops of a text that mlc cannot import, in one error: who has to change a model wants to see everything at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mlc.errors import CompileError


@dataclass(frozen=True)
class Refusal:
    """An op, why it cannot be imported, and where it stands."""

    op: str
    reason: str
    where: str
    detail: str = ""


def raise_all(refusals: Sequence[Refusal], file: str) -> None:
    """Raises one CompileError for the refusals, grouped by op and reason; nothing for none."""
    if not refusals:
        return
    if len(refusals) == 1:
        (only,) = refusals
        raise CompileError(f"{only.op}: {only.reason}", where=only.where, detail=only.detail)
    groups: dict[tuple[str, str], list[str]] = {}
    for refusal in refusals:
        groups.setdefault((refusal.op, refusal.reason), []).append(refusal.where.removeprefix(f"{file}:").strip())
    lines = [f"{op} ({reason}): {', '.join(dict.fromkeys(places))}" for (op, reason), places in groups.items()]
    raise CompileError(f"{len(refusals)} operations are not supported", where=file, detail="\n  ".join(lines))
