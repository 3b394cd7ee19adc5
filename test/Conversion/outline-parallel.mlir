// RUN: moe-opt %s --moe-outline-parallel --split-input-file --verify-diagnostics | FileCheck %s

// The body becomes a function of a range and the values it uses; constants are copied.
// CHECK: llvm.func internal @fill_task_0(%[[BEGIN:.+]]: i64, %[[END:.+]]: i64, %[[VALUES:.+]]: !llvm.ptr)
// CHECK-DAG: arith.constant 2.000000e+00 : f32
// CHECK-DAG: llvm.load %[[VALUES]] : !llvm.ptr -> !llvm.struct<(struct<(ptr, ptr, i64, array<1 x i64>, array<1 x i64>)>)>
// CHECK-DAG: %[[B:.+]] = arith.index_cast %[[BEGIN]]
// CHECK-DAG: %[[E:.+]] = arith.index_cast %[[END]]
// CHECK: scf.for %{{.+}} = %[[B]] to %[[E]]
// CHECK: memref.store
// CHECK: llvm.return
// CHECK-LABEL: func.func @fill
// CHECK-SAME: %[[PARALLEL_FOR:[^:, ]+]]: !llvm.ptr, %[[CONTEXT:[^:, ]+]]: !llvm.ptr)
// CHECK: %[[RECORD:.+]] = llvm.alloca
// CHECK: llvm.store %{{.+}}, %[[RECORD]]
// CHECK: %[[TASK:.+]] = llvm.mlir.addressof @fill_task_0
// CHECK: llvm.call %[[PARALLEL_FOR]](%[[CONTEXT]], %{{.+}}, %[[TASK]], %[[RECORD]]) : !llvm.ptr, (!llvm.ptr, i64, !llvm.ptr, !llvm.ptr) -> ()
// CHECK-NOT: scf.parallel
func.func @fill(%buffer: memref<?xf32>, %count: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %two = arith.constant 2.0 : f32
  scf.parallel (%i) = (%c0) to (%count) step (%c1) {
    memref.store %two, %buffer[%i] : memref<?xf32>
  }
  return
}

// -----

// Only the outermost of nested loops gets threads.
// CHECK-LABEL: llvm.func internal @nested_task_0
// CHECK: scf.for
// CHECK: scf.parallel
// CHECK-LABEL: func.func @nested
// CHECK-COUNT-1: llvm.call %
func.func @nested(%buffer: memref<?x?xf32>, %count: index, %value: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.parallel (%i) = (%c0) to (%count) step (%c1) {
    scf.parallel (%j) = (%c0) to (%count) step (%c1) {
      memref.store %value, %buffer[%i, %j] : memref<?x?xf32>
    }
  }
  return
}

// -----

// A caller hands on what it is given.
// CHECK-LABEL: func.func @inner
// CHECK-LABEL: func.func @outer
// CHECK-SAME: %[[PARALLEL_FOR:[^:, ]+]]: !llvm.ptr, %[[CONTEXT:[^:, ]+]]: !llvm.ptr)
// CHECK: call @inner(%{{.+}}, %{{.+}}, %[[PARALLEL_FOR]], %[[CONTEXT]])
// CHECK-LABEL: func.func @apart(
// CHECK-NOT: llvm.ptr
func.func @inner(%buffer: memref<?xf32>, %value: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    memref.store %value, %buffer[%i] : memref<?xf32>
  }
  return
}
func.func @outer(%buffer: memref<?xf32>, %value: f32) {
  call @inner(%buffer, %value) : (memref<?xf32>, f32) -> ()
  return
}
func.func @apart(%value: f32) -> f32 {
  return %value : f32
}

// -----

// Loops of another form stay, and need no runtime.
// CHECK-LABEL: func.func @other
// CHECK-NOT: llvm.ptr
// CHECK: scf.parallel
// CHECK-NOT: llvm.call
func.func @other(%buffer: memref<?xf32>, %begin: index, %count: index, %value: f32) {
  %c1 = arith.constant 1 : index
  scf.parallel (%i) = (%begin) to (%count) step (%c1) {
    memref.store %value, %buffer[%i] : memref<?xf32>
  }
  return
}

// -----

// What has no form in memory cannot be given to another thread.
func.func @tensor(%x: tensor<4xf32>, %buffer: memref<?xf32>, %count: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-error @below {{uses a value of type 'tensor<4xf32>' that the runtime cannot be given}}
  scf.parallel (%i) = (%c0) to (%count) step (%c1) {
    %element = tensor.extract %x[%c0] : tensor<4xf32>
    memref.store %element, %buffer[%i] : memref<?xf32>
  }
  return
}
