"""The symbols that stand for `?`: one for each of an argument, until an op says that two extents are the same.

What an op demands (operands of a linalg op that share a loop, an assertion) is collected while the ops are walked. When
that ties symbols of arguments together, the walk is done again with one symbol for both, so that the types say it.
"""

from __future__ import annotations

import re

from mlc.errors import CompileError
from mlc.ir import Dim, DimExpr, symbol
from mlc.ir.dims import substitute, symbols_of

_RESERVED = frozenset({"floordiv", "mod", "min", "max"})


class Ties:
    """Symbols that are known to be the same extent as another symbol, or a number."""

    def __init__(self) -> None:
        self.known: dict[str, Dim] = {}

    def tie(self, x: Dim, y: Dim, among: set[str]) -> bool:
        """Notes that x and y are equal; True when that is news about a symbol in `among`.

        Only a dim that is one symbol alone can be replaced by what it equals. Raises CompileError for two numbers.
        """
        x, y = self.resolved(x), self.resolved(y)
        if x == y:
            return False
        if isinstance(x, int) and isinstance(y, int):
            raise CompileError(f"an extent is {x} and {y} at once")
        for one, other in ((y, x), (x, y)):
            name = _alone(one)
            if name in among and name not in symbols_of(other) and set(symbols_of(other)) <= among:
                self.known[name] = other
                return True
        return False

    def resolved(self, dim: Dim) -> Dim:
        """`dim` with the symbols replaced by what they are known to equal."""
        while any(s in self.known for s in symbols_of(dim)):
            dim = substitute(dim, self.known)
        return dim


def _alone(dim: Dim) -> str:
    """The name of a dim that is one symbol, "" for any other."""
    names = symbols_of(dim)
    return names[0] if len(names) == 1 and dim == symbol(names[0]) else ""


class Symbols:
    """The symbols of one walk."""

    def __init__(self, ties: Ties) -> None:
        self.ties = ties
        self._taken: set[str] = set()

    def fresh(self, hint: str) -> Dim:
        """What a new `?` is: a symbol of its own, or what that is tied to."""
        return self.ties.resolved(symbol(self._free(hint)))

    def take(self, dim: Dim) -> Dim:
        """A dim that the text spells, whose names no other symbol gets."""
        self._taken |= set(symbols_of(dim))
        return self.ties.resolved(dim)

    def _free(self, hint: str) -> str:
        stem = re.sub(r"[^A-Za-z0-9_.]+", "_", hint).strip("_.") or "d"
        stem = stem if re.match(r"[A-Za-z_]", stem) else f"d_{stem}"
        name, number = stem, 0
        while name in self._taken or name in _RESERVED:
            number += 1
            name = f"{stem}_{number}"
        self._taken.add(name)
        return name


def is_known(dim: Dim) -> bool:
    """Whether the dim is a number."""
    return not isinstance(dim, DimExpr)
