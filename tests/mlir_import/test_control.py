"""scf: branches and loops, those that are known at import and those that the run decides."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch_mlir")

import mlc

ROWS = """
func.func @main(%a: tensor<5x3xf32>) -> tensor<3xf32> {
  %from = arith.constant 1 : index
  %to = arith.constant 5 : index
  %by = arith.constant 2 : index
  %zero = arith.constant dense<0.0> : tensor<3xf32>
  %s = scf.for %i = %from to %to step %by iter_args(%sum = %zero) -> (tensor<3xf32>) {
    %row = tensor.extract_slice %a[%i, 0] [1, 3] [1, 1] : tensor<5x3xf32> to tensor<3xf32>
    %next = arith.addf %sum, %row : tensor<3xf32>
    scf.yield %next : tensor<3xf32>
  }
  return %s : tensor<3xf32>
}
"""
BRANCH = """
func.func @main(%a: tensor<3xf32>, %p: tensor<i1>) -> tensor<3xf32> {
  %q = tensor.extract %p[] : tensor<i1>
  %r = scf.if %q -> (tensor<3xf32>) {
    %e = math.exp %a : tensor<3xf32>
    scf.yield %e : tensor<3xf32>
  } else {
    scf.yield %a : tensor<3xf32>
  }
  return %r : tensor<3xf32>
}
"""
DOUBLED = """
func.func @main(%a: tensor<i32>) -> tensor<i32> {
  %r = scf.while (%x = %a) : (tensor<i32>) -> tensor<i32> {
    %v = tensor.extract %x[] : tensor<i32>
    %limit = arith.constant 100 : i32
    %c = arith.cmpi slt, %v, %limit : i32
    scf.condition(%c) %x : tensor<i32>
  } do {
  ^bb0(%y: tensor<i32>):
    %d = arith.addi %y, %y : tensor<i32>
    scf.yield %d : tensor<i32>
  }
  return %r : tensor<i32>
}
"""


def run(text: str, backend: Any, *inputs: Any) -> Any:
    return mlc.compile(text, backend=backend).run(*inputs)[0]


@pytest.mark.parametrize("backend", ["interp", "llvm"])
def test_a_loop_counts_from_its_bounds_by_its_step(backend: str) -> None:
    a = np.arange(15, dtype=np.float32).reshape(5, 3)
    np.testing.assert_array_equal(run(ROWS, backend, a), a[1] + a[3])
    np.testing.assert_array_equal(run(ROWS.replace("5 : index", "1 : index"), backend, a), np.zeros(3))


@pytest.mark.parametrize("backend", ["interp", "llvm"])
def test_a_branch_is_taken_when_the_model_runs(backend: str) -> None:
    a = np.array([0, 1, 2], np.float32)
    np.testing.assert_allclose(run(BRANCH, backend, a, np.array(True)), np.exp(a), rtol=1e-6)
    np.testing.assert_array_equal(run(BRANCH, backend, a, np.array(False)), a)


def test_a_branch_that_is_known_leaves_no_branch() -> None:
    text = re.sub(r"%q = .*", "%q = arith.constant true", BRANCH)
    assert [op.name for op in mlc.load(text).main.block] == ["mlc.exp", "func.return"]


@pytest.mark.parametrize("backend", ["interp", "llvm"])
def test_a_while_loop_ends_when_its_condition_does(backend: str) -> None:
    assert run(DOUBLED, backend, np.array(3, np.int32)) == 192
    assert run(DOUBLED, backend, np.array(100, np.int32)) == 100


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (ROWS.replace("constant 2 : index", "constant 0 : index"), "the step of a loop must be a known number"),
        (
            DOUBLED.replace("scf.condition(%c) %x", "scf.condition(%c) %a"),
            "a condition that hands on other values than it was given is not supported",
        ),
    ],
)
def test_loops_of_another_form_are_refused(text: str, reason: str) -> None:
    with pytest.raises(mlc.CompileError, match=reason):
        mlc.load(text)


def test_a_loop_writes_what_later_turns_read() -> None:
    text = """func.func @main(%x: tensor<5xf32>) -> tensor<5xf32> {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %five = arith.constant 5 : index
  %r = scf.for %i = %one to %five step %one iter_args(%a = %x) -> tensor<5xf32> {
    %before = arith.subi %i, %one : index
    %v = tensor.extract %a[%before] : tensor<5xf32>
    %w = tensor.extract %a[%i] : tensor<5xf32>
    %s = arith.addf %v, %w : f32
    %n = tensor.insert %s into %a[%i] : tensor<5xf32>
    scf.yield %n : tensor<5xf32>
  }
  return %r : tensor<5xf32>
}
"""
    x = np.array([1, 2, 3, 4, 5], np.float32)
    for backend in ("interp", "llvm"):
        (got,) = mlc.compile(text, backend=backend).run(x)  # type: ignore[arg-type]
        np.testing.assert_array_equal(got, np.cumsum(x))


def test_a_loop_writes_slices_apart_from_each_other() -> None:
    text = """func.func @main(%x: tensor<2x3xf32>, %y: tensor<5x4x4xf32>) -> tensor<5x4x4xf32> {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %r = scf.for %i = %zero to %two step %one iter_args(%a = %y) -> tensor<5x4x4xf32> {
    %n = tensor.insert_slice %x into %a[%i, 2, 1] [2, 1, 3] [3, 1, 1] : tensor<2x3xf32> into tensor<5x4x4xf32>
    scf.yield %n : tensor<5x4x4xf32>
  }
  return %r : tensor<5x4x4xf32>
}
"""
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    y = -np.ones((5, 4, 4), np.float32)
    wanted = y.copy()
    for i in range(2):
        wanted[i : i + 4 : 3, 2, 1:4] = x
    for backend in ("interp", "llvm"):
        (got,) = mlc.compile(text, backend=backend).run(x, y)  # type: ignore[arg-type]
        np.testing.assert_array_equal(got, wanted)


def test_jumps_between_blocks_are_refused() -> None:
    text = """func.func @main(%x: tensor<2xf32>, %c: i1) -> tensor<2xf32> {
  cf.cond_br %c, ^a, ^b
^a:
  return %x : tensor<2xf32>
^b:
  %y = arith.negf %x : tensor<2xf32>
  return %y : tensor<2xf32>
}
"""
    with pytest.raises(mlc.CompileError, match=r":2:3: cf.cond_br: jumps between blocks are not supported"):
        mlc.load(text)


@pytest.mark.parametrize(("end", "turns"), [(9, 3), (8, 2), (1, 1), (0, 0), (-3, 0)])
def test_a_loop_by_steps_may_end_where_the_run_says(end: int, turns: int) -> None:
    text = """func.func @main(%x: tensor<3xf32>, %n: index) -> tensor<3xf32> {
  %zero = arith.constant 0 : index
  %four = arith.constant 4 : index
  %r = scf.for %i = %zero to %n step %four iter_args(%a = %x) -> tensor<3xf32> {
    %w = arith.addf %a, %x : tensor<3xf32>
    scf.yield %w : tensor<3xf32>
  }
  return %r : tensor<3xf32>
}
"""
    x = np.array([1, 2, 3], np.float32)
    for backend in ("interp", "llvm"):
        (got,) = mlc.compile(text, backend=backend).run(x, np.array(end))  # type: ignore[arg-type]
        np.testing.assert_array_equal(got, (turns + 1) * x)
