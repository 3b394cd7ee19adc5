// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-opt %s --mlir-print-op-generic | moe-opt | FileCheck %s

// CHECK-LABEL: func.func @update_bias
func.func @update_bias(%bias: tensor<8xf32>, %counts: tensor<8xi32>) -> tensor<8xf32> {
  // CHECK: moe.update_bias %{{.*}}, %{{.*}} {rate = 1.000000e-03 : f64} : tensor<8xf32>, tensor<8xi32>
  %updated = moe.update_bias %bias, %counts {rate = 1.0e-3 : f64} : tensor<8xf32>, tensor<8xi32>
  return %updated : tensor<8xf32>
}
