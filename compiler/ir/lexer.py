"""Tokens of IR text, each with its place, and the errors that point at one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mlc.errors import ParseError


@dataclass(frozen=True)
class Token:
    """`kind` is one of string, number, value, symbol, caret, type, word, punctuation, end."""

    kind: str
    text: str
    start: int


_TOKEN = re.compile(
    r"""(?P<space>(?:\s|//[^\n]*)+)
    |(?P<string>"(?:[^"\\\n]|\\.)*")
    |(?P<value>%[A-Za-z0-9_$.-]+(?:\#\d+)?)
    |(?P<symbol>@(?:[A-Za-z_][\w$.]*|"(?:[^"\\\n]|\\.)*"))
    |(?P<caret>\^[A-Za-z0-9_$.-]+)
    |(?P<number>-?(?:0x[0-9A-Fa-f]+|\d+\.\d*(?:[eE][-+]?\d+)?|\d+))
    |(?P<word>[!\#]?[A-Za-z_][\w$.]*)
    |(?P<punctuation>->|[()\[\]{}<>,:=*?])
    """,
    re.VERBOSE,
)


class Lexer:
    """The tokens of `text`, read one ahead; `file` is named in errors."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.end = 0
        self.token = self._next()

    def take(self) -> Token:
        """The current token, stepping past it."""
        token = self.token
        self.token = self._next()
        return token

    def expect(self, text: str) -> Token:
        """The current token, which must be `text`."""
        if self.token.text != text or self.token.kind == "string":
            raise self.error(f"expected '{text}', got {self.describe()}")
        return self.take()

    def expect_kind(self, kind: str, what: str) -> Token:
        """The current token, which must be of this kind."""
        if self.token.kind != kind:
            raise self.error(f"expected {what}, got {self.describe()}")
        return self.take()

    def accept(self, text: str) -> bool:
        """Steps past the current token if it is `text`."""
        if self.token.text == text and self.token.kind != "string":
            self.take()
            return True
        return False

    def describe(self) -> str:
        """The current token for a message."""
        return "the end of the text" if self.token.kind == "end" else f"'{self.token.text}'"

    def type_text(self) -> str:
        """The raw text of a type that starts at the current token, up to where its brackets close."""
        start = self.token.start
        first = self.take()
        end = first.start + len(first.text)
        if self.token.text == "<" and self.token.start == end:
            depth, at = 0, self.token.start
            while at < len(self.text):
                match = re.compile(r'"(?:[^"\\\n]|\\.)*"|.', re.DOTALL).match(self.text, at)
                assert match is not None
                depth += {"<": 1, ">": -1}.get(match.group(0), 0)
                at = match.end()
                if depth == 0:
                    break
            if depth:
                raise self.error("this '<' is never closed")
            self.end = end = at
            self.token = self._next()
        return self.text[start:end]

    def error(self, message: str, at: int | None = None) -> ParseError:
        """An error at the current token (or at offset `at`): file, line, column, the line and a caret under it."""
        offset = self.token.start if at is None else at
        line = self.text.count("\n", 0, offset) + 1
        begin = self.text.rfind("\n", 0, offset) + 1
        stop = self.text.find("\n", offset)
        source = self.text[begin : stop if stop >= 0 else len(self.text)]
        column = offset - begin
        # A window of the line, so that a long one still shows its caret.
        left = max(0, column - 80)
        window = source[left : left + 160]
        return ParseError(
            message, where=f"{self.file}:{line}:{column + 1}", detail=f"{window}\n  {' ' * (column - left)}^"
        )

    def _next(self) -> Token:
        while True:
            if self.end >= len(self.text):
                return Token("end", "", len(self.text))
            match = _TOKEN.match(self.text, self.end)
            if match is None:
                raise self.error(f"unexpected character {self.text[self.end]!r}", self.end)
            self.end = match.end()
            if match.lastgroup != "space":
                return Token(str(match.lastgroup), match.group(0), match.start())
