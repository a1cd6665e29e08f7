// RUN: mlc-opt

// EXPECT-ERROR: function @main has two inputs named 'x'
func.func @main(%a: tensor<4xf32> {mlc.name = "x"}, %b: tensor<4xf32> {mlc.name = "x"}) -> (tensor<4xf32>) {
  func.return %a : tensor<4xf32>
}

// -----

// EXPECT-ERROR: function @main has two outputs named 'y'
func.func @main(%a: tensor<4xf32>) -> (tensor<4xf32> {mlc.name = "y"}, tensor<4xf32> {mlc.name = "y"}) {
  func.return %a, %a : tensor<4xf32>, tensor<4xf32>
}

// -----

// EXPECT-ERROR: mlc.yield: a terminator stands before the end of its block
func.func @main(%a: tensor<4xf32>) -> (tensor<4xf32>) {
  "mlc.yield"(%a) : (tensor<4xf32>) -> ()
  func.return %a : tensor<4xf32>
}

// -----

// EXPECT-ERROR: mlc.relu: operand 0 is used before it is defined, or outside of where it is visible
func.func @a_group_captures_nothing(%a: tensor<4xf32>) -> (tensor<4xf32>) {
  %0 = "mlc.fused"(%a) ({
  ^bb0(%b: tensor<4xf32>):
    %1 = "mlc.relu"(%a) : (tensor<4xf32>) -> tensor<4xf32>
    "mlc.yield"(%1) : (tensor<4xf32>) -> ()
  }) {kind = "elementwise"} : (tensor<4xf32>) -> tensor<4xf32>
  func.return %0 : tensor<4xf32>
}

// -----

// EXPECT-ERROR: mlc.slice: symbol M is not known here and mlc.slice defines none
func.func @main(%a: tensor<?xf32, "N">) -> (tensor<?xf32, "M">) {
  %0 = "mlc.slice"(%a) {starts = "0", dims = "M", steps = array<i64: 1>} : (tensor<?xf32, "N">) -> tensor<?xf32, "M">
  func.return %0 : tensor<?xf32, "M">
}

// -----

// The parser says it before the verifier could.
// EXPECT-ERROR: verifier.mlir:48:19: %1 is not defined here
func.func @main(%a: tensor<4xf32>) -> (tensor<4xf32>) {
  %0 = "mlc.relu"(%1) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = "mlc.relu"(%0) : (tensor<4xf32>) -> tensor<4xf32>
  func.return %1 : tensor<4xf32>
}

// -----

// EXPECT-ERROR: mlc.range: symbol M is not known here, and no dim of tensor<?xi64, "M + 1"> is just M
func.func @main(%n: tensor<i64>, %one: tensor<i64>) -> (tensor<?xi64, "M + 1">) {
  %0 = "mlc.range"(%one, %n, %one) {count = "M + 1"} : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64, "M + 1">
  func.return %0 : tensor<?xi64, "M + 1">
}

// -----

// EXPECT-ERROR: function @main has an input 'a' of tensor<?xf32, "2 * N">, but none with a dim N
func.func @main(%a: tensor<?xf32, "2 * N"> {mlc.name = "a"}) -> (tensor<?xf32, "2 * N">) {
  func.return %a : tensor<?xf32, "2 * N">
}
