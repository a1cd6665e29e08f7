"""TOSA's data movement: reshape, transpose, slice, pad, gather and others, and arithmetic on shapes.

TOSA 1.0, sections 2.9, 2.10 and 2.14. A value of type !tosa.shape is a tuple of dims here.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.operators.tosa.pool import known
from mlc.frontend.mlir_import.registry import mlir_op
from mlc.ir import Array, Dim, Value
from mlc.ir.dims import floordiv, maximum, minimum, mod, product
from mlc.ops import Add, Concat, Gather, GatherNd, Pad, Reshape, ScatterNd, Slice, Tile


@mlir_op("tosa.const")
def const(g: Graph, *, values: Array) -> Value:
    """The numbers that stand in the text."""
    return g.constant(values)


@mlir_op("tosa.identity")
def identity(g: Graph, input1: Value) -> Value:
    """x itself."""
    return input1


@mlir_op("tosa.concat")
def concat(g: Graph, *input1: Value, axis: int) -> Value:
    """One after another along the axis."""
    return input1[0] if len(input1) == 1 else g(Concat(list(input1), axis))


@mlir_op("tosa.reshape")
def reshape(g: Graph, input1: Value, shape: tuple[Dim, ...]) -> Value:
    """The elements in another shape; one extent may be -1, what is left over."""
    if -1 in shape:
        known = product([d for d in shape if d != -1])
        shape = tuple(floordiv(input1.tensor.element_count, known) if d == -1 else d for d in shape)
    return g.reshape(input1, shape)


@mlir_op("tosa.transpose")
def transpose(g: Graph, input1: Value, *, perms: tuple[int, ...]) -> Value:
    """x with axis perms[i] at place i."""
    return g.transpose(input1, perms)


@mlir_op("tosa.reverse")
def reverse(g: Graph, input1: Value, *, axis: int) -> Value:
    """x from its last to its first element along the axis."""
    dims = input1.tensor.dims
    starts = tuple(dims[i] - 1 if i == axis else 0 for i in range(len(dims)))
    return g(Slice(input1, starts, dims, tuple(-1 if i == axis else 1 for i in range(len(dims)))))


@mlir_op("tosa.slice")
def slice_(g: Graph, input1: Value, start: tuple[Dim, ...], size: tuple[Dim, ...]) -> Value:
    """`size` elements from `start` on; a size of -1 is all that is left."""
    dims = input1.tensor.dims
    whole = tuple(d - b if s == -1 else s for s, b, d in zip(size, start, dims, strict=True))
    return input1 if whole == dims else g(Slice(input1, start, whole, (1,) * len(dims)))


@mlir_op("tosa.pad")
def pad(g: Graph, input1: Value, padding: tuple[Dim, ...], pad_const: Value | None = None) -> Value:
    """x with elements added before and after each axis."""
    value = None if pad_const is None else g.reshape(pad_const, ())
    return g(Pad(input1, value, pads=(*padding[::2], *padding[1::2])))


@mlir_op("tosa.tile")
def tile(g: Graph, input1: Value, multiples: tuple[Dim, ...]) -> Value:
    """x repeated along each axis; one element is broadcast."""
    dims = input1.tensor.dims
    if all(d == 1 or m == 1 for d, m in zip(dims, multiples, strict=True)):
        return g.expand(input1, tuple(m if d == 1 else d for d, m in zip(dims, multiples, strict=True)))
    return g(Tile(input1, repeats=multiples))


@mlir_op("tosa.gather")
def gather(g: Graph, values: Value, indices: Value) -> Value:
    """values[N, K, C] at indices[N, W]: [N, W, C]."""
    batch, _, channels = values.tensor.dims
    if batch == 1:
        rows = g(Gather(_without_batch(g, values), _without_batch(g, indices), 0))
        return g.reshape(rows, (1, indices.tensor.dims[1], channels))
    return g(GatherNd(values, g.reshape(indices, (*indices.tensor.dims, 1)), batch_axes=1))


@mlir_op("tosa.row_gather")
def row_gather(g: Graph, values: Value, indices: Value, row_count: Array) -> Value:
    """values[N, K, C] at as many rows from each of indices[N, W] on: [N, W * rows, C]."""
    batch, width = indices.tensor.dims
    rows = int(row_count.item())
    own = g.constant(np.arange(rows).astype(indices.tensor.dtype.numpy))
    places = g(Add(g.reshape(indices, (batch, width, 1)), own))
    return gather(g, values, g.reshape(places, (batch, width * rows)))


@mlir_op("tosa.scatter")
def scatter(g: Graph, values_in: Value, indices: Value, input: Value) -> Value:
    """values_in[N, K, C] with input[N, W, C] at indices[N, W]."""
    batch, width = indices.tensor.dims
    if batch == 1:
        at = g.reshape(indices, (width, 1))
        rows = g(ScatterNd(_without_batch(g, values_in), at, _without_batch(g, input)))
        return g.reshape(rows, values_in.tensor.dims)
    if not isinstance(batch, int):
        raise g.error(f"the batch of {indices.type} must be known")
    own = g.constant(np.arange(batch).astype(indices.tensor.dtype.numpy).reshape(batch, 1, 1))
    column = g.reshape(indices, (batch, width, 1))
    at = g(Concat([g.expand(own, (batch, width, 1)), column], 2))
    return g(ScatterNd(values_in, at, input))


def _without_batch(g: Graph, x: Value) -> Value:
    return g(Reshape(x, dims=x.tensor.dims[1:]))


# --- shapes ---


@mlir_op("tosa.const_shape")
def const_shape(g: Graph, *, values: tuple[int, ...]) -> tuple[Dim, ...]:
    """A shape that stands in the text."""
    return values


def _register(name: str, function: Callable[[Dim, Dim], Dim], meaning: str) -> None:
    def operator(g: Graph, input1: tuple[Dim, ...], input2: tuple[Dim, ...]) -> tuple[Dim, ...]:
        return tuple(function(x, y) for x, y in zip(input1, input2, strict=True))

    operator.__qualname__ = operator.__name__ = name
    operator.__doc__ = meaning
    mlir_op(f"tosa.{name}")(operator)


_register("add_shape", lambda x, y: x + y, "x + y, entry by entry.")
_register("sub_shape", lambda x, y: x - y, "x - y, entry by entry.")
_register("mul_shape", lambda x, y: x * y, "x * y, entry by entry.")
_register("div_ceil_shape", lambda x, y: -1 * floordiv(-1 * x, y), "x / y rounded up, entry by entry.")
_register("div_floor_shape", floordiv, "x / y rounded down, entry by entry.")
_register("mod_shape", mod, "What is left of x / y, entry by entry.")
_register("max_shape", maximum, "The larger of x and y, entry by entry.")
_register("min_shape", minimum, "The smaller of x and y, entry by entry.")


@mlir_op("tosa.exp2_shape")
def exp2_shape(g: Graph, input: tuple[Dim, ...]) -> tuple[Dim, ...]:
    """2 to the power x, entry by entry."""
    return tuple(1 << d for d in known(g, "input", input))


@mlir_op("tosa.log2_ceil_shape")
def log2_ceil_shape(g: Graph, input: tuple[Dim, ...]) -> tuple[Dim, ...]:
    """The logarithm to base 2 rounded up, entry by entry."""
    return tuple(max(d - 1, 0).bit_length() for d in known(g, "input", input))


@mlir_op("tosa.log2_floor_shape")
def log2_floor_shape(g: Graph, input: tuple[Dim, ...]) -> tuple[Dim, ...]:
    """The logarithm to base 2 rounded down, entry by entry."""
    return tuple(d.bit_length() - 1 for d in known(g, "input", input))


@mlir_op("tosa.dim")
def dim(g: Graph, input1: Value, *, axis: int) -> tuple[Dim, ...]:
    """The extent of x along the axis, a shape of one entry."""
    return (input1.tensor.dims[axis],)


@mlir_op("tosa.concat_shape")
def concat_shape(g: Graph, *input: tuple[Dim, ...]) -> tuple[Dim, ...]:
    """One shape after another."""
    return tuple(d for dims in input for d in dims)


@mlir_op("tosa.slice_shape")
def slice_shape(g: Graph, input: tuple[Dim, ...], start: Array, size: Array) -> tuple[Dim, ...]:
    """`size` entries from `start` on."""
    return input[int(start.item()) : int(start.item()) + int(size.item())]


@mlir_op("tosa.assert_equal_shape")
def assert_equal_shape(
    g: Graph, input1: tuple[Dim, ...], input2: tuple[Dim, ...], *, allow_broadcast: bool
) -> tuple[()]:
    """Nothing: that two shapes are equal is what the other ops demand."""
    return ()
