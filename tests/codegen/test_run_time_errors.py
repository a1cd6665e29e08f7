"""What only the run can refuse ends in one located error with the numbers in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cases import normal
from codegen.running import compiled

import mlc
from mlc.ir import DType, Function, Location, Module, Op, Value, symbol, tensor
from mlc.ir.types import TensorType
from mlc.ops import (
    Add,
    Assert,
    Attention,
    BatchNorm,
    Col2Im,
    Compress,
    Concat,
    Constant,
    Conv,
    DeformConv,
    DynamicSlice,
    Expand,
    Gather,
    GatherElements,
    GatherNd,
    LayerNorm,
    Less,
    Lstm,
    Matmul,
    MaxRoiPool,
    MaxUnpool,
    NonMaxSuppression,
    Pad,
    QuantizeLinear,
    Range,
    Reshape,
    ReverseSequence,
    RotaryEmbedding,
    ScatterElements,
    ScatterNd,
    Stft,
    TensorScatter,
)
from mlc.runtime.executable import Executable, RunError

W8 = tensor(DType.F32, 8)


def one_op(build: Callable[..., Op], *types: TensorType, name: str = "layer/op") -> Executable:
    function = Function("main", [(f"x{i}", t) for i, t in enumerate(types)])
    op = build(*function.inputs)
    op.loc = Location.of(name)
    function.append(op)
    function.set_outputs([("y", op.results[0])])
    module = Module("test")
    module.add(function)
    return compiled(module, no_fallback=True)[0]


@pytest.mark.parametrize("index", [5, -6, 2**40])
def test_an_index_outside_of_its_axis_is_named(index: int) -> None:
    run = one_op(lambda x, i: Gather(x, i, axis=0), tensor(DType.F32, 5, 3), tensor(DType.I64, 2))
    assert np.array_equal(run(normal(5, 3), np.array([4, -5])), normal(5, 3)[[4, 0]])
    with pytest.raises(RunError, match=rf"node 'layer/op' \(gather\): index {index} is outside of \[-5, 5\)"):
        run(normal(5, 3), np.array([0, index]))


def test_braces_in_the_name_of_a_node_are_no_places() -> None:
    run = one_op(lambda x, i: Gather(x, i, axis=0), tensor(DType.F32, 5), tensor(DType.I64, 1), name="{0}/{name}/{")
    with pytest.raises(RunError, match=r"node '\{0\}/\{name\}/\{' \(gather\): index 7 is outside of \[-5, 5\)"):
        run(normal(5), np.array([7]))


@pytest.mark.parametrize("shape", [(), (3, 5), ("N", 5)])
def test_an_assertion_that_does_not_hold_is_its_message(shape: tuple[Any, ...]) -> None:
    kind = tensor(DType.BOOL, *(symbol(d) if isinstance(d, str) else d for d in shape))
    run = one_op(lambda x: Assert(x, "each {x} of {0} must hold"), kind)
    x = np.ones([3 if d == "N" else d for d in shape], bool)
    assert np.array_equal(run(x), x)
    x[(-1,) * x.ndim] = False
    with pytest.raises(RunError, match=r"node 'layer/op' \(assert\): each \{x\} of \{0\} must hold$"):
        run(x)


def test_an_unused_assertion_is_kept_in_every_pipeline() -> None:
    function = Function("main", [("x", W8)])
    (x,) = function.inputs
    zero = function.append(Constant(np.zeros((), np.float32)))
    function.append(Assert(function.append(Less(zero.result, x)).result, "x is positive"))
    function.set_outputs([("y", function.append(Add(x, x)).result)])
    module = Module("test")
    module.add(function)
    for level in (0, 1, 2, 3):
        run = mlc.compile(module, level=level, cache=False)
        assert np.array_equal(run(np.full(8, 2, np.float32)), np.full(8, 4, np.float32))
        with pytest.raises(RunError, match="x is positive"):
            run(np.array([1, 2, 3, 4, 5, 6, 7, 0], np.float32))


def test_symbols_that_do_not_broadcast_are_named() -> None:
    run = one_op(Add, tensor(DType.F32, symbol("N")), tensor(DType.F32, symbol("M")))
    assert run(normal(3), normal(3)).shape == (3,)
    assert np.array_equal(run(normal(3), normal(1)), normal(3) + normal(1))
    with pytest.raises(RunError, match=r"M = 4 does not broadcast to N = 3"):
        run(normal(3), normal(4))


def lstm(x: Value, lengths: Value, w: Value, r: Value) -> Op:
    names = ("Sigmoid", "Tanh", "Tanh")
    return Lstm(x, w, r, lengths=lengths, activations=names, alphas=(0.0,) * 3, betas=(0.0,) * 3)


def conv(x: Value, w: Value) -> Op:
    return Conv(x, w, strides=(1,), pads=(0, 0), dilations=(1,))


# What to build, the declared shapes, the shapes that it runs with, and the error. The sizes would be read beyond the
# end of an operand.
MISFITS = {
    "matmul_depth": (Matmul, [(3, "K"), ("J", 5)], [(3, 700), (4, 5)], "K = 700 must equal J = 4"),
    "matmul_known_depth": (Matmul, [(3, "K"), (4, 5)], [(3, 700), (4, 5)], "K = 700 must equal 4"),
    "matmul_batch": (Matmul, [(2, 3, 4), ("C", 4, 5)], [(2, 3, 4), (9, 4, 5)], "C = 9 does not broadcast to 2"),
    "matmul_batches": (Matmul, [("B", 3, 4), ("C", 4, 5)], [(1, 3, 4), (5, 4, 5)], "C = 5 does not broadcast to B = 1"),
    "conv_channels": (conv, [(1, "C", 8), (4, 3, 3)], [(1, 2, 8), (4, 3, 3)], "C = 2 must equal 3"),
    "batch_norm": (BatchNorm, [(2, "C"), *[(8,)] * 4], [(2, 99), *[(8,)] * 4], "8 must equal C = 99"),
    "layer_norm": (LayerNorm, [(2, "C"), (5,)], [(2, 9), (5,)], "5 does not broadcast to C = 9"),
    "concat": (
        lambda *xs: Concat(xs, axis=0),
        [(2, "A"), (2, "B")],
        [(2, 3), (2, 900)],
        "B = 900 must equal A = 3",
    ),
    "expand": (lambda x: Expand(x, dims=(4, 2)), [("N", 2)], [(3, 2)], "N = 3 does not broadcast to 4"),
    "attention": (
        Attention,
        [(1, 1, 2, 4), (1, 1, "S", 4), (1, 1, "T", 4)],
        [(1, 1, 2, 4), (1, 1, 900, 4), (1, 1, 5, 4)],
        "T = 5 must equal S = 900",
    ),
    "deform_offset": (
        lambda x, w, offset: DeformConv(x, w, offset, strides=(1, 1), pads=(0,) * 4, dilations=(1, 1)),
        [(1, 1, 4, 4), (1, 1, 2, 2), (1, "C", 3, 3)],
        [(1, 1, 4, 4), (1, 1, 2, 2), (1, 2, 3, 3)],
        "C = 2 must equal 8",
    ),
    "col2im": (
        lambda x: Col2Im(x, dims=(1, 1, 3, 3), kernel=(2, 2), strides=(1, 1), pads=(0,) * 4, dilations=(1, 1)),
        [(1, 4, "W")],
        [(1, 4, 400)],
        "W = 400 must equal 4",
    ),
    "suppression": (
        lambda boxes, scores: NonMaxSuppression(boxes, scores, count=symbol("count")),
        [(1, "A", 4), (1, 1, "B")],
        [(1, 4, 4), (1, 1, 900)],
        "B = 900 must equal A = 4",
    ),
    "rotary_length": (
        RotaryEmbedding,
        [(1, 2, 3, 8), (1, "S", 4), (1, "S", 4)],
        [(1, 2, 3, 8), (1, 2, 4), (1, 2, 4)],
        "S = 2 must equal 3",
    ),
    "rotary_size": (
        RotaryEmbedding,
        [(1, 2, 3, 8), (1, 3, "R"), (1, 3, "R")],
        [(1, 2, 3, 8), (1, 3, 400), (1, 3, 400)],
        "= 800 must be 8 at most",
    ),
    "quantize_blocks": (
        lambda x, scale: QuantizeLinear(x, scale, dtype=DType.I8, block=4),
        [(2, "C"), (2, "B")],
        [(2, 900), (2, 3)],
        "B = 3 must equal .* = 225",
    ),
    "quantize": (
        lambda x, scale: QuantizeLinear(x, scale, dtype=DType.I8),
        [(2, "C"), (8,)],
        [(2, 9), (8,)],
        "8 must equal C = 9",
    ),
}


@pytest.mark.parametrize("name", MISFITS)
def test_sizes_that_do_not_fit_each_other_are_named(name: str) -> None:
    build, declared, given, message = MISFITS[name]
    shapes = [tuple(symbol(d) if isinstance(d, str) else d for d in dims) for dims in declared]
    run = one_op(build, *(tensor(DType.F32, *dims) for dims in shapes))
    with pytest.raises(RunError, match=message):
        run(*(normal(*dims) for dims in given))


def test_indices_of_other_sizes_than_what_they_place_are_refused() -> None:
    a, b, n = map(symbol, "ABN")
    run = one_op(lambda x, i: GatherNd(x, i, batch_axes=1), tensor(DType.F32, a, n), tensor(DType.I64, b, 1))
    assert run(normal(2, 3), np.array([[2], [0]])).shape == (2,)
    with pytest.raises(RunError, match="B = 400 must equal A = 2"):
        run(normal(2, 3), np.zeros((400, 1), np.int64))
    run = one_op(
        lambda x, i: MaxUnpool(x, i, source=(1, 1, 4), dims=(1, 1, 4)),
        tensor(DType.F32, 1, 1, a),
        tensor(DType.I64, 1, 1, b),
    )
    with pytest.raises(RunError, match="B = 2 must equal A = 200"):
        run(normal(1, 1, 200), np.zeros((1, 1, 2), np.int64))


def test_a_size_that_no_memory_has_is_refused() -> None:
    m, n = symbol("M"), symbol("N")
    run = one_op(lambda x, shape: Expand(x, shape, dims=(m, n)), tensor(DType.F32), tensor(DType.I64, 2))
    assert run(normal(), np.array([2, 3])).shape == (2, 3)
    with pytest.raises(RunError, match=f"a tensor of 2x{1 << 62} elements is larger than memory can be"):
        run(normal(), np.array([2, 1 << 62]))


def test_a_depth_that_one_operand_knows_is_that_of_the_product() -> None:
    run = one_op(Matmul, tensor(DType.F32, 3, symbol("K")), tensor(DType.F32, 4, 5))
    np.testing.assert_allclose(run(normal(3, 4), normal(4, 5)), normal(3, 4) @ normal(4, 5), rtol=1e-5, atol=1e-6)


def test_indices_beside_their_tensor_are_refused() -> None:
    a, b, n, m = map(symbol, "ABNM")
    run = one_op(lambda x, i: GatherElements(x, i), tensor(DType.F32, n, m), tensor(DType.I64, a, b))
    assert run(normal(2, 3), np.zeros((5, 2), np.int64)).shape == (5, 2)
    with pytest.raises(RunError, match="B = 9 must be M = 3 at most"):
        run(normal(2, 3), np.zeros((1, 9), np.int64))


def test_lengths_of_sequences_stay_inside() -> None:
    time, batch = symbol("T"), symbol("B")
    run = one_op(ReverseSequence, tensor(DType.F32, time, batch, 5), tensor(DType.I64, batch))
    x = normal(4, 2, 5)
    assert np.array_equal(run(x, np.array([4, 0])), np.stack([x[::-1, 0], x[:, 1]], axis=1))
    for length in (5, -1, 2**40):
        with pytest.raises(RunError, match=rf"index {length} is outside of \[0, 5\)"):
            run(x, np.array([1, length]))
    types = [tensor(DType.F32, time, batch, 5), tensor(DType.I32, batch), tensor(DType.F32, 1, 12, 5)]
    run = one_op(lstm, *types, tensor(DType.F32, 1, 12, 3))
    w, r = normal(1, 12, 5), normal(1, 12, 3)
    short = run(x, np.array([4, 0], np.int32), w, r)
    assert np.array_equal(run(x, np.array([9, -3], np.int32), w, r), short)
    assert not short[:, :, 1].any() and short[:, :, 0].all()


def test_a_reshape_of_another_count_is_refused() -> None:
    def build(x: Value, shape: Value) -> Op:
        return Reshape(x, shape, dims=(symbol("A"), symbol("B")))

    run = one_op(build, tensor(DType.F32, symbol("N")), tensor(DType.I64, 2))
    assert run(normal(6), np.array([2, -1])).shape == (2, 3)
    with pytest.raises(RunError, match=r"6 elements cannot be reshaped to 8"):
        run(normal(6), np.array([2, 4]))


def test_a_window_longer_than_its_image_is_refused() -> None:
    def build(x: Value, w: Value) -> Op:
        return Conv(x, w, strides=(2,), pads=(0, 1), dilations=(1,))

    run = one_op(build, tensor(DType.F32, 1, 2, symbol("W")), tensor(DType.F32, 3, 2, 5))
    assert run(normal(1, 2, 4), normal(3, 2, 5)).shape == (1, 3, 1)
    with pytest.raises(RunError, match=r"a dim of the result, .* would be -1|output 'y' would have shape"):
        run(normal(1, 2, 1), normal(3, 2, 5))


@pytest.mark.parametrize("index", [5, -6])
def test_an_update_outside_of_its_axis_is_named(index: int) -> None:
    x, updates = tensor(DType.F32, 5, 3), tensor(DType.F32, 1, 3)
    by_element = one_op(ScatterElements, x, tensor(DType.I64, 1, 3), updates)
    by_tuple = one_op(ScatterNd, x, tensor(DType.I64, 1, 1), updates)
    for run, indices in ((by_element, np.array([[0, 1, index]])), (by_tuple, np.array([[index]]))):
        with pytest.raises(RunError, match=rf"node 'layer/op' .*index {index} is outside of \[-5, 5\)"):
            run(normal(5, 3), indices, normal(1, 3))


def test_a_cache_is_not_written_beyond_its_end() -> None:
    run = one_op(TensorScatter, tensor(DType.F32, 1, 5, 2), tensor(DType.F32, 1, 2, 2), tensor(DType.I64, 1))
    cache, update = normal(1, 5, 2), normal(1, 2, 2)
    assert np.array_equal(run(cache, update, np.array([3]))[:, 3:], update)
    for start in (4, -1):
        with pytest.raises(RunError, match=rf"index {start} is outside of \[0, 4\)"):
            run(cache, update, np.array([start]))


def test_a_condition_that_chooses_what_is_not_there_is_refused() -> None:
    run = one_op(lambda x, c: Compress(x, c, axis=0, count=symbol("K")), tensor(DType.F32, 2), tensor(DType.BOOL, 3))
    assert run(normal(2), np.array([False, True, False])).shape == (1,)
    with pytest.raises(RunError, match=r"the condition chooses place 2 of 2"):
        run(normal(2), np.array([True, False, True]))


def test_frames_must_move_on() -> None:
    dims = (1, symbol("F"), 5, 2)
    run = one_op(lambda x, s, w: Stft(x, s, w, dims=dims), tensor(DType.F32, 1, 16, 1), tensor(DType.I64), W8)
    assert run(normal(1, 16, 1), np.array(4), normal(8)).shape == (1, 3, 5, 2)
    with pytest.raises(RunError, match=r"frame_step is 0"):
        run(normal(1, 16, 1), np.array(0), normal(8))


def test_slices_of_no_axis_and_of_no_step_are_refused() -> None:
    def build(*operands: Value) -> Op:
        return DynamicSlice(*operands, dims=(symbol("A"), symbol("B")))

    one = tensor(DType.I64, 1)
    run = one_op(build, tensor(DType.F32, 3, 4), one, one, one, one)
    x, (start, end) = normal(3, 4), (np.array([n]) for n in (1, 3))
    assert np.array_equal(run(x, start, end, np.array([-1]), np.array([1])), x[:, 1:3])
    with pytest.raises(RunError, match=r"axis 7 is outside of \[-2, 2\)"):
        run(x, start, end, np.array([7]), np.array([1]))
    with pytest.raises(RunError, match="step 0 is 0"):
        run(x, start, end, np.array([1]), np.array([0]))


def test_pads_of_no_axis_and_of_nothing_to_repeat_are_refused() -> None:
    dims = symbol("A"), symbol("B")
    run = one_op(
        lambda x, amounts, axes: Pad(x, None, amounts, axes, mode="edge", dims=dims),
        tensor(DType.F32, symbol("N"), 4),
        tensor(DType.I64, 2),
        tensor(DType.I64, 1),
    )
    x, amounts = normal(2, 4), np.array([1, 0])
    assert np.array_equal(run(x, amounts, np.array([0])), x[[0, 0, 1]])
    assert run(x[:0], amounts, np.array([1])).shape == (0, 5)
    with pytest.raises(RunError, match=r"axis -3 is outside of \[-2, 2\)"):
        run(x, amounts, np.array([-3]))
    with pytest.raises(RunError, match="axis 0 has no element that mode edge could repeat"):
        run(x[:0], amounts, np.array([0]))
    with pytest.raises(RunError, match="axis 0 has no element that mode edge could repeat"):
        run(x, np.array([-2, 1]), np.array([0]))
    run = one_op(lambda x: Pad(x, pads=(1, 0, 2, 0), mode="reflect"), tensor(DType.F32, symbol("N"), 4))
    assert run(x).shape == (5, 4)
    with pytest.raises(RunError, match="axis 0 has no element that mode reflect could repeat"):
        run(x[:0])


@pytest.mark.parametrize("limit", [np.nan, np.inf])
def test_a_range_without_end_is_refused(limit: float) -> None:
    scalar = tensor(DType.F32)
    run = one_op(lambda *operands: Range(*operands, count=symbol("K")), scalar, scalar, scalar)
    zero, one = np.float32(0), np.float32(1)
    assert run(zero, np.float32(3), one).shape == (3,)
    for given in ((zero, np.float32(limit), one), (zero, one, zero)):
        with pytest.raises(RunError, match="has no end"):
            run(*given)


def test_a_box_of_no_image_is_refused() -> None:
    run = one_op(
        lambda x, rois: MaxRoiPool(x, rois, height=1, width=1), tensor(DType.F32, 2, 1, 4, 4), tensor(DType.F32, 1, 5)
    )
    x = normal(2, 1, 4, 4)
    assert run(x, np.array([[1, 0, 0, 3, 3]], np.float32)) == x[1].max()
    for image in (2.0, 7e9):
        with pytest.raises(RunError, match=r"is outside of \[-2, 2\)"):
            run(x, np.array([[image, 0, 0, 3, 3]], np.float32))


def test_windows_that_do_not_fill_their_image_are_refused() -> None:
    run = one_op(
        lambda x, window: Col2Im(
            x, None, window, dims=(1, symbol("C"), 3, 3), strides=(1, 1), pads=(0,) * 4, dilations=(1, 1)
        ),
        tensor(DType.F32, 1, symbol("P"), symbol("W")),
        tensor(DType.I64, 2),
    )
    assert run(normal(1, 8, 4), np.array([2, 2])).shape == (1, 2, 3, 3)
    with pytest.raises(RunError, match="7 planes are no whole number of windows of 4"):
        run(normal(1, 7, 4), np.array([2, 2]))
    with pytest.raises(RunError, match="400 windows are given, 4 fit the image"):
        run(normal(1, 8, 400), np.array([2, 2]))
