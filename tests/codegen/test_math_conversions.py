"""Narrow floats against numpy and ml_dtypes, bit for bit, over all codes and all ties."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import onnx.numpy_helper
import pytest
from codegen.math_loops import FMA_TARGET, PORTABLE_TARGET, Array, compile_loop

from mlc.codegen import math as vector_math
from mlc.codegen.math import float8

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
    with np.errstate(all="ignore"):
        reference = x.astype(ml_dtypes.bfloat16)
    np.testing.assert_array_equal(got, reference.view(np.uint16))


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


FORMATS = pytest.mark.parametrize("name", list(float8.NARROW_FORMATS))


def ml_dtype(name: str) -> np.dtype:
    """f8E4M3FN -> ml_dtypes.float8_e4m3fn"""
    bits, rest = name[1], name[2:].lower()
    return np.dtype(getattr(ml_dtypes, f"float{bits}_{rest}"))


@TARGETS
@FORMATS
def test_f32_to_narrow_without_saturation_is_ml_dtypes_bit_for_bit(name: str, target: Target) -> None:
    x = f32_with_ties()
    fmt = float8.NARROW_FORMATS[name]
    got = compile_loop(lambda b, v: float8.encode(b, v, fmt, saturate=False), ["float32"], "uint8", 8, target)(x)
    with np.errstate(all="ignore"):
        reference = x.astype(ml_dtype(name))
    np.testing.assert_array_equal(got, reference.view(np.uint8))


@FORMATS
def test_f32_to_narrow_with_saturation_clips_to_the_largest_number(name: str) -> None:
    x = f32_with_ties()
    fmt = float8.NARROW_FORMATS[name]
    got = compile_loop(lambda b, v: float8.encode(b, v, fmt), ["float32"], "uint8", 8)(x)
    largest = np.float32(ml_dtypes.finfo(ml_dtype(name)).max)
    with np.errstate(all="ignore"):
        reference = np.clip(x, -largest, largest).astype(ml_dtype(name)).view(np.uint8)
    np.testing.assert_array_equal(got, reference)


@FORMATS
def test_every_narrow_code_widens_exactly(name: str) -> None:
    fmt = float8.NARROW_FORMATS[name]
    codes = np.arange(fmt.sign * 2, dtype=np.uint8)
    got = compile_loop(lambda b, v: float8.decode(b, v, fmt), ["uint8"], "float32", 8)(codes)
    reference = codes.view(ml_dtype(name)).astype(np.float32)
    np.testing.assert_array_equal(got, reference)
    np.testing.assert_array_equal(np.signbit(got), np.signbit(reference))


def test_f32_to_e8m0_nearest_without_saturation_is_ml_dtypes() -> None:
    x = f32_with_ties()
    got = compile_loop(lambda b, v: float8.encode_e8m0(b, v, False, "nearest"), ["float32"], "uint8", 8)(x)
    with np.errstate(all="ignore"):
        reference = x.astype(ml_dtypes.float8_e8m0fnu).view(np.uint8)
    # Among subnormal f32 ml_dtypes rounds 1.25 * 2^-127 up; there the nearest is computed here, and the table of Cast
    # asks for NaN below 2^-127.
    is_subnormal = (x > 0) & (x < 2.0**-126)
    np.testing.assert_array_equal(got[~is_subnormal], reference[~is_subnormal])
    scaled = x[is_subnormal].astype(np.float64) * 2.0**127
    np.testing.assert_array_equal(got[is_subnormal], np.where(scaled < 1, 0xFF, np.where(scaled < 1.5, 0, 1)))


@pytest.mark.parametrize("round_mode", ["up", "down", "nearest"])
def test_f32_to_e8m0_with_saturation_is_the_onnx_reference_on_normal_numbers(round_mode: str) -> None:
    x = f32_with_ties()
    got = compile_loop(lambda b, v: float8.encode_e8m0(b, v, True, round_mode), ["float32"], "uint8", 8)(x)
    is_normal = (x >= np.finfo(np.float32).tiny) & np.isfinite(x)
    reference = onnx.numpy_helper.to_float8e8m0(x, True, round_mode).view(np.uint8)
    np.testing.assert_array_equal(got[is_normal], reference[is_normal])


@pytest.mark.parametrize(
    ("x", "saturated_up", "nearest"),
    [(0.0, 0, 0xFF), (np.nan, 0xFF, 0xFF), (np.inf, 0xFE, 0xFF), (3.4e38, 0xFE, 0xFF), (2.0**-140, 0, 0xFF)],
)
def test_f32_to_e8m0_follows_the_table_of_cast(x: float, saturated_up: int, nearest: int) -> None:
    values = np.full(8, x, np.float32)
    up = compile_loop(lambda b, v: float8.encode_e8m0(b, v), ["float32"], "uint8", 8)(values)
    other = compile_loop(lambda b, v: float8.encode_e8m0(b, v, False, "nearest"), ["float32"], "uint8", 8)(values)
    assert (up[0], other[0]) == (saturated_up, nearest)


def test_every_e8m0_code_widens_exactly() -> None:
    codes = np.arange(256, dtype=np.uint8)
    got = compile_loop(float8.decode_e8m0, ["uint8"], "float32", 8)(codes)
    np.testing.assert_array_equal(got, codes.view(ml_dtypes.float8_e8m0fnu).astype(np.float32))
