"""Elementwise ops of stablehlo against its reference interpreter."""

from __future__ import annotations

import numpy as np
import pytest
from mlir_import.calls import integers, random, run, tensor
from mlir_import.reference import check

pytest.importorskip("torch_mlir")

SPECIAL = np.array([0.0, -0.0, 0.5, -0.5, 1.5, 2.5, -2.5, np.inf, -np.inf, np.nan, 0.49999997, 8388609.0], np.float32)
UNARY = [
    "abs", "cbrt", "ceil", "cosine", "exponential", "exponential_minus_one", "floor", "log", "log_plus_one", "logistic",
    "negate", "round_nearest_afz", "round_nearest_even", "rsqrt", "sign", "sine", "sqrt", "tan", "tanh",
]  # fmt: skip
UNDEFINED = {"sine": 2, "cosine": 2, "tan": 2}


@pytest.mark.parametrize("name", UNARY)
def test_functions_of_a_number(name):
    x = np.concatenate([random(1, 40), SPECIAL])
    check(f"%r = stablehlo.{name} %a : {tensor(x)}", x, result=tensor(x), rtol=2e-6, atol=1e-7)


@pytest.mark.parametrize("kind", ["f16", "bf16", "f64"])
def test_functions_of_other_floats(kind):
    x = run(
        f"%r = stablehlo.convert %a : (tensor<20xf32>) -> tensor<20x{kind}>", random(2, 20), result=f"tensor<20x{kind}>"
    )
    y = run(f"%r = stablehlo.tanh %a : tensor<20x{kind}>", x, result=f"tensor<20x{kind}>")
    np.testing.assert_allclose(
        y.astype(np.float64), np.tanh(x.astype(np.float64)), atol={"f16": 1e-3, "bf16": 8e-3, "f64": 1e-15}[kind]
    )


BINARY = ["add", "atan2", "divide", "maximum", "minimum", "multiply", "power", "remainder", "subtract"]


@pytest.mark.parametrize("name", BINARY)
def test_arithmetic_of_floats(name):
    grid = np.array([0.0, -0.0, 1.0, -1.5, 2.0, np.inf, -np.inf, np.nan], np.float32)
    x, y = (v.ravel() for v in np.meshgrid(grid, grid))
    x, y = np.concatenate([x, random(3, 20)]), np.concatenate([y, random(4, 20)])
    if name == "remainder":  # of an infinite x is NaN for us, and for C
        keep = np.isfinite(x)
        x, y = x[keep], y[keep]
    check(f"%r = stablehlo.{name} %a, %b : {tensor(x)}", x, y, result=tensor(x), rtol=2e-6, atol=1e-7)


@pytest.mark.parametrize(
    "name", ["add", "and", "divide", "maximum", "minimum", "multiply", "or", "remainder", "subtract", "xor"]
)
@pytest.mark.parametrize("dtype", [np.int32, np.int8, np.uint16])
def test_arithmetic_of_integers(name, dtype):
    x, y = integers(5, 50, dtype=dtype), integers(6, 50, dtype=dtype)
    y[y == 0] = 3
    check(f"%r = stablehlo.{name} %a, %b : {tensor(x)}", x, y, result=tensor(x))


def test_powers_of_integers():
    x, y = np.array([2, -3, 1, -1, -1, 0, 7], np.int32), np.array([5, 3, -2, -3, -4, 0, 0], np.int32)
    check(f"%r = stablehlo.power %a, %b : {tensor(x)}", x, y, result=tensor(x))


@pytest.mark.parametrize("name", ["add", "and", "maximum", "minimum", "multiply", "or", "xor"])
def test_arithmetic_of_booleans(name):
    x, y = np.array([False, False, True, True]), np.array([False, True, False, True])
    check(f"%r = stablehlo.{name} %a, %b : tensor<4xi1>", x, y, result="tensor<4xi1>")


@pytest.mark.parametrize("name", ["shift_left", "shift_right_arithmetic", "shift_right_logical"])
@pytest.mark.parametrize("dtype", [np.int32, np.int8, np.uint8])
def test_shifts_by_more_than_the_width(name, dtype):
    x, y = integers(7, 60, dtype=dtype), np.arange(60).astype(dtype)
    check(f"%r = stablehlo.{name} %a, %b : {tensor(x)}", x, y, result=tensor(x))


@pytest.mark.parametrize("name", ["count_leading_zeros", "popcnt", "not"])
@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint32])
def test_bits(name, dtype):
    x = np.concatenate(
        [integers(8, 60, dtype=dtype), np.array([0, 1, np.iinfo(dtype).max, np.iinfo(dtype).min], dtype)]
    )
    check(f"%r = stablehlo.{name} %a : {tensor(x)}", x, result=tensor(x))


@pytest.mark.parametrize("direction", ["EQ", "NE", "LT", "LE", "GT", "GE"])
@pytest.mark.parametrize("how", ["FLOAT", "TOTALORDER"])
def test_comparisons_of_floats(direction, how):
    grid = np.array([0.0, -0.0, 1.0, -1.5, np.inf, -np.inf, np.nan, -np.nan], np.float32)
    x, y = (v.ravel() for v in np.meshgrid(grid, grid))
    body = f"%r = stablehlo.compare {direction}, %a, %b, {how} : ({tensor(x)}, {tensor(x)}) -> tensor<64xi1>"
    if how == "FLOAT":
        check(body, x, y, result="tensor<64xi1>")
        return
    bits = [v.view(np.int32) for v in (x, y)]
    order = [np.where(b < 0, b ^ 0x7FFFFFFF, b) for b in bits]
    functions = {"EQ": np.equal, "NE": np.not_equal, "LT": np.less, "LE": np.less_equal}
    functions |= {"GT": np.greater, "GE": np.greater_equal}
    np.testing.assert_array_equal(run(body, x, y, result="tensor<64xi1>"), functions[direction](*order))


def test_comparisons_of_booleans_and_unsigned_numbers():
    x, y = np.array([False, False, True, True]), np.array([False, True, False, True])
    check(
        "%r = stablehlo.compare LT, %a, %b, UNSIGNED : (tensor<4xi1>, tensor<4xi1>) -> tensor<4xi1>",
        x,
        y,
        result="tensor<4xi1>",
    )
    a, b = integers(9, 30, dtype=np.uint8), integers(10, 30, dtype=np.uint8)
    check(
        f"%r = stablehlo.compare GE, %a, %b, UNSIGNED : ({tensor(a)}, {tensor(a)}) -> tensor<30xi1>",
        a,
        b,
        result="tensor<30xi1>",
    )


@pytest.mark.parametrize("target", ["i1", "i8", "i32", "i64", "f16", "bf16", "f64"])
def test_conversions(target):
    x = np.array([0.0, 0.4, -1.5, 100.7, -100.2, 3.999], np.float32)
    n = integers(11, 9, dtype=np.int32)
    y = run(f"%r = stablehlo.convert %a : (tensor<6xf32>) -> tensor<6x{target}>", x, result=f"tensor<6x{target}>")
    expected = x != 0 if target == "i1" else x.astype(y.dtype)
    np.testing.assert_array_equal(y, expected)
    y = run(f"%r = stablehlo.convert %a : (tensor<9xi32>) -> tensor<9x{target}>", n, result=f"tensor<9x{target}>")
    np.testing.assert_array_equal(y, n != 0 if target == "i1" else n.astype(y.dtype))


def test_bits_as_another_dtype():
    x = random(12, 7)
    check("%r = stablehlo.bitcast_convert %a : (tensor<7xf32>) -> tensor<7xi32>", x, result="tensor<7xi32>")


@pytest.mark.parametrize(("bits", "kind"), [((8, 7), "bf16"), ((5, 10), "f16"), ((8, 23), "f32")])
def test_reduced_precision(bits, kind):
    x = np.concatenate([random(13, 30), np.array([np.inf, -0.0, 1e-3], np.float32)])
    e, m = bits
    check(f"%r = stablehlo.reduce_precision %a, format = e{e}m{m} : {tensor(x)}", x, result=tensor(x))


def test_clamp_and_select():
    x = np.concatenate([random(14, 10) * 3, SPECIAL])
    low, high = np.float32(-1), np.float32(1)
    kind = tensor(x)
    check(f"%r = stablehlo.clamp %a, %b, %c : (tensor<f32>, {kind}, tensor<f32>) -> {kind}", low, x, high, result=kind)
    lows, highs = np.full_like(x, -0.5), np.full_like(x, 0.25)
    check(f"%r = stablehlo.clamp %a, %b, %c : {kind}", lows, x, highs, result=kind)
    p = x > 0
    check(f"%r = stablehlo.select %a, %b, %c : {tensor(p)}, {kind}", p, x, lows, result=kind)
    check(f"%r = stablehlo.select %a, %b, %c : tensor<i1>, {kind}", np.array(True), x, lows, result=kind)


def test_is_finite():
    check("%r = stablehlo.is_finite %a : (tensor<12xf32>) -> tensor<12xi1>", SPECIAL, result="tensor<12xi1>")


def test_map_runs_its_function_on_each_element():
    x, y = random(15, 3, 4), random(16, 3, 4)
    body = """%r = "stablehlo.map"(%a, %b) ({
    ^bb0(%x: tensor<f32>, %y: tensor<f32>):
      %c = stablehlo.constant dense<2.0> : tensor<f32>
      %0 = stablehlo.multiply %x, %c : tensor<f32>
      %1 = stablehlo.add %0, %y : tensor<f32>
      stablehlo.return %1 : tensor<f32>
    }) {dimensions = array<i64: 0, 1>} : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>"""
    check(body, x, y, result="tensor<3x4xf32>")
