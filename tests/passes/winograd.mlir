// RUN: mlc-opt winograd{target=x86-64-v3}

// CHECK-LABEL: func.func @three_by_three(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<0.25> : tensor<2x2x3x3x8x8xf32>} : () -> tensor<2x2x3x3x8x8xf32>
// CHECK-NEXT: %1 = "mlc.conv"(%arg0, %0) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw8c", winograd = 4 : i64, channels = 0 : i64} : (tensor<1x2x24x24x8xf32>, tensor<2x2x3x3x8x8xf32>) -> tensor<1x2x24x24x8xf32>
// CHECK-NEXT: func.return %1 : tensor<1x2x24x24x8xf32>
func.func @three_by_three(%x: tensor<1x2x24x24x8xf32>) -> (tensor<1x2x24x24x8xf32>) {
  %0 = "mlc.constant"() {value = dense<0.25> : tensor<2x2x3x3x8x8xf32>} : () -> tensor<2x2x3x3x8x8xf32>
  %1 = "mlc.conv"(%x, %0) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw8c", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x2x24x24x8xf32>, tensor<2x2x3x3x8x8xf32>) -> tensor<1x2x24x24x8xf32>
  func.return %1 : tensor<1x2x24x24x8xf32>
}

// -----
// RUN: mlc-opt winograd{tile=2}

// CHECK-LABEL: func.func @tiles_of_two_on_request(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<0.25> : tensor<2x1x3x3x8x8xf32>} : () -> tensor<2x1x3x3x8x8xf32>
// CHECK-NEXT: %1 = "mlc.conv"(%arg0, %0) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw8c", winograd = 2 : i64, channels = 0 : i64} : (tensor<?x1x5x7x8xf32, "N,1,5,7,8">, tensor<2x1x3x3x8x8xf32>) -> tensor<?x2x3x5x8xf32, "N,2,3,5,8">
// CHECK-NEXT: func.return %1 : tensor<?x2x3x5x8xf32, "N,2,3,5,8">
func.func @tiles_of_two_on_request(%x: tensor<?x1x5x7x8xf32, "N,1,5,7,8">) -> (tensor<?x2x3x5x8xf32, "N,2,3,5,8">) {
  %0 = "mlc.constant"() {value = dense<0.25> : tensor<2x1x3x3x8x8xf32>} : () -> tensor<2x1x3x3x8x8xf32>
  %1 = "mlc.conv"(%x, %0) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw8c", winograd = 0 : i64, channels = 0 : i64} : (tensor<?x1x5x7x8xf32, "N,1,5,7,8">, tensor<2x1x3x3x8x8xf32>) -> tensor<?x2x3x5x8xf32, "N,2,3,5,8">
  func.return %1 : tensor<?x2x3x5x8xf32, "N,2,3,5,8">
}

// -----
// RUN: mlc-opt --remarks=missed winograd{target=x86-64-v3}

// CHECK-LABEL: func.func @one_tile_is_not_worth_it(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<0.25> : tensor<2x2x3x3x8x8xf32>} : () -> tensor<2x2x3x3x8x8xf32>
// CHECK-NEXT: %1 = "mlc.conv"(%arg0, %0) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw8c", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x2x4x4x8xf32>, tensor<2x2x3x3x8x8xf32>) -> tensor<1x2x4x4x8xf32>
// CHECK-NEXT: func.return %1 : tensor<1x2x4x4x8xf32>
// CHECK: missed  winograd/tile_conv at ? (mlc.conv): its transforms and larger weights cost more than the products that it saves (blocked by tile)
func.func @one_tile_is_not_worth_it(%x: tensor<1x2x4x4x8xf32>) -> (tensor<1x2x4x4x8xf32>) {
  %0 = "mlc.constant"() {value = dense<0.25> : tensor<2x2x3x3x8x8xf32>} : () -> tensor<2x2x3x3x8x8xf32>
  %1 = "mlc.conv"(%x, %0) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw8c", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x2x4x4x8xf32>, tensor<2x2x3x3x8x8xf32>) -> tensor<1x2x4x4x8xf32>
  func.return %1 : tensor<1x2x4x4x8xf32>
}

// -----
// RUN: mlc-opt --remarks=missed winograd{target=x86-64-v3}

// CHECK-LABEL: func.func @weights_would_grow_too_much(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<0.25> : tensor<8x8x3x3x8x8xf32>} : () -> tensor<8x8x3x3x8x8xf32>
// CHECK-NEXT: %1 = "mlc.conv"(%arg0, %0) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw8c", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x8x7x7x8xf32>, tensor<8x8x3x3x8x8xf32>) -> tensor<1x8x7x7x8xf32>
// CHECK-NEXT: func.return %1 : tensor<1x8x7x7x8xf32>
// CHECK: missed  winograd/tile_conv at ? (mlc.conv): its weights would grow by more than the time that it saves is worth (blocked by tile)
func.func @weights_would_grow_too_much(%x: tensor<1x8x7x7x8xf32>) -> (tensor<1x8x7x7x8xf32>) {
  %0 = "mlc.constant"() {value = dense<0.25> : tensor<8x8x3x3x8x8xf32>} : () -> tensor<8x8x3x3x8x8xf32>
  %1 = "mlc.conv"(%x, %0) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw8c", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x8x7x7x8xf32>, tensor<8x8x3x3x8x8xf32>) -> tensor<1x8x7x7x8xf32>
  func.return %1 : tensor<1x8x7x7x8xf32>
}

// -----
// RUN: mlc-opt --remarks=missed winograd

// CHECK-LABEL: func.func @a_stride_of_two(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<0.25> : tensor<2x2x3x3x8x8xf32>} : () -> tensor<2x2x3x3x8x8xf32>
// CHECK-NEXT: %1 = "mlc.conv"(%arg0, %0) {strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw8c", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x2x24x24x8xf32>, tensor<2x2x3x3x8x8xf32>) -> tensor<1x2x12x12x8xf32>
// CHECK-NEXT: func.return %1 : tensor<1x2x12x12x8xf32>
// CHECK: missed  winograd/tile_conv at ? (mlc.conv): its windows move or reach by more than one (blocked by strides, dilations)
func.func @a_stride_of_two(%x: tensor<1x2x24x24x8xf32>) -> (tensor<1x2x12x12x8xf32>) {
  %0 = "mlc.constant"() {value = dense<0.25> : tensor<2x2x3x3x8x8xf32>} : () -> tensor<2x2x3x3x8x8xf32>
  %1 = "mlc.conv"(%x, %0) {strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw8c", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x2x24x24x8xf32>, tensor<2x2x3x3x8x8xf32>) -> tensor<1x2x12x12x8xf32>
  func.return %1 : tensor<1x2x12x12x8xf32>
}

// -----
// RUN: mlc-opt --remarks=missed winograd

// CHECK-LABEL: func.func @groups_of_channels(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<0.25> : tensor<2x1x3x3x8x8xf32>} : () -> tensor<2x1x3x3x8x8xf32>
// CHECK-NEXT: %1 = "mlc.conv"(%arg0, %0) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 2 : i64, layout = "nchw8c", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x2x24x24x8xf32>, tensor<2x1x3x3x8x8xf32>) -> tensor<1x2x24x24x8xf32>
// CHECK-NEXT: func.return %1 : tensor<1x2x24x24x8xf32>
// CHECK: missed  winograd/tile_conv at ? (mlc.conv): its channels are in groups (blocked by groups)
func.func @groups_of_channels(%x: tensor<1x2x24x24x8xf32>) -> (tensor<1x2x24x24x8xf32>) {
  %0 = "mlc.constant"() {value = dense<0.25> : tensor<2x1x3x3x8x8xf32>} : () -> tensor<2x1x3x3x8x8xf32>
  %1 = "mlc.conv"(%x, %0) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 2 : i64, layout = "nchw8c", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x2x24x24x8xf32>, tensor<2x1x3x3x8x8xf32>) -> tensor<1x2x24x24x8xf32>
  func.return %1 : tensor<1x2x24x24x8xf32>
}

// -----
// RUN: mlc-opt --remarks=missed winograd

// CHECK-LABEL: func.func @weights_from_outside(
// CHECK-NEXT: %0 = "mlc.conv"(%arg0, %arg1) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw8c", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x2x24x24x8xf32>, tensor<2x2x3x3x8x8xf32>) -> tensor<1x2x24x24x8xf32>
// CHECK-NEXT: func.return %0 : tensor<1x2x24x24x8xf32>
// CHECK: missed  winograd/tile_conv at ? (mlc.conv): its weights are not constant (blocked by graph input 'input1')
func.func @weights_from_outside(%x: tensor<1x2x24x24x8xf32>, %w: tensor<2x2x3x3x8x8xf32>) -> (tensor<1x2x24x24x8xf32>) {
  %1 = "mlc.conv"(%x, %w) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw8c", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x2x24x24x8xf32>, tensor<2x2x3x3x8x8xf32>) -> tensor<1x2x24x24x8xf32>
  func.return %1 : tensor<1x2x24x24x8xf32>
}

// -----
// RUN: mlc-opt --remarks=missed winograd

// CHECK-LABEL: func.func @an_image_of_unknown_height(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<0.25> : tensor<2x2x3x3x8x8xf32>} : () -> tensor<2x2x3x3x8x8xf32>
// CHECK-NEXT: %1 = "mlc.conv"(%arg0, %0) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw8c", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x2x?x24x8xf32, "1,2,H,24,8">, tensor<2x2x3x3x8x8xf32>) -> tensor<1x2x?x24x8xf32, "1,2,H,24,8">
// CHECK-NEXT: func.return %1 : tensor<1x2x?x24x8xf32, "1,2,H,24,8">
// CHECK: missed  winograd/tile_conv at ? (mlc.conv): its image is not of f32 with known extents (blocked by graph input 'input0')
func.func @an_image_of_unknown_height(%x: tensor<1x2x?x24x8xf32, "1,2,H,24,8">) -> (tensor<1x2x?x24x8xf32, "1,2,H,24,8">) {
  %0 = "mlc.constant"() {value = dense<0.25> : tensor<2x2x3x3x8x8xf32>} : () -> tensor<2x2x3x3x8x8xf32>
  %1 = "mlc.conv"(%x, %0) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw8c", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x2x?x24x8xf32, "1,2,H,24,8">, tensor<2x2x3x3x8x8xf32>) -> tensor<1x2x?x24x8xf32, "1,2,H,24,8">
  func.return %1 : tensor<1x2x?x24x8xf32, "1,2,H,24,8">
}
