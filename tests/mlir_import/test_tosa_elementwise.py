"""Elementwise ops of tosa against the meaning that TOSA 1.0 gives them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from mlir_import.calls import integers, random, run, tensor

pytest.importorskip("torch_mlir")

UNARY = {
    "abs": np.abs,
    "ceil": np.ceil,
    "cos": np.cos,
    "erf": np.vectorize(math.erf, otypes=[np.float32]),
    "exp": np.exp,
    "floor": np.floor,
    "identity": lambda x: x,
    "reciprocal": lambda x: 1 / x,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "sin": np.sin,
    "tanh": np.tanh,
}


@pytest.mark.parametrize("name", UNARY)
def test_functions_of_a_number(name):
    x = random(1, 3, 5)
    y = run(f"%r = tosa.{name} %a : ({tensor(x)}) -> {tensor(x)}", x, result=tensor(x))
    np.testing.assert_allclose(y, UNARY[name](x), rtol=2e-6)


@pytest.mark.parametrize(("name", "function"), [("log", np.log), ("rsqrt", lambda x: 1 / np.sqrt(x))])
def test_functions_of_a_positive_number(name, function):
    x = np.abs(random(2, 7))
    np.testing.assert_allclose(
        run(f"%r = tosa.{name} %a : ({tensor(x)}) -> {tensor(x)}", x, result=tensor(x)), function(x), rtol=2e-6
    )


BINARY = {"add": np.add, "sub": np.subtract, "maximum": np.maximum, "minimum": np.minimum}


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_arithmetic_broadcasts(name, dtype):
    x, y = (random(3, 2, 3) * 9).astype(dtype), (random(4, 1, 3) * 9).astype(dtype)
    z = run(f"%r = tosa.{name} %a, %b : ({tensor(x)}, {tensor(y)}) -> {tensor(x)}", x, y, result=tensor(x))
    np.testing.assert_array_equal(z, BINARY[name](x, y))


BITS = {
    "bitwise_and": np.bitwise_and,
    "bitwise_or": np.bitwise_or,
    "bitwise_xor": np.bitwise_xor,
    "intdiv": lambda x, y: np.trunc(x / y).astype(np.int32),
}


@pytest.mark.parametrize("name", BITS)
def test_arithmetic_of_integers(name):
    x, y = integers(5, 4, 4, dtype=np.int32), integers(6, 4, 4, dtype=np.int32) >> 8 | 1
    z = run(f"%r = tosa.{name} %a, %b : ({tensor(x)}, {tensor(y)}) -> {tensor(x)}", x, y, result=tensor(x))
    np.testing.assert_array_equal(z, BITS[name](x, y))


LOGIC = {"logical_and": np.logical_and, "logical_or": np.logical_or, "logical_xor": np.logical_xor}


@pytest.mark.parametrize("name", LOGIC)
def test_logic(name):
    x, y = random(7, 8) > 0, random(8, 8) > 0
    z = run(f"%r = tosa.{name} %a, %b : ({tensor(x)}, {tensor(y)}) -> {tensor(x)}", x, y, result=tensor(x))
    np.testing.assert_array_equal(z, LOGIC[name](x, y))


def test_not():
    x, n = random(7, 8) > 0, integers(1, 8)
    assert (run("%r = tosa.logical_not %a : (tensor<8xi1>) -> tensor<8xi1>", x, result="tensor<8xi1>") == ~x).all()
    assert (run("%r = tosa.bitwise_not %a : (tensor<8xi8>) -> tensor<8xi8>", n, result="tensor<8xi8>") == ~n).all()


COMPARISONS = {"equal": np.equal, "greater": np.greater, "greater_equal": np.greater_equal}


@pytest.mark.parametrize("name", COMPARISONS)
def test_comparison(name):
    x, y = np.array([1, 2, np.nan, 3], np.float32), np.array([1, 3, np.nan, 2], np.float32)
    z = run(f"%r = tosa.{name} %a, %b : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>", x, y, result="tensor<4xi1>")
    np.testing.assert_array_equal(z, COMPARISONS[name](x, y))


def test_power_and_select():
    x, y = np.abs(random(9, 6)), random(10, 6)
    z = run("%r = tosa.pow %a, %b : (tensor<6xf32>, tensor<6xf32>) -> tensor<6xf32>", x, y, result="tensor<6xf32>")
    np.testing.assert_allclose(z, x**y, rtol=2e-6)
    text = "%r = tosa.select %a, %b, %c : (tensor<6xi1>, tensor<6xf32>, tensor<6xf32>) -> tensor<6xf32>"
    np.testing.assert_array_equal(run(text, y > 0, x, y, result="tensor<6xf32>"), np.where(y > 0, x, y))


NAN = np.array([1, np.nan, np.nan], np.float32)
NUMBERS = np.array([np.nan, 2, np.nan], np.float32)


@pytest.mark.parametrize(("mode", "expected"), [("PROPAGATE", [np.nan] * 3), ("IGNORE", [1, 2, np.nan])])
@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_nan_is_larger_than_all_or_ignored(name, mode, expected):
    text = f"%r = tosa.{name} %a, %b {{nan_mode = {mode}}} : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>"
    np.testing.assert_array_equal(run(text, NAN, NUMBERS, result="tensor<3xf32>"), expected)


@pytest.mark.parametrize(("mode", "expected"), [("PROPAGATE", [-1, np.nan, 2]), ("IGNORE", [-1, -1, 2])])
def test_clamp(mode, expected):
    x = np.array([-5, np.nan, 7], np.float32)
    text = (
        f"%r = tosa.clamp %a {{min_val = -1.0 : f32, max_val = 2.0 : f32, nan_mode = {mode}}} : "
        f"(tensor<3xf32>) -> tensor<3xf32>"
    )
    np.testing.assert_array_equal(run(text, x, result="tensor<3xf32>"), np.array(expected, np.float32))


def test_clamp_of_integers():
    x = integers(11, 50)
    text = "%r = tosa.clamp %a {min_val = -3 : i8, max_val = 90 : i8} : (tensor<50xi8>) -> tensor<50xi8>"
    np.testing.assert_array_equal(run(text, x, result="tensor<50xi8>"), np.clip(x, -3, 90))


def const(name: str, value: object, kind: str) -> str:
    return f'%{name} = "tosa.const"() <{{values = dense<{value}> : {kind}}}> : () -> {kind}\n'


def test_products_of_i32_are_shifted_with_rounding():
    x, y = integers(12, 64, dtype=np.int32), integers(13, 64, dtype=np.int32)
    text = const("s", 30, "tensor<1xi8>") + (
        "%r = tosa.mul %a, %b, %s : (tensor<64xi32>, tensor<64xi32>, tensor<1xi8>) -> tensor<64xi32>"
    )
    wide = (x.astype(np.int64) * y + (1 << 29)) >> 30
    np.testing.assert_array_equal(run(text, x, y, result="tensor<64xi32>"), wide.astype(np.int32))


def test_products_of_i8_are_i32():
    x, y = integers(14, 64), integers(15, 64)
    text = const("s", 0, "tensor<1xi8>") + (
        "%r = tosa.mul %a, %b, %s : (tensor<64xi8>, tensor<64xi8>, tensor<1xi8>) -> tensor<64xi32>"
    )
    np.testing.assert_array_equal(run(text, x, y, result="tensor<64xi32>"), x.astype(np.int32) * y)


def test_negation_of_quantized_numbers_saturates():
    x = np.array([-128, -1, 0, 5, 127], np.int8)
    text = (
        const("i", 3, "tensor<1xi8>")
        + const("o", 4, "tensor<1xi8>")
        + ("%r = tosa.negate %a, %i, %o : (tensor<5xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<5xi8>")
    )
    np.testing.assert_array_equal(run(text, x, result="tensor<5xi8>"), [127, 8, 7, 2, -120])


@pytest.mark.parametrize("rounds", [True, False])
def test_right_shift_rounds_when_asked(rounds):
    x, y = integers(16, 200), (integers(17, 200) & 7).astype(np.int8)
    word = str(rounds).lower()
    text = (
        f"%r = tosa.arithmetic_right_shift %a, %b {{round = {word}}} : (tensor<200xi8>, "
        f"tensor<200xi8>) -> tensor<200xi8>"
    )
    last = np.where((y > 0) & rounds, (x >> np.maximum(y - 1, 0)) & 1, 0)
    np.testing.assert_array_equal(run(text, x, y, result="tensor<200xi8>"), (x >> y) + last)


def test_logical_shifts_know_no_sign():
    x, y = integers(18, 100, dtype=np.int16), (integers(19, 100, dtype=np.int16) & 15).astype(np.int16)
    kind = "tensor<100xi16>"
    right = run(f"%r = tosa.logical_right_shift %a, %b : ({kind}, {kind}) -> {kind}", x, y, result=kind)
    left = run(f"%r = tosa.logical_left_shift %a, %b : ({kind}, {kind}) -> {kind}", x, y, result=kind)
    np.testing.assert_array_equal(right, (x.view(np.uint16) >> y.view(np.uint16)).view(np.int16))
    np.testing.assert_array_equal(left, x << y)


def test_leading_zeros():
    x = np.array([0, 1, -1, 255, 1 << 30, -(1 << 31)], np.int32)
    y = run("%r = tosa.clz %a : (tensor<6xi32>) -> tensor<6xi32>", x, result="tensor<6xi32>")
    np.testing.assert_array_equal(y, [32, 31, 0, 24, 1, 0])


def test_casts_to_integers_round_to_even_and_saturate():
    x = np.array([0.5, 1.5, -2.5, 300, -300, 2.4], np.float32)
    y = run("%r = tosa.cast %a : (tensor<6xf32>) -> tensor<6xi8>", x, result="tensor<6xi8>")
    np.testing.assert_array_equal(y, [0, 2, -2, 127, -128, 2])
    big = np.array([3e9, -3e9, 2147483520, 2147483648, np.inf], np.float32)
    y = run("%r = tosa.cast %a : (tensor<5xf32>) -> tensor<5xi32>", big, result="tensor<5xi32>")
    np.testing.assert_array_equal(y, [2**31 - 1, -(2**31), 2147483520, 2**31 - 1, 2**31 - 1])


@pytest.mark.parametrize("kind", ["f16", "bf16", "f64", "i8", "i1"])
def test_casts_from_integers(kind):
    x = integers(20, 30)
    y = run(f"%r = tosa.cast %a : (tensor<30xi8>) -> tensor<30x{kind}>", x, result=f"tensor<30x{kind}>")
    np.testing.assert_array_equal(y.astype(np.float64), (x != 0) if kind == "i1" else x)
