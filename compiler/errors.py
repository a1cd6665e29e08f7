"""The errors mlc raises for things its user can mend, each located and ending in what to do.

`CompileError` is the one type the command line turns into exit code 2. A wrong state inside mlc itself is an
`AssertionError` and never a `CompileError`.
"""

from __future__ import annotations


class CompileError(Exception):
    """The user's model, option or input is wrong.

    `where` is the file or node, `detail` the op line or the list under the sentence; both may be empty.
    """

    def __init__(self, message: str, *, where: str = "", detail: str = "") -> None:
        self.message = message
        self.where = where
        self.detail = detail
        super().__init__(self._text())

    def _text(self) -> str:
        head = f"{self.where}: {self.message}" if self.where else self.message
        return f"{head}\n  {self.detail}" if self.detail else head

    def at(self, where: str, detail: str = "") -> CompileError:
        """The same error with its place filled in: an inner caller knows the node, an outer one the file."""
        return type(self)(self.message, where=self.place(where), detail=self.detail or detail)

    def place(self, where: str) -> str:
        """`where` in front of the error's own place, unless that begins with it."""
        is_placed = self.where == where or self.where.startswith(f"{where}: ")
        return self.where if is_placed else f"{where}: {self.where}" if self.where else where


class ParseError(CompileError):
    """Text is not the IR's: located at line and column, with the line and a caret in `detail`."""


class VerifyError(CompileError):
    """A module breaks an invariant of the IR; `where` names the op's source node."""


def nearest(name: str, known: list[str]) -> str:
    """A closing hint ", did you mean 'a' or 'b'?" of the known names like `name`, or "" when none is near."""
    import difflib

    close = difflib.get_close_matches(name, sorted(set(known)), n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(repr(c) for c in close)}?" if close else ""
