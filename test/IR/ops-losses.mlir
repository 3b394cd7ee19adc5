// RUN: moe-opt %s | moe-opt | FileCheck --strict-whitespace %s
// RUN: moe-opt %s --mlir-print-op-generic | moe-opt | FileCheck --strict-whitespace %s
// RUN: moe-opt %s --emit-bytecode | moe-opt | FileCheck --strict-whitespace %s

// CHECK-LABEL: func.func @aux_loss_counted(
func.func @aux_loss_counted(%s: tensor<?x8xf32>, %i: tensor<?x2xi32>, %m: tensor<?xf32>) {
  // CHECK: moe.aux_loss balance %arg0 indices(%arg1 : tensor<?x2xi32>) : tensor<?x8xf32> -> tensor<f32>
  %balance = moe.aux_loss balance %s indices(%i : tensor<?x2xi32>)
    : tensor<?x8xf32> -> tensor<f32>
  // CHECK: moe.aux_loss balance %arg0 indices(%arg1 : tensor<?x2xi32>) mask(%arg2 : tensor<?xf32>) {coefficient = 1.000000e-02 : f64, divide_by_choices, groups = 4 : i64} : tensor<?x8xf32> -> tensor<f32>
  %masked = moe.aux_loss balance %s indices(%i : tensor<?x2xi32>) mask(%m : tensor<?xf32>)
    {coefficient = 0.01 : f64, divide_by_choices, groups = 4 : i64}
    : tensor<?x8xf32> -> tensor<f32>
  // CHECK: moe.aux_loss l1 %arg0 indices(%arg1 : tensor<?x2xi32>) {k = 2 : i64} : tensor<?x8xf32> -> tensor<f32>
  %l1 = moe.aux_loss l1 %s indices(%i : tensor<?x2xi32>) {k = 2 : i64}
    : tensor<?x8xf32> -> tensor<f32>
  return
}

// CHECK-LABEL: func.func @aux_loss_scores(
func.func @aux_loss_scores(%s: tensor<?x8xf32>, %noisy: tensor<?x8xf32>) {
  // CHECK: moe.aux_loss importance %arg0 {ddof = 1 : i64} : tensor<?x8xf32> -> tensor<f32>
  %importance = moe.aux_loss importance %s {ddof = 1 : i64} : tensor<?x8xf32> -> tensor<f32>
  // CHECK: moe.aux_loss load %arg0 noisy(%arg1 : tensor<?x8xf32>) {k = 2 : i64, sigma = 1.250000e-01 : f64} : tensor<?x8xf32> -> tensor<f32>
  %load = moe.aux_loss load %s noisy(%noisy : tensor<?x8xf32>) {k = 2 : i64, sigma = 0.125 : f64}
    : tensor<?x8xf32> -> tensor<f32>
  // CHECK: moe.aux_loss z %arg0 {coefficient = 1.000000e-03 : f64} : tensor<?x8xf32> -> tensor<f32>
  %z = moe.aux_loss z %s {coefficient = 0.001 : f64} : tensor<?x8xf32> -> tensor<f32>
  // CHECK: moe.aux_loss entropy_local %arg0 : tensor<?x8xf32> -> tensor<f64>
  %local = moe.aux_loss entropy_local %s : tensor<?x8xf32> -> tensor<f64>
  // CHECK: moe.aux_loss entropy_global %arg0 {tau = 1.500000e+00 : f64} : tensor<?x8xf32> -> tensor<f32>
  %global = moe.aux_loss entropy_global %s {tau = 1.5 : f64} : tensor<?x8xf32> -> tensor<f32>
  return
}

// CHECK-LABEL: func.func @update_bias(
func.func @update_bias(%bias: tensor<8xf32>, %counts: tensor<8xi32>) {
  // CHECK: moe.update_bias %arg0, %arg1 {rate = 1.000000e-03 : f64} : tensor<8xf32>, tensor<8xi32>
  %updated = moe.update_bias %bias, %counts {rate = 0.001 : f64} : tensor<8xf32>, tensor<8xi32>
  return
}
