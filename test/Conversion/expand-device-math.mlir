// RUN: moe-opt %s --pass-pipeline='builtin.module(gpu.module(moe-expand-device-math))' --split-input-file --verify-diagnostics | FileCheck %s

// exp of f32 stays in f32, a logarithm is computed in f64; no function remains.
gpu.module @kernels {
  // CHECK-LABEL: @functions
  // CHECK-NOT: math.{{exp|log|powf|tanh|sin}}
  // CHECK-NOT: arith.extf
  // CHECK: math.fma {{.*}} : f32
  // CHECK: arith.extf {{.*}} : f32 to f64
  // CHECK: math.fma {{.*}} : f64
  // CHECK: arith.truncf {{.*}} : f64 to f32
  // CHECK-NOT: math.{{exp|log|powf|tanh|sin}}
  // CHECK: llvm.return
  llvm.func @functions(%x: f32, %at: !llvm.ptr) {
    %a = math.exp %x : f32
    llvm.store %a, %at : f32, !llvm.ptr
    %b = math.log %x : f32
    llvm.store %b, %at : f32, !llvm.ptr
    %c = math.powf %x, %a : f32
    llvm.store %c, %at : f32, !llvm.ptr
    %d = math.sin %x : f32
    llvm.store %d, %at : f32, !llvm.ptr
    llvm.return
  }

  // What devices compute stays.
  // CHECK-LABEL: @native
  // CHECK-NEXT: math.sqrt
  // CHECK-NEXT: math.fma
  // CHECK-NEXT: math.absf
  // CHECK-NEXT: llvm.return
  llvm.func @native(%x: f32) -> f32 {
    %a = math.sqrt %x : f32
    %b = math.fma %a, %x, %x : f32
    %c = math.absf %b : f32
    llvm.return %c : f32
  }
}

// The host has a library.
// CHECK-LABEL: @host
// CHECK-NEXT: math.log
func.func @host(%x: f32) -> f32 {
  %a = math.log %x : f32
  return %a : f32
}

// -----

gpu.module @kernels {
  llvm.func @unknown(%x: f64) -> f64 {
    // expected-error @below {{'math.acosh' of 'f64' is not computed on a device, expected a function that is}}
    %a = math.acosh %x : f64
    llvm.return %a : f64
  }
}
