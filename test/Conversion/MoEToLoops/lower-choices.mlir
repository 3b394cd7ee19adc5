// RUN: moe-opt %s --convert-moe-to-loops | FileCheck %s --implicit-check-not="moe."

// One pass over the experts: those that beat the last place move up to theirs.
// CHECK-LABEL: func.func @top_k(
// CHECK-COUNT-1: memref.alloc(
// CHECK-NOT: memref.alloc(
// CHECK: scf.parallel
// CHECK: memref.alloca() {{.*}} : memref<2xindex>
// CHECK: scf.for
// CHECK: scf.for
// CHECK: arith.addf
// CHECK: arith.bitcast %{{.*}} : f32 to i32
// CHECK: scf.if
// CHECK: scf.while
// CHECK: memref.store
func.func @top_k(%s: tensor<?x8xbf16>, %b: tensor<8xf32>) -> tensor<?x2xi32> {
  %i = moe.top_k %s bias(%b : tensor<8xf32>) {k = 2 : i64} : tensor<?x8xbf16>
  return %i : tensor<?x2xi32>
}

// Each candidate is looked up among the exceptions.
// CHECK-LABEL: func.func @top_k_except(
// CHECK-COUNT-1: memref.alloc(
// CHECK-NOT: memref.alloc(
// CHECK: scf.parallel
// CHECK: %[[ALLOWED:.*]] = scf.for {{.*}} -> (i1)
// CHECK: arith.andi %{{.*}}, %[[ALLOWED]]
// CHECK: memref.store
func.func @top_k_except(%s: tensor<?x8xf32>, %not: tensor<?x2xi32>) -> tensor<?x1xi32> {
  %i = moe.top_k %s except(%not : tensor<?x2xi32>) {k = 1 : i64} : tensor<?x8xf32>
  return %i : tensor<?x1xi32>
}

// CHECK-LABEL: func.func @sequential_top_k(
// CHECK: scf.parallel
// CHECK: math.exp
func.func @sequential_top_k(%l: tensor<?x16xf32>) -> (tensor<?x2xi32>, tensor<?x2xf32>) {
  %i, %w = moe.sequential_top_k %l {k = 2 : i64, relative_gap = 2.0e-2 : f64}
    : tensor<?x16xf32>
  return %i, %w : tensor<?x2xi32>, tensor<?x2xf32>
}

// Each expert sorts its tokens, and gives back what it needed for that.
// CHECK-LABEL: func.func @top_tokens(
// CHECK: scf.parallel
// CHECK: %[[KEYS:.*]] = memref.alloc
// CHECK: %[[ORDER:.*]] = memref.alloc
// CHECK: %[[SCRATCH:.*]] = memref.alloc
// CHECK: scf.while
// CHECK: memref.dealloc %[[SCRATCH]]
// CHECK: memref.dealloc %[[ORDER]]
// CHECK: memref.dealloc %[[KEYS]]
func.func @top_tokens(%s: tensor<?x8xf32>, %c: index) -> tensor<?x8xi32> {
  %i = moe.top_tokens %s, %c : tensor<?x8xf32>
  return %i : tensor<?x8xi32>
}

// CHECK-LABEL: func.func @select_all(
// CHECK-NOT: memref.load
// CHECK: return
func.func @select_all(%s: tensor<?x?xf32>) -> tensor<?x?xi32> {
  %i = moe.select all %s : tensor<?x?xf32>
  return %i : tensor<?x?xi32>
}

// CHECK-LABEL: func.func @select_positive(
// CHECK: arith.cmpf olt
func.func @select_positive(%s: tensor<?x8xf32>) -> tensor<?x8xi32> {
  %i = moe.select positive %s : tensor<?x8xf32>
  return %i : tensor<?x8xi32>
}

// The table is read only where the id is in range.
// CHECK-LABEL: func.func @lookup(
// CHECK: scf.parallel
// CHECK: scf.if
// CHECK-NEXT: memref.load
func.func @lookup(%table: tensor<32000xi32>, %ids: tensor<?xi32>) -> tensor<?x1xi32> {
  %i = moe.lookup %table, %ids : tensor<32000xi32>, tensor<?xi32>
  return %i : tensor<?x1xi32>
}

// CHECK-LABEL: func.func @mask_choices(
// CHECK: arith.cmpf une
// CHECK: arith.select
func.func @mask_choices(%i: tensor<?x2xi32>, %m: tensor<?xf32>) -> tensor<?x2xi32> {
  %kept = moe.mask_choices %i, %m : tensor<?x2xi32>, tensor<?xf32>
  return %kept : tensor<?x2xi32>
}

// CHECK-LABEL: func.func @filter_choices(
// CHECK: arith.cmpi slt
// CHECK: arith.mulf
// CHECK: arith.cmpf olt
func.func @filter_choices(%i: tensor<?x2xi32>, %w: tensor<?x2xf32>, %t: tensor<?xf32>)
    -> tensor<?x2xi32> {
  %kept = moe.filter_choices %i, %w, %t : tensor<?x2xi32>, tensor<?x2xf32>, tensor<?xf32>
  return %kept : tensor<?x2xi32>
}
