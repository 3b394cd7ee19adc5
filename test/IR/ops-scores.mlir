// RUN: moe-opt %s | moe-opt | FileCheck --strict-whitespace %s
// RUN: moe-opt %s --mlir-print-op-generic | moe-opt | FileCheck --strict-whitespace %s
// RUN: moe-opt %s --emit-bytecode | moe-opt | FileCheck --strict-whitespace %s

// CHECK-LABEL: func.func @gate_linear(
func.func @gate_linear(%x: tensor<?x64xbf16>, %w: tensor<8x64xbf16>) {
  // CHECK: moe.gate linear %arg0, %arg1 : tensor<?x64xbf16>, tensor<8x64xbf16> -> tensor<?x8xf32>
  %l = moe.gate linear %x, %w : tensor<?x64xbf16>, tensor<8x64xbf16> -> tensor<?x8xf32>
  return
}

// CHECK-LABEL: func.func @gate_linear_bias(
func.func @gate_linear_bias(%x: tensor<4x64xf32>, %w: tensor<64x8xf32>, %b: tensor<8xf32>) {
  // CHECK: moe.gate linear %arg0, %arg1 bias(%arg2 : tensor<8xf32>) {layout = #moe.matrix_layout<in_out>, softcap = 3.000000e+01 : f64} : tensor<4x64xf32>, tensor<64x8xf32> -> tensor<4x8xf32>
  %l = moe.gate linear %x, %w bias(%b : tensor<8xf32>)
    {layout = #moe.matrix_layout<in_out>, softcap = 30.0 : f64}
    : tensor<4x64xf32>, tensor<64x8xf32> -> tensor<4x8xf32>
  return
}

// CHECK-LABEL: func.func @gate_cosine(
func.func @gate_cosine(%x: tensor<?x64xf64>, %w: tensor<8x64xf64>, %scale: tensor<f64>) {
  // CHECK: moe.gate cosine %arg0, %arg1 scale(%arg2 : tensor<f64>) {norm_eps = 1.000000e-04 : f64, norm_eps_mode = #moe.eps_mode<clamp>} : tensor<?x64xf64>, tensor<8x64xf64> -> tensor<?x8xf64>
  %l = moe.gate cosine %x, %w scale(%scale : tensor<f64>)
    {norm_eps = 1.0e-4 : f64, norm_eps_mode = #moe.eps_mode<clamp>}
    : tensor<?x64xf64>, tensor<8x64xf64> -> tensor<?x8xf64>
  return
}

// CHECK-LABEL: func.func @gate_distance(
func.func @gate_distance(%x: tensor<?x64xf16>, %w: tensor<8x64xf16>, %b: tensor<8xf16>,
                         %scale: tensor<f32>) {
  // CHECK: moe.gate distance %arg0, %arg1 bias(%arg2 : tensor<8xf16>) scale(%arg3 : tensor<f32>) : tensor<?x64xf16>, tensor<8x64xf16> -> tensor<?x8xf32>
  %l = moe.gate distance %x, %w bias(%b : tensor<8xf16>) scale(%scale : tensor<f32>)
    : tensor<?x64xf16>, tensor<8x64xf16> -> tensor<?x8xf32>
  return
}

// CHECK-LABEL: func.func @score(
func.func @score(%l: tensor<?x8xbf16>) {
  // CHECK: moe.score softmax %arg0 : tensor<?x8xbf16> -> tensor<?x8xf32>
  %softmax = moe.score softmax %l : tensor<?x8xbf16> -> tensor<?x8xf32>
  // CHECK: moe.score softmax %arg0 {axis = #moe.score_axis<tokens>} : tensor<?x8xbf16> -> tensor<?x8xf32>
  %tokens = moe.score softmax %l {axis = #moe.score_axis<tokens>}
    : tensor<?x8xbf16> -> tensor<?x8xf32>
  // CHECK: moe.score sigmoid %arg0 : tensor<?x8xbf16> -> tensor<?x8xbf16>
  %sigmoid = moe.score sigmoid %l : tensor<?x8xbf16> -> tensor<?x8xbf16>
  // CHECK: moe.score relu %arg0 : tensor<?x8xbf16> -> tensor<?x8xf64>
  %relu = moe.score relu %l : tensor<?x8xbf16> -> tensor<?x8xf64>
  // CHECK: moe.score sqrt_softplus %arg0 : tensor<?x8xbf16> -> tensor<?x8xf16>
  %root = moe.score sqrt_softplus %l : tensor<?x8xbf16> -> tensor<?x8xf16>
  return
}

// CHECK-LABEL: func.func @sinkhorn(
func.func @sinkhorn(%l: tensor<?x8xf32>) {
  // CHECK: moe.sinkhorn %arg0 {tolerance = 1.000000e-04 : f64} : tensor<?x8xf32>
  %k = moe.sinkhorn %l {tolerance = 1.0e-4 : f64} : tensor<?x8xf32>
  // CHECK: moe.sinkhorn %arg0 {max_iterations = 5 : i64, tolerance = 1.000000e-04 : f64} : tensor<?x8xf32>
  %k5 = moe.sinkhorn %l {max_iterations = 5 : i64, tolerance = 1.0e-4 : f64} : tensor<?x8xf32>
  return
}

// CHECK-LABEL: func.func @limit_groups(
func.func @limit_groups(%s: tensor<?x32xf32>, %b: tensor<32xbf16>) {
  // CHECK: moe.limit_groups max %arg0 {keep = 1 : i64, num_groups = 4 : i64} : tensor<?x32xf32>
  %max = moe.limit_groups max %s {keep = 1 : i64, num_groups = 4 : i64} : tensor<?x32xf32>
  // CHECK: moe.limit_groups sum_top %arg0 {fill = #moe.group_fill<zero>, keep = 2 : i64, num_groups = 4 : i64, top = 2 : i64} : tensor<?x32xf32>
  %sum = moe.limit_groups sum_top %s
    {fill = #moe.group_fill<zero>, keep = 2 : i64, num_groups = 4 : i64, top = 2 : i64}
    : tensor<?x32xf32>
  // CHECK: moe.limit_groups max %arg0 bias(%arg1 : tensor<32xbf16>) {keep = 1 : i64, num_groups = 4 : i64} : tensor<?x32xf32>
  %biased = moe.limit_groups max %s bias(%b : tensor<32xbf16>)
    {keep = 1 : i64, num_groups = 4 : i64} : tensor<?x32xf32>
  return
}
