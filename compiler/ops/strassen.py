"""Strassen's algorithm: a product of 2 x 2 blocks by seven products of sums of blocks, where the plain one takes eight.

In Winograd's form, which takes the fewest sums (Nicholas Higham, Accuracy and Stability of Numerical Algorithms, 2nd
edition, 2002, section 23.1). Blocks are numbered 0 1 / 2 3.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlc.ir import Array

# For each of the seven products the signs with which the blocks of x and of y are summed up for its factors.
OF_X = (
    (1, 0, 0, 0),
    (-1, 0, 1, 1),
    (1, 0, -1, 0),
    (0, 1, 0, 0),
    (1, 1, -1, -1),
    (0, 0, 0, 1),
    (0, 0, 1, 1),
)
OF_Y = (
    (1, 0, 0, 0),
    (1, -1, 0, 1),
    (0, -1, 0, 1),
    (0, 0, 1, 0),
    (0, 0, 0, 1),
    (-1, 1, 1, -1),
    (-1, 1, 0, 0),
)
# For each block of the result the signs with which the products are summed up.
OF_RESULT = (
    (1, 0, 0, 1, 0, 0, 0),
    (1, 1, 0, 0, 1, 0, 1),
    (1, 1, 1, 0, 0, 1, 0),
    (1, 1, 1, 0, 0, 0, 1),
)
PRODUCTS = len(OF_X)


def by_seven_products(x: Array, y: Array) -> Array:
    """x[..., M, K] @ y[K, N] by one level of the algorithm, with zeros behind an odd end of a dim."""
    m, depth, n = x.shape[-2], y.shape[0], y.shape[1]
    half_m, half_depth, half_n = (-(-extent // 2) for extent in (m, depth, n))
    of_x, of_y = blocks_of(x, half_m, half_depth), blocks_of(y, half_depth, half_n)
    products = [
        np.matmul(signed_sum(left, of_x), signed_sum(right, of_y)) for left, right in zip(OF_X, OF_Y, strict=True)
    ]
    quarters = [signed_sum(signs, products) for signs in OF_RESULT]
    rows = [np.concatenate(quarters[first : first + 2], -1) for first in (0, 2)]
    return np.asarray(np.concatenate(rows, -2))[..., :m, :n]


def blocks_of(x: Array, rows: int, columns: int) -> tuple[Array, Array, Array, Array]:
    """The four blocks [rows, columns] of x's last two dims, which are at most twice as long, with zeros behind them."""
    missing = (2 * rows - x.shape[-2], 2 * columns - x.shape[-1])
    whole = np.pad(x, [(0, 0)] * (x.ndim - 2) + [(0, count) for count in missing])
    return (
        whole[..., :rows, :columns],
        whole[..., :rows, columns:],
        whole[..., rows:, :columns],
        whole[..., rows:, columns:],
    )


def signed_sum(signs: Sequence[int], blocks: Sequence[Array]) -> Array:
    """The sum of the blocks whose sign is not 0, from the first to the last."""
    (sign, block), *rest = [pair for pair in zip(signs, blocks, strict=True) if pair[0]]
    total = np.asarray(np.multiply(block, sign, dtype=block.dtype))
    for sign, block in rest:
        if sign > 0:
            total += block
        else:
            total -= block
    return total
