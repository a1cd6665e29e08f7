// RUN: mlc-opt recognize

// CHECK-LABEL: func.func @attention_with_a_scale(
// CHECK-NEXT: %0 = "mlc.attention"(%arg0, %arg1, %arg2) {is_causal = false, left_window = -1 : i64, right_window = -1 : i64, scale = 0.5 : f64, softcap = 0.0 : f64, softmax_dtype = none, scores = "none", zero_rows = "none", layout = "bhld", operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0>} : (tensor<2x2x3x4xf32>, tensor<2x2x5x4xf32>, tensor<2x2x5x4xf32>) -> tensor<2x2x3x4xf32>
// CHECK-NEXT: func.return %0 : tensor<2x2x3x4xf32>
func.func @attention_with_a_scale(%q: tensor<2x2x3x4xf32>, %k: tensor<2x2x5x4xf32>, %v: tensor<2x2x5x4xf32>) -> (tensor<2x2x3x4xf32>) {
  %0 = "mlc.transpose"(%k) {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x2x5x4xf32>) -> tensor<2x2x4x5xf32>
  %1 = "mlc.matmul"(%q, %0) {transpose_y = false, strassen = false} : (tensor<2x2x3x4xf32>, tensor<2x2x4x5xf32>) -> tensor<2x2x3x5xf32>
  %2 = "mlc.constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %3 = "mlc.div"(%1, %2) : (tensor<2x2x3x5xf32>, tensor<f32>) -> tensor<2x2x3x5xf32>
  %4 = "mlc.softmax"(%3) {axis = -1 : i64} : (tensor<2x2x3x5xf32>) -> tensor<2x2x3x5xf32>
  %5 = "mlc.matmul"(%4, %v) {transpose_y = false, strassen = false} : (tensor<2x2x3x5xf32>, tensor<2x2x5x4xf32>) -> tensor<2x2x3x4xf32>
  func.return %5 : tensor<2x2x3x4xf32>
}

// -----

// CHECK-LABEL: func.func @attention_with_transposed_keys_read_in_place(
// CHECK-NEXT: %0 = "mlc.attention"(%arg0, %arg1, %arg2) {is_causal = false, left_window = -1 : i64, right_window = -1 : i64, scale = 1.0 : f64, softcap = 0.0 : f64, softmax_dtype = none, scores = "none", zero_rows = "none", layout = "bhld", operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0>} : (tensor<2x2x3x4xf32>, tensor<2x2x5x4xf32>, tensor<2x2x5x4xf32>) -> tensor<2x2x3x4xf32>
// CHECK-NEXT: func.return %0 : tensor<2x2x3x4xf32>
func.func @attention_with_transposed_keys_read_in_place(%q: tensor<2x2x3x4xf32>, %k: tensor<2x2x5x4xf32>, %v: tensor<2x2x5x4xf32>) -> (tensor<2x2x3x4xf32>) {
  %0 = "mlc.matmul"(%q, %k) {transpose_y = true, strassen = false} : (tensor<2x2x3x4xf32>, tensor<2x2x5x4xf32>) -> tensor<2x2x3x5xf32>
  %1 = "mlc.softmax"(%0) {axis = -1 : i64} : (tensor<2x2x3x5xf32>) -> tensor<2x2x3x5xf32>
  %2 = "mlc.matmul"(%1, %v) {transpose_y = false, strassen = false} : (tensor<2x2x3x5xf32>, tensor<2x2x5x4xf32>) -> tensor<2x2x3x4xf32>
  func.return %2 : tensor<2x2x3x4xf32>
}

// -----

// CHECK-LABEL: func.func @attention_with_the_scale_on_both_factors(
// CHECK-NEXT: %0 = "mlc.attention"(%arg0, %arg1, %arg2) {is_causal = false, left_window = -1 : i64, right_window = -1 : i64, scale = 0.125 : f64, softcap = 0.0 : f64, softmax_dtype = none, scores = "none", zero_rows = "none", layout = "bhld", operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0>} : (tensor<2x2x3x4xf32>, tensor<2x2x5x4xf32>, tensor<2x2x5x4xf32>) -> tensor<2x2x3x4xf32>
// CHECK-NEXT: func.return %0 : tensor<2x2x3x4xf32>
func.func @attention_with_the_scale_on_both_factors(%q: tensor<2x2x3x4xf32>, %k: tensor<2x2x5x4xf32>, %v: tensor<2x2x5x4xf32>) -> (tensor<2x2x3x4xf32>) {
  %0 = "mlc.constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %1 = "mlc.mul"(%q, %0) : (tensor<2x2x3x4xf32>, tensor<f32>) -> tensor<2x2x3x4xf32>
  %2 = "mlc.transpose"(%k) {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x2x5x4xf32>) -> tensor<2x2x4x5xf32>
  %3 = "mlc.constant"() {value = dense<0.25> : tensor<f32>} : () -> tensor<f32>
  %4 = "mlc.mul"(%2, %3) : (tensor<2x2x4x5xf32>, tensor<f32>) -> tensor<2x2x4x5xf32>
  %5 = "mlc.matmul"(%1, %4) {transpose_y = false, strassen = false} : (tensor<2x2x3x4xf32>, tensor<2x2x4x5xf32>) -> tensor<2x2x3x5xf32>
  %6 = "mlc.softmax"(%5) {axis = -1 : i64} : (tensor<2x2x3x5xf32>) -> tensor<2x2x3x5xf32>
  %7 = "mlc.matmul"(%6, %v) {transpose_y = false, strassen = false} : (tensor<2x2x3x5xf32>, tensor<2x2x5x4xf32>) -> tensor<2x2x3x4xf32>
  func.return %7 : tensor<2x2x3x4xf32>
}

// -----

// CHECK-LABEL: func.func @attention_with_heads_split_by_a_transpose(
// CHECK-NEXT: %0 = "mlc.transpose"(%arg0) {perm = array<i64: 0, 2, 1, 3>} : (tensor<2x3x2x4xf32>) -> tensor<2x2x3x4xf32>
// CHECK-NEXT: %1 = "mlc.transpose"(%arg2) {perm = array<i64: 0, 2, 1, 3>} : (tensor<2x5x2x4xf32>) -> tensor<2x2x5x4xf32>
// CHECK-NEXT: %2 = "mlc.transpose"(%arg1) {perm = array<i64: 0, 2, 1, 3>} : (tensor<2x5x2x4xf32>) -> tensor<2x2x5x4xf32>
// CHECK-NEXT: %3 = "mlc.attention"(%0, %2, %1) {is_causal = false, left_window = -1 : i64, right_window = -1 : i64, scale = 1.0 : f64, softcap = 0.0 : f64, softmax_dtype = none, scores = "none", zero_rows = "none", layout = "bhld", operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0>} : (tensor<2x2x3x4xf32>, tensor<2x2x5x4xf32>, tensor<2x2x5x4xf32>) -> tensor<2x2x3x4xf32>
// CHECK-NEXT: func.return %3 : tensor<2x2x3x4xf32>
func.func @attention_with_heads_split_by_a_transpose(%q: tensor<2x3x2x4xf32>, %k: tensor<2x5x2x4xf32>, %v: tensor<2x5x2x4xf32>) -> (tensor<2x2x3x4xf32>) {
  %0 = "mlc.transpose"(%q) {perm = array<i64: 0, 2, 1, 3>} : (tensor<2x3x2x4xf32>) -> tensor<2x2x3x4xf32>
  %1 = "mlc.transpose"(%k) {perm = array<i64: 0, 2, 3, 1>} : (tensor<2x5x2x4xf32>) -> tensor<2x2x4x5xf32>
  %2 = "mlc.matmul"(%0, %1) {transpose_y = false, strassen = false} : (tensor<2x2x3x4xf32>, tensor<2x2x4x5xf32>) -> tensor<2x2x3x5xf32>
  %3 = "mlc.softmax"(%2) {axis = -1 : i64} : (tensor<2x2x3x5xf32>) -> tensor<2x2x3x5xf32>
  %4 = "mlc.transpose"(%v) {perm = array<i64: 0, 2, 1, 3>} : (tensor<2x5x2x4xf32>) -> tensor<2x2x5x4xf32>
  %5 = "mlc.matmul"(%3, %4) {transpose_y = false, strassen = false} : (tensor<2x2x3x5xf32>, tensor<2x2x5x4xf32>) -> tensor<2x2x3x4xf32>
  func.return %5 : tensor<2x2x3x4xf32>
}

// -----

// CHECK-LABEL: func.func @attention_with_a_mask_added(
// CHECK-NEXT: %0 = "mlc.attention"(%arg0, %arg1, %arg2, %arg3) {is_causal = false, left_window = -1 : i64, right_window = -1 : i64, scale = 0.5 : f64, softcap = 0.0 : f64, softmax_dtype = none, scores = "none", zero_rows = "none", layout = "bhld", operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0>} : (tensor<2x2x3x4xf32>, tensor<2x2x5x4xf32>, tensor<2x2x5x4xf32>, tensor<2x1x1x5xf32>) -> tensor<2x2x3x4xf32>
// CHECK-NEXT: func.return %0 : tensor<2x2x3x4xf32>
func.func @attention_with_a_mask_added(%q: tensor<2x2x3x4xf32>, %k: tensor<2x2x5x4xf32>, %v: tensor<2x2x5x4xf32>, %m: tensor<2x1x1x5xf32>) -> (tensor<2x2x3x4xf32>) {
  %0 = "mlc.transpose"(%k) {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x2x5x4xf32>) -> tensor<2x2x4x5xf32>
  %1 = "mlc.matmul"(%q, %0) {transpose_y = false, strassen = false} : (tensor<2x2x3x4xf32>, tensor<2x2x4x5xf32>) -> tensor<2x2x3x5xf32>
  %2 = "mlc.constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %3 = "mlc.div"(%1, %2) : (tensor<2x2x3x5xf32>, tensor<f32>) -> tensor<2x2x3x5xf32>
  %4 = "mlc.add"(%3, %m) : (tensor<2x2x3x5xf32>, tensor<2x1x1x5xf32>) -> tensor<2x2x3x5xf32>
  %5 = "mlc.softmax"(%4) {axis = -1 : i64} : (tensor<2x2x3x5xf32>) -> tensor<2x2x3x5xf32>
  %6 = "mlc.matmul"(%5, %v) {transpose_y = false, strassen = false} : (tensor<2x2x3x5xf32>, tensor<2x2x5x4xf32>) -> tensor<2x2x3x4xf32>
  func.return %6 : tensor<2x2x3x4xf32>
}

// -----

// CHECK-LABEL: func.func @attention_with_hidden_keys(
// CHECK-NEXT: %0 = "mlc.not"(%arg3) : (tensor<3x5xi1>) -> tensor<3x5xi1>
// CHECK-NEXT: %1 = "mlc.attention"(%arg0, %arg1, %arg2, %0) {is_causal = false, left_window = -1 : i64, right_window = -1 : i64, scale = 0.5 : f64, softcap = 0.0 : f64, softmax_dtype = none, scores = "none", zero_rows = "none", layout = "bhld", operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0>} : (tensor<2x2x3x4xf32>, tensor<2x2x5x4xf32>, tensor<2x2x5x4xf32>, tensor<3x5xi1>) -> tensor<2x2x3x4xf32>
// CHECK-NEXT: func.return %1 : tensor<2x2x3x4xf32>
func.func @attention_with_hidden_keys(%q: tensor<2x2x3x4xf32>, %k: tensor<2x2x5x4xf32>, %v: tensor<2x2x5x4xf32>, %m: tensor<3x5xi1>) -> (tensor<2x2x3x4xf32>) {
  %0 = "mlc.constant"() {value = dense<0xFF800000> : tensor<f32>} : () -> tensor<f32>
  %1 = "mlc.transpose"(%k) {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x2x5x4xf32>) -> tensor<2x2x4x5xf32>
  %2 = "mlc.matmul"(%q, %1) {transpose_y = false, strassen = false} : (tensor<2x2x3x4xf32>, tensor<2x2x4x5xf32>) -> tensor<2x2x3x5xf32>
  %3 = "mlc.constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %4 = "mlc.div"(%2, %3) : (tensor<2x2x3x5xf32>, tensor<f32>) -> tensor<2x2x3x5xf32>
  %5 = "mlc.where"(%m, %0, %4) : (tensor<3x5xi1>, tensor<f32>, tensor<2x2x3x5xf32>) -> tensor<2x2x3x5xf32>
  %6 = "mlc.softmax"(%5) {axis = -1 : i64} : (tensor<2x2x3x5xf32>) -> tensor<2x2x3x5xf32>
  %7 = "mlc.matmul"(%6, %v) {transpose_y = false, strassen = false} : (tensor<2x2x3x5xf32>, tensor<2x2x5x4xf32>) -> tensor<2x2x3x4xf32>
  func.return %7 : tensor<2x2x3x4xf32>
}

// -----

// CHECK-LABEL: func.func @attention_with_shown_keys_and_a_bias(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<0xFF800000> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %1 = "mlc.where"(%arg3, %arg4, %0) : (tensor<3x5xi1>, tensor<2x3x5xf32>, tensor<f32>) -> tensor<2x3x5xf32>
// CHECK-NEXT: %2 = "mlc.attention"(%arg0, %arg1, %arg2, %1) {is_causal = false, left_window = -1 : i64, right_window = -1 : i64, scale = 0.5 : f64, softcap = 0.0 : f64, softmax_dtype = none, scores = "none", zero_rows = "none", layout = "bhld", operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0>} : (tensor<2x2x3x4xf32>, tensor<2x2x5x4xf32>, tensor<2x2x5x4xf32>, tensor<2x3x5xf32>) -> tensor<2x2x3x4xf32>
// CHECK-NEXT: func.return %2 : tensor<2x2x3x4xf32>
func.func @attention_with_shown_keys_and_a_bias(%q: tensor<2x2x3x4xf32>, %k: tensor<2x2x5x4xf32>, %v: tensor<2x2x5x4xf32>, %m: tensor<3x5xi1>, %b: tensor<2x3x5xf32>) -> (tensor<2x2x3x4xf32>) {
  %0 = "mlc.transpose"(%k) {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x2x5x4xf32>) -> tensor<2x2x4x5xf32>
  %1 = "mlc.matmul"(%q, %0) {transpose_y = false, strassen = false} : (tensor<2x2x3x4xf32>, tensor<2x2x4x5xf32>) -> tensor<2x2x3x5xf32>
  %2 = "mlc.constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %3 = "mlc.div"(%1, %2) : (tensor<2x2x3x5xf32>, tensor<f32>) -> tensor<2x2x3x5xf32>
  %4 = "mlc.add"(%b, %3) : (tensor<2x3x5xf32>, tensor<2x2x3x5xf32>) -> tensor<2x2x3x5xf32>
  %5 = "mlc.constant"() {value = dense<0xFF800000> : tensor<f32>} : () -> tensor<f32>
  %6 = "mlc.where"(%m, %4, %5) : (tensor<3x5xi1>, tensor<2x2x3x5xf32>, tensor<f32>) -> tensor<2x2x3x5xf32>
  %7 = "mlc.softmax"(%6) {axis = -1 : i64} : (tensor<2x2x3x5xf32>) -> tensor<2x2x3x5xf32>
  %8 = "mlc.matmul"(%7, %v) {transpose_y = false, strassen = false} : (tensor<2x2x3x5xf32>, tensor<2x2x5x4xf32>) -> tensor<2x2x3x4xf32>
  func.return %8 : tensor<2x2x3x4xf32>
}

// -----

// CHECK-LABEL: func.func @attention_with_keys_sunk_by_the_lowest_number(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<-3.4028235e+38> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %1 = "mlc.constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %2 = "mlc.where"(%arg3, %0, %1) : (tensor<3x5xi1>, tensor<f32>, tensor<f32>) -> tensor<3x5xf32>
// CHECK-NEXT: %3 = "mlc.attention"(%arg0, %arg1, %arg2, %2) {is_causal = false, left_window = -1 : i64, right_window = -1 : i64, scale = 0.5 : f64, softcap = 0.0 : f64, softmax_dtype = none, scores = "none", zero_rows = "none", layout = "bhld", operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0>} : (tensor<2x2x3x4xf32>, tensor<2x2x5x4xf32>, tensor<2x2x5x4xf32>, tensor<3x5xf32>) -> tensor<2x2x3x4xf32>
// CHECK-NEXT: func.return %3 : tensor<2x2x3x4xf32>
func.func @attention_with_keys_sunk_by_the_lowest_number(%q: tensor<2x2x3x4xf32>, %k: tensor<2x2x5x4xf32>, %v: tensor<2x2x5x4xf32>, %m: tensor<3x5xi1>) -> (tensor<2x2x3x4xf32>) {
  %0 = "mlc.constant"() {value = dense<-3.4028235e+38> : tensor<f32>} : () -> tensor<f32>
  %1 = "mlc.transpose"(%k) {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x2x5x4xf32>) -> tensor<2x2x4x5xf32>
  %2 = "mlc.matmul"(%q, %1) {transpose_y = false, strassen = false} : (tensor<2x2x3x4xf32>, tensor<2x2x4x5xf32>) -> tensor<2x2x3x5xf32>
  %3 = "mlc.constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %4 = "mlc.div"(%2, %3) : (tensor<2x2x3x5xf32>, tensor<f32>) -> tensor<2x2x3x5xf32>
  %5 = "mlc.where"(%m, %0, %4) : (tensor<3x5xi1>, tensor<f32>, tensor<2x2x3x5xf32>) -> tensor<2x2x3x5xf32>
  %6 = "mlc.softmax"(%5) {axis = -1 : i64} : (tensor<2x2x3x5xf32>) -> tensor<2x2x3x5xf32>
  %7 = "mlc.matmul"(%6, %v) {transpose_y = false, strassen = false} : (tensor<2x2x3x5xf32>, tensor<2x2x5x4xf32>) -> tensor<2x2x3x4xf32>
  func.return %7 : tensor<2x2x3x4xf32>
}

// -----

// CHECK-LABEL: func.func @attention_with_a_causal_mask(
// CHECK-NEXT: %0 = "mlc.attention"(%arg0, %arg1, %arg2) {is_causal = true, left_window = -1 : i64, right_window = -1 : i64, scale = 0.5 : f64, softcap = 0.0 : f64, softmax_dtype = none, scores = "none", zero_rows = "none", layout = "bhld", operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0>} : (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
// CHECK-NEXT: func.return %0 : tensor<1x2x3x4xf32>
func.func @attention_with_a_causal_mask(%q: tensor<1x2x3x4xf32>, %k: tensor<1x2x3x4xf32>, %v: tensor<1x2x3x4xf32>) -> (tensor<1x2x3x4xf32>) {
  %0 = "mlc.transpose"(%k) {perm = array<i64: 0, 1, 3, 2>} : (tensor<1x2x3x4xf32>) -> tensor<1x2x4x3xf32>
  %1 = "mlc.matmul"(%q, %0) {transpose_y = false, strassen = false} : (tensor<1x2x3x4xf32>, tensor<1x2x4x3xf32>) -> tensor<1x2x3x3xf32>
  %2 = "mlc.constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %3 = "mlc.div"(%1, %2) : (tensor<1x2x3x3xf32>, tensor<f32>) -> tensor<1x2x3x3xf32>
  %4 = "mlc.constant"() {value = dense<[[0.0, 0xFF800000, 0xFF800000], [0.0, 0.0, 0xFF800000], [0.0, 0.0, 0.0]]> : tensor<3x3xf32>} : () -> tensor<3x3xf32>
  %5 = "mlc.add"(%3, %4) : (tensor<1x2x3x3xf32>, tensor<3x3xf32>) -> tensor<1x2x3x3xf32>
  %6 = "mlc.softmax"(%5) {axis = -1 : i64} : (tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  %7 = "mlc.matmul"(%6, %v) {transpose_y = false, strassen = false} : (tensor<1x2x3x3xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  func.return %7 : tensor<1x2x3x4xf32>
}

// -----

// CHECK-LABEL: func.func @attention_with_a_causal_mask_of_lowest_numbers(
// CHECK-NEXT: %0 = "mlc.attention"(%arg0, %arg1, %arg2) {is_causal = true, left_window = -1 : i64, right_window = -1 : i64, scale = 0.5 : f64, softcap = 0.0 : f64, softmax_dtype = none, scores = "none", zero_rows = "none", layout = "bhld", operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0>} : (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
// CHECK-NEXT: func.return %0 : tensor<1x2x3x4xf32>
func.func @attention_with_a_causal_mask_of_lowest_numbers(%q: tensor<1x2x3x4xf32>, %k: tensor<1x2x3x4xf32>, %v: tensor<1x2x3x4xf32>) -> (tensor<1x2x3x4xf32>) {
  %0 = "mlc.transpose"(%k) {perm = array<i64: 0, 1, 3, 2>} : (tensor<1x2x3x4xf32>) -> tensor<1x2x4x3xf32>
  %1 = "mlc.matmul"(%q, %0) {transpose_y = false, strassen = false} : (tensor<1x2x3x4xf32>, tensor<1x2x4x3xf32>) -> tensor<1x2x3x3xf32>
  %2 = "mlc.constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %3 = "mlc.div"(%1, %2) : (tensor<1x2x3x3xf32>, tensor<f32>) -> tensor<1x2x3x3xf32>
  %4 = "mlc.constant"() {value = dense<[[0.0, -3.40282347e+38, -3.40282347e+38], [0.0, 0.0, -3.40282347e+38], [0.0, 0.0, 0.0]]> : tensor<3x3xf32>} : () -> tensor<3x3xf32>
  %5 = "mlc.add"(%3, %4) : (tensor<1x2x3x3xf32>, tensor<3x3xf32>) -> tensor<1x2x3x3xf32>
  %6 = "mlc.softmax"(%5) {axis = -1 : i64} : (tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  %7 = "mlc.matmul"(%6, %v) {transpose_y = false, strassen = false} : (tensor<1x2x3x3xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  func.return %7 : tensor<1x2x3x4xf32>
}

// -----

// Near miss: a number that large scores outweigh.
// CHECK-LABEL: func.func @attention_with_a_mild_causal_mask_keeps_it(
// CHECK-NEXT{LITERAL}: %0 = "mlc.constant"() {value = dense<[[0.0, -10000.0, -10000.0], [0.0, 0.0, -10000.0], [0.0, 0.0, 0.0]]> : tensor<3x3xf32>} : () -> tensor<3x3xf32>
// CHECK-NEXT: %1 = "mlc.attention"(%arg0, %arg1, %arg2, %0) {is_causal = false, left_window = -1 : i64, right_window = -1 : i64, scale = 0.5 : f64, softcap = 0.0 : f64, softmax_dtype = none, scores = "none", zero_rows = "none", layout = "bhld", operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0>} : (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<3x3xf32>) -> tensor<1x2x3x4xf32>
// CHECK-NEXT: func.return %1 : tensor<1x2x3x4xf32>
func.func @attention_with_a_mild_causal_mask_keeps_it(%q: tensor<1x2x3x4xf32>, %k: tensor<1x2x3x4xf32>, %v: tensor<1x2x3x4xf32>) -> (tensor<1x2x3x4xf32>) {
  %0 = "mlc.transpose"(%k) {perm = array<i64: 0, 1, 3, 2>} : (tensor<1x2x3x4xf32>) -> tensor<1x2x4x3xf32>
  %1 = "mlc.matmul"(%q, %0) {transpose_y = false, strassen = false} : (tensor<1x2x3x4xf32>, tensor<1x2x4x3xf32>) -> tensor<1x2x3x3xf32>
  %2 = "mlc.constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %3 = "mlc.div"(%1, %2) : (tensor<1x2x3x3xf32>, tensor<f32>) -> tensor<1x2x3x3xf32>
  %4 = "mlc.constant"() {value = dense<[[0.0, -10000.0, -10000.0], [0.0, 0.0, -10000.0], [0.0, 0.0, 0.0]]> : tensor<3x3xf32>} : () -> tensor<3x3xf32>
  %5 = "mlc.add"(%3, %4) : (tensor<1x2x3x3xf32>, tensor<3x3xf32>) -> tensor<1x2x3x3xf32>
  %6 = "mlc.softmax"(%5) {axis = -1 : i64} : (tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  %7 = "mlc.matmul"(%6, %v) {transpose_y = false, strassen = false} : (tensor<1x2x3x3xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  func.return %7 : tensor<1x2x3x4xf32>
}

// -----

// CHECK-LABEL: func.func @attention_with_a_causal_condition(
// CHECK-NEXT: %0 = "mlc.attention"(%arg0, %arg1, %arg2) {is_causal = true, left_window = -1 : i64, right_window = -1 : i64, scale = 0.5 : f64, softcap = 0.0 : f64, softmax_dtype = none, scores = "none", zero_rows = "none", layout = "bhld", operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0>} : (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
// CHECK-NEXT: func.return %0 : tensor<1x2x3x4xf32>
func.func @attention_with_a_causal_condition(%q: tensor<1x2x3x4xf32>, %k: tensor<1x2x3x4xf32>, %v: tensor<1x2x3x4xf32>) -> (tensor<1x2x3x4xf32>) {
  %0 = "mlc.constant"() {value = dense<[[false, true, true], [false, false, true], [false, false, false]]> : tensor<3x3xi1>} : () -> tensor<3x3xi1>
  %1 = "mlc.constant"() {value = dense<0xFF800000> : tensor<f32>} : () -> tensor<f32>
  %2 = "mlc.transpose"(%k) {perm = array<i64: 0, 1, 3, 2>} : (tensor<1x2x3x4xf32>) -> tensor<1x2x4x3xf32>
  %3 = "mlc.matmul"(%q, %2) {transpose_y = false, strassen = false} : (tensor<1x2x3x4xf32>, tensor<1x2x4x3xf32>) -> tensor<1x2x3x3xf32>
  %4 = "mlc.constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %5 = "mlc.div"(%3, %4) : (tensor<1x2x3x3xf32>, tensor<f32>) -> tensor<1x2x3x3xf32>
  %6 = "mlc.where"(%0, %1, %5) : (tensor<3x3xi1>, tensor<f32>, tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  %7 = "mlc.softmax"(%6) {axis = -1 : i64} : (tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  %8 = "mlc.matmul"(%7, %v) {transpose_y = false, strassen = false} : (tensor<1x2x3x3xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  func.return %8 : tensor<1x2x3x4xf32>
}

// -----

// Near miss: the diagonal is hidden; the first query sees nothing.
// CHECK-LABEL: func.func @attention_with_a_mask_like_causal_keeps_it(
// CHECK-NEXT{LITERAL}: %0 = "mlc.constant"() {value = dense<[[true, true, true], [false, true, true], [false, false, true]]> : tensor<3x3xi1>} : () -> tensor<3x3xi1>
// CHECK-NEXT: %1 = "mlc.not"(%0) : (tensor<3x3xi1>) -> tensor<3x3xi1>
// CHECK-NEXT: %2 = "mlc.attention"(%arg0, %arg1, %arg2, %1) {is_causal = false, left_window = -1 : i64, right_window = -1 : i64, scale = 0.5 : f64, softcap = 0.0 : f64, softmax_dtype = none, scores = "none", zero_rows = "none", layout = "bhld", operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0>} : (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<3x3xi1>) -> tensor<1x2x3x4xf32>
// CHECK-NEXT: func.return %2 : tensor<1x2x3x4xf32>
func.func @attention_with_a_mask_like_causal_keeps_it(%q: tensor<1x2x3x4xf32>, %k: tensor<1x2x3x4xf32>, %v: tensor<1x2x3x4xf32>) -> (tensor<1x2x3x4xf32>) {
  %0 = "mlc.constant"() {value = dense<[[true, true, true], [false, true, true], [false, false, true]]> : tensor<3x3xi1>} : () -> tensor<3x3xi1>
  %1 = "mlc.constant"() {value = dense<0xFF800000> : tensor<f32>} : () -> tensor<f32>
  %2 = "mlc.transpose"(%k) {perm = array<i64: 0, 1, 3, 2>} : (tensor<1x2x3x4xf32>) -> tensor<1x2x4x3xf32>
  %3 = "mlc.matmul"(%q, %2) {transpose_y = false, strassen = false} : (tensor<1x2x3x4xf32>, tensor<1x2x4x3xf32>) -> tensor<1x2x3x3xf32>
  %4 = "mlc.constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %5 = "mlc.div"(%3, %4) : (tensor<1x2x3x3xf32>, tensor<f32>) -> tensor<1x2x3x3xf32>
  %6 = "mlc.where"(%0, %1, %5) : (tensor<3x3xi1>, tensor<f32>, tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  %7 = "mlc.softmax"(%6) {axis = -1 : i64} : (tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  %8 = "mlc.matmul"(%7, %v) {transpose_y = false, strassen = false} : (tensor<1x2x3x3xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  func.return %8 : tensor<1x2x3x4xf32>
}

// -----

// CHECK-LABEL: func.func @attention_with_nan_replaced_by_zero(
// CHECK-NEXT: %0 = "mlc.not"(%arg3) : (tensor<3x5xi1>) -> tensor<3x5xi1>
// CHECK-NEXT: %1 = "mlc.attention"(%arg0, %arg1, %arg2, %0) {is_causal = false, left_window = -1 : i64, right_window = -1 : i64, scale = 0.5 : f64, softcap = 0.0 : f64, softmax_dtype = none, scores = "none", zero_rows = "nan", layout = "bhld", operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0>} : (tensor<2x2x3x4xf32>, tensor<2x2x5x4xf32>, tensor<2x2x5x4xf32>, tensor<3x5xi1>) -> tensor<2x2x3x4xf32>
// CHECK-NEXT: func.return %1 : tensor<2x2x3x4xf32>
func.func @attention_with_nan_replaced_by_zero(%q: tensor<2x2x3x4xf32>, %k: tensor<2x2x5x4xf32>, %v: tensor<2x2x5x4xf32>, %m: tensor<3x5xi1>) -> (tensor<2x2x3x4xf32>) {
  %0 = "mlc.constant"() {value = dense<0xFF800000> : tensor<f32>} : () -> tensor<f32>
  %1 = "mlc.transpose"(%k) {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x2x5x4xf32>) -> tensor<2x2x4x5xf32>
  %2 = "mlc.matmul"(%q, %1) {transpose_y = false, strassen = false} : (tensor<2x2x3x4xf32>, tensor<2x2x4x5xf32>) -> tensor<2x2x3x5xf32>
  %3 = "mlc.constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %4 = "mlc.div"(%2, %3) : (tensor<2x2x3x5xf32>, tensor<f32>) -> tensor<2x2x3x5xf32>
  %5 = "mlc.where"(%m, %0, %4) : (tensor<3x5xi1>, tensor<f32>, tensor<2x2x3x5xf32>) -> tensor<2x2x3x5xf32>
  %6 = "mlc.softmax"(%5) {axis = -1 : i64} : (tensor<2x2x3x5xf32>) -> tensor<2x2x3x5xf32>
  %7 = "mlc.is_nan"(%6) : (tensor<2x2x3x5xf32>) -> tensor<2x2x3x5xi1>
  %8 = "mlc.constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
  %9 = "mlc.where"(%7, %8, %6) : (tensor<2x2x3x5xi1>, tensor<f32>, tensor<2x2x3x5xf32>) -> tensor<2x2x3x5xf32>
  %10 = "mlc.matmul"(%9, %v) {transpose_y = false, strassen = false} : (tensor<2x2x3x5xf32>, tensor<2x2x5x4xf32>) -> tensor<2x2x3x4xf32>
  func.return %10 : tensor<2x2x3x4xf32>
}

// -----

// CHECK-LABEL: func.func @attention_of_rank_three(
// CHECK-NEXT: %0 = "mlc.reshape"(%arg0) {dims = "2,1,3,4", keeps_zero = false} : (tensor<2x3x4xf32>) -> tensor<2x1x3x4xf32>
// CHECK-NEXT: %1 = "mlc.reshape"(%arg1) {dims = "2,1,5,4", keeps_zero = false} : (tensor<2x5x4xf32>) -> tensor<2x1x5x4xf32>
// CHECK-NEXT: %2 = "mlc.reshape"(%arg2) {dims = "2,1,5,6", keeps_zero = false} : (tensor<2x5x6xf32>) -> tensor<2x1x5x6xf32>
// CHECK-NEXT: %3 = "mlc.reshape"(%arg3) {dims = "2,1,3,5", keeps_zero = false} : (tensor<2x3x5xf32>) -> tensor<2x1x3x5xf32>
// CHECK-NEXT: %4 = "mlc.attention"(%0, %1, %2, %3) {is_causal = false, left_window = -1 : i64, right_window = -1 : i64, scale = 1.0 : f64, softcap = 0.0 : f64, softmax_dtype = none, scores = "none", zero_rows = "none", layout = "bhld", operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0>} : (tensor<2x1x3x4xf32>, tensor<2x1x5x4xf32>, tensor<2x1x5x6xf32>, tensor<2x1x3x5xf32>) -> tensor<2x1x3x6xf32>
// CHECK-NEXT: %5 = "mlc.reshape"(%4) {dims = "2,3,6", keeps_zero = false} : (tensor<2x1x3x6xf32>) -> tensor<2x3x6xf32>
// CHECK-NEXT: func.return %5 : tensor<2x3x6xf32>
func.func @attention_of_rank_three(%q: tensor<2x3x4xf32>, %k: tensor<2x5x4xf32>, %v: tensor<2x5x6xf32>, %m: tensor<2x3x5xf32>) -> (tensor<2x3x6xf32>) {
  %0 = "mlc.matmul"(%q, %k) {transpose_y = true, strassen = false} : (tensor<2x3x4xf32>, tensor<2x5x4xf32>) -> tensor<2x3x5xf32>
  %1 = "mlc.add"(%0, %m) : (tensor<2x3x5xf32>, tensor<2x3x5xf32>) -> tensor<2x3x5xf32>
  %2 = "mlc.softmax"(%1) {axis = -1 : i64} : (tensor<2x3x5xf32>) -> tensor<2x3x5xf32>
  %3 = "mlc.matmul"(%2, %v) {transpose_y = false, strassen = false} : (tensor<2x3x5xf32>, tensor<2x5x6xf32>) -> tensor<2x3x6xf32>
  func.return %3 : tensor<2x3x6xf32>
}

// -----

// CHECK-LABEL: func.func @attention_with_a_symbolic_batch_and_length(
// CHECK-NEXT: %0 = "mlc.attention"(%arg0, %arg1, %arg2) {is_causal = false, left_window = -1 : i64, right_window = -1 : i64, scale = 0.5 : f64, softcap = 0.0 : f64, softmax_dtype = none, scores = "none", zero_rows = "none", layout = "bhld", operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0>} : (tensor<?x2x?x4xf32, "N,2,L,4">, tensor<?x2x?x4xf32, "N,2,L,4">, tensor<?x2x?x4xf32, "N,2,L,4">) -> tensor<?x2x?x4xf32, "N,2,L,4">
// CHECK-NEXT: func.return %0 : tensor<?x2x?x4xf32, "N,2,L,4">
func.func @attention_with_a_symbolic_batch_and_length(%q: tensor<?x2x?x4xf32, "N,2,L,4">, %k: tensor<?x2x?x4xf32, "N,2,L,4">, %v: tensor<?x2x?x4xf32, "N,2,L,4">) -> (tensor<?x2x?x4xf32, "N,2,L,4">) {
  %0 = "mlc.transpose"(%k) {perm = array<i64: 0, 1, 3, 2>} : (tensor<?x2x?x4xf32, "N,2,L,4">) -> tensor<?x2x4x?xf32, "N,2,4,L">
  %1 = "mlc.matmul"(%q, %0) {transpose_y = false, strassen = false} : (tensor<?x2x?x4xf32, "N,2,L,4">, tensor<?x2x4x?xf32, "N,2,4,L">) -> tensor<?x2x?x?xf32, "N,2,L,L">
  %2 = "mlc.constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %3 = "mlc.div"(%1, %2) : (tensor<?x2x?x?xf32, "N,2,L,L">, tensor<f32>) -> tensor<?x2x?x?xf32, "N,2,L,L">
  %4 = "mlc.softmax"(%3) {axis = -1 : i64} : (tensor<?x2x?x?xf32, "N,2,L,L">) -> tensor<?x2x?x?xf32, "N,2,L,L">
  %5 = "mlc.matmul"(%4, %v) {transpose_y = false, strassen = false} : (tensor<?x2x?x?xf32, "N,2,L,L">, tensor<?x2x?x4xf32, "N,2,L,4">) -> tensor<?x2x?x4xf32, "N,2,L,4">
  func.return %5 : tensor<?x2x?x4xf32, "N,2,L,4">
}

// -----

// Near miss: order. The scale is on the mask, too.
// CHECK-LABEL: func.func @a_scaled_mask_stays(
// CHECK-NEXT: %0 = "mlc.transpose"(%arg1) {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x2x5x4xf32>) -> tensor<2x2x4x5xf32>
// CHECK-NEXT: %1 = "mlc.matmul"(%arg0, %0) {transpose_y = false, strassen = false} : (tensor<2x2x3x4xf32>, tensor<2x2x4x5xf32>) -> tensor<2x2x3x5xf32>
// CHECK-NEXT: %2 = "mlc.add"(%1, %arg3) : (tensor<2x2x3x5xf32>, tensor<2x1x1x5xf32>) -> tensor<2x2x3x5xf32>
// CHECK-NEXT: %3 = "mlc.constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %4 = "mlc.mul"(%2, %3) : (tensor<2x2x3x5xf32>, tensor<f32>) -> tensor<2x2x3x5xf32>
// CHECK-NEXT: %5 = "mlc.softmax"(%4) {axis = -1 : i64} : (tensor<2x2x3x5xf32>) -> tensor<2x2x3x5xf32>
// CHECK-NEXT: %6 = "mlc.matmul"(%5, %arg2) {transpose_y = false, strassen = false} : (tensor<2x2x3x5xf32>, tensor<2x2x5x4xf32>) -> tensor<2x2x3x4xf32>
// CHECK-NEXT: func.return %6 : tensor<2x2x3x4xf32>
func.func @a_scaled_mask_stays(%q: tensor<2x2x3x4xf32>, %k: tensor<2x2x5x4xf32>, %v: tensor<2x2x5x4xf32>, %m: tensor<2x1x1x5xf32>) -> (tensor<2x2x3x4xf32>) {
  %0 = "mlc.transpose"(%k) {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x2x5x4xf32>) -> tensor<2x2x4x5xf32>
  %1 = "mlc.matmul"(%q, %0) {transpose_y = false, strassen = false} : (tensor<2x2x3x4xf32>, tensor<2x2x4x5xf32>) -> tensor<2x2x3x5xf32>
  %2 = "mlc.add"(%1, %m) : (tensor<2x2x3x5xf32>, tensor<2x1x1x5xf32>) -> tensor<2x2x3x5xf32>
  %3 = "mlc.constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %4 = "mlc.mul"(%2, %3) : (tensor<2x2x3x5xf32>, tensor<f32>) -> tensor<2x2x3x5xf32>
  %5 = "mlc.softmax"(%4) {axis = -1 : i64} : (tensor<2x2x3x5xf32>) -> tensor<2x2x3x5xf32>
  %6 = "mlc.matmul"(%5, %v) {transpose_y = false, strassen = false} : (tensor<2x2x3x5xf32>, tensor<2x2x5x4xf32>) -> tensor<2x2x3x4xf32>
  func.return %6 : tensor<2x2x3x4xf32>
}

// -----
// RUN: mlc-opt --remarks=missed recognize

// Near miss: attribute.
// CHECK-LABEL: func.func @a_softmax_over_the_queries_stays(
// CHECK-NEXT: %0 = "mlc.transpose"(%arg1) {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x2x5x4xf32>) -> tensor<2x2x4x5xf32>
// CHECK-NEXT: %1 = "mlc.matmul"(%arg0, %0) {transpose_y = false, strassen = false} : (tensor<2x2x5x4xf32>, tensor<2x2x4x5xf32>) -> tensor<2x2x5x5xf32>
// CHECK-NEXT: %2 = "mlc.softmax"(%1) {axis = 2 : i64} : (tensor<2x2x5x5xf32>) -> tensor<2x2x5x5xf32>
// CHECK-NEXT: %3 = "mlc.matmul"(%2, %arg2) {transpose_y = false, strassen = false} : (tensor<2x2x5x5xf32>, tensor<2x2x5x4xf32>) -> tensor<2x2x5x4xf32>
// CHECK-NEXT: func.return %3 : tensor<2x2x5x4xf32>
// CHECK: missed  recognize/recognize_attention at ? (mlc.matmul): the softmax is not over the keys (blocked by axis)
func.func @a_softmax_over_the_queries_stays(%q: tensor<2x2x5x4xf32>, %k: tensor<2x2x5x4xf32>, %v: tensor<2x2x5x4xf32>) -> (tensor<2x2x5x4xf32>) {
  %0 = "mlc.transpose"(%k) {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x2x5x4xf32>) -> tensor<2x2x4x5xf32>
  %1 = "mlc.matmul"(%q, %0) {transpose_y = false, strassen = false} : (tensor<2x2x5x4xf32>, tensor<2x2x4x5xf32>) -> tensor<2x2x5x5xf32>
  %2 = "mlc.softmax"(%1) {axis = 2 : i64} : (tensor<2x2x5x5xf32>) -> tensor<2x2x5x5xf32>
  %3 = "mlc.matmul"(%2, %v) {transpose_y = false, strassen = false} : (tensor<2x2x5x5xf32>, tensor<2x2x5x4xf32>) -> tensor<2x2x5x4xf32>
  func.return %3 : tensor<2x2x5x4xf32>
}

// -----
// RUN: mlc-opt --remarks=missed recognize

// Near miss: graph output.
// CHECK-LABEL: func.func @weights_that_are_an_output_stay(
// CHECK-NEXT: %0 = "mlc.transpose"(%arg1) {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x2x5x4xf32>) -> tensor<2x2x4x5xf32>
// CHECK-NEXT: %1 = "mlc.matmul"(%arg0, %0) {transpose_y = false, strassen = false} : (tensor<2x2x3x4xf32>, tensor<2x2x4x5xf32>) -> tensor<2x2x3x5xf32>
// CHECK-NEXT: %2 = "mlc.softmax"(%1) {axis = -1 : i64} : (tensor<2x2x3x5xf32>) -> tensor<2x2x3x5xf32>
// CHECK-NEXT: %3 = "mlc.matmul"(%2, %arg2) {transpose_y = false, strassen = false} : (tensor<2x2x3x5xf32>, tensor<2x2x5x4xf32>) -> tensor<2x2x3x4xf32>
// CHECK-NEXT: func.return %3, %2 : tensor<2x2x3x4xf32>, tensor<2x2x3x5xf32>
// CHECK: missed  recognize/recognize_attention at ? (mlc.matmul): an intermediate of the pattern has another use (blocked by graph output 'output1')
func.func @weights_that_are_an_output_stay(%q: tensor<2x2x3x4xf32>, %k: tensor<2x2x5x4xf32>, %v: tensor<2x2x5x4xf32>) -> (tensor<2x2x3x4xf32>, tensor<2x2x3x5xf32>) {
  %0 = "mlc.transpose"(%k) {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x2x5x4xf32>) -> tensor<2x2x4x5xf32>
  %1 = "mlc.matmul"(%q, %0) {transpose_y = false, strassen = false} : (tensor<2x2x3x4xf32>, tensor<2x2x4x5xf32>) -> tensor<2x2x3x5xf32>
  %2 = "mlc.softmax"(%1) {axis = -1 : i64} : (tensor<2x2x3x5xf32>) -> tensor<2x2x3x5xf32>
  %3 = "mlc.matmul"(%2, %v) {transpose_y = false, strassen = false} : (tensor<2x2x3x5xf32>, tensor<2x2x5x4xf32>) -> tensor<2x2x3x4xf32>
  func.return %3, %2 : tensor<2x2x3x4xf32>, tensor<2x2x3x5xf32>
}

// -----
// RUN: mlc-opt --remarks=missed recognize

// Near miss: shape. One head of keys for all.
// CHECK-LABEL: func.func @broadcast_keys_stay(
// CHECK-NEXT: %0 = "mlc.transpose"(%arg1) {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x1x5x4xf32>) -> tensor<2x1x4x5xf32>
// CHECK-NEXT: %1 = "mlc.matmul"(%arg0, %0) {transpose_y = false, strassen = false} : (tensor<2x2x3x4xf32>, tensor<2x1x4x5xf32>) -> tensor<2x2x3x5xf32>
// CHECK-NEXT: %2 = "mlc.constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %3 = "mlc.div"(%1, %2) : (tensor<2x2x3x5xf32>, tensor<f32>) -> tensor<2x2x3x5xf32>
// CHECK-NEXT: %4 = "mlc.softmax"(%3) {axis = -1 : i64} : (tensor<2x2x3x5xf32>) -> tensor<2x2x3x5xf32>
// CHECK-NEXT: %5 = "mlc.matmul"(%4, %arg2) {transpose_y = false, strassen = false} : (tensor<2x2x3x5xf32>, tensor<2x2x5x4xf32>) -> tensor<2x2x3x4xf32>
// CHECK-NEXT: func.return %5 : tensor<2x2x3x4xf32>
// CHECK: missed  recognize/recognize_attention at ? (mlc.matmul): the batch or the heads are broadcast (blocked by graph input 'input1')
func.func @broadcast_keys_stay(%q: tensor<2x2x3x4xf32>, %k: tensor<2x1x5x4xf32>, %v: tensor<2x2x5x4xf32>) -> (tensor<2x2x3x4xf32>) {
  %0 = "mlc.transpose"(%k) {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x1x5x4xf32>) -> tensor<2x1x4x5xf32>
  %1 = "mlc.matmul"(%q, %0) {transpose_y = false, strassen = false} : (tensor<2x2x3x4xf32>, tensor<2x1x4x5xf32>) -> tensor<2x2x3x5xf32>
  %2 = "mlc.constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %3 = "mlc.div"(%1, %2) : (tensor<2x2x3x5xf32>, tensor<f32>) -> tensor<2x2x3x5xf32>
  %4 = "mlc.softmax"(%3) {axis = -1 : i64} : (tensor<2x2x3x5xf32>) -> tensor<2x2x3x5xf32>
  %5 = "mlc.matmul"(%4, %v) {transpose_y = false, strassen = false} : (tensor<2x2x3x5xf32>, tensor<2x2x5x4xf32>) -> tensor<2x2x3x4xf32>
  func.return %5 : tensor<2x2x3x4xf32>
}

// -----
// RUN: mlc-opt --remarks=missed recognize

// Near miss: shape.
// CHECK-LABEL: func.func @a_mask_that_adds_a_batch_stays(
// CHECK-NEXT: %0 = "mlc.transpose"(%arg1) {perm = array<i64: 0, 1, 3, 2>} : (tensor<1x2x5x4xf32>) -> tensor<1x2x4x5xf32>
// CHECK-NEXT: %1 = "mlc.matmul"(%arg0, %0) {transpose_y = false, strassen = false} : (tensor<1x2x3x4xf32>, tensor<1x2x4x5xf32>) -> tensor<1x2x3x5xf32>
// CHECK-NEXT: %2 = "mlc.constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT: %3 = "mlc.div"(%1, %2) : (tensor<1x2x3x5xf32>, tensor<f32>) -> tensor<1x2x3x5xf32>
// CHECK-NEXT: %4 = "mlc.add"(%3, %arg3) : (tensor<1x2x3x5xf32>, tensor<2x1x3x5xf32>) -> tensor<2x2x3x5xf32>
// CHECK-NEXT: %5 = "mlc.softmax"(%4) {axis = -1 : i64} : (tensor<2x2x3x5xf32>) -> tensor<2x2x3x5xf32>
// CHECK-NEXT: %6 = "mlc.matmul"(%5, %arg2) {transpose_y = false, strassen = false} : (tensor<2x2x3x5xf32>, tensor<1x2x5x4xf32>) -> tensor<2x2x3x4xf32>
// CHECK-NEXT: func.return %6 : tensor<2x2x3x4xf32>
// CHECK: missed  recognize/recognize_attention at ? (mlc.matmul): a mask gives the scores their shape (blocked by graph input 'input3')
func.func @a_mask_that_adds_a_batch_stays(%q: tensor<1x2x3x4xf32>, %k: tensor<1x2x5x4xf32>, %v: tensor<1x2x5x4xf32>, %m: tensor<2x1x3x5xf32>) -> (tensor<2x2x3x4xf32>) {
  %0 = "mlc.transpose"(%k) {perm = array<i64: 0, 1, 3, 2>} : (tensor<1x2x5x4xf32>) -> tensor<1x2x4x5xf32>
  %1 = "mlc.matmul"(%q, %0) {transpose_y = false, strassen = false} : (tensor<1x2x3x4xf32>, tensor<1x2x4x5xf32>) -> tensor<1x2x3x5xf32>
  %2 = "mlc.constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %3 = "mlc.div"(%1, %2) : (tensor<1x2x3x5xf32>, tensor<f32>) -> tensor<1x2x3x5xf32>
  %4 = "mlc.add"(%3, %m) : (tensor<1x2x3x5xf32>, tensor<2x1x3x5xf32>) -> tensor<2x2x3x5xf32>
  %5 = "mlc.softmax"(%4) {axis = -1 : i64} : (tensor<2x2x3x5xf32>) -> tensor<2x2x3x5xf32>
  %6 = "mlc.matmul"(%5, %v) {transpose_y = false, strassen = false} : (tensor<2x2x3x5xf32>, tensor<1x2x5x4xf32>) -> tensor<2x2x3x4xf32>
  func.return %6 : tensor<2x2x3x4xf32>
}

// -----

// Near miss: operands swapped.
// CHECK-LABEL: func.func @a_product_of_values_and_weights_stays(
// CHECK-NEXT: %0 = "mlc.transpose"(%arg1) {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x2x5x4xf32>) -> tensor<2x2x4x5xf32>
// CHECK-NEXT: %1 = "mlc.matmul"(%arg0, %0) {transpose_y = false, strassen = false} : (tensor<2x2x5x4xf32>, tensor<2x2x4x5xf32>) -> tensor<2x2x5x5xf32>
// CHECK-NEXT: %2 = "mlc.softmax"(%1) {axis = -1 : i64} : (tensor<2x2x5x5xf32>) -> tensor<2x2x5x5xf32>
// CHECK-NEXT: %3 = "mlc.matmul"(%arg2, %2) {transpose_y = false, strassen = false} : (tensor<2x2x5x5xf32>, tensor<2x2x5x5xf32>) -> tensor<2x2x5x5xf32>
// CHECK-NEXT: func.return %3 : tensor<2x2x5x5xf32>
func.func @a_product_of_values_and_weights_stays(%q: tensor<2x2x5x4xf32>, %k: tensor<2x2x5x4xf32>, %v: tensor<2x2x5x5xf32>) -> (tensor<2x2x5x5xf32>) {
  %0 = "mlc.transpose"(%k) {perm = array<i64: 0, 1, 3, 2>} : (tensor<2x2x5x4xf32>) -> tensor<2x2x4x5xf32>
  %1 = "mlc.matmul"(%q, %0) {transpose_y = false, strassen = false} : (tensor<2x2x5x4xf32>, tensor<2x2x4x5xf32>) -> tensor<2x2x5x5xf32>
  %2 = "mlc.softmax"(%1) {axis = -1 : i64} : (tensor<2x2x5x5xf32>) -> tensor<2x2x5x5xf32>
  %3 = "mlc.matmul"(%v, %2) {transpose_y = false, strassen = false} : (tensor<2x2x5x5xf32>, tensor<2x2x5x5xf32>) -> tensor<2x2x5x5xf32>
  func.return %3 : tensor<2x2x5x5xf32>
}

// -----

// Near miss: no product of queries and keys.
// CHECK-LABEL: func.func @a_plain_softmax_times_values_stays(
// CHECK-NEXT: %0 = "mlc.softmax"(%arg0) {axis = -1 : i64} : (tensor<2x2x3x5xf32>) -> tensor<2x2x3x5xf32>
// CHECK-NEXT: %1 = "mlc.matmul"(%0, %arg1) {transpose_y = false, strassen = false} : (tensor<2x2x3x5xf32>, tensor<2x2x5x4xf32>) -> tensor<2x2x3x4xf32>
// CHECK-NEXT: func.return %1 : tensor<2x2x3x4xf32>
func.func @a_plain_softmax_times_values_stays(%s: tensor<2x2x3x5xf32>, %v: tensor<2x2x5x4xf32>) -> (tensor<2x2x3x4xf32>) {
  %0 = "mlc.softmax"(%s) {axis = -1 : i64} : (tensor<2x2x3x5xf32>) -> tensor<2x2x3x5xf32>
  %1 = "mlc.matmul"(%0, %v) {transpose_y = false, strassen = false} : (tensor<2x2x3x5xf32>, tensor<2x2x5x4xf32>) -> tensor<2x2x3x4xf32>
  func.return %1 : tensor<2x2x3x4xf32>
}
