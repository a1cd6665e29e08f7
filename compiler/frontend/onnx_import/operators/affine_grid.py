"""AffineGrid, as a matrix product. The function body that ONNX has for it slices by rank at run time."""

from __future__ import annotations

from mlc.frontend.onnx_import.graph import Graph
from mlc.frontend.onnx_import.operators.shape import reshaped
from mlc.frontend.onnx_import.registry import onnx_op
from mlc.ir import Dim, DType, Value
from mlc.ir.dims import product
from mlc.ops import Add, Cast, Concat, Div, Equal, Expand, Gather, Matmul, Mul, Range, Sub, Transpose, Where


@onnx_op("AffineGrid", since=20)
def affine_grid(g: Graph, theta: Value, size: Value, *, align_corners: int = 0) -> Value:
    """theta[N, rank, rank + 1] times the places (x, y, ..., 1) of a grid of `size` (N, C, spatial...)."""
    rank = size.tensor.dims[0]
    if not isinstance(rank, int) or rank not in (4, 5):
        raise g.error(f"size must have 4 or 5 elements, got {size.type}")
    spatial = rank - 2
    known = g.dims(size)
    declared = g.result_dims(rank)
    dims = known[2:] if known is not None else declared[1 : 1 + spatial]
    columns = [_places(g, theta, size, axis, dims, bool(align_corners)) for axis in reversed(range(spatial))]
    ones = g(Expand(g.scalar(1, theta.tensor.dtype), dims=(*dims, 1)))
    grid = reshaped(g, g(Concat([*columns, ones], axis=-1)), (product(dims), spatial + 1))
    moved = g(Matmul(theta, g(Transpose(grid, perm=(1, 0)))))
    last = g(Transpose(moved, perm=(0, 2, 1)))
    return reshaped(g, last, (theta.tensor.dims[0], *dims, spatial))


def _places(g: Graph, theta: Value, size: Value, axis: int, dims: tuple[Dim, ...], align_corners: bool) -> Value:
    """The coordinate along one spatial axis of each place: [spatial..., 1], from -1 to 1."""
    dtype = theta.tensor.dtype
    extent = g(Gather(size, g.scalar(axis + 2, DType.I64)))
    numbers = g(Cast(g(Range(g.scalar(0, DType.I64), extent, g.scalar(1, DType.I64), count=dims[axis])), dtype=dtype))
    count, one, two = g(Cast(extent, dtype=dtype)), g.scalar(1, dtype), g.scalar(2, dtype)
    if align_corners:
        # A single place has no distance to the next: it lies at -1.
        step = g(Where(g(Equal(count, one)), g.scalar(0, dtype), g(Div(two, g(Sub(count, one))))))
        start = g.scalar(-1, dtype)
    else:
        step = g(Div(two, count))
        start = g(Sub(g(Div(step, two)), one))
    places = g(Add(g(Mul(numbers, step)), start))
    shaped = reshaped(g, places, tuple(d if i == axis else 1 for i, d in enumerate((*dims, 1))))
    return g(Expand(shaped, dims=(*dims, 1)))
