"""Rows for the ops of mlc.ops.reduce."""

from __future__ import annotations

import numpy as np

from cases import Case, booleans, normal, special
from cases.elementwise import FLOATS, INTEGERS, some
from cases.shape import fresh, i64
from mlc.ir import Op, Value
from mlc.ops import (
    ArgMax,
    ArgMin,
    CumProd,
    CumSum,
    LogSoftmax,
    ReduceMax,
    ReduceMean,
    ReduceMin,
    ReduceProd,
    ReduceSum,
    Softmax,
)


def reduction(op: type[Op]) -> list[Case]:
    """Axes, shapes and dtypes of one reduction."""
    name = op.name.removeprefix("mlc.")
    return [
        Case(name, lambda x: op(x, axes=(1,)), (normal(3, 17, 5),)),
        Case(f"{name}_last", lambda x: op(x, axes=(-1,), keep_dims=False), (normal(3, 17),)),
        Case(f"{name}_two_axes", lambda x: op(x, axes=(0, -1)), (normal(3, 4, 5),)),
        Case(f"{name}_all", lambda x: op(x, keep_dims=False), (normal(3, 17),)),
        Case(f"{name}_no_axes", lambda x: op(x, axes=()), (normal(3, 17),)),
        Case(f"{name}_scalar", op, (normal(),)),
        Case(f"{name}_long", lambda x: op(x, axes=(1,)), (normal(2, 1000, scale=0.01),)),
        Case(f"{name}_of_nothing", lambda x: op(x, axes=(0,)), (normal(0, 3),)),
        Case(f"{name}_to_nothing", lambda x: op(x, axes=(1,)), (normal(0, 3),)),
        Case(f"{name}_special", lambda x: op(x, axes=(1,)), (special().reshape(3, 5),)),
        Case(f"{name}_by_operand", lambda x, a: op(x, a, dims=(3, 1, 5)), (normal(3, 4, 5), i64(1))),
        Case(
            f"{name}_by_operands",
            lambda x, a: op(x, a, keep_dims=False, dims=fresh(1)),
            (normal(3, 4, 5), i64(-1, 0)),
        ),
        Case(
            f"{name}_of_all_by_empty_operand",
            lambda x, a: op(x, a, keep_dims=False, dims=()),
            (normal(3, 4), i64()),
        ),
        Case(
            f"{name}_by_empty_operand",
            lambda x, a: op(x, a, is_noop_without_axes=True, dims=fresh(2)),
            (normal(3, 4), i64()),
        ),
        *(
            Case(f"{name}_{d.name.lower()}", lambda x: op(x, axes=(1,)), (some(3, 17, dtype=d),))
            for d in (*FLOATS, *INTEGERS)
        ),
    ]


def along_axis(op: type[Op]) -> list[Case]:
    """Axes, shapes and dtypes of a function along one axis."""
    name = op.name.removeprefix("mlc.")
    return [
        Case(name, op, (normal(3, 17),)),
        Case(f"{name}_axis", lambda x: op(x, axis=1), (normal(2, 5, 7),)),
        Case(f"{name}_first", lambda x: op(x, axis=0), (normal(5, 3),)),
        Case(f"{name}_one", op, (normal(4, 1),)),
        Case(f"{name}_empty", op, (normal(0, 3),)),
        Case(f"{name}_of_nothing", op, (normal(3, 0),)),
        Case(f"{name}_large", op, (normal(3, 17, scale=1e4),)),
        Case(f"{name}_minus_infinity", op, (np.array([[0, -np.inf, 1], [-np.inf] * 3], np.float32),)),
        Case(f"{name}_special", op, (special().reshape(5, 3),)),
        *(Case(f"{name}_{d.name.lower()}", op, (normal(3, 17, dtype=d),)) for d in FLOATS),
    ]


def running(op: type[Op]) -> list[Case]:
    """Directions, axes and dtypes of a running reduction."""
    name = op.name.removeprefix("mlc.")
    return [
        *(
            Case(
                f"{name}_{'exclusive' if e else 'inclusive'}_{'backwards' if r else 'forwards'}",
                lambda x, e=e, r=r: op(x, axis=1, is_exclusive=e, is_reverse=r),
                (normal(3, 7, 2),),
            )
            for e in (False, True)
            for r in (False, True)
        ),
        Case(f"{name}_by_operand", op, (normal(3, 5), np.array(-1))),
        Case(
            f"{name}_of_the_middle_by_operand",
            lambda x, a: op(x, a, is_exclusive=True, is_reverse=True),
            (normal(2, 3, 4), np.array(1)),
        ),
        Case(f"{name}_empty", op, (normal(0, 3),)),
        *(Case(f"{name}_{d.name.lower()}", op, (some(3, 5, dtype=d),)) for d in (*FLOATS, *INTEGERS)),
    ]


# Sums of rows that f64 has not the digits for, and that 64 bits have not either.
LARGE = np.array([[2**53 + 1, 2, 4], [2**62, 2**62 - 1, 0], [2**63 - 1, 2**63 - 1, -5], [-(2**63), -1, 0]])
LARGE_UNSIGNED = np.array([[2**64 - 1, 0, 0], [2**64 - 1, 2**64 - 1, 7]], np.uint64)


def mean_rows(x: Value) -> Op:
    return ReduceMean(x, axes=(1,))


CASES = [
    *(row for op in (ReduceSum, ReduceProd, ReduceMean, ReduceMax, ReduceMin) for row in reduction(op)),
    Case("reduce_mean_large_i64", mean_rows, (LARGE,)),
    Case("reduce_mean_large_u64", mean_rows, (LARGE_UNSIGNED,)),
    Case("reduce_mean_large_i32", mean_rows, (np.array([[2**31 - 1] * 3, [-(2**31), -1, -(2**31)]], np.int32),)),
    Case("reduce_mean_large_i8", mean_rows, (np.array([[127, 127, 126], [-128, -127, -127]], np.int8),)),
    Case("reduce_mean_of_no_integers", lambda x: ReduceMean(x, axes=(0,)), (np.zeros((0, 3), np.int64),)),
    Case("reduce_mean_large_by_operand", lambda x, a: ReduceMean(x, a, dims=(4, 1)), (LARGE, i64(1))),
    Case("reduce_max_bool", lambda x: ReduceMax(x, axes=(1,)), (booleans(3, 5),)),
    Case("reduce_min_bool", lambda x: ReduceMin(x, axes=(1,)), (booleans(3, 5),)),
    *(
        row
        for op in (ArgMax, ArgMin)
        for name in [op.name.removeprefix("mlc.")]
        for row in (
            Case(name, op, (normal(3, 17),)),
            Case(f"{name}_axis", lambda x, op=op: op(x, axis=-1, keep_dims=False), (normal(2, 3, 17),)),
            Case(f"{name}_ties", lambda x, op=op: op(x, axis=1), (np.zeros((2, 5), np.float32),)),
            Case(f"{name}_last", lambda x, op=op: op(x, axis=1, picks_last=True), (np.zeros((2, 5), np.float32),)),
            Case(f"{name}_special", op, (special(),)),
            Case(f"{name}_empty", lambda x, op=op: op(x, axis=1), (normal(0, 3),)),
            *(Case(f"{name}_{d.name.lower()}", op, (some(3, 5, dtype=d),)) for d in (*FLOATS, *INTEGERS)),
        )
    ),
    *running(CumSum),
    *running(CumProd),
    *along_axis(Softmax),
    *along_axis(LogSoftmax),
]
