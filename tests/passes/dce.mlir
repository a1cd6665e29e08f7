// RUN: mlc-opt dce

// CHECK-LABEL: func.func @a_dead_chain_goes_at_once(
// CHECK-NEXT: func.return %arg0 : tensor<4xf32>
func.func @a_dead_chain_goes_at_once(%x: tensor<4xf32>) -> (tensor<4xf32>) {
  %0 = "mlc.exp"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = "mlc.relu"(%0) : (tensor<4xf32>) -> tensor<4xf32>
  func.return %x : tensor<4xf32>
}

// -----

// Near miss: the inner op is an output of the graph.
// CHECK-LABEL: func.func @a_live_op_stays(
// CHECK-NEXT: %0 = "mlc.exp"(%arg0) : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: func.return %0 : tensor<4xf32>
func.func @a_live_op_stays(%x: tensor<4xf32>) -> (tensor<4xf32>) {
  %0 = "mlc.exp"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = "mlc.relu"(%0) : (tensor<4xf32>) -> tensor<4xf32>
  func.return %0 : tensor<4xf32>
}

// -----

// Near miss: the other result is unused.
// CHECK-LABEL: func.func @an_op_with_one_used_result_stays(
// CHECK-NEXT: %0:2 = "mlc.top_k"(%arg0) {k = "2", axis = -1 : i64, is_largest = true} : (tensor<4xf32>) -> (tensor<2xf32>, tensor<2xi64>)
// CHECK-NEXT: func.return %0#0 : tensor<2xf32>
func.func @an_op_with_one_used_result_stays(%x: tensor<4xf32>) -> (tensor<2xf32>) {
  %0:2 = "mlc.top_k"(%x) {k = "2", axis = -1 : i64, is_largest = true} : (tensor<4xf32>) -> (tensor<2xf32>, tensor<2xi64>)
  func.return %0#0 : tensor<2xf32>
}

// -----
// RUN: mlc-opt --remarks=missed dce

// Near miss: an index may be out of range.
// CHECK-LABEL: func.func @an_op_that_may_fail_stays(
// CHECK-NEXT: %0 = "mlc.gather"(%arg0, %arg1) {axis = 0 : i64} : (tensor<4xf32>, tensor<2xi64>) -> tensor<2xf32>
// CHECK-NEXT: func.return %arg0 : tensor<4xf32>
// CHECK: missed  dce/drop_unused at ? (mlc.gather): its results are unused, but it may not go (blocked by it may fail at run time)
func.func @an_op_that_may_fail_stays(%x: tensor<4xf32>, %i: tensor<2xi64>) -> (tensor<4xf32>) {
  %0 = "mlc.gather"(%x, %i) {axis = 0 : i64} : (tensor<4xf32>, tensor<2xi64>) -> tensor<2xf32>
  func.return %x : tensor<4xf32>
}

// -----
// RUN: mlc-opt --remarks=missed dce

// Near miss: C is known from the op whose result is unused.
// CHECK-LABEL: func.func @an_op_that_defines_a_symbol_in_use_stays(
// CHECK-NEXT: %0 = "mlc.non_zero"(%arg0) {count = "C"} : (tensor<4xf32>) -> tensor<1x?xi64, "1,C">
// CHECK-NEXT: %1 = "mlc.expand"(%arg1) {dims = "C"} : (tensor<1xf32>) -> tensor<?xf32, "C">
// CHECK-NEXT: func.return %1 : tensor<?xf32, "C">
// CHECK: missed  dce/drop_unused at ? (mlc.non_zero): its results are unused, but it may not go (blocked by it defines a symbol that other ops name)
func.func @an_op_that_defines_a_symbol_in_use_stays(%x: tensor<4xf32>, %y: tensor<1xf32>) -> (tensor<?xf32, "C">) {
  %0 = "mlc.non_zero"(%x) {count = "C"} : (tensor<4xf32>) -> tensor<1x?xi64, "1,C">
  %1 = "mlc.expand"(%y) {dims = "C"} : (tensor<1xf32>) -> tensor<?xf32, "C">
  func.return %1 : tensor<?xf32, "C">
}

// -----

// CHECK-LABEL: func.func @a_dead_op_in_a_region_goes(
// CHECK-NEXT: %0 = "mlc.fused"(%arg0) ({
// CHECK-NEXT: ^bb0(%arg1: tensor<4xf32>):
// CHECK-NEXT: %1 = "mlc.exp"(%arg1) : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: "mlc.yield"(%1) : (tensor<4xf32>) -> ()
// CHECK-NEXT: }) {kind = "elementwise"} : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: func.return %0 : tensor<4xf32>
func.func @a_dead_op_in_a_region_goes(%x: tensor<4xf32>) -> (tensor<4xf32>) {
  %0 = "mlc.fused"(%x) ({
  ^bb0(%arg1: tensor<4xf32>):
    %1 = "mlc.exp"(%arg1) : (tensor<4xf32>) -> tensor<4xf32>
    %2 = "mlc.relu"(%1) : (tensor<4xf32>) -> tensor<4xf32>
    "mlc.yield"(%1) : (tensor<4xf32>) -> ()
  }) {kind = "elementwise"} : (tensor<4xf32>) -> tensor<4xf32>
  func.return %0 : tensor<4xf32>
}
