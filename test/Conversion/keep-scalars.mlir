// RUN: moe-opt %s --moe-keep-scalars --split-input-file | FileCheck %s

// What a loop computes of memory is kept to the end of the function.
// CHECK-LABEL: func.func @sum(
// CHECK: %[[SLOT:.+]] = memref.alloc() : memref<index>
// CHECK: %[[SUM:.+]] = scf.for
// CHECK: memref.store %[[SUM]], %[[SLOT]][]
// CHECK: %[[KEPT:.+]] = memref.load %[[SLOT]][]
// CHECK: arith.minsi %[[KEPT]]
// CHECK: memref.dealloc %[[SLOT]]
// CHECK-NEXT: return
func.func @sum(%counts: memref<8xindex>, %limit: index) -> index {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %sum = scf.for %i = %c0 to %c8 step %c1 iter_args(%before = %c0) -> index {
    %count = memref.load %counts[%i] : memref<8xindex>
    %after = arith.addi %before, %count : index
    scf.yield %after : index
  }
  %rows = arith.minsi %sum, %limit : index
  return %rows : index
}

// -----

// CHECK-LABEL: func.func @load(
// CHECK: %[[LOADED:.+]] = memref.load %{{.+}}[%{{.+}}] : memref<8xf32>
// CHECK: memref.store %[[LOADED]], %[[SLOT:.+]][] : memref<f32>
// CHECK: %[[KEPT:.+]] = memref.load %[[SLOT]][]
// CHECK: arith.addf %[[KEPT]], %[[KEPT]]
func.func @load(%x: memref<8xf32>, %y: memref<f32>) {
  %c0 = arith.constant 0 : index
  %first = memref.load %x[%c0] : memref<8xf32>
  %twice = arith.addf %first, %first : f32
  memref.store %twice, %y[] : memref<f32>
  return
}

// -----

// Numbers of the host, results nobody uses, and what is inside of loops stay.
// CHECK-LABEL: func.func @nothing(
// CHECK-NOT: memref.alloc
// CHECK: return
func.func @nothing(%x: memref<?xf32>, %y: memref<?xf32>) -> index {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = memref.dim %x, %c0 : memref<?xf32>
  %unused = memref.load %x[%c0] : memref<?xf32>
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    %v = memref.load %x[%i] : memref<?xf32>
    memref.store %v, %y[%i] : memref<?xf32>
  }
  return %n : index
}
