"""Narrow floats against numpy and ml_dtypes, bit for bit, over all codes and all ties."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
from codegen.math_loops import FMA_TARGET, PORTABLE_TARGET, Array, compile_loop

from mlc.codegen import math as vector_math

TARGETS = pytest.mark.parametrize("target", [FMA_TARGET, PORTABLE_TARGET], ids=["f16c", "portable"])
CODES = np.arange(2**16, dtype=np.uint16)
Target = tuple[str, tuple[str, ...]]


def f32_with_ties() -> Array:
    """f32 patterns: all 2^16 upper halves and all 2^19 upper 19 bits, each with what decides its rounding."""
    for_bf16 = (np.arange(2**16, dtype=np.uint32) << 16)[:, None] + np.array(
        [0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF], np.uint32
    )
    for_f16 = (np.arange(2**19, dtype=np.uint32) << 13)[:, None] + np.array([0, 1, 0xFFF, 0x1000, 0x1001], np.uint32)
    everywhere = np.arange(0, 2**32, 10007, dtype=np.uint32)
    x = np.concatenate([for_bf16.ravel(), for_f16.ravel(), everywhere]).view(np.float32)
    return x[: x.size // 8 * 8]


@TARGETS
def test_f32_to_bf16_is_ml_dtypes_bit_for_bit(target: Target) -> None:
    x = f32_with_ties()
    got = compile_loop(vector_math.f32_to_bf16, ["float32"], "uint16", 8, target)(x)
    np.testing.assert_array_equal(got, x.astype(ml_dtypes.bfloat16).view(np.uint16))


@TARGETS
def test_f32_to_f16_rounds_like_numpy_and_keeps_nan(target: Target) -> None:
    x = f32_with_ties()
    got = compile_loop(vector_math.f32_to_f16, ["float32"], "uint16", 8, target)(x)
    with np.errstate(over="ignore"):
        reference = x.astype(np.float16)
    is_nan = np.isnan(x)
    np.testing.assert_array_equal(got[~is_nan], reference.view(np.uint16)[~is_nan])
    # numpy leaves signaling NaN as they are; the hardware and we set the quiet bit
    payload = x.view(np.uint32)[is_nan]
    expected = (payload >> 16 & 0x8000) | 0x7E00 | (payload >> 13 & 0x3FF)
    np.testing.assert_array_equal(got[is_nan], expected.astype(np.uint16))


@TARGETS
def test_every_bf16_code_widens_exactly(target: Target) -> None:
    got = compile_loop(vector_math.bf16_to_f32, ["uint16"], "float32", 8, target)(CODES)
    np.testing.assert_array_equal(got.view(np.uint32), CODES.astype(np.uint32) << 16)


@TARGETS
def test_every_f16_code_widens_exactly(target: Target) -> None:
    got = compile_loop(vector_math.f16_to_f32, ["uint16"], "float32", 8, target)(CODES)
    reference = CODES.view(np.float16).astype(np.float32)
    np.testing.assert_array_equal(got, reference)
    np.testing.assert_array_equal(np.signbit(got), np.signbit(reference))
    is_nan = np.isnan(reference)
    payload = CODES[is_nan].astype(np.uint32) & 0x3FF
    np.testing.assert_array_equal(got.view(np.uint32)[is_nan] & 0x7FFFFF, payload << 13 | 0x400000)


@TARGETS
def test_f64_to_f16_through_rounding_to_odd_rounds_once(target: Target) -> None:
    rng = np.random.default_rng(3)
    anywhere = rng.integers(0, 2**64, 2**18, dtype=np.uint64).view(np.float64)
    with np.errstate(all="ignore"):
        ties = f32_with_ties().astype(np.float64)
        x = np.concatenate([anywhere, ties, ties * (1 + 2.0**-52), ties * (1 - 2.0**-53)])
        reference = x.astype(np.float16)
    got = compile_loop(
        lambda b, v: vector_math.f32_to_f16(b, vector_math.f64_to_f32_odd(b, v)), ["float64"], "uint16", 8, target
    )(x)
    is_nan = np.isnan(x)
    np.testing.assert_array_equal(got[~is_nan], reference.view(np.uint16)[~is_nan])
    assert np.isnan(got[is_nan].view(np.float16)).all()
