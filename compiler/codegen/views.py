"""Results that need no kernel, because their bytes lie in memory already: reshapes, leading slices, concats in place.

Tensors are dense and row-major, so a result is a view of its operand when it has the same elements in the same order,
or a run of them. A concat of runs is written in place: its operands become views of it, and whoever computes them
computes the concat.
"""

from __future__ import annotations

from mlc.codegen.buffers import Names, is_known
from mlc.ir import Dim, Op, Value
from mlc.ir.dims import product
from mlc.ops import Concat, Expand, Reshape, Slice, Transpose


def view_of(op: Op) -> tuple[Value, Dim] | None:
    """The operand whose bytes the op's result is, and from which byte on; None where bytes must move."""
    match op:
        case Reshape():
            return op.x, 0
        case Expand() if op.x.tensor.dims == op.result.tensor.dims:
            return op.x, 0
        case Transpose() if _keeps_order(op):
            return op.x, 0
        case Slice():
            return _run(op)
    return None


def _keeps_order(op: Transpose) -> bool:
    """Whether only dims of 1 change places."""
    moved = [axis for axis in op.perm if op.x.tensor.dims[axis] != 1]
    return moved == sorted(moved)


def _run(op: Slice) -> tuple[Value, Dim] | None:
    """A slice that takes a run of elements: whole behind the sliced axis, one element of each axis before it."""
    x = op.x.tensor
    cut = [a for a in range(x.rank) if op.dims[a] != x.dims[a]]
    if not cut:
        cut = [0] if x.rank else []
    # Behind the last cut axis all is taken; before it, one element of each axis.
    axis = cut[-1] if cut else 0
    if any(op.dims[a] != 1 for a in range(axis)) or any(s != 1 for s in op.steps[axis:]):
        return None
    if any(start != 0 for start in op.starts[axis + 1 :]):
        return None
    offset: Dim = 0
    for a in range(axis + 1 if x.rank else 0):
        offset = offset + op.starts[a] * product(x.dims[a + 1 :])
    return op.x, offset * x.dtype.itemsize


def concat_in_place(op: Concat, names: Names, made: set[Value], symbols: frozenset[str]) -> list[int]:
    """Makes views of the result of those operands that can be computed in place; returns the numbers of the others.

    An operand can when its elements surely lie together in the result, kernels alone write it (`made`), and nothing has
    been decided about its buffer yet. None can where the result's runs are cut or its size is not known at the start.
    """
    axis = op.axis % op.result.tensor.rank
    dims = op.result.tensor.dims
    is_run = all(d == 1 for d in dims[:axis]) and is_known(dims, symbols)
    size = product(dims[axis + 1 :]) * op.result.tensor.dtype.itemsize
    others: list[int] = []
    offset: Dim = 0
    for number, x in enumerate(op.xs):
        root, start = names.root(x)
        beside = x.tensor.dims[:axis] + x.tensor.dims[axis + 1 :] == dims[:axis] + dims[axis + 1 :]
        if is_run and beside and start == 0 and root in made and root.tensor.element_count == x.tensor.element_count:
            names.view(root, op.result, offset)
            made.discard(root)
        else:
            others.append(number)
        offset = offset + x.tensor.dims[axis] * size
    return others
