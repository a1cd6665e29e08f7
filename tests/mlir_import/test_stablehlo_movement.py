"""Data movement of stablehlo against its reference interpreter."""

from __future__ import annotations

import numpy as np
import pytest
from mlir_import.calls import random, tensor
from mlir_import.reference import check

pytest.importorskip("torch_mlir")

X = random(1, 2, 3, 4)

MOVEMENT = {
    "broadcast_in_dim": (
        "%r = stablehlo.broadcast_in_dim %a, dims = [2, 0, 3] : (tensor<2x3x4xf32>) -> tensor<3x5x2x4xf32>",
        "tensor<3x5x2x4xf32>",
    ),
    "broadcast of 1": (
        "%0 = stablehlo.slice %a [0:2, 1:2, 0:4] : (tensor<2x3x4xf32>) -> tensor<2x1x4xf32>\n"
        "%r = stablehlo.broadcast_in_dim %0, dims = [0, 1, 2] : (tensor<2x1x4xf32>) -> tensor<2x6x4xf32>",
        "tensor<2x6x4xf32>",
    ),
    "reshape": ("%r = stablehlo.reshape %a : (tensor<2x3x4xf32>) -> tensor<4x6xf32>", "tensor<4x6xf32>"),
    "transpose": (
        "%r = stablehlo.transpose %a, dims = [2, 0, 1] : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>",
        "tensor<4x2x3xf32>",
    ),
    "slice": (
        "%r = stablehlo.slice %a [0:2, 1:3, 0:4:3] : (tensor<2x3x4xf32>) -> tensor<2x2x2xf32>",
        "tensor<2x2x2xf32>",
    ),
    "reverse": ("%r = stablehlo.reverse %a, dims = [0, 2] : tensor<2x3x4xf32>", "tensor<2x3x4xf32>"),
    "concatenate": (
        "%r = stablehlo.concatenate %a, %a, dim = 1 : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x6x4xf32>",
        "tensor<2x6x4xf32>",
    ),
    "iota": (
        "%0 = stablehlo.iota dim = 1 : tensor<2x3x4xi32>\n%r = stablehlo.convert %0 : (tensor<2x3x4xi32>) -> "
        "tensor<2x3x4xf32>",
        "tensor<2x3x4xf32>",
    ),
    "pad": (
        "%c = stablehlo.constant dense<9.0> : tensor<f32>\n%r = stablehlo.pad %a, %c, low = [1, -1, 0], high = [0, "
        "2, -1], "
        "interior = [0, 1, 2] : (tensor<2x3x4xf32>, tensor<f32>) -> tensor<3x6x9xf32>",
        "tensor<3x6x9xf32>",
    ),
    "dynamic_reshape": (
        "%c = stablehlo.constant dense<[4, 6]> : tensor<2xi32>\n"
        "%r = stablehlo.dynamic_reshape %a, %c : (tensor<2x3x4xf32>, tensor<2xi32>) -> tensor<4x6xf32>",
        "tensor<4x6xf32>",
    ),
}


@pytest.mark.parametrize("name", MOVEMENT)
def test_movement(name):
    body, result = MOVEMENT[name]
    check(body, X, result=result)


@pytest.mark.parametrize("at", [(0, 0), (1, 2), (-3, 9)])
def test_slices_at_computed_places_are_moved_inside(at):
    y = random(2, 4, 5)
    i, j = (np.array(v, np.int32) for v in at)
    scalar = "tensor<i32>"
    check(
        f"%r = stablehlo.dynamic_slice %a, %b, %c, sizes = [2, 3] : (tensor<4x5xf32>, {scalar}, {scalar}) -> "
        f"tensor<2x3xf32>",
        y,
        i,
        j,
        result="tensor<2x3xf32>",
    )
    for shape in [(2, 3), (1, 5), (4, 2), (4, 5)]:
        new = random(3, *shape)
        check(
            f"%r = stablehlo.dynamic_update_slice %a, %b, %c, %d : (tensor<4x5xf32>, {tensor(new)}, {scalar}, "
            f"{scalar}) -> tensor<4x5xf32>",
            y,
            new,
            i,
            j,
            result="tensor<4x5xf32>",
        )


def test_slices_at_known_places():
    check(
        "%c = stablehlo.constant dense<7> : tensor<i64>\n%z = stablehlo.constant dense<1> : tensor<i64>\n"
        "%r = stablehlo.dynamic_slice %a, %z, %z, %c, sizes = [1, 2, 3] : "
        "(tensor<2x3x4xf32>, tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<1x2x3xf32>",
        X,
        result="tensor<1x2x3xf32>",
    )
