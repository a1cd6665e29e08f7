"""Ratios of medians and their bootstrap intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mlc.tools.ratio import geometric_mean, ratio_of_medians


def test_the_ratio_is_that_of_the_medians() -> None:
    assert ratio_of_medians([4.0, 2.0, 100.0], [1.0, 2.0, 3.0]).value == pytest.approx(2.0)


def test_equal_rounds_leave_no_spread() -> None:
    found = ratio_of_medians([3.0] * 30, [2.0] * 30)
    assert (found.low, found.high) == (pytest.approx(1.5), pytest.approx(1.5))


def test_what_slows_both_in_a_round_does_not_widen_the_interval() -> None:
    drift = np.linspace(1, 3, 30)
    paired = ratio_of_medians(1.5 * drift, drift)
    shuffled = ratio_of_medians(1.5 * np.random.default_rng(0).permutation(drift), drift)
    assert paired.high - paired.low < 1e-9 < 0.1 < shuffled.high - shuffled.low


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(100):
        above, below = (np.exp(0.1 * rng.standard_normal(30)) for _ in range(2))
        found = ratio_of_medians(2 * above, below)
        hits += found.low <= 2.0 <= found.high
    assert 88 <= hits <= 100, hits


def test_the_geometric_mean_of_a_ratio_and_its_inverse_is_one() -> None:
    rng = np.random.default_rng(2)
    a, b = (np.exp(0.05 * rng.standard_normal(30)) for _ in range(2))
    found = geometric_mean([(a, b), (b, a)])
    assert found.value == pytest.approx(1.0)
    assert found.low < 1.0 < found.high


def test_the_geometric_mean_of_2_and_8_is_4() -> None:
    assert math.isclose(geometric_mean([([2.0, 2.0], [1.0, 1.0]), ([8.0, 8.0], [1.0, 1.0])]).value, 4.0)
