// Single accesses of one warp, each with a mistake to make.

// RUN: moe-sim %s --seeds=4 | FileCheck %s --check-prefix=OK
// OK-COUNT-4: relative error 0.00e+00

// RUN: sed -e '/@FILL/d' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=POISON
// POISON: error: never-written: read of 1 bytes at shared memory {{.*}}llvm.load

// RUN: sed -e '/@MASK/s/%%all/%%half/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=MASK
// MASK: error: divergent-warp: {{.*}}nvvm.shfl.sync{{.*}}is not in its own mask

// RUN: sed -e '/@VECTOR/s/%%tid/%%next/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=VECTOR
// VECTOR: error: misaligned: {{.*}}llvm.store{{.*}}expected a multiple of 8

// RUN: sed -e '/@TARGET/s/%%c\[/%%a[/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=READ-ONLY
// READ-ONLY: error: read-only: write of 8 bytes

// RUN: sed -e '/@WARP/d' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=WARP
// WARP: error: {{data-race|never-written}}: read of 1 bytes

// RUN: sed -e '/@BOUND/s/%%c32/%%c31/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=TRAP
// TRAP: error: trap: llvm.intr.trap

// RUN: sed -e 's,^ *// @ARRIVE,nvvm.mbarrier.arrive %%values : !llvm.ptr<3>,' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=NO-INIT
// NO-INIT: error: bad-barrier: nvvm.mbarrier.arrive {{.*}}it is not initialised

// RUN: sed -e 's,^ *// @ARRIVE,nvvm.tcgen05.relinquish_alloc_permit,' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: error: {{.*}}op 'nvvm.tcgen05.relinquish_alloc_permit' is not simulated

module attributes {sim.launches = [
  {kernel = @reverse, grid = array<i32: 1>, block = array<i32: 32>, args = [0 : index, 1 : index]}]} {

// Pairs of the mirrored element and the sum of the lane and its neighbour.
func.func @reference(%a: memref<32xi32> {sim.init = "index"}, %c: memref<32x2xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c31 = arith.constant 31 : index
  %c32 = arith.constant 32 : index
  scf.for %i = %c0 to %c32 step %c1 {
    %mirror = arith.subi %c31, %i : index
    %value = arith.index_cast %mirror : index to i32
    memref.store %value, %c[%i, %c0] : memref<32x2xi32>
    %neighbour = arith.xori %i, %c1 : index
    %sum = arith.addi %i, %neighbour : index
    %sum32 = arith.index_cast %sum : index to i32
    memref.store %sum32, %c[%i, %c1] : memref<32x2xi32>
  }
  return
}

gpu.module @kernels {
  llvm.mlir.global internal @values() {addr_space = 3 : i32, alignment = 8 : i64} : !llvm.array<32 x i32>

  gpu.func @reverse(%a: !llvm.ptr<1>, %c: !llvm.ptr<1>) kernel {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %c2 = arith.constant 2 : i32
    %c31 = arith.constant 31 : i32
    %c32 = arith.constant 32 : i32
    %half = arith.constant 65535 : i32
    %all = arith.constant -1 : i32
    %lane = nvvm.read.ptx.sreg.laneid : i32
    %values = llvm.mlir.addressof @values : !llvm.ptr<3>
    // @ARRIVE
    %inside = arith.cmpi ult, %lane, %c32 : i32 // @BOUND
    scf.if %inside {
    } else {
      "llvm.intr.trap"() : () -> ()
    }
    %from = llvm.getelementptr %a[%lane] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
    %x = llvm.load %from : !llvm.ptr<1> -> i32
    %mine = llvm.getelementptr %values[%lane] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i32
    llvm.store %x, %mine : i32, !llvm.ptr<3> // @FILL
    nvvm.bar.warp.sync %all : i32 // @WARP
    %mirror = arith.subi %c31, %lane : i32
    %theirs = llvm.getelementptr %values[%mirror] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i32
    %y = llvm.load %theirs : !llvm.ptr<3> -> i32
    %z = nvvm.shfl.sync bfly %all, %x, %c1, %c31 : i32 -> i32 // @MASK
    %sum = arith.addi %x, %z : i32
    %v0 = llvm.mlir.undef : vector<2xi32>
    %v1 = llvm.insertelement %y, %v0[%c0 : i32] : vector<2xi32>
    %v2 = llvm.insertelement %sum, %v1[%c1 : i32] : vector<2xi32>
    %tid = arith.muli %lane, %c2 : i32
    %next = arith.addi %tid, %c1 : i32
    %start = llvm.getelementptr %c[%c0] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32 // @TARGET
    %target = llvm.getelementptr %start[%tid] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32 // @VECTOR
    llvm.store %v2, %target : vector<2xi32>, !llvm.ptr<1>
    gpu.return
  }
}
}
