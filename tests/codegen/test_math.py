"""Vector math against wider arithmetic: errors in ULP, special values, equal bits at every width, no libm."""

from __future__ import annotations

import subprocess
from functools import cache

import numpy as np
import pytest
from codegen.math_cases import CASES, MathCase
from codegen.math_loops import FMA_TARGET, PORTABLE_TARGET, Array, Emit, compile_loop, ulp_errors

from mlc.codegen import math as vector_math

TARGETS = pytest.mark.parametrize("target", [FMA_TARGET, PORTABLE_TARGET], ids=["fma", "portable"])
DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])
UNARY = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
LANES = {"float32": 8, "float64": 4}


@cache
def f32_samples() -> Array:
    """Every 8191st pattern of all 2^32: both signs, subnormals, NaN and infinities among them."""
    return np.arange(0, 2**32, 8191, dtype=np.uint32).view(np.float32)


@cache
def f64_samples() -> Array:
    """Seeded patterns from the whole range, and dense samples where most functions live."""
    rng = np.random.default_rng(7)
    count = 2**16
    scales = [1e-300, 1e-3, 0.3, 1.0, 10.0, 300.0, 1e7, 1e20]
    near = [rng.standard_normal(count) * scale for scale in scales]
    return np.concatenate([rng.integers(0, 2**64, count, dtype=np.uint64).view(np.float64), *near])


def around(points: list[float], dtype: str) -> Array:
    """The 128 numbers around each point and its negative."""
    unsigned = np.uint32 if dtype == "float32" else np.uint64
    magnitudes = np.abs(np.array(points, dtype)).view(unsigned)[:, None]
    steps = np.arange(-64, 64).astype(unsigned)
    both = (magnitudes + steps).ravel()
    return np.concatenate([both.view(dtype), -both.view(dtype)])


def edge_samples(case: MathCase, dtype: str) -> Array:
    info = np.finfo(dtype)
    common = [0.0, float(info.tiny), float(info.max), np.inf, 1.0, 0.5, 2.0]
    return around([*common, *case.edges], dtype)


def whole_vectors(x: Array, lanes: int) -> Array:
    """x, padded with ones to a multiple of lanes elements."""
    missing = -x.size % lanes
    return np.concatenate([x, np.ones(missing, x.dtype)])


@TARGETS
@DTYPES
@UNARY
def test_error_stays_within_its_bound(case: MathCase, dtype: str, target: tuple[str, tuple[str, ...]]) -> None:
    bound = case.bound(dtype)
    if bound is None:
        pytest.skip("f32 only")
    samples = f32_samples() if dtype == "float32" else f64_samples()
    x = whole_vectors(np.concatenate([samples, edge_samples(case, dtype)]), LANES[dtype])
    got = compile_loop(case.emit, [dtype], dtype, LANES[dtype], target)(x)
    reference = case.reference(x)
    errors = ulp_errors(got, reference)
    worst = int(np.argmax(errors))
    print(f"{case.name} {dtype} {target[0]}: {errors[worst]:.3f} ULP at {x[worst]!r}")
    assert errors[worst] <= bound, f"{case.name}({x[worst]!r}) = {got[worst]!r}, not {reference[worst]!r}"
    is_zero = reference == 0
    assert np.array_equal(np.signbit(got[is_zero]), np.signbit(reference[is_zero])), "a zero has the wrong sign"


@DTYPES
@UNARY
def test_scalar_and_vectors_of_any_width_give_the_same_bits(case: MathCase, dtype: str) -> None:
    if case.bound(dtype) is None:
        pytest.skip("f32 only")
    samples = (f32_samples() if dtype == "float32" else f64_samples())[::61]
    x = whole_vectors(np.concatenate([samples, edge_samples(case, dtype)]), 16)
    for target in (FMA_TARGET, PORTABLE_TARGET):
        results = [compile_loop(case.emit, [dtype], dtype, lanes, target)(x) for lanes in (None, 2, 4, 8, 16)]
        for other in results[1:]:
            np.testing.assert_array_equal(bits_of_numbers(other), bits_of_numbers(results[0]))


def bits_of_numbers(x: Array) -> Array:
    """Bit patterns, all NaN made equal: which operand's payload survives an addition is the machine's choice."""
    return np.where(np.isnan(x), np.array(np.nan, x.dtype), x).view(np.uint32 if x.itemsize == 4 else np.uint64)


def undefined_symbols(object_code: bytes, folder: str) -> list[str]:
    """The names an object file expects from elsewhere, as nm lists them."""
    path = f"{folder}/code.o"
    with open(path, "wb") as file:
        file.write(object_code)
    listing = subprocess.run(["nm", "-u", path], check=True, capture_output=True, text=True).stdout
    return [line.split()[-1] for line in listing.splitlines()]


CONVERSIONS = [
    (vector_math.f32_to_bf16, "float32", "uint16"),
    (vector_math.f32_to_f16, "float32", "uint16"),
    (vector_math.bf16_to_f32, "uint16", "float32"),
    (vector_math.f16_to_f32, "uint16", "float32"),
    (vector_math.f64_to_f32_odd, "float64", "float32"),
    (vector_math.encode_e8m0, "float32", "uint8"),
    (vector_math.decode_e8m0, "uint8", "float32"),
    (lambda b, x: vector_math.encode(b, x, vector_math.NARROW_FORMATS["f8E5M2"]), "float32", "uint8"),
    (lambda b, x: vector_math.decode(b, x, vector_math.NARROW_FORMATS["f8E5M2"]), "uint8", "float32"),
]


@TARGETS
@pytest.mark.parametrize("lanes", [None, 4, 8])
def test_object_code_calls_nothing(
    lanes: int | None, target: tuple[str, tuple[str, ...]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    functions: list[tuple[Emit, list[str], str]] = [
        (case.emit, [dtype], dtype)
        for case in CASES
        for dtype in ("float32", "float64")
        if case.bound(dtype) is not None
    ]
    functions += [(emit, [source], result) for emit, source, result in CONVERSIONS]
    functions += [(vector_math.pow, ["float32"] * 2, "float32")]
    folder = str(tmp_path_factory.mktemp("objects"))
    for emit, inputs, result in functions:
        loop = compile_loop(emit, inputs, result, lanes, target)
        assert undefined_symbols(loop.object_code, folder) == [], f"{emit} on {inputs} calls a library"


def test_a_libm_call_would_be_noticed(tmp_path_factory: pytest.TempPathFactory) -> None:
    from mlc.codegen.math.lanes import intrinsic

    loop = compile_loop(lambda b, x: intrinsic(b, "exp", x.type, [x]), ["float32"], "float32", 8)
    assert undefined_symbols(loop.object_code, str(tmp_path_factory.mktemp("objects"))) == ["expf"]


def power_samples() -> tuple[Array, Array]:
    rng = np.random.default_rng(11)
    count = 2**17
    special = np.array(
        [0, -0.0, 1, -1, np.inf, -np.inf, np.nan, 2, -2, 0.5, -0.5, 3, -3, 1e-45, -1e-45, 3.4e38, -3.4e38]
        + [2.0**24, 2.0**23 + 1, 2.0**24 + 2, 1e20, -7.5, -4],
        np.float32,
    )
    pairs = [tuple(axis.ravel() for axis in np.meshgrid(special, special))]
    anywhere = rng.integers(0, 2**32, count, dtype=np.uint32).view(np.float32)
    near_one = (1 + rng.standard_normal(count) * 0.01).astype(np.float32)
    pairs.append((anywhere, (rng.standard_normal(count) * 10).astype(np.float32)))
    pairs.append((anywhere, rng.integers(-10, 10, count).astype(np.float32)))
    pairs.append((near_one, (rng.standard_normal(count) * 4000).astype(np.float32)))
    pairs.append((np.exp(rng.standard_normal(count) * 3).astype(np.float32), pairs[1][1]))
    x, y = (np.concatenate(column) for column in zip(*pairs, strict=True))
    return whole_vectors(x, 8), whole_vectors(y, 8)


@TARGETS
def test_pow_is_within_its_bound_and_right_at_every_special_pair(target: tuple[str, tuple[str, ...]]) -> None:
    x, y = power_samples()
    got = compile_loop(vector_math.pow, ["float32"] * 2, "float32", 8, target)(x, y)
    with np.errstate(all="ignore"):
        reference = np.power(x.astype(np.longdouble), y.astype(np.longdouble))
    errors = ulp_errors(got, reference)
    worst = int(np.argmax(errors))
    assert errors[worst] <= 0.51, f"pow({x[worst]!r}, {y[worst]!r}) = {got[worst]!r}, not {reference[worst]!r}"
    is_zero = reference == 0
    assert np.array_equal(np.signbit(got[is_zero]), np.signbit(reference[is_zero]))
