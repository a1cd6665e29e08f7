"""Reductions, data movement, control flow and shapes of tosa against the meaning that TOSA 1.0 gives them."""

from __future__ import annotations

import numpy as np
import pytest
from mlir_import.calls import integers, random, run, tensor
from mlir_import.test_tosa_elementwise import const

pytest.importorskip("torch_mlir")

REDUCTIONS = {"sum": np.sum, "product": np.prod, "max": np.max, "min": np.min}


def shape(name: str, *values: int) -> str:
    count = len(values)
    return (
        f"%{name} = tosa.const_shape {{values = dense<{list(values)}> : tensor<{count}xindex>}} : "
        f"() -> !tosa.shape<{count}>\n"
    )


@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("axis", [0, 2])
def test_reductions_keep_their_axis(name, axis):
    x = random(1, 2, 3, 4)
    expected = REDUCTIONS[name](x, axis=axis, keepdims=True)
    text = f"%r = tosa.reduce_{name} %a {{axis = {axis} : i32}} : ({tensor(x)}) -> {tensor(expected)}"
    np.testing.assert_allclose(run(text, x, result=tensor(expected)), expected, rtol=2e-6)


@pytest.mark.parametrize(("name", "function"), [("all", np.all), ("any", np.any)])
def test_reductions_of_booleans(name, function):
    x = random(2, 5, 3) > 0
    text = f"%r = tosa.reduce_{name} %a {{axis = 1 : i32}} : (tensor<5x3xi1>) -> tensor<5x1xi1>"
    np.testing.assert_array_equal(run(text, x, result="tensor<5x1xi1>"), function(x, axis=1, keepdims=True))


ROWS = np.array([[1, np.nan, 3], [np.nan] * 3, [2, -np.inf, 1]], np.float32)


@pytest.mark.parametrize(
    ("name", "mode", "expected"),
    [
        ("max", "PROPAGATE", [np.nan, np.nan, 2]),
        ("max", "IGNORE", [3, np.nan, 2]),
        ("min", "PROPAGATE", [np.nan, np.nan, -np.inf]),
        ("min", "IGNORE", [1, np.nan, -np.inf]),
    ],
)
def test_reductions_of_nan(name, mode, expected):
    text = f"%r = tosa.reduce_{name} %a {{axis = 1 : i32, nan_mode = {mode}}} : (tensor<3x3xf32>) -> tensor<3x1xf32>"
    np.testing.assert_array_equal(run(text, ROWS, result="tensor<3x1xf32>")[:, 0], expected)


@pytest.mark.parametrize(("mode", "expected"), [("PROPAGATE", [1, 0, 0]), ("IGNORE", [2, 0, 0])])
def test_argmax(mode, expected):
    text = f"%r = tosa.argmax %a {{axis = 1 : i32, nan_mode = {mode}}} : (tensor<3x3xf32>) -> tensor<3xi32>"
    np.testing.assert_array_equal(run(text, ROWS, result="tensor<3xi32>"), expected)


def test_movement():
    x = random(3, 2, 3, 4)
    cases = {
        "tosa.transpose %a {perms = array<i32: 2, 0, 1>}": np.transpose(x, (2, 0, 1)),
        "tosa.reverse %a {axis = 1 : i32}": x[:, ::-1],
        "tosa.concat %a, %a {axis = 1 : i32}": np.concatenate([x, x], 1),
    }
    for text, expected in cases.items():
        kinds = ", ".join([tensor(x)] * text.count("%a"))
        y = run(f"%r = {text} : ({kinds}) -> {tensor(expected)}", x, result=tensor(expected))
        np.testing.assert_array_equal(y, expected)


def test_movement_by_shapes():
    x = random(3, 2, 3, 4)
    cases = [
        ("reshape", [(6, 4)], x.reshape(6, 4)),
        ("reshape", [(4, -1)], x.reshape(4, 6)),
        ("slice", [(1, 0, 2), (1, 2, 2)], x[1:2, 0:2, 2:4]),
        ("tile", [(2, 1, 3)], np.tile(x, (2, 1, 3))),
    ]
    for name, shapes, expected in cases:
        lines = "".join(shape(f"s{i}", *s) for i, s in enumerate(shapes))
        operands = "".join(f", %s{i}" for i in range(len(shapes)))
        kinds = "".join(f", !tosa.shape<{len(s)}>" for s in shapes)
        text = f"{lines}%r = tosa.{name} %a{operands} : ({tensor(x)}{kinds}) -> {tensor(expected)}"
        np.testing.assert_array_equal(run(text, x, result=tensor(expected)), expected)


def test_pad_fills_with_its_constant():
    x = integers(4, 2, 3)
    text = (
        shape("p", 1, 0, 2, 1)
        + const("v", 7, "tensor<1xi8>")
        + ("%r = tosa.pad %a, %p, %v : (tensor<2x3xi8>, !tosa.shape<4>, tensor<1xi8>) -> tensor<3x6xi8>")
    )
    np.testing.assert_array_equal(run(text, x, result="tensor<3x6xi8>"), np.pad(x, [(1, 0), (2, 1)], constant_values=7))


@pytest.mark.parametrize("batch", [1, 3])
def test_gather_and_scatter_by_batch(batch):
    x, rows = random(5, batch, 5, 2), np.array([[4, 0, 2]] * batch, np.int32)
    rows[-1] = rows[-1, ::-1]
    new = random(6, batch, 3, 2)
    picked = run(
        f"%r = tosa.gather %a, %b : ({tensor(x)}, {tensor(rows)}) -> {tensor(new)}", x, rows, result=tensor(new)
    )
    np.testing.assert_array_equal(picked, np.stack([v[i] for v, i in zip(x, rows, strict=True)]))
    text = f"%r = tosa.scatter %a, %b, %c : ({tensor(x)}, {tensor(rows)}, {tensor(new)}) -> {tensor(x)}"
    expected = x.copy()
    for i in range(batch):
        expected[i, rows[i]] = new[i]
    np.testing.assert_array_equal(run(text, x, rows, new, result=tensor(x)), expected)


@pytest.mark.parametrize("batch", [1, 3])
def test_gather_of_rows_in_runs(batch):
    x, starts = random(5, batch, 7, 2), np.array([[4, 0]] * batch, np.int32)
    starts[-1] = [1, 3]
    rows = starts[:, :, None] + np.arange(3)
    expected = np.stack([v[i.reshape(-1)] for v, i in zip(x, rows, strict=True)])
    text = f"""%n = "tosa.const"() <{{values = dense<3> : tensor<1xi32>}}> : () -> tensor<1xi32>
    %r = tosa.row_gather %a, %b, %n : ({tensor(x)}, {tensor(starts)}, tensor<1xi32>) -> {tensor(expected)}"""
    np.testing.assert_array_equal(run(text, x, starts, result=tensor(expected)), expected)


def test_table_of_bytes_and_between_entries():
    x, entries = integers(7, 40), integers(8, 256)
    text = "%r = tosa.table %a, %b : (tensor<40xi8>, tensor<256xi8>) -> tensor<40xi8>"
    np.testing.assert_array_equal(run(text, x, entries, result="tensor<40xi8>"), entries[x.astype(int) + 128])
    x, entries = integers(9, 40, dtype=np.int16), np.sort(integers(10, 513, dtype=np.int16))
    text = "%r = tosa.table %a, %b : (tensor<40xi16>, tensor<513xi16>) -> tensor<40xi32>"
    place = (x.astype(np.int32) + 32768) >> 7
    base, up = entries[place].astype(np.int32), entries[place + 1].astype(np.int32)
    expected = (base << 7) + (up - base) * (x.astype(np.int32) & 127)
    np.testing.assert_array_equal(run(text, x, entries, result="tensor<40xi32>"), expected)


def apply_scale(value: int, multiplier: int, shift: int, is_double: bool) -> int:
    """TOSA 1.0, section 5.1, in Python's integers."""
    rounding = 1 << (shift - 1)
    if is_double and shift > 31:
        rounding += (1 << 30) if value >= 0 else -(1 << 30)
    return (value * multiplier + rounding) >> shift


@pytest.mark.parametrize("mode", ["SINGLE_ROUND", "DOUBLE_ROUND", "INEXACT_ROUND"])
@pytest.mark.parametrize("per_channel", [False, True])
def test_rescale(mode, per_channel):
    x = integers(11, 6, 3, dtype=np.int32)
    multipliers, shifts = [1_200_000_000, 2_000_000_011, 1_073_741_824], [50, 55, 33]
    if not per_channel:
        multipliers, shifts = multipliers[:1], shifts[:1]
    count = len(shifts)
    text = (
        const("m", multipliers, f"tensor<{count}xi32>")
        + const("s", shifts, f"tensor<{count}xi8>")
        + const("i", 0, "tensor<1xi32>")
        + const("o", -5, "tensor<1xi8>")
        + f"%r = tosa.rescale %a, %m, %s, %i, %o {{input_unsigned = false, output_unsigned = false, "
        f"per_channel = {str(per_channel).lower()}, rounding_mode = {mode}, scale32 = true}} : "
        f"(tensor<6x3xi32>, tensor<{count}xi32>, tensor<{count}xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<6x3xi8>"
    )
    double = mode == "DOUBLE_ROUND"
    scaled = [
        [apply_scale(int(v), multipliers[c % count], shifts[c % count], double) - 5 for c, v in enumerate(row)]
        for row in x
    ]
    np.testing.assert_array_equal(run(text, x, result="tensor<6x3xi8>"), np.clip(scaled, -128, 127))


def test_rescale_reads_and_writes_unsigned_numbers():
    x = np.array([-128, -1, 0, 127], np.int8)  # 128, 255, 0, 127
    text = (
        const("m", 1 << 30, "tensor<1xi32>")
        + const("s", 30, "tensor<1xi8>")
        + const("i", -128, "tensor<1xi8>")  # 128
        + const("o", 0, "tensor<1xi8>")
        + "%r = tosa.rescale %a, %m, %s, %i, %o {input_unsigned = true, output_unsigned = false, per_channel = false, "
        "rounding_mode = SINGLE_ROUND, scale32 = true} : "
        "(tensor<4xi8>, tensor<1xi32>, tensor<1xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<4xi8>"
    )
    np.testing.assert_array_equal(run(text, x, result="tensor<4xi8>"), [0, 127, -128, -1])


def test_branches():
    text = """%r = tosa.cond_if %a (%x = %b) : tensor<i1> (tensor<3xf32>) -> tensor<3xf32> {
    ^bb0(%x: tensor<3xf32>):
      %0 = tosa.exp %x : (tensor<3xf32>) -> tensor<3xf32>
      tosa.yield %0 : tensor<3xf32>
    } else {
    ^bb0(%x: tensor<3xf32>):
      tosa.yield %x : tensor<3xf32>
    }"""
    x = random(12, 3)
    np.testing.assert_array_equal(run(text, np.array(False), x, result="tensor<3xf32>"), x)
    np.testing.assert_allclose(run(text, np.array(True), x, result="tensor<3xf32>"), np.exp(x), rtol=1e-6)


@pytest.mark.parametrize("start", [0, 3, 9])
def test_loops_ask_before_each_turn(start):
    text = (
        const("five", 5, "tensor<i32>")
        + const("one", 1, "tensor<i32>")
        + const("s", 0, "tensor<1xi8>")
        + """
    %r:2 = tosa.while_loop (%i = %a, %x = %b) : (tensor<i32>, tensor<2xf32>) -> (tensor<i32>, tensor<2xf32>) {
      %0 = tosa.greater %five, %i : (tensor<i32>, tensor<i32>) -> tensor<i1>
      tosa.yield %0 : tensor<i1>
    } do {
    ^bb0(%i: tensor<i32>, %x: tensor<2xf32>):
      %0 = tosa.add %i, %one : (tensor<i32>, tensor<i32>) -> tensor<i32>
      %1 = tosa.add %x, %x : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
      tosa.yield %0, %1 : tensor<i32>, tensor<2xf32>
    }"""
    )
    count, x = run(text, np.array(start, np.int32), np.ones(2, np.float32), result=["tensor<i32>", "tensor<2xf32>"])
    turns = max(5 - start, 0)
    assert count == start + turns
    np.testing.assert_array_equal(x, [2.0**turns] * 2)


def test_arithmetic_on_shapes():
    text = (
        shape("x", 7, 2)
        + shape("y", 2, 2)
        + "".join(
            f"%{name} = tosa.{name}_shape %x, %y : (!tosa.shape<2>, !tosa.shape<2>) -> !tosa.shape<2>\n"
            for name in ("add", "sub", "mul", "div_ceil", "div_floor", "mod", "max", "min")
        )
        + "%all = tosa.concat_shape %add, %sub, %mul, %div_ceil, %div_floor, %mod, %max, %min : "
        + f"({', '.join(['!tosa.shape<2>'] * 8)}) -> !tosa.shape<16>\n"
        + const("from", 4, "tensor<1xi32>")
        + const("count", 6, "tensor<1xi32>")
        + "%some = tosa.slice_shape %all, %from, %count : (!tosa.shape<16>, tensor<1xi32>, "
        "tensor<1xi32>) -> !tosa.shape<6>\n"
        + "%r = tosa.tile %a, %some : (tensor<1x1x1x1x1x1xf32>, !tosa.shape<6>) -> tensor<14x4x4x1x3x1xf32>"
    )
    y = run(text, np.ones((1,) * 6, np.float32), result="tensor<14x4x4x1x3x1xf32>")
    assert y.shape == (14, 4, 4, 1, 3, 1)
