"""8- and 4-bit floats on the mlir backend, natively and bit for bit: every code, every tie, what lies beyond."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from codegen.running import artifact_of, module_of

from mlc.codegen import Options, emit
from mlc.codegen.mlir.backend import MlirKernels
from mlc.interpreter import interpret
from mlc.ir import Array, Block, DType, Op, tensor
from mlc.ops import Add, Cast, ReduceMax
from mlc.runtime.executable import Executable
from mlc.target import Target

pytest.importorskip("torch_mlir", reason="the mlir backend is an extra")

FORMATS = (DType.F8E4M3FN, DType.F8E4M3FNUZ, DType.F8E5M2, DType.F8E5M2FNUZ, DType.F4E2M1)


def both(op: Any, *inputs: Array) -> tuple[Array, Array]:
    """The bits of what the mlir backend makes, all in native code, and of what `evaluate` makes."""
    arguments = list(Block([tensor(DType.of(x.dtype), *x.shape) for x in inputs]).arguments)
    made: Op = op(*arguments)
    module = module_of(made, arguments)
    program = emit(module, Target.parse("host"), Options(), kernels=MlirKernels())
    assert not program.host_steps
    [ours] = Executable(artifact_of(program)).run(*inputs)
    [theirs] = interpret(module, list(inputs))
    return bits(ours), bits(theirs)


def bits(x: Array) -> Array:
    """The bits of each element; of NaN one pattern, since its sign and payload mean nothing."""
    patterns = np.ascontiguousarray(x).view(f"u{x.dtype.itemsize}").copy()
    patterns[np.isnan(x.astype(np.float32))] = 0
    return patterns


def codes(dtype: DType) -> Array:
    """Every code of the format."""
    return np.arange(1 << dtype.bits, dtype=np.uint8).view(dtype.numpy)


def between(dtype: DType) -> Array:
    """Every number of the format, what lies halfway between two, and their neighbours; zeros, NaN, what is beyond."""
    numbers = np.unique(codes(dtype).astype(np.float64))
    numbers = numbers[np.isfinite(numbers)]
    ties = (numbers[1:] + numbers[:-1]) / 2
    edges = np.array([0.0, -0.0, np.nan, -np.nan, np.inf, -np.inf, 1e-45, 1e38, -1e38, 2 * numbers[-1] - numbers[-2]])
    middle = np.concatenate([numbers, ties, edges]).astype(np.float32)
    return np.concatenate([middle, np.nextafter(middle, np.float32(np.inf)), np.nextafter(middle, np.float32(-np.inf))])


@pytest.mark.parametrize("dtype", [*FORMATS, DType.F8E8M0])
def test_every_code_is_read_exactly(dtype: DType) -> None:
    ours, theirs = both(lambda x: Cast(x, dtype=DType.F32), codes(dtype))
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("saturates", [True, False])
@pytest.mark.parametrize("source", [DType.F32, DType.F64, pytest.param(DType.F16, marks=pytest.mark.slow)])
@pytest.mark.parametrize("dtype", FORMATS)
def test_every_tie_is_rounded_to_even(dtype: DType, source: DType, saturates: bool) -> None:
    x = between(dtype)
    if source is DType.F64:
        # What f32 would take for a tie.
        x = np.concatenate([x, x * (1 + 2.0**-40), x * (1 - 2.0**-40)])
    with np.errstate(over="ignore", invalid="ignore"):
        x = x.astype(source.numpy)
    ours, theirs = both(lambda x: Cast(x, dtype=dtype, saturates=saturates), x)
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(("dtype", "digits"), [(DType.F16, 10), (DType.BF16, 7)])
def test_f64_is_rounded_to_half_precision_once(dtype: DType, digits: int) -> None:
    """By way of the nearest f32, numbers close to a tie would be rounded twice."""
    ties = 1 + (2 * np.arange(1 << digits) + 1) / (2 << digits)
    x = np.concatenate([ties, ties * (1 + 2.0**-40), ties * (1 - 2.0**-40)])
    ours, _ = both(lambda x: Cast(x, dtype=dtype), x)
    # Numbers from 1 to 2 keep this many of the 52 places behind the point.
    patterns, gone = x.view(np.uint64), 52 - digits
    half_and_odd = np.uint64((1 << (gone - 1)) - 1) + ((patterns >> np.uint64(gone)) & np.uint64(1))
    rounded = ((patterns + half_and_odd) >> np.uint64(gone)) << np.uint64(gone)
    np.testing.assert_array_equal(ours, bits(rounded.view(np.float64).astype(dtype.numpy)))


@pytest.mark.parametrize("dtype", FORMATS)
def test_sums_are_rounded_to_the_format(dtype: DType) -> None:
    numbers = codes(dtype)
    x, y = np.meshgrid(numbers[:64], numbers[::3])
    ours, theirs = both(Add, np.ascontiguousarray(x), np.ascontiguousarray(y))
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("dtype", FORMATS)
def test_reductions_start_from_a_number_of_the_format(dtype: DType) -> None:
    x = np.linspace(-6, 3, 24, dtype=np.float32).reshape(4, 6).astype(dtype.numpy)
    ours, theirs = both(lambda x: ReduceMax(x, axes=(1,)), x)
    np.testing.assert_array_equal(ours, theirs)
