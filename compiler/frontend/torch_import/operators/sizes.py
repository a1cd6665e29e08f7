"""Operators on sizes, and assertions."""

from __future__ import annotations

from mlc.frontend.builder import Scalar
from mlc.frontend.torch_import.graph import Graph
from mlc.frontend.torch_import.registry import torch_op
from mlc.ir import Dim, DimExpr, DType, Value
from mlc.ir.dims import product
from mlc.ops import Assert, LessOrEqual


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


@torch_op("aten._assert_scalar", "aten._assert_async.msg")
def assertion(g: Graph, self: Value | Scalar, assert_msg: str) -> tuple[()]:
    """The run fails with the message where a condition does not hold."""
    if isinstance(self, Value):
        g(Assert(g.reshape(g.cast(self, DType.BOOL), ()), assert_msg))
    elif not isinstance(self, DimExpr) and not self:
        raise g.error(f"what it asserts never holds: {assert_msg}")
    return ()


@torch_op("aten.sym_constrain_range", "aten.sym_constrain_range_for_size")
def constrain_range(g: Graph, size: Value | Scalar, min: int | None = None, max: int | None = None) -> tuple[()]:
    """The run fails where a number is outside of its range."""
    number = g.tensor(size, DType.I64)
    for limit, is_least in ((min, True), (max, False)):
        if limit is not None:
            bound = g.scalar(limit, DType.I64)
            holds = g(LessOrEqual(bound, number) if is_least else LessOrEqual(number, bound))
            g(
                Assert(
                    holds, f"a number is {'less' if is_least else 'greater'} than {limit}, which torch.export assumed"
                )
            )
    return ()


@torch_op("aten._assert_tensor_metadata", ignores=("a", "size", "stride", "dtype", "device", "layout"))
def metadata(g: Graph) -> tuple[()]:
    """Nothing: dtypes hold by construction, and shapes are checked when the model is called."""
    return ()
