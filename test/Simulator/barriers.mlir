// Two warps exchange what they wrote through a named barrier.

// RUN: moe-sim %s --seeds=4 | FileCheck %s --check-prefix=OK
// OK-COUNT-4: relative error 0.00e+00

// RUN: sed -e '/@SYNC/d' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=RACE
// RACE: error: {{data-race: (read|write) of 1 bytes at shared|never-written:}}

// RUN: sed -e '/@SYNC/s/number_of_threads = .all/number_of_threads = %%more/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=MORE
// MORE: error: deadlock: {{.*}}barrier 1, where 64 of 96 threads are

// RUN: sed -e '/@SYNC/s/number_of_threads = .all/number_of_threads = %%odd/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=ODD
// ODD: error: bad-barrier: {{.*}}63 threads, expected a multiple of 32

// RUN: sed -e '/@OTHER/s/id = .two/id = %%one/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=CLASH
// CLASH: error: bad-barrier: {{.*}}barrier 1 for {{.*}} threads, but others are at it for

// RUN: sed -e 's,^ *// @EXIT,nvvm.exit,' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=EXIT
// EXIT: error: deadlock: no thread can go on; {{.*}}barrier 1, where 32 of 64 threads are

module attributes {sim.launches = [
  {kernel = @exchange, grid = array<i32: 1>, block = array<i32: 96>, args = [0 : index]}]} {

func.func @reference(%c: memref<64xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %c63 = arith.constant 63 : index
  scf.for %i = %c0 to %c64 step %c1 {
    %mirror = arith.subi %c63, %i : index
    %value = arith.index_cast %mirror : index to i32
    memref.store %value, %c[%i] : memref<64xi32>
  }
  return
}

gpu.module @kernels {
  llvm.mlir.global internal @values() {addr_space = 3 : i32} : !llvm.array<64 x i32>

  gpu.func @exchange(%c: !llvm.ptr<1>) kernel {
    %one = arith.constant 1 : i32
    %two = arith.constant 2 : i32
    %odd = arith.constant 63 : i32
    %last = arith.constant 63 : i32
    %all = arith.constant 64 : i32
    %warp = arith.constant 32 : i32
    %more = arith.constant 96 : i32
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %values = llvm.mlir.addressof @values : !llvm.ptr<3>
    %active = arith.cmpi ult, %tid, %all : i32
    scf.if %active {
      %lower = arith.cmpi ult, %tid, %warp : i32
      scf.if %lower {
        // @EXIT
      }
      %mine = llvm.getelementptr %values[%tid] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i32
      llvm.store %tid, %mine : i32, !llvm.ptr<3>
      nvvm.barrier id = %one number_of_threads = %all // @SYNC
      %mirror = arith.subi %last, %tid : i32
      %other = llvm.getelementptr %values[%mirror] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i32
      %value = llvm.load %other : !llvm.ptr<3> -> i32
      %target = llvm.getelementptr %c[%tid] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
      llvm.store %value, %target : i32, !llvm.ptr<1>
    } else {
      nvvm.barrier id = %two number_of_threads = %warp // @OTHER
    }
    gpu.return
  }
}
}
