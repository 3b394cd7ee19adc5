// Functions of f64 as kernels compute them, against the C library.

// RUN: moe-opt %s --pass-pipeline='builtin.module(gpu.module(moe-expand-device-math,convert-scf-to-cf,convert-to-llvm{filter-dialects=arith,cf,math}))' | moe-sim - --tolerance=1e-14 | FileCheck %s
// CHECK: relative error

module attributes {sim.launches = [
  {kernel = @functions, grid = array<i32: 8>, block = array<i32: 128>,
   args = [0 : index, 1 : index, 2 : index, 3 : index, 4 : index, 5 : index, 6 : index, 7 : index, 8 : index, 9 : index, 10 : index, 11 : index, 12 : index, 13 : index, 14 : index, 15 : index]}]} {

func.func @reference(%x: memref<1024xf64> {sim.init = "random"}, %pow_o: memref<1024xf64>, %exp_o: memref<1024xf64>, %log_o: memref<1024xf64>, %log1p_o: memref<1024xf64>, %tanh_o: memref<1024xf64>, %erf_o: memref<1024xf64>, %sin_o: memref<1024xf64>, %cos_o: memref<1024xf64>, %exp2_o: memref<1024xf64>, %log2_o: memref<1024xf64>, %log10_o: memref<1024xf64>, %rsqrt_o: memref<1024xf64>, %sqrt_o: memref<1024xf64>, %floor_o: memref<1024xf64>, %roundeven_o: memref<1024xf64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %cn = arith.constant 1024 : index
  scf.for %i = %c0 to %cn step %c1 {
    %v = memref.load %x[%i] : memref<1024xf64>
    %three = arith.constant 3.0 : f64
    %ten = arith.constant 10.0 : f64
    %hundred = arith.constant 100.0 : f64
    %tiny = arith.constant 1.0e-3 : f64
    %a = arith.mulf %v, %three : f64
    %b = arith.mulf %v, %ten : f64
    %s = arith.mulf %v, %v : f64
    %h = arith.mulf %s, %hundred : f64
    %p = arith.addf %h, %tiny : f64
    %q = arith.mulf %v, %tiny : f64
    // log1p of the C library is not what the host calls: a series.
    %k1 = arith.constant 1.0 : f64
    %k2 = arith.constant -0.5 : f64
    %k3 = arith.constant 0.3333333333333333 : f64
    %k4 = arith.constant -0.25 : f64
    %k5 = arith.constant 0.2 : f64
    %k6 = arith.constant -0.16666666666666666 : f64
    %t5 = math.fma %k6, %q, %k5 : f64
    %t4 = math.fma %t5, %q, %k4 : f64
    %t3 = math.fma %t4, %q, %k3 : f64
    %t2 = math.fma %t3, %q, %k2 : f64
    %t1 = math.fma %t2, %q, %k1 : f64
    %log1p_r = arith.mulf %t1, %q : f64
    memref.store %log1p_r, %log1p_o[%i] : memref<1024xf64>
    %pow_r = math.powf %p, %a : f64
    memref.store %pow_r, %pow_o[%i] : memref<1024xf64>
    %exp_r = math.exp %b : f64
    memref.store %exp_r, %exp_o[%i] : memref<1024xf64>
    %log_r = math.log %p : f64
    memref.store %log_r, %log_o[%i] : memref<1024xf64>
    %tanh_r = math.tanh %a : f64
    memref.store %tanh_r, %tanh_o[%i] : memref<1024xf64>
    %erf_r = math.erf %a : f64
    memref.store %erf_r, %erf_o[%i] : memref<1024xf64>
    %sin_r = math.sin %b : f64
    memref.store %sin_r, %sin_o[%i] : memref<1024xf64>
    %cos_r = math.cos %b : f64
    memref.store %cos_r, %cos_o[%i] : memref<1024xf64>
    %exp2_r = math.exp2 %b : f64
    memref.store %exp2_r, %exp2_o[%i] : memref<1024xf64>
    %log2_r = math.log2 %p : f64
    memref.store %log2_r, %log2_o[%i] : memref<1024xf64>
    %log10_r = math.log10 %p : f64
    memref.store %log10_r, %log10_o[%i] : memref<1024xf64>
    %rsqrt_r = math.rsqrt %p : f64
    memref.store %rsqrt_r, %rsqrt_o[%i] : memref<1024xf64>
    %sqrt_r = math.sqrt %p : f64
    memref.store %sqrt_r, %sqrt_o[%i] : memref<1024xf64>
    %floor_r = math.floor %b : f64
    memref.store %floor_r, %floor_o[%i] : memref<1024xf64>
    %roundeven_r = math.roundeven %b : f64
    memref.store %roundeven_r, %roundeven_o[%i] : memref<1024xf64>
  }
  return
}

gpu.module @kernels {
  llvm.func @functions(%x: !llvm.ptr<1>, %pow_o: !llvm.ptr<1>, %exp_o: !llvm.ptr<1>, %log_o: !llvm.ptr<1>, %log1p_o: !llvm.ptr<1>, %tanh_o: !llvm.ptr<1>, %erf_o: !llvm.ptr<1>, %sin_o: !llvm.ptr<1>, %cos_o: !llvm.ptr<1>, %exp2_o: !llvm.ptr<1>, %log2_o: !llvm.ptr<1>, %log10_o: !llvm.ptr<1>, %rsqrt_o: !llvm.ptr<1>, %sqrt_o: !llvm.ptr<1>, %floor_o: !llvm.ptr<1>, %roundeven_o: !llvm.ptr<1>) attributes {gpu.kernel, nvvm.kernel} {
    %c128 = arith.constant 128 : i32
    %thread = nvvm.read.ptx.sreg.tid.x : i32
    %block = nvvm.read.ptx.sreg.ctaid.x : i32
    %before = arith.muli %block, %c128 : i32
    %i = arith.addi %before, %thread : i32
    %at = llvm.getelementptr %x[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f64
    %v = llvm.load %at : !llvm.ptr<1> -> f64
    %three = arith.constant 3.0 : f64
    %ten = arith.constant 10.0 : f64
    %hundred = arith.constant 100.0 : f64
    %tiny = arith.constant 1.0e-3 : f64
    %a = arith.mulf %v, %three : f64
    %b = arith.mulf %v, %ten : f64
    %s = arith.mulf %v, %v : f64
    %h = arith.mulf %s, %hundred : f64
    %p = arith.addf %h, %tiny : f64
    %q = arith.mulf %v, %tiny : f64
    %pow_r = math.powf %p, %a : f64
    %pow_at = llvm.getelementptr %pow_o[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f64
    llvm.store %pow_r, %pow_at : f64, !llvm.ptr<1>
    %exp_r = math.exp %b : f64
    %exp_at = llvm.getelementptr %exp_o[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f64
    llvm.store %exp_r, %exp_at : f64, !llvm.ptr<1>
    %log_r = math.log %p : f64
    %log_at = llvm.getelementptr %log_o[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f64
    llvm.store %log_r, %log_at : f64, !llvm.ptr<1>
    %log1p_r = math.log1p %q : f64
    %log1p_at = llvm.getelementptr %log1p_o[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f64
    llvm.store %log1p_r, %log1p_at : f64, !llvm.ptr<1>
    %tanh_r = math.tanh %a : f64
    %tanh_at = llvm.getelementptr %tanh_o[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f64
    llvm.store %tanh_r, %tanh_at : f64, !llvm.ptr<1>
    %erf_r = math.erf %a : f64
    %erf_at = llvm.getelementptr %erf_o[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f64
    llvm.store %erf_r, %erf_at : f64, !llvm.ptr<1>
    %sin_r = math.sin %b : f64
    %sin_at = llvm.getelementptr %sin_o[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f64
    llvm.store %sin_r, %sin_at : f64, !llvm.ptr<1>
    %cos_r = math.cos %b : f64
    %cos_at = llvm.getelementptr %cos_o[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f64
    llvm.store %cos_r, %cos_at : f64, !llvm.ptr<1>
    %exp2_r = math.exp2 %b : f64
    %exp2_at = llvm.getelementptr %exp2_o[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f64
    llvm.store %exp2_r, %exp2_at : f64, !llvm.ptr<1>
    %log2_r = math.log2 %p : f64
    %log2_at = llvm.getelementptr %log2_o[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f64
    llvm.store %log2_r, %log2_at : f64, !llvm.ptr<1>
    %log10_r = math.log10 %p : f64
    %log10_at = llvm.getelementptr %log10_o[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f64
    llvm.store %log10_r, %log10_at : f64, !llvm.ptr<1>
    %rsqrt_r = math.rsqrt %p : f64
    %rsqrt_at = llvm.getelementptr %rsqrt_o[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f64
    llvm.store %rsqrt_r, %rsqrt_at : f64, !llvm.ptr<1>
    %sqrt_r = math.sqrt %p : f64
    %sqrt_at = llvm.getelementptr %sqrt_o[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f64
    llvm.store %sqrt_r, %sqrt_at : f64, !llvm.ptr<1>
    %floor_r = math.floor %b : f64
    %floor_at = llvm.getelementptr %floor_o[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f64
    llvm.store %floor_r, %floor_at : f64, !llvm.ptr<1>
    %roundeven_r = math.roundeven %b : f64
    %roundeven_at = llvm.getelementptr %roundeven_o[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f64
    llvm.store %roundeven_r, %roundeven_at : f64, !llvm.ptr<1>
    llvm.return
  }
}

}
