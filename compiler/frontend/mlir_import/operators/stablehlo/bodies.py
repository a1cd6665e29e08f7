"""What the small functions of reduce, sort, scatter and others compute: their ops as expressions, to be compared.

An expression is "a0", "b0", ... for an argument, or a tuple of an op's name and its operands. Comparisons are written
with LT and LE alone, and operands that may be swapped are sorted, so equal functions are equal tuples however they are
spelled.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from torch_mlir import ir

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.operators.stablehlo.attributes import word
from mlc.frontend.mlir_import.types import dtype_of
from mlc.ir import Value

Expression = Any  # str | tuple[Expression, ...]

_SWAPPABLE = frozenset({"add", "multiply", "maximum", "minimum", "and", "or", "xor", "EQ", "NE"})
_MIRRORED = {"GT": "LT", "GE": "LE"}


def results_of(block: Any, names: Sequence[str]) -> tuple[Expression, ...]:
    """What the block returns, its arguments being called `names`."""
    known: dict[Any, Expression] = dict(zip(block.arguments, names, strict=True))
    operations = list(block.operations)
    for operation in operations[:-1]:
        for result in operation.operation.results:
            known[result] = _expression(
                operation.operation, [known.get(v, "outer") for v in operation.operation.operands]
            )
    return tuple(known.get(v, "outer") for v in operations[-1].operation.operands)


def apply(name: str, *operands: Expression) -> Expression:
    """The expression of an op or comparison (EQ, NE, LT, LE, GT, GE) of these operands."""
    if name in _MIRRORED:
        return apply(_MIRRORED[name], *reversed(operands))
    ordered = sorted(operands, key=repr) if name in _SWAPPABLE else operands
    return (name, *ordered)


def _expression(operation: Any, operands: Sequence[Expression]) -> Expression:
    name = operation.name.removeprefix("stablehlo.")
    if name == "compare":
        return apply(word(str(operation.attributes["comparison_direction"]).rstrip(">")), *operands)
    if name == "constant":
        value = operation.attributes["value"]
        return ("constant", repr(value.get_splat_value().value) if value.is_splat else str(value))
    if name == "convert" and str(operation.operands[0].type) == str(operation.results[0].type):
        return operands[0]
    return apply(name, *operands)


def names_of(count: int) -> list[str]:
    """Arguments of a function that takes two of each of `count` elements, first all of one side: a0, a1, b0, b1."""
    return [f"{side}{i}" for side, i in itertools.product("ab", range(count))]


def pairs_of(count: int) -> list[str]:
    """The same in pairs: a0, b0, a1, b1."""
    return [f"{side}{i}" for i, side in itertools.product(range(count), "ab")]


def listed(block: Any) -> str:
    """The ops of a block, for messages."""
    return ", ".join(operation.operation.name for operation in list(block.operations)[:-1]) or "no op"


def run_elementwise(g: Graph, block: Any, arguments: Sequence[Value]) -> list[Value]:
    """What a block of scalars makes of tensors, element by element."""
    outer, g.is_elementwise = g.is_elementwise, True
    try:
        results = g.run(block, arguments)
    finally:
        g.is_elementwise = outer
    dtypes = [ir.RankedTensorType(v.type).element_type for v in list(block.operations)[-1].operation.operands]
    return [g.value(r, dtype_of(d)) for r, d in zip(results, dtypes, strict=True)]
