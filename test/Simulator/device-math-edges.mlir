// Functions of f64 in kernels at their edges: each result is 1 if it is what it should be.

// RUN: moe-opt %s --pass-pipeline='builtin.module(gpu.module(moe-expand-device-math,convert-scf-to-cf,convert-to-llvm{filter-dialects=arith,cf,math}))' | moe-sim - --tolerance=0 | FileCheck %s
// CHECK: relative error 0.00e+00

module attributes {sim.launches = [
  {kernel = @edges, grid = array<i32: 1>, block = array<i32: 1>, args = [0 : index, 1 : index]}]} {

func.func @reference(%x: memref<4xf64> {sim.init = "index"}, %y: memref<20xf64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %end = arith.constant 20 : index
  %one = arith.constant 1.0 : f64
  scf.for %i = %c0 to %end step %c1 {
    memref.store %one, %y[%i] : memref<20xf64>
  }
  return
}

gpu.module @kernels {
  llvm.func @edges(%x: !llvm.ptr<1>, %y: !llvm.ptr<1>) attributes {gpu.kernel, nvvm.kernel} {
    // Not constants, which would be folded.
    %zero = llvm.load %x : !llvm.ptr<1> -> f64
    %at1 = llvm.getelementptr %x[1] : (!llvm.ptr<1>) -> !llvm.ptr<1>, f64
    %one = llvm.load %at1 : !llvm.ptr<1> -> f64
    %at3 = llvm.getelementptr %x[3] : (!llvm.ptr<1>) -> !llvm.ptr<1>, f64
    %three = llvm.load %at3 : !llvm.ptr<1> -> f64
    %thousand = arith.constant 1000.0 : f64
    %two = arith.addf %one, %one : f64
    %half = arith.divf %one, %two : f64
    %minus = arith.subf %zero, %one : f64
    %inf = arith.divf %one, %zero : f64
    %nan = arith.subf %inf, %inf : f64
    %big = arith.mulf %one, %thousand : f64
    %small = arith.mulf %minus, %thousand : f64
    %least = arith.subf %zero, %inf : f64
    %no = arith.subf %one, %one : f64
    %r0 = math.log %zero : f64
    %is0 = arith.cmpf oeq, %r0, %least : f64
    %v0 = arith.select %is0, %one, %no : f64
    %p0 = llvm.getelementptr %y[0] : (!llvm.ptr<1>) -> !llvm.ptr<1>, f64
    llvm.store %v0, %p0 : f64, !llvm.ptr<1>
    %r1 = math.log %minus : f64
    %is1 = arith.cmpf uno, %r1, %r1 : f64
    %v1 = arith.select %is1, %one, %no : f64
    %p1 = llvm.getelementptr %y[1] : (!llvm.ptr<1>) -> !llvm.ptr<1>, f64
    llvm.store %v1, %p1 : f64, !llvm.ptr<1>
    %r2 = math.log %inf : f64
    %is2 = arith.cmpf oeq, %r2, %inf : f64
    %v2 = arith.select %is2, %one, %no : f64
    %p2 = llvm.getelementptr %y[2] : (!llvm.ptr<1>) -> !llvm.ptr<1>, f64
    llvm.store %v2, %p2 : f64, !llvm.ptr<1>
    %r3 = math.log %nan : f64
    %is3 = arith.cmpf uno, %r3, %r3 : f64
    %v3 = arith.select %is3, %one, %no : f64
    %p3 = llvm.getelementptr %y[3] : (!llvm.ptr<1>) -> !llvm.ptr<1>, f64
    llvm.store %v3, %p3 : f64, !llvm.ptr<1>
    %r4 = math.exp %big : f64
    %is4 = arith.cmpf oeq, %r4, %inf : f64
    %v4 = arith.select %is4, %one, %no : f64
    %p4 = llvm.getelementptr %y[4] : (!llvm.ptr<1>) -> !llvm.ptr<1>, f64
    llvm.store %v4, %p4 : f64, !llvm.ptr<1>
    %r5 = math.exp %small : f64
    %is5 = arith.cmpf oeq, %r5, %zero : f64
    %v5 = arith.select %is5, %one, %no : f64
    %p5 = llvm.getelementptr %y[5] : (!llvm.ptr<1>) -> !llvm.ptr<1>, f64
    llvm.store %v5, %p5 : f64, !llvm.ptr<1>
    %r6 = math.exp %nan : f64
    %is6 = arith.cmpf uno, %r6, %r6 : f64
    %v6 = arith.select %is6, %one, %no : f64
    %p6 = llvm.getelementptr %y[6] : (!llvm.ptr<1>) -> !llvm.ptr<1>, f64
    llvm.store %v6, %p6 : f64, !llvm.ptr<1>
    %r7 = math.tanh %big : f64
    %is7 = arith.cmpf oeq, %r7, %one : f64
    %v7 = arith.select %is7, %one, %no : f64
    %p7 = llvm.getelementptr %y[7] : (!llvm.ptr<1>) -> !llvm.ptr<1>, f64
    llvm.store %v7, %p7 : f64, !llvm.ptr<1>
    %r8 = math.tanh %small : f64
    %is8 = arith.cmpf oeq, %r8, %minus : f64
    %v8 = arith.select %is8, %one, %no : f64
    %p8 = llvm.getelementptr %y[8] : (!llvm.ptr<1>) -> !llvm.ptr<1>, f64
    llvm.store %v8, %p8 : f64, !llvm.ptr<1>
    %r9 = math.tanh %nan : f64
    %is9 = arith.cmpf uno, %r9, %r9 : f64
    %v9 = arith.select %is9, %one, %no : f64
    %p9 = llvm.getelementptr %y[9] : (!llvm.ptr<1>) -> !llvm.ptr<1>, f64
    llvm.store %v9, %p9 : f64, !llvm.ptr<1>
    %r10 = math.powf %minus, %three : f64
    %is10 = arith.cmpf oeq, %r10, %minus : f64
    %v10 = arith.select %is10, %one, %no : f64
    %p10 = llvm.getelementptr %y[10] : (!llvm.ptr<1>) -> !llvm.ptr<1>, f64
    llvm.store %v10, %p10 : f64, !llvm.ptr<1>
    %r11 = math.powf %minus, %half : f64
    %is11 = arith.cmpf uno, %r11, %r11 : f64
    %v11 = arith.select %is11, %one, %no : f64
    %p11 = llvm.getelementptr %y[11] : (!llvm.ptr<1>) -> !llvm.ptr<1>, f64
    llvm.store %v11, %p11 : f64, !llvm.ptr<1>
    %r12 = math.powf %zero, %zero : f64
    %is12 = arith.cmpf oeq, %r12, %one : f64
    %v12 = arith.select %is12, %one, %no : f64
    %p12 = llvm.getelementptr %y[12] : (!llvm.ptr<1>) -> !llvm.ptr<1>, f64
    llvm.store %v12, %p12 : f64, !llvm.ptr<1>
    %r13 = math.powf %zero, %three : f64
    %is13 = arith.cmpf oeq, %r13, %zero : f64
    %v13 = arith.select %is13, %one, %no : f64
    %p13 = llvm.getelementptr %y[13] : (!llvm.ptr<1>) -> !llvm.ptr<1>, f64
    llvm.store %v13, %p13 : f64, !llvm.ptr<1>
    %r14 = math.erf %zero : f64
    %is14 = arith.cmpf oeq, %r14, %zero : f64
    %v14 = arith.select %is14, %one, %no : f64
    %p14 = llvm.getelementptr %y[14] : (!llvm.ptr<1>) -> !llvm.ptr<1>, f64
    llvm.store %v14, %p14 : f64, !llvm.ptr<1>
    %r15 = math.erf %nan : f64
    %is15 = arith.cmpf uno, %r15, %r15 : f64
    %v15 = arith.select %is15, %one, %no : f64
    %p15 = llvm.getelementptr %y[15] : (!llvm.ptr<1>) -> !llvm.ptr<1>, f64
    llvm.store %v15, %p15 : f64, !llvm.ptr<1>
    %r16 = math.log1p %zero : f64
    %is16 = arith.cmpf oeq, %r16, %zero : f64
    %v16 = arith.select %is16, %one, %no : f64
    %p16 = llvm.getelementptr %y[16] : (!llvm.ptr<1>) -> !llvm.ptr<1>, f64
    llvm.store %v16, %p16 : f64, !llvm.ptr<1>
    %r17 = math.log1p %minus : f64
    %is17 = arith.cmpf oeq, %r17, %least : f64
    %v17 = arith.select %is17, %one, %no : f64
    %p17 = llvm.getelementptr %y[17] : (!llvm.ptr<1>) -> !llvm.ptr<1>, f64
    llvm.store %v17, %p17 : f64, !llvm.ptr<1>
    %r18 = math.sin %zero : f64
    %is18 = arith.cmpf oeq, %r18, %zero : f64
    %v18 = arith.select %is18, %one, %no : f64
    %p18 = llvm.getelementptr %y[18] : (!llvm.ptr<1>) -> !llvm.ptr<1>, f64
    llvm.store %v18, %p18 : f64, !llvm.ptr<1>
    %r19 = math.cos %zero : f64
    %is19 = arith.cmpf oeq, %r19, %one : f64
    %v19 = arith.select %is19, %one, %no : f64
    %p19 = llvm.getelementptr %y[19] : (!llvm.ptr<1>) -> !llvm.ptr<1>, f64
    llvm.store %v19, %p19 : f64, !llvm.ptr<1>
    llvm.return
  }
}

}
