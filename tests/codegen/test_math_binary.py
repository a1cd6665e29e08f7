"""pow and the remainders: special pairs, random pairs, and pairs chosen to be hard."""

from __future__ import annotations

import numpy as np
import pytest
from codegen.math_loops import FMA_TARGET, PORTABLE_TARGET, Array, Emit, compile_loop, ulp_errors

from mlc.codegen import math as vector_math

TARGETS = pytest.mark.parametrize("target", [FMA_TARGET, PORTABLE_TARGET], ids=["fma", "portable"])
DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])
Target = tuple[str, tuple[str, ...]]
Pair = tuple[Array, Array]
COUNT = 2**16


def special_pairs(dtype: str) -> Pair:
    """All pairs of numbers that C99 Annex F names, odd and even integers up to the last that has a parity."""
    info = np.finfo(dtype)
    last_odd = 2.0 ** (info.nmant + 1) - 1
    values = [0, 1, 2, 0.5, 3, 7.5, 4, 1e20, np.inf, info.smallest_subnormal, info.tiny, info.max]
    values += [last_odd, last_odd + 1, 2.0**info.nmant + 1, 1 + info.eps, 1 - info.eps / 2, 0.1]
    both = np.array([*values, *(-v for v in values), np.nan], dtype)
    x, y = np.meshgrid(both, both)
    return x.ravel(), y.ravel()


def random_patterns(rng: np.random.Generator, dtype: str) -> Array:
    width = np.dtype(dtype).itemsize * 8
    return rng.integers(0, 2**width, COUNT, dtype=f"uint{width}").view(dtype)


def joined(pairs: list[Pair], dtype: str) -> Pair:
    """All pairs in two arrays, padded with ones to a multiple of eight."""
    with np.errstate(invalid="ignore"):
        x, y = (np.concatenate(column).astype(dtype) for column in zip(*pairs, strict=True))
    padding = np.ones(-x.size % 8, dtype)
    return np.concatenate([x, padding]), np.concatenate([y, padding])


def power_pairs(dtype: str) -> Pair:
    rng = np.random.default_rng(11)
    normal = rng.standard_normal
    anywhere = random_patterns(rng, dtype)
    around_one, huge = (1e-2, 4e3) if dtype == "float32" else (1e-9, 1e11)
    scale = 10 if dtype == "float32" else 100
    positive = np.exp(normal(COUNT) * 3)
    return joined(
        [
            special_pairs(dtype),
            (anywhere, normal(COUNT)),
            (anywhere, rng.integers(-10, 10, COUNT).astype(dtype)),
            (1 + normal(COUNT) * around_one, normal(COUNT) * huge),
            (positive, normal(COUNT) * scale),
            (normal(COUNT) * 10, rng.integers(-300, 300, COUNT).astype(dtype)),
        ],
        dtype,
    )


@TARGETS
@pytest.mark.parametrize(("dtype", "bound"), [("float32", 0.51), ("float64", 1.4)])
def test_pow_is_within_its_bound_and_right_at_every_special_pair(dtype: str, bound: float, target: Target) -> None:
    x, y = power_pairs(dtype)
    got = compile_loop(vector_math.pow, [dtype] * 2, dtype, 4, target)(x, y)
    with np.errstate(all="ignore"):
        reference = np.power(x.astype(np.longdouble), y.astype(np.longdouble))
    errors = ulp_errors(got, reference)
    worst = int(np.argmax(errors))
    print(f"pow {dtype} {target[0]}: {errors[worst]:.3f} ULP at {x[worst]!r}, {y[worst]!r}")
    assert errors[worst] <= bound, f"pow({x[worst]!r}, {y[worst]!r}) = {got[worst]!r}, not {reference[worst]!r}"
    is_zero = reference == 0
    assert np.array_equal(np.signbit(got[is_zero]), np.signbit(reference[is_zero]))


def remainder_pairs(dtype: str) -> Pair:
    rng = np.random.default_rng(13)
    normal = rng.standard_normal
    integers = rng.integers(-1000, 1000, COUNT).astype(dtype)
    return joined(
        [
            special_pairs(dtype),
            (random_patterns(rng, dtype), random_patterns(rng, dtype)),
            (normal(COUNT) * 100, normal(COUNT)),
            (normal(COUNT) * 1e18, normal(COUNT)),
            (integers * np.array(0.1, dtype), np.full(COUNT, 0.1, dtype)),
            (integers, rng.integers(1, 9, COUNT).astype(dtype)),
        ],
        dtype,
    )


@TARGETS
@DTYPES
def test_fmod_is_exact(dtype: str, target: Target) -> None:
    x, y = remainder_pairs(dtype)
    with np.errstate(all="ignore"):
        reference = np.fmod(x, y)
    got = compile_loop(vector_math.fmod, [dtype] * 2, dtype, 4, target)(x, y)
    np.testing.assert_array_equal(got, reference)
    is_number = ~np.isnan(reference)
    np.testing.assert_array_equal(np.signbit(got[is_number]), np.signbit(reference[is_number]))


@DTYPES
def test_floor_mod_has_the_sign_of_the_divisor(dtype: str) -> None:
    x, y = remainder_pairs(dtype)
    with np.errstate(all="ignore"):
        remainder = np.fmod(x, y)
        reference = np.where((remainder != 0) & ((remainder < 0) != (y < 0)), remainder + y, remainder)
    got = compile_loop(vector_math.floor_mod, [dtype] * 2, dtype, 4)(x, y)
    np.testing.assert_array_equal(got, reference)


@DTYPES
@pytest.mark.parametrize("emit", [vector_math.pow, vector_math.fmod], ids=["pow", "fmod"])
def test_scalar_and_vectors_give_the_same_bits(emit: Emit, dtype: str) -> None:
    x, y = power_pairs(dtype)
    for target in (FMA_TARGET, PORTABLE_TARGET):
        scalar, vector = (compile_loop(emit, [dtype] * 2, dtype, lanes, target)(x, y) for lanes in (None, 8))
        np.testing.assert_array_equal(vector, scalar)
        is_number = ~np.isnan(scalar)
        np.testing.assert_array_equal(np.signbit(vector[is_number]), np.signbit(scalar[is_number]))


@pytest.mark.parametrize("exponent", [-3, -2, -1, 0, 1, 2, 3, 5, 8])
def test_pow_int_multiplies(exponent: int) -> None:
    x = np.array([1.5, -2.0, 0.0, 3.0, -0.25, np.inf, 7.0, 1e-3], np.float32)
    got = compile_loop(lambda b, v: vector_math.pow_int(b, v, exponent), ["float32"], "float32", 8)(x)
    with np.errstate(all="ignore"):
        reference = np.power(x.astype(np.float64), exponent)
    np.testing.assert_allclose(got, reference.astype(np.float32), rtol=1e-6)


@pytest.mark.parametrize("lanes", [None, 8])
def test_integer_pow_wraps_and_truncates_reciprocals_to_zero(lanes: int | None) -> None:
    bases = np.arange(-12, 13, dtype=np.int32)
    exponents = np.arange(-4, 40, dtype=np.int32)
    x, n = (grid.ravel() for grid in np.meshgrid(bases, exponents))
    x, n = x[: x.size // 8 * 8].copy(), n[: n.size // 8 * 8].copy()
    expected = []
    for base, exponent in zip(x.tolist(), n.tolist(), strict=True):
        exact = base**exponent if exponent >= 0 else {1: 1, -1: (-1) ** (exponent % 2)}.get(base, 0)
        expected.append((exact + 2**31) % 2**32 - 2**31)
    got = compile_loop(vector_math.pow_of_integers, ["int32"] * 2, "int32", lanes)(x, n)
    np.testing.assert_array_equal(got, np.array(expected, np.int32))
