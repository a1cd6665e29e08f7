"""The distance of two engines' outputs: the worst element and the units in the last place between its two values."""

from __future__ import annotations

import numpy as np
import pytest

from mlc.tools.compare import difference, ulp_distance


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_neighbours_are_one_unit_apart_across_signs_and_exponents(dtype: type) -> None:
    zero, one = dtype(0), dtype(1)
    tiny = np.nextafter(zero, one)
    assert ulp_distance(one, np.nextafter(one, zero)) == 1
    assert ulp_distance(-one, np.nextafter(-one, dtype(-2))) == 1
    assert ulp_distance(zero, dtype(-0.0)) == 0
    assert ulp_distance(tiny, -tiny) == ulp_distance(-tiny, tiny) == 2


def test_infinities_and_integers_have_no_distance_unless_equal() -> None:
    inf = np.float32(np.inf)
    assert ulp_distance(inf, inf) == 0
    assert ulp_distance(inf, np.float32(1)) is None
    assert ulp_distance(np.int32(1), np.int32(2)) is None


def test_the_units_are_those_of_the_worst_element() -> None:
    wanted = np.array([1.0, 1e-30, 4.0], np.float32)
    got = np.array([1.0, 2e-30, np.nextafter(np.float32(4), np.float32(5))], np.float32)
    found = difference("llvm", "y", got, wanted)
    assert found.index == (2,) and found.ulp == 1
