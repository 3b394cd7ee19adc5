// A line comes by cp.async.bulk, is doubled and goes back by cp.async.bulk; then it is read
// through the cache for constants.

// RUN: moe-sim %s --seeds=4 | FileCheck %s --check-prefix=OK
// OK-COUNT-4: relative error 0.00e+00

// RUN: sed -e 's/llvm.load %%known invariant .*/nvvm.inline_ptx "ld.global.nc.L1::no_allocate.b32 {$w0}, [{$r0}];" ro(%%known : !llvm.ptr<1>) -> i32/' %s | moe-sim - | FileCheck %s --check-prefix=PTX
// PTX: relative error 0.00e+00

// RUN: sed -e 's/%%bytes = arith.constant 128/%%bytes = arith.constant 120/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=SIZE
// SIZE: error: misaligned: nvvm.cp.async.bulk.shared.cluster.global {{.*}}size 0x78, expected a multiple of 16

// RUN: sed -e '/@SOURCE/s/a.0./a[1]/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=SOURCE
// SOURCE: error: {{out-of-bounds|misaligned}}: read of 128 bytes at offset 4 of buffer 0

// RUN: sed -e '/@LANDED/d' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=LANDED
// LANDED: error: missing-wait: read {{.*}}nothing waited for nvvm.cp.async.bulk.shared.cluster.global

// RUN: sed -e '/@PROXY/d' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=PROXY
// PROXY: error: missing-proxy-fence: read {{.*}}nvvm.cp.async.bulk.global.shared.cta

// RUN: sed -e '/@DONE/s/0/1/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=DONE
// DONE: error: {{data-race|unfinished-copy|never-written}}:

// Written for sure, but the cache for constants does not know.
// RUN: sed -e '/@CONSTANT/s/%%a\[/%%c[/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=STALE
// STALE: error: stale-read: read {{.*}} of buffer 1, llvm.load {{.*}}the non-coherent cache may not see the earlier write, nvvm.cp.async.bulk.global.shared.cta {{.*}}of the same launch

module attributes {sim.launches = [
  {kernel = @double, grid = array<i32: 1>, block = array<i32: 32>, args = [0 : index, 1 : index, 2 : index]}]} {

func.func @reference(%a: memref<32xi32> {sim.init = "index"}, %c: memref<32xi32>, %d: memref<32xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c32 = arith.constant 32 : index
  scf.for %i = %c0 to %c32 step %c1 {
    %x = memref.load %a[%i] : memref<32xi32>
    %double = arith.addi %x, %x : i32
    memref.store %double, %c[%i] : memref<32xi32>
    memref.store %x, %d[%i] : memref<32xi32>
  }
  return
}

gpu.module @kernels {
  llvm.mlir.global internal @barriers() {addr_space = 3 : i32, alignment = 8 : i64} : !llvm.array<1 x i64>
  llvm.mlir.global internal @line() {addr_space = 3 : i32, alignment = 128 : i64} : !llvm.array<32 x i32>

  gpu.func @double(%a: !llvm.ptr<1>, %c: !llvm.ptr<1>, %d: !llvm.ptr<1>) kernel {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %all = arith.constant -1 : i32
    %bytes = arith.constant 128 : i32
    %ticks = arith.constant 1000000 : i32
    %hint = arith.constant 0 : i64
    %lane = nvvm.read.ptx.sreg.laneid : i32
    %barrier = llvm.mlir.addressof @barriers : !llvm.ptr<3>
    %line = llvm.mlir.addressof @line : !llvm.ptr<3>
    %target = llvm.addrspacecast %line : !llvm.ptr<3> to !llvm.ptr<7>
    %source = llvm.getelementptr %a[0] : (!llvm.ptr<1>) -> !llvm.ptr<1>, i32 // @SOURCE
    %first = arith.cmpi eq, %lane, %c0 : i32
    scf.if %first {
      nvvm.mbarrier.init %barrier, %c1 : !llvm.ptr<3>, i32
      nvvm.fence.mbarrier.init
      nvvm.mbarrier.arrive.expect_tx %barrier, %bytes : !llvm.ptr<3>, i32
      nvvm.cp.async.bulk.shared.cluster.global %target, %source, %barrier, %bytes l2_cache_hint = %hint : !llvm.ptr<7>, !llvm.ptr<1>
    }
    nvvm.bar.warp.sync %all : i32
    nvvm.mbarrier.try_wait.parity %barrier, %c0, %ticks : !llvm.ptr<3>, i32, i32 // @LANDED
    %mine = llvm.getelementptr %line[%lane] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i32
    %x = llvm.load %mine : !llvm.ptr<3> -> i32
    %double = arith.addi %x, %x : i32
    llvm.store %double, %mine : i32, !llvm.ptr<3>
    nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>} // @PROXY
    nvvm.bar.warp.sync %all : i32
    scf.if %first {
      nvvm.cp.async.bulk.global.shared.cta %c, %line, %bytes l2_cache_hint = %hint : !llvm.ptr<1>, !llvm.ptr<3>
      nvvm.cp.async.bulk.commit.group
      nvvm.cp.async.bulk.wait_group 0 // @DONE
    }
    nvvm.bar.warp.sync %all : i32
    %known = llvm.getelementptr %a[%lane] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32 // @CONSTANT
    %y = llvm.load %known invariant : !llvm.ptr<1> -> i32
    %to = llvm.getelementptr %d[%lane] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
    llvm.store %y, %to : i32, !llvm.ptr<1>
    gpu.return
  }
}
}
