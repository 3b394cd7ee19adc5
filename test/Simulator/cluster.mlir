// The CTAs of a cluster read each other's shared memory.

// RUN: moe-sim %s --seeds=4 | FileCheck %s --check-prefix=OK
// OK-COUNT-4: relative error 0.00e+00

// RUN: sed -e '/@START/d' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=START
// START: error: remote-not-started: read of 4 bytes

// RUN: sed -e '/@START/s/arrive/arrive.relaxed/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=RELAXED
// RELAXED: error: {{data-race|never-written}}:

// RUN: sed -e '/@END/d' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=END
// END: error: remote-exited:

// RUN: sed -e '/@RANK/s/%%other/%%big/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=RANK
// RANK: error: out-of-bounds: rank 2 in a cluster of 2

module attributes {sim.launches = [
  {kernel = @swap, grid = array<i32: 4>, block = array<i32: 32>, cluster = array<i32: 2>, args = [0 : index]}]} {

func.func @reference(%c: memref<4x32xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c32 = arith.constant 32 : index
  scf.for %i = %c0 to %c4 step %c1 {
    %other = arith.xori %i, %c1 : index
    scf.for %j = %c0 to %c32 step %c1 {
      %row = arith.muli %other, %c32 : index
      %index = arith.addi %row, %j : index
      %value = arith.index_cast %index : index to i32
      memref.store %value, %c[%i, %j] : memref<4x32xi32>
    }
  }
  return
}

gpu.module @kernels {
  llvm.mlir.global internal @values() {addr_space = 3 : i32} : !llvm.array<32 x i32>

  gpu.func @swap(%c: !llvm.ptr<1>) kernel {
    %c1 = arith.constant 1 : i32
    %big = arith.constant 2 : i32
    %c32 = arith.constant 32 : i32
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %cta = nvvm.read.ptx.sreg.ctaid.x : i32
    %rank = nvvm.read.ptx.sreg.cluster.ctarank : i32
    %values = llvm.mlir.addressof @values : !llvm.ptr<3>
    %base = arith.muli %cta, %c32 : i32
    %index = arith.addi %base, %tid : i32
    %mine = llvm.getelementptr %values[%tid] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i32
    llvm.store %index, %mine : i32, !llvm.ptr<3>
    nvvm.cluster.arrive {aligned} // @START
    nvvm.cluster.wait {aligned} // @START
    %other = arith.xori %rank, %c1 : i32
    %theirs = nvvm.mapa %mine, %other : !llvm.ptr<3> -> !llvm.ptr<7> // @RANK
    %value = llvm.load %theirs : !llvm.ptr<7> -> i32
    nvvm.cluster.arrive {aligned} // @END
    nvvm.cluster.wait {aligned} // @END
    %target = llvm.getelementptr %c[%index] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
    llvm.store %value, %target : i32, !llvm.ptr<1>
    gpu.return
  }
}
}
