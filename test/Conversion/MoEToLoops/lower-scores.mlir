// RUN: moe-opt %s --convert-moe-to-loops | FileCheck %s --implicit-check-not="moe."

// Vectors that divide the row.
// CHECK-LABEL: func.func @softmax_over_experts(
// CHECK: scf.parallel
// CHECK: scf.for {{.*}} iter_args
// CHECK: arith.maximumf {{.*}} : vector<8xf32>
// CHECK: scf.for {{.*}} iter_args
// CHECK: math.exp {{.*}} : vector<8xf32>
// CHECK: scf.for
// CHECK: arith.divf {{.*}} : vector<8xf32>
func.func @softmax_over_experts(%l: tensor<?x8xbf16>) -> tensor<?x8xf32> {
  %s = moe.score softmax %l : tensor<?x8xbf16> -> tensor<?x8xf32>
  return %s : tensor<?x8xf32>
}

// The experts are independent of each other, and there are eight.
// CHECK-LABEL: func.func @softmax_over_tokens(
// CHECK: %[[EXPERTS:.*]] = arith.constant 8 : index
// CHECK: scf.parallel {{.*}} to (%[[EXPERTS]])
func.func @softmax_over_tokens(%l: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %s = moe.score softmax %l {axis = #moe.score_axis<tokens>}
    : tensor<?x8xf32> -> tensor<?x8xf32>
  return %s : tensor<?x8xf32>
}

// An f64 element makes all arithmetic f64.
// CHECK-LABEL: func.func @sigmoid(
// CHECK: arith.extf %{{.*}} : vector<1xf16> to vector<1xf32>
// CHECK: arith.extf %{{.*}} : vector<1xf32> to vector<1xf64>
// CHECK: math.exp %{{.*}} : vector<1xf64>
func.func @sigmoid(%l: tensor<?x?xf16>) -> tensor<?x?xf64> {
  %s = moe.score sigmoid %l : tensor<?x?xf16> -> tensor<?x?xf64>
  return %s : tensor<?x?xf64>
}

// CHECK-LABEL: func.func @sinkhorn(
// CHECK: scf.while
// CHECK: scf.condition
// CHECK: scf.parallel
// CHECK: scf.parallel
// CHECK: scf.yield
func.func @sinkhorn(%l: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %k = moe.sinkhorn %l {tolerance = 1.0e-4 : f64} : tensor<?x8xf32>
  return %k : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @limit_groups(
// CHECK: scf.parallel
// CHECK: memref.alloca() {{.*}} : memref<4xf32>
// CHECK: arith.addf
func.func @limit_groups(%s: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %r = moe.limit_groups sum_top %s {keep = 2 : i64, num_groups = 4 : i64, top = 2 : i64}
    : tensor<?x32xf32>
  return %r : tensor<?x32xf32>
}

// Groups are ranked by what the result will hold.
// CHECK-LABEL: func.func @limit_groups_bias(
// CHECK: %[[KEY:.*]] = arith.addf
// CHECK: %[[ROUNDED:.*]] = arith.truncf %[[KEY]] : f32 to bf16
// CHECK: arith.extf %[[ROUNDED]] : bf16 to f32
// CHECK: arith.bitcast %{{.*}} : f32 to i32
func.func @limit_groups_bias(%s: tensor<?x32xbf16>, %b: tensor<32xf32>) -> tensor<?x32xbf16> {
  %r = moe.limit_groups max %s bias(%b : tensor<32xf32>) {keep = 2 : i64, num_groups = 4 : i64}
    : tensor<?x32xbf16>
  return %r : tensor<?x32xbf16>
}
