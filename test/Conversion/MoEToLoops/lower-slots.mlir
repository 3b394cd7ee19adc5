// RUN: moe-opt %s --convert-moe-to-loops | FileCheck %s --implicit-check-not="moe."

// Choices outside the experts are not counted.
// CHECK-LABEL: func.func @count(
// CHECK: memref.alloc() {{.*}} : memref<8xi32>
// CHECK: scf.for
// CHECK: scf.for
// CHECK: scf.if
func.func @count(%i: tensor<?x2xi32>) -> tensor<8xi32> {
  %n = moe.count %i {num_experts = 8 : i64} : tensor<?x2xi32>
  return %n : tensor<8xi32>
}

// The rule in f32, the limit and the rounding in f64.
// CHECK-LABEL: func.func @capacity(
// CHECK: arith.divf %{{.*}} : f32
// CHECK: arith.mulf %{{.*}} : f32
// CHECK: arith.extf %{{.*}} : f32 to f64
// CHECK: arith.constant 0x41DFFFFFFFC00000 : f64
// CHECK: arith.select
// CHECK: math.roundeven %{{.*}} : f64
// CHECK: arith.ceildivsi
func.func @capacity(%tokens: index) -> index {
  %c = moe.capacity div_then_mul %tokens
    {arithmetic = #moe.arithmetic<f32>, factor = 1.25 : f64, multiple_of = 4 : i64,
     num_experts = 8 : i64, rounding = #moe.rounding<half_even>}
  return %c : index
}

// A histogram, its sums, and the rows, of which there are as many as the last sum, and
// at most as many as choices.
// CHECK-LABEL: func.func @sort_by_expert(
// CHECK: arith.addi
// CHECK: %[[ROWS:.*]] = scf.for {{.*}} iter_args
// CHECK: %[[BOUNDED:.*]] = arith.minsi %[[ROWS]], %{{.*}}
// CHECK: memref.alloc(%[[BOUNDED]]) {{.*}} : memref<?xi32>
// CHECK: scf.for
// CHECK: memref.dealloc
func.func @sort_by_expert(%i: tensor<?x2xi32>)
    -> (tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>) {
  %o, %s, %p = moe.group_by_expert %i {num_experts = 8 : i64}
    : tensor<?x2xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
  return %o, %s, %p : tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
}

// With slots nothing is counted: tokens are independent of each other.
// CHECK-LABEL: func.func @group_by_slots(
// CHECK: scf.parallel
func.func @group_by_slots(%i: tensor<16x2xi32>, %slots: tensor<16x2xi32>, %c: index)
    -> (tensor<9xi32>, tensor<?xi32>, tensor<16x2xi32>) {
  %o, %s, %p = moe.group_by_expert %i slots(%slots : tensor<16x2xi32>) capacity(%c)
    {num_experts = 8 : i64} : tensor<16x2xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<16x2xi32>
  return %o, %s, %p : tensor<9xi32>, tensor<?xi32>, tensor<16x2xi32>
}

// CHECK-LABEL: func.func @row_experts(
// CHECK: scf.parallel
// CHECK: scf.for
func.func @row_experts(%o: tensor<9xi32>, %s: tensor<?xi32>) -> tensor<?xi32> {
  %e = moe.row_experts %o, %s : tensor<9xi32>, tensor<?xi32>
  return %e : tensor<?xi32>
}
