// CTA 1 waits for a flag of CTA 0 and reads what that wrote before. Written with ops, then as PTX.

// RUN: moe-sim %s --seeds=4 | FileCheck %s --check-prefix=OK
// OK-COUNT-4: relative error 0.00e+00

// RUN: sed -e '/@RAISE/s/"device"/"block"/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=RAISE
// RAISE: error: narrow-scope: {{(read|write)}} of 1 bytes at offset 0 of buffer 1, llvm.{{load|store}} {{.*}}do not hold both threads

// RUN: sed -e '/@POLL/s/"device"/"cluster"/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=POLL
// POLL: error: narrow-scope: {{(read|write)}} of 1 bytes at offset 0 of buffer 1

// RUN: sed -e '/@RELEASE/s/"device"/"block"/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=RELEASE
// RELEASE: error: {{data-race|never-written}}: read of 1 bytes at offset 0 of buffer 0, llvm.load

// RUN: sed -e '/@ACQUIRE/s/"device"/"block"/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=ACQUIRE
// ACQUIRE: error: {{data-race|never-written}}: read of 1 bytes at offset 0 of buffer 0, llvm.load

// RUN: sed -e '/@ACQUIRE/d' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=UNORDERED
// UNORDERED: error: {{data-race|never-written}}: read of 1 bytes at offset 0 of buffer 0, llvm.load

// The CTAs are one cluster.
// RUN: sed -e 's/grid = array<i32: 2>/grid = array<i32: 2>, cluster = array<i32: 2>/; s/"device"/"cluster"/' %s | moe-sim - --seeds=4 | FileCheck %s --check-prefix=OK

// DEFINE: %{ptx} = sed -e '/@RELEASE/d; /@ACQUIRE/d' \
// DEFINE:   -e 's/llvm.store %%one, %%flag .*/nvvm.inline_ptx "st.release.gpu.global.u32 [{$r0}], {$r1};" ro(%%flag, %%one : !llvm.ptr<1>, i32)/' \
// DEFINE:   -e 's/llvm.load %%flag .*/nvvm.inline_ptx "ld.acquire.gpu.global.u32 {$w0}, [{$r0}];" ro(%%flag : !llvm.ptr<1>) -> i32/' %s
// RUN: %{ptx} | moe-sim - --seeds=4 | FileCheck %s --check-prefix=OK
// RUN: %{ptx} | sed -e 's/acquire.gpu/acquire.cta/' | not moe-sim - 2>&1 | FileCheck %s --check-prefix=PTX-SCOPE
// PTX-SCOPE: error: narrow-scope:
// RUN: %{ptx} | sed -e 's/release.gpu/relaxed.gpu/' | not moe-sim - 2>&1 | FileCheck %s --check-prefix=PTX-RELAXED
// PTX-RELAXED: error: {{data-race|never-written}}: read of 1 bytes at offset 0 of buffer 0, llvm.load
// RUN: %{ptx} | sed -e 's/ld.acquire.gpu/ld.weak/' | not moe-sim - 2>&1 | FileCheck %s --check-prefix=PTX-WEAK
// PTX-WEAK: error: data-race:

module attributes {sim.launches = [
  {kernel = @pass, grid = array<i32: 2>, block = array<i32: 32>, args = [0 : index, 1 : index, 2 : index]}]} {

func.func @reference(%data: memref<1xi32>, %flag: memref<1xi32> {sim.init = "zero", sim.result}, %c: memref<1xi32>) {
  %c0 = arith.constant 0 : index
  %one = arith.constant 1 : i32
  %value = arith.constant 42 : i32
  memref.store %value, %data[%c0] : memref<1xi32>
  memref.store %one, %flag[%c0] : memref<1xi32>
  memref.store %value, %c[%c0] : memref<1xi32>
  return
}

gpu.module @kernels {
  gpu.func @pass(%data: !llvm.ptr<1>, %flag: !llvm.ptr<1>, %c: !llvm.ptr<1>) kernel {
    %zero = arith.constant 0 : i32
    %one = arith.constant 1 : i32
    %value = arith.constant 42 : i32
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %cta = nvvm.read.ptx.sreg.ctaid.x : i32
    %isFirst = arith.cmpi eq, %tid, %zero : i32
    scf.if %isFirst {
      %isSender = arith.cmpi eq, %cta, %zero : i32
      scf.if %isSender {
        llvm.store %value, %data : i32, !llvm.ptr<1>
        llvm.fence syncscope("device") release // @RELEASE
        llvm.store %one, %flag atomic syncscope("device") monotonic {alignment = 4 : i64} : i32, !llvm.ptr<1> // @RAISE
      } else {
        scf.while : () -> () {
          %state = llvm.load %flag atomic syncscope("device") monotonic {alignment = 4 : i64} : !llvm.ptr<1> -> i32 // @POLL
          %isDown = arith.cmpi eq, %state, %zero : i32
          scf.condition(%isDown)
        } do {
          scf.yield
        }
        llvm.fence syncscope("device") acquire // @ACQUIRE
        %read = llvm.load %data : !llvm.ptr<1> -> i32
        llvm.store %read, %c : i32, !llvm.ptr<1>
      }
    }
    gpu.return
  }
}
}
