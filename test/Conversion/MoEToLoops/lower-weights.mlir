// RUN: moe-opt %s --convert-moe-to-loops | FileCheck %s --implicit-check-not="moe."

// The scores are read only for an expert in range.
// CHECK-LABEL: func.func @gather_weights(
// CHECK: scf.parallel
// CHECK: scf.if
// CHECK-NEXT: memref.load
func.func @gather_weights(%s: tensor<?x8xf32>, %i: tensor<?x2xi32>) -> tensor<?x2xf32> {
  %w = moe.gather_weights %s, %i : tensor<?x8xf32>, tensor<?x2xi32>
  return %w : tensor<?x2xf32>
}

// CHECK-LABEL: func.func @divide_by_sum(
// CHECK-NOT: math.
// CHECK: arith.addf
// CHECK: arith.divf
func.func @divide_by_sum(%w: tensor<?x2xbf16>) -> tensor<?x2xbf16> {
  %n = moe.normalize_weights %w {order = 1.0 : f64} : tensor<?x2xbf16>
  return %n : tensor<?x2xbf16>
}

// CHECK-LABEL: func.func @divide_by_norm(
// CHECK: math.sqrt
// CHECK: arith.maximumf
// CHECK: arith.divf
func.func @divide_by_norm(%w: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %n = moe.normalize_weights %w
    {eps = 1.0e-6 : f64, eps_mode = #moe.eps_mode<clamp>, order = 2.0 : f64} : tensor<?x2xf32>
  return %n : tensor<?x2xf32>
}

// CHECK-LABEL: func.func @scale(
// CHECK: arith.mulf
// CHECK-NOT: arith.divf
// CHECK: return
func.func @scale(%w: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %n = moe.normalize_weights %w {scale = 2.5 : f64} : tensor<?x2xf32>
  return %n : tensor<?x2xf32>
}

// Choices that are no experts of this device are none; the sigmoid of the coefficient is the
// weight of the choice behind the others.
// CHECK-LABEL: func.func @append_choice(
// CHECK: scf.parallel
// CHECK: arith.constant 4 : index
// CHECK: scf.for
// CHECK: %[[NONE:.+]] = arith.constant -1 : index
// CHECK: arith.select %{{.+}}, %{{.+}}, %[[NONE]] : index
// CHECK: math.exp
// CHECK: memref.store %{{.+}}, %{{.+}} : memref<?x3xi32>
// CHECK: memref.store %{{.+}}, %{{.+}} : memref<?x3xf32>
func.func @append_choice(%i: tensor<?x2xi32>, %w: tensor<?x2xf32>, %q: tensor<?x1xbf16>)
    -> (tensor<?x3xi32>, tensor<?x3xf32>) {
  %j, %v = moe.append_choice %i, %w coefficient(%q : tensor<?x1xbf16>) {expert = 4 : i64}
    : tensor<?x2xi32>, tensor<?x2xf32> -> tensor<?x3xi32>, tensor<?x3xf32>
  return %j, %v : tensor<?x3xi32>, tensor<?x3xf32>
}
