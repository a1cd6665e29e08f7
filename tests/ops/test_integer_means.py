"""The mean of integers: exact up to sums of 64 bits, cut towards zero."""

from __future__ import annotations

import numpy as np
import pytest
from cases.reduce import LARGE, LARGE_UNSIGNED

from mlc.ir import Array, Block, type_of
from mlc.ops import ReduceMean


def exact(row: list[int], bits: int, is_signed: bool) -> int:
    """The quotient in Python's integers, of a sum that wraps."""
    total = sum(row) % 2**bits
    total -= 2**bits if is_signed and total >= 2 ** (bits - 1) else 0
    return abs(total) // len(row) * (1 if total >= 0 else -1)


@pytest.mark.parametrize("x", [LARGE, LARGE_UNSIGNED, np.array([[-1, -1, 0], [127, 127, 127]], np.int8)])
def test_a_mean_of_integers_is_the_wrapped_sum_of_64_bits_cut_towards_zero(x: Array) -> None:
    [argument] = Block([type_of(x)]).arguments
    found = ReduceMean(argument, axes=(1,), keep_dims=False).evaluate(x, None)
    assert found.tolist() == [exact(row, 64, x.dtype.kind == "i") for row in x.tolist()]
