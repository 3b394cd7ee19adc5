// RUN: moe-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: func.func @normalize_weights_does_nothing(
func.func @normalize_weights_does_nothing(%w: tensor<?x2xf32>) -> tensor<?x2xf32> {
  // CHECK-NEXT: return %arg0
  %n = moe.normalize_weights %w : tensor<?x2xf32>
  return %n : tensor<?x2xf32>
}

// CHECK-LABEL: func.func @normalize_weights_scales(
func.func @normalize_weights_scales(%w: tensor<?x2xf32>) -> tensor<?x2xf32> {
  // CHECK-NEXT: %[[N:.*]] = moe.normalize_weights
  // CHECK-NEXT: return %[[N]]
  %n = moe.normalize_weights %w {scale = 2.5 : f64} : tensor<?x2xf32>
  return %n : tensor<?x2xf32>
}

// CHECK-LABEL: func.func @normalize_weights_divides(
func.func @normalize_weights_divides(%w: tensor<?x2xf32>) -> tensor<?x2xf32> {
  // CHECK-NEXT: %[[N:.*]] = moe.normalize_weights
  // CHECK-NEXT: return %[[N]]
  %n = moe.normalize_weights %w {order = 1.0 : f64} : tensor<?x2xf32>
  return %n : tensor<?x2xf32>
}

// Ops without a use are pure and go.
// CHECK-LABEL: func.func @unused(
func.func @unused(%s: tensor<?x8xf32>, %tokens: index) {
  // CHECK-NEXT: return
  %i = moe.top_k %s {k = 2 : i64} : tensor<?x8xf32>
  %c = moe.capacity mul_then_div %tokens {num_experts = 8 : i64}
  %kept, %slots = moe.assign_slots k_major %i, %c {num_experts = 8 : i64} : tensor<?x2xi32>
  return
}
