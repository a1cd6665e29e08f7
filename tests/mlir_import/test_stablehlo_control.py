"""Sorts, branches, loops and batch norms of stablehlo against its reference interpreter."""

from __future__ import annotations

import numpy as np
import pytest
from mlir_import.calls import integers, random, run, tensor
from mlir_import.reference import check

pytest.importorskip("torch_mlir")


@pytest.mark.parametrize("direction", ["LT", "GT"])
@pytest.mark.parametrize("axis", [0, 1])
def test_sort_with_others_in_tow(direction, axis):
    x, n = np.round(random(21, 4, 9)), np.arange(36, dtype=np.int32).reshape(4, 9)
    body = f"""%r:2 = "stablehlo.sort"(%a, %b) <{{dimension = {axis} : i64, is_stable = true}}> ({{
    ^bb0(%x: tensor<f32>, %y: tensor<f32>, %p: tensor<i32>, %q: tensor<i32>):
      %0 = stablehlo.compare {direction}, %x, %y, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
      stablehlo.return %0 : tensor<i1>
    }}) : (tensor<4x9xf32>, tensor<4x9xi32>) -> (tensor<4x9xf32>, tensor<4x9xi32>)"""
    check(body, x, n, result=["tensor<4x9xf32>", "tensor<4x9xi32>"])


def test_sort_by_one_key_after_another():
    x, n = np.round(random(22, 4, 9)), integers(23, 4, 9, dtype=np.int32) >> 29
    body = """%r:2 = "stablehlo.sort"(%a, %b) <{dimension = 1 : i64, is_stable = true}> ({
    ^bb0(%x: tensor<f32>, %y: tensor<f32>, %p: tensor<i32>, %q: tensor<i32>):
      %0 = stablehlo.compare LT, %x, %y, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
      %1 = stablehlo.compare EQ, %x, %y, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
      %2 = stablehlo.compare GT, %p, %q, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1>
      %3 = stablehlo.and %1, %2 : tensor<i1>
      %4 = stablehlo.or %3, %0 : tensor<i1>
      stablehlo.return %4 : tensor<i1>
    }) : (tensor<4x9xf32>, tensor<4x9xi32>) -> (tensor<4x9xf32>, tensor<4x9xi32>)"""
    check(body, x, n, result=["tensor<4x9xf32>", "tensor<4x9xi32>"])


def test_sort_by_the_bits_of_floats():
    x = np.array([0.0, -0.0, 1.0, -np.inf, np.nan, -np.nan, np.inf, -1.0], np.float32)
    body = """%r = "stablehlo.sort"(%a) <{dimension = 0 : i64, is_stable = true}> ({
    ^bb0(%x: tensor<f32>, %y: tensor<f32>):
      %0 = stablehlo.compare LT, %x, %y, TOTALORDER : (tensor<f32>, tensor<f32>) -> tensor<i1>
      stablehlo.return %0 : tensor<i1>
    }) : (tensor<8xf32>) -> tensor<8xf32>"""
    y = run(body, x, result="tensor<8xf32>")
    expected = np.array([-np.nan, -np.inf, -1, -0.0, 0.0, 1, np.inf, np.nan], np.float32)
    np.testing.assert_array_equal(y.view(np.int32), expected.view(np.int32))


@pytest.mark.parametrize("index", [-1, 0, 1, 2, 3])
def test_case_takes_the_last_branch_for_numbers_without_one(index):
    branches = ", ".join(
        f"{{ %{i} = stablehlo.{op} %b : tensor<3xf32>\n stablehlo.return %{i} : tensor<3xf32> }}"
        for i, op in enumerate(["exponential", "negate", "sine"])
    )
    body = f'%r = "stablehlo.case"(%a) ({branches}) : (tensor<i32>) -> tensor<3xf32>'
    check(body, np.array(index, np.int32), random(24, 3), result="tensor<3xf32>", rtol=1e-6)


@pytest.mark.parametrize("start", [0, 4, 7])
def test_while_asks_before_each_turn(start):
    body = """%one = stablehlo.constant dense<1> : tensor<i32>
    %five = stablehlo.constant dense<5> : tensor<i32>
    %r:2 = stablehlo.while(%i = %a, %x = %b) : tensor<i32>, tensor<2xf32>
     cond {
      %0 = stablehlo.compare LT, %i, %five, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %0 : tensor<i1>
    } do {
      %0 = stablehlo.add %i, %one : tensor<i32>
      %1 = stablehlo.add %x, %x : tensor<2xf32>
      stablehlo.return %0, %1 : tensor<i32>, tensor<2xf32>
    }"""
    check(body, np.array(start, np.int32), random(25, 2), result=["tensor<i32>", "tensor<2xf32>"])


def test_batch_norms():
    x, v = random(26, 2, 4, 4, 3), [random(i, 3) for i in (27, 28, 29)]
    positive = np.abs(random(30, 3)) + 0.5
    vector = ", ".join([tensor(v[0])] * 4)
    body = (
        '%r = "stablehlo.batch_norm_inference"(%a, %b, %c, %d, %e) <{epsilon = 0.01 : f32, feature_index = 3 : i64}> : '
        f"({tensor(x)}, {vector}) -> {tensor(x)}"
    )
    y = run(body, x, *v, positive, result=tensor(x))
    expected = (x - v[2]) / np.sqrt(positive + np.float32(0.01)) * v[0] + v[1]
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-5)
    body = (
        '%r:3 = "stablehlo.batch_norm_training"(%a, %b, %c) <{epsilon = 0.01 : f32, feature_index = 3 : i64}> : '
        f"({tensor(x)}, {tensor(v[0])}, {tensor(v[0])}) -> ({tensor(x)}, {tensor(v[0])}, {tensor(v[0])})"
    )
    y, mean, variance = run(body, x, v[0], v[1], result=[tensor(x), tensor(v[0]), tensor(v[0])])
    np.testing.assert_allclose(mean, x.mean((0, 1, 2)), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(variance, x.var((0, 1, 2)), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(y, (x - mean) / np.sqrt(variance + 0.01) * v[0] + v[1], rtol=1e-4, atol=1e-4)


def test_gradients_of_a_batch_norm_are_torchs():
    torch = pytest.importorskip("torch")
    x, scale, offset, gradient = random(31, 4, 3, 5), random(32, 3), random(33, 3), random(34, 4, 3, 5)
    given = [torch.tensor(v, requires_grad=True) for v in (x, scale, offset)]
    y = torch.nn.functional.batch_norm(given[0], None, None, given[1], given[2], training=True, eps=0.01)
    expected = torch.autograd.grad(y, given, torch.tensor(gradient))
    vector = tensor(scale)
    body = (
        '%r:3 = "stablehlo.batch_norm_grad"(%a, %b, %c, %d, %e) <{epsilon = 0.01 : f32, feature_index = 1 : i64}> : '
        f"({tensor(x)}, {vector}, {vector}, {vector}, {tensor(x)}) -> ({tensor(x)}, {vector}, {vector})"
    )
    got = run(body, x, scale, x.mean((0, 2)), x.var((0, 2)), gradient, result=[tensor(x), vector, vector])
    for ours, theirs in zip(got, expected, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("equation", ["abc->ca", "abc->", "abc->bac", "abc->abc"])
def test_einsums_of_one_tensor(equation):
    x = random(35, 2, 3, 4)
    expected = np.einsum(equation, x)
    text = f'%r = stablehlo.unary_einsum %a, config = "{equation}" : ({tensor(x)}) -> {tensor(expected)}'
    np.testing.assert_allclose(run(text, x, result=tensor(expected)), expected, rtol=1e-5, atol=1e-5)
