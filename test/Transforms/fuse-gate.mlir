// RUN: moe-opt %s --moe-fuse-gate --split-input-file | FileCheck %s
// RUN: moe-opt %s --moe-fuse-gate --split-input-file --remark-policy=all \
// RUN:   --remarks-filter=moe-fuse-gate -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// CHECK-LABEL: @plain
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<?x64xbf16>, %[[W:[a-z0-9]+]]: tensor<8x64xbf16>
// CHECK-NEXT: %[[L:.+]] = moe.grouped_gemm %[[X]] weights(%[[W]] : tensor<8x64xbf16>)
// CHECK-SAME: {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
// CHECK-SAME: tensor<?x64xbf16> -> tensor<?x8xf32>
// CHECK-NEXT: ^bb0(%[[SUM:.+]]: f32):
// CHECK-NEXT: moe.yield %[[SUM]] : f32
// CHECK: return %[[L]]
// REMARK: [Passed] FuseGate {{.*}} experts=8
func.func @plain(%x: tensor<?x64xbf16>, %w: tensor<8x64xbf16>) -> tensor<?x8xf32> {
  %l = moe.gate linear %x, %w : tensor<?x64xbf16>, tensor<8x64xbf16> -> tensor<?x8xf32>
  return %l : tensor<?x8xf32>
}

// -----

// CHECK-LABEL: @bias
// CHECK-SAME: %[[B:[a-z0-9]+]]: tensor<8xf64>
// CHECK: moe.grouped_gemm
// CHECK-SAME: columns(%[[B]] : tensor<8xf64>) {layouts = [#moe.matrix_layout<in_out>]
// CHECK-NEXT: ^bb0(%[[SUM:.+]]: f64, %[[BIAS:.+]]: f64):
// CHECK-NEXT: %[[LOGIT:.+]] = arith.addf %[[SUM]], %[[BIAS]] : f64
// CHECK-NEXT: moe.yield %[[LOGIT]] : f64
// REMARK: [Passed] FuseGate {{.*}} experts=8
func.func @bias(%x: tensor<?x64xf32>, %w: tensor<64x8xf32>, %b: tensor<8xf64>)
    -> tensor<?x8xf32> {
  %l = moe.gate linear %x, %w bias(%b : tensor<8xf64>) {layout = #moe.matrix_layout<in_out>}
    : tensor<?x64xf32>, tensor<64x8xf32> -> tensor<?x8xf32>
  return %l : tensor<?x8xf32>
}

// -----

// The bias is inside of the cap.
// CHECK-LABEL: @softcap
// CHECK: moe.grouped_gemm
// CHECK-NEXT: ^bb0(%[[SUM:.+]]: f32, %[[BIAS:.+]]: f32):
// CHECK-DAG: %[[LOGIT:.+]] = arith.addf %[[SUM]], %[[BIAS]] : f32
// CHECK-DAG: %[[CAP:.+]] = arith.constant 3.000000e+01 : f32
// CHECK: %[[SHARE:.+]] = arith.divf %[[LOGIT]], %[[CAP]] : f32
// CHECK-NEXT: %[[TANH:.+]] = math.tanh %[[SHARE]] : f32
// CHECK-NEXT: %[[CAPPED:.+]] = arith.mulf %[[TANH]], %[[CAP]] : f32
// CHECK-NEXT: moe.yield %[[CAPPED]] : f32
// REMARK: [Passed] FuseGate {{.*}} experts=8
func.func @softcap(%x: tensor<?x64xf32>, %w: tensor<8x64xf32>, %b: tensor<8xf32>)
    -> tensor<?x8xf32> {
  %l = moe.gate linear %x, %w bias(%b : tensor<8xf32>) {softcap = 30.0 : f64}
    : tensor<?x64xf32>, tensor<8x64xf32> -> tensor<?x8xf32>
  return %l : tensor<?x8xf32>
}

// -----

// CHECK-LABEL: @cosine
// CHECK: moe.gate cosine
// CHECK-NOT: moe.grouped_gemm
// REMARK: [Missed] FuseGate {{.*}}Reason="the gate is not linear
func.func @cosine(%x: tensor<?x64xf32>, %w: tensor<8x64xf32>) -> tensor<?x8xf32> {
  %l = moe.gate cosine %x, %w : tensor<?x64xf32>, tensor<8x64xf32> -> tensor<?x8xf32>
  return %l : tensor<?x8xf32>
}

// -----

// CHECK-LABEL: @distance
// CHECK: moe.gate distance
// CHECK-NOT: moe.grouped_gemm
// REMARK: [Missed] FuseGate {{.*}}Reason="the gate is not linear
func.func @distance(%x: tensor<?x64xf32>, %w: tensor<8x64xf32>) -> tensor<?x8xf32> {
  %l = moe.gate distance %x, %w : tensor<?x64xf32>, tensor<8x64xf32> -> tensor<?x8xf32>
  return %l : tensor<?x8xf32>
}

// -----

// CHECK-LABEL: @dynamic_experts
// CHECK: moe.gate linear
// CHECK-NOT: moe.grouped_gemm
// REMARK: [Missed] FuseGate {{.*}}Reason="the number of experts or the width is dynamic
func.func @dynamic_experts(%x: tensor<?x64xf32>, %w: tensor<?x64xf32>) -> tensor<?x?xf32> {
  %l = moe.gate linear %x, %w : tensor<?x64xf32>, tensor<?x64xf32> -> tensor<?x?xf32>
  return %l : tensor<?x?xf32>
}

// -----

// CHECK-LABEL: @dynamic_width
// CHECK: moe.gate linear
// REMARK: [Missed] FuseGate {{.*}}Reason="the number of experts or the width is dynamic
func.func @dynamic_width(%x: tensor<?x?xf32>, %w: tensor<8x?xf32>) -> tensor<?x8xf32> {
  %l = moe.gate linear %x, %w : tensor<?x?xf32>, tensor<8x?xf32> -> tensor<?x8xf32>
  return %l : tensor<?x8xf32>
}
