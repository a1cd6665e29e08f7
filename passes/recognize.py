"""Recognition: what a model spells out in primitive ops becomes the op it means."""

from __future__ import annotations

from dataclasses import dataclass

from mlc.passes import activation_rules, attention_rules, erf_rules, norm_rules, reduction_rules
from mlc.rewrite import Pass


@dataclass(frozen=True)
class Recognize(Pass):
    """Finds means, GELU, sigmoid, softmax, layer norm, RMS norm and attention spelled out, and writes them as one op.

    %1 = div(%0, sqrt 2); %2 = erf(%1); %3 = add(%2, 1); %4 = mul(%0, %3); %5 = mul(%4, 0.5)  ->  %5 = gelu(%0)
    %1 = matmul(%q, %kT); %2 = mul(%1, s); %3 = softmax(%2); %4 = matmul(%3, %v)  ->  %4 = attention(%q, %k, %v) {s}

    Unchanged: a pattern whose intermediate somebody else needs, constants that are not those of the formula, axes that
    are not the last ones, and a softmax that subtracts no maximum.
    """

    numerics = "reassociating"
    rules = (
        *reduction_rules.RULES,
        *erf_rules.RULES,
        *norm_rules.RULES,
        *activation_rules.RULES,
        *attention_rules.RULES,
    )
