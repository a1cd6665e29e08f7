"""Rows for the ops of mlc.ops.shape."""

from __future__ import annotations

import numpy as np

from cases import Case, booleans, integers, normal
from cases.elementwise import FLOATS, INTEGERS
from mlc.ir import Array, DType, symbol
from mlc.ops import (
    Concat,
    DynamicSlice,
    Expand,
    Pad,
    Range,
    Reshape,
    ReverseSequence,
    Shape,
    Slice,
    Tile,
    Transpose,
    Trilu,
)


def i64(*values: int) -> Array:
    """A vector of integers."""
    return np.array(values, np.int64)


def fresh(count: int) -> tuple[object, ...]:
    """Dims that only the run tells."""
    return tuple(symbol(f"r{i}") for i in range(count))


TEXT = np.array([["a", "b", ""], ["d", "e", "longer"]], object)
MOVED = (*FLOATS, *INTEGERS, DType.I4, DType.F8E5M2, DType.BOOL, DType.C64)


def elements(dtype: DType) -> Array:
    """x[2,3] of any dtype."""
    if dtype is DType.BOOL:
        return booleans(2, 3)
    return normal(2, 3, dtype=dtype) if dtype.is_float or dtype.is_complex else integers(2, 3, low=0, dtype=dtype)


CASES = [
    Case("reshape", lambda x: Reshape(x, dims=(6, 17)), (normal(2, 3, 17),)),
    Case("reshape_to_scalar", lambda x: Reshape(x, dims=()), (normal(1, 1),)),
    Case("reshape_empty", lambda x: Reshape(x, dims=(0, 5)), (normal(3, 0),)),
    Case("reshape_string", lambda x: Reshape(x, dims=(3, 2)), (TEXT,)),
    *(Case(f"reshape_{d.name.lower()}", lambda x: Reshape(x, dims=(6,)), (elements(d),)) for d in MOVED),
    Case("reshape_by_operand", lambda x, s: Reshape(x, s, dims=fresh(2)), (normal(2, 3, 17), i64(-1, 17))),
    Case("reshape_copies_a_dim", lambda x, s: Reshape(x, s, dims=fresh(2)), (normal(2, 3, 17), i64(0, -1))),
    Case(
        "reshape_keeps_zero",
        lambda x, s: Reshape(x, s, dims=(3, 0), keeps_zero=True),
        (normal(0, 3), i64(3, 0)),
    ),
    Case("reshape_unranked", Reshape, (normal(2, 3), i64(3, 2))),
    Case("expand", lambda x: Expand(x, dims=(4, 3, 17)), (normal(3, 1),)),
    Case("expand_scalar", lambda x: Expand(x, dims=(2, 3)), (normal(),)),
    Case("expand_to_empty", lambda x: Expand(x, dims=(0, 3)), (normal(1, 3),)),
    Case("expand_by_operand", lambda x, s: Expand(x, s, dims=fresh(3)), (normal(3, 1), i64(2, 1, 6))),
    *(Case(f"expand_{d.name.lower()}", lambda x: Expand(x, dims=(2, 2, 3)), (elements(d),)) for d in MOVED),
    Case("transpose", lambda x: Transpose(x, perm=(1, 0)), (normal(3, 17),)),
    Case("transpose_4d", lambda x: Transpose(x, perm=(0, 3, 1, 2)), (normal(2, 3, 5, 7),)),
    Case("transpose_rotate", lambda x: Transpose(x, perm=(2, 0, 1)), (normal(3, 1, 17),)),
    Case("transpose_nothing", lambda x: Transpose(x, perm=(0, 1)), (normal(3, 5),)),
    Case("transpose_scalar", lambda x: Transpose(x, perm=()), (normal(),)),
    Case("transpose_empty", lambda x: Transpose(x, perm=(1, 0)), (normal(0, 3),)),
    Case("transpose_string", lambda x: Transpose(x, perm=(1, 0)), (TEXT,)),
    *(Case(f"transpose_{d.name.lower()}", lambda x: Transpose(x, perm=(1, 0)), (elements(d),)) for d in MOVED),
    Case("concat", lambda *xs: Concat(xs, axis=1), (normal(2, 3), normal(2, 1), normal(2, 17))),
    Case("concat_first_axis", lambda *xs: Concat(xs, axis=0), (normal(2, 3), normal(5, 3))),
    Case("concat_last_axis", lambda *xs: Concat(xs, axis=-1), (normal(2, 3, 4), normal(2, 3, 4))),
    Case("concat_one", lambda *xs: Concat(xs, axis=0), (normal(2, 3),)),
    Case("concat_empty", lambda *xs: Concat(xs, axis=0), (normal(0, 3), normal(2, 3), normal(0, 3))),
    Case("concat_string", lambda *xs: Concat(xs, axis=0), (TEXT, TEXT)),
    *(Case(f"concat_{d.name.lower()}", lambda *xs: Concat(xs, axis=0), (elements(d), elements(d))) for d in MOVED),
    Case("slice", lambda x: Slice(x, starts=(1, 2), dims=(2, 5), steps=(1, 3)), (normal(3, 17),)),
    Case("slice_backwards", lambda x: Slice(x, starts=(2, 16), dims=(3, 9), steps=(-1, -2)), (normal(3, 17),)),
    Case("slice_to_the_front", lambda x: Slice(x, starts=(4,), dims=(3,), steps=(-2,)), (normal(5),)),
    Case("slice_nothing", lambda x: Slice(x, starts=(0, 5), dims=(3, 0), steps=(1, 1)), (normal(3, 5),)),
    Case("slice_all", lambda x: Slice(x, starts=(0, 0), dims=(3, 5), steps=(1, 1)), (normal(3, 5),)),
    Case("slice_scalar", lambda x: Slice(x, starts=(), dims=(), steps=()), (normal(),)),
    *(
        Case(f"slice_{d.name.lower()}", lambda x: Slice(x, starts=(0, 1), dims=(2, 2), steps=(1, 1)), (elements(d),))
        for d in MOVED
    ),
    Case(
        "dynamic_slice",
        lambda x, a, b: DynamicSlice(x, a, b, dims=fresh(2)),
        (normal(3, 17), i64(1, -5), i64(1000, -1)),
    ),
    Case(
        "dynamic_slice_of_axes",
        lambda x, a, b, axes, steps: DynamicSlice(x, a, b, axes, steps, dims=fresh(3)),
        (normal(3, 17, 5), i64(-1, 4), i64(-1000, 0), i64(-2, 0), i64(-2, 1)),
    ),
    Case(
        "dynamic_slice_by_the_least_step",
        lambda x, a, b, axes, steps: DynamicSlice(x, a, b, axes, steps, dims=fresh(2)),
        (normal(7, 5), np.array([2**63 - 1]), np.array([-(2**63)]), np.array([0]), np.array([-(2**63)])),
    ),
    Case(
        "dynamic_slice_of_nothing",
        lambda x, a, b: DynamicSlice(x, a, b, dims=fresh(2)),
        (normal(3, 5), i64(2, -9), i64(-2, 9)),
    ),
    Case(
        "dynamic_slice_i32",
        lambda x, a, b, axes, steps: DynamicSlice(x, a, b, axes, steps, dims=fresh(2)),
        (integers(4, 7), *(np.array(n, np.int32) for n in ([9, -1], [-9, -6], [1, 0], [-3, -2]))),
    ),
    Case("pad", lambda x: Pad(x, pads=(1, 0, 2, 3)), (normal(3, 5),)),
    Case("pad_value", lambda x, v: Pad(x, v, pads=(1, 0, 2, 3)), (normal(3, 5), np.array(7.5, np.float32))),
    Case("pad_crops", lambda x: Pad(x, pads=(-1, 2, 0, -3)), (normal(3, 5),)),
    Case("pad_empty", lambda x: Pad(x, pads=(1, 0, 1, 0)), (normal(0, 5),)),
    Case("pad_scalar", lambda x: Pad(x, pads=()), (normal(),)),
    *(
        Case(f"pad_{mode}", lambda x, mode=mode: Pad(x, pads=(0, 2, 3, 0, 1, 4), mode=mode), (normal(2, 4, 6),))
        for mode in ("edge", "reflect", "wrap")
    ),
    *(
        Case(f"pad_{d.name.lower()}", lambda x: Pad(x, pads=(1, 0, 0, 2)), (elements(d),))
        for d in MOVED
        if d is not DType.I4
    ),
    Case("pad_by_operand", lambda x, p: Pad(x, None, p, dims=fresh(2)), (normal(3, 5), i64(1, 0, 0, 2))),
    Case(
        "pad_axes_by_operand",
        lambda x, v, p, axes: Pad(x, v, p, axes, dims=fresh(3)),
        (normal(3, 5, 2), np.array(1, np.float32), i64(1, 2, 0, 2), i64(-1, 0)),
    ),
    *(
        Case(
            f"pad_{mode}_by_operand",
            lambda x, p, axes, mode=mode: Pad(x, None, p, axes, mode=mode, dims=fresh(2)),
            (normal(6, 5), i64(3, -1, 2, 4), i64(1, -2)),
        )
        for mode in ("edge", "reflect", "wrap")
    ),
    Case("tile", lambda x: Tile(x, repeats=(2, 3)), (normal(3, 5),)),
    Case("tile_by_none", lambda x: Tile(x, repeats=(0, 1)), (normal(3, 5),)),
    Case("tile_by_operand", lambda x, r: Tile(x, r, dims=fresh(3)), (normal(2, 3, 4), i64(2, 1, 3))),
    *(Case(f"tile_{d.name.lower()}", lambda x: Tile(x, repeats=(1, 2)), (elements(d),)) for d in MOVED),
    Case("shape", Shape, (normal(2, 3, 17),)),
    Case("shape_of_scalar", Shape, (normal(),)),
    Case("shape_of_empty", Shape, (normal(0, 3),)),
    Case("shape_from_to", lambda x: Shape(x, start=-2, end=-1), (normal(2, 3, 17),)),
    Case("shape_crossed", lambda x: Shape(x, start=2, end=1), (normal(2, 3, 17),)),
    Case("range", lambda a, b, d: Range(a, b, d, count=4), (np.array(3), np.array(10), np.array(2))),
    Case("range_down", lambda a, b, d: Range(a, b, d, count=symbol("r0")), (np.array(10), np.array(4), np.array(-2))),
    Case("range_empty", lambda a, b, d: Range(a, b, d, count=symbol("r0")), (np.array(1), np.array(1), np.array(1))),
    *(
        Case(
            f"range_{d.name.lower()}",
            lambda a, b, c: Range(a, b, c, count=symbol("r0")),
            tuple(np.array(v).astype(d.numpy) for v in (1, 8, 2.5)),
        )
        for d in FLOATS
    ),
    *(
        Case(
            f"trilu_{'upper' if upper else 'lower'}_{k}",
            lambda x, upper=upper, k=k: Trilu(x, upper=upper, diagonal=k),
            (normal(2, 3, 5),),
        )
        for upper in (True, False)
        for k in (-6, -1, 0, 2, 6)
    ),
    Case("trilu_by_operand", lambda x, k: Trilu(x, k), (integers(4, 3), np.array(1))),
    Case("trilu_empty", Trilu, (normal(0, 3, 3),)),
    Case("reverse_sequence", ReverseSequence, (normal(4, 3), i64(4, 2, 1))),
    Case(
        "reverse_sequence_of_batch",
        lambda x, n: ReverseSequence(x, n, time_axis=1, batch_axis=0),
        (normal(3, 5, 2), i64(0, 5, 3)),
    ),
]
