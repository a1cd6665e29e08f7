// RUN: mlc-opt cse

// CHECK-LABEL: func.func @equal_ops_become_one(
// CHECK-NEXT: %0 = "mlc.exp"(%arg0) : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: %1 = "mlc.add"(%0, %0) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: func.return %1 : tensor<4xf32>
func.func @equal_ops_become_one(%x: tensor<4xf32>) -> (tensor<4xf32>) {
  %0 = "mlc.exp"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = "mlc.exp"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %2 = "mlc.add"(%0, %1) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  func.return %2 : tensor<4xf32>
}

// -----

// CHECK-LABEL: func.func @equal_chains_become_one(
// CHECK-NEXT: %0 = "mlc.exp"(%arg0) : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: %1 = "mlc.relu"(%0) : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: %2 = "mlc.add"(%1, %1) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: func.return %2 : tensor<4xf32>
func.func @equal_chains_become_one(%x: tensor<4xf32>) -> (tensor<4xf32>) {
  %0 = "mlc.exp"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = "mlc.relu"(%0) : (tensor<4xf32>) -> tensor<4xf32>
  %2 = "mlc.exp"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %3 = "mlc.relu"(%2) : (tensor<4xf32>) -> tensor<4xf32>
  %4 = "mlc.add"(%1, %3) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  func.return %4 : tensor<4xf32>
}

// -----

// CHECK-LABEL: func.func @commuted_operands_are_equal(
// CHECK-NEXT: %0 = "mlc.mul"(%arg0, %arg1) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: %1 = "mlc.sub"(%0, %0) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: func.return %1 : tensor<4xf32>
func.func @commuted_operands_are_equal(%x: tensor<4xf32>, %y: tensor<4xf32>) -> (tensor<4xf32>) {
  %0 = "mlc.mul"(%x, %y) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = "mlc.mul"(%y, %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %2 = "mlc.sub"(%0, %1) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  func.return %2 : tensor<4xf32>
}

// -----

// Near miss: operands swapped.
// CHECK-LABEL: func.func @commuted_operands_of_a_difference_are_not(
// CHECK-NEXT: %0 = "mlc.sub"(%arg0, %arg1) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: %1 = "mlc.sub"(%arg1, %arg0) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: func.return %0, %1 : tensor<4xf32>, tensor<4xf32>
func.func @commuted_operands_of_a_difference_are_not(%x: tensor<4xf32>, %y: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %0 = "mlc.sub"(%x, %y) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = "mlc.sub"(%y, %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  func.return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// -----

// Near miss: attribute.
// CHECK-LABEL: func.func @ops_with_another_attribute_stay(
// CHECK-NEXT: %0 = "mlc.leaky_relu"(%arg0) {slope = 0.1 : f64} : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: %1 = "mlc.leaky_relu"(%arg0) {slope = 0.2 : f64} : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: func.return %0, %1 : tensor<4xf32>, tensor<4xf32>
func.func @ops_with_another_attribute_stay(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %0 = "mlc.leaky_relu"(%x) {slope = 0.1 : f64} : (tensor<4xf32>) -> tensor<4xf32>
  %1 = "mlc.leaky_relu"(%x) {slope = 0.2 : f64} : (tensor<4xf32>) -> tensor<4xf32>
  func.return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// -----

// Near miss: -0.0 is not 0.0.
// CHECK-LABEL: func.func @slopes_of_unlike_zeros_stay(
// CHECK-NEXT: %0 = "mlc.leaky_relu"(%arg0) {slope = 0.0 : f64} : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: %1 = "mlc.leaky_relu"(%arg0) {slope = -0.0 : f64} : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: func.return %0, %1 : tensor<4xf32>, tensor<4xf32>
func.func @slopes_of_unlike_zeros_stay(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %0 = "mlc.leaky_relu"(%x) {slope = 0.0 : f64} : (tensor<4xf32>) -> tensor<4xf32>
  %1 = "mlc.leaky_relu"(%x) {slope = -0.0 : f64} : (tensor<4xf32>) -> tensor<4xf32>
  func.return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// -----

// Near miss: dtype.
// CHECK-LABEL: func.func @casts_to_another_type_stay(
// CHECK-NEXT: %0 = "mlc.cast"(%arg0) {dtype = f64, saturates = true, rounding = "up"} : (tensor<4xf32>) -> tensor<4xf64>
// CHECK-NEXT: %1 = "mlc.cast"(%arg0) {dtype = f16, saturates = true, rounding = "up"} : (tensor<4xf32>) -> tensor<4xf16>
// CHECK-NEXT: func.return %0, %1 : tensor<4xf64>, tensor<4xf16>
func.func @casts_to_another_type_stay(%x: tensor<4xf32>) -> (tensor<4xf64>, tensor<4xf16>) {
  %0 = "mlc.cast"(%x) {dtype = f64, saturates = true, rounding = "up"} : (tensor<4xf32>) -> tensor<4xf64>
  %1 = "mlc.cast"(%x) {dtype = f16, saturates = true, rounding = "up"} : (tensor<4xf32>) -> tensor<4xf16>
  func.return %0, %1 : tensor<4xf64>, tensor<4xf16>
}

// -----

// Both are outputs of the graph.
// CHECK-LABEL: func.func @equal_outputs_share_a_value(
// CHECK-NEXT: %0 = "mlc.exp"(%arg0) : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: func.return %0, %0 : tensor<4xf32>, tensor<4xf32>
func.func @equal_outputs_share_a_value(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %0 = "mlc.exp"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = "mlc.exp"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  func.return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// -----

// CHECK-LABEL: func.func @equal_constants_become_one(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : () -> tensor<3xf32>
// CHECK-NEXT: %1 = "mlc.mul"(%arg0, %0) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
// CHECK-NEXT: %2 = "mlc.add"(%1, %0) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
// CHECK-NEXT: func.return %2 : tensor<3xf32>
func.func @equal_constants_become_one(%x: tensor<3xf32>) -> (tensor<3xf32>) {
  %0 = "mlc.constant"() {value = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : () -> tensor<3xf32>
  %1 = "mlc.mul"(%x, %0) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %2 = "mlc.constant"() {value = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : () -> tensor<3xf32>
  %3 = "mlc.add"(%1, %2) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  func.return %3 : tensor<3xf32>
}

// -----

// Near miss: -0.0 is not 0.0.
// CHECK-LABEL: func.func @constants_of_unlike_zeros_stay(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %1 = "mlc.mul"(%arg0, %0) : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
// CHECK-NEXT: %2 = "mlc.constant"() {value = dense<-0.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %3 = "mlc.mul"(%arg0, %2) : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
// CHECK-NEXT: func.return %1, %3 : tensor<2xf32>, tensor<2xf32>
func.func @constants_of_unlike_zeros_stay(%x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  %0 = "mlc.constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
  %1 = "mlc.mul"(%x, %0) : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  %2 = "mlc.constant"() {value = dense<-0.0> : tensor<f32>} : () -> tensor<f32>
  %3 = "mlc.mul"(%x, %2) : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  func.return %1, %3 : tensor<2xf32>, tensor<2xf32>
}

// -----

// Near miss: dtype.
// CHECK-LABEL: func.func @constants_of_another_dtype_stay(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %1 = "mlc.add"(%arg0, %0) : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
// CHECK-NEXT: %2 = "mlc.constant"() {value = dense<1> : tensor<i32>} : () -> tensor<i32>
// CHECK-NEXT: %3 = "mlc.cast"(%2) {dtype = f32, saturates = true, rounding = "up"} : (tensor<i32>) -> tensor<f32>
// CHECK-NEXT: func.return %1, %3 : tensor<2xf32>, tensor<f32>
func.func @constants_of_another_dtype_stay(%x: tensor<2xf32>) -> (tensor<2xf32>, tensor<f32>) {
  %0 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %1 = "mlc.add"(%x, %0) : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  %2 = "mlc.constant"() {value = dense<1> : tensor<i32>} : () -> tensor<i32>
  %3 = "mlc.cast"(%2) {dtype = f32, saturates = true, rounding = "up"} : (tensor<i32>) -> tensor<f32>
  func.return %1, %3 : tensor<2xf32>, tensor<f32>
}

// -----

// CHECK-LABEL: func.func @several_results_are_replaced_together(
// CHECK-NEXT: %0:2 = "mlc.top_k"(%arg0) {k = "2", axis = -1 : i64, is_largest = true} : (tensor<4xf32>) -> (tensor<2xf32>, tensor<2xi64>)
// CHECK-NEXT: func.return %0#0, %0#0, %0#1 : tensor<2xf32>, tensor<2xf32>, tensor<2xi64>
func.func @several_results_are_replaced_together(%x: tensor<4xf32>) -> (tensor<2xf32>, tensor<2xf32>, tensor<2xi64>) {
  %0:2 = "mlc.top_k"(%x) {k = "2", axis = -1 : i64, is_largest = true} : (tensor<4xf32>) -> (tensor<2xf32>, tensor<2xi64>)
  %1:2 = "mlc.top_k"(%x) {k = "2", axis = -1 : i64, is_largest = true} : (tensor<4xf32>) -> (tensor<2xf32>, tensor<2xi64>)
  func.return %0#0, %1#0, %1#1 : tensor<2xf32>, tensor<2xf32>, tensor<2xi64>
}

// -----

// CHECK-LABEL: func.func @equal_groups_become_one(
// CHECK-NEXT: %0 = "mlc.fused"(%arg0) ({
// CHECK-NEXT: ^bb0(%arg1: tensor<4xf32>):
// CHECK-NEXT: %1 = "mlc.leaky_relu"(%arg1) {slope = 0.5 : f64} : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: "mlc.yield"(%1) : (tensor<4xf32>) -> ()
// CHECK-NEXT: }) {kind = "elementwise"} : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: %2 = "mlc.add"(%0, %0) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: func.return %2 : tensor<4xf32>
func.func @equal_groups_become_one(%x: tensor<4xf32>) -> (tensor<4xf32>) {
  %0 = "mlc.fused"(%x) ({
  ^bb0(%arg1: tensor<4xf32>):
    %1 = "mlc.leaky_relu"(%arg1) {slope = 0.5 : f64} : (tensor<4xf32>) -> tensor<4xf32>
    "mlc.yield"(%1) : (tensor<4xf32>) -> ()
  }) {kind = "elementwise"} : (tensor<4xf32>) -> tensor<4xf32>
  %2 = "mlc.fused"(%x) ({
  ^bb0(%arg2: tensor<4xf32>):
    %3 = "mlc.leaky_relu"(%arg2) {slope = 0.5 : f64} : (tensor<4xf32>) -> tensor<4xf32>
    "mlc.yield"(%3) : (tensor<4xf32>) -> ()
  }) {kind = "elementwise"} : (tensor<4xf32>) -> tensor<4xf32>
  %4 = "mlc.add"(%0, %2) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  func.return %4 : tensor<4xf32>
}

// -----

// Near miss: an attribute inside.
// CHECK-LABEL: func.func @groups_with_another_body_stay(
// CHECK-NEXT: %0 = "mlc.fused"(%arg0) ({
// CHECK-NEXT: ^bb0(%arg1: tensor<4xf32>):
// CHECK-NEXT: %1 = "mlc.leaky_relu"(%arg1) {slope = 0.5 : f64} : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: "mlc.yield"(%1) : (tensor<4xf32>) -> ()
// CHECK-NEXT: }) {kind = "elementwise"} : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: %2 = "mlc.fused"(%arg0) ({
// CHECK-NEXT: ^bb0(%arg2: tensor<4xf32>):
// CHECK-NEXT: %3 = "mlc.leaky_relu"(%arg2) {slope = 0.25 : f64} : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: "mlc.yield"(%3) : (tensor<4xf32>) -> ()
// CHECK-NEXT: }) {kind = "elementwise"} : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: %4 = "mlc.add"(%0, %2) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: func.return %4 : tensor<4xf32>
func.func @groups_with_another_body_stay(%x: tensor<4xf32>) -> (tensor<4xf32>) {
  %0 = "mlc.fused"(%x) ({
  ^bb0(%arg1: tensor<4xf32>):
    %1 = "mlc.leaky_relu"(%arg1) {slope = 0.5 : f64} : (tensor<4xf32>) -> tensor<4xf32>
    "mlc.yield"(%1) : (tensor<4xf32>) -> ()
  }) {kind = "elementwise"} : (tensor<4xf32>) -> tensor<4xf32>
  %2 = "mlc.fused"(%x) ({
  ^bb0(%arg2: tensor<4xf32>):
    %3 = "mlc.leaky_relu"(%arg2) {slope = 0.25 : f64} : (tensor<4xf32>) -> tensor<4xf32>
    "mlc.yield"(%3) : (tensor<4xf32>) -> ()
  }) {kind = "elementwise"} : (tensor<4xf32>) -> tensor<4xf32>
  %4 = "mlc.add"(%0, %2) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  func.return %4 : tensor<4xf32>
}

// -----

// Near miss: the types name two symbols.
// CHECK-LABEL: func.func @equal_ops_of_a_data_dependent_shape_stay(
// CHECK-NEXT: %0 = "mlc.non_zero"(%arg0) {count = "A"} : (tensor<4xf32>) -> tensor<1x?xi64, "1,A">
// CHECK-NEXT: %1 = "mlc.non_zero"(%arg0) {count = "B"} : (tensor<4xf32>) -> tensor<1x?xi64, "1,B">
// CHECK-NEXT: func.return %0, %1 : tensor<1x?xi64, "1,A">, tensor<1x?xi64, "1,B">
func.func @equal_ops_of_a_data_dependent_shape_stay(%x: tensor<4xf32>) -> (tensor<1x?xi64, "1,A">, tensor<1x?xi64, "1,B">) {
  %0 = "mlc.non_zero"(%x) {count = "A"} : (tensor<4xf32>) -> tensor<1x?xi64, "1,A">
  %1 = "mlc.non_zero"(%x) {count = "B"} : (tensor<4xf32>) -> tensor<1x?xi64, "1,B">
  func.return %0, %1 : tensor<1x?xi64, "1,A">, tensor<1x?xi64, "1,B">
}
