// All threads count in global memory; the CTA that counts last reads what the others wrote.

// RUN: moe-sim %s --seeds=4 | FileCheck %s --check-prefix=OK
// OK-COUNT-4: relative error 0.00e+00

// RUN: sed -e 's/llvm.atomicrmw add %%acc, %%value monotonic.*/llvm.load %%acc : !llvm.ptr<1> -> i32\n %%new = arith.addi %%old, %%value : i32\n llvm.store %%new, %%acc : i32, !llvm.ptr<1>/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=PLAIN
// PLAIN: error: data-race: {{(read|write)}} {{.*}} of buffer 0, {{.*}}llvm.{{load|store}}

// RUN: sed -e '/@COUNT/s/acq_rel/monotonic/' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=RELAXED
// RELAXED: error: data-race: read {{.*}} of buffer 2, llvm.load

module attributes {sim.launches = [
  {kernel = @count, grid = array<i32: 3>, block = array<i32: 32>,
   args = [0 : index, 1 : index, 2 : index, 3 : index]}]} {

func.func @reference(%acc: memref<1xi32> {sim.init = "zero", sim.result},
                     %counter: memref<1xi32> {sim.init = "zero", sim.result}, %parts: memref<3xi32>, %total: memref<1xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %one = arith.constant 1 : i32
  %two = arith.constant 2 : i32
  %zero = arith.constant 0 : i32
  %three = arith.constant 3 : i32
  %all = arith.constant 4560 : i32
  memref.store %all, %acc[%c0] : memref<1xi32>
  memref.store %zero, %parts[%c0] : memref<3xi32>
  memref.store %one, %parts[%c1] : memref<3xi32>
  memref.store %two, %parts[%c2] : memref<3xi32>
  memref.store %three, %counter[%c0] : memref<1xi32>
  memref.store %three, %total[%c0] : memref<1xi32>
  return
}

gpu.module @kernels {
  gpu.func @count(%acc: !llvm.ptr<1>, %counter: !llvm.ptr<1>, %parts: !llvm.ptr<1>, %total: !llvm.ptr<1>) kernel {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %c2 = arith.constant 2 : i32
    %c32 = arith.constant 32 : i32
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %cta = nvvm.read.ptx.sreg.ctaid.x : i32
    %base = arith.muli %cta, %c32 : i32
    %value = arith.addi %base, %tid : i32
    %old = llvm.atomicrmw add %acc, %value monotonic : !llvm.ptr<1>, i32
    %first = arith.cmpi eq, %tid, %c0 : i32
    scf.if %first {
      %part = llvm.getelementptr %parts[%cta] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
      llvm.store %cta, %part : i32, !llvm.ptr<1>
      %before = llvm.atomicrmw add %counter, %c1 acq_rel : !llvm.ptr<1>, i32 // @COUNT
      %last = arith.cmpi eq, %before, %c2 : i32
      scf.if %last {
        %three = arith.constant 3 : i32
        %all = scf.for %i = %c0 to %three step %c1 iter_args(%in = %c0) -> (i32) : i32 {
          %from = llvm.getelementptr %parts[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
          %x = llvm.load %from : !llvm.ptr<1> -> i32
          %out = arith.addi %in, %x : i32
          scf.yield %out : i32
        }
        llvm.store %all, %total : i32, !llvm.ptr<1>
      }
    }
    gpu.return
  }
}
}
