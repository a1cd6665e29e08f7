"""Operators on sizes, and those that only assert what the importer checks itself."""

from __future__ import annotations

from mlc.frontend.torch_import.graph import Graph
from mlc.frontend.torch_import.registry import Scalar, torch_op
from mlc.ir import Dim, DimExpr, DType, Value
from mlc.ir.dims import product


@torch_op("aten.size.int", "aten.sym_size.int")
def size(g: Graph, self: Value, dim: int) -> Dim:
    """The extent of one dim."""
    return self.tensor.dims[g.axis(self, dim)]


@torch_op("aten.numel", "aten.sym_numel")
def numel(g: Graph, self: Value) -> Dim:
    """The number of elements."""
    return product(self.tensor.dims)


@torch_op("aten.stride.int", "aten.sym_stride.int")
def stride(g: Graph, self: Value, dim: int) -> Dim:
    """The stride of a dim as torch traced it."""
    assert g.node is not None
    return g.symbols.dim(g.node.meta["val"])


@torch_op("aten.Float.Scalar")
def to_float(g: Graph, a: Value | Scalar) -> Value | float:
    """A number as a float."""
    return g.number(g.tensor(a, DType.F64)) if isinstance(a, Value | DimExpr) else float(a)


@torch_op("aten.Float.bool", "aten.Int.bool")
def of_bool(g: Graph, a: Value | Scalar) -> Value | int:
    """A boolean as a number."""
    return g.number(g.tensor(a, DType.I64)) if isinstance(a, Value | DimExpr) else int(a)


@torch_op("aten.Int.Tensor", "aten.Float.Tensor", "aten.item", "aten._local_scalar_dense")
def item(g: Graph, a: Value | None = None, self: Value | None = None) -> Value | Dim:
    """The one element of a tensor as a number; where torch uses it as a size it becomes a symbol."""
    value = a or self
    assert value is not None and g.node is not None
    dtype = value.tensor.dtype
    number = g.cast(g.reshape(value, ()), DType.F64 if dtype.is_float else dtype if dtype is DType.BOOL else DType.I64)
    return g.as_extent(number, g.node.meta["val"])


@torch_op(
    "aten._assert_scalar", "aten._assert_tensor_metadata", "aten._assert_async.msg", "aten.sym_constrain_range",
    "aten.sym_constrain_range_for_size",
    ignores=("self", "a", "assert_msg", "size", "stride", "dtype", "min", "max"),
)  # fmt: skip
def assertion(g: Graph) -> tuple[()]:
    """Nothing: what torch asserts of shapes and dtypes holds by construction, or is checked when the model runs."""
    return ()
