// A producer warp loads tiles through a ring of two stages, a warpgroup multiplies them.
// The twin without a fault, then one fault each.

// RUN: moe-sim %s --seeds=4 | FileCheck %s --check-prefix=OK
// OK-COUNT-4: relative error {{.*}} 16 matrix ops

// RUN: sed -e '/@INIT-FENCE/d' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=INIT-FENCE
// INIT-FENCE: error: missing-init-fence:

// RUN: sed -e '/@INIT-SYNC/d' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=INIT-SYNC
// INIT-SYNC: error: {{data-race: nvvm.mbarrier.* nothing orders it after the initialisation|bad-barrier: .*it is not initialised}}

// RUN: sed -e 's/%%bytes = arith.constant 16384/%%bytes = arith.constant 16400/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=MANY-BYTES
// MANY-BYTES: error: deadlock: {{.*}}phase 0 lacks 0 arrivals and 16 bytes

// RUN: sed -e 's/%%bytes = arith.constant 16384/%%bytes = arith.constant 16368/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=FEW-BYTES
// FEW-BYTES: error: bad-barrier: {{.*}}16 bytes more came than expected

// RUN: sed -e '/@FULL-WAIT/s/%%parity,/%%other,/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=FULL-WAIT
// FULL-WAIT: error: missing-wait: {{.*}}wgmma

// RUN: sed -e '/@EMPTY-WAIT/s/%%other,/%%parity,/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=EMPTY-WAIT
// EMPTY-WAIT: error: deadlock: {{.*}}mbarrier

// RUN: sed -e '/@EMPTY-WAIT/d' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=EARLY
// EARLY: error: {{data-race|missing-wait|bad-barrier}}:

// RUN: sed -e '/@ARRIVE/d' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=ARRIVE
// ARRIVE: error: deadlock: {{.*}}lacks 128 arrivals

// RUN: sed -e 's/%%consumers = arith.constant 128/%%consumers = arith.constant 129/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=COUNT
// COUNT: error: deadlock: {{.*}}phase 0 lacks 1 arrivals

// RUN: sed -e '/@WGMMA-FENCE/d' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=WGMMA-FENCE
// WGMMA-FENCE: error: missing-wgmma-fence:

// RUN: sed -e '/@COMMIT/d' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=COMMIT
// COMMIT: error: missing-wait: {{.*}}accumulator

// RUN: sed -e '/@WAIT-GROUP/s/aligned 0/aligned 1/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=WAIT-GROUP
// WAIT-GROUP: error: {{data-race|missing-wait}}:

// RUN: sed -e 's/swizzle = 128/swizzle = 64/; s/box = array<i64: 64, 64>/box = array<i64: 32, 64>/g' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=BOX
// BOX: error: deadlock:

// RUN: sed -e 's/4611686293305360384/-9223371761910349824/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=SWIZZLE
// SWIZZLE: error: wrong-result:

// RUN: sed -e 's/shared = 32768/shared = 24576/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=SMALL
// SMALL: error: out-of-bounds:

// RUN: sed -e 's/@smem() {addr_space = 3 : i32, alignment = 1024/@smem() {addr_space = 3 : i32, alignment = 16/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=ALIGN
// ALIGN: error: misaligned: {{.*}}expected a multiple of 128

// RUN: sed -e '/@ROW/s/%%c64 :/%%c65 :/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=ROW
// ROW: error: {{out-of-bounds|data-race}}:

// RUN: sed -e 's/llvm.mlir.constant(dense<0.0>/llvm.mlir.undef/; s/%%zero = llvm.mlir.zero : !acc/%%zero = llvm.mlir.undef : !acc/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=POISON
// POISON: error: never-written: {{.*}}accumulator register

// RUN: sed -e 's/setmaxregister decrease 40/setmaxregister increase 240/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=REGISTERS
// REGISTERS: error: deadlock: {{.*}}registers: it asks for

// B with contiguous columns instead of K.
// RUN: sed -e 's|%%b: memref<64x256xbf16>|%%b: memref<256x64xbf16>|; s|(n, k)>,|(k, n)>,|; s|memref<64x256xbf16>) outs|memref<256x64xbf16>) outs|; s|mapB, %%fullK, box.%%column, %%c0|mapB, %%fullK, box[%%c0, %%column|; s|descB, %%step|descB, %%stepRows|; s|B .<bf16>, <one>, <col>|B [<bf16>, <one>, <row>|' %s | moe-sim - | FileCheck %s --check-prefix=ROWS
// ROWS: relative error {{.*}} 16 matrix ops

!acc = !llvm.struct<(f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32,
                     f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32)>

module attributes {sim.launches = [
  {kernel = @gemm, grid = array<i32: 1>, block = array<i32: 256>, shared = 32768,
   args = [{of = 0, box = array<i64: 64, 64>, swizzle = 128},
           {of = 1, box = array<i64: 64, 64>, swizzle = 128}, 2 : index]}]} {

func.func @reference(%a: memref<64x256xbf16> {sim.init = "random"},
                     %b: memref<64x256xbf16> {sim.init = "random"}, %c: memref<64x64xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<64x64xf32>)
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                                   affine_map<(m, n, k) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<64x256xbf16>, memref<64x256xbf16>) outs(%c : memref<64x64xf32>) {
  ^bb0(%x: bf16, %y: bf16, %sum: f32):
    %0 = arith.extf %x : bf16 to f32
    %1 = arith.extf %y : bf16 to f32
    %2 = arith.mulf %0, %1 : f32
    %3 = arith.addf %sum, %2 : f32
    linalg.yield %3 : f32
  }
  return
}

gpu.module @kernels {
  llvm.mlir.global internal @barriers() {addr_space = 3 : i32, alignment = 8 : i64} : !llvm.array<4 x i64>
  llvm.mlir.global external @smem() {addr_space = 3 : i32, alignment = 1024 : i64} : !llvm.array<0 x i8>

  gpu.func @gemm(%mapA: !llvm.ptr, %mapB: !llvm.ptr, %c: !llvm.ptr<1>) kernel
      attributes {nvvm.maxnreg = 136 : i32} {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %c2 = arith.constant 2 : i32
    %c4 = arith.constant 4 : i32
    %c8 = arith.constant 8 : i32
    %c16 = arith.constant 16 : i32
    %c32 = arith.constant 32 : i32
    %c64 = arith.constant 64 : i32
    %c65 = arith.constant 65 : i32
    %c128 = arith.constant 128 : i32
    %c256 = arith.constant 256 : i32
    %ticks = arith.constant 1000000 : i32
    %consumers = arith.constant 128 : i32
    %bytes = arith.constant 16384 : i32
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %full = llvm.mlir.addressof @barriers : !llvm.ptr<3>
    %empty = llvm.getelementptr %full[16] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i8
    %smem = llvm.mlir.addressof @smem : !llvm.ptr<3>

    %first = arith.cmpi eq, %tid, %c0 : i32
    scf.if %first {
      %full1 = llvm.getelementptr %full[8] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i8
      %empty1 = llvm.getelementptr %empty[8] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i8
      nvvm.mbarrier.init %full, %c1 : !llvm.ptr<3>, i32
      nvvm.mbarrier.init %full1, %c1 : !llvm.ptr<3>, i32
      nvvm.mbarrier.init %empty, %consumers : !llvm.ptr<3>, i32
      nvvm.mbarrier.init %empty1, %consumers : !llvm.ptr<3>, i32
      nvvm.fence.mbarrier.init // @INIT-FENCE
    }
    nvvm.barrier0 // @INIT-SYNC

    %isConsumer = arith.cmpi ult, %tid, %c128 : i32
    scf.if %isConsumer {
      nvvm.setmaxregister increase 232
      %zero = llvm.mlir.zero : !acc
      %sum = scf.for %k = %c0 to %c4 step %c1 iter_args(%acc0 = %zero) -> (!acc) : i32 {
        %stage = arith.remui %k, %c2 : i32
        %round = arith.divui %k, %c2 : i32
        %parity = arith.remui %round, %c2 : i32
        %other = arith.subi %c1, %parity : i32
        %fullK = llvm.getelementptr %full[%stage] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i64
        %emptyK = llvm.getelementptr %empty[%stage] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i64
        nvvm.mbarrier.try_wait.parity %fullK, %parity, %ticks : !llvm.ptr<3>, i32, i32 // @FULL-WAIT
        // Matrices of eight rows in 1024 bytes, swizzled by 128.
        %fixed = arith.constant 4611686293305360384 : i64
        %c13 = arith.constant 13 : i32
        %offset = arith.shli %stage, %c13 : i32
        %tileA = llvm.getelementptr %smem[%offset] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
        %addressA = llvm.ptrtoint %tileA : !llvm.ptr<3> to i64
        %shift = arith.constant 4 : i64
        %startA = arith.shrui %addressA, %shift : i64
        %descA = arith.ori %startA, %fixed : i64
        %distance = arith.constant 1024 : i64
        %descB = arith.addi %descA, %distance : i64
        nvvm.wgmma.fence.aligned // @WGMMA-FENCE
        %c0i = arith.constant 0 : i64
        %c2i = arith.constant 2 : i64
        %c8i = arith.constant 8 : i64
        %acc = scf.for %step = %c0i to %c8i step %c2i iter_args(%in = %acc0) -> (!acc) : i64 {
          %c64i = arith.constant 64 : i64
          %stepRows = arith.muli %step, %c64i : i64
          %a = arith.addi %descA, %step : i64
          %b = arith.addi %descB, %step : i64
          %out = nvvm.wgmma.mma_async %a, %b, %in, #nvvm.shape<m = 64, n = 64, k = 16>,
            D [<f32>, <one>], A [<bf16>, <one>, <row>], B [<bf16>, <one>, <col>] : !acc -> !acc
          scf.yield %out : !acc
        }
        nvvm.wgmma.commit.group.sync.aligned // @COMMIT
        nvvm.wgmma.wait.group.sync.aligned 0 // @WAIT-GROUP
        nvvm.mbarrier.arrive %emptyK : !llvm.ptr<3> // @ARRIVE
        scf.yield %acc : !acc
      }
      // Row warp * 16 + lane / 4 (+ 8), column lane % 4 * 2 + i / 4 * 8 (+ 1).
      %one = arith.constant 1 : i64
      %local = llvm.alloca %one x !acc : (i64) -> !llvm.ptr
      llvm.store %sum, %local : !acc, !llvm.ptr
      scf.for %i = %c0 to %c32 step %c1 : i32 {
        %value = llvm.getelementptr %local[%i] : (!llvm.ptr, i32) -> !llvm.ptr, f32
        %x = llvm.load %value : !llvm.ptr -> f32
        %warp = arith.divui %tid, %c32 : i32
        %lane = arith.remui %tid, %c32 : i32
        %warpRow = arith.muli %warp, %c16 : i32
        %laneRow = arith.divui %lane, %c4 : i32
        %half = arith.divui %i, %c2 : i32
        %lower = arith.remui %half, %c2 : i32
        %lowerRow = arith.muli %lower, %c8 : i32
        %row0 = arith.addi %warpRow, %laneRow : i32
        %row = arith.addi %row0, %lowerRow : i32
        %pair = arith.remui %lane, %c4 : i32
        %pairColumn = arith.muli %pair, %c2 : i32
        %block = arith.divui %i, %c4 : i32
        %blockColumn = arith.muli %block, %c8 : i32
        %odd = arith.remui %i, %c2 : i32
        %column0 = arith.addi %pairColumn, %blockColumn : i32
        %column = arith.addi %column0, %odd : i32
        %rowStart = arith.muli %row, %c64 : i32 // @ROW
        %index = arith.addi %rowStart, %column : i32
        %target = llvm.getelementptr %c[%index] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
        llvm.store %x, %target : f32, !llvm.ptr<1>
      }
    } else {
      nvvm.setmaxregister decrease 40
      %isProducer = arith.cmpi eq, %tid, %c128 : i32
      scf.if %isProducer {
        scf.for %k = %c0 to %c4 step %c1 : i32 {
          %stage = arith.remui %k, %c2 : i32
          %round = arith.divui %k, %c2 : i32
          %parity = arith.remui %round, %c2 : i32
          %other = arith.subi %c1, %parity : i32
          %fullK = llvm.getelementptr %full[%stage] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i64
          %emptyK = llvm.getelementptr %empty[%stage] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i64
          nvvm.mbarrier.try_wait.parity %emptyK, %other, %ticks : !llvm.ptr<3>, i32, i32 // @EMPTY-WAIT
          nvvm.mbarrier.arrive.expect_tx %fullK, %bytes : !llvm.ptr<3>, i32
          %c13 = arith.constant 13 : i32
          %offset = arith.shli %stage, %c13 : i32
          %tileA = llvm.getelementptr %smem[%offset] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
          %tileB = llvm.getelementptr %tileA[16384] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i8
          %column = arith.muli %k, %c64 : i32
          %clusterA = llvm.addrspacecast %tileA : !llvm.ptr<3> to !llvm.ptr<7>
          %clusterB = llvm.addrspacecast %tileB : !llvm.ptr<3> to !llvm.ptr<7>
          nvvm.cp.async.bulk.tensor.shared.cluster.global %clusterA, %mapA, %fullK, box[%column, %c0] : !llvm.ptr<7>, !llvm.ptr
          nvvm.cp.async.bulk.tensor.shared.cluster.global %clusterB, %mapB, %fullK, box[%column, %c0] : !llvm.ptr<7>, !llvm.ptr
        }
      }
    }
    gpu.return
  }
}
}
