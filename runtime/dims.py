"""Tensor extents as an artifact's manifest writes them: integer expressions over named symbols, read and evaluated.

The text is that of the IR's dims, such as `2 * N + 1`, `(H + 1) floordiv 2` or `max(L, 3)`. Nothing is normalized here:
an artifact only ever asks for the number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

# A number, a symbol, or an operator's name and its two operands.
Expr = int | str | tuple[str, "Expr", "Expr"]

OPERATORS: dict[str, Callable[[int, int], int]] = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "floordiv": lambda x, y: x // y,
    "mod": lambda x, y: x % y,
    "min": min,
    "max": max,
}
_TOKEN = re.compile(r"\s*(\d+|[A-Za-z_][A-Za-z0-9_.]*|[-+*(),])")


def parse(text: str) -> Expr:
    """The expression that text spells. Raises ValueError with the part that does not fit."""
    tokens = _tokens(text)
    expr, rest = _sum(tokens)
    if rest != [""]:
        raise ValueError(f"dim {text!r}: unexpected {rest[0]!r}")
    return expr


def evaluate(expr: Expr, values: Mapping[str, int]) -> int:
    """The number expr stands for; KeyError names a symbol without a value."""
    match expr:
        case int():
            return expr
        case str():
            return values[expr]
        case (operator, x, y):
            return OPERATORS[operator](evaluate(x, values), evaluate(y, values))


def fixed(shape: Sequence[Expr]) -> tuple[int, ...] | None:
    """The shape in numbers, or None where a symbol decides."""
    known = tuple(dim for dim in shape if isinstance(dim, int))
    return known if len(known) == len(shape) else None


def symbols_of(expr: Expr) -> set[str]:
    """Names of the symbols in expr."""
    match expr:
        case int():
            return set()
        case str():
            return {expr}
        case (_, x, y):
            return symbols_of(x) | symbols_of(y)


def _tokens(text: str) -> list[str]:
    """The tokens of text, then "" for its end."""
    found: list[str] = []
    at = 0
    while text[at:].strip():
        token = _TOKEN.match(text, at)
        if token is None:
            raise ValueError(f"dim {text!r}: cannot read {text[at:].strip()!r}")
        found.append(token.group(1))
        at = token.end()
    return [*found, ""]


def _sum(tokens: list[str]) -> tuple[Expr, list[str]]:
    return _chain(tokens, ("+", "-"), _product)


def _product(tokens: list[str]) -> tuple[Expr, list[str]]:
    return _chain(tokens, ("*", "floordiv", "mod"), _factor)


Parser = Callable[[list[str]], tuple[Expr, list[str]]]


def _chain(tokens: list[str], operators: tuple[str, ...], operand: Parser) -> tuple[Expr, list[str]]:
    """Operands joined by operators of one strength, grouped from the left."""
    x, rest = operand(tokens)
    while rest[0] in operators:
        operator = rest[0]
        y, rest = operand(rest[1:])
        x = (operator, x, y)
    return x, rest


def _factor(tokens: list[str]) -> tuple[Expr, list[str]]:
    match tokens:
        case ["-", *rest]:
            x, rest = _factor(rest)
            return ("-", 0, x), rest
        case ["(", *rest]:
            x, rest = _sum(rest)
            return x, _after(")", rest)
        case [("min" | "max") as name, "(", *rest]:
            x, rest = _sum(rest)
            y, rest = _sum(_after(",", rest))
            return (name, x, y), _after(")", rest)
        case [token, *rest] if token.isdigit():
            return int(token), rest
        case [token, *rest] if token.isidentifier() or "." in token:
            if token not in OPERATORS:
                return token, rest
    raise ValueError(f"dim: expected a term, got {tokens[0] or 'the end'!r}")


def _after(expected: str, tokens: list[str]) -> list[str]:
    if tokens[0] != expected:
        raise ValueError(f"dim: expected {expected!r}, got {tokens[0] or 'the end'!r}")
    return tokens[1:]
