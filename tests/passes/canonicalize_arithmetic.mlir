// RUN: mlc-opt canonicalize

// CHECK-LABEL: func.func @a_constant_goes_right(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>} : () -> tensor<4xf32>
// CHECK-NEXT: %1 = "mlc.add"(%arg0, %0) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: func.return %1 : tensor<4xf32>
func.func @a_constant_goes_right(%x: tensor<4xf32>) -> (tensor<4xf32>) {
  %0 = "mlc.constant"() {value = dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>} : () -> tensor<4xf32>
  %1 = "mlc.add"(%0, %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  func.return %1 : tensor<4xf32>
}

// -----

// Near miss: x - y is not y - x.
// CHECK-LABEL: func.func @a_constant_stays_left_of_a_minus(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>} : () -> tensor<4xf32>
// CHECK-NEXT: %1 = "mlc.sub"(%0, %arg0) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: func.return %1 : tensor<4xf32>
func.func @a_constant_stays_left_of_a_minus(%x: tensor<4xf32>) -> (tensor<4xf32>) {
  %0 = "mlc.constant"() {value = dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>} : () -> tensor<4xf32>
  %1 = "mlc.sub"(%0, %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  func.return %1 : tensor<4xf32>
}

// -----

// CHECK-LABEL: func.func @neutral_operands_go(
// CHECK-NEXT: func.return %arg0 : tensor<4xf32>
func.func @neutral_operands_go(%x: tensor<4xf32>) -> (tensor<4xf32>) {
  %0 = "mlc.constant"() {value = dense<-0.0> : tensor<f32>} : () -> tensor<f32>
  %1 = "mlc.add"(%x, %0) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %2 = "mlc.constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
  %3 = "mlc.sub"(%1, %2) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %4 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %5 = "mlc.mul"(%3, %4) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %6 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %7 = "mlc.div"(%5, %6) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %8 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %9 = "mlc.pow"(%7, %8) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  func.return %9 : tensor<4xf32>
}

// -----

// Near miss: -0.0 + 0.0 is 0.0.
// CHECK-LABEL: func.func @adding_zero_stays_for_floats(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %1 = "mlc.add"(%arg0, %0) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
// CHECK-NEXT: func.return %1 : tensor<4xf32>
func.func @adding_zero_stays_for_floats(%x: tensor<4xf32>) -> (tensor<4xf32>) {
  %0 = "mlc.constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
  %1 = "mlc.add"(%x, %0) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  func.return %1 : tensor<4xf32>
}

// -----

// CHECK-LABEL: func.func @adding_zero_goes_for_integers(
// CHECK-NEXT: func.return %arg0 : tensor<4xi32>
func.func @adding_zero_goes_for_integers(%x: tensor<4xi32>) -> (tensor<4xi32>) {
  %0 = "mlc.constant"() {value = dense<0> : tensor<i32>} : () -> tensor<i32>
  %1 = "mlc.add"(%x, %0) : (tensor<4xi32>, tensor<i32>) -> tensor<4xi32>
  func.return %1 : tensor<4xi32>
}

// -----

// Near miss: operands swapped.
// CHECK-LABEL: func.func @dividing_one_by_x_stays(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %1 = "mlc.div"(%0, %arg0) : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: func.return %1 : tensor<4xf32>
func.func @dividing_one_by_x_stays(%x: tensor<4xf32>) -> (tensor<4xf32>) {
  %0 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %1 = "mlc.div"(%0, %x) : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
  func.return %1 : tensor<4xf32>
}

// -----

// Near miss: the shape changes.
// CHECK-LABEL: func.func @a_neutral_operand_that_broadcasts_stays(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<1.0> : tensor<3xf32>} : () -> tensor<3xf32>
// CHECK-NEXT: %1 = "mlc.mul"(%arg0, %0) : (tensor<1xf32>, tensor<3xf32>) -> tensor<3xf32>
// CHECK-NEXT: func.return %1 : tensor<3xf32>
func.func @a_neutral_operand_that_broadcasts_stays(%x: tensor<1xf32>) -> (tensor<3xf32>) {
  %0 = "mlc.constant"() {value = dense<1.0> : tensor<3xf32>} : () -> tensor<3xf32>
  %1 = "mlc.mul"(%x, %0) : (tensor<1xf32>, tensor<3xf32>) -> tensor<3xf32>
  func.return %1 : tensor<3xf32>
}

// -----

// Near miss: -0.0 - -0.0 is 0.0.
// CHECK-LABEL: func.func @subtracting_minus_zero_stays(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<-0.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %1 = "mlc.sub"(%arg0, %0) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
// CHECK-NEXT: func.return %1 : tensor<4xf32>
func.func @subtracting_minus_zero_stays(%x: tensor<4xf32>) -> (tensor<4xf32>) {
  %0 = "mlc.constant"() {value = dense<-0.0> : tensor<f32>} : () -> tensor<f32>
  %1 = "mlc.sub"(%x, %0) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  func.return %1 : tensor<4xf32>
}

// -----

// CHECK-LABEL: func.func @dividing_by_a_power_of_two_is_a_product(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<-0.125> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %1 = "mlc.mul"(%arg0, %0) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
// CHECK-NEXT: func.return %1 : tensor<4xf32>
func.func @dividing_by_a_power_of_two_is_a_product(%x: tensor<4xf32>) -> (tensor<4xf32>) {
  %0 = "mlc.constant"() {value = dense<-8.0> : tensor<f32>} : () -> tensor<f32>
  %1 = "mlc.div"(%x, %0) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  func.return %1 : tensor<4xf32>
}

// -----

// Near miss: 1/3 is rounded.
// CHECK-LABEL: func.func @dividing_by_three_stays(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<3.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %1 = "mlc.div"(%arg0, %0) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
// CHECK-NEXT: func.return %1 : tensor<4xf32>
func.func @dividing_by_three_stays(%x: tensor<4xf32>) -> (tensor<4xf32>) {
  %0 = "mlc.constant"() {value = dense<3.0> : tensor<f32>} : () -> tensor<f32>
  %1 = "mlc.div"(%x, %0) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  func.return %1 : tensor<4xf32>
}

// -----

// Near miss: 2^-127 is not a normal f32.
// CHECK-LABEL: func.func @dividing_by_a_huge_power_stays(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<1.7014118e+38> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %1 = "mlc.div"(%arg0, %0) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
// CHECK-NEXT: func.return %1 : tensor<4xf32>
func.func @dividing_by_a_huge_power_stays(%x: tensor<4xf32>) -> (tensor<4xf32>) {
  %0 = "mlc.constant"() {value = dense<1.7014118e+38> : tensor<f32>} : () -> tensor<f32>
  %1 = "mlc.div"(%x, %0) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  func.return %1 : tensor<4xf32>
}

// -----

// Near miss: the quotient of integers is rounded towards zero.
// CHECK-LABEL: func.func @dividing_integers_stays(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<2> : tensor<i32>} : () -> tensor<i32>
// CHECK-NEXT: %1 = "mlc.div"(%arg0, %0) : (tensor<4xi32>, tensor<i32>) -> tensor<4xi32>
// CHECK-NEXT: func.return %1 : tensor<4xi32>
func.func @dividing_integers_stays(%x: tensor<4xi32>) -> (tensor<4xi32>) {
  %0 = "mlc.constant"() {value = dense<2> : tensor<i32>} : () -> tensor<i32>
  %1 = "mlc.div"(%x, %0) : (tensor<4xi32>, tensor<i32>) -> tensor<4xi32>
  func.return %1 : tensor<4xi32>
}

// -----

// CHECK-LABEL: func.func @two_negations_cancel(
// CHECK-NEXT: func.return %arg0, %arg1 : tensor<4xf32>, tensor<4xi1>
func.func @two_negations_cancel(%x: tensor<4xf32>, %b: tensor<4xi1>) -> (tensor<4xf32>, tensor<4xi1>) {
  %0 = "mlc.neg"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = "mlc.neg"(%0) : (tensor<4xf32>) -> tensor<4xf32>
  %2 = "mlc.not"(%b) : (tensor<4xi1>) -> tensor<4xi1>
  %3 = "mlc.not"(%2) : (tensor<4xi1>) -> tensor<4xi1>
  func.return %1, %3 : tensor<4xf32>, tensor<4xi1>
}

// -----

// Near miss: another function.
// CHECK-LABEL: func.func @abs_of_neg_is_left_alone(
// CHECK-NEXT: %0 = "mlc.abs"(%arg0) : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: %1 = "mlc.neg"(%0) : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: func.return %1 : tensor<4xf32>
func.func @abs_of_neg_is_left_alone(%x: tensor<4xf32>) -> (tensor<4xf32>) {
  %0 = "mlc.abs"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = "mlc.neg"(%0) : (tensor<4xf32>) -> tensor<4xf32>
  func.return %1 : tensor<4xf32>
}

// -----

// CHECK-LABEL: func.func @repetition_goes(
// CHECK-NEXT: %0 = "mlc.relu"(%arg0) : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: %1 = "mlc.abs"(%0) : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: %2 = "mlc.floor"(%1) : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: func.return %2 : tensor<4xf32>
func.func @repetition_goes(%x: tensor<4xf32>) -> (tensor<4xf32>) {
  %0 = "mlc.relu"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = "mlc.relu"(%0) : (tensor<4xf32>) -> tensor<4xf32>
  %2 = "mlc.abs"(%1) : (tensor<4xf32>) -> tensor<4xf32>
  %3 = "mlc.abs"(%2) : (tensor<4xf32>) -> tensor<4xf32>
  %4 = "mlc.floor"(%3) : (tensor<4xf32>) -> tensor<4xf32>
  %5 = "mlc.floor"(%4) : (tensor<4xf32>) -> tensor<4xf32>
  func.return %5 : tensor<4xf32>
}

// -----

// Near miss: other functions between.
// CHECK-LABEL: func.func @ceil_of_floor_stays(
// CHECK-NEXT: %0 = "mlc.floor"(%arg0) : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: %1 = "mlc.relu"(%0) : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: %2 = "mlc.ceil"(%1) : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: func.return %2 : tensor<4xf32>
func.func @ceil_of_floor_stays(%x: tensor<4xf32>) -> (tensor<4xf32>) {
  %0 = "mlc.floor"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = "mlc.relu"(%0) : (tensor<4xf32>) -> tensor<4xf32>
  %2 = "mlc.ceil"(%1) : (tensor<4xf32>) -> tensor<4xf32>
  func.return %2 : tensor<4xf32>
}

// -----

// CHECK-LABEL: func.func @a_cast_to_the_same_type_goes(
// CHECK-NEXT: func.return %arg0 : tensor<4xf32>
func.func @a_cast_to_the_same_type_goes(%x: tensor<4xf32>) -> (tensor<4xf32>) {
  %0 = "mlc.cast"(%x) {dtype = f32, saturates = true, rounding = "up"} : (tensor<4xf32>) -> tensor<4xf32>
  func.return %0 : tensor<4xf32>
}

// -----

// CHECK-LABEL: func.func @casts_through_a_wider_type_merge(
// CHECK-NEXT: %0 = "mlc.cast"(%arg1) {dtype = i32, saturates = true, rounding = "up"} : (tensor<4xi8>) -> tensor<4xi32>
// CHECK-NEXT: func.return %arg0, %0 : tensor<4xf16>, tensor<4xi32>
func.func @casts_through_a_wider_type_merge(%x: tensor<4xf16>, %i: tensor<4xi8>) -> (tensor<4xf16>, tensor<4xi32>) {
  %0 = "mlc.cast"(%x) {dtype = f32, saturates = true, rounding = "up"} : (tensor<4xf16>) -> tensor<4xf32>
  %1 = "mlc.cast"(%0) {dtype = f16, saturates = true, rounding = "up"} : (tensor<4xf32>) -> tensor<4xf16>
  %2 = "mlc.cast"(%i) {dtype = f32, saturates = true, rounding = "up"} : (tensor<4xi8>) -> tensor<4xf32>
  %3 = "mlc.cast"(%2) {dtype = i32, saturates = true, rounding = "up"} : (tensor<4xf32>) -> tensor<4xi32>
  func.return %1, %3 : tensor<4xf16>, tensor<4xi32>
}

// -----
// RUN: mlc-opt --remarks=missed canonicalize

// Near miss: f16 does not hold every f32, nor f32 every i64.
// CHECK-LABEL: func.func @casts_through_a_narrower_type_stay(
// CHECK-NEXT: %0 = "mlc.cast"(%arg0) {dtype = f16, saturates = true, rounding = "up"} : (tensor<4xf32>) -> tensor<4xf16>
// CHECK-NEXT: %1 = "mlc.cast"(%0) {dtype = f32, saturates = true, rounding = "up"} : (tensor<4xf16>) -> tensor<4xf32>
// CHECK-NEXT: %2 = "mlc.cast"(%arg1) {dtype = f32, saturates = true, rounding = "up"} : (tensor<4xi64>) -> tensor<4xf32>
// CHECK-NEXT: %3 = "mlc.cast"(%2) {dtype = i64, saturates = true, rounding = "up"} : (tensor<4xf32>) -> tensor<4xi64>
// CHECK-NEXT: func.return %1, %3 : tensor<4xf32>, tensor<4xi64>
// CHECK: missed  canonicalize/merge_casts at ? (mlc.cast): f16 does not hold every f32 (blocked by result 0 of mlc.cast '?')
// CHECK: missed  canonicalize/merge_casts at ? (mlc.cast): f32 does not hold every i64 (blocked by result 0 of mlc.cast '?')
func.func @casts_through_a_narrower_type_stay(%x: tensor<4xf32>, %i: tensor<4xi64>) -> (tensor<4xf32>, tensor<4xi64>) {
  %0 = "mlc.cast"(%x) {dtype = f16, saturates = true, rounding = "up"} : (tensor<4xf32>) -> tensor<4xf16>
  %1 = "mlc.cast"(%0) {dtype = f32, saturates = true, rounding = "up"} : (tensor<4xf16>) -> tensor<4xf32>
  %2 = "mlc.cast"(%i) {dtype = f32, saturates = true, rounding = "up"} : (tensor<4xi64>) -> tensor<4xf32>
  %3 = "mlc.cast"(%2) {dtype = i64, saturates = true, rounding = "up"} : (tensor<4xf32>) -> tensor<4xi64>
  func.return %1, %3 : tensor<4xf32>, tensor<4xi64>
}

// -----

// CHECK-LABEL: func.func @where_of_a_known_condition_is_a_branch(
// CHECK-NEXT: func.return %arg0, %arg1, %arg0 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
func.func @where_of_a_known_condition_is_a_branch(%x: tensor<4xf32>, %y: tensor<4xf32>, %c: tensor<4xi1>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %0 = "mlc.constant"() {value = dense<true> : tensor<4xi1>} : () -> tensor<4xi1>
  %1 = "mlc.where"(%0, %x, %y) : (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %2 = "mlc.constant"() {value = dense<false> : tensor<i1>} : () -> tensor<i1>
  %3 = "mlc.where"(%2, %x, %y) : (tensor<i1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %4 = "mlc.where"(%c, %x, %x) : (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  func.return %1, %3, %4 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// -----

// Near miss.
// CHECK-LABEL: func.func @where_of_a_mixed_condition_stays(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<[true, false]> : tensor<2xi1>} : () -> tensor<2xi1>
// CHECK-NEXT: %1 = "mlc.where"(%0, %arg0, %arg1) : (tensor<2xi1>, tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
// CHECK-NEXT: func.return %1 : tensor<2xf32>
func.func @where_of_a_mixed_condition_stays(%x: tensor<2xf32>, %y: tensor<2xf32>) -> (tensor<2xf32>) {
  %0 = "mlc.constant"() {value = dense<[true, false]> : tensor<2xi1>} : () -> tensor<2xi1>
  %1 = "mlc.where"(%0, %x, %y) : (tensor<2xi1>, tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  func.return %1 : tensor<2xf32>
}

// -----
// RUN: mlc-opt --remarks=missed canonicalize

// Near miss: the shape changes.
// CHECK-LABEL: func.func @where_that_broadcasts_its_branch_stays(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<true> : tensor<i1>} : () -> tensor<i1>
// CHECK-NEXT: %1 = "mlc.where"(%0, %arg0, %arg1) : (tensor<i1>, tensor<1xf32>, tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: func.return %1 : tensor<4xf32>
// CHECK: missed  canonicalize/choose_branch at ? (mlc.where): the other operands broadcast it to a larger shape (blocked by graph input 'input0')
func.func @where_that_broadcasts_its_branch_stays(%x: tensor<1xf32>, %y: tensor<4xf32>) -> (tensor<4xf32>) {
  %0 = "mlc.constant"() {value = dense<true> : tensor<i1>} : () -> tensor<i1>
  %1 = "mlc.where"(%0, %x, %y) : (tensor<i1>, tensor<1xf32>, tensor<4xf32>) -> tensor<4xf32>
  func.return %1 : tensor<4xf32>
}

// -----

// CHECK-LABEL: func.func @neutral_booleans_go(
// CHECK-NEXT: func.return %arg0, %arg0, %arg0 : tensor<4xi1>, tensor<4xi1>, tensor<4xi1>
func.func @neutral_booleans_go(%a: tensor<4xi1>) -> (tensor<4xi1>, tensor<4xi1>, tensor<4xi1>) {
  %0 = "mlc.constant"() {value = dense<true> : tensor<i1>} : () -> tensor<i1>
  %1 = "mlc.and"(%a, %0) : (tensor<4xi1>, tensor<i1>) -> tensor<4xi1>
  %2 = "mlc.constant"() {value = dense<false> : tensor<i1>} : () -> tensor<i1>
  %3 = "mlc.or"(%a, %2) : (tensor<4xi1>, tensor<i1>) -> tensor<4xi1>
  %4 = "mlc.constant"() {value = dense<false> : tensor<i1>} : () -> tensor<i1>
  %5 = "mlc.xor"(%a, %4) : (tensor<4xi1>, tensor<i1>) -> tensor<4xi1>
  func.return %1, %3, %5 : tensor<4xi1>, tensor<4xi1>, tensor<4xi1>
}

// -----

// Near miss.
// CHECK-LABEL: func.func @absorbing_booleans_stay(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<false> : tensor<i1>} : () -> tensor<i1>
// CHECK-NEXT: %1 = "mlc.and"(%arg0, %0) : (tensor<4xi1>, tensor<i1>) -> tensor<4xi1>
// CHECK-NEXT: %2 = "mlc.constant"() {value = dense<true> : tensor<i1>} : () -> tensor<i1>
// CHECK-NEXT: %3 = "mlc.xor"(%arg0, %2) : (tensor<4xi1>, tensor<i1>) -> tensor<4xi1>
// CHECK-NEXT: func.return %1, %3 : tensor<4xi1>, tensor<4xi1>
func.func @absorbing_booleans_stay(%a: tensor<4xi1>) -> (tensor<4xi1>, tensor<4xi1>) {
  %0 = "mlc.constant"() {value = dense<false> : tensor<i1>} : () -> tensor<i1>
  %1 = "mlc.and"(%a, %0) : (tensor<4xi1>, tensor<i1>) -> tensor<4xi1>
  %2 = "mlc.constant"() {value = dense<true> : tensor<i1>} : () -> tensor<i1>
  %3 = "mlc.xor"(%a, %2) : (tensor<4xi1>, tensor<i1>) -> tensor<4xi1>
  func.return %1, %3 : tensor<4xi1>, tensor<4xi1>
}

// -----

// CHECK-LABEL: func.func @the_larger_of_x_and_the_least_is_x(
// CHECK-NEXT: func.return %arg0 : tensor<2x8xf32>
func.func @the_larger_of_x_and_the_least_is_x(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %c = "mlc.constant"() {value = dense<0xFF800000> : tensor<f32>} : () -> tensor<f32>
  %r = "mlc.maximum"(%c, %x) : (tensor<f32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  func.return %r : tensor<2x8xf32>
}

// -----

// CHECK-LABEL: func.func @the_larger_of_x_and_zero_stays(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %1 = "mlc.maximum"(%arg0, %0) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
// CHECK-NEXT: func.return %1 : tensor<2x8xf32>
func.func @the_larger_of_x_and_zero_stays(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>) {
  %c = "mlc.constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
  %r = "mlc.maximum"(%x, %c) : (tensor<2x8xf32>, tensor<f32>) -> tensor<2x8xf32>
  func.return %r : tensor<2x8xf32>
}
