"""Ratios of times measured in pairs, with the interval that chance leaves them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_RESAMPLES = 2000
_PERCENTILES = (2.5, 97.5)

Times = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Ratio:
    """A ratio and its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def ratio_of_medians(above: Sequence[float], below: Sequence[float]) -> Ratio:
    """median(above) / median(below); both hold one time a round, round by round the same.

    The interval is the percentile bootstrap over rounds (Efron and Tibshirani, An Introduction to the Bootstrap, 1993,
    section 13.3): rounds are drawn anew with their pairs kept together, so what slows both in a round cancels.
    """
    return geometric_mean([(above, below)])


def geometric_mean(pairs: Sequence[tuple[Sequence[float], Sequence[float]]]) -> Ratio:
    """The geometric mean of several such ratios; each pair's rounds are drawn for itself."""
    rng = np.random.default_rng(0)  # the same times give the same interval
    logs = np.zeros(_RESAMPLES)
    exact = 0.0
    for above, below in pairs:
        times = np.array([above, below], np.float64)
        exact += float(np.log(np.median(times[0]) / np.median(times[1])))
        drawn = rng.integers(0, times.shape[1], (_RESAMPLES, times.shape[1]))
        medians: Times = np.median(times[:, drawn], axis=2)
        logs += np.log(medians[0] / medians[1])
    low, high = np.percentile(logs / len(pairs), _PERCENTILES)
    return Ratio(float(np.exp(exact / len(pairs))), float(np.exp(low)), float(np.exp(high)))
