// RUN: moe-opt %s --convert-moe-to-loops | FileCheck %s --implicit-check-not="moe."

// The groups are independent of each other; choice after choice in each.
// CHECK-LABEL: func.func @in_token_order(
// CHECK: %[[GROUPS:.*]] = arith.constant 4 : index
// CHECK: scf.parallel {{.*}} to (%[[GROUPS]])
// CHECK: scf.for
// CHECK: scf.for
// CHECK: scf.if
// CHECK-NOT: scf.while
func.func @in_token_order(%i: tensor<?x2xi32>, %c: index)
    -> (tensor<?x2xi32>, tensor<?x2xi32>) {
  %kept, %slots = moe.assign_slots k_major %i, %c {groups = 4 : i64, num_experts = 8 : i64}
    : tensor<?x2xi32>
  return %kept, %slots : tensor<?x2xi32>, tensor<?x2xi32>
}

// The tokens of a group are sorted once.
// CHECK-LABEL: func.func @in_priority_order(
// CHECK: scf.parallel
// CHECK: arith.bitcast
// CHECK: scf.parallel
// CHECK: scf.while
// CHECK-NOT: scf.while
func.func @in_priority_order(%i: tensor<?x2xi32>, %c: index, %p: tensor<?xf32>)
    -> (tensor<?x2xi32>, tensor<?x2xi32>) {
  %kept, %slots = moe.assign_slots k_major %i, %c priority(%p : tensor<?xf32>)
    {num_experts = 8 : i64} : tensor<?x2xi32>
  return %kept, %slots : tensor<?x2xi32>, tensor<?x2xi32>
}

// The choices of a column are sorted, column after column.
// CHECK-LABEL: func.func @by_priority(
// CHECK: scf.parallel
// CHECK: scf.parallel
// CHECK: scf.for
// CHECK: scf.while
// CHECK-NOT: scf.while
func.func @by_priority(%i: tensor<?x2xi32>, %c: index, %p: tensor<?x2xf32>)
    -> (tensor<?x2xi32>, tensor<?x2xi32>) {
  %kept, %slots = moe.assign_slots k_major %i, %c priority(%p : tensor<?x2xf32>)
    {num_experts = 8 : i64, unselected_priority = 0.0 : f64} : tensor<?x2xi32>
  return %kept, %slots : tensor<?x2xi32>, tensor<?x2xi32>
}

// CHECK-LABEL: func.func @random_spare(
// CHECK: scf.parallel
// CHECK: memref.alloc
// CHECK: arith.remsi
// CHECK: memref.dealloc
func.func @random_spare(%i: tensor<?x2xi32>, %c: index, %r: tensor<?x2xi32>)
    -> (tensor<?x2xi32>, tensor<?x2xi32>) {
  %kept, %slots = moe.assign_slots k_major %i, %c random(%r : tensor<?x2xi32>)
    {num_experts = 8 : i64, overflow = #moe.overflow<random_spare>} : tensor<?x2xi32>
  return %kept, %slots : tensor<?x2xi32>, tensor<?x2xi32>
}
