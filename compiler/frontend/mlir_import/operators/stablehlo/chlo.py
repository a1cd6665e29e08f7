"""CHLO's ops, as jax and torch-mlir leave them beside StableHLO's: whole where the IR has them, else in StableHLO's."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
from torch_mlir import ir
from torch_mlir._mlir_libs import _stablehlo
from torch_mlir.passmanager import PassManager

from mlc.frontend.mlir_import.graph import Graph
from mlc.frontend.mlir_import.operators.bits import shifted_right, upper_half
from mlc.frontend.mlir_import.operators.stablehlo.attributes import word
from mlc.frontend.mlir_import.operators.stablehlo.convert import compared
from mlc.frontend.mlir_import.operators.stablehlo.elementwise import aligned, angle_of, binary, signed_right
from mlc.frontend.mlir_import.registry import Imported, mlir_op
from mlc.ir import DType, Op, Value
from mlc.ops import (
    Acos,
    Acosh,
    Add,
    Asin,
    Asinh,
    Atan,
    Atanh,
    Cosh,
    Erf,
    IsInf,
    Mod,
    Mul,
    Shift,
    Sinh,
    Sub,
    Tan,
    TopK,
    Where,
)

_UNARY: dict[str, type[Op]] = {
    "acos": Acos,
    "acosh": Acosh,
    "asin": Asin,
    "asinh": Asinh,
    "atan": Atan,
    "atanh": Atanh,
    "cosh": Cosh,
    "erf": Erf,
    "is_inf": IsInf,
    "sinh": Sinh,
    "tan": Tan,
}


def _register_unary(name: str, op: type[Op]) -> None:
    def function(g: Graph, operand: Value) -> Value:
        return g(op(operand))

    function.__qualname__ = function.__name__ = name
    function.__doc__ = op.__doc__
    mlir_op(f"chlo.{name}")(function)


def _register_binary(name: str) -> None:
    def function(g: Graph, lhs: Value, rhs: Value, *, broadcast_dimensions: Any = None) -> Value:
        return binary(g, name, *_by_rank(g, lhs, rhs, broadcast_dimensions))

    function.__qualname__ = function.__name__ = f"broadcast_{name}"
    function.__doc__ = f"{name} of operands that broadcast."
    mlir_op(f"chlo.broadcast_{name}")(function)


for _name, _op in _UNARY.items():
    _register_unary(_name, _op)
for _name in ("add", "and", "divide", "maximum", "minimum", "multiply", "or", "power", "subtract", "xor"):
    _register_binary(_name)


def _by_rank(g: Graph, x: Value, y: Value, axes: Any) -> tuple[Value, Value]:
    """The operands as they broadcast from their last axes on."""
    rank = abs(x.tensor.rank - y.tensor.rank)
    if axes is not None and rank and [int(a) for a in axes] != list(range(rank, max(x.tensor.rank, y.tensor.rank))):
        raise g.error("broadcast_dimensions other than the last axes are not supported")
    return x, y


@mlir_op("chlo.broadcast_compare")
def broadcast_compare(
    g: Graph,
    lhs: Value,
    rhs: Value,
    *,
    comparison_direction: str,
    compare_type: str = "",
    broadcast_dimensions: Any = None,
) -> Value:
    """Whether two elements are in the relation; operands broadcast."""
    if word(compare_type) == "TOTALORDER":
        raise g.error("compare_type TOTALORDER is not supported where operands broadcast")
    return compared(g, word(comparison_direction), *_by_rank(g, lhs, rhs, broadcast_dimensions))


@mlir_op("chlo.broadcast_remainder")
def broadcast_remainder(g: Graph, lhs: Value, rhs: Value, *, broadcast_dimensions: Any = None) -> Value:
    """What is left of x / y, with the sign of x; operands broadcast."""
    return g(Mod(*_by_rank(g, lhs, rhs, broadcast_dimensions), sign_of="dividend"))


@mlir_op("chlo.broadcast_shift_left")
def broadcast_shift_left(g: Graph, lhs: Value, rhs: Value, *, broadcast_dimensions: Any = None) -> Value:
    """x << y; operands broadcast."""
    return g(Shift(*_by_rank(g, lhs, rhs, broadcast_dimensions), "left"))


@mlir_op("chlo.broadcast_shift_right_arithmetic")
def broadcast_shift_right_arithmetic(g: Graph, lhs: Value, rhs: Value, *, broadcast_dimensions: Any = None) -> Value:
    """x >> y with the highest bit shifted in; operands broadcast."""
    return signed_right(g, *_by_rank(g, lhs, rhs, broadcast_dimensions))


@mlir_op("chlo.broadcast_shift_right_logical")
def broadcast_shift_right_logical(g: Graph, lhs: Value, rhs: Value, *, broadcast_dimensions: Any = None) -> Value:
    """x >> y with zeros shifted in; operands broadcast."""
    return shifted_right(g, *_by_rank(g, lhs, rhs, broadcast_dimensions))


@mlir_op("chlo.broadcast_atan2")
def broadcast_atan2(g: Graph, lhs: Value, rhs: Value, *, broadcast_dimensions: Any = None) -> Value:
    """The angle of the point (y, x); operands broadcast."""
    return angle_of(g, *_by_rank(g, lhs, rhs, broadcast_dimensions))


@mlir_op("chlo.mulhi")
def mulhi(g: Graph, lhs: Value, rhs: Value) -> Value:
    """The upper half of the bits of x * y."""
    aligned(g, lhs, rhs)
    return upper_half(g, lhs, rhs)


@mlir_op("chlo.broadcast_select")
def broadcast_select(g: Graph, pred: Value, on_true: Value, on_false: Value) -> Value:
    """on_true where pred holds, else on_false; operands broadcast."""
    return g(Where(pred, on_true, on_false))


@mlir_op("chlo.square")
def square(g: Graph, operand: Value) -> Value:
    """x * x."""
    return g(Mul(operand, operand))


@mlir_op("chlo.is_pos_inf")
def is_pos_inf(g: Graph, operand: Value) -> Value:
    """Whether x is inf."""
    return g(IsInf(operand, is_negative=False))


@mlir_op("chlo.is_neg_inf")
def is_neg_inf(g: Graph, operand: Value) -> Value:
    """Whether x is -inf."""
    return g(IsInf(operand, is_positive=False))


@mlir_op("chlo.conj")
def conj(g: Graph, operand: Value) -> Value:
    """x itself: real numbers have no imaginary part."""
    return operand


@mlir_op("chlo.constant_like")
def constant_like(g: Graph, operand: Value, *, value: Any) -> Value:
    """One number in the shape of x."""
    number = np.array(value.value).astype(g.dtype.numpy)
    return g.expand(g.constant(number), operand.tensor.dims)


@mlir_op("chlo.top_k")
def top_k(g: Graph, operand: Value, *, k: int, largest: bool = True) -> tuple[Value, Value]:
    """The k largest along the last axis, and their places."""
    declared = g.declared[1]
    assert declared is not None
    values, places = g.add(TopK(operand, k=k, is_largest=largest)).results
    return values, g.cast(places, declared.dtype)


@mlir_op("chlo.erfc")
def erfc(g: Graph, operand: Value) -> Value:
    """1 - erf(x), in f64 where digits would be lost."""
    x = g.cast(operand, DType.F64)
    return g.cast(g(Sub(g.scalar(1, DType.F64), g(Erf(x)))), operand.tensor.dtype)


_DECOMPOSED = (
    "bessel_i1e",
    "digamma",
    "erf_inv",
    "lgamma",
    "next_after",
    "polygamma",
    "zeta",
)


@mlir_op(*(f"chlo.{name}" for name in _DECOMPOSED))
def decomposed(g: Graph, *operands: Value) -> Imported:
    """What MLIR's own chlo-legalize-to-stablehlo makes of the op."""
    return _legalized(g, g.operation.name, operands)


@mlir_op("chlo.broadcast_next_after", "chlo.broadcast_polygamma", "chlo.broadcast_zeta")
def broadcast_decomposed(g: Graph, lhs: Value, rhs: Value, *, broadcast_dimensions: Any = None) -> Imported:
    """The same of operands that broadcast."""
    x, y = _by_rank(g, lhs, rhs, broadcast_dimensions)
    dims = g(Add(x, y)).tensor.dims
    return _legalized(g, g.operation.name.replace("broadcast_", ""), [g.expand(x, dims), g.expand(y, dims)])


def _legalized(g: Graph, name: str, operands: Sequence[Value]) -> Imported:
    """An elementwise op of CHLO's on operands of one shape, as MLIR's pass writes it for the result's type."""
    result = g.operation.results[0].type
    kinds = ", ".join([str(result)] * len(operands))
    names = ", ".join(f"%{i}" for i in range(len(operands)))
    arguments = ", ".join(f"%{i}: {result}" for i in range(len(operands)))
    text = (
        f"func.func @main({arguments}) -> {result} {{\n"
        f'  %r = "{name}"({names}) : ({kinds}) -> {result}\n  return %r : {result}\n}}'
    )
    _register_passes()
    with g.operation.context:
        module = ir.Module.parse(text)
        PassManager.parse("builtin.module(func.func(chlo-legalize-to-stablehlo))").run(module.operation)
    body = module.body.operations[0].operation
    (made,) = g.run(body.regions[0].blocks[0], operands)
    return made


@functools.cache
def _register_passes() -> None:
    """Makes StableHLO's passes known to MLIR, once in a process."""
    _stablehlo.register_stablehlo_passes()
