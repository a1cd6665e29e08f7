"""CHLO's ops on operands that broadcast, and its products, against numpy and mpmath."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from mlir_import.calls import integers, random, run, tensor

pytest.importorskip("torch_mlir")


def broadcast(name, x, y):
    result = tensor(np.empty(np.broadcast_shapes(x.shape, y.shape), x.dtype))
    text = f"%r = chlo.broadcast_{name} %a, %b : ({tensor(x)}, {tensor(y)}) -> {result}"
    return run(text, x, y, result=result)


def test_angles_and_neighbors():
    x, y = random(1, 2, 1, 5), random(2, 4, 1)
    np.testing.assert_allclose(broadcast("atan2", x, y), np.arctan2(x, y), rtol=2e-6)
    np.testing.assert_array_equal(broadcast("next_after", x, y), np.nextafter(x, y))
    np.testing.assert_array_equal(broadcast("next_after", y, x), np.nextafter(y, x))


@pytest.mark.parametrize("name", ["polygamma", "zeta"])
def test_functions_of_two_numbers(name):
    x, y = np.array([[2.0], [3.0]], np.float32), np.array([0.5, 1.5, 7.0], np.float32)
    function = mpmath.polygamma if name == "polygamma" else mpmath.zeta
    expected = [[float(function(int(a), float(b))) for b in y] for a in x[:, 0]]
    np.testing.assert_allclose(broadcast(name, x, y), expected, rtol=1e-5)


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.uint16])
def test_right_shifts(dtype):
    bits = np.iinfo(dtype).bits
    x, y = integers(3, 3, 40, dtype=dtype), np.resize(np.arange(bits), 40).astype(dtype)
    unsigned, signed = np.dtype(f"u{x.itemsize}"), np.dtype(f"i{x.itemsize}")
    logical = np.right_shift(x.view(unsigned), y.view(unsigned)).view(dtype)
    arithmetic = np.right_shift(x.view(signed), y.view(signed)).view(dtype)
    np.testing.assert_array_equal(broadcast("shift_right_logical", x, y), logical)
    np.testing.assert_array_equal(broadcast("shift_right_arithmetic", x, y), arithmetic)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.uint32, np.int64, np.uint64])
def test_the_upper_half_of_a_product(dtype):
    limits = np.iinfo(dtype)
    ends = np.array([limits.min, limits.max, 0, 1, limits.max - 1], dtype)
    x, y = (
        np.concatenate([integers(s, 60, dtype=dtype), e]) for s, e in ((4, np.repeat(ends, 5)), (5, np.tile(ends, 5)))
    )
    expected = [(int(a) * int(b)) >> limits.bits for a, b in zip(x, y, strict=True)]
    got = run(f"%r = chlo.mulhi %a, %b : {tensor(x)}, {tensor(x)} -> {tensor(x)}", x, y, result=tensor(x))
    np.testing.assert_array_equal(got, np.array(expected, dtype))
