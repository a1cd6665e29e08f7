"""The mlir backend's vectors: ragged products keep theirs in registers, functions of elements are our own."""

from __future__ import annotations

import re
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from codegen.math_cases import CASES
from codegen.running import artifact_of, module_of
from codegen.test_math import assert_errors_within_bound, samples

from mlc.codegen import Options, Program, emit
from mlc.codegen.lower import Lowering
from mlc.codegen.mlir.backend import MlirKernels
from mlc.codegen.mlir.lowering import Function
from mlc.codegen.mlir.run import lower
from mlc.ir import Array, Block, DType, Op, tensor
from mlc.ops import Acosh, Attention, Cast, Erf, Exp, Expm1, Gelu, Log, Log1p, Matmul, Pow, Sigmoid, Sin, Softplus, Tanh
from mlc.runtime.executable import Executable
from mlc.target import Target

pytest.importorskip("torch_mlir", reason="the mlir backend is an extra")


def stage_of(op: Op, arguments: list[Any], stage: str) -> str:
    """The stage of the one function that the op becomes."""
    kernels = MlirKernels()
    target = Target.parse("x86-64-v4")
    lowering = Lowering(target, [], no_fallback=True, submit=lambda unit: None, tuned={}, kernels=kernels)
    lowering.block(module_of(op, arguments).main.block)
    [function] = kernels.functions.by_name.values()
    return lower([function], stages=(stage,), stop=stage).stages[stage][function.name]


def product(m: int, k: int, n: int) -> tuple[Op, list[Any]]:
    arguments = Block([tensor(DType.F32, m, k), tensor(DType.F32, k, n)]).arguments
    return Matmul(arguments[0], arguments[1]), list(arguments)


@pytest.mark.parametrize(("columns", "tile"), [(48, "16x16"), (200, "16x16"), (21, "16x16"), (9, "16x8")])
def test_a_product_carries_a_tile_of_whole_registers_over_k(columns: int, tile: str) -> None:
    text = stage_of(*product(16, 64, columns), "vector")
    loop = text[text.rindex("scf.for", 0, text.index("vector.contract")) : text.index("vector.contract")]
    assert f"-> (vector<{tile}xf32>)" in loop.splitlines()[0]
    assert "vector.transfer_write" not in loop


def test_the_lanes_of_a_masked_product_are_all_computed_and_not_all_written() -> None:
    text = stage_of(*product(16, 64, 200), "vector")
    assert "vector.create_mask" in text and "vector.mask" not in text


def test_an_infinity_in_a_ragged_product_reaches_its_own_row_alone() -> None:
    op, arguments = product(5, 7, 19)
    program = emit(module_of(op, arguments), Target.parse("host"), Options(), kernels=MlirKernels())
    x, y = (np.random.default_rng(n).standard_normal(a.tensor.dims).astype(np.float32) for n, a in enumerate(arguments))
    wanted = x @ y
    wanted[2] = np.inf * y[3]
    x[2, 3] = np.inf  # of the lanes that stand for no column this makes NaN
    np.testing.assert_allclose(Executable(artifact_of(program))(x, y), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("layout", ["bhld", "blhd"])
def test_both_products_of_attention_run_in_register_tiles(layout: str) -> None:
    products = [f for f in attention_functions(layout) if "linalg.batch_matmul" in f.text]
    assert [f.family for f in products] == ["batch_matmul"] * 2


def test_no_exponential_of_attention_is_inside_of_a_sum() -> None:
    """A sum has one order, and its loop no vectors."""
    [function] = [f for f in attention_functions("bhld") if "math.exp" in f.text]
    assert '"reduction"' not in function.text


def attention_functions(layout: str) -> list[Function]:
    """The stages of an attention."""
    dims = (2, 4, 16, 12) if layout == "bhld" else (2, 16, 4, 12)
    arguments = Block([tensor(DType.F32, *dims)] * 3).arguments
    kernels = MlirKernels()
    lowering = Lowering(
        Target.parse("x86-64-v4"), [], no_fallback=True, submit=lambda unit: None, tuned={}, kernels=kernels
    )
    lowering.block(module_of(Attention(*arguments, layout=layout), list(arguments)).main.block)
    return list(kernels.functions.by_name.values())


@pytest.mark.parametrize("op", [Exp, Erf, Tanh, Log, Sin, Acosh, Softplus, Gelu, Sigmoid, Expm1])
def test_functions_are_our_own_and_run_on_vectors(op: type[Op]) -> None:
    [x] = Block([tensor(DType.F32, 4, 64)]).arguments
    program = emit(module_of(op(x), [x]), Target.parse("x86-64-v4"), Options(), kernels=MlirKernels())
    text = _kernel(program)
    assert re.search(r'^define internal <64 x float> @"mlc\.\w+\.v64f32"', text, re.MULTILINE)
    assert not _outside_calls(text)


def test_a_function_of_f64_is_defined_once_for_each_vector_type() -> None:
    arguments = Block([tensor(DType.F64, 4, 32), tensor(DType.F64, 4, 32)]).arguments
    program = emit(module_of(Pow(*arguments), list(arguments)), Target.parse("host"), Options(), kernels=MlirKernels())
    text = _kernel(program)
    assert len(re.findall(r'^define internal <32 x double> @"mlc\.pow\.v32f64"', text, re.MULTILINE)) == 1
    assert not re.search(r"@pow\(", text)


@pytest.mark.parametrize("name", ["x86-64-v3", "x86-64-v2"])
def test_f16_is_converted_bit_for_bit_with_and_without_f16c(name: str) -> None:
    codes = np.arange(2**16, dtype=np.uint16).view(np.float16)
    with np.errstate(invalid="ignore", over="ignore"):
        single = codes.astype(np.float32)
        above = np.nextafter(codes, np.float16(np.inf)).astype(np.float32)
        ties = (single + above) / 2
        beside = np.nextafter(ties, np.float32(0)), np.nextafter(ties, np.float32(np.inf))
        for given, dtype in ((codes, np.float32), (np.concatenate([single, ties, *beside]), np.float16)):
            got, text = _cast(given, dtype, name)
            want = given.astype(dtype)
            is_number = ~np.isnan(want)
            assert np.array_equal(np.isnan(got), ~is_number)
            assert got[is_number].tobytes() == want[is_number].tobytes()
            assert not _outside_calls(text)


@pytest.mark.parametrize("name", ["x86-64-v3", "x86-64-v2"])
@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
def test_integers_become_16_bit_floats_without_a_library(name: str, dtype: Any) -> None:
    for given in (
        np.array([-(2**31), -7, 2049, 65519, 65520, 2**31 - 1], np.int32),
        np.array([0, 2**64 - 1], np.uint64),
    ):
        with np.errstate(over="ignore"):
            want = given.astype(dtype)
        assert _cast(given, dtype, name)[0].tobytes() == want.tobytes()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["expm1", "log1p", "sigmoid", "softplus"])
def test_functions_stay_within_the_bounds_of_vector_math(name: str, dtype: Any) -> None:
    case = next(case for case in CASES if case.name == name)
    given = samples(case, np.dtype(dtype).name)
    op = {"expm1": Expm1, "log1p": Log1p, "sigmoid": Sigmoid, "softplus": Softplus}[name]
    [x] = Block([tensor(DType.of(given.dtype), given.size)]).arguments
    program = emit(module_of(op(x), [x]), Target.parse("host"), Options(), kernels=MlirKernels())
    [got] = Executable(artifact_of(program)).run(given)
    bound = case.bound(given.dtype.name, Target.parse("host").has("fma"))
    # Both are written of exp's 1 ULP, a sum or log1p, and a division, each rounded by itself.
    bound = 2.5 if name in ("sigmoid", "softplus") else bound
    assert_errors_within_bound(case, given, got, case.reference(given), bound)


@pytest.mark.parametrize("target", ["x86-64-v3", "x86-64-v2"])
@pytest.mark.parametrize("kind", [DType.F16, DType.BF16])
def test_products_of_16_bit_floats_are_widened_without_a_library(kind: DType, target: str) -> None:
    arguments = Block([tensor(kind, 5, 40), tensor(kind, 40, 21)]).arguments
    op = Matmul(arguments[0], arguments[1])
    program = emit(module_of(op, list(arguments)), Target.parse(target), Options(), kernels=MlirKernels())
    x, y = (np.random.default_rng(n).integers(-4, 5, a.tensor.dims) for n, a in enumerate(arguments))
    got = Executable(artifact_of(program))(x.astype(kind.numpy), y.astype(kind.numpy))
    assert np.array_equal(got, (x @ y).astype(kind.numpy))


def _cast(given: Array, dtype: Any, target: str) -> tuple[Array, str]:
    """The array in another dtype, and the LLVM IR that made it."""
    [x] = Block([tensor(DType.of(given.dtype), given.size)]).arguments
    module = module_of(Cast(x, DType.of(np.dtype(dtype))), [x])
    program = emit(module, Target.parse(target), Options(), kernels=MlirKernels())
    [got] = Executable(artifact_of(program)).run(given)
    return got, _kernel(program)


def _outside_calls(text: str) -> list[str]:
    return re.findall(r'^declare .* @(?!"?llvm\.)\S+\(', text, re.MULTILINE)


def _kernel(program: Program) -> str:
    [unit] = [unit for unit in program.units if unit.name.startswith("mlc_linalg_")]
    return unit.text
