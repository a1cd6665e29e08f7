"""tensor: making, reshaping, padding and joining tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch_mlir import ir

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.loops.nest import Nest
from mlc.frontend.mlir_import.registry import mlir_op
from mlc.ir import Dim, DType, Value
from mlc.ir.dims import product
from mlc.ops import Bitcast, Concat, Expand, Matmul, Pad, Reshape, constant_value
from mlc.ops.reduce import Reduction, reduced_shape

DYNAMIC = ir.ShapedType.get_dynamic_size()


def mixed(static: Sequence[int], dynamic: Sequence[Any]) -> list[Any]:
    """The static sizes, or offsets, with the dynamic ones in their places."""
    given = iter(dynamic)
    return [next(given) if n == DYNAMIC else n for n in static]


@mlir_op("tensor.empty")
def empty(g: Graph, dynamicSizes: Sequence[Dim]) -> Value:
    """A tensor whose elements nobody may rely on."""
    sizes = iter(dynamicSizes)
    return g.undefined(g.dtype, [next(sizes) if d is None else d for d in g.result_type.shape])


@mlir_op("tensor.splat")
def splat(g: Graph, input: Value, dynamicSizes: Sequence[Dim]) -> Value:
    """A tensor whose elements are all the number."""
    sizes = iter(dynamicSizes)
    return g.filled(input, [next(sizes) if d is None else d for d in g.result_type.shape])


@mlir_op("tensor.generate")
def generate(g: Graph, dynamicExtents: Sequence[Dim]) -> Value:
    """The body's number at each place."""
    sizes = iter(dynamicExtents)
    dims = [next(sizes) if d is None else d for d in g.result_type.shape]
    dtype = g.dtype
    nest = Nest(g, dims)
    with g.over_loops(nest):
        (made,) = g.run(g.region(), [nest.iota(axis) for axis in range(len(dims))])
    return g.expand(g.value(made, dtype), dims)


@mlir_op("tensor.from_elements")
def from_elements(g: Graph, *elements: Value | Dim) -> Value:
    """The numbers in row-major order."""
    shape = [d for d in g.result_type.shape if d is not None]
    sizes = [x for x in elements if not isinstance(x, Value)]
    if len(sizes) == len(elements) and all(isinstance(n, int) for n in sizes):
        value = g.constant(np.array(sizes, g.dtype.numpy).reshape(shape))
    else:
        flat = [g.reshape(g.value(x, g.dtype), [1]) for x in elements]
        value = g.reshape(g(Concat(flat, axis=0)), shape)
    if len(sizes) == len(elements) and len(shape) == 1 and g.dtype in (DType.I64, DType.I32):
        g.shapes[value] = tuple(sizes)
    return value


@mlir_op("tensor.cast")
def cast(g: Graph, source: Value) -> Value:
    """The same tensor; what its new type says of its extents is checked where symbols leave it open."""
    return source


@mlir_op("tensor.bitcast")
def bitcast(g: Graph, source: Value) -> Value:
    """The bits as elements of another type."""
    return source if source.tensor.dtype is g.dtype else g(Bitcast(source, g.dtype))


@mlir_op("tensor.expand_shape", ignores=("reassociation",))
def expand_shape(g: Graph, src: Value, output_shape: Sequence[Dim], *, static_output_shape: tuple[int, ...]) -> Value:
    """The same elements with some axes in pieces."""
    return _reshaped(g, src, mixed(static_output_shape, output_shape))


@mlir_op("tensor.collapse_shape")
def collapse_shape(g: Graph, src: Value, *, reassociation: tuple[tuple[int, ...], ...]) -> Value:
    """The same elements with groups of axes as one."""
    return _reshaped(g, src, [product([src.tensor.dims[a] for a in group]) for group in reassociation])


@mlir_op("tensor.reshape")
def reshape(g: Graph, source: Value, shape: tuple[Dim, ...]) -> Value:
    """The same elements in another shape."""
    return _reshaped(g, source, list(shape))


def _reshaped(g: Graph, x: Value, dims: list[Dim]) -> Value:
    """x in another shape; a reduction whose axes come back as 1 keeps them, a number spread out stays one."""
    op = x.op
    if isinstance(op, Reduction) and op.axes is not None and not op.keep_dims:
        if tuple(dims) == reduced_shape(op.x.tensor.dims, op.axes, keep_dims=True):
            return g.add(op.clone(keep_dims=True)).results[0]
    if isinstance(op, Expand) and op.shape is None and op.x.tensor.rank == 0:
        made = g.expand(op.x, dims)
        if g.is_undefined(x):
            g.mark_undefined(made)
        return made
    return _unmerged(g, x, tuple(dims)) or g.reshape(x, dims)


def _unmerged(g: Graph, x: Value, dims: tuple[Dim, ...]) -> Value | None:
    """A product whose batch axes were made one for it and come apart here: the product of what was there before."""
    op = x.op
    if not isinstance(op, Matmul) or x.tensor.rank != 3 or len(dims) < 4 or dims[-2:] != x.tensor.dims[-2:]:
        return None
    factors = [_before_merging(v, dims[:-2]) for v in (op.x, op.y)]
    if factors[0] is None or factors[1] is None:
        return None
    return g(Matmul(factors[0], factors[1], transpose_y=op.transpose_y))


def _before_merging(value: Value, batch: tuple[Dim, ...]) -> Value | None:
    op = value.op
    if not isinstance(op, Reshape) or op.shape is not None or value.tensor.rank != 3:
        return None
    dims = op.x.tensor.dims
    return op.x if dims[:-2] == batch and dims[-2:] == value.tensor.dims[-2:] else None


@mlir_op("tensor.concat")
def concat(g: Graph, *inputs: Value, dim: int) -> Value:
    """The tensors one after another along an axis."""
    return inputs[0] if len(inputs) == 1 else g(Concat(inputs, axis=dim))


@mlir_op("tensor.pad", ignores=("nofold",))
def pad(
    g: Graph,
    source: Value,
    low: Sequence[Dim],
    high: Sequence[Dim],
    *,
    static_low: tuple[int, ...],
    static_high: tuple[int, ...],
) -> Value:
    """The tensor with the body's number around it."""
    dtype = g.dtype
    (number,) = g.run(g.region(), [g.scalar(0, DType.I64)] * source.tensor.rank)
    if _uses_arguments(g.region()):
        raise g.error("padding with numbers that depend on the place is not supported")
    value = g.value(number, dtype)
    pads = (*mixed(static_low, low), *mixed(static_high, high))
    if not any(pads):
        return source
    is_zero = (found := constant_value(value)) is not None and not found.any()
    return g(Pad(source, value=None if is_zero else value, pads=pads))


def _uses_arguments(block: Any) -> bool:
    return any(len(list(argument.uses)) for argument in block.arguments)
