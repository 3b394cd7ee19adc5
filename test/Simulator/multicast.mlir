// Each CTA of a cluster loads half a tile for both of them, by tensor map with three
// dimensions; then one sends what it has to the other.

// RUN: moe-sim %s --seeds=4 | FileCheck %s --check-prefix=OK
// OK-COUNT-4: relative error 0.00e+00

// RUN: sed -e 's/c3_i16 = arith.constant 3/c3_i16 = arith.constant 1/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=ONE
// ONE: error: {{deadlock|bad-barrier|missing-wait|data-race|unfinished-copy|never-written}}:

// RUN: sed -e 's/c3_i16 = arith.constant 3/c3_i16 = arith.constant 7/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=MANY
// MANY: error: out-of-bounds: {{.*}}multicast to 0x7 in a cluster of 2

// RUN: sed -e 's/%%bytes = arith.constant 512/%%bytes = arith.constant 256/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=BYTES
// BYTES: error: {{bad-barrier: .*256 bytes more came than expected|missing-wait: .*nothing waited for nvvm.cp.async.bulk.tensor}}

// RUN: sed -e '/@START/d' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=START
// START: error: {{remote-not-started|bad-barrier|data-race}}:

// RUN: sed -e '/@INIT-FENCE/d' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=INIT-FENCE
// INIT-FENCE: error: missing-init-fence: nvvm.cp.async.bulk.tensor

// RUN: sed -e '/@PROXY/d' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=PROXY
// PROXY: error: missing-proxy-fence: read {{.*}}nvvm.cp.async.bulk.shared.cluster.shared.cta

// RUN: sed -e '/@PROXY/s/async.shared/async.global/; /@PROXY/s/, space = #nvvm.shared_space<cta>//' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=SPACE
// SPACE: error: missing-proxy-fence: read {{.*}}nvvm.cp.async.bulk.shared.cluster.shared.cta

// RUN: sed -e '/@END/d' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=END
// END: error: {{remote-exited|unfinished-copy|never-written}}:

// RUN: sed -e '/@SEND/s/%%otherBarrier/%%barrier1/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=SEND
// SEND: error: bad-barrier: nvvm.cp.async.bulk.shared.cluster.shared.cta {{.*}}the mbarrier is not in the CTA of the target

// RUN: sed -e '/@MAP/s/map.0./map[32]/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=MAP
// MAP: error: out-of-bounds: read of 128 bytes at offset 32 of tensor map, nvvm.prefetch

// RUN: sed -e '/@DEPTH/s/%%c1/%%c4/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=DEPTH
// DEPTH: error: wrong-result:

module attributes {sim.launches = [
  {kernel = @share, grid = array<i32: 2>, block = array<i32: 32>, cluster = array<i32: 2>,
   args = [{of = 0, box = array<i64: 16, 4, 1>}, 1 : index]}]} {

// Both CTAs write slice 1 of A, the second also what the first sent: twice its values.
func.func @reference(%a: memref<3x8x16xi32> {sim.init = "index"}, %c: memref<3x8x16xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  scf.for %i = %c0 to %c3 step %c1 {
    %isSent = arith.cmpi eq, %i, %c2 : index
    scf.for %j = %c0 to %c8 step %c1 {
      scf.for %k = %c0 to %c16 step %c1 {
        %x = memref.load %a[%c1, %j, %k] : memref<3x8x16xi32>
        %double = arith.addi %x, %x : i32
        %value = arith.select %isSent, %double, %x : i32
        memref.store %value, %c[%i, %j, %k] : memref<3x8x16xi32>
      }
    }
  }
  return
}

gpu.module @kernels {
  llvm.mlir.global internal @barriers() {addr_space = 3 : i32, alignment = 8 : i64} : !llvm.array<2 x i64>
  llvm.mlir.global internal @tile() {addr_space = 3 : i32, alignment = 128 : i64} : !llvm.array<128 x i32>
  llvm.mlir.global internal @sent() {addr_space = 3 : i32, alignment = 128 : i64} : !llvm.array<128 x i32>

  llvm.func @share(%map: !llvm.ptr {llvm.byval = !llvm.array<128 x i8>, llvm.align = 64 : i64, nvvm.grid_constant},
                   %c: !llvm.ptr<1>) attributes {nvvm.kernel} {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %c2 = arith.constant 2 : i32
    %c4 = arith.constant 4 : i32
    %c32 = arith.constant 32 : i32
    %c64 = arith.constant 64 : i32
    %c128 = arith.constant 128 : i32
    %c3_i16 = arith.constant 3 : i16
    %hint = arith.constant 0 : i64
    %bytes = arith.constant 512 : i32
    %ticks = arith.constant 1000000 : i32
    %lane = nvvm.read.ptx.sreg.laneid : i32
    %rank = nvvm.read.ptx.sreg.cluster.ctarank : i32
    %barrier = llvm.mlir.addressof @barriers : !llvm.ptr<3>
    %barrier1 = llvm.getelementptr %barrier[8] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i8
    %tile = llvm.mlir.addressof @tile : !llvm.ptr<3>
    %sent = llvm.mlir.addressof @sent : !llvm.ptr<3>
    %line = llvm.getelementptr %map[0] : (!llvm.ptr) -> !llvm.ptr, i8 // @MAP
    nvvm.prefetch tensormap, %line : !llvm.ptr
    %first = nvvm.elect.sync -> i1
    scf.if %first {
      nvvm.mbarrier.init %barrier, %c1 : !llvm.ptr<3>, i32
      nvvm.mbarrier.init %barrier1, %c1 : !llvm.ptr<3>, i32
      nvvm.mbarrier.arrive.expect_tx %barrier, %bytes : !llvm.ptr<3>, i32
      nvvm.mbarrier.arrive.expect_tx %barrier1, %bytes : !llvm.ptr<3>, i32
      nvvm.fence.mbarrier.init // @INIT-FENCE
    }
    nvvm.cluster.arrive {aligned} // @START
    nvvm.cluster.wait {aligned} // @START
    %row = arith.muli %rank, %c4 : i32
    %index = arith.muli %rank, %c64 : i32
    %half = llvm.getelementptr %tile[%index] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i32
    %target = llvm.addrspacecast %half : !llvm.ptr<3> to !llvm.ptr<7>
    scf.if %first {
      nvvm.cp.async.bulk.tensor.shared.cluster.global %target, %map, %barrier, box[%c0, %row, %c1] multicast_mask = %c3_i16 l2_cache_hint = %hint : !llvm.ptr<7>, !llvm.ptr // @DEPTH
    }
    nvvm.mbarrier.try_wait.parity %barrier, %c0, %ticks : !llvm.ptr<3>, i32, i32
    %base = arith.muli %rank, %c128 : i32
    scf.for %i = %c0 to %c4 step %c1 : i32 {
      %start = arith.muli %i, %c32 : i32
      %at = arith.addi %start, %lane : i32
      %from = llvm.getelementptr %tile[%at] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i32
      %x = llvm.load %from : !llvm.ptr<3> -> i32
      %out = arith.addi %base, %at : i32
      %to = llvm.getelementptr %c[%out] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
      llvm.store %x, %to : i32, !llvm.ptr<1>
      %double = arith.addi %x, %x : i32
      llvm.store %double, %from : i32, !llvm.ptr<3>
    }
    nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>} // @PROXY
    nvvm.barrier0
    %isSender = arith.cmpi eq, %rank, %c0 : i32
    %other = nvvm.mapa %sent, %c1 : !llvm.ptr<3> -> !llvm.ptr<7>
    %otherBarrier7 = nvvm.mapa %barrier1, %c1 : !llvm.ptr<3> -> !llvm.ptr<7>
    %otherBits = llvm.ptrtoint %otherBarrier7 : !llvm.ptr<7> to i32
    %otherBarrier = llvm.inttoptr %otherBits : i32 to !llvm.ptr<3>
    %sends = arith.andi %isSender, %first : i1
    scf.if %sends {
      nvvm.cp.async.bulk.shared.cluster.shared.cta %other, %tile, %otherBarrier, %bytes : !llvm.ptr<7>, !llvm.ptr<3> // @SEND
    }
    scf.if %isSender {
    } else {
      nvvm.mbarrier.try_wait.parity %barrier1, %c0, %ticks : !llvm.ptr<3>, i32, i32
      scf.for %i = %c0 to %c4 step %c1 : i32 {
        %start = arith.muli %i, %c32 : i32
        %at = arith.addi %start, %lane : i32
        %from = llvm.getelementptr %sent[%at] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i32
        %x = llvm.load %from : !llvm.ptr<3> -> i32
        %two = arith.muli %c2, %c128 : i32
        %out = arith.addi %two, %at : i32
        %to = llvm.getelementptr %c[%out] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
        llvm.store %x, %to : i32, !llvm.ptr<1>
      }
    }
    nvvm.cluster.arrive {aligned} // @END
    nvvm.cluster.wait {aligned} // @END
    llvm.return
  }
}
}
