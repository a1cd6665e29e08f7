// --- mlc.abs
%0 = "mlc.abs"(%arg0) : (tensor<2x3x17xf32>) -> tensor<2x3x17xf32>
// --- mlc.acos
%0 = "mlc.acos"(%arg0) : (tensor<2x3x17xf32>) -> tensor<2x3x17xf32>
// --- mlc.acosh
%0 = "mlc.acosh"(%arg0) : (tensor<2x3x17xf32>) -> tensor<2x3x17xf32>
// --- mlc.add
%0 = "mlc.add"(%arg0, %arg1) : (tensor<3x17xf32>, tensor<3x17xf32>) -> tensor<3x17xf32>
// --- mlc.and
%0 = "mlc.and"(%arg0, %arg1) : (tensor<3x17xi1>, tensor<3x17xi1>) -> tensor<3x17xi1>
// --- mlc.arg_max
%0 = "mlc.arg_max"(%arg0) {axis = 0 : i64, keep_dims = true, picks_last = false} : (tensor<3x17xf32>) -> tensor<1x17xi64>
// --- mlc.arg_min
%0 = "mlc.arg_min"(%arg0) {axis = 0 : i64, keep_dims = true, picks_last = false} : (tensor<3x17xf32>) -> tensor<1x17xi64>
// --- mlc.asin
%0 = "mlc.asin"(%arg0) : (tensor<2x3x17xf32>) -> tensor<2x3x17xf32>
// --- mlc.asinh
%0 = "mlc.asinh"(%arg0) : (tensor<2x3x17xf32>) -> tensor<2x3x17xf32>
// --- mlc.assert
%0 = "mlc.assert"(%arg0) {message = "each {holds}"} : (tensor<3x17xi1>) -> tensor<3x17xi1>
// --- mlc.atan
%0 = "mlc.atan"(%arg0) : (tensor<2x3x17xf32>) -> tensor<2x3x17xf32>
// --- mlc.atanh
%0 = "mlc.atanh"(%arg0) : (tensor<2x3x17xf32>) -> tensor<2x3x17xf32>
// --- mlc.attention
%0 = "mlc.attention"(%arg0, %arg1, %arg2) {is_causal = false, left_window = -1 : i64, right_window = -1 : i64, scale = none, softcap = 0.0 : f64, softmax_dtype = none, scores = "none", zero_rows = "unseen", layout = "bhld", operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0>} : (tensor<2x4x5x8xf32>, tensor<2x4x7x8xf32>, tensor<2x4x7x6xf32>) -> tensor<2x4x5x6xf32>
// --- mlc.average_pool
%0 = "mlc.average_pool"(%arg0) {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, ceil_mode = false, layout = "nchw", count_pads = false} : (tensor<2x3x7x5xf32>) -> tensor<2x3x5x3xf32>
// --- mlc.batch_norm
%0 = "mlc.batch_norm"(%arg0, %arg1, %arg2, %arg3, %arg4) {epsilon = 1.0e-05 : f64} : (tensor<2x3x4x5xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x3x4x5xf32>
// --- mlc.bitcast
%0 = "mlc.bitcast"(%arg0) {dtype = i32} : (tensor<3x5xf32>) -> tensor<3x5xi32>
// --- mlc.bitwise_and
%0 = "mlc.bitwise_and"(%arg0, %arg1) : (tensor<3x17xi8>, tensor<17xi8>) -> tensor<3x17xi8>
// --- mlc.bitwise_not
%0 = "mlc.bitwise_not"(%arg0) : (tensor<3x17xi8>) -> tensor<3x17xi8>
// --- mlc.bitwise_or
%0 = "mlc.bitwise_or"(%arg0, %arg1) : (tensor<3x17xi8>, tensor<17xi8>) -> tensor<3x17xi8>
// --- mlc.bitwise_xor
%0 = "mlc.bitwise_xor"(%arg0, %arg1) : (tensor<3x17xi8>, tensor<17xi8>) -> tensor<3x17xi8>
// --- mlc.cast
%0 = "mlc.cast"(%arg0) {dtype = i1, saturates = true, rounding = "up"} : (tensor<2x3xi1>) -> tensor<2x3xi1>
// --- mlc.ceil
%0 = "mlc.ceil"(%arg0) : (tensor<2x3x17xf32>) -> tensor<2x3x17xf32>
// --- mlc.clip
%0 = "mlc.clip"(%arg0, %arg1, %arg2) {operandSegmentSizes = array<i32: 1, 1, 1>} : (tensor<3x17xf32>, tensor<f32>, tensor<f32>) -> tensor<3x17xf32>
// --- mlc.col2_im
%0 = "mlc.col2_im"(%arg0) {dims = "1,2,5,5", kernel = array<i64: 2, 3>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, operandSegmentSizes = array<i32: 1, 0, 0>} : (tensor<1x12x12xf32>) -> tensor<1x2x5x5xf32>
// --- mlc.compress
%0 = "mlc.compress"(%arg0, %arg1) {axis = 0 : i64, count = "n"} : (tensor<3x2xf32>, tensor<3xi1>) -> tensor<?x2xf32, "n,2">
// --- mlc.concat
%0 = "mlc.concat"(%arg0, %arg1, %arg2) {axis = 1 : i64} : (tensor<2x3xf32>, tensor<2x1xf32>, tensor<2x17xf32>) -> tensor<2x21xf32>
// --- mlc.concat_from_sequence
%0 = "mlc.concat_from_sequence"(%arg0) {axis = 0 : i64, is_stacked = false, dims = "K"} : (!mlc.sequence<tensor<*xf32>>) -> tensor<?xf32, "K">
// --- mlc.constant
%0 = "mlc.constant"() {value = dense<[[0.2863231, 0.24218468, 1.9226227], [-0.33062884, -0.19376011, -1.1583288]]> : tensor<2x3xf32>} : () -> tensor<2x3xf32>
// --- mlc.conv
%0 = "mlc.conv"(%arg0, %arg1, %arg2) {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64, layout = "nchw", winograd = 0 : i64, channels = 0 : i64} : (tensor<2x3x7x9xf32>, tensor<5x3x3x3xf32>, tensor<5xf32>) -> tensor<2x5x7x9xf32>
// --- mlc.conv_transpose
%0 = "mlc.conv_transpose"(%arg0, %arg1, %arg2) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, output_padding = array<i64: 0, 0>, groups = 1 : i64} : (tensor<2x3x4x5xf32>, tensor<3x4x3x3xf32>, tensor<4xf32>) -> tensor<2x4x6x7xf32>
// --- mlc.cos
%0 = "mlc.cos"(%arg0) : (tensor<2x3x17xf32>) -> tensor<2x3x17xf32>
// --- mlc.cosh
%0 = "mlc.cosh"(%arg0) : (tensor<2x3x17xf32>) -> tensor<2x3x17xf32>
// --- mlc.cum_prod
%0 = "mlc.cum_prod"(%arg0) {axis = 1 : i64, is_exclusive = false, is_reverse = false} : (tensor<3x7x2xf32>) -> tensor<3x7x2xf32>
// --- mlc.cum_sum
%0 = "mlc.cum_sum"(%arg0) {axis = 1 : i64, is_exclusive = false, is_reverse = false} : (tensor<3x7x2xf32>) -> tensor<3x7x2xf32>
// --- mlc.deform_conv
%0 = "mlc.deform_conv"(%arg0, %arg1, %arg2) {strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, offset_groups = 1 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0>} : (tensor<1x3x5x5xf32>, tensor<4x3x3x3xf32>, tensor<1x18x3x3xf32>) -> tensor<1x4x3x3xf32>
// --- mlc.dequantize_linear
%0 = "mlc.dequantize_linear"(%arg0, %arg1, %arg2) {dtype = f32, axis = 1 : i64, block = 0 : i64} : (tensor<2x3xi2>, tensor<f32>, tensor<i2>) -> tensor<2x3xf32>
// --- mlc.det
%0 = "mlc.det"(%arg0) : (tensor<4x4xf32>) -> tensor<f32>
// --- mlc.dft
%0 = "mlc.dft"(%arg0) {length = none, axis = 1 : i64, is_inverse = false, is_onesided = false, dims = none, operandSegmentSizes = array<i32: 1, 0, 0>} : (tensor<2x7x1xf32>) -> tensor<2x7x2xf32>
// --- mlc.div
%0 = "mlc.div"(%arg0, %arg1) : (tensor<3x17xf32>, tensor<3x17xf32>) -> tensor<3x17xf32>
// --- mlc.dynamic_slice
%0 = "mlc.dynamic_slice"(%arg0, %arg1, %arg2) {dims = "r0,r1", operandSegmentSizes = array<i32: 1, 1, 1, 0, 0>} : (tensor<3x17xf32>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x?xf32, "r0,r1">
// --- mlc.elu
%0 = "mlc.elu"(%arg0) {alpha = 1.0 : f64} : (tensor<2x3x17xf32>) -> tensor<2x3x17xf32>
// --- mlc.equal
%0 = "mlc.equal"(%arg0, %arg1) : (tensor<3x17xf32>, tensor<3x17xf32>) -> tensor<3x17xi1>
// --- mlc.erf
%0 = "mlc.erf"(%arg0) : (tensor<2x3x17xf32>) -> tensor<2x3x17xf32>
// --- mlc.exp
%0 = "mlc.exp"(%arg0) : (tensor<2x3x17xf32>) -> tensor<2x3x17xf32>
// --- mlc.expand
%0 = "mlc.expand"(%arg0) {dims = "4,3,17"} : (tensor<3x1xf32>) -> tensor<4x3x17xf32>
// --- mlc.expm1
%0 = "mlc.expm1"(%arg0) : (tensor<2x3x17xf32>) -> tensor<2x3x17xf32>
// --- mlc.floor
%0 = "mlc.floor"(%arg0) : (tensor<2x3x17xf32>) -> tensor<2x3x17xf32>
// --- mlc.format_number
%0 = "mlc.format_number"(%arg0) : (tensor<3xf32>) -> tensor<3x!mlc.string>
// --- mlc.fused
module @test {
  func.func @main(%arg0: tensor<2x3xf32> {mlc.name = "x0"}, %arg1: tensor<2x3xf32> {mlc.name = "x1"}) -> (tensor<2x3xf32> {mlc.name = "y0"}, tensor<2x3xf32> {mlc.name = "y1"}) {
    %0:2 = "mlc.fused"(%arg0, %arg1) ({
    ^bb0(%arg2: tensor<2x3xf32>, %arg3: tensor<2x3xf32>):
      %1 = "mlc.add"(%arg2, %arg3) : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
      %2 = "mlc.relu"(%1) : (tensor<2x3xf32>) -> tensor<2x3xf32>
      "mlc.yield"(%2, %1) : (tensor<2x3xf32>, tensor<2x3xf32>) -> ()
    }) {kind = "elementwise"} : (tensor<2x3xf32>, tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>)
    func.return %0#0, %0#1 : tensor<2x3xf32>, tensor<2x3xf32>
  }
}
// --- mlc.gather
%0 = "mlc.gather"(%arg0, %arg1) {axis = 0 : i64} : (tensor<5x3xf32>, tensor<3xi64>) -> tensor<3x3xf32>
// --- mlc.gather_elements
%0 = "mlc.gather_elements"(%arg0, %arg1) {axis = 0 : i64} : (tensor<5x3xf32>, tensor<2x3xi64>) -> tensor<2x3xf32>
// --- mlc.gather_nd
%0 = "mlc.gather_nd"(%arg0, %arg1) {batch_axes = 0 : i64} : (tensor<5x3xf32>, tensor<2x2xi64>) -> tensor<2xf32>
// --- mlc.gelu
%0 = "mlc.gelu"(%arg0) {approximation = "none"} : (tensor<2x3x17xf32>) -> tensor<2x3x17xf32>
// --- mlc.grid_sample
%0 = "mlc.grid_sample"(%arg0, %arg1) {mode = "linear", padding = "zeros", align_corners = false} : (tensor<2x3x5x4xf32>, tensor<2x3x4x2xf32>) -> tensor<2x3x3x4xf32>
// --- mlc.group_norm
%0 = "mlc.group_norm"(%arg0, %arg1, %arg2) {groups = 2 : i64, epsilon = 1.0e-05 : f64} : (tensor<2x6x3x3xf32>, tensor<6xf32>, tensor<6xf32>) -> tensor<2x6x3x3xf32>
// --- mlc.gru
%0:2 = "mlc.gru"(%arg0, %arg1, %arg2) {activations = ["Sigmoid", "Tanh"], alphas = array<f64: 0.0, 0.0>, betas = array<f64: 0.0, 0.0>, clip = 0.0 : f64, direction = "forward", resets_after_linear = false, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0>} : (tensor<5x3x4xf32>, tensor<1x18x4xf32>, tensor<1x18x6xf32>) -> (tensor<5x1x3x6xf32>, tensor<1x3x6xf32>)
// --- mlc.if
module @test {
  func.func @main(%arg0: tensor<i1> {mlc.name = "x0"}, %arg1: tensor<2x3xf32> {mlc.name = "x1"}) -> (tensor<2x3xf32> {mlc.name = "y0"}, tensor<2x3xf32> {mlc.name = "y1"}) {
    %0:2 = "mlc.if"(%arg0) ({
      %1 = "mlc.relu"(%arg1) : (tensor<2x3xf32>) -> tensor<2x3xf32>
      "mlc.yield"(%1, %arg1) : (tensor<2x3xf32>, tensor<2x3xf32>) -> ()
    }, {
      %2 = "mlc.mul"(%arg1, %arg1) : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
      "mlc.yield"(%2, %arg1) : (tensor<2x3xf32>, tensor<2x3xf32>) -> ()
    }) {types = [tensor<2x3xf32>, tensor<2x3xf32>]} : (tensor<i1>) -> (tensor<2x3xf32>, tensor<2x3xf32>)
    func.return %0#0, %0#1 : tensor<2x3xf32>, tensor<2x3xf32>
  }
}
// --- mlc.instance_norm
%0 = "mlc.instance_norm"(%arg0, %arg1, %arg2) {epsilon = 1.0e-05 : f64} : (tensor<2x3x4x5xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x3x4x5xf32>
// --- mlc.is_inf
%0 = "mlc.is_inf"(%arg0) {is_positive = true, is_negative = true} : (tensor<15xf16>) -> tensor<15xi1>
// --- mlc.is_nan
%0 = "mlc.is_nan"(%arg0) : (tensor<15xf16>) -> tensor<15xi1>
// --- mlc.label_encoder
%0 = "mlc.label_encoder"(%arg0) {keys = dense<["a", "b", "c"]> : tensor<3x!mlc.string>, values = dense<[5, 6, 7]> : tensor<3xi64>, default = dense<-1> : tensor<1xi64>} : (tensor<2x2x!mlc.string>) -> tensor<2x2xi64>
// --- mlc.layer_norm
%0 = "mlc.layer_norm"(%arg0, %arg1, %arg2) {axis = -1 : i64, epsilon = 1.0e-05 : f64, operandSegmentSizes = array<i32: 1, 1, 1>} : (tensor<2x3x17xf32>, tensor<17xf32>, tensor<17xf32>) -> tensor<2x3x17xf32>
// --- mlc.leaky_relu
%0 = "mlc.leaky_relu"(%arg0) {slope = 0.01 : f64} : (tensor<2x3x17xf32>) -> tensor<2x3x17xf32>
// --- mlc.less
%0 = "mlc.less"(%arg0, %arg1) : (tensor<3x17xf32>, tensor<3x17xf32>) -> tensor<3x17xi1>
// --- mlc.less_or_equal
%0 = "mlc.less_or_equal"(%arg0, %arg1) : (tensor<3x17xf32>, tensor<3x17xf32>) -> tensor<3x17xi1>
// --- mlc.log
%0 = "mlc.log"(%arg0) : (tensor<2x3x17xf32>) -> tensor<2x3x17xf32>
// --- mlc.log1p
%0 = "mlc.log1p"(%arg0) : (tensor<2x3x17xf32>) -> tensor<2x3x17xf32>
// --- mlc.log_softmax
%0 = "mlc.log_softmax"(%arg0) {axis = -1 : i64} : (tensor<3x17xf32>) -> tensor<3x17xf32>
// --- mlc.loop
module @test {
  func.func @main(%arg0: tensor<i64> {mlc.name = "x0"}, %arg1: tensor<i1> {mlc.name = "x1"}, %arg2: tensor<2xf32> {mlc.name = "x2"}, %arg3: tensor<2xf32> {mlc.name = "x3"}) -> (tensor<2xf32> {mlc.name = "y0"}, tensor<?x2xf32, "T,2"> {mlc.name = "y1"}) {
    %0:2 = "mlc.loop"(%arg0, %arg1, %arg2) ({
    ^bb0(%arg4: tensor<i64>, %arg5: tensor<i1>, %arg6: tensor<2xf32>):
      %1 = "mlc.add"(%arg6, %arg6) : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
      %2 = "mlc.add"(%1, %arg3) : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
      "mlc.yield"(%arg5, %2, %arg6) : (tensor<i1>, tensor<2xf32>, tensor<2xf32>) -> ()
    }) {types = [tensor<2xf32>, tensor<?x2xf32, "T,2">], operandSegmentSizes = array<i32: 1, 1, 1>} : (tensor<i64>, tensor<i1>, tensor<2xf32>) -> (tensor<2xf32>, tensor<?x2xf32, "T,2">)
    func.return %0#0, %0#1 : tensor<2xf32>, tensor<?x2xf32, "T,2">
  }
}
// --- mlc.lp_pool
%0 = "mlc.lp_pool"(%arg0) {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, ceil_mode = false, layout = "nchw", p = 2 : i64} : (tensor<2x3x7x5xf32>) -> tensor<2x3x5x3xf32>
// --- mlc.lrn
%0 = "mlc.lrn"(%arg0) {size = 5 : i64, alpha = 0.0001 : f64, beta = 0.75 : f64, k = 1.0 : f64} : (tensor<2x7x3x3xf32>) -> tensor<2x7x3x3xf32>
// --- mlc.lstm
%0:3 = "mlc.lstm"(%arg0, %arg1, %arg2) {activations = ["Sigmoid", "Tanh", "Tanh"], alphas = array<f64: 0.0, 0.0, 0.0>, betas = array<f64: 0.0, 0.0, 0.0>, clip = 0.0 : f64, direction = "forward", couples_gates = false, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0>} : (tensor<5x3x4xf32>, tensor<1x24x4xf32>, tensor<1x24x6xf32>) -> (tensor<5x1x3x6xf32>, tensor<1x3x6xf32>, tensor<1x3x6xf32>)
// --- mlc.matmul
%0 = "mlc.matmul"(%arg0, %arg1) {transpose_y = false, strassen = false} : (tensor<3x17xf32>, tensor<17x5xf32>) -> tensor<3x5xf32>
// --- mlc.max_pool
%0 = "mlc.max_pool"(%arg0) {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, ceil_mode = false, layout = "nchw", with_indices = false, column_major = false} : (tensor<2x3x7x5xf32>) -> tensor<2x3x5x3xf32>
// --- mlc.max_roi_pool
%0 = "mlc.max_roi_pool"(%arg0, %arg1) {height = 2 : i64, width = 3 : i64, spatial_scale = 0.5 : f64} : (tensor<2x3x6x8xf32>, tensor<2x5xf32>) -> tensor<2x3x2x3xf32>
// --- mlc.max_unpool
%0 = "mlc.max_unpool"(%arg0, %arg1) {source = "1,1,4,4", dims = "1,1,4,4"} : (tensor<1x1x2x2xf32>, tensor<1x1x2x2xi64>) -> tensor<1x1x4x4xf32>
// --- mlc.maximum
%0 = "mlc.maximum"(%arg0, %arg1) : (tensor<3x17xf32>, tensor<3x17xf32>) -> tensor<3x17xf32>
// --- mlc.mel_weight_matrix
%0 = "mlc.mel_weight_matrix"(%arg0, %arg1, %arg2, %arg3, %arg4) {dtype = f32, dims = "9,8"} : (tensor<i64>, tensor<i64>, tensor<i64>, tensor<f32>, tensor<f32>) -> tensor<9x8xf32>
// --- mlc.minimum
%0 = "mlc.minimum"(%arg0, %arg1) : (tensor<3x17xf32>, tensor<3x17xf32>) -> tensor<3x17xf32>
// --- mlc.mod
%0 = "mlc.mod"(%arg0, %arg1) {sign_of = "divisor"} : (tensor<3x17xf32>, tensor<3x17xf32>) -> tensor<3x17xf32>
// --- mlc.mul
%0 = "mlc.mul"(%arg0, %arg1) : (tensor<3x17xf32>, tensor<3x17xf32>) -> tensor<3x17xf32>
// --- mlc.multinomial
%0 = "mlc.multinomial"(%arg0) {count = 17 : i64, seed = 3 : i64, dtype = i32} : (tensor<4x5xf32>) -> tensor<4x17xi32>
// --- mlc.neg
%0 = "mlc.neg"(%arg0) : (tensor<2x3x17xf32>) -> tensor<2x3x17xf32>
// --- mlc.non_max_suppression
%0 = "mlc.non_max_suppression"(%arg0, %arg1, %arg2, %arg3, %arg4) {count = "K", centered = false, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1>} : (tensor<1x5x4xf32>, tensor<1x2x5xf32>, tensor<1xi64>, tensor<1xf32>, tensor<1xf32>) -> tensor<?x3xi64, "K,3">
// --- mlc.non_zero
%0 = "mlc.non_zero"(%arg0) {count = "n"} : (tensor<2x3xi64>) -> tensor<2x?xi64, "2,n">
// --- mlc.not
%0 = "mlc.not"(%arg0) : (tensor<3x17xi1>) -> tensor<3x17xi1>
// --- mlc.one_hot
%0 = "mlc.one_hot"(%arg0, %arg1) {depth = "5", axis = -1 : i64} : (tensor<5xi64>, tensor<2xf32>) -> tensor<5x5xf32>
// --- mlc.optional_construct
%0 = "mlc.optional_construct"(%arg0) {element = tensor<*xf32>} : (tensor<2xf32>) -> !mlc.optional<tensor<*xf32>>
// --- mlc.optional_get
%0 = "mlc.optional_get"(%arg0) : (!mlc.optional<tensor<*xf32>>) -> tensor<*xf32>
// --- mlc.optional_has
%0 = "mlc.optional_has"(%arg0) : (!mlc.optional<tensor<*xf32>>) -> tensor<i1>
// --- mlc.or
%0 = "mlc.or"(%arg0, %arg1) : (tensor<3x17xi1>, tensor<3x17xi1>) -> tensor<3x17xi1>
// --- mlc.pack
%0 = "mlc.pack"(%arg0) {axes = array<i64: 1>, tiles = array<i64: 8>, fill = none} : (tensor<2x16x3x5xf32>) -> tensor<2x2x3x5x8xf32>
// --- mlc.pad
%0 = "mlc.pad"(%arg0) {pads = "1,0,2,3", mode = "constant", dims = none, operandSegmentSizes = array<i32: 1, 0, 0, 0>} : (tensor<3x5xf32>) -> tensor<6x8xf32>
// --- mlc.parse_number
%0 = "mlc.parse_number"(%arg0) {dtype = f32} : (tensor<2x3x!mlc.string>) -> tensor<2x3xf32>
// --- mlc.pow
%0 = "mlc.pow"(%arg0, %arg1) : (tensor<3x17xf32>, tensor<3x17xf32>) -> tensor<3x17xf32>
// --- mlc.quantize_linear
%0 = "mlc.quantize_linear"(%arg0, %arg1, %arg2) {dtype = i2, axis = 1 : i64, block = 0 : i64, saturates = true, precision = none} : (tensor<2x3xf32>, tensor<f32>, tensor<i2>) -> tensor<2x3xi2>
// --- mlc.random_normal
%0 = "mlc.random_normal"() {dims = "3,17", seed = 7 : i64, mean = 1.0 : f64, deviation = 0.5 : f64, dtype = f32} : () -> tensor<3x17xf32>
// --- mlc.random_uniform
%0 = "mlc.random_uniform"() {dims = "3,17", seed = 7 : i64, low = -1.0 : f64, high = 2.0 : f64, dtype = f16} : () -> tensor<3x17xf16>
// --- mlc.range
%0 = "mlc.range"(%arg0, %arg1, %arg2) {count = "4"} : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<4xi64>
// --- mlc.reduce_max
%0 = "mlc.reduce_max"(%arg0) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<3x17x5xf32>) -> tensor<3x1x5xf32>
// --- mlc.reduce_mean
%0 = "mlc.reduce_mean"(%arg0) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<3x17x5xf32>) -> tensor<3x1x5xf32>
// --- mlc.reduce_min
%0 = "mlc.reduce_min"(%arg0) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<3x17x5xf32>) -> tensor<3x1x5xf32>
// --- mlc.reduce_prod
%0 = "mlc.reduce_prod"(%arg0) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<3x17x5xf32>) -> tensor<3x1x5xf32>
// --- mlc.reduce_sum
%0 = "mlc.reduce_sum"(%arg0) {axes = array<i64: 1>, keep_dims = true, is_noop_without_axes = false, dims = none} : (tensor<3x17x5xf32>) -> tensor<3x1x5xf32>
// --- mlc.regex_full_match
%0 = "mlc.regex_full_match"(%arg0) {pattern = "www\5C.\5Cw+\5C.com"} : (tensor<3x!mlc.string>) -> tensor<3xi1>
// --- mlc.relu
%0 = "mlc.relu"(%arg0) : (tensor<2x3x17xf32>) -> tensor<2x3x17xf32>
// --- mlc.reshape
%0 = "mlc.reshape"(%arg0) {dims = "6,17", keeps_zero = false} : (tensor<2x3x17xf32>) -> tensor<6x17xf32>
// --- mlc.resize
%0 = "mlc.resize"(%arg0) {factors = array<f64: 1.0, 1.0, 2.0, 3.0>, dims = none, axes = none, mode = "nearest", coordinates = "half_pixel", rounding = "round_prefer_floor", aspect = "stretch", cubic_a = -0.75 : f64, exclude_outside = false, extrapolation = 0.0 : f64, antialias = false, operandSegmentSizes = array<i32: 1, 0, 0, 0>} : (tensor<1x2x5x7xf32>) -> tensor<1x2x10x21xf32>
// --- mlc.reverse_sequence
%0 = "mlc.reverse_sequence"(%arg0, %arg1) {time_axis = 0 : i64, batch_axis = 1 : i64} : (tensor<4x3xf32>, tensor<3xi64>) -> tensor<4x3xf32>
// --- mlc.rms_norm
%0 = "mlc.rms_norm"(%arg0, %arg1) {axis = -1 : i64, epsilon = 1.0e-05 : f64} : (tensor<2x3x17xf32>, tensor<17xf32>) -> tensor<2x3x17xf32>
// --- mlc.rnn
%0:2 = "mlc.rnn"(%arg0, %arg1, %arg2) {activations = ["Tanh"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>, clip = 0.0 : f64, direction = "forward", operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0>} : (tensor<5x3x4xf32>, tensor<1x6x4xf32>, tensor<1x6x6xf32>) -> (tensor<5x1x3x6xf32>, tensor<1x3x6xf32>)
// --- mlc.roi_align
%0 = "mlc.roi_align"(%arg0, %arg1, %arg2) {height = 2 : i64, width = 3 : i64, sampling_ratio = 0 : i64, spatial_scale = 1.0 : f64, half_pixel = true, mode = "avg"} : (tensor<2x3x6x8xf32>, tensor<3x4xf32>, tensor<3xi64>) -> tensor<3x3x2x3xf32>
// --- mlc.rotary_embedding
%0 = "mlc.rotary_embedding"(%arg0, %arg1, %arg2) {interleaved = false} : (tensor<2x3x5x8xf32>, tensor<2x5x4xf32>, tensor<2x5x4xf32>) -> tensor<2x3x5x8xf32>
// --- mlc.round
%0 = "mlc.round"(%arg0) : (tensor<2x3x17xf32>) -> tensor<2x3x17xf32>
// --- mlc.scan
module @test {
  func.func @main(%arg0: tensor<3xf32> {mlc.name = "x0"}, %arg1: tensor<4x3xf32> {mlc.name = "x1"}) -> (tensor<3xf32> {mlc.name = "y0"}, tensor<4x3xf32> {mlc.name = "y1"}) {
    %0:2 = "mlc.scan"(%arg0, %arg1) ({
    ^bb0(%arg2: tensor<3xf32>, %arg3: tensor<3xf32>):
      %1 = "mlc.add"(%arg2, %arg3) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
      "mlc.yield"(%1, %1) : (tensor<3xf32>, tensor<3xf32>) -> ()
    }) {types = [tensor<3xf32>, tensor<4x3xf32>], input_axes = array<i64: 0>, input_directions = array<i64: 0>, output_axes = array<i64: 0>, output_directions = array<i64: 0>, operandSegmentSizes = array<i32: 1, 1>} : (tensor<3xf32>, tensor<4x3xf32>) -> (tensor<3xf32>, tensor<4x3xf32>)
    func.return %0#0, %0#1 : tensor<3xf32>, tensor<4x3xf32>
  }
}
// --- mlc.scatter_elements
%0 = "mlc.scatter_elements"(%arg0, %arg1, %arg2) {axis = 1 : i64, reduction = "none"} : (tensor<3x5xf32>, tensor<3x2xi64>, tensor<3x2xf32>) -> tensor<3x5xf32>
// --- mlc.scatter_nd
%0 = "mlc.scatter_nd"(%arg0, %arg1, %arg2) {reduction = "none"} : (tensor<5x3xf32>, tensor<3x1xi64>, tensor<3x3xf32>) -> tensor<5x3xf32>
// --- mlc.sequence_at
%0 = "mlc.sequence_at"(%arg0, %arg1) {type = tensor<?xf32, "K">} : (!mlc.sequence<tensor<*xf32>>, tensor<i64>) -> tensor<?xf32, "K">
// --- mlc.sequence_construct
%0 = "mlc.sequence_construct"(%arg0, %arg1) {element = tensor<*xf32>} : (tensor<2xf32>, tensor<3x1xf32>) -> !mlc.sequence<tensor<*xf32>>
// --- mlc.sequence_erase
%0 = "mlc.sequence_erase"(%arg0) : (!mlc.sequence<tensor<*xf32>>) -> !mlc.sequence<tensor<*xf32>>
// --- mlc.sequence_insert
%0 = "mlc.sequence_insert"(%arg0, %arg1) : (!mlc.sequence<tensor<*xf32>>, tensor<4xf32>) -> !mlc.sequence<tensor<*xf32>>
// --- mlc.sequence_length
%0 = "mlc.sequence_length"(%arg0) : (!mlc.sequence<tensor<*xf32>>) -> tensor<i64>
// --- mlc.shape
%0 = "mlc.shape"(%arg0) {start = 0 : i64, end = none} : (tensor<2x3x17xf32>) -> tensor<3xi64>
// --- mlc.shift
%0 = "mlc.shift"(%arg0, %arg1) {direction = "left"} : (tensor<3x17xi8>, tensor<17xi8>) -> tensor<3x17xi8>
// --- mlc.sigmoid
%0 = "mlc.sigmoid"(%arg0) : (tensor<2x3x17xf32>) -> tensor<2x3x17xf32>
// --- mlc.sign
%0 = "mlc.sign"(%arg0) : (tensor<2x3x17xf32>) -> tensor<2x3x17xf32>
// --- mlc.sin
%0 = "mlc.sin"(%arg0) : (tensor<2x3x17xf32>) -> tensor<2x3x17xf32>
// --- mlc.sinh
%0 = "mlc.sinh"(%arg0) : (tensor<2x3x17xf32>) -> tensor<2x3x17xf32>
// --- mlc.slice
%0 = "mlc.slice"(%arg0) {starts = "1,2", dims = "2,5", steps = array<i64: 1, 3>} : (tensor<3x17xf32>) -> tensor<2x5xf32>
// --- mlc.softmax
%0 = "mlc.softmax"(%arg0) {axis = -1 : i64} : (tensor<3x17xf32>) -> tensor<3x17xf32>
// --- mlc.softplus
%0 = "mlc.softplus"(%arg0) : (tensor<2x3x17xf32>) -> tensor<2x3x17xf32>
// --- mlc.split_to_sequence
%0 = "mlc.split_to_sequence"(%arg0) {axis = 1 : i64, keep_dims = true} : (tensor<2x3xf32>) -> !mlc.sequence<tensor<2x1xf32>>
// --- mlc.sqrt
%0 = "mlc.sqrt"(%arg0) : (tensor<2x3x17xf32>) -> tensor<2x3x17xf32>
// --- mlc.stft
%0 = "mlc.stft"(%arg0, %arg1, %arg2) {is_onesided = true, dims = "1,F,B,2", operandSegmentSizes = array<i32: 1, 1, 1, 0>} : (tensor<1x20x1xf32>, tensor<i64>, tensor<8xf32>) -> tensor<1x?x?x2xf32, "1,F,B,2">
// --- mlc.string_concat
%0 = "mlc.string_concat"(%arg0, %arg1) : (tensor<2x2x!mlc.string>, tensor<2x!mlc.string>) -> tensor<2x2x!mlc.string>
// --- mlc.string_normalizer
%0 = "mlc.string_normalizer"(%arg0) {case_change = "lower", is_case_sensitive = false, stopwords = [], dims = "K"} : (tensor<3x!mlc.string>) -> tensor<?x!mlc.string, "K">
// --- mlc.string_split
%0:2 = "mlc.string_split"(%arg0) {delimiter = "", limit = -1 : i64, count = "K"} : (tensor<2x2x!mlc.string>) -> (tensor<2x2x?x!mlc.string, "2,2,K">, tensor<2x2xi64>)
// --- mlc.sub
%0 = "mlc.sub"(%arg0, %arg1) : (tensor<3x17xf32>, tensor<3x17xf32>) -> tensor<3x17xf32>
// --- mlc.tan
%0 = "mlc.tan"(%arg0) : (tensor<2x3x17xf32>) -> tensor<2x3x17xf32>
// --- mlc.tanh
%0 = "mlc.tanh"(%arg0) : (tensor<2x3x17xf32>) -> tensor<2x3x17xf32>
// --- mlc.tensor_scatter
%0 = "mlc.tensor_scatter"(%arg0, %arg1, %arg2) {axis = -2 : i64, mode = "linear"} : (tensor<2x1x5x3xf32>, tensor<2x1x2x3xf32>, tensor<2xi64>) -> tensor<2x1x5x3xf32>
// --- mlc.tf_idf_vectorizer
%0 = "mlc.tf_idf_vectorizer"(%arg0) {pool = dense<[2, 3, 5, 4, 5, 6, 7, 8, 6, 7]> : tensor<10xi64>, ngram_starts = array<i64: 0, 4>, places = array<i64: 0, 1, 2, 3, 4, 5, 6>, weights = none, min_length = 1 : i64, max_length = 2 : i64, max_skip = 0 : i64, mode = "tf"} : (tensor<2x6xi64>) -> tensor<2x7xf32>
// --- mlc.tile
%0 = "mlc.tile"(%arg0) {repeats = "2,3", dims = none} : (tensor<3x5xf32>) -> tensor<6x15xf32>
// --- mlc.top_k
%0:2 = "mlc.top_k"(%arg0) {k = "3", axis = -1 : i64, is_largest = true} : (tensor<4x17xf32>) -> (tensor<4x3xf32>, tensor<4x3xi64>)
// --- mlc.transpose
%0 = "mlc.transpose"(%arg0) {perm = array<i64: 1, 0>} : (tensor<3x17xf32>) -> tensor<17x3xf32>
// --- mlc.tree_ensemble
%0 = "mlc.tree_ensemble"(%arg0) {features = dense<[0, 2, 0, 1]> : tensor<4xi64>, comparisons = ["<=", "<=", ">", "<"], splits = dense<[1.5, 1.2, 5.0, 4.0]> : tensor<4xf32>, true_next = dense<[1, -1, -3, -5]> : tensor<4xi64>, false_next = dense<[2, -2, -4, -6]> : tensor<4xi64>, roots = dense<[0, 3]> : tensor<2xi64>, leaves = dense<[[5.2, 0x7FC00000], [0x7FC00000, 12.1], [7.0, 0x7FC00000], [0x7FC00000, -3.0], [1.0, 1.0], [2.0, -2.0]]> : tensor<6x2xf32>, missing_is_true = none, members = none, aggregate = "sum"} : (tensor<3x3xf32>) -> tensor<3x2xf32>
// --- mlc.trilu
%0 = "mlc.trilu"(%arg0) {diagonal = -6 : i64, upper = true} : (tensor<2x3x5xf32>) -> tensor<2x3x5xf32>
// --- mlc.unique
%0:4 = "mlc.unique"(%arg0) {axis = none, is_sorted = true, count = "n"} : (tensor<2x5xf32>) -> (tensor<?xf32, "n">, tensor<?xi64, "n">, tensor<10xi64>, tensor<?xi64, "n">)
// --- mlc.unpack
%0 = "mlc.unpack"(%arg0) {axes = array<i64: 1>, tiles = array<i64: 8>, dims = "2,16,3,5"} : (tensor<2x2x3x5x8xf32>) -> tensor<2x16x3x5xf32>
// --- mlc.where
%0 = "mlc.where"(%arg0, %arg1, %arg2) : (tensor<3x17xi1>, tensor<3x17xf32>, tensor<3x17xf32>) -> tensor<3x17xf32>
// --- mlc.xor
%0 = "mlc.xor"(%arg0, %arg1) : (tensor<3x17xi1>, tensor<3x17xi1>) -> tensor<3x17xi1>
