"""Canonical forms: the cheap local clean-ups that make other passes see one spelling."""

from __future__ import annotations

from dataclasses import dataclass

from mlc.passes import arithmetic_rules, shape_rules
from mlc.rewrite import Pass


@dataclass(frozen=True)
class Canonicalize(Pass):
    """Drops ops that do nothing, merges chains of one kind, and puts constants to the right.

    %1 = transpose(%0) {1, 0}; %2 = transpose(%1) {1, 0}  ->  %0
    %1 = mul(constant 2, %0)                              ->  %1 = mul(%0, constant 2)

    Unchanged: the bits of every result, zeros of both signs and NaN included; x + 0.0 stays where x may be -0.0.
    """

    rules = (*arithmetic_rules.RULES, *shape_rules.RULES)
