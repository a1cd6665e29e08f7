// RUN: mlc-opt recognize

// CHECK-LABEL: func.func @gelu_as_the_older_exporter_writes_it(
// CHECK-NEXT: %0 = "mlc.gelu"(%arg0) {approximation = "none"} : (tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %0 : tensor<2x8xf32>
func.func @gelu_as_the_older_exporter_writes_it(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %0 = "mlc.constant"() {value = dense<1.4142135> : tensor<f32>} : () -> tensor<f32>
  %1 = "mlc.div"(%x, %0) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %2 = "mlc.erf"(%1) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %3 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %4 = "mlc.add"(%2, %3) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %5 = "mlc.mul"(%x, %4) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %6 = "mlc.constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %7 = "mlc.mul"(%5, %6) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  func.return %7 : tensor<2x8xf32>
}

// -----

// CHECK-LABEL: func.func @gelu_with_its_factors_in_another_order(
// CHECK-NEXT: %0 = "mlc.gelu"(%arg0) {approximation = "none"} : (tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %0 : tensor<2x8xf32>
func.func @gelu_with_its_factors_in_another_order(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %0 = "mlc.constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %1 = "mlc.mul"(%0, %x) : (tensor<f32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %2 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %3 = "mlc.constant"() {value = dense<0.70710677> : tensor<f32>} : () -> tensor<f32>
  %4 = "mlc.mul"(%3, %x) : (tensor<f32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %5 = "mlc.erf"(%4) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %6 = "mlc.add"(%2, %5) : (tensor<f32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %7 = "mlc.mul"(%1, %6) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  func.return %7 : tensor<2x8xf32>
}

// -----

// CHECK-LABEL: func.func @gelu_of_a_product(
// CHECK-NEXT: %0 = "mlc.mul"(%arg0, %arg1) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %1 = "mlc.gelu"(%0) {approximation = "none"} : (tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %1 : tensor<2x8xf32>
func.func @gelu_of_a_product(%x: tensor<2x8xf32>, %y: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %0 = "mlc.mul"(%x, %y) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %1 = "mlc.constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %2 = "mlc.mul"(%0, %1) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %3 = "mlc.constant"() {value = dense<1.4142135> : tensor<f32>} : () -> tensor<f32>
  %4 = "mlc.div"(%0, %3) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %5 = "mlc.erf"(%4) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %6 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %7 = "mlc.add"(%5, %6) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %8 = "mlc.mul"(%2, %7) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  func.return %8 : tensor<2x8xf32>
}

// -----
// RUN: mlc-opt --remarks=missed recognize

// Near miss: constant.
// CHECK-LABEL: func.func @gelu_with_another_constant_stays(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<1.4142135> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %1 = "mlc.div"(%arg0, %0) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
// CHECK-NEXT: %2 = "mlc.erf"(%1) : (tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %3 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %4 = "mlc.add"(%2, %3) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
// CHECK-NEXT: %5 = "mlc.mul"(%arg0, %4) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %6 = "mlc.constant"() {value = dense<0.25> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %7 = "mlc.mul"(%5, %6) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %7 : tensor<2x8xf32>
// CHECK: missed  recognize/recognize_gelu at ? (mlc.mul): the factor is 0.25, not 0.5 (blocked by mlc.mul '?')
func.func @gelu_with_another_constant_stays(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %0 = "mlc.constant"() {value = dense<1.4142135> : tensor<f32>} : () -> tensor<f32>
  %1 = "mlc.div"(%x, %0) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %2 = "mlc.erf"(%1) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %3 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %4 = "mlc.add"(%2, %3) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %5 = "mlc.mul"(%x, %4) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %6 = "mlc.constant"() {value = dense<0.25> : tensor<f32>} : () -> tensor<f32>
  %7 = "mlc.mul"(%5, %6) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  func.return %7 : tensor<2x8xf32>
}

// -----
// RUN: mlc-opt --remarks=missed recognize

// Near miss: the curve is of another value.
// CHECK-LABEL: func.func @gelu_of_two_values_stays(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<1.4142135> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %1 = "mlc.div"(%arg1, %0) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
// CHECK-NEXT: %2 = "mlc.erf"(%1) : (tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %3 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %4 = "mlc.add"(%2, %3) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
// CHECK-NEXT: %5 = "mlc.mul"(%arg0, %4) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %6 = "mlc.constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %7 = "mlc.mul"(%5, %6) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %7 : tensor<2x8xf32>
func.func @gelu_of_two_values_stays(%x: tensor<2x8xf32>, %y: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %0 = "mlc.constant"() {value = dense<1.4142135> : tensor<f32>} : () -> tensor<f32>
  %1 = "mlc.div"(%y, %0) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %2 = "mlc.erf"(%1) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %3 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %4 = "mlc.add"(%2, %3) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %5 = "mlc.mul"(%x, %4) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %6 = "mlc.constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %7 = "mlc.mul"(%5, %6) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  func.return %7 : tensor<2x8xf32>
}

// -----
// RUN: mlc-opt --remarks=missed recognize

// Near miss: erf(x / 2).
// CHECK-LABEL: func.func @gelu_with_a_wrong_argument_stays(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %1 = "mlc.mul"(%arg0, %0) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
// CHECK-NEXT: %2 = "mlc.erf"(%1) : (tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %3 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %4 = "mlc.add"(%2, %3) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
// CHECK-NEXT: %5 = "mlc.mul"(%arg0, %4) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %6 = "mlc.constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %7 = "mlc.mul"(%5, %6) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %7 : tensor<2x8xf32>
func.func @gelu_with_a_wrong_argument_stays(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %0 = "mlc.constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %1 = "mlc.mul"(%x, %0) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %2 = "mlc.erf"(%1) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %3 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %4 = "mlc.add"(%2, %3) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %5 = "mlc.mul"(%x, %4) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %6 = "mlc.constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %7 = "mlc.mul"(%5, %6) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  func.return %7 : tensor<2x8xf32>
}

// -----
// RUN: mlc-opt --remarks=missed recognize

// Near miss: graph output.
// CHECK-LABEL: func.func @gelu_whose_curve_is_an_output_stays(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<1.4142135> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %1 = "mlc.div"(%arg0, %0) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
// CHECK-NEXT: %2 = "mlc.erf"(%1) : (tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %3 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %4 = "mlc.add"(%2, %3) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
// CHECK-NEXT: %5 = "mlc.mul"(%arg0, %4) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %6 = "mlc.constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %7 = "mlc.mul"(%5, %6) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %7, %4 : tensor<2x8xf32>, tensor<2x8xf32>
// CHECK: missed  recognize/recognize_gelu at ? (mlc.mul): an intermediate of the pattern has another use (blocked by graph output 'output1')
func.func @gelu_whose_curve_is_an_output_stays(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>, tensor<2x8xf32>) {
  %0 = "mlc.constant"() {value = dense<1.4142135> : tensor<f32>} : () -> tensor<f32>
  %1 = "mlc.div"(%x, %0) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %2 = "mlc.erf"(%1) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %3 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %4 = "mlc.add"(%2, %3) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %5 = "mlc.mul"(%x, %4) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %6 = "mlc.constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %7 = "mlc.mul"(%5, %6) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  func.return %7, %4 : tensor<2x8xf32>, tensor<2x8xf32>
}

// -----

// CHECK-LABEL: func.func @gelu_by_tanh(
// CHECK-NEXT: %0 = "mlc.gelu"(%arg0) {approximation = "tanh"} : (tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %0 : tensor<2x8xf32>
func.func @gelu_by_tanh(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %0 = "mlc.constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %1 = "mlc.mul"(%0, %x) : (tensor<f32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %2 = "mlc.constant"() {value = dense<0.044715> : tensor<f32>} : () -> tensor<f32>
  %3 = "mlc.mul"(%x, %x) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %4 = "mlc.mul"(%x, %3) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %5 = "mlc.mul"(%2, %4) : (tensor<f32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %6 = "mlc.add"(%x, %5) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %7 = "mlc.constant"() {value = dense<0.7978846> : tensor<f32>} : () -> tensor<f32>
  %8 = "mlc.mul"(%6, %7) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %9 = "mlc.tanh"(%8) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %10 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %11 = "mlc.add"(%9, %10) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %12 = "mlc.mul"(%1, %11) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  func.return %12 : tensor<2x8xf32>
}

// -----

// CHECK-LABEL: func.func @gelu_by_tanh_of_a_power(
// CHECK-NEXT: %0 = "mlc.gelu"(%arg0) {approximation = "tanh"} : (tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %0 : tensor<2x8xf32>
func.func @gelu_by_tanh_of_a_power(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %0 = "mlc.constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %1 = "mlc.mul"(%0, %x) : (tensor<f32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %2 = "mlc.constant"() {value = dense<0.044715> : tensor<f32>} : () -> tensor<f32>
  %3 = "mlc.constant"() {value = dense<3.0> : tensor<f32>} : () -> tensor<f32>
  %4 = "mlc.pow"(%x, %3) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %5 = "mlc.mul"(%2, %4) : (tensor<f32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %6 = "mlc.add"(%x, %5) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %7 = "mlc.constant"() {value = dense<0.7978846> : tensor<f32>} : () -> tensor<f32>
  %8 = "mlc.mul"(%6, %7) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %9 = "mlc.tanh"(%8) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %10 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %11 = "mlc.add"(%9, %10) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %12 = "mlc.mul"(%1, %11) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  func.return %12 : tensor<2x8xf32>
}

// -----

// CHECK-LABEL: func.func @gelu_by_tanh_with_x_taken_out(
// CHECK-NEXT: %0 = "mlc.gelu"(%arg0) {approximation = "tanh"} : (tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %0 : tensor<2x8xf32>
func.func @gelu_by_tanh_with_x_taken_out(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %0 = "mlc.constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %1 = "mlc.mul"(%0, %x) : (tensor<f32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %2 = "mlc.constant"() {value = dense<0.7978846> : tensor<f32>} : () -> tensor<f32>
  %3 = "mlc.mul"(%x, %2) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %4 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %5 = "mlc.constant"() {value = dense<0.044715> : tensor<f32>} : () -> tensor<f32>
  %6 = "mlc.mul"(%x, %x) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %7 = "mlc.mul"(%5, %6) : (tensor<f32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %8 = "mlc.add"(%4, %7) : (tensor<f32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %9 = "mlc.mul"(%3, %8) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %10 = "mlc.tanh"(%9) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %11 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %12 = "mlc.add"(%10, %11) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %13 = "mlc.mul"(%1, %12) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  func.return %13 : tensor<2x8xf32>
}

// -----
// RUN: mlc-opt --remarks=missed recognize

// Near miss: constant.
// CHECK-LABEL: func.func @gelu_by_tanh_with_another_constant_stays(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %1 = "mlc.mul"(%0, %arg0) : (tensor<f32>, tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %2 = "mlc.constant"() {value = dense<0.05> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %3 = "mlc.mul"(%arg0, %arg0) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %4 = "mlc.mul"(%arg0, %3) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %5 = "mlc.mul"(%2, %4) : (tensor<f32>, tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %6 = "mlc.add"(%arg0, %5) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %7 = "mlc.constant"() {value = dense<0.7978846> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %8 = "mlc.mul"(%6, %7) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
// CHECK-NEXT: %9 = "mlc.tanh"(%8) : (tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %10 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %11 = "mlc.add"(%9, %10) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
// CHECK-NEXT: %12 = "mlc.mul"(%1, %11) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %12 : tensor<2x8xf32>
func.func @gelu_by_tanh_with_another_constant_stays(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %0 = "mlc.constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %1 = "mlc.mul"(%0, %x) : (tensor<f32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %2 = "mlc.constant"() {value = dense<0.05> : tensor<f32>} : () -> tensor<f32>
  %3 = "mlc.mul"(%x, %x) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %4 = "mlc.mul"(%x, %3) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %5 = "mlc.mul"(%2, %4) : (tensor<f32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %6 = "mlc.add"(%x, %5) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %7 = "mlc.constant"() {value = dense<0.7978846> : tensor<f32>} : () -> tensor<f32>
  %8 = "mlc.mul"(%6, %7) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %9 = "mlc.tanh"(%8) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %10 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %11 = "mlc.add"(%9, %10) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %12 = "mlc.mul"(%1, %11) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  func.return %12 : tensor<2x8xf32>
}

// -----

// CHECK-LABEL: func.func @sigmoid_spelled_out(
// CHECK-NEXT: %0 = "mlc.sigmoid"(%arg0) : (tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %0 : tensor<2x8xf32>
func.func @sigmoid_spelled_out(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %0 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %1 = "mlc.neg"(%x) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %2 = "mlc.exp"(%1) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %3 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %4 = "mlc.add"(%2, %3) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %5 = "mlc.div"(%0, %4) : (tensor<f32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  func.return %5 : tensor<2x8xf32>
}

// -----

// Near miss: no minus.
// CHECK-LABEL: func.func @sigmoid_of_minus_x_stays(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %1 = "mlc.exp"(%arg0) : (tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %2 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %3 = "mlc.add"(%1, %2) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
// CHECK-NEXT: %4 = "mlc.div"(%0, %3) : (tensor<f32>, tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %4 : tensor<2x8xf32>
func.func @sigmoid_of_minus_x_stays(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %0 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %1 = "mlc.exp"(%x) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %2 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %3 = "mlc.add"(%1, %2) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %4 = "mlc.div"(%0, %3) : (tensor<f32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  func.return %4 : tensor<2x8xf32>
}

// -----

// CHECK-LABEL: func.func @softmax_spelled_out(
// CHECK-NEXT: %0 = "mlc.softmax"(%arg0) {axis = 1 : i64} : (tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %0 : tensor<2x8xf32>
func.func @softmax_spelled_out(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %0 = "mlc.reduce_max"(%x) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %1 = "mlc.sub"(%x, %0) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  %2 = "mlc.exp"(%1) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %3 = "mlc.reduce_sum"(%2) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %4 = "mlc.div"(%2, %3) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  func.return %4 : tensor<2x8xf32>
}

// -----

// CHECK-LABEL: func.func @softmax_over_the_first_axis(
// CHECK-NEXT: %0 = "mlc.softmax"(%arg0) {axis = 0 : i64} : (tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %0 : tensor<2x8xf32>
func.func @softmax_over_the_first_axis(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %0 = "mlc.reduce_max"(%x) {axes = array<i64: 0>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<1x8xf32>
  %1 = "mlc.sub"(%x, %0) : (tensor<2x8xf32>, tensor<1x8xf32>) -> tensor<2x8xf32>
  %2 = "mlc.exp"(%1) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %3 = "mlc.reduce_sum"(%2) {axes = array<i64: 0>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<1x8xf32>
  %4 = "mlc.div"(%2, %3) : (tensor<2x8xf32>, tensor<1x8xf32>) -> tensor<2x8xf32>
  func.return %4 : tensor<2x8xf32>
}

// -----
// RUN: mlc-opt --remarks=missed recognize

// Near miss: it overflows.
// CHECK-LABEL: func.func @softmax_without_its_maximum_stays(
// CHECK-NEXT: %0 = "mlc.exp"(%arg0) : (tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %1 = "mlc.reduce_sum"(%0) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<2x1xf32>
// CHECK-NEXT: %2 = "mlc.div"(%0, %1) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %2 : tensor<2x8xf32>
// CHECK: missed  recognize/recognize_softmax at ? (mlc.div): no maximum is subtracted: it overflows where softmax does not (blocked by graph input 'input0')
func.func @softmax_without_its_maximum_stays(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %0 = "mlc.exp"(%x) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %1 = "mlc.reduce_sum"(%0) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %2 = "mlc.div"(%0, %1) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  func.return %2 : tensor<2x8xf32>
}

// -----
// RUN: mlc-opt --remarks=missed recognize

// Near miss: axes.
// CHECK-LABEL: func.func @softmax_over_two_axes_stays(
// CHECK-NEXT: %0 = "mlc.reduce_max"(%arg0) {axes = array<i64: 0, 1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<1x1xf32>
// CHECK-NEXT: %1 = "mlc.sub"(%arg0, %0) : (tensor<2x8xf32>, tensor<1x1xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %2 = "mlc.exp"(%1) : (tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %3 = "mlc.reduce_sum"(%2) {axes = array<i64: 0, 1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<1x1xf32>
// CHECK-NEXT: %4 = "mlc.div"(%2, %3) : (tensor<2x8xf32>, tensor<1x1xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %4 : tensor<2x8xf32>
// CHECK: missed  recognize/recognize_softmax at ? (mlc.div): the sum is not over one known axis that is kept (blocked by mlc.reduce_sum '?')
func.func @softmax_over_two_axes_stays(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %0 = "mlc.reduce_max"(%x) {axes = array<i64: 0, 1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<1x1xf32>
  %1 = "mlc.sub"(%x, %0) : (tensor<2x8xf32>, tensor<1x1xf32>) -> tensor<2x8xf32>
  %2 = "mlc.exp"(%1) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %3 = "mlc.reduce_sum"(%2) {axes = array<i64: 0, 1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<1x1xf32>
  %4 = "mlc.div"(%2, %3) : (tensor<2x8xf32>, tensor<1x1xf32>) -> tensor<2x8xf32>
  func.return %4 : tensor<2x8xf32>
}

// -----
// RUN: mlc-opt --remarks=missed recognize

// Near miss: axes.
// CHECK-LABEL: func.func @softmax_over_unlike_axes_stays(
// CHECK-NEXT: %0 = "mlc.reduce_max"(%arg0) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<2x1xf32>
// CHECK-NEXT: %1 = "mlc.sub"(%arg0, %0) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %2 = "mlc.exp"(%1) : (tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %3 = "mlc.reduce_sum"(%2) {axes = array<i64: 0>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<1x8xf32>
// CHECK-NEXT: %4 = "mlc.div"(%2, %3) : (tensor<2x8xf32>, tensor<1x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %4 : tensor<2x8xf32>
// CHECK: missed  recognize/recognize_softmax at ? (mlc.div): no maximum is subtracted: it overflows where softmax does not (blocked by result 0 of mlc.sub '?')
func.func @softmax_over_unlike_axes_stays(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %0 = "mlc.reduce_max"(%x) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %1 = "mlc.sub"(%x, %0) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  %2 = "mlc.exp"(%1) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %3 = "mlc.reduce_sum"(%2) {axes = array<i64: 0>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<1x8xf32>
  %4 = "mlc.div"(%2, %3) : (tensor<2x8xf32>, tensor<1x8xf32>) -> tensor<2x8xf32>
  func.return %4 : tensor<2x8xf32>
}

// -----
// RUN: mlc-opt --remarks=missed recognize

// Near miss: keep_dims; the types agree.
// CHECK-LABEL: func.func @a_sum_that_drops_its_axis_stays(
// CHECK-NEXT: %0 = "mlc.reduce_max"(%arg0) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<8x8xf32>) -> tensor<8x1xf32>
// CHECK-NEXT: %1 = "mlc.sub"(%arg0, %0) : (tensor<8x8xf32>, tensor<8x1xf32>) -> tensor<8x8xf32>
// CHECK-NEXT: %2 = "mlc.exp"(%1) : (tensor<8x8xf32>) -> tensor<8x8xf32>
// CHECK-NEXT: %3 = "mlc.reduce_sum"(%2) {axes = array<i64: 1>, keep_dims = false, is_noop_without_axes = false, dims = none} : (tensor<8x8xf32>) -> tensor<8xf32>
// CHECK-NEXT: %4 = "mlc.div"(%2, %3) : (tensor<8x8xf32>, tensor<8xf32>) -> tensor<8x8xf32>
// CHECK-NEXT: func.return %4 : tensor<8x8xf32>
// CHECK: missed  recognize/recognize_softmax at ? (mlc.div): the sum is not over one known axis that is kept (blocked by mlc.reduce_sum '?')
func.func @a_sum_that_drops_its_axis_stays(%x: tensor<8x8xf32>) -> (tensor<8x8xf32>) {
  %0 = "mlc.reduce_max"(%x) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<8x8xf32>) -> tensor<8x1xf32>
  %1 = "mlc.sub"(%x, %0) : (tensor<8x8xf32>, tensor<8x1xf32>) -> tensor<8x8xf32>
  %2 = "mlc.exp"(%1) : (tensor<8x8xf32>) -> tensor<8x8xf32>
  %3 = "mlc.reduce_sum"(%2) {axes = array<i64: 1>, keep_dims = false, is_noop_without_axes = false, dims = none} : (tensor<8x8xf32>) -> tensor<8xf32>
  %4 = "mlc.div"(%2, %3) : (tensor<8x8xf32>, tensor<8xf32>) -> tensor<8x8xf32>
  func.return %4 : tensor<8x8xf32>
}

// -----

// CHECK-LABEL: func.func @log_softmax_spelled_out(
// CHECK-NEXT: %0 = "mlc.log_softmax"(%arg0) {axis = 1 : i64} : (tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %0 : tensor<2x8xf32>
func.func @log_softmax_spelled_out(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %0 = "mlc.reduce_max"(%x) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %1 = "mlc.sub"(%x, %0) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  %2 = "mlc.exp"(%1) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %3 = "mlc.reduce_sum"(%2) {axes = array<i64: -1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %4 = "mlc.log"(%3) : (tensor<2x1xf32>) -> tensor<2x1xf32>
  %5 = "mlc.sub"(%1, %4) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  func.return %5 : tensor<2x8xf32>
}

// -----

// CHECK-LABEL: func.func @layer_norm_as_the_older_exporter_writes_it(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<[0.4375, 0.9375, 0.4375, -1.1875, 0.9375, 0.5625, -0.4375, 0.6875]> : tensor<8xf32>} : () -> tensor<8xf32>
// CHECK-NEXT: %1 = "mlc.constant"() {value = dense<[0.3125, -0.4375, -0.3125, -2.4375, 1.8125, 1.1875, -0.3125, 0.8125]> : tensor<8xf32>} : () -> tensor<8xf32>
// CHECK-NEXT: %2 = "mlc.layer_norm"(%arg0, %0, %1) {axis = -1 : i64, epsilon = 9.999999747378752e-06 : f64, operandSegmentSizes = array<i32: 1, 1, 1>} : (tensor<2x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %2 : tensor<2x8xf32>
func.func @layer_norm_as_the_older_exporter_writes_it(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %0 = "mlc.reduce_mean"(%x) {axes = array<i64: -1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %1 = "mlc.sub"(%x, %0) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  %2 = "mlc.constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %3 = "mlc.pow"(%1, %2) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %4 = "mlc.reduce_mean"(%3) {axes = array<i64: -1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %5 = "mlc.constant"() {value = dense<1.0e-05> : tensor<f32>} : () -> tensor<f32>
  %6 = "mlc.add"(%4, %5) : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %7 = "mlc.sqrt"(%6) : (tensor<2x1xf32>) -> tensor<2x1xf32>
  %8 = "mlc.div"(%1, %7) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  %9 = "mlc.constant"() {value = dense<[0.4375, 0.9375, 0.4375, -1.1875, 0.9375, 0.5625, -0.4375, 0.6875]> : tensor<8xf32>} : () -> tensor<8xf32>
  %10 = "mlc.mul"(%8, %9) : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  %11 = "mlc.constant"() {value = dense<[0.3125, -0.4375, -0.3125, -2.4375, 1.8125, 1.1875, -0.3125, 0.8125]> : tensor<8xf32>} : () -> tensor<8xf32>
  %12 = "mlc.add"(%10, %11) : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  func.return %12 : tensor<2x8xf32>
}

// -----

// CHECK-LABEL: func.func @layer_norm_by_reciprocal_root(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<[0.4375, 0.9375, 0.4375, -1.1875, 0.9375, 0.5625, -0.4375, 0.6875]> : tensor<8xf32>} : () -> tensor<8xf32>
// CHECK-NEXT: %1 = "mlc.layer_norm"(%arg0, %0) {axis = -1 : i64, epsilon = 9.999999747378752e-06 : f64, operandSegmentSizes = array<i32: 1, 1, 0>} : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %1 : tensor<2x8xf32>
func.func @layer_norm_by_reciprocal_root(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %0 = "mlc.reduce_mean"(%x) {axes = array<i64: -1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %1 = "mlc.sub"(%x, %0) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  %2 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %3 = "mlc.mul"(%1, %1) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %4 = "mlc.reduce_mean"(%3) {axes = array<i64: -1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %5 = "mlc.constant"() {value = dense<1.0e-05> : tensor<f32>} : () -> tensor<f32>
  %6 = "mlc.add"(%4, %5) : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %7 = "mlc.sqrt"(%6) : (tensor<2x1xf32>) -> tensor<2x1xf32>
  %8 = "mlc.div"(%2, %7) : (tensor<f32>, tensor<2x1xf32>) -> tensor<2x1xf32>
  %9 = "mlc.mul"(%1, %8) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  %10 = "mlc.constant"() {value = dense<[0.4375, 0.9375, 0.4375, -1.1875, 0.9375, 0.5625, -0.4375, 0.6875]> : tensor<8xf32>} : () -> tensor<8xf32>
  %11 = "mlc.mul"(%9, %10) : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  func.return %11 : tensor<2x8xf32>
}

// -----

// CHECK-LABEL: func.func @layer_norm_by_a_power(
// CHECK-NEXT: %0 = "mlc.layer_norm"(%arg0) {axis = -1 : i64, epsilon = 9.999999747378752e-06 : f64, operandSegmentSizes = array<i32: 1, 0, 0>} : (tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %0 : tensor<2x8xf32>
func.func @layer_norm_by_a_power(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %0 = "mlc.reduce_mean"(%x) {axes = array<i64: -1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %1 = "mlc.sub"(%x, %0) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  %2 = "mlc.constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %3 = "mlc.pow"(%1, %2) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %4 = "mlc.reduce_mean"(%3) {axes = array<i64: -1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %5 = "mlc.constant"() {value = dense<1.0e-05> : tensor<f32>} : () -> tensor<f32>
  %6 = "mlc.add"(%4, %5) : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %7 = "mlc.constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %8 = "mlc.pow"(%6, %7) : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %9 = "mlc.div"(%1, %8) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  func.return %9 : tensor<2x8xf32>
}

// -----

// CHECK-LABEL: func.func @layer_norm_over_two_axes(
// CHECK-NEXT{LITERAL}: %0 = "mlc.constant"() {value = dense<[[0.4375, 0.9375, 0.4375, -1.1875], [0.9375, 0.5625, -0.4375, 0.6875], [0.4375, 0.3125, 0.0625, 0.5625]]> : tensor<3x4xf32>} : () -> tensor<3x4xf32>
// CHECK-NEXT{LITERAL}: %1 = "mlc.constant"() {value = dense<[[0.3125, -0.4375, -0.3125, -2.4375], [1.8125, 1.1875, -0.3125, 0.8125], [0.3125, -0.4375, 1.0625, -0.1875]]> : tensor<3x4xf32>} : () -> tensor<3x4xf32>
// CHECK-NEXT: %2 = "mlc.layer_norm"(%arg0, %0, %1) {axis = -2 : i64, epsilon = 9.999999747378752e-06 : f64, operandSegmentSizes = array<i32: 1, 1, 1>} : (tensor<2x3x4xf32>, tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<2x3x4xf32>
// CHECK-NEXT: func.return %2 : tensor<2x3x4xf32>
func.func @layer_norm_over_two_axes(%x: tensor<2x3x4xf32>) -> (tensor<2x3x4xf32>) {
  %0 = "mlc.reduce_mean"(%x) {axes = array<i64: 1, 2>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x3x4xf32>) -> tensor<2x1x1xf32>
  %1 = "mlc.sub"(%x, %0) : (tensor<2x3x4xf32>, tensor<2x1x1xf32>) -> tensor<2x3x4xf32>
  %2 = "mlc.constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %3 = "mlc.pow"(%1, %2) : (tensor<2x3x4xf32>, tensor<f32>) -> tensor<2x3x4xf32>
  %4 = "mlc.reduce_mean"(%3) {axes = array<i64: 1, 2>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x3x4xf32>) -> tensor<2x1x1xf32>
  %5 = "mlc.constant"() {value = dense<1.0e-05> : tensor<f32>} : () -> tensor<f32>
  %6 = "mlc.add"(%4, %5) : (tensor<2x1x1xf32>, tensor<f32>) -> tensor<2x1x1xf32>
  %7 = "mlc.sqrt"(%6) : (tensor<2x1x1xf32>) -> tensor<2x1x1xf32>
  %8 = "mlc.div"(%1, %7) : (tensor<2x3x4xf32>, tensor<2x1x1xf32>) -> tensor<2x3x4xf32>
  %9 = "mlc.constant"() {value = dense<[[0.4375, 0.9375, 0.4375, -1.1875], [0.9375, 0.5625, -0.4375, 0.6875], [0.4375, 0.3125, 0.0625, 0.5625]]> : tensor<3x4xf32>} : () -> tensor<3x4xf32>
  %10 = "mlc.mul"(%8, %9) : (tensor<2x3x4xf32>, tensor<3x4xf32>) -> tensor<2x3x4xf32>
  %11 = "mlc.constant"() {value = dense<[[0.3125, -0.4375, -0.3125, -2.4375], [1.8125, 1.1875, -0.3125, 0.8125], [0.3125, -0.4375, 1.0625, -0.1875]]> : tensor<3x4xf32>} : () -> tensor<3x4xf32>
  %12 = "mlc.add"(%10, %11) : (tensor<2x3x4xf32>, tensor<3x4xf32>) -> tensor<2x3x4xf32>
  func.return %12 : tensor<2x3x4xf32>
}

// -----

// CHECK-LABEL: func.func @layer_norm_with_a_symbolic_batch(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<[0.4375, 0.9375, 0.4375, -1.1875, 0.9375, 0.5625, -0.4375, 0.6875]> : tensor<8xf32>} : () -> tensor<8xf32>
// CHECK-NEXT: %1 = "mlc.constant"() {value = dense<[0.3125, -0.4375, -0.3125, -2.4375, 1.8125, 1.1875, -0.3125, 0.8125]> : tensor<8xf32>} : () -> tensor<8xf32>
// CHECK-NEXT: %2 = "mlc.layer_norm"(%arg0, %0, %1) {axis = -1 : i64, epsilon = 9.999999747378752e-06 : f64, operandSegmentSizes = array<i32: 1, 1, 1>} : (tensor<?x8xf32, "N,8">, tensor<8xf32>, tensor<8xf32>) -> tensor<?x8xf32, "N,8">
// CHECK-NEXT: func.return %2 : tensor<?x8xf32, "N,8">
func.func @layer_norm_with_a_symbolic_batch(%x: tensor<?x8xf32, "N,8">) -> (tensor<?x8xf32, "N,8">) {
  %0 = "mlc.reduce_mean"(%x) {axes = array<i64: -1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<?x8xf32, "N,8">) -> tensor<?x1xf32, "N,1">
  %1 = "mlc.sub"(%x, %0) : (tensor<?x8xf32, "N,8">, tensor<?x1xf32, "N,1">) -> tensor<?x8xf32, "N,8">
  %2 = "mlc.constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %3 = "mlc.pow"(%1, %2) : (tensor<?x8xf32, "N,8">, tensor<f32>) -> tensor<?x8xf32, "N,8">
  %4 = "mlc.reduce_mean"(%3) {axes = array<i64: -1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<?x8xf32, "N,8">) -> tensor<?x1xf32, "N,1">
  %5 = "mlc.constant"() {value = dense<1.0e-05> : tensor<f32>} : () -> tensor<f32>
  %6 = "mlc.add"(%4, %5) : (tensor<?x1xf32, "N,1">, tensor<f32>) -> tensor<?x1xf32, "N,1">
  %7 = "mlc.sqrt"(%6) : (tensor<?x1xf32, "N,1">) -> tensor<?x1xf32, "N,1">
  %8 = "mlc.div"(%1, %7) : (tensor<?x8xf32, "N,8">, tensor<?x1xf32, "N,1">) -> tensor<?x8xf32, "N,8">
  %9 = "mlc.constant"() {value = dense<[0.4375, 0.9375, 0.4375, -1.1875, 0.9375, 0.5625, -0.4375, 0.6875]> : tensor<8xf32>} : () -> tensor<8xf32>
  %10 = "mlc.mul"(%8, %9) : (tensor<?x8xf32, "N,8">, tensor<8xf32>) -> tensor<?x8xf32, "N,8">
  %11 = "mlc.constant"() {value = dense<[0.3125, -0.4375, -0.3125, -2.4375, 1.8125, 1.1875, -0.3125, 0.8125]> : tensor<8xf32>} : () -> tensor<8xf32>
  %12 = "mlc.add"(%10, %11) : (tensor<?x8xf32, "N,8">, tensor<8xf32>) -> tensor<?x8xf32, "N,8">
  func.return %12 : tensor<?x8xf32, "N,8">
}

// -----
// RUN: mlc-opt --remarks=missed recognize

// Near miss: axes.
// CHECK-LABEL: func.func @layer_norm_with_unlike_axes_stays(
// CHECK-NEXT: %0 = "mlc.reduce_mean"(%arg0) {axes = array<i64: -1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<4x4xf32>) -> tensor<4x1xf32>
// CHECK-NEXT: %1 = "mlc.sub"(%arg0, %0) : (tensor<4x4xf32>, tensor<4x1xf32>) -> tensor<4x4xf32>
// CHECK-NEXT: %2 = "mlc.constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %3 = "mlc.pow"(%1, %2) : (tensor<4x4xf32>, tensor<f32>) -> tensor<4x4xf32>
// CHECK-NEXT: %4 = "mlc.reduce_mean"(%3) {axes = array<i64: 0>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<4x4xf32>) -> tensor<1x4xf32>
// CHECK-NEXT: %5 = "mlc.constant"() {value = dense<1.0e-05> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %6 = "mlc.add"(%4, %5) : (tensor<1x4xf32>, tensor<f32>) -> tensor<1x4xf32>
// CHECK-NEXT: %7 = "mlc.sqrt"(%6) : (tensor<1x4xf32>) -> tensor<1x4xf32>
// CHECK-NEXT: %8 = "mlc.div"(%1, %7) : (tensor<4x4xf32>, tensor<1x4xf32>) -> tensor<4x4xf32>
// CHECK-NEXT: func.return %8 : tensor<4x4xf32>
// CHECK: missed  recognize/recognize_layer_norm at ? (mlc.div): mean and variance are not over the same last axes (blocked by mlc.reduce_mean '?')
func.func @layer_norm_with_unlike_axes_stays(%x: tensor<4x4xf32>) -> (tensor<4x4xf32>) {
  %0 = "mlc.reduce_mean"(%x) {axes = array<i64: -1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<4x4xf32>) -> tensor<4x1xf32>
  %1 = "mlc.sub"(%x, %0) : (tensor<4x4xf32>, tensor<4x1xf32>) -> tensor<4x4xf32>
  %2 = "mlc.constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %3 = "mlc.pow"(%1, %2) : (tensor<4x4xf32>, tensor<f32>) -> tensor<4x4xf32>
  %4 = "mlc.reduce_mean"(%3) {axes = array<i64: 0>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<4x4xf32>) -> tensor<1x4xf32>
  %5 = "mlc.constant"() {value = dense<1.0e-05> : tensor<f32>} : () -> tensor<f32>
  %6 = "mlc.add"(%4, %5) : (tensor<1x4xf32>, tensor<f32>) -> tensor<1x4xf32>
  %7 = "mlc.sqrt"(%6) : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %8 = "mlc.div"(%1, %7) : (tensor<4x4xf32>, tensor<1x4xf32>) -> tensor<4x4xf32>
  func.return %8 : tensor<4x4xf32>
}

// -----
// RUN: mlc-opt --remarks=missed recognize

// Near miss: axes.
// CHECK-LABEL: func.func @layer_norm_over_the_first_axis_stays(
// CHECK-NEXT: %0 = "mlc.reduce_mean"(%arg0) {axes = array<i64: 0>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<4x4xf32>) -> tensor<1x4xf32>
// CHECK-NEXT: %1 = "mlc.sub"(%arg0, %0) : (tensor<4x4xf32>, tensor<1x4xf32>) -> tensor<4x4xf32>
// CHECK-NEXT: %2 = "mlc.constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %3 = "mlc.pow"(%1, %2) : (tensor<4x4xf32>, tensor<f32>) -> tensor<4x4xf32>
// CHECK-NEXT: %4 = "mlc.reduce_mean"(%3) {axes = array<i64: 0>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<4x4xf32>) -> tensor<1x4xf32>
// CHECK-NEXT: %5 = "mlc.constant"() {value = dense<1.0e-05> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %6 = "mlc.add"(%4, %5) : (tensor<1x4xf32>, tensor<f32>) -> tensor<1x4xf32>
// CHECK-NEXT: %7 = "mlc.sqrt"(%6) : (tensor<1x4xf32>) -> tensor<1x4xf32>
// CHECK-NEXT: %8 = "mlc.div"(%1, %7) : (tensor<4x4xf32>, tensor<1x4xf32>) -> tensor<4x4xf32>
// CHECK-NEXT: func.return %8 : tensor<4x4xf32>
// CHECK: missed  recognize/recognize_layer_norm at ? (mlc.div): mean and variance are not over the same last axes (blocked by mlc.reduce_mean '?')
func.func @layer_norm_over_the_first_axis_stays(%x: tensor<4x4xf32>) -> (tensor<4x4xf32>) {
  %0 = "mlc.reduce_mean"(%x) {axes = array<i64: 0>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<4x4xf32>) -> tensor<1x4xf32>
  %1 = "mlc.sub"(%x, %0) : (tensor<4x4xf32>, tensor<1x4xf32>) -> tensor<4x4xf32>
  %2 = "mlc.constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %3 = "mlc.pow"(%1, %2) : (tensor<4x4xf32>, tensor<f32>) -> tensor<4x4xf32>
  %4 = "mlc.reduce_mean"(%3) {axes = array<i64: 0>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<4x4xf32>) -> tensor<1x4xf32>
  %5 = "mlc.constant"() {value = dense<1.0e-05> : tensor<f32>} : () -> tensor<f32>
  %6 = "mlc.add"(%4, %5) : (tensor<1x4xf32>, tensor<f32>) -> tensor<1x4xf32>
  %7 = "mlc.sqrt"(%6) : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %8 = "mlc.div"(%1, %7) : (tensor<4x4xf32>, tensor<1x4xf32>) -> tensor<4x4xf32>
  func.return %8 : tensor<4x4xf32>
}

// -----
// RUN: mlc-opt --remarks=missed recognize

// Near miss: graph output.
// CHECK-LABEL: func.func @layer_norm_whose_center_is_needed_stays(
// CHECK-NEXT: %0 = "mlc.reduce_mean"(%arg0) {axes = array<i64: -1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<2x1xf32>
// CHECK-NEXT: %1 = "mlc.sub"(%arg0, %0) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %2 = "mlc.mul"(%1, %1) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %3 = "mlc.reduce_mean"(%2) {axes = array<i64: -1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<2x1xf32>
// CHECK-NEXT: %4 = "mlc.constant"() {value = dense<1.0e-05> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %5 = "mlc.add"(%3, %4) : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
// CHECK-NEXT: %6 = "mlc.sqrt"(%5) : (tensor<2x1xf32>) -> tensor<2x1xf32>
// CHECK-NEXT: %7 = "mlc.div"(%1, %6) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %7, %1 : tensor<2x8xf32>, tensor<2x8xf32>
// CHECK: missed  recognize/recognize_layer_norm at ? (mlc.div): an intermediate of the pattern has another use (blocked by graph output 'output1')
func.func @layer_norm_whose_center_is_needed_stays(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>, tensor<2x8xf32>) {
  %0 = "mlc.reduce_mean"(%x) {axes = array<i64: -1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %1 = "mlc.sub"(%x, %0) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  %2 = "mlc.mul"(%1, %1) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %3 = "mlc.reduce_mean"(%2) {axes = array<i64: -1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %4 = "mlc.constant"() {value = dense<1.0e-05> : tensor<f32>} : () -> tensor<f32>
  %5 = "mlc.add"(%3, %4) : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %6 = "mlc.sqrt"(%5) : (tensor<2x1xf32>) -> tensor<2x1xf32>
  %7 = "mlc.div"(%1, %6) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  func.return %7, %1 : tensor<2x8xf32>, tensor<2x8xf32>
}

// -----

// Near miss: the shape of x.
// CHECK-LABEL: func.func @a_residual_behind_a_layer_norm_is_no_bias(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<[0.4375, 0.9375, 0.4375, -1.1875, 0.9375, 0.5625, -0.4375, 0.6875]> : tensor<8xf32>} : () -> tensor<8xf32>
// CHECK-NEXT: %1 = "mlc.layer_norm"(%arg0, %0) {axis = -1 : i64, epsilon = 9.999999747378752e-06 : f64, operandSegmentSizes = array<i32: 1, 1, 0>} : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %2 = "mlc.add"(%1, %arg1) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %2 : tensor<2x8xf32>
func.func @a_residual_behind_a_layer_norm_is_no_bias(%x: tensor<2x8xf32>, %y: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %0 = "mlc.reduce_mean"(%x) {axes = array<i64: -1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %1 = "mlc.sub"(%x, %0) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  %2 = "mlc.constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %3 = "mlc.pow"(%1, %2) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %4 = "mlc.reduce_mean"(%3) {axes = array<i64: -1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %5 = "mlc.constant"() {value = dense<1.0e-05> : tensor<f32>} : () -> tensor<f32>
  %6 = "mlc.add"(%4, %5) : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %7 = "mlc.sqrt"(%6) : (tensor<2x1xf32>) -> tensor<2x1xf32>
  %8 = "mlc.div"(%1, %7) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  %9 = "mlc.constant"() {value = dense<[0.4375, 0.9375, 0.4375, -1.1875, 0.9375, 0.5625, -0.4375, 0.6875]> : tensor<8xf32>} : () -> tensor<8xf32>
  %10 = "mlc.mul"(%8, %9) : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  %11 = "mlc.add"(%10, %y) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  func.return %11 : tensor<2x8xf32>
}

// -----

// Near miss: order.
// CHECK-LABEL: func.func @a_scale_behind_the_bias_is_no_scale(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<[0.4375, 0.9375, 0.4375, -1.1875, 0.9375, 0.5625, -0.4375, 0.6875]> : tensor<8xf32>} : () -> tensor<8xf32>
// CHECK-NEXT: %1 = "mlc.layer_norm"(%arg0, %0) {axis = -1 : i64, epsilon = 9.999999747378752e-06 : f64, operandSegmentSizes = array<i32: 1, 0, 1>} : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %2 = "mlc.constant"() {value = dense<[0.3125, -0.4375, -0.3125, -2.4375, 1.8125, 1.1875, -0.3125, 0.8125]> : tensor<8xf32>} : () -> tensor<8xf32>
// CHECK-NEXT: %3 = "mlc.mul"(%1, %2) : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %3 : tensor<2x8xf32>
func.func @a_scale_behind_the_bias_is_no_scale(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %0 = "mlc.reduce_mean"(%x) {axes = array<i64: -1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %1 = "mlc.sub"(%x, %0) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  %2 = "mlc.constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %3 = "mlc.pow"(%1, %2) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %4 = "mlc.reduce_mean"(%3) {axes = array<i64: -1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %5 = "mlc.constant"() {value = dense<1.0e-05> : tensor<f32>} : () -> tensor<f32>
  %6 = "mlc.add"(%4, %5) : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %7 = "mlc.sqrt"(%6) : (tensor<2x1xf32>) -> tensor<2x1xf32>
  %8 = "mlc.div"(%1, %7) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  %9 = "mlc.constant"() {value = dense<[0.4375, 0.9375, 0.4375, -1.1875, 0.9375, 0.5625, -0.4375, 0.6875]> : tensor<8xf32>} : () -> tensor<8xf32>
  %10 = "mlc.add"(%8, %9) : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  %11 = "mlc.constant"() {value = dense<[0.3125, -0.4375, -0.3125, -2.4375, 1.8125, 1.1875, -0.3125, 0.8125]> : tensor<8xf32>} : () -> tensor<8xf32>
  %12 = "mlc.mul"(%10, %11) : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  func.return %12 : tensor<2x8xf32>
}

// -----

// Near miss: operands swapped.
// CHECK-LABEL: func.func @the_root_over_the_value_is_no_norm(
// CHECK-NEXT: %0 = "mlc.reduce_mean"(%arg0) {axes = array<i64: -1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<2x1xf32>
// CHECK-NEXT: %1 = "mlc.sub"(%arg0, %0) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %2 = "mlc.mul"(%1, %1) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %3 = "mlc.reduce_mean"(%2) {axes = array<i64: -1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<2x1xf32>
// CHECK-NEXT: %4 = "mlc.constant"() {value = dense<1.0e-05> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %5 = "mlc.add"(%3, %4) : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
// CHECK-NEXT: %6 = "mlc.sqrt"(%5) : (tensor<2x1xf32>) -> tensor<2x1xf32>
// CHECK-NEXT: %7 = "mlc.div"(%6, %1) : (tensor<2x1xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %7 : tensor<2x8xf32>
func.func @the_root_over_the_value_is_no_norm(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %0 = "mlc.reduce_mean"(%x) {axes = array<i64: -1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %1 = "mlc.sub"(%x, %0) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  %2 = "mlc.mul"(%1, %1) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %3 = "mlc.reduce_mean"(%2) {axes = array<i64: -1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %4 = "mlc.constant"() {value = dense<1.0e-05> : tensor<f32>} : () -> tensor<f32>
  %5 = "mlc.add"(%3, %4) : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %6 = "mlc.sqrt"(%5) : (tensor<2x1xf32>) -> tensor<2x1xf32>
  %7 = "mlc.div"(%6, %1) : (tensor<2x1xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  func.return %7 : tensor<2x8xf32>
}

// -----

// CHECK-LABEL: func.func @rms_norm_spelled_out(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<[0.4375, 0.9375, 0.4375, -1.1875, 0.9375, 0.5625, -0.4375, 0.6875]> : tensor<8xf32>} : () -> tensor<8xf32>
// CHECK-NEXT: %1 = "mlc.rms_norm"(%arg0, %0) {axis = -1 : i64, epsilon = 9.999999974752427e-07 : f64} : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %1 : tensor<2x8xf32>
func.func @rms_norm_spelled_out(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %0 = "mlc.constant"() {value = dense<[0.4375, 0.9375, 0.4375, -1.1875, 0.9375, 0.5625, -0.4375, 0.6875]> : tensor<8xf32>} : () -> tensor<8xf32>
  %1 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %2 = "mlc.constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %3 = "mlc.pow"(%x, %2) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %4 = "mlc.reduce_mean"(%3) {axes = array<i64: -1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %5 = "mlc.constant"() {value = dense<1.0e-06> : tensor<f32>} : () -> tensor<f32>
  %6 = "mlc.add"(%4, %5) : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %7 = "mlc.sqrt"(%6) : (tensor<2x1xf32>) -> tensor<2x1xf32>
  %8 = "mlc.div"(%1, %7) : (tensor<f32>, tensor<2x1xf32>) -> tensor<2x1xf32>
  %9 = "mlc.mul"(%x, %8) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  %10 = "mlc.mul"(%0, %9) : (tensor<8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  func.return %10 : tensor<2x8xf32>
}

// -----

// Near miss: the squares are of another value.
// CHECK-LABEL: func.func @rms_norm_of_another_value_stays(
// CHECK-NEXT: %0 = "mlc.mul"(%arg1, %arg1) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %1 = "mlc.reduce_mean"(%0) {axes = array<i64: -1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<2x1xf32>
// CHECK-NEXT: %2 = "mlc.constant"() {value = dense<1.0e-06> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %3 = "mlc.add"(%1, %2) : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
// CHECK-NEXT: %4 = "mlc.sqrt"(%3) : (tensor<2x1xf32>) -> tensor<2x1xf32>
// CHECK-NEXT: %5 = "mlc.div"(%arg0, %4) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %5 : tensor<2x8xf32>
func.func @rms_norm_of_another_value_stays(%x: tensor<2x8xf32>, %y: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %0 = "mlc.mul"(%y, %y) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %1 = "mlc.reduce_mean"(%0) {axes = array<i64: -1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %2 = "mlc.constant"() {value = dense<1.0e-06> : tensor<f32>} : () -> tensor<f32>
  %3 = "mlc.add"(%1, %2) : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %4 = "mlc.sqrt"(%3) : (tensor<2x1xf32>) -> tensor<2x1xf32>
  %5 = "mlc.div"(%x, %4) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  func.return %5 : tensor<2x8xf32>
}

// -----

// CHECK-LABEL: func.func @layer_norm_with_its_variance_in_f64(
// CHECK-NEXT: %0 = "mlc.layer_norm"(%arg0) {axis = -1 : i64, epsilon = 9.999999747378752e-06 : f64, operandSegmentSizes = array<i32: 1, 0, 0>} : (tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %0 : tensor<2x8xf32>
func.func @layer_norm_with_its_variance_in_f64(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %wide = "mlc.cast"(%x) {dtype = f64, saturates = true, rounding = "up"} : (tensor<2x8xf32>) -> tensor<2x8xf64>
  %wm = "mlc.reduce_mean"(%wide) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none, operandSegmentSizes = array<i32: 1, 0>} : (tensor<2x8xf64>) -> tensor<2x1xf64>
  %wc = "mlc.sub"(%wide, %wm) : (tensor<2x8xf64>, tensor<2x1xf64>) -> tensor<2x8xf64>
  %sq = "mlc.mul"(%wc, %wc) : (tensor<2x8xf64>, tensor<2x8xf64>) -> tensor<2x8xf64>
  %wv = "mlc.reduce_mean"(%sq) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none, operandSegmentSizes = array<i32: 1, 0>} : (tensor<2x8xf64>) -> tensor<2x1xf64>
  %v = "mlc.cast"(%wv) {dtype = f32, saturates = true, rounding = "up"} : (tensor<2x1xf64>) -> tensor<2x1xf32>
  %m = "mlc.reduce_mean"(%x) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none, operandSegmentSizes = array<i32: 1, 0>} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %c = "mlc.sub"(%x, %m) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  %e = "mlc.constant"() {value = dense<1.0e-05> : tensor<f32>} : () -> tensor<f32>
  %ve = "mlc.add"(%v, %e) : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %d = "mlc.sqrt"(%ve) : (tensor<2x1xf32>) -> tensor<2x1xf32>
  %r = "mlc.div"(%c, %d) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  func.return %r : tensor<2x8xf32>
}

// -----

// CHECK-LABEL: func.func @a_variance_in_f64_of_something_else_stays(
// CHECK-NEXT: %0 = "mlc.cast"(%arg1) {dtype = f64, saturates = true, rounding = "up"} : (tensor<2x8xf32>) -> tensor<2x8xf64>
// CHECK-NEXT: %1 = "mlc.cast"(%arg0) {dtype = f64, saturates = true, rounding = "up"} : (tensor<2x8xf32>) -> tensor<2x8xf64>
// CHECK-NEXT: %2 = "mlc.reduce_mean"(%0) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf64>) -> tensor<2x1xf64>
// CHECK-NEXT: %3 = "mlc.sub"(%1, %2) : (tensor<2x8xf64>, tensor<2x1xf64>) -> tensor<2x8xf64>
// CHECK-NEXT: %4 = "mlc.mul"(%3, %3) : (tensor<2x8xf64>, tensor<2x8xf64>) -> tensor<2x8xf64>
// CHECK-NEXT: %5 = "mlc.reduce_mean"(%4) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf64>) -> tensor<2x1xf64>
// CHECK-NEXT: %6 = "mlc.cast"(%5) {dtype = f32, saturates = true, rounding = "up"} : (tensor<2x1xf64>) -> tensor<2x1xf32>
// CHECK-NEXT: %7 = "mlc.reduce_mean"(%arg0) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<2x1xf32>
// CHECK-NEXT: %8 = "mlc.sub"(%arg0, %7) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %9 = "mlc.constant"() {value = dense<1.0e-05> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %10 = "mlc.add"(%6, %9) : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
// CHECK-NEXT: %11 = "mlc.sqrt"(%10) : (tensor<2x1xf32>) -> tensor<2x1xf32>
// CHECK-NEXT: %12 = "mlc.div"(%8, %11) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %12 : tensor<2x8xf32>
// CHECK-LABEL: func.func @a_mean_of_narrow_integers_stays_a_sum(
// CHECK-NEXT: %0 = "mlc.reduce_sum"(%arg0) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x4xi32>) -> tensor<2x1xi32>
// CHECK-NEXT: %1 = "mlc.constant"() {value = dense<4> : tensor<i32>} : () -> tensor<i32>
// CHECK-NEXT: %2 = "mlc.div"(%0, %1) : (tensor<2x1xi32>, tensor<i32>) -> tensor<2x1xi32>
// CHECK-NEXT: func.return %2 : tensor<2x1xi32>
func.func @a_variance_in_f64_of_something_else_stays(%x: tensor<2x8xf32>, %z: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %y = "mlc.cast"(%z) {dtype = f64, saturates = true, rounding = "up"} : (tensor<2x8xf32>) -> tensor<2x8xf64>
  %wide = "mlc.cast"(%x) {dtype = f64, saturates = true, rounding = "up"} : (tensor<2x8xf32>) -> tensor<2x8xf64>
  %wm = "mlc.reduce_mean"(%y) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none, operandSegmentSizes = array<i32: 1, 0>} : (tensor<2x8xf64>) -> tensor<2x1xf64>
  %wc = "mlc.sub"(%wide, %wm) : (tensor<2x8xf64>, tensor<2x1xf64>) -> tensor<2x8xf64>
  %sq = "mlc.mul"(%wc, %wc) : (tensor<2x8xf64>, tensor<2x8xf64>) -> tensor<2x8xf64>
  %wv = "mlc.reduce_mean"(%sq) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none, operandSegmentSizes = array<i32: 1, 0>} : (tensor<2x8xf64>) -> tensor<2x1xf64>
  %v = "mlc.cast"(%wv) {dtype = f32, saturates = true, rounding = "up"} : (tensor<2x1xf64>) -> tensor<2x1xf32>
  %m = "mlc.reduce_mean"(%x) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none, operandSegmentSizes = array<i32: 1, 0>} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %c = "mlc.sub"(%x, %m) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  %e = "mlc.constant"() {value = dense<1.0e-05> : tensor<f32>} : () -> tensor<f32>
  %ve = "mlc.add"(%v, %e) : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %d = "mlc.sqrt"(%ve) : (tensor<2x1xf32>) -> tensor<2x1xf32>
  %r = "mlc.div"(%c, %d) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  func.return %r : tensor<2x8xf32>
}

func.func @a_mean_of_narrow_integers_stays_a_sum(%x: tensor<2x4xi32>) -> (tensor<2x1xi32>) {
  %s = "mlc.reduce_sum"(%x) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none, operandSegmentSizes = array<i32: 1, 0>} : (tensor<2x4xi32>) -> tensor<2x1xi32>
  %n = "mlc.constant"() {value = dense<4> : tensor<i32>} : () -> tensor<i32>
  %r = "mlc.div"(%s, %n) : (tensor<2x1xi32>, tensor<i32>) -> tensor<2x1xi32>
  func.return %r : tensor<2x1xi32>
}
