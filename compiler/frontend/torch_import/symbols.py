"""Sizes that torch keeps symbolic: sympy expressions over its symbols as Dims, under the names a user knows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import sympy
import torch
from torch.fx.experimental.symbolic_shapes import statically_known_true
from torch.utils._sympy import functions

from mlc.errors import CompileError
from mlc.ir import Dim, symbol
from mlc.ir.dims import maximum, minimum

_RESERVED = frozenset({"floordiv", "mod", "min", "max"})


class Symbols:
    """The symbols of one graph; `names` gives those that have a name of their own, the others keep torch's."""

    def __init__(self, names: Mapping[str, str] | None = None) -> None:
        self._names: dict[str, str] = {}
        self._opaque: dict[sympy.Expr, Dim] = {}
        self._taken: set[str] = set()
        for name, wanted in (names or {}).items():
            self._names[name] = self._free(wanted)

    def dim(self, size: Any) -> Dim:
        """The dim of an int or torch.SymInt. Raises CompileError for an expression that dims cannot spell."""
        return int(size) if isinstance(size, int) else self.expression(size.node.expr)

    def dims(self, shape: Any) -> tuple[Dim, ...]:
        """The dims of a torch.Size."""
        return tuple(self.dim(size) for size in shape)

    def expression(self, expr: sympy.Expr) -> Dim:
        """The dim that a sympy expression of torch's stands for."""
        if expr in self._opaque:
            return self._opaque[expr]
        match expr:
            case sympy.Integer():
                return int(expr)
            case sympy.Symbol():
                return symbol(self._name(str(expr)))
            case sympy.Add() if _are_whole(expr):
                return sum((self.expression(a) for a in expr.args), 0)
            case sympy.Mul() if _are_whole(expr):
                product: Dim = 1
                for argument in expr.args:
                    product = product * self.expression(argument)
                return product
            case sympy.Pow() if expr.exp.is_Integer and expr.exp.is_positive:
                power: Dim = 1
                for _ in range(int(expr.exp)):
                    power = power * self.expression(expr.base)
                return power
            case functions.FloorDiv() | functions.CleanDiv():
                return self.expression(expr.args[0]) // self.expression(expr.args[1])
            case functions.Mod() | functions.PythonMod():
                return self.expression(expr.args[0]) % self.expression(expr.args[1])
            case functions.CeilToInt() | functions.TruncToInt() | functions.FloorToInt() if _are_whole(expr):
                return self.expression(expr.args[0])
            case functions.Identity():
                return self.expression(expr.args[0])
            case functions.Max() | functions.Min() if _are_whole(expr):
                parts = [self.expression(a) for a in expr.args]
                chosen = parts[0]
                for part in parts[1:]:
                    chosen = (maximum if isinstance(expr, functions.Max) else minimum)(chosen, part)
                return chosen
        if not expr.is_integer and not _is_of_bits(expr):
            raise CompileError(f"a size of {expr} is not supported: it is no whole number")
        return self.opaque(expr, "size")

    def opaque(self, expr: sympy.Expr, hint: str) -> Dim:
        """A symbol of its own for an expression that dims cannot spell, or whose symbols nobody tells."""
        if expr not in self._opaque:
            self._opaque[expr] = self.fresh(hint)
        return self._opaque[expr]

    def tell(self, expr: sympy.Expr, hint: str) -> Dim:
        """`opaque`, and where the expression is n times something plus m, that something by the symbol too."""
        dim = self.opaque(expr, hint)
        offset, scaled = expr.as_coeff_Add()
        factor, inner = scaled.as_coeff_Mul()
        if inner != expr and offset.is_Integer and factor.is_Integer and factor.is_positive:
            self._opaque[inner] = (dim - int(offset)) // int(factor)
        return dim

    def fresh(self, hint: str) -> Dim:
        """A symbol that no size of the graph has."""
        return symbol(self._free(hint))

    def _name(self, name: str) -> str:
        if name not in self._names:
            self._names[name] = self._free(name)
        return self._names[name]

    def _free(self, hint: str) -> str:
        stem = re.sub(r"[^A-Za-z0-9_.]+", "_", hint).strip("_.") or "d"
        stem = stem if re.match(r"[A-Za-z_]", stem) else f"d_{stem}"
        name, number = stem, 0
        while name in self._taken or name in _RESERVED:
            number += 1
            name = f"{stem}_{number}"
        self._taken.add(name)
        return name


def _is_of_bits(expr: sympy.Expr) -> bool:
    """Whether this is `&`, `|` or `^` of whole numbers, which is one though sympy does not know."""
    kinds = (
        functions.BitwiseFn_bitwise_and,
        functions.BitwiseFn_bitwise_or,
        functions.BitwiseFn_bitwise_xor,
    )
    return isinstance(expr, kinds) and _are_whole(expr)


def _are_whole(expr: sympy.Expr) -> bool:
    """Whether all that the expression is made of are whole numbers, as dims are."""
    return all(argument.is_integer for argument in expr.args)


def is_extent(value: object) -> bool:
    """Whether a symbolic number cannot be negative, as far as torch knows; only then may it be the symbol of a dim."""
    if not isinstance(value, torch.SymInt):
        return isinstance(value, int)
    return bool(statically_known_true(value >= 0))


def is_symbolic(value: object) -> bool:
    """Whether the value is one of torch's symbolic numbers."""
    return isinstance(value, torch.SymInt | torch.SymFloat | torch.SymBool)
