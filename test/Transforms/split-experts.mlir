// RUN: moe-opt %s --moe-split-experts --split-input-file | FileCheck %s
// RUN: moe-opt %s --moe-split-experts --split-input-file --remark-policy=all \
// RUN:   --remarks-filter=moe-split-experts -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// Gate and up lie in one tensor: it is read twice, by halves, and so is the bias.
// CHECK-LABEL: @gate_first
// CHECK-DAG: %[[UP_BIAS:.+]] = tensor.extract_slice %[[BIAS:[a-z0-9]+]][0, 48] [8, 48] [1, 1]
// CHECK-DAG: %[[GATE_BIAS:.+]] = tensor.extract_slice %[[BIAS]][0, 0] [8, 48] [1, 1]
// CHECK: %[[H:.+]] = moe.grouped_gemm %{{.+}} offsets(%[[OFFSETS:.+]] : tensor<9xi32>)
// CHECK-SAME: weights(%[[W:.+]], %[[W]] :
// CHECK-SAME: columns(%[[UP_BIAS]], %[[GATE_BIAS]] :
// CHECK-SAME: starts = array<i64: 48, 0>, strides = array<i64: 1, 1>
// CHECK-SAME: tensor<?x64xbf16> -> tensor<?x48xbf16>
// CHECK-NEXT: ^bb0(%[[U:.+]]: f32, %[[G:.+]]: f32, %[[BU:.+]]: f32, %[[BG:.+]]: f32):
// CHECK-DAG: arith.addf %[[U]], %[[BU]]
// CHECK-DAG: arith.addf %[[G]], %[[BG]]
// CHECK: math.exp
// CHECK: moe.yield
// CHECK: moe.grouped_gemm %[[H]] offsets(%[[OFFSETS]]
// CHECK-SAME: tensor<?x48xbf16> -> tensor<?x64xbf16>
// CHECK-NOT: moe.expert_mlp
// REMARK: [Passed] SplitExperts {{.*}} gemms=2
func.func @gate_first(%rows: tensor<?x64xbf16>, %offsets: tensor<9xi32>,
                      %up: tensor<8x96x64xbf16>, %up_bias: tensor<8x96xf32>,
                      %down: tensor<8x64x48xbf16>) -> tensor<?x64xbf16> {
  %y = moe.expert_mlp gate_first %rows offsets(%offsets : tensor<9xi32>)
    up(%up : tensor<8x96x64xbf16>) down(%down : tensor<8x64x48xbf16>)
    up_bias(%up_bias : tensor<8x96xf32>)
    {activation = #moe.activation<silu>} : tensor<?x64xbf16> -> tensor<?x64xbf16>
  return %y : tensor<?x64xbf16>
}

// -----

// One expert without a second projection; f64 computes in f64.
// CHECK-LABEL: @no_down
// CHECK: moe.grouped_gemm %{{.+}} weights(%{{.+}} : tensor<32x16xf64>)
// CHECK-SAME: tensor<?x16xf64> -> tensor<?x32xf64>
// CHECK-NEXT: ^bb0(%[[U:.+]]: f64):
// CHECK: %[[R:.+]] = arith.maximumf %[[U]]
// CHECK-NEXT: moe.yield %[[R]] : f64
// REMARK: [Passed] SplitExperts {{.*}} gemms=1
func.func @no_down(%rows: tensor<?x16xf64>, %up: tensor<32x16xf64>) -> tensor<?x32xf64> {
  %y = moe.expert_mlp none %rows up(%up : tensor<32x16xf64>)
    {activation = #moe.activation<relu>} : tensor<?x16xf64> -> tensor<?x32xf64>
  return %y : tensor<?x32xf64>
}

// -----

// Experts that return their rows are a copy of rows offsets[2] to offsets[5].
// CHECK-LABEL: @identity
// CHECK: %[[OWN:[a-z0-9_]+]] = tensor.extract_slice %[[OFFSETS:[a-z0-9]+]][0] [3] [1]
// CHECK: moe.grouped_gemm %{{.+}} offsets(%[[OWN]]
// CHECK: %[[Y:[0-9]+]] = moe.grouped_gemm %{{.+}} offsets(%[[OWN]]
// CHECK: tensor.extract %[[OFFSETS]][%c2]
// CHECK: tensor.extract %[[OFFSETS]][%c5]
// CHECK: tensor.insert_slice %{{.+}} into %[[Y]]
// REMARK: [Passed] SplitExperts
func.func @identity(%rows: tensor<?x16xf32>, %offsets: tensor<6xi32>,
                    %up: tensor<2x8x16xf32>, %down: tensor<2x16x8xf32>) -> tensor<?x16xf32> {
  %y = moe.expert_mlp none %rows offsets(%offsets : tensor<6xi32>)
    up(%up : tensor<2x8x16xf32>) down(%down : tensor<2x16x8xf32>)
    {activation = #moe.activation<relu>, identity_experts = 3 : i64}
    : tensor<?x16xf32> -> tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}

// -----

// CHECK-LABEL: @nothing
// CHECK-NEXT: return
func.func @nothing(%x: tensor<?x16xf32>) -> tensor<?x16xf32> {
  return %x : tensor<?x16xf32>
}
