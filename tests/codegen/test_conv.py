"""Blocked convolutions as models have them, with constant weights: every way of cutting lines, on every target."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pytest
from codegen.running import compiled
from tolerance import PRECISION_CHANGING, assert_close, assert_op_close

from mlc.codegen.kernels.bands import band_count
from mlc.interpreter import interpret
from mlc.ir import Array, DType, Function, Module, Op, TensorType, Value, symbol
from mlc.ops import Add, Constant, Conv, Relu, Sigmoid
from mlc.target import Target

TARGETS = ("host", "x86-64-v3", pytest.param("x86-64-v2", marks=pytest.mark.slow))
RANDOM = np.random.default_rng(11)


def conv_module(
    x_dims: Sequence[object], weights: Array, bias: Array | None = None, *, behind: str = "", **attributes: object
) -> tuple[Module, Conv]:
    """A conv with these constants in the layout of their last dim, and what is `behind` it."""
    rank = weights.ndim - 4
    given = {"strides": (1,) * rank, "pads": (0,) * 2 * rank, "dilations": (1,) * rank, **attributes}
    function = Function("main", [("x", TensorType(DType.F32, tuple(x_dims)))])  # type: ignore[arg-type]

    def add(op: Op) -> Value:
        function.append(op)
        return op.results[0]

    w = add(Constant(weights))
    b = None if bias is None else add(Constant(bias))
    conv = Conv(function.inputs[0], w, b, layout=f"nchw{weights.shape[-1]}c", **given)
    y = add(conv)
    if behind == "relu":
        y = add(Relu(y))
    elif behind == "residual":
        y = add(Add(add(Relu(y)), y))
    elif behind == "sigmoid":
        y = add(Sigmoid(y))
    function.set_outputs([("y", y)])
    module = Module("test")
    module.add(function)
    return module, conv


def check(module: Module, conv: Conv, x: Array, target: str = "host") -> str:
    """Compares native code with the interpreter, and returns the schedule's row of the conv."""
    (want,) = interpret(module, [x])
    executable, program = compiled(module, target=target)
    (got,) = executable.run(x)
    shape = conv.w.tensor.static_shape
    terms = int(np.prod(shape[1:] if conv.layout == "nchw" else shape[1:-1]))
    scale = float(np.max(np.abs(want), initial=1e-30))
    assert_op_close(got, want, magnitude=scale, terms=terms, op=f"conv on {target}")
    return str(program.schedule[0])


def normal(*dims: int) -> Array:
    return RANDOM.standard_normal(dims, np.float32)


# A name, x's blocks and side(s), filter blocks, taps per side, and the conv's attributes.
SHAPES = {
    "pointwise": ((2, 7, 7), 4, 1, {}),
    "pointwise with a rest": ((1, 5, 5), 3, 1, {}),
    "pointwise of one pixel": ((3, 1, 1), 2, 1, {}),
    "pointwise strided": ((2, 9, 15), 2, 1, {"strides": (2, 2)}),
    "line of one tile": ((2, 4, 7), 2, 3, {"pads": (1, 1, 1, 1)}),
    "line of two tiles": ((1, 3, 19), 5, 3, {"pads": (1, 1, 1, 1)}),
    "line of many tiles": ((1, 3, 61), 2, 3, {"pads": (1, 1, 1, 1)}),
    "strided with pads": ((2, 8, 16), 2, 3, {"pads": (1, 1, 1, 1), "strides": (2, 2)}),
    "dilated": ((1, 9, 30), 2, 3, {"pads": (3, 3, 3, 3), "dilations": (3, 3)}),
    "pads longer than tiles": ((1, 3, 33), 1, 3, {"pads": (9, 9, 9, 9), "dilations": (9, 9)}),
    "pads at one end": ((1, 5, 8), 2, 3, {"pads": (0, 0, 2, 2)}),
    "five taps": ((1, 6, 11), 1, 5, {"pads": (2, 2, 2, 2)}),
    "no pads": ((2, 5, 17), 2, 3, {}),
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", SHAPES)
def test_dense_conv_equals_evaluate(name: str, target: str) -> None:
    (blocks, *side), filters, taps, attributes = SHAPES[name]
    for block in (8, 16):
        weights = normal(filters, blocks, taps, taps, block, block)
        module, conv = conv_module((1, blocks, *side, block), weights, normal(filters, block), **attributes)
        check(module, conv, normal(1, blocks, *side, block), target)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", SHAPES)
def test_depthwise_conv_equals_evaluate(name: str, target: str) -> None:
    (blocks, *side), _, taps, attributes = SHAPES[name]
    for block in (8, 16):
        weights = normal(blocks, 1, taps, taps, 1, block)
        groups = blocks * block
        module, conv = conv_module(
            (2, blocks, *side, block), weights, normal(blocks, block), groups=groups, **attributes
        )
        check(module, conv, normal(2, blocks, *side, block), target)


@pytest.mark.parametrize("behind", ["relu", "residual", "sigmoid"])
@pytest.mark.parametrize("target", TARGETS)
def test_what_is_behind_a_conv_is_computed_on_its_tiles(target: str, behind: str) -> None:
    for taps, pads in ((1, 0), (3, 1)):
        weights = normal(2, 2, taps, taps, 16, 16)
        module, conv = conv_module((2, 2, 5, 9, 16), weights, normal(2, 16), behind=behind, pads=(pads,) * 4)
        check(module, conv, normal(2, 2, 5, 9, 16), target)


@pytest.mark.parametrize("target", ["host", pytest.param("x86-64-v3", marks=pytest.mark.slow)])
def test_symbolic_extents_are_convolved_with_and_without_pads(target: str) -> None:
    n, h, w = symbol("N"), symbol("H"), symbol("W")
    for taps, pads in ((1, 0), (3, 1)):
        weights = normal(1, 2, taps, taps, 8, 8)
        module, conv = conv_module((n, 2, h, w, 8), weights, normal(1, 8), pads=(pads,) * 4)
        for dims in ((1, 1, 1), (2, 5, 7), (1, 3, 31), (0, 4, 4), (1, 17, 29)):
            x = normal(dims[0], 2, dims[1], dims[2], 8)
            check(module, conv, x, target)


def test_lines_and_volumes_are_convolved_on_blocks() -> None:
    module, conv = conv_module((2, 2, 19, 8), normal(3, 2, 3, 8, 8), normal(3, 8), pads=(2, 1), dilations=(2,))
    check(module, conv, normal(2, 2, 19, 8))
    weights = normal(2, 1, 2, 3, 3, 8, 8)
    module, conv = conv_module((1, 1, 3, 4, 9, 8), weights, pads=(1, 1, 1, 0, 1, 1), strides=(1, 2, 1))
    check(module, conv, normal(1, 1, 3, 4, 9, 8))
    weights = normal(1, 1, 3, 3, 3, 1, 8)
    module, conv = conv_module((1, 1, 3, 4, 9, 8), weights, groups=8, pads=(1, 1, 1, 1, 1, 1))
    check(module, conv, normal(1, 1, 3, 4, 9, 8))


def test_a_conv_with_pads_reads_its_input_in_place() -> None:
    module, conv = conv_module((1, 1, 28, 28, 16), normal(2, 1, 3, 3, 16, 16), pads=(1, 1, 1, 1))
    assert "image in place" in check(module, conv, normal(1, 1, 28, 28, 16))


def test_tiles_with_too_many_kinds_of_borders_read_a_copy() -> None:
    module, conv = conv_module((1, 1, 3, 60, 16), normal(2, 1, 1, 9, 16, 16), pads=(0, 32, 0, 32), dilations=(1, 8))
    assert "copied with its pads" in check(module, conv, normal(1, 1, 3, 60, 16))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("used", [1, 3, 8, 15])
def test_lanes_that_stand_for_no_channel_are_not_read(used: int, target: str) -> None:
    for taps, pads, winograd in ((1, 0, 0), (3, 1, 0), (3, 1, 4)):
        weights = normal(1, 2, taps, taps, 16, 16)
        attributes = {"pads": (pads,) * 4, "winograd": winograd, "channels": 16 + used}
        module, conv = conv_module((1, 2, 3, 5, 16), weights, normal(1, 16), **attributes)
        x = normal(1, 2, 3, 5, 16)
        if not winograd:
            assert f"last block {used} of 16 channels" in check(module, conv, x, target)
        executable, _ = compiled(module, target=target)
        undefined = x.copy()
        undefined[:, -1, ..., used:] = np.nan
        assert np.array_equal(executable.run(undefined), executable.run(x))


@pytest.mark.parametrize("taps, side", [(3, 7), (3, 14), (1, 7)])
def test_passes_over_a_tiles_weights_ask_for_all_of_the_next_ones(taps: int, side: int) -> None:
    weights = normal(8, 4, taps, taps, 16, 16)
    module, conv = conv_module((1, 4, side, side, 16), weights, pads=(taps // 2,) * 4)
    row = check(module, conv, normal(1, 4, side, side, 16))
    (lines,), (rows, filters) = (
        [int(n) for n in re.search(p, row).groups()] for p in (r"ahead (\d+) cache", r"tile (\d+)x(\d+)")
    )
    passes = side if taps > 1 else -(-side * side // rows)
    if "cores share filters" not in row:  # over the weights of a band of lines
        passes //= band_count(Target.parse("host"), passes)
    assert passes * lines * 64 >= 16 * filters * 4 > (passes * (lines - 1)) * 64


def test_weights_that_are_passed_over_once_are_not_asked_for_ahead() -> None:
    module, conv = conv_module((1, 4, 1, 1, 16), normal(8, 4, 1, 1, 16, 16))
    assert "ahead" not in check(module, conv, normal(1, 4, 1, 1, 16))


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_a_channel_whose_weights_are_all_zero_still_counts(value: float) -> None:
    weights = normal(1, 1, 3, 3, 8, 8)
    weights[:, :, :, :, -2:, :] = 0
    module, _ = conv_module((1, 1, 4, 6, 8), weights, pads=(1,) * 4)
    x = normal(1, 1, 4, 6, 8)
    x[0, 0, 1, 2, 7] = value
    (want,) = interpret(module, [x])
    (got,) = compiled(module)[0].run(x)
    assert np.isnan(want).any() and not np.isnan(want).all()
    assert np.array_equal(np.isnan(got), np.isnan(want))


# Channels, filters, height, width, taps and the conv's attributes, on a plain layout.
PLANES = {
    "3x3": (5, 5, 9, 21, (3, 3), {"pads": (1, 1, 1, 1)}),
    "strided": (2, 2, 13, 40, (3, 3), {"pads": (1, 1, 1, 1), "strides": (2, 2)}),
    "strided by three": (1, 1, 10, 33, (5, 4), {"pads": (2, 0, 1, 3), "strides": (1, 3)}),
    "dilated": (3, 3, 12, 19, (3, 3), {"pads": (2, 4, 2, 4), "dilations": (2, 4)}),
    "strided and dilated": (2, 2, 15, 31, (3, 2), {"pads": (2, 3, 2, 3), "strides": (2, 2), "dilations": (2, 3)}),
    "several filters a channel": (2, 6, 5, 7, (3, 3), {}),
    "a row": (2, 2, 1, 50, (1, 7), {"pads": (0, 3, 0, 3)}),
    "pads beyond the image": (2, 2, 2, 3, (3, 3), {"pads": (4, 5, 6, 7), "strides": (3, 4)}),
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", PLANES)
def test_depthwise_conv_of_planes_equals_evaluate(name: str, target: str) -> None:
    channels, filters, height, width, taps, attributes = PLANES[name]
    function = Function("main", [("x", TensorType(DType.F32, (2, channels, height, width)))])
    constants = [Constant(normal(filters, 1, *taps)), Constant(normal(filters))]
    for constant in constants:
        function.append(constant)
    given = {"strides": (1, 1), "pads": (0, 0, 0, 0), "dilations": (1, 1), **attributes}
    conv = Conv(function.inputs[0], *(c.result for c in constants), groups=channels, **given)
    function.append(conv)
    function.append(Relu(conv.result))
    function.set_outputs([("y", conv.result.users[0].results[0])])
    module = Module("test")
    module.add(function)
    assert "padded plane" in check(module, conv, normal(2, channels, height, width), target)


# Blocks, height, width and pads; tiles that fill the image and tiles that hang over it.
WINOGRAD_SHAPES = {
    "whole tiles": (2, 8, 8, (1, 1, 1, 1)),
    "cut tiles": (1, 7, 9, (1, 1, 1, 1)),
    "less than a tile": (1, 1, 2, (1, 1, 1, 1)),
    "no pads": (2, 9, 6, (0, 0, 0, 0)),
    "wide pads": (1, 5, 5, (2, 3, 4, 2)),
    "several spans": (1, 32, 34, (1, 1, 1, 1)),
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("side", [2, 4])
@pytest.mark.parametrize("name", WINOGRAD_SHAPES)
def test_winograd_is_a_conv_within_its_tolerance(name: str, side: int, target: str) -> None:
    blocks, height, width, pads = WINOGRAD_SHAPES[name]
    for behind, block in (("", 8), ("residual", 16)):
        weights = normal(2, blocks, 3, 3, block, block)
        dims = (2, blocks, height, width, block)
        module, _ = conv_module(dims, weights, normal(2, block), behind=behind, pads=pads, winograd=side)
        x = normal(*dims)
        executable, program = compiled(module, target=target)
        assert f"winograd {side}x{side}" in str(program.schedule[0])
        assert_close(executable.run(x), interpret(module, [x]), model=name, share=PRECISION_CHANGING)


def test_winograd_with_a_symbolic_batch_answers_every_batch() -> None:
    module, _ = conv_module((symbol("N"), 1, 6, 6, 16), normal(1, 1, 3, 3, 16, 16), pads=(1,) * 4, winograd=4)
    executable, _ = compiled(module)
    for batch in (0, 1, 3):
        x = normal(batch, 1, 6, 6, 16)
        assert_close(executable.run(x), interpret(module, [x]), model="batch", share=PRECISION_CHANGING)
