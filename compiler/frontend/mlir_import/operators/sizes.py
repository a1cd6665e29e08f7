"""Extents: tensor.dim and tensor.rank, and assertions about them, which tie symbols together."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from torch_mlir import ir

from mlc.frontend.mlir_import.folding import folded
from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.registry import mlir_op
from mlc.ir import Dim, DType, Value
from mlc.ir.dims import floordiv, maximum, minimum, mod


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
def apply(g: Graph, *operands: Dim, map: Any) -> Dim:
    """An affine expression over sizes."""
    dims = map.value.n_dims
    return _affine(g, next(iter(map.value.results)), operands[:dims], operands[dims:])


@mlir_op("affine.min", "affine.max")
def least(g: Graph, *operands: Dim, map: Any) -> Dim:
    """The smallest, or the largest, of several affine expressions over sizes."""
    dims = map.value.n_dims
    sizes = [_affine(g, e, operands[:dims], operands[dims:]) for e in map.value.results]
    return functools.reduce(minimum if g.operation.name == "affine.min" else maximum, sizes)


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
    """Nothing where it holds; two sizes that must be equal become one symbol, which the call checks.

    In the body of a linalg op it is about an element, such as an index or a divisor. Where only the run tells that, it
    is left out: a read checks its index itself, and arithmetic has its results for every number.
    """
    value = g.value(arg, DType.BOOL)
    known = folded(value)
    if known is not None and not known.all():
        raise g.error(f"never holds: {msg}")
    if known is not None or g.is_elementwise:
        return
    if value not in g.equalities:
        raise g.error(f"only the equality of two sizes can be asserted: {msg}")
    g.demand(*g.equalities[value])
