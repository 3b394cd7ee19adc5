// RUN: moe-opt %s --moe-fuse-combine --split-input-file | FileCheck %s
// RUN: moe-opt %s --moe-fuse-combine --split-input-file --remark-policy=all \
// RUN:   --remarks-filter=moe-fuse-combine -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// Each row goes to its token and choice, and the combination reads them in this order.
// CHECK-LABEL: @slots
// CHECK: %{{.+}}, %[[S:.+]], %[[P:.+]] = moe.group_by_expert
// CHECK-DAG: %[[TOKENS:.+]] = tensor.dim %[[P]], %{{.+}}
// CHECK-DAG: %[[CHOICES:.+]] = moe.row_choices %[[P]], %[[S]]
// CHECK-DAG: %[[COUNT:.+]] = arith.muli %[[TOKENS]], %{{.+}} : index
// CHECK: %[[Y:.+]] = moe.grouped_gemm {{.*}} targets(%[[CHOICES]] : tensor<?xi32>) of %[[COUNT]]
// CHECK: moe.combine %[[Y]], %[[P]] {by_choice} : tensor<?x64xbf16>
// REMARK: [Passed] FuseCombine {{.*}} combine=slots
func.func @slots(%h: tensor<?x48xbf16>, %i: tensor<?x2xi32>,
    %down: tensor<8x64x48xbf16>) -> tensor<?x64xbf16> attributes {moe.plan = #moe.plan<
    routing = fused, gather = fused, combine = slots, shared_experts = beside>} {
  %o, %s, %p = moe.group_by_expert %i {num_experts = 8 : i64}
    : tensor<?x2xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
  %y = moe.grouped_gemm %h offsets(%o : tensor<9xi32>) weights(%down : tensor<8x64x48xbf16>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x48xbf16> -> tensor<?x64xbf16> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  %z = moe.combine %y, %p : tensor<?x64xbf16>, tensor<?x2xi32> -> tensor<?x64xbf16>
  return %z : tensor<?x64xbf16>
}

// -----

// Sums are added in f32 and rounded behind.
// CHECK-LABEL: @atomic
// CHECK: %{{.+}}, %[[S:.+]], %[[P:.+]] = moe.group_by_expert
// CHECK: %[[TOKENS:.+]] = tensor.dim %[[P]], %{{.+}}
// CHECK: %[[Y:.+]] = moe.grouped_gemm {{.*}} targets(%[[S]] : tensor<?xi32>) of %[[TOKENS]] {adds
// CHECK-SAME: -> tensor<?x64xf32>
// CHECK: %[[Z:.+]] = arith.truncf %[[Y]] : tensor<?x64xf32> to tensor<?x64xbf16>
// CHECK-NOT: moe.combine
// CHECK: return %[[Z]]
// REMARK: [Passed] FuseCombine {{.*}} combine=atomic
func.func @atomic(%h: tensor<?x48xbf16>, %i: tensor<?x2xi32>,
    %down: tensor<8x64x48xbf16>) -> tensor<?x64xbf16> attributes {moe.plan = #moe.plan<
    routing = fused, gather = fused, combine = atomic, shared_experts = beside>} {
  %o, %s, %p = moe.group_by_expert %i {num_experts = 8 : i64}
    : tensor<?x2xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
  %y = moe.grouped_gemm %h offsets(%o : tensor<9xi32>) weights(%down : tensor<8x64x48xbf16>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x48xbf16> -> tensor<?x64xbf16> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  %z = moe.combine %y, %p : tensor<?x64xbf16>, tensor<?x2xi32> -> tensor<?x64xbf16>
  return %z : tensor<?x64xbf16>
}

// -----

// Without a plan rows are summed where they are.
// CHECK-LABEL: @gather_sum
// CHECK-NOT: targets(
// CHECK: moe.combine %{{.+}}, %{{.+}} : tensor
func.func @gather_sum(%h: tensor<?x48xbf16>, %i: tensor<?x2xi32>,
    %down: tensor<8x64x48xbf16>) -> tensor<?x64xbf16> {
  %o, %s, %p = moe.group_by_expert %i {num_experts = 8 : i64}
    : tensor<?x2xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
  %y = moe.grouped_gemm %h offsets(%o : tensor<9xi32>) weights(%down : tensor<8x64x48xbf16>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x48xbf16> -> tensor<?x64xbf16> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  %z = moe.combine %y, %p : tensor<?x64xbf16>, tensor<?x2xi32> -> tensor<?x64xbf16>
  return %z : tensor<?x64xbf16>
}

// -----

// Weights must be part of the GEMM before.
// CHECK-LABEL: @refused
// CHECK: targets(
// CHECK-NOT: targets(
// REMARK: [Missed] FuseCombine {{.*}}the routing weights are not part of the GEMM
// REMARK: [Passed] FuseCombine
func.func @refused(%h: tensor<?x48xbf16>, %i: tensor<?x2xi32>,
    %down: tensor<8x64x48xbf16>, %w: tensor<?x2xf32>)
    -> (tensor<?x64xbf16>, tensor<?x64xbf16>) attributes {moe.plan = #moe.plan<
    routing = fused, gather = fused, combine = slots, shared_experts = beside>} {
  %o, %s, %p = moe.group_by_expert %i {num_experts = 8 : i64}
    : tensor<?x2xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
  %y = moe.grouped_gemm %h offsets(%o : tensor<9xi32>) weights(%down : tensor<8x64x48xbf16>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x48xbf16> -> tensor<?x64xbf16> {
  ^bb0(%sum: f32):
    moe.yield %sum : f32
  }
  %v = moe.combine %y, %p weights(%w : tensor<?x2xf32>)
    : tensor<?x64xbf16>, tensor<?x2xi32> -> tensor<?x64xbf16>
  %o2, %s2, %p2 = moe.group_by_expert %i {num_experts = 8 : i64}
    : tensor<?x2xi32> -> tensor<9xi32>, tensor<?xi32>, tensor<?x2xi32>
  %y2 = moe.grouped_gemm %h offsets(%o2 : tensor<9xi32>) weights(%down : tensor<8x64x48xbf16>)
    {layouts = [#moe.matrix_layout<out_in>], starts = array<i64: 0>, strides = array<i64: 1>}
    : tensor<?x48xbf16> -> tensor<?x64xbf16> {
  ^bb0(%sum2: f32):
    moe.yield %sum2 : f32
  }
  %z = moe.combine %y2, %p2 : tensor<?x64xbf16>, tensor<?x2xi32> -> tensor<?x64xbf16>
  return %v, %z : tensor<?x64xbf16>, tensor<?x64xbf16>
}
