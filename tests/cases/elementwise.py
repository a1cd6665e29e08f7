"""Rows for the ops of mlc.ops.elementwise."""

from __future__ import annotations

import numpy as np

from cases import Case, booleans, integers, normal, positive, special
from mlc.ir import Array, DType, Op
from mlc.ops import (
    Abs,
    Add,
    Ceil,
    Clip,
    Div,
    Floor,
    LeakyRelu,
    Maximum,
    Minimum,
    Mod,
    Mul,
    Neg,
    Pow,
    Relu,
    Round,
    Sign,
    Sub,
    Where,
)

FLOATS = (DType.F16, DType.BF16, DType.F32, DType.F64)
INTEGERS = (DType.I8, DType.I16, DType.I32, DType.I64, DType.U8, DType.U16, DType.U32, DType.U64)


def some(*shape: int, dtype: DType) -> Array:
    """Numbers of any dtype, none of them 0."""
    if dtype.is_float or dtype.is_complex:
        return normal(*shape, dtype=dtype)
    values = integers(*shape, low=1, high=12)
    return (values if dtype.is_unsigned else values * np.where(values % 2, 1, -1)).astype(dtype.numpy)


def binary(op: type[Op]) -> list[Case]:
    """Every way two operands can meet, and every dtype."""
    name = op.name.removeprefix("mlc.")
    shapes = [
        ("same", (3, 17), (3, 17)),
        ("row", (2, 3, 17), (17,)),
        ("column", (3, 17), (3, 1)),
        ("both", (3, 1, 5), (4, 1)),
        ("scalar", (3, 17), ()),
        ("scalars", (), ()),
        ("empty", (0, 3), (3,)),
        ("empty_by_one", (0,), (1,)),
    ]
    rows = [Case(f"{name}_{what}", op, (some(*x, dtype=DType.F32), some(*y, dtype=DType.F32))) for what, x, y in shapes]
    rows += [
        Case(f"{name}_{d.name.lower()}", op, (some(3, 17, dtype=d), some(17, dtype=d))) for d in (*FLOATS, *INTEGERS)
    ]
    for dtype in FLOATS:
        values = special(dtype)
        rows.append(Case(f"{name}_special_{dtype.name.lower()}", op, (values[:, None], values[None])))
    return rows


def unary(op: type[Op], *, dtypes: tuple[DType, ...]) -> list[Case]:
    """Shapes and dtypes of one operand."""
    name = op.name.removeprefix("mlc.")
    rows = [
        Case(f"{name}_{what}", op, (normal(*shape),))
        for what, shape in [("usual", (2, 3, 17)), ("odd", (3, 1, 7)), ("scalar", ()), ("empty", (2, 0))]
    ]
    rows += [Case(f"{name}_{d.name.lower()}", op, (some(3, 17, dtype=d),)) for d in dtypes]
    rows += [Case(f"{name}_special_{d.name.lower()}", op, (special(d),)) for d in dtypes if d.is_float]
    return rows


def clip(low: float | None, high: float | None) -> tuple[Array | None, ...]:
    """Bounds as scalars."""
    return tuple(None if bound is None else np.array(bound, np.float32) for bound in (low, high))


CASES = [
    *(row for op in (Add, Sub, Mul, Div, Pow, Maximum, Minimum) for row in binary(op)),
    *binary(Mod),
    *(Case(f"{row.name}_of_dividend", lambda x, y: Mod(x, y, sign_of="dividend"), row.inputs) for row in binary(Mod)),
    *(row for op in (Abs, Neg, Sign, Relu) for row in unary(op, dtypes=(*FLOATS, *INTEGERS))),
    *(row for op in (LeakyRelu, Floor, Ceil, Round) for row in unary(op, dtypes=FLOATS)),
    Case("leaky_relu_slope", lambda x: LeakyRelu(x, slope=0.2), (normal(3, 17),)),
    Case("add_complex", Add, (normal(3, 5, dtype=DType.C64), normal(5, dtype=DType.C64))),
    Case("mul_complex", Mul, (normal(3, 5, dtype=DType.C64), normal(5, dtype=DType.C64))),
    Case("add_wraps", Add, (np.array([127, -128], np.int8), np.array([1, -1], np.int8))),
    Case("mul_wraps", Mul, (np.array([2**31, 3], np.uint32), np.array([2, 3], np.uint32))),
    Case("neg_of_the_least", Neg, (np.array([-128, 127], np.int8),)),
    Case("abs_of_the_least", Abs, (np.array([-128, 127], np.int8),)),
    Case("div_rounds_to_zero", Div, (np.array([7, -7, 7, -7], np.int32), np.array([2, 2, -2, -2], np.int32))),
    Case("div_of_the_least", Div, (np.array([-(2**31)], np.int32), np.array([-1], np.int32))),
    Case("pow_negative_of_integers", Pow, (np.array([1, -1, -1, 2, 5]), np.array([-3, -2, -3, -1, 2]))),
    Case("pow_of_negative", Pow, (np.array([-2, -2, -2], np.float32), np.array([2, 3, 0.5], np.float32))),
    Case("clip", Clip, (normal(3, 17), *clip(-0.5, 0.5))),
    Case("clip_below", lambda x, low: Clip(x, low), (normal(3, 17), np.array(0.1, np.float32))),
    Case("clip_above", lambda x, high: Clip(x, None, high), (normal(3, 17), np.array(0.1, np.float32))),
    Case("clip_none", Clip, (normal(3, 17),)),
    Case("clip_crossed", Clip, (normal(3, 17), *clip(0.5, -0.5))),
    Case("clip_special", Clip, (special(), *clip(-1.0, 1.0))),
    Case("clip_by_nan", Clip, (special(), *clip(float("nan"), 1.0))),
    Case("clip_i8", Clip, (integers(3, 5, dtype=DType.I8), np.array(-2, np.int8), np.array(3, np.int8))),
    Case("clip_f16", Clip, (normal(3, 5, dtype=DType.F16), np.array(-0.5, np.float16), np.array(0.5, np.float16))),
    Case("clip_empty", Clip, (normal(0, 3), *clip(-0.5, 0.5))),
    Case("where", Where, (booleans(3, 17), normal(3, 17), normal(3, 17))),
    Case("where_broadcast", Where, (booleans(3, 1), normal(17), normal(2, 1, 1))),
    Case("where_scalar", Where, (np.array(True), normal(3), normal(3))),
    Case("where_special", Where, (booleans(15), special(), -special())),
    Case("where_empty", Where, (booleans(0, 1), normal(0, 3), normal(3))),
    Case("where_bool", Where, (booleans(5), booleans(5), ~booleans(5))),
    Case("where_string", Where, (booleans(3), np.array(["a", "", "c"], object), np.array(["x"], object))),
    *(
        Case(f"where_{d.name.lower()}", Where, (booleans(3, 5), some(3, 5, dtype=d), some(5, dtype=d)))
        for d in (*FLOATS, *INTEGERS)
    ),
    Case("sub_large", Sub, (positive(33, 65), positive(65))),
]
