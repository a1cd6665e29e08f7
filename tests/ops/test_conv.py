from __future__ import annotations

import numpy as np
import pytest

from mlc.errors import CompileError
from mlc.ir import Array, Block, DType, symbol, tensor, type_of
from mlc.ops import Conv, MaxPool
from mlc.ops.windows import blocked, unblocked


def on_pads_1(x: Array, w: Array, b: Array, *, layout: str, groups: int = 1) -> Array:
    values = Block([type_of(a) for a in (x, w, b)]).arguments
    op = Conv(*values, strides=(1, 2), pads=(1, 1, 1, 1), dilations=(1, 1), groups=groups, layout=layout)
    return op.evaluate(x, w, b)


def blocked_filters(w: Array, inner: int, outer: int) -> Array:
    o, i, *kernel = w.shape
    return w.reshape(o // outer, outer, i // inner, inner, *kernel).transpose(0, 2, 4, 5, 3, 1)


@pytest.mark.parametrize(("block", "groups"), [(8, 1), (16, 1), (8, 2), (8, 32)])
def test_a_blocked_conv_is_the_plain_one_on_packed_operands(block: int, groups: int) -> None:
    rng = np.random.default_rng(1)
    x = rng.standard_normal((2, 32, 5, 6)).astype(np.float32)
    w = rng.standard_normal((64, 32 // groups, 3, 3)).astype(np.float32)
    b = rng.standard_normal(64).astype(np.float32)
    plain = on_pads_1(x, w, b, layout="nchw", groups=groups)
    inner = block if groups < 32 else 1
    packed = on_pads_1(
        blocked(x, block),
        blocked_filters(w, inner, block),
        b.reshape(-1, block),
        layout=f"nchw{block}c",
        groups=groups,
    )
    np.testing.assert_array_equal(unblocked(packed), plain)


def test_conv_bias_is_added_once() -> None:
    x, w = np.zeros((1, 1, 3, 3), np.float32), np.ones((2, 1, 3, 3), np.float32)
    y = on_pads_1(x, w, np.array([1, -2], np.float32), layout="nchw")
    np.testing.assert_array_equal(y, np.broadcast_to(np.float32([1, -2]).reshape(1, 2, 1, 1), (1, 2, 3, 2)))


def test_conv_extent_of_a_symbolic_image_is_an_expression() -> None:
    x, w = Block([tensor(DType.F32, symbol("N"), 3, symbol("H"), 32), tensor(DType.F32, 8, 3, 3, 3)]).arguments
    op = Conv(x, w, strides=(2, 2), pads=(1, 1, 1, 1), dilations=(1, 1))
    assert str(op.result.type) == 'tensor<?x8x?x16xf32, "N,8,(H + 1) floordiv 2,16">'


def test_pool_extent_in_ceil_mode_never_starts_a_window_behind_the_end() -> None:
    (x,) = Block([tensor(DType.F32, 1, 1, 2, symbol("W"))]).arguments
    op = MaxPool(x, kernel=(1, 1), strides=(2, 2), pads=(0, 0, 0, 0), dilations=(1, 1), ceil_mode=True)
    assert op.result.tensor.dims[2] == 1


def test_conv_names_the_channels_that_differ() -> None:
    x, w = Block([tensor(DType.F32, 1, 4, 8, 8), tensor(DType.F32, 8, 3, 3, 3)]).arguments
    with pytest.raises(CompileError, match="x has 4 channels but w wants 3 in each of 1 groups"):
        Conv(x, w, strides=(1, 1), pads=(0, 0, 0, 0), dilations=(1, 1))


def test_conv_refuses_a_window_longer_than_the_image() -> None:
    x, w = Block([tensor(DType.F32, 1, 3, 2, 8), tensor(DType.F32, 8, 3, 3, 3)]).arguments
    with pytest.raises(CompileError, match="a window of 3 with dilation 1 is longer than 2 with pads 0, 0"):
        Conv(x, w, strides=(1, 1), pads=(0, 0, 0, 0), dilations=(1, 1))


def test_conv_wants_a_stride_for_each_spatial_dim() -> None:
    x, w = Block([tensor(DType.F32, 1, 3, 8, 8), tensor(DType.F32, 8, 3, 3, 3)]).arguments
    with pytest.raises(CompileError, match=r"strides must have 2 numbers for 2 spatial dims, got \(1,\)"):
        Conv(x, w, strides=(1,), pads=(0, 0, 0, 0), dilations=(1, 1))
