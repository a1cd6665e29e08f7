"""Small functions of stablehlo that its reference interpreter runs, by name: what is damaged and compared with it."""

from __future__ import annotations

from mlir_import.calls import module_text

_F, _G, _I = "tensor<2x3xf32>", "tensor<3x4xf32>", "tensor<2x3xi32>"
_ADD = """({
  ^bb0(%x: tensor<f32>, %y: tensor<f32>):
    %0 = stablehlo.add %x, %y : tensor<f32>
    stablehlo.return %0 : tensor<f32>
  })"""

STABLEHLO: dict[str, str] = {
    "elementwise": module_text(
        f"""  %0 = stablehlo.add %a, %b : {_F}
  %1 = stablehlo.exponential %0 : {_F}
  %2 = stablehlo.compare GT, %a, %b, FLOAT : ({_F}, {_F}) -> tensor<2x3xi1>
  %r = stablehlo.select %2, %0, %1 : tensor<2x3xi1>, {_F}""",
        [_F, _F],
        [_F],
    ),
    "integers": module_text(
        f"""  %0 = stablehlo.multiply %a, %b : {_I}
  %1 = stablehlo.maximum %0, %b : {_I}
  %2 = stablehlo.and %1, %a : {_I}
  %3 = stablehlo.convert %2 : ({_I}) -> {_F}
  %r = stablehlo.negate %3 : {_F}""",
        [_I, _I],
        [_F],
    ),
    "product": module_text(
        f"  %r = stablehlo.dot_general %a, %b, contracting_dims = [1] x [0] : ({_F}, {_G}) -> tensor<2x4xf32>",
        [_F, _G],
        ["tensor<2x4xf32>"],
    ),
    "products_by_batch": module_text(
        """  %r = stablehlo.dot_general %a, %b, batching_dims = [0] x [0], contracting_dims = [2] x [1]
    : (tensor<2x2x3xf32>, tensor<2x3x2xf32>) -> tensor<2x2x2xf32>""",
        ["tensor<2x2x3xf32>", "tensor<2x3x2xf32>"],
        ["tensor<2x2x2xf32>"],
    ),
    "reduce": module_text(
        f"""  %c = stablehlo.constant dense<0.0> : tensor<f32>
  %r = "stablehlo.reduce"(%a, %c) {_ADD} {{dimensions = array<i64: 1>}} : ({_F}, tensor<f32>) -> tensor<2xf32>""",
        [_F],
        ["tensor<2xf32>"],
    ),
    "window": module_text(
        f"""  %c = stablehlo.constant dense<0.0> : tensor<f32>
  %r = "stablehlo.reduce_window"(%a, %c) {_ADD} {{window_dimensions = array<i64: 1, 2>,
    window_strides = array<i64: 1, 1>, base_dilations = array<i64: 1, 1>, window_dilations = array<i64: 1, 1>,
    padding = dense<[[0, 0], [1, 0]]> : tensor<2x2xi64>}} : ({_F}, tensor<f32>) -> tensor<2x3xf32>""",
        [_F],
        [_F],
    ),
    "movement": module_text(
        f"""  %0 = stablehlo.transpose %a, dims = [1, 0] : ({_F}) -> tensor<3x2xf32>
  %1 = stablehlo.reshape %0 : (tensor<3x2xf32>) -> {_F}
  %2 = stablehlo.concatenate %1, %b, dim = 0 : ({_F}, {_F}) -> tensor<4x3xf32>
  %3 = stablehlo.slice %2 [1:4:2, 0:3] : (tensor<4x3xf32>) -> tensor<2x3xf32>
  %4 = stablehlo.reverse %3, dims = [1] : {_F}
  %c = stablehlo.constant dense<2.0> : tensor<f32>
  %r = stablehlo.pad %4, %c, low = [1, 0], high = [0, -1], interior = [1, 0]
    : ({_F}, tensor<f32>) -> tensor<4x2xf32>""",
        [_F, _F],
        ["tensor<4x2xf32>"],
    ),
    "places": module_text(
        """  %r = "stablehlo.gather"(%a, %b) {dimension_numbers = #stablehlo.gather<offset_dims = [1],
    collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1, 3>,
    indices_are_sorted = false} : (tensor<4x3xf32>, tensor<2x1xi64>) -> tensor<2x3xf32>""",
        ["tensor<4x3xf32>", "tensor<2x1xi64>"],
        [_F],
    ),
    "scatter": module_text(
        f"""  %r = "stablehlo.scatter"(%a, %b, %c) {_ADD} {{scatter_dimension_numbers = #stablehlo.scatter<
    update_window_dims = [1], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>,
    indices_are_sorted = false, unique_indices = false}}
    : (tensor<4x3xf32>, tensor<2x1xi64>, {_F}) -> tensor<4x3xf32>""",
        ["tensor<4x3xf32>", "tensor<2x1xi64>", _F],
        ["tensor<4x3xf32>"],
    ),
    "sort": module_text(
        f"""  %r = "stablehlo.sort"(%a) ({{
  ^bb0(%x: tensor<f32>, %y: tensor<f32>):
    %0 = stablehlo.compare LT, %x, %y, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
    stablehlo.return %0 : tensor<i1>
  }}) {{dimension = 1 : i64, is_stable = true}} : ({_F}) -> {_F}""",
        [_F],
        [_F],
    ),
    "convolution": module_text(
        """  %r = stablehlo.convolution(%a, %b) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f],
    window = {stride = [1, 2], pad = [[1, 1], [0, 0]]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64}
    : (tensor<1x4x5x2xf32>, tensor<3x3x2x2xf32>) -> tensor<1x4x2x2xf32>""",
        ["tensor<1x4x5x2xf32>", "tensor<3x3x2x2xf32>"],
        ["tensor<1x4x2x2xf32>"],
    ),
    "numbers": module_text(
        f"""  %0 = stablehlo.iota dim = 1 : {_I}
  %1 = stablehlo.convert %0 : ({_I}) -> {_F}
  %2 = stablehlo.broadcast_in_dim %b, dims = [1] : (tensor<3xf32>) -> {_F}
  %3 = stablehlo.clamp %1, %a, %2 : {_F}
  %r = stablehlo.divide %3, %2 : {_F}""",
        [_F, "tensor<3xf32>"],
        [_F],
    ),
    "slices": module_text(
        f"""  %0 = stablehlo.dynamic_slice %a, %b, %b, sizes = [1, 2]
    : ({_F}, tensor<i32>, tensor<i32>) -> tensor<1x2xf32>
  %1 = stablehlo.tanh %0 : tensor<1x2xf32>
  %r = stablehlo.dynamic_update_slice %a, %1, %b, %b : ({_F}, tensor<1x2xf32>, tensor<i32>, tensor<i32>) -> {_F}""",
        [_F, "tensor<i32>"],
        [_F],
    ),
}
