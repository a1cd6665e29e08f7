"""Sums of products over loops that both factors share: matrix products, in whatever order the axes are."""

from __future__ import annotations

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.loops.term import Term
from mlc.ir import Dim
from mlc.ops import Matmul, ReduceSum


def contract(g: Graph, x: Term, y: Term, parallel: tuple[int, ...]) -> Term | None:
    """The sum of x * y over all loops that are not parallel; `parallel` is in the order that is wanted of the result.

    None where it is no matrix product: nothing is summed, or neither factor has a loop of its own.
    """
    x, y = _summed(g, x, y, parallel), _summed(g, y, x, parallel)
    inner = [loop for loop in x.loops if loop in y.loops and loop not in parallel]
    rows = [loop for loop in parallel if loop in x.loops and loop not in y.loops]
    columns = [loop for loop in parallel if loop in y.loops and loop not in x.loops]
    if not inner or not (rows or columns):
        return None
    if columns and (not rows or parallel.index(columns[0]) < parallel.index(rows[0])):
        x, y, rows, columns = y, x, columns, rows
    batch = [loop for loop in parallel if loop in x.loops and loop in y.loops]
    if not columns and not batch:
        return _product(g, x, y, [], rows, inner, columns)
    return _product(g, x, y, batch, rows, inner, columns)


def _product(
    g: Graph, x: Term, y: Term, batch: list[int], rows: list[int], inner: list[int], columns: list[int]
) -> Term:
    """[batch..., rows, columns]; rows stay apart where y has no batch, since the leading axes of a product are free."""
    inner = _order_of(y, inner) if len(inner) > 1 else inner
    sizes: dict[int, Dim] = {}
    for term in (x, y):
        sizes.update(zip(term.loops, term.value.tensor.dims, strict=True))
    heads = [[loop] for loop in batch]
    split = not batch and len(rows) > 1
    left = x.arranged(g, [*heads, *([[loop] for loop in rows] if split else [rows]), inner])
    is_transposed = _is_ordered(y, [*batch, *columns, *inner]) and not _is_ordered(y, [*batch, *inner, *columns])
    right = y.arranged(g, [*heads, columns, inner] if is_transposed else [*heads, inner, columns])
    made = g(Matmul(left, right, transpose_y=is_transposed))
    loops = (*batch, *rows, *columns)
    return Term(g.reshape(made, [sizes[loop] for loop in loops]), loops)


def _order_of(term: Term, loops: list[int]) -> list[int]:
    return [loop for loop in term.loops if loop in loops]


def _is_ordered(term: Term, loops: list[int]) -> bool:
    return list(term.loops) == loops


def _summed(g: Graph, term: Term, other: Term, parallel: tuple[int, ...]) -> Term:
    """The term without loops that are summed over and that the other factor has not."""
    axes = tuple(a for a, loop in enumerate(term.loops) if loop not in parallel and loop not in other.loops)
    if not axes:
        return term
    kept = tuple(loop for loop in term.loops if loop in parallel or loop in other.loops)
    return Term(g(ReduceSum(term.value, axes=axes, keep_dims=False)), kept)
