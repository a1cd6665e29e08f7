// RUN: mlc-opt recognize

// CHECK-LABEL: func.func @a_sum_times_the_reciprocal_of_its_count_is_a_mean(
// CHECK-NEXT: %0 = "mlc.reduce_mean"(%arg0) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<2x1xf32>
// CHECK-NEXT: func.return %0 : tensor<2x1xf32>
func.func @a_sum_times_the_reciprocal_of_its_count_is_a_mean(%x: tensor<2x8xf32>) -> (tensor<2x1xf32>) {
  %0 = "mlc.reduce_sum"(%x) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none, operandSegmentSizes = array<i32: 1, 0>} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %c = "mlc.constant"() {value = dense<0.125> : tensor<f32>} : () -> tensor<f32>
  %r = "mlc.mul"(%0, %c) : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  func.return %r : tensor<2x1xf32>
}

// -----

// CHECK-LABEL: func.func @a_sum_over_its_count_is_a_mean(
// CHECK-NEXT: %0 = "mlc.reduce_mean"(%arg0) {axes = array<i64: 0, 1>, keep_dims = false, is_noop_without_axes = false, dims = none} : (tensor<2x3xf32>) -> tensor<f32>
// CHECK-NEXT: func.return %0 : tensor<f32>
func.func @a_sum_over_its_count_is_a_mean(%x: tensor<2x3xf32>) -> (tensor<f32>) {
  %0 = "mlc.reduce_sum"(%x) {axes = array<i64: 0, 1>, keep_dims = false, is_noop_without_axes = false, dims = none, operandSegmentSizes = array<i32: 1, 0>} : (tensor<2x3xf32>) -> tensor<f32>
  %c = "mlc.constant"() {value = dense<6.0> : tensor<f32>} : () -> tensor<f32>
  %r = "mlc.div"(%0, %c) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  func.return %r : tensor<f32>
}

// -----

// CHECK-LABEL: func.func @a_sum_over_another_number_stays(
// CHECK-NEXT: %0 = "mlc.reduce_sum"(%arg0) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<2x1xf32>
// CHECK-NEXT: %1 = "mlc.constant"() {value = dense<7.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %2 = "mlc.div"(%0, %1) : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
// CHECK-NEXT: func.return %2 : tensor<2x1xf32>
func.func @a_sum_over_another_number_stays(%x: tensor<2x8xf32>) -> (tensor<2x1xf32>) {
  %0 = "mlc.reduce_sum"(%x) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none, operandSegmentSizes = array<i32: 1, 0>} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %c = "mlc.constant"() {value = dense<7.0> : tensor<f32>} : () -> tensor<f32>
  %r = "mlc.div"(%0, %c) : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  func.return %r : tensor<2x1xf32>
}

// -----

// CHECK-LABEL: func.func @a_sum_with_another_use_stays_beside_its_mean(
// CHECK-NEXT: %0 = "mlc.reduce_sum"(%arg0) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<2x1xf32>
// CHECK-NEXT: %1 = "mlc.constant"() {value = dense<8.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %2 = "mlc.div"(%0, %1) : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
// CHECK-NEXT: %3 = "mlc.mul"(%0, %2) : (tensor<2x1xf32>, tensor<2x1xf32>) -> tensor<2x1xf32>
// CHECK-NEXT: func.return %3 : tensor<2x1xf32>
func.func @a_sum_with_another_use_stays_beside_its_mean(%x: tensor<2x8xf32>) -> (tensor<2x1xf32>) {
  %0 = "mlc.reduce_sum"(%x) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none, operandSegmentSizes = array<i32: 1, 0>} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %c = "mlc.constant"() {value = dense<8.0> : tensor<f32>} : () -> tensor<f32>
  %1 = "mlc.div"(%0, %c) : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %r = "mlc.mul"(%0, %1) : (tensor<2x1xf32>, tensor<2x1xf32>) -> tensor<2x1xf32>
  func.return %r : tensor<2x1xf32>
}

// -----

// CHECK-LABEL: func.func @sums_over_one_axis_after_another_are_one(
// CHECK-NEXT: %0 = "mlc.reduce_sum"(%arg0) {axes = array<i64: 1, 2>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x3x4xf32>) -> tensor<2x1x1xf32>
// CHECK-NEXT: func.return %0 : tensor<2x1x1xf32>
func.func @sums_over_one_axis_after_another_are_one(%x: tensor<2x3x4xf32>) -> (tensor<2x1x1xf32>) {
  %0 = "mlc.reduce_sum"(%x) {axes = array<i64: 2>, keep_dims = true, is_noop_without_axes = false, dims = none, operandSegmentSizes = array<i32: 1, 0>} : (tensor<2x3x4xf32>) -> tensor<2x3x1xf32>
  %r = "mlc.reduce_sum"(%0) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none, operandSegmentSizes = array<i32: 1, 0>} : (tensor<2x3x1xf32>) -> tensor<2x1x1xf32>
  func.return %r : tensor<2x1x1xf32>
}

// -----

// CHECK-LABEL: func.func @a_maximum_of_sums_stays(
// CHECK-NEXT: %0 = "mlc.reduce_sum"(%arg0) {axes = array<i64: 2>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x3x4xf32>) -> tensor<2x3x1xf32>
// CHECK-NEXT: %1 = "mlc.reduce_max"(%0) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x3x1xf32>) -> tensor<2x1x1xf32>
// CHECK-NEXT: func.return %1 : tensor<2x1x1xf32>
func.func @a_maximum_of_sums_stays(%x: tensor<2x3x4xf32>) -> (tensor<2x1x1xf32>) {
  %0 = "mlc.reduce_sum"(%x) {axes = array<i64: 2>, keep_dims = true, is_noop_without_axes = false, dims = none, operandSegmentSizes = array<i32: 1, 0>} : (tensor<2x3x4xf32>) -> tensor<2x3x1xf32>
  %r = "mlc.reduce_max"(%0) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none, operandSegmentSizes = array<i32: 1, 0>} : (tensor<2x3x1xf32>) -> tensor<2x1x1xf32>
  func.return %r : tensor<2x1x1xf32>
}

// -----

// CHECK-LABEL: func.func @softmax_by_the_reciprocal_of_its_sum(
// CHECK-NEXT: %0 = "mlc.softmax"(%arg0) {axis = 1 : i64} : (tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %0 : tensor<2x8xf32>
func.func @softmax_by_the_reciprocal_of_its_sum(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %0 = "mlc.reduce_max"(%x) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none, operandSegmentSizes = array<i32: 1, 0>} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %1 = "mlc.sub"(%x, %0) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  %2 = "mlc.exp"(%1) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %3 = "mlc.reduce_sum"(%2) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none, operandSegmentSizes = array<i32: 1, 0>} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %c = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %4 = "mlc.div"(%c, %3) : (tensor<f32>, tensor<2x1xf32>) -> tensor<2x1xf32>
  %r = "mlc.mul"(%2, %4) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  func.return %r : tensor<2x8xf32>
}

// -----

// CHECK-LABEL: func.func @twice_a_softmax_stays(
// CHECK-NEXT: %0 = "mlc.reduce_max"(%arg0) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<2x1xf32>
// CHECK-NEXT: %1 = "mlc.sub"(%arg0, %0) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %2 = "mlc.exp"(%1) : (tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %3 = "mlc.reduce_sum"(%2) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x8xf32>) -> tensor<2x1xf32>
// CHECK-NEXT: %4 = "mlc.constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %5 = "mlc.div"(%4, %3) : (tensor<f32>, tensor<2x1xf32>) -> tensor<2x1xf32>
// CHECK-NEXT: %6 = "mlc.mul"(%2, %5) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %6 : tensor<2x8xf32>
func.func @twice_a_softmax_stays(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %0 = "mlc.reduce_max"(%x) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none, operandSegmentSizes = array<i32: 1, 0>} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %1 = "mlc.sub"(%x, %0) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  %2 = "mlc.exp"(%1) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %3 = "mlc.reduce_sum"(%2) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none, operandSegmentSizes = array<i32: 1, 0>} : (tensor<2x8xf32>) -> tensor<2x1xf32>
  %c = "mlc.constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %4 = "mlc.div"(%c, %3) : (tensor<f32>, tensor<2x1xf32>) -> tensor<2x1xf32>
  %r = "mlc.mul"(%2, %4) : (tensor<2x8xf32>, tensor<2x1xf32>) -> tensor<2x8xf32>
  func.return %r : tensor<2x8xf32>
}

// -----

// CHECK-LABEL: func.func @erf_as_a_quotient_of_polynomials(
// CHECK-NEXT: %0 = "mlc.erf"(%arg0) : (tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %0 : tensor<2x8xf32>
func.func @erf_as_a_quotient_of_polynomials(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %lo = "mlc.constant"() {value = dense<-4.0> : tensor<f32>} : () -> tensor<f32>
  %hi = "mlc.constant"() {value = dense<4.0> : tensor<f32>} : () -> tensor<f32>
  %c = "mlc.clip"(%x, %lo, %hi) {operandSegmentSizes = array<i32: 1, 1, 1>} : (tensor<2x8xf32>, tensor<f32>, tensor<f32>) -> tensor<2x8xf32>
  %s = "mlc.mul"(%c, %c) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %p0 = "mlc.constant"() {value = dense<-2.726142258e-10> : tensor<f32>} : () -> tensor<f32>
  %pm0 = "mlc.mul"(%s, %p0) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %pc0 = "mlc.constant"() {value = dense<2.770681425e-08> : tensor<f32>} : () -> tensor<f32>
  %pa0 = "mlc.add"(%pm0, %pc0) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %pm1 = "mlc.mul"(%s, %pa0) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %pc1 = "mlc.constant"() {value = dense<-2.101024021e-06> : tensor<f32>} : () -> tensor<f32>
  %pa1 = "mlc.add"(%pm1, %pc1) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %pm2 = "mlc.mul"(%s, %pa1) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %pc2 = "mlc.constant"() {value = dense<-5.692506395e-05> : tensor<f32>} : () -> tensor<f32>
  %pa2 = "mlc.add"(%pm2, %pc2) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %pm3 = "mlc.mul"(%s, %pa2) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %pc3 = "mlc.constant"() {value = dense<-7.349906303e-04> : tensor<f32>} : () -> tensor<f32>
  %pa3 = "mlc.add"(%pm3, %pc3) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %pm4 = "mlc.mul"(%s, %pa3) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %pc4 = "mlc.constant"() {value = dense<-2.954599809e-03> : tensor<f32>} : () -> tensor<f32>
  %pa4 = "mlc.add"(%pm4, %pc4) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %pm5 = "mlc.mul"(%s, %pa4) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %pc5 = "mlc.constant"() {value = dense<-1.609603333e-02> : tensor<f32>} : () -> tensor<f32>
  %pa5 = "mlc.add"(%pm5, %pc5) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %q0 = "mlc.constant"() {value = dense<-1.456607185e-05> : tensor<f32>} : () -> tensor<f32>
  %qm0 = "mlc.mul"(%s, %q0) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %qc0 = "mlc.constant"() {value = dense<-2.133740553e-04> : tensor<f32>} : () -> tensor<f32>
  %qa0 = "mlc.add"(%qm0, %qc0) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %qm1 = "mlc.mul"(%s, %qa0) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %qc1 = "mlc.constant"() {value = dense<-1.682826974e-03> : tensor<f32>} : () -> tensor<f32>
  %qa1 = "mlc.add"(%qm1, %qc1) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %qm2 = "mlc.mul"(%s, %qa1) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %qc2 = "mlc.constant"() {value = dense<-7.373329167e-03> : tensor<f32>} : () -> tensor<f32>
  %qa2 = "mlc.add"(%qm2, %qc2) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %qm3 = "mlc.mul"(%s, %qa2) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %qc3 = "mlc.constant"() {value = dense<-1.426473905e-02> : tensor<f32>} : () -> tensor<f32>
  %qa3 = "mlc.add"(%qm3, %qc3) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %n = "mlc.mul"(%c, %pa5) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %d = "mlc.div"(%n, %qa3) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %l1 = "mlc.constant"() {value = dense<-1.0> : tensor<f32>} : () -> tensor<f32>
  %h1 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %r = "mlc.clip"(%d, %l1, %h1) {operandSegmentSizes = array<i32: 1, 1, 1>} : (tensor<2x8xf32>, tensor<f32>, tensor<f32>) -> tensor<2x8xf32>
  func.return %r : tensor<2x8xf32>
}

// -----

// CHECK-LABEL: func.func @a_quotient_of_other_polynomials_stays(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<-4.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %1 = "mlc.constant"() {value = dense<4.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %2 = "mlc.clip"(%arg0, %0, %1) {operandSegmentSizes = array<i32: 1, 1, 1>} : (tensor<2x8xf32>, tensor<f32>, tensor<f32>) -> tensor<2x8xf32>
// CHECK-NEXT: %3 = "mlc.mul"(%2, %2) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %4 = "mlc.constant"() {value = dense<-2.7261424e-10> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %5 = "mlc.mul"(%3, %4) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
// CHECK-NEXT: %6 = "mlc.constant"() {value = dense<2.7706815e-08> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %7 = "mlc.add"(%5, %6) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
// CHECK-NEXT: %8 = "mlc.mul"(%3, %7) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %9 = "mlc.constant"() {value = dense<-2.101024e-06> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %10 = "mlc.add"(%8, %9) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
// CHECK-NEXT: %11 = "mlc.mul"(%3, %10) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %12 = "mlc.constant"() {value = dense<-5.6925062e-05> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %13 = "mlc.add"(%11, %12) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
// CHECK-NEXT: %14 = "mlc.mul"(%3, %13) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %15 = "mlc.constant"() {value = dense<-0.00073499064> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %16 = "mlc.add"(%14, %15) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
// CHECK-NEXT: %17 = "mlc.mul"(%3, %16) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %18 = "mlc.constant"() {value = dense<-0.0029546> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %19 = "mlc.add"(%17, %18) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
// CHECK-NEXT: %20 = "mlc.mul"(%3, %19) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %21 = "mlc.constant"() {value = dense<-0.0161> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %22 = "mlc.add"(%20, %21) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
// CHECK-NEXT: %23 = "mlc.constant"() {value = dense<-1.45660715e-05> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %24 = "mlc.mul"(%3, %23) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
// CHECK-NEXT: %25 = "mlc.constant"() {value = dense<-0.00021337405> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %26 = "mlc.add"(%24, %25) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
// CHECK-NEXT: %27 = "mlc.mul"(%3, %26) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %28 = "mlc.constant"() {value = dense<-0.001682827> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %29 = "mlc.add"(%27, %28) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
// CHECK-NEXT: %30 = "mlc.mul"(%3, %29) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %31 = "mlc.constant"() {value = dense<-0.0073733293> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %32 = "mlc.add"(%30, %31) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
// CHECK-NEXT: %33 = "mlc.mul"(%3, %32) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %34 = "mlc.constant"() {value = dense<-0.014264739> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %35 = "mlc.add"(%33, %34) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
// CHECK-NEXT: %36 = "mlc.mul"(%2, %22) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %37 = "mlc.div"(%36, %35) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %38 = "mlc.constant"() {value = dense<-1.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %39 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %40 = "mlc.clip"(%37, %38, %39) {operandSegmentSizes = array<i32: 1, 1, 1>} : (tensor<2x8xf32>, tensor<f32>, tensor<f32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %40 : tensor<2x8xf32>
func.func @a_quotient_of_other_polynomials_stays(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %lo = "mlc.constant"() {value = dense<-4.0> : tensor<f32>} : () -> tensor<f32>
  %hi = "mlc.constant"() {value = dense<4.0> : tensor<f32>} : () -> tensor<f32>
  %c = "mlc.clip"(%x, %lo, %hi) {operandSegmentSizes = array<i32: 1, 1, 1>} : (tensor<2x8xf32>, tensor<f32>, tensor<f32>) -> tensor<2x8xf32>
  %s = "mlc.mul"(%c, %c) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %p0 = "mlc.constant"() {value = dense<-2.726142258e-10> : tensor<f32>} : () -> tensor<f32>
  %pm0 = "mlc.mul"(%s, %p0) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %pc0 = "mlc.constant"() {value = dense<2.770681425e-08> : tensor<f32>} : () -> tensor<f32>
  %pa0 = "mlc.add"(%pm0, %pc0) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %pm1 = "mlc.mul"(%s, %pa0) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %pc1 = "mlc.constant"() {value = dense<-2.101024021e-06> : tensor<f32>} : () -> tensor<f32>
  %pa1 = "mlc.add"(%pm1, %pc1) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %pm2 = "mlc.mul"(%s, %pa1) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %pc2 = "mlc.constant"() {value = dense<-5.692506395e-05> : tensor<f32>} : () -> tensor<f32>
  %pa2 = "mlc.add"(%pm2, %pc2) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %pm3 = "mlc.mul"(%s, %pa2) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %pc3 = "mlc.constant"() {value = dense<-7.349906303e-04> : tensor<f32>} : () -> tensor<f32>
  %pa3 = "mlc.add"(%pm3, %pc3) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %pm4 = "mlc.mul"(%s, %pa3) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %pc4 = "mlc.constant"() {value = dense<-2.954599809e-03> : tensor<f32>} : () -> tensor<f32>
  %pa4 = "mlc.add"(%pm4, %pc4) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %pm5 = "mlc.mul"(%s, %pa4) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %pc5 = "mlc.constant"() {value = dense<-1.610000000e-02> : tensor<f32>} : () -> tensor<f32>
  %pa5 = "mlc.add"(%pm5, %pc5) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %q0 = "mlc.constant"() {value = dense<-1.456607185e-05> : tensor<f32>} : () -> tensor<f32>
  %qm0 = "mlc.mul"(%s, %q0) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %qc0 = "mlc.constant"() {value = dense<-2.133740553e-04> : tensor<f32>} : () -> tensor<f32>
  %qa0 = "mlc.add"(%qm0, %qc0) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %qm1 = "mlc.mul"(%s, %qa0) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %qc1 = "mlc.constant"() {value = dense<-1.682826974e-03> : tensor<f32>} : () -> tensor<f32>
  %qa1 = "mlc.add"(%qm1, %qc1) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %qm2 = "mlc.mul"(%s, %qa1) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %qc2 = "mlc.constant"() {value = dense<-7.373329167e-03> : tensor<f32>} : () -> tensor<f32>
  %qa2 = "mlc.add"(%qm2, %qc2) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %qm3 = "mlc.mul"(%s, %qa2) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %qc3 = "mlc.constant"() {value = dense<-1.426473905e-02> : tensor<f32>} : () -> tensor<f32>
  %qa3 = "mlc.add"(%qm3, %qc3) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %n = "mlc.mul"(%c, %pa5) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %d = "mlc.div"(%n, %qa3) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %l1 = "mlc.constant"() {value = dense<-1.0> : tensor<f32>} : () -> tensor<f32>
  %h1 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %r = "mlc.clip"(%d, %l1, %h1) {operandSegmentSizes = array<i32: 1, 1, 1>} : (tensor<2x8xf32>, tensor<f32>, tensor<f32>) -> tensor<2x8xf32>
  func.return %r : tensor<2x8xf32>
}

// -----

// CHECK-LABEL: func.func @attention_whose_heads_were_merged_for_each_product(
// CHECK-NEXT: %0 = "mlc.attention"(%arg0, %arg1, %arg2) {is_causal = false, left_window = -1 : i64, right_window = -1 : i64, scale = 1.0 : f64, softcap = 0.0 : f64, softmax_dtype = none, scores = "none", zero_rows = "none", layout = "bhld", operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0>} : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>) -> tensor<2x3x4x8xf32>
// CHECK-NEXT: func.return %0 : tensor<2x3x4x8xf32>
func.func @attention_whose_heads_were_merged_for_each_product(%q: tensor<2x3x4x8xf32>, %k: tensor<2x3x4x8xf32>, %v: tensor<2x3x4x8xf32>) -> (tensor<2x3x4x8xf32>) {
  %0 = "mlc.reshape"(%q) {dims = "6,4,8", keeps_zero = false, operandSegmentSizes = array<i32: 1, 0>} : (tensor<2x3x4x8xf32>) -> tensor<6x4x8xf32>
  %1 = "mlc.reshape"(%k) {dims = "6,4,8", keeps_zero = false, operandSegmentSizes = array<i32: 1, 0>} : (tensor<2x3x4x8xf32>) -> tensor<6x4x8xf32>
  %2 = "mlc.matmul"(%0, %1) {transpose_y = true, strassen = false} : (tensor<6x4x8xf32>, tensor<6x4x8xf32>) -> tensor<6x4x4xf32>
  %3 = "mlc.reshape"(%2) {dims = "2,3,4,4", keeps_zero = false, operandSegmentSizes = array<i32: 1, 0>} : (tensor<6x4x4xf32>) -> tensor<2x3x4x4xf32>
  %4 = "mlc.softmax"(%3) {axis = 3 : i64} : (tensor<2x3x4x4xf32>) -> tensor<2x3x4x4xf32>
  %5 = "mlc.reshape"(%4) {dims = "6,4,4", keeps_zero = false, operandSegmentSizes = array<i32: 1, 0>} : (tensor<2x3x4x4xf32>) -> tensor<6x4x4xf32>
  %6 = "mlc.reshape"(%v) {dims = "6,4,8", keeps_zero = false, operandSegmentSizes = array<i32: 1, 0>} : (tensor<2x3x4x8xf32>) -> tensor<6x4x8xf32>
  %7 = "mlc.matmul"(%5, %6) {transpose_y = false, strassen = false} : (tensor<6x4x4xf32>, tensor<6x4x8xf32>) -> tensor<6x4x8xf32>
  %r = "mlc.reshape"(%7) {dims = "2,3,4,8", keeps_zero = false, operandSegmentSizes = array<i32: 1, 0>} : (tensor<6x4x8xf32>) -> tensor<2x3x4x8xf32>
  func.return %r : tensor<2x3x4x8xf32>
}

// -----

// CHECK-LABEL: func.func @attention_with_zeros_where_all_is_hidden(
// CHECK-NEXT: %0 = "mlc.attention"(%arg0, %arg1, %arg2) {is_causal = false, left_window = -1 : i64, right_window = -1 : i64, scale = 1.0 : f64, softcap = 0.0 : f64, softmax_dtype = none, scores = "none", zero_rows = "unseen", layout = "bhld", operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0>} : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>) -> tensor<2x3x4x8xf32>
// CHECK-NEXT: func.return %0 : tensor<2x3x4x8xf32>
func.func @attention_with_zeros_where_all_is_hidden(%q: tensor<2x3x4x8xf32>, %k: tensor<2x3x4x8xf32>, %v: tensor<2x3x4x8xf32>) -> (tensor<2x3x4x8xf32>) {
  %0 = "mlc.reshape"(%q) {dims = "6,4,8", keeps_zero = false, operandSegmentSizes = array<i32: 1, 0>} : (tensor<2x3x4x8xf32>) -> tensor<6x4x8xf32>
  %1 = "mlc.reshape"(%k) {dims = "6,4,8", keeps_zero = false, operandSegmentSizes = array<i32: 1, 0>} : (tensor<2x3x4x8xf32>) -> tensor<6x4x8xf32>
  %2 = "mlc.matmul"(%0, %1) {transpose_y = true, strassen = false} : (tensor<6x4x8xf32>, tensor<6x4x8xf32>) -> tensor<6x4x4xf32>
  %3 = "mlc.reshape"(%2) {dims = "2,3,4,4", keeps_zero = false, operandSegmentSizes = array<i32: 1, 0>} : (tensor<6x4x4xf32>) -> tensor<2x3x4x4xf32>
  %4 = "mlc.softmax"(%3) {axis = 3 : i64} : (tensor<2x3x4x4xf32>) -> tensor<2x3x4x4xf32>
  %ninf = "mlc.constant"() {value = dense<0xFF800000> : tensor<f32>} : () -> tensor<f32>
  %e = "mlc.equal"(%3, %ninf) : (tensor<2x3x4x4xf32>, tensor<f32>) -> tensor<2x3x4x4xi1>
  %al = "mlc.reduce_min"(%e) {axes = array<i64: 3>, keep_dims = true, is_noop_without_axes = false, dims = none, operandSegmentSizes = array<i32: 1, 0>} : (tensor<2x3x4x4xi1>) -> tensor<2x3x4x1xi1>
  %z = "mlc.constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
  %w = "mlc.where"(%al, %z, %4) : (tensor<2x3x4x1xi1>, tensor<f32>, tensor<2x3x4x4xf32>) -> tensor<2x3x4x4xf32>
  %5 = "mlc.reshape"(%w) {dims = "6,4,4", keeps_zero = false, operandSegmentSizes = array<i32: 1, 0>} : (tensor<2x3x4x4xf32>) -> tensor<6x4x4xf32>
  %6 = "mlc.reshape"(%v) {dims = "6,4,8", keeps_zero = false, operandSegmentSizes = array<i32: 1, 0>} : (tensor<2x3x4x8xf32>) -> tensor<6x4x8xf32>
  %7 = "mlc.matmul"(%5, %6) {transpose_y = false, strassen = false} : (tensor<6x4x4xf32>, tensor<6x4x8xf32>) -> tensor<6x4x8xf32>
  %r = "mlc.reshape"(%7) {dims = "2,3,4,8", keeps_zero = false, operandSegmentSizes = array<i32: 1, 0>} : (tensor<6x4x8xf32>) -> tensor<2x3x4x8xf32>
  func.return %r : tensor<2x3x4x8xf32>
}

// -----

// CHECK-LABEL: func.func @zeros_where_all_scores_are_some_number_stay(
// CHECK-NEXT: %0 = "mlc.matmul"(%arg0, %arg1) {transpose_y = true, strassen = false} : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>) -> tensor<2x3x4x4xf32>
// CHECK-NEXT: %1 = "mlc.softmax"(%0) {axis = 3 : i64} : (tensor<2x3x4x4xf32>) -> tensor<2x3x4x4xf32>
// CHECK-NEXT: %2 = "mlc.constant"() {value = dense<-1.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %3 = "mlc.equal"(%0, %2) : (tensor<2x3x4x4xf32>, tensor<f32>) -> tensor<2x3x4x4xi1>
// CHECK-NEXT: %4 = "mlc.reduce_min"(%3) {axes = array<i64: 3>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<2x3x4x4xi1>) -> tensor<2x3x4x1xi1>
// CHECK-NEXT: %5 = "mlc.constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %6 = "mlc.where"(%4, %5, %1) : (tensor<2x3x4x1xi1>, tensor<f32>, tensor<2x3x4x4xf32>) -> tensor<2x3x4x4xf32>
// CHECK-NEXT: %7 = "mlc.matmul"(%6, %arg2) {transpose_y = false, strassen = false} : (tensor<2x3x4x4xf32>, tensor<2x3x4x8xf32>) -> tensor<2x3x4x8xf32>
// CHECK-NEXT: func.return %7 : tensor<2x3x4x8xf32>
func.func @zeros_where_all_scores_are_some_number_stay(%q: tensor<2x3x4x8xf32>, %k: tensor<2x3x4x8xf32>, %v: tensor<2x3x4x8xf32>) -> (tensor<2x3x4x8xf32>) {
  %0 = "mlc.reshape"(%q) {dims = "6,4,8", keeps_zero = false, operandSegmentSizes = array<i32: 1, 0>} : (tensor<2x3x4x8xf32>) -> tensor<6x4x8xf32>
  %1 = "mlc.reshape"(%k) {dims = "6,4,8", keeps_zero = false, operandSegmentSizes = array<i32: 1, 0>} : (tensor<2x3x4x8xf32>) -> tensor<6x4x8xf32>
  %2 = "mlc.matmul"(%0, %1) {transpose_y = true, strassen = false} : (tensor<6x4x8xf32>, tensor<6x4x8xf32>) -> tensor<6x4x4xf32>
  %3 = "mlc.reshape"(%2) {dims = "2,3,4,4", keeps_zero = false, operandSegmentSizes = array<i32: 1, 0>} : (tensor<6x4x4xf32>) -> tensor<2x3x4x4xf32>
  %4 = "mlc.softmax"(%3) {axis = 3 : i64} : (tensor<2x3x4x4xf32>) -> tensor<2x3x4x4xf32>
  %ninf = "mlc.constant"() {value = dense<-1.0> : tensor<f32>} : () -> tensor<f32>
  %e = "mlc.equal"(%3, %ninf) : (tensor<2x3x4x4xf32>, tensor<f32>) -> tensor<2x3x4x4xi1>
  %al = "mlc.reduce_min"(%e) {axes = array<i64: 3>, keep_dims = true, is_noop_without_axes = false, dims = none, operandSegmentSizes = array<i32: 1, 0>} : (tensor<2x3x4x4xi1>) -> tensor<2x3x4x1xi1>
  %z = "mlc.constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
  %w = "mlc.where"(%al, %z, %4) : (tensor<2x3x4x1xi1>, tensor<f32>, tensor<2x3x4x4xf32>) -> tensor<2x3x4x4xf32>
  %5 = "mlc.reshape"(%w) {dims = "6,4,4", keeps_zero = false, operandSegmentSizes = array<i32: 1, 0>} : (tensor<2x3x4x4xf32>) -> tensor<6x4x4xf32>
  %6 = "mlc.reshape"(%v) {dims = "6,4,8", keeps_zero = false, operandSegmentSizes = array<i32: 1, 0>} : (tensor<2x3x4x8xf32>) -> tensor<6x4x8xf32>
  %7 = "mlc.matmul"(%5, %6) {transpose_y = false, strassen = false} : (tensor<6x4x4xf32>, tensor<6x4x8xf32>) -> tensor<6x4x8xf32>
  %r = "mlc.reshape"(%7) {dims = "2,3,4,8", keeps_zero = false, operandSegmentSizes = array<i32: 1, 0>} : (tensor<6x4x8xf32>) -> tensor<2x3x4x8xf32>
  func.return %r : tensor<2x3x4x8xf32>
}

// -----

// CHECK-LABEL: func.func @a_product_split_into_other_batches_stays(
// CHECK-NEXT: %0 = "mlc.reshape"(%arg0) {dims = "6,4,8", keeps_zero = false} : (tensor<2x3x4x8xf32>) -> tensor<6x4x8xf32>
// CHECK-NEXT: %1 = "mlc.reshape"(%arg1) {dims = "6,4,8", keeps_zero = false} : (tensor<2x3x4x8xf32>) -> tensor<6x4x8xf32>
// CHECK-NEXT: %2 = "mlc.matmul"(%0, %1) {transpose_y = true, strassen = false} : (tensor<6x4x8xf32>, tensor<6x4x8xf32>) -> tensor<6x4x4xf32>
// CHECK-NEXT: %3 = "mlc.reshape"(%2) {dims = "3,2,4,4", keeps_zero = false} : (tensor<6x4x4xf32>) -> tensor<3x2x4x4xf32>
// CHECK-NEXT: func.return %3 : tensor<3x2x4x4xf32>
func.func @a_product_split_into_other_batches_stays(%q: tensor<2x3x4x8xf32>, %k: tensor<2x3x4x8xf32>) -> (tensor<3x2x4x4xf32>) {
  %0 = "mlc.reshape"(%q) {dims = "6,4,8", keeps_zero = false, operandSegmentSizes = array<i32: 1, 0>} : (tensor<2x3x4x8xf32>) -> tensor<6x4x8xf32>
  %1 = "mlc.reshape"(%k) {dims = "6,4,8", keeps_zero = false, operandSegmentSizes = array<i32: 1, 0>} : (tensor<2x3x4x8xf32>) -> tensor<6x4x8xf32>
  %2 = "mlc.matmul"(%0, %1) {transpose_y = true, strassen = false} : (tensor<6x4x8xf32>, tensor<6x4x8xf32>) -> tensor<6x4x4xf32>
  %r = "mlc.reshape"(%2) {dims = "3,2,4,4", keeps_zero = false, operandSegmentSizes = array<i32: 1, 0>} : (tensor<6x4x4xf32>) -> tensor<3x2x4x4xf32>
  func.return %r : tensor<3x2x4x4xf32>
}

// -----

// CHECK-LABEL: func.func @gelu_by_the_complement_of_erf(
// CHECK-NEXT: %0 = "mlc.gelu"(%arg0) {approximation = "none"} : (tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %0 : tensor<2x8xf32>
func.func @gelu_by_the_complement_of_erf(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %h = "mlc.constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %0 = "mlc.mul"(%x, %h) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %1 = "mlc.neg"(%x) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %c = "mlc.constant"() {value = dense<0.70710677> : tensor<f32>} : () -> tensor<f32>
  %2 = "mlc.mul"(%1, %c) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %3 = "mlc.cast"(%2) {dtype = f64, saturates = true, rounding = "up"} : (tensor<2x8xf32>) -> tensor<2x8xf64>
  %o = "mlc.constant"() {value = dense<1.0> : tensor<f64>} : () -> tensor<f64>
  %4 = "mlc.erf"(%3) : (tensor<2x8xf64>) -> tensor<2x8xf64>
  %5 = "mlc.sub"(%o, %4) : (tensor<f64>, tensor<2x8xf64>) -> tensor<2x8xf64>
  %6 = "mlc.cast"(%5) {dtype = f32, saturates = true, rounding = "up"} : (tensor<2x8xf64>) -> tensor<2x8xf32>
  %r = "mlc.mul"(%0, %6) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  func.return %r : tensor<2x8xf32>
}

// -----

// CHECK-LABEL: func.func @a_complement_of_erf_at_another_scale_stays(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %1 = "mlc.mul"(%arg0, %0) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
// CHECK-NEXT: %2 = "mlc.neg"(%arg0) : (tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: %3 = "mlc.constant"() {value = dense<0.7> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %4 = "mlc.mul"(%2, %3) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
// CHECK-NEXT: %5 = "mlc.cast"(%4) {dtype = f64, saturates = true, rounding = "up"} : (tensor<2x8xf32>) -> tensor<2x8xf64>
// CHECK-NEXT: %6 = "mlc.constant"() {value = dense<1.0> : tensor<f64>} : () -> tensor<f64>
// CHECK-NEXT: %7 = "mlc.erf"(%5) : (tensor<2x8xf64>) -> tensor<2x8xf64>
// CHECK-NEXT: %8 = "mlc.sub"(%6, %7) : (tensor<f64>, tensor<2x8xf64>) -> tensor<2x8xf64>
// CHECK-NEXT: %9 = "mlc.cast"(%8) {dtype = f32, saturates = true, rounding = "up"} : (tensor<2x8xf64>) -> tensor<2x8xf32>
// CHECK-NEXT: %10 = "mlc.mul"(%1, %9) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %10 : tensor<2x8xf32>
func.func @a_complement_of_erf_at_another_scale_stays(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %h = "mlc.constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %0 = "mlc.mul"(%x, %h) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %1 = "mlc.neg"(%x) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  %c = "mlc.constant"() {value = dense<0.7> : tensor<f32>} : () -> tensor<f32>
  %2 = "mlc.mul"(%1, %c) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  %3 = "mlc.cast"(%2) {dtype = f64, saturates = true, rounding = "up"} : (tensor<2x8xf32>) -> tensor<2x8xf64>
  %o = "mlc.constant"() {value = dense<1.0> : tensor<f64>} : () -> tensor<f64>
  %4 = "mlc.erf"(%3) : (tensor<2x8xf64>) -> tensor<2x8xf64>
  %5 = "mlc.sub"(%o, %4) : (tensor<f64>, tensor<2x8xf64>) -> tensor<2x8xf64>
  %6 = "mlc.cast"(%5) {dtype = f32, saturates = true, rounding = "up"} : (tensor<2x8xf64>) -> tensor<2x8xf32>
  %r = "mlc.mul"(%0, %6) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  func.return %r : tensor<2x8xf32>
}
