// RUN: mlc-opt strassen{target=x86-64-v3}

// CHECK-LABEL: func.func @many_rows(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<0.25> : tensor<256x512xf32>} : () -> tensor<256x512xf32>
// CHECK-NEXT: %1 = "mlc.matmul"(%arg0, %0) {transpose_y = false, strassen = true} : (tensor<1x128x256xf32>, tensor<256x512xf32>) -> tensor<1x128x512xf32>
// CHECK-NEXT: func.return %1 : tensor<1x128x512xf32>
func.func @many_rows(%x: tensor<1x128x256xf32>) -> (tensor<1x128x512xf32>) {
  %0 = "mlc.constant"() {value = dense<0.25> : tensor<256x512xf32>} : () -> tensor<256x512xf32>
  %1 = "mlc.matmul"(%x, %0) {transpose_y = false, strassen = false} : (tensor<1x128x256xf32>, tensor<256x512xf32>) -> tensor<1x128x512xf32>
  func.return %1 : tensor<1x128x512xf32>
}

// -----
// RUN: mlc-opt --remarks=passed strassen{target=x86-64-v3}

// CHECK-LABEL: func.func @odd_rows_by_transposed_weights(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<0.25> : tensor<512x256xf32>} : () -> tensor<512x256xf32>
// CHECK-NEXT: %1 = "mlc.matmul"(%arg0, %0) {transpose_y = true, strassen = true} : (tensor<197x256xf32>, tensor<512x256xf32>) -> tensor<197x512xf32>
// CHECK-NEXT: func.return %1 : tensor<197x512xf32>
// CHECK: passed  strassen/multiply_blocks #1 at ?: mlc.matmul -> mlc.matmul: 7 products of 99x128x256 instead of 8
func.func @odd_rows_by_transposed_weights(%x: tensor<197x256xf32>) -> (tensor<197x512xf32>) {
  %0 = "mlc.constant"() {value = dense<0.25> : tensor<512x256xf32>} : () -> tensor<512x256xf32>
  %1 = "mlc.matmul"(%x, %0) {transpose_y = true, strassen = false} : (tensor<197x256xf32>, tensor<512x256xf32>) -> tensor<197x512xf32>
  func.return %1 : tensor<197x512xf32>
}

// -----
// RUN: mlc-opt strassen{target=x86-64-v3}

// CHECK-LABEL: func.func @a_batch_of_many_rows_each(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<0.25> : tensor<256x512xf32>} : () -> tensor<256x512xf32>
// CHECK-NEXT: %1 = "mlc.matmul"(%arg0, %0) {transpose_y = false, strassen = true} : (tensor<?x128x256xf32, "N,128,256">, tensor<256x512xf32>) -> tensor<?x128x512xf32, "N,128,512">
// CHECK-NEXT: func.return %1 : tensor<?x128x512xf32, "N,128,512">
func.func @a_batch_of_many_rows_each(%x: tensor<?x128x256xf32, "N,128,256">) -> (tensor<?x128x512xf32, "N,128,512">) {
  %0 = "mlc.constant"() {value = dense<0.25> : tensor<256x512xf32>} : () -> tensor<256x512xf32>
  %1 = "mlc.matmul"(%x, %0) {transpose_y = false, strassen = false} : (tensor<?x128x256xf32, "N,128,256">, tensor<256x512xf32>) -> tensor<?x128x512xf32, "N,128,512">
  func.return %1 : tensor<?x128x512xf32, "N,128,512">
}

// -----
// RUN: mlc-opt strassen{always=true}

// CHECK-LABEL: func.func @few_rows_on_request(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<0.25> : tensor<5x7xf32>} : () -> tensor<5x7xf32>
// CHECK-NEXT: %1 = "mlc.matmul"(%arg0, %0) {transpose_y = false, strassen = true} : (tensor<?x5xf32, "N,5">, tensor<5x7xf32>) -> tensor<?x7xf32, "N,7">
// CHECK-NEXT: func.return %1 : tensor<?x7xf32, "N,7">
func.func @few_rows_on_request(%x: tensor<?x5xf32, "N,5">) -> (tensor<?x7xf32, "N,7">) {
  %0 = "mlc.constant"() {value = dense<0.25> : tensor<5x7xf32>} : () -> tensor<5x7xf32>
  %1 = "mlc.matmul"(%x, %0) {transpose_y = false, strassen = false} : (tensor<?x5xf32, "N,5">, tensor<5x7xf32>) -> tensor<?x7xf32, "N,7">
  func.return %1 : tensor<?x7xf32, "N,7">
}

// -----
// RUN: mlc-opt --remarks=missed strassen{target=x86-64-v3}

// CHECK-LABEL: func.func @few_rows_are_not_worth_it(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<0.25> : tensor<256x512xf32>} : () -> tensor<256x512xf32>
// CHECK-NEXT: %1 = "mlc.matmul"(%arg0, %0) {transpose_y = false, strassen = false} : (tensor<4x256xf32>, tensor<256x512xf32>) -> tensor<4x512xf32>
// CHECK-NEXT: func.return %1 : tensor<4x512xf32>
// CHECK: missed  strassen/multiply_blocks at ? (mlc.matmul): it would take 341% of the time (blocked by size)
func.func @few_rows_are_not_worth_it(%x: tensor<4x256xf32>) -> (tensor<4x512xf32>) {
  %0 = "mlc.constant"() {value = dense<0.25> : tensor<256x512xf32>} : () -> tensor<256x512xf32>
  %1 = "mlc.matmul"(%x, %0) {transpose_y = false, strassen = false} : (tensor<4x256xf32>, tensor<256x512xf32>) -> tensor<4x512xf32>
  func.return %1 : tensor<4x512xf32>
}

// -----
// RUN: mlc-opt --remarks=missed strassen{target=x86-64-v3}

// CHECK-LABEL: func.func @rows_that_nobody_knows_may_be_few(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<0.25> : tensor<256x512xf32>} : () -> tensor<256x512xf32>
// CHECK-NEXT: %1 = "mlc.matmul"(%arg0, %0) {transpose_y = false, strassen = false} : (tensor<?x256xf32, "N,256">, tensor<256x512xf32>) -> tensor<?x512xf32, "N,512">
// CHECK-NEXT: func.return %1 : tensor<?x512xf32, "N,512">
// CHECK: missed  strassen/multiply_blocks at ? (mlc.matmul): it would take 573% of the time (blocked by size)
func.func @rows_that_nobody_knows_may_be_few(%x: tensor<?x256xf32, "N,256">) -> (tensor<?x512xf32, "N,512">) {
  %0 = "mlc.constant"() {value = dense<0.25> : tensor<256x512xf32>} : () -> tensor<256x512xf32>
  %1 = "mlc.matmul"(%x, %0) {transpose_y = false, strassen = false} : (tensor<?x256xf32, "N,256">, tensor<256x512xf32>) -> tensor<?x512xf32, "N,512">
  func.return %1 : tensor<?x512xf32, "N,512">
}

// -----
// RUN: mlc-opt --remarks=missed strassen

// CHECK-LABEL: func.func @two_activations(
// CHECK-NEXT: %0 = "mlc.matmul"(%arg0, %arg1) {transpose_y = false, strassen = false} : (tensor<128x256xf32>, tensor<256x512xf32>) -> tensor<128x512xf32>
// CHECK-NEXT: func.return %0 : tensor<128x512xf32>
// CHECK: missed  strassen/multiply_blocks at ? (mlc.matmul): its right factor is not constant (blocked by graph input 'input1')
func.func @two_activations(%x: tensor<128x256xf32>, %y: tensor<256x512xf32>) -> (tensor<128x512xf32>) {
  %1 = "mlc.matmul"(%x, %y) {transpose_y = false, strassen = false} : (tensor<128x256xf32>, tensor<256x512xf32>) -> tensor<128x512xf32>
  func.return %1 : tensor<128x512xf32>
}

// -----
// RUN: mlc-opt --remarks=missed strassen{always=true}

// CHECK-LABEL: func.func @narrow_floats_are_summed_as_they_are(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<0.25> : tensor<256x512xf16>} : () -> tensor<256x512xf16>
// CHECK-NEXT: %1 = "mlc.matmul"(%arg0, %0) {transpose_y = false, strassen = false} : (tensor<128x256xf16>, tensor<256x512xf16>) -> tensor<128x512xf16>
// CHECK-NEXT: func.return %1 : tensor<128x512xf16>
// CHECK: missed  strassen/multiply_blocks at ? (mlc.matmul): its numbers are not f32 (blocked by graph input 'input0')
func.func @narrow_floats_are_summed_as_they_are(%x: tensor<128x256xf16>) -> (tensor<128x512xf16>) {
  %0 = "mlc.constant"() {value = dense<0.25> : tensor<256x512xf16>} : () -> tensor<256x512xf16>
  %1 = "mlc.matmul"(%x, %0) {transpose_y = false, strassen = false} : (tensor<128x256xf16>, tensor<256x512xf16>) -> tensor<128x512xf16>
  func.return %1 : tensor<128x512xf16>
}

// -----
// RUN: mlc-opt --remarks=missed strassen{always=true}

// CHECK-LABEL: func.func @a_row_and_a_batch_of_weights(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<0.25> : tensor<256x512xf32>} : () -> tensor<256x512xf32>
// CHECK-NEXT: %1 = "mlc.constant"() {value = dense<0.25> : tensor<2x4x6xf32>} : () -> tensor<2x4x6xf32>
// CHECK-NEXT: %2 = "mlc.matmul"(%arg0, %0) {transpose_y = false, strassen = false} : (tensor<256xf32>, tensor<256x512xf32>) -> tensor<512xf32>
// CHECK-NEXT: %3 = "mlc.matmul"(%arg1, %1) {transpose_y = false, strassen = false} : (tensor<2x8x4xf32>, tensor<2x4x6xf32>) -> tensor<2x8x6xf32>
// CHECK-NEXT: func.return %2, %3 : tensor<512xf32>, tensor<2x8x6xf32>
// CHECK: missed  strassen/multiply_blocks at ? (mlc.matmul): it is no product of matrices with one matrix (blocked by graph input 'input0')
// CHECK: missed  strassen/multiply_blocks at ? (mlc.matmul): it is no product of matrices with one matrix (blocked by result 0 of mlc.constant '?')
func.func @a_row_and_a_batch_of_weights(%x: tensor<256xf32>, %y: tensor<2x8x4xf32>) -> (tensor<512xf32>, tensor<2x8x6xf32>) {
  %0 = "mlc.constant"() {value = dense<0.25> : tensor<256x512xf32>} : () -> tensor<256x512xf32>
  %1 = "mlc.constant"() {value = dense<0.25> : tensor<2x4x6xf32>} : () -> tensor<2x4x6xf32>
  %2 = "mlc.matmul"(%x, %0) {transpose_y = false, strassen = false} : (tensor<256xf32>, tensor<256x512xf32>) -> tensor<512xf32>
  %3 = "mlc.matmul"(%y, %1) {transpose_y = false, strassen = false} : (tensor<2x8x4xf32>, tensor<2x4x6xf32>) -> tensor<2x8x6xf32>
  func.return %2, %3 : tensor<512xf32>, tensor<2x8x6xf32>
}
