"""What several passes know of ops and values: which ops commute, what a constant holds, who else uses a value."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlc.ir import Array, Op, Use, Value
from mlc.ops import (
    Add,
    And,
    BitwiseAnd,
    BitwiseOr,
    BitwiseXor,
    Equal,
    Mul,
    Or,
    Xor,
    constant_value,
)

# f(x, y) == f(y, x) bit for bit, NaN payloads apart. Maximum and Minimum are not: which of 0.0 and -0.0 is the larger
# depends on the order of the operands.
COMMUTATIVE = (Add, Mul, Equal, And, Or, Xor, BitwiseAnd, BitwiseOr, BitwiseXor)


def splat(value: Value | None) -> Array | None:
    """The one number (a rank-0 array) that a constant is filled with, or None."""
    array = constant_value(value)
    if array is None or array.size == 0 or array.dtype == object:
        return None
    first = array.reshape(-1)[:1]
    if array.size > 1:
        flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8).reshape(array.size, -1)
        if not bool((flat == flat[0]).all()):
            return None
    return first.reshape(())


def is_filled_with(value: Value | None, number: float) -> bool:
    """Whether `value` is a constant all of whose elements are `number`; 0.0 is not -0.0."""
    single = splat(value)
    if single is None or single.dtype.kind == "c":
        return False
    found = float(single)
    return found == number and bool(np.signbit(found)) == bool(np.signbit(number))


def other_use(value: Value, user: Op) -> Use | None:
    """The first use of `value` by another op than `user`, the graph's outputs included."""
    return next((use for use in value.uses if use.op is not user), None)


def inverse(perm: Sequence[int]) -> tuple[int, ...]:
    """The permutation that undoes `perm`."""
    return tuple(sorted(range(len(perm)), key=lambda i: perm[i]))
