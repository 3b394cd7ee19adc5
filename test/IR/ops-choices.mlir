// RUN: moe-opt %s | moe-opt | FileCheck --strict-whitespace %s
// RUN: moe-opt %s --mlir-print-op-generic | moe-opt | FileCheck --strict-whitespace %s
// RUN: moe-opt %s --emit-bytecode | moe-opt | FileCheck --strict-whitespace %s

// CHECK-LABEL: func.func @top_k(
func.func @top_k(%s: tensor<?x8xf32>, %b: tensor<8xf32>, %not: tensor<?x3xi32>) {
  // CHECK: moe.top_k %arg0 {k = 2 : i64} : tensor<?x8xf32>
  %i = moe.top_k %s {k = 2 : i64} : tensor<?x8xf32>
  // CHECK: moe.top_k %arg0 bias(%arg1 : tensor<8xf32>) {k = 8 : i64, tie = #moe.tie<highest>} : tensor<?x8xf32>
  %h = moe.top_k %s bias(%b : tensor<8xf32>) {k = 8 : i64, tie = #moe.tie<highest>}
    : tensor<?x8xf32>
  // CHECK: moe.top_k %arg0 except(%arg2 : tensor<?x3xi32>) {k = 5 : i64} : tensor<?x8xf32>
  %o = moe.top_k %s except(%not : tensor<?x3xi32>) {k = 5 : i64} : tensor<?x8xf32>
  // CHECK: moe.top_k %arg0 bias(%arg1 : tensor<8xf32>) except(%arg2 : tensor<?x3xi32>) {k = 1 : i64} : tensor<?x8xf32>
  %p = moe.top_k %s bias(%b : tensor<8xf32>) except(%not : tensor<?x3xi32>) {k = 1 : i64}
    : tensor<?x8xf32>
  return
}

// CHECK-LABEL: func.func @sequential_top_k(
func.func @sequential_top_k(%l: tensor<?x16xf32>) {
  // CHECK: moe.sequential_top_k %arg0 {k = 2 : i64, relative_gap = 2.000000e-02 : f64} : tensor<?x16xf32>
  %i, %w = moe.sequential_top_k %l {k = 2 : i64, relative_gap = 2.0e-2 : f64} : tensor<?x16xf32>
  return
}

// CHECK-LABEL: func.func @top_tokens(
func.func @top_tokens(%s: tensor<?x8xf32>, %c: index) {
  // CHECK: moe.top_tokens %arg0, %arg1 : tensor<?x8xf32>
  %i = moe.top_tokens %s, %c : tensor<?x8xf32>
  // CHECK: moe.top_tokens %arg0, %arg1 {tie = #moe.tie<highest>} : tensor<?x8xf32>
  %h = moe.top_tokens %s, %c {tie = #moe.tie<highest>} : tensor<?x8xf32>
  return
}

// CHECK-LABEL: func.func @select(
func.func @select(%s: tensor<?x8xf32>) {
  // CHECK: moe.select all %arg0 : tensor<?x8xf32>
  %all = moe.select all %s : tensor<?x8xf32>
  // CHECK: moe.select positive %arg0 : tensor<?x8xf32>
  %positive = moe.select positive %s : tensor<?x8xf32>
  return
}

// CHECK-LABEL: func.func @lookup(
func.func @lookup(%table: tensor<32000xi32>, %ids: tensor<?xi32>) {
  // CHECK: moe.lookup %arg0, %arg1 : tensor<32000xi32>, tensor<?xi32>
  %i = moe.lookup %table, %ids : tensor<32000xi32>, tensor<?xi32>
  return
}

// CHECK-LABEL: func.func @assign_balanced(
func.func @assign_balanced(%s: tensor<?x8xf32>) {
  // CHECK: moe.assign_balanced %arg0 : tensor<?x8xf32>
  %i = moe.assign_balanced %s : tensor<?x8xf32>
  return
}

// CHECK-LABEL: func.func @mask_choices(
func.func @mask_choices(%i: tensor<?x2xi32>, %m: tensor<?xf32>) {
  // CHECK: moe.mask_choices %arg0, %arg1 : tensor<?x2xi32>, tensor<?xf32>
  %kept = moe.mask_choices %i, %m : tensor<?x2xi32>, tensor<?xf32>
  return
}

// CHECK-LABEL: func.func @filter_choices(
func.func @filter_choices(%i: tensor<?x2xi32>, %w: tensor<?x2xf32>, %t: tensor<?xf32>) {
  // CHECK: moe.filter_choices %arg0, %arg1, %arg2 : tensor<?x2xi32>, tensor<?x2xf32>, tensor<?xf32>
  %kept = moe.filter_choices %i, %w, %t : tensor<?x2xi32>, tensor<?x2xf32>, tensor<?xf32>
  // CHECK: moe.filter_choices %arg0, %arg1, %arg2 {first_choice = 0 : i64, scale = 2.000000e+00 : f64} : tensor<?x2xi32>, tensor<?x2xf32>, tensor<?xf32>
  %all = moe.filter_choices %i, %w, %t {first_choice = 0 : i64, scale = 2.0 : f64}
    : tensor<?x2xi32>, tensor<?x2xf32>, tensor<?xf32>
  return
}

// CHECK-LABEL: func.func @gather_weights(
func.func @gather_weights(%s: tensor<?x8xf32>, %i: tensor<?x2xi32>) {
  // CHECK: moe.gather_weights %arg0, %arg1 : tensor<?x8xf32>, tensor<?x2xi32>
  %w = moe.gather_weights %s, %i : tensor<?x8xf32>, tensor<?x2xi32>
  return
}

// CHECK-LABEL: func.func @normalize_weights(
func.func @normalize_weights(%w: tensor<?x2xf32>) {
  // CHECK: moe.normalize_weights %arg0 {order = 1.000000e+00 : f64} : tensor<?x2xf32>
  %sum = moe.normalize_weights %w {order = 1.0 : f64} : tensor<?x2xf32>
  // CHECK: moe.normalize_weights %arg0 {eps = 9.9999999999999995E-21 : f64, eps_mode = #moe.eps_mode<add>, order = 2.000000e+00 : f64, scale = 2.500000e+00 : f64} : tensor<?x2xf32>
  %add = moe.normalize_weights %w
    {eps = 1.0e-20 : f64, eps_mode = #moe.eps_mode<add>, order = 2.0 : f64, scale = 2.5 : f64}
    : tensor<?x2xf32>
  // CHECK: moe.normalize_weights %arg0 {eps = 9.9999999999999995E-7 : f64, eps_mode = #moe.eps_mode<clamp>, order = 1.000000e+00 : f64} : tensor<?x2xf32>
  %clamp = moe.normalize_weights %w
    {eps = 1.0e-6 : f64, eps_mode = #moe.eps_mode<clamp>, order = 1.0 : f64} : tensor<?x2xf32>
  return
}
