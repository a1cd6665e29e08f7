// RUN: mlc-opt canonicalize

// CHECK-LABEL: func.func @reshapes_merge(
// CHECK-NEXT: %0 = "mlc.reshape"(%arg0) {dims = "4,6", keeps_zero = false} : (tensor<2x3x4xf32>) -> tensor<4x6xf32>
// CHECK-NEXT: func.return %0 : tensor<4x6xf32>
func.func @reshapes_merge(%x: tensor<2x3x4xf32>) -> (tensor<4x6xf32>) {
  %0 = "mlc.reshape"(%x) {dims = "6,4", keeps_zero = false} : (tensor<2x3x4xf32>) -> tensor<6x4xf32>
  %1 = "mlc.reshape"(%0) {dims = "4,6", keeps_zero = false} : (tensor<6x4xf32>) -> tensor<4x6xf32>
  func.return %1 : tensor<4x6xf32>
}

// -----

// CHECK-LABEL: func.func @reshapes_that_return_cancel(
// CHECK-NEXT: func.return %arg0 : tensor<2x3xf32>
func.func @reshapes_that_return_cancel(%x: tensor<2x3xf32>) -> (tensor<2x3xf32>) {
  %0 = "mlc.reshape"(%x) {dims = "6", keeps_zero = false} : (tensor<2x3xf32>) -> tensor<6xf32>
  %1 = "mlc.reshape"(%0) {dims = "2,3", keeps_zero = false} : (tensor<6xf32>) -> tensor<2x3xf32>
  func.return %1 : tensor<2x3xf32>
}

// -----

// The inner reshape stays for its other user.
// CHECK-LABEL: func.func @a_reshape_with_several_users_is_read_through(
// CHECK-NEXT: %0 = "mlc.reshape"(%arg0) {dims = "6", keeps_zero = false} : (tensor<2x3xf32>) -> tensor<6xf32>
// CHECK-NEXT: %1 = "mlc.relu"(%0) : (tensor<6xf32>) -> tensor<6xf32>
// CHECK-NEXT: %2 = "mlc.reshape"(%arg0) {dims = "3,2", keeps_zero = false} : (tensor<2x3xf32>) -> tensor<3x2xf32>
// CHECK-NEXT: func.return %1, %2 : tensor<6xf32>, tensor<3x2xf32>
func.func @a_reshape_with_several_users_is_read_through(%x: tensor<2x3xf32>) -> (tensor<6xf32>, tensor<3x2xf32>) {
  %0 = "mlc.reshape"(%x) {dims = "6", keeps_zero = false} : (tensor<2x3xf32>) -> tensor<6xf32>
  %1 = "mlc.relu"(%0) : (tensor<6xf32>) -> tensor<6xf32>
  %2 = "mlc.reshape"(%0) {dims = "3,2", keeps_zero = false} : (tensor<6xf32>) -> tensor<3x2xf32>
  func.return %1, %2 : tensor<6xf32>, tensor<3x2xf32>
}

// -----

// CHECK-LABEL: func.func @a_symbolic_reshape_merges(
// CHECK-NEXT: %0 = "mlc.reshape"(%arg0) {dims = "6 * N", keeps_zero = false} : (tensor<?x6xf32, "N,6">) -> tensor<?xf32, "6 * N">
// CHECK-NEXT: func.return %0 : tensor<?xf32, "6 * N">
func.func @a_symbolic_reshape_merges(%x: tensor<?x6xf32, "N,6">) -> (tensor<?xf32, "6 * N">) {
  %0 = "mlc.reshape"(%x) {dims = "N,2,3", keeps_zero = false} : (tensor<?x6xf32, "N,6">) -> tensor<?x2x3xf32, "N,2,3">
  %1 = "mlc.reshape"(%0) {dims = "6 * N", keeps_zero = false} : (tensor<?x2x3xf32, "N,2,3">) -> tensor<?xf32, "6 * N">
  func.return %1 : tensor<?xf32, "6 * N">
}

// -----

// CHECK-LABEL: func.func @a_known_shape_operand_goes(
// CHECK-NEXT: %0 = "mlc.reshape"(%arg0) {dims = "3,2", keeps_zero = false} : (tensor<2x3xf32>) -> tensor<3x2xf32>
// CHECK-NEXT: %1 = "mlc.expand"(%arg0) {dims = "4,2,3"} : (tensor<2x3xf32>) -> tensor<4x2x3xf32>
// CHECK-NEXT: func.return %0, %1 : tensor<3x2xf32>, tensor<4x2x3xf32>
func.func @a_known_shape_operand_goes(%x: tensor<2x3xf32>) -> (tensor<3x2xf32>, tensor<4x2x3xf32>) {
  %0 = "mlc.constant"() {value = dense<[3, 2]> : tensor<2xi64>} : () -> tensor<2xi64>
  %1 = "mlc.reshape"(%x, %0) {dims = "3,2", keeps_zero = false} : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<3x2xf32>
  %2 = "mlc.constant"() {value = dense<[4, 2, 3]> : tensor<3xi64>} : () -> tensor<3xi64>
  %3 = "mlc.expand"(%x, %2) {dims = "4,2,3"} : (tensor<2x3xf32>, tensor<3xi64>) -> tensor<4x2x3xf32>
  func.return %1, %3 : tensor<3x2xf32>, tensor<4x2x3xf32>
}

// -----

// CHECK-LABEL: func.func @transposes_merge(
// CHECK-NEXT: %0 = "mlc.transpose"(%arg0) {perm = array<i64: 2, 0, 1>} : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
// CHECK-NEXT: func.return %0 : tensor<4x2x3xf32>
func.func @transposes_merge(%x: tensor<2x3x4xf32>) -> (tensor<4x2x3xf32>) {
  %0 = "mlc.transpose"(%x) {perm = array<i64: 1, 2, 0>} : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
  %1 = "mlc.transpose"(%0) {perm = array<i64: 1, 2, 0>} : (tensor<3x4x2xf32>) -> tensor<4x2x3xf32>
  func.return %1 : tensor<4x2x3xf32>
}

// -----

// CHECK-LABEL: func.func @transposes_cancel(
// CHECK-NEXT: func.return %arg0 : tensor<2x3x4xf32>
func.func @transposes_cancel(%x: tensor<2x3x4xf32>) -> (tensor<2x3x4xf32>) {
  %0 = "mlc.transpose"(%x) {perm = array<i64: 1, 2, 0>} : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
  %1 = "mlc.transpose"(%0) {perm = array<i64: 2, 0, 1>} : (tensor<3x4x2xf32>) -> tensor<2x3x4xf32>
  func.return %1 : tensor<2x3x4xf32>
}

// -----

// Near miss: the type is that of x, the elements are not.
// CHECK-LABEL: func.func @a_transpose_of_equal_dims_stays(
// CHECK-NEXT: %0 = "mlc.transpose"(%arg0) {perm = array<i64: 1, 0>} : (tensor<3x3xf32>) -> tensor<3x3xf32>
// CHECK-NEXT: func.return %0 : tensor<3x3xf32>
func.func @a_transpose_of_equal_dims_stays(%x: tensor<3x3xf32>) -> (tensor<3x3xf32>) {
  %0 = "mlc.transpose"(%x) {perm = array<i64: 1, 0>} : (tensor<3x3xf32>) -> tensor<3x3xf32>
  func.return %0 : tensor<3x3xf32>
}

// -----

// CHECK-LABEL: func.func @reshapes_around_a_transpose_that_merge_axes_go(
// CHECK-NEXT: %0 = "mlc.transpose"(%arg0) {perm = array<i64: 0, 1, 3, 2>} : (tensor<?x4x16x12xf32, "N,4,16,12">) -> tensor<?x4x12x16xf32, "N,4,12,16">
// CHECK-NEXT: func.return %0 : tensor<?x4x12x16xf32, "N,4,12,16">
func.func @reshapes_around_a_transpose_that_merge_axes_go(%x: tensor<?x4x16x12xf32, "N,4,16,12">) -> (tensor<?x4x12x16xf32, "N,4,12,16">) {
  %0 = "mlc.reshape"(%x) {dims = "4 * N,16,12", keeps_zero = false} : (tensor<?x4x16x12xf32, "N,4,16,12">) -> tensor<?x16x12xf32, "4 * N,16,12">
  %1 = "mlc.transpose"(%0) {perm = array<i64: 0, 2, 1>} : (tensor<?x16x12xf32, "4 * N,16,12">) -> tensor<?x12x16xf32, "4 * N,12,16">
  %2 = "mlc.reshape"(%1) {dims = "N,4,12,16", keeps_zero = false} : (tensor<?x12x16xf32, "4 * N,12,16">) -> tensor<?x4x12x16xf32, "N,4,12,16">
  func.return %2 : tensor<?x4x12x16xf32, "N,4,12,16">
}

// -----

// Near miss: the reshape cuts across axes.
// CHECK-LABEL: func.func @a_reshape_that_splits_what_was_apart_stays(
// CHECK-NEXT: %0 = "mlc.reshape"(%arg0) {dims = "6,4", keeps_zero = false} : (tensor<4x6xf32>) -> tensor<6x4xf32>
// CHECK-NEXT: %1 = "mlc.transpose"(%0) {perm = array<i64: 1, 0>} : (tensor<6x4xf32>) -> tensor<4x6xf32>
// CHECK-NEXT: func.return %1 : tensor<4x6xf32>
func.func @a_reshape_that_splits_what_was_apart_stays(%x: tensor<4x6xf32>) -> (tensor<4x6xf32>) {
  %0 = "mlc.reshape"(%x) {dims = "6,4", keeps_zero = false} : (tensor<4x6xf32>) -> tensor<6x4xf32>
  %1 = "mlc.transpose"(%0) {perm = array<i64: 1, 0>} : (tensor<6x4xf32>) -> tensor<4x6xf32>
  %2 = "mlc.reshape"(%1) {dims = "4,6", keeps_zero = false} : (tensor<4x6xf32>) -> tensor<4x6xf32>
  func.return %2 : tensor<4x6xf32>
}

// -----

// CHECK-LABEL: func.func @an_inner_transpose_that_is_an_output_stays(
// CHECK-NEXT: %0 = "mlc.transpose"(%arg0) {perm = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
// CHECK-NEXT: %1 = "mlc.relu"(%arg0) : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %0, %1 : tensor<3x2xf32>, tensor<2x3xf32>
func.func @an_inner_transpose_that_is_an_output_stays(%x: tensor<2x3xf32>) -> (tensor<3x2xf32>, tensor<2x3xf32>) {
  %0 = "mlc.transpose"(%x) {perm = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %1 = "mlc.transpose"(%0) {perm = array<i64: 1, 0>} : (tensor<3x2xf32>) -> tensor<2x3xf32>
  %2 = "mlc.relu"(%1) : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %0, %2 : tensor<3x2xf32>, tensor<2x3xf32>
}

// -----

// CHECK-LABEL: func.func @an_expand_that_a_sum_would_do_goes(
// CHECK-NEXT: %0 = "mlc.add"(%arg0, %arg1) : (tensor<1x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %0 : tensor<2x3xf32>
func.func @an_expand_that_a_sum_would_do_goes(%x: tensor<1x3xf32>, %y: tensor<2x3xf32>) -> (tensor<2x3xf32>) {
  %0 = "mlc.expand"(%x) {dims = "2,3"} : (tensor<1x3xf32>) -> tensor<2x3xf32>
  %1 = "mlc.add"(%0, %y) : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %1 : tensor<2x3xf32>
}

// -----

// Near miss: y does not give the result its shape.
// CHECK-LABEL: func.func @an_expand_that_shapes_the_sum_stays(
// CHECK-NEXT: %0 = "mlc.expand"(%arg0) {dims = "2,3"} : (tensor<1x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: %1 = "mlc.add"(%0, %arg1) : (tensor<2x3xf32>, tensor<1x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %1 : tensor<2x3xf32>
func.func @an_expand_that_shapes_the_sum_stays(%x: tensor<1x3xf32>, %y: tensor<1x3xf32>) -> (tensor<2x3xf32>) {
  %0 = "mlc.expand"(%x) {dims = "2,3"} : (tensor<1x3xf32>) -> tensor<2x3xf32>
  %1 = "mlc.add"(%0, %y) : (tensor<2x3xf32>, tensor<1x3xf32>) -> tensor<2x3xf32>
  func.return %1 : tensor<2x3xf32>
}

// -----

// CHECK-LABEL: func.func @a_symbolic_expand_goes(
// CHECK-NEXT: %0 = "mlc.mul"(%arg1, %arg0) : (tensor<?x3xf32, "N,3">, tensor<1x3xf32>) -> tensor<?x3xf32, "N,3">
// CHECK-NEXT: func.return %0 : tensor<?x3xf32, "N,3">
func.func @a_symbolic_expand_goes(%x: tensor<1x3xf32>, %y: tensor<?x3xf32, "N,3">) -> (tensor<?x3xf32, "N,3">) {
  %0 = "mlc.expand"(%x) {dims = "N,3"} : (tensor<1x3xf32>) -> tensor<?x3xf32, "N,3">
  %1 = "mlc.mul"(%y, %0) : (tensor<?x3xf32, "N,3">, tensor<?x3xf32, "N,3">) -> tensor<?x3xf32, "N,3">
  func.return %1 : tensor<?x3xf32, "N,3">
}

// -----

// CHECK-LABEL: func.func @an_expand_to_the_same_shape_goes(
// CHECK-NEXT: func.return %arg0 : tensor<2x3xf32>
func.func @an_expand_to_the_same_shape_goes(%x: tensor<2x3xf32>) -> (tensor<2x3xf32>) {
  %0 = "mlc.expand"(%x) {dims = "2,3"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %0 : tensor<2x3xf32>
}

// -----

// CHECK-LABEL: func.func @slices_merge(
// CHECK-NEXT: %0 = "mlc.slice"(%arg0) {starts = "7", dims = "2", steps = array<i64: -4>} : (tensor<10xf32>) -> tensor<2xf32>
// CHECK-NEXT: func.return %0 : tensor<2xf32>
func.func @slices_merge(%x: tensor<10xf32>) -> (tensor<2xf32>) {
  %0 = "mlc.slice"(%x) {starts = "1", dims = "4", steps = array<i64: 2>} : (tensor<10xf32>) -> tensor<4xf32>
  %1 = "mlc.slice"(%0) {starts = "3", dims = "2", steps = array<i64: -2>} : (tensor<4xf32>) -> tensor<2xf32>
  func.return %1 : tensor<2xf32>
}

// -----

// CHECK-LABEL: func.func @the_whole_slice_goes(
// CHECK-NEXT: func.return %arg0 : tensor<4x5xf32>
func.func @the_whole_slice_goes(%x: tensor<4x5xf32>) -> (tensor<4x5xf32>) {
  %0 = "mlc.slice"(%x) {starts = "0,0", dims = "4,5", steps = array<i64: 1, 1>} : (tensor<4x5xf32>) -> tensor<4x5xf32>
  func.return %0 : tensor<4x5xf32>
}

// -----

// Near miss: steps.
// CHECK-LABEL: func.func @the_reversed_slice_stays(
// CHECK-NEXT: %0 = "mlc.slice"(%arg0) {starts = "3", dims = "4", steps = array<i64: -1>} : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: func.return %0 : tensor<4xf32>
func.func @the_reversed_slice_stays(%x: tensor<4xf32>) -> (tensor<4xf32>) {
  %0 = "mlc.slice"(%x) {starts = "3", dims = "4", steps = array<i64: -1>} : (tensor<4xf32>) -> tensor<4xf32>
  func.return %0 : tensor<4xf32>
}

// -----

// CHECK-LABEL: func.func @concats_flatten(
// CHECK-NEXT: %0 = "mlc.concat"(%arg0, %arg0, %arg0) {axis = -1 : i64} : (tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x9xf32>
// CHECK-NEXT: func.return %0 : tensor<2x9xf32>
func.func @concats_flatten(%x: tensor<2x3xf32>) -> (tensor<2x9xf32>) {
  %0 = "mlc.concat"(%x, %x) {axis = 1 : i64} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x6xf32>
  %1 = "mlc.concat"(%0, %x) {axis = -1 : i64} : (tensor<2x6xf32>, tensor<2x3xf32>) -> tensor<2x9xf32>
  func.return %1 : tensor<2x9xf32>
}

// -----
// RUN: mlc-opt --remarks=missed canonicalize

// Near miss.
// CHECK-LABEL: func.func @a_concat_with_another_user_stays(
// CHECK-NEXT: %0 = "mlc.concat"(%arg0, %arg0) {axis = 1 : i64} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x6xf32>
// CHECK-NEXT: %1 = "mlc.concat"(%0, %arg0) {axis = 1 : i64} : (tensor<2x6xf32>, tensor<2x3xf32>) -> tensor<2x9xf32>
// CHECK-NEXT: %2 = "mlc.relu"(%0) : (tensor<2x6xf32>) -> tensor<2x6xf32>
// CHECK-NEXT: func.return %1, %2 : tensor<2x9xf32>, tensor<2x6xf32>
// CHECK: missed  canonicalize/flatten_concats at ? (mlc.concat): the inner concat is needed itself (blocked by operand 0 of mlc.relu '?')
func.func @a_concat_with_another_user_stays(%x: tensor<2x3xf32>) -> (tensor<2x9xf32>, tensor<2x6xf32>) {
  %0 = "mlc.concat"(%x, %x) {axis = 1 : i64} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x6xf32>
  %1 = "mlc.concat"(%0, %x) {axis = 1 : i64} : (tensor<2x6xf32>, tensor<2x3xf32>) -> tensor<2x9xf32>
  %2 = "mlc.relu"(%0) : (tensor<2x6xf32>) -> tensor<2x6xf32>
  func.return %1, %2 : tensor<2x9xf32>, tensor<2x6xf32>
}

// -----
// RUN: mlc-opt --remarks=missed canonicalize

// Near miss.
// CHECK-LABEL: func.func @a_concat_with_itself_stays(
// CHECK-NEXT: %0 = "mlc.concat"(%arg0, %arg0) {axis = 1 : i64} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x6xf32>
// CHECK-NEXT: %1 = "mlc.concat"(%0, %0) {axis = 1 : i64} : (tensor<2x6xf32>, tensor<2x6xf32>) -> tensor<2x12xf32>
// CHECK-NEXT: func.return %1 : tensor<2x12xf32>
// CHECK: missed  canonicalize/flatten_concats at ? (mlc.concat): the inner concat is needed itself (blocked by operand 1 of mlc.concat '?')
func.func @a_concat_with_itself_stays(%x: tensor<2x3xf32>) -> (tensor<2x12xf32>) {
  %0 = "mlc.concat"(%x, %x) {axis = 1 : i64} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x6xf32>
  %1 = "mlc.concat"(%0, %0) {axis = 1 : i64} : (tensor<2x6xf32>, tensor<2x6xf32>) -> tensor<2x12xf32>
  func.return %1 : tensor<2x12xf32>
}

// -----

// Near miss: attribute.
// CHECK-LABEL: func.func @a_concat_on_another_axis_stays(
// CHECK-NEXT: %0 = "mlc.concat"(%arg0, %arg0) {axis = 0 : i64} : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<4x2xf32>
// CHECK-NEXT: %1 = "mlc.concat"(%arg0, %arg0) {axis = 0 : i64} : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<4x2xf32>
// CHECK-NEXT: %2 = "mlc.concat"(%0, %1) {axis = 1 : i64} : (tensor<4x2xf32>, tensor<4x2xf32>) -> tensor<4x4xf32>
// CHECK-NEXT: func.return %2 : tensor<4x4xf32>
func.func @a_concat_on_another_axis_stays(%x: tensor<2x2xf32>) -> (tensor<4x4xf32>) {
  %0 = "mlc.concat"(%x, %x) {axis = 0 : i64} : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<4x2xf32>
  %1 = "mlc.concat"(%x, %x) {axis = 0 : i64} : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<4x2xf32>
  %2 = "mlc.concat"(%0, %1) {axis = 1 : i64} : (tensor<4x2xf32>, tensor<4x2xf32>) -> tensor<4x4xf32>
  func.return %2 : tensor<4x4xf32>
}

// -----

// CHECK-LABEL: func.func @a_concat_of_one_goes(
// CHECK-NEXT: func.return %arg0 : tensor<2x3xf32>
func.func @a_concat_of_one_goes(%x: tensor<2x3xf32>) -> (tensor<2x3xf32>) {
  %0 = "mlc.concat"(%x) {axis = 1 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %0 : tensor<2x3xf32>
}

// -----

// CHECK-LABEL: func.func @a_pad_of_nothing_goes(
// CHECK-NEXT: func.return %arg0 : tensor<2x3xf32>
func.func @a_pad_of_nothing_goes(%x: tensor<2x3xf32>) -> (tensor<2x3xf32>) {
  %0 = "mlc.pad"(%x) {pads = "0,0,0,0", mode = "constant", dims = none, operandSegmentSizes = array<i32: 1, 0, 0, 0>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %0 : tensor<2x3xf32>
}

// -----

// CHECK-LABEL: func.func @a_tile_by_ones_goes(
// CHECK-NEXT: func.return %arg0 : tensor<2x3xf32>
func.func @a_tile_by_ones_goes(%x: tensor<2x3xf32>) -> (tensor<2x3xf32>) {
  %0 = "mlc.tile"(%x) {repeats = "1,1", dims = none} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  func.return %0 : tensor<2x3xf32>
}

// -----

// CHECK-LABEL: func.func @zero_pads_go_into_a_convolution(
// CHECK-NEXT: %0 = "mlc.conv"(%arg0, %arg1) {strides = array<i64: 1, 1>, pads = array<i64: 1, 3, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x3x6x6xf32>, tensor<2x3x3x3xf32>) -> tensor<1x2x6x8xf32>
// CHECK-NEXT: func.return %0 : tensor<1x2x6x8xf32>
func.func @zero_pads_go_into_a_convolution(%x: tensor<1x3x6x6xf32>, %w: tensor<2x3x3x3xf32>) -> (tensor<1x2x6x8xf32>) {
  %0 = "mlc.pad"(%x) {pads = "0,0,1,2,0,0,1,0", mode = "constant", dims = none, operandSegmentSizes = array<i32: 1, 0, 0, 0>} : (tensor<1x3x6x6xf32>) -> tensor<1x3x8x8xf32>
  %1 = "mlc.conv"(%0, %w) {strides = array<i64: 1, 1>, pads = array<i64: 0, 1, 0, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x3x8x8xf32>, tensor<2x3x3x3xf32>) -> tensor<1x2x6x8xf32>
  func.return %1 : tensor<1x2x6x8xf32>
}

// -----
// RUN: mlc-opt --remarks=missed canonicalize

// Near miss.
// CHECK-LABEL: func.func @a_pad_of_channels_stays(
// CHECK-NEXT: %0 = "mlc.pad"(%arg0) {pads = "0,1,1,1,0,0,1,1", mode = "constant", dims = none, operandSegmentSizes = array<i32: 1, 0, 0, 0>} : (tensor<1x2x6x6xf32>) -> tensor<1x3x8x8xf32>
// CHECK-NEXT: %1 = "mlc.conv"(%0, %arg1) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x3x8x8xf32>, tensor<2x3x3x3xf32>) -> tensor<1x2x6x6xf32>
// CHECK-NEXT: func.return %1 : tensor<1x2x6x6xf32>
// CHECK: missed  canonicalize/fold_pad_into_window at ? (mlc.conv): the pad adds to the batch or the channels (blocked by pads)
func.func @a_pad_of_channels_stays(%x: tensor<1x2x6x6xf32>, %w: tensor<2x3x3x3xf32>) -> (tensor<1x2x6x6xf32>) {
  %0 = "mlc.pad"(%x) {pads = "0,1,1,1,0,0,1,1", mode = "constant", dims = none, operandSegmentSizes = array<i32: 1, 0, 0, 0>} : (tensor<1x2x6x6xf32>) -> tensor<1x3x8x8xf32>
  %1 = "mlc.conv"(%0, %w) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x3x8x8xf32>, tensor<2x3x3x3xf32>) -> tensor<1x2x6x6xf32>
  func.return %1 : tensor<1x2x6x6xf32>
}

// -----
// RUN: mlc-opt --remarks=missed canonicalize

// Near miss.
// CHECK-LABEL: func.func @a_pad_of_ones_stays(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %1 = "mlc.pad"(%arg0, %0) {pads = "0,0,1,1,0,0,1,1", mode = "constant", dims = none, operandSegmentSizes = array<i32: 1, 1, 0, 0>} : (tensor<1x3x6x6xf32>, tensor<f32>) -> tensor<1x3x8x8xf32>
// CHECK-NEXT: %2 = "mlc.conv"(%1, %arg1) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x3x8x8xf32>, tensor<2x3x3x3xf32>) -> tensor<1x2x6x6xf32>
// CHECK-NEXT: func.return %2 : tensor<1x2x6x6xf32>
// CHECK: missed  canonicalize/fold_pad_into_window at ? (mlc.conv): the pad is not of zeros (blocked by result 0 of mlc.constant '?')
func.func @a_pad_of_ones_stays(%x: tensor<1x3x6x6xf32>, %w: tensor<2x3x3x3xf32>) -> (tensor<1x2x6x6xf32>) {
  %0 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %1 = "mlc.pad"(%x, %0) {pads = "0,0,1,1,0,0,1,1", mode = "constant", dims = none, operandSegmentSizes = array<i32: 1, 1, 0, 0>} : (tensor<1x3x6x6xf32>, tensor<f32>) -> tensor<1x3x8x8xf32>
  %2 = "mlc.conv"(%1, %w) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x3x8x8xf32>, tensor<2x3x3x3xf32>) -> tensor<1x2x6x6xf32>
  func.return %2 : tensor<1x2x6x6xf32>
}

// -----
// RUN: mlc-opt --remarks=missed canonicalize

// Near miss: attribute.
// CHECK-LABEL: func.func @a_reflecting_pad_stays(
// CHECK-NEXT: %0 = "mlc.pad"(%arg0) {pads = "0,0,1,1,0,0,1,1", mode = "reflect", dims = none, operandSegmentSizes = array<i32: 1, 0, 0, 0>} : (tensor<1x3x6x6xf32>) -> tensor<1x3x8x8xf32>
// CHECK-NEXT: %1 = "mlc.conv"(%0, %arg1) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x3x8x8xf32>, tensor<2x3x3x3xf32>) -> tensor<1x2x6x6xf32>
// CHECK-NEXT: func.return %1 : tensor<1x2x6x6xf32>
// CHECK: missed  canonicalize/fold_pad_into_window at ? (mlc.conv): the pad is not by a constant and known amounts (blocked by mode)
func.func @a_reflecting_pad_stays(%x: tensor<1x3x6x6xf32>, %w: tensor<2x3x3x3xf32>) -> (tensor<1x2x6x6xf32>) {
  %0 = "mlc.pad"(%x) {pads = "0,0,1,1,0,0,1,1", mode = "reflect", dims = none, operandSegmentSizes = array<i32: 1, 0, 0, 0>} : (tensor<1x3x6x6xf32>) -> tensor<1x3x8x8xf32>
  %1 = "mlc.conv"(%0, %w) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x3x8x8xf32>, tensor<2x3x3x3xf32>) -> tensor<1x2x6x6xf32>
  func.return %1 : tensor<1x2x6x6xf32>
}

// -----
// RUN: mlc-opt --remarks=missed canonicalize

// Near miss.
// CHECK-LABEL: func.func @a_pad_that_crops_stays(
// CHECK-NEXT: %0 = "mlc.pad"(%arg0) {pads = "0,0,-1,1,0,0,1,1", mode = "constant", dims = none, operandSegmentSizes = array<i32: 1, 0, 0, 0>} : (tensor<1x3x6x6xf32>) -> tensor<1x3x6x8xf32>
// CHECK-NEXT: %1 = "mlc.conv"(%0, %arg1) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x3x6x8xf32>, tensor<2x3x3x3xf32>) -> tensor<1x2x4x6xf32>
// CHECK-NEXT: func.return %1 : tensor<1x2x4x6xf32>
// CHECK: missed  canonicalize/fold_pad_into_window at ? (mlc.conv): the pad takes elements away (blocked by pads)
func.func @a_pad_that_crops_stays(%x: tensor<1x3x6x6xf32>, %w: tensor<2x3x3x3xf32>) -> (tensor<1x2x4x6xf32>) {
  %0 = "mlc.pad"(%x) {pads = "0,0,-1,1,0,0,1,1", mode = "constant", dims = none, operandSegmentSizes = array<i32: 1, 0, 0, 0>} : (tensor<1x3x6x6xf32>) -> tensor<1x3x6x8xf32>
  %1 = "mlc.conv"(%0, %w) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x3x6x8xf32>, tensor<2x3x3x3xf32>) -> tensor<1x2x4x6xf32>
  func.return %1 : tensor<1x2x4x6xf32>
}

// -----

// CHECK-LABEL: func.func @zero_pads_go_into_an_average_that_counts_them(
// CHECK-NEXT: %0 = "mlc.average_pool"(%arg0) {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, ceil_mode = false, layout = "nchw", count_pads = true} : (tensor<1x3x6x6xf32>) -> tensor<1x3x4x4xf32>
// CHECK-NEXT: func.return %0 : tensor<1x3x4x4xf32>
func.func @zero_pads_go_into_an_average_that_counts_them(%x: tensor<1x3x6x6xf32>) -> (tensor<1x3x4x4xf32>) {
  %0 = "mlc.pad"(%x) {pads = "0,0,1,1,0,0,1,1", mode = "constant", dims = none, operandSegmentSizes = array<i32: 1, 0, 0, 0>} : (tensor<1x3x6x6xf32>) -> tensor<1x3x8x8xf32>
  %1 = "mlc.average_pool"(%0) {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, ceil_mode = false, layout = "nchw", count_pads = false} : (tensor<1x3x8x8xf32>) -> tensor<1x3x4x4xf32>
  func.return %1 : tensor<1x3x4x4xf32>
}

// -----
// RUN: mlc-opt --remarks=missed canonicalize

// Near miss: attribute.
// CHECK-LABEL: func.func @an_average_that_skips_its_own_pads_stays(
// CHECK-NEXT: %0 = "mlc.pad"(%arg0) {pads = "0,0,1,1,0,0,1,1", mode = "constant", dims = none, operandSegmentSizes = array<i32: 1, 0, 0, 0>} : (tensor<1x3x6x6xf32>) -> tensor<1x3x8x8xf32>
// CHECK-NEXT: %1 = "mlc.average_pool"(%0) {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, ceil_mode = false, layout = "nchw", count_pads = false} : (tensor<1x3x8x8xf32>) -> tensor<1x3x5x5xf32>
// CHECK-NEXT: func.return %1 : tensor<1x3x5x5xf32>
// CHECK: missed  canonicalize/fold_pad_into_window at ? (mlc.average_pool): average-pool does not count its own pads (blocked by count_pads)
func.func @an_average_that_skips_its_own_pads_stays(%x: tensor<1x3x6x6xf32>) -> (tensor<1x3x5x5xf32>) {
  %0 = "mlc.pad"(%x) {pads = "0,0,1,1,0,0,1,1", mode = "constant", dims = none, operandSegmentSizes = array<i32: 1, 0, 0, 0>} : (tensor<1x3x6x6xf32>) -> tensor<1x3x8x8xf32>
  %1 = "mlc.average_pool"(%0) {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, ceil_mode = false, layout = "nchw", count_pads = false} : (tensor<1x3x8x8xf32>) -> tensor<1x3x5x5xf32>
  func.return %1 : tensor<1x3x5x5xf32>
}

// -----

// CHECK-LABEL: func.func @pads_of_minus_infinity_go_into_a_max_pool(
// CHECK-NEXT: %0 = "mlc.max_pool"(%arg0) {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, ceil_mode = false, layout = "nchw", with_indices = false, column_major = false} : (tensor<1x3x6x6xf32>) -> tensor<1x3x4x4xf32>
// CHECK-NEXT: func.return %0 : tensor<1x3x4x4xf32>
func.func @pads_of_minus_infinity_go_into_a_max_pool(%x: tensor<1x3x6x6xf32>) -> (tensor<1x3x4x4xf32>) {
  %0 = "mlc.constant"() {value = dense<0xFF800000> : tensor<f32>} : () -> tensor<f32>
  %1 = "mlc.pad"(%x, %0) {pads = "0,0,1,1,0,0,1,1", mode = "constant", dims = none, operandSegmentSizes = array<i32: 1, 1, 0, 0>} : (tensor<1x3x6x6xf32>, tensor<f32>) -> tensor<1x3x8x8xf32>
  %2 = "mlc.max_pool"(%1) {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, ceil_mode = false, layout = "nchw", with_indices = false, column_major = false} : (tensor<1x3x8x8xf32>) -> tensor<1x3x4x4xf32>
  func.return %2 : tensor<1x3x4x4xf32>
}

// -----
// RUN: mlc-opt --remarks=missed canonicalize

// Near miss.
// CHECK-LABEL: func.func @zero_pads_stay_before_a_max_pool(
// CHECK-NEXT: %0 = "mlc.pad"(%arg0) {pads = "0,0,1,1,0,0,1,1", mode = "constant", dims = none, operandSegmentSizes = array<i32: 1, 0, 0, 0>} : (tensor<1x3x6x6xf32>) -> tensor<1x3x8x8xf32>
// CHECK-NEXT: %1 = "mlc.max_pool"(%0) {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, ceil_mode = false, layout = "nchw", with_indices = false, column_major = false} : (tensor<1x3x8x8xf32>) -> tensor<1x3x4x4xf32>
// CHECK-NEXT: func.return %1 : tensor<1x3x4x4xf32>
// CHECK: missed  canonicalize/fold_pad_into_window at ? (mlc.max_pool): max-pool pads with -inf, the pad with another value
func.func @zero_pads_stay_before_a_max_pool(%x: tensor<1x3x6x6xf32>) -> (tensor<1x3x4x4xf32>) {
  %0 = "mlc.pad"(%x) {pads = "0,0,1,1,0,0,1,1", mode = "constant", dims = none, operandSegmentSizes = array<i32: 1, 0, 0, 0>} : (tensor<1x3x6x6xf32>) -> tensor<1x3x8x8xf32>
  %1 = "mlc.max_pool"(%0) {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, ceil_mode = false, layout = "nchw", with_indices = false, column_major = false} : (tensor<1x3x8x8xf32>) -> tensor<1x3x4x4xf32>
  func.return %1 : tensor<1x3x4x4xf32>
}

// -----

// The whole is cut into heads first, which moves nothing; then heads are taken.
// CHECK-LABEL: func.func @a_slice_of_whole_heads_is_taken_behind_the_split(
// CHECK-NEXT: %0 = "mlc.reshape"(%arg0) {dims = "2,3,6,2", keeps_zero = false} : (tensor<6x12xf32>) -> tensor<2x3x6x2xf32>
// CHECK-NEXT: %1 = "mlc.slice"(%0) {starts = "0,0,2,0", dims = "2,3,2,2", steps = array<i64: 1, 1, 1, 1>} : (tensor<2x3x6x2xf32>) -> tensor<2x3x2x2xf32>
// CHECK-NEXT: func.return %1 : tensor<2x3x2x2xf32>
func.func @a_slice_of_whole_heads_is_taken_behind_the_split(%x: tensor<6x12xf32>) -> (tensor<2x3x2x2xf32>) {
  %0 = "mlc.slice"(%x) {starts = "0,4", dims = "6,4", steps = array<i64: 1, 1>} : (tensor<6x12xf32>) -> tensor<6x4xf32>
  %1 = "mlc.reshape"(%0) {dims = "2,3,2,2", keeps_zero = false} : (tensor<6x4xf32>) -> tensor<2x3x2x2xf32>
  func.return %1 : tensor<2x3x2x2xf32>
}

// -----

// CHECK-LABEL: func.func @channels_are_split_before_an_image(
// CHECK-NEXT: %0 = "mlc.reshape"(%arg0) {dims = "N,4,2,5", keeps_zero = false} : (tensor<?x8x5xf32, "N,8,5">) -> tensor<?x4x2x5xf32, "N,4,2,5">
// CHECK-NEXT: %1 = "mlc.slice"(%0) {starts = "0,1,0,0", dims = "N,2,2,5", steps = array<i64: 1, 1, 1, 1>} : (tensor<?x4x2x5xf32, "N,4,2,5">) -> tensor<?x2x2x5xf32, "N,2,2,5">
// CHECK-NEXT: func.return %1 : tensor<?x2x2x5xf32, "N,2,2,5">
func.func @channels_are_split_before_an_image(%x: tensor<?x8x5xf32, "N,8,5">) -> (tensor<?x2x2x5xf32, "N,2,2,5">) {
  %0 = "mlc.slice"(%x) {starts = "0,2,0", dims = "N,4,5", steps = array<i64: 1, 1, 1>} : (tensor<?x8x5xf32, "N,8,5">) -> tensor<?x4x5xf32, "N,4,5">
  %1 = "mlc.reshape"(%0) {dims = "N,2,2,5", keeps_zero = false} : (tensor<?x4x5xf32, "N,4,5">) -> tensor<?x2x2x5xf32, "N,2,2,5">
  func.return %1 : tensor<?x2x2x5xf32, "N,2,2,5">
}

// -----
// RUN: mlc-opt --remarks=missed canonicalize

// CHECK-LABEL: func.func @a_slice_that_begins_inside_a_head(
// CHECK-NEXT: %0 = "mlc.slice"(%arg0) {starts = "0,3", dims = "6,4", steps = array<i64: 1, 1>} : (tensor<6x12xf32>) -> tensor<6x4xf32>
// CHECK-NEXT: %1 = "mlc.reshape"(%0) {dims = "2,3,2,2", keeps_zero = false} : (tensor<6x4xf32>) -> tensor<2x3x2x2xf32>
// CHECK-NEXT: func.return %1 : tensor<2x3x2x2xf32>
// CHECK: missed  canonicalize/reshape_before_slice at ? (mlc.reshape): the slice cuts a piece of the reshape apart (blocked by mlc.slice '?')
func.func @a_slice_that_begins_inside_a_head(%x: tensor<6x12xf32>) -> (tensor<2x3x2x2xf32>) {
  %0 = "mlc.slice"(%x) {starts = "0,3", dims = "6,4", steps = array<i64: 1, 1>} : (tensor<6x12xf32>) -> tensor<6x4xf32>
  %1 = "mlc.reshape"(%0) {dims = "2,3,2,2", keeps_zero = false} : (tensor<6x4xf32>) -> tensor<2x3x2x2xf32>
  func.return %1 : tensor<2x3x2x2xf32>
}

// -----

// CHECK-LABEL: func.func @a_slice_by_steps_is_not_of_whole_heads(
// CHECK-NEXT: %0 = "mlc.slice"(%arg0) {starts = "0,4", dims = "6,4", steps = array<i64: 1, 2>} : (tensor<6x12xf32>) -> tensor<6x4xf32>
// CHECK-NEXT: %1 = "mlc.reshape"(%0) {dims = "2,3,2,2", keeps_zero = false} : (tensor<6x4xf32>) -> tensor<2x3x2x2xf32>
// CHECK-NEXT: func.return %1 : tensor<2x3x2x2xf32>
func.func @a_slice_by_steps_is_not_of_whole_heads(%x: tensor<6x12xf32>) -> (tensor<2x3x2x2xf32>) {
  %0 = "mlc.slice"(%x) {starts = "0,4", dims = "6,4", steps = array<i64: 1, 2>} : (tensor<6x12xf32>) -> tensor<6x4xf32>
  %1 = "mlc.reshape"(%0) {dims = "2,3,2,2", keeps_zero = false} : (tensor<6x4xf32>) -> tensor<2x3x2x2xf32>
  func.return %1 : tensor<2x3x2x2xf32>
}

// -----

// CHECK-LABEL: func.func @a_reshape_that_merges_the_sliced_axis(
// CHECK-NEXT: %0 = "mlc.slice"(%arg0) {starts = "0,4", dims = "6,4", steps = array<i64: 1, 1>} : (tensor<6x12xf32>) -> tensor<6x4xf32>
// CHECK-NEXT: %1 = "mlc.reshape"(%0) {dims = "3,8", keeps_zero = false} : (tensor<6x4xf32>) -> tensor<3x8xf32>
// CHECK-NEXT: func.return %1 : tensor<3x8xf32>
func.func @a_reshape_that_merges_the_sliced_axis(%x: tensor<6x12xf32>) -> (tensor<3x8xf32>) {
  %0 = "mlc.slice"(%x) {starts = "0,4", dims = "6,4", steps = array<i64: 1, 1>} : (tensor<6x12xf32>) -> tensor<6x4xf32>
  %1 = "mlc.reshape"(%0) {dims = "3,8", keeps_zero = false} : (tensor<6x4xf32>) -> tensor<3x8xf32>
  func.return %1 : tensor<3x8xf32>
}
