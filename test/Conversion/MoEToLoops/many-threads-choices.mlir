// RUN: moe-opt %s --convert-moe-to-loops=many-threads | FileCheck %s --implicit-check-not="moe."

// Each choice counts those that are served before it: those of a higher priority, and those of
// the same that come earlier. Nothing is sorted, and no choice waits for another.
// CHECK-LABEL: func.func @by_priority(
// CHECK: scf.parallel
// CHECK: %[[POSITION:.*]] = scf.parallel {{.*}} -> index
// CHECK: scf.for {{.*}} -> (index)
// CHECK: scf.reduce
// CHECK: arith.cmpi slt, %[[POSITION]], %{{.*}} : index
// CHECK-COUNT-2: memref.store
// CHECK-NOT: memref.store
func.func @by_priority(%i: tensor<?x2xi32>, %c: index, %p: tensor<?xf32>)
    -> (tensor<?x2xi32>, tensor<?x2xi32>) {
  %kept, %slots = moe.assign_slots token_major %i, %c priority(%p : tensor<?xf32>)
    {num_experts = 8 : i64} : tensor<?x2xi32>
  return %kept, %slots : tensor<?x2xi32>, tensor<?x2xi32>
}

// A choice that goes on to the next expert depends on which choices found a slot: those of a
// group are served one after another.
// CHECK-LABEL: func.func @next_choice(
// CHECK: %[[PLACED:.*]] = scf.for {{.*}} -> (i1)
// CHECK: scf.if
func.func @next_choice(%i: tensor<?x2xi32>, %c: index) -> (tensor<?x2xi32>, tensor<?x2xi32>) {
  %kept, %slots = moe.assign_slots token_major %i, %c
    {num_experts = 8 : i64, overflow = #moe.overflow<next_choice>} : tensor<?x2xi32>
  return %kept, %slots : tensor<?x2xi32>, tensor<?x2xi32>
}

// The place that enough tokens reach is found bit by bit, by all lanes of an expert's warp.
// CHECK-LABEL: func.func @top_tokens(
// CHECK: scf.parallel
// CHECK: scf.parallel {{.*}} -> index
// CHECK: scf.for {{.*}} to %c63{{.*}} -> (index, index)
// CHECK: scf.parallel {{.*}} -> index
// CHECK: scf.parallel
// CHECK: arith.cmpi sle
// CHECK: memref.store
func.func @top_tokens(%s: tensor<?x8xf32>, %c: index) -> tensor<?x8xi32> {
  %i = moe.top_tokens %s, %c : tensor<?x8xf32>
  return %i : tensor<?x8xi32>
}
