// RUN: moe-opt %s --moe-widen-to-f64 --split-input-file --verify-diagnostics | FileCheck %s

// Arguments keep their types: the activation is extended, weights are read as stored.
// CHECK-LABEL: @layer
// CHECK-SAME: (%[[X:.+]]: tensor<?x16xbf16>, %[[W:.+]]: tensor<4x16xbf16>, %[[B:.+]]: tensor<4xf32>) -> (tensor<?x4xf64>, tensor<?x2xi32>)
// CHECK: %[[XW:.+]] = arith.extf %[[X]] : tensor<?x16xbf16> to tensor<?x16xf64>
// CHECK: %[[L:.+]] = moe.gate linear %[[XW]], %[[W]] bias(%[[B]] : tensor<4xf32>) : tensor<?x16xf64>, tensor<4x16xbf16> -> tensor<?x4xf64>
// CHECK-NEXT: %[[P:.+]] = moe.score softmax %[[L]] : tensor<?x4xf64> -> tensor<?x4xf64>
// CHECK-NEXT: moe.top_k %[[P]]
// CHECK-NOT: truncf
func.func @layer(%x: tensor<?x16xbf16>, %w: tensor<4x16xbf16>, %b: tensor<4xf32>)
    -> (tensor<?x4xbf16>, tensor<?x2xi32>) {
  %l = moe.gate linear %x, %w bias(%b : tensor<4xf32>)
    : tensor<?x16xbf16>, tensor<4x16xbf16> -> tensor<?x4xbf16>
  %p = moe.score softmax %l : tensor<?x4xbf16> -> tensor<?x4xf32>
  %i = moe.top_k %p {k = 2 : i64} : tensor<?x4xf32>
  %r = arith.truncf %p : tensor<?x4xf32> to tensor<?x4xbf16>
  return %r, %i : tensor<?x4xbf16>, tensor<?x2xi32>
}

// -----

// Constants and the scalars in regions.
// CHECK-LABEL: @regions
// CHECK: arith.constant dense<[5.000000e-01, 2.500000e-01]> : tensor<2xf64>
// CHECK: linalg.generic
// CHECK: ^bb0(%[[A:.+]]: f64, %{{.+}}: f64):
// CHECK-NEXT: arith.constant 1.000000e+00 : f64
// CHECK: linalg.yield %{{.+}} : f64
func.func @regions(%empty: tensor<2xf32>) -> tensor<2xf32> {
  %x = arith.constant dense<[0.5, 0.25]> : tensor<2xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
                       iterator_types = ["parallel"]}
    ins(%x : tensor<2xf32>) outs(%empty : tensor<2xf32>) {
  ^bb0(%a: f32, %out: f32):
    %one = arith.constant 1.0 : f32
    %sum = arith.addf %a, %one : f32
    linalg.yield %sum : f32
  } -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

// CHECK-LABEL: @integers
// CHECK-SAME: (%[[I:.+]]: tensor<?x2xi32>) -> tensor<4xi32>
// CHECK-NEXT: moe.count %[[I]]
func.func @integers(%i: tensor<?x2xi32>) -> tensor<4xi32> {
  %c = moe.count %i {num_experts = 4 : i64} : tensor<?x2xi32>
  return %c : tensor<4xi32>
}

// -----

func.func @resource() -> tensor<2xf32> {
  // expected-error @below {{constant of type 'tensor<2xf32>' has no value that could be widened}}
  %x = arith.constant dense_resource<blob> : tensor<2xf32>
  return %x : tensor<2xf32>
}

{-#
  dialect_resources: { builtin: { blob: "0x040000000000803F0000803F" } }
#-}
