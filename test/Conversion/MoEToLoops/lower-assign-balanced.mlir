// RUN: moe-opt %s --convert-moe-to-loops | FileCheck %s --implicit-check-not="moe."

// Token after token, since each finds the places that earlier ones left; all in f64.
// CHECK-LABEL: func.func @assign_balanced(
// CHECK-NOT: scf.parallel
// CHECK: scf.for
// CHECK: arith.extf %{{.*}} : f32 to f64
// CHECK: scf.while
// CHECK: memref.dealloc
// CHECK-NOT: scf.parallel
func.func @assign_balanced(%s: tensor<?x8xf32>) -> tensor<?x1xi32> {
  %i = moe.assign_balanced %s : tensor<?x8xf32>
  return %i : tensor<?x1xi32>
}
