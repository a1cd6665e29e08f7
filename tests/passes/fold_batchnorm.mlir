// RUN: mlc-opt fold-batchnorm

// CHECK-LABEL: func.func @a_batch_norm_behind_a_conv_goes_into_its_weights(
// CHECK-NEXT{LITERAL}: %0 = "mlc.constant"() {value = dense<[[[[0.079581626]], [[-0.02652721]], [[0.2917993]], [[0.079581626]]], [[[-0.5468701]], [[0.5468701]], [[1.6406105]], [[1.3281132]]]]> : tensor<2x4x1x1xf32>} : () -> tensor<2x4x1x1xf32>
// CHECK-NEXT: %1 = "mlc.constant"() {value = dense<[-0.5628979, 2.6093478]> : tensor<2xf32>} : () -> tensor<2xf32>
// CHECK-NEXT: %2 = "mlc.conv"(%arg0, %0, %1) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<2x4x1x1xf32>, tensor<2xf32>) -> tensor<1x2x3x3xf32>
// CHECK-NEXT: func.return %2 : tensor<1x2x3x3xf32>
func.func @a_batch_norm_behind_a_conv_goes_into_its_weights(%x: tensor<1x4x3x3xf32>) -> (tensor<1x2x3x3xf32>) {
  %0 = "mlc.constant"() {value = dense<[[[[0.1875]], [[-0.0625]], [[0.6875]], [[0.1875]]], [[[-0.4375]], [[0.4375]], [[1.3125]], [[1.0625]]]]> : tensor<2x4x1x1xf32>} : () -> tensor<2x4x1x1xf32>
  %1 = "mlc.conv"(%x, %0) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<2x4x1x1xf32>) -> tensor<1x2x3x3xf32>
  %2 = "mlc.constant"() {value = dense<[0.4375, 0.9375]> : tensor<2xf32>} : () -> tensor<2xf32>
  %3 = "mlc.constant"() {value = dense<[0.3125, -0.4375]> : tensor<2xf32>} : () -> tensor<2xf32>
  %4 = "mlc.constant"() {value = dense<[2.0625, -2.4375]> : tensor<2xf32>} : () -> tensor<2xf32>
  %5 = "mlc.constant"() {value = dense<[1.0625, 0.5625]> : tensor<2xf32>} : () -> tensor<2xf32>
  %6 = "mlc.batch_norm"(%1, %2, %3, %4, %5) {epsilon = 1.0e-05 : f64} : (tensor<1x2x3x3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x3x3xf32>
  func.return %6 : tensor<1x2x3x3xf32>
}

// -----

// CHECK-LABEL: func.func @the_bias_is_scaled_too(
// CHECK-NEXT{LITERAL}: %0 = "mlc.constant"() {value = dense<[[[[0.079581626]], [[-0.02652721]], [[0.2917993]], [[0.079581626]]], [[[-0.5468701]], [[0.5468701]], [[1.6406105]], [[1.3281132]]]]> : tensor<2x4x1x1xf32>} : () -> tensor<2x4x1x1xf32>
// CHECK-NEXT: %1 = "mlc.constant"() {value = dense<[-0.5363707, 2.9999695]> : tensor<2xf32>} : () -> tensor<2xf32>
// CHECK-NEXT: %2 = "mlc.conv"(%arg0, %0, %1) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<2x4x1x1xf32>, tensor<2xf32>) -> tensor<1x2x3x3xf32>
// CHECK-NEXT: func.return %2 : tensor<1x2x3x3xf32>
func.func @the_bias_is_scaled_too(%x: tensor<1x4x3x3xf32>) -> (tensor<1x2x3x3xf32>) {
  %0 = "mlc.constant"() {value = dense<[[[[0.1875]], [[-0.0625]], [[0.6875]], [[0.1875]]], [[[-0.4375]], [[0.4375]], [[1.3125]], [[1.0625]]]]> : tensor<2x4x1x1xf32>} : () -> tensor<2x4x1x1xf32>
  %1 = "mlc.constant"() {value = dense<[0.0625, 0.3125]> : tensor<2xf32>} : () -> tensor<2xf32>
  %2 = "mlc.conv"(%x, %0, %1) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<2x4x1x1xf32>, tensor<2xf32>) -> tensor<1x2x3x3xf32>
  %3 = "mlc.constant"() {value = dense<[0.4375, 0.9375]> : tensor<2xf32>} : () -> tensor<2xf32>
  %4 = "mlc.constant"() {value = dense<[0.3125, -0.4375]> : tensor<2xf32>} : () -> tensor<2xf32>
  %5 = "mlc.constant"() {value = dense<[2.0625, -2.4375]> : tensor<2xf32>} : () -> tensor<2xf32>
  %6 = "mlc.constant"() {value = dense<[1.0625, 0.5625]> : tensor<2xf32>} : () -> tensor<2xf32>
  %7 = "mlc.batch_norm"(%2, %3, %4, %5, %6) {epsilon = 1.0e-05 : f64} : (tensor<1x2x3x3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x3x3xf32>
  func.return %7 : tensor<1x2x3x3xf32>
}

// -----

// CHECK-LABEL: func.func @groups_and_pads_do_not_matter_behind_a_conv(
// CHECK-NEXT{LITERAL}: %0 = "mlc.constant"() {value = dense<[[[[0.079581626]], [[-0.02652721]]], [[[0.8593674]], [[0.23437291]]], [[[-0.12941395]], [[0.12941395]]], [[[-1.4302577]], [[-1.1578276]]]]> : tensor<4x2x1x1xf32>} : () -> tensor<4x2x1x1xf32>
// CHECK-NEXT: %1 = "mlc.constant"() {value = dense<[-0.5628979, 2.6093478, -0.44191396, -3.0504675]> : tensor<4xf32>} : () -> tensor<4xf32>
// CHECK-NEXT: %2 = "mlc.conv"(%arg0, %0, %1) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 2 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<4x2x1x1xf32>, tensor<4xf32>) -> tensor<1x4x5x5xf32>
// CHECK-NEXT: func.return %2 : tensor<1x4x5x5xf32>
func.func @groups_and_pads_do_not_matter_behind_a_conv(%x: tensor<1x4x3x3xf32>) -> (tensor<1x4x5x5xf32>) {
  %0 = "mlc.constant"() {value = dense<[[[[0.1875]], [[-0.0625]]], [[[0.6875]], [[0.1875]]], [[[-0.4375]], [[0.4375]]], [[[1.3125]], [[1.0625]]]]> : tensor<4x2x1x1xf32>} : () -> tensor<4x2x1x1xf32>
  %1 = "mlc.conv"(%x, %0) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 2 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<4x2x1x1xf32>) -> tensor<1x4x5x5xf32>
  %2 = "mlc.constant"() {value = dense<[0.4375, 0.9375, 0.4375, -1.1875]> : tensor<4xf32>} : () -> tensor<4xf32>
  %3 = "mlc.constant"() {value = dense<[0.3125, -0.4375, -0.3125, -2.4375]> : tensor<4xf32>} : () -> tensor<4xf32>
  %4 = "mlc.constant"() {value = dense<[2.0625, -2.4375, 0.4375, -0.5625]> : tensor<4xf32>} : () -> tensor<4xf32>
  %5 = "mlc.constant"() {value = dense<[1.0625, 0.5625, 2.1875, 1.1875]> : tensor<4xf32>} : () -> tensor<4xf32>
  %6 = "mlc.batch_norm"(%1, %2, %3, %4, %5) {epsilon = 1.0e-05 : f64} : (tensor<1x4x5x5xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x5x5xf32>
  func.return %6 : tensor<1x4x5x5xf32>
}

// -----

// CHECK-LABEL: func.func @depthwise_weights_are_scaled(
// CHECK-NEXT{LITERAL}: %0 = "mlc.constant"() {value = dense<[[[[0.079581626, -0.02652721, 0.2917993], [0.079581626, -0.18569046, 0.18569046], [0.5570714, 0.45096254, -0.2917993]]], [[[-1.4843618, -0.70311874, 0.07812431], [-2.8905993, -0.23437291, -1.4843618], [-0.8593674, -0.5468701, -0.3906215]]], [[[0.12941395, 0.31429103, -0.018487707], [0.42521727, -0.16638936, 0.12941395], [0.27731562, 0.05546312, -0.20336477]]], [[[0.8853976, 0.47675258, -0.34053755], [1.0216126, 0.20432253, 0.06810751], [-0.6129676, -0.34053755, -0.47675258]]]]> : tensor<4x1x3x3xf32>} : () -> tensor<4x1x3x3xf32>
// CHECK-NEXT: %1 = "mlc.constant"() {value = dense<[-0.5628979, 2.6093478, -0.44191396, -3.0504675]> : tensor<4xf32>} : () -> tensor<4xf32>
// CHECK-NEXT: %2 = "mlc.conv"(%arg0, %0, %1) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 4 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<4x1x3x3xf32>, tensor<4xf32>) -> tensor<1x4x3x3xf32>
// CHECK-NEXT: func.return %2 : tensor<1x4x3x3xf32>
func.func @depthwise_weights_are_scaled(%x: tensor<1x4x3x3xf32>) -> (tensor<1x4x3x3xf32>) {
  %0 = "mlc.constant"() {value = dense<[[[[0.1875, -0.0625, 0.6875], [0.1875, -0.4375, 0.4375], [1.3125, 1.0625, -0.6875]]], [[[-1.1875, -0.5625, 0.0625], [-2.3125, -0.1875, -1.1875], [-0.6875, -0.4375, -0.3125]]], [[[0.4375, 1.0625, -0.0625], [1.4375, -0.5625, 0.4375], [0.9375, 0.1875, -0.6875]]], [[[-0.8125, -0.4375, 0.3125], [-0.9375, -0.1875, -0.0625], [0.5625, 0.3125, 0.4375]]]]> : tensor<4x1x3x3xf32>} : () -> tensor<4x1x3x3xf32>
  %1 = "mlc.conv"(%x, %0) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 4 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<4x1x3x3xf32>) -> tensor<1x4x3x3xf32>
  %2 = "mlc.constant"() {value = dense<[0.4375, 0.9375, 0.4375, -1.1875]> : tensor<4xf32>} : () -> tensor<4xf32>
  %3 = "mlc.constant"() {value = dense<[0.3125, -0.4375, -0.3125, -2.4375]> : tensor<4xf32>} : () -> tensor<4xf32>
  %4 = "mlc.constant"() {value = dense<[2.0625, -2.4375, 0.4375, -0.5625]> : tensor<4xf32>} : () -> tensor<4xf32>
  %5 = "mlc.constant"() {value = dense<[1.0625, 0.5625, 2.1875, 1.1875]> : tensor<4xf32>} : () -> tensor<4xf32>
  %6 = "mlc.batch_norm"(%1, %2, %3, %4, %5) {epsilon = 1.0e-05 : f64} : (tensor<1x4x3x3xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x3x3xf32>
  func.return %6 : tensor<1x4x3x3xf32>
}

// -----

// CHECK-LABEL: func.func @a_batch_norm_behind_a_transposed_conv(
// CHECK-NEXT{LITERAL}: %0 = "mlc.constant"() {value = dense<[[[[0.079581626]], [[-0.07812431]]], [[[0.2917993]], [[0.23437291]]], [[[-0.18569046]], [[0.5468701]]], [[[0.5570714]], [[1.3281132]]]]> : tensor<4x2x1x1xf32>} : () -> tensor<4x2x1x1xf32>
// CHECK-NEXT: %1 = "mlc.constant"() {value = dense<[-0.5628979, 2.6093478]> : tensor<2xf32>} : () -> tensor<2xf32>
// CHECK-NEXT: %2 = "mlc.conv_transpose"(%arg0, %0, %1) {strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, output_padding = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x4x3x3xf32>, tensor<4x2x1x1xf32>, tensor<2xf32>) -> tensor<1x2x4x4xf32>
// CHECK-NEXT: func.return %2 : tensor<1x2x4x4xf32>
func.func @a_batch_norm_behind_a_transposed_conv(%x: tensor<1x4x3x3xf32>) -> (tensor<1x2x4x4xf32>) {
  %0 = "mlc.constant"() {value = dense<[[[[0.1875]], [[-0.0625]]], [[[0.6875]], [[0.1875]]], [[[-0.4375]], [[0.4375]]], [[[1.3125]], [[1.0625]]]]> : tensor<4x2x1x1xf32>} : () -> tensor<4x2x1x1xf32>
  %1 = "mlc.conv_transpose"(%x, %0) {strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, output_padding = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x4x3x3xf32>, tensor<4x2x1x1xf32>) -> tensor<1x2x4x4xf32>
  %2 = "mlc.constant"() {value = dense<[0.4375, 0.9375]> : tensor<2xf32>} : () -> tensor<2xf32>
  %3 = "mlc.constant"() {value = dense<[0.3125, -0.4375]> : tensor<2xf32>} : () -> tensor<2xf32>
  %4 = "mlc.constant"() {value = dense<[2.0625, -2.4375]> : tensor<2xf32>} : () -> tensor<2xf32>
  %5 = "mlc.constant"() {value = dense<[1.0625, 0.5625]> : tensor<2xf32>} : () -> tensor<2xf32>
  %6 = "mlc.batch_norm"(%1, %2, %3, %4, %5) {epsilon = 1.0e-05 : f64} : (tensor<1x2x4x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x4x4xf32>
  func.return %6 : tensor<1x2x4x4xf32>
}

// -----

// CHECK-LABEL: func.func @a_batch_norm_behind_a_grouped_transposed_conv(
// CHECK-NEXT{LITERAL}: %0 = "mlc.constant"() {value = dense<[[[[0.079581626]], [[-0.07812431]], [[0.20336477]]], [[[0.079581626]], [[-0.5468701]], [[0.12941395]]], [[[-1.4302577]], [[0.693589]], [[-0.5156204]]], [[[1.2940427]], [[-0.36719418]], [[0.046874583]]]]> : tensor<4x3x1x1xf32>} : () -> tensor<4x3x1x1xf32>
// CHECK-NEXT: %1 = "mlc.constant"() {value = dense<[-0.8546972, 0.9687375, -0.49737707, -3.5272202, 2.8732831, 1.4687475]> : tensor<6xf32>} : () -> tensor<6xf32>
// CHECK-NEXT: %2 = "mlc.conv_transpose"(%arg0, %0, %1) {strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, output_padding = array<i64: 1, 1>, groups = 2 : i64} : (tensor<1x4x3x3xf32>, tensor<4x3x1x1xf32>, tensor<6xf32>) -> tensor<1x6x4x4xf32>
// CHECK-NEXT: func.return %2 : tensor<1x6x4x4xf32>
func.func @a_batch_norm_behind_a_grouped_transposed_conv(%x: tensor<1x4x3x3xf32>) -> (tensor<1x6x4x4xf32>) {
  %0 = "mlc.constant"() {value = dense<[[[[0.1875]], [[-0.0625]], [[0.6875]]], [[[0.1875]], [[-0.4375]], [[0.4375]]], [[[1.3125]], [[1.0625]], [[-0.6875]]], [[[-1.1875]], [[-0.5625]], [[0.0625]]]]> : tensor<4x3x1x1xf32>} : () -> tensor<4x3x1x1xf32>
  %1 = "mlc.constant"() {value = dense<[-0.6875, -1.3125, -0.1875, 0.4375, 1.1875, 0.1875]> : tensor<6xf32>} : () -> tensor<6xf32>
  %2 = "mlc.conv_transpose"(%x, %0, %1) {strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, output_padding = array<i64: 1, 1>, groups = 2 : i64} : (tensor<1x4x3x3xf32>, tensor<4x3x1x1xf32>, tensor<6xf32>) -> tensor<1x6x4x4xf32>
  %3 = "mlc.constant"() {value = dense<[0.4375, 0.9375, 0.4375, -1.1875, 0.9375, 0.5625]> : tensor<6xf32>} : () -> tensor<6xf32>
  %4 = "mlc.constant"() {value = dense<[0.3125, -0.4375, -0.3125, -2.4375, 1.8125, 1.1875]> : tensor<6xf32>} : () -> tensor<6xf32>
  %5 = "mlc.constant"() {value = dense<[2.0625, -2.4375, 0.4375, -0.5625, -0.4375, -0.1875]> : tensor<6xf32>} : () -> tensor<6xf32>
  %6 = "mlc.constant"() {value = dense<[1.0625, 0.5625, 2.1875, 1.1875, 2.0625, 0.5625]> : tensor<6xf32>} : () -> tensor<6xf32>
  %7 = "mlc.batch_norm"(%2, %3, %4, %5, %6) {epsilon = 1.0e-05 : f64} : (tensor<1x6x4x4xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>) -> tensor<1x6x4x4xf32>
  func.return %7 : tensor<1x6x4x4xf32>
}

// -----

// CHECK-LABEL: func.func @a_batch_norm_behind_a_linear_layer(
// CHECK-NEXT{LITERAL}: %0 = "mlc.constant"() {value = dense<[[0.079581626, -0.07812431], [0.2917993, 0.23437291], [-0.18569046, 0.5468701], [0.5570714, 1.3281132]]> : tensor<4x2xf32>} : () -> tensor<4x2xf32>
// CHECK-NEXT: %1 = "mlc.matmul"(%arg0, %0) {transpose_y = false, strassen = false} : (tensor<3x4xf32>, tensor<4x2xf32>) -> tensor<3x2xf32>
// CHECK-NEXT: %2 = "mlc.constant"() {value = dense<[-0.8546972, 2.9999695]> : tensor<2xf32>} : () -> tensor<2xf32>
// CHECK-NEXT: %3 = "mlc.add"(%1, %2) : (tensor<3x2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
// CHECK-NEXT: func.return %3 : tensor<3x2xf32>
func.func @a_batch_norm_behind_a_linear_layer(%x: tensor<3x4xf32>) -> (tensor<3x2xf32>) {
  %0 = "mlc.constant"() {value = dense<[[0.1875, -0.0625], [0.6875, 0.1875], [-0.4375, 0.4375], [1.3125, 1.0625]]> : tensor<4x2xf32>} : () -> tensor<4x2xf32>
  %1 = "mlc.matmul"(%x, %0) {transpose_y = false, strassen = false} : (tensor<3x4xf32>, tensor<4x2xf32>) -> tensor<3x2xf32>
  %2 = "mlc.constant"() {value = dense<[-0.6875, 0.3125]> : tensor<2xf32>} : () -> tensor<2xf32>
  %3 = "mlc.add"(%1, %2) : (tensor<3x2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  %4 = "mlc.constant"() {value = dense<[0.4375, 0.9375]> : tensor<2xf32>} : () -> tensor<2xf32>
  %5 = "mlc.constant"() {value = dense<[0.3125, -0.4375]> : tensor<2xf32>} : () -> tensor<2xf32>
  %6 = "mlc.constant"() {value = dense<[2.0625, -2.4375]> : tensor<2xf32>} : () -> tensor<2xf32>
  %7 = "mlc.constant"() {value = dense<[1.0625, 0.5625]> : tensor<2xf32>} : () -> tensor<2xf32>
  %8 = "mlc.batch_norm"(%3, %4, %5, %6, %7) {epsilon = 1.0e-05 : f64} : (tensor<3x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  func.return %8 : tensor<3x2xf32>
}

// -----

// CHECK-LABEL: func.func @a_batch_norm_behind_a_product_with_transposed_weights(
// CHECK-NEXT{LITERAL}: %0 = "mlc.constant"() {value = dense<[[0.079581626, -0.02652721, 0.2917993, 0.079581626], [-0.5468701, 0.5468701, 1.6406105, 1.3281132]]> : tensor<2x4xf32>} : () -> tensor<2x4xf32>
// CHECK-NEXT: %1 = "mlc.matmul"(%arg0, %0) {transpose_y = true, strassen = false} : (tensor<3x4xf32>, tensor<2x4xf32>) -> tensor<3x2xf32>
// CHECK-NEXT: %2 = "mlc.constant"() {value = dense<[-0.5628979, 2.6093478]> : tensor<2xf32>} : () -> tensor<2xf32>
// CHECK-NEXT: %3 = "mlc.add"(%1, %2) : (tensor<3x2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
// CHECK-NEXT: func.return %3 : tensor<3x2xf32>
func.func @a_batch_norm_behind_a_product_with_transposed_weights(%x: tensor<3x4xf32>) -> (tensor<3x2xf32>) {
  %0 = "mlc.constant"() {value = dense<[[0.1875, -0.0625, 0.6875, 0.1875], [-0.4375, 0.4375, 1.3125, 1.0625]]> : tensor<2x4xf32>} : () -> tensor<2x4xf32>
  %1 = "mlc.matmul"(%x, %0) {transpose_y = true, strassen = false} : (tensor<3x4xf32>, tensor<2x4xf32>) -> tensor<3x2xf32>
  %2 = "mlc.constant"() {value = dense<[0.4375, 0.9375]> : tensor<2xf32>} : () -> tensor<2xf32>
  %3 = "mlc.constant"() {value = dense<[0.3125, -0.4375]> : tensor<2xf32>} : () -> tensor<2xf32>
  %4 = "mlc.constant"() {value = dense<[2.0625, -2.4375]> : tensor<2xf32>} : () -> tensor<2xf32>
  %5 = "mlc.constant"() {value = dense<[1.0625, 0.5625]> : tensor<2xf32>} : () -> tensor<2xf32>
  %6 = "mlc.batch_norm"(%1, %2, %3, %4, %5) {epsilon = 1.0e-05 : f64} : (tensor<3x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  func.return %6 : tensor<3x2xf32>
}

// -----
// RUN: mlc-opt --remarks=missed fold-batchnorm

// Near miss: the channels of the norm are the rows of the product; they have 3 elements like its columns.
// CHECK-LABEL: func.func @a_batch_norm_of_rows_stays(
// CHECK-NEXT{LITERAL}: %0 = "mlc.constant"() {value = dense<[[0.1875, -0.0625, 0.6875], [0.1875, -0.4375, 0.4375], [1.3125, 1.0625, -0.6875], [-1.1875, -0.5625, 0.0625]]> : tensor<4x3xf32>} : () -> tensor<4x3xf32>
// CHECK-NEXT: %1 = "mlc.matmul"(%arg0, %0) {transpose_y = false, strassen = false} : (tensor<2x3x4xf32>, tensor<4x3xf32>) -> tensor<2x3x3xf32>
// CHECK-NEXT{LITERAL}: %2 = "mlc.constant"() {value = dense<[[0.42443535], [1.2499889], [0.2958033]]> : tensor<3x1xf32>} : () -> tensor<3x1xf32>
// CHECK-NEXT: %3 = "mlc.mul"(%1, %2) : (tensor<2x3x3xf32>, tensor<3x1xf32>) -> tensor<2x3x3xf32>
// CHECK-NEXT{LITERAL}: %4 = "mlc.constant"() {value = dense<[[-0.5628979], [2.6093478], [-0.44191396]]> : tensor<3x1xf32>} : () -> tensor<3x1xf32>
// CHECK-NEXT: %5 = "mlc.add"(%3, %4) : (tensor<2x3x3xf32>, tensor<3x1xf32>) -> tensor<2x3x3xf32>
// CHECK-NEXT: func.return %5 : tensor<2x3x3xf32>
// CHECK: missed  fold-batchnorm/fold_into_weights_before at ? (mlc.mul): the constant varies over more than the channels (blocked by result 0 of mlc.constant '?')
func.func @a_batch_norm_of_rows_stays(%x: tensor<2x3x4xf32>) -> (tensor<2x3x3xf32>) {
  %0 = "mlc.constant"() {value = dense<[[0.1875, -0.0625, 0.6875], [0.1875, -0.4375, 0.4375], [1.3125, 1.0625, -0.6875], [-1.1875, -0.5625, 0.0625]]> : tensor<4x3xf32>} : () -> tensor<4x3xf32>
  %1 = "mlc.matmul"(%x, %0) {transpose_y = false, strassen = false} : (tensor<2x3x4xf32>, tensor<4x3xf32>) -> tensor<2x3x3xf32>
  %2 = "mlc.constant"() {value = dense<[0.4375, 0.9375, 0.4375]> : tensor<3xf32>} : () -> tensor<3xf32>
  %3 = "mlc.constant"() {value = dense<[0.3125, -0.4375, -0.3125]> : tensor<3xf32>} : () -> tensor<3xf32>
  %4 = "mlc.constant"() {value = dense<[2.0625, -2.4375, 0.4375]> : tensor<3xf32>} : () -> tensor<3xf32>
  %5 = "mlc.constant"() {value = dense<[1.0625, 0.5625, 2.1875]> : tensor<3xf32>} : () -> tensor<3xf32>
  %6 = "mlc.batch_norm"(%1, %2, %3, %4, %5) {epsilon = 1.0e-05 : f64} : (tensor<2x3x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x3x3xf32>
  func.return %6 : tensor<2x3x3xf32>
}

// -----

// CHECK-LABEL: func.func @a_batch_norm_before_a_conv_goes_into_its_weights(
// CHECK-NEXT{LITERAL}: %0 = "mlc.constant"() {value = dense<[[[[0.079581626, -0.02652721], [0.2917993, 0.079581626]], [[-0.5468702, 0.5468702], [1.6406105, 1.3281132]], [[-0.20336477, -0.35126644], [-0.16638936, 0.018487707]], [[2.5199778, 0.20432252], [1.2940427, 0.7491826]]], [[[-0.18569046, -0.13263604], [0.18569046, 0.45096254]], [[-0.07812431, 1.796859], [-0.70311874, 0.5468702]], [[0.27731562, 0.05546312], [-0.20336477, -0.24034019]], [[0.47675255, -0.34053755], [1.0216126, 0.20432252]]]]> : tensor<2x4x2x2xf32>} : () -> tensor<2x4x2x2xf32>
// CHECK-NEXT: %1 = "mlc.constant"() {value = dense<[20.029644, 6.8183136]> : tensor<2xf32>} : () -> tensor<2xf32>
// CHECK-NEXT: %2 = "mlc.conv"(%arg0, %0, %1) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<2x4x2x2xf32>, tensor<2xf32>) -> tensor<1x2x2x2xf32>
// CHECK-NEXT: func.return %2 : tensor<1x2x2x2xf32>
func.func @a_batch_norm_before_a_conv_goes_into_its_weights(%x: tensor<1x4x3x3xf32>) -> (tensor<1x2x2x2xf32>) {
  %0 = "mlc.constant"() {value = dense<[0.4375, 0.9375, 0.4375, -1.1875]> : tensor<4xf32>} : () -> tensor<4xf32>
  %1 = "mlc.constant"() {value = dense<[0.3125, -0.4375, -0.3125, -2.4375]> : tensor<4xf32>} : () -> tensor<4xf32>
  %2 = "mlc.constant"() {value = dense<[2.0625, -2.4375, 0.4375, -0.5625]> : tensor<4xf32>} : () -> tensor<4xf32>
  %3 = "mlc.constant"() {value = dense<[1.0625, 0.5625, 2.1875, 1.1875]> : tensor<4xf32>} : () -> tensor<4xf32>
  %4 = "mlc.batch_norm"(%x, %0, %1, %2, %3) {epsilon = 1.0e-05 : f64} : (tensor<1x4x3x3xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x3x3xf32>
  %5 = "mlc.constant"() {value = dense<[[[[0.1875, -0.0625], [0.6875, 0.1875]], [[-0.4375, 0.4375], [1.3125, 1.0625]], [[-0.6875, -1.1875], [-0.5625, 0.0625]], [[-2.3125, -0.1875], [-1.1875, -0.6875]]], [[[-0.4375, -0.3125], [0.4375, 1.0625]], [[-0.0625, 1.4375], [-0.5625, 0.4375]], [[0.9375, 0.1875], [-0.6875, -0.8125]], [[-0.4375, 0.3125], [-0.9375, -0.1875]]]]> : tensor<2x4x2x2xf32>} : () -> tensor<2x4x2x2xf32>
  %6 = "mlc.conv"(%4, %5) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<2x4x2x2xf32>) -> tensor<1x2x2x2xf32>
  func.return %6 : tensor<1x2x2x2xf32>
}

// -----

// CHECK-LABEL: func.func @a_batch_norm_before_a_grouped_conv(
// CHECK-NEXT{LITERAL}: %0 = "mlc.constant"() {value = dense<[[[[0.079581626]], [[-0.07812431]]], [[[0.2917993]], [[0.23437291]]], [[[-0.12941395]], [[-0.47675255]]], [[[0.38824183]], [[-1.1578276]]]]> : tensor<4x2x1x1xf32>} : () -> tensor<4x2x1x1xf32>
// CHECK-NEXT: %1 = "mlc.constant"() {value = dense<[-0.9561276, -1.2102396, -1.3287421, -3.3836339]> : tensor<4xf32>} : () -> tensor<4xf32>
// CHECK-NEXT: %2 = "mlc.conv"(%arg0, %0, %1) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 2 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<4x2x1x1xf32>, tensor<4xf32>) -> tensor<1x4x3x3xf32>
// CHECK-NEXT: func.return %2 : tensor<1x4x3x3xf32>
func.func @a_batch_norm_before_a_grouped_conv(%x: tensor<1x4x3x3xf32>) -> (tensor<1x4x3x3xf32>) {
  %0 = "mlc.constant"() {value = dense<[0.4375, 0.9375, 0.4375, -1.1875]> : tensor<4xf32>} : () -> tensor<4xf32>
  %1 = "mlc.constant"() {value = dense<[0.3125, -0.4375, -0.3125, -2.4375]> : tensor<4xf32>} : () -> tensor<4xf32>
  %2 = "mlc.constant"() {value = dense<[2.0625, -2.4375, 0.4375, -0.5625]> : tensor<4xf32>} : () -> tensor<4xf32>
  %3 = "mlc.constant"() {value = dense<[1.0625, 0.5625, 2.1875, 1.1875]> : tensor<4xf32>} : () -> tensor<4xf32>
  %4 = "mlc.batch_norm"(%x, %0, %1, %2, %3) {epsilon = 1.0e-05 : f64} : (tensor<1x4x3x3xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x3x3xf32>
  %5 = "mlc.constant"() {value = dense<[[[[0.1875]], [[-0.0625]]], [[[0.6875]], [[0.1875]]], [[[-0.4375]], [[0.4375]]], [[[1.3125]], [[1.0625]]]]> : tensor<4x2x1x1xf32>} : () -> tensor<4x2x1x1xf32>
  %6 = "mlc.constant"() {value = dense<[-0.6875, -1.3125, -0.1875, 0.4375]> : tensor<4xf32>} : () -> tensor<4xf32>
  %7 = "mlc.conv"(%4, %5, %6) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 2 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<4x2x1x1xf32>, tensor<4xf32>) -> tensor<1x4x3x3xf32>
  func.return %7 : tensor<1x4x3x3xf32>
}

// -----
// RUN: mlc-opt --remarks=missed fold-batchnorm

// Near miss: attribute. The pads would have been shifted.
// CHECK-LABEL: func.func @a_batch_norm_before_a_padded_conv_stays(
// CHECK-NEXT{LITERAL}: %0 = "mlc.constant"() {value = dense<[[[0.42443535]], [[1.2499889]], [[0.2958033]], [[-1.0897201]]]> : tensor<4x1x1xf32>} : () -> tensor<4x1x1xf32>
// CHECK-NEXT: %1 = "mlc.mul"(%arg0, %0) : (tensor<1x4x3x3xf32>, tensor<4x1x1xf32>) -> tensor<1x4x3x3xf32>
// CHECK-NEXT{LITERAL}: %2 = "mlc.constant"() {value = dense<[[[-0.5628979]], [[2.6093478]], [[-0.44191396]], [[-3.0504675]]]> : tensor<4x1x1xf32>} : () -> tensor<4x1x1xf32>
// CHECK-NEXT: %3 = "mlc.add"(%1, %2) : (tensor<1x4x3x3xf32>, tensor<4x1x1xf32>) -> tensor<1x4x3x3xf32>
// CHECK-NEXT{LITERAL}: %4 = "mlc.constant"() {value = dense<[[[[0.1875]], [[-0.0625]], [[0.6875]], [[0.1875]]], [[[-0.4375]], [[0.4375]], [[1.3125]], [[1.0625]]]]> : tensor<2x4x1x1xf32>} : () -> tensor<2x4x1x1xf32>
// CHECK-NEXT: %5 = "mlc.conv"(%3, %4) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<2x4x1x1xf32>) -> tensor<1x2x5x5xf32>
// CHECK-NEXT: func.return %5 : tensor<1x2x5x5xf32>
// CHECK: missed  fold-batchnorm/fold_into_weights_behind at ? (mlc.conv): zeros are padded on behind the shift (blocked by pads)
func.func @a_batch_norm_before_a_padded_conv_stays(%x: tensor<1x4x3x3xf32>) -> (tensor<1x2x5x5xf32>) {
  %0 = "mlc.constant"() {value = dense<[0.4375, 0.9375, 0.4375, -1.1875]> : tensor<4xf32>} : () -> tensor<4xf32>
  %1 = "mlc.constant"() {value = dense<[0.3125, -0.4375, -0.3125, -2.4375]> : tensor<4xf32>} : () -> tensor<4xf32>
  %2 = "mlc.constant"() {value = dense<[2.0625, -2.4375, 0.4375, -0.5625]> : tensor<4xf32>} : () -> tensor<4xf32>
  %3 = "mlc.constant"() {value = dense<[1.0625, 0.5625, 2.1875, 1.1875]> : tensor<4xf32>} : () -> tensor<4xf32>
  %4 = "mlc.batch_norm"(%x, %0, %1, %2, %3) {epsilon = 1.0e-05 : f64} : (tensor<1x4x3x3xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x3x3xf32>
  %5 = "mlc.constant"() {value = dense<[[[[0.1875]], [[-0.0625]], [[0.6875]], [[0.1875]]], [[[-0.4375]], [[0.4375]], [[1.3125]], [[1.0625]]]]> : tensor<2x4x1x1xf32>} : () -> tensor<2x4x1x1xf32>
  %6 = "mlc.conv"(%4, %5) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<2x4x1x1xf32>) -> tensor<1x2x5x5xf32>
  func.return %6 : tensor<1x2x5x5xf32>
}

// -----

// CHECK-LABEL: func.func @a_batch_norm_before_a_product(
// CHECK-NEXT{LITERAL}: %0 = "mlc.constant"() {value = dense<[[0.079581626, -0.02652721], [0.8593674, 0.23437291], [-0.12941395, 0.12941395], [-1.4302577, -1.1578276]]> : tensor<4x2xf32>} : () -> tensor<4x2xf32>
// CHECK-NEXT: %1 = "mlc.matmul"(%arg0, %0) {transpose_y = false, strassen = false} : (tensor<3x4xf32>, tensor<4x2xf32>) -> tensor<3x2xf32>
// CHECK-NEXT: %2 = "mlc.constant"() {value = dense<[-2.1220179, -2.9100251]> : tensor<2xf32>} : () -> tensor<2xf32>
// CHECK-NEXT: %3 = "mlc.add"(%1, %2) : (tensor<3x2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
// CHECK-NEXT: func.return %3 : tensor<3x2xf32>
func.func @a_batch_norm_before_a_product(%x: tensor<3x4xf32>) -> (tensor<3x2xf32>) {
  %0 = "mlc.constant"() {value = dense<[0.4375, 0.9375, 0.4375, -1.1875]> : tensor<4xf32>} : () -> tensor<4xf32>
  %1 = "mlc.constant"() {value = dense<[0.3125, -0.4375, -0.3125, -2.4375]> : tensor<4xf32>} : () -> tensor<4xf32>
  %2 = "mlc.constant"() {value = dense<[2.0625, -2.4375, 0.4375, -0.5625]> : tensor<4xf32>} : () -> tensor<4xf32>
  %3 = "mlc.constant"() {value = dense<[1.0625, 0.5625, 2.1875, 1.1875]> : tensor<4xf32>} : () -> tensor<4xf32>
  %4 = "mlc.batch_norm"(%x, %0, %1, %2, %3) {epsilon = 1.0e-05 : f64} : (tensor<3x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<3x4xf32>
  %5 = "mlc.constant"() {value = dense<[[0.1875, -0.0625], [0.6875, 0.1875], [-0.4375, 0.4375], [1.3125, 1.0625]]> : tensor<4x2xf32>} : () -> tensor<4x2xf32>
  %6 = "mlc.matmul"(%4, %5) {transpose_y = false, strassen = false} : (tensor<3x4xf32>, tensor<4x2xf32>) -> tensor<3x2xf32>
  func.return %6 : tensor<3x2xf32>
}

// -----

// CHECK-LABEL: func.func @factors_between_two_convs_go_forward_into_the_first(
// CHECK-NEXT{LITERAL}: %0 = "mlc.constant"() {value = dense<[[[[0.38671875]], [[-0.12890625]], [[1.4179688]], [[0.38671875]]], [[[1.0664062]], [[-1.0664062]], [[-3.1992188]], [[-2.5898438]]]]> : tensor<2x4x1x1xf32>} : () -> tensor<2x4x1x1xf32>
// CHECK-NEXT: %1 = "mlc.conv"(%arg0, %0) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<2x4x1x1xf32>) -> tensor<1x2x3x3xf32>
// CHECK-NEXT{LITERAL}: %2 = "mlc.constant"() {value = dense<[[[[-0.5625]], [[-0.0625]]], [[[1.6875]], [[0.6875]]], [[[-1.5625]], [[0.0625]]]]> : tensor<3x2x1x1xf32>} : () -> tensor<3x2x1x1xf32>
// CHECK-NEXT: %3 = "mlc.conv"(%1, %2) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x2x3x3xf32>, tensor<3x2x1x1xf32>) -> tensor<1x3x5x5xf32>
// CHECK-NEXT: func.return %3 : tensor<1x3x5x5xf32>
func.func @factors_between_two_convs_go_forward_into_the_first(%x: tensor<1x4x3x3xf32>) -> (tensor<1x3x5x5xf32>) {
  %0 = "mlc.constant"() {value = dense<[[[[0.1875]], [[-0.0625]], [[0.6875]], [[0.1875]]], [[[-0.4375]], [[0.4375]], [[1.3125]], [[1.0625]]]]> : tensor<2x4x1x1xf32>} : () -> tensor<2x4x1x1xf32>
  %1 = "mlc.conv"(%x, %0) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<2x4x1x1xf32>) -> tensor<1x2x3x3xf32>
  %2 = "mlc.constant"() {value = dense<[[[2.0625]], [[-2.4375]]]> : tensor<2x1x1xf32>} : () -> tensor<2x1x1xf32>
  %3 = "mlc.mul"(%1, %2) : (tensor<1x2x3x3xf32>, tensor<2x1x1xf32>) -> tensor<1x2x3x3xf32>
  %4 = "mlc.constant"() {value = dense<[[[[-0.5625]], [[-0.0625]]], [[[1.6875]], [[0.6875]]], [[[-1.5625]], [[0.0625]]]]> : tensor<3x2x1x1xf32>} : () -> tensor<3x2x1x1xf32>
  %5 = "mlc.conv"(%3, %4) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x2x3x3xf32>, tensor<3x2x1x1xf32>) -> tensor<1x3x5x5xf32>
  func.return %5 : tensor<1x3x5x5xf32>
}

// -----

// CHECK-LABEL: func.func @a_factor_before_a_padded_conv_goes_into_its_weights(
// CHECK-NEXT{LITERAL}: %0 = "mlc.constant"() {value = dense<[[[[0.38671875]], [[0.15234375]], [[0.30078125]], [[-0.10546875]]], [[[-0.90234375]], [[-1.0664062]], [[0.57421875]], [[-0.59765625]]]]> : tensor<2x4x1x1xf32>} : () -> tensor<2x4x1x1xf32>
// CHECK-NEXT: %1 = "mlc.conv"(%arg0, %0) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<2x4x1x1xf32>) -> tensor<1x2x5x5xf32>
// CHECK-NEXT: func.return %1 : tensor<1x2x5x5xf32>
func.func @a_factor_before_a_padded_conv_goes_into_its_weights(%x: tensor<1x4x3x3xf32>) -> (tensor<1x2x5x5xf32>) {
  %0 = "mlc.constant"() {value = dense<[[[2.0625]], [[-2.4375]], [[0.4375]], [[-0.5625]]]> : tensor<4x1x1xf32>} : () -> tensor<4x1x1xf32>
  %1 = "mlc.mul"(%x, %0) : (tensor<1x4x3x3xf32>, tensor<4x1x1xf32>) -> tensor<1x4x3x3xf32>
  %2 = "mlc.constant"() {value = dense<[[[[0.1875]], [[-0.0625]], [[0.6875]], [[0.1875]]], [[[-0.4375]], [[0.4375]], [[1.3125]], [[1.0625]]]]> : tensor<2x4x1x1xf32>} : () -> tensor<2x4x1x1xf32>
  %3 = "mlc.conv"(%1, %2) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<2x4x1x1xf32>) -> tensor<1x2x5x5xf32>
  func.return %3 : tensor<1x2x5x5xf32>
}

// -----

// CHECK-LABEL: func.func @constants_behind_a_conv_go_into_it(
// CHECK-NEXT{LITERAL}: %0 = "mlc.constant"() {value = dense<[[[[-0.0625]], [[0.020833334]], [[-0.22916667]], [[-0.0625]]], [[[0.14583333]], [[-0.14583333]], [[-0.4375]], [[-0.35416666]]]]> : tensor<2x4x1x1xf32>} : () -> tensor<2x4x1x1xf32>
// CHECK-NEXT: %1 = "mlc.constant"() {value = dense<[0.4791667, 1.9791667]> : tensor<2xf32>} : () -> tensor<2xf32>
// CHECK-NEXT: %2 = "mlc.conv"(%arg0, %0, %1) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<2x4x1x1xf32>, tensor<2xf32>) -> tensor<1x2x3x3xf32>
// CHECK-NEXT: func.return %2 : tensor<1x2x3x3xf32>
func.func @constants_behind_a_conv_go_into_it(%x: tensor<1x4x3x3xf32>) -> (tensor<1x2x3x3xf32>) {
  %0 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %1 = "mlc.constant"() {value = dense<[[[[0.1875]], [[-0.0625]], [[0.6875]], [[0.1875]]], [[[-0.4375]], [[0.4375]], [[1.3125]], [[1.0625]]]]> : tensor<2x4x1x1xf32>} : () -> tensor<2x4x1x1xf32>
  %2 = "mlc.conv"(%x, %1) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<2x4x1x1xf32>) -> tensor<1x2x3x3xf32>
  %3 = "mlc.constant"() {value = dense<[[[[2.0625]], [[-2.4375]]]]> : tensor<1x2x1x1xf32>} : () -> tensor<1x2x1x1xf32>
  %4 = "mlc.add"(%2, %3) : (tensor<1x2x3x3xf32>, tensor<1x2x1x1xf32>) -> tensor<1x2x3x3xf32>
  %5 = "mlc.constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %6 = "mlc.sub"(%4, %5) : (tensor<1x2x3x3xf32>, tensor<f32>) -> tensor<1x2x3x3xf32>
  %7 = "mlc.constant"() {value = dense<3.0> : tensor<f32>} : () -> tensor<f32>
  %8 = "mlc.div"(%6, %7) : (tensor<1x2x3x3xf32>, tensor<f32>) -> tensor<1x2x3x3xf32>
  %9 = "mlc.sub"(%0, %8) : (tensor<f32>, tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  func.return %9 : tensor<1x2x3x3xf32>
}

// -----
// RUN: mlc-opt --remarks=missed fold-batchnorm

// Near miss: the constant varies over more than the channels.
// CHECK-LABEL: func.func @a_constant_per_pixel_stays(
// CHECK-NEXT{LITERAL}: %0 = "mlc.constant"() {value = dense<[[[[0.1875]], [[-0.0625]], [[0.6875]], [[0.1875]]], [[[-0.4375]], [[0.4375]], [[1.3125]], [[1.0625]]]]> : tensor<2x4x1x1xf32>} : () -> tensor<2x4x1x1xf32>
// CHECK-NEXT: %1 = "mlc.conv"(%arg0, %0) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<2x4x1x1xf32>) -> tensor<1x2x3x3xf32>
// CHECK-NEXT{LITERAL}: %2 = "mlc.constant"() {value = dense<[[2.0625, -2.4375, 0.4375], [-0.5625, -0.4375, -0.1875], [-1.9375, -0.1875, -0.8125]]> : tensor<3x3xf32>} : () -> tensor<3x3xf32>
// CHECK-NEXT: %3 = "mlc.mul"(%1, %2) : (tensor<1x2x3x3xf32>, tensor<3x3xf32>) -> tensor<1x2x3x3xf32>
// CHECK-NEXT: func.return %3 : tensor<1x2x3x3xf32>
// CHECK: missed  fold-batchnorm/fold_into_weights_before at ? (mlc.mul): the constant varies over more than the channels (blocked by result 0 of mlc.constant '?')
func.func @a_constant_per_pixel_stays(%x: tensor<1x4x3x3xf32>) -> (tensor<1x2x3x3xf32>) {
  %0 = "mlc.constant"() {value = dense<[[[[0.1875]], [[-0.0625]], [[0.6875]], [[0.1875]]], [[[-0.4375]], [[0.4375]], [[1.3125]], [[1.0625]]]]> : tensor<2x4x1x1xf32>} : () -> tensor<2x4x1x1xf32>
  %1 = "mlc.conv"(%x, %0) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<2x4x1x1xf32>) -> tensor<1x2x3x3xf32>
  %2 = "mlc.constant"() {value = dense<[[2.0625, -2.4375, 0.4375], [-0.5625, -0.4375, -0.1875], [-1.9375, -0.1875, -0.8125]]> : tensor<3x3xf32>} : () -> tensor<3x3xf32>
  %3 = "mlc.mul"(%1, %2) : (tensor<1x2x3x3xf32>, tensor<3x3xf32>) -> tensor<1x2x3x3xf32>
  func.return %3 : tensor<1x2x3x3xf32>
}

// -----
// RUN: mlc-opt --remarks=missed fold-batchnorm

// Near miss: shape.
// CHECK-LABEL: func.func @a_constant_that_broadcasts_the_batch_stays(
// CHECK-NEXT{LITERAL}: %0 = "mlc.constant"() {value = dense<[[[[0.1875]], [[-0.0625]], [[0.6875]], [[0.1875]]], [[[-0.4375]], [[0.4375]], [[1.3125]], [[1.0625]]]]> : tensor<2x4x1x1xf32>} : () -> tensor<2x4x1x1xf32>
// CHECK-NEXT: %1 = "mlc.conv"(%arg0, %0) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<2x4x1x1xf32>) -> tensor<1x2x3x3xf32>
// CHECK-NEXT{LITERAL}: %2 = "mlc.constant"() {value = dense<[[[[2.0625]]], [[[-2.4375]]]]> : tensor<2x1x1x1xf32>} : () -> tensor<2x1x1x1xf32>
// CHECK-NEXT: %3 = "mlc.mul"(%1, %2) : (tensor<1x2x3x3xf32>, tensor<2x1x1x1xf32>) -> tensor<2x2x3x3xf32>
// CHECK-NEXT: func.return %3 : tensor<2x2x3x3xf32>
// CHECK: missed  fold-batchnorm/fold_into_weights_before at ? (mlc.mul): the constant gives the result its shape (blocked by result 0 of mlc.constant '?')
func.func @a_constant_that_broadcasts_the_batch_stays(%x: tensor<1x4x3x3xf32>) -> (tensor<2x2x3x3xf32>) {
  %0 = "mlc.constant"() {value = dense<[[[[0.1875]], [[-0.0625]], [[0.6875]], [[0.1875]]], [[[-0.4375]], [[0.4375]], [[1.3125]], [[1.0625]]]]> : tensor<2x4x1x1xf32>} : () -> tensor<2x4x1x1xf32>
  %1 = "mlc.conv"(%x, %0) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<2x4x1x1xf32>) -> tensor<1x2x3x3xf32>
  %2 = "mlc.constant"() {value = dense<[[[[2.0625]]], [[[-2.4375]]]]> : tensor<2x1x1x1xf32>} : () -> tensor<2x1x1x1xf32>
  %3 = "mlc.mul"(%1, %2) : (tensor<1x2x3x3xf32>, tensor<2x1x1x1xf32>) -> tensor<2x2x3x3xf32>
  func.return %3 : tensor<2x2x3x3xf32>
}

// -----

// Near miss: operands swapped.
// CHECK-LABEL: func.func @a_constant_divided_by_a_conv_stays(
// CHECK-NEXT: %0 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
// CHECK-NEXT{LITERAL}: %1 = "mlc.constant"() {value = dense<[[[[0.1875]], [[-0.0625]], [[0.6875]], [[0.1875]]], [[[-0.4375]], [[0.4375]], [[1.3125]], [[1.0625]]]]> : tensor<2x4x1x1xf32>} : () -> tensor<2x4x1x1xf32>
// CHECK-NEXT: %2 = "mlc.conv"(%arg0, %1) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<2x4x1x1xf32>) -> tensor<1x2x3x3xf32>
// CHECK-NEXT: %3 = "mlc.div"(%0, %2) : (tensor<f32>, tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
// CHECK-NEXT: func.return %3 : tensor<1x2x3x3xf32>
func.func @a_constant_divided_by_a_conv_stays(%x: tensor<1x4x3x3xf32>) -> (tensor<1x2x3x3xf32>) {
  %0 = "mlc.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %1 = "mlc.constant"() {value = dense<[[[[0.1875]], [[-0.0625]], [[0.6875]], [[0.1875]]], [[[-0.4375]], [[0.4375]], [[1.3125]], [[1.0625]]]]> : tensor<2x4x1x1xf32>} : () -> tensor<2x4x1x1xf32>
  %2 = "mlc.conv"(%x, %1) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<2x4x1x1xf32>) -> tensor<1x2x3x3xf32>
  %3 = "mlc.div"(%0, %2) : (tensor<f32>, tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  func.return %3 : tensor<1x2x3x3xf32>
}

// -----
// RUN: mlc-opt --remarks=missed fold-batchnorm

// Near miss: several users.
// CHECK-LABEL: func.func @a_conv_with_another_user_stays(
// CHECK-NEXT{LITERAL}: %0 = "mlc.constant"() {value = dense<[[[[0.1875]], [[-0.0625]], [[0.6875]], [[0.1875]]], [[[-0.4375]], [[0.4375]], [[1.3125]], [[1.0625]]]]> : tensor<2x4x1x1xf32>} : () -> tensor<2x4x1x1xf32>
// CHECK-NEXT: %1 = "mlc.conv"(%arg0, %0) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<2x4x1x1xf32>) -> tensor<1x2x3x3xf32>
// CHECK-NEXT{LITERAL}: %2 = "mlc.constant"() {value = dense<[[[2.0625]], [[-2.4375]]]> : tensor<2x1x1xf32>} : () -> tensor<2x1x1xf32>
// CHECK-NEXT: %3 = "mlc.mul"(%1, %2) : (tensor<1x2x3x3xf32>, tensor<2x1x1xf32>) -> tensor<1x2x3x3xf32>
// CHECK-NEXT: %4 = "mlc.relu"(%1) : (tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
// CHECK-NEXT: func.return %3, %4 : tensor<1x2x3x3xf32>, tensor<1x2x3x3xf32>
// CHECK: missed  fold-batchnorm/fold_into_weights_before at ? (mlc.mul): what it scales has another use (blocked by operand 0 of mlc.relu '?')
func.func @a_conv_with_another_user_stays(%x: tensor<1x4x3x3xf32>) -> (tensor<1x2x3x3xf32>, tensor<1x2x3x3xf32>) {
  %0 = "mlc.constant"() {value = dense<[[[[0.1875]], [[-0.0625]], [[0.6875]], [[0.1875]]], [[[-0.4375]], [[0.4375]], [[1.3125]], [[1.0625]]]]> : tensor<2x4x1x1xf32>} : () -> tensor<2x4x1x1xf32>
  %1 = "mlc.conv"(%x, %0) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<2x4x1x1xf32>) -> tensor<1x2x3x3xf32>
  %2 = "mlc.constant"() {value = dense<[[[2.0625]], [[-2.4375]]]> : tensor<2x1x1xf32>} : () -> tensor<2x1x1xf32>
  %3 = "mlc.mul"(%1, %2) : (tensor<1x2x3x3xf32>, tensor<2x1x1xf32>) -> tensor<1x2x3x3xf32>
  %4 = "mlc.relu"(%1) : (tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  func.return %3, %4 : tensor<1x2x3x3xf32>, tensor<1x2x3x3xf32>
}

// -----
// RUN: mlc-opt --remarks=missed fold-batchnorm

// Near miss: graph output.
// CHECK-LABEL: func.func @a_conv_that_is_an_output_stays(
// CHECK-NEXT{LITERAL}: %0 = "mlc.constant"() {value = dense<[[[[0.1875]], [[-0.0625]], [[0.6875]], [[0.1875]]], [[[-0.4375]], [[0.4375]], [[1.3125]], [[1.0625]]]]> : tensor<2x4x1x1xf32>} : () -> tensor<2x4x1x1xf32>
// CHECK-NEXT: %1 = "mlc.conv"(%arg0, %0) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<2x4x1x1xf32>) -> tensor<1x2x3x3xf32>
// CHECK-NEXT{LITERAL}: %2 = "mlc.constant"() {value = dense<[[[2.0625]], [[-2.4375]]]> : tensor<2x1x1xf32>} : () -> tensor<2x1x1xf32>
// CHECK-NEXT: %3 = "mlc.mul"(%1, %2) : (tensor<1x2x3x3xf32>, tensor<2x1x1xf32>) -> tensor<1x2x3x3xf32>
// CHECK-NEXT: func.return %3, %1 : tensor<1x2x3x3xf32>, tensor<1x2x3x3xf32>
// CHECK: missed  fold-batchnorm/fold_into_weights_before at ? (mlc.mul): what it scales has another use (blocked by graph output 'output1')
func.func @a_conv_that_is_an_output_stays(%x: tensor<1x4x3x3xf32>) -> (tensor<1x2x3x3xf32>, tensor<1x2x3x3xf32>) {
  %0 = "mlc.constant"() {value = dense<[[[[0.1875]], [[-0.0625]], [[0.6875]], [[0.1875]]], [[[-0.4375]], [[0.4375]], [[1.3125]], [[1.0625]]]]> : tensor<2x4x1x1xf32>} : () -> tensor<2x4x1x1xf32>
  %1 = "mlc.conv"(%x, %0) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<2x4x1x1xf32>) -> tensor<1x2x3x3xf32>
  %2 = "mlc.constant"() {value = dense<[[[2.0625]], [[-2.4375]]]> : tensor<2x1x1xf32>} : () -> tensor<2x1x1xf32>
  %3 = "mlc.mul"(%1, %2) : (tensor<1x2x3x3xf32>, tensor<2x1x1xf32>) -> tensor<1x2x3x3xf32>
  func.return %3, %1 : tensor<1x2x3x3xf32>, tensor<1x2x3x3xf32>
}

// -----
// RUN: mlc-opt --remarks=missed fold-batchnorm

// Near miss.
// CHECK-LABEL: func.func @weights_that_are_not_constant_stay(
// CHECK-NEXT: %0 = "mlc.conv"(%arg0, %arg1) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<2x4x1x1xf32>) -> tensor<1x2x3x3xf32>
// CHECK-NEXT{LITERAL}: %1 = "mlc.constant"() {value = dense<[[[2.0625]], [[-2.4375]]]> : tensor<2x1x1xf32>} : () -> tensor<2x1x1xf32>
// CHECK-NEXT: %2 = "mlc.mul"(%0, %1) : (tensor<1x2x3x3xf32>, tensor<2x1x1xf32>) -> tensor<1x2x3x3xf32>
// CHECK-NEXT: func.return %2 : tensor<1x2x3x3xf32>
// CHECK: missed  fold-batchnorm/fold_into_weights_before at ? (mlc.mul): the weights are not constant (blocked by graph input 'input1')
func.func @weights_that_are_not_constant_stay(%x: tensor<1x4x3x3xf32>, %w: tensor<2x4x1x1xf32>) -> (tensor<1x2x3x3xf32>) {
  %0 = "mlc.conv"(%x, %w) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<2x4x1x1xf32>) -> tensor<1x2x3x3xf32>
  %1 = "mlc.constant"() {value = dense<[[[2.0625]], [[-2.4375]]]> : tensor<2x1x1xf32>} : () -> tensor<2x1x1xf32>
  %2 = "mlc.mul"(%0, %1) : (tensor<1x2x3x3xf32>, tensor<2x1x1xf32>) -> tensor<1x2x3x3xf32>
  func.return %2 : tensor<1x2x3x3xf32>
}

// -----
// RUN: mlc-opt --remarks=missed fold-batchnorm

// Near miss.
// CHECK-LABEL: func.func @parameters_that_are_not_constant_stay(
// CHECK-NEXT{LITERAL}: %0 = "mlc.constant"() {value = dense<[[[[0.1875]], [[-0.0625]], [[0.6875]], [[0.1875]]], [[[-0.4375]], [[0.4375]], [[1.3125]], [[1.0625]]]]> : tensor<2x4x1x1xf32>} : () -> tensor<2x4x1x1xf32>
// CHECK-NEXT: %1 = "mlc.conv"(%arg0, %0) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<2x4x1x1xf32>) -> tensor<1x2x3x3xf32>
// CHECK-NEXT: %2 = "mlc.constant"() {value = dense<[0.4375, 0.9375]> : tensor<2xf32>} : () -> tensor<2xf32>
// CHECK-NEXT: %3 = "mlc.constant"() {value = dense<[0.3125, -0.4375]> : tensor<2xf32>} : () -> tensor<2xf32>
// CHECK-NEXT: %4 = "mlc.constant"() {value = dense<[1.0, 2.0]> : tensor<2xf32>} : () -> tensor<2xf32>
// CHECK-NEXT: %5 = "mlc.batch_norm"(%1, %arg1, %2, %3, %4) {epsilon = 1.0e-05 : f64} : (tensor<1x2x3x3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x3x3xf32>
// CHECK-NEXT: func.return %5 : tensor<1x2x3x3xf32>
// CHECK: missed  fold-batchnorm/fold_into_weights_before at ? (mlc.batch_norm): a parameter of the batch norm is not constant (blocked by graph input 'input1')
// CHECK: missed  fold-batchnorm/spell_out_batch_norm at ? (mlc.batch_norm): a parameter of the batch norm is not constant (blocked by graph input 'input1')
func.func @parameters_that_are_not_constant_stay(%x: tensor<1x4x3x3xf32>, %s: tensor<2xf32>) -> (tensor<1x2x3x3xf32>) {
  %0 = "mlc.constant"() {value = dense<[[[[0.1875]], [[-0.0625]], [[0.6875]], [[0.1875]]], [[[-0.4375]], [[0.4375]], [[1.3125]], [[1.0625]]]]> : tensor<2x4x1x1xf32>} : () -> tensor<2x4x1x1xf32>
  %1 = "mlc.conv"(%x, %0) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<2x4x1x1xf32>) -> tensor<1x2x3x3xf32>
  %2 = "mlc.constant"() {value = dense<[0.4375, 0.9375]> : tensor<2xf32>} : () -> tensor<2xf32>
  %3 = "mlc.constant"() {value = dense<[0.3125, -0.4375]> : tensor<2xf32>} : () -> tensor<2xf32>
  %4 = "mlc.constant"() {value = dense<[1.0, 2.0]> : tensor<2xf32>} : () -> tensor<2xf32>
  %5 = "mlc.batch_norm"(%1, %s, %2, %3, %4) {epsilon = 1.0e-05 : f64} : (tensor<1x2x3x3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x3x3xf32>
  func.return %5 : tensor<1x2x3x3xf32>
}

// -----
// RUN: mlc-opt --remarks=missed fold-batchnorm

// Near miss: the factor is infinite.
// CHECK-LABEL: func.func @a_variance_of_zero_stays(
// CHECK-NEXT{LITERAL}: %0 = "mlc.constant"() {value = dense<[[[[0.1875]], [[-0.0625]], [[0.6875]], [[0.1875]]], [[[-0.4375]], [[0.4375]], [[1.3125]], [[1.0625]]]]> : tensor<2x4x1x1xf32>} : () -> tensor<2x4x1x1xf32>
// CHECK-NEXT: %1 = "mlc.conv"(%arg0, %0) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<2x4x1x1xf32>) -> tensor<1x2x3x3xf32>
// CHECK-NEXT: %2 = "mlc.constant"() {value = dense<[0.4375, 0.9375]> : tensor<2xf32>} : () -> tensor<2xf32>
// CHECK-NEXT: %3 = "mlc.constant"() {value = dense<[0.4375, 0.9375]> : tensor<2xf32>} : () -> tensor<2xf32>
// CHECK-NEXT: %4 = "mlc.constant"() {value = dense<[0.3125, -0.4375]> : tensor<2xf32>} : () -> tensor<2xf32>
// CHECK-NEXT: %5 = "mlc.constant"() {value = dense<[1.0, 0.0]> : tensor<2xf32>} : () -> tensor<2xf32>
// CHECK-NEXT: %6 = "mlc.batch_norm"(%1, %2, %3, %4, %5) {epsilon = 0.0 : f64} : (tensor<1x2x3x3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x3x3xf32>
// CHECK-NEXT: func.return %6 : tensor<1x2x3x3xf32>
// CHECK: missed  fold-batchnorm/fold_into_weights_before at ? (mlc.batch_norm): a factor is infinite (blocked by mlc.conv '?')
// CHECK: missed  fold-batchnorm/spell_out_batch_norm at ? (mlc.batch_norm): a variance of 0 makes its factor infinite (blocked by result 0 of mlc.constant '?')
func.func @a_variance_of_zero_stays(%x: tensor<1x4x3x3xf32>) -> (tensor<1x2x3x3xf32>) {
  %0 = "mlc.constant"() {value = dense<[[[[0.1875]], [[-0.0625]], [[0.6875]], [[0.1875]]], [[[-0.4375]], [[0.4375]], [[1.3125]], [[1.0625]]]]> : tensor<2x4x1x1xf32>} : () -> tensor<2x4x1x1xf32>
  %1 = "mlc.conv"(%x, %0) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<1x4x3x3xf32>, tensor<2x4x1x1xf32>) -> tensor<1x2x3x3xf32>
  %2 = "mlc.constant"() {value = dense<[0.4375, 0.9375]> : tensor<2xf32>} : () -> tensor<2xf32>
  %3 = "mlc.constant"() {value = dense<[0.4375, 0.9375]> : tensor<2xf32>} : () -> tensor<2xf32>
  %4 = "mlc.constant"() {value = dense<[0.3125, -0.4375]> : tensor<2xf32>} : () -> tensor<2xf32>
  %5 = "mlc.constant"() {value = dense<[1.0, 0.0]> : tensor<2xf32>} : () -> tensor<2xf32>
  %6 = "mlc.batch_norm"(%1, %2, %3, %4, %5) {epsilon = 0.0 : f64} : (tensor<1x2x3x3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x3x3xf32>
  func.return %6 : tensor<1x2x3x3xf32>
}

// -----

// CHECK-LABEL: func.func @a_batch_norm_alone_is_a_product_and_a_sum(
// CHECK-NEXT{LITERAL}: %0 = "mlc.constant"() {value = dense<[[0.42443535], [1.2499889]]> : tensor<2x1xf32>} : () -> tensor<2x1xf32>
// CHECK-NEXT: %1 = "mlc.mul"(%arg0, %0) : (tensor<1x2x3xf32>, tensor<2x1xf32>) -> tensor<1x2x3xf32>
// CHECK-NEXT{LITERAL}: %2 = "mlc.constant"() {value = dense<[[-0.5628979], [2.6093478]]> : tensor<2x1xf32>} : () -> tensor<2x1xf32>
// CHECK-NEXT: %3 = "mlc.add"(%1, %2) : (tensor<1x2x3xf32>, tensor<2x1xf32>) -> tensor<1x2x3xf32>
// CHECK-NEXT: func.return %3 : tensor<1x2x3xf32>
func.func @a_batch_norm_alone_is_a_product_and_a_sum(%x: tensor<1x2x3xf32>) -> (tensor<1x2x3xf32>) {
  %0 = "mlc.constant"() {value = dense<[0.4375, 0.9375]> : tensor<2xf32>} : () -> tensor<2xf32>
  %1 = "mlc.constant"() {value = dense<[0.3125, -0.4375]> : tensor<2xf32>} : () -> tensor<2xf32>
  %2 = "mlc.constant"() {value = dense<[2.0625, -2.4375]> : tensor<2xf32>} : () -> tensor<2xf32>
  %3 = "mlc.constant"() {value = dense<[1.0625, 0.5625]> : tensor<2xf32>} : () -> tensor<2xf32>
  %4 = "mlc.batch_norm"(%x, %0, %1, %2, %3) {epsilon = 1.0e-05 : f64} : (tensor<1x2x3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x3xf32>
  func.return %4 : tensor<1x2x3xf32>
}

// -----

// CHECK-LABEL: func.func @factors_of_a_product_go_into_its_weights(
// CHECK-NEXT{LITERAL}: %0 = "mlc.constant"() {value = dense<[[-0.12890625, 0.08203125], [-0.47265625, -0.24609375], [0.30078125, -0.57421875], [-0.90234375, -1.3945312]]> : tensor<4x2xf32>} : () -> tensor<4x2xf32>
// CHECK-NEXT: %1 = "mlc.matmul"(%arg0, %0) {transpose_y = false, strassen = false} : (tensor<3x4xf32>, tensor<4x2xf32>) -> tensor<3x2xf32>
// CHECK-NEXT: func.return %1 : tensor<3x2xf32>
func.func @factors_of_a_product_go_into_its_weights(%x: tensor<3x4xf32>) -> (tensor<3x2xf32>) {
  %0 = "mlc.constant"() {value = dense<[[0.1875, -0.0625], [0.6875, 0.1875], [-0.4375, 0.4375], [1.3125, 1.0625]]> : tensor<4x2xf32>} : () -> tensor<4x2xf32>
  %1 = "mlc.matmul"(%x, %0) {transpose_y = false, strassen = false} : (tensor<3x4xf32>, tensor<4x2xf32>) -> tensor<3x2xf32>
  %2 = "mlc.constant"() {value = dense<[-0.6875, -1.3125]> : tensor<2xf32>} : () -> tensor<2xf32>
  %3 = "mlc.mul"(%1, %2) : (tensor<3x2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  func.return %3 : tensor<3x2xf32>
}

// -----
// RUN: mlc-opt --remarks=missed fold-batchnorm

// Near miss: the weights are not one matrix.
// CHECK-LABEL: func.func @factors_of_a_batched_product_stay(
// CHECK-NEXT{LITERAL}: %0 = "mlc.constant"() {value = dense<[[[0.1875, -0.0625], [0.6875, 0.1875], [-0.4375, 0.4375], [1.3125, 1.0625]], [[-0.6875, -1.1875], [-0.5625, 0.0625], [-2.3125, -0.1875], [-1.1875, -0.6875]]]> : tensor<2x4x2xf32>} : () -> tensor<2x4x2xf32>
// CHECK-NEXT: %1 = "mlc.matmul"(%arg0, %0) {transpose_y = false, strassen = false} : (tensor<2x3x4xf32>, tensor<2x4x2xf32>) -> tensor<2x3x2xf32>
// CHECK-NEXT: %2 = "mlc.constant"() {value = dense<[-0.6875, -1.3125]> : tensor<2xf32>} : () -> tensor<2xf32>
// CHECK-NEXT: %3 = "mlc.mul"(%1, %2) : (tensor<2x3x2xf32>, tensor<2xf32>) -> tensor<2x3x2xf32>
// CHECK-NEXT: func.return %3 : tensor<2x3x2xf32>
// CHECK: missed  fold-batchnorm/fold_into_weights_before at ? (mlc.mul): the product is not by one matrix (blocked by result 0 of mlc.constant '?')
func.func @factors_of_a_batched_product_stay(%x: tensor<2x3x4xf32>) -> (tensor<2x3x2xf32>) {
  %0 = "mlc.constant"() {value = dense<[[[0.1875, -0.0625], [0.6875, 0.1875], [-0.4375, 0.4375], [1.3125, 1.0625]], [[-0.6875, -1.1875], [-0.5625, 0.0625], [-2.3125, -0.1875], [-1.1875, -0.6875]]]> : tensor<2x4x2xf32>} : () -> tensor<2x4x2xf32>
  %1 = "mlc.matmul"(%x, %0) {transpose_y = false, strassen = false} : (tensor<2x3x4xf32>, tensor<2x4x2xf32>) -> tensor<2x3x2xf32>
  %2 = "mlc.constant"() {value = dense<[-0.6875, -1.3125]> : tensor<2xf32>} : () -> tensor<2xf32>
  %3 = "mlc.mul"(%1, %2) : (tensor<2x3x2xf32>, tensor<2xf32>) -> tensor<2x3x2xf32>
  func.return %3 : tensor<2x3x2xf32>
}

// -----
// RUN: mlc-opt --remarks=missed fold-batchnorm

// Near miss: shape.
// CHECK-LABEL: func.func @a_row_factor_of_a_product_stays(
// CHECK-NEXT{LITERAL}: %0 = "mlc.constant"() {value = dense<[[0.1875, -0.0625], [0.6875, 0.1875], [-0.4375, 0.4375], [1.3125, 1.0625]]> : tensor<4x2xf32>} : () -> tensor<4x2xf32>
// CHECK-NEXT: %1 = "mlc.matmul"(%arg0, %0) {transpose_y = false, strassen = false} : (tensor<2x4xf32>, tensor<4x2xf32>) -> tensor<2x2xf32>
// CHECK-NEXT{LITERAL}: %2 = "mlc.constant"() {value = dense<[[-0.6875], [-1.3125]]> : tensor<2x1xf32>} : () -> tensor<2x1xf32>
// CHECK-NEXT: %3 = "mlc.mul"(%1, %2) : (tensor<2x2xf32>, tensor<2x1xf32>) -> tensor<2x2xf32>
// CHECK-NEXT: func.return %3 : tensor<2x2xf32>
// CHECK: missed  fold-batchnorm/fold_into_weights_before at ? (mlc.mul): the constant varies over more than the channels (blocked by result 0 of mlc.constant '?')
func.func @a_row_factor_of_a_product_stays(%x: tensor<2x4xf32>) -> (tensor<2x2xf32>) {
  %0 = "mlc.constant"() {value = dense<[[0.1875, -0.0625], [0.6875, 0.1875], [-0.4375, 0.4375], [1.3125, 1.0625]]> : tensor<4x2xf32>} : () -> tensor<4x2xf32>
  %1 = "mlc.matmul"(%x, %0) {transpose_y = false, strassen = false} : (tensor<2x4xf32>, tensor<4x2xf32>) -> tensor<2x2xf32>
  %2 = "mlc.constant"() {value = dense<[[-0.6875], [-1.3125]]> : tensor<2x1xf32>} : () -> tensor<2x1xf32>
  %3 = "mlc.mul"(%1, %2) : (tensor<2x2xf32>, tensor<2x1xf32>) -> tensor<2x2xf32>
  func.return %3 : tensor<2x2xf32>
}

// -----

// Near miss: dtype.
// CHECK-LABEL: func.func @integers_stay(
// CHECK-NEXT{LITERAL}: %0 = "mlc.constant"() {value = dense<[[0, 0], [0, 0], [0, 0], [1, 1]]> : tensor<4x2xi32>} : () -> tensor<4x2xi32>
// CHECK-NEXT: %1 = "mlc.matmul"(%arg0, %0) {transpose_y = false, strassen = false} : (tensor<2x4xi32>, tensor<4x2xi32>) -> tensor<2x2xi32>
// CHECK-NEXT: %2 = "mlc.constant"() {value = dense<3> : tensor<i32>} : () -> tensor<i32>
// CHECK-NEXT: %3 = "mlc.mul"(%1, %2) : (tensor<2x2xi32>, tensor<i32>) -> tensor<2x2xi32>
// CHECK-NEXT: func.return %3 : tensor<2x2xi32>
func.func @integers_stay(%x: tensor<2x4xi32>) -> (tensor<2x2xi32>) {
  %0 = "mlc.constant"() {value = dense<[[0, 0], [0, 0], [0, 0], [1, 1]]> : tensor<4x2xi32>} : () -> tensor<4x2xi32>
  %1 = "mlc.matmul"(%x, %0) {transpose_y = false, strassen = false} : (tensor<2x4xi32>, tensor<4x2xi32>) -> tensor<2x2xi32>
  %2 = "mlc.constant"() {value = dense<3> : tensor<i32>} : () -> tensor<i32>
  %3 = "mlc.mul"(%1, %2) : (tensor<2x2xi32>, tensor<i32>) -> tensor<2x2xi32>
  func.return %3 : tensor<2x2xi32>
}

// -----

// CHECK-LABEL: func.func @a_symbolic_batch_does_not_matter(
// CHECK-NEXT{LITERAL}: %0 = "mlc.constant"() {value = dense<[[[[0.079581626]], [[-0.02652721]], [[0.2917993]], [[0.079581626]]], [[[-0.5468701]], [[0.5468701]], [[1.6406105]], [[1.3281132]]]]> : tensor<2x4x1x1xf32>} : () -> tensor<2x4x1x1xf32>
// CHECK-NEXT: %1 = "mlc.constant"() {value = dense<[-0.5628979, 2.6093478]> : tensor<2xf32>} : () -> tensor<2xf32>
// CHECK-NEXT: %2 = "mlc.conv"(%arg0, %0, %1) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<?x4x3x3xf32, "N,4,3,3">, tensor<2x4x1x1xf32>, tensor<2xf32>) -> tensor<?x2x3x3xf32, "N,2,3,3">
// CHECK-NEXT: func.return %2 : tensor<?x2x3x3xf32, "N,2,3,3">
func.func @a_symbolic_batch_does_not_matter(%x: tensor<?x4x3x3xf32, "N,4,3,3">) -> (tensor<?x2x3x3xf32, "N,2,3,3">) {
  %0 = "mlc.constant"() {value = dense<[[[[0.1875]], [[-0.0625]], [[0.6875]], [[0.1875]]], [[[-0.4375]], [[0.4375]], [[1.3125]], [[1.0625]]]]> : tensor<2x4x1x1xf32>} : () -> tensor<2x4x1x1xf32>
  %1 = "mlc.conv"(%x, %0) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<?x4x3x3xf32, "N,4,3,3">, tensor<2x4x1x1xf32>) -> tensor<?x2x3x3xf32, "N,2,3,3">
  %2 = "mlc.constant"() {value = dense<[0.4375, 0.9375]> : tensor<2xf32>} : () -> tensor<2xf32>
  %3 = "mlc.constant"() {value = dense<[0.3125, -0.4375]> : tensor<2xf32>} : () -> tensor<2xf32>
  %4 = "mlc.constant"() {value = dense<[2.0625, -2.4375]> : tensor<2xf32>} : () -> tensor<2xf32>
  %5 = "mlc.constant"() {value = dense<[1.0625, 0.5625]> : tensor<2xf32>} : () -> tensor<2xf32>
  %6 = "mlc.batch_norm"(%1, %2, %3, %4, %5) {epsilon = 1.0e-05 : f64} : (tensor<?x2x3x3xf32, "N,2,3,3">, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<?x2x3x3xf32, "N,2,3,3">
  func.return %6 : tensor<?x2x3x3xf32, "N,2,3,3">
}

// -----

// CHECK-LABEL: func.func @factors_before_a_transposed_conv(
// CHECK-NEXT{LITERAL}: %0 = "mlc.constant"() {value = dense<[[[[0.38671875]], [[-0.12890625]]], [[[-1.6757812]], [[-0.45703125]]], [[[-0.19140625]], [[0.19140625]]], [[[-0.73828125]], [[-0.59765625]]]]> : tensor<4x2x1x1xf32>} : () -> tensor<4x2x1x1xf32>
// CHECK-NEXT: %1 = "mlc.constant"() {value = dense<[0.3125, -0.4375]> : tensor<2xf32>} : () -> tensor<2xf32>
// CHECK-NEXT: %2 = "mlc.conv_transpose"(%arg0, %0, %1) {strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, output_padding = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x4x3x3xf32>, tensor<4x2x1x1xf32>, tensor<2xf32>) -> tensor<1x2x4x4xf32>
// CHECK-NEXT: func.return %2 : tensor<1x2x4x4xf32>
func.func @factors_before_a_transposed_conv(%x: tensor<1x4x3x3xf32>) -> (tensor<1x2x4x4xf32>) {
  %0 = "mlc.constant"() {value = dense<[[[2.0625]], [[-2.4375]], [[0.4375]], [[-0.5625]]]> : tensor<4x1x1xf32>} : () -> tensor<4x1x1xf32>
  %1 = "mlc.mul"(%x, %0) : (tensor<1x4x3x3xf32>, tensor<4x1x1xf32>) -> tensor<1x4x3x3xf32>
  %2 = "mlc.constant"() {value = dense<[[[[0.1875]], [[-0.0625]]], [[[0.6875]], [[0.1875]]], [[[-0.4375]], [[0.4375]]], [[[1.3125]], [[1.0625]]]]> : tensor<4x2x1x1xf32>} : () -> tensor<4x2x1x1xf32>
  %3 = "mlc.constant"() {value = dense<[0.3125, -0.4375]> : tensor<2xf32>} : () -> tensor<2xf32>
  %4 = "mlc.conv_transpose"(%1, %2, %3) {strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, output_padding = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x4x3x3xf32>, tensor<4x2x1x1xf32>, tensor<2xf32>) -> tensor<1x2x4x4xf32>
  func.return %4 : tensor<1x2x4x4xf32>
}

// -----
// RUN: mlc-opt --remarks=missed fold-batchnorm

// Near miss: not all outputs see it.
// CHECK-LABEL: func.func @a_shift_before_a_transposed_conv_stays(
// CHECK-NEXT{LITERAL}: %0 = "mlc.constant"() {value = dense<[[[2.0625]], [[-2.4375]], [[0.4375]], [[-0.5625]]]> : tensor<4x1x1xf32>} : () -> tensor<4x1x1xf32>
// CHECK-NEXT: %1 = "mlc.add"(%arg0, %0) : (tensor<1x4x3x3xf32>, tensor<4x1x1xf32>) -> tensor<1x4x3x3xf32>
// CHECK-NEXT{LITERAL}: %2 = "mlc.constant"() {value = dense<[[[[0.1875]], [[-0.0625]]], [[[0.6875]], [[0.1875]]], [[[-0.4375]], [[0.4375]]], [[[1.3125]], [[1.0625]]]]> : tensor<4x2x1x1xf32>} : () -> tensor<4x2x1x1xf32>
// CHECK-NEXT: %3 = "mlc.conv_transpose"(%1, %2) {strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, output_padding = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x4x3x3xf32>, tensor<4x2x1x1xf32>) -> tensor<1x2x4x4xf32>
// CHECK-NEXT: func.return %3 : tensor<1x2x4x4xf32>
// CHECK: missed  fold-batchnorm/fold_into_weights_behind at ? (mlc.conv_transpose): elements at the edges get less of the shift (blocked by mlc.add '?')
func.func @a_shift_before_a_transposed_conv_stays(%x: tensor<1x4x3x3xf32>) -> (tensor<1x2x4x4xf32>) {
  %0 = "mlc.constant"() {value = dense<[[[2.0625]], [[-2.4375]], [[0.4375]], [[-0.5625]]]> : tensor<4x1x1xf32>} : () -> tensor<4x1x1xf32>
  %1 = "mlc.add"(%x, %0) : (tensor<1x4x3x3xf32>, tensor<4x1x1xf32>) -> tensor<1x4x3x3xf32>
  %2 = "mlc.constant"() {value = dense<[[[[0.1875]], [[-0.0625]]], [[[0.6875]], [[0.1875]]], [[[-0.4375]], [[0.4375]]], [[[1.3125]], [[1.0625]]]]> : tensor<4x2x1x1xf32>} : () -> tensor<4x2x1x1xf32>
  %3 = "mlc.conv_transpose"(%1, %2) {strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, output_padding = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x4x3x3xf32>, tensor<4x2x1x1xf32>) -> tensor<1x2x4x4xf32>
  func.return %3 : tensor<1x2x4x4xf32>
}
