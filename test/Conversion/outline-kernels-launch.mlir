// RUN: moe-opt %s --moe-outline-kernels --split-input-file --verify-diagnostics | FileCheck %s

// The body of a launch is a kernel, whose shared memory is a variable of the device.
// CHECK-LABEL: func.func @reverse(
// CHECK-SAME: %[[X:[^:]+]]: memref<?xi32>, %[[BLOCKS:[^:]+]]: index
// CHECK: gpu.launch_func @kernels::@reverse_kernel_0 blocks in (%[[BLOCKS]], %{{.+}}, %{{.+}}) threads in (%[[THREADS:.+]], %{{.+}}, %{{.+}}) args(
// CHECK-NOT: gpu.launch
// CHECK: gpu.module @kernels
// CHECK: memref.global "private" @[[SHARED:.+]] : memref<64xi32, 3> = uninitialized
// CHECK: llvm.func @reverse_kernel_0(
// CHECK-SAME: nvvm.reqntid = array<i32: 64, 1, 1>
// CHECK-DAG: %[[BUFFER:.+]] = memref.get_global @[[SHARED]] : memref<64xi32, 3>
// CHECK-DAG: nvvm.read.ptx.sreg.tid.x
// CHECK-DAG: nvvm.read.ptx.sreg.ctaid.x
// CHECK: memref.store %{{.+}}, %[[BUFFER]]
// CHECK: nvvm.barrier0
// CHECK: memref.load %[[BUFFER]]
func.func @reverse(%x: memref<?xi32>, %blocks: index) {
  %c1 = arith.constant 1 : index
  %c63 = arith.constant 63 : index
  %c64 = arith.constant 64 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %blocks, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %c64, %sy = %c1, %sz = %c1)
             workgroup(%shared: memref<64xi32, #gpu.address_space<workgroup>>) {
    %first = arith.muli %bx, %c64 : index
    %at = arith.addi %first, %tx : index
    %element = memref.load %x[%at] : memref<?xi32>
    memref.store %element, %shared[%tx] : memref<64xi32, #gpu.address_space<workgroup>>
    nvvm.barrier0
    %from = arith.subi %c63, %tx : index
    %other = memref.load %shared[%from] : memref<64xi32, #gpu.address_space<workgroup>>
    memref.store %other, %x[%at] : memref<?xi32>
    gpu.terminator
  }
  return
}

// -----

// Each launch has memory of its own.
// CHECK-LABEL: func.func @twice(
// CHECK: gpu.launch_func @kernels::@twice_kernel_0
// CHECK: gpu.launch_func @kernels::@twice_kernel_1
// CHECK-DAG: memref.global "private" @twice_kernel_0_shared : memref<8xi32, 3>
// CHECK-DAG: memref.global "private" @twice_kernel_1_shared : memref<16xi32, 3>
func.func @twice(%x: memref<4xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %c1, %sy = %c1, %sz = %c1)
             workgroup(%shared: memref<8xi32, #gpu.address_space<workgroup>>) {
    %element = memref.load %shared[%c0] : memref<8xi32, #gpu.address_space<workgroup>>
    memref.store %element, %x[%c0] : memref<4xi32>
    gpu.terminator
  }
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %c1, %sy = %c1, %sz = %c1)
             workgroup(%shared: memref<16xi32, #gpu.address_space<workgroup>>) {
    %element = memref.load %shared[%c1] : memref<16xi32, #gpu.address_space<workgroup>>
    memref.store %element, %x[%c1] : memref<4xi32>
    gpu.terminator
  }
  return
}

// -----

func.func @threads_of_two_dimensions(%x: memref<4xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c5 = arith.constant 5 : i32
  // expected-error @below {{expected blocks of one dimension and of a constant number of threads}}
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %c2, %sy = %c2, %sz = %c1) {
    memref.store %c5, %x[%c0] : memref<4xi32>
    gpu.terminator
  }
  return
}

// -----

func.func @threads_by_number(%x: memref<4xi32>, %threads: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c5 = arith.constant 5 : i32
  // expected-error @below {{expected blocks of one dimension and of a constant number of threads}}
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1)
             threads(%tx, %ty, %tz) in (%sx = %threads, %sy = %c1, %sz = %c1) {
    memref.store %c5, %x[%c0] : memref<4xi32>
    gpu.terminator
  }
  return
}
