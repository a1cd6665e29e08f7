"""Vector math against wider arithmetic: errors in ULP, special values, equal bits at every width, no libm."""

from __future__ import annotations

import math
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from codegen import fit_polynomials
from codegen.math_cases import CASES, MathCase
from codegen.math_loops import (
    AVX512_TARGET,
    FMA_TARGET,
    PORTABLE_TARGET,
    Array,
    Kernel,
    compile_loop,
    object_code,
    ulp_errors,
)

from mlc.codegen import math as vector_math
from mlc.codegen.math import coefficients
from mlc.codegen.math.lanes import intrinsic

DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])
UNARY = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
LANES = {"float32": 8, "float64": 4}


@cache
def f32_samples() -> Array:
    """Every 8191st pattern of all 2^32: both signs, subnormals, NaN and infinities among them."""
    return np.arange(0, 2**32, 8191, dtype=np.uint32).view(np.float32)


def dense_f32_samples(stride: int) -> Iterator[Array]:
    """Every stride-th of all 2^32 patterns, 2^22 of them at a time."""
    chunk = 2**22
    for start in range(0, 2**32, stride * chunk):
        patterns = np.arange(start, min(start + stride * chunk, 2**32), stride, dtype=np.uint64).astype(np.uint32)
        yield whole_vectors(patterns.view(np.float32), 8)


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


def samples(case: MathCase, dtype: str) -> Array:
    everywhere = f32_samples() if dtype == "float32" else f64_samples()
    if dtype == "float64" and case.few_f64_samples:
        everywhere = np.concatenate([everywhere[::201], np.linspace(-40, 30, 10_001)])
    return whole_vectors(np.concatenate([everywhere, edge_samples(case, dtype)]), LANES[dtype])


def whole_vectors(x: Array, lanes: int) -> Array:
    """x, padded with ones to a multiple of lanes elements."""
    missing = -x.size % lanes
    return np.concatenate([x, np.ones(missing, x.dtype)])


def assert_errors_within_bound(case: MathCase, x: Array, got: Array, reference: Array, bound: float) -> None:
    errors = ulp_errors(got, reference)
    worst = int(np.argmax(errors))
    print(f"{case.name} {x.dtype}: {errors[worst]:.3f} ULP at {x[worst]!r}")
    assert errors[worst] <= bound, f"{case.name}({x[worst]!r}) = {got[worst]!r}, not {reference[worst]!r}"
    is_zero = reference == 0
    assert np.array_equal(np.signbit(got[is_zero]), np.signbit(reference[is_zero])), "a zero has the wrong sign"


@DTYPES
@UNARY
def test_error_stays_within_its_bound_with_and_without_fma(case: MathCase, dtype: str) -> None:
    x = samples(case, dtype)
    reference = case.reference(x)
    for target in (FMA_TARGET, PORTABLE_TARGET):
        got = compile_loop(case.emit, [dtype], dtype, LANES[dtype], target)(x)
        assert_errors_within_bound(case, x, got, reference, case.bound(dtype, target is FMA_TARGET))


@pytest.mark.slow
@UNARY
def test_error_stays_within_its_bound_on_every_251st_f32(case: MathCase) -> None:
    loops = [compile_loop(case.emit, ["float32"], "float32", 8, target) for target in (FMA_TARGET, PORTABLE_TARGET)]
    for x in dense_f32_samples(251):
        reference = case.reference(x)
        for loop, has_fma in zip(loops, (True, False), strict=True):
            assert_errors_within_bound(case, x, loop(x), reference, case.bound("float32", has_fma))


# Units in the last place of the result for |x| < 2.
NEAR_ZERO = {"gelu_erf": 12, "gelu_tanh": 6, "gelu_logistic": 24}


def _gelu_by_erf(x: Array) -> Array:
    tail = np.vectorize(lambda t: math.erfc(t / math.sqrt(2)) / 2)(np.abs(x).astype(np.float64))
    return np.maximum(x, 0) - np.abs(x) * tail


def _gelu_by_tanh(x: Array) -> Array:
    slope = np.sqrt(np.longdouble(8) / np.longdouble(np.pi))
    return x / (1 + np.exp(-slope * (x + np.longdouble(0.044715) * x**3)))


@pytest.mark.parametrize(
    ("name", "formula"), [("gelu_erf", _gelu_by_erf), ("gelu_tanh", _gelu_by_tanh), ("gelu_logistic", _gelu_by_tanh)]
)
def test_gelu_is_within_two_units_of_its_argument(name: str, formula: Callable[[Array], Array]) -> None:
    x = whole_vectors(np.concatenate([f32_samples(), np.linspace(-12, 12, 2**18, dtype=np.float32)]), 8)
    with np.errstate(all="ignore"):
        reference = formula(x.astype(np.longdouble))
    for target in (FMA_TARGET, PORTABLE_TARGET):
        got = compile_loop(getattr(vector_math, name), ["float32"], "float32", 8, target)(x)
        is_number = np.isfinite(x) & np.isfinite(reference.astype(np.float32))
        error = np.abs(got - reference)[is_number] / np.spacing(np.abs(x[is_number]))
        assert error.max() < 2
        assert np.isnan(got[np.isnan(x)]).all() and np.isposinf(got[np.isposinf(x)]).all()
        assert np.isnan(got[np.isneginf(x)]).all()
        near_zero = is_number & (np.abs(x) < 2)
        assert ulp_errors(got[near_zero], reference[near_zero]).max() < NEAR_ZERO[name]


@DTYPES
@UNARY
def test_scalar_and_vectors_of_any_width_give_the_same_bits(case: MathCase, dtype: str) -> None:
    everywhere = f32_samples() if dtype == "float32" else f64_samples()
    x = whole_vectors(np.concatenate([everywhere[::61], edge_samples(case, dtype)]), 16)
    for target in (FMA_TARGET, PORTABLE_TARGET):
        results = [compile_loop(case.emit, [dtype], dtype, lanes, target)(x) for lanes in (None, 4, 16)]
        for other in results[1:]:
            np.testing.assert_array_equal(bits_of_numbers(other), bits_of_numbers(results[0]))


def bits_of_numbers(x: Array) -> Array:
    """Bit patterns, all NaN made equal: which operand's payload survives an addition is the machine's choice."""
    return np.where(np.isnan(x), np.array(np.nan, x.dtype), x).view(np.uint32 if x.itemsize == 4 else np.uint64)


def undefined_symbols(code: bytes, folder: Path) -> list[str]:
    """The names an object file expects from elsewhere, as nm lists them."""
    path = folder / "code.o"
    path.write_bytes(code)
    listing = subprocess.run(["nm", "-u", path], check=True, capture_output=True, text=True).stdout
    return [line.split()[-1] for line in listing.splitlines()]


KERNELS = [
    *(Kernel(case.emit, [dtype], dtype) for case in CASES for dtype in LANES),
    *(
        Kernel(emit, [dtype] * 2, dtype)
        for emit in (vector_math.pow, vector_math.fmod, vector_math.floor_mod)
        for dtype in LANES
    ),
    *(Kernel(vector_math.gelu_tanh, [dtype], dtype) for dtype in LANES),
    *(Kernel(emit, ["float32"], "float32") for emit in (vector_math.gelu_erf, vector_math.gelu_logistic)),
    Kernel(vector_math.pow_of_integers, ["int32"] * 2, "int32"),
    Kernel(vector_math.f32_to_bf16, ["float32"], "uint16"),
    Kernel(vector_math.f32_to_f16, ["float32"], "uint16"),
    Kernel(vector_math.bf16_to_f32, ["uint16"], "float32"),
    Kernel(vector_math.f16_to_f32, ["uint16"], "float32"),
    Kernel(vector_math.f64_to_f32_odd, ["float64"], "float32"),
    Kernel(vector_math.encode_e8m0, ["float32"], "uint8"),
    Kernel(vector_math.decode_e8m0, ["uint8"], "float32"),
    *(
        Kernel(lambda b, x, fmt=fmt: vector_math.encode(b, x, fmt), ["float32"], "uint8")
        for fmt in vector_math.NARROW_FORMATS.values()
    ),
    *(
        Kernel(lambda b, x, fmt=fmt: vector_math.decode(b, x, fmt), ["uint8"], "float32")
        for fmt in vector_math.NARROW_FORMATS.values()
    ),
]


@pytest.mark.parametrize(
    ("lanes", "target"),
    [(None, FMA_TARGET), (8, FMA_TARGET), (None, PORTABLE_TARGET), (4, PORTABLE_TARGET), (16, AVX512_TARGET)],
)
def test_object_code_calls_nothing(lanes: int | None, target: tuple[str, tuple[str, ...]], tmp_path: Path) -> None:
    assert undefined_symbols(object_code(KERNELS, lanes, target), tmp_path) == []


def test_a_libm_call_would_be_noticed(tmp_path: Path) -> None:
    kernel = Kernel(lambda b, x: intrinsic(b, "exp", x.type, [x]), ["float32"], "float32")
    assert undefined_symbols(object_code([kernel], 8, FMA_TARGET), tmp_path) == ["expf"]


def test_the_documented_errors_are_those_of_every_function_and_within_its_bounds() -> None:
    page = Path(__file__).parents[2] / "docs" / "vector-math.md"
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.read_text().splitlines()]
    documented = {row[0]: row[2:] for row in rows if len(row) == 4}
    for case in CASES:
        for cell, dtype in zip(documented[case.name], LANES, strict=True):
            for error, has_fma in zip(cell.split("/"), (True, False), strict=True):
                assert float(error) <= case.bound(dtype, has_fma), f"{case.name} {dtype}: {cell}"


def test_coefficients_are_what_their_fits_give(capsys: pytest.CaptureFixture[str]) -> None:
    fit_polynomials.main()
    printed: dict[str, object] = {}
    exec(capsys.readouterr().out, printed)
    names = [name for name in vars(coefficients) if name.isupper()]
    assert len(names) > 20
    assert {name: printed[name] for name in names} == {name: getattr(coefficients, name) for name in names}


@pytest.mark.parametrize("target", [FMA_TARGET, PORTABLE_TARGET], ids=["fma", "portable"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_raised_exponentials_are_those_of_exp_and_normal(dtype: str, target: tuple[str, tuple[str, ...]]) -> None:
    samples = f32_samples() if dtype == "float32" else f64_samples()
    x = whole_vectors(np.concatenate([samples[~(samples > 0)], np.full(3, -np.inf, dtype)]), LANES[dtype])
    got, plain = (
        compile_loop(f, [dtype], dtype, LANES[dtype], target)(x)
        for f in (vector_math.raised_exp_up_to_zero, vector_math.exp)
    )
    np.testing.assert_array_equal(got * got.dtype.type(2.0**-vector_math.RAISED), plain)
    if dtype == "float32":
        assert not (got < np.finfo(dtype).tiny).any()


@pytest.mark.parametrize("target", [FMA_TARGET, PORTABLE_TARGET], ids=["fma", "portable"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_exp_up_to_zero_gives_the_bits_of_exp(dtype: str, target: tuple[str, tuple[str, ...]]) -> None:
    samples = f32_samples() if dtype == "float32" else f64_samples()
    x = np.concatenate([samples[~(samples > 0)], around([87.33, 103.97, 745.13], dtype)])
    x = whole_vectors(x[~(x > 0)], LANES[dtype])
    got, want = (
        compile_loop(f, [dtype], dtype, LANES[dtype], target)(x) for f in (vector_math.exp_up_to_zero, vector_math.exp)
    )
    np.testing.assert_array_equal(got, want)
