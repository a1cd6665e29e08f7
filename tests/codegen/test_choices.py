"""Choices that the cost model makes and tuning may override: every candidate computes the same, and says what it is."""

from __future__ import annotations

import numpy as np
import pytest
from cases import normal
from codegen.running import artifact_of

from mlc.codegen import Options, Program, emit
from mlc.driver import Executable
from mlc.ir import DType, Function, Module, tensor, unattached
from mlc.ops import Constant, Conv, Matmul, Relu
from mlc.passes import parse_pipeline
from mlc.rewrite import run_passes
from mlc.target import Target

# 16 registers have the fewest candidates; what holds for them holds for more.
TARGET = Target.parse("x86-64-v3")


def product() -> Module:
    """x[37,40] @ w[40,50]: rows and columns that no tile divides."""
    function = Function("main", [("x", tensor(DType.F32, 37, 40))])
    return _with(function, Matmul(function.inputs[0], Constant(normal(40, 50)).result).result)


def _with(function: Function, y: object) -> Module:
    for op in unattached([y]):  # type: ignore[list-item]
        function.append(op)
    function.set_outputs([("y", y)])  # type: ignore[list-item]
    module = Module("choices")
    module.add(function)
    return module


def emitted(module: Module, tuned: dict[str, dict[str, str]] | None = None) -> Program:
    return emit(module, TARGET, Options(tuned=tuned or {}))


def output(program: Program, x: np.ndarray) -> np.ndarray:
    (y,) = Executable(artifact_of(program)).run(x)
    assert isinstance(y, np.ndarray)
    return y


def test_the_model_takes_the_first_candidate_and_says_why() -> None:
    (row,) = emitted(product()).schedule
    (tile,) = row.alternatives
    assert tile.name == "tile" and tile.chosen == tile.candidates[0] and len(tile.candidates) > 10
    assert f"tile {tile.chosen} (fewest cycles of {len(tile.candidates)})" in str(row)


def test_a_tuned_choice_replaces_the_models_and_says_so() -> None:
    (row,) = emitted(product()).schedule
    first, other = row.alternatives[0].candidates[:2]
    program = emitted(product(), {row.key: {"tile": other}})
    (tuned,) = program.schedule
    assert tuned.key == row.key and tuned.alternatives[0].chosen == other
    assert f"tile {other} (tuned, fewest cycles for {first})" in str(tuned)
    assert tuned.kernels != row.kernels


def test_a_label_that_is_no_candidate_leaves_the_models_choice() -> None:
    (row,) = emitted(product()).schedule
    (same,) = emitted(product(), {row.key: {"tile": "1000x1000"}}).schedule
    assert same.kernels == row.kernels and "tuned" not in str(same)


def test_the_key_is_of_what_is_computed_not_of_weights() -> None:
    def key(columns: int, scale: float) -> str:
        function = Function("main", [("x", tensor(DType.F32, 37, 40))])
        weight = Constant(normal(40, columns) * np.float32(scale)).result
        return emitted(_with(function, Matmul(function.inputs[0], weight).result)).schedule[0].key

    assert key(50, 1.0) == key(50, 2.0) != key(51, 1.0)


@pytest.mark.slow
def test_every_tile_of_a_product_computes_it() -> None:
    x = normal(37, 40)
    plain = emitted(product())
    (row,) = plain.schedule
    wanted = output(plain, x)
    for label in row.alternatives[0].candidates:
        got = output(emitted(product(), {row.key: {"tile": label}}), x)
        np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-5, err_msg=label)


def blocked_convolution() -> Module:
    """A 3x3 convolution of 32 channels to 48 on 9x11 pixels, as the layout pass leaves it."""
    function = Function("main", [("x", tensor(DType.F32, 1, 32, 9, 11))])
    w = Constant(normal(48, 32, 3, 3)).result
    y = Conv(function.inputs[0], w, strides=(1, 1), pads=(1,) * 4, dilations=(1, 1)).result
    module = _with(function, Relu(y).result)
    run_passes(module, parse_pipeline("layout{target=x86-64-v3},fold,fuse"))
    return module


@pytest.mark.slow
def test_every_tile_of_a_blocked_convolution_computes_it() -> None:
    x = normal(1, 32, 9, 11)
    module = blocked_convolution()
    plain = emitted(module)
    row = next(row for row in plain.schedule if row.alternatives and "conv" in row.title)
    wanted = output(plain, x)
    labels = row.alternatives[0].candidates
    assert len(labels) > 10
    for label in labels:
        got = output(emitted(module, {row.key: {"tile": label}}), x)
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4, err_msg=label)
