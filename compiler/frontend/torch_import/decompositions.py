"""Which operators are taken apart before they are imported, chosen on purpose; everything else stays whole.

Both doors share the list. An operator is on it when mlc has nothing better than its definition: none of those that have
a kernel of their own, such as attention, normalizations, convolutions and pools.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch._decomp import core_aten_decompositions

DECOMPOSED = (
    "einsum",
    "scaled_dot_product_attention.none",
)


@functools.cache
def table() -> dict[Any, Callable[..., Any]]:
    """The decompositions of the operators on the list."""
    known = core_aten_decompositions()
    return {op: known[op] for op in known if str(op).removeprefix("aten.").removesuffix(".default") in DECOMPOSED}


_ = torch
