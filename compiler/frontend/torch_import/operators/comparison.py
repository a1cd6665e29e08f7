"""Comparisons, boolean and bitwise operators."""

from __future__ import annotations

from mlc.frontend.builder import Scalar
from mlc.frontend.torch_import.graph import Graph
from mlc.frontend.torch_import.registry import torch_op
from mlc.ir import DType, Op, Value
from mlc.ops import (
    And,
    BitwiseAnd,
    BitwiseNot,
    BitwiseOr,
    BitwiseXor,
    Equal,
    IsInf,
    IsNan,
    Less,
    LessOrEqual,
    Not,
    Or,
    Shift,
    Xor,
)


def _compared(g: Graph, op: type[Op], x: Value | Scalar, y: Value | Scalar) -> Value:
    dtype = g.common(x, y)
    if dtype is DType.BOOL and op is not Equal:
        dtype = DType.U8
    return g(op(g.tensor(x, dtype), g.tensor(y, dtype)))


@torch_op("aten.eq.Tensor", "aten.eq.Scalar")
def eq(g: Graph, self: Value, other: Value | Scalar) -> Value:
    """self == other."""
    return _compared(g, Equal, self, other)


@torch_op("aten.ne.Tensor", "aten.ne.Scalar")
def ne(g: Graph, self: Value, other: Value | Scalar) -> Value:
    """self != other."""
    return g(Not(_compared(g, Equal, self, other)))


@torch_op("aten.lt.Tensor", "aten.lt.Scalar")
def lt(g: Graph, self: Value, other: Value | Scalar) -> Value:
    """self < other."""
    return _compared(g, Less, self, other)


@torch_op("aten.le.Tensor", "aten.le.Scalar")
def le(g: Graph, self: Value, other: Value | Scalar) -> Value:
    """self <= other."""
    return _compared(g, LessOrEqual, self, other)


@torch_op("aten.gt.Tensor", "aten.gt.Scalar")
def gt(g: Graph, self: Value, other: Value | Scalar) -> Value:
    """self > other."""
    return _compared(g, Less, other, self)


@torch_op("aten.ge.Tensor", "aten.ge.Scalar")
def ge(g: Graph, self: Value, other: Value | Scalar) -> Value:
    """self >= other."""
    return _compared(g, LessOrEqual, other, self)


@torch_op("aten.logical_and")
def logical_and(g: Graph, self: Value, other: Value) -> Value:
    """Whether both are not 0."""
    return g(And(g.cast(self, DType.BOOL), g.cast(other, DType.BOOL)))


@torch_op("aten.logical_or")
def logical_or(g: Graph, self: Value, other: Value) -> Value:
    """Whether one is not 0."""
    return g(Or(g.cast(self, DType.BOOL), g.cast(other, DType.BOOL)))


@torch_op("aten.logical_xor")
def logical_xor(g: Graph, self: Value, other: Value) -> Value:
    """Whether exactly one is not 0."""
    return g(Xor(g.cast(self, DType.BOOL), g.cast(other, DType.BOOL)))


@torch_op("aten.logical_not")
def logical_not(g: Graph, self: Value) -> Value:
    """Whether self is 0."""
    return g(Not(g.cast(self, DType.BOOL)))


def _bits(g: Graph, of_bools: type[Op], of_integers: type[Op], x: Value | Scalar, y: Value | Scalar) -> Value:
    op = of_bools if g.dtype is DType.BOOL else of_integers
    return g(op(g.tensor(x, g.dtype), g.tensor(y, g.dtype)))


@torch_op("aten.bitwise_and.Tensor", "aten.bitwise_and.Scalar", "aten.bitwise_and.Scalar_Tensor",
          "aten.__and__.Tensor", "aten.__and__.Scalar")  # fmt: skip
def bitwise_and(g: Graph, self: Value | Scalar, other: Value | Scalar) -> Value:
    """The bits set in both."""
    return _bits(g, And, BitwiseAnd, self, other)


@torch_op("aten.bitwise_or.Tensor", "aten.bitwise_or.Scalar", "aten.bitwise_or.Scalar_Tensor",
          "aten.__or__.Tensor", "aten.__or__.Scalar")  # fmt: skip
def bitwise_or(g: Graph, self: Value | Scalar, other: Value | Scalar) -> Value:
    """The bits set in one of them."""
    return _bits(g, Or, BitwiseOr, self, other)


@torch_op("aten.bitwise_xor.Tensor", "aten.bitwise_xor.Scalar", "aten.bitwise_xor.Scalar_Tensor",
          "aten.__xor__.Tensor", "aten.__xor__.Scalar")  # fmt: skip
def bitwise_xor(g: Graph, self: Value | Scalar, other: Value | Scalar) -> Value:
    """The bits set in exactly one of them."""
    return _bits(g, Xor, BitwiseXor, self, other)


@torch_op("aten.bitwise_not")
def bitwise_not(g: Graph, self: Value) -> Value:
    """The bits not set."""
    return g(Not(self) if g.dtype is DType.BOOL else BitwiseNot(self))


@torch_op("aten.bitwise_left_shift.Tensor", "aten.bitwise_left_shift.Tensor_Scalar",
          "aten.__lshift__.Tensor", "aten.__lshift__.Scalar")  # fmt: skip
def left_shift(g: Graph, self: Value, other: Value | Scalar) -> Value:
    """self with its bits moved up."""
    return g(Shift(g.cast(self, g.dtype), g.tensor(other, g.dtype), "left"))


@torch_op("aten.bitwise_right_shift.Tensor", "aten.bitwise_right_shift.Tensor_Scalar",
          "aten.__rshift__.Tensor", "aten.__rshift__.Scalar")  # fmt: skip
def right_shift(g: Graph, self: Value, other: Value | Scalar) -> Value:
    """self with its bits moved down."""
    return g(Shift(g.cast(self, g.dtype), g.tensor(other, g.dtype), "right"))


@torch_op("aten.isnan")
def isnan(g: Graph, self: Value) -> Value:
    """Whether self is NaN."""
    return g(IsNan(self)) if self.tensor.dtype.is_float else _nowhere(g, self)


@torch_op("aten.isinf")
def isinf(g: Graph, self: Value) -> Value:
    """Whether self is infinite."""
    return g(IsInf(self)) if self.tensor.dtype.is_float else _nowhere(g, self)


@torch_op("aten.isfinite")
def isfinite(g: Graph, self: Value) -> Value:
    """Whether self is neither NaN nor infinite."""
    if not self.tensor.dtype.is_float:
        return g(Not(_nowhere(g, self)))
    return g(Not(g(Or(g(IsNan(self)), g(IsInf(self))))))


def _nowhere(g: Graph, x: Value) -> Value:
    return g.expand(g.scalar(False, DType.BOOL), x.tensor.dims)
