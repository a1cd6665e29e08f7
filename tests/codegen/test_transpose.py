"""Transposes of every order, size and element width, which a few rows of cases would not reach."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from cases import integers
from codegen.running import compiled

from mlc.codegen.kernels.transpose import merged_axes
from mlc.ir import DType, Function, Module, TensorType, symbol
from mlc.ops import Transpose
from mlc.runtime.executable import Executable


def run(type: TensorType, perm: tuple[int, ...]) -> tuple[Executable, str]:
    function = Function("main", [("x", type)])
    function.set_outputs([("y", function.append(Transpose(function.inputs[0], perm=perm)).results[0])])
    module = Module("turn")
    module.add(function)
    executable, program = compiled(module, no_fallback=True)
    return executable, program.schedule[0].family if program.schedule else "view"


@pytest.mark.parametrize("dtype", [DType.U8, DType.F16, DType.F32, DType.F64, DType.BOOL], ids=str)
@pytest.mark.parametrize("shape", [(17, 19), (8, 16), (1, 5), (3, 40), (0, 4)], ids=str)
def test_a_matrix_is_turned_whatever_its_sides(dtype: DType, shape: tuple[int, int]) -> None:
    x = integers(*shape, low=0, high=2, dtype=dtype) if dtype is DType.BOOL else integers(*shape, dtype=dtype)
    executable, _ = run(TensorType(dtype, shape), (1, 0))
    assert np.array_equal(executable(x), x.T)


@pytest.mark.parametrize("perm", list(itertools.permutations(range(4))), ids=str)
def test_every_order_of_four_axes(perm: tuple[int, ...]) -> None:
    x = integers(3, 9, 1, 10, dtype=DType.I32)
    executable, _ = run(TensorType(DType.I32, x.shape), perm)
    assert np.array_equal(executable(x), x.transpose(perm))


def test_symbolic_sides_are_turned_by_the_same_kernel() -> None:
    executable, family = run(TensorType(DType.F32, (symbol("A"), 3, symbol("B"))), (2, 0, 1))
    assert family == "transpose"
    for a, b in [(0, 3), (1, 1), (8, 8), (13, 21)]:
        x = integers(a, 3, b, dtype=DType.F32)
        assert np.array_equal(executable(x), x.transpose(2, 0, 1))


def test_axes_that_stay_together_are_merged() -> None:
    assert merged_axes((2, 3, 1, 4, 5), (3, 4, 2, 0, 1)) == ((6, 20), [1, 0])
    assert merged_axes((2, 3, 4), (0, 2, 1)) == ((2, 3, 4), [0, 2, 1])
