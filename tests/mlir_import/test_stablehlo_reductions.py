"""Reductions and windows of stablehlo against its reference interpreter."""

from __future__ import annotations

import numpy as np
import pytest
from mlir_import.calls import integers, random, run, tensor
from mlir_import.reference import check

pytest.importorskip("torch_mlir")

X = random(1, 2, 3, 4)

REDUCTIONS = [
    ("add", "f32", "0.0", [1]),
    ("add", "f32", "2.5", [0, 2]),
    ("multiply", "f32", "1.0", [2]),
    ("maximum", "f32", "0xFF800000", [1]),
    ("maximum", "f32", "0.5", [1]),
    ("minimum", "f32", "0x7F800000", [0, 1, 2]),
    ("add", "i32", "0", [1]),
    ("maximum", "i32", "-2147483648", [1]),
    ("minimum", "i32", "5", [1]),
    ("and", "i1", "true", [1]),
    ("or", "i1", "false", [1]),
    ("or", "i1", "true", [1]),
    ("xor", "i32", "0", [1]),
    ("and", "i32", "-1", [2]),
]


@pytest.mark.parametrize(("name", "kind", "start", "axes"), REDUCTIONS, ids=str)
def test_reductions_with_one_op(name, kind, start, axes):
    x = X if kind == "f32" else X > 0 if kind == "i1" else integers(10, 2, 3, 4, dtype=np.int32)
    dims = "".join(f"{d}x" for i, d in enumerate((2, 3, 4)) if i not in axes)
    result = f"tensor<{dims}{kind}>"
    body = (
        f"%c = stablehlo.constant dense<{start}> : tensor<{kind}>\n"
        f"%r = stablehlo.reduce(%a init: %c) applies stablehlo.{name} across dimensions = {axes} : ({tensor(x)}, "
        f"tensor<{kind}>) -> {result}"
    )
    check(body, x, result=result, rtol=2e-6)


@pytest.mark.parametrize(("direction", "start"), [("GT", "0xFF800000"), ("LT", "0x7F800000")])
def test_the_place_of_an_extreme_as_jax_spells_it(direction, start):
    x = np.array([[1, 5, 5, 2], [3, np.nan, 7, np.nan], [-np.inf, -np.inf, -np.inf, -np.inf]], np.float32)
    body = f"""%i = stablehlo.iota dim = 1 : tensor<3x4xi32>
    %s = stablehlo.constant dense<{start}> : tensor<f32>
    %c = stablehlo.constant dense<0> : tensor<i32>
    %r:2 = stablehlo.reduce(%a init: %s), (%i init: %c) across dimensions = [1] : (tensor<3x4xf32>,
      tensor<3x4xi32>, tensor<f32>, tensor<i32>) -> (tensor<3xf32>, tensor<3xi32>)
     reducer(%x: tensor<f32>, %y: tensor<f32>) (%p: tensor<i32>, %q: tensor<i32>) {{
      %0 = stablehlo.compare {direction}, %x, %y, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
      %1 = stablehlo.compare NE, %x, %x, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
      %2 = stablehlo.or %0, %1 : tensor<i1>
      %3 = stablehlo.compare EQ, %x, %y, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
      %4 = stablehlo.compare LT, %p, %q, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1>
      %5 = stablehlo.and %3, %4 : tensor<i1>
      %6 = stablehlo.or %2, %5 : tensor<i1>
      %7 = stablehlo.select %2, %x, %y : tensor<i1>, tensor<f32>
      %8 = stablehlo.select %6, %p, %q : tensor<i1>, tensor<i32>
      stablehlo.return %7, %8 : tensor<f32>, tensor<i32>
    }}"""
    values, places = run(body, x, result=["tensor<3xf32>", "tensor<3xi32>"])
    extreme, place = (np.max, np.argmax) if direction == "GT" else (np.min, np.argmin)
    np.testing.assert_array_equal(values, extreme(x, axis=1))
    np.testing.assert_array_equal(places, place(x, axis=1))


def test_a_function_of_its_own_is_run_on_halves():
    """logaddexp over an axis: no op of the IR, and none that is recognized."""
    x = random(11, 3, 7)
    body = """%s = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %r = stablehlo.reduce(%a init: %s) across dimensions = [1] : (tensor<3x7xf32>, tensor<f32>) -> tensor<3xf32>
     reducer(%x: tensor<f32>, %y: tensor<f32>) {
      %0 = stablehlo.exponential %x : tensor<f32>
      %1 = stablehlo.exponential %y : tensor<f32>
      %2 = stablehlo.add %0, %1 : tensor<f32>
      %3 = stablehlo.log %2 : tensor<f32>
      stablehlo.return %3 : tensor<f32>
    }"""
    check(body, x, result="tensor<3xf32>", rtol=1e-5)


def test_two_reductions_in_one():
    body = """%s = stablehlo.constant dense<0.0> : tensor<f32>
    %m = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %r:2 = stablehlo.reduce(%a init: %s), (%b init: %m) across dimensions = [1] : (tensor<3x7xf32>,
      tensor<3x7xf32>, tensor<f32>, tensor<f32>) -> (tensor<3xf32>, tensor<3xf32>)
     reducer(%x: tensor<f32>, %y: tensor<f32>) (%p: tensor<f32>, %q: tensor<f32>) {
      %0 = stablehlo.add %x, %y : tensor<f32>
      %1 = stablehlo.maximum %p, %q : tensor<f32>
      stablehlo.return %0, %1 : tensor<f32>, tensor<f32>
    }"""
    check(body, random(12, 3, 7), random(13, 3, 7), result=["tensor<3xf32>"] * 2, rtol=1e-5, atol=1e-6)


WINDOWS = [
    ("maximum", "0xFF800000", (1, 3, 2, 1), (1, 2, 1, 1), None, None, [[0, 0], [1, 0], [0, 1], [0, 0]]),
    ("minimum", "0x7F800000", (1, 3, 2, 1), (1, 2, 1, 1), None, (1, 2, 1, 1), [[0, 0], [1, 1], [0, 0], [0, 0]]),
    ("add", "0.0", (1, 2, 2, 1), (1, 2, 2, 1), None, None, [[0, 0]] * 4),
    ("add", "0.0", (1, 3, 3, 1), (1, 1, 1, 1), None, None, [[0, 0], [1, 1], [1, 1], [0, 0]]),
    ("add", "1.5", (1, 2, 2, 1), (1, 1, 1, 1), None, None, [[0, 0]] * 4),
    ("add", "0.0", (1, 6, 1, 1), (1, 1, 1, 1), None, None, [[0, 0], [5, 0], [0, 0], [0, 0]]),
    ("add", "0.0", (1, 1, 6, 1), (1, 1, 1, 1), None, None, [[0, 0], [0, 0], [0, 5], [0, 0]]),
    ("multiply", "1.0", (1, 1, 6, 1), (1, 1, 1, 1), None, None, [[0, 0], [0, 0], [5, 0], [0, 0]]),
    ("maximum", "0xFF800000", (1, 1, 6, 1), (1, 1, 1, 1), None, None, [[0, 0], [0, 0], [5, 0], [0, 0]]),
    ("maximum", "0xFF800000", (1, 2, 1, 1), (1, 1, 1, 1), (1, 2, 1, 1), None, [[0, 0]] * 4),
    ("multiply", "1.0", (1, 2, 2, 1), (1, 1, 1, 1), None, None, [[0, 0], [0, 1], [0, 0], [0, 0]]),
    ("maximum", "0xFF800000", (2, 2, 2, 3), (1, 1, 1, 1), None, None, [[0, 0]] * 4),
]


@pytest.mark.parametrize("case", WINDOWS, ids=str)
@pytest.mark.parametrize("kind", ["f32", "i32"])
def test_windows(case, kind):
    name, start, sizes, strides, spread, holes, pads = case
    x = random(14, 2, 6, 6, 3) if kind == "f32" else integers(15, 2, 6, 6, 3, dtype=np.int32)
    if kind == "i32":
        start = {"0xFF800000": str(-(2**31)), "0x7F800000": str(2**31 - 1), "0.0": "0", "1.5": "7", "1.0": "1"}[start]
    one = (1,) * 4
    out = []
    for d, n, s, b, h, p in zip(x.shape, sizes, strides, spread or one, holes or one, pads, strict=True):
        out.append(((d - 1) * b + 1 + sum(p) - ((n - 1) * h + 1)) // s + 1)
    result = f"tensor<{''.join(f'{d}x' for d in out)}{kind}>"
    numbers = {
        "window_dimensions": sizes,
        "window_strides": strides,
        "base_dilations": spread,
        "window_dilations": holes,
    }
    properties = ", ".join(f"{k} = array<i64: {', '.join(map(str, v))}>" for k, v in numbers.items() if v is not None)
    body = f"""%s = stablehlo.constant dense<{start}> : tensor<{kind}>
    %r = "stablehlo.reduce_window"(%a, %s) <{{{properties}, padding = dense<{pads}> : tensor<4x2xi64>}}> ({{
    ^bb0(%x: tensor<{kind}>, %y: tensor<{kind}>):
      %0 = stablehlo.{name} %x, %y : tensor<{kind}>
      stablehlo.return %0 : tensor<{kind}>
    }}) : ({tensor(x)}, tensor<{kind}>) -> {result}"""
    check(body, x, result=result, rtol=1e-5, atol=1e-6 if kind == "f32" else 0)


def test_the_gradient_of_a_max_pool():
    x, dy = random(16, 2, 6, 6, 3), random(17, 2, 3, 3, 3)
    x[0, 0, 0], x[0, 0, 1] = 9, 9  # the first of two
    body = """%s = stablehlo.constant dense<0.0> : tensor<f32>
    %r = "stablehlo.select_and_scatter"(%a, %b, %s) <{window_dimensions = array<i64: 1, 3, 3, 1>,
      window_strides = array<i64: 1, 2, 2, 1>, padding = dense<[[0, 0], [1, 0], [0, 1], [0, 0]]> : tensor<4x2xi64>}> ({
    ^bb0(%x: tensor<f32>, %y: tensor<f32>):
      %0 = stablehlo.compare GE, %x, %y, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
      stablehlo.return %0 : tensor<i1>
    }, {
    ^bb0(%x: tensor<f32>, %y: tensor<f32>):
      %0 = stablehlo.add %x, %y : tensor<f32>
      stablehlo.return %0 : tensor<f32>
    }) : (tensor<2x6x6x3xf32>, tensor<2x3x3x3xf32>, tensor<f32>) -> tensor<2x6x6x3xf32>"""
    check(body, x, dy, result="tensor<2x6x6x3xf32>", rtol=1e-5, atol=1e-6)
