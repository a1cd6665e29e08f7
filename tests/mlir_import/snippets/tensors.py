"""Ops of tensor: slices, pads, reshapes, elements."""

from __future__ import annotations

from typing import Any

import numpy as np
from mlir_import.snippets.forms import Array, Snippet, function

_SUM = "    %s = arith.addf %x, %out : f32\n    linalg.yield %s : f32"
_MINUS_INFINITY = "0xFF800000"


def _tensor(name: str, arguments: str, body: str, result: str, meaning: Any, **more: Any) -> Snippet:
    return Snippet(name, function(arguments, f"{body}\n  return %r : {result}", result), meaning, **more)


TENSORS = [
    _tensor(
        "expand_and_collapse_shape",
        "tensor<6x4xf32>",
        (
            "  %e = tensor.expand_shape %a [[0, 1], [2]] output_shape [2, 3, 4]"
            " : tensor<6x4xf32> into tensor<2x3x4xf32>\n"
            "  %r = tensor.collapse_shape %e [[0], [1, 2]] : tensor<2x3x4xf32> into tensor<2x12xf32>"
        ),
        "tensor<2x12xf32>",
        lambda a: a.reshape(2, 12),
    ),
    _tensor(
        "reshape_by_a_tensor_of_sizes",
        "tensor<6x4xf32>",
        (
            "  %s = arith.constant dense<[3, 8]> : tensor<2xi32>\n"
            "  %r = tensor.reshape %a(%s) : (tensor<6x4xf32>, tensor<2xi32>) -> tensor<3x8xf32>"
        ),
        "tensor<3x8xf32>",
        lambda a: a.reshape(3, 8),
    ),
    _tensor(
        "extract_slice_by_steps",
        "tensor<6x8xf32>",
        "  %r = tensor.extract_slice %a[1, 0] [2, 3] [2, 3] : tensor<6x8xf32> to tensor<2x3xf32>",
        "tensor<2x3xf32>",
        lambda a: a[1:5:2, 0:9:3],
        ops=("mlc.slice",),
    ),
    _tensor(
        "extract_slice_that_drops_axes",
        "tensor<6x8xf32>",
        "  %r = tensor.extract_slice %a[4, 2] [1, 3] [1, 1] : tensor<6x8xf32> to tensor<3xf32>",
        "tensor<3xf32>",
        lambda a: a[4, 2:5],
    ),
    _tensor(
        "extract_slice_at_a_place_of_the_run",
        "tensor<6x8xf32>; tensor<i64>",
        (
            "  %i = tensor.extract %b[] : tensor<i64>\n"
            "  %j = arith.index_cast %i : i64 to index\n"
            "  %zero = arith.constant 0 : index\n"
            "  %two = arith.constant 2 : index\n"
            "  %k = arith.maxsi %j, %zero : index\n"
            "  %l = arith.minsi %k, %two : index\n"
            "  %r = tensor.extract_slice %a[%l, 1] [4, 3] [1, 1] : tensor<6x8xf32> to tensor<4x3xf32>"
        ),
        "tensor<4x3xf32>",
        lambda a, b: a[np.clip(b, 0, 2) : np.clip(b, 0, 2) + 4, 1:4],
        ops=("mlc.dynamic_slice",),
    ),
    _tensor(
        "insert_slice_along_one_axis",
        "tensor<2x4xf32>; tensor<6x4xf32>",
        "  %r = tensor.insert_slice %a into %b[3, 0] [2, 4] [1, 1] : tensor<2x4xf32> into tensor<6x4xf32>",
        "tensor<6x4xf32>",
        lambda a, b: np.concatenate([b[:3], a, b[5:]]),
        ops=("mlc.concat",),
        absent=("mlc.where",),
    ),
    _tensor(
        "insert_slice_into_a_corner",
        "tensor<2x2xf32>; tensor<5x4xf32>",
        "  %r = tensor.insert_slice %a into %b[2, 1] [2, 2] [1, 1] : tensor<2x2xf32> into tensor<5x4xf32>",
        "tensor<5x4xf32>",
        lambda a, b: np.block([[b[:2]], [b[2:4, :1], a, b[2:4, 3:]], [b[4:]]]),
    ),
    _tensor(
        "insert_slice_by_steps_into_zeros",
        "tensor<2x3xf32>",
        (
            "  %z = arith.constant dense<0.0> : tensor<5x9xf32>\n"
            "  %r = tensor.insert_slice %a into %z[1, 2] [2, 3] [2, 3] : tensor<2x3xf32> into tensor<5x9xf32>"
        ),
        "tensor<5x9xf32>",
        lambda a: _inserted(a, (5, 9), (1, 2), (2, 3)),
    ),
    _tensor(
        "insert_slice_twice_is_a_concat",
        "tensor<2x4xf32>; tensor<3x4xf32>",
        (
            "  %e = tensor.empty() : tensor<5x4xf32>\n"
            "  %f = tensor.insert_slice %a into %e[0, 0] [2, 4] [1, 1] : tensor<2x4xf32> into tensor<5x4xf32>\n"
            "  %r = tensor.insert_slice %b into %f[2, 0] [3, 4] [1, 1] : tensor<3x4xf32> into tensor<5x4xf32>"
        ),
        "tensor<5x4xf32>",
        lambda a, b: np.concatenate([a, b]),
        ops=("mlc.concat",),
        absent=("mlc.slice", "mlc.where", "mlc.expand"),
    ),
    _tensor(
        "insert_an_element",
        "tensor<f32>; tensor<2x2xf32>",
        (
            "  %x = tensor.extract %a[] : tensor<f32>\n"
            "  %i = arith.constant 1 : index\n"
            "  %j = arith.constant 0 : index\n"
            "  %r = tensor.insert %x into %b[%i, %j] : tensor<2x2xf32>"
        ),
        "tensor<2x2xf32>",
        lambda a, b: np.array([[b[0, 0], b[0, 1]], [a, b[1, 1]]]),
    ),
    _tensor(
        "pad_with_a_number",
        "tensor<2x3xf32>",
        (
            "  %c = arith.constant 1.5 : f32\n"
            "  %r = tensor.pad %a low[1, 0] high[0, 2] {\n"
            "  ^bb0(%i: index, %j: index):\n"
            "    tensor.yield %c : f32\n"
            "  } : tensor<2x3xf32> to tensor<3x5xf32>"
        ),
        "tensor<3x5xf32>",
        lambda a: np.pad(a, ((1, 0), (0, 2)), constant_values=1.5),
        ops=("mlc.pad",),
    ),
    _tensor(
        "concat",
        "tensor<2x3xf32>; tensor<2x1xf32>",
        "  %r = tensor.concat dim(1) %a, %b : (tensor<2x3xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>",
        "tensor<2x4xf32>",
        lambda a, b: np.concatenate([a, b], 1),
    ),
    _tensor(
        "splat_and_from_elements",
        "tensor<f32>",
        (
            "  %x = tensor.extract %a[] : tensor<f32>\n"
            "  %s = tensor.splat %x : tensor<2x2xf32>\n"
            "  %f = tensor.from_elements %x, %x, %x, %x : tensor<2x2xf32>\n"
            "  %r = arith.addf %s, %f : tensor<2x2xf32>"
        ),
        "tensor<2x2xf32>",
        lambda a: np.full((2, 2), 2 * a),
    ),
    _tensor(
        "extract_at_known_and_unknown_places",
        "tensor<4x4xf32>; tensor<i64>",
        (
            "  %one = arith.constant 1 : index\n"
            "  %x = tensor.extract %a[%one, %one] : tensor<4x4xf32>\n"
            "  %n = tensor.extract %b[] : tensor<i64>\n"
            "  %four = arith.constant 4 : i64\n"
            "  %m = arith.remui %n, %four : i64\n"
            "  %k = arith.index_cast %m : i64 to index\n"
            "  %y = tensor.extract %a[%one, %k] : tensor<4x4xf32>\n"
            "  %r = tensor.from_elements %x, %y : tensor<2xf32>"
        ),
        "tensor<2xf32>",
        lambda a, b: np.array([a[1, 1], a[1, b % 4]]),
    ),
    _tensor(
        "generate_from_places",
        "tensor<3xf32>",
        (
            "  %r = tensor.generate {\n"
            "  ^bb0(%i: index, %j: index):\n"
            "    %x = tensor.extract %a[%j] : tensor<3xf32>\n"
            "    %n = arith.index_cast %i : index to i32\n"
            "    %f = arith.sitofp %n : i32 to f32\n"
            "    %s = arith.mulf %x, %f : f32\n"
            "    tensor.yield %s : f32\n"
            "  } : tensor<2x3xf32>"
        ),
        "tensor<2x3xf32>",
        lambda a: np.arange(2, dtype=np.float32)[:, None] * a,
    ),
    Snippet(
        "sizes_are_computed_from_dims",
        function(
            "tensor<?x4xf32>",
            """  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %n = tensor.dim %a, %zero : tensor<?x4xf32>
  %m = affine.apply affine_map<(d0)[s0] -> (d0 * 2 + s0)>(%n)[%one]
  %x = arith.constant 3.0 : f32
  %r = tensor.splat %x[%m] : tensor<?xf32>
  return %r : tensor<?xf32>""",
            "tensor<?xf32>",
        ),
        lambda a: np.full(2 * len(a) + 1, 3, np.float32),
        sizes=(5,),
    ),
]


def _inserted(a: Array, shape: tuple[int, ...], starts: tuple[int, int], steps: tuple[int, int]) -> Array:
    full = np.zeros(shape, a.dtype)
    full[starts[0] :: steps[0], starts[1] :: steps[1]][: a.shape[0], : a.shape[1]] = a
    return full
