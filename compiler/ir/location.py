"""Where an op comes from: the model's own node names, never machine paths.

A `Location` is an ordered set of sources. Rewrites fuse the locations of what they replace, so an op that stands for a
convolution and its batch norm prints `loc(fused["conv1", "bn1"])`.
"""

from __future__ import annotations

from dataclasses import dataclass

from mlc.ir.quoting import quote


@dataclass(frozen=True)
class Source:
    """One source node: its name in the model and, where the frontend knows it, the file and line that wrote it."""

    name: str
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        place = f"({quote(self.file)}:{self.line}:0)" if self.file else ""
        return quote(self.name) + place


@dataclass(frozen=True)
class Location:
    """The source nodes an op stands for, in the order they were fused; none for an op that no node asked for."""

    sources: tuple[Source, ...] = ()

    @staticmethod
    def of(name: str, file: str = "", line: int = 0) -> Location:
        """The location of one source node; unknown when it has no name."""
        return Location((Source(name, file, line),)) if name else UNKNOWN

    def fused_with(self, *others: Location) -> Location:
        """All sources of this and the others, each once, in order."""
        return Location(tuple(dict.fromkeys([*self.sources, *(s for o in others for s in o.sources)])))

    @property
    def names(self) -> tuple[str, ...]:
        """The source nodes' names."""
        return tuple(s.name for s in self.sources)

    @property
    def title(self) -> str:
        """The names joined by `+` for tables and messages; `?` when unknown."""
        return "+".join(self.names) or "?"

    def __str__(self) -> str:
        match self.sources:
            case ():
                return "loc(unknown)"
            case (only,):
                return f"loc({only})"
            case many:
                return f"loc(fused[{', '.join(str(s) for s in many)}])"


UNKNOWN = Location()
