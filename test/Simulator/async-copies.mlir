// A warp copies rows of 16, 8 and 4 bytes a lane by cp.async, the tail filled with zeros,
// and announces them on an mbarrier; another warp waits and stores what came.

// RUN: moe-sim %s --seeds=4 | FileCheck %s --check-prefix=OK
// OK-COUNT-4: relative error 0.00e+00

// With arrivals that the count does not foresee.
// RUN: sed -e 's/ {noinc = true}//; s,^ *// @OWN,nvvm.mbarrier.arrive %%barrier : !llvm.ptr<3>,' %s | moe-sim - --seeds=4 | FileCheck %s --check-prefix=OK

// RUN: sed -e 's/ {noinc = true}//' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=NOINC
// NOINC: error: deadlock: {{.*}}lacks 32 arrivals

// RUN: sed -e '/@ANNOUNCE/s/nvvm.cp.async.mbarrier.arrive \(%%[a-z]*\) .*/nvvm.mbarrier.arrive \1 : !llvm.ptr<3>/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=PLAIN
// PLAIN: error: {{missing-wait|data-race}}: read of {{.*}} llvm.load {{.*}}nvvm.cp.async.shared.global

// RUN: sed -e '/@WAIT/d' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=WAIT
// WAIT: error: {{missing-wait|data-race|never-written|unfinished-copy}}:

// RUN: sed -e '/@VALID/s/%%valid/%%more/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=VALID
// VALID: error: out-of-bounds: nvvm.cp.async.shared.global {{.*}}24 bytes of a copy of 16

// RUN: sed -e '/@VALID/s/, %%valid//; /@VALID/s/, i32 / /' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=TAIL
// TAIL: error: out-of-bounds: read of 16 bytes at offset 496 of buffer 0, nvvm.cp.async{{.*}}: it has 504

// RUN: sed -e '/@EIGHT/s/%%lane8/%%lane4/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=ALIGN
// ALIGN: error: misaligned: write of 8 bytes at shared memory {{.*}}expected a multiple of 8

module attributes {sim.launches = [
  {kernel = @copy, grid = array<i32: 1>, block = array<i32: 64>, args = [0 : index, 1 : index]}]} {

// 126 words in, 128 out; then twice the first 64 and 32 of them.
func.func @reference(%a: memref<126xi32> {sim.init = "index"}, %c: memref<224xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c126 = arith.constant 126 : index
  %c128 = arith.constant 128 : index
  %c64 = arith.constant 64 : index
  %c224 = arith.constant 224 : index
  %zero = arith.constant 0 : i32
  scf.for %i = %c0 to %c224 step %c1 {
    %early = arith.cmpi ult, %i, %c128 : index
    %inside = arith.cmpi ult, %i, %c126 : index
    %late = arith.subi %i, %c128 : index
    %in64 = arith.cmpi ult, %late, %c64 : index
    %last = arith.subi %late, %c64 : index
    %second = arith.select %in64, %late, %last : index
    %index = arith.select %early, %i, %second : index
    %isTail = arith.cmpi eq, %early, %inside : i1
    %value = arith.index_cast %index : index to i32
    %result = arith.select %isTail, %value, %zero : i32
    memref.store %result, %c[%i] : memref<224xi32>
  }
  return
}

gpu.module @kernels {
  llvm.mlir.global internal @barriers() {addr_space = 3 : i32, alignment = 8 : i64} : !llvm.array<1 x i64>
  llvm.mlir.global internal @values() {addr_space = 3 : i32, alignment = 128 : i64} : !llvm.array<224 x i32>

  gpu.func @copy(%a: !llvm.ptr<1>, %c: !llvm.ptr<1>) kernel {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %c2 = arith.constant 2 : i32
    %c4 = arith.constant 4 : i32
    %c7 = arith.constant 7 : i32
    %c8 = arith.constant 8 : i32
    %c16 = arith.constant 16 : i32
    %c24 = arith.constant 24 : i32
    %c31 = arith.constant 31 : i32
    %c32 = arith.constant 32 : i32
    %ticks = arith.constant 1000000 : i32
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %lane = nvvm.read.ptx.sreg.laneid : i32
    %barrier = llvm.mlir.addressof @barriers : !llvm.ptr<3>
    %values = llvm.mlir.addressof @values : !llvm.ptr<3>
    %first = arith.cmpi eq, %tid, %c0 : i32
    scf.if %first {
      nvvm.mbarrier.init %barrier, %c32 : !llvm.ptr<3>, i32
    }
    nvvm.barrier0
    %isProducer = arith.cmpi ult, %tid, %c32 : i32
    %lane4 = arith.muli %lane, %c4 : i32
    %lane8 = arith.muli %lane, %c8 : i32
    %lane16 = arith.muli %lane, %c16 : i32
    scf.if %isProducer {
      %isLast = arith.cmpi eq, %lane, %c31 : i32
      %valid = arith.select %isLast, %c8, %c16 : i32
      %more = arith.select %isLast, %c8, %c24 : i32
      %from16 = llvm.getelementptr %a[%lane16] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i8
      %to16 = llvm.getelementptr %values[%lane16] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
      nvvm.cp.async.shared.global %to16, %from16, 16, cache = cg, %valid : !llvm.ptr<3>, !llvm.ptr<1>, i32 // @VALID
      %values8 = llvm.getelementptr %values[512] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i8
      %from8 = llvm.getelementptr %a[%lane8] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i8
      %to8 = llvm.getelementptr %values8[%lane8] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8 // @EIGHT
      nvvm.cp.async.shared.global %to8, %from8, 8, cache = ca : !llvm.ptr<3>, !llvm.ptr<1>
      %values4 = llvm.getelementptr %values[768] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i8
      %from4 = llvm.getelementptr %a[%lane4] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i8
      %to4 = llvm.getelementptr %values4[%lane4] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
      nvvm.cp.async.shared.global %to4, %from4, 4, cache = ca : !llvm.ptr<3>, !llvm.ptr<1>
      nvvm.cp.async.mbarrier.arrive %barrier {noinc = true} : !llvm.ptr<3> // @ANNOUNCE
      // @OWN
    } else {
      nvvm.mbarrier.try_wait.parity %barrier, %c0, %ticks : !llvm.ptr<3>, i32, i32 // @WAIT
      scf.for %i = %c0 to %c7 step %c1 : i32 {
        %base = arith.muli %i, %c32 : i32
        %index = arith.addi %base, %lane : i32
        %from = llvm.getelementptr %values[%index] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i32
        %to = llvm.getelementptr %c[%index] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
        %x = llvm.load %from : !llvm.ptr<3> -> i32
        llvm.store %x, %to : i32, !llvm.ptr<1>
      }
    }
    gpu.return
  }
}
}
