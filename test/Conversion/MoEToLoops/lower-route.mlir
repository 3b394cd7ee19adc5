// RUN: moe-opt %s --convert-moe-to-loops --split-input-file | FileCheck %s

// One loop over the tokens, in which scores and choices are rows on the stack, and the
// grouping.
// CHECK-LABEL: @route
// CHECK: scf.parallel
// CHECK-DAG: memref.alloca() {{.*}} : memref<1x32xf32>
// CHECK: scf.reduce
// CHECK-NOT: scf.parallel
// CHECK-NOT: moe.
// CHECK: return
func.func @route(%l: tensor<?x32xf32>)
    -> (tensor<33xi32>, tensor<?xi32>, tensor<?x2xi32>, tensor<?x2xf32>) {
  %r:4 = moe.route %l : (tensor<?x32xf32>)
      -> (tensor<33xi32>, tensor<?xi32>, tensor<?x2xi32>, tensor<?x2xf32>) {
  ^bb0(%logits: tensor<?x32xf32>):
    %s = moe.score softmax %logits : tensor<?x32xf32> -> tensor<?x32xf32>
    %i = moe.top_k %s {k = 2 : i64} : tensor<?x32xf32>
    %g = moe.gather_weights %s, %i : tensor<?x32xf32>, tensor<?x2xi32>
    %w = moe.normalize_weights %g {order = 1.0 : f64} : tensor<?x2xf32>
    %o, %src, %p = moe.group_by_expert %i {num_experts = 32 : i64}
      : tensor<?x2xi32> -> tensor<33xi32>, tensor<?xi32>, tensor<?x2xi32>
    moe.yield %o, %src, %p, %w
      : tensor<33xi32>, tensor<?xi32>, tensor<?x2xi32>, tensor<?x2xf32>
  }
  return %r#0, %r#1, %r#2, %r#3
    : tensor<33xi32>, tensor<?xi32>, tensor<?x2xi32>, tensor<?x2xf32>
}

// -----

// Weights of the choices that are kept: a second loop behind the slots. Elementwise ops are
// computed on the elements of a row.
// CHECK-LABEL: @dropped
// CHECK: scf.parallel
// CHECK: arith.addf %{{.+}}, %{{.+}} : f32
// CHECK: scf.reduce
// CHECK: scf.parallel
// CHECK: scf.reduce
// CHECK: return
func.func @dropped(%l: tensor<?x8xf32>, %noise: tensor<?x8xf32>, %capacity: index)
    -> tensor<?x2xf32> {
  %r = moe.route %l, %noise, %capacity : (tensor<?x8xf32>, tensor<?x8xf32>, index)
      -> tensor<?x2xf32> {
  ^bb0(%logits: tensor<?x8xf32>, %more: tensor<?x8xf32>, %slots: index):
    %n = arith.addf %logits, %more : tensor<?x8xf32>
    %i = moe.top_k %n {k = 2 : i64} : tensor<?x8xf32>
    %kept, %at = moe.assign_slots k_major %i, %slots {num_experts = 8 : i64} : tensor<?x2xi32>
    %g = moe.gather_weights %n, %kept : tensor<?x8xf32>, tensor<?x2xi32>
    moe.yield %g : tensor<?x2xf32>
  }
  return %r : tensor<?x2xf32>
}
