"""Matrix products, convolutions and pools of linalg, named and general."""

from __future__ import annotations

import numpy as np
from mlir_import.snippets.forms import Array, Snippet, function, generic, named, windows


def _conv_nchw(x: Array, w: Array, s: int = 1, d: int = 1) -> Array:
    return np.einsum("nchwij,fcij->nfhw", windows(x, w.shape[2:], (s, s), (d, d), 2), w)


def _conv_nhwc(x: Array, w: Array, s: int = 1, d: int = 1) -> Array:
    return np.einsum("nhwcij,ijcf->nhwf", windows(x, w.shape[:2], (s, s), (d, d), 1), w)


def _softmax(x: Array, axis: int) -> Array:
    e = np.exp(x - x.max(axis, keepdims=True))
    return np.asarray(e / e.sum(axis, keepdims=True))


_T = "tensor"
_S22 = "{dilations = dense<1> : tensor<2xi64>, strides = dense<2> : tensor<2xi64>}"
_D2 = "{dilations = dense<2> : tensor<2xi64>, strides = dense<1> : tensor<2xi64>}"
_PLAIN = "{dilations = dense<1> : tensor<2xi64>, strides = dense<1> : tensor<2xi64>}"
_ONE = "{dilations = dense<1> : tensor<1xi64>, strides = dense<1> : tensor<1xi64>}"
_THREE = "{dilations = dense<1> : tensor<3xi64>, strides = dense<1> : tensor<3xi64>}"

CONTRACTIONS = [
    Snippet(
        "matmul",
        named("matmul", "tensor<3x5xf32>; tensor<5x4xf32>", "tensor<3x4xf32>"),
        np.matmul,
        ("mlc.matmul",),
        terms=5,
    ),
    Snippet(
        "matmul_with_transposed_maps",
        named(
            "matmul",
            "tensor<5x3xf32>; tensor<4x5xf32>",
            "tensor<3x4xf32>",
            "indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (n, k)>,"
            " affine_map<(m, n, k) -> (m, n)>]",
        ),
        lambda a, b: a.T @ b.T,
        ("mlc.matmul",),
        terms=5,
    ),
    Snippet(
        "matmul_adds_to_what_is_there",
        function(
            "tensor<3x5xf32>; tensor<5x4xf32>; tensor<3x4xf32>",
            "  %r = linalg.matmul ins(%a, %b : tensor<3x5xf32>, tensor<5x4xf32>) outs(%c : tensor<3x4xf32>)"
            " -> tensor<3x4xf32>\n  return %r : tensor<3x4xf32>",
            "tensor<3x4xf32>",
        ),
        lambda a, b, c: a @ b + c,
        ("mlc.matmul", "mlc.add"),
        terms=6,
    ),
    Snippet(
        "matmul_of_symbolic_sizes",
        function(
            "tensor<?x?xf32>; tensor<?x4xf32>",
            """  %z = arith.constant 0 : index
  %m = tensor.dim %a, %z : tensor<?x?xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty(%m) : tensor<?x4xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x4xf32>) -> tensor<?x4xf32>
  %r = linalg.matmul ins(%a, %b : tensor<?x?xf32>, tensor<?x4xf32>) outs(%init : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %r : tensor<?x4xf32>""",
            "tensor<?x4xf32>",
        ),
        np.matmul,
        ("mlc.matmul",),
        terms=5,
        sizes=(3, 5, 5),
    ),
    Snippet(
        "batch_matmul",
        named("batch_matmul", "tensor<2x3x5xf32>; tensor<2x5x4xf32>", "tensor<2x3x4xf32>"),
        np.matmul,
        ("mlc.matmul",),
        terms=5,
    ),
    Snippet(
        "matvec",
        named("matvec", "tensor<3x5xf32>; tensor<5xf32>", "tensor<3xf32>"),
        np.matmul,
        ("mlc.matmul",),
        terms=5,
    ),
    Snippet(
        "vecmat",
        named("vecmat", "tensor<5xf32>; tensor<5x4xf32>", "tensor<4xf32>"),
        np.matmul,
        ("mlc.matmul",),
        terms=5,
    ),
    Snippet(
        "batch_matvec",
        named("batch_matvec", "tensor<2x3x5xf32>; tensor<2x5xf32>", "tensor<2x3xf32>"),
        lambda a, b: np.einsum("bmk,bk->bm", a, b),
        ("mlc.matmul",),
        terms=5,
    ),
    Snippet(
        "batch_vecmat",
        named("batch_vecmat", "tensor<2x5xf32>; tensor<2x5x4xf32>", "tensor<2x4xf32>"),
        lambda a, b: np.einsum("bk,bkn->bn", a, b),
        ("mlc.matmul",),
        terms=5,
    ),
    Snippet("dot", named("dot", "tensor<5xf32>; tensor<5xf32>", "tensor<f32>"), np.dot, ("mlc.reduce_sum",), terms=5),
    Snippet(
        "batch_reduce_matmul",
        named("batch_reduce_matmul", "tensor<2x3x5xf32>; tensor<2x5x4xf32>", "tensor<3x4xf32>"),
        lambda a, b: np.einsum("bmk,bkn->mn", a, b),
        ("mlc.matmul",),
        terms=10,
    ),
    Snippet(
        "mmt4d",
        named("mmt4d", "tensor<2x3x4x5xf32>; tensor<6x3x7x5xf32>", "tensor<2x6x4x7xf32>"),
        lambda a, b: np.einsum("abij,cbkj->acik", a, b),
        ("mlc.matmul",),
        terms=15,
    ),
    Snippet(
        "contract",
        named(
            "contract",
            "tensor<5x3x2xf32>; tensor<4x2x5xf32>",
            "tensor<4x2x3xf32>",
            "indexing_maps = [affine_map<(n, b, m, k) -> (k, m, b)>, affine_map<(n, b, m, k) -> (n, b, k)>,"
            " affine_map<(n, b, m, k) -> (n, b, m)>]",
        ),
        lambda a, b: np.einsum("kmb,nbk->nbm", a, b),
        ("mlc.matmul",),
        terms=5,
    ),
    Snippet(
        "integers_are_widened_before_they_are_multiplied",
        named("matmul", "tensor<3x5xi8>; tensor<5x4xi8>", "tensor<3x4xi32>", initial="0", element="i32"),
        lambda a, b: a.astype(np.int32) @ b.astype(np.int32),
        ("mlc.matmul",),
    ),
    Snippet(
        "quantized_matmul_subtracts_zero_points",
        function(
            "tensor<3x5xi8>; tensor<5x4xi8>",
            """  %z = arith.constant 0 : i32
  %p = arith.constant 3 : i32
  %q = arith.constant -2 : i32
  %empty = tensor.empty() : tensor<3x4xi32>
  %init = linalg.fill ins(%z : i32) outs(%empty : tensor<3x4xi32>) -> tensor<3x4xi32>
  %r = linalg.quantized_matmul ins(%a, %b, %p, %q : tensor<3x5xi8>, tensor<5x4xi8>, i32, i32)
      outs(%init : tensor<3x4xi32>) -> tensor<3x4xi32>
  return %r : tensor<3x4xi32>""",
            "tensor<3x4xi32>",
        ),
        lambda a, b: (a.astype(np.int32) - 3) @ (b.astype(np.int32) + 2),
        ("mlc.matmul",),
    ),
    Snippet(
        "a_weight_broadcast_to_the_batch_is_multiplied_as_it_was",
        function(
            "tensor<2x3x5xf32>; tensor<5x4xf32>",
            """  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x5x4xf32>
  %w = linalg.broadcast ins(%b : tensor<5x4xf32>) outs(%e : tensor<2x5x4xf32>) dimensions = [0]
  %empty = tensor.empty() : tensor<2x3x4xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %r = linalg.batch_matmul ins(%a, %w : tensor<2x3x5xf32>, tensor<2x5x4xf32>) outs(%init : tensor<2x3x4xf32>)
      -> tensor<2x3x4xf32>
  return %r : tensor<2x3x4xf32>""",
            "tensor<2x3x4xf32>",
        ),
        np.matmul,
        ("mlc.matmul",),
        ("mlc.expand", "mlc.reshape"),
        terms=5,
    ),
    Snippet(
        "a_factor_of_no_loop_of_its_own_is_summed_over",
        generic(
            "tensor<3x5xf32>; tensor<4x5x6xf32>",
            "tensor<3x4xf32>",
            "(m, n, k, l) -> (m, k); (m, n, k, l) -> (n, k, l); (m, n, k, l) -> (m, n)",
            "pprr",
            "    %p = arith.mulf %x, %y : f32\n    %s = arith.addf %out, %p : f32\n    linalg.yield %s : f32",
        ),
        lambda a, b: np.einsum("mk,nkl->mn", a, b),
        ("mlc.matmul",),
        terms=30,
    ),
]

CONVOLUTIONS = [
    Snippet(
        "conv_2d_nchw_fchw",
        named("conv_2d_nchw_fchw", "tensor<2x3x7x8xf32>; tensor<4x3x3x2xf32>", "tensor<2x4x3x4xf32>", _S22),
        lambda x, w: _conv_nchw(x, w, 2),
        ("mlc.conv",),
        terms=18,
    ),
    Snippet(
        "conv_2d_nchw_fchw_dilated",
        named("conv_2d_nchw_fchw", "tensor<2x3x7x8xf32>; tensor<4x3x3x2xf32>", "tensor<2x4x3x6xf32>", _D2),
        lambda x, w: _conv_nchw(x, w, 1, 2),
        ("mlc.conv",),
        terms=18,
    ),
    Snippet(
        "conv_2d_nhwc_hwcf",
        named("conv_2d_nhwc_hwcf", "tensor<2x7x8x3xf32>; tensor<3x2x3x4xf32>", "tensor<2x5x7x4xf32>", _PLAIN),
        _conv_nhwc,
        ("mlc.conv",),
        terms=18,
    ),
    Snippet(
        "conv_2d_nhwc_fhwc",
        named("conv_2d_nhwc_fhwc", "tensor<2x7x8x3xf32>; tensor<4x3x2x3xf32>", "tensor<2x3x4x4xf32>", _S22),
        lambda x, w: _conv_nhwc(x, w.transpose(1, 2, 3, 0), 2),
        ("mlc.conv",),
        terms=18,
    ),
    Snippet(
        "conv_2d",
        named("conv_2d", "tensor<7x8xf32>; tensor<3x2xf32>", "tensor<5x7xf32>"),
        lambda x, w: np.einsum("hwij,ij->hw", windows(x, w.shape, (1, 1), (1, 1), 0), w),
        ("mlc.conv",),
        terms=6,
    ),
    Snippet(
        "conv_1d_ncw_fcw",
        named("conv_1d_ncw_fcw", "tensor<2x3x8xf32>; tensor<4x3x3xf32>", "tensor<2x4x6xf32>", _ONE),
        lambda x, w: np.einsum("ncwi,fci->nfw", windows(x, (3,), (1,), (1,), 2), w),
        ("mlc.conv",),
        terms=9,
    ),
    Snippet(
        "conv_1d_nwc_wcf",
        named("conv_1d_nwc_wcf", "tensor<2x8x3xf32>; tensor<3x3x4xf32>", "tensor<2x6x4xf32>", _ONE),
        lambda x, w: np.einsum("nwci,icf->nwf", windows(x, (3,), (1,), (1,), 1), w),
        ("mlc.conv",),
        terms=9,
    ),
    Snippet(
        "conv_3d_ncdhw_fcdhw",
        named("conv_3d_ncdhw_fcdhw", "tensor<1x2x4x5x6xf32>; tensor<3x2x2x3x2xf32>", "tensor<1x3x3x3x5xf32>", _THREE),
        lambda x, w: np.einsum("ncdhwijk,fcijk->nfdhw", windows(x, (2, 3, 2), (1,) * 3, (1,) * 3, 2), w),
        ("mlc.conv",),
        terms=24,
    ),
    Snippet(
        "conv_2d_ngchw_gfchw",
        named("conv_2d_ngchw_gfchw", "tensor<1x2x3x6x6xf32>; tensor<2x4x3x3x3xf32>", "tensor<1x2x4x4x4xf32>", _PLAIN),
        lambda x, w: np.einsum("ngchwij,gfcij->ngfhw", windows(x, (3, 3), (1, 1), (1, 1), 3), w),
        ("mlc.conv",),
        terms=27,
    ),
    Snippet(
        "depthwise_conv_2d_nchw_chw",
        named("depthwise_conv_2d_nchw_chw", "tensor<1x3x6x6xf32>; tensor<3x3x3xf32>", "tensor<1x3x4x4xf32>", _PLAIN),
        lambda x, w: np.einsum("nchwij,cij->nchw", windows(x, (3, 3), (1, 1), (1, 1), 2), w),
        ("mlc.conv",),
        terms=9,
    ),
    Snippet(
        "depthwise_conv_2d_nhwc_hwc",
        named("depthwise_conv_2d_nhwc_hwc", "tensor<1x6x6x3xf32>; tensor<3x3x3xf32>", "tensor<1x4x4x3xf32>", _PLAIN),
        lambda x, w: np.einsum("nhwcij,ijc->nhwc", windows(x, (3, 3), (1, 1), (1, 1), 1), w),
        ("mlc.conv",),
        terms=9,
    ),
    Snippet(
        "depthwise_conv_2d_nhwc_hwcm",
        named(
            "depthwise_conv_2d_nhwc_hwcm", "tensor<1x6x6x3xf32>; tensor<3x3x3x2xf32>", "tensor<1x4x4x3x2xf32>", _PLAIN
        ),
        lambda x, w: np.einsum("nhwcij,ijcm->nhwcm", windows(x, (3, 3), (1, 1), (1, 1), 1), w),
        ("mlc.conv",),
        terms=9,
    ),
    Snippet(
        "fewer_windows_than_would_fit",
        named("conv_2d_nchw_fchw", "tensor<1x2x8x8xf32>; tensor<3x2x3x3xf32>", "tensor<1x3x2x3xf32>", _S22),
        lambda x, w: _conv_nchw(x, w, 2)[:, :, :2, :3],
        ("mlc.conv", "mlc.slice"),
        terms=18,
    ),
    Snippet(
        "conv_2d_nchw_fchw_q",
        function(
            "tensor<1x2x5x5xi8>; tensor<3x2x3x3xi8>",
            """  %z = arith.constant 0 : i32
  %p = arith.constant 3 : i32
  %q = arith.constant -2 : i32
  %empty = tensor.empty() : tensor<1x3x3x3xi32>
  %init = linalg.fill ins(%z : i32) outs(%empty : tensor<1x3x3x3xi32>) -> tensor<1x3x3x3xi32>
  %r = linalg.conv_2d_nchw_fchw_q ins(%a, %b, %p, %q : tensor<1x2x5x5xi8>, tensor<3x2x3x3xi8>, i32, i32)
      outs(%init : tensor<1x3x3x3xi32>) -> tensor<1x3x3x3xi32>
  return %r : tensor<1x3x3x3xi32>""",
            "tensor<1x3x3x3xi32>",
        ),
        lambda x, w: _conv_nchw(x.astype(np.int32) - 3, w.astype(np.int32) + 2),
        ("mlc.conv",),
    ),
]

_W = "tensor<3x2xf32>"
POOLS = [
    Snippet(
        "pooling_nchw_max",
        named("pooling_nchw_max", f"tensor<1x2x7x8xf32>; {_W}", "tensor<1x2x3x4xf32>", _S22, "0xFF800000"),
        lambda x, w: windows(x, (3, 2), (2, 2), (1, 1), 2).max((-1, -2)),
        ("mlc.max_pool",),
    ),
    Snippet(
        "pooling_nchw_sum",
        named("pooling_nchw_sum", f"tensor<1x2x7x8xf32>; {_W}", "tensor<1x2x5x7xf32>", _PLAIN),
        lambda x, w: windows(x, (3, 2), (1, 1), (1, 1), 2).sum((-1, -2)),
        ("mlc.average_pool",),
        terms=6,
    ),
    Snippet(
        "pooling_nhwc_max",
        named("pooling_nhwc_max", f"tensor<1x7x8x2xf32>; {_W}", "tensor<1x3x6x2xf32>", _D2, "0xFF800000"),
        lambda x, w: windows(x, (3, 2), (1, 1), (2, 2), 1)[:, :, :6].max((-1, -2)),
        ("mlc.max_pool",),
    ),
    Snippet(
        "pooling_nhwc_min",
        named("pooling_nhwc_min", f"tensor<1x7x8x2xf32>; {_W}", "tensor<1x5x7x2xf32>", _PLAIN, "0x7F800000"),
        lambda x, w: windows(x, (3, 2), (1, 1), (1, 1), 1).min((-1, -2)),
        ("mlc.max_pool",),
    ),
    Snippet(
        "pooling_nhwc_sum",
        named("pooling_nhwc_sum", f"tensor<1x7x8x2xf32>; {_W}", "tensor<1x5x7x2xf32>", _PLAIN),
        lambda x, w: windows(x, (3, 2), (1, 1), (1, 1), 1).sum((-1, -2)),
        ("mlc.average_pool",),
        terms=6,
    ),
    Snippet(
        "pooling_that_begins_at_a_number",
        named("pooling_nchw_max", f"tensor<1x2x7x8xf32>; {_W}", "tensor<1x2x5x7xf32>", _PLAIN, "0.5"),
        lambda x, w: np.maximum(windows(x, (3, 2), (1, 1), (1, 1), 2).max((-1, -2)), 0.5),
        ("mlc.max_pool", "mlc.maximum"),
    ),
    Snippet(
        "pooling_nhwc_max_unsigned",
        named(
            "pooling_nhwc_max_unsigned", "tensor<1x7x8x2xi8>; tensor<3x2xi8>", "tensor<1x5x7x2xi8>", _PLAIN, "0", "i8"
        ),
        lambda x, w: windows(x.view(np.uint8), (3, 2), (1, 1), (1, 1), 1).max((-1, -2)).view(np.int8),
    ),
]
