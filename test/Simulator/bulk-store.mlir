// Threads fill shared memory, one stores it in bulk, twice through the same memory.

// RUN: moe-sim %s --seeds=4 | FileCheck %s --check-prefix=OK
// OK-COUNT-4: relative error 0.00e+00

// RUN: sed -e '/@PROXY/d' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=PROXY
// PROXY: error: missing-proxy-fence: read {{.*}}nvvm.cp.async.bulk.tensor.global.shared.cta{{.*}}write, llvm.store

// RUN: sed -e '/@FILLED/d' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=FILLED
// FILLED: error: {{data-race: (read|write) .*cp.async.bulk.tensor.global.shared.cta|never-written: read .*cp.async.bulk.tensor.global.shared.cta}}

// RUN: sed -e '/@READ/d' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=READ
// READ: error: {{data-race|unfinished-copy}}:

// RUN: sed -e '/@COMMIT/d' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=COMMIT
// COMMIT: error: {{data-race|unfinished-copy}}:

// RUN: sed -e '/@FREE/d' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=FREE
// FREE: error: data-race: {{(read|write)}}

// RUN: sed -e '/@BOX/s/%%c8/%%c1/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=BOX
// BOX: error: {{data-race: write .*cp.async.bulk.tensor|wrong-result:}}

module attributes {sim.launches = [
  {kernel = @fill, grid = array<i32: 1>, block = array<i32: 64>,
   args = [{of = 0, box = array<i64: 8, 8>}]}]} {

func.func @reference(%c: memref<16x8xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  scf.for %i = %c0 to %c16 step %c1 {
    scf.for %j = %c0 to %c8 step %c1 {
      %row = arith.muli %i, %c8 : index
      %index = arith.addi %row, %j : index
      %value = arith.index_cast %index : index to i32
      memref.store %value, %c[%i, %j] : memref<16x8xi32>
    }
  }
  return
}

gpu.module @kernels {
  llvm.mlir.global internal @values() {addr_space = 3 : i32, alignment = 128 : i64} : !llvm.array<64 x i32>

  gpu.func @fill(%map: !llvm.ptr) kernel {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %c2 = arith.constant 2 : i32
    %c8 = arith.constant 8 : i32
    %c64 = arith.constant 64 : i32
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %values = llvm.mlir.addressof @values : !llvm.ptr<3>
    %first = arith.cmpi eq, %tid, %c0 : i32
    scf.for %i = %c0 to %c2 step %c1 : i32 {
      %base = arith.muli %i, %c64 : i32
      %value = arith.addi %base, %tid : i32
      %mine = llvm.getelementptr %values[%tid] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i32
      llvm.store %value, %mine : i32, !llvm.ptr<3>
      nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>} // @PROXY
      nvvm.barrier0 // @FILLED
      scf.if %first {
        %row = arith.muli %i, %c8 : i32 // @BOX
        nvvm.cp.async.bulk.tensor.global.shared.cta %map, %values, box[%c0, %row] : !llvm.ptr, !llvm.ptr<3>
        nvvm.cp.async.bulk.commit.group // @COMMIT
        nvvm.cp.async.bulk.wait_group 0 {read} // @READ
      }
      nvvm.barrier0 // @FREE
    }
    gpu.return
  }
}
}
