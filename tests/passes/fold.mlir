// RUN: mlc-opt fold

// CHECK-LABEL: func.func @constants_are_computed(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<[10.0, 14.0, 18.0]> : tensor<3xf32>} : () -> tensor<3xf32>
// CHECK-NEXT: func.return %0 : tensor<3xf32>
func.func @constants_are_computed() -> (tensor<3xf32>) {
  %0 = "mlc.constant"() {value = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : () -> tensor<3xf32>
  %1 = "mlc.constant"() {value = dense<[4.0, 5.0, 6.0]> : tensor<3xf32>} : () -> tensor<3xf32>
  %2 = "mlc.add"(%0, %1) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %3 = "mlc.constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %4 = "mlc.mul"(%2, %3) : (tensor<3xf32>, tensor<f32>) -> tensor<3xf32>
  func.return %4 : tensor<3xf32>
}

// -----

// CHECK-LABEL: func.func @a_chain_folds_up_to_its_first_input(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<1.0> : tensor<3xf32>} : () -> tensor<3xf32>
// CHECK-NEXT: %1 = "mlc.add"(%arg0, %0) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
// CHECK-NEXT: func.return %1 : tensor<3xf32>
func.func @a_chain_folds_up_to_its_first_input(%x: tensor<3xf32>) -> (tensor<3xf32>) {
  %0 = "mlc.constant"() {value = dense<0.0> : tensor<3xf32>} : () -> tensor<3xf32>
  %1 = "mlc.neg"(%0) : (tensor<3xf32>) -> tensor<3xf32>
  %2 = "mlc.exp"(%1) : (tensor<3xf32>) -> tensor<3xf32>
  %3 = "mlc.add"(%x, %2) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  func.return %3 : tensor<3xf32>
}

// -----

// Near miss.
// CHECK-LABEL: func.func @an_input_is_not_constant(
// CHECK-NEXT: %0 = "mlc.exp"(%arg0) : (tensor<3xf32>) -> tensor<3xf32>
// CHECK-NEXT: func.return %0 : tensor<3xf32>
func.func @an_input_is_not_constant(%x: tensor<3xf32>) -> (tensor<3xf32>) {
  %0 = "mlc.exp"(%x) : (tensor<3xf32>) -> tensor<3xf32>
  func.return %0 : tensor<3xf32>
}

// -----

// The second one depends on N.
// CHECK-LABEL: func.func @a_shape_that_is_known_folds(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<[3, 4]> : tensor<2xi64>} : () -> tensor<2xi64>
// CHECK-NEXT: %1 = "mlc.shape"(%arg0) {start = 0 : i64, end = none} : (tensor<?x3x4xf32, "N,3,4">) -> tensor<3xi64>
// CHECK-NEXT: func.return %0, %1 : tensor<2xi64>, tensor<3xi64>
func.func @a_shape_that_is_known_folds(%x: tensor<?x3x4xf32, "N,3,4">) -> (tensor<2xi64>, tensor<3xi64>) {
  %0 = "mlc.shape"(%x) {start = 1 : i64, end = none} : (tensor<?x3x4xf32, "N,3,4">) -> tensor<2xi64>
  %1 = "mlc.shape"(%x) {start = 0 : i64, end = none} : (tensor<?x3x4xf32, "N,3,4">) -> tensor<3xi64>
  func.return %0, %1 : tensor<2xi64>, tensor<3xi64>
}

// -----

// CHECK-LABEL: func.func @integer_division_rounds_towards_zero(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<-3> : tensor<2xi32>} : () -> tensor<2xi32>
// CHECK-NEXT: func.return %0 : tensor<2xi32>
func.func @integer_division_rounds_towards_zero() -> (tensor<2xi32>) {
  %0 = "mlc.constant"() {value = dense<[-7, 7]> : tensor<2xi32>} : () -> tensor<2xi32>
  %1 = "mlc.constant"() {value = dense<[2, -2]> : tensor<2xi32>} : () -> tensor<2xi32>
  %2 = "mlc.div"(%0, %1) : (tensor<2xi32>, tensor<2xi32>) -> tensor<2xi32>
  func.return %2 : tensor<2xi32>
}

// -----

// CHECK-LABEL: func.func @integers_wrap_as_they_do_when_it_runs(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<-128> : tensor<i8>} : () -> tensor<i8>
// CHECK-NEXT: func.return %0 : tensor<i8>
func.func @integers_wrap_as_they_do_when_it_runs() -> (tensor<i8>) {
  %0 = "mlc.constant"() {value = dense<127> : tensor<i8>} : () -> tensor<i8>
  %1 = "mlc.constant"() {value = dense<1> : tensor<i8>} : () -> tensor<i8>
  %2 = "mlc.add"(%0, %1) : (tensor<i8>, tensor<i8>) -> tensor<i8>
  func.return %2 : tensor<i8>
}

// -----

// CHECK-LABEL: func.func @nan_and_infinity_are_values(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<[0x7F800000, 0xFF800000, 0xFFC00000]> : tensor<3xf32>} : () -> tensor<3xf32>
// CHECK-NEXT: %1 = "mlc.constant"() {value = dense<0xFFC00000> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: func.return %0, %1 : tensor<3xf32>, tensor<f32>
func.func @nan_and_infinity_are_values() -> (tensor<3xf32>, tensor<f32>) {
  %0 = "mlc.constant"() {value = dense<[1.0, -1.0, 0.0]> : tensor<3xf32>} : () -> tensor<3xf32>
  %1 = "mlc.constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
  %2 = "mlc.div"(%0, %1) : (tensor<3xf32>, tensor<f32>) -> tensor<3xf32>
  %3 = "mlc.constant"() {value = dense<-1.0> : tensor<f32>} : () -> tensor<f32>
  %4 = "mlc.sqrt"(%3) : (tensor<f32>) -> tensor<f32>
  func.return %2, %4 : tensor<3xf32>, tensor<f32>
}

// -----

// CHECK-LABEL: func.func @an_op_that_does_not_fail_folds(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<[1.0, 3.0]> : tensor<2xf32>} : () -> tensor<2xf32>
// CHECK-NEXT: func.return %0 : tensor<2xf32>
func.func @an_op_that_does_not_fail_folds() -> (tensor<2xf32>) {
  %0 = "mlc.constant"() {value = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : () -> tensor<3xf32>
  %1 = "mlc.constant"() {value = dense<[0, 2]> : tensor<2xi64>} : () -> tensor<2xi64>
  %2 = "mlc.gather"(%0, %1) {axis = 0 : i64} : (tensor<3xf32>, tensor<2xi64>) -> tensor<2xf32>
  func.return %2 : tensor<2xf32>
}

// -----
// RUN: mlc-opt --remarks=missed fold{max-bytes=63}

// Near miss: 64 bytes from 4.
// CHECK-LABEL: func.func @a_large_result_stays(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %1 = "mlc.expand"(%0) {dims = "4,4"} : (tensor<f32>) -> tensor<4x4xf32>
// CHECK-NEXT: func.return %1 : tensor<4x4xf32>
// CHECK: missed  fold/fold_constants at ? (mlc.expand): its result takes 64 bytes (blocked by max-bytes)
func.func @a_large_result_stays() -> (tensor<4x4xf32>) {
  %0 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %1 = "mlc.expand"(%0) {dims = "4,4"} : (tensor<f32>) -> tensor<4x4xf32>
  func.return %1 : tensor<4x4xf32>
}

// -----
// RUN: mlc-opt fold{max-bytes=8}

// CHECK-LABEL: func.func @a_large_result_of_a_large_constant_folds(
// CHECK-NEXT{LITERAL}: %0 = "mlc.constant"() {value = dense<[[0.1875, -0.4375, -0.6875, -2.3125], [-0.0625, 0.4375, -1.1875, -0.1875], [0.6875, 1.3125, -0.5625, -1.1875], [0.1875, 1.0625, 0.0625, -0.6875]]> : tensor<4x4xf32>} : () -> tensor<4x4xf32>
// CHECK-NEXT: func.return %0 : tensor<4x4xf32>
func.func @a_large_result_of_a_large_constant_folds() -> (tensor<4x4xf32>) {
  %0 = "mlc.constant"() {value = dense<[[0.1875, -0.0625, 0.6875, 0.1875], [-0.4375, 0.4375, 1.3125, 1.0625], [-0.6875, -1.1875, -0.5625, 0.0625], [-2.3125, -0.1875, -1.1875, -0.6875]]> : tensor<4x4xf32>} : () -> tensor<4x4xf32>
  %1 = "mlc.transpose"(%0) {perm = array<i64: 1, 0>} : (tensor<4x4xf32>) -> tensor<4x4xf32>
  func.return %1 : tensor<4x4xf32>
}

// -----
// RUN: mlc-opt --remarks=missed fold

// Near miss.
// CHECK-LABEL: func.func @a_result_that_depends_on_a_symbol_stays(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %1 = "mlc.expand"(%0) {dims = "N"} : (tensor<f32>) -> tensor<?xf32, "N">
// CHECK-NEXT: %2 = "mlc.add"(%arg0, %1) : (tensor<?xf32, "N">, tensor<?xf32, "N">) -> tensor<?xf32, "N">
// CHECK-NEXT: func.return %2 : tensor<?xf32, "N">
// CHECK: missed  fold/fold_constants at ? (mlc.expand): its result depends on a symbol (blocked by N)
func.func @a_result_that_depends_on_a_symbol_stays(%x: tensor<?xf32, "N">) -> (tensor<?xf32, "N">) {
  %0 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %1 = "mlc.expand"(%0) {dims = "N"} : (tensor<f32>) -> tensor<?xf32, "N">
  %2 = "mlc.add"(%x, %1) : (tensor<?xf32, "N">, tensor<?xf32, "N">) -> tensor<?xf32, "N">
  func.return %2 : tensor<?xf32, "N">
}

// -----

// CHECK-LABEL: func.func @a_group_of_constants_folds(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<[-0.5, 1.0]> : tensor<2xf32>} : () -> tensor<2xf32>
// CHECK-NEXT: func.return %0 : tensor<2xf32>
func.func @a_group_of_constants_folds() -> (tensor<2xf32>) {
  %0 = "mlc.constant"() {value = dense<[-1.0, 1.0]> : tensor<2xf32>} : () -> tensor<2xf32>
  %1 = "mlc.fused"(%0) ({
  ^bb0(%arg0: tensor<2xf32>):
    %2 = "mlc.leaky_relu"(%arg0) {slope = 0.5 : f64} : (tensor<2xf32>) -> tensor<2xf32>
    "mlc.yield"(%2) : (tensor<2xf32>) -> ()
  }) {kind = "elementwise"} : (tensor<2xf32>) -> tensor<2xf32>
  func.return %1 : tensor<2xf32>
}

// -----
// RUN: mlc-opt --locations fold

// CHECK-LABEL: func.func @names_are_kept(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<3.0> : tensor<f32>} : () -> tensor<f32> loc("sum")
// CHECK-NEXT: func.return %0 : tensor<f32>
func.func @names_are_kept() -> (tensor<f32>) {
  %0 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %1 = "mlc.constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %2 = "mlc.add"(%0, %1) : (tensor<f32>, tensor<f32>) -> tensor<f32> loc("sum")
  func.return %2 : tensor<f32>
}

// -----

// CHECK-LABEL: func.func @several_results_fold_together(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<[3.0, 2.0]> : tensor<2xf32>} : () -> tensor<2xf32>
// CHECK-NEXT: %1 = "mlc.constant"() {value = dense<[1, 2]> : tensor<2xi64>} : () -> tensor<2xi64>
// CHECK-NEXT: func.return %0, %1 : tensor<2xf32>, tensor<2xi64>
func.func @several_results_fold_together() -> (tensor<2xf32>, tensor<2xi64>) {
  %0 = "mlc.constant"() {value = dense<[1.0, 3.0, 2.0]> : tensor<3xf32>} : () -> tensor<3xf32>
  %1:2 = "mlc.top_k"(%0) {k = "2", axis = -1 : i64, is_largest = true} : (tensor<3xf32>) -> (tensor<2xf32>, tensor<2xi64>)
  func.return %1#0, %1#1 : tensor<2xf32>, tensor<2xi64>
}

// -----

// CHECK-LABEL: func.func @narrow_floats_round_once(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<3.0039062> : tensor<f16>} : () -> tensor<f16>
// CHECK-NEXT: func.return %0 : tensor<f16>
func.func @narrow_floats_round_once() -> (tensor<f16>) {
  %0 = "mlc.constant"() {value = dense<1.0009766> : tensor<f16>} : () -> tensor<f16>
  %1 = "mlc.constant"() {value = dense<3.0> : tensor<f16>} : () -> tensor<f16>
  %2 = "mlc.mul"(%0, %1) : (tensor<f16>, tensor<f16>) -> tensor<f16>
  func.return %2 : tensor<f16>
}
