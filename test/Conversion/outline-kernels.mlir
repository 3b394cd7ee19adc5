// RUN: moe-opt %s --moe-outline-kernels --split-input-file | FileCheck %s

// Loops inside each other are one: a thread for each element, whose number is split again.
// CHECK-LABEL: func.func @scale(
// CHECK-DAG: %[[TOTAL:.+]] = arith.muli
// CHECK-DAG: %[[BLOCKS:.+]] = arith.ceildivui %[[TOTAL]], %c128
// CHECK-DAG: %[[FEW:.+]] = arith.minui %[[BLOCKS]], %c1056
// CHECK-DAG: %[[SOME:.+]] = arith.maxui %[[FEW]], %c1
// CHECK: gpu.launch_func @kernels::@scale_kernel_0 blocks in (%[[SOME]], %{{[^ ]+}}, %{{[^ ]+}}) threads in (%c128{{[^ ]*}}, %{{[^ ]+}}, %{{[^ ]+}})
// CHECK-SAME: args(%{{.+}} : i64, %{{.+}} : !llvm.ptr<1>
// CHECK-NOT: scf.parallel
// CHECK: gpu.module @kernels [#nvvm.target<O = 3, chip = "sm_90a"
// CHECK: llvm.func @scale_kernel_0(
// CHECK-SAME: gpu.kernel, nvvm.kernel, nvvm.minctasm = 1 : i32, nvvm.reqntid = array<i32: 128, 1, 1>
// The next kernel may start, and what others compute is waited for.
// CHECK: nvvm.griddepcontrol launch_dependents
// CHECK-NOT: memref.load
// CHECK: nvvm.griddepcontrol wait
// CHECK: nvvm.read.ptx.sreg.ctaid.x
// CHECK: nvvm.read.ptx.sreg.nctaid.x
// CHECK: scf.for %[[ELEMENT:.+]] = %
// CHECK: %[[COLUMN:.+]] = arith.remui %[[ELEMENT]], %[[WIDTH:.+]] : index
// CHECK: %[[ROW:.+]] = arith.divui %[[ELEMENT]], %[[WIDTH]] : index
// CHECK: %[[FACTOR:.+]] = memref.load %{{.+}}[%[[ROW]]]
// CHECK: memref.load %{{.+}}[%[[ROW]], %[[COLUMN]]]
// CHECK: arith.mulf %{{.+}}, %[[FACTOR]]
// CHECK: memref.store
func.func @scale(%x: memref<?x40xf32>, %factors: memref<?xf32>, %y: memref<?x40xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c40 = arith.constant 40 : index
  %n = memref.dim %x, %c0 : memref<?x40xf32>
  scf.parallel (%row) = (%c0) to (%n) step (%c1) {
    %factor = memref.load %factors[%row] : memref<?xf32>
    scf.parallel (%column) = (%c0) to (%c40) step (%c1) {
      %in = memref.load %x[%row, %column] : memref<?x40xf32>
      %out = arith.mulf %in, %factor : f32
      memref.store %out, %y[%row, %column] : memref<?x40xf32>
    }
  }
  return
}

// -----

// A loop that writes what is read before it is not one with the loop around it: its iterations
// are those of the lanes of a warp, which all store before others read.
// CHECK-LABEL: llvm.func @in_place_kernel_0(
// CHECK-DAG: %[[LANE:.+]] = arith.remui %{{.+}}, %c32
// CHECK: scf.for %[[ROW:.+]] =
// CHECK: %[[FIRST:.+]] = memref.load %{{.+}}[%[[ROW]], %c0
// CHECK: scf.for %[[COLUMN:.+]] = %{{.+}} to %c40{{.*}} step %
// CHECK: arith.mulf
// CHECK: memref.store %{{.+}}, %{{.+}}[%[[ROW]], %[[COLUMN]]]
// CHECK: nvvm.bar.warp.sync
func.func @in_place(%x: memref<?x40xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c40 = arith.constant 40 : index
  %n = memref.dim %x, %c0 : memref<?x40xf32>
  scf.parallel (%row) = (%c0) to (%n) step (%c1) {
    %factor = memref.load %x[%row, %c0] : memref<?x40xf32>
    scf.parallel (%column) = (%c0) to (%c40) step (%c1) {
      %in = memref.load %x[%row, %column] : memref<?x40xf32>
      %out = arith.mulf %in, %factor : f32
      memref.store %out, %x[%row, %column] : memref<?x40xf32>
    }
  }
  return
}

// -----

// A reduction of lanes begins with what changes nothing and ends with five exchanges; what all
// lanes know is stored by one.
// CHECK-LABEL: llvm.func @largest_kernel_0(
// CHECK: %[[LOWEST:.+]] = arith.constant 0xFF800000 : f32
// CHECK: %[[PARTIAL:.+]] = scf.for {{.*}} iter_args(%{{.+}} = %[[LOWEST]]) -> (f32)
// CHECK: arith.maximumf
// CHECK: %[[SECOND:.+]] = nvvm.shfl.sync bfly %{{.+}}, %[[PARTIAL]]
// CHECK: arith.maximumf %[[PARTIAL]], %[[SECOND]]
// CHECK-COUNT-4: nvvm.shfl.sync bfly
// CHECK-NOT: nvvm.shfl.sync
// CHECK: %[[LANES:.+]] = arith.maximumf
// CHECK: %[[MAX:.+]] = arith.maximumf %{{.+}}, %[[LANES]]
// CHECK: nvvm.bar.warp.sync
// CHECK: scf.if
// CHECK-NEXT: memref.store %[[MAX]]
// CHECK: nvvm.bar.warp.sync
func.func @largest(%x: memref<?x40xf32>, %y: memref<?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c40 = arith.constant 40 : index
  %one = arith.constant 1.0 : f32
  %n = memref.dim %x, %c0 : memref<?x40xf32>
  scf.parallel (%row) = (%c0) to (%n) step (%c1) {
    %max = scf.parallel (%column) = (%c0) to (%c40) step (%c1) init (%one) -> f32 {
      %in = memref.load %x[%row, %column] : memref<?x40xf32>
      scf.reduce(%in : f32) {
      ^bb0(%a: f32, %b: f32):
        %c = arith.maximumf %a, %b : f32
        scf.reduce.return %c : f32
      }
    }
    memref.store %max, %y[%row] : memref<?xf32>
  }
  return
}

// -----

// Memory on the stack of an iteration is the warp's, in shared memory.
// CHECK: memref.global "private" @[[$SHARED:.+]] : memref<4x40xf32, 3> = uninitialized
// CHECK-LABEL: llvm.func @row_kernel_0(
// CHECK: %[[ALL:.+]] = memref.get_global @[[$SHARED]]
// CHECK-NOT: memref.alloca
// CHECK: memref.subview %[[ALL]][%{{.+}}, 0] [1, 40] [1, 1]
func.func @row(%x: memref<?x40xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c39 = arith.constant 39 : index
  %c40 = arith.constant 40 : index
  %n = memref.dim %x, %c0 : memref<?x40xf32>
  scf.parallel (%row) = (%c0) to (%n) step (%c1) {
    %copy = memref.alloca() : memref<40xf32>
    scf.parallel (%column) = (%c0) to (%c40) step (%c1) {
      %in = memref.load %x[%row, %column] : memref<?x40xf32>
      memref.store %in, %copy[%column] : memref<40xf32>
    }
    scf.parallel (%column) = (%c0) to (%c40) step (%c1) {
      %mirrored = arith.subi %c39, %column : index
      %out = memref.load %copy[%mirrored] : memref<40xf32>
      memref.store %out, %x[%row, %column] : memref<?x40xf32>
    }
  }
  return
}

// -----

// What lies between parallel loops is one kernel of one thread. A number that is kept is read
// by the kernels that need it; the host has its bound.
// CHECK-LABEL: func.func @rows(
// CHECK: gpu.launch_func @kernels::@rows_kernel_0 blocks in (%c1{{.*}}) threads in (%c1{{.*}})
// CHECK-NOT: memref.load
// CHECK: %[[BLOCKS:.+]] = arith.ceildivui %[[TOKENS:.+]], %c128
// CHECK: gpu.launch_func @kernels::@rows_kernel_1
// CHECK-NOT: gpu.launch_func
// CHECK: llvm.func @rows_kernel_0(
// CHECK: scf.for
// CHECK: memref.store
// CHECK: memref.store
// CHECK: llvm.return
// CHECK: llvm.func @rows_kernel_1(
// CHECK: %[[KEPT:.+]] = memref.load %{{.+}}[] : memref<index>
// CHECK: arith.minsi %[[KEPT]]
func.func @rows(%counts: memref<8xindex>, %y: memref<?xf32>, %workspace: memref<?xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c64 = arith.constant 64 : index
  %one = arith.constant 1.0 : f32
  %tokens = memref.dim %y, %c0 : memref<?xf32>
  %slot = memref.view %workspace[%c0][] : memref<?xi8> to memref<index>
  %sum = scf.for %i = %c0 to %c8 step %c1 iter_args(%before = %c0) -> index {
    %count = memref.load %counts[%i] : memref<8xindex>
    %after = arith.addi %before, %count : index
    scf.yield %after : index
  }
  memref.store %sum, %slot[] : memref<index>
  %kept = memref.load %slot[] : memref<index>
  %rows = arith.minsi %kept, %tokens : index
  memref.store %c0, %counts[%c0] : memref<8xindex>
  scf.parallel (%i) = (%c0) to (%rows) step (%c1) {
    memref.store %one, %y[%i] : memref<?xf32>
  }
  return
}

// -----

// Code of the host stays.
// CHECK-LABEL: func.func @nothing(
// CHECK-NOT: gpu.launch_func
// CHECK: arith.muli
// CHECK: return
// CHECK-NOT: gpu.module
func.func @nothing(%x: memref<?xf32>) -> index {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %n = memref.dim %x, %c0 : memref<?xf32>
  %size = arith.muli %n, %c3 : index
  return %size : index
}
