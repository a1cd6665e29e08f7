"""Tensor extents: an int, or a normalized integer expression over named symbols.

A `Dim` is `int | DimExpr`. Arithmetic on either gives a `Dim` again, reduced to an int wherever the symbols cancel, so
two dims are the same extent exactly when `==` says so. The normal form is a sum of integer multiples of products of
atoms; an atom is a symbol, or a floordiv, mod, min or max that could not be split further. Symbols are extents:
integers >= 0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, reduce


@dataclass(frozen=True)
class Symbol:
    """A named extent, an integer >= 0 that is known when the model runs."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Quotient:
    """`x floordiv y`, `x mod y`, `min(x, y)` or `max(x, y)` that no rule could reduce."""

    kind: str
    x: Dim
    y: Dim

    def __str__(self) -> str:
        if self.kind in ("min", "max"):
            return f"{self.kind}({self.x}, {self.y})"
        return f"{_wrapped(self.x)} {self.kind} {_wrapped(self.y)}"


Atom = Symbol | Quotient
Monomial = tuple[Atom, ...]


@dataclass(frozen=True)
class DimExpr:
    """A sum of `coefficient * atoms` terms with at least one symbol; made by `symbol` and arithmetic alone."""

    terms: tuple[tuple[Monomial, int], ...]

    def __add__(self, other: object) -> Dim:
        return _sum(self, other, 1) if isinstance(other, int | DimExpr) else NotImplemented

    def __radd__(self, other: object) -> Dim:
        return self.__add__(other)

    def __sub__(self, other: object) -> Dim:
        return _sum(self, other, -1) if isinstance(other, int | DimExpr) else NotImplemented

    def __rsub__(self, other: object) -> Dim:
        return _sum(-1 * self, other, 1) if isinstance(other, int | DimExpr) else NotImplemented

    def __mul__(self, other: object) -> Dim:
        return _product(self, other) if isinstance(other, int | DimExpr) else NotImplemented

    def __rmul__(self, other: object) -> Dim:
        return self.__mul__(other)

    def __neg__(self) -> Dim:
        return self * -1

    def __floordiv__(self, other: object) -> Dim:
        return floordiv(self, other) if isinstance(other, int | DimExpr) else NotImplemented

    def __rfloordiv__(self, other: object) -> Dim:
        return floordiv(other, self) if isinstance(other, int | DimExpr) else NotImplemented

    def __mod__(self, other: object) -> Dim:
        return mod(self, other) if isinstance(other, int | DimExpr) else NotImplemented

    def __rmod__(self, other: object) -> Dim:
        return mod(other, self) if isinstance(other, int | DimExpr) else NotImplemented

    @cached_property
    def text(self) -> str:
        """The expression as MLIR's affine syntax writes it: `2 * N + 1`, `(H + 1) floordiv 2`."""
        parts: list[str] = []
        for monomial, coefficient in self.terms:
            factors = [str(a) if isinstance(a, Symbol) or a.kind in ("min", "max") else f"({a})" for a in monomial]
            if len(self.terms) == 1 and len(monomial) == 1 and coefficient == 1:
                factors = [str(monomial[0])]
            size = abs(coefficient)
            body = " * ".join(factors if size == 1 and factors else [str(size), *factors])
            sign = "-" if coefficient < 0 else "+"
            parts.append(f"{sign} {body}" if parts else (f"-{body}" if coefficient < 0 else body))
        return " ".join(parts)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Dim({self.text!r})"

    def symbols(self) -> Iterator[str]:
        """Names of the symbols that occur, in order of the text, repeated as they repeat."""
        for monomial, _ in self.terms:
            for atom in monomial:
                match atom:
                    case Symbol(name):
                        yield name
                    case Quotient(_, x, y):
                        yield from symbols_of(x)
                        yield from symbols_of(y)


Dim = int | DimExpr


def symbol(name: str) -> DimExpr:
    """The dim that is the symbol `name` alone; a name is a letter or `_` and then letters, digits, `_` or `.`."""
    assert re.fullmatch(_NAME, name), name
    return DimExpr((((Symbol(name),), 1),))


def symbols_of(dim: Dim) -> list[str]:
    """Names of the symbols in `dim`, each once, in order of first appearance."""
    return [] if isinstance(dim, int) else list(dict.fromkeys(dim.symbols()))


def is_static(dim: Dim) -> bool:
    """Whether `dim` is a plain number."""
    return isinstance(dim, int)


def product(dims: tuple[Dim, ...] | list[Dim]) -> Dim:
    """The product of all dims; 1 for none."""
    one: Dim = 1
    return reduce(lambda a, b: a * b, dims, one)


def floordiv(x: Dim, y: Dim) -> Dim:
    """x / y rounded towards minus infinity; terms of x that y divides are split off exactly."""
    if isinstance(x, int) and isinstance(y, int):
        if y == 0:
            raise ZeroDivisionError("dim divided by zero")
        return x // y
    if y == 1:
        return x
    if x == y:
        return 1
    if (exact := exact_div(x, y)) is not None:
        return exact
    whole, rest = _split_multiples(x, y)
    if whole != 0:
        return whole + floordiv(rest, y)
    return _atom(Quotient("floordiv", x, y))


def mod(x: Dim, y: Dim) -> Dim:
    """x - y * (x floordiv y)."""
    if isinstance(x, int) and isinstance(y, int):
        return x % y
    if y == 1 or x == y or exact_div(x, y) is not None:
        return 0
    whole, rest = _split_multiples(x, y)
    return mod(rest, y) if whole != 0 else _atom(Quotient("mod", x, y))


def minimum(x: Dim, y: Dim) -> Dim:
    """The smaller of two dims; reduced where their difference is a number."""
    return _choose("min", x, y)


def maximum(x: Dim, y: Dim) -> Dim:
    """The larger of two dims; reduced where their difference is a number or a symbol is compared with 0."""
    return _choose("max", x, y)


def ceildiv(x: Dim, y: int) -> Dim:
    """x / y rounded towards plus infinity."""
    return floordiv(x + (y - 1), y)


def exact_div(x: Dim, y: Dim) -> Dim | None:
    """x / y where every term of x is a multiple of the single-term y, else None."""
    divisor = _terms(y)
    if len(divisor) != 1:
        return None
    (y_atoms, y_coefficient) = next(iter(divisor.items()))
    quotient: dict[Monomial, int] = {}
    for atoms, coefficient in _terms(x).items():
        left = list(atoms)
        for atom in y_atoms:
            if atom not in left:
                return None
            left.remove(atom)
        if y_coefficient == 0 or coefficient % y_coefficient:
            return None
        quotient[tuple(left)] = coefficient // y_coefficient
    return _normal(quotient)


def evaluate(dim: Dim, values: Mapping[str, int]) -> int:
    """The number `dim` stands for when each symbol has its value; KeyError names a symbol without one."""
    result = substitute(dim, values)
    if not isinstance(result, int):
        raise KeyError(symbols_of(result)[0])
    return result


def substitute(dim: Dim, values: Mapping[str, Dim]) -> Dim:
    """`dim` with the given symbols replaced, normalized again."""
    if isinstance(dim, int):
        return dim
    total: Dim = 0
    for monomial, coefficient in dim.terms:
        term: Dim = coefficient
        for atom in monomial:
            match atom:
                case Symbol(name):
                    term = term * values.get(name, symbol(name))
                case Quotient(kind, x, y):
                    term = term * _OPERATIONS[kind](substitute(x, values), substitute(y, values))
        total = total + term
    return total


def lower_bound(dim: Dim) -> int | None:
    """A number `dim` is never below given that symbols are >= 0, or None when no bound was found."""
    total = 0
    for atoms, coefficient in _terms(dim).items():
        if not atoms:
            total += coefficient
        elif coefficient < 0 or any(_atom_bound(a) is None for a in atoms):
            return None
        else:
            total += coefficient * reduce(lambda p, a: p * (_atom_bound(a) or 0), atoms, 1)
    return total


def _atom_bound(atom: Atom) -> int | None:
    match atom:
        case Symbol():
            return 0
        case Quotient("mod", _, int() as y) if y > 0:
            return 0
        case Quotient("floordiv", x, int() as y) if y > 0:
            low = lower_bound(x)
            return None if low is None or low < 0 else low // y
        case Quotient("min", x, y):
            lows = [b for b in (lower_bound(x), lower_bound(y)) if b is not None]
            return min(lows) if len(lows) == 2 and min(lows) >= 0 else None
        case Quotient("max", x, y):
            lows = [b for b in (lower_bound(x), lower_bound(y)) if b is not None]
            return max(lows) if lows and max(lows) >= 0 else None
    return None


def parse_dim(text: str) -> Dim:
    """The dim that `str(dim)` printed. Raises ValueError naming the token that does not fit."""
    return _DimParser(text).parse()


# --- normal form ------------------------------------------------------------------------------------------------------


def _terms(dim: Dim) -> dict[Monomial, int]:
    return ({(): dim} if dim else {}) if isinstance(dim, int) else dict(dim.terms)


def _normal(terms: dict[Monomial, int]) -> Dim:
    kept = {m: c for m, c in terms.items() if c}
    if not kept:
        return 0
    if set(kept) == {()}:
        return kept[()]
    # Higher degree first, then by text, the constant last: one order, so equal sums are equal tuples.
    order = sorted(kept, key=lambda m: (-len(m), [str(a) for a in m]))
    return DimExpr(tuple((m, kept[m]) for m in order))


def _atom(atom: Atom) -> Dim:
    return DimExpr((((atom,), 1),))


def _sum(x: Dim, y: Dim, sign: int) -> Dim:
    terms = _terms(x)
    for monomial, coefficient in _terms(y).items():
        terms[monomial] = terms.get(monomial, 0) + sign * coefficient
    return _normal(terms)


def _product(x: Dim, y: Dim) -> Dim:
    terms: dict[Monomial, int] = {}
    for xm, xc in _terms(x).items():
        for ym, yc in _terms(y).items():
            monomial = tuple(sorted(xm + ym, key=str))
            terms[monomial] = terms.get(monomial, 0) + xc * yc
    return _normal(terms)


def _split_multiples(x: Dim, y: Dim) -> tuple[Dim, Dim]:
    """(q, r) with x = q * y + r, q taking all terms of x that y divides, and whole parts of constants."""
    whole: Dim = 0
    rest: dict[Monomial, int] = {}
    for monomial, coefficient in _terms(x).items():
        part = exact_div(_normal({monomial: coefficient}), y)
        if part is not None:
            whole = whole + part
        elif isinstance(y, int) and not monomial:
            whole = whole + coefficient // y
            rest[monomial] = coefficient % y
        else:
            rest[monomial] = coefficient
    return whole, _normal(rest)


def _choose(kind: str, x: Dim, y: Dim) -> Dim:
    pick: Callable[[int, int], int] = min if kind == "min" else max
    if isinstance(x, int) and isinstance(y, int):
        return pick(x, y)
    if (low := lower_bound(x - y)) is not None and low >= 0:
        return x if kind == "max" else y
    if (low := lower_bound(y - x)) is not None and low >= 0:
        return y if kind == "max" else x
    first, second = sorted((x, y), key=str)
    return _atom(Quotient(kind, first, second))


def _wrapped(dim: Dim) -> str:
    simple = isinstance(dim, int) and dim >= 0
    alone = isinstance(dim, DimExpr) and re.fullmatch(_NAME, dim.text)
    return str(dim) if simple or alone else f"({dim})"


_OPERATIONS: dict[str, Callable[[Dim, Dim], Dim]] = {"floordiv": floordiv, "mod": mod, "min": minimum, "max": maximum}
_NAME = r"[A-Za-z_][A-Za-z0-9_.]*"
_TOKEN = re.compile(rf"\s*(?:(\d+)|({_NAME})|([-+*(),]))")


class _DimParser:
    """Recursive descent over `sum := product (+|- product)*`, `product := unary (*|floordiv|mod unary)*`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[str] = []
        at = 0
        while at < len(text.rstrip()):
            match = _TOKEN.match(text, at)
            if match is None:
                raise ValueError(f"dim expression {text!r}: cannot read {text[at:]!r}")
            self.tokens.append(match.group(0).strip())
            at = match.end()
        self.at = 0

    def parse(self) -> Dim:
        dim = self._sum()
        if self.at < len(self.tokens):
            raise ValueError(f"dim expression {self.text!r}: unexpected {self.tokens[self.at]!r}")
        return dim

    def _peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def _take(self, expected: str = "") -> str:
        token = self._peek()
        if not token or (expected and token != expected):
            raise ValueError(
                f"dim expression {self.text!r}: expected {expected or 'a term'}, got {token or 'the end'!r}"
            )
        self.at += 1
        return token

    def _sum(self) -> Dim:
        dim = self._product()
        while self._peek() in ("+", "-"):
            sign = self._take()
            right = self._product()
            dim = dim + right if sign == "+" else dim - right
        return dim

    def _product(self) -> Dim:
        dim = self._unary()
        while self._peek() in ("*", "floordiv", "mod"):
            match self._take():
                case "*":
                    dim = dim * self._unary()
                case kind:
                    dim = _OPERATIONS[kind](dim, self._unary())
        return dim

    def _unary(self) -> Dim:
        token = self._take()
        if token == "-":
            return -1 * self._unary()
        if token == "(":
            dim = self._sum()
            self._take(")")
            return dim
        if token in ("min", "max"):
            self._take("(")
            x = self._sum()
            self._take(",")
            y = self._sum()
            self._take(")")
            return _OPERATIONS[token](x, y)
        if token.isdigit():
            return int(token)
        if not re.fullmatch(_NAME, token) or token in ("floordiv", "mod"):
            raise ValueError(f"dim expression {self.text!r}: unexpected {token!r}")
        return symbol(token)
