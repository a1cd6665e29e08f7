// RUN: mlc-opt fuse

// CHECK-LABEL: func.func @a_chain_of_elementwise_ops_is_one_kernel(
// CHECK-NEXT: %0 = "mlc.fused"(%arg0) ({
// CHECK-NEXT: ^bb0(%arg1: tensor<4x8xf32>):
// CHECK-NEXT: %1 = "mlc.relu"(%arg1) : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: %2 = "mlc.exp"(%1) : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: %3 = "mlc.neg"(%2) : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: "mlc.yield"(%3) : (tensor<4x8xf32>) -> ()
// CHECK-NEXT: }) {kind = "elementwise"} : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: func.return %0 : tensor<4x8xf32>
func.func @a_chain_of_elementwise_ops_is_one_kernel(%x: tensor<4x8xf32>) -> (tensor<4x8xf32>) {
  %0 = "mlc.relu"(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = "mlc.exp"(%0) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %2 = "mlc.neg"(%1) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  func.return %2 : tensor<4x8xf32>
}

// -----

// Near miss: nothing to fuse.
// CHECK-LABEL: func.func @one_op_alone_stays(
// CHECK-NEXT: %0 = "mlc.exp"(%arg0) : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: func.return %0 : tensor<4x8xf32>
func.func @one_op_alone_stays(%x: tensor<4x8xf32>) -> (tensor<4x8xf32>) {
  %0 = "mlc.exp"(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  func.return %0 : tensor<4x8xf32>
}

// -----

// CHECK-LABEL: func.func @a_value_used_outside_is_a_second_result(
// CHECK-NEXT: %0:2 = "mlc.fused"(%arg0, %arg1) ({
// CHECK-NEXT: ^bb0(%arg2: tensor<4x8xf32>, %arg3: tensor<4x8xf32>):
// CHECK-NEXT: %1 = "mlc.exp"(%arg2) : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: %2 = "mlc.mul"(%1, %arg3) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: "mlc.yield"(%1, %2) : (tensor<4x8xf32>, tensor<4x8xf32>) -> ()
// CHECK-NEXT: }) {kind = "elementwise"} : (tensor<4x8xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>)
// CHECK-NEXT: func.return %0#1, %0#0 : tensor<4x8xf32>, tensor<4x8xf32>
func.func @a_value_used_outside_is_a_second_result(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %0 = "mlc.exp"(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = "mlc.mul"(%0, %y) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  func.return %1, %0 : tensor<4x8xf32>, tensor<4x8xf32>
}

// -----

// CHECK-LABEL: func.func @two_users_of_one_value_share_a_kernel(
// CHECK-NEXT: %0:2 = "mlc.fused"(%arg0) ({
// CHECK-NEXT: ^bb0(%arg1: tensor<4x8xf32>):
// CHECK-NEXT: %1 = "mlc.exp"(%arg1) : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: %2 = "mlc.neg"(%1) : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: %3 = "mlc.sqrt"(%1) : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: "mlc.yield"(%2, %3) : (tensor<4x8xf32>, tensor<4x8xf32>) -> ()
// CHECK-NEXT: }) {kind = "elementwise"} : (tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>)
// CHECK-NEXT: func.return %0#0, %0#1 : tensor<4x8xf32>, tensor<4x8xf32>
func.func @two_users_of_one_value_share_a_kernel(%x: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %0 = "mlc.exp"(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = "mlc.neg"(%0) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %2 = "mlc.sqrt"(%0) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  func.return %1, %2 : tensor<4x8xf32>, tensor<4x8xf32>
}

// -----

// CHECK-LABEL: func.func @a_diamond_is_one_kernel(
// CHECK-NEXT: %0 = "mlc.fused"(%arg0) ({
// CHECK-NEXT: ^bb0(%arg1: tensor<4x8xf32>):
// CHECK-NEXT: %1 = "mlc.exp"(%arg1) : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: %2 = "mlc.neg"(%1) : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: %3 = "mlc.sqrt"(%1) : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: %4 = "mlc.add"(%2, %3) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: "mlc.yield"(%4) : (tensor<4x8xf32>) -> ()
// CHECK-NEXT: }) {kind = "elementwise"} : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: func.return %0 : tensor<4x8xf32>
func.func @a_diamond_is_one_kernel(%x: tensor<4x8xf32>) -> (tensor<4x8xf32>) {
  %0 = "mlc.exp"(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = "mlc.neg"(%0) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %2 = "mlc.sqrt"(%0) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %3 = "mlc.add"(%1, %2) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  func.return %3 : tensor<4x8xf32>
}

// -----

// CHECK-LABEL: func.func @a_cheap_broadcast_is_computed_inside(
// CHECK-NEXT: %0 = "mlc.fused"(%arg1, %arg0) ({
// CHECK-NEXT: ^bb0(%arg2: tensor<4x1xf32>, %arg3: tensor<4x8xf32>):
// CHECK-NEXT: %1 = "mlc.add"(%arg2, %arg2) : (tensor<4x1xf32>, tensor<4x1xf32>) -> tensor<4x1xf32>
// CHECK-NEXT: %2 = "mlc.mul"(%arg3, %1) : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: "mlc.yield"(%2) : (tensor<4x8xf32>) -> ()
// CHECK-NEXT: }) {kind = "elementwise"} : (tensor<4x1xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: func.return %0 : tensor<4x8xf32>
func.func @a_cheap_broadcast_is_computed_inside(%x: tensor<4x8xf32>, %s: tensor<4x1xf32>) -> (tensor<4x8xf32>) {
  %0 = "mlc.add"(%s, %s) : (tensor<4x1xf32>, tensor<4x1xf32>) -> tensor<4x1xf32>
  %1 = "mlc.mul"(%x, %0) : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  func.return %1 : tensor<4x8xf32>
}

// -----

// Near miss: exp would run 8 times for each element.
// CHECK-LABEL: func.func @an_expensive_broadcast_stays_outside(
// CHECK-NEXT: %0 = "mlc.exp"(%arg1) : (tensor<4x1xf32>) -> tensor<4x1xf32>
// CHECK-NEXT: %1 = "mlc.fused"(%arg0, %0) ({
// CHECK-NEXT: ^bb0(%arg2: tensor<4x8xf32>, %arg3: tensor<4x1xf32>):
// CHECK-NEXT: %2 = "mlc.mul"(%arg2, %arg3) : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: %3 = "mlc.neg"(%2) : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: "mlc.yield"(%3) : (tensor<4x8xf32>) -> ()
// CHECK-NEXT: }) {kind = "elementwise"} : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: func.return %1 : tensor<4x8xf32>
func.func @an_expensive_broadcast_stays_outside(%x: tensor<4x8xf32>, %s: tensor<4x1xf32>) -> (tensor<4x8xf32>) {
  %0 = "mlc.exp"(%s) : (tensor<4x1xf32>) -> tensor<4x1xf32>
  %1 = "mlc.mul"(%x, %0) : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  %2 = "mlc.neg"(%1) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  func.return %2 : tensor<4x8xf32>
}

// -----

// Near miss: graph output of another shape.
// CHECK-LABEL: func.func @a_broadcast_value_needed_elsewhere_stays_outside(
// CHECK-NEXT: %0 = "mlc.add"(%arg1, %arg1) : (tensor<4x1xf32>, tensor<4x1xf32>) -> tensor<4x1xf32>
// CHECK-NEXT: %1 = "mlc.fused"(%arg0, %0) ({
// CHECK-NEXT: ^bb0(%arg2: tensor<4x8xf32>, %arg3: tensor<4x1xf32>):
// CHECK-NEXT: %2 = "mlc.mul"(%arg2, %arg3) : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: %3 = "mlc.neg"(%2) : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: "mlc.yield"(%3) : (tensor<4x8xf32>) -> ()
// CHECK-NEXT: }) {kind = "elementwise"} : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: func.return %1, %0 : tensor<4x8xf32>, tensor<4x1xf32>
func.func @a_broadcast_value_needed_elsewhere_stays_outside(%x: tensor<4x8xf32>, %s: tensor<4x1xf32>) -> (tensor<4x8xf32>, tensor<4x1xf32>) {
  %0 = "mlc.add"(%s, %s) : (tensor<4x1xf32>, tensor<4x1xf32>) -> tensor<4x1xf32>
  %1 = "mlc.mul"(%x, %0) : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  %2 = "mlc.neg"(%1) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  func.return %2, %0 : tensor<4x8xf32>, tensor<4x1xf32>
}

// -----

// CHECK-LABEL: func.func @a_bias_and_relu_go_behind_a_conv(
// CHECK-NEXT: %0 = "mlc.fused"(%arg0, %arg1, %arg2) ({
// CHECK-NEXT: ^bb0(%arg3: tensor<1x3x4x4xf32>, %arg4: tensor<2x3x3x3xf32>, %arg5: tensor<2x1x1xf32>):
// CHECK-NEXT: %1 = "mlc.conv"(%arg3, %arg4) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x3x4x4xf32>, tensor<2x3x3x3xf32>) -> tensor<1x2x4x4xf32>
// CHECK-NEXT: %2 = "mlc.add"(%1, %arg5) : (tensor<1x2x4x4xf32>, tensor<2x1x1xf32>) -> tensor<1x2x4x4xf32>
// CHECK-NEXT: %3 = "mlc.relu"(%2) : (tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
// CHECK-NEXT: "mlc.yield"(%3) : (tensor<1x2x4x4xf32>) -> ()
// CHECK-NEXT: }) {kind = "conv"} : (tensor<1x3x4x4xf32>, tensor<2x3x3x3xf32>, tensor<2x1x1xf32>) -> tensor<1x2x4x4xf32>
// CHECK-NEXT: func.return %0 : tensor<1x2x4x4xf32>
func.func @a_bias_and_relu_go_behind_a_conv(%x: tensor<1x3x4x4xf32>, %w: tensor<2x3x3x3xf32>, %b: tensor<2x1x1xf32>) -> (tensor<1x2x4x4xf32>) {
  %0 = "mlc.conv"(%x, %w) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x3x4x4xf32>, tensor<2x3x3x3xf32>) -> tensor<1x2x4x4xf32>
  %1 = "mlc.add"(%0, %b) : (tensor<1x2x4x4xf32>, tensor<2x1x1xf32>) -> tensor<1x2x4x4xf32>
  %2 = "mlc.relu"(%1) : (tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  func.return %2 : tensor<1x2x4x4xf32>
}

// -----

// CHECK-LABEL: func.func @a_residual_goes_behind_the_later_conv(
// CHECK-NEXT: %0 = "mlc.fused"(%arg0, %arg1) ({
// CHECK-NEXT: ^bb0(%arg2: tensor<1x3x4x4xf32>, %arg3: tensor<3x3x3x3xf32>):
// CHECK-NEXT: %1 = "mlc.conv"(%arg2, %arg3) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x3x4x4xf32>, tensor<3x3x3x3xf32>) -> tensor<1x3x4x4xf32>
// CHECK-NEXT: %2 = "mlc.relu"(%1) : (tensor<1x3x4x4xf32>) -> tensor<1x3x4x4xf32>
// CHECK-NEXT: "mlc.yield"(%2) : (tensor<1x3x4x4xf32>) -> ()
// CHECK-NEXT: }) {kind = "conv"} : (tensor<1x3x4x4xf32>, tensor<3x3x3x3xf32>) -> tensor<1x3x4x4xf32>
// CHECK-NEXT: %3 = "mlc.fused"(%0, %arg1) ({
// CHECK-NEXT: ^bb0(%arg4: tensor<1x3x4x4xf32>, %arg5: tensor<3x3x3x3xf32>):
// CHECK-NEXT: %4 = "mlc.conv"(%arg4, %arg5) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x3x4x4xf32>, tensor<3x3x3x3xf32>) -> tensor<1x3x4x4xf32>
// CHECK-NEXT: %5 = "mlc.add"(%arg4, %4) : (tensor<1x3x4x4xf32>, tensor<1x3x4x4xf32>) -> tensor<1x3x4x4xf32>
// CHECK-NEXT: %6 = "mlc.relu"(%5) : (tensor<1x3x4x4xf32>) -> tensor<1x3x4x4xf32>
// CHECK-NEXT: "mlc.yield"(%6) : (tensor<1x3x4x4xf32>) -> ()
// CHECK-NEXT: }) {kind = "conv"} : (tensor<1x3x4x4xf32>, tensor<3x3x3x3xf32>) -> tensor<1x3x4x4xf32>
// CHECK-NEXT: func.return %3 : tensor<1x3x4x4xf32>
func.func @a_residual_goes_behind_the_later_conv(%x: tensor<1x3x4x4xf32>, %w: tensor<3x3x3x3xf32>) -> (tensor<1x3x4x4xf32>) {
  %0 = "mlc.conv"(%x, %w) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x3x4x4xf32>, tensor<3x3x3x3xf32>) -> tensor<1x3x4x4xf32>
  %1 = "mlc.relu"(%0) : (tensor<1x3x4x4xf32>) -> tensor<1x3x4x4xf32>
  %2 = "mlc.conv"(%1, %w) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x3x4x4xf32>, tensor<3x3x3x3xf32>) -> tensor<1x3x4x4xf32>
  %3 = "mlc.add"(%1, %2) : (tensor<1x3x4x4xf32>, tensor<1x3x4x4xf32>) -> tensor<1x3x4x4xf32>
  %4 = "mlc.relu"(%3) : (tensor<1x3x4x4xf32>) -> tensor<1x3x4x4xf32>
  func.return %4 : tensor<1x3x4x4xf32>
}

// -----
// RUN: mlc-opt --remarks=missed fuse

// Near miss: a group has one heavy op.
// CHECK-LABEL: func.func @of_two_convs_only_one_takes_the_sum(
// CHECK-NEXT: %0 = "mlc.conv"(%arg0, %arg1) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x3x4x4xf32>, tensor<3x3x3x3xf32>) -> tensor<1x3x4x4xf32>
// CHECK-NEXT: %1 = "mlc.fused"(%arg0, %arg1, %0) ({
// CHECK-NEXT: ^bb0(%arg2: tensor<1x3x4x4xf32>, %arg3: tensor<3x3x3x3xf32>, %arg4: tensor<1x3x4x4xf32>):
// CHECK-NEXT: %2 = "mlc.conv"(%arg2, %arg3) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x3x4x4xf32>, tensor<3x3x3x3xf32>) -> tensor<1x3x4x4xf32>
// CHECK-NEXT: %3 = "mlc.add"(%arg4, %2) : (tensor<1x3x4x4xf32>, tensor<1x3x4x4xf32>) -> tensor<1x3x4x4xf32>
// CHECK-NEXT: %4 = "mlc.relu"(%3) : (tensor<1x3x4x4xf32>) -> tensor<1x3x4x4xf32>
// CHECK-NEXT: "mlc.yield"(%4) : (tensor<1x3x4x4xf32>) -> ()
// CHECK-NEXT: }) {kind = "conv"} : (tensor<1x3x4x4xf32>, tensor<3x3x3x3xf32>, tensor<1x3x4x4xf32>) -> tensor<1x3x4x4xf32>
// CHECK-NEXT: func.return %1 : tensor<1x3x4x4xf32>
func.func @of_two_convs_only_one_takes_the_sum(%x: tensor<1x3x4x4xf32>, %w: tensor<3x3x3x3xf32>) -> (tensor<1x3x4x4xf32>) {
  %0 = "mlc.conv"(%x, %w) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x3x4x4xf32>, tensor<3x3x3x3xf32>) -> tensor<1x3x4x4xf32>
  %1 = "mlc.conv"(%x, %w) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x3x4x4xf32>, tensor<3x3x3x3xf32>) -> tensor<1x3x4x4xf32>
  %2 = "mlc.add"(%0, %1) : (tensor<1x3x4x4xf32>, tensor<1x3x4x4xf32>) -> tensor<1x3x4x4xf32>
  %3 = "mlc.relu"(%2) : (tensor<1x3x4x4xf32>) -> tensor<1x3x4x4xf32>
  func.return %3 : tensor<1x3x4x4xf32>
}

// -----

// CHECK-LABEL: func.func @a_conv_result_needed_elsewhere_is_a_second_result(
// CHECK-NEXT: %0:2 = "mlc.fused"(%arg0, %arg1) ({
// CHECK-NEXT: ^bb0(%arg2: tensor<1x3x4x4xf32>, %arg3: tensor<2x3x3x3xf32>):
// CHECK-NEXT: %1 = "mlc.conv"(%arg2, %arg3) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x3x4x4xf32>, tensor<2x3x3x3xf32>) -> tensor<1x2x4x4xf32>
// CHECK-NEXT: %2 = "mlc.relu"(%1) : (tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
// CHECK-NEXT: "mlc.yield"(%1, %2) : (tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) -> ()
// CHECK-NEXT: }) {kind = "conv"} : (tensor<1x3x4x4xf32>, tensor<2x3x3x3xf32>) -> (tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>)
// CHECK-NEXT: func.return %0#1, %0#0 : tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>
func.func @a_conv_result_needed_elsewhere_is_a_second_result(%x: tensor<1x3x4x4xf32>, %w: tensor<2x3x3x3xf32>) -> (tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) {
  %0 = "mlc.conv"(%x, %w) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x3x4x4xf32>, tensor<2x3x3x3xf32>) -> tensor<1x2x4x4xf32>
  %1 = "mlc.relu"(%0) : (tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  func.return %1, %0 : tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>
}

// -----
// RUN: mlc-opt --remarks=missed fuse

// Near miss: shape.
// CHECK-LABEL: func.func @a_broadcast_behind_a_product_stays_outside(
// CHECK-NEXT: %0 = "mlc.matmul"(%arg0, %arg1) {transpose_y = false, strassen = false} : (tensor<1x8xf32>, tensor<8x4xf32>) -> tensor<1x4xf32>
// CHECK-NEXT: %1 = "mlc.fused"(%0, %arg2) ({
// CHECK-NEXT: ^bb0(%arg3: tensor<1x4xf32>, %arg4: tensor<3x4xf32>):
// CHECK-NEXT: %2 = "mlc.add"(%arg3, %arg4) : (tensor<1x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
// CHECK-NEXT: %3 = "mlc.relu"(%2) : (tensor<3x4xf32>) -> tensor<3x4xf32>
// CHECK-NEXT: "mlc.yield"(%3) : (tensor<3x4xf32>) -> ()
// CHECK-NEXT: }) {kind = "elementwise"} : (tensor<1x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
// CHECK-NEXT: func.return %1 : tensor<3x4xf32>
func.func @a_broadcast_behind_a_product_stays_outside(%x: tensor<1x8xf32>, %w: tensor<8x4xf32>, %y: tensor<3x4xf32>) -> (tensor<3x4xf32>) {
  %0 = "mlc.matmul"(%x, %w) {transpose_y = false, strassen = false} : (tensor<1x8xf32>, tensor<8x4xf32>) -> tensor<1x4xf32>
  %1 = "mlc.add"(%0, %y) : (tensor<1x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  %2 = "mlc.relu"(%1) : (tensor<3x4xf32>) -> tensor<3x4xf32>
  func.return %2 : tensor<3x4xf32>
}

// -----

// CHECK-LABEL: func.func @a_gelu_goes_behind_a_product_with_a_symbolic_batch(
// CHECK-NEXT: %0 = "mlc.fused"(%arg0, %arg1, %arg2) ({
// CHECK-NEXT: ^bb0(%arg3: tensor<?x8xf32, "N,8">, %arg4: tensor<8x4xf32>, %arg5: tensor<4xf32>):
// CHECK-NEXT: %1 = "mlc.matmul"(%arg3, %arg4) {transpose_y = false, strassen = false} : (tensor<?x8xf32, "N,8">, tensor<8x4xf32>) -> tensor<?x4xf32, "N,4">
// CHECK-NEXT: %2 = "mlc.add"(%1, %arg5) : (tensor<?x4xf32, "N,4">, tensor<4xf32>) -> tensor<?x4xf32, "N,4">
// CHECK-NEXT: %3 = "mlc.gelu"(%2) {approximation = "none"} : (tensor<?x4xf32, "N,4">) -> tensor<?x4xf32, "N,4">
// CHECK-NEXT: "mlc.yield"(%3) : (tensor<?x4xf32, "N,4">) -> ()
// CHECK-NEXT: }) {kind = "matmul"} : (tensor<?x8xf32, "N,8">, tensor<8x4xf32>, tensor<4xf32>) -> tensor<?x4xf32, "N,4">
// CHECK-NEXT: func.return %0 : tensor<?x4xf32, "N,4">
func.func @a_gelu_goes_behind_a_product_with_a_symbolic_batch(%x: tensor<?x8xf32, "N,8">, %w: tensor<8x4xf32>, %b: tensor<4xf32>) -> (tensor<?x4xf32, "N,4">) {
  %0 = "mlc.matmul"(%x, %w) {transpose_y = false, strassen = false} : (tensor<?x8xf32, "N,8">, tensor<8x4xf32>) -> tensor<?x4xf32, "N,4">
  %1 = "mlc.add"(%0, %b) : (tensor<?x4xf32, "N,4">, tensor<4xf32>) -> tensor<?x4xf32, "N,4">
  %2 = "mlc.gelu"(%1) {approximation = "none"} : (tensor<?x4xf32, "N,4">) -> tensor<?x4xf32, "N,4">
  func.return %2 : tensor<?x4xf32, "N,4">
}

// -----

// CHECK-LABEL: func.func @an_elementwise_op_goes_before_a_reduction(
// CHECK-NEXT: %0 = "mlc.fused"(%arg0) ({
// CHECK-NEXT: ^bb0(%arg1: tensor<4x8xf32>):
// CHECK-NEXT: %1 = "mlc.mul"(%arg1, %arg1) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: %2 = "mlc.reduce_mean"(%1) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<4x8xf32>) -> tensor<4x1xf32>
// CHECK-NEXT: %3 = "mlc.sqrt"(%2) : (tensor<4x1xf32>) -> tensor<4x1xf32>
// CHECK-NEXT: "mlc.yield"(%3) : (tensor<4x1xf32>) -> ()
// CHECK-NEXT: }) {kind = "reduce_mean"} : (tensor<4x8xf32>) -> tensor<4x1xf32>
// CHECK-NEXT: func.return %0 : tensor<4x1xf32>
func.func @an_elementwise_op_goes_before_a_reduction(%x: tensor<4x8xf32>) -> (tensor<4x1xf32>) {
  %0 = "mlc.mul"(%x, %x) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = "mlc.reduce_mean"(%0) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<4x8xf32>) -> tensor<4x1xf32>
  %2 = "mlc.sqrt"(%1) : (tensor<4x1xf32>) -> tensor<4x1xf32>
  func.return %2 : tensor<4x1xf32>
}

// -----
// RUN: mlc-opt --remarks=missed fuse

// Near miss: graph output.
// CHECK-LABEL: func.func @what_is_needed_elsewhere_stays_before_a_reduction(
// CHECK-NEXT: %0 = "mlc.exp"(%arg0) : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: %1 = "mlc.reduce_sum"(%0) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<4x8xf32>) -> tensor<4x1xf32>
// CHECK-NEXT: func.return %1, %0 : tensor<4x1xf32>, tensor<4x8xf32>
// CHECK: missed  fuse/fuse_prologue at ? (mlc.reduce_sum): what it reduces is needed elsewhere (blocked by graph output 'output1')
func.func @what_is_needed_elsewhere_stays_before_a_reduction(%x: tensor<4x8xf32>) -> (tensor<4x1xf32>, tensor<4x8xf32>) {
  %0 = "mlc.exp"(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = "mlc.reduce_sum"(%0) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<4x8xf32>) -> tensor<4x1xf32>
  func.return %1, %0 : tensor<4x1xf32>, tensor<4x8xf32>
}

// -----

// CHECK-LABEL: func.func @cheap_ops_go_before_a_softmax(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<0.125> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %1 = "mlc.fused"(%arg0, %0, %arg1) ({
// CHECK-NEXT: ^bb0(%arg2: tensor<4x8xf32>, %arg3: tensor<f32>, %arg4: tensor<4x8xf32>):
// CHECK-NEXT: %2 = "mlc.mul"(%arg2, %arg3) : (tensor<4x8xf32>, tensor<f32>) -> tensor<4x8xf32>
// CHECK-NEXT: %3 = "mlc.add"(%2, %arg4) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: %4 = "mlc.softmax"(%3) {axis = -1 : i64} : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: "mlc.yield"(%4) : (tensor<4x8xf32>) -> ()
// CHECK-NEXT: }) {kind = "softmax"} : (tensor<4x8xf32>, tensor<f32>, tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: func.return %1 : tensor<4x8xf32>
func.func @cheap_ops_go_before_a_softmax(%x: tensor<4x8xf32>, %m: tensor<4x8xf32>) -> (tensor<4x8xf32>) {
  %0 = "mlc.constant"() {value = dense<0.125> : tensor<f32>} : () -> tensor<f32>
  %1 = "mlc.mul"(%x, %0) : (tensor<4x8xf32>, tensor<f32>) -> tensor<4x8xf32>
  %2 = "mlc.add"(%1, %m) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %3 = "mlc.softmax"(%2) {axis = -1 : i64} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  func.return %3 : tensor<4x8xf32>
}

// -----

// Near miss: softmax reads each element several times.
// CHECK-LABEL: func.func @expensive_ops_stay_before_a_softmax(
// CHECK-NEXT: %0 = "mlc.tanh"(%arg0) : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: %1 = "mlc.softmax"(%0) {axis = -1 : i64} : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: func.return %1 : tensor<4x8xf32>
func.func @expensive_ops_stay_before_a_softmax(%x: tensor<4x8xf32>) -> (tensor<4x8xf32>) {
  %0 = "mlc.tanh"(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = "mlc.softmax"(%0) {axis = -1 : i64} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  func.return %1 : tensor<4x8xf32>
}

// -----

// CHECK-LABEL: func.func @a_pool_takes_an_epilogue(
// CHECK-NEXT: %0 = "mlc.fused"(%arg0) ({
// CHECK-NEXT: ^bb0(%arg1: tensor<1x2x4x4xf32>):
// CHECK-NEXT: %1 = "mlc.average_pool"(%arg1) {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, ceil_mode = false, layout = "nchw", count_pads = false} : (tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xf32>
// CHECK-NEXT: %2 = "mlc.relu"(%1) : (tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
// CHECK-NEXT: "mlc.yield"(%2) : (tensor<1x2x2x2xf32>) -> ()
// CHECK-NEXT: }) {kind = "average_pool"} : (tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xf32>
// CHECK-NEXT: func.return %0 : tensor<1x2x2x2xf32>
func.func @a_pool_takes_an_epilogue(%x: tensor<1x2x4x4xf32>) -> (tensor<1x2x2x2xf32>) {
  %0 = "mlc.average_pool"(%x) {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, ceil_mode = false, layout = "nchw", count_pads = false} : (tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xf32>
  %1 = "mlc.relu"(%0) : (tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  func.return %1 : tensor<1x2x2x2xf32>
}

// -----

// CHECK-LABEL: func.func @a_norm_takes_an_epilogue(
// CHECK-NEXT: %0 = "mlc.fused"(%arg0, %arg1) ({
// CHECK-NEXT: ^bb0(%arg2: tensor<4x8xf32>, %arg3: tensor<4x8xf32>):
// CHECK-NEXT: %1 = "mlc.layer_norm"(%arg2) {axis = -1 : i64, epsilon = 1.0e-05 : f64, operandSegmentSizes = array<i32: 1, 0, 0>} : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: %2 = "mlc.add"(%1, %arg3) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: "mlc.yield"(%2) : (tensor<4x8xf32>) -> ()
// CHECK-NEXT: }) {kind = "layer_norm"} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: func.return %0 : tensor<4x8xf32>
func.func @a_norm_takes_an_epilogue(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> (tensor<4x8xf32>) {
  %0 = "mlc.layer_norm"(%x) {axis = -1 : i64, epsilon = 1.0e-05 : f64, operandSegmentSizes = array<i32: 1, 0, 0>} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = "mlc.add"(%0, %y) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  func.return %1 : tensor<4x8xf32>
}

// -----

// CHECK-LABEL: func.func @a_reshape_in_the_middle_is_read_through(
// CHECK-NEXT: %0 = "mlc.fused"(%arg0, %arg1) ({
// CHECK-NEXT: ^bb0(%arg2: tensor<4x8xf32>, %arg3: tensor<32xf32>):
// CHECK-NEXT: %1 = "mlc.exp"(%arg2) : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: %2 = "mlc.reshape"(%1) {dims = "32", keeps_zero = false} : (tensor<4x8xf32>) -> tensor<32xf32>
// CHECK-NEXT: %3 = "mlc.mul"(%2, %arg3) : (tensor<32xf32>, tensor<32xf32>) -> tensor<32xf32>
// CHECK-NEXT: %4 = "mlc.neg"(%3) : (tensor<32xf32>) -> tensor<32xf32>
// CHECK-NEXT: "mlc.yield"(%4) : (tensor<32xf32>) -> ()
// CHECK-NEXT: }) {kind = "elementwise"} : (tensor<4x8xf32>, tensor<32xf32>) -> tensor<32xf32>
// CHECK-NEXT: func.return %0 : tensor<32xf32>
func.func @a_reshape_in_the_middle_is_read_through(%x: tensor<4x8xf32>, %y: tensor<32xf32>) -> (tensor<32xf32>) {
  %0 = "mlc.exp"(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = "mlc.reshape"(%0) {dims = "32", keeps_zero = false} : (tensor<4x8xf32>) -> tensor<32xf32>
  %2 = "mlc.mul"(%1, %y) : (tensor<32xf32>, tensor<32xf32>) -> tensor<32xf32>
  %3 = "mlc.neg"(%2) : (tensor<32xf32>) -> tensor<32xf32>
  func.return %3 : tensor<32xf32>
}

// -----

// Near miss: the product has its own kernel, the reshape moves nothing.
// CHECK-LABEL: func.func @a_reshape_of_a_product_is_not_read_through(
// CHECK-NEXT: %0 = "mlc.matmul"(%arg0, %arg1) {transpose_y = false, strassen = false} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: %1 = "mlc.fused"(%0, %arg2) ({
// CHECK-NEXT: ^bb0(%arg3: tensor<4x8xf32>, %arg4: tensor<32xf32>):
// CHECK-NEXT: %2 = "mlc.reshape"(%arg3) {dims = "32", keeps_zero = false} : (tensor<4x8xf32>) -> tensor<32xf32>
// CHECK-NEXT: %3 = "mlc.mul"(%2, %arg4) : (tensor<32xf32>, tensor<32xf32>) -> tensor<32xf32>
// CHECK-NEXT: %4 = "mlc.neg"(%3) : (tensor<32xf32>) -> tensor<32xf32>
// CHECK-NEXT: "mlc.yield"(%4) : (tensor<32xf32>) -> ()
// CHECK-NEXT: }) {kind = "elementwise"} : (tensor<4x8xf32>, tensor<32xf32>) -> tensor<32xf32>
// CHECK-NEXT: func.return %1 : tensor<32xf32>
func.func @a_reshape_of_a_product_is_not_read_through(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>, %y: tensor<32xf32>) -> (tensor<32xf32>) {
  %0 = "mlc.matmul"(%x, %w) {transpose_y = false, strassen = false} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %1 = "mlc.reshape"(%0) {dims = "32", keeps_zero = false} : (tensor<4x8xf32>) -> tensor<32xf32>
  %2 = "mlc.mul"(%1, %y) : (tensor<32xf32>, tensor<32xf32>) -> tensor<32xf32>
  %3 = "mlc.neg"(%2) : (tensor<32xf32>) -> tensor<32xf32>
  func.return %3 : tensor<32xf32>
}

// -----

// CHECK-LABEL: func.func @a_transpose_that_keeps_the_last_axis_is_read_through(
// CHECK-NEXT: %0 = "mlc.fused"(%arg0, %arg1) ({
// CHECK-NEXT: ^bb0(%arg2: tensor<2x3x4xf32>, %arg3: tensor<3x2x4xf32>):
// CHECK-NEXT: %1 = "mlc.transpose"(%arg2) {perm = array<i64: 1, 0, 2>} : (tensor<2x3x4xf32>) -> tensor<3x2x4xf32>
// CHECK-NEXT: %2 = "mlc.add"(%1, %arg3) : (tensor<3x2x4xf32>, tensor<3x2x4xf32>) -> tensor<3x2x4xf32>
// CHECK-NEXT: %3 = "mlc.relu"(%2) : (tensor<3x2x4xf32>) -> tensor<3x2x4xf32>
// CHECK-NEXT: "mlc.yield"(%3) : (tensor<3x2x4xf32>) -> ()
// CHECK-NEXT: }) {kind = "elementwise"} : (tensor<2x3x4xf32>, tensor<3x2x4xf32>) -> tensor<3x2x4xf32>
// CHECK-NEXT: func.return %0 : tensor<3x2x4xf32>
func.func @a_transpose_that_keeps_the_last_axis_is_read_through(%x: tensor<2x3x4xf32>, %y: tensor<3x2x4xf32>) -> (tensor<3x2x4xf32>) {
  %0 = "mlc.transpose"(%x) {perm = array<i64: 1, 0, 2>} : (tensor<2x3x4xf32>) -> tensor<3x2x4xf32>
  %1 = "mlc.add"(%0, %y) : (tensor<3x2x4xf32>, tensor<3x2x4xf32>) -> tensor<3x2x4xf32>
  %2 = "mlc.relu"(%1) : (tensor<3x2x4xf32>) -> tensor<3x2x4xf32>
  func.return %2 : tensor<3x2x4xf32>
}

// -----

// Near miss: elements would be read far apart.
// CHECK-LABEL: func.func @a_transpose_of_the_last_axis_stays(
// CHECK-NEXT: %0 = "mlc.transpose"(%arg0) {perm = array<i64: 1, 0>} : (tensor<3x4xf32>) -> tensor<4x3xf32>
// CHECK-NEXT: %1 = "mlc.fused"(%0, %arg1) ({
// CHECK-NEXT: ^bb0(%arg2: tensor<4x3xf32>, %arg3: tensor<4x3xf32>):
// CHECK-NEXT: %2 = "mlc.add"(%arg2, %arg3) : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
// CHECK-NEXT: %3 = "mlc.relu"(%2) : (tensor<4x3xf32>) -> tensor<4x3xf32>
// CHECK-NEXT: "mlc.yield"(%3) : (tensor<4x3xf32>) -> ()
// CHECK-NEXT: }) {kind = "elementwise"} : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
// CHECK-NEXT: func.return %1 : tensor<4x3xf32>
func.func @a_transpose_of_the_last_axis_stays(%x: tensor<3x4xf32>, %y: tensor<4x3xf32>) -> (tensor<4x3xf32>) {
  %0 = "mlc.transpose"(%x) {perm = array<i64: 1, 0>} : (tensor<3x4xf32>) -> tensor<4x3xf32>
  %1 = "mlc.add"(%0, %y) : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
  %2 = "mlc.relu"(%1) : (tensor<4x3xf32>) -> tensor<4x3xf32>
  func.return %2 : tensor<4x3xf32>
}

// -----

// CHECK-LABEL: func.func @a_reshape_at_the_end_stays_outside(
// CHECK-NEXT: %0 = "mlc.fused"(%arg0) ({
// CHECK-NEXT: ^bb0(%arg1: tensor<4x8xf32>):
// CHECK-NEXT: %1 = "mlc.exp"(%arg1) : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: %2 = "mlc.neg"(%1) : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: "mlc.yield"(%2) : (tensor<4x8xf32>) -> ()
// CHECK-NEXT: }) {kind = "elementwise"} : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: %3 = "mlc.reshape"(%0) {dims = "32", keeps_zero = false} : (tensor<4x8xf32>) -> tensor<32xf32>
// CHECK-NEXT: func.return %3 : tensor<32xf32>
func.func @a_reshape_at_the_end_stays_outside(%x: tensor<4x8xf32>) -> (tensor<32xf32>) {
  %0 = "mlc.exp"(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = "mlc.neg"(%0) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %2 = "mlc.reshape"(%1) {dims = "32", keeps_zero = false} : (tensor<4x8xf32>) -> tensor<32xf32>
  func.return %2 : tensor<32xf32>
}

// -----
// RUN: mlc-opt --remarks=missed fuse

// Near miss: the maximum needs exp and the sum needs the maximum, so exp and sum are not one kernel.
// CHECK-LABEL: func.func @an_op_between_that_is_not_of_the_group_keeps_it_open(
// CHECK-NEXT: %0:2 = "mlc.fused"(%arg0) ({
// CHECK-NEXT: ^bb0(%arg1: tensor<4x8xf32>):
// CHECK-NEXT: %1 = "mlc.exp"(%arg1) : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: %2 = "mlc.neg"(%1) : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: "mlc.yield"(%1, %2) : (tensor<4x8xf32>, tensor<4x8xf32>) -> ()
// CHECK-NEXT: }) {kind = "elementwise"} : (tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>)
// CHECK-NEXT: %3 = "mlc.reduce_max"(%0#0) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<4x8xf32>) -> tensor<4x1xf32>
// CHECK-NEXT: %4 = "mlc.add"(%0#1, %3) : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: func.return %4 : tensor<4x8xf32>
// CHECK: missed  fuse/fuse_prologue at ? (mlc.reduce_max): what it reduces is needed elsewhere (blocked by operand 0 of mlc.add '?')
// CHECK: missed  fuse/fuse_epilogue at ? (mlc.add): its shape is not that of mlc.reduce_max (blocked by result 0 of mlc.reduce_max '?')
func.func @an_op_between_that_is_not_of_the_group_keeps_it_open(%x: tensor<4x8xf32>) -> (tensor<4x8xf32>) {
  %0 = "mlc.exp"(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = "mlc.neg"(%0) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %2 = "mlc.reduce_max"(%0) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<4x8xf32>) -> tensor<4x1xf32>
  %3 = "mlc.add"(%1, %2) : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  func.return %3 : tensor<4x8xf32>
}

// -----
// RUN: mlc-opt fuse{max-ops=2}

// CHECK-LABEL: func.func @large_groups_are_cut(
// CHECK-NEXT: %0 = "mlc.fused"(%arg0) ({
// CHECK-NEXT: ^bb0(%arg1: tensor<4xf32>):
// CHECK-NEXT: %1 = "mlc.abs"(%arg1) : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: %2 = "mlc.neg"(%1) : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: "mlc.yield"(%2) : (tensor<4xf32>) -> ()
// CHECK-NEXT: }) {kind = "elementwise"} : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: %3 = "mlc.fused"(%0) ({
// CHECK-NEXT: ^bb0(%arg2: tensor<4xf32>):
// CHECK-NEXT: %4 = "mlc.abs"(%arg2) : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: %5 = "mlc.neg"(%4) : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: "mlc.yield"(%5) : (tensor<4xf32>) -> ()
// CHECK-NEXT: }) {kind = "elementwise"} : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: func.return %3 : tensor<4xf32>
func.func @large_groups_are_cut(%x: tensor<4xf32>) -> (tensor<4xf32>) {
  %0 = "mlc.abs"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = "mlc.neg"(%0) : (tensor<4xf32>) -> tensor<4xf32>
  %2 = "mlc.abs"(%1) : (tensor<4xf32>) -> tensor<4xf32>
  %3 = "mlc.neg"(%2) : (tensor<4xf32>) -> tensor<4xf32>
  func.return %3 : tensor<4xf32>
}

// -----

// Near miss: dtype.
// CHECK-LABEL: func.func @strings_stay(
// CHECK-NEXT: %0 = "mlc.equal"(%arg0, %arg1) : (tensor<4x!mlc.string>, tensor<4x!mlc.string>) -> tensor<4xi1>
// CHECK-NEXT: %1 = "mlc.not"(%0) : (tensor<4xi1>) -> tensor<4xi1>
// CHECK-NEXT: func.return %1 : tensor<4xi1>
func.func @strings_stay(%x: tensor<4x!mlc.string>, %y: tensor<4x!mlc.string>) -> (tensor<4xi1>) {
  %0 = "mlc.equal"(%x, %y) : (tensor<4x!mlc.string>, tensor<4x!mlc.string>) -> tensor<4xi1>
  %1 = "mlc.not"(%0) : (tensor<4xi1>) -> tensor<4xi1>
  func.return %1 : tensor<4xi1>
}

// -----

// CHECK-LABEL: func.func @casts_and_comparisons_fuse(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %1 = "mlc.fused"(%arg0, %arg1, %0) ({
// CHECK-NEXT: ^bb0(%arg2: tensor<4xf32>, %arg3: tensor<4xf32>, %arg4: tensor<f32>):
// CHECK-NEXT: %2 = "mlc.less"(%arg2, %arg3) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
// CHECK-NEXT: %3 = "mlc.equal"(%arg2, %arg4) : (tensor<4xf32>, tensor<f32>) -> tensor<4xi1>
// CHECK-NEXT: %4 = "mlc.not"(%3) : (tensor<4xi1>) -> tensor<4xi1>
// CHECK-NEXT: %5 = "mlc.and"(%2, %4) : (tensor<4xi1>, tensor<4xi1>) -> tensor<4xi1>
// CHECK-NEXT: %6 = "mlc.cast"(%5) {dtype = i32, saturates = true, rounding = "up"} : (tensor<4xi1>) -> tensor<4xi32>
// CHECK-NEXT: "mlc.yield"(%6) : (tensor<4xi32>) -> ()
// CHECK-NEXT: }) {kind = "elementwise"} : (tensor<4xf32>, tensor<4xf32>, tensor<f32>) -> tensor<4xi32>
// CHECK-NEXT: func.return %1 : tensor<4xi32>
func.func @casts_and_comparisons_fuse(%x: tensor<4xf32>, %y: tensor<4xf32>) -> (tensor<4xi32>) {
  %0 = "mlc.less"(%x, %y) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
  %1 = "mlc.constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
  %2 = "mlc.equal"(%x, %1) : (tensor<4xf32>, tensor<f32>) -> tensor<4xi1>
  %3 = "mlc.not"(%2) : (tensor<4xi1>) -> tensor<4xi1>
  %4 = "mlc.and"(%0, %3) : (tensor<4xi1>, tensor<4xi1>) -> tensor<4xi1>
  %5 = "mlc.cast"(%4) {dtype = i32, saturates = true, rounding = "up"} : (tensor<4xi1>) -> tensor<4xi32>
  func.return %5 : tensor<4xi32>
}

// -----
// RUN: mlc-opt --locations --remarks=passed fuse

// CHECK-LABEL: func.func @names_of_all_sources_are_kept(
// CHECK-NEXT: %0 = "mlc.fused"(%arg0) ({
// CHECK-NEXT: ^bb0(%arg1: tensor<4xf32>):
// CHECK-NEXT: %1 = "mlc.exp"(%arg1) : (tensor<4xf32>) -> tensor<4xf32> loc("e")
// CHECK-NEXT: %2 = "mlc.neg"(%1) : (tensor<4xf32>) -> tensor<4xf32> loc("n")
// CHECK-NEXT: "mlc.yield"(%2) : (tensor<4xf32>) -> ()
// CHECK-NEXT: }) {kind = "elementwise"} : (tensor<4xf32>) -> tensor<4xf32> loc(fused["e", "n"])
// CHECK-NEXT: func.return %0 : tensor<4xf32>
// CHECK: passed  fuse/fuse_elementwise #1 at n+e: mlc.neg, mlc.exp -> mlc.fused: 2 ops in one kernel
func.func @names_of_all_sources_are_kept(%x: tensor<4xf32>) -> (tensor<4xf32>) {
  %0 = "mlc.exp"(%x) : (tensor<4xf32>) -> tensor<4xf32> loc("e")
  %1 = "mlc.neg"(%0) : (tensor<4xf32>) -> tensor<4xf32> loc("n")
  func.return %1 : tensor<4xf32>
}

// -----
// RUN: mlc-opt fuse,fuse

// CHECK-LABEL: func.func @loops_are_bounded_and_groups_are_not_fused_again(
// CHECK-NEXT: %0 = "mlc.fused"(%arg0) ({
// CHECK-NEXT: ^bb0(%arg1: tensor<4x8xf32>):
// CHECK-NEXT: %1 = "mlc.exp"(%arg1) : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: %2 = "mlc.neg"(%1) : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: "mlc.yield"(%2) : (tensor<4x8xf32>) -> ()
// CHECK-NEXT: }) {kind = "elementwise"} : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: func.return %0 : tensor<4x8xf32>
func.func @loops_are_bounded_and_groups_are_not_fused_again(%x: tensor<4x8xf32>) -> (tensor<4x8xf32>) {
  %0 = "mlc.exp"(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = "mlc.neg"(%0) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  func.return %1 : tensor<4x8xf32>
}

// -----

// Near miss: gather may fail.
// CHECK-LABEL: func.func @a_random_or_failing_op_is_not_taken(
// CHECK-NEXT: %0 = "mlc.exp"(%arg0) : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: %1 = "mlc.gather"(%0, %arg1) {axis = 0 : i64} : (tensor<4xf32>, tensor<2xi64>) -> tensor<2xf32>
// CHECK-NEXT: %2 = "mlc.fused"(%1) ({
// CHECK-NEXT: ^bb0(%arg2: tensor<2xf32>):
// CHECK-NEXT: %3 = "mlc.exp"(%arg2) : (tensor<2xf32>) -> tensor<2xf32>
// CHECK-NEXT: %4 = "mlc.neg"(%3) : (tensor<2xf32>) -> tensor<2xf32>
// CHECK-NEXT: "mlc.yield"(%4) : (tensor<2xf32>) -> ()
// CHECK-NEXT: }) {kind = "elementwise"} : (tensor<2xf32>) -> tensor<2xf32>
// CHECK-NEXT: func.return %2 : tensor<2xf32>
func.func @a_random_or_failing_op_is_not_taken(%x: tensor<4xf32>, %i: tensor<2xi64>) -> (tensor<2xf32>) {
  %0 = "mlc.exp"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = "mlc.gather"(%0, %i) {axis = 0 : i64} : (tensor<4xf32>, tensor<2xi64>) -> tensor<2xf32>
  %2 = "mlc.exp"(%1) : (tensor<2xf32>) -> tensor<2xf32>
  %3 = "mlc.neg"(%2) : (tensor<2xf32>) -> tensor<2xf32>
  func.return %3 : tensor<2xf32>
}

// -----

// The softmax of %0 stands before %2, which the group needs: it moves behind the group.
// CHECK-LABEL: func.func @what_depends_on_the_group_moves_behind_it(
// CHECK-NEXT: %0 = "mlc.gather"(%arg2, %arg3) {axis = 0 : i64} : (tensor<9x8xf32>, tensor<4xi64>) -> tensor<4x8xf32>
// CHECK-NEXT: %1:2 = "mlc.fused"(%arg0, %arg1, %0) ({
// CHECK-NEXT: ^bb0(%arg4: tensor<4x8xf32>, %arg5: tensor<8x8xf32>, %arg6: tensor<4x8xf32>):
// CHECK-NEXT: %2 = "mlc.matmul"(%arg4, %arg5) {transpose_y = false, strassen = false} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: %3 = "mlc.add"(%2, %arg6) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: "mlc.yield"(%2, %3) : (tensor<4x8xf32>, tensor<4x8xf32>) -> ()
// CHECK-NEXT: }) {kind = "matmul"} : (tensor<4x8xf32>, tensor<8x8xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>)
// CHECK-NEXT: %4 = "mlc.softmax"(%1#0) {axis = -1 : i64} : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: func.return %4, %1#1 : tensor<4x8xf32>, tensor<4x8xf32>
func.func @what_depends_on_the_group_moves_behind_it(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>, %y: tensor<9x8xf32>, %i: tensor<4xi64>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %0 = "mlc.matmul"(%x, %w) {transpose_y = false, strassen = false} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %1 = "mlc.softmax"(%0) {axis = -1 : i64} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %2 = "mlc.gather"(%y, %i) {axis = 0 : i64} : (tensor<9x8xf32>, tensor<4xi64>) -> tensor<4x8xf32>
  %3 = "mlc.add"(%0, %2) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  func.return %1, %3 : tensor<4x8xf32>, tensor<4x8xf32>
}

// -----

// Near miss: the extents that the reduction leaves are known when it has run, not before the kernel.
// CHECK-LABEL: func.func @a_reduction_that_defines_its_extents_stays_alone(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<[0, 1]> : tensor<2xi64>} : () -> tensor<2xi64>
// CHECK-NEXT: %1 = "mlc.mul"(%arg0, %arg0) : (tensor<3x2x2xf32>, tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
// CHECK-NEXT: %2 = "mlc.reduce_sum"(%1, %0) {axes = none, keep_dims = false, is_noop_without_axes = false, dims = "K"} : (tensor<3x2x2xf32>, tensor<2xi64>) -> tensor<?xf32, "K">
// CHECK-NEXT: %3 = "mlc.fused"(%2) ({
// CHECK-NEXT: ^bb0(%arg1: tensor<?xf32, "K">):
// CHECK-NEXT: %4 = "mlc.exp"(%arg1) : (tensor<?xf32, "K">) -> tensor<?xf32, "K">
// CHECK-NEXT: %5 = "mlc.sqrt"(%4) : (tensor<?xf32, "K">) -> tensor<?xf32, "K">
// CHECK-NEXT: "mlc.yield"(%5) : (tensor<?xf32, "K">) -> ()
// CHECK-NEXT: }) {kind = "elementwise"} : (tensor<?xf32, "K">) -> tensor<?xf32, "K">
// CHECK-NEXT: func.return %3 : tensor<?xf32, "K">
func.func @a_reduction_that_defines_its_extents_stays_alone(%x: tensor<3x2x2xf32>) -> (tensor<?xf32, "K">) {
  %0 = "mlc.constant"() {value = dense<[0, 1]> : tensor<2xi64>} : () -> tensor<2xi64>
  %1 = "mlc.mul"(%x, %x) : (tensor<3x2x2xf32>, tensor<3x2x2xf32>) -> tensor<3x2x2xf32>
  %2 = "mlc.reduce_sum"(%1, %0) {axes = none, keep_dims = false, is_noop_without_axes = false, dims = "K"} : (tensor<3x2x2xf32>, tensor<2xi64>) -> tensor<?xf32, "K">
  %3 = "mlc.exp"(%2) : (tensor<?xf32, "K">) -> tensor<?xf32, "K">
  %4 = "mlc.sqrt"(%3) : (tensor<?xf32, "K">) -> tensor<?xf32, "K">
  func.return %4 : tensor<?xf32, "K">
}

// -----

// CHECK-LABEL: func.func @attention_reads_slices_where_they_lie(
// CHECK-NEXT: %0 = "mlc.fused"(%arg0) ({
// CHECK-NEXT: ^bb0(%arg1: tensor<1x3x6x2xf32>):
// CHECK-NEXT: %1 = "mlc.slice"(%arg1) {starts = "0,0,0,0", dims = "1,3,2,2", steps = array<i64: 1, 1, 1, 1>} : (tensor<1x3x6x2xf32>) -> tensor<1x3x2x2xf32>
// CHECK-NEXT: %2 = "mlc.slice"(%arg1) {starts = "0,0,2,0", dims = "1,3,2,2", steps = array<i64: 1, 1, 1, 1>} : (tensor<1x3x6x2xf32>) -> tensor<1x3x2x2xf32>
// CHECK-NEXT: %3 = "mlc.slice"(%arg1) {starts = "0,0,4,0", dims = "1,3,2,2", steps = array<i64: 1, 1, 1, 1>} : (tensor<1x3x6x2xf32>) -> tensor<1x3x2x2xf32>
// CHECK-NEXT: %4 = "mlc.attention"(%1, %2, %3) {is_causal = false, left_window = -1 : i64, right_window = -1 : i64, scale = 0.5 : f64, softcap = 0.0 : f64, softmax_dtype = none, scores = "none", zero_rows = "none", layout = "blhd", operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0>} : (tensor<1x3x2x2xf32>, tensor<1x3x2x2xf32>, tensor<1x3x2x2xf32>) -> tensor<1x3x2x2xf32>
// CHECK-NEXT: "mlc.yield"(%4) : (tensor<1x3x2x2xf32>) -> ()
// CHECK-NEXT: }) {kind = "attention"} : (tensor<1x3x6x2xf32>) -> tensor<1x3x2x2xf32>
// CHECK-NEXT: func.return %0 : tensor<1x3x2x2xf32>
func.func @attention_reads_slices_where_they_lie(%x: tensor<1x3x6x2xf32>) -> (tensor<1x3x2x2xf32>) {
  %0 = "mlc.slice"(%x) {starts = "0,0,0,0", dims = "1,3,2,2", steps = array<i64: 1, 1, 1, 1>} : (tensor<1x3x6x2xf32>) -> tensor<1x3x2x2xf32>
  %1 = "mlc.slice"(%x) {starts = "0,0,2,0", dims = "1,3,2,2", steps = array<i64: 1, 1, 1, 1>} : (tensor<1x3x6x2xf32>) -> tensor<1x3x2x2xf32>
  %2 = "mlc.slice"(%x) {starts = "0,0,4,0", dims = "1,3,2,2", steps = array<i64: 1, 1, 1, 1>} : (tensor<1x3x6x2xf32>) -> tensor<1x3x2x2xf32>
  %3 = "mlc.attention"(%0, %1, %2) {is_causal = false, left_window = -1 : i64, right_window = -1 : i64, scale = 0.5 : f64, softcap = 0.0 : f64, softmax_dtype = none, scores = "none", zero_rows = "none", layout = "blhd", operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0>} : (tensor<1x3x2x2xf32>, tensor<1x3x2x2xf32>, tensor<1x3x2x2xf32>) -> tensor<1x3x2x2xf32>
  func.return %3 : tensor<1x3x2x2xf32>
}

// -----

// CHECK-LABEL: func.func @a_normalization_reads_rows_of_a_slice(
// CHECK-NEXT: %0 = "mlc.fused"(%arg0, %arg1) ({
// CHECK-NEXT: ^bb0(%arg2: tensor<5x12xf32>, %arg3: tensor<4xf32>):
// CHECK-NEXT: %1 = "mlc.slice"(%arg2) {starts = "0,4", dims = "5,4", steps = array<i64: 1, 1>} : (tensor<5x12xf32>) -> tensor<5x4xf32>
// CHECK-NEXT: %2 = "mlc.layer_norm"(%1, %arg3) {axis = -1 : i64, epsilon = 1.0e-05 : f64, operandSegmentSizes = array<i32: 1, 1, 0>} : (tensor<5x4xf32>, tensor<4xf32>) -> tensor<5x4xf32>
// CHECK-NEXT: "mlc.yield"(%2) : (tensor<5x4xf32>) -> ()
// CHECK-NEXT: }) {kind = "layer_norm"} : (tensor<5x12xf32>, tensor<4xf32>) -> tensor<5x4xf32>
// CHECK-NEXT: func.return %0 : tensor<5x4xf32>
func.func @a_normalization_reads_rows_of_a_slice(%x: tensor<5x12xf32>, %s: tensor<4xf32>) -> (tensor<5x4xf32>) {
  %0 = "mlc.slice"(%x) {starts = "0,4", dims = "5,4", steps = array<i64: 1, 1>} : (tensor<5x12xf32>) -> tensor<5x4xf32>
  %1 = "mlc.layer_norm"(%0, %s) {axis = -1 : i64, epsilon = 1.0e-05 : f64, operandSegmentSizes = array<i32: 1, 1, 0>} : (tensor<5x4xf32>, tensor<4xf32>) -> tensor<5x4xf32>
  func.return %1 : tensor<5x4xf32>
}

// -----

// Near misses: a slice that is needed elsewhere lies in memory anyway, and rows by steps are no rows.
// CHECK-LABEL: func.func @slices_that_are_not_read_in_place(
// CHECK-NEXT: %0 = "mlc.slice"(%arg0) {starts = "0,4", dims = "5,4", steps = array<i64: 1, 1>} : (tensor<5x12xf32>) -> tensor<5x4xf32>
// CHECK-NEXT: %1 = "mlc.layer_norm"(%0, %arg1) {axis = -1 : i64, epsilon = 1.0e-05 : f64, operandSegmentSizes = array<i32: 1, 1, 0>} : (tensor<5x4xf32>, tensor<4xf32>) -> tensor<5x4xf32>
// CHECK-NEXT: %2 = "mlc.slice"(%arg0) {starts = "0,1", dims = "5,4", steps = array<i64: 1, 2>} : (tensor<5x12xf32>) -> tensor<5x4xf32>
// CHECK-NEXT: %3 = "mlc.layer_norm"(%2, %arg1) {axis = -1 : i64, epsilon = 1.0e-05 : f64, operandSegmentSizes = array<i32: 1, 1, 0>} : (tensor<5x4xf32>, tensor<4xf32>) -> tensor<5x4xf32>
// CHECK-NEXT: func.return %0, %1, %3 : tensor<5x4xf32>, tensor<5x4xf32>, tensor<5x4xf32>
func.func @slices_that_are_not_read_in_place(%x: tensor<5x12xf32>, %s: tensor<4xf32>) -> (tensor<5x4xf32>, tensor<5x4xf32>, tensor<5x4xf32>) {
  %0 = "mlc.slice"(%x) {starts = "0,4", dims = "5,4", steps = array<i64: 1, 1>} : (tensor<5x12xf32>) -> tensor<5x4xf32>
  %1 = "mlc.layer_norm"(%0, %s) {axis = -1 : i64, epsilon = 1.0e-05 : f64, operandSegmentSizes = array<i32: 1, 1, 0>} : (tensor<5x4xf32>, tensor<4xf32>) -> tensor<5x4xf32>
  %2 = "mlc.slice"(%x) {starts = "0,1", dims = "5,4", steps = array<i64: 1, 2>} : (tensor<5x12xf32>) -> tensor<5x4xf32>
  %3 = "mlc.layer_norm"(%2, %s) {axis = -1 : i64, epsilon = 1.0e-05 : f64, operandSegmentSizes = array<i32: 1, 1, 0>} : (tensor<5x4xf32>, tensor<4xf32>) -> tensor<5x4xf32>
  func.return %0, %1, %3 : tensor<5x4xf32>, tensor<5x4xf32>, tensor<5x4xf32>
}

// -----

// RUN: mlc-opt --remarks=passed fuse{target=x86-64-v4}
// CHECK-LABEL: func.func @a_depthwise_conv_and_the_1x1_conv_on_it_are_one_kernel(
// CHECK-NEXT: %0 = "mlc.fused"(%arg0, %arg1, %arg2, %arg3) ({
// CHECK-NEXT: ^bb0(%arg4: tensor<1x1x4x4x16xf32>, %arg5: tensor<1x1x3x3x1x16xf32>, %arg6: tensor<1x1x1x1x16x16xf32>, %arg7: tensor<1x1x4x4x16xf32>):
// CHECK-NEXT: %1 = "mlc.conv"(%arg4, %arg5) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 16 : i64, layout = "nchw16c", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x1x4x4x16xf32>, tensor<1x1x3x3x1x16xf32>) -> tensor<1x1x4x4x16xf32>
// CHECK-NEXT: %2 = "mlc.relu"(%1) : (tensor<1x1x4x4x16xf32>) -> tensor<1x1x4x4x16xf32>
// CHECK-NEXT: %3 = "mlc.conv"(%2, %arg6) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw16c", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x1x4x4x16xf32>, tensor<1x1x1x1x16x16xf32>) -> tensor<1x1x4x4x16xf32>
// CHECK-NEXT: %4 = "mlc.add"(%3, %arg7) : (tensor<1x1x4x4x16xf32>, tensor<1x1x4x4x16xf32>) -> tensor<1x1x4x4x16xf32>
// CHECK-NEXT: "mlc.yield"(%4) : (tensor<1x1x4x4x16xf32>) -> ()
// CHECK-NEXT: }) {kind = "separable_conv"} : (tensor<1x1x4x4x16xf32>, tensor<1x1x3x3x1x16xf32>, tensor<1x1x1x1x16x16xf32>, tensor<1x1x4x4x16xf32>) -> tensor<1x1x4x4x16xf32>
// CHECK-NEXT: func.return %0 : tensor<1x1x4x4x16xf32>
// CHECK: passed  fuse/fuse_separable_conv #1 at ?: mlc.add, mlc.conv, mlc.relu, mlc.conv -> mlc.fused: 4 ops in one kernel; 1024 bytes between two convolutions are not stored
func.func @a_depthwise_conv_and_the_1x1_conv_on_it_are_one_kernel(%x: tensor<1x1x4x4x16xf32>, %w: tensor<1x1x3x3x1x16xf32>, %v: tensor<1x1x1x1x16x16xf32>, %r: tensor<1x1x4x4x16xf32>) -> (tensor<1x1x4x4x16xf32>) {
  %0 = "mlc.conv"(%x, %w) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 16 : i64, layout = "nchw16c", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x1x4x4x16xf32>, tensor<1x1x3x3x1x16xf32>) -> tensor<1x1x4x4x16xf32>
  %1 = "mlc.relu"(%0) : (tensor<1x1x4x4x16xf32>) -> tensor<1x1x4x4x16xf32>
  %2 = "mlc.conv"(%1, %v) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw16c", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x1x4x4x16xf32>, tensor<1x1x1x1x16x16xf32>) -> tensor<1x1x4x4x16xf32>
  %3 = "mlc.add"(%2, %r) : (tensor<1x1x4x4x16xf32>, tensor<1x1x4x4x16xf32>) -> tensor<1x1x4x4x16xf32>
  func.return %3 : tensor<1x1x4x4x16xf32>
}

// -----

// Near miss: what is between is an output of the graph as well.
// RUN: mlc-opt --remarks=missed fuse{target=x86-64-v4}
// CHECK-LABEL: func.func @what_is_between_is_an_output(
// CHECK-NEXT: %0 = "mlc.conv"(%arg0, %arg1) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 16 : i64, layout = "nchw16c", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x1x4x4x16xf32>, tensor<1x1x3x3x1x16xf32>) -> tensor<1x1x4x4x16xf32>
// CHECK-NEXT: %1 = "mlc.conv"(%0, %arg2) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw16c", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x1x4x4x16xf32>, tensor<1x1x1x1x16x16xf32>) -> tensor<1x1x4x4x16xf32>
// CHECK-NEXT: func.return %1, %0 : tensor<1x1x4x4x16xf32>, tensor<1x1x4x4x16xf32>
// CHECK: missed  fuse/fuse_separable_conv at ? (mlc.conv): what the depthwise convolution leaves is needed elsewhere (blocked by graph output 'output1')
func.func @what_is_between_is_an_output(%x: tensor<1x1x4x4x16xf32>, %w: tensor<1x1x3x3x1x16xf32>, %v: tensor<1x1x1x1x16x16xf32>) -> (tensor<1x1x4x4x16xf32>, tensor<1x1x4x4x16xf32>) {
  %0 = "mlc.conv"(%x, %w) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 16 : i64, layout = "nchw16c", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x1x4x4x16xf32>, tensor<1x1x3x3x1x16xf32>) -> tensor<1x1x4x4x16xf32>
  %1 = "mlc.conv"(%0, %v) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw16c", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x1x4x4x16xf32>, tensor<1x1x1x1x16x16xf32>) -> tensor<1x1x4x4x16xf32>
  func.return %1, %0 : tensor<1x1x4x4x16xf32>, tensor<1x1x4x4x16xf32>
}

// -----

// Near miss: the second conv has a window of its own, and would need lines of other bands.
// RUN: mlc-opt fuse{target=x86-64-v4}
// CHECK-LABEL: func.func @a_second_window_is_a_kernel_of_its_own(
// CHECK-NEXT: %0 = "mlc.conv"(%arg0, %arg1) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 16 : i64, layout = "nchw16c", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x1x4x4x16xf32>, tensor<1x1x3x3x1x16xf32>) -> tensor<1x1x4x4x16xf32>
// CHECK-NEXT: %1 = "mlc.conv"(%0, %arg2) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw16c", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x1x4x4x16xf32>, tensor<1x1x3x3x16x16xf32>) -> tensor<1x1x4x4x16xf32>
// CHECK-NEXT: func.return %1 : tensor<1x1x4x4x16xf32>
func.func @a_second_window_is_a_kernel_of_its_own(%x: tensor<1x1x4x4x16xf32>, %w: tensor<1x1x3x3x1x16xf32>, %v: tensor<1x1x3x3x16x16xf32>) -> (tensor<1x1x4x4x16xf32>) {
  %0 = "mlc.conv"(%x, %w) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 16 : i64, layout = "nchw16c", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x1x4x4x16xf32>, tensor<1x1x3x3x1x16xf32>) -> tensor<1x1x4x4x16xf32>
  %1 = "mlc.conv"(%0, %v) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw16c", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x1x4x4x16xf32>, tensor<1x1x3x3x16x16xf32>) -> tensor<1x1x4x4x16xf32>
  func.return %1 : tensor<1x1x4x4x16xf32>
}
