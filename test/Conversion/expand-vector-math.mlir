// RUN: moe-opt %s --moe-expand-vector-math --split-input-file | FileCheck %s

// Vectors of f32 become arithmetic.
// CHECK-LABEL: @vectors
// CHECK-NOT: math.exp
// CHECK-NOT: math.tanh
// CHECK-NOT: math.erf
// CHECK: math.fma %{{.+}} : vector<16xf32>
// CHECK-NOT: math.exp
// CHECK-NOT: math.tanh
// CHECK-NOT: math.erf
func.func @vectors(%x: vector<16xf32>) -> (vector<16xf32>, vector<16xf32>, vector<16xf32>) {
  %exp = math.exp %x : vector<16xf32>
  %tanh = math.tanh %x : vector<16xf32>
  %erf = math.erf %x : vector<16xf32>
  return %exp, %tanh, %erf : vector<16xf32>, vector<16xf32>, vector<16xf32>
}

// -----

// A scalar is a call, and so is each element of a vector of f64: the arithmetic has the
// precision of f32.
// CHECK-LABEL: @others
// CHECK-NEXT: math.exp %{{.+}} : f32
// CHECK-NEXT: math.tanh %{{.+}} : f32
// CHECK-NEXT: math.erf %{{.+}} : f32
// CHECK-NEXT: math.exp %{{.+}} : vector<8xf64>
// CHECK-NEXT: math.log %{{.+}} : vector<16xf32>
// CHECK-NEXT: return
func.func @others(%x: f32, %y: vector<8xf64>, %z: vector<16xf32>)
    -> (f32, f32, f32, vector<8xf64>, vector<16xf32>) {
  %exp = math.exp %x : f32
  %tanh = math.tanh %x : f32
  %erf = math.erf %x : f32
  %exps = math.exp %y : vector<8xf64>
  %logs = math.log %z : vector<16xf32>
  return %exp, %tanh, %erf, %exps, %logs : f32, f32, f32, vector<8xf64>, vector<16xf32>
}
