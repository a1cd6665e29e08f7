// RUN: mlc-opt sink-transpose

// CHECK-LABEL: func.func @transposes_around_a_relu_cancel(
// CHECK-NEXT: %0 = "mlc.relu"(%arg0) : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %0 : tensor<2x3xf32>
func.func @transposes_around_a_relu_cancel(%x: tensor<2x3xf32>) -> (tensor<2x3xf32>) {
  %0 = "mlc.transpose"(%x) {perm = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %1 = "mlc.relu"(%0) : (tensor<3x2xf32>) -> tensor<3x2xf32>
  %2 = "mlc.transpose"(%1) {perm = array<i64: 1, 0>} : (tensor<3x2xf32>) -> tensor<2x3xf32>
  func.return %2 : tensor<2x3xf32>
}

// -----

// CHECK-LABEL: func.func @a_cycle_of_three_axes_cancels_with_its_inverse(
// CHECK-NEXT: %0 = "mlc.exp"(%arg0) : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
// CHECK-NEXT: func.return %0 : tensor<2x3x4xf32>
func.func @a_cycle_of_three_axes_cancels_with_its_inverse(%x: tensor<2x3x4xf32>) -> (tensor<2x3x4xf32>) {
  %0 = "mlc.transpose"(%x) {perm = array<i64: 1, 2, 0>} : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
  %1 = "mlc.exp"(%0) : (tensor<3x4x2xf32>) -> tensor<3x4x2xf32>
  %2 = "mlc.transpose"(%1) {perm = array<i64: 2, 0, 1>} : (tensor<3x4x2xf32>) -> tensor<2x3x4xf32>
  func.return %2 : tensor<2x3x4xf32>
}

// -----

// Near miss: the perms are not inverse.
// CHECK-LABEL: func.func @a_cycle_with_itself_merges(
// CHECK-NEXT: %0 = "mlc.exp"(%arg0) : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
// CHECK-NEXT: %1 = "mlc.transpose"(%0) {perm = array<i64: 2, 0, 1>} : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
// CHECK-NEXT: func.return %1 : tensor<4x2x3xf32>
func.func @a_cycle_with_itself_merges(%x: tensor<2x3x4xf32>) -> (tensor<4x2x3xf32>) {
  %0 = "mlc.transpose"(%x) {perm = array<i64: 1, 2, 0>} : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
  %1 = "mlc.exp"(%0) : (tensor<3x4x2xf32>) -> tensor<3x4x2xf32>
  %2 = "mlc.transpose"(%1) {perm = array<i64: 1, 2, 0>} : (tensor<3x4x2xf32>) -> tensor<4x2x3xf32>
  func.return %2 : tensor<4x2x3xf32>
}

// -----

// CHECK-LABEL: func.func @two_operands_transposed_alike(
// CHECK-NEXT: %0 = "mlc.add"(%arg0, %arg1) : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %0 : tensor<2x3xf32>
func.func @two_operands_transposed_alike(%x: tensor<2x3xf32>, %y: tensor<2x3xf32>) -> (tensor<2x3xf32>) {
  %0 = "mlc.transpose"(%x) {perm = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %1 = "mlc.transpose"(%y) {perm = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %2 = "mlc.add"(%0, %1) : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  %3 = "mlc.transpose"(%2) {perm = array<i64: 1, 0>} : (tensor<3x2xf32>) -> tensor<2x3xf32>
  func.return %3 : tensor<2x3xf32>
}

// -----
// RUN: mlc-opt --remarks=missed sink-transpose

// Near miss: attribute.
// CHECK-LABEL: func.func @two_operands_transposed_unlike_stay(
// CHECK-NEXT: %0 = "mlc.transpose"(%arg0) {perm = array<i64: 1, 2, 0>} : (tensor<2x2x2xf32>) -> tensor<2x2x2xf32>
// CHECK-NEXT: %1 = "mlc.transpose"(%arg1) {perm = array<i64: 2, 0, 1>} : (tensor<2x2x2xf32>) -> tensor<2x2x2xf32>
// CHECK-NEXT: %2 = "mlc.sub"(%0, %1) : (tensor<2x2x2xf32>, tensor<2x2x2xf32>) -> tensor<2x2x2xf32>
// CHECK-NEXT: func.return %2 : tensor<2x2x2xf32>
// CHECK: missed  sink-transpose/sink_through_elementwise at ? (mlc.sub): another operand is not transposed alike (blocked by result 0 of mlc.transpose '?')
func.func @two_operands_transposed_unlike_stay(%x: tensor<2x2x2xf32>, %y: tensor<2x2x2xf32>) -> (tensor<2x2x2xf32>) {
  %0 = "mlc.transpose"(%x) {perm = array<i64: 1, 2, 0>} : (tensor<2x2x2xf32>) -> tensor<2x2x2xf32>
  %1 = "mlc.transpose"(%y) {perm = array<i64: 2, 0, 1>} : (tensor<2x2x2xf32>) -> tensor<2x2x2xf32>
  %2 = "mlc.sub"(%0, %1) : (tensor<2x2x2xf32>, tensor<2x2x2xf32>) -> tensor<2x2x2xf32>
  func.return %2 : tensor<2x2x2xf32>
}

// -----
// RUN: mlc-opt --remarks=missed sink-transpose

// Near miss.
// CHECK-LABEL: func.func @a_second_operand_that_is_not_transposed_stays(
// CHECK-NEXT: %0 = "mlc.transpose"(%arg0) {perm = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
// CHECK-NEXT: %1 = "mlc.add"(%0, %arg1) : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
// CHECK-NEXT: %2 = "mlc.transpose"(%1) {perm = array<i64: 1, 0>} : (tensor<3x2xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %2 : tensor<2x3xf32>
// CHECK: missed  sink-transpose/sink_through_elementwise at ? (mlc.add): another operand is not transposed alike (blocked by graph input 'input1')
func.func @a_second_operand_that_is_not_transposed_stays(%x: tensor<2x3xf32>, %y: tensor<3x2xf32>) -> (tensor<2x3xf32>) {
  %0 = "mlc.transpose"(%x) {perm = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %1 = "mlc.add"(%0, %y) : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  %2 = "mlc.transpose"(%1) {perm = array<i64: 1, 0>} : (tensor<3x2xf32>) -> tensor<2x3xf32>
  func.return %2 : tensor<2x3xf32>
}

// -----

// CHECK-LABEL: func.func @constants_are_transposed_back(
// CHECK-NEXT{LITERAL}: %0 = "mlc.constant"() {value = dense<[[[[0.4375]], [[0.9375]]]]> : tensor<1x2x1x1xf32>} : () -> tensor<1x2x1x1xf32>
// CHECK-NEXT: %1 = "mlc.add"(%arg0, %0) : (tensor<1x2x2x3xf32>, tensor<1x2x1x1xf32>) -> tensor<1x2x2x3xf32>
// CHECK-NEXT: %2 = "mlc.constant"() {value = dense<3.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %3 = "mlc.div"(%1, %2) : (tensor<1x2x2x3xf32>, tensor<f32>) -> tensor<1x2x2x3xf32>
// CHECK-NEXT: func.return %3 : tensor<1x2x2x3xf32>
func.func @constants_are_transposed_back(%x: tensor<1x2x2x3xf32>) -> (tensor<1x2x2x3xf32>) {
  %0 = "mlc.transpose"(%x) {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x2x2x3xf32>) -> tensor<1x2x3x2xf32>
  %1 = "mlc.constant"() {value = dense<[0.4375, 0.9375]> : tensor<2xf32>} : () -> tensor<2xf32>
  %2 = "mlc.add"(%0, %1) : (tensor<1x2x3x2xf32>, tensor<2xf32>) -> tensor<1x2x3x2xf32>
  %3 = "mlc.constant"() {value = dense<3.0> : tensor<f32>} : () -> tensor<f32>
  %4 = "mlc.div"(%2, %3) : (tensor<1x2x3x2xf32>, tensor<f32>) -> tensor<1x2x3x2xf32>
  %5 = "mlc.transpose"(%4) {perm = array<i64: 0, 3, 1, 2>} : (tensor<1x2x3x2xf32>) -> tensor<1x2x2x3xf32>
  func.return %5 : tensor<1x2x2x3xf32>
}

// -----
// RUN: mlc-opt --remarks=missed sink-transpose

// Near miss: shape.
// CHECK-LABEL: func.func @a_constant_that_shapes_the_result_stays(
// CHECK-NEXT: %0 = "mlc.transpose"(%arg0) {perm = array<i64: 1, 0>} : (tensor<2x1xf32>) -> tensor<1x2xf32>
// CHECK-NEXT{LITERAL}: %1 = "mlc.constant"() {value = dense<[[0.4375, 0.9375], [0.4375, -1.1875], [0.9375, 0.5625]]> : tensor<3x2xf32>} : () -> tensor<3x2xf32>
// CHECK-NEXT: %2 = "mlc.add"(%0, %1) : (tensor<1x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
// CHECK-NEXT: func.return %2 : tensor<3x2xf32>
// CHECK: missed  sink-transpose/sink_through_elementwise at ? (mlc.add): the other operands give the result its shape (blocked by mlc.transpose '?')
func.func @a_constant_that_shapes_the_result_stays(%x: tensor<2x1xf32>) -> (tensor<3x2xf32>) {
  %0 = "mlc.transpose"(%x) {perm = array<i64: 1, 0>} : (tensor<2x1xf32>) -> tensor<1x2xf32>
  %1 = "mlc.constant"() {value = dense<[[0.4375, 0.9375], [0.4375, -1.1875], [0.9375, 0.5625]]> : tensor<3x2xf32>} : () -> tensor<3x2xf32>
  %2 = "mlc.add"(%0, %1) : (tensor<1x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  func.return %2 : tensor<3x2xf32>
}

// -----
// RUN: mlc-opt --remarks=missed sink-transpose

// Near miss: shape.
// CHECK-LABEL: func.func @a_constant_with_more_axes_stays(
// CHECK-NEXT: %0 = "mlc.transpose"(%arg0) {perm = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
// CHECK-NEXT{LITERAL}: %1 = "mlc.constant"() {value = dense<[[[0.4375, 0.9375], [0.4375, -1.1875], [0.9375, 0.5625]], [[-0.4375, 0.6875], [0.4375, 0.3125], [0.0625, 0.5625]], [[-0.6875, -0.0625], [-0.4375, 0.6875], [0.0625, -0.1875]], [[-0.6875, -0.1875], [0.0625, -0.1875], [1.3125, 1.0625]]]> : tensor<4x3x2xf32>} : () -> tensor<4x3x2xf32>
// CHECK-NEXT: %2 = "mlc.add"(%0, %1) : (tensor<3x2xf32>, tensor<4x3x2xf32>) -> tensor<4x3x2xf32>
// CHECK-NEXT: func.return %2 : tensor<4x3x2xf32>
// CHECK: missed  sink-transpose/sink_through_elementwise at ? (mlc.add): the result has more axes than the transpose (blocked by mlc.transpose '?')
func.func @a_constant_with_more_axes_stays(%x: tensor<2x3xf32>) -> (tensor<4x3x2xf32>) {
  %0 = "mlc.transpose"(%x) {perm = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %1 = "mlc.constant"() {value = dense<[[[0.4375, 0.9375], [0.4375, -1.1875], [0.9375, 0.5625]], [[-0.4375, 0.6875], [0.4375, 0.3125], [0.0625, 0.5625]], [[-0.6875, -0.0625], [-0.4375, 0.6875], [0.0625, -0.1875]], [[-0.6875, -0.1875], [0.0625, -0.1875], [1.3125, 1.0625]]]> : tensor<4x3x2xf32>} : () -> tensor<4x3x2xf32>
  %2 = "mlc.add"(%0, %1) : (tensor<3x2xf32>, tensor<4x3x2xf32>) -> tensor<4x3x2xf32>
  func.return %2 : tensor<4x3x2xf32>
}

// -----
// RUN: mlc-opt --remarks=missed sink-transpose

// Near miss: several users.
// CHECK-LABEL: func.func @a_transpose_with_another_user_stays(
// CHECK-NEXT: %0 = "mlc.transpose"(%arg0) {perm = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
// CHECK-NEXT: %1 = "mlc.relu"(%0) : (tensor<3x2xf32>) -> tensor<3x2xf32>
// CHECK-NEXT: %2 = "mlc.transpose"(%1) {perm = array<i64: 1, 0>} : (tensor<3x2xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: %3 = "mlc.exp"(%0) : (tensor<3x2xf32>) -> tensor<3x2xf32>
// CHECK-NEXT: func.return %2, %3 : tensor<2x3xf32>, tensor<3x2xf32>
// CHECK: missed  sink-transpose/sink_through_elementwise at ? (mlc.relu): the transposed value is needed elsewhere (blocked by operand 0 of mlc.exp '?')
// CHECK: missed  sink-transpose/sink_through_elementwise at ? (mlc.exp): the transposed value is needed elsewhere (blocked by operand 0 of mlc.relu '?')
func.func @a_transpose_with_another_user_stays(%x: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<3x2xf32>) {
  %0 = "mlc.transpose"(%x) {perm = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %1 = "mlc.relu"(%0) : (tensor<3x2xf32>) -> tensor<3x2xf32>
  %2 = "mlc.transpose"(%1) {perm = array<i64: 1, 0>} : (tensor<3x2xf32>) -> tensor<2x3xf32>
  %3 = "mlc.exp"(%0) : (tensor<3x2xf32>) -> tensor<3x2xf32>
  func.return %2, %3 : tensor<2x3xf32>, tensor<3x2xf32>
}

// -----
// RUN: mlc-opt --remarks=missed sink-transpose

// Near miss: graph output.
// CHECK-LABEL: func.func @a_transpose_that_is_an_output_stays(
// CHECK-NEXT: %0 = "mlc.transpose"(%arg0) {perm = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
// CHECK-NEXT: %1 = "mlc.relu"(%0) : (tensor<3x2xf32>) -> tensor<3x2xf32>
// CHECK-NEXT: %2 = "mlc.transpose"(%1) {perm = array<i64: 1, 0>} : (tensor<3x2xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %2, %0 : tensor<2x3xf32>, tensor<3x2xf32>
// CHECK: missed  sink-transpose/sink_through_elementwise at ? (mlc.relu): the transposed value is needed elsewhere (blocked by graph output 'output1')
func.func @a_transpose_that_is_an_output_stays(%x: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<3x2xf32>) {
  %0 = "mlc.transpose"(%x) {perm = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %1 = "mlc.relu"(%0) : (tensor<3x2xf32>) -> tensor<3x2xf32>
  %2 = "mlc.transpose"(%1) {perm = array<i64: 1, 0>} : (tensor<3x2xf32>) -> tensor<2x3xf32>
  func.return %2, %0 : tensor<2x3xf32>, tensor<3x2xf32>
}

// -----

// CHECK-LABEL: func.func @one_value_twice(
// CHECK-NEXT: %0 = "mlc.mul"(%arg0, %arg0) : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: %1 = "mlc.transpose"(%0) {perm = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
// CHECK-NEXT: func.return %1 : tensor<3x2xf32>
func.func @one_value_twice(%x: tensor<2x3xf32>) -> (tensor<3x2xf32>) {
  %0 = "mlc.transpose"(%x) {perm = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %1 = "mlc.mul"(%0, %0) : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  func.return %1 : tensor<3x2xf32>
}

// -----

// CHECK-LABEL: func.func @a_reduction_that_keeps_its_axes(
// CHECK-NEXT: %0 = "mlc.reduce_sum"(%arg0) {axes = array<i64: 1, 2>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x3x4xf32>) -> tensor<2x1x1xf32>
// CHECK-NEXT: %1 = "mlc.transpose"(%0) {perm = array<i64: 2, 0, 1>} : (tensor<2x1x1xf32>) -> tensor<1x2x1xf32>
// CHECK-NEXT: func.return %1 : tensor<1x2x1xf32>
func.func @a_reduction_that_keeps_its_axes(%x: tensor<2x3x4xf32>) -> (tensor<1x2x1xf32>) {
  %0 = "mlc.transpose"(%x) {perm = array<i64: 2, 0, 1>} : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
  %1 = "mlc.reduce_sum"(%0) {axes = array<i64: 0, -1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<4x2x3xf32>) -> tensor<1x2x1xf32>
  func.return %1 : tensor<1x2x1xf32>
}

// -----

// CHECK-LABEL: func.func @a_reduction_that_drops_its_axes(
// CHECK-NEXT: %0 = "mlc.reduce_max"(%arg0) {axes = array<i64: 0>, keep_dims = false, is_noop_without_axes = false, dims = none} : (tensor<2x3x4xf32>) -> tensor<3x4xf32>
// CHECK-NEXT: %1 = "mlc.transpose"(%0) {perm = array<i64: 1, 0>} : (tensor<3x4xf32>) -> tensor<4x3xf32>
// CHECK-NEXT: func.return %1 : tensor<4x3xf32>
func.func @a_reduction_that_drops_its_axes(%x: tensor<2x3x4xf32>) -> (tensor<4x3xf32>) {
  %0 = "mlc.transpose"(%x) {perm = array<i64: 2, 0, 1>} : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
  %1 = "mlc.reduce_max"(%0) {axes = array<i64: 1>, keep_dims = false, is_noop_without_axes = false, dims = none} : (tensor<4x2x3xf32>) -> tensor<4x3xf32>
  func.return %1 : tensor<4x3xf32>
}

// -----
// RUN: mlc-opt --remarks=missed sink-transpose

// Near miss: attribute.
// CHECK-LABEL: func.func @a_reduction_of_all_axes_stays(
// CHECK-NEXT: %0 = "mlc.transpose"(%arg0) {perm = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
// CHECK-NEXT: %1 = "mlc.reduce_sum"(%0) {axes = none, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<3x2xf32>) -> tensor<1x1xf32>
// CHECK-NEXT: func.return %1 : tensor<1x1xf32>
// CHECK: missed  sink-transpose/sink_through_reduction at ? (mlc.reduce_sum): its axes are not known (blocked by axes)
func.func @a_reduction_of_all_axes_stays(%x: tensor<2x3xf32>) -> (tensor<1x1xf32>) {
  %0 = "mlc.transpose"(%x) {perm = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %1 = "mlc.reduce_sum"(%0) {axes = none, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<3x2xf32>) -> tensor<1x1xf32>
  func.return %1 : tensor<1x1xf32>
}

// -----

// CHECK-LABEL: func.func @a_softmax_follows_its_axis(
// CHECK-NEXT: %0 = "mlc.softmax"(%arg0) {axis = 1 : i64} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
// CHECK-NEXT: %1 = "mlc.transpose"(%0) {perm = array<i64: 2, 0, 1>} : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
// CHECK-NEXT: func.return %1 : tensor<4x2x3xf32>
func.func @a_softmax_follows_its_axis(%x: tensor<2x3x4xf32>) -> (tensor<4x2x3xf32>) {
  %0 = "mlc.transpose"(%x) {perm = array<i64: 2, 0, 1>} : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
  %1 = "mlc.softmax"(%0) {axis = -1 : i64} : (tensor<4x2x3xf32>) -> tensor<4x2x3xf32>
  func.return %1 : tensor<4x2x3xf32>
}

// -----

// CHECK-LABEL: func.func @a_concat_of_transposed_pieces(
// CHECK-NEXT: %0 = "mlc.concat"(%arg0, %arg1) {axis = 0 : i64} : (tensor<2x3xf32>, tensor<4x3xf32>) -> tensor<6x3xf32>
// CHECK-NEXT: func.return %0 : tensor<6x3xf32>
func.func @a_concat_of_transposed_pieces(%x: tensor<2x3xf32>, %y: tensor<4x3xf32>) -> (tensor<6x3xf32>) {
  %0 = "mlc.transpose"(%x) {perm = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %1 = "mlc.transpose"(%y) {perm = array<i64: 1, 0>} : (tensor<4x3xf32>) -> tensor<3x4xf32>
  %2 = "mlc.concat"(%0, %1) {axis = 1 : i64} : (tensor<3x2xf32>, tensor<3x4xf32>) -> tensor<3x6xf32>
  %3 = "mlc.transpose"(%2) {perm = array<i64: 1, 0>} : (tensor<3x6xf32>) -> tensor<6x3xf32>
  func.return %3 : tensor<6x3xf32>
}

// -----
// RUN: mlc-opt --remarks=missed sink-transpose

// Near miss.
// CHECK-LABEL: func.func @a_concat_with_a_plain_piece_stays(
// CHECK-NEXT: %0 = "mlc.transpose"(%arg0) {perm = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
// CHECK-NEXT: %1 = "mlc.concat"(%0, %arg1) {axis = 1 : i64} : (tensor<3x2xf32>, tensor<3x4xf32>) -> tensor<3x6xf32>
// CHECK-NEXT: func.return %1 : tensor<3x6xf32>
// CHECK: missed  sink-transpose/sink_through_concat at ? (mlc.concat): another piece is not transposed alike (blocked by graph input 'input1')
func.func @a_concat_with_a_plain_piece_stays(%x: tensor<2x3xf32>, %y: tensor<3x4xf32>) -> (tensor<3x6xf32>) {
  %0 = "mlc.transpose"(%x) {perm = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %1 = "mlc.concat"(%0, %y) {axis = 1 : i64} : (tensor<3x2xf32>, tensor<3x4xf32>) -> tensor<3x6xf32>
  func.return %1 : tensor<3x6xf32>
}

// -----

// CHECK-LABEL: func.func @a_slice_comes_first(
// CHECK-NEXT: %0 = "mlc.slice"(%arg0) {starts = "3,1", dims = "2,3", steps = array<i64: -1, 2>} : (tensor<4x6xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: %1 = "mlc.transpose"(%0) {perm = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
// CHECK-NEXT: func.return %1 : tensor<3x2xf32>
func.func @a_slice_comes_first(%x: tensor<4x6xf32>) -> (tensor<3x2xf32>) {
  %0 = "mlc.transpose"(%x) {perm = array<i64: 1, 0>} : (tensor<4x6xf32>) -> tensor<6x4xf32>
  %1 = "mlc.slice"(%0) {starts = "1,3", dims = "3,2", steps = array<i64: 2, -1>} : (tensor<6x4xf32>) -> tensor<3x2xf32>
  func.return %1 : tensor<3x2xf32>
}

// -----

// CHECK-LABEL: func.func @a_pad_comes_first(
// CHECK-NEXT: %0 = "mlc.pad"(%arg0) {pads = "0,1,2,3,0,1", mode = "constant", dims = none, operandSegmentSizes = array<i32: 1, 0, 0, 0>} : (tensor<2x3x4xf32>) -> tensor<5x4x7xf32>
// CHECK-NEXT: %1 = "mlc.transpose"(%0) {perm = array<i64: 1, 2, 0>} : (tensor<5x4x7xf32>) -> tensor<4x7x5xf32>
// CHECK-NEXT: func.return %1 : tensor<4x7x5xf32>
func.func @a_pad_comes_first(%x: tensor<2x3x4xf32>) -> (tensor<4x7x5xf32>) {
  %0 = "mlc.transpose"(%x) {perm = array<i64: 1, 2, 0>} : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
  %1 = "mlc.pad"(%0) {pads = "1,2,0,0,1,3", mode = "constant", dims = none, operandSegmentSizes = array<i32: 1, 0, 0, 0>} : (tensor<3x4x2xf32>) -> tensor<4x7x5xf32>
  func.return %1 : tensor<4x7x5xf32>
}

// -----

// CHECK-LABEL: func.func @a_product_reads_its_factor_transposed(
// CHECK-NEXT: %0 = "mlc.matmul"(%arg0, %arg1) {transpose_y = true, strassen = false} : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %0 : tensor<2x3xf32>
func.func @a_product_reads_its_factor_transposed(%x: tensor<2x4xf32>, %y: tensor<3x4xf32>) -> (tensor<2x3xf32>) {
  %0 = "mlc.transpose"(%y) {perm = array<i64: 1, 0>} : (tensor<3x4xf32>) -> tensor<4x3xf32>
  %1 = "mlc.matmul"(%x, %0) {transpose_y = false, strassen = false} : (tensor<2x4xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>
  func.return %1 : tensor<2x3xf32>
}

// -----

// CHECK-LABEL: func.func @a_batched_product_reads_its_factor_transposed(
// CHECK-NEXT: %0 = "mlc.matmul"(%arg0, %arg1) {transpose_y = true, strassen = false} : (tensor<5x2x4xf32>, tensor<5x3x4xf32>) -> tensor<5x2x3xf32>
// CHECK-NEXT: func.return %0 : tensor<5x2x3xf32>
func.func @a_batched_product_reads_its_factor_transposed(%x: tensor<5x2x4xf32>, %y: tensor<5x3x4xf32>) -> (tensor<5x2x3xf32>) {
  %0 = "mlc.transpose"(%y) {perm = array<i64: 0, 2, 1>} : (tensor<5x3x4xf32>) -> tensor<5x4x3xf32>
  %1 = "mlc.matmul"(%x, %0) {transpose_y = false, strassen = false} : (tensor<5x2x4xf32>, tensor<5x4x3xf32>) -> tensor<5x2x3xf32>
  func.return %1 : tensor<5x2x3xf32>
}

// -----

// CHECK-LABEL: func.func @a_product_of_a_transposed_factor_reads_it_plain(
// CHECK-NEXT: %0 = "mlc.matmul"(%arg0, %arg1) {transpose_y = false, strassen = false} : (tensor<2x4xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %0 : tensor<2x3xf32>
func.func @a_product_of_a_transposed_factor_reads_it_plain(%x: tensor<2x4xf32>, %y: tensor<4x3xf32>) -> (tensor<2x3xf32>) {
  %0 = "mlc.transpose"(%y) {perm = array<i64: 1, 0>} : (tensor<4x3xf32>) -> tensor<3x4xf32>
  %1 = "mlc.matmul"(%x, %0) {transpose_y = true, strassen = false} : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<2x3xf32>
  func.return %1 : tensor<2x3xf32>
}

// -----

// Near miss: attribute.
// CHECK-LABEL: func.func @a_transpose_of_the_batch_stays(
// CHECK-NEXT: %0 = "mlc.transpose"(%arg1) {perm = array<i64: 1, 0, 2>} : (tensor<4x5x3xf32>) -> tensor<5x4x3xf32>
// CHECK-NEXT: %1 = "mlc.matmul"(%arg0, %0) {transpose_y = false, strassen = false} : (tensor<5x2x4xf32>, tensor<5x4x3xf32>) -> tensor<5x2x3xf32>
// CHECK-NEXT: func.return %1 : tensor<5x2x3xf32>
func.func @a_transpose_of_the_batch_stays(%x: tensor<5x2x4xf32>, %y: tensor<4x5x3xf32>) -> (tensor<5x2x3xf32>) {
  %0 = "mlc.transpose"(%y) {perm = array<i64: 1, 0, 2>} : (tensor<4x5x3xf32>) -> tensor<5x4x3xf32>
  %1 = "mlc.matmul"(%x, %0) {transpose_y = false, strassen = false} : (tensor<5x2x4xf32>, tensor<5x4x3xf32>) -> tensor<5x2x3xf32>
  func.return %1 : tensor<5x2x3xf32>
}

// -----

// Near miss: operands swapped.
// CHECK-LABEL: func.func @a_transposed_left_factor_stays(
// CHECK-NEXT: %0 = "mlc.transpose"(%arg0) {perm = array<i64: 1, 0>} : (tensor<4x2xf32>) -> tensor<2x4xf32>
// CHECK-NEXT: %1 = "mlc.matmul"(%0, %arg1) {transpose_y = false, strassen = false} : (tensor<2x4xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %1 : tensor<2x3xf32>
func.func @a_transposed_left_factor_stays(%x: tensor<4x2xf32>, %y: tensor<4x3xf32>) -> (tensor<2x3xf32>) {
  %0 = "mlc.transpose"(%x) {perm = array<i64: 1, 0>} : (tensor<4x2xf32>) -> tensor<2x4xf32>
  %1 = "mlc.matmul"(%0, %y) {transpose_y = false, strassen = false} : (tensor<2x4xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>
  func.return %1 : tensor<2x3xf32>
}

// -----

// CHECK-LABEL: func.func @a_symbolic_shape_is_no_matter(
// CHECK-NEXT: %0 = "mlc.relu"(%arg0) : (tensor<?x3xf32, "N,3">) -> tensor<?x3xf32, "N,3">
// CHECK-NEXT: func.return %0 : tensor<?x3xf32, "N,3">
func.func @a_symbolic_shape_is_no_matter(%x: tensor<?x3xf32, "N,3">) -> (tensor<?x3xf32, "N,3">) {
  %0 = "mlc.transpose"(%x) {perm = array<i64: 1, 0>} : (tensor<?x3xf32, "N,3">) -> tensor<3x?xf32, "3,N">
  %1 = "mlc.relu"(%0) : (tensor<3x?xf32, "3,N">) -> tensor<3x?xf32, "3,N">
  %2 = "mlc.transpose"(%1) {perm = array<i64: 1, 0>} : (tensor<3x?xf32, "3,N">) -> tensor<?x3xf32, "N,3">
  func.return %2 : tensor<?x3xf32, "N,3">
}

// -----

// CHECK-LABEL: func.func @casts_and_conditions(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %1 = "mlc.where"(%arg0, %arg1, %0) : (tensor<2x3xi1>, tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
// CHECK-NEXT: func.return %1 : tensor<2x3xf32>
func.func @casts_and_conditions(%c: tensor<2x3xi1>, %x: tensor<2x3xf32>) -> (tensor<2x3xf32>) {
  %0 = "mlc.transpose"(%c) {perm = array<i64: 1, 0>} : (tensor<2x3xi1>) -> tensor<3x2xi1>
  %1 = "mlc.transpose"(%x) {perm = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %2 = "mlc.constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
  %3 = "mlc.where"(%0, %1, %2) : (tensor<3x2xi1>, tensor<3x2xf32>, tensor<f32>) -> tensor<3x2xf32>
  %4 = "mlc.transpose"(%3) {perm = array<i64: 1, 0>} : (tensor<3x2xf32>) -> tensor<2x3xf32>
  func.return %4 : tensor<2x3xf32>
}

// -----

// CHECK-LABEL: func.func @heads_that_lie_apart(
// CHECK-NEXT: %0 = "mlc.attention"(%arg0, %arg1, %arg2) {is_causal = false, left_window = -1 : i64, right_window = -1 : i64, scale = 0.5 : f64, softcap = 0.0 : f64, softmax_dtype = none, scores = "none", zero_rows = "unseen", layout = "blhd", operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0>} : (tensor<1x5x2x4xf32>, tensor<1x5x2x4xf32>, tensor<1x5x2x4xf32>) -> tensor<1x5x2x4xf32>
// CHECK-NEXT: func.return %0 : tensor<1x5x2x4xf32>
func.func @heads_that_lie_apart(%q: tensor<1x5x2x4xf32>, %k: tensor<1x5x2x4xf32>, %v: tensor<1x5x2x4xf32>) -> (tensor<1x5x2x4xf32>) {
  %0 = "mlc.transpose"(%q) {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x5x2x4xf32>) -> tensor<1x2x5x4xf32>
  %1 = "mlc.transpose"(%k) {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x5x2x4xf32>) -> tensor<1x2x5x4xf32>
  %2 = "mlc.transpose"(%v) {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x5x2x4xf32>) -> tensor<1x2x5x4xf32>
  %3 = "mlc.attention"(%0, %1, %2) {is_causal = false, layout = "bhld", left_window = -1 : i64, right_window = -1 : i64, scale = 0.5 : f64, softcap = 0.0 : f64, softmax_dtype = none, scores = "none", zero_rows = "unseen", operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0>} : (tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>) -> tensor<1x2x5x4xf32>
  %4 = "mlc.transpose"(%3) {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x2x5x4xf32>) -> tensor<1x5x2x4xf32>
  func.return %4 : tensor<1x5x2x4xf32>
}

// -----

// Near miss: the queries lie with their heads first, and would have to be transposed.
// CHECK-LABEL: func.func @queries_that_lie_otherwise(
// CHECK-NEXT: %0 = "mlc.transpose"(%arg1) {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x5x2x4xf32>) -> tensor<1x2x5x4xf32>
// CHECK-NEXT: %1 = "mlc.transpose"(%arg2) {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x5x2x4xf32>) -> tensor<1x2x5x4xf32>
// CHECK-NEXT: %2 = "mlc.attention"(%arg0, %0, %1) {is_causal = false, left_window = -1 : i64, right_window = -1 : i64, scale = 0.5 : f64, softcap = 0.0 : f64, softmax_dtype = none, scores = "none", zero_rows = "unseen", layout = "bhld", operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0>} : (tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>) -> tensor<1x2x5x4xf32>
// CHECK-NEXT: func.return %2 : tensor<1x2x5x4xf32>
func.func @queries_that_lie_otherwise(%q: tensor<1x2x5x4xf32>, %k: tensor<1x5x2x4xf32>, %v: tensor<1x5x2x4xf32>) -> (tensor<1x2x5x4xf32>) {
  %1 = "mlc.transpose"(%k) {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x5x2x4xf32>) -> tensor<1x2x5x4xf32>
  %2 = "mlc.transpose"(%v) {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x5x2x4xf32>) -> tensor<1x2x5x4xf32>
  %3 = "mlc.attention"(%q, %1, %2) {is_causal = false, layout = "bhld", left_window = -1 : i64, right_window = -1 : i64, scale = 0.5 : f64, softcap = 0.0 : f64, softmax_dtype = none, scores = "none", zero_rows = "unseen", operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0>} : (tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>) -> tensor<1x2x5x4xf32>
  func.return %3 : tensor<1x2x5x4xf32>
}

// -----

// Near miss: the transposed keys are returned as well, and the transpose would stay.
// CHECK-LABEL: func.func @keys_that_are_kept(
// CHECK-NEXT: %0 = "mlc.transpose"(%arg0) {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x5x2x4xf32>) -> tensor<1x2x5x4xf32>
// CHECK-NEXT: %1 = "mlc.transpose"(%arg1) {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x5x2x4xf32>) -> tensor<1x2x5x4xf32>
// CHECK-NEXT: %2 = "mlc.transpose"(%arg2) {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x5x2x4xf32>) -> tensor<1x2x5x4xf32>
// CHECK-NEXT: %3 = "mlc.attention"(%0, %1, %2) {is_causal = false, left_window = -1 : i64, right_window = -1 : i64, scale = 0.5 : f64, softcap = 0.0 : f64, softmax_dtype = none, scores = "none", zero_rows = "unseen", layout = "bhld", operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0>} : (tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>) -> tensor<1x2x5x4xf32>
// CHECK-NEXT: func.return %3, %1 : tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>
func.func @keys_that_are_kept(%q: tensor<1x5x2x4xf32>, %k: tensor<1x5x2x4xf32>, %v: tensor<1x5x2x4xf32>) -> (tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>) {
  %0 = "mlc.transpose"(%q) {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x5x2x4xf32>) -> tensor<1x2x5x4xf32>
  %1 = "mlc.transpose"(%k) {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x5x2x4xf32>) -> tensor<1x2x5x4xf32>
  %2 = "mlc.transpose"(%v) {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x5x2x4xf32>) -> tensor<1x2x5x4xf32>
  %3 = "mlc.attention"(%0, %1, %2) {is_causal = false, layout = "bhld", left_window = -1 : i64, right_window = -1 : i64, scale = 0.5 : f64, softcap = 0.0 : f64, softmax_dtype = none, scores = "none", zero_rows = "unseen", operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0>} : (tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>) -> tensor<1x2x5x4xf32>
  func.return %3, %1 : tensor<1x2x5x4xf32>, tensor<1x2x5x4xf32>
}
