// Shuffles, votes, reductions and matches of a warp.

// RUN: moe-sim %s --seeds=4 | FileCheck %s --check-prefix=OK
// OK-COUNT-4: relative error 0.00e+00

// RUN: sed -e '/@UP/s/shfl.sync up/shfl.sync down/' %s | not moe-sim - --tolerance=0 2>&1 | FileCheck %s --check-prefix=WRONG
// RUN: sed -e '/@SEGMENT/s/%%eighths/%%c31/' %s | not moe-sim - --tolerance=0 2>&1 | FileCheck %s --check-prefix=WRONG
// RUN: sed -e '/@MATCH/s/%%quarter/%%lane/' %s | not moe-sim - --tolerance=0 2>&1 | FileCheck %s --check-prefix=WRONG
// WRONG: error: wrong-result:

// Half of the warp.
// RUN: sed -e '/@MASK/s/%%all/%%low/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=MASK
// MASK: error: divergent-warp: nvvm.redux.sync {{.*}}is not in its own mask 0xffff

// RUN: sed -e '/@MASK/s/%%all/%%mine/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=MASKS
// MASKS: error: divergent-warp: nvvm.redux.sync {{.*}}with mask {{.*}}while lanes {{.*}}with mask

// RUN: sed -e 's,^ *// @EXIT,scf.if %%isHigh { nvvm.exit },' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=EXIT
// EXIT: error: divergent-warp: nvvm.shfl.sync {{.*}}which is not in mask 0xffffffff or has ended

module attributes {sim.launches = [
  {kernel = @warp, grid = array<i32: 1>, block = array<i32: 32>, args = [0 : index]}]} {

func.func @reference(%c: memref<10x32xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c5 = arith.constant 5 : index
  %c6 = arith.constant 6 : index
  %c7 = arith.constant 7 : index
  %c8 = arith.constant 8 : index
  %c9 = arith.constant 9 : index
  %c32 = arith.constant 32 : index
  %one = arith.constant 1 : i32
  %votes = arith.constant 6 : i32
  // Bits 0, 3, 6 ...; the sum of squares to 31; 31 - 16; every fourth bit; all bits.
  %thirds = arith.constant 1227133513 : i32
  %sum = arith.constant 10416 : i32
  %largest = arith.constant 15 : i32
  %fourths = arith.constant 286331153 : i32
  %all = arith.constant -1 : i32
  scf.for %i = %c0 to %c32 step %c1 {
    %own = arith.muli %i, %i : index
    %before = arith.subi %i, %c3 : index
    %beforeSquare = arith.muli %before, %before : index
    %hasBefore = arith.cmpi uge, %i, %c3 : index
    %up = arith.select %hasBefore, %beforeSquare, %own : index
    %inSegment = arith.remui %i, %c8 : index
    %hasAfter = arith.cmpi ult, %inSegment, %c3 : index
    %after = arith.addi %i, %c5 : index
    %afterSquare = arith.muli %after, %after : index
    %down = arith.select %hasAfter, %afterSquare, %own : index
    %seven = arith.muli %i, %c7 : index
    %from = arith.remui %seven, %c32 : index
    %fromSquare = arith.muli %from, %from : index
    %partner = arith.xori %i, %c4 : index
    %partnerSquare = arith.muli %partner, %partner : index
    %quarter = arith.remui %i, %c4 : index
    %isFirst = arith.cmpi eq, %i, %c0 : index
    %elected = arith.extui %isFirst : i1 to i32
    %flags = arith.addi %votes, %elected : i32
    %quarter32 = arith.index_cast %quarter : index to i32
    %same = arith.shli %fourths, %quarter32 : i32
    %up32 = arith.index_cast %up : index to i32
    %down32 = arith.index_cast %down : index to i32
    %from32 = arith.index_cast %fromSquare : index to i32
    %partner32 = arith.index_cast %partnerSquare : index to i32
    memref.store %up32, %c[%c0, %i] : memref<10x32xi32>
    memref.store %down32, %c[%c1, %i] : memref<10x32xi32>
    memref.store %from32, %c[%c2, %i] : memref<10x32xi32>
    memref.store %partner32, %c[%c3, %i] : memref<10x32xi32>
    memref.store %thirds, %c[%c4, %i] : memref<10x32xi32>
    memref.store %sum, %c[%c5, %i] : memref<10x32xi32>
    memref.store %same, %c[%c6, %i] : memref<10x32xi32>
    memref.store %flags, %c[%c7, %i] : memref<10x32xi32>
    memref.store %largest, %c[%c8, %i] : memref<10x32xi32>
    memref.store %all, %c[%c9, %i] : memref<10x32xi32>
  }
  return
}

gpu.module @kernels {
  gpu.func @warp(%c: !llvm.ptr<1>) kernel {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %c2 = arith.constant 2 : i32
    %c3 = arith.constant 3 : i32
    %c4 = arith.constant 4 : i32
    %c5 = arith.constant 5 : i32
    %c7 = arith.constant 7 : i32
    %c8 = arith.constant 8 : i32
    %c16 = arith.constant 16 : i32
    %c31 = arith.constant 31 : i32
    %c32 = arith.constant 32 : i32
    %all = arith.constant -1 : i32
    %low = arith.constant 65535 : i32
    %eighths = arith.constant 6175 : i32
    %lane = nvvm.read.ptx.sreg.laneid : i32
    %isHigh = arith.cmpi uge, %lane, %c16 : i32
    %mine = arith.select %isHigh, %all, %low : i32
    %square = arith.muli %lane, %lane : i32
    // @EXIT
    %r0 = nvvm.shfl.sync up %all, %square, %c3, %c0 : i32 -> i32 // @UP
    %r1 = nvvm.shfl.sync down %all, %square, %c5, %eighths : i32 -> i32 // @SEGMENT
    %seven = arith.muli %lane, %c7 : i32
    %r2 = nvvm.shfl.sync idx %all, %square, %seven, %c31 : i32 -> i32
    %r3 = nvvm.shfl.sync bfly %all, %square, %c4, %c31 : i32 -> i32
    %third = arith.remui %lane, %c3 : i32
    %isThird = arith.cmpi eq, %third, %c0 : i32
    %r4 = nvvm.vote.sync ballot %all, %isThird -> i32
    %r5 = nvvm.redux.sync add %square, %all : i32 -> i32 // @MASK
    %quarter = arith.remui %lane, %c4 : i32
    %r6 = nvvm.match.sync any %all, %quarter : i32 -> i32 // @MATCH
    %elected = nvvm.elect.sync -> i1
    %isFive = arith.cmpi eq, %lane, %c5 : i32
    %isLane = arith.cmpi ult, %lane, %c32 : i32
    %any = nvvm.vote.sync any %all, %isFive -> i1
    %every = nvvm.vote.sync all %all, %isLane -> i1
    %uniform = nvvm.vote.sync uni %all, %isFive -> i1
    %b0 = arith.select %elected, %c1, %c0 : i32
    %b1 = arith.select %any, %c2, %c0 : i32
    %b2 = arith.select %every, %c4, %c0 : i32
    %b3 = arith.select %uniform, %c8, %c0 : i32
    %b01 = arith.ori %b0, %b1 : i32
    %b23 = arith.ori %b2, %b3 : i32
    %r7 = arith.ori %b01, %b23 : i32
    %signed = arith.subi %lane, %c16 : i32
    %r8 = nvvm.redux.sync max %signed, %all : i32 -> i32
    %agree = nvvm.match.sync all %all, %c7 : i32 -> !llvm.struct<(i32, i1)>
    %agreeing = llvm.extractvalue %agree[0] : !llvm.struct<(i32, i1)>
    %doAgree = llvm.extractvalue %agree[1] : !llvm.struct<(i32, i1)>
    %r9 = arith.select %doAgree, %agreeing, %c0 : i32
    %to0 = llvm.getelementptr %c[%lane] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
    %to1 = llvm.getelementptr %to0[32] : (!llvm.ptr<1>) -> !llvm.ptr<1>, i32
    %to2 = llvm.getelementptr %to0[64] : (!llvm.ptr<1>) -> !llvm.ptr<1>, i32
    %to3 = llvm.getelementptr %to0[96] : (!llvm.ptr<1>) -> !llvm.ptr<1>, i32
    %to4 = llvm.getelementptr %to0[128] : (!llvm.ptr<1>) -> !llvm.ptr<1>, i32
    %to5 = llvm.getelementptr %to0[160] : (!llvm.ptr<1>) -> !llvm.ptr<1>, i32
    %to6 = llvm.getelementptr %to0[192] : (!llvm.ptr<1>) -> !llvm.ptr<1>, i32
    %to7 = llvm.getelementptr %to0[224] : (!llvm.ptr<1>) -> !llvm.ptr<1>, i32
    %to8 = llvm.getelementptr %to0[256] : (!llvm.ptr<1>) -> !llvm.ptr<1>, i32
    %to9 = llvm.getelementptr %to0[288] : (!llvm.ptr<1>) -> !llvm.ptr<1>, i32
    llvm.store %r0, %to0 : i32, !llvm.ptr<1>
    llvm.store %r1, %to1 : i32, !llvm.ptr<1>
    llvm.store %r2, %to2 : i32, !llvm.ptr<1>
    llvm.store %r3, %to3 : i32, !llvm.ptr<1>
    llvm.store %r4, %to4 : i32, !llvm.ptr<1>
    llvm.store %r5, %to5 : i32, !llvm.ptr<1>
    llvm.store %r6, %to6 : i32, !llvm.ptr<1>
    llvm.store %r7, %to7 : i32, !llvm.ptr<1>
    llvm.store %r8, %to8 : i32, !llvm.ptr<1>
    llvm.store %r9, %to9 : i32, !llvm.ptr<1>
    gpu.return
  }
}
}
