"""The transforms of Winograd's convolution of 3 taps along one dim, for tiles of 2 and of 4 results.

A line d of s + 2 pixels and a filter g of 3 taps give s results A^T ((G g) * (B^T d)) (Lavin and Gray, Fast Algorithms
for Convolutional Neural Networks, 2015, section 4). The points are 0, 1, -1 and infinity, with 2 and -2 as well for
s = 4. B^T and A^T are written out, with the sums that two rows share computed once; two dims take them one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mlc.codegen.builder import Builder
from mlc.ir import Array


def filter_matrix(side: int) -> Array:
    """G[side + 2, 3] in f64."""
    if side == 2:
        return np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])
    quarter, sixth = 1 / 4, 1 / 6
    return np.array(
        [
            [quarter, 0, 0],
            [-sixth, -sixth, -sixth],
            [-sixth, sixth, -sixth],
            [sixth / 4, sixth / 2, sixth],
            [sixth / 4, -sixth / 2, sixth],
            [0, 0, 1],
        ]
    )


def to_points(k: Builder, d: Sequence[Any]) -> list[Any]:
    """B^T d of 4 or 6 pixels."""
    f = k.ir
    if len(d) == 4:
        return [f.fsub(d[0], d[2]), f.fadd(d[1], d[2]), f.fsub(d[2], d[1]), f.fsub(d[1], d[3])]
    even, odd = _plus(k, d[4], -4, d[2]), _plus(k, d[3], -4, d[1])
    even_too, odd_too = f.fsub(d[4], d[2]), _times(k, 2, f.fsub(d[3], d[1]))
    return [
        _plus(k, _plus(k, d[4], -5, d[2]), 4, d[0]),
        f.fadd(even, odd),
        f.fsub(even, odd),
        f.fadd(even_too, odd_too),
        f.fsub(even_too, odd_too),
        _plus(k, _plus(k, d[5], -5, d[3]), 4, d[1]),
    ]


def from_points(k: Builder, m: Sequence[Any]) -> list[Any]:
    """A^T m of 4 or 6 products: 2 or 4 results."""
    f = k.ir
    total, difference = f.fadd(m[1], m[2]), f.fsub(m[1], m[2])
    if len(m) == 4:
        return [f.fadd(m[0], total), f.fsub(difference, m[3])]
    total_too, difference_too = f.fadd(m[3], m[4]), f.fsub(m[3], m[4])
    return [
        f.fadd(f.fadd(m[0], total), total_too),
        _plus(k, difference, 2, difference_too),
        _plus(k, total, 4, total_too),
        f.fadd(_plus(k, difference, 8, difference_too), m[5]),
    ]


def _plus(k: Builder, x: Any, factor: float, y: Any) -> Any:
    """x + factor * y."""
    return k.fma(y, k.like(factor, y), x)


def _times(k: Builder, factor: float, x: Any) -> Any:
    return k.ir.fmul(x, k.like(factor, x))
