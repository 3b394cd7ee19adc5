// RUN: moe-opt %s --canonicalize | FileCheck %s

// Keeping every group hides no expert.
// CHECK-LABEL: func.func @limit_groups_keeps_all(
func.func @limit_groups_keeps_all(%s: tensor<?x32xf32>) -> tensor<?x32xf32> {
  // CHECK-NEXT: return %arg0
  %r = moe.limit_groups max %s {keep = 4 : i64, num_groups = 4 : i64} : tensor<?x32xf32>
  return %r : tensor<?x32xf32>
}

// The bias is still to be added.
// CHECK-LABEL: func.func @limit_groups_bias(
func.func @limit_groups_bias(%s: tensor<?x32xf32>, %b: tensor<32xf32>) -> tensor<?x32xf32> {
  // CHECK-NEXT: %[[R:.*]] = moe.limit_groups
  // CHECK-NEXT: return %[[R]]
  %r = moe.limit_groups max %s bias(%b : tensor<32xf32>) {keep = 4 : i64, num_groups = 4 : i64}
    : tensor<?x32xf32>
  return %r : tensor<?x32xf32>
}

// CHECK-LABEL: func.func @limit_groups_keeps_some(
func.func @limit_groups_keeps_some(%s: tensor<?x32xf32>) -> tensor<?x32xf32> {
  // CHECK-NEXT: %[[R:.*]] = moe.limit_groups
  // CHECK-NEXT: return %[[R]]
  %r = moe.limit_groups max %s {keep = 3 : i64, num_groups = 4 : i64} : tensor<?x32xf32>
  return %r : tensor<?x32xf32>
}
