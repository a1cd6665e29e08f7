"""Remarks: what a pass did, or nearly did and why not, as plain data for printing and for JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Remark:
    """One rewrite that happened ("passed") or was refused ("missed").

    `application` counts the rewrites of one rule in one run of its pass from 1; it is 0 for a miss. `blocker` says
    which use, value or attribute stood in the way.
    """

    kind: Literal["passed", "missed"]
    pass_name: str
    rule: str
    op: str
    sources: tuple[str, ...]
    reason: str
    application: int = 0
    blocker: str = ""
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON takes them."""
        return asdict(self)

    def __str__(self) -> str:
        rule = f"{self.pass_name}/{self.rule}" if self.rule else self.pass_name
        place = "+".join(self.sources) or "?"
        if self.kind == "missed":
            blocker = f" (blocked by {self.blocker})" if self.blocker else ""
            return f"missed  {rule} at {place} ({self.op}): {self.reason}{blocker}"
        change = f"{', '.join(self.before) or 'nothing'} -> {', '.join(self.after) or 'nothing'}"
        reason = f": {self.reason}" if self.reason else ""
        return f"passed  {rule} #{self.application} at {place}: {change}{reason}"
