"""Extents: tensor.dim and tensor.rank, and assertions about them, which tie symbols together."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from torch_mlir import ir

from mlc.frontend.mlir_import.affine import computed
from mlc.frontend.mlir_import.folding import folded
from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.registry import mlir_op
from mlc.ir import Dim, DType, Value
from mlc.ir.dims import floordiv, maximum, minimum, mod
from mlc.ops import Assert, Maximum, Minimum


@mlir_op("tensor.dim")
def dim(g: Graph, source: Value, index: Dim) -> Dim:
    """The extent of an axis."""
    if not isinstance(index, int) or not 0 <= index < source.tensor.rank:
        raise g.error(f"axis {index} of {source.type} is not supported")
    return source.tensor.dims[index]


@mlir_op("tensor.rank")
def rank(g: Graph, tensor: Value) -> Dim:
    """The number of axes."""
    return tensor.tensor.rank


@mlir_op("affine.apply")
def apply(g: Graph, *operands: Value | Dim, map: Any) -> Value | Dim:
    """An affine expression over sizes, or over numbers that the run computes."""
    return _of_map(g, map, operands)[0]


@mlir_op("affine.min", "affine.max")
def least(g: Graph, *operands: Value | Dim, map: Any) -> Value | Dim:
    """The smallest, or the largest, of several affine expressions."""
    found = _of_map(g, map, operands)
    is_least = g.operation.name == "affine.min"
    sizes = [x for x in found if not isinstance(x, Value)]
    if len(sizes) == len(found):
        return functools.reduce(minimum if is_least else maximum, sizes)
    kind = Minimum if is_least else Maximum
    return functools.reduce(lambda x, y: g(kind(x, y)), [g.value(x, DType.I64) for x in found])


def _of_map(g: Graph, affine_map: Any, operands: Sequence[Value | Dim]) -> list[Value | Dim]:
    expressions, count = list(affine_map.value.results), affine_map.value.n_dims
    sizes = [x for x in operands if not isinstance(x, Value)]
    if len(sizes) == len(operands):
        return [_affine(g, e, sizes[:count], sizes[count:]) for e in expressions]
    numbers = [g.value(x, DType.I64) for x in operands]
    return [computed(g, e, lambda i: numbers[i], lambda i: numbers[count + i]) for e in expressions]


def _affine(g: Graph, expression: Any, dims: Sequence[Dim], symbols: Sequence[Dim]) -> Dim:
    match expression:
        case ir.AffineDimExpr():
            return dims[int(expression.position)]
        case ir.AffineSymbolExpr():
            return symbols[int(expression.position)]
        case ir.AffineConstantExpr():
            return int(expression.value)
    kinds: dict[type[Any], Callable[[Dim, Dim], Dim]] = {
        ir.AffineAddExpr: lambda x, y: x + y,
        ir.AffineMulExpr: lambda x, y: x * y,
        ir.AffineModExpr: mod,
        ir.AffineFloorDivExpr: floordiv,
        ir.AffineCeilDivExpr: lambda x, y: -1 * floordiv(-1 * x, y),
    }
    function = kinds.get(type(expression))
    if function is None:
        raise g.error(f"the expression {expression} is not supported")
    return function(_affine(g, expression.lhs, dims, symbols), _affine(g, expression.rhs, dims, symbols))


@mlir_op("cf.assert")
def assert_(g: Graph, arg: Value | Dim, *, msg: str) -> None:
    """Two sizes that must be equal become one symbol, which the call checks; of others the run asserts it.

    In the body of a linalg op it is about an element, such as an index or a divisor. Where only the run tells that, it
    is left out: a read checks its index itself, and arithmetic has its results for every number.
    """
    value = g.value(arg, DType.BOOL)
    known = folded(value)
    if known is not None and not known.all():
        raise g.error(f"never holds: {msg}")
    if known is not None or g.is_elementwise:
        return
    if value in g.equalities:
        g.demand(*g.equalities[value])
    else:
        g(Assert(value, msg))
