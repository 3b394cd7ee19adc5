// The second kernel starts before the first has ended, and waits for it.

// RUN: moe-sim %s --seeds=4 | FileCheck %s --check-prefix=OK
// OK-COUNT-4: relative error 0.00e+00

// RUN: sed -e '/@WAIT/d' %s | not moe-sim - 2>&1 | FileCheck %s --check-prefix=WAIT
// WAIT: error: {{data-race|never-written}}: read {{.*}}llvm.load at

// Without the attribute the launches do not overlap, and nothing is missing.
// RUN: sed -e '/@WAIT/d; s/dependent, //' %s | moe-sim - | FileCheck %s --check-prefix=SERIAL
// SERIAL: relative error 0.00e+00

module attributes {sim.launches = [
  {kernel = @write, grid = array<i32: 2>, block = array<i32: 32>, args = [0 : index]},
  {kernel = @increment, dependent, grid = array<i32: 2>, block = array<i32: 32>, args = [0 : index, 1 : index]}]} {

func.func @reference(%a: memref<64xi32>, %b: memref<64xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  scf.for %i = %c0 to %c64 step %c1 {
    %value = arith.index_cast %i : index to i32
    memref.store %value, %a[%i] : memref<64xi32>
    %one = arith.constant 1 : i32
    %more = arith.addi %value, %one : i32
    memref.store %more, %b[%i] : memref<64xi32>
  }
  return
}

gpu.module @kernels {
  gpu.func @write(%a: !llvm.ptr<1>) kernel {
    nvvm.griddepcontrol launch_dependents
    %c32 = arith.constant 32 : i32
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %cta = nvvm.read.ptx.sreg.ctaid.x : i32
    %base = arith.muli %cta, %c32 : i32
    %index = arith.addi %base, %tid : i32
    %target = llvm.getelementptr %a[%index] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
    llvm.store %index, %target : i32, !llvm.ptr<1>
    gpu.return
  }

  gpu.func @increment(%a: !llvm.ptr<1>, %b: !llvm.ptr<1>) kernel {
    nvvm.griddepcontrol wait // @WAIT
    %one = arith.constant 1 : i32
    %c32 = arith.constant 32 : i32
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %cta = nvvm.read.ptx.sreg.ctaid.x : i32
    %base = arith.muli %cta, %c32 : i32
    %index = arith.addi %base, %tid : i32
    %source = llvm.getelementptr %a[%index] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
    %target = llvm.getelementptr %b[%index] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
    %value = llvm.load %source : !llvm.ptr<1> -> i32
    %more = arith.addi %value, %one : i32
    llvm.store %more, %target : i32, !llvm.ptr<1>
    gpu.return
  }
}
}
