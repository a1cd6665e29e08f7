"""tensor: reading and writing parts of tensors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlc.frontend.mlir_import.folding import folded
from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.loops.nest import Nest, gather
from mlc.frontend.mlir_import.operators.placing import put
from mlc.frontend.mlir_import.operators.tensors import mixed
from mlc.frontend.mlir_import.registry import mlir_op
from mlc.ir import Dim, DType, Value
from mlc.ir.dims import maximum
from mlc.ops import Add, Assert, Concat, DynamicSlice, Expand, Gather, GatherNd, Less, Not, Pad, Slice, Where


@mlir_op("tensor.extract")
def extract(g: Graph, tensor: Value, *indices: Value | Dim) -> Value:
    """The element at a place; in the body of a linalg op, those at the places of all turns."""
    if not g.nests:
        return _one(g, tensor, indices)
    nest: Nest = g.nests[-1]
    _check_indices(g, indices)
    return _rows(g, nest, tensor, indices) or _anywhere(g, nest, tensor, indices)


def _check_indices(g: Graph, indices: Sequence[Value | Dim]) -> None:
    """Lets the run fail at an index below 0, where the IR's ops would count from the back; they check the end."""
    for index in indices:
        if not isinstance(index, Value) or index in g.iotas:
            continue
        is_negative = g(Less(index, g.scalar(0, index.tensor.dtype)))
        known = folded(is_negative)
        if known is None:
            g(Assert(g(Not(is_negative)), "an index is less than 0"))
        elif known.any():
            raise g.error("an index is less than 0")


def _one(g: Graph, tensor: Value, indices: Sequence[Value | Dim]) -> Value:
    known = [i for i in indices if not isinstance(i, Value)]
    if len(known) == len(indices):
        rank = len(known)
        part = g(Slice(tensor, starts=tuple(known), dims=(1,) * rank, steps=(1,) * rank)) if rank else tensor
        return g.reshape(part, [])
    _check_indices(g, indices)
    places = [g.reshape(g.value(i, DType.I64), [1]) for i in indices]
    return g(GatherNd(tensor, places[0] if len(places) == 1 else g(Concat(places, axis=0))))


def _rows(g: Graph, nest: Nest, tensor: Value, indices: Sequence[Value | Dim]) -> Value | None:
    """A gather along one axis, where all other axes are walked along by loops that the index does not depend on."""
    loops = [g.iotas.get(i) if isinstance(i, Value) else None for i in indices]
    chosen = [axis for axis, loop in enumerate(loops) if loop is None]
    walked = [loop for loop in loops if loop is not None]
    if len(chosen) > 1 or len(set(walked)) != len(walked):
        return None
    for loop, extent in zip(loops, tensor.tensor.dims, strict=True):
        if loop is not None and nest.extents[loop] != extent:
            return None
    if not chosen:
        return nest.spread(tensor, walked)
    axis, index = chosen[0], g.value(indices[chosen[0]], DType.I64)
    lead = len(nest.order) - index.tensor.rank
    own = [nest.order[lead + a] for a, d in enumerate(index.tensor.dims) if d != 1]
    if set(own) & set(walked):
        return None
    index = g.reshape(index, [d for d in index.tensor.dims if d != 1])
    picked = g(Gather(tensor, index, axis=axis))
    order = [*(loop for loop in loops[:axis] if loop is not None), *own]
    return nest.spread(picked, [*order, *(loop for loop in loops[axis + 1 :] if loop is not None)])


def _anywhere(g: Graph, nest: Nest, tensor: Value, indices: Sequence[Value | Dim]) -> Value:
    return gather(g, tensor, [g.value(i, DType.I64) for i in indices], nest.dims)


@mlir_op("tensor.extract_slice")
def extract_slice(
    g: Graph,
    source: Value,
    offsets: Sequence[Value | Dim],
    sizes: Sequence[Dim],
    strides: Sequence[Dim],
    *,
    static_offsets: tuple[int, ...],
    static_sizes: tuple[int, ...],
    static_strides: tuple[int, ...],
) -> Value:
    """The elements at offset + i * stride, axes of 1 dropped where the result has fewer."""
    starts, dims = mixed(static_offsets, offsets), mixed(static_sizes, sizes)
    steps = _known(g, mixed(static_strides, strides))
    if tuple(dims) == source.tensor.dims and not any(isinstance(s, Value) or s != 0 for s in starts):
        part = source
    elif any(isinstance(start, Value) for start in starts):
        part = _at_run_time(g, source, starts, dims, steps)
    else:
        part = g(Slice(source, starts=tuple(starts), dims=tuple(dims), steps=steps))
    return g.reshape(part, _reduced(g, dims))


def _at_run_time(g: Graph, x: Value, starts: list[Value | Dim], dims: list[Dim], steps: tuple[int, ...]) -> Value:
    first = [g.value(s, DType.I64) for s in starts]
    last = [g(Add(s, g.scalar((d - 1) * step + 1, DType.I64))) for s, d, step in zip(first, dims, steps, strict=True)]
    bounds = [g(Concat([g.reshape(v, [1]) for v in values], axis=0)) for values in (first, last)]
    return g(DynamicSlice(x, bounds[0], bounds[1], steps=g.ints(steps), dims=tuple(dims)))


def _known(g: Graph, numbers: list[Dim]) -> tuple[int, ...]:
    known = tuple(n for n in numbers if isinstance(n, int))
    if len(known) != len(numbers) or any(n < 1 for n in known):
        raise g.error(f"strides of {numbers} are not supported, only numbers of 1 and more")
    return known


def _reduced(g: Graph, dims: Sequence[Dim]) -> list[Dim]:
    """The dims without those of 1 that the result's type leaves out, as MLIR drops them: from the front."""
    surplus = len(dims) - len(g.result_type.shape)
    kept: list[Dim] = []
    for dim in dims:
        if surplus and dim == 1:
            surplus -= 1
        else:
            kept.append(dim)
    return kept


@mlir_op("tensor.insert")
def insert(g: Graph, scalar: Value, dest: Value, *indices: Value | Dim) -> Value:
    """dest with the element at a place replaced."""
    rank = dest.tensor.rank
    return _written_anywhere(g, g.reshape(scalar, [1] * rank), dest, indices, (1,) * rank)


@mlir_op("tensor.insert_slice")
def insert_slice(
    g: Graph,
    source: Value,
    dest: Value,
    offsets: Sequence[Value | Dim],
    sizes: Sequence[Dim],
    strides: Sequence[Dim],
    *,
    static_offsets: tuple[int, ...],
    static_sizes: tuple[int, ...],
    static_strides: tuple[int, ...],
) -> Value:
    """dest with the elements at offset + i * stride replaced by those of source."""
    starts, dims = mixed(static_offsets, offsets), mixed(static_sizes, sizes)
    steps = _known(g, mixed(static_strides, strides))
    return _written_anywhere(g, g.reshape(source, dims), dest, starts, steps)


def _written_anywhere(g: Graph, x: Value, dest: Value, starts: Sequence[Value | Dim], steps: Sequence[int]) -> Value:
    known = [s for s in starts if not isinstance(s, Value)]
    if len(known) == len(starts):
        _check_inside(g, known, x.tensor.dims, steps, dest.tensor.dims)
        return written(g, x, dest, known, steps)
    sizes = zip(starts, x.tensor.dims, dest.tensor.dims, strict=True)
    axes = [a for a, (start, d, n) in enumerate(sizes) if isinstance(start, Value) or start != 0 or d != n]
    begins = g(Concat([g.reshape(g.value(starts[a], DType.I64), [1]) for a in axes], axis=0))
    return put(g, dest, x, axes, begins, [steps[a] for a in axes])


def _check_inside(
    g: Graph, starts: Sequence[Dim], sizes: Sequence[Dim], steps: Sequence[int], dims: Sequence[Dim]
) -> None:
    """Raises CompileError where the places that starts, sizes and steps say are known to be outside of the dims."""
    for axis, (start, size, step, dim) in enumerate(zip(starts, sizes, steps, dims, strict=True)):
        end = start + (size - 1) * step + 1
        if size != 0 and ((isinstance(start, int) and start < 0) or (is_past(end, dim))):
            raise g.error(f"places [{start}, {end}) are outside of axis {axis} of {dim}")


def is_past(end: Dim, dim: Dim) -> bool:
    """Whether an end is known to be behind that of the dim."""
    return isinstance(end, int) and isinstance(dim, int) and end > dim


def written(g: Graph, x: Value, dest: Value, starts: Sequence[Dim], steps: Sequence[int]) -> Value:
    """dest with x written over it, from the starts on, by the steps."""
    dims, full = x.tensor.dims, dest.tensor.dims
    partial = [a for a, (d, n) in enumerate(zip(dims, full, strict=True)) if d != n]
    if not partial and not any(starts):
        return x
    if len(partial) == 1 and set(steps) == {1}:
        return _joined(g, x, dest, partial[0], starts[partial[0]])
    fill = _filling(g, dest)
    if fill is not None:
        return _spread(g, x, fill, starts, steps, full)
    is_new = g.constant(np.array(True))
    mask = _spread(g, g.expand(is_new, dims), g.constant(np.array(False)), starts, steps, full)
    return g(Where(mask, _spread(g, x, g.scalar(0, x.tensor.dtype), starts, steps, full), dest))


def _joined(g: Graph, x: Value, dest: Value, axis: int, start: Dim) -> Value:
    """Along one axis: what of dest is before x, x, and what is behind."""
    pieces = list(dest.op.xs) if isinstance(dest.op, Concat) and dest.op.axis == axis else [dest]
    end = start + x.tensor.dims[axis]
    at: Dim = 0
    made: list[Value] = []
    is_placed = False
    for piece in pieces:
        stop = at + piece.tensor.dims[axis]
        if _is_below(stop, start) or _is_below(end, at):
            made.append(piece)
        elif _is_below(at, start) and _is_below(end, stop):
            made += [_part(g, piece, axis, 0, start - at), x, _part(g, piece, axis, end - at, stop - end)]
            is_placed = True
        else:
            return _joined_apart(g, x, dest, axis, start)
        at = stop
    if not is_placed:
        return _joined_apart(g, x, dest, axis, start)
    kept = [piece for piece in made if piece.tensor.dims[axis] != 0]
    return kept[0] if len(kept) == 1 else g(Concat(kept, axis=axis))


def _is_below(x: Dim, y: Dim) -> bool:
    """Whether x <= y for all sizes."""
    return maximum(x, y) == y


def _joined_apart(g: Graph, x: Value, dest: Value, axis: int, start: Dim) -> Value:
    end = start + x.tensor.dims[axis]
    before, behind = _part(g, dest, axis, 0, start), _part(g, dest, axis, end, dest.tensor.dims[axis] - end)
    kept = [piece for piece in (before, x, behind) if piece.tensor.dims[axis] != 0]
    return g(Concat(kept, axis=axis))


def _part(g: Graph, x: Value, axis: int, start: Dim, size: Dim) -> Value:
    dims = tuple(size if a == axis else d for a, d in enumerate(x.tensor.dims))
    if dims == x.tensor.dims:
        return x
    if isinstance(x.op, Expand) and x.op.shape is None and x.op.x.tensor.rank == 0:
        part = g.expand(x.op.x, dims)
        if g.is_undefined(x):
            g.mark_undefined(part)
        return part
    starts = tuple(start if a == axis else 0 for a in range(len(dims)))
    return g(Slice(x, starts=starts, dims=dims, steps=(1,) * len(dims)))


def _filling(g: Graph, dest: Value) -> Value | None:
    """The one number that all elements of dest are, None when they are not."""
    op = dest.op
    return op.x if isinstance(op, Expand) and op.shape is None and op.x.tensor.rank == 0 else None


def _spread(g: Graph, x: Value, fill: Value, starts: Sequence[Dim], steps: Sequence[int], full: Sequence[Dim]) -> Value:
    """x with its elements `steps` apart, from the starts on, and `fill` everywhere else."""
    for axis, step in enumerate(steps):
        if step > 1:
            dims = list(x.tensor.dims)
            x = g.reshape(x, [*dims[: axis + 1], 1, *dims[axis + 1 :]])
            after = [0] * len(dims) + [0]
            after[axis + 1] = step - 1
            x = g(Pad(x, value=fill, pads=(*(0,) * (len(dims) + 1), *after)))
            x = g.reshape(x, [*dims[:axis], dims[axis] * step, *dims[axis + 1 :]])
    ends = [n - s - d for n, s, d in zip(full, starts, x.tensor.dims, strict=True)]
    return g(Pad(x, value=fill, pads=(*starts, *ends))) if any((*starts, *ends)) else x
