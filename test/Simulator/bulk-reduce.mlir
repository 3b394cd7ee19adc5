// CTAs add what they hold in shared memory to sums in global memory: by cp.reduce.async.bulk,
// which has no op, by tensor map, and by vectors of atomics.

// RUN: moe-sim %s --seeds=4 | FileCheck %s --check-prefix=OK
// OK-COUNT-4: relative error 0.00e+00

// Halves, whose atomics take pairs.
// DEFINE: %{half} = sed -e 's/add.v4.f32 .{$r0}., .*/add.noftz.v2.TYPEx2 [{$r0}], {{$r1}, {$r1}};" ro(%%to, %%pair : !llvm.ptr<1>, i32)/' \
// DEFINE:   -e 's/^ *%%value = arith.sitofp .*/&\n %%half = llvm.bitcast %%value : f32 to i16\n %%wide = llvm.zext %%half : i16 to i32\n %%upper = llvm.shl %%wide, %%c16 : i32\n %%pair = llvm.or %%wide, %%upper : i32/' \
// DEFINE:   -e 's/add.f32/add.noftz.f32/; s/constant 512/constant 256/; /@VECTOR/s/%%lane16/%%lane8/; s/f32/TYPE/g' %s
// RUN: %{half} | sed -e 's/TYPE/f16/g' | moe-sim - --seeds=4 | FileCheck %s --check-prefix=OK
// RUN: %{half} | sed -e 's/TYPE/bf16/g' | moe-sim - --seeds=4 | FileCheck %s --check-prefix=OK
// RUN: %{half} | sed -e 's/TYPE/f16/g; s/%%to, %%pair/%%to, %%wide/' | not moe-sim - 2>&1 | FileCheck %s --check-prefix=PAIR
// PAIR: error: wrong-result: buffer 2

// RUN: sed -e '/@PROXY/d' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=PROXY
// PROXY: error: missing-proxy-fence: read {{.*}}llvm.inline_asm

// RUN: sed -e '/@READ/d' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=READ
// READ: error: unfinished-copy: thread {{.*}}before its bulk copy number

// RUN: sed -e '/@FILLED/d' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=FILLED
// FILLED: error: {{data-race|never-written}}:

// RUN: sed -e 's/%%bytes = arith.constant 512/%%bytes = arith.constant 520/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=SIZE
// SIZE: error: misaligned: llvm.inline_asm {{.*}}size 0x208, expected a multiple of 16

// A copy in place of a reduction: the CTAs overwrite each other's.
// RUN: sed -e 's/nvvm.inline_ptx "cp.reduce.async.bulk.*/nvvm.cp.async.bulk.global.shared.cta %%sums, %%values, %%bytes : !llvm.ptr<1>, !llvm.ptr<3>/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=COPY
// COPY: error: data-race: write {{.*}} of buffer 0

// RUN: sed -e 's/add.f32 .{$r0}., .{$r1}., {$r2}/add.f16 [{$r0}], [{$r1}], {$r2}/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=FLUSH
// FLUSH: error: {{.*}}PTX 'cp.reduce.async.bulk.global.shared::cta.bulk_group.add.f16' is not simulated

// RUN: sed -e '/@VECTOR/s/%%lane16/%%lane8/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=VECTOR
// VECTOR: error: misaligned: address {{.*}}expected a multiple of 16, llvm.inline_asm

module attributes {sim.launches = [
  {kernel = @sum, grid = array<i32: 3>, block = array<i32: 32>,
   args = [0 : index, {of = 1, box = array<i64: 32, 4>}, 2 : index]}]} {

// The sum over the CTAs of 1 + the CTA's number, in each element; small integers are exact.
func.func @reference(%sums: memref<128xf32> {sim.init = "zero", sim.result},
                     %mapped: memref<4x32xf32> {sim.init = "zero", sim.result},
                     %vectors: memref<128xf32> {sim.init = "zero", sim.result}) {
  %six = arith.constant 6.0 : f32
  linalg.fill ins(%six : f32) outs(%sums : memref<128xf32>)
  linalg.fill ins(%six : f32) outs(%mapped : memref<4x32xf32>)
  linalg.fill ins(%six : f32) outs(%vectors : memref<128xf32>)
  return
}

gpu.module @kernels {
  llvm.mlir.global internal @values() {addr_space = 3 : i32, alignment = 128 : i64} : !llvm.array<128 x f32>

  gpu.func @sum(%sums: !llvm.ptr<1>, %map: !llvm.ptr, %vectors: !llvm.ptr<1>) kernel {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %c4 = arith.constant 4 : i32
    %c8 = arith.constant 8 : i32
    %c16 = arith.constant 16 : i32
    %c32 = arith.constant 32 : i32
    %all = arith.constant -1 : i32
    %bytes = arith.constant 512 : i32
    %lane = nvvm.read.ptx.sreg.laneid : i32
    %cta = nvvm.read.ptx.sreg.ctaid.x : i32
    %number = arith.addi %cta, %c1 : i32
    %value = arith.sitofp %number : i32 to f32
    %values = llvm.mlir.addressof @values : !llvm.ptr<3>
    scf.for %i = %c0 to %c4 step %c1 : i32 {
      %base = arith.muli %i, %c32 : i32
      %at = arith.addi %base, %lane : i32
      %mine = llvm.getelementptr %values[%at] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
      llvm.store %value, %mine : f32, !llvm.ptr<3>
    }
    nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>} // @PROXY
    nvvm.bar.warp.sync %all : i32 // @FILLED
    %first = arith.cmpi eq, %lane, %c0 : i32
    scf.if %first {
      nvvm.inline_ptx "cp.reduce.async.bulk.global.shared::cta.bulk_group.add.f32 [{$r0}], [{$r1}], {$r2};" ro(%sums, %values, %bytes : !llvm.ptr<1>, !llvm.ptr<3>, i32)
      nvvm.cp.async.bulk.tensor.reduce %map, %values, box[%c0, %c0] {redKind = #nvvm.tma_redux_kind<add>} : !llvm.ptr, !llvm.ptr<3>
      nvvm.cp.async.bulk.commit.group
      nvvm.cp.async.bulk.wait_group 0 {read} // @READ
    }
    %lane8 = arith.muli %lane, %c8 : i32
    %lane16 = arith.muli %lane, %c16 : i32
    %to = llvm.getelementptr %vectors[%lane16] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i8 // @VECTOR
    nvvm.inline_ptx "red.relaxed.gpu.global.add.v4.f32 [{$r0}], {{$r1}, {$r1}, {$r1}, {$r1}};" ro(%to, %value : !llvm.ptr<1>, f32)
    gpu.return
  }
}
}
